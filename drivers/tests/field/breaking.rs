//! A unit over which the connection breaks, and what its neighbours and the words make of it.

use crate::peer::{Asked, Peer, Reply, builtin, clock, device, guarded, read, registers, start};
use site::command::Setpoint;
use std::time::Duration;

const PROFILE: &str = "profile: one\nversion: 1\ndescription: one\nfirst_address: 0\n\
    points:\n  a: {input: 7, kind: u16}\n";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn after_a_break_the_neighbours_are_asked_first() {
    let clock = clock();
    let peer = Peer::new(&clock, |asked| match (asked.unit, asked.at_ms) {
        (2, 9_000..60_000) => Reply::Close,
        _ => Reply::Data(registers(&[1])),
    });
    let profile = read(PROFILE);
    let devices = (1..=3).map(|unit| device(&format!("d{unit}"), unit, &profile));
    let field = start(devices.collect(), &peer, &clock);
    clock.sleep(seconds(60)).await;
    let asked = peer.asked();
    let broken = |asked: &&Asked| asked.unit == 2 && asked.at_ms >= 9_000;
    let first = asked.iter().position(|asked| broken(&asked)).expect("it is polled");
    // A read is tried once more at once, on a new connection; then there is a pause.
    let units: Vec<u8> = asked[first..first + 3].iter().map(|asked| asked.unit).collect();
    assert_eq!(units, [2, 2, 3]);
    let waited = asked[first + 2].at_ms - asked[first].at_ms;
    assert!(
        (2000..=2510).contains(&waited),
        "the second pause, and up to a quarter more: {waited}"
    );
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_does_not_fit_and_is_no_closed_connection() {
    let clock = clock();
    let peer = Peer::new(&clock, |asked| {
        let [high, low] = asked.transaction.to_be_bytes();
        // A length of one: the unit, and nothing behind it.
        Reply::Raw(vec![high, low, 0, 0, 0, 1, asked.unit])
    });
    let field = start(vec![device("d", 1, &read(PROFILE))], &peer, &clock);
    clock.sleep(seconds(5)).await;
    let error = field.health()[0].last_error.clone().unwrap_or_default();
    assert!(error.contains("reading 1 from input 7 of unit 1"), "{error}");
    assert!(error.contains("the answer does not fit: it ends too early"), "{error}");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn that_a_unit_is_left_alone_does_not_hide_what_was_wrong_with_it() {
    let clock = clock();
    let peer = Peer::new(&clock, |_| Reply::Silence);
    let field = start(vec![device("pump1", 1, &builtin("pump-drive"))], &peer, &clock);
    clock.sleep(seconds(3)).await;
    let receipts = field.write(clock.now(), &[guarded("P1", "pump1", Setpoint::Run)]).await;
    let words = format!("{:?}", receipts[0].delivery);
    assert!(words.contains("left alone for a while"), "the receipt says why: {words}");
    let error = field.health()[0].last_error.clone().unwrap_or_default();
    assert!(error.contains("no answer within"), "{error}");
    field.stop().await;
}
