//! Hours of the shipped commune whose truth is not what the planner is told: no true level leaves
//! its band, and what is wrong is found and said.

mod common;

use common::world;
use regie_sim::perturb::Perturbation;
use regie_sim::replay::{Player, Progress, Replay};
use regie_sim::report::{PolicyReport, Report};
use site::plan::{Basis, MisfitKind};

/// A replay from midnight over the morning's peak.
fn replay(day: &str, hours: u32, seed: u64, perturb: &str) -> Report {
    let mut world = world();
    let perturbation: Perturbation = perturb.parse().expect("it is well formed");
    world.perturb(perturbation).expect("the site has it");
    let replay = Replay {
        day: day.parse().expect("a day"),
        days: 1,
        hours: Some(hours),
        seed,
        policies: vec![Player::Optimal],
        trace: None,
        history: None,
    };
    replay.run(&world, &Progress::default()).expect("the shipped site can be simulated")
}

/// What must hold whatever is wrong with the model.
fn assert_in_band(report: &Report) -> &PolicyReport {
    println!("{}", report.table());
    let optimal = &report.policies["optimal"];
    for (id, tank) in &optimal.tanks {
        assert!(tank.minutes_outside < 1e-9, "{id}: {tank:?}");
    }
    assert_eq!(optimal.interlocks, 0);
    assert_eq!(optimal.unplanned(), 3, "it observes first: {:?}", optimal.fallbacks);
    optimal
}

trait Unplanned {
    fn unplanned(&self) -> u64;
}

impl Unplanned for PolicyReport {
    /// Cycles without a plan.
    fn unplanned(&self) -> u64 {
        let planned = ["optimal", "relaxed"].iter().filter_map(|rung| self.fallbacks.get(*rung));
        self.cycles - planned.sum::<u64>()
    }
}

#[test]
fn all_at_once_on_a_summer_morning() {
    let all = "demand=1.15,pump=P1:0.9,roughness=0.8,drift=T1:0.10@0";
    let report = replay("2026-07-15", 10, 2, all);
    let optimal = assert_in_band(&report);
    let demand = optimal.model.demand.expect("ten hours were seen");
    // The day is warm too, which the profile does not know either; what it has learned of the hours
    // that went by is no deviation any more.
    assert!((1.1..=1.45).contains(&demand.ratio), "{demand:?}");
    let text = serde_json::to_string(&report).expect("a report is JSON");
    assert!(text.contains(r#""perturbed":{"demand":1.15,"pumps":{"P1":0.9},"roughness":0.8"#));
}

#[test]
fn weak_pumps_and_a_transmitter_that_shows_too_little() {
    let report = replay("2026-01-15", 8, 1, "pump=P1:0.9,pump=P2:0.9,drift=T1:-0.10@0");
    let optimal = assert_in_band(&report);
    let pumps = &optimal.model.pumps;
    let measured = pumps.values().filter(|fit| fit.flow.basis == Basis::Measured);
    let factors: Vec<f64> = measured.map(|fit| fit.flow.value.get()).collect();
    assert!(!factors.is_empty() && factors.iter().any(|factor| *factor < 0.93), "{pumps:?}");
    let drifts = optimal.model.misfits.iter().any(|misfit| misfit.kind == MisfitKind::Balance);
    assert!(!drifts, "an error that does not change is in no balance");
}

#[test]
fn less_demand_than_expected_and_a_transmitter_that_shows_too_little() {
    let report = replay("2026-01-15", 8, 3, "demand=0.85,drift=T1:-0.10@0,drift=T2:-0.10@0");
    let optimal = assert_in_band(&report);
    let demand = optimal.model.demand.expect("eight hours were seen");
    assert!((0.78..=0.95).contains(&demand.ratio), "{demand:?}");
}

#[test]
fn what_the_site_does_not_have_cannot_be_perturbed() {
    let error = |text: &str| {
        let perturbation: Perturbation = text.parse().expect("it is well formed");
        world().perturb(perturbation).expect_err("the site does not have it").to_string()
    };
    let pump = "the site has no pump 'P9' to perturb; it has: P1, P2, P3";
    assert_eq!(error("pump=P9:0.9"), pump);
    assert_eq!(error("drift=P1:0.1"), "the site has no tank 'P1' to perturb; it has: T1, T2");
}
