//! Writes by hand on record: before the field, after it, and in files from before there were any.

use jiff::Timestamp;
use regie::store::{Store, WriteEnd, WriteIntent, WriteOutcome};
use site::command::{Outcome, Verdict};
use site::{AssetId, PointId};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_768_200_000 + second).expect("a time")
}

fn intent(second: i64) -> WriteIntent {
    WriteIntent {
        at: at(second),
        who: "marie".into(),
        point: PointId::try_from("charger1.current".to_owned()).expect("a point"),
        asset: AssetId::new("C1").expect("a name"),
        old: "0 A".into(),
        new: "16 A".into(),
        setpoint: "charge 16.0 A".into(),
        reason: "trial; DROP TABLE state".into(),
    }
}

fn outcome(second: i64) -> WriteOutcome {
    WriteOutcome {
        at: at(second),
        end: WriteEnd::Written,
        told: Some("charge 10.0 A".into()),
        verdicts: vec![Verdict {
            asset: AssetId::new("C1").expect("a name"),
            check: "range".into(),
            outcome: Outcome::Narrowed,
            reason: "16.0 A was wished".into(),
        }],
        failure: None,
    }
}

#[test]
fn an_entry_is_there_before_it_is_completed_and_after_a_restart() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("state.db");
    let mut store = Store::open(&path, at(0)).expect("it opens").store;
    let first = store.begin_write(&intent(1)).expect("stored");
    let second = store.begin_write(&intent(2)).expect("stored");
    assert!(second > first);
    store.end_write(second, &outcome(3)).expect("stored");
    store.verify_write(second, "confirmed").expect("stored");
    drop(store);
    let opened = Store::open(&path, at(10)).expect("it opens again");
    assert_eq!(opened.set_aside, None);
    let entries = opened.store.writes(10).expect("they are read");
    assert_eq!(entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [second, first]);
    assert_eq!((&entries[0].intent, &entries[0].outcome), (&intent(2), &Some(outcome(3))));
    assert_eq!(entries[0].verification.as_deref(), Some("confirmed"));
    assert_eq!(entries[1].outcome, None, "the process ended in between");
    assert_eq!(opened.store.writes(1).expect("one").len(), 1);
    let text = serde_json::to_string(&entries).expect("JSON");
    assert_eq!(
        serde_json::from_str::<Vec<regie::store::WriteEntry>>(&text).expect("again"),
        entries
    );
}

#[test]
fn a_file_from_before_is_brought_up_and_keeps_what_it_has() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("state.db");
    let mut store = Store::open(&path, at(0)).expect("it opens").store;
    store.remember(at(1), &serde_json::json!({"kept": true}), "hash").expect("stored");
    drop(store);
    // As version 1 left it.
    let old = rusqlite::Connection::open(&path).expect("it is SQLite");
    old.execute_batch("DROP TABLE operator_write; DROP TABLE trip_reset; PRAGMA user_version = 1;")
        .expect("made older");
    drop(old);
    let reader = Store::open_to_read(&path).expect("it can be read as it is");
    assert_eq!(reader.writes(10).expect("none"), []);
    assert_eq!(reader.resets(10).expect("none"), []);
    drop(reader);
    let mut opened = Store::open(&path, at(2)).expect("it is brought up");
    assert_eq!((opened.set_aside, opened.state), (None, Some(serde_json::json!({"kept": true}))));
    opened.store.begin_write(&intent(3)).expect("the table is there");
    drop(opened.store);
    let again = Store::open(&path, at(4)).expect("it opens");
    assert_eq!(again.set_aside, None);
    assert_eq!(again.store.writes(10).expect("one").len(), 1);
}
