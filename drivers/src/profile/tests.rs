use super::*;
use std::path::{Path, PathBuf};

fn example(name: &str) -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/profiles").join(name);
    let text = std::fs::read_to_string(&path).expect("a shipped example");
    (path, text)
}

fn shipped() -> Vec<Profile> {
    let mut texts: Vec<(PathBuf, String)> = builtin_names()
        .into_iter()
        .map(|name| (PathBuf::from(name), builtin(name).expect("a listed name").to_owned()))
        .collect();
    texts.push(example("pump-starter.yaml"));
    let read = |(path, text): &(PathBuf, String)| read(text, path);
    texts.iter().map(read).map(|profile| profile.expect("no findings")).collect()
}

#[test]
fn every_shipped_profile_reads_without_findings() {
    let names: Vec<String> = shipped().into_iter().map(|profile| profile.name).collect();
    let wanted = [
        "abb-acs580",
        "abb-terra-ac",
        "alfen",
        "battery-inverter",
        "carlo-gavazzi-em340",
        "charger",
        "danfoss-fc202",
        "eastron-sdm630",
        "flow-meter",
        "fronius-gen24",
        "generator-panel",
        "grundfos-cim",
        "huawei-sun2000",
        "keba-p30",
        "level-transmitter",
        "lighting-cabinet",
        "meter",
        "pump-drive",
        "pump-starter",
        "schneider-iem3000",
        "siemens-pac2200",
        "solaredge",
        "sunspec-der",
        "sunspec-inverter",
        "sunspec-inverter-float",
        "sunspec-meter",
        "sunspec-meter-float",
        "sunspec-mppt",
        "sunspec-storage",
        "sunspec-storage-124",
        "switch-panel",
        "variable-speed-drive",
        // The example, which is built in under the same name.
        "pump-starter",
    ];
    assert_eq!(names, wanted, "each profile is listed under its own name");
    assert!(shipped().iter().all(|profile| profile.version == 1), "none has changed its meaning");
}

#[test]
fn the_example_of_a_profile_is_the_one_built_in() {
    let (path, text) = example("pump-starter.yaml");
    let builtin = builtin("pump-starter").expect("built in");
    assert_eq!(read(&text, &path), read(builtin, Path::new("pump-starter")));
}

fn codes(text: &str) -> Vec<(&'static str, u64)> {
    let findings = read(text, Path::new("broken.yaml")).expect_err("it is broken");
    findings.iter().map(|finding| (finding.code, finding.place.line)).collect()
}

const HEAD: &str = "profile: broken\nversion: 1\ndescription: broken\nfirst_address: 0\n";

#[test]
fn a_broken_profile_gives_all_its_findings_with_their_places() {
    let text = "\
profile: broken
version: 0
description: broken
first_address: 0
max_register: 60
points:
  level: {input: 0, kind: f32, unit: metre}
  status: {input: 1, kind: u16}
  power: {input: 4, kind: i16, scale: 0}
  command: {discrete: 0, kind: flag, access: read-write}
  nothing: {kind: u16}
commands:
  run:
    write: [{point: start, value: 1}, {point: power, value: 1}]
    confirm: [{point: status, equals: percent}]
  jump: {}
dead_man: {timeout: 1 s, refresh: heartbeat, point: beat}
";
    let wanted = [
        ("unknown-key", 5),
        ("out-of-range", 2),
        ("unknown-unit", 7),
        ("zero-scale", 9),
        ("not-writable", 10),
        ("wrong-location", 11),
        ("unknown-point", 14),
        ("not-writable", 14),
        ("wrong-kind", 15),
        ("unknown-command", 16),
        ("out-of-range", 17),
        ("unknown-point", 17),
    ];
    let found = codes(text);
    for one in wanted {
        assert!(found.contains(&one), "{one:?} is not among {found:?}");
    }
    assert_eq!(found.len(), wanted.len(), "one finding per fault: {found:?}");
}

#[test]
fn a_finding_says_where_and_what_to_do() {
    let points = "  a: {input: 0, kind: u32}\n  b: {input: 1, kind: u16}\n";
    let text = format!("{HEAD}points:\n{points}");
    let findings = read(&text, Path::new("broken.yaml")).expect_err("they overlap");
    let words: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let wanted = "broken.yaml:7:3: register-overlap: the profile: the points 'a' and 'b' \
                  overlap at 1\n    help: correct the address or the kind of one of them";
    assert_eq!(words, [wanted]);
}

#[test]
fn overlaps_are_found_except_between_bits_of_one_register() {
    let profile = |points: &str| format!("{HEAD}points:\n{points}");
    let bits = profile("  a: {input: 0, kind: bit, bit: 0}\n  b: {input: 0, kind: bit, bit: 1}\n");
    assert!(read(&bits, Path::new("fine.yaml")).is_ok());
    let tables = profile("  a: {input: 0, kind: u16}\n  b: {holding: 0, kind: u16}\n");
    assert!(read(&tables, Path::new("fine.yaml")).is_ok());
    let same_bit =
        profile("  a: {input: 0, kind: bit, bit: 1}\n  b: {input: 0, kind: bit, bit: 1}\n");
    assert_eq!(codes(&same_bit), [("register-overlap", 7)]);
    let around = profile(
        "  a: {input: 0, kind: text, length: 9}\n  b: {input: 8, kind: u16}\n  \
         c: {input: 2, kind: u16}\n",
    );
    assert_eq!(codes(&around), [("register-overlap", 7), ("register-overlap", 8)]);
}

#[test]
fn a_point_declared_twice_is_a_finding() {
    let text =
        format!("{HEAD}points:\n  a: {{input: 0, kind: u16}}\n  a: {{input: 5, kind: u16}}\n");
    let found = codes(&text);
    assert!(matches!(found[..], [(_, 7)]), "{found:?}");
}

#[test]
fn manuals_that_count_from_one_are_understood() {
    let text = "profile: p\nversion: 1\ndescription: p\nfirst_address: 1\n\
                points: {a: {holding: 0x65, kind: u16}, z: {holding: 65536, kind: u16}}\n";
    let profile = read(text, Path::new("p.yaml")).expect("no findings");
    let locations: Vec<Location> = profile.points.iter().map(|point| point.location).collect();
    let holding = |address| Location::Register { table: Table::Holding, address };
    assert_eq!(locations, [holding(100), holding(65_535)]);
    let zero = "profile: p\nversion: 1\ndescription: p\nfirst_address: 1\n\
                points: {a: {holding: 0, kind: u16}}\n";
    assert_eq!(codes(zero).len(), 1, "there is no register 0 when one counts from one");
}

#[test]
fn a_scale_factor_must_fit_into_the_same_request() {
    let points = |scale: &str| {
        format!(
            "{HEAD}max_registers: 20\npoints:\n  \
             power: {{input: 0, kind: u16, scale_point: factor}}\n  {scale}\n"
        )
    };
    let near = points("factor: {input: 19, kind: i16}");
    assert!(read(&near, Path::new("fine.yaml")).is_ok());
    for wrong in [
        "factor: {input: 20, kind: i16}",
        "factor: {holding: 1, kind: i16}",
        "factor: {input: 1, kind: f32}",
        "other: {input: 1, kind: i16}",
        "factor: {holding: 1, kind: i16, access: write}",
    ] {
        assert!(codes(&points(wrong)).iter().all(|(_, line)| *line == 7), "{wrong}");
    }
}

/// The points that an asset behind a profile looks for, and the commands it is given.
fn served(profile: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match profile {
        "pump-drive" | "pump-starter" | "variable-speed-drive" => {
            (&["running", "remote", "power", "fault", "dry", "starts"], &["run", "stop"])
        }
        "grundfos-cim" => (&["running", "remote", "power", "fault", "starts"], &["run", "stop"]),
        "danfoss-fc202" => (&["running", "remote", "power", "fault"], &["run", "stop"]),
        "abb-acs580" => (&["running", "remote", "fault"], &[]),
        "sunspec-inverter"
        | "sunspec-inverter-float"
        | "sunspec-der"
        | "fronius-gen24"
        | "solaredge"
        | "huawei-sun2000" => (&["power", "limit", "energy"], &["limit", "release"]),
        "lighting-cabinet" => (&["lit", "remote", "level", "dark", "power"], &["light", "dark"]),
        "battery-inverter" => (&["charge", "power", "setpoint", "remote", "fault"], &["power"]),
        "sunspec-storage" => (&["charge", "power", "setpoint", "remote", "alarms"], &["power"]),
        "sunspec-storage-124" => (&["charge"], &[]),
        "sunspec-mppt" => (&["power_1", "power_4"], &[]),
        "charger" => (
            &["connected", "current", "power", "session", "wanted", "leaves_in", "remote"],
            &["charge", "pause"],
        ),
        "keba-p30" => (&["connected", "current", "power", "session"], &["charge", "pause"]),
        "alfen" => (&["connected", "current", "power"], &["charge", "pause"]),
        "abb-terra-ac" => (&["current", "power", "session"], &["charge", "pause"]),
        "switch-panel" => (&["running", "remote", "power", "fault"], &["run", "stop"]),
        "generator-panel" => (&["running", "power", "fuel"], &[]),
        "level-transmitter" => (&["level"], &[]),
        "flow-meter" => (&["flow", "total"], &[]),
        "eastron-sdm630"
        | "carlo-gavazzi-em340"
        | "schneider-iem3000"
        | "siemens-pac2200"
        | "sunspec-meter"
        | "sunspec-meter-float"
        | "meter" => (&["power", "import_energy", "export_energy"], &[]),
        other => panic!("what does '{other}' serve?"),
    }
}

#[test]
fn the_shipped_profiles_have_what_their_assets_look_for() {
    for profile in shipped() {
        let (points, commands) = served(&profile.name);
        for point in points {
            let found = profile.point(point).is_some_and(|point| point.access.reads());
            assert!(found, "{}: {point}", profile.name);
        }
        let found: Vec<&str> = profile.commands.keys().map(String::as_str).collect();
        let mut wanted = commands.to_vec();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{}", profile.name);
        let keeps_orders = matches!(profile.name.as_str(), "huawei-sun2000" | "grundfos-cim");
        let dead_man = !keeps_orders && !commands.is_empty();
        assert_eq!(profile.dead_man.is_some(), dead_man, "{}", profile.name);
    }
}

/// What the command of a shipped profile writes, point by point, and what is read back from it.
fn written(profile: &Profile, command: &str, argument: f64) -> Vec<(String, Vec<u16>, f64)> {
    let writes = profile.commands[command].writes.iter();
    let one = |write: &WriteSpec| {
        let encoding = &profile.point(&write.point).expect("checked when read").encoding;
        let value = match write.value {
            Argument::Constant(value) => value,
            Argument::Own => argument,
        };
        let (registers, back) = match crate::codec::encode(encoding, value, 0).expect("it fits") {
            crate::codec::Raw::Bit(bit) => (vec![u16::from(bit)], f64::from(u8::from(bit))),
            crate::codec::Raw::Registers(registers) => {
                let back = crate::codec::decode(encoding, &registers, 0).expect("a value");
                (registers, back.number().expect("a number"))
            }
        };
        (write.point.clone(), registers, back)
    };
    writes.map(one).collect()
}

#[test]
fn commands_of_the_energy_profiles_reach_their_registers_and_come_back() {
    let shipped = shipped();
    let find = |name: &str| shipped.iter().find(|profile| profile.name == name).expect("shipped");
    let battery = find("battery-inverter");
    let cases: [(&Profile, &str, f64, &[u16], f64); 7] = [
        (battery, "power", 70_000.0, &[0x0001, 0x1170], 70_000.0),
        (battery, "power", -70_000.0, &[0xFFFE, 0xEE90], -70_000.0),
        (find("charger"), "charge", 6.04, &[60], 6.0),
        (find("charger"), "charge", 32.0, &[320], 32.0),
        (find("charger"), "pause", 0.0, &[0], 0.0),
        (find("switch-panel"), "run", 0.0, &[1], 1.0),
        (find("switch-panel"), "stop", 0.0, &[0], 0.0),
    ];
    for (profile, command, argument, registers, back) in cases {
        let written = written(profile, command, argument);
        let [(point, found, read)] = written.as_slice() else { panic!("{command}: one write") };
        assert_eq!(found, registers, "{} {command} {argument}", profile.name);
        assert!((read - back).abs() < 1e-9, "{point}: {read}");
    }
    let saying = |point: &str| &find("charger").point(point).expect("declared").encoding;
    let silent = crate::codec::decode(saying("leaves_in"), &[0xFFFF], 0);
    assert_eq!(silent, Err(site::Reason::NotAvailable), "the driver said nothing");
    let charge = &battery.point("charge").expect("declared").encoding;
    let half = crate::codec::decode(charge, &[503], 0).ok().and_then(|value| value.number());
    assert!((half.expect("a number") - 50.3).abs() < 1e-9, "tenths of a per cent");
}
