//! Plans for everything but water, held against what can be reckoned by hand.

mod commune;
mod glance;
mod uncertain;
mod what_if;
mod wishes;

use commune::{Commune, energy, id};
use policies::optimise::{Held, Hold};
use site::external::{Direction, ExternalLimit};
use site::plan::{Plan, Rung};
use site::units::Power;

const BATTERY: &str = "
batteries:
  B: {device: d, mode: control, safe_state: stop, capacity: 100 kWh, charge_power: 50 kW,
      efficiency: 81 %, charge_low: 0 %, charge_high: 100 %, reserve: 0 %, wear: 0.01 EUR/kWh}
";
const CHARGER: &str = "
chargers:
  C: {device: d, mode: control, safe_state: local, max_current: 32 A, value: 2 EUR/kWh}
";
const SUN: &str = "
inverters:
  PV: {device: d, mode: control, safe_state: release, rated_power: 100 kW}
";

fn net(plan: &Plan, t: usize) -> f64 {
    plan.import[t].kw()
}

#[test]
fn a_battery_buys_cheap_and_gives_dear_as_reckoned_by_hand() {
    let mut commune = Commune::new("", BATTERY, (12, 60));
    commune.charge("B", 0.0);
    commune.load(|_| 20.0);
    // Cheap for six hours, dear for four, then as cheap as before.
    commune.prices(|t| if (6..10).contains(&t) { 0.50 } else { 0.10 });
    let plan = commune.plan();
    assert_eq!(plan.rung, Rung::Optimal);
    // 80 kWh are wanted in the dear hours: 80 / 0.9 leave the cells.
    let given = energy(&plan, &plan.power[&id("B")], |t| (6..10).contains(&t));
    assert!((given + 80.0).abs() < 1e-3, "{given}");
    for t in 6..10 {
        assert!(net(&plan, t).abs() < 1e-3, "nothing is bought while it is dear: {t}");
    }
    // What is left at the end is worth less than what it costs now and more than nothing: the
    // battery fills up once more only if that pays; what it gave it had to take.
    let taken = energy(&plan, &plan.power[&id("B")], |t| t < 6);
    assert!(taken >= 80.0 / 0.81 - 1e-3, "{taken}");
    let value = &plan.why.charge_value[&id("B")];
    assert!(value[3].get() > 0.10 && value[3].get() < 0.50, "{value:?}");
}

#[test]
fn a_battery_is_left_alone_where_it_does_not_pay() {
    let mut commune = Commune::new("", BATTERY, (12, 60));
    commune.load(|_| 20.0);
    commune.prices(|t| if t % 2 == 0 { 0.20 } else { 0.22 });
    let power = |charge: f64| {
        let mut commune = commune.clone();
        commune.charge("B", charge);
        commune.plan().power[&id("B")].clone()
    };
    let moved = power(0.0).iter().map(|p| p.kw().abs()).sum::<f64>();
    assert!(moved < 1e-6, "the loss is more than the difference: {moved}");
    // What is there already is of use, and at the dearest time; nobody buys it again.
    let given = power(0.5);
    assert!(given.iter().enumerate().all(|(t, p)| p.kw() < 1e-6 && (t % 2 == 1 || p.kw() > -1e-6)));
    assert!((given.iter().map(|p| p.kw()).sum::<f64>() + 45.0).abs() < 1e-3, "{given:?}");
}

#[test]
fn a_vehicle_is_charged_in_the_cheap_hours_before_it_leaves() {
    let mut commune = Commune::new("", CHARGER, (12, 60));
    commune.prices(|t| if t == 5 || t == 6 { 0.10 } else { 0.20 });
    commune.vehicle("C", (2, 9), 30.0);
    let plan = commune.plan();
    let power = &plan.power[&id("C")];
    let most = 3.0 * 230.0 * 32.0 / 1e3;
    assert!((power[5].kw() + power[6].kw() - 30.0).abs() < 0.3, "{power:?}");
    assert!(power.iter().all(|p| p.kw() <= most + 1e-6));
    assert!(power[0].kw().abs() + power[10].kw().abs() < 1e-9, "nobody is there");
}

#[test]
fn a_vehicle_that_nobody_saw_charge_is_expected_to_take_one_phase() {
    let mut commune = Commune::new("", CHARGER, (12, 60));
    commune.prices(|t| if t == 5 || t == 6 { 0.10 } else { 0.20 });
    commune.vehicle("C", (2, 9), 30.0);
    let sessions = commune.forecast.sessions.get_mut(&id("C")).expect("a fixture");
    sessions[0].draw = None;
    let plan = commune.plan();
    let power = &plan.power[&id("C")];
    let one_phase = 230.0 * 32.0 / 1e3;
    assert!(power.iter().all(|p| p.kw() <= one_phase + 1e-6));
    assert!((power[5].kw() - one_phase).abs() < 1e-6 && (power[6].kw() - one_phase).abs() < 1e-6);
    let all: f64 = power.iter().map(|p| p.kw()).sum();
    assert!((all - 30.0).abs() < 0.3, "the rest in dear hours: {power:?}");
}

#[test]
fn the_sun_is_used_at_home_first_and_curtailed_where_nothing_may_be_exported() {
    let mut commune = Commune::new(", export_limit: 0 W", SUN, (8, 60));
    commune.load(|_| 30.0);
    commune.sun("PV", |t| if t < 4 { 80.0 } else { 10.0 });
    let plan = commune.plan();
    assert_eq!(plan.rung, Rung::Optimal, "a curtailed inverter is no wish given up");
    for t in 0..8 {
        assert!(net(&plan, t) > -1e-6);
    }
    assert!((net(&plan, 5) - 20.0).abs() < 1e-6);
}

#[test]
fn an_order_from_outside_is_planned_within() {
    let mut commune = Commune::new("", &format!("{BATTERY}{CHARGER}"), (8, 60));
    commune.load(|_| 30.0);
    commune.vehicle("C", (0, 7), 20.0);
    let steps = commune.forecast.steps.clone();
    commune.estimate.external = vec![ExternalLimit {
        direction: Direction::Import,
        power: Power::from_kw(10.0),
        from: steps[0].start,
        until: steps[2].start,
        author: "the grid's operator".into(),
        reason: "works".into(),
    }];
    let plan = commune.plan();
    assert!(plan.import[..2].iter().all(|p| p.kw() <= 10.0 + 1e-6), "{:?}", plan.import);
    assert_eq!(plan.rung, Rung::Optimal);
    let delivered = energy(&plan, &plan.power[&id("C")], |_| true);
    assert!((delivered - 20.0).abs() < 1e-3, "the vehicle waits and is served: {delivered}");
}

const FEEDER: &str = "
electrical:
  band: 5 %
  upstream: 102 %
  feeders:
    far:
      limit: 80 kVA
      sections:
        - {node: field, length: 500 m, resistance: 0.206 ohm/km, reactance: 0.08 ohm/km,
           assets: [PV]}
";

#[test]
fn voltage_at_the_end_of_a_long_cable_bounds_the_sun() {
    let mut commune = Commune::new("", &format!("{SUN}{FEEDER}"), (4, 60));
    commune.sun("PV", |_| 90.0);
    let plan = commune.plan();
    // v² = 1.02² + 2 r P / U² may reach 1.047²: P = (1.047² - 1.02²) / 2 * 160 kW.ohm / 0.103 ohm.
    let most = (1.047_f64.powi(2) - 1.02_f64.powi(2)) / 2.0 * 160.0 / 0.103;
    assert!((-net(&plan, 0) - most).abs() < 1e-3, "{} {most}", net(&plan, 0));
    let voltage = plan.voltage[&id("field")][0].get();
    assert!((voltage - 1.047).abs() < 1e-6, "{voltage}");
    assert!(plan.limits[&id("PV")][0].is_some());
    let worth = (plan.why.energy_value[0].get(), plan.why.feeder_value[&id("far")][0].get());
    assert!((worth.0 - 0.05).abs() < 1e-6, "one kWh more would be sold: {worth:?}");
    let bound = &plan.why.bindings;
    assert!(bound.iter().any(|b| b.constraint.starts_with("field.voltage_high")), "{bound:?}");
}

#[test]
fn a_feeder_carries_what_it_may() {
    let near = FEEDER.replace("500 m", "20 m");
    let mut commune = Commune::new("", &format!("{SUN}{near}"), (4, 60));
    commune.sun("PV", |_| 100.0);
    let plan = commune.plan();
    assert!((-net(&plan, 1) - 80.0 * 0.97).abs() < 1e-6, "{}", net(&plan, 1));
    assert!(plan.voltage.is_empty(), "the voltage cannot leave its band, so nobody reckons it");
    assert!((plan.feeders[&id("far")][1].kw() + 80.0 * 0.97).abs() < 1e-6);
}

#[test]
fn what_it_costs_to_hold_something_is_the_difference_of_two_plans() {
    let mut commune = Commune::new("", BATTERY, (12, 60));
    commune.charge("B", 1.0);
    commune.load(|_| 25.0);
    commune.prices(|t| if t < 4 { 0.50 } else { 0.10 });
    let free = commune.plan();
    let until = commune.forecast.steps[4].start;
    let held = commune.plan_with(&[Hold { asset: id("B"), held: Held::Off, until }]);
    assert!(held.power[&id("B")][..4].iter().all(|p| p.kw().abs() < 1e-9));
    // 90 kWh that come out of the cells now cost 0.50 apiece to buy instead, less the wear and the
    // worth of what stays in the battery.
    let cost = held.why.objective - free.why.objective;
    assert!(cost > 90.0 * (0.50 - 0.10) * 0.5 && cost < 90.0 * 0.50, "{cost}");
}

#[test]
fn a_plan_is_the_same_every_time() {
    let mut commune = Commune::new("", &format!("{BATTERY}{CHARGER}{SUN}"), (24, 60));
    commune.load(|t| 20.0 + f64::from(u8::try_from(t).expect("a fixture")));
    commune.sun("PV", |t| if (8..16).contains(&t) { 60.0 } else { 0.0 });
    commune.vehicle("C", (3, 20), 40.0);
    let text = |plan: &Plan| serde_json::to_string(plan).expect("a fixture");
    assert_eq!(text(&commune.plan()), text(&commune.plan()));
}
