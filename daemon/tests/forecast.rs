//! `regie forecast backtest`, run as users run it, on a history whose error is known.

use jiff::{Timestamp, ToSpan};
use regie::cli::exit;
use regie::resident::STATE_FILE;
use regie::store::Store;
use serde_json::{Value, json};
use site::plan::{Estimate, Rung};
use site::record::CycleRecord;
use site::{Mono, Now, PointId, Sample, Snapshot};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// A commune with a meter and a roof, and nothing else.
const SITE: &str = include_str!("../../policies/tests/hamlet.yaml");

const DAYS: i64 = 6;

/// A site file, and beside it a history of six days in images of a quarter of an hour: 20 kW, one
/// more or less by the quarter and the other way round every other day, and no sun.
fn home() -> TempDir {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("site.yaml"), SITE).expect("it is written");
    let start: Timestamp = "2026-03-02T23:00:00Z".parse().expect("a Tuesday's midnight in Paris");
    let file = home.path().join("history").join(STATE_FILE);
    let mut store = Store::open(&file, start).expect("the store opens").store;
    for quarter in 0..DAYS * 96 {
        let sign = if (quarter + quarter / 96) % 2 == 0 { 1.0 } else { -1.0 };
        let record = record(start, quarter, 20e3 + 1e3 * sign);
        store.complete(&record, &json!({}), "hash").expect("stored");
    }
    home
}

fn record(start: Timestamp, quarter: i64, watts: f64) -> CycleRecord {
    let mono = Mono::new(Duration::from_secs(900 * quarter.unsigned_abs()));
    let now = Now { mono, utc: start + (15 * quarter).minutes() };
    let good = |name: &str, value: f64| {
        let point = PointId::try_from(name.to_owned()).expect("a point");
        (point, Sample::good(site::Value::Number(value), mono))
    };
    let samples = [("meter1.power", watts), ("solar1.power", 0.0), ("solar1.limit", 100.0)];
    let samples = samples.map(|(name, value)| good(name, value));
    CycleRecord {
        cycle: quarter.unsigned_abs() + 1,
        snapshot: Snapshot::new(now, BTreeMap::from(samples)),
        estimate: Estimate { now, ..Estimate::default() },
        plan: None,
        rung: Rung::Rules,
        because: None,
        proposals: Vec::new(),
        verdicts: Vec::new(),
        commands: Vec::new(),
        receipts: Vec::new(),
        verifications: BTreeMap::new(),
    }
}

/// Runs `regie forecast backtest` in a folder; the exit code, standard output and standard error.
fn backtest(home: &Path, words: &[&str]) -> (u8, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_regie"))
        .args(["forecast", "backtest", "site.yaml"])
        .args(words)
        .current_dir(home)
        .output()
        .expect("regie runs");
    let code = output.status.code().and_then(|code| u8::try_from(code).ok()).expect("it ended");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (code, text(output.stdout), text(output.stderr))
}

fn report(home: &Path, words: &[&str]) -> Value {
    let words = [&["--history", "history", "--json"], words].concat();
    let (code, text, error) = backtest(home, &words);
    assert_eq!((code, error.as_str()), (exit::OK, ""));
    serde_json::from_str(&text).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[test]
fn noise_is_missed_by_itself_and_persistence_by_twice_as_much() {
    let home = home();
    let report = report(home.path(), &["--lead", "1h,24h"]);
    assert_eq!(report["images"], DAYS * 96);
    let scores = report["scores"].as_array().expect("a list");
    let of_load = scores.iter().filter(|score| score["quantity"] == "base_load");
    let mut leads = Vec::new();
    for score in of_load {
        leads.push(number(&score["lead_hours"]));
        // The first day has none before it, and the last quarter is not over.
        assert_eq!(score["count"], (DAYS - 1) * 96 - 1, "{score}");
        assert!((number(&score["persistence_mae"]) - 2.0).abs() < 1e-6, "{score}");
        assert!((number(&score["mae"]) - 1.0).abs() < 0.3, "{score}");
        assert!((number(&score["skill"]) - 0.5).abs() < 0.15, "{score}");
        assert!(number(&score["bias"]).abs() < 0.2, "{score}");
    }
    assert_eq!(leads.len(), 2, "{report}");
    assert!((leads[0] - 1.0).abs() < 1e-9 && (leads[1] - 24.0).abs() < 1e-9);
}

#[test]
fn dates_bound_what_is_compared_and_not_what_is_learned() {
    let home = home();
    let words = ["--lead", "24h", "--from", "2026-03-05", "--to", "2026-03-06"];
    let report = report(home.path(), &words);
    assert_eq!(report["learned_from"], "2026-03-02T23:00:00Z");
    assert_eq!(report["from"], "2026-03-04T23:00:00Z");
    assert_eq!(report["to"], "2026-03-06T23:00:00Z");
    let scores = report["scores"].as_array().expect("a list");
    let load = scores.iter().find(|score| score["quantity"] == "base_load").expect("it is there");
    assert_eq!(load["count"], 2 * 96 - 1, "{load}");
    let (code, text, _) = backtest(home.path(), &["--history", "history", "--from", "2026-03-05"]);
    assert_eq!(code, exit::OK);
    let first = text.lines().next().expect("a line");
    assert!(first.starts_with("Forecasts from 2026-03-05 00:00"), "{first}");
    assert!(text.contains("base_load, kW        24 h"), "{text}");
}

#[test]
fn what_is_missing_is_named() {
    let home = home();
    let (code, text, error) = backtest(home.path(), &["--history", "nowhere"]);
    assert_eq!((code, text.as_str()), (exit::UNAVAILABLE, ""));
    assert!(error.contains("nowhere"), "{error}");
    let (code, _, error) = backtest(home.path(), &["--lead", "10min"]);
    assert_eq!(code, exit::USAGE);
    assert!(error.contains("'10min' is not a lead time"), "{error}");
    let changed = SITE.replace("base_load:", "forecast: {max_age: 6 h}\nbase_load:");
    std::fs::write(home.path().join("site.yaml"), changed).expect("it is written");
    let (code, _, error) = backtest(home.path(), &["--history", "history"]);
    assert_eq!(code, exit::CONFIGURATION);
    assert!(error.contains("'file'"), "{error}");
}
