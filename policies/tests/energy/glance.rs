//! What can be said against a plan at a glance: a good one passes, and any one thing that is wrong
//! with it is found and named.

use crate::commune::{Commune, id};
use policies::optimise::{Inputs, examine};
use site::plan::{Binding, Missed, Plan, Rung, Shortfall};
use site::units::{Flow, Level, Money, Power, Ratio};
use std::time::Duration;

const ALL: &str = "
batteries:
  B: {device: d, mode: control, safe_state: stop, capacity: 100 kWh, charge_power: 50 kW,
      efficiency: 81 %, charge_low: 0 %, charge_high: 100 %, reserve: 0 %, wear: 0.01 EUR/kWh}
chargers:
  C: {device: d, mode: control, safe_state: local, max_current: 32 A, value: 2 EUR/kWh}
inverters:
  PV: {device: d, mode: control, safe_state: release, rated_power: 100 kW}
lift_stations:
  L: {device: d, level: d.level, mode: control, safe_state: local, rated_power: 9 kW,
      flow: 18 l/s, inflow: 5 l/s, height: 2 m, volume: 36 m3}
";

fn commune() -> Commune {
    let mut commune = Commune::new("", ALL, (8, 15));
    commune.well("L", 1.0);
    commune.forecast.inflow.insert(id("L"), vec![Flow::new(0.005); 8]);
    commune.load(|_| 20.0);
    commune.vehicle("C", (0, 4), 10.0);
    let plan = commune.plan();
    assert_eq!(plan.rung, Rung::Optimal, "{:?}", plan.why.shortfalls);
    commune
}

fn said(commune: &Commune, change: impl FnOnce(&mut Plan)) -> String {
    let mut plan = commune.plan();
    change(&mut plan);
    let Commune { site, estimate, forecast } = commune;
    let inputs = Inputs { site, water: None, estimate, forecast, holds: &[] };
    examine(&inputs, &plan).expect_err("something is wrong with it")
}

#[test]
fn a_plan_for_another_question_is_refused() {
    let commune = commune();
    let said = |change: fn(&mut Plan)| said(&commune, change);
    assert!(said(|plan| plan.made_at += Duration::from_secs(60)).contains("it was made at"));
    assert!(said(|plan| plan.expires_at += Duration::from_secs(60)).contains("it expires at"));
    assert!(
        said(|plan| plan.switching_made_at += Duration::from_secs(60)).contains("after now"),
        "pumps cannot be chosen tomorrow"
    );
    assert!(said(|plan| shorten(&mut plan.steps)).contains("its steps are 7 from"));
    assert!(said(|plan| plan.steps.clear()).contains("its steps are none"));
    assert!(said(|plan| shorten(&mut plan.price)).contains("its prices"));
    assert!(said(|plan| plan.class[0] = "other".into()).contains("its prices"));
    assert!(said(|plan| plan.rung = Rung::Relaxed).contains("relaxed and gives up 0 wishes"));
    assert!(said(|plan| plan.rung = Rung::Release).contains("release"));
    assert!(said(|plan| plan.why.shortfalls.push(missed(1.0))).contains("gives up 1 wishes"));
}

fn missed(amount: f64) -> Shortfall {
    let from = "2026-01-14T00:00:00Z".parse().expect("a time");
    let (wish, unit) = ("C.session".to_owned(), "kWh".to_owned());
    Shortfall { wish, from, amount, unit, penalty: Money::ZERO }
}

#[test]
fn a_plan_that_does_not_fit_the_site_is_refused() {
    let commune = commune();
    let said = |change: fn(&mut Plan)| said(&commune, change);
    assert_eq!(said(|plan| drop(plan.limits.remove(&id("PV")))), "limits: PV is missing");
    let stranger = |plan: &mut Plan| drop(plan.power.insert(id("X"), vec![Power::ZERO; 8]));
    assert_eq!(said(stranger), "power: the site has no X");
    let pump = |plan: &mut Plan| drop(plan.pumps.insert(id("P1"), vec![Ratio::ONE; 8]));
    assert_eq!(said(pump), "pumps: the site has no P1");
    let tank = |plan: &mut Plan| drop(plan.tanks.insert(id("T1"), vec![Level::ZERO; 8]));
    assert_eq!(said(tank), "tanks: the site has no T1");
    let feeder = |plan: &mut Plan| drop(plan.feeders.insert(id("F"), Vec::new()));
    assert_eq!(said(feeder), "feeders: the site has no F");
    for (name, shorter) in [
        ("power of B", (|plan| shorten(series(&mut plan.power, "B"))) as fn(&mut Plan)),
        ("power of C", |plan| shorten(series(&mut plan.power, "C"))),
        ("charge of B", |plan| shorten(series(&mut plan.charge, "B"))),
        ("switched of L", |plan| shorten(series(&mut plan.switched, "L"))),
        ("wells of L", |plan| shorten(series(&mut plan.wells, "L"))),
        ("limits of PV", |plan| shorten(series(&mut plan.limits, "PV"))),
    ] {
        assert_eq!(said(shorter), format!("{name} have 7 steps of 8"));
    }
    assert_eq!(said(|plan| plan.import.push(Power::ZERO)), "import has 9 steps of 8");
    assert_eq!(said(|plan| plan.peaks.push(Power::ZERO)), "it has 1 peaks for 0 charges");
    let longer = |plan: &mut Plan| drop(plan.why.water_value.insert(id("L"), vec![0.0; 9]));
    assert_eq!(said(longer), "a value has 9 steps of 8");
}

fn shorten<T>(series: &mut Vec<T>) {
    series.truncate(series.len() - 1);
}

fn series<'a, T>(
    all: &'a mut std::collections::BTreeMap<site::AssetId, Vec<T>>,
    name: &str,
) -> &'a mut Vec<T> {
    all.get_mut(&id(name)).expect("the plan has it")
}

#[test]
fn a_plan_beyond_what_assets_can_do_is_refused() {
    let commune = commune();
    let said = |change: fn(&mut Plan)| said(&commune, change);
    for (name, beyond) in [
        (
            "power of B: 51",
            (|plan| series(&mut plan.power, "B")[3] = Power::from_kw(51.0)) as fn(&mut Plan),
        ),
        ("power of B: -51", |plan| series(&mut plan.power, "B")[3] = Power::from_kw(-51.0)),
        ("power of C: -1", |plan| series(&mut plan.power, "C")[3] = Power::from_kw(-1.0)),
        ("power of C: 23", |plan| series(&mut plan.power, "C")[3] = Power::from_kw(23.0)),
        ("charge of B: 1.5", |plan| series(&mut plan.charge, "B")[3] = Ratio::new(1.5)),
        ("switched of L: 2", |plan| series(&mut plan.switched, "L")[0] = Ratio::new(2.0)),
        ("switched of L: -1", |plan| series(&mut plan.switched, "L")[0] = Ratio::new(-1.0)),
        ("wells of L: 1.05", |plan| series(&mut plan.wells, "L")[0] = Level::new(2.1)),
        ("limits of PV: 7", |plan| series(&mut plan.limits, "PV")[0] = Some(Ratio::new(7.0))),
    ] {
        let found = said(beyond);
        assert!(found.starts_with(name) && found.contains(" is not between "), "{name}: {found}");
    }
}

#[test]
fn a_reason_that_is_no_number_is_refused() {
    let commune = commune();
    let wrong = "its reasons have the number";
    assert!(said(&commune, |plan| plan.why.objective = f64::NAN).contains(wrong));
    let binding = Binding { constraint: "B.balance[0]".to_owned(), price: f64::INFINITY };
    assert!(said(&commune, |plan| plan.why.bindings.push(binding)).contains(wrong));
    let of_step = Missed {
        constraint: "C.session[0]".to_owned(),
        amount: f64::NAN,
        unit: "kWh".to_owned(),
        price: 1.0,
    };
    assert!(said(&commune, |plan| plan.why.missed.push(of_step)).contains(wrong));
    let found = said(&commune, |plan| {
        plan.rung = Rung::Relaxed;
        plan.why.shortfalls.push(missed(f64::NAN));
    });
    assert!(found.contains(wrong), "{found}");
}
