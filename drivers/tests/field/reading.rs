//! Reading under trouble: what the field does, and what the process image then says.

use crate::peer::{
    Asked, Peer, Reply, clock, device, from_table, number, point, read, registers, start,
};
use drivers::profile::Profile;
use site::Reason;
use std::sync::Arc;
use std::time::Duration;

/// Two input registers so far apart that each needs a request of its own.
fn two_requests() -> Arc<Profile> {
    read(
        "profile: two\nversion: 1\ndescription: two\nfirst_address: 0\n\
         points:\n  a: {input: 0, kind: u16}\n  b: {input: 200, kind: u16}\n",
    )
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_never_becomes_the_value_of_another_point() {
    let clock = clock();
    let peer = Peer::new(&clock, |asked| match asked.address() {
        // Later than the most patient timeout, each time.
        0 => Reply::Late(seconds(5), registers(&[111])),
        _ => Reply::Data(registers(&[222])),
    });
    let field = start(vec![device("d", 1, &two_requests())], &peer, &clock);
    let mut good = 0;
    for _ in 0..30 {
        clock.sleep(seconds(5)).await;
        let snapshot = field.freeze(clock.now());
        assert_eq!(number(&snapshot, "d.a"), None, "it never answered in time");
        if let Some(b) = number(&snapshot, "d.b") {
            assert!((b - 222.0).abs() < 0.1, "b never shows what belongs to a: {b}");
            good += 1;
        }
    }
    assert!(good > 20, "what the device does answer is read all the same: {good}");
    let health = &field.health()[0];
    assert!(health.timeouts > 3 && health.reconnects > 3, "{health:?}");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_device_is_given_more_time() {
    let clock = clock();
    let peer = Peer::new(&clock, |_| Reply::Late(Duration::from_millis(1500), registers(&[7])));
    let field = start(vec![device("d", 1, &two_requests())], &peer, &clock);
    clock.sleep(seconds(60)).await;
    let snapshot = field.freeze(clock.now());
    assert!(number(&snapshot, "d.a").is_some() && number(&snapshot, "d.b").is_some());
    assert!(peer.connections() <= 3, "it is not cut off for ever: {}", peer.connections());
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_wrong_length_is_no_value() {
    for words in [vec![], vec![1, 2]] {
        let clock = clock();
        let peer = Peer::new(&clock, move |_| Reply::Data(registers(&words)));
        let field = start(vec![device("d", 1, &two_requests())], &peer, &clock);
        clock.sleep(seconds(100)).await;
        let snapshot = field.freeze(clock.now());
        assert_eq!(number(&snapshot, "d.a"), None);
        let health = &field.health()[0];
        assert_eq!(health.reads_ok, 0);
        let error = health.last_error.clone().unwrap_or_default();
        assert!(error.contains("of unit 1") && error.contains("input"), "{error}");
        assert!(peer.connections() < 15, "a link that lies is backed off");
        field.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn frames_that_make_no_sense_close_the_link_and_nothing_more() {
    let answers: [fn(&Asked) -> Vec<u8>; 5] = [
        |_| vec![0; 300],
        |_| vec![0, 0, 0, 0, 0, 0, 1, 4, 2, 0, 1],
        |_| vec![0, 0, 0, 0, 0xFF, 0xFF, 1, 4, 2, 0, 1],
        |asked| {
            let mut frame = crate::peer::frame(asked, 4, &registers(&[1]));
            frame[6] = 9;
            frame
        },
        |asked| crate::peer::frame(asked, 3, &registers(&[1])),
    ];
    for (i, answer) in answers.into_iter().enumerate() {
        let clock = clock();
        let peer = Peer::new(&clock, move |asked| {
            if asked.at_ms < 30_000 {
                Reply::Raw(answer(asked))
            } else {
                from_table(asked, &[(0, 5)])
            }
        });
        let field = start(vec![device("d", 1, &two_requests())], &peer, &clock);
        clock.sleep(seconds(25)).await;
        let before = field.freeze(clock.now());
        assert_eq!(before.trouble(&point("d.a")), Some(Reason::NeverRead), "no. {i}");
        clock.sleep(seconds(60)).await;
        let after = field.freeze(clock.now());
        assert!(number(&after, "d.a").is_some(), "no. {i}: it heals");
        assert_eq!(field.health()[0].restarts, 0, "no. {i}: nothing panicked");
        field.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_pieces_is_the_same_answer() {
    let clock = clock();
    let peer = Peer::new(&clock, |_| Reply::Pieces(registers(&[0x1234])));
    let field = start(vec![device("d", 1, &two_requests())], &peer, &clock);
    clock.sleep(seconds(5)).await;
    let snapshot = field.freeze(clock.now());
    assert!(number(&snapshot, "d.b").is_some_and(|b| (b - 4660.0).abs() < 0.1));
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_device_is_asked_again_next_round_on_the_same_connection() {
    let clock = clock();
    let peer = Peer::new(&clock, |asked| {
        if asked.at_ms < 5_000 && asked.address() == 0 {
            Reply::Exception(6)
        } else {
            Reply::Data(registers(&[3]))
        }
    });
    let field = start(vec![device("d", 1, &two_requests())], &peer, &clock);
    clock.sleep(seconds(5)).await;
    let busy = field.freeze(clock.now());
    assert_eq!(number(&busy, "d.a"), None);
    assert!(number(&busy, "d.b").is_some(), "the rest of the round goes on");
    clock.sleep(seconds(10)).await;
    assert!(number(&field.freeze(clock.now()), "d.a").is_some());
    assert_eq!(peer.connections(), 1, "an exception is an answer");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_unit_turns_bad_and_its_neighbour_loses_nothing() {
    let clock = clock();
    let peer = Peer::new(&clock, |asked| {
        if asked.unit == 2 && asked.at_ms > 45_000 {
            Reply::Silence
        } else {
            from_table(asked, &[(0, 9)])
        }
    });
    let profile = two_requests();
    let devices = vec![device("one", 1, &profile), device("two", 2, &profile)];
    let field = start(devices, &peer, &clock);
    clock.sleep(seconds(60)).await;
    assert!(number(&field.freeze(clock.now()), "two.a").is_some(), "its last value is 20 s old");
    clock.sleep(seconds(20)).await;
    let snapshot = field.freeze(clock.now());
    assert_eq!(snapshot.trouble(&point("two.a")), Some(Reason::Timeout), "and now too old");
    for _ in 0..120 {
        clock.sleep(seconds(5)).await;
        let snapshot = field.freeze(clock.now());
        assert!(number(&snapshot, "one.a").is_some(), "the neighbour goes on");
    }
    let asked = peer.asked();
    let tries = asked.iter().filter(|asked| asked.unit == 2 && asked.at_ms > 80_000).count();
    assert!((3..40).contains(&tries), "it is tried ever less often: {tries} times in 600 s");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_gateway_without_its_target_keeps_its_connection() {
    let clock = clock();
    let peer = Peer::new(&clock, |asked| {
        if asked.unit == 2 { Reply::Exception(0x0B) } else { from_table(asked, &[(0, 9)]) }
    });
    let profile = two_requests();
    let devices = vec![device("one", 1, &profile), device("two", 2, &profile)];
    let field = start(devices, &peer, &clock);
    clock.sleep(seconds(300)).await;
    let snapshot = field.freeze(clock.now());
    assert!(number(&snapshot, "one.a").is_some());
    assert_eq!(snapshot.trouble(&point("two.a")), Some(Reason::NeverRead));
    assert_eq!(peer.connections(), 1);
    assert_eq!(
        peer.seen.lock().expect("no test panics while holding it").open,
        1,
        "all units share one connection"
    );
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_hole_is_learned_and_not_asked_again() {
    let profile = read(
        "profile: holes\nversion: 1\ndescription: holes\nfirst_address: 0\n\
         points:\n  a: {input: 0, kind: u16}\n  b: {input: 20, kind: u16}\n  \
         absent: {input: 30, kind: u16}\n",
    );
    let clock = clock();
    let peer = Peer::new(&clock, |asked| {
        let asked_for = asked.address()..asked.address() + asked.count();
        let allowed = |address: u16| address == 0 || address == 20;
        if asked_for.clone().all(allowed) {
            from_table(asked, &[(0, 1), (20, 2)])
        } else {
            Reply::Exception(2)
        }
    });
    let field = start(vec![device("d", 1, &profile)], &peer, &clock);
    clock.sleep(seconds(45)).await;
    let snapshot = field.freeze(clock.now());
    assert!(number(&snapshot, "d.a").is_some() && number(&snapshot, "d.b").is_some());
    assert_eq!(snapshot.trouble(&point("d.absent")), Some(Reason::Refused));
    let last: Vec<(u16, u16)> =
        peer.asked().iter().rev().take(3).map(|asked| (asked.address(), asked.count())).collect();
    assert_eq!(last, [(30, 1), (20, 1), (0, 1)], "cut twice, at the holes");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_is_tried_again_with_growing_pauses() {
    let clock = clock();
    let peer = Peer::new(&clock, |asked| from_table(asked, &[]));
    *peer.refuse.lock().expect("no test panics while holding it") = 6;
    let field = start(vec![device("d", 1, &two_requests())], &peer, &clock);
    clock.sleep(seconds(25)).await;
    assert!((4..=6).contains(&peer.connections()), "{} attempts", peer.connections());
    assert_eq!(field.freeze(clock.now()).trouble(&point("d.a")), Some(Reason::NeverRead));
    clock.sleep(seconds(60)).await;
    assert!(number(&field.freeze(clock.now()), "d.a").is_some(), "and then it works");
    let error = field.health()[0].last_error.clone().unwrap_or_default();
    assert!(error.contains("no connection to tcp://field:502: connection refused"), "{error}");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_device_that_closes_idle_connections_is_read_all_the_same() {
    let clock = clock();
    let mut answered = 0;
    let peer = Peer::new(&clock, move |asked| {
        answered += 1;
        if answered % 3 == 0 { Reply::Close } else { from_table(asked, &[(0, 5)]) }
    });
    let field = start(vec![device("d", 1, &two_requests())], &peer, &clock);
    clock.sleep(seconds(5)).await;
    for _ in 0..20 {
        clock.sleep(seconds(10)).await;
        let snapshot = field.freeze(clock.now());
        assert!(number(&snapshot, "d.a").is_some() && number(&snapshot, "d.b").is_some());
    }
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn slow_points_come_once_for_six_of_the_others() {
    let profile = read(
        "profile: slow\nversion: 1\ndescription: slow\nfirst_address: 0\n\
         points:\n  a: {input: 0, kind: u16}\n  s: {input: 200, kind: u16, slow: true}\n",
    );
    let clock = clock();
    let peer = Peer::new(&clock, |asked| from_table(asked, &[(0, 1), (200, 2)]));
    let field = start(vec![device("d", 1, &profile)], &peer, &clock);
    for _ in 0..60 {
        clock.sleep(seconds(2)).await;
        assert!(number(&field.freeze(clock.now()), "d.s").is_some(), "it is never stale between");
    }
    let asked = peer.asked();
    let count = |address| asked.iter().filter(|asked| asked.address() == address).count();
    assert_eq!((count(0), count(200)), (13, 3), "at the start, and on the beat for 120 s");
    field.stop().await;
}

/// Everything that was asked, and when, in a troubled hour.
async fn troubled_hour() -> Vec<Asked> {
    let clock = clock();
    let mut number = 0u32;
    let peer = Peer::new(&clock, move |asked| {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match number >> 28 {
            0 => Reply::Silence,
            1 => Reply::Close,
            2 => Reply::Exception(6),
            3 => Reply::Late(Duration::from_millis(900), registers(&[1])),
            _ => from_table(asked, &[]),
        }
    });
    let profile = two_requests();
    let devices = (1..=4).map(|unit| device(&format!("d{unit}"), unit, &profile)).collect();
    let field = start(devices, &peer, &clock);
    clock.sleep(seconds(3600)).await;
    field.stop().await;
    peer.asked()
}

#[test]
fn the_same_trouble_gives_the_same_trace() {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(troubled_hour())
    };
    let (first, second) = (run(), run());
    assert!(first.len() > 1000, "{} requests", first.len());
    assert_eq!(first, second);
}
