//! Outside forecasts: what is read, what is refused, and what becomes of one's own.

use super::*;
use crate::load::load;
use jiff::ToSpan;
use policies::forecast::{Learned, expected, steps};
use site::plan::Basis;
use site::units::Flow;
use std::path::PathBuf;
use std::time::Duration;

const GOOD: &str = "\
# what the weather service says
start,PV1_kW,PV1_kW_spread,base_load_W,demand_m3h
2026-06-15T00:00:00+02:00,0,0,9000,400
2026-06-15T08:00:00+02:00,30,5,12000,600
2026-06-15T20:00:00+02:00,,,9000,
2026-06-16T08:00:00+02:00,30,5,9000,600
";

fn site(file: &Path) -> Site {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    let mut site = (*load(&path).expect("the shipped site is sound").site).clone();
    site.outside = Some(OutsideForecast {
        file: file.to_owned(),
        max_age: Duration::from_secs(36 * 3600),
        blend: Duration::from_secs(3 * 3600),
    });
    site
}

fn own(site: &Site, now: Timestamp) -> Forecast {
    expected(site, &Learned::new(site), now, Flow::new(0.1), steps(site, now))
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

#[test]
fn it_takes_over_in_the_first_hours_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pv.csv");
    std::fs::write(&file, GOOD).expect("it is written");
    let site = site(&file);
    let now = at("2026-06-15T06:00:00Z");
    let (mut mixed, plain) = (own(&site, now), own(&site, now));
    let mut outside = OutsideFile::default();
    outside.lay_over(&site, now, &mut mixed);
    assert_eq!(outside.refused(), None);
    assert_eq!(mixed.basis["PV1"], Basis::Outside);
    assert_eq!(mixed.basis["base_load"], Basis::Outside);
    assert_eq!(mixed.basis["demand"], Basis::Outside);
    assert_eq!(mixed.basis["PV2"], Basis::Default, "the file says nothing of it");
    assert_eq!(mixed.pv.values().last(), plain.pv.values().last());
    let pv1 = mixed.pv.iter().next().expect("PV1").1;
    for (k, step) in mixed.steps.iter().enumerate() {
        let hours = site::time::seconds_between(now, step.start) / 3600.0;
        if hours >= 3.0 && step.end <= at("2026-06-15T18:00:00Z") {
            assert!((pv1[k].kw() - 30.0).abs() < 1e-9, "{hours} h: {:?}", pv1[k]);
            assert!((mixed.base_load[k].kw() - 12.0).abs() < 1e-9);
            assert!((mixed.demand[k].get() * 3600.0 - 600.0).abs() < 1e-9);
        }
        // Where nothing is given one's own stays.
        if step.start >= at("2026-06-15T18:00:00Z") {
            assert_eq!(mixed.demand[k], plain.demand[k]);
        }
    }
    let (own, given) = (plain.base_load[0].kw(), 12.0);
    let first = mixed.base_load[0].kw();
    assert!((first - own).abs() < 0.1 * (given - own).abs(), "the next minutes are one's own");
}

#[test]
fn an_old_file_is_left_and_a_changed_one_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pv.csv");
    let site = site(&file);
    let now = at("2026-06-15T06:00:00Z");
    let mut outside = OutsideFile::default();
    let mut forecast = own(&site, now);
    outside.lay_over(&site, now, &mut forecast);
    assert_eq!(forecast, own(&site, now), "a missing file changes nothing");
    assert!(matches!(outside.refused(), Some(FileError::Unreadable { .. })));
    std::fs::write(&file, GOOD).expect("it is written");
    outside.lay_over(&site, now, &mut forecast);
    assert_eq!(forecast.basis["PV1"], Basis::Outside);
    let later = now + 40.hours();
    let mut late = own(&site, later);
    outside.lay_over(&site, later, &mut late);
    assert_eq!(late, own(&site, later), "two days old");
    let bad = format!("{GOOD}yesterday,1,1,1,1\n");
    std::fs::write(&file, bad).expect("it is written");
    let touched = std::fs::File::options().append(true).open(&file).expect("it is there");
    let newer = std::time::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    touched.set_modified(newer).expect("its time can be set");
    let mut forecast = own(&site, now);
    outside.lay_over(&site, now, &mut forecast);
    assert_eq!(forecast, own(&site, now), "a file with an error is refused whole");
    let refused = outside.refused().expect("it says why").to_string();
    assert!(refused.contains("pv.csv:7: 'yesterday' is not an instant"), "{refused}");
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let path = PathBuf::from("pv.csv");
    let site = site(&path);
    let rows = "2026-06-15T00:00:00Z,1\n2026-06-15T01:00:00Z,2\n";
    let cases = [
        ("time,PV1_kW\n", rows, "pv.csv:1: the first column is not 'start'"),
        ("start,PV9_kW\n", rows, "pv.csv:1: column 'PV9_kW': the site has no inverter 'PV9'"),
        ("start,PV1\n", rows, "pv.csv:1: column 'PV1' has no unit"),
        ("start,PV1_kW,PV1_W\n", rows, "pv.csv:1: column 'PV1_W' says again"),
        ("start,PV1_kW_spread\n", rows, "pv.csv:1: a spread has no column"),
        ("start\n", "2026-06-15T00:00:00Z\n", "pv.csv:1: there is no column but"),
        ("start,PV1_kW\n", "2026-06-15T00:00:00Z,NaN\n", "pv.csv:2: 'NaN' is not a number"),
        ("start,PV1_kW\n", "2026-06-15T00:00:00Z,-1\n", "pv.csv:2: '-1' is not a number"),
        ("start,PV1_kW\n", "2026-06-15,1\n", "pv.csv:2: '2026-06-15' is not an instant"),
        ("start,PV1_kW\n", "2026-06-15T00:00:00Z,1,2\n", "pv.csv:2: this is no row"),
        ("start,PV1_kW\n", "2026-06-15T00:00:00Z,1\n", "needs two rows at least"),
        ("", "", "pv.csv:1: the first column is not 'start'"),
    ];
    for (header, rows, wanted) in cases {
        let error = parse(&site, &path, &format!("{header}{rows}")).expect_err(wanted).to_string();
        assert!(error.contains(wanted), "{error}");
    }
    let backwards = "start,PV1_kW\n2026-06-15T01:00:00Z,1\n2026-06-15T00:00:00Z,2\n";
    let error = parse(&site, &path, backwards).expect_err("it is out of order").to_string();
    assert!(error.contains("row 2 does not begin after"), "{error}");
}
