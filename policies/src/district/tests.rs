//! Nights and days made by hand.

use super::*;
use jiff::civil::{Date, date};
use jiff::{SignedDuration, ToSpan};
use std::path::Path;

const TEXT: &str = r#"
regie: 1
site: {id: s, name: S, time_zone: Europe/Paris, latitude: 47, longitude: 5}
pace: {cycle: 5 min}
devices:
  d: {profile: flow-meter, connect: "tcp://127.0.0.1:1"}
water: {network: van_zyl.inp}
tanks:
  T1: {node: t5, level: d.level, height: 5 m}
flow_meters:
  In: {flow: d.in, link: p2}
  Out: {flow: d.out, link: p5}
  Use: {flow: d.use, link: p6}
grid: {power: d.power}
tariff:
  classes: [{name: all, price: 0.1 EUR/kWh, months: 1-12, hours: ["00:00-00:00"]}]
districts:
"#;

const TOWN: &str = "  town: {inflow: [In]}\n";
const STEP_S: i64 = 300;

fn site(districts: &str) -> Site {
    let read = site::file::read(&format!("{TEXT}{districts}"), Path::new("site.yaml"));
    read.expect("nothing is wrong with it").site
}

fn town() -> AssetId {
    AssetId::new("town").expect("a name")
}

fn start_of(site: &Site, date: Date) -> Timestamp {
    date.to_zoned(site.zone.clone()).expect("a day").timestamp()
}

/// What the points show: inflow in m3/h, and others by name; none where there is nothing.
type Show<'a> = &'a dyn Fn(Timestamp, &str) -> Option<f64>;

/// Feeds local days, both included, in steps of five minutes.
fn feed(districts: &mut Districts, site: &Site, (from, to): (Date, Date), show: Show<'_>) {
    let mut at = start_of(site, from);
    let end = start_of(site, to.checked_add(1.day()).expect("a date"));
    while at < end {
        at = at.checked_add(SignedDuration::from_secs(STEP_S)).expect("an instant");
        let number = |point: &PointId| show(at, point.name());
        districts.observe(site, &Image { at, number: &number, network: None });
    }
}

/// A plain commune: 60 m3/h by day, 20 by night give or take, and what `leak` says in m3/h.
fn plain<F: Fn(Date) -> f64>(
    site: &Site,
    leak: F,
) -> impl Fn(Timestamp, &str) -> Option<f64> + use<F> {
    let zone = site.zone.clone();
    move |at, _| {
        let local = zone.to_datetime(at);
        let stray = f64::from((i16::from(local.date().day()) * 7) % 5) * 0.2;
        let usual = if local.hour() < 5 { 20.0 + stray } else { 60.0 };
        Some((usual + leak(local.date())) / 3600.0)
    }
}

fn report(districts: &Districts, site: &Site) -> DistrictReport {
    districts.reports(site)[&town()].clone()
}

#[test]
fn the_window_is_local_also_when_clocks_change() {
    let site = site(TOWN);
    let mut districts = Districts::default();
    let show = plain(&site, |_| 0.0);
    let night = |report: &DistrictReport, date: Date| {
        report.nights.iter().find(|night| night.date == date).cloned().expect("it is listed")
    };
    let hours = |report: &DistrictReport, date: Date| {
        let day = report.days.iter().find(|day| day.date == date).expect("it is listed");
        day.volumes.expect("measured").hours
    };
    feed(&mut districts, &site, (date(2026, 3, 27), date(2026, 3, 31)), &show);
    let spring = report(&districts, &site);
    let short = night(&spring, date(2026, 3, 29));
    assert!((short.covered_ratio - 1.0).abs() < 1e-9, "{short:?}");
    assert_eq!(short.flow_m3h, None, "one hour of it is no night");
    assert!((hours(&spring, date(2026, 3, 29)) - 23.0).abs() < 1e-9);
    feed(&mut districts, &site, (date(2026, 10, 23), date(2026, 10, 27)), &show);
    let autumn = report(&districts, &site);
    let long = night(&autumn, date(2026, 10, 25));
    assert!((long.covered_ratio - 1.0).abs() < 1e-9, "three hours, all of them measured");
    assert!((long.flow_m3h.expect("measured") - 20.0).abs() < 1.0);
    assert!((hours(&autumn, date(2026, 10, 25)) - 25.0).abs() < 1e-9);
    assert!((hours(&autumn, date(2026, 10, 26)) - 24.0).abs() < 1e-9);
    // Half a year without a reading is a gap: the last nights of it are listed as missing, and
    // what was learned before is too old to judge by.
    assert_eq!(night(&autumn, date(2026, 10, 22)).flow_m3h, None);
    assert_eq!(autumn.learned_nights, 5);
}

#[test]
fn a_night_that_was_hardly_measured_is_missing_and_not_zero() {
    let site = site(TOWN);
    let mut districts = Districts::default();
    let whole = plain(&site, |_| 0.0);
    let zone = site.zone.clone();
    let show = |at: Timestamp, name: &str| {
        let local = zone.to_datetime(at);
        let lost = match local.date().day() {
            5 => local.hour() == 2 && local.minute() < 45,
            6 => local.hour() == 3 && local.minute() < 15,
            _ => false,
        };
        whole(at, name).filter(|_| !lost)
    };
    feed(&mut districts, &site, (date(2026, 1, 4), date(2026, 1, 7)), &show);
    let nights = report(&districts, &site).nights;
    let flows: Vec<Option<f64>> = nights.iter().map(|night| night.flow_m3h).collect();
    assert_eq!(flows.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true, true]);
    assert!(nights[1].covered_ratio < 0.65, "{:?}", nights[1]);
    assert!((0.8..0.9).contains(&nights[2].covered_ratio), "{:?}", nights[2]);
    assert!(
        (flows[2].expect("measured") - 20.4).abs() < 1e-6,
        "gaps do not lower a mean: {flows:?}"
    );
}

/// Three weeks of learning, then what `leak` says until the end of the days.
fn weeks(leak: impl Fn(Date) -> f64, last: Date) -> (Site, Districts) {
    let site = site(TOWN);
    let mut districts = Districts::default();
    let show = plain(&site, leak);
    feed(&mut districts, &site, (date(2026, 1, 5), last), &show);
    (site, districts)
}

#[test]
fn one_strange_night_raises_no_alarm_and_two_in_a_row_do() {
    let one = |day: Date| if day == date(2026, 1, 27) { 30.0 } else { 0.0 };
    let (site, districts) = weeks(one, date(2026, 1, 31));
    let calm = report(&districts, &site);
    assert_eq!((calm.alarm, calm.last_alarm), (None, None));
    let judged = calm.nights.iter().find(|night| night.date == date(2026, 1, 27)).expect("listed");
    assert!(judged.score.expect("judged") > 10.0 && judged.cusum <= THRESHOLD, "{judged:?}");

    let since = |day: Date| if day >= date(2026, 1, 27) { 5.0 } else { 0.0 };
    let (site, districts) = weeks(since, date(2026, 1, 28));
    let alarm = report(&districts, &site).alarm.expect("two nights");
    assert_eq!((alarm.since, alarm.raised), (date(2026, 1, 27), date(2026, 1, 28)));
    assert!((alarm.size_m3h - 5.0).abs() < 0.7, "{alarm:?}");
    let mean = (5.0 * 20.4 + 19.0 * 60.0) / 24.0;
    let share = alarm.demand_ratio.expect("the demand is known");
    assert!((share - 5.0 / mean).abs() < 0.015, "{share}");
}

#[test]
fn a_lasting_leak_teaches_nothing_and_its_repair_ends_the_alarm() {
    let (from, repaired) = (date(2026, 1, 27), date(2026, 3, 20));
    let leak = |day: Date| if day >= from && day < repaired { 8.0 } else { 0.0 };
    let (site, mut districts) = weeks(leak, date(2026, 3, 20));
    let before = report(&weeks(|_| 0.0, date(2026, 1, 26)).1, &site);
    let during = report(&districts, &site);
    assert!(during.alarm.is_some(), "one night of calm is not enough");
    let baselines = (before.baseline_m3h.expect("learned"), during.baseline_m3h.expect("learned"));
    assert!((baselines.0 - baselines.1).abs() < 0.3, "{baselines:?}");
    let show = plain(&site, leak);
    feed(&mut districts, &site, (date(2026, 3, 21), date(2026, 3, 22)), &show);
    let after = report(&districts, &site);
    assert_eq!(after.alarm, None);
    let ended = after.last_alarm.expect("it was there");
    assert_eq!((ended.since, ended.ended), (from, Some(date(2026, 3, 21))));
    assert!((ended.size_m3h - 8.0).abs() < 0.8, "{ended:?}");
}

#[test]
fn memory_survives_its_own_text_at_any_instant() {
    let (from, to) = (date(2026, 1, 5), date(2026, 1, 29));
    let leak = |day: Date| if day >= date(2026, 1, 27) { 6.0 } else { 0.0 };
    let (site, whole) = weeks(leak, to);
    let show = plain(&site, leak);
    let mut interrupted = Districts::default();
    let mut day = from;
    while day <= to {
        feed(&mut interrupted, &site, (day, day), &show);
        let text = serde_json::to_string(&interrupted).expect("JSON");
        interrupted = serde_json::from_str(&text).expect("it is ours");
        day = day.checked_add(1.day()).expect("a date");
    }
    assert_eq!(interrupted, whole);
    assert!(report(&interrupted, &site).alarm.is_some());
}

#[test]
fn a_district_learns_anew_from_a_date_or_when_its_meters_change() {
    let since = |day: Date| if day >= date(2026, 1, 27) { 15.0 } else { 0.0 };
    let (_, districts) = weeks(since, date(2026, 2, 20));
    // The operator knows: a mill was connected on that day.
    let told = site("  town: {inflow: [In], learn_from: \"2026-01-27\"}\n");
    let mut accepted = districts.clone();
    feed(&mut accepted, &told, (date(2026, 2, 21), date(2026, 2, 22)), &plain(&told, since));
    let report_now = report(&accepted, &told);
    assert_eq!(report_now.alarm, None);
    assert!((report_now.baseline_m3h.expect("25 nights") - 35.4).abs() < 0.5, "{report_now:?}");
    let early = report_now.nights.iter().filter(|night| night.date < date(2026, 1, 27));
    assert!(early.clone().count() > 0 && early.clone().all(|night| night.score.is_none()));
    // Another meter is another district.
    let other = site("  town: {inflow: [In], outflow: [Out]}\n");
    let mut changed = districts;
    feed(&mut changed, &other, (date(2026, 2, 21), date(2026, 2, 21)), &plain(&other, |_| 0.0));
    assert!(report(&changed, &other).learned_nights <= 1);
}

#[test]
fn a_clock_that_is_set_back_counts_nothing_twice() {
    let (site, mut districts) = weeks(|_| 0.0, date(2026, 1, 10));
    let before = report(&districts, &site);
    feed(&mut districts, &site, (date(2026, 1, 8), date(2026, 1, 9)), &plain(&site, |_| 50.0));
    let after = report(&districts, &site);
    assert_eq!((before.nights, before.days), (after.nights, after.days));
}

#[test]
fn the_balance_takes_tanks_and_metered_consumers_into_account() {
    let text = "  town: {inflow: [In], outflow: [Out], tanks: [T1], metered: [Use]}\n";
    let site = site(text);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/networks/van_zyl.inp");
    let network = Network::load(path).expect("it loads");
    let mut districts = Districts::default();
    let start = start_of(&site, date(2026, 1, 5));
    // 100 m3/h in, 30 out, 50 metered; the tank rises from 1 m to 2 m in the day.
    for step in 0..=288_i32 {
        let at = start.checked_add(SignedDuration::from_secs(STEP_S * i64::from(step)));
        let level = 1.0 + f64::from(step) / 288.0;
        let number = |point: &PointId| match point.name() {
            "in" => Some(100.0 / 3600.0),
            "out" => Some(30.0 / 3600.0),
            "use" => Some(50.0 / 3600.0),
            "level" => Some(level),
            _ => None,
        };
        let at = at.expect("an instant");
        districts.observe(&site, &Image { at, number: &number, network: Some(&network) });
    }
    let report = report(&districts, &site);
    let day = report.days[0].volumes.expect("measured");
    let rise = std::f64::consts::PI * 12.5 * 12.5;
    assert!((day.inflow_m3 - 2400.0).abs() < 1e-6 && (day.outflow_m3 - 720.0).abs() < 1e-6);
    assert!((day.storage_change_m3 - rise).abs() < 0.01, "{day:?} {rise}");
    assert!((day.net_m3 - (1680.0 - rise)).abs() < 0.01, "{day:?}");
    assert!((day.losses_m3.expect("metered") - (480.0 - rise)).abs() < 0.01, "{day:?}");
    let night = report.nights[0].flow_m3h.expect("measured");
    assert!((night - (70.0 - rise / 24.0)).abs() < 0.01, "{night}");
    // Without the network nobody knows what the tank holds: no balance, not a wrong one.
    let mut blind = Districts::default();
    feed(&mut blind, &site, (date(2026, 1, 5), date(2026, 1, 5)), &|_, _| Some(1.0));
    assert!(blind.reports(&site)[&town()].days.is_empty());
}
