//! State and history: what survives a crash, a damaged file, a full disk and a second instance.

#[path = "edges_fixtures.rs"]
mod fixtures;

use fixtures::{command, minutes, point, record, start};
use jiff::{Timestamp, ToSpan};
use regie::store::{Opened, Store, StoreError};
use serde_json::{Value, json};
use site::command::Setpoint;
use site::{Mono, Quality, Reason, Sample, Snapshot};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn open(path: &Path) -> Opened {
    Store::open(path, start()).expect("the store opens")
}

fn state(cycle: u64) -> Value {
    json!({"cycle": cycle, "starts": [1, 2], "mean": 0.1 + 0.2})
}

fn complete(store: &mut Store, cycle: u64) {
    store.complete(&record(cycle), &state(cycle), &format!("hash-{cycle}")).expect("stored");
}

/// The files as a crash at this instant would leave them.
fn crashed(path: &Path) -> (TempDir, PathBuf) {
    let copy = folder();
    let to = copy.path().join("state.db");
    for part in ["", "-wal"] {
        let from = PathBuf::from(format!("{}{part}", path.display()));
        if from.exists() {
            fs::copy(from, format!("{}{part}", to.display())).expect("copied");
        }
    }
    (copy, to)
}

#[test]
fn a_record_comes_back_as_it_was_with_its_plan() {
    let mut store = Store::open_in_memory().expect("memory");
    assert_eq!(store.last_record(), Ok(None));
    for cycle in 1..=5 {
        complete(&mut store, cycle);
    }
    assert_eq!(store.last_record(), Ok(Some(record(5))));
    assert_eq!(store.last_cycle(), Ok(Some(5)));
    let some = store.records(minutes(2), minutes(5), 10).expect("records");
    assert_eq!(some, vec![record(2), record(3), record(4)], "to is excluded");
    assert_eq!(store.records(start(), minutes(9), 2).expect("two").len(), 2);
    let again = serde_json::to_string(&some[0]).expect("JSON");
    let first = serde_json::to_string(&record(2)).expect("JSON");
    assert_eq!(again, first, "the replay's hash must not change");
}

#[test]
fn series_keep_numbers_flags_absence_and_texts_on_change() {
    let mut store = Store::open_in_memory().expect("memory");
    for cycle in 1..=3 {
        complete(&mut store, cycle);
    }
    let all = |name: &str| store.samples(&point(name), start(), minutes(60)).expect("samples");
    let levels: Vec<_> = all("level1.level").iter().map(|(at, v, q)| (*at, *v, *q)).collect();
    assert_eq!(levels[0], (minutes(1), Some(2.6), Quality::Good));
    assert_eq!(levels.len(), 3);
    let flags: Vec<_> = all("pump1.running").iter().map(|(_, value, _)| *value).collect();
    assert_eq!(flags, [Some(0.0), Some(1.0), Some(0.0)]);
    assert_eq!(all("flow2.flow")[1], (minutes(2), None, Quality::Bad(Reason::Timeout)));
    assert!(all("pump1.serial").is_empty(), "texts are elsewhere");
    assert!(all("nobody.nothing").is_empty());
    let text = store.text(&point("pump1.serial"), minutes(3)).expect("text");
    assert_eq!(text, Some((minutes(1), "SN-1".to_owned())), "unchanged since the first cycle");
}

#[test]
fn nan_has_no_way_in() {
    let mut store = Store::open_in_memory().expect("memory");
    let mut strange = record(1);
    let value = site::Value::Number(f64::NAN);
    let sample = Sample::good(value, Mono::default());
    let samples = BTreeMap::from([(point("level1.level"), sample)]);
    strange.snapshot = Snapshot::new(strange.snapshot.now, samples);
    store.complete(&strange, &state(1), "h").expect("stored");
    let found = store.samples(&point("level1.level"), start(), minutes(9)).expect("samples");
    assert_eq!(found, [(minutes(1), None, Quality::Bad(Reason::NotAvailable))]);
}

#[test]
fn a_crash_leaves_the_last_completed_cycle_and_the_intents_after_it() {
    let home = folder();
    let path = home.path().join("new").join("state.db");
    let mut store = open(&path).store;
    for cycle in 1..=4 {
        store.intend(minutes(cycle), &[command("P1", Setpoint::Run)]).expect("intended");
        let (_copy, before) = crashed(&path);
        let opened = open(&before);
        assert_eq!(opened.state, (cycle > 1).then(|| state(cycle - 1)), "not yet completed");
        let open_intents = opened.store.interrupted().expect("intents");
        assert_eq!(open_intents, [(minutes(cycle), command("P1", Setpoint::Run))]);

        complete(&mut store, cycle);
        let (_copy, after) = crashed(&path);
        let opened = open(&after);
        assert_eq!(opened.state, Some(state(cycle)));
        assert_eq!(opened.set_aside, None);
        assert_eq!(opened.store.last_record(), Ok(Some(record(cycle))));
        assert_eq!(opened.store.interrupted(), Ok(vec![]));
    }
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().expect("a folder")), 0o700);
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn an_orderly_end_between_two_cycles_leaves_the_newest_state_and_nothing_to_ask_after() {
    let home = folder();
    let path = home.path().join("state.db");
    let mut store = open(&path).store;
    complete(&mut store, 1);
    store.intend(minutes(2), &[command("P1", Setpoint::Run)]).expect("intended");
    store.end(minutes(3), &state(7), "hash").expect("ended");
    let (_copy, after) = crashed(&path);
    let opened = open(&after);
    assert_eq!(opened.state, Some(state(7)), "what was commanded since the cycle is in it");
    assert_eq!(opened.store.interrupted(), Ok(vec![]));
    assert_eq!(opened.store.last_cycle(), Ok(Some(1)), "no cycle is invented");
}

#[test]
fn a_journal_torn_at_any_byte_leaves_a_whole_earlier_state() {
    let home = folder();
    let path = home.path().join("state.db");
    let mut store = open(&path).store;
    for cycle in 1..=3 {
        complete(&mut store, cycle);
    }
    let (_copy, whole) = crashed(&path);
    let journal = fs::read(format!("{}-wal", whole.display())).expect("a journal");
    let main = fs::read(&whole).expect("the file");
    let mut seen = std::collections::BTreeSet::new();
    for length in (0..=journal.len()).step_by(1021).chain([journal.len()]) {
        let torn = folder();
        let path = torn.path().join("state.db");
        fs::write(&path, &main).expect("written");
        fs::write(torn.path().join("state.db-wal"), &journal[..length]).expect("written");
        let opened = open(&path);
        assert_eq!(opened.set_aside, None, "a torn journal is no damage, cut at {length}");
        let last = opened.store.last_cycle().expect("a cycle").unwrap_or(0);
        assert_eq!(opened.state, (last > 0).then(|| state(last)), "cut at {length}");
        seen.insert(last);
    }
    assert_eq!(seen, (0..=3).collect(), "every prefix was met");
}

/// Opens `bytes` as a file; true when it was set aside. The state must be whole or absent.
fn set_aside(bytes: &[u8], what: &str) -> bool {
    let home = folder();
    let path = home.path().join("state.db");
    fs::write(&path, bytes).expect("written");
    let opened = Store::open(&path, start()).unwrap_or_else(|error| panic!("{what}: {error}"));
    match opened.state {
        Some(found) => assert_eq!(found, state(1), "{what}"),
        None => assert!(opened.set_aside.is_some() || bytes.is_empty(), "{what}"),
    }
    opened.set_aside.is_some()
}

#[test]
fn a_flipped_byte_or_a_cut_never_gives_a_wrong_state() {
    let home = folder();
    let path = home.path().join("state.db");
    let mut store = open(&path).store;
    complete(&mut store, 1);
    drop(store);
    let sound = fs::read(&path).expect("the file");
    assert!(!set_aside(&sound, "sound"));
    let flips = (0..100).chain((100..sound.len()).step_by(631)).filter(|place| {
        let mut bytes = sound.clone();
        bytes[*place] ^= 0x41;
        set_aside(&bytes, &format!("byte {place}"))
    });
    let flipped = flips.count();
    assert!(flipped > 20, "the marks and the pages are checked, {flipped} set aside");
    for length in (0..sound.len()).step_by(2039) {
        assert_eq!(set_aside(&sound[..length], &format!("cut at {length}")), length > 0);
    }
}

#[test]
fn a_file_that_is_not_ours_is_set_aside_whole_and_a_new_one_begins() {
    let home = folder();
    let path = home.path().join("state.db");
    let foreign =
        b"Dear mayor, this is not a database, and it is longer than a header is. ".repeat(9);
    fs::write(&path, &foreign).expect("written");
    let opened = open(&path);
    let aside = opened.set_aside.clone().expect("set aside");
    assert_eq!(aside, home.path().join("state.db.corrupt-20260112T070000Z"));
    assert_eq!(fs::read(&aside).expect("kept"), foreign);
    let notice = opened.notice().expect("a notice");
    assert!(
        notice.contains("it is not a SQLite file") && notice.contains("corrupt-2026"),
        "{notice}"
    );
    let mut store = opened.store;
    complete(&mut store, 1);
    drop(store);

    let other = rusqlite::Connection::open(home.path().join("other.db")).expect("opened");
    other.execute_batch("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1);").expect("made");
    drop(other);
    fs::rename(home.path().join("other.db"), &path).expect("renamed");
    let opened = open(&path);
    assert_eq!(opened.because.as_deref(), Some("it is not a file of regie"));
    let second = opened.set_aside.expect("set aside");
    assert_eq!(second, home.path().join("state.db.corrupt-20260112T070000Z-1"), "none is lost");
}

#[test]
fn damage_met_while_running_is_put_aside_on_demand() {
    let home = folder();
    let path = home.path().join("state.db");
    let mut store = open(&path).store;
    complete(&mut store, 7);
    let opened = store.begin_anew(minutes(8), "told by a test").expect("begun anew");
    assert_eq!((opened.state.clone(), opened.store.last_cycle()), (None, Ok(None)));
    assert!(opened.notice().expect("a notice").contains("told by a test"));
    let mut store = opened.store;
    complete(&mut store, 8);
    assert!(Store::open_in_memory().expect("memory").begin_anew(start(), "x").is_err());
}

#[test]
fn a_second_instance_is_refused_and_told_where() {
    let home = folder();
    let path = home.path().join("state.db");
    let first = open(&path);
    let second = Store::open(&path, start()).expect_err("in use");
    assert_eq!(second, StoreError::InUse { path: path.clone() });
    assert!(second.to_string().contains("state.db is in use by another regie"), "{second}");
    drop(first);
    open(&path);
}

#[test]
fn a_folder_that_may_not_be_made_is_said_so() {
    let home = folder();
    fs::write(home.path().join("file"), b"").expect("written");
    let error = Store::open(&home.path().join("file/state.db"), start()).expect_err("no folder");
    assert!(error.to_string().contains("make the folder"), "{error}");
}

#[test]
fn a_full_disk_loses_the_cycle_and_nothing_else() {
    let home = folder();
    let path = home.path().join("state.db");
    let mut store = open(&path).store;
    complete(&mut store, 1);
    store.limit_bytes(store.size_bytes().expect("a size")).expect("limited");
    let full = (2..2000).find_map(|cycle| {
        store.complete(&record(cycle), &state(cycle), "h").err().map(|error| (cycle, error))
    });
    let (cycle, error) = full.expect("the limit is met");
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert_eq!(store.last_cycle(), Ok(Some(cycle - 1)), "nothing of the failed cycle");
    store.limit_bytes(1 << 30).expect("room again");
    complete(&mut store, cycle + 1);
    assert_eq!(store.last_record(), Ok(Some(record(cycle + 1))));
}

#[test]
fn cycles_are_numbered_on() {
    let mut store = Store::open_in_memory().expect("memory");
    complete(&mut store, 5);
    let again = store.complete(&record(5), &state(5), "h").expect_err("out of order");
    assert!(matches!(again, StoreError::OutOfOrder { cycle: 5, last: 5, .. }), "{again}");
    complete(&mut store, 9);
}

#[test]
fn what_is_old_is_forgotten_a_day_at_a_time_save_what_still_holds() {
    let mut store = Store::open_in_memory().expect("memory");
    let hours = 3 * 24_u64;
    for hour in 0..=hours {
        let mut record = record(hour);
        record.snapshot.now.utc = minutes(60 * hour);
        store.complete(&record, &state(hour), "h").expect("stored");
    }
    let end: Timestamp = minutes(60 * hours).checked_add(1.hour()).expect("in range");
    let readings =
        |store: &Store| store.samples(&point("level1.level"), start(), end).expect("samples").len();
    assert_eq!(readings(&store), 73);
    assert!(store.forget_before(end).expect("forgotten") > 0);
    assert_eq!(readings(&store), 49, "one day per call");
    while store.forget_before(end).expect("forgotten") > 0 {}
    assert_eq!(readings(&store), 0);
    let left = store.records(start(), end, 100).expect("records");
    assert_eq!(left.len(), 1, "the last record stays");
    assert!(left[0].plan.is_some(), "and so does the plan it stands on");
    let text = store.text(&point("pump1.serial"), end).expect("text");
    assert_eq!(text, Some((start(), "SN-1".to_owned())), "the last text stays");
}

#[test]
fn a_forgotten_history_gives_its_room_back() {
    let home = folder();
    let mut store = open(&home.path().join("state.db")).store;
    for cycle in 1..=300 {
        complete(&mut store, cycle);
    }
    let before = store.size_bytes().expect("a size");
    store.forget_before(minutes(300)).expect("forgotten");
    let after = store.size_bytes().expect("a size");
    assert!(after < before / 2, "{before} bytes, then {after}");
}

const CHILD: &str = "REGIE_TEST_STORE";

/// Not a test of its own: the process that the next one kills.
#[test]
fn writer() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let opened = open(Path::new(&path));
    let mut store = opened.store;
    let first = store.last_cycle().expect("a cycle").map_or(1, |cycle| cycle + 1);
    for cycle in first..first + 100_000 {
        store.intend(minutes(cycle), &[command("P1", Setpoint::Run)]).expect("intended");
        complete(&mut store, cycle);
        println!("\ndone {cycle}");
    }
}

#[test]
fn a_killed_process_loses_nothing_it_had_acknowledged() {
    let home = folder();
    let path = home.path().join("state.db");
    let mut acknowledged = 0;
    for round in 1..=4 {
        let mut child = std::process::Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "writer", "--nocapture"])
            .env(CHILD, &path)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("started");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let done = lines.filter_map(|line| line.ok()?.strip_prefix("done ")?.parse::<u64>().ok());
        acknowledged = done.take(7 * round).last().expect("cycles");
        child.kill().expect("killed");
        child.wait().expect("ended");
        let opened = open(&path);
        let last = opened.store.last_cycle().expect("a cycle").expect("some");
        assert!(last >= acknowledged, "{last} of {acknowledged}");
        assert_eq!(opened.state, Some(state(last)), "state and history agree");
        assert_eq!(opened.set_aside, None);
    }
    assert!(acknowledged >= 70, "each process went on where the last one was killed");
}
