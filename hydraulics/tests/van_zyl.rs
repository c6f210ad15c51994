//! The van Zyl network against a table made from another file of it, and against its published
//! schedule.

#[cfg(test)]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod common;

use common::{SCHEDULE, agree, fresh, table, van_zyl};
use hydraulics::{Efficiency, PumpKind};

#[test]
fn our_run_has_the_hydraulics_of_the_reference() {
    let steps = common::day(&mut fresh(), &SCHEDULE, 3600);
    for (row, step) in table().iter().zip(&steps) {
        let ours = step.tank_level_m.iter().chain(&step.pump_flow_m3s).chain(&step.pump_energy_j);
        for (column, (&ours, &theirs)) in ours.zip(&row[1..]).enumerate() {
            agree(ours, theirs, &format!("hour {} column {}", row[0], column + 1));
        }
    }
}

#[test]
fn the_published_schedule_costs_what_was_published() {
    let network = van_zyl();
    for (step_s, tolerance) in [(3600, 5e-5), (60, 5e-3)] {
        let steps = common::day(&mut fresh(), &SCHEDULE, step_s);
        let mut cost = 0.0;
        for (index, step) in steps.iter().enumerate() {
            let elapsed_s = index as u64 * u64::from(step_s);
            for (pump, energy_j) in step.pump_energy_j.iter().enumerate() {
                cost += energy_j / 3.6e6 * network.price_per_kwh_at(pump, elapsed_s).unwrap();
            }
        }
        assert!((cost / 340.72 - 1.0).abs() < tolerance, "{step_s} s steps cost {cost}");
        let last = steps.last().unwrap();
        assert!(last.tank_level_m[0] >= 4.5 && last.tank_level_m[1] >= 9.5);
        assert!(steps.iter().all(|step| !step.at_limit() && step.warnings.is_empty()));
    }
}

#[test]
fn the_network_describes_itself() {
    let network = van_zyl();
    assert!(network.title().starts_with("van Zyl, Savic & Walters (2004)"));
    let pumps: Vec<_> = network.pumps().iter().map(|pump| pump.id.as_str()).collect();
    assert_eq!(pumps, ["pmp1", "pmp2", "pmp6"]);
    let stations: Vec<_> = network.stations().iter().map(|station| &station.pumps[..]).collect();
    assert_eq!(stations, [&[0, 1][..], &[2][..]]);
    let PumpKind::HeadCurve { points, .. } = &network.pumps()[0].kind else { panic!("no curve") };
    assert_eq!(points.len(), 3);
    assert!((points[1].0 - 0.12).abs() < 1e-12 && (points[1].1 - 90.0).abs() < 1e-12);
    assert_eq!(network.pumps()[2].efficiency, Efficiency::Constant(0.85));
    let Efficiency::Curve { points, .. } = &network.pumps()[1].efficiency else { panic!("none") };
    assert!((points[1].0 - 0.107).abs() < 1e-12 && (points[1].1 - 0.8).abs() < 1e-12);
    let t5 = &network.tanks()[0];
    assert_eq!(t5.id, "t5");
    assert!((t5.volume_max_m3() - 2454.369).abs() < 1e-2, "{}", t5.volume_max_m3());
    assert!((t5.level_m(t5.volume_m3(3.21)) - 3.21).abs() < 1e-12);
    let takers: Vec<_> = network.junctions().iter().filter(|j| j.has_demand).collect();
    assert_eq!(takers.len(), 2);
    assert!((network.base_demand_m3s() - 0.15).abs() < 1e-12);
    assert!((network.reservoirs()[0].head_m - 20.0).abs() < 1e-12);
    assert_eq!(network.times().clock_start_s, 7 * 3600);
    assert!((network.demand_factor_at(25 * 3600).unwrap() - 1.48).abs() < 1e-12);
    assert!((network.price_per_kwh_at(0, 16 * 3600).unwrap() - 0.1194).abs() < 1e-12);
    assert!((network.price_per_kwh_at(2, 17 * 3600).unwrap() - 0.0244).abs() < 1e-12);
    assert_eq!(network.price_per_kwh_at(3, 0), None);
}
