//! Loading network files, good and bad.

#[cfg(test)]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod common;

use std::path::PathBuf;

use common::{example, van_zyl};
use hydraulics::{
    HydraulicsError, NETWORK_FILE_BYTES_MAX, Network, Operating, PumpKind, Snapshots,
};

/// A network file in a folder of its own.
struct File {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

#[cfg(test)]
fn file(text: &[u8]) -> File {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.inp");
    std::fs::write(&path, text).unwrap();
    File { path, _folder: folder }
}

/// The van Zyl file with a piece of text replaced, and its loading error.
#[cfg(test)]
fn broken(from: &str, to: &str) -> HydraulicsError {
    let text = std::fs::read_to_string(example("van_zyl.inp")).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from}");
    Network::load(&file(text.replace(from, to).as_bytes()).path).unwrap_err()
}

#[cfg(test)]
fn line_of(needle: &str) -> usize {
    let text = std::fs::read_to_string(example("van_zyl.inp")).unwrap();
    text.lines().position(|line| line.contains(needle)).unwrap() + 1
}

#[test]
fn a_network_may_be_shared_by_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    fn moved<T: Send + 'static>() {}
    shared::<Network>();
    moved::<Snapshots>();
    moved::<hydraulics::Run>();
}

#[test]
fn epanets_first_example_is_described_in_si_units() {
    let network = Network::load(example("Net1.inp")).unwrap();
    let tank = &network.tanks()[0];
    assert!((tank.elevation_m - 850.0 * 0.3048).abs() < 1e-9);
    assert!((tank.level_min_m - 30.48).abs() < 1e-9 && (tank.level_max_m - 45.72).abs() < 1e-9);
    // 50.5 ft across, 50 ft between the limits.
    let room_m3 = std::f64::consts::PI * (50.5 * 0.3048_f64).powi(2) / 4.0 * 15.24;
    assert!((tank.volume_max_m3() - tank.volume_min_m3() - room_m3).abs() < 1e-6);
    assert!((network.base_demand_m3s() - 1100.0 * 6.309_019_64e-5).abs() < 1e-9);
    // Junctions without a pattern of their own follow the default one.
    assert!((network.demand_factor_at(2 * 2 * 3600).unwrap() - 1.4).abs() < 1e-12);
    assert_eq!(network.controls_set_aside(), 2);
    let PumpKind::HeadCurve { points, .. } = &network.pumps()[0].kind else { panic!("no curve") };
    assert!((points[0].0 - 1500.0 * 6.309_019_64e-5).abs() < 1e-9);
    assert!((points[0].1 - 250.0 * 0.3048).abs() < 1e-9);
    assert_eq!(network.stations().len(), 1);
}

#[test]
fn epanets_third_example_is_described() {
    let network = Network::load(example("Net3.inp")).unwrap();
    let ids: Vec<_> = network.tanks().iter().map(|tank| tank.id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3"]);
    assert_eq!(network.reservoirs().len(), 2);
    assert_eq!(network.stations().len(), 2, "its two pumps are at different sources");
    assert_eq!((network.pipe_count(), network.valve_count()), (117, 0));
    assert_eq!(network.controls_set_aside(), 6);
}

#[test]
fn a_missing_file_is_named() {
    let error = Network::load("/nowhere/at/all.inp").unwrap_err();
    assert_eq!(error, HydraulicsError::Missing { path: "/nowhere/at/all.inp".into() });
    assert!(error.to_string().contains("/nowhere/at/all.inp"));
}

#[test]
fn a_folder_is_not_readable_as_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = Network::load(folder.path()).unwrap_err();
    assert!(matches!(error, HydraulicsError::Unreadable { .. }), "{error:?}");
}

#[test]
fn a_file_that_is_too_large_is_refused_unread() {
    let file = file(b"");
    let sparse = std::fs::File::options().write(true).open(&file.path).unwrap();
    sparse.set_len(NETWORK_FILE_BYTES_MAX + 1).unwrap();
    let error = Network::load(&file.path).unwrap_err();
    assert!(matches!(error, HydraulicsError::TooLarge { bytes, .. } if bytes > 16_777_216));
    let endless = Network::load("/dev/zero").unwrap_err();
    assert!(matches!(endless, HydraulicsError::TooLarge { .. }), "{endless:?}");
}

#[test]
fn a_line_that_epanet_would_split_is_refused() {
    let mut text = b"[TITLE]\n".to_vec();
    text.extend(vec![b'x'; 1023]);
    let error = Network::load(&file(&text).path).unwrap_err();
    assert!(matches!(error, HydraulicsError::LineTooLong { line: 2, .. }), "{error:?}");
}

#[test]
fn an_undefined_node_is_reported_with_its_line() {
    let from = " p3     n3     t5 ";
    let error = broken(from, " p3     n3     t55");
    let HydraulicsError::Corrupt { findings, .. } = &error else { panic!("{error:?}") };
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].line, Some(line_of(from)));
    assert!(findings[0].text.contains("Error 203: undefined node t55 in [PIPES]"), "{error}");
    assert!(findings[0].excerpt.starts_with("p3 "), "{error}");
    assert!(error.to_string().contains(&format!("line {}: Error 203", line_of(from))));
}

#[test]
fn a_bad_number_is_reported_with_its_line() {
    let error = broken("    85      9.5", "    85      9,5");
    let HydraulicsError::Corrupt { findings, .. } = &error else { panic!("{error:?}") };
    assert_eq!(findings[0].line, Some(line_of(" t6      85 ")), "{error}");
    assert!(findings[0].text.contains("Error 202"), "{error}");
}

#[test]
fn a_head_curve_that_rises_is_reported_with_its_pump() {
    let error = broken(" main       120      90", " main       120      190");
    let HydraulicsError::Corrupt { findings, .. } = &error else { panic!("{error:?}") };
    assert!(findings[0].text.contains("Error 227"), "{error}");
    assert!(findings[0].text.contains("pmp1"), "{error}");
    assert!(!error.to_string().contains("Error 110"), "the summary adds nothing: {error}");
}

#[test]
fn a_mistake_in_a_rule_is_reported_with_its_line() {
    let rule = "[RULES]\nRULE 1\nIF TANK t99 LEVEL > 4\nTHEN PUMP pmp1 STATUS = CLOSED\n\n[REPORT]";
    let error = broken("[REPORT]", rule);
    let HydraulicsError::Corrupt { findings, .. } = &error else { panic!("{error:?}") };
    assert!(findings[0].text.contains("203"), "{error}");
    assert_eq!(findings[0].line, Some(line_of("[REPORT]") + 2), "{error}");
}

#[test]
fn empty_files_and_files_of_another_kind_are_errors_not_crashes() {
    let noise: Vec<u8> =
        (0..20_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let lines: Vec<u8> = noise.chunks(80).flat_map(|c| [c, b"\n"].concat()).collect();
    for text in [&b""[..], b"[END]", b"regie: 1\nsite:\n  id: x\n", &lines] {
        let error = Network::load(&file(text).path).unwrap_err();
        let expected =
            matches!(error, HydraulicsError::Corrupt { .. } | HydraulicsError::LineTooLong { .. });
        assert!(expected, "{error:?}");
    }
}

#[test]
fn every_truncation_of_a_file_loads_or_is_an_error() {
    let text = std::fs::read(example("van_zyl.inp")).unwrap();
    let mut loaded = 0;
    for end in (0..text.len()).step_by(97) {
        match Network::load(&file(&text[..end]).path) {
            Ok(_) => loaded += 1,
            Err(HydraulicsError::Corrupt { findings, .. }) => assert!(!findings.is_empty()),
            Err(other) => panic!("{end}: {other:?}"),
        }
    }
    assert!(loaded > 0, "cutting off the coordinates does no harm");
}

#[test]
fn a_tank_whose_volume_does_not_grow_is_unsuitable() {
    let error = broken(
        " t5      80      4.5      0        5        25        0",
        " t5 80 4.5 0 5 25 0 flat",
    );
    assert!(matches!(error, HydraulicsError::Corrupt { .. }), "an undefined curve: {error:?}");
    let text = std::fs::read_to_string(example("van_zyl.inp")).unwrap();
    let text = text
        .replace("        25        0\n", " 25 0 flat\n")
        .replace("[PATTERNS]", "flat 0 0\nflat 2 100\nflat 5 100\n[PATTERNS]");
    let error = Network::load(&file(text.as_bytes()).path).unwrap_err();
    assert!(matches!(error, HydraulicsError::Unsuitable { .. }), "{error:?}");
    assert!(error.to_string().contains("t5"));
}

#[test]
fn a_tank_with_a_volume_curve_is_described_and_can_stand_at_its_ends() {
    let text = std::fs::read_to_string(example("van_zyl.inp")).unwrap();
    let text = text
        .replace("        25        0\n", " 25 0 bowl\n")
        .replace("[PATTERNS]", "bowl 0 0\nbowl 1.7 300\nbowl 5 2400\n[PATTERNS]");
    let network = Network::load(&file(text.as_bytes()).path).unwrap();
    let t5 = &network.tanks()[0];
    assert!((t5.volume_m3(1.7) - 300.0).abs() < 1e-9 && (t5.volume_max_m3() - 2400.0).abs() < 1e-9);
    for level in [0.0, 5.0] {
        let options = hydraulics::RunOptions {
            initial_level_m: Some(vec![level, 5.0]),
            ..Default::default()
        };
        let mut run = hydraulics::Run::start(&network, &options).unwrap();
        assert!(run.step(10.0).unwrap().at_limit());
    }
}

#[test]
fn a_loaded_network_outlives_its_file() {
    let file = file(&std::fs::read(example("van_zyl.inp")).unwrap());
    let network = Network::load(&file.path).unwrap();
    std::fs::write(&file.path, "now something else").unwrap();
    let mut snapshots = Snapshots::open(&network).unwrap();
    let operating =
        Operating { pump_speed: &[1.0, 0.0, 0.0], tank_level_m: &[2.0, 5.0], demand_factor: 1.0 };
    let steady = snapshots.solve(&operating).unwrap();
    let same = Snapshots::open(&van_zyl()).unwrap().solve(&operating).unwrap();
    assert_eq!(steady, same);
}

#[test]
fn what_is_not_a_number_stops_at_the_door() {
    for (from, to) in [
        (" n3      75          0", " n3 nan 0"),
        (" booster      0     120", " booster 0 inf"),
        (" r1     20\n", " r1 nan\n"),
        ("   9.5      0       10 ", " nan 0 10 "),
        (" efficiency  50      78", " efficiency 50 nan"),
    ] {
        let error = broken(from, to);
        let expected =
            matches!(error, HydraulicsError::Corrupt { .. } | HydraulicsError::Unsuitable { .. });
        assert!(expected, "{to}: {error:?}");
    }
}

#[test]
fn the_files_own_operation_is_set_aside() {
    let text = std::fs::read_to_string(example("van_zyl.inp")).unwrap();
    let text = text
        .replace("n11    HEAD main", "n11 HEAD main PATTERN demand")
        .replace(
            "[REPORT]",
            "[CONTROLS]\nLINK pmp1 CLOSED AT TIME 0\nLINK p3 CLOSED IF NODE t5 ABOVE 1\n\
             [RULES]\nRULE 1\nIF TANK t5 LEVEL > 1\nTHEN PUMP pmp2 STATUS = CLOSED\n\n\
             RULE 2\nIF TANK t5 LEVEL > 1\nTHEN PUMP pmp6 STATUS = CLOSED\n\n[REPORT]",
        )
        .replace("Pattern Start       0:00", "Pattern Start 3:00");
    let network = Network::load(&file(text.as_bytes()).path).unwrap();
    assert_eq!(network.controls_set_aside(), 4);
    assert!((network.demand_factor_at(0).unwrap() - 0.73).abs() < 1e-12, "patterns start at 3:00");
    let operating =
        Operating { pump_speed: &[1.0; 3], tank_level_m: &[3.0, 5.0], demand_factor: 1.1 };
    let plain = Snapshots::open(&van_zyl()).unwrap().solve(&operating).unwrap();
    assert_eq!(Snapshots::open(&network).unwrap().solve(&operating).unwrap(), plain);
}

#[test]
fn demand_categories_and_multipliers_add_up() {
    let text = std::fs::read_to_string(example("van_zyl.inp")).unwrap();
    let text = text.replace("Multiplier   1.0", "Multiplier 2").replace(
        "[REPORT]",
        "[DEMANDS]\nn6 70 demand\nn6 10\n[PATTERNS]\nother 3\n[DEMANDS]\nn6 5 other\n[REPORT]",
    );
    let network = Network::load(&file(text.as_bytes()).path).unwrap();
    let n6 = network.junctions().iter().find(|junction| junction.id == "n6").unwrap();
    assert_eq!(n6.demands.len(), 3);
    assert!((n6.base_demand_m3s - 0.170).abs() < 1e-12, "{n6:?}");
    // 1.71 in the first hour, a category without a pattern, and one of 3.
    let first_m3s = 0.1 * 1.71 + 0.14 * 1.71 + 0.02 + 0.01 * 3.0;
    let factor = network.demand_factor_at(0).unwrap();
    assert!((factor * network.base_demand_m3s() - first_m3s).abs() < 1e-12);
    let operating =
        Operating { pump_speed: &[1.0; 3], tank_level_m: &[3.0, 5.0], demand_factor: 0.5 };
    let steady = Snapshots::open(&network).unwrap().solve(&operating).unwrap();
    assert!((steady.delivered_m3s - 0.135).abs() < 1e-9, "{steady:?}");
}

#[test]
fn threads_may_load_and_open_at_the_same_time() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                for _ in 0..25 {
                    let network = van_zyl();
                    assert_eq!(network.junctions().len(), 13);
                    Snapshots::open(&network).unwrap();
                    broken(" p3     n3     t5 ", " p3     n3     t55");
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
