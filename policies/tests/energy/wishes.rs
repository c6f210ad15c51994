//! Wishes that cannot be kept: there is a plan all the same, and it names and prices what it
//! misses.

use crate::commune::{Commune, energy, id};
use crate::{BATTERY, CHARGER, net};
use site::plan::{Plan, Rung, Shortfall};

fn missed<'a>(plan: &'a Plan, wish: &str) -> &'a Shortfall {
    let found = plan.why.shortfalls.iter().find(|missed| missed.wish == wish);
    found.unwrap_or_else(|| panic!("{wish} is not in {:?}", plan.why.shortfalls))
}

#[test]
fn a_session_that_cannot_be_met_is_charged_as_far_as_it_goes_and_named() {
    let mut commune = Commune::new("", CHARGER, (6, 60));
    commune.vehicle("C", (0, 2), 60.0);
    let plan = commune.plan();
    assert_eq!(plan.rung, Rung::Relaxed);
    let most = 2.0 * 3.0 * 230.0 * 32.0 / 1e3;
    let delivered = energy(&plan, &plan.power[&id("C")], |_| true);
    assert!((delivered - most).abs() < 1e-3);
    let missed = missed(&plan, "C.session");
    assert!((missed.amount - (60.0 - most)).abs() < 1e-3 && missed.unit == "kWh");
    assert!((missed.penalty.get() - 2.0 * missed.amount).abs() < 1e-6, "at the price of the wish");
}

#[test]
fn a_battery_outside_its_band_comes_back_as_fast_as_it_can() {
    let inside = BATTERY
        .replace("charge_low: 0 %", "charge_low: 30 %")
        .replace("reserve: 0 %", "reserve: 30 %");
    let mut commune = Commune::new("", &inside, (6, 60));
    commune.charge("B", 0.05);
    commune.load(|_| 5.0);
    let plan = commune.plan();
    let charge = &plan.charge[&id("B")];
    assert!((charge[0].get() - 0.30).abs() < 1e-6, "25 kWh in the first hour: {charge:?}");
    assert!((plan.power[&id("B")][0].kw() - 25.0 / 0.9).abs() < 1e-6);
}

#[test]
fn a_connection_smaller_than_the_load_is_named_and_never_zeros() {
    let mut commune = Commune::new(", import_limit: 10 kW", "", (4, 60));
    commune.load(|_| 30.0);
    let plan = commune.plan();
    assert_eq!(plan.rung, Rung::Relaxed);
    assert!((net(&plan, 0) - 30.0).abs() < 1e-6, "the load is what it is");
    let missed = missed(&plan, "grid.import_limit");
    assert!((missed.amount - 20.0).abs() < 1e-6 && missed.unit == "kW");
    assert!(missed.penalty.get() > 0.0);
}

const FILTER: &str = "
shiftable:
  F: {device: d, mode: control, safe_state: local, rated_power: 10 kW, daily_run: 4 h,
      hours: \"06:00-22:00\", min_run: 1 h}
";

#[test]
fn a_filter_runs_its_hours_in_the_cheapest_of_them() {
    let mut commune = Commune::new("", FILTER, (24, 60));
    commune.prices(|t| if (12..16).contains(&t) { 0.05 } else { 0.20 });
    let plan = commune.plan();
    assert_eq!(plan.rung, Rung::Optimal);
    let on = &plan.switched[&id("F")];
    let hours: f64 = on.iter().map(|share| share.get()).sum();
    assert!((hours - 4.0).abs() < 1e-6, "{on:?}");
    assert!(on[12..16].iter().all(|share| share.get() > 0.999), "{on:?}");
    assert!(on[..6].iter().chain(&on[22..]).all(|share| share.get() < 1e-9), "not at night");
}

#[test]
fn hours_that_can_no_longer_be_run_are_named() {
    let mut commune = Commune::new("", &FILTER.replace("22:00", "08:00"), (24, 60));
    commune.load(|_| 1.0);
    let plan = commune.plan();
    let missed = missed(&plan, "F.daily_run");
    assert!((missed.amount - 2.0).abs() < 1e-6, "two hours of four: {missed:?}");
    assert!(plan.switched[&id("F")][6].get() > 0.999);
}

const LIFT: &str = "
lift_stations:
  W: {device: d, level: d.level, mode: control, safe_state: local, rated_power: 9 kW,
      flow: 18 l/s, inflow: 5 l/s, height: 3 m, volume: 36 m3}
";

#[test]
fn a_well_waits_for_cheap_hours_and_never_overflows() {
    let mut commune = Commune::new("", LIFT, (16, 15));
    commune.well("W", 1.0);
    commune.prices(|t| if t % 8 < 4 { 0.30 } else { 0.10 });
    let plan = commune.plan();
    assert_eq!(plan.rung, Rung::Optimal, "{:?}", plan.why.shortfalls);
    let levels = &plan.wells[&id("W")];
    assert!(levels.iter().all(|level| level.get() < 0.75 * 3.0), "{levels:?}");
    let on = &plan.switched[&id("W")];
    assert!(on[..8].iter().all(|share| share.get() < 1e-9 || share.get() > 0.999), "decisions");
    let dear: f64 = (0..16).filter(|t| t % 8 < 4).map(|t| on[t].get()).sum();
    let cheap: f64 = (0..16).filter(|t| t % 8 >= 4).map(|t| on[t].get()).sum();
    assert!(cheap > dear, "{on:?}");
}

#[test]
fn a_well_near_its_brim_is_pumped_at_any_price() {
    let mut commune = Commune::new("", LIFT, (8, 15));
    commune.well("W", 2.9);
    commune.prices(|t| if t < 4 { 3.0 } else { 0.10 });
    let plan = commune.plan();
    assert!(plan.switched[&id("W")][0].get() > 0.999, "{:?}", plan.switched);
    assert!(plan.wells[&id("W")].iter().all(|level| level.get() < 3.0));
}
