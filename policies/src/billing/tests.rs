use super::*;
use jiff::{Timestamp, ToSpan};
use site::units::Power;
use std::path::Path;

const SITE: &str = r#"
regie: 1
site: {id: x, name: X, time_zone: Europe/Paris, latitude: 47.0, longitude: 5.0}
devices: {meter1: {profile: eastron-sdm630, connect: "tcp://192.0.2.1:502", unit: 1}}
grid: {power: meter1.power}
"#;

fn site(tariff: &str) -> Site {
    let read = site::file::read(&format!("{SITE}{tariff}"), Path::new("site.yaml"));
    read.expect("it has no findings").site
}
fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}
/// Shows a meter one power (kW) after another, each for ten seconds at a time.
fn shown(site: &Site, start: &str, minutes: &[(i64, f64)]) -> PeakMeter {
    let (mut meter, mut now) = (PeakMeter::default(), at(start));
    for (length, kw) in minutes {
        for _ in 0..length * 6 {
            meter.observe(site, now, Some(Power::from_kw(*kw)));
            now += 10.seconds();
        }
    }
    meter.observe(site, now, Some(Power::ZERO));
    meter
}
fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9 * (1.0 + b.abs())
}

const TWO: &str = r#"
tariff:
  feed_in: 0.05 EUR/kWh
  demand_charges:
    - {name: all, price: 10 EUR/kW, average: 10 min}
    - {name: peak, price: 4 EUR/kW, average: 30 min, classes: [peak]}
  classes:
    - {name: peak, price: 0.2 EUR/kWh, hours: ["06:00-22:00"]}
    - {name: night, price: 0.1 EUR/kWh, hours: ["22:00-06:00"]}
"#;

#[test]
fn each_charge_has_its_own_interval_and_classes() {
    let site = site(TWO);
    // From 21:40 local: 20 minutes of peak at 60 kW, then night at 100 and 20 kW.
    let meter =
        shown(&site, "2026-01-15T20:30Z", &[(10, 0.0), (20, 60.0), (10, 100.0), (20, 20.0)]);
    let peaks: Vec<f64> = meter.peaks(&site.tariff).iter().map(|peak| peak.kw()).collect();
    assert!(near(peaks[0], 100.0) && near(peaks[1], 40.0), "{peaks:?}");
    let demand = meter.demand(&site.tariff);
    assert!(near(demand["all"].eur, 1000.0) && near(demand["peak"].eur, 160.0), "{demand:?}");
}

#[test]
fn a_part_of_an_interval_is_no_average() {
    let site = site(TWO);
    // Begins five minutes into an interval: only half of it is seen.
    let meter = shown(&site, "2026-01-15T10:05Z", &[(5, 90.0), (10, 50.0), (5, 80.0)]);
    assert!(near(meter.peaks(&site.tariff)[0].kw(), 50.0));
    // Nothing is seen for three minutes.
    let mut meter = shown(&site, "2026-01-15T10:00Z", &[(6, 90.0)]);
    meter.observe(&site, at("2026-01-15T10:09:00Z"), Some(Power::from_kw(90.0)));
    meter.observe(&site, at("2026-01-15T10:10:00Z"), Some(Power::from_kw(90.0)));
    assert!(near(meter.peaks(&site.tariff)[0].kw(), 0.0));
}

#[test]
fn exports_do_not_make_the_highest_import_smaller() {
    let site = site(TWO);
    let meter = shown(&site, "2026-01-15T10:00Z", &[(5, 90.0), (5, -90.0)]);
    assert!(near(meter.peaks(&site.tariff)[0].kw(), 45.0));
}

#[test]
fn a_new_month_begins_at_local_midnight() {
    let site = site(TWO);
    let mut meter = shown(&site, "2026-01-31T22:00Z", &[(50, 10.0), (10, 70.0)]);
    // At 23:00 UTC it is February in Paris: January's last interval belongs to January.
    assert!(near(meter.peaks(&site.tariff)[0].kw(), 0.0));
    for k in 1..=60 {
        let now = at("2026-01-31T23:00Z") + (10 * k).seconds();
        meter.observe(&site, now, Some(Power::from_kw(30.0)));
    }
    // The first ten seconds of February were shown as nothing.
    let peak = meter.peaks(&site.tariff)[0].kw();
    assert!(near(peak, 30.0 * 590.0 / 600.0), "{peak}");
}

#[test]
fn a_month_in_which_no_interval_counts_has_no_peak() {
    let site = site(
        r#"
tariff:
  demand_charges: [{name: winter, price: 10 EUR/kW, classes: [winter]}]
  classes:
    - {name: winter, price: 0.2 EUR/kWh, months: 11-03}
    - {name: summer, price: 0.1 EUR/kWh, months: 4-10}
"#,
    );
    let mut meter = PeakMeter::default();
    let mut hour = |start: &str| {
        let start = at(start);
        meter.book(&site, &Reading::held(start, start + 1.hour(), Power::from_kw(90.0), 1.0));
        meter.peaks(&site.tariff)[0].kw()
    };
    assert!(near(hour("2026-03-31T10:00Z"), 90.0));
    assert!(near(hour("2026-04-01T10:00Z"), 0.0));
}

fn overrun(rule: &str) -> Site {
    site(&format!(
        r#"
tariff:
  subscribed:
    power: {{peak: 50 kW, night: 80 kW}}
    average: 10 min
    overrun: {rule}
  classes:
    - {{name: peak, price: 0.2 EUR/kWh, hours: ["06:00-22:00"]}}
    - {{name: night, price: 0.1 EUR/kWh, hours: ["22:00-06:00"]}}
"#
    ))
}
/// In Paris from 21:30: peak at 53, 54 and 40 kW, then night at 92, 75 and 85 kW.
const COURSE: [(i64, f64); 6] =
    [(10, 53.0), (10, 54.0), (10, 40.0), (10, 92.0), (10, 75.0), (10, 85.0)];

#[test]
fn overruns_are_billed_by_the_rule_of_the_contract() {
    let eur = |rule: &str| {
        let site = overrun(rule);
        shown(&site, "2026-01-15T20:30Z", &COURSE).overrun_eur(&site.tariff)
    };
    // Peak: 3 and 4 kW above; night: 12 and 5 kW above. Four intervals of ten minutes.
    let hours = eur("{per_hour: 12 EUR}");
    assert!(near(hours, 12.0 * 4.0 / 6.0), "{hours}");
    let energy = eur("{per_energy: 0.5 EUR/kWh}");
    assert!(near(energy, 0.5 * (3.0 + 4.0 + 12.0 + 5.0) / 6.0), "{energy}");
    // The root is taken per class: sqrt(9 + 16) = 5 and sqrt(144 + 25) = 13.
    let root = eur("{root_sum: {peak: 2 EUR/kW, night: 1 EUR/kW}}");
    assert!(near(root, 2.0 * 5.0 + 13.0), "{root}");
}

#[test]
fn the_meter_survives_a_restart_and_an_older_state_is_taken_up() {
    let site = overrun("{root_sum: 1 EUR/kW}");
    let meter = shown(&site, "2026-01-15T20:30Z", &COURSE);
    let text = serde_json::to_string(&meter).expect("numbers");
    assert_eq!(serde_json::from_str::<PeakMeter>(&text).expect("the same"), meter);
    // What was stored when there was one charge, in the middle of a month.
    let old = r#"{"peak": 212000.0, "period_start": "2025-12-31T23:00:00Z", "interval": null,
                  "last": ["2026-01-15T10:00:00Z", 1000.0]}"#;
    let mut meter: PeakMeter = serde_json::from_str(old).expect("it is taken up");
    let site = self::site(TWO);
    meter.observe(&site, at("2026-01-15T10:00:10Z"), Some(Power::ZERO));
    let peaks: Vec<f64> = meter.peaks(&site.tariff).iter().map(|peak| peak.kw()).collect();
    assert!(near(peaks[0], 212.0) && near(peaks[1], 0.0), "{peaks:?}");
    meter.observe(&site, at("2026-02-01T10:00:00Z"), None);
    assert!(near(meter.peaks(&site.tariff)[0].kw(), 0.0), "it is February");
}
