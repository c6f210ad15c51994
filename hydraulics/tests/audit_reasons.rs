//! Every reason for which the audit refuses a course, provoked.

#[cfg(test)]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod common;

use common::{SCHEDULE, edited, network, schedule, van_zyl};
use hydraulics::{
    Audit, AuditOptions, Drive, EndLevel, Fault, Limits, Network, Reason, Schedule, audit,
};

#[cfg(test)]
fn published(limits: Limits) -> Audit {
    let options = AuditOptions { limits, ..AuditOptions::default() };
    audit(&van_zyl(), &Drive::Schedule(&schedule(&SCHEDULE)), &options).unwrap()
}

/// The only fault of an audit.
#[cfg(test)]
fn only(audit: &Audit) -> &Fault {
    assert_eq!(audit.faults.len(), 1, "{:?}", audit.faults);
    &audit.faults[0]
}

/// Runs all pumps of a network at some speeds, one for each hour, ending at any level.
#[cfg(test)]
fn hours(network: &Network, levels: Option<Vec<f64>>, speed: &[f64]) -> Audit {
    let schedule = Schedule { step_s: 3600, speed: vec![speed.to_vec(); network.pumps().len()] };
    let options = AuditOptions {
        duration_s: 3600 * u32::try_from(speed.len()).unwrap(),
        initial_level_m: levels,
        limits: Limits { end_level: EndLevel::Free, ..Limits::default() },
        ..AuditOptions::default()
    };
    audit(network, &Drive::Schedule(&schedule), &options).unwrap()
}

/// A pump lifts into a tank from which one junction is served: small numbers to play with.
const SMALL: &str = "
[OPTIONS]
 Units LPS
 Headloss H-W
 Unbalanced Continue 10
[TIMES]
 Duration 24:00
 Hydraulic Timestep 1:00
 Pattern Timestep 1:00
 Report Timestep 1:00
[RESERVOIRS]
 well 10
[JUNCTIONS]
 top 40 0
 town 30 10
[TANKS]
 tank 60 2 1 5 10 0
[PIPES]
 rising top tank 100 200 120 0 Open
 falling tank town 100 200 120 0 Open
[PUMPS]
 pump well top HEAD curve
[CURVES]
 curve 20 60
[END]
";

#[test]
fn the_end_level() {
    assert!(published(Limits::default()).feasible());
    let wanted = EndLevel::AtLeast(vec![4.5, 9.6]);
    let audit = published(Limits { end_level: wanted, ..Limits::default() });
    let fault = only(&audit);
    assert_eq!(fault.reason, Reason::EndLevel);
    assert!(fault.text.contains("tank t6 ends at 9.5406 m"), "{}", fault.text);
    assert!((fault.excess - (9.6 - audit.tanks[1].end_m)).abs() < 1e-9);
    let lower = EndLevel::AtLeast(vec![4.5, 9.5]);
    assert!(published(Limits { end_level: lower, ..Limits::default() }).feasible());
}

#[test]
fn the_pressure_floors() {
    let network = van_zyl();
    let at = |id: &str| network.junctions().iter().position(|j| j.id == id).unwrap();
    let lowest = published(Limits::default()).lowest.unwrap();
    let floor = |metres| Limits { min_pressure_all_m: Some(metres), ..Limits::default() };
    assert!(published(floor(lowest.metres - 0.01)).feasible());
    let above = published(floor(lowest.metres + 0.5));
    assert_eq!(only(&above).reason, Reason::Pressure);
    assert!((only(&above).excess - 0.5).abs() < 1e-9);
    assert!(only(&above).text.contains(&format!("at {} at", lowest.node)));
    // A floor at one junction; one without demand may have one too.
    let single = |id| Limits { min_pressure_m: vec![(at(id), 45.0)], ..Limits::default() };
    assert!(published(single("n5")).feasible());
    assert_eq!(only(&published(single("n3"))).reason, Reason::Pressure);
}

#[test]
fn the_starts() {
    let each = |count| Limits { starts_max: Some(count), ..Limits::default() };
    assert!(published(each(5)).feasible());
    let audit = published(each(4));
    assert_eq!(audit.faults.len(), 2);
    assert!(audit.faults[0].text.contains("pump pmp1 started 5 times, 4 are allowed"));
    let total = |count| Limits { total_starts_max: Some(count), ..Limits::default() };
    assert!(published(total(14)).feasible());
    let audit = published(total(9));
    assert_eq!(only(&audit).reason, Reason::Starts);
    assert!((only(&audit).excess - 5.0).abs() < 1e-12);
}

#[test]
fn a_start_across_the_end_counts_where_the_course_repeats() {
    let network = network(SMALL);
    let starts = |speed: &[f64], periodic| {
        let step_s = 3600;
        let schedule = Schedule { step_s, speed: vec![speed.to_vec()] };
        let options = AuditOptions {
            duration_s: step_s * 4,
            limits: Limits { periodic, ..Limits::default() },
            ..AuditOptions::default()
        };
        audit(&network, &Drive::Schedule(&schedule), &options).unwrap().starts[0]
    };
    assert_eq!((starts(&[1.0, 0.0, 1.0, 0.0], false), starts(&[1.0, 0.0, 1.0, 0.0], true)), (1, 2));
    assert_eq!((starts(&[1.0, 0.0, 0.0, 1.0], false), starts(&[1.0, 0.0, 0.0, 1.0], true)), (1, 1));
    assert_eq!((starts(&[1.0; 4], false), starts(&[1.0; 4], true)), (0, 0));
    assert_eq!((starts(&[0.0, 1.0, 0.9, 0.0], false), starts(&[0.0; 4], true)), (1, 0));
}

#[test]
fn runs_and_stops_that_are_too_short() {
    let network = network(SMALL);
    let reasons = |speed: &[f64], periodic| {
        let schedule = Schedule { step_s: 1800, speed: vec![speed.to_vec()] };
        let options = AuditOptions {
            duration_s: 1800 * u32::try_from(speed.len()).unwrap(),
            limits: Limits {
                end_level: EndLevel::Free,
                min_run_s: 3600,
                min_stop_s: 5400,
                periodic,
                ..Limits::default()
            },
            ..AuditOptions::default()
        };
        let audit = audit(&network, &Drive::Schedule(&schedule), &options).unwrap();
        audit.faults.iter().map(|f| (f.reason, f.excess)).collect::<Vec<_>>()
    };
    assert_eq!(reasons(&[0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0], false), []);
    assert_eq!(reasons(&[0.0, 1.0, 0.0], false), [(Reason::MinRun, 1800.0)]);
    assert_eq!(reasons(&[1.0, 0.0, 0.0, 1.0], false), [(Reason::MinStop, 1800.0)]);
    // Across the end the last run goes on in the first, or is cut off there for good.
    assert_eq!(reasons(&[1.0, 0.0, 0.0, 0.0, 1.0], true), []);
    assert_eq!(reasons(&[1.0, 0.0, 0.0, 0.0], true), [(Reason::MinRun, 1800.0)]);
    assert_eq!(reasons(&[1.0, 1.0, 0.0], true), [(Reason::MinStop, 3600.0)]);
}

#[test]
fn a_tank_may_leave_a_limit_at_which_it_starts_but_not_stay_there() {
    let network = network(SMALL);
    // The town empties the full tank; where it takes nothing the tank stays full.
    assert!(hours(&network, Some(vec![5.0]), &[0.0, 0.0]).feasible());
    let still = common::network(&SMALL.replace("town 30 10", "town 30 0"));
    let held = hours(&still, Some(vec![5.0]), &[1.0, 0.0]);
    assert!(only(&held).text.contains("where it starts and does not leave"), "{:?}", held.faults);
    assert_eq!(only(&held).reason, Reason::TankAtLimit);
    // The same at the bottom; exactly there EPANET closes the outlet, so water is missing.
    assert!(hours(&network, Some(vec![1.001]), &[1.0, 1.0]).feasible());
    assert!(hours(&network, Some(vec![1.001]), &[0.0, 1.0]).has(Reason::TankAtLimit));
    let empty = hours(&network, Some(vec![1.0]), &[1.0, 1.0]);
    assert!(empty.has(Reason::MassBalance) && !empty.has(Reason::TankAtLimit));
    // It may not come back either.
    let back = hours(&network, Some(vec![1.3]), &[0.0, 1.0]);
    let text = &back.faults.iter().find(|f| f.reason == Reason::TankAtLimit).unwrap().text;
    assert!(text.contains("its lowest level 1.000 m, first at 00:"), "{text}");
}

#[test]
fn the_margin_is_the_callers() {
    let network = van_zyl();
    let with = |level_margin_m| published(Limits { level_margin_m, ..Limits::default() });
    let highest = with(0.01).tanks[0].max_m;
    let room_m = network.tanks()[0].level_max_m - highest;
    assert!(with(room_m - 0.001).feasible());
    let audit = with(room_m + 0.001);
    assert_eq!(only(&audit).reason, Reason::TankAtLimit);
    assert!((only(&audit).excess - 0.001).abs() < 1e-9);
}

#[test]
fn a_tank_that_spills_balances_but_stands_at_its_limit() {
    let text = SMALL.replace("60 2 1 5 10 0", "60 2 1 5 10 0 * YES");
    let audit = hours(&network(&text), Some(vec![4.9]), &[1.0, 1.0, 1.0]);
    assert!(audit.balance.volumes().overflow_m3 > 10.0, "{:?}", audit.balance);
    assert!(audit.balance.closes(), "{:?}", audit.balance);
    assert_eq!(only(&audit).reason, Reason::TankAtLimit);
}

#[test]
fn an_empty_tank_delivers_water_from_nowhere() {
    let audit = hours(&network(SMALL), None, &[0.0; 6]);
    assert!(audit.has(Reason::TankAtLimit) && audit.has(Reason::MassBalance));
    let text = &audit.faults.iter().find(|f| f.reason == Reason::MassBalance).unwrap().text;
    assert!(text.contains("appears from nowhere"), "{text}");
    assert!(audit.balance.error_m3() < 0.0);
}

#[test]
fn negative_pressure_where_water_is_taken() {
    let text = SMALL.replace("town 30 10", "town 80 10");
    let audit = hours(&network(&text), None, &[1.0]);
    let fault = only(&audit);
    assert_eq!(fault.reason, Reason::NegativePressure);
    assert!(fault.text.contains("m at town at 00:00:00"), "{}", fault.text);
    assert!((fault.excess + audit.lowest.as_ref().unwrap().metres).abs() < 1e-12);
    // Where nothing is taken it does not matter.
    let text = SMALL.replace("town 30 10", "town 30 10\n dry 80 0");
    let text = text.replace("[PUMPS]", " dead town dry 10 200 120 0 Open\n[PUMPS]");
    assert!(hours(&network(&text), None, &[1.0]).feasible());
}

#[test]
fn a_network_that_does_not_settle_is_a_verdict_and_says_when() {
    // One trial is not enough for a second hour with another state.
    let text = edited(
        "van_zyl.inp",
        &[
            (" Trials              100", " Trials              2"),
            (" Unbalanced          Continue 20", " Unbalanced          Stop"),
        ],
    );
    let network = network(&text);
    let options = AuditOptions::default();
    let audit = audit(&network, &Drive::Schedule(&schedule(&SCHEDULE)), &options).unwrap();
    let fault = &audit.faults[0];
    assert_eq!(fault.reason, Reason::EngineError);
    assert!(fault.text.contains("at 07:00:00: EPANET reports 1,"), "{}", fault.text);
    assert_eq!((audit.cost, audit.ended_s, audit.samples.len()), (None, 0, 1));
    assert!(!audit.has(Reason::EndLevel));
}

#[test]
fn chatter_is_not_followed_for_ever() {
    // A tank of 20 cm across fills and drains within seconds.
    let text = SMALL.replace("60 2 1 5 10 0", "60 2 1 5 0.2 0");
    let audit = hours(&network(&text), None, &[1.0; 24]);
    assert_eq!((audit.nominal_steps, audit.hydraulic_steps), (24, 120 * 64));
    assert!(audit.ended_s < 86_400 && audit.cost.is_none());
    let fault = |reason| audit.faults.iter().find(|fault| fault.reason == reason).unwrap();
    assert!(fault(Reason::EngineError).text.contains("7680 steps"), "{:?}", audit.faults);
    assert!((fault(Reason::StepChatter).excess - f64::from(120 * 63)).abs() < 1e-9);
}

#[test]
fn a_pump_of_constant_power_has_the_power_that_is_written() {
    let text = SMALL.replace("pump well top HEAD curve", "pump well top POWER 5");
    let audit = hours(&network(&text), None, &[1.0]);
    // Kilowatts given to the water, at EPANET's usual efficiency.
    let power_w = audit.energy_j[0] / 3600.0;
    assert!((power_w / (5000.0 / 0.75) - 1.0).abs() < 1e-3, "{power_w}");
}

#[test]
fn reasons_have_names_for_files_and_metrics() {
    let names = [
        (Reason::MassBalance, "mass_balance"),
        (Reason::TankAtLimit, "tank_at_limit"),
        (Reason::EndLevel, "end_level"),
        (Reason::Pressure, "pressure"),
        (Reason::Starts, "starts"),
        (Reason::StepChatter, "step_chatter"),
        (Reason::NegativePressure, "negative_pressure"),
        (Reason::EngineError, "engine_error"),
        (Reason::MinRun, "min_run"),
        (Reason::MinStop, "min_stop"),
    ];
    for (reason, name) in names {
        assert_eq!((reason.as_str(), reason.to_string()), (name, name.to_owned()));
    }
}
