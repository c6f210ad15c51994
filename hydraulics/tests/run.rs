//! The network in time, and its audit.

#[cfg(test)]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod common;

use common::{ALWAYS_ON, SCHEDULE, balance, day, example, fresh, van_zyl};
use hydraulics::{
    HydraulicsError, MassBalance, Network, Run, RunOptions, STEP_S_MAX, TankLimit, Warning,
};

#[test]
fn the_balance_of_a_day_closes_whatever_the_step() {
    for step_s in [10, 60, 900, 3600] {
        let audit = balance(&day(&mut fresh(), &SCHEDULE, step_s));
        assert!(audit.closes(), "{audit:?}");
        assert!(audit.error_share().unwrap().abs() < 1e-5, "{audit:?}");
        assert!(audit.limit_seconds() < 1e-9);
        assert!((audit.seconds() - 86_400.0).abs() < 1e-6);
    }
}

#[test]
fn a_run_loses_no_water_at_full_tanks_and_says_that_they_are_full() {
    let mut energies = Vec::new();
    for step_s in [60, 600, 3600] {
        let steps = day(&mut fresh(), &ALWAYS_ON, step_s);
        let audit = balance(&steps);
        assert!(audit.closes(), "{step_s}: {audit:?}");
        assert!(audit.volumes().overflow_m3 < 1e-6, "{audit:?}");
        assert!(audit.limit_seconds() > 50_000.0, "{audit:?}");
        assert!(steps.iter().all(|step| !step.warnings.contains(&Warning::TankChatter)));
        let network = van_zyl();
        for step in &steps {
            for (tank, &level) in network.tanks().iter().zip(&step.tank_level_m) {
                assert!((tank.level_min_m..=tank.level_max_m).contains(&level));
            }
        }
        energies.push(steps.iter().map(hydraulics::Stepped::energy_j).sum::<f64>());
    }
    // Held tanks do not make the result depend on the step.
    for energy in &energies {
        assert!((energy / energies[0] - 1.0).abs() < 2e-3, "{energies:?}");
    }
}

#[test]
fn an_empty_tank_is_reported_and_starved_demand_breaks_the_balance() {
    let options = RunOptions { initial_level_m: Some(vec![0.3, 0.3]), ..RunOptions::default() };
    let mut run = Run::start(&van_zyl(), &options).unwrap();
    let steps: Vec<_> = (0..240).map(|_| run.step(60.0).unwrap()).collect();
    let last = steps.last().unwrap();
    assert_eq!(last.tank_limit, [TankLimit::Empty, TankLimit::Empty]);
    assert!(last.warnings.contains(&Warning::Starved), "{:?}", last.warnings);
    // EPANET counts the demand as delivered though nothing reaches it: the audit does not.
    let audit = balance(&steps);
    assert!(!audit.closes(), "{audit:?}");
    assert!(audit.error_m3() < -100.0, "{audit:?}");
}

#[test]
fn a_tank_that_may_spill_spills_and_the_balance_closes() {
    let text = std::fs::read_to_string(example("van_zyl.inp")).unwrap();
    let text = text.replace("        25        0\n", " 25 0 * YES\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spill.inp");
    std::fs::write(&path, text).unwrap();
    let network = Network::load(&path).unwrap();
    assert!(network.tanks()[0].can_overflow && !network.tanks()[1].can_overflow);
    let mut run = Run::start(&network, &RunOptions::default()).unwrap();
    let audit = balance(&day(&mut run, &ALWAYS_ON, 60));
    assert!(audit.volumes().overflow_m3 > 100.0, "{audit:?}");
    assert!(audit.closes(), "{audit:?}");
}

#[test]
fn the_same_calls_give_the_same_results_also_after_a_restart() {
    let first = day(&mut fresh(), &SCHEDULE, 600);
    let mut run = fresh();
    assert!(day(&mut run, &SCHEDULE, 600) == first);
    run.set_reservoir_head(0, 25.0).unwrap();
    run.set_demand(3, 0.01).unwrap();
    run.step(60.0).unwrap();
    run.restart(&[4.5, 9.5]).unwrap();
    assert!(run.elapsed_s() < 1e-9);
    assert!(day(&mut run, &SCHEDULE, 600) == first);
}

#[test]
fn many_short_steps_are_one_long_one() {
    let mut run = fresh();
    run.set_pump(0, 1.0).unwrap();
    for _ in 0..8640 * 5 {
        let step = run.step(10.0).unwrap();
        assert_eq!(step.tank_level_m.len(), 2);
    }
    assert!((run.elapsed_s() - 5.0 * 86_400.0).abs() < 1e-3);
    assert!(run.junction_pressure_m().unwrap().iter().all(|pressure| pressure.is_finite()));
}

#[test]
fn steps_of_any_length_sum_up() {
    // Fractions of seconds and uneven steps integrate the same flows.
    let mut even = fresh();
    let mut uneven = fresh();
    for _ in 0..100 {
        even.step(36.0).unwrap();
    }
    for step in 0..200 {
        uneven.step(if step % 2 == 0 { 7.25 } else { 28.75 }).unwrap();
    }
    for (a, b) in even.tank_level_m().iter().zip(uneven.tank_level_m()) {
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }
}

#[test]
fn demands_and_sources_act_where_they_are_set() {
    let network = van_zyl();
    let n3 = network.junctions().iter().position(|junction| junction.id == "n3").unwrap();
    let mut run = fresh();
    run.set_demand_factor(0.0).unwrap();
    assert!(run.step(60.0).unwrap().volumes.delivered_m3.abs() < 1e-9);
    run.set_demand(n3, 0.05).unwrap();
    let step = run.step(60.0).unwrap();
    assert!((step.volumes.delivered_m3 - 3.0).abs() < 1e-9);
    assert_eq!(step.lowest_pressure.unwrap().node, "n3", "water is taken there now");
    // An inflow at a junction counts as inflow.
    run.set_demand(n3, -0.02).unwrap();
    let step = run.step(60.0).unwrap();
    assert!((step.volumes.inflow_m3 - 1.2).abs() < 1e-3, "{:?}", step.volumes);
    let mut audit = MassBalance::new();
    audit.add(&step);
    assert!(audit.closes());
}

#[test]
fn a_perturbed_network_behaves_as_perturbed() {
    let network = van_zyl();
    let flow = |options: &RunOptions| {
        let mut run = Run::start(&network, options).unwrap();
        run.set_pump(0, 1.0).unwrap();
        run.set_pump(2, 1.0).unwrap();
        run.step(10.0).unwrap().pump_flow_m3s
    };
    let plain = flow(&RunOptions::default());
    let rough = flow(&RunOptions { roughness_factor: 0.8, ..RunOptions::default() });
    assert!(rough[0] < 0.99 * plain[0], "{rough:?} {plain:?}");
    let worn = Some(vec![0.95, 1.0, 1.0]);
    let worn = flow(&RunOptions { pump_head_factor: worn, ..RunOptions::default() });
    assert!(worn[0] < 0.99 * plain[0], "{worn:?} {plain:?}");
    // Its twin shares the curve in the file but not the wear.
    let twin = Some(vec![1.0, 0.5, 1.0]);
    let twin = flow(&RunOptions { pump_head_factor: twin, ..RunOptions::default() });
    assert_eq!(twin, plain);
}

#[test]
fn net3_runs_for_a_day_with_its_pumps_on() {
    let network = Network::load(example("Net3.inp")).unwrap();
    let mut run = Run::start(&network, &RunOptions::default()).unwrap();
    run.set_pump(0, 1.0).unwrap();
    run.set_pump(1, 1.0).unwrap();
    let mut audit = MassBalance::new();
    for minute in 0..24 * 60_u64 {
        run.set_demand_factor(network.demand_factor_at(minute * 60).unwrap()).unwrap();
        audit.add(&run.step(60.0).unwrap());
    }
    assert!(audit.closes(), "{audit:?}");
}

#[test]
fn malformed_calls_are_refused_and_change_nothing() {
    let mut run = fresh();
    for seconds in [0.0, -1.0, f64::NAN, f64::INFINITY, STEP_S_MAX * 1.01] {
        assert!(matches!(run.step(seconds), Err(HydraulicsError::BadValue { .. })));
    }
    assert!(matches!(
        run.set_pump(3, 1.0),
        Err(HydraulicsError::NoSuch { index: 3, count: 3, .. })
    ));
    assert!(matches!(run.set_pump(0, f64::NAN), Err(HydraulicsError::BadValue { .. })));
    assert!(matches!(run.set_demand(99, 1.0), Err(HydraulicsError::NoSuch { .. })));
    assert!(matches!(run.set_demand(0, f64::NAN), Err(HydraulicsError::BadValue { .. })));
    assert!(matches!(run.set_demand_factor(-1.0), Err(HydraulicsError::BadValue { .. })));
    assert!(matches!(run.set_reservoir_head(0, f64::NAN), Err(HydraulicsError::BadValue { .. })));
    assert!(matches!(run.restart(&[1.0]), Err(HydraulicsError::WrongCount { .. })));
    assert_eq!(run.tank_level_m(), [4.5, 9.5]);
    for options in [
        RunOptions { roughness_factor: 0.0, ..RunOptions::default() },
        RunOptions { roughness_factor: f64::NAN, ..RunOptions::default() },
        RunOptions { pump_head_factor: Some(vec![1.0]), ..RunOptions::default() },
        RunOptions { pump_head_factor: Some(vec![1.0, -1.0, 1.0]), ..RunOptions::default() },
        RunOptions { initial_level_m: Some(vec![4.5, 11.0]), ..RunOptions::default() },
    ] {
        assert!(Run::start(&van_zyl(), &options).is_err(), "{options:?}");
    }
    assert!(day(&mut run, &SCHEDULE, 3600) == day(&mut fresh(), &SCHEDULE, 3600));
}
