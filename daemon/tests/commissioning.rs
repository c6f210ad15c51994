//! From an address to a device that obeys: `regie probe`, `points` and `write`, end to end against
//! devices on loopback, with the program that people type.

#[path = "commissioning/wear.rs"]
mod wear;
mod yard;

use drivers::Clock;
use regie::control::{Controller, Parts, Policy, WriteError, WriteWish};
use regie::load::load;
use regie::solver::Solver;
use regie::status::PointsStatus;
use regie::store::{Store, WriteEnd, WriteEntry};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use yard::{Gateway, Yard, wait};

#[test]
fn a_probe_tells_what_is_there_and_writes_nothing() {
    let gateway = Gateway::open();
    let yard = Yard::lay(&gateway);
    let address = format!("tcp://127.0.0.1:{}", gateway.port);
    let (code, text, _) = yard.regie(&["probe", &address, "--units", "1,5-7"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("Unit 1 answers in "), "{text}");
    assert!(text.contains("  Reads     holding 0, 1, 100; input 0, 1, 100; coil 0; discrete 0\n"));
    assert!(text.contains("  Refuses   holding 1000; input 1000: illegal data address (0x02)\n"));
    let silent = "Silent    units 5 to 7: gateway target device failed to respond (0x0B)\n";
    assert!(text.contains(silent), "{text}");
    let (code, text, _) = yard.regie(&["probe", &address, "--units", "5", "--json"]);
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, report["units"].as_array().map(Vec::len)), (69, Some(0)), "nobody answers");

    // 231.4 with the low word first.
    gateway.set((1, 4, 20), 0x6666);
    gateway.set((1, 4, 21), 0x4367);
    let read = ["--read", "input:21:2", "--from-one", "--as", "f32"];
    let (code, text, _) = yard.regie(&[&["probe", &address], &read[..]].concat());
    assert_eq!(code, 0, "{text}");
    let rows = "     21  0x6666   26214   26214\n     22  0x4367   17255   17255\n";
    assert!(text.contains(rows), "{text}");
    assert!(text.contains("with swap: 231.4\n"), "{text}");
    let (code, _, error) = yard.regie(&["probe", &address, "--read", "holding:1000"]);
    assert!(code == 69 && error.contains("refused with exception 0x02"), "{error}");
    let (code, _, error) = yard.regie(&["probe", &address, "--read", "holding:65535:2"]);
    assert!(code == 64 && error.contains("nothing beyond"), "{error}");
    assert_eq!(gateway.writes(), []);
}

#[test]
fn points_are_read_from_the_devices_while_no_daemon_runs() {
    let gateway = Gateway::open();
    let yard = Yard::lay(&gateway);
    gateway.set((1, 3, 0), 163);
    let site = yard.site().display().to_string();
    let (code, text, said) = yard.regie(&["points", &site, "charger1", "charger4.remote"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("no daemon runs at") && said.contains("reading only"), "{said}");
    let row = |name: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(name));
        line.unwrap_or_else(|| panic!("{name} in\n{text}")).split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(row("charger1.current ")[1..4], ["16.3", "A", "good"]);
    assert_eq!(row("charger1.connected ")[1..3], ["yes", "good"]);
    assert_eq!(row("charger4.remote ")[1..3], ["no", "good"]);
    assert_eq!(row("charger1.wanted ")[1..5], ["-", "bad:", "not", "available"]);
    assert!(!text.contains("charger2"), "{text}");
    let (code, _, said) = yard.regie(&["points", "charger1.volts"]);
    assert!(code == 64 && said.contains("there are charger1.connected"), "{said}");
    assert_eq!(gateway.writes(), [], "nothing is ever written");
}

/// The record of writes by hand.
fn entries(yard: &Yard) -> Vec<WriteEntry> {
    let (code, text, said) = yard.regie(&["write", "--list", "--json"]);
    assert_eq!(code, 0, "{said}");
    serde_json::from_str(&text).expect("JSON")
}

/// Waits until the daemon has looked long enough to write.
fn ready(yard: &Yard) {
    let decides = || {
        let (code, text, _) = yard.regie(&["status", "--json"]);
        let status: Option<Value> = serde_json::from_str(&text).ok();
        let rung = status.map(|status| status["rung"].clone());
        code == 0 && rung.is_some_and(|rung| !rung.is_null() && rung != "release")
    };
    wait("the daemon decides", 40, decides, || yard.log());
}

#[test]
fn a_write_goes_once_through_the_guard_and_is_on_record() {
    let gateway = Gateway::open();
    let mut yard = Yard::lay(&gateway);
    yard.start();
    wait("it answers", 10, || yard.regie(&["points"]).0 == 0, || yard.log());
    let (code, _, said) = yard.regie(&["write", "charger1.current", "10", "--once", "--yes"]);
    if code != 0 {
        let early = ["the daemon is starting", "observing"];
        let words = |why: &&str| said.contains(&format!("nothing is written now: {why}"));
        assert!(code == 69 && early.iter().any(words), "{said}");
        assert!(gateway.told(1).is_empty(), "it only observes");
    }
    ready(&yard);
    only_with_consent(&yard, &gateway);
    written_and_taken_over(&yard, &gateway);
    narrowed_and_refused(&yard, &gateway);
    let (_, text, _) = yard.regie(&["points", "charger1.current", "--json"]);
    let points: PointsStatus = serde_json::from_str(&text).expect("JSON");
    assert_eq!((points.site.as_str(), points.points.len()), ("yard", 1));
    assert_eq!(points.points[0].quality, "good");
    over_http(&yard);
}

fn only_with_consent(yard: &Yard, gateway: &Gateway) {
    let before = entries(yard).len();
    let count = gateway.told(1).iter().filter(|told| **told == 95).count();
    let (code, _, said) = yard.regie(&["write", "charger1.current", "9.5", "--once"]);
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("9.5 A wanted"), "{said}");
    assert!(said.contains("Command   charge 9.5 A to C1\n"), "{said}");
    assert!(said.contains("Guard     would let through: charge 9.5 A\n"), "{said}");
    assert!(said.contains("the plan takes over again at "), "{said}");
    assert!(said.contains("nobody can be asked here; a script says --yes"), "{said}");
    assert_eq!(entries(yard).len(), before, "asking is not writing");
    assert_eq!(gateway.told(1).iter().filter(|told| **told == 95).count(), count);
    let (code, _, said) = yard.regie(&["write", "charger1.current", "10", "--yes"]);
    assert!(code == 64 && said.contains("--once"), "{said}");
}

fn written_and_taken_over(yard: &Yard, gateway: &Gateway) {
    let words =
        ["write", "charger1.current", "10.5 A", "--once", "--yes", "--reason", "first trial"];
    let (code, text, said) = yard.regie(&words);
    assert_eq!(code, 0, "{said}\n{}", yard.log());
    assert!(text.contains("Guard     let through: charge 10.5 A\n"), "{text}");
    assert!(text.contains("Device    written; entry "), "{text}");
    assert!(gateway.told(1).contains(&105), "{:?}", gateway.told(1));
    let entry = entries(yard).into_iter().next().expect("an entry");
    assert_eq!(entry.intent.point.to_string(), "charger1.current");
    assert_eq!(
        (entry.intent.new.as_str(), entry.intent.reason.as_str()),
        ("10.5 A", "first trial")
    );
    assert!(!entry.intent.who.is_empty());
    let outcome = entry.outcome.expect("it is completed");
    assert_eq!((outcome.end, outcome.told.as_deref()), (WriteEnd::Written, Some("charge 10.5 A")));
    let taken_over = || gateway.told(1).last() != Some(&105);
    wait("the plan takes over", 15, taken_over, || format!("{:?}", gateway.told(1)));
}

fn narrowed_and_refused(yard: &Yard, gateway: &Gateway) {
    let write = |point: &str, value: &str| yard.regie(&["write", point, value, "--once", "--yes"]);
    let (code, text, said) = write("charger1.current", "500");
    assert_eq!(code, 0, "{said}");
    assert!(text.contains("Guard     let through: charge 32.0 A\n"), "{text}");
    assert!(text.contains("narrowed by range: 500.0 A was wished"), "{text}");
    assert!(!gateway.told(1).contains(&5000) && gateway.told(1).contains(&320));
    for (point, value, why) in [
        ("charger2.current", "10", "mode: shadow: would write charge 10.0 A"),
        ("charger3.current", "10", "mode: observe: charge 10.0 A was wished"),
        ("charger4.current", "10", "local: charger4.remote says local"),
        ("charger1.power", "10", "no command of the profile 'charger' writes it"),
        ("charger1.heartbeat", "1", "it is the heartbeat, which is written by itself"),
        ("meter1.power", "1", "the profile 'eastron-sdm630' has no commands"),
        ("charger9.current", "1", "the site has no device 'charger9'"),
    ] {
        let (code, _, said) = write(point, value);
        assert!(code == 69 && said.contains(why), "{point}: {said}");
    }
    for unit in [2, 3, 4] {
        assert!(gateway.told(unit).is_empty(), "unit {unit} was never told anything");
    }
    let (code, _, said) = write("charger1.current", "ten");
    assert!(code == 64 && said.contains("write a number in A"), "{said}");
    let ends: Vec<_> =
        entries(yard).iter().take(3).map(|entry| entry.outcome.as_ref().map(|o| o.end)).collect();
    assert_eq!(ends, [Some(WriteEnd::Blocked); 3], "what is blocked is on record as well");
    let (_, list, _) = yard.regie(&["write", "--list"]);
    assert!(list.contains("blocked to C4"), "{list}");
    assert!(list.contains("by ") && list.contains(": first trial"), "{list}");
}

/// Pages, plain text and long bodies write nothing.
fn over_http(yard: &Yard) {
    let wish = r#"{"point":"charger1.current","value":"11","who":"page"}"#;
    let ask = |more: &str, body: &str| {
        let mut stream = TcpStream::connect(&yard.address).expect("it listens");
        let head = format!(
            "POST /api/writes HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            yard.address,
            body.len()
        );
        write!(stream, "{head}{more}\r\n{body}").expect("it is sent");
        let mut answer = String::new();
        // A server that closes with our bytes unread resets the connection after its answer.
        let _ = stream.read_to_string(&mut answer);
        answer.split(' ').nth(1).and_then(|code| code.parse::<u16>().ok()).unwrap_or(0)
    };
    let json = "Content-Type: application/json\r\n";
    let before = entries(yard).len();
    assert_eq!(ask(&format!("{json}Origin: http://evil.example\r\n"), wish), 403);
    assert_eq!(ask("Content-Type: text/plain\r\n", wish), 415);
    assert_eq!(ask(json, &format!("{wish:5000}")), 413);
    assert_eq!(ask(json, r#"{"point":"charger1.current","value":"11","who":""}"#), 400);
    assert_eq!(ask(json, r#"{"point":"charger1.current","value":"11","who":"a\nb"}"#), 400);
    assert_eq!(ask(json, r#"{"point":"charger1.current","value":11,"force":true}"#), 400);
    assert_eq!(entries(yard).len(), before);
}

fn wish(dry: bool) -> WriteWish {
    WriteWish {
        point: "charger1.current".into(),
        value: "12".into(),
        who: "marie".into(),
        reason: String::new(),
        dry,
    }
}

/// A controller in this process that has decided once.
async fn decided(yard: &Yard, store: Option<Store>) -> Controller {
    let loaded = load(&yard.site()).expect("no findings");
    let connect = regie::resident::live(&loaded.site.devices);
    let clock = Clock::system();
    let parts = Parts {
        loaded,
        connect,
        clock,
        store,
        state: None,
        policy: Policy::Rules,
        solver: Solver::in_process(),
    };
    let mut controller = Controller::new(parts);
    controller.next_cycle().await;
    controller.next_cycle().await;
    controller
}

/// Hands in a write and lets the controller go on until it is answered.
async fn ask(
    controller: &mut Controller,
    wish: WriteWish,
) -> Result<regie::control::WriteReport, WriteError> {
    let desk = controller.desk();
    let mut answer = tokio::spawn(async move { desk.write(wish).await });
    loop {
        tokio::select! {
            answered = &mut answer => return answered.expect("no panic"),
            () = controller.look() => {}
        }
    }
}

#[tokio::test]
async fn what_cannot_be_put_on_record_is_not_written() {
    let gateway = Gateway::open();
    let yard = Yard::lay(&gateway);
    let mut controller = decided(&yard, None).await;
    let before = gateway.told(1);
    let refused = ask(&mut controller, wish(false)).await;
    assert!(matches!(refused, Err(WriteError::Disk(_))), "{refused:?}");
    assert!(!gateway.told(1).contains(&120), "{before:?} then {:?}", gateway.told(1));
    let expected = ask(&mut controller, wish(true)).await.expect("it may be asked");
    assert_eq!((expected.id, expected.told.as_deref()), (None, Some("charge 12.0 A")));
    controller.stop().await;
}

#[tokio::test]
async fn a_write_stands_until_the_next_cycle_and_no_longer() {
    let gateway = Gateway::open();
    let yard = Yard::lay(&gateway);
    let store = Store::open_in_memory().expect("memory");
    let mut controller = decided(&yard, Some(store)).await;
    let report = ask(&mut controller, wish(false)).await.expect("it is written");
    assert_eq!(report.end, Some(WriteEnd::Written));
    assert_eq!(gateway.told(1).last(), Some(&120));
    let before = gateway.told(1).len();
    controller.look().await;
    controller.look().await;
    assert_eq!(gateway.told(1).len(), before, "one write, and the heartbeat keeps it");
    let record = controller.next_cycle().await;
    let by_hand = record.proposals.iter().any(|one| one.why.contains("by hand"));
    assert!(!by_hand, "{:?}", record.proposals);
    assert_ne!(gateway.told(1).last(), Some(&120), "the rules took over");
    controller.stop().await;
}
