//! Whole days of the shipped commune on paused time: the same seed gives the same records, and the
//! optimiser earns its keep on a winter day without taking it from the tanks.

mod common;

use common::world;
use regie_sim::replay::{Player, Progress, Replay};
use regie_sim::report::{PolicyReport, Report};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

const DAY: &str = "2026-01-15";

fn replay(policies: &[Player], hours: Option<u32>, seed: u64) -> Report {
    let day = DAY.parse().expect("a day");
    let policies = policies.to_vec();
    let replay = Replay { day, days: 1, hours, seed, policies, trace: None, history: None };
    let progress = Progress::default();
    let report = replay.run(&world(), &progress).expect("the shipped site can be simulated");
    let (done, all) = (progress.done.load(Ordering::Relaxed), progress.all.load(Ordering::Relaxed));
    let cycles = u64::from(hours.unwrap_or(24)) * 60;
    assert_eq!((done, all), (cycles * replay.policies.len() as u64, done), "every cycle was run");
    report
}

fn hash(report: &Report, policy: &str) -> String {
    let hash = report.policies[policy].record_hash.clone();
    assert_eq!(hash.len(), 64, "{hash}");
    hash
}

#[test]
fn a_seed_gives_the_same_day_and_another_seed_another() {
    let day = |seed| hash(&replay(&[Player::Rules], None, seed), "rules");
    let hashes = [day(1), day(1), day(2)];
    assert_eq!(hashes[0], hashes[1], "the same seed");
    assert_ne!(hashes[0], hashes[2], "another seed");
}

#[test]
fn the_optimiser_repeats_itself_too() {
    let hours = |seed| hash(&replay(&[Player::Optimal], Some(4), seed), "optimal");
    assert_eq!(hours(1), hours(1));
}

#[test]
fn a_winter_day_costs_less_and_nobody_goes_without_water() {
    let report = replay(&[Player::Optimal, Player::Rules], None, 1);
    let (optimal, rules) = (&report.policies["optimal"], &report.policies["rules"]);
    println!("{}", report.table());
    for (name, policy) in [("optimal", optimal), ("rules", rules)] {
        assert_sound(name, policy);
    }
    assert!(optimal.cost <= 0.9 * rules.cost, "{} EUR, and {} EUR", optimal.cost, rules.cost);
    // Nothing is gained by emptying the tanks into the next day.
    let equal = (optimal.cost_at_equal_storage, rules.cost_at_equal_storage);
    assert!(equal.0 <= 0.95 * equal.1, "at equal storage {equal:?} EUR");
    assert!(optimal.storage_change >= -0.01, "{}", optimal.storage_change);
    for (id, tank) in &optimal.tanks {
        assert!(tank.minutes_outside < 1e-9, "{id}: {tank:?}");
    }
    let rungs: BTreeSet<&str> = optimal.fallbacks.keys().map(String::as_str).collect();
    let planned = BTreeSet::from(["optimal", "relaxed", "release"]);
    assert!(rungs.is_subset(&planned), "every cycle has a plan: {:?}", optimal.fallbacks);
    assert_eq!(optimal.fallbacks.get("release"), Some(&3), "it observes first");
}

/// What must hold whoever decides.
fn assert_sound(name: &str, policy: &PolicyReport) {
    let balance = policy.mass_balance_error.expect("there is water");
    assert!(balance.abs() < 1e-3, "{name}: mass balance {balance}");
    assert_eq!(policy.cycles, 1440, "{name}");
    assert!(policy.commands.sent > 0, "{name}");
    assert_eq!((policy.commands.failed, policy.commands.mismatched), (0, 0), "{name}");
    assert_eq!(policy.interlocks, 0, "{name}");
    assert!(policy.min_pressure_m.expect("there is water") > 0.0, "{name}");
    assert!(policy.cost.is_finite() && policy.cost > 0.0, "{name}");
}
