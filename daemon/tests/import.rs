//! Others' register lists become profiles that are read without findings, and nothing is lost in
//! silence. The files are written as people write them.

use drivers::profile::{self, Access, Kind, Location, PointSpec, Profile, Table};
use regie::import::{Format, Import, Numbering, Remark, Request, import};
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import")
}

fn text(file: &str) -> String {
    let bytes = std::fs::read(folder().join(file)).expect("it is in the tree");
    String::from_utf8(bytes)
        .unwrap_or_else(|other| other.as_bytes().iter().map(|byte| char::from(*byte)).collect())
}

fn taken(file: &str, numbering: Numbering) -> Result<Import, Remark> {
    let format = Format::of(Path::new(file)).expect("a known ending");
    import(&text(file), Request { format, name: "device", numbering, file })
}

/// The profiles of a file, read again by the reader of profiles.
fn profiles(import: &Import) -> Vec<Profile> {
    let read = |(name, text): &(String, String)| {
        let profile = profile::read(text, Path::new(name));
        profile.unwrap_or_else(|findings| panic!("{findings:?}\n{text}"))
    };
    import.profiles.iter().map(read).collect()
}

fn point<'a>(profile: &'a Profile, name: &str) -> &'a PointSpec {
    let names: Vec<&str> = profile.points.iter().map(|point| point.name.as_str()).collect();
    profile.point(name).unwrap_or_else(|| panic!("no '{name}' in {names:?}"))
}

fn at(table: Table, address: u16) -> Location {
    Location::Register { table, address }
}

/// What was said of a line.
fn said(remarks: &[Remark], line: u64) -> Vec<&str> {
    remarks.iter().filter(|remark| remark.line == line).map(|remark| remark.text.as_str()).collect()
}

#[test]
fn telegrafs_register_style_keeps_types_orders_and_scales() {
    let import = taken("meter.conf", Numbering::Auto).expect("it is understood");
    let profiles = profiles(&import);
    let [profile] = profiles.as_slice() else { panic!("one profile") };
    for (name, table, address, kind, low_first, swapped, scale) in [
        ("voltage_l1", Table::Holding, 0, Kind::U16, false, false, 0.1),
        ("current_l1", Table::Holding, 1, Kind::I32, false, false, 0.001),
        ("power", Table::Holding, 3, Kind::I32, true, false, 1.0),
        ("old_float", Table::Holding, 5, Kind::U32, false, false, 0.1),
        ("frequency", Table::Holding, 7, Kind::F32, true, true, 1.0),
        ("energy", Table::Holding, 9, Kind::U64, false, true, 0.001),
        ("half", Table::Holding, 25, Kind::Bits { bit: 0, count: 8 }, false, false, 1.0),
        ("upper_half", Table::Holding, 25, Kind::Bits { bit: 8, count: 8 }, false, false, 1.0),
        ("swapped_half", Table::Holding, 26, Kind::Bits { bit: 0, count: 8 }, false, true, 1.0),
        ("serial", Table::Holding, 30, Kind::Text(4), false, false, 1.0),
        ("level", Table::Input, 0, Kind::I16, false, true, 0.01),
        ("alarm", Table::Input, 1, Kind::Bit(3), false, false, 1.0),
        ("trip", Table::Input, 1, Kind::Bit(4), false, false, 1.0),
        ("pump-run", Table::Coil, 0, Kind::Flag, false, false, 1.0),
        ("door", Table::Discrete, 7, Kind::Flag, false, false, 1.0),
    ] {
        let spec = point(profile, name);
        let found = (spec.location, spec.encoding.kind);
        assert_eq!(found, (at(table, address), kind), "{name}");
        let order = (spec.encoding.low_word_first, spec.encoding.swap_bytes);
        assert_eq!(order, (low_first, swapped), "{name}");
        assert!((spec.encoding.scale - scale).abs() < 1e-12, "{name}: {}", spec.encoding.scale);
        assert_eq!(spec.access, Access::Read, "{name}: what Telegraf reads is only read");
    }
    assert_eq!(profile.points.len(), 15);
    assert_eq!(
        import.devices,
        "devices:\n  station_meter: {profile: device, profile_file: device.yaml, connect: \
         \"tcp://192.0.2.21:502\", unit: 17, timeout: 1500 ms}\n"
    );
    insta::assert_snapshot!("meter_lost", lines(&import.lost));
}

fn lines(remarks: &[Remark]) -> String {
    remarks.iter().map(|remark| format!("{}: {}\n", remark.line, remark.text)).collect()
}

#[test]
fn telegrafs_requests_and_metrics_are_devices_by_unit_and_share_profiles() {
    let import = taken("line.conf", Numbering::Auto).expect("it is understood");
    let profiles = profiles(&import);
    let [first, second] = profiles.as_slice() else { panic!("{}", import.profiles.len()) };
    assert_eq!(point(first, "energy").encoding.kind, Kind::U32);
    assert!(point(first, "energy").encoding.low_word_first);
    assert_eq!(point(first, "torque").encoding.kind, Kind::F32, "a float in this style");
    assert!(!point(first, "speed").encoding.low_word_first, "one register has no word order");
    assert_eq!(point(first, "run").location, at(Table::Coil, 0));
    assert!(first.point("gap").is_none(), "it only bridged a gap");
    assert_eq!(second.points.len(), 1);
    insta::assert_snapshot!("line_devices", import.devices);
    insta::assert_snapshot!("line_lost", lines(&import.lost));
    insta::assert_snapshot!("line_notes", lines(&import.notes));
}

#[test]
fn a_makers_list_with_gains_keeps_plain_addresses() {
    let import = taken("inverter.csv", Numbering::Auto).expect("it is understood");
    let profiles = profiles(&import);
    let power = point(&profiles[0], "active_power");
    assert_eq!((power.location, power.encoding.kind), (at(Table::Holding, 32_080), Kind::I32));
    let energy = point(&profiles[0], "total_yield");
    assert!((energy.encoding.scale - 0.01).abs() < 1e-12, "a gain of 100 divides");
    assert_eq!(energy.unit.as_deref(), Some("kWh"));
    let limit = point(&profiles[0], "active_power_limit");
    assert_eq!((limit.access, limit.unit.as_deref()), (Access::ReadWrite, Some("%")));
    assert_eq!(point(&profiles[0], "model").encoding.kind, Kind::Text(15));
    insta::assert_snapshot!("inverter_lost", lines(&import.lost));
    insta::assert_snapshot!("inverter_notes", lines(&import.notes));
    insta::assert_snapshot!("inverter_profile", import.profiles[0].1);
}

#[test]
fn modicons_numbers_are_recognised_and_can_be_overruled() {
    let import = taken("station.csv", Numbering::Auto).expect("it is understood");
    let profiles = profiles(&import);
    for (name, location, kind) in [
        ("debit", at(Table::Input, 0), Kind::F32),
        ("volume", at(Table::Input, 2), Kind::U32),
        ("pression", at(Table::Input, 4), Kind::I16),
        ("consigne", at(Table::Holding, 10), Kind::U16),
        ("marche", at(Table::Coil, 0), Kind::Flag),
        ("defaut", at(Table::Discrete, 0), Kind::Flag),
        ("vanne", at(Table::Holding, 11), Kind::Bit(3)),
        ("heures", at(Table::Input, 6), Kind::Bcd32),
        ("code", at(Table::Input, 8), Kind::Bcd16),
    ] {
        let spec = point(&profiles[0], name);
        assert_eq!((spec.location, spec.encoding.kind), (location, kind), "{name}");
    }
    let flow = &point(&profiles[0], "debit").encoding;
    assert!((flow.unit_factor - 1.0 / 3600.0).abs() < 1e-12, "m³/h");
    assert!((point(&profiles[0], "volume").encoding.scale - 0.1).abs() < 1e-12, "0,1");
    assert!(said(&import.notes, 2)[0].contains("Modicon"), "{:?}", import.notes);
    assert!(said(&import.lost, 1)[0].contains("before the headings"), "{:?}", import.lost);
    assert!(said(&import.lost, 2)[0].contains("'Fabricant'"), "{:?}", import.lost);
    assert!(import.profiles[0].1.contains("  # 40011\n"), "the list's own number stays in sight");

    let plain = taken("station.csv", Numbering::One).expect("it is understood");
    let profile = &self::profiles(&plain)[0];
    assert_eq!(point(profile, "debit").location, at(Table::Holding, 30_000));
}

#[test]
fn ranges_hexadecimal_numbers_and_tabs_are_read() {
    let import = taken("flow.tsv", Numbering::Auto).expect("it is understood");
    let profiles = profiles(&import);
    let flow = point(&profiles[0], "flow");
    assert_eq!((flow.location, flow.encoding.kind), (at(Table::Input, 0), Kind::F32));
    assert!(flow.encoding.low_word_first);
    assert_eq!(point(&profiles[0], "total").encoding.kind, Kind::U64);
    assert_eq!(point(&profiles[0], "status").location, at(Table::Input, 10));
    let setpoint = point(&profiles[0], "setpoint");
    assert_eq!(setpoint.location, at(Table::Holding, 100));
    assert!((setpoint.encoding.scale - 0.1).abs() < 1e-12);
    assert_eq!(point(&profiles[0], "run").access, Access::ReadWrite);
    assert_eq!(import.lost, []);
}

#[test]
fn what_is_no_list_is_said_with_its_line() {
    let no = |format, text: &str| {
        let request = Request { format, name: "x", numbering: Numbering::Auto, file: "x" };
        import(text, request).expect_err("nothing to take over")
    };
    let broken = no(Format::Telegraf, "[agent]\n\n[[inputs.modbus]\n");
    assert_eq!(broken.line, 3, "{broken:?}");
    assert!(no(Format::Telegraf, "[agent]\n").text.contains("no [[inputs.modbus]]"));
    assert!(no(Format::Csv, "a,b\n1,2\n").text.contains("no line has headings"));
    let nothing = no(Format::Csv, "name,address,type\nx,5,date\n");
    assert_eq!(nothing.line, 1, "no point is left: {nothing:?}");
    for odd in ["", "\0\0", "name,address\n\"", "[[inputs.modbus]]\nholding_registers = 5\n"] {
        no(Format::Csv, odd);
        no(Format::Telegraf, odd);
    }
}

#[test]
fn the_command_writes_files_once_and_tells_what_was_lost() {
    let out = tempfile::tempdir().expect("a folder");
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_regie"));
        command.arg("import").arg(folder().join("inverter.csv"));
        command.args(["--name", "roof"]).arg("--out").arg(out.path()).output().expect("it runs")
    };
    let first = run();
    let told = String::from_utf8_lossy(&first.stderr).into_owned();
    assert_eq!(first.status.code(), Some(0), "{told}");
    assert!(told.contains("inverter.csv:9: 'Start time'"), "{told}");
    let profile = std::fs::read_to_string(out.path().join("roof.yaml")).expect("it was written");
    assert!(profile::read(&profile, Path::new("roof.yaml")).is_ok());
    let devices = std::fs::read_to_string(out.path().join("devices.yaml")).expect("written");
    assert!(devices.contains("profile: roof, profile_file: roof.yaml"), "{devices}");
    let again = run();
    assert_eq!(again.status.code(), Some(77), "nothing is written over");
    assert_eq!(std::fs::read_to_string(out.path().join("roof.yaml")).expect("there"), profile);
}
