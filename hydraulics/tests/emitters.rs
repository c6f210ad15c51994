//! Emitters as leaks: flow follows the pressure, and the balance still closes.

#[cfg(test)]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod common;

use common::{SCHEDULE, balance, day, example, fresh, van_zyl};
use hydraulics::{HydraulicsError, MassBalance, Network, Run, RunOptions};

fn place(network: &Network, id: &str) -> usize {
    network.junctions().iter().position(|junction| junction.id == id).expect("it is there")
}

#[test]
fn an_emitter_lets_out_what_its_formula_says_in_si_and_in_us_units() {
    for (file, junction) in [("van_zyl.inp", "n6"), ("Net1.inp", "22"), ("Net3.inp", "105")] {
        let network = Network::load(example(file)).unwrap();
        let place = place(&network, junction);
        let mut run = Run::start(&network, &RunOptions::default()).unwrap();
        let exponent = run.emitter_exponent().unwrap();
        assert!((exponent - 0.5).abs() < 1e-12);
        run.set_emitter(place, 0.002).unwrap();
        let step = run.step(10.0).unwrap();
        let pressure = run.junction_pressure_m().unwrap()[place];
        assert!(pressure > 1.0, "{file}: {pressure} m");
        let expected = 0.002 * pressure.powf(exponent) * 10.0;
        assert!((step.leak_m3 / expected - 1.0).abs() < 1e-3, "{file}: {step:?} {expected}");
        let mut audit = MassBalance::new();
        audit.add(&step);
        assert!(audit.closes(), "{file}: {audit:?}");
    }
}

#[test]
fn a_day_with_a_leak_closes_and_the_leak_is_part_of_what_is_delivered() {
    let tight = balance(&day(&mut fresh(), &SCHEDULE, 600)).volumes();
    let mut run = fresh();
    run.set_emitter(place(&van_zyl(), "n6"), 0.001).unwrap();
    let steps = day(&mut run, &SCHEDULE, 600);
    let audit = balance(&steps);
    assert!(audit.closes(), "{audit:?}");
    let leak: f64 = steps.iter().map(|step| step.leak_m3).sum();
    assert!(leak > 300.0, "{leak} m3");
    assert!((audit.volumes().delivered_m3 - tight.delivered_m3 - leak).abs() < 1.0, "{leak}");
}

#[test]
fn an_emitter_closes_and_a_restart_forgets_it() {
    let first = day(&mut fresh(), &SCHEDULE, 3600);
    let mut run = fresh();
    let n6 = place(&van_zyl(), "n6");
    run.set_emitter(n6, 0.01).unwrap();
    assert!(run.step(60.0).unwrap().leak_m3 > 1.0);
    run.set_emitter(n6, 0.0).unwrap();
    let closed = run.step(60.0).unwrap();
    assert!(closed.leak_m3.abs() < 1e-9, "{closed:?}");
    run.set_emitter(n6, 0.01).unwrap();
    run.restart(&[4.5, 9.5]).unwrap();
    assert!(day(&mut run, &SCHEDULE, 3600) == first);
}

#[test]
fn nothing_flows_in_through_a_leak() {
    // The booster's suction side lies above the source while nothing is pumped.
    let mut run = Run::start(&van_zyl(), &RunOptions::default()).unwrap();
    let network = van_zyl();
    let n10 = place(&network, "n10");
    run.set_emitter(n10, 0.01).unwrap();
    let step = run.step(60.0).unwrap();
    let pressure = run.junction_pressure_m().unwrap()[n10];
    assert!(pressure < 0.0, "{pressure} m");
    assert!(step.leak_m3.abs() < 1e-3, "{step:?}");
}

#[test]
fn a_coefficient_that_makes_no_sense_is_refused() {
    let mut run = fresh();
    for wrong in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(run.set_emitter(0, wrong), Err(HydraulicsError::BadValue { .. })));
    }
    assert!(matches!(run.set_emitter(99, 1.0), Err(HydraulicsError::NoSuch { .. })));
}
