//! Steady states.

#[cfg(test)]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod common;

use common::{example, van_zyl};
use hydraulics::{HydraulicsError, Network, Operating, SNAPSHOT_MARGIN_M, Snapshots, Warning};

#[cfg(test)]
fn at<'a>(pump_speed: &'a [f64], tank_level_m: &'a [f64], demand_factor: f64) -> Operating<'a> {
    Operating { pump_speed, tank_level_m, demand_factor }
}

/// Every on/off combination of three pumps.
#[cfg(test)]
fn combinations() -> Vec<[f64; 3]> {
    (0..8_u8).map(|bits| [0, 1, 2].map(|pump| f64::from((bits >> pump) & 1))).collect()
}

#[test]
fn flows_balance_at_every_operating_point() {
    for name in ["van_zyl.inp", "Net1.inp", "Net3.inp"] {
        let network = Network::load(example(name)).unwrap();
        let mut snapshots = Snapshots::open(&network).unwrap();
        let count = network.pumps().len();
        for bits in 0..1_u8 << count {
            let speeds: Vec<f64> = (0..count).map(|pump| f64::from((bits >> pump) & 1)).collect();
            for part in [0.1, 0.5, 0.9] {
                let level = |tank: &hydraulics::Tank| {
                    tank.level_min_m + part * (tank.level_max_m - tank.level_min_m)
                };
                let levels: Vec<f64> = network.tanks().iter().map(level).collect();
                for factor in [0.0, 0.5, 1.0, 1.8] {
                    let steady = snapshots.solve(&at(&speeds, &levels, factor)).unwrap();
                    let supply: f64 = steady.reservoir_supply_m3s.iter().sum();
                    let stored: f64 = steady.tank_inflow_m3s.iter().sum();
                    let error = supply - stored - steady.delivered_m3s;
                    assert!(error.abs() < 1e-6, "{name} {speeds:?} {part} {factor}: {error}");
                    let wanted = network.base_demand_m3s() * factor;
                    assert!((steady.delivered_m3s - wanted).abs() < 1e-9, "{name}");
                    for (pump, speed) in speeds.iter().enumerate() {
                        let works = steady.pump_power_w[pump] > 0.0;
                        assert_eq!(works, *speed > 0.0, "{name} {speeds:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn an_answer_does_not_depend_on_earlier_questions() {
    let network = van_zyl();
    let mut busy = Snapshots::open(&network).unwrap();
    for combination in combinations() {
        for level in [0.5, 2.5, 4.5] {
            let levels = [level, 2.0 * level];
            let operating = at(&combination, &levels, 0.7 + 0.1 * level);
            let fresh = Snapshots::open(&network).unwrap().solve(&operating).unwrap();
            assert_eq!(busy.solve(&operating).unwrap(), fresh);
        }
    }
}

#[test]
fn two_threads_get_the_same_answers() {
    let network = van_zyl();
    let table = move || {
        let mut snapshots = Snapshots::open(&network).unwrap();
        let solve = |on: [f64; 3]| snapshots.solve(&at(&on, &[2.5, 5.0], 1.2)).unwrap();
        combinations().into_iter().map(solve).collect::<Vec<_>>()
    };
    let threads: Vec<_> = (0..2).map(|_| std::thread::spawn(table.clone())).collect();
    let tables: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(tables[0], tables[1]);
    assert_eq!(tables[0], table());
}

#[test]
fn a_full_tank_is_answered_as_if_there_were_room() {
    let mut snapshots = Snapshots::open(&van_zyl()).unwrap();
    let on = [1.0, 1.0, 0.0];
    let full = snapshots.solve(&at(&on, &[5.0, 10.0], 0.5)).unwrap();
    let beyond = snapshots.solve(&at(&on, &[9.0, 99.0], 0.5)).unwrap();
    let inside = [5.0 - SNAPSHOT_MARGIN_M, 10.0 - SNAPSHOT_MARGIN_M];
    let inside = snapshots.solve(&at(&on, &inside, 0.5)).unwrap();
    assert!(full.tank_inflow_m3s[0] > 0.1, "{full:?}");
    assert_eq!(full, inside);
    assert_eq!(beyond, inside);
}

#[test]
fn pumps_answer_to_head_speed_and_demand_as_pumps_do() {
    let mut snapshots = Snapshots::open(&van_zyl()).unwrap();
    let mut flow = |speed: f64, level: f64| {
        let steady = snapshots.solve(&at(&[speed, 0.0, 0.0], &[level, 5.0], 1.0)).unwrap();
        (steady.pump_flow_m3s[0], steady.pump_power_w[0])
    };
    let (nominal, power) = flow(1.0, 2.5);
    assert!(flow(1.0, 4.5).0 < nominal, "more head, less flow");
    assert!(flow(0.95, 2.5).0 < nominal && flow(0.95, 2.5).1 < power, "slower, less of both");
    // Water lifted by 65 m and more: the power must exceed what the water gains.
    assert!(power > nominal * 9810.0 * 65.0 && power < nominal * 9810.0 * 200.0);
}

#[test]
fn identical_pumps_are_interchangeable() {
    let mut snapshots = Snapshots::open(&van_zyl()).unwrap();
    let one = snapshots.solve(&at(&[1.0, 0.0, 1.0], &[2.0, 5.0], 1.0)).unwrap();
    let two = snapshots.solve(&at(&[0.0, 1.0, 1.0], &[2.0, 5.0], 1.0)).unwrap();
    assert!((one.pump_flow_m3s[0] - two.pump_flow_m3s[1]).abs() < 1e-6);
    assert!((one.power_w() / two.power_w() - 1.0).abs() < 1e-4);
}

#[test]
fn a_pump_too_slow_for_the_head_is_reported() {
    let mut snapshots = Snapshots::open(&van_zyl()).unwrap();
    let steady = snapshots.solve(&at(&[0.5, 0.0, 0.0], &[2.0, 5.0], 1.0)).unwrap();
    let expected = Warning::PumpCannotLift { pump: "pmp1".to_owned() };
    assert!(steady.warnings.contains(&expected), "{:?}", steady.warnings);
    assert!(steady.pump_flow_m3s[0].abs() < 1e-9 && steady.power_w() < 1e-9);
}

#[test]
fn an_impossible_demand_shows_as_negative_pressure() {
    let mut snapshots = Snapshots::open(&van_zyl()).unwrap();
    let steady = snapshots.solve(&at(&[0.0; 3], &[2.0, 5.0], 6.0)).unwrap();
    assert!(steady.lowest_pressure.unwrap().metres < 0.0);
    assert!(steady.warnings.contains(&Warning::NegativePressure));
}

#[test]
fn malformed_questions_are_refused_and_do_no_harm() {
    let mut snapshots = Snapshots::open(&van_zyl()).unwrap();
    let good = at(&[1.0, 0.0, 0.0], &[2.0, 5.0], 1.0);
    let before = snapshots.solve(&good).unwrap();
    for bad in [
        at(&[1.0, 0.0], &[2.0, 5.0], 1.0),
        at(&[1.0, 0.0, 0.0], &[2.0], 1.0),
        at(&[f64::NAN, 0.0, 0.0], &[2.0, 5.0], 1.0),
        at(&[-1.0, 0.0, 0.0], &[2.0, 5.0], 1.0),
        at(&[1.0, 0.0, 50.0], &[2.0, 5.0], 1.0),
        at(&[1.0, 0.0, 0.0], &[f64::NAN, 5.0], 1.0),
        at(&[1.0, 0.0, 0.0], &[2.0, 5.0], f64::INFINITY),
        at(&[1.0, 0.0, 0.0], &[2.0, 5.0], -0.1),
    ] {
        let error = snapshots.solve(&bad).unwrap_err();
        let expected =
            matches!(error, HydraulicsError::WrongCount { .. } | HydraulicsError::BadValue { .. });
        assert!(expected, "{error:?}");
    }
    assert_eq!(snapshots.solve(&good).unwrap(), before);
}

/// A small network, its numbers in the units of `units`: per flow unit, per length, per diameter.
#[cfg(test)]
fn small(units: &str, flow: f64, length: f64, diameter: f64) -> String {
    format!(
        "[OPTIONS]\nUnits {units}\nHeadloss H-W\nAccuracy 0.00001\n[RESERVOIRS]\nr {}\n\
         [JUNCTIONS]\na {} 0\nb {} {}\n[TANKS]\nt {} {} {} {} {} 0\n\
         [PIPES]\nab a b {} {} 110 0 Open\nbt b t {} {} 110 0 Open\n\
         [PUMPS]\np r a HEAD c\n[CURVES]\nc {} {}\n[END]\n",
        10.0 / length,
        5.0 / length,
        20.0 / length,
        0.02 / flow,
        60.0 / length,
        2.0 / length,
        0.5 / length,
        4.0 / length,
        12.0 / length,
        800.0 / length,
        0.3 / diameter,
        400.0 / length,
        0.25 / diameter,
        0.05 / flow,
        65.0 / length,
    )
}

#[test]
fn the_same_network_in_other_units_gives_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let foot = 0.3048;
    let variants = [
        ("LPS", 1e-3, 1.0, 1e-3),
        ("CMH", 1.0 / 3600.0, 1.0, 1e-3),
        ("GPM", 6.309_019_64e-5, foot, 0.0254),
        ("CFS", foot * foot * foot, foot, 0.0254),
        ("MGD", 0.043_812_636_4, foot, 0.0254),
    ];
    let mut answers = Vec::new();
    for (units, flow, length, diameter) in variants {
        let path = folder.path().join(units);
        std::fs::write(&path, small(units, flow, length, diameter)).unwrap();
        let network = Network::load(&path).unwrap();
        let tank = &network.tanks()[0];
        assert!((tank.level_max_m - 4.0).abs() < 1e-6 && (tank.elevation_m - 60.0).abs() < 1e-6);
        assert!((tank.volume_max_m3() - 452.389).abs() < 1e-2, "{units}");
        let steady = Snapshots::open(&network).unwrap().solve(&at(&[1.0], &[2.5], 1.3)).unwrap();
        let lowest = steady.lowest_pressure.unwrap().metres;
        answers.push([
            steady.tank_inflow_m3s[0],
            steady.pump_flow_m3s[0],
            steady.pump_power_w[0],
            lowest,
        ]);
    }
    for answer in &answers[1..] {
        for (a, b) in answer.iter().zip(&answers[0]) {
            assert!((a / b - 1.0).abs() < 2e-4, "{answers:?}");
        }
    }
}

#[test]
fn a_pressure_reducing_valve_holds_its_setting_at_every_question() {
    let text = small("LPS", 1e-3, 1.0, 1e-3)
        .replace("[PUMPS]", "[JUNCTIONS]\nlow 5 10\n[VALVES]\nv b low 200 PRV 18 0\n[PUMPS]");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("valve.inp");
    std::fs::write(&path, text).unwrap();
    let network = Network::load(&path).unwrap();
    assert_eq!(network.valve_count(), 1);
    let mut run = hydraulics::Run::start(&network, &hydraulics::RunOptions::default()).unwrap();
    let low = network.junctions().iter().position(|junction| junction.id == "low").unwrap();
    for step in 0..20 {
        run.set_pump(0, f64::from(step % 2)).unwrap();
        let stepped = run.step(60.0).unwrap();
        assert!(stepped.warnings.is_empty(), "{:?}", stepped.warnings);
        let pressure = run.junction_pressure_m().unwrap()[low];
        assert!((pressure - 18.0).abs() < 0.01, "{pressure}");
    }
}

#[test]
fn a_pump_of_constant_power_gives_its_power_to_the_water() {
    let text = small("LPS", 1e-3, 1.0, 1e-3).replace("HEAD c", "POWER 30");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("power.inp");
    std::fs::write(&path, text).unwrap();
    let network = Network::load(&path).unwrap();
    let kind = hydraulics::PumpKind::ConstantPower { power_w: 30_000.0 };
    assert_eq!(network.pumps()[0].kind, kind);
    let steady = Snapshots::open(&network).unwrap().solve(&at(&[1.0], &[2.5], 1.0)).unwrap();
    // EPANET's default efficiency is 75 %.
    assert!((steady.power_w() / 40_000.0 - 1.0).abs() < 5e-3, "{}", steady.power_w());
}
