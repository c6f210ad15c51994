//! A replay that keeps its history, and the forecasts put to the test on it.

mod common;

use common::world;
use policies::forecast::backtest::Score;
use regie::past::{Question, backtest};
use regie::resident::STATE_FILE;
use regie::store::Store;
use regie_sim::replay::{Player, Progress, Replay};

#[test]
fn the_history_of_a_replay_teaches_what_the_replay_learned() {
    let world = world();
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("history");
    let replay = Replay {
        day: "2026-06-09".parse().expect("a day"),
        days: 3,
        hours: None,
        seed: 5,
        policies: vec![Player::Rules],
        trace: None,
        history: Some(folder.clone()),
    };
    replay.run(&world, &Progress::default()).expect("it runs");
    let question = Question { leads: vec![4, 96], from: None, to: None };
    let report = backtest(&world.loaded, &folder, &question).expect("the history is read");
    assert_eq!(report.images, 3 * 1440);
    for quantity in ["base_load", "demand", "PV1", "PV2", "all_pv"] {
        let of = |hours: f64| {
            let mut scores = report.scores.iter();
            let same = |s: &&Score| s.quantity == quantity && (s.lead_hours - hours).abs() < 1e-9;
            scores.find(same).unwrap_or_else(|| panic!("{quantity} at {hours} h"))
        };
        let (near, far) = (of(1.0), of(24.0));
        assert!(near.count > 40 && near.skill > 0.15, "{near:?}");
        assert!(near.mae < 1.1 * far.mae && far.bias.abs() < 0.6 * far.mean, "{far:?}");
        assert!((0.4..=1.0).contains(&near.within_spread), "{near:?}");
    }
    // The very code that runs live: what the replay remembers is what the history teaches.
    let opened = Store::open(&folder.join(STATE_FILE), jiff::Timestamp::UNIX_EPOCH);
    let state = opened.expect("the file is sound").state.expect("cycles were completed");
    let learned = serde_json::to_value(&report.learned).expect("it can be written");
    assert_eq!(state["learned"], learned);
    let error = replay.run(&world, &Progress::default()).expect_err("a history is there");
    assert!(error.to_string().contains("name another folder"), "{error}");
}
