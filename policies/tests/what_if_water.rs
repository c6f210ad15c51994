//! What it would cost to hold a pump of the example commune, with its water network.

use hydraulics::Network;
use jiff::{SignedDuration, Timestamp};
use policies::estimate::{EstimateMemory, estimate};
use policies::forecast::{Learned, forecast, steps};
use policies::guard::GuardMemory;
use policies::optimise::{AskError, Counterfactual, Held, Hold, Inputs, Planner};
use policies::water::WaterModel;
use site::plan::{Basis, Estimate, Estimated, Forecast, Plan, PumpState};
use site::units::{Level, Power};
use site::{AssetId, Mono, Now, Site, Snapshot};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

struct World {
    site: Site,
    water: WaterModel,
    estimate: Estimate,
    forecast: Forecast,
}

fn id(name: &str) -> AssetId {
    AssetId::new(name).expect("a name")
}

/// Midnight in winter: all pumps stand, tanks at these levels, m.
fn world(levels: [f64; 2]) -> World {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    let text = std::fs::read_to_string(&path).expect("the example is there");
    let site = site::file::read(&text, &path).expect("the example resolves").site;
    let network = Network::load(&site.water.as_ref().expect("water").network).expect("loads");
    let water = WaterModel::new(&site, &network).expect("fits");
    let utc: Timestamp = "2026-01-14T23:00:00Z".parse().expect("a time");
    let dark = Snapshot::new(Now { mono: Mono::default(), utc }, BTreeMap::new());
    let (mut memory, guard) = (EstimateMemory::default(), GuardMemory::default());
    let mut estimate = estimate(&site, &dark, &mut memory, &guard, Vec::new());
    for (tank, level) in ["T1", "T2"].into_iter().zip(levels) {
        let (value, spread) = (Level::new(level), Level::new(0.01));
        let level = Estimated { value, spread, basis: Basis::Measured };
        estimate.tanks.insert(id(tank), Some(level));
    }
    for pump in ["P1", "P2", "P3"] {
        let stands = PumpState {
            running: Some(false),
            power: Some(Power::ZERO),
            in_state_for: Duration::from_secs(7200),
            starts_last_hour: 0,
            unavailable: None,
        };
        estimate.pumps.insert(id(pump), stands);
    }
    let learned = Learned::new(&site);
    let forecast = forecast(&site, &learned, &estimate, water.base_demand(), steps(&site, utc));
    World { site, water, estimate, forecast }
}

impl World {
    fn inputs(&self) -> Inputs<'_> {
        let World { site, water, estimate, forecast } = self;
        Inputs { site, water: Some(water), estimate, forecast, holds: &[] }
    }
    fn plan(&self) -> (Planner, Plan) {
        let mut planner = Planner::default();
        let plan = planner.optimise(&self.inputs()).0.expect("there is a plan");
        (planner, plan)
    }
    fn ask(&self, pump: &str, held: Held, hours: i64) -> Result<Counterfactual, AskError> {
        let (planner, plan) = self.plan();
        let until = self.estimate.now.utc + SignedDuration::from_hours(hours);
        let before = planner.clone();
        let hold = Hold { asset: id(pump), held, until };
        let answer = planner.counterfactual(&self.inputs(), Some(&plan), &hold);
        assert_eq!(planner, before, "a question changes nothing");
        answer
    }
}

fn shares(answer: &Counterfactual, pump: &str) -> Vec<f64> {
    let steps = answer.plan.steps.iter().zip(&answer.plan.pumps[&id(pump)]);
    let held = steps.filter(|(step, _)| step.start < answer.hold.until);
    held.map(|(_, share)| share.get()).collect()
}

#[test]
fn the_named_pump_is_the_one_that_is_held() {
    let world = world([2.0, 4.0]);
    for (pump, held, wanted) in
        [("P2", Held::Off, 0.0), ("P2", Held::On, 1.0), ("P1", Held::On, 1.0)]
    {
        let answer = world.ask(pump, held, 6).expect("it can be held");
        let shares = shares(&answer, pump);
        assert!(shares.len() > 8, "{shares:?}");
        assert!(shares.iter().all(|share| (share - wanted).abs() < 1e-6), "{pump}: {shares:?}");
        assert!(answer.all.get() >= 0.0 && !answer.truncated, "{}", answer.all.get());
        let difference = answer.cost_held.get() - answer.cost_free.get();
        assert!((answer.money.get() - difference).abs() < 1e-9);
    }
}

#[test]
fn a_town_without_its_only_pump_names_what_it_misses() {
    let world = world([2.0, 2.0]);
    // P3 alone fills the upper town's tank.
    let answer = world.ask("P3", Held::Off, 14).expect("every wish may be given up");
    assert!(shares(&answer, "P3").iter().all(|share| *share < 1e-9));
    let change = answer.given_up.iter().find(|change| change.wish.starts_with("T2."));
    let change = change.unwrap_or_else(|| panic!("{:?}", answer.given_up));
    assert!(change.held > change.free && change.from.is_some(), "{change:?}");
    assert!(answer.wishes.get() > 1.0 && answer.all.get() > 1.0, "{:?}", answer.given_up);
    let explained = policies::explain::explain_steps(&world.site, &answer.plan, &id("P3"));
    let missed = explained.iter().flat_map(|step| &step.missed);
    assert!(missed.clone().any(|missed| missed.constraint.starts_with("T2.")), "slacks by name");
    let sum: f64 = missed.map(|missed| missed.amount * missed.price).sum();
    assert!(sum > 1.0, "with their prices: {sum}");
}

#[test]
fn a_pump_that_must_not_start_is_not_held_on() {
    let mut world = world([2.0, 4.0]);
    let most = world.site.pump(&id("P1")).expect("a pump").max_starts_per_hour;
    world.estimate.pumps.get_mut(&id("P1")).expect("known").starts_last_hour = most;
    let error = world.ask("P1", Held::On, 3).expect_err("it must not start").to_string();
    assert!(error.contains(&format!("{most} of its {most} starts an hour are used up")), "{error}");
    assert!(world.ask("P1", Held::Off, 3).is_ok(), "it may stand");
    world.estimate.pumps.get_mut(&id("P1")).expect("known").unavailable = Some("local".into());
    let error = world.ask("P1", Held::Off, 3).expect_err("nobody commands it").to_string();
    assert!(error.contains("not available to the plan (local)"), "{error}");
}

#[test]
fn a_least_rest_comes_before_a_hold() {
    let mut world = world([2.0, 4.0]);
    let state = world.estimate.pumps.get_mut(&id("P2")).expect("known");
    state.in_state_for = Duration::from_secs(60);
    let answer = world.ask("P2", Held::On, 3).expect("after its rest");
    assert!(answer.notes[0].contains("it stands for 9 min more first"), "{:?}", answer.notes);
    let shares = shares(&answer, "P2");
    assert!(shares[0] < 1e-9, "{shares:?}");
    assert!(shares[1..].iter().all(|share| *share > 0.999), "{shares:?}");
}

#[test]
fn every_step_says_what_energy_and_water_are_worth() {
    let world = world([2.0, 4.0]);
    let (_, plan) = world.plan();
    let steps = policies::explain::explain_steps(&world.site, &plan, &id("P3"));
    assert_eq!(steps.len(), plan.steps.len());
    for (t, step) in steps.iter().enumerate() {
        assert_eq!(step.grid_value, Some(plan.why.energy_value[t]));
        let tanks: Vec<&str> = step.water.iter().map(|water| water.tank.as_str()).collect();
        assert_eq!(tanks, ["T2", "T1"], "it fills the one and draws from the other");
        let dearer = step.water[0].eur_per_m3 >= step.water[1].eur_per_m3 - 0.02;
        assert!(dearer, "lifted water is worth more: {step:?}");
    }
    let named: usize = steps.iter().map(|step| step.bindings.len()).sum();
    assert!(named > 0, "{:?}", plan.why.bindings);
}
