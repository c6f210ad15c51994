//! A trip that was latched before the daemon started: shown to the operator, reset by a person, on
//! record, and gone for good.

use drivers::clock::Clock;
use drivers::connect::{BoxedStream, Connect};
use policies::guard::Cause;
use regie::cli::client::{Client, ClientError};
use regie::cli::render;
use regie::control::{Controller, Parts, Policy, ResetWish, State};
use regie::http::{Sources, serve};
use regie::load::load;
use regie::metrics;
use regie::solver::Solver;
use regie::store::Store;
use serde_json::json;
use site::AssetId;
use site::model::Endpoint;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use tokio::net::TcpListener;

/// A field that nobody reaches.
struct Nowhere;

impl Connect for Nowhere {
    fn connect<'a>(
        &'a self,
        _: &'a Endpoint,
    ) -> Pin<Box<dyn Future<Output = std::io::Result<BoxedStream>> + Send + 'a>> {
        Box::pin(std::future::ready(Err(std::io::ErrorKind::ConnectionRefused.into())))
    }
}

fn asset(name: &str) -> AssetId {
    AssetId::new(name).expect("a name")
}

fn wish(name: &str, reason: &str) -> ResetWish {
    ResetWish { asset: asset(name), who: "marie".into(), reason: reason.into() }
}

/// What an operator sees and does.
fn operate(client: &Client) -> Result<(), ClientError> {
    let held = client.trips()?.value;
    assert_eq!(held.trips.keys().map(AssetId::as_str).collect::<Vec<_>>(), ["P3"]);
    assert_eq!(held.resets, []);
    let zone = jiff::tz::TimeZone::UTC;
    assert_eq!(
        render::trips(&held, &zone),
        "P3: dry_run since 2026-01-15 01:14 UTC: pump3.dry is on while it runs\n    until somebody \
         resets it: regie trip reset P3\n"
    );
    for (wish, status, words) in [
        (wish("P1", "for no reason"), 404, "P1 has not tripped\nwhat has tripped: P3"),
        (wish("P3", "  "), 400, "'reason' must be one line of 1 to 200 characters"),
        (wish("P3", "a\nb"), 400, "'reason' must be one line of 1 to 200 characters"),
        (wish("P3", &"x".repeat(201)), 400, "'reason' must be one line of 1 to 200 characters"),
        (ResetWish { who: String::new(), ..wish("P3", "why") }, 400, "'who' must be one line"),
    ] {
        let error = client.reset_trip(&wish).expect_err("it is refused");
        let ClientError::Refused { status: found, .. } = &error else { panic!("{error}") };
        assert_eq!(*found, status, "{error}");
        assert!(error.to_string().starts_with(words), "{error}");
    }
    assert_eq!(client.trips()?.value.resets, [], "what is refused is not on record");
    let done = client.reset_trip(&wish("P3", "the suction valve was closed, opened it"))?.value;
    assert_eq!((done.trip.cause, &done.again), (Cause::DryRun, &None));
    assert_eq!(render::reset(&done), "P3: dry_run was reset\n");
    let free = client.trips()?.value;
    assert_eq!(free.trips.len(), 0);
    let text = render::trips(&free, &zone);
    assert!(text.starts_with("nothing has tripped\nReset, the newest first:\n"), "{text}");
    let entry = "P3 by marie: the suction valve was closed, opened it\n    (dry_run: pump3.dry is on \
                 while it runs)\n";
    assert!(text.ends_with(entry), "{text}");
    let error = client.reset_trip(&wish("P3", "once more")).expect_err("it is free");
    assert_eq!(error.to_string(), "P3 has not tripped\nno asset has tripped");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trip_is_shown_and_reset_on_record() {
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    let loaded = load(&site).expect("no findings");
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("state.db");
    let clock = Clock::scaled("2026-01-15T06:00:00Z".parse().expect("an instant"), 1.0);
    let mut state = serde_json::to_value(State::new(&loaded.site)).expect("JSON");
    let at = "2026-01-15T01:14:00Z";
    let trip = json!({
        "cause": "dry_run", "at": at, "reason": "pump3.dry is on while it runs", "restarts_left": 0,
    });
    state["guard"]["trips"] = json!({"P3": {"latched": {"trip": trip, "since": at}}});
    let mut controller = Controller::new(Parts {
        loaded,
        connect: Arc::new(Nowhere),
        store: Some(Store::open(&path, clock.now().utc).expect("it opens").store),
        clock,
        state: Some(State::restore(state).expect("an older state lacks the rest")),
        policy: Policy::Rules,
        solver: Solver::in_process(),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let client = Client::at(listener.local_addr().expect("an address"));
    let sources = Sources::new(controller.view(), controller.desk());
    let serving = tokio::spawn(serve(listener, sources, std::future::pending()));
    let mut operator = tokio::task::spawn_blocking(move || operate(&client));
    let done = loop {
        tokio::select! {
            done = &mut operator => break done,
            () = controller.look() => {}
        }
    };
    done.expect("no panic").expect("answers");
    serving.abort();
    controller.stop().await;
    let opened = Store::open(&path, "2026-01-15T07:00:00Z".parse().expect("an instant"));
    let opened = opened.expect("it opens again");
    assert_eq!(opened.store.resets(10).expect("one").len(), 1);
    let state = opened.state.expect("it was put on disk");
    assert_eq!(state["guard"]["trips"]["P3"]["latched"], json!(null));
}

#[path = "edges_fixtures.rs"]
mod fixtures;

#[test]
fn screen_and_metrics_show_what_has_tripped() {
    let mut status = fixtures::status();
    let free = render::status(&status);
    assert!(!free.contains("Trip"), "{free}");
    for (name, cause) in [("P2", Cause::RunsOn), ("PV1", Cause::Fault)] {
        let held = status.assets.get_mut(&asset(name)).expect("it is there");
        held.tripped = Some(policies::guard::Trip {
            cause,
            at: status.at,
            reason: "told to stop 5.0 min ago, and in 30 looks since it runs on".into(),
            restarts_left: 0,
        });
        status.guard.trips.insert(cause, 2);
    }
    let screen = render::status(&status);
    let line = "\nTrip    P2 (+1), 09:30: runs_on; told to stop 5.0 min ago, and in 30 looks sinc";
    assert!(screen.contains(line), "{screen}");
    assert!(screen.lines().count() <= 23, "a prompt still fits below:\n{screen}");
    let page = metrics::render(&status);
    for line in [
        "regie_asset_tripped{asset=\"P2\",cause=\"runs_on\",site=\"val-clair\"} 1",
        "regie_asset_tripped{asset=\"P2\",cause=\"dry_run\",site=\"val-clair\"} 0",
        "regie_asset_tripped{asset=\"P1\",cause=\"runs_on\",site=\"val-clair\"} 0",
        "regie_guard_trips_total{cause=\"fault\",site=\"val-clair\"} 2",
        "regie_guard_trips_total{cause=\"overflow\",site=\"val-clair\"} 0",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}
