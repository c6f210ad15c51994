//! Forecasts with a spread: what is expected to be bought and sold, and what a kWh is worth then.

use crate::commune::{Commune, energy, id};
use crate::{BATTERY, SUN, net};
use site::units::Power;

/// Sun and load of 20 kW each, and what the sun is off by, kW.
fn balanced(assets: &str, spread: f64) -> Commune {
    let mut commune = Commune::new("", assets, (12, 60));
    commune.load(|_| 20.0);
    commune.sun("PV", |_| 20.0);
    let steps = commune.forecast.steps.len();
    commune.forecast.pv_spread.insert(id("PV"), vec![Power::from_kw(spread); steps]);
    commune
}

#[test]
fn where_sun_and_load_balance_a_kwh_is_worth_something_between_the_prices() {
    let plan = balanced(SUN, 10.0).plan();
    assert!(net(&plan, 3).abs() < 1e-6, "nothing is curtailed");
    // Bought on half of the days, sold on the others.
    assert!((plan.why.energy_value[3].get() - (0.20 + 0.05) / 2.0).abs() < 1e-3);
    // A normal deviation of 10 kW is above zero by 0.399 times that on the mean.
    let expected = 12.0 * 0.3989 * 10.0 * (0.20 - 0.05);
    assert!((plan.cost.get() - expected).abs() < 0.01, "{} {expected}", plan.cost.get());
    let uncertain = |name: &str| name.contains("uncertain");
    assert!(!plan.why.bindings.iter().any(|b| uncertain(&b.constraint)), "arithmetic, no rule");
}

#[test]
fn the_spread_of_the_load_adds_to_that_of_the_sun_as_independent_ones_do() {
    let mut commune = balanced(SUN, 6.0);
    commune.forecast.base_load_spread = vec![Power::from_kw(8.0); 12];
    let (both, one) = (commune.plan().cost, balanced(SUN, 10.0).plan().cost);
    assert!((both - one).get().abs() < 1e-6, "{both:?} {one:?}");
}

#[test]
fn far_from_the_balance_a_spread_changes_nothing() {
    let mut commune = balanced(SUN, 10.0);
    commune.load(|t| if t < 6 { 60.0 } else { 2.0 });
    let plan = commune.plan();
    assert!((plan.why.energy_value[2].get() - 0.20).abs() < 1e-3);
    assert!((plan.why.energy_value[9].get() - 0.05).abs() < 1e-3);
    let expected = 6.0 * (40.0 * 0.20 - 18.0 * 0.05);
    assert!((plan.cost.get() - expected).abs() < 0.01, "{} {expected}", plan.cost.get());
}

#[test]
fn a_battery_makes_room_for_a_sun_that_may_come() {
    let assets = format!("{BATTERY}{SUN}");
    let given_before_noon = |spread: f64| {
        let mut commune = balanced(&assets, spread);
        commune.charge("B", 1.0);
        commune.prices(|t| if t < 8 { 0.16 } else { 0.18 });
        let noon = |t: usize| f64::from(u8::from((4..8).contains(&t)));
        commune.sun("PV", |t| 20.0 * noon(t));
        let spreads = (0..12).map(|t| Power::from_kw(spread * noon(t))).collect();
        commune.forecast.pv_spread.insert(id("PV"), spreads);
        let plan = commune.plan();
        -energy(&plan, &plan.power[&id("B")], |t| t < 4)
    };
    assert!(given_before_noon(20.0) > given_before_noon(0.0) + 10.0);
}

#[test]
fn no_limit_counts_what_is_only_bought_or_sold_on_some_days() {
    let mut commune = balanced(SUN, 10.0);
    commune.site.grid.export_limit = Some(Power::ZERO);
    commune.site.grid.import_limit = Some(Power::from_kw(1.0));
    let plan = commune.plan();
    assert!(plan.why.shortfalls.is_empty(), "{:?}", plan.why.shortfalls);
    assert!(plan.limits[&id("PV")].iter().all(Option::is_none), "the cap looks at the meter");
}
