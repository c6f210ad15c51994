//! The program's bound and its naming of pumps.

use super::*;
use hydraulics::{AuditOptions, Drive, Limits, Network, Prices, audit};

fn network(name: &str) -> Network {
    Network::load(format!("{}/../examples/networks/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A day in hours, pumps of fixed speed.
fn day<'a>(
    network: &'a Network,
    (limits, prices): (&'a Limits, &'a Prices),
    speeds: &'a [Vec<f64>],
) -> Problem<'a> {
    Problem { network, step_s: 3600, steps: 24, limits, prices, speeds }
}

#[test]
fn who_runs_goes_on_running() {
    let network = network("van_zyl.inp");
    let (limits, prices) = (Limits::default(), Prices::File);
    let speeds = vec![vec![1.0]; 3];
    let course = Course::new(&day(&network, (&limits, &prices), &speeds), Inset::NONE);
    let mut variables = ProblemVariables::new();
    let ways = [[0, 0, 0], [1, 0, 0], [1, 1, 0]];
    // How many of the two equal pumps run in each step, and what the program's columns say.
    let counts = [1, 2, 1, 0, 1, 2, 2, 1];
    let mut columns = Vec::new();
    let mut chosen = Vec::new();
    for count in counts {
        let mut of_step = Vec::new();
        for (place, way) in ways.iter().enumerate() {
            of_step.push((way.to_vec(), columns.len(), variables.add(variable())));
            columns.push(if place == count { 1.0 } else { 0.0 });
        }
        chosen.push(of_step);
    }
    let choices = choose(&course, &chosen, &columns);
    let row = |pump: usize| -> Vec<u8> { choices.iter().skip(pump).step_by(3).copied().collect() };
    assert_eq!(row(0), [1, 1, 1, 0, 1, 1, 1, 1]);
    assert_eq!(row(1), [0, 1, 0, 0, 0, 1, 1, 0]);
    assert_eq!(row(2), [0; 8]);
}

#[test]
fn the_bound_is_below_the_best_schedule_known() {
    let network = network("van_zyl.inp");
    let (limits, prices) = (Limits::default(), Prices::File);
    let speeds = vec![vec![1.0]; 3];
    let problem = day(&network, (&limits, &prices), &speeds);
    let found = bound(&problem, 6.0, &|| false).unwrap();
    let bound = found.bound.expect("the program is small");
    assert!(bound < 339.64, "{bound} is above the cost of a schedule that was audited");
    assert!(bound > 250.0, "{bound} is no use");
}

#[test]
fn the_program_solves_a_small_network() {
    let network = network("Net1.inp");
    let limits = Limits::default();
    let prices = Prices::Clock("22:00-06:00=0.08,else=0.20".parse().unwrap());
    let speeds = vec![vec![1.0]];
    let problem = day(&network, (&limits, &prices), &speeds);
    let found = bound(&problem, 5.0, &|| false).unwrap();
    let (bound, schedule) = (found.bound.expect("a bound"), found.schedule.expect("a schedule"));
    let options = AuditOptions { prices: prices.clone(), ..problem.audit() };
    let cost = audit(&network, &Drive::Schedule(&schedule), &options).unwrap().cost.unwrap();
    assert!(bound <= cost * 1.001 && bound > 0.9 * cost, "{bound} {cost}");
}

#[test]
fn fewer_starts_cannot_be_cheaper() {
    let network = network("Net1.inp");
    let prices = Prices::Clock("22:00-06:00=0.08,else=0.20".parse().unwrap());
    let speeds = vec![vec![1.0]];
    let bound_with = |total_starts_max| {
        let limits = Limits { total_starts_max, ..Limits::default() };
        let problem = day(&network, (&limits, &prices), &speeds);
        bound(&problem, 5.0, &|| false).unwrap().bound.expect("a bound")
    };
    let (free, few) = (bound_with(None), bound_with(Some(1)));
    assert!(few >= free * (1.0 - 2.0 * GAP), "{few} {free}");
}

#[test]
fn who_is_told_to_stop_has_no_bound() {
    let network = network("van_zyl.inp");
    let (limits, prices) = (Limits::default(), Prices::File);
    let speeds = vec![vec![1.0]; 3];
    let found = bound(&day(&network, (&limits, &prices), &speeds), 5.0, &|| true).unwrap();
    assert!(found.bound.is_none() && found.schedule.is_none());
}

#[test]
fn equal_pumps_are_counted_and_speeds_thinned_out() {
    let network = network("van_zyl.inp");
    let (limits, prices) = (Limits::default(), Prices::File);
    let counts = |speeds: &[Vec<f64>]| -> Vec<Option<usize>> {
        let problem = day(&network, (&limits, &prices), speeds);
        let course = Course::new(&problem, Inset::NONE);
        let zones = course.network.zones().iter();
        zones.map(|zone| combinations(&course, zone).map(|all| all.len())).collect()
    };
    // None, one or both of the two, with or without the booster; consumers have no pump.
    assert_eq!(counts(&vec![vec![1.0]; 3]), [Some(6), Some(1)]);
    // Off and three of seven speeds: ten ways for the two, four for the booster.
    assert_eq!(counts(&vec![super::super::range(0.7, 1.0); 3]), [Some(40), Some(1)]);
}
