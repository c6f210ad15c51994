//! Districts from the edges: what people read, what Prometheus reads, and the history reckoned
//! again.

#[path = "edges_fixtures.rs"]
mod fixtures;

use fixtures::{asset, command, point, record, status};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan};
use policies::district::{Alarm, Day, DayVolumes, DistrictReport, Districts, Image, Night};
use regie::cli::{Action, exit, parse, render};
use regie::load::{Loaded, load};
use regie::store::{Store, StoreError};
use regie::{metrics, past};
use site::sample::{Reason, Sample, Value};
use site::{Mono, Now, PointId, Snapshot};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

fn night(day: i8, flow_m3h: Option<f64>, score: Option<f64>, cusum: f64) -> Night {
    let covered_ratio = if flow_m3h.is_some() { 1.0 } else { 0.4 };
    let expected_m3h = score.map(|_| 400.0);
    Night { date: date(2026, 1, day), covered_ratio, flow_m3h, expected_m3h, score, cusum }
}

fn town() -> DistrictReport {
    let volumes = DayVolumes {
        hours: 24.0,
        inflow_m3: 12_940.4,
        outflow_m3: 0.0,
        storage_change_m3: -12.0,
        net_m3: 12_952.4,
        metered_m3: Some(12_000.0),
        losses_m3: Some(952.4),
    };
    let day = |day, volumes| Day {
        date: date(2026, 1, day),
        covered_ratio: 1.0,
        volumes,
        busy_m3h: Some(840.0),
    };
    DistrictReport {
        name: "The town".to_owned(),
        learned_nights: 14,
        needed_nights: 14,
        baseline_m3h: Some(400.0),
        weekend_m3h: Some(411.0),
        spread_m3h: Some(21.6),
        cusum: 3.0,
        threshold: 1.5,
        mean_demand_m3h: Some(540.0),
        alarm: Some(Alarm {
            since: date(2026, 1, 29),
            raised: date(2026, 1, 30),
            ended: None,
            size_m3h: 55.14,
            demand_ratio: Some(0.102),
        }),
        last_alarm: None,
        nights: vec![
            night(27, Some(397.0), Some(-0.14), 0.0),
            night(28, None, None, 0.0),
            night(29, Some(455.0), Some(2.55), 1.3),
            night(30, Some(458.0), Some(2.69), 2.74),
        ],
        days: vec![day(27, None), day(29, Some(volumes))],
    }
}

fn learning() -> DistrictReport {
    DistrictReport {
        name: "mill".to_owned(),
        learned_nights: 3,
        baseline_m3h: None,
        weekend_m3h: None,
        spread_m3h: None,
        cusum: 0.0,
        mean_demand_m3h: None,
        alarm: None,
        nights: vec![],
        days: vec![],
        ..town()
    }
}

#[test]
fn the_table_says_what_is_known_and_what_is_not() {
    let reports = BTreeMap::from([(asset("town"), town()), (asset("mill"), learning())]);
    insta::assert_snapshot!(render::districts(&reports), @"
    mill
    Night   learning, 3 of 14 nights
    Alarm   none
      date          m3/h expected  score   sum | m3 in    out stored    net   lost

    town (The town)
    Night   400.0 m3/h usual, 411.0 at weekends, spread 21.6; sum 3.00 of 1.50
    Alarm   55.1 m3/h more at night since 2026-01-29 (10 % of demand), raised 2026-01-30
      date          m3/h expected  score   sum | m3 in    out stored    net   lost
      2026-01-27   397.0    400.0   -0.1  0.00 |      -      -      -      -      -
      2026-01-28       -        -      -  0.00 |      -      -      -      -      -
      2026-01-29   455.0    400.0    2.5  1.30 |  12940      0    -12  12952    952
      2026-01-30   458.0    400.0    2.7  2.74 |      -      -      -      -      -
    ");
    assert!(render::districts(&BTreeMap::new()).contains("no districts"));
}

#[test]
fn a_leak_alarm_is_a_line_of_the_status() {
    let mut status = status();
    assert!(!render::status(&status).contains("Leak"));
    status.districts = BTreeMap::from([(asset("town"), town()), (asset("mill"), learning())]);
    let screen = render::status(&status);
    let lines: Vec<&str> = screen.lines().filter(|line| line.starts_with("Leak")).collect();
    let wanted = "Leak    town: 55.1 m3/h more at night since 2026-01-29 (10 % of demand)";
    assert_eq!(lines, [wanted]);
}

#[test]
fn what_is_unknown_of_a_district_has_no_series() {
    let mut status = status();
    status.districts = BTreeMap::from([(asset("town"), town()), (asset("mill"), learning())]);
    let text = metrics::render(&status);
    let series: Vec<&str> =
        text.lines().filter(|line| line.starts_with("regie_district")).collect();
    assert!(series.iter().all(|line| line.contains("district=\"town\"")), "{series:#?}");
    let value = |name: &str| {
        let start = format!("regie_district_{name}{{");
        let line = series.iter().find(|line| line.starts_with(&start)).expect(name);
        line.rsplit(' ').next().expect("a number").parse::<f64>().expect("a number")
    };
    assert!((value("night_flow_cubic_metres_per_hour") - 458.0).abs() < 1e-9);
    assert!((value("night_baseline_cubic_metres_per_hour") - 400.0).abs() < 1e-9);
    assert!((value("night_cusum_ratio") - 2.0).abs() < 1e-9);
    assert!((value("leak_alarm") - 1.0).abs() < 1e-9);
    assert!((value("leak_cubic_metres_per_hour") - 55.14).abs() < 1e-9);
    assert!((value("day_net_cubic_metres") - 12_952.4).abs() < 1e-9);
    assert!((value("day_losses_cubic_metres") - 952.4).abs() < 1e-9);
}

#[test]
fn the_command_line_asks_a_daemon_or_the_history() {
    let typed = |words: &str| {
        let words = std::iter::once("regie").chain(words.split_whitespace());
        parse(words.map(Into::into)).map(|arguments| arguments.action)
    };
    let Ok(Action::Districts { history, state, question }) =
        typed("districts --site a.yaml --history 60 --state there --json")
    else {
        panic!("districts");
    };
    assert_eq!(
        (history, state.as_deref(), question.json),
        (Some(60), Some(Path::new("there")), true)
    );
    assert!(typed("districts").is_ok());
    for wrong in ["--history 0", "--history 9 --url http://[::1]:9", "--state there"] {
        assert_eq!(typed(&format!("districts {wrong}")), Err(exit::USAGE), "{wrong}");
    }
}

fn shipped() -> Loaded {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    load(&path).expect("the shipped site has no findings")
}

/// The flow of both inlets of the town and the levels, each five minutes of the first five hours
/// of a day: 400 m3/h, and a leak of 60 m3/h from the 22nd on. On the 9th a meter is silent.
fn snapshot(at: Timestamp, day: i8) -> Snapshot {
    let mono = Mono::new(Duration::from_secs(at.as_second().unsigned_abs()));
    let stray = f64::from(day % 3) * 2.0;
    let flow = 200.0 + stray + if day >= 22 { 30.0 } else { 0.0 };
    let number = |value: f64| Sample::good(Value::Number(value), mono);
    let meter = if day == 9 { Sample::bad(Reason::Timeout, mono) } else { number(flow / 3600.0) };
    let samples = BTreeMap::from([
        (point("flow1.flow"), number(2.0 * flow / 3600.0)),
        (point("flow2.flow"), number(flow / 3600.0)),
        (point("flow3.flow"), meter),
        (point("level1.level"), number(2.5)),
        (point("level2.level"), number(5.0)),
    ]);
    Snapshot::new(Now { mono, utc: at }, samples)
}

#[test]
fn the_history_tells_what_the_daemon_saw() {
    let loaded = shipped();
    let mut site = (*loaded.site).clone();
    site.pace.cycle = Duration::from_secs(300);
    let loaded = Loaded { site: std::sync::Arc::new(site), ..loaded };
    let home = tempfile::tempdir().expect("a folder");
    let start: Date = date(2026, 1, 2);
    let mut live = Districts::default();
    let now = Timestamp::UNIX_EPOCH;
    let mut store = Store::open(&home.path().join("regie.db"), now).expect("a store").store;
    let mut cycle = 0;
    for day in 0..23_i8 {
        let day = start.checked_add(i64::from(day).days()).expect("a date");
        let midnight = day.to_zoned(loaded.site.zone.clone()).expect("a day").timestamp();
        for step in 20..50_i64 {
            let at =
                midnight.checked_add(SignedDuration::from_secs(step * 300)).expect("an instant");
            let snapshot = snapshot(at, day.day());
            let number = |point: &PointId| snapshot.number(point);
            let network = loaded.water.as_ref().map(|water| &water.network);
            live.observe(&loaded.site, &Image { at, number: &number, network });
            cycle += 1;
            let mut record = record(1);
            (record.cycle, record.snapshot, record.plan) = (cycle, snapshot, None);
            store.complete(&record, &serde_json::json!({}), "h").expect("stored");
        }
    }
    let live = live.reports(&loaded.site);
    // The daemon still has the file open.
    let told = past::districts(&loaded, home.path(), 30).expect("the history is read");
    assert_eq!(told, live);
    store.intend(now, &[command("P1", site::command::Setpoint::Run)]).expect("it can still write");
    let town = &told[&asset("town")];
    let missing = town.nights.iter().find(|night| night.date == date(2026, 1, 9)).expect("listed");
    assert_eq!(missing.flow_m3h, None, "a silent meter is not a night without flow");
    let alarm = town.alarm.as_ref().expect("60 m3/h for three nights");
    assert_eq!(alarm.since, date(2026, 1, 22));
    assert!((alarm.size_m3h - 60.0).abs() < 6.0, "{alarm:?}");
    assert_eq!(told[&asset("mains")].alarm, None);
    let short = past::districts(&loaded, home.path(), 5).expect("the history is read");
    assert!(short[&asset("town")].learned_nights < 6);
}

#[test]
fn where_there_is_no_history_nothing_is_made() {
    let home = tempfile::tempdir().expect("a folder");
    let error = past::districts(&shipped(), home.path(), 30).expect_err("nothing is there");
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    assert!(std::fs::read_dir(home.path()).expect("a folder").next().is_none());
    std::fs::write(home.path().join("regie.db"), "not a database at all, but long enough")
        .expect("ours");
    let error = past::districts(&shipped(), home.path(), 30).expect_err("it is not ours");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}
