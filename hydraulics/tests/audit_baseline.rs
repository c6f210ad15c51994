//! The audit of what runs without a planner, and its prices.

#[cfg(test)]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod common;

use common::{SCHEDULE, edited, example, network, schedule, van_zyl};
use epanet::EPANET;
use epanet::types::analysis::InitHydOption;
use epanet::types::link::LinkProperty;
use epanet::types::node::NodeProperty;
use hydraulics::{
    Audit, AuditOptions, Auditor, ClockTariff, Drive, EndLevel, HydraulicsError, Limits, Network,
    Prices, Reason, audit, governing_tanks,
};

/// A day that may end anywhere.
#[cfg(test)]
fn free() -> AuditOptions {
    let limits = Limits { end_level: EndLevel::Free, ..Limits::default() };
    AuditOptions { limits, ..AuditOptions::default() }
}

#[cfg(test)]
fn night_tariff() -> Prices {
    Prices::Clock("22:00-06:00=0.08,else=0.20".parse().unwrap())
}

/// What EPANET's own stepping makes of a file with its own controls, by none of our code.
#[cfg(test)]
#[derive(Debug, Default)]
struct Theirs {
    steps: u32,
    /// Energy of each pump, kWh.
    kwh: Vec<f64>,
    /// Seconds in which each pump was open.
    running_s: Vec<f64>,
    starts: Vec<u32>,
    /// Lowest, highest and last head of each tank above its elevation, in the file's unit.
    levels: Vec<[f64; 3]>,
    /// What the night tariff asks for it.
    cost: f64,
}

#[cfg(test)]
fn epanet_controls(name: &str, network: &Network) -> Theirs {
    let project = EPANET::with_inp_file(example(name).to_str().unwrap(), "/dev/null", "").unwrap();
    let ids = network.pumps().iter().map(|pump| project.get_link_index(&pump.id).unwrap());
    let pumps: Vec<i32> = ids.collect();
    let ids = network.tanks().iter().map(|tank| project.get_node_index(&tank.id).unwrap());
    let tanks: Vec<i32> = ids.collect();
    let node = |index, property| project.get_node_value(index, property).unwrap();
    let level = |&tank: &i32| node(tank, NodeProperty::Head) - node(tank, NodeProperty::Elevation);
    let mut theirs = Theirs {
        kwh: vec![0.0; pumps.len()],
        running_s: vec![0.0; pumps.len()],
        starts: vec![0; pumps.len()],
        levels: tanks.iter().map(|_| [f64::MAX, f64::MIN, 0.0]).collect(),
        ..Theirs::default()
    };
    let mut before = Vec::new();
    let mut at_s = 0_u32;
    project.open_h().unwrap();
    project.init_h(InitHydOption::InitFlow).unwrap();
    loop {
        for (seen, tank) in theirs.levels.iter_mut().zip(&tanks) {
            let level = level(tank);
            *seen = [seen[0].min(level), seen[1].max(level), level];
        }
        if at_s == 86_400 {
            break;
        }
        if let Err(error) = project.run_h() {
            assert!(error.is_warning(), "{error}");
        }
        let value = |&pump: &i32, property| project.get_link_value(pump, property).unwrap();
        let kw: Vec<f64> = pumps.iter().map(|p| value(p, LinkProperty::Energy)).collect();
        let on: Vec<bool> = pumps.iter().map(|p| value(p, LinkProperty::Status) > 0.5).collect();
        let span_s = u32::try_from(project.next_h().unwrap()).unwrap();
        let hours = f64::from(span_s) / 3600.0;
        let night = !(6 * 3600..22 * 3600).contains(&at_s);
        for pump in 0..pumps.len() {
            theirs.kwh[pump] += kw[pump] * hours;
            theirs.cost += kw[pump] * hours * if night { 0.08 } else { 0.20 };
            theirs.running_s[pump] += if on[pump] { f64::from(span_s) } else { 0.0 };
            let start = on[pump] && before.get(pump).is_some_and(|&before: &bool| !before);
            theirs.starts[pump] += u32::from(start);
        }
        before = on;
        at_s += span_s;
        theirs.steps += 1;
    }
    project.close_h().unwrap();
    theirs
}

#[test]
fn the_files_own_controls_run_as_in_epanets_own_stepping() {
    for (name, starts) in [("Net1.inp", vec![1]), ("Net3.inp", vec![1, 1])] {
        let network = Network::load(example(name)).unwrap();
        assert!(network.has_controls());
        let options = AuditOptions { prices: night_tariff(), ..free() };
        let ours = audit(&network, &Drive::FileControls, &options).unwrap();
        let theirs = epanet_controls(name, &network);
        assert!(ours.feasible(), "{name}: {:?}", ours.faults);
        assert_eq!((ours.hydraulic_steps, &ours.starts), (theirs.steps, &theirs.starts), "{name}");
        assert_eq!((&ours.starts, &ours.running_s), (&starts, &theirs.running_s), "{name}");
        for (joule, kwh) in ours.energy_j.iter().zip(&theirs.kwh) {
            assert!((joule / 3.6e6 / kwh - 1.0).abs() < 1e-9, "{name}: {joule} {kwh}");
        }
        let cost = ours.cost.unwrap();
        assert!((cost / theirs.cost - 1.0).abs() < 1e-4, "{name}: {cost} {}", theirs.cost);
        for (tank, seen) in ours.tanks.iter().zip(&theirs.levels) {
            for (ours, theirs) in [tank.min_m, tank.max_m, tank.end_m].iter().zip(seen) {
                assert!((ours - theirs * 0.3048).abs() < 1e-6, "{name}: {ours} {theirs}");
            }
        }
        assert!(ours.balance.error_share().unwrap().abs() < 1e-4, "{name}: {:?}", ours.balance);
    }
}

#[test]
fn a_schedule_sets_the_files_controls_aside() {
    let network = Network::load(example("Net1.inp")).unwrap();
    let on = |hour: i32| if (2..14).contains(&hour) { 1.0 } else { 0.0 };
    let schedule = hydraulics::Schedule { step_s: 3600, speed: vec![(0..24).map(on).collect()] };
    let options = AuditOptions { prices: night_tariff(), ..free() };
    let audit = audit(&network, &Drive::Schedule(&schedule), &options).unwrap();
    assert_eq!((audit.starts[0], audit.running_s[0], audit.hydraulic_steps), (1, 43_200.0, 24));
    assert!(audit.feasible(), "{:?}", audit.faults);
    // Without its pump the tank falls below the 110 ft at which the file would start it.
    assert!(audit.tanks[0].end_m / 0.3048 < 110.0, "{:?}", audit.tanks);
    // 02:00 to 14:00: four cheap hours, eight dear ones.
    let shares: Vec<f64> = audit.cost_by_price.iter().map(|share| share.energy_kwh).collect();
    assert!((shares[1] / shares[0] - 2.0).abs() < 0.1, "{shares:?}");
}

#[test]
fn the_course_of_a_pump_by_its_tank_is_recorded() {
    let network = Network::load(example("Net1.inp")).unwrap();
    let audit = audit(&network, &Drive::FileControls, &free()).unwrap();
    let speeds: Vec<f64> = audit.applied.iter().map(|applied| applied.speed[0]).collect();
    assert_eq!(speeds, [1.0, 0.0, 1.0]);
    // Switched off at 140 ft, on again at 110 ft.
    assert!((audit.tanks[0].max_m / 0.3048 - 140.0).abs() < 1e-3);
    assert!((audit.tanks[0].min_m / 0.3048 - 110.0).abs() < 1e-3);
    assert_eq!(audit.tanks[0].max_at_s, audit.applied[1].from_s);
    // The file has no price.
    assert_eq!((audit.cost, audit.cost_by_price.len()), (None, 0));
}

#[test]
fn rules_switch_pumps_too() {
    let rule = "[RULES]\nRULE 1\nIF TANK 2 LEVEL ABOVE 130\nTHEN PUMP 9 STATUS IS CLOSED\n\n\
                RULE 2\nIF TANK 2 LEVEL BELOW 115\nTHEN PUMP 9 STATUS IS OPEN\n";
    let text = edited(
        "Net1.inp",
        &[
            ("[RULES]", rule),
            (" LINK 9 OPEN IF NODE 2 BELOW 110", ""),
            (" LINK 9 CLOSED IF NODE 2 ABOVE 140", ""),
        ],
    );
    let network = network(&text);
    assert!(network.has_controls() && network.pumps()[0].controlled);
    let audit = audit(&network, &Drive::FileControls, &free()).unwrap();
    assert!(audit.feasible(), "{:?}", audit.faults);
    assert!(audit.starts[0] >= 1, "{:?}", audit.applied);
    // Rules are looked at every few minutes, so the band is overshot a little.
    let feet = |metres: f64| metres / 0.3048;
    assert!((130.0..131.5).contains(&feet(audit.tanks[0].max_m)), "{:?}", audit.tanks);
    assert!((113.5..=115.0).contains(&feet(audit.tanks[0].min_m)), "{:?}", audit.tanks);
}

/// The van Zyl file with the published schedule as pump speed patterns.
#[cfg(test)]
fn patterned(edits: &[(&str, &str)]) -> String {
    let mut text = edited("van_zyl.inp", edits);
    let mut patterns = String::from("[PATTERNS]\n");
    for (id, plan) in SCHEDULE {
        let speeds: Vec<String> = plan.chars().map(String::from).collect();
        patterns += &format!(" {id} {}\n", speeds.join(" "));
        let pump = text.lines().find(|line| line.starts_with(&format!(" {id}   n"))).unwrap();
        text = text.replace(&pump.to_owned(), &format!("{pump} PATTERN {id}"));
    }
    text.replace("[PATTERNS]\n", &patterns)
}

#[test]
fn cost_and_demand_charge_are_those_of_epanets_own_energy_report() {
    let text = patterned(&[
        (" Global Price        1", " Global Price        1\n Demand Charge       1"),
        (" Summary  No", " Summary  No\n Energy   Yes"),
    ]);
    let network = network(&text);
    assert!(network.has_controls() && !network.pumps()[0].controlled);
    assert_eq!(network.patterns()[network.pumps()[1].speed_pattern.unwrap()].id, "pmp2");
    let ours = audit(&network, &Drive::FileControls, &AuditOptions::default()).unwrap();
    assert!(ours.feasible(), "{:?}", ours.faults);

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (input, report) = (file("network.inp"), file("report.txt"));
    std::fs::write(&input, text).unwrap();
    epanet::run_project(&input, &report, "", None).unwrap();
    let report = std::fs::read_to_string(report).unwrap();
    let number = |label: &str| -> f64 {
        let line = report.lines().find(|line| line.contains(label)).unwrap();
        line.split_whitespace().last().unwrap().parse().unwrap()
    };
    // A charge of 1: EPANET's report multiplies by it twice.
    let charge = ours.demand_charge.unwrap();
    assert!((charge.cost - number("Demand Charge")).abs() < 0.006, "{report}");
    assert!((ours.cost.unwrap() - number("Total Cost")).abs() < 0.006, "{report}");
    assert!((charge.peak_kw - ours.peak_power_w / 1e3).abs() < 1e-9 && charge.peak_kw > 300.0);
    // The energy alone costs what was published, and a tariff of one's own overrides it all.
    assert!((ours.cost.unwrap() - charge.cost - 340.72).abs() < 0.005);
    let flat = Prices::Clock(ClockTariff { windows: vec![], otherwise: 0.1 });
    let options = AuditOptions { prices: flat, ..AuditOptions::default() };
    let flat = audit(&network, &Drive::FileControls, &options).unwrap();
    assert_eq!(flat.demand_charge, None);
    assert!((flat.cost.unwrap() - 0.1 * ours.energy_kwh()).abs() < 1e-9);
    // A schedule sets the patterns aside.
    let all_off = hydraulics::Schedule { step_s: 3600, speed: vec![vec![0.0]; 3] };
    let hour = AuditOptions { duration_s: 3600, ..free() };
    let off = audit(&network, &Drive::Schedule(&all_off), &hour).unwrap();
    assert!(off.energy_kwh() < 1e-9, "{off:?}");
}

#[test]
fn patterns_and_the_clock_may_start_anywhere() {
    // The same day, begun 3 hours later in the patterns: 10:00 by the clock.
    let text = edited(
        "van_zyl.inp",
        &[
            (" Pattern Start       0:00", " Pattern Start       3:00"),
            (" Start ClockTime     7 am", " Start ClockTime     10 am"),
        ],
    );
    let network = network(&text);
    let mut later = schedule(&SCHEDULE);
    later.speed.iter_mut().for_each(|speeds| speeds.rotate_left(3));
    let whole = audit(&van_zyl(), &Drive::Schedule(&schedule(&SCHEDULE)), &free()).unwrap();
    let options = AuditOptions {
        initial_level_m: Some(whole.samples[3].level_m.clone()),
        duration_s: 21 * 3600,
        ..free()
    };
    later.speed.iter_mut().for_each(|speeds| speeds.truncate(21));
    let rest = audit(&network, &Drive::Schedule(&later), &options).unwrap();
    assert!(rest.feasible(), "{:?}", rest.faults);
    for (ours, theirs) in rest.tanks.iter().zip(&whole.tanks) {
        assert!((ours.end_m - theirs.end_m).abs() < 1e-4, "{ours:?} {theirs:?}");
    }
    let before_kwh: f64 = whole.samples[..3].iter().filter_map(|s| s.power_w).sum::<f64>() / 1e3;
    let cost = whole.cost.unwrap() - 0.1194 * before_kwh;
    assert!((rest.cost.unwrap() - cost).abs() < 0.01, "{:?} {cost}", rest.cost);
    // By the clock: cheap from midnight on, 14 hours after a start at 10:00.
    let clock: ClockTariff = "00:00-07:00=0.0244,else=0.1194".parse().unwrap();
    let options = AuditOptions { prices: Prices::Clock(clock), ..options };
    let by_clock = audit(&network, &Drive::Schedule(&later), &options).unwrap();
    assert!((by_clock.cost.unwrap() - rest.cost.unwrap()).abs() < 1e-9);
}

#[test]
fn mean_prices_are_exact_over_any_span() {
    let network = van_zyl();
    let near = |prices: &Prices, from: f64, seconds: f64, wanted: f64| {
        let mean = prices.mean_per_kwh(&network, 0, from, seconds).unwrap();
        assert!((mean - wanted).abs() < 1e-12, "{from} {seconds}: {mean}");
    };
    // The file: cheap from 17 hours after the start, dear again after 24.
    near(&Prices::File, 0.0, 3600.0, 0.1194);
    near(&Prices::File, 16.5 * 3600.0, 3600.0, (0.1194 + 0.0244) / 2.0);
    near(&Prices::File, 23.75 * 3600.0, 3600.0, 0.25 * 0.0244 + 0.75 * 0.1194);
    near(&Prices::File, 0.0, 86_400.0, (17.0 * 0.1194 + 7.0 * 0.0244) / 24.0);
    near(&Prices::File, 17.0 * 3600.0, 0.0, 0.0244);
    // The clock: the file starts at 07:00.
    let night = night_tariff();
    near(&night, 0.0, 3600.0, 0.20);
    near(&night, 14.5 * 3600.0, 3600.0, 0.14);
    near(&night, 15.0 * 3600.0, 8.0 * 3600.0, 0.08);
    near(&night, 0.0, 10.0 * 86_400.0, (16.0 * 0.20 + 8.0 * 0.08) / 24.0);
    for (pump, from, seconds) in [(3, 0.0, 1.0), (0, -1.0, 1.0), (0, 0.0, f64::NAN)] {
        assert_eq!(Prices::File.mean_per_kwh(&network, pump, from, seconds), None);
    }
    let unpriced = Network::load(example("Net1.inp")).unwrap();
    assert_eq!(Prices::File.mean_per_kwh(&unpriced, 0, 0.0, 1.0), None);
}

#[test]
fn a_pumps_own_price_comes_before_the_global_one() {
    let text = edited(
        "van_zyl.inp",
        &[(
            " Global Pattern      price",
            " Global Pattern      price\n Pump pmp6 Price 2\n Pump pmp6 Pattern demand",
        )],
    );
    let network = network(&text);
    assert_eq!(network.stations().len(), 2);
    let audit =
        audit(&network, &Drive::Schedule(&schedule(&SCHEDULE)), &AuditOptions::default()).unwrap();
    // By hand: energy and price of each hour.
    let plain =
        self::audit(&van_zyl(), &Drive::Schedule(&schedule(&SCHEDULE)), &AuditOptions::default());
    let plain: Audit = plain.unwrap();
    assert_eq!(audit.energy_j, plain.energy_j);
    let hourly = |pump: usize, hour: f64| Prices::File.mean_per_kwh(&network, pump, hour, 0.0);
    assert!((hourly(2, 3600.0).unwrap() - 2.96).abs() < 1e-12);
    assert!((hourly(0, 3600.0).unwrap() - 0.1194).abs() < 1e-12);
    assert!(audit.cost.unwrap() > plain.cost.unwrap() + 500.0, "{:?}", audit.cost);
    // The two main pumps are alike only while they cost the same.
    let text = edited(
        "van_zyl.inp",
        &[(" Global Pattern      price", " Global Pattern      price\n Pump pmp2 Price 2")],
    );
    assert_eq!(common::network(&text).stations().len(), 3);
}

#[test]
fn level_bands_keep_tanks_within_them() {
    let network = van_zyl();
    assert!(!network.has_controls());
    assert_eq!(governing_tanks(&network).unwrap(), [Some(0), Some(0), Some(1)]);
    let mut auditor = Auditor::open(&network);
    for (low, high) in [(0.3, 0.9), (0.5, 0.95), (0.1, 0.4)] {
        let audit = auditor.audit(&Drive::LevelBands { low, high }, &free()).unwrap();
        assert!(audit.feasible(), "{:?}", audit.faults);
        assert!(audit.total_starts() >= 3, "{:?}", audit.starts);
        // From the start on, tanks fall into the band and stay there, to a second's flow.
        for (tank, course) in network.tanks().iter().zip(&audit.tanks) {
            let share = |level: f64| level / tank.level_max_m;
            assert!(share(course.min_m) > low - 1e-3, "{course:?}");
            assert!(share(course.max_m) < share(course.start_m).max(high) + 1e-3, "{course:?}");
        }
    }
}

#[test]
fn a_file_that_epanet_refuses_is_refused_with_its_lines() {
    let text = edited("van_zyl.inp", &[(" pmp1   n10    n11    HEAD main", " pmp1   n10    n99")]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.inp");
    std::fs::write(&path, &text).unwrap();
    let error = Network::load(&path).unwrap_err();
    let HydraulicsError::Corrupt { findings, .. } = &error else { panic!("{error}") };
    let line = text.lines().position(|line| line.contains("n99")).unwrap() + 1;
    assert_eq!(findings[0].line, Some(line), "{error}");
    assert!(error.to_string().contains("undefined node n99"), "{error}");
}

#[test]
fn a_day_without_controls_runs_as_the_file_starts() {
    let network = van_zyl();
    let audit = audit(&network, &Drive::FileControls, &free()).unwrap();
    // All pumps are on in the file, so both tanks fill up.
    assert!(network.pumps().iter().all(|pump| pump.initially_on));
    assert_eq!(audit.running_s, [86_400.0; 3]);
    assert!(audit.has(Reason::MassBalance) && audit.has(Reason::TankAtLimit));
}
