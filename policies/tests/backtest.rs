//! The comparison of forecasts with what came, on histories whose errors are known.

use jiff::{Timestamp, ToSpan};
use policies::estimate::{EstimateMemory, estimate};
use policies::forecast::backtest::{Backtest, Score};
use policies::guard::GuardMemory;
use site::units::Flow;
use site::{Mono, Now, PointId, Sample, Site, Snapshot, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// A commune with a meter and a roof, and nothing else.
const SITE: &str = include_str!("hamlet.yaml");

fn hamlet() -> Site {
    let resolved = site::file::read(SITE, Path::new("site.yaml"));
    resolved.unwrap_or_else(|findings| panic!("{findings:?}")).site
}

/// What the meters read: load and sun in kW, and the inverter's limit in per cent.
#[derive(Clone, Copy)]
struct Reading {
    load: f64,
    sun: Option<f64>,
    limit: f64,
}

/// Shows a history of some days in images of five minutes and gives the scores.
fn tested(days: i64, leads: &[u16], read: impl Fn(i64) -> Reading) -> Vec<Score> {
    let site = hamlet();
    // Tuesday, midnight in Paris: quarters are counted from here.
    let start: Timestamp = "2026-03-02T23:00:00Z".parse().expect("a time");
    let mut backtest = Backtest::new(&site, Flow::ZERO, leads, start);
    let mut memory = EstimateMemory::default();
    for image in 0..days * 288 {
        let at = start + (5 * image).minutes();
        let mono = Mono::new(Duration::from_secs(300 * image.unsigned_abs()));
        let Reading { load, sun, limit } = read(image / 3);
        let mut samples = BTreeMap::new();
        let mut put = |name: &str, value: f64| {
            let point = PointId::try_from(name.to_owned()).expect("a point");
            samples.insert(point, Sample::good(Value::Number(value), mono));
        };
        put("meter1.power", (load - sun.unwrap_or(0.0)) * 1e3);
        put("solar1.limit", limit);
        if let Some(sun) = sun {
            put("solar1.power", sun * 1e3);
        }
        let snapshot = Snapshot::new(Now { mono, utc: at }, samples);
        let guard = GuardMemory::default();
        backtest.observe(&estimate(&site, &snapshot, &mut memory, &guard, Vec::new()));
    }
    backtest.scores()
}

fn score<'a>(scores: &'a [Score], quantity: &str, lead_hours: f64) -> &'a Score {
    let wanted =
        |score: &&Score| score.quantity == quantity && (score.lead_hours - lead_hours).abs() < 1e-9;
    scores.iter().find(wanted).expect("it was compared")
}

fn near(value: f64, wanted: f64, within: f64) {
    assert!((value - wanted).abs() < within, "{value} for {wanted}");
}

#[test]
fn noise_about_a_level_is_missed_by_itself_and_persistence_by_twice_as_much() {
    // 20 kW, one more or less by the quarter, and the other way round every other day.
    let noise = |quarter: i64| if (quarter + quarter / 96) % 2 == 0 { 1.0 } else { -1.0 };
    let read = |q| Reading { load: 20.0 + noise(q), sun: Some(0.0), limit: 100.0 };
    let scores = tested(12, &[4, 96], read);
    for lead in [1.0, 24.0] {
        let load = score(&scores, "base_load", lead);
        // The last quarter is not over.
        assert_eq!((load.count, load.unit), (11 * 96 - 1, "kW"));
        near(load.mean, 20.0, 0.01);
        near(load.mae, 1.0, 0.1);
        near(load.rmse, 1.0, 0.2);
        near(load.bias, 0.0, 0.1);
        near(load.persistence_mae, 2.0, 1e-6);
        near(load.skill, 0.5, 0.05);
    }
}

#[test]
fn a_lead_time_sees_nothing_of_what_came_later() {
    // The level of a day cannot be known the day before: 10 or 14 kW in turn.
    let read = |q: i64| {
        let load = if (q / 96) % 2 == 0 { 10.0 } else { 14.0 };
        Reading { load, sun: Some(0.0), limit: 100.0 }
    };
    let scores = tested(14, &[1, 96], read);
    let (next, tomorrow) = (score(&scores, "base_load", 0.25), score(&scores, "base_load", 24.0));
    near(next.persistence_mae, 4.0, 1e-6);
    near(tomorrow.persistence_mae, 4.0, 1e-6);
    assert!(next.mae < 0.7, "the next quarter is like this one: {}", next.mae);
    assert!(tomorrow.mae > 1.2, "nobody can tell: {}", tomorrow.mae);
}

#[test]
fn a_sun_that_always_shines_the_same_is_learned_whatever_the_roof() {
    // A roof that gives its power two hours before the sun is highest on the described one.
    let read = |q: i64| {
        let hour = f64::from(i32::try_from(q % 96).unwrap()) / 4.0;
        let sun = 30.0 * (1.0 - ((hour - 10.5) / 3.5).powi(2)).max(0.0);
        Reading { load: 20.0, sun: Some(sun), limit: 100.0 }
    };
    let scores = tested(10, &[4, 24, 96], read);
    for lead in [1.0, 6.0, 24.0] {
        let sun = score(&scores, "PV1", lead);
        near(sun.persistence_mae, 0.0, 1e-6);
        assert!(sun.mae < 0.12 * sun.mean, "{lead} h: {} of {}", sun.mae, sun.mean);
        let clear = sun.clear_sky_persistence_mae.expect("there was a sun before");
        // A day ahead the clearness of this hour is the best there is.
        assert!(lead > 12.0 || sun.mae < clear, "{lead} h: {} against {clear}", sun.mae);
        assert_eq!(score(&scores, "all_pv", lead).count, sun.count);
    }
}

#[test]
fn what_a_limit_holds_down_is_neither_learned_nor_compared() {
    // Every other day a limit of 20 % stands from the second day on.
    let sun = |q: i64| {
        let hour = f64::from(i32::try_from(q % 96).unwrap()) / 4.0;
        30.0 * (1.0 - ((hour - 12.5) / 4.0).powi(2)).max(0.0)
    };
    let read = |q: i64| {
        let limited = (q / 96) % 2 == 1;
        let power = if limited { sun(q).min(10.0) } else { sun(q) };
        Reading { load: 20.0, sun: Some(power), limit: if limited { 20.0 } else { 100.0 } }
    };
    let scores = tested(12, &[192], read);
    let held = score(&scores, "PV1", 48.0);
    // Only quarters below the limit, or of free days two days apart.
    assert!(held.bias.abs() < 0.15 * held.mean, "{held:?}");
    let all = tested(12, &[192], |q| Reading { limit: 100.0, sun: Some(sun(q)), ..read(q) });
    assert!(held.count < score(&all, "PV1", 48.0).count, "{held:?}");
}

#[test]
fn an_inverter_asleep_at_night_does_not_hide_the_load() {
    let read = |q: i64| {
        let night = !(32..72).contains(&(q % 96));
        Reading { load: 8.0, sun: (!night).then_some(5.0), limit: 100.0 }
    };
    let scores = tested(5, &[4], read);
    let load = score(&scores, "base_load", 1.0);
    // Between the inverter's hours and darkness the load stays unknown.
    assert!(load.count > 3 * 96, "{}", load.count);
    near(load.mae, 0.0, 0.35);
}
