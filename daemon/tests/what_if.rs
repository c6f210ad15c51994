//! What something would cost, end to end: a controller on the shipped commune, devices that answer
//! Modbus over streams in memory, HTTP on loopback, and the program that people type.

mod still;

use drivers::clock::Clock;
use policies::optimise::Counterfactual;
use regie::cli::exit;
use regie::control::{Controller, Parts, Policy};
use regie::http::{Sources, serve};
use regie::solver::{Program, Solver};
use serde_json::Value;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use still::{Still, commune};
use tokio::net::TcpListener;

/// Runs `regie`; the exit code, standard output and standard error.
async fn regie(address: SocketAddr, words: &str) -> (u8, String, String) {
    let url = format!("http://{address}");
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    let run = move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_regie"));
        command.args(&words).args(["--url", &url]).output().expect("regie runs")
    };
    let output = tokio::task::spawn_blocking(run).await.expect("no panic");
    let code = output.status.code().and_then(|code| u8::try_from(code).ok()).expect("it ended");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (code, text(output.stdout), text(output.stderr))
}

async fn counterfactual(address: SocketAddr, words: &str) -> Counterfactual {
    let (code, text, error) = regie(address, &format!("{words} --json")).await;
    assert_eq!((code, error.as_str()), (exit::OK, ""), "{words}");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_something_would_cost_is_answered_beside_the_cycle() {
    let start = "2026-01-14T21:00:00Z".parse().expect("a time");
    let program = Program::new(env!("CARGO_BIN_EXE_regie"), ["solver"]);
    let mut controller = Controller::new(Parts {
        loaded: commune(),
        connect: Arc::new(Still),
        clock: Clock::scaled(start, 1.0),
        store: None,
        state: None,
        policy: Policy::Optimal,
        solver: Solver::child(program),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let sources = Sources::new(controller.view(), controller.desk());
    let sources = sources.with_what_if(controller.what_if());
    let serving = tokio::spawn(serve(listener, sources, std::future::pending()));

    let ask = "what-if P2 off --until 06:00";
    let (code, _, error) = regie(address, ask).await;
    assert_eq!(code, exit::UNAVAILABLE);
    assert!(error.contains("nothing is planned yet"), "{error}");

    controller.next_cycle().await;
    controller.next_cycle().await;
    let before = (controller.record_hash().to_owned(), controller.cycles());
    the_answer_is_the_difference_of_two_plans(address).await;
    what_has_no_answer_is_said(address).await;
    every_asset_explains_every_step(address).await;
    assert_eq!(before, (controller.record_hash().to_owned(), controller.cycles()));

    // Two at once: one is answered, the other turned away. The cycle goes on meanwhile.
    let asked = |words: &'static str| tokio::spawn(regie(address, words));
    let (first, second) = (asked("what-if P1 off --until 06:00"), asked(ask));
    let record = controller.next_cycle().await;
    let plan = record.plan.expect("a plan as ever");
    assert_eq!(plan.why.switching, "the standing pump combinations hold");
    let answers = [first.await.expect("no panic"), second.await.expect("no panic")];
    for (code, _, error) in &answers {
        assert!(*code == exit::OK || error.contains("another such question"), "{error}");
    }
    assert!(answers.iter().any(|(code, ..)| *code == exit::OK), "{answers:?}");
    controller.stop().await;
    serving.abort();
}

async fn the_answer_is_the_difference_of_two_plans(address: SocketAddr) {
    let p2 = site::AssetId::new("P2").expect("a name");
    let answer = counterfactual(address, "what-if P2 on --until 06:00").await;
    assert_eq!(answer.hold.until.to_string(), "2026-01-15T05:00:00Z", "06:00 in Paris");
    // It has stood for seconds only, and has to for ten minutes.
    assert!(answer.notes[0].contains("it stands for 10 min more first"), "{:?}", answer.notes);
    let rested = answer.plan.made_at + jiff::SignedDuration::from_mins(10);
    let steps = answer.plan.steps.iter().zip(&answer.plan.pumps[&p2]);
    let held = steps.filter(|(step, _)| step.start >= rested && step.start < answer.hold.until);
    let shares: Vec<f64> = held.map(|(_, share)| share.get()).collect();
    assert!(shares.len() > 7 && shares.iter().all(|share| *share > 0.999), "{shares:?}");
    let money = answer.cost_held.get() - answer.cost_free.get();
    assert!((answer.money.get() - money).abs() < 1e-9 && answer.all.get() >= 0.0);
    let (code, text, _) = regie(address, "what-if P2 on --until 06:00").await;
    assert_eq!(code, exit::OK);
    assert!(text.starts_with("Hold    P2 on until Thu 06:00\nCost    "), "{text}");
    let off = counterfactual(address, "what-if P1 off --until 23:30").await;
    assert!(off.notes[0].contains("it runs for 10 min more first"), "{:?}", off.notes);
    assert!(off.notes[1].contains("may stand in for it: P2"), "{:?}", off.notes);
}

async fn what_has_no_answer_is_said(address: SocketAddr) {
    for (words, expected, said) in [
        ("P9 off --until 06:00", exit::UNAVAILABLE, "the site has no such asset\nwhat can be held"),
        ("T1 off --until 06:00", exit::UNAVAILABLE, "it is a tank; hold a pump that fills it"),
        ("L1 off --until 06:00", exit::UNAVAILABLE, "not available to the plan"),
        ("P2 7 kW --until 06:00", exit::UNAVAILABLE, "it is on or off"),
        ("P2 -7 kW --until 06:00", exit::UNAVAILABLE, "it is on or off"),
        ("P2 of --until 06:00", exit::USAGE, "an asset is held off, on, or at a power"),
        ("P2 off --until 6h", exit::USAGE, "'6h' is not a time"),
        ("P2 off --until 2026-01-14T06:00", exit::USAGE, "it is Wed 22:00 already"),
        ("P2 off --until 2026-02-14T06:00", exit::USAGE, "the plan reaches to Thu 22:00 only"),
    ] {
        let (code, output, error) = regie(address, &format!("what-if {words}")).await;
        assert_eq!((code, output.as_str()), (expected, ""), "{words}: {error}");
        assert!(error.contains(said), "{words}: {error}");
    }
}

async fn every_asset_explains_every_step(address: SocketAddr) {
    for asset in ["P1", "P3", "PV1", "L1"] {
        let (code, text, error) = regie(address, &format!("explain {asset} --json")).await;
        assert_eq!(code, exit::OK, "{error}");
        let told: Value = serde_json::from_str(&text).expect("JSON");
        let steps = told["steps"].as_array().expect("steps");
        assert!(steps.len() > 24, "{}", steps.len());
        for step in steps {
            let worth = step["grid_value"].as_f64().expect("energy is worth something");
            assert!(step["price"].as_f64().is_some_and(|price| price > 0.1), "{step}");
            assert!(worth.is_finite(), "{step}");
        }
    }
    let (_, text, _) = regie(address, "explain P1 --at 06:30").await;
    let first = "P1, Thu 06:00 to 07:00: energy costs 0.210 EUR/kWh (winter-peak).\n";
    assert!(text.starts_with(first), "{text}");
    assert!(text.contains("One m3 more in T1 (which it fills) would save "), "{text}");
    let (code, _, error) = regie(address, "explain P1 --at 2026-02-14T06:00").await;
    assert_eq!(code, exit::USAGE);
    assert!(error.contains("the plan reaches from Wed 22:00 to Thu 22:00"), "{error}");
}
