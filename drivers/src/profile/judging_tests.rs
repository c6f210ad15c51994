//! The keys that judge readings and spare memory: what they mean, and what is wrong with them.

use super::*;
use site::text::Finding;
use std::path::Path;

const HEAD: &str = "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\npoints:\n";

fn findings(rest: &str) -> Vec<Finding> {
    read(&format!("{HEAD}{rest}"), Path::new("p.yaml")).expect_err("it is broken")
}

fn fine(rest: &str) -> Profile {
    read(&format!("{HEAD}{rest}"), Path::new("p.yaml")).expect("no findings")
}

/// The one finding of a point, which says what is wrong and what to do.
fn finding(point: &str) -> (&'static str, String) {
    let found = findings(&format!("  a: {{{point}}}\n"));
    let [one] = found.as_slice() else { panic!("{point}: {found:?}") };
    assert_eq!(one.place.line, 6, "{point}");
    (one.code, one.to_string())
}

#[test]
fn the_keys_are_read_in_the_unit_used_inside() {
    let profile = fine(
        "  mode: {input: 0, kind: bits, bit: 4, count: 3, \
         names: {0: off, 0x1: on, 2: sleeping}}\n  \
         alarm: {input: 1, kind: bit, bit: 20, of: u32, low_word_first: true}\n  \
         fault: {input: 1, kind: bits, bit: 0, count: 20, of: u32, low_word_first: true}\n  \
         level: {input: 3, kind: f32, unit: cm, max_rate: 5, stuck_after: 2 h, \
         stuck_while: alarm}\n  \
         total: {input: 5, kind: bcd32, unit: m3, scale: 0.1, counter: true, rollover: 1000000}\n  \
         limit: {holding: 0, kind: u16, access: read-write, storage: eeprom}\n  \
         other: {holding: 1, kind: u16, access: read-write, storage: eeprom, writes_per_day: 5}\n",
    );
    let point = |name: &str| profile.point(name).expect("declared");
    let mode = point("mode");
    assert_eq!(mode.encoding.kind, Kind::Bits { bit: 4, count: 3 });
    let names = [0.0, 1.0, 2.0, 3.0, 0.5].map(|number| mode.name_of(number));
    assert_eq!(names, [Some("off"), Some("on"), Some("sleeping"), None, None]);
    assert_eq!(point("alarm").encoding.kind, Kind::BitOf32(20));
    assert_eq!(point("fault").encoding.kind, Kind::BitsOf32 { bit: 0, count: 20 });
    let level = point("level");
    assert!((level.max_rate.expect("given") - 0.05).abs() < 1e-12, "metres per second");
    let stuck = Stuck { after: Duration::from_secs(7200), while_on: Some("alarm".into()) };
    assert_eq!(level.stuck, Some(stuck));
    assert_eq!(point("total").counter, Some(Counter { rollover: Some(1e6) }));
    assert_eq!(point("limit").storage, Storage::Eeprom { writes_per_day: 24 });
    assert_eq!(point("other").storage, Storage::Eeprom { writes_per_day: 5 });
    assert_eq!(point("level").storage, Storage::Volatile);
}

#[test]
fn keys_that_do_not_belong_to_the_kind_are_findings() {
    for point in [
        "input: 0, kind: f32, names: {1: on}",
        "input: 0, kind: u16, scale: 0.1, names: {1: on}",
        "input: 0, kind: u16, unit: kW, names: {1: on}",
        "input: 0, kind: text, length: 2, names: {1: on}",
        "input: 0, kind: u16, names: [on, off]",
        "input: 0, kind: bits, bit: 0, count: 2, max_rate: 1",
        "input: 0, kind: bit, bit: 0, max_rate: 1",
        "discrete: 0, kind: flag, max_rate: 1",
        "input: 0, kind: u16, max_rate: 1, names: {1: on}",
        "input: 0, kind: text, length: 2, stuck_after: 2 h",
        "input: 0, kind: text, length: 2, counter: true",
        "input: 0, kind: bits, bit: 0, count: 2, counter: true",
        "input: 0, kind: bit, bit: 0, counter: true",
        "input: 0, kind: u16, bit: 3",
        "input: 0, kind: u32, of: u32",
        "input: 0, kind: bit, bit: 0, count: 3",
        "input: 0, kind: bits, bit: 0, count: 2, length: 3",
        "input: 0, kind: text, length: 2, low_word_first: true",
        "input: 0, kind: text, length: 2, sentinels: [0]",
        "discrete: 0, kind: flag, sentinels: [1]",
        "input: 0, kind: bit, bit: 0, scale: 2",
    ] {
        let (code, words) = finding(point);
        assert_eq!(code, "wrong-kind", "{point}");
        assert!(words.contains("help: "), "{words}");
    }
}

#[test]
fn numbers_and_names_have_limits() {
    let many: Vec<String> = (0..257).map(|code| format!("{code}: x")).collect();
    let long = "x".repeat(65);
    for (point, code) in [
        ("input: 0, kind: bit, bit: 16", "out-of-range"),
        ("input: 0, kind: bit, bit: 32, of: u32", "out-of-range"),
        ("input: 0, kind: bits, bit: 14, count: 3", "out-of-range"),
        ("input: 0, kind: bits, bit: 0, count: 17", "out-of-range"),
        ("input: 0, kind: bits, bit: 0, count: 0", "out-of-range"),
        ("input: 0, kind: bits, bit: 31, count: 2, of: u32", "out-of-range"),
        ("input: 0, kind: u16, names: {}", "out-of-range"),
        ("input: 0, kind: u16, names: {65536: on}", "out-of-range"),
        ("input: 0, kind: u16, names: {-1: on}", "out-of-range"),
        ("input: 0, kind: u16, names: {one: on}", "out-of-range"),
        ("input: 0, kind: bits, bit: 0, count: 2, names: {4: on}", "out-of-range"),
        ("input: 0, kind: u16, names: {1: on, '01': off}", "wrong-name"),
        ("input: 0, kind: u16, names: {1: ' '}", "wrong-name"),
        (&format!("input: 0, kind: u16, names: {{1: {long}}}"), "wrong-name"),
        (&format!("input: 0, kind: u16, names: {{{}}}", many.join(", ")), "out-of-range"),
        ("input: 0, kind: u16, max_rate: 0", "out-of-range"),
        ("input: 0, kind: u16, max_rate: -1", "out-of-range"),
        ("input: 0, kind: u16, max_rate: nan", "out-of-range"),
        ("input: 0, kind: u16, stuck_after: 1 s", "out-of-range"),
        ("input: 0, kind: u16, counter: true, rollover: 0", "out-of-range"),
        ("input: 0, kind: u16, counter: true, rollover: 65537", "out-of-range"),
        ("input: 0, kind: bcd16, scale: 0.1, counter: true, rollover: 1001", "out-of-range"),
        ("input: 0, kind: u16, scale: -1, counter: true", "out-of-range"),
        (
            "holding: 0, kind: u16, access: read-write, storage: eeprom, writes_per_day: 0",
            "out-of-range",
        ),
    ] {
        assert_eq!(finding(point).0, code, "{point}");
    }
    fine("  a: {input: 0, kind: bcd16, scale: 0.1, counter: true, rollover: 1000}\n");
}

#[test]
fn a_key_without_the_one_it_belongs_to_is_a_finding() {
    for (point, missing) in [
        ("input: 0, kind: u16, rollover: 100", "add 'counter: true'"),
        ("input: 0, kind: u16, counter: false, rollover: 100", "add 'counter: true'"),
        ("input: 0, kind: u16, stuck_while: a", "add 'stuck_after: 2 h'"),
        ("holding: 0, kind: u16, access: read-write, writes_per_day: 3", "add 'storage: eeprom'"),
        ("input: 0, kind: bits, bit: 2", "add it"),
    ] {
        let (code, words) = finding(point);
        assert_eq!(code, "missing-key", "{point}");
        assert!(words.contains(missing), "{words}");
    }
}

#[test]
fn a_companion_is_another_point_that_is_read() {
    let with = |other: &str| {
        let a = "  a: {input: 0, kind: u16, stuck_after: 2 h, stuck_while: run}\n";
        findings(&format!("{a}{other}")).iter().map(|f| (f.code, f.place.line)).collect::<Vec<_>>()
    };
    assert_eq!(with(""), [("unknown-point", 6)]);
    assert_eq!(with("  run: {input: 1, kind: text, length: 2}\n"), [("wrong-kind", 6)]);
    assert_eq!(with("  run: {holding: 1, kind: u16, access: write}\n"), [("wrong-kind", 6)]);
    assert_eq!(finding("input: 0, kind: u16, stuck_after: 2 h, stuck_while: a").0, "wrong-kind");
}

#[test]
fn bits_of_one_register_are_apart_when_none_is_shared() {
    let two = |a: &str, b: &str| {
        read(&format!("{HEAD}  a: {{{a}}}\n  b: {{{b}}}\n"), Path::new("p.yaml"))
            .map(|_| ())
            .map_err(|found| found.iter().map(|f| f.code).collect::<Vec<_>>())
    };
    let field = "input: 0, kind: bits, bit: 4, count: 3";
    assert_eq!(two(field, "input: 0, kind: bit, bit: 7"), Ok(()));
    assert_eq!(two(field, "input: 0, kind: bits, bit: 0, count: 4"), Ok(()));
    let overlap = Err(vec!["register-overlap"]);
    assert_eq!(two(field, "input: 0, kind: bit, bit: 6"), overlap);
    assert_eq!(two(field, "input: 0, kind: u16"), overlap);
    assert_eq!(two(field, "input: 0, kind: bit, bit: 20, of: u32"), overlap, "of other widths");
    let wide = "input: 0, kind: bit, bit: 20, of: u32";
    assert_eq!(two(wide, "input: 0, kind: bit, bit: 21, of: u32"), Ok(()));
    assert_eq!(two(wide, "input: 1, kind: bit, bit: 21, of: u32"), overlap);
    let written = finding("holding: 0, kind: bits, bit: 0, count: 2, access: read-write");
    assert_eq!(written.0, "not-writable");
}

#[test]
fn memory_that_wears_out_is_written_rarely_and_read_first() {
    let input = finding("input: 0, kind: u16, storage: eeprom");
    assert_eq!(input.0, "not-writable");
    let blind = finding("holding: 0, kind: u16, access: write, storage: eeprom");
    assert_eq!(blind.0, "not-readable");
    let points = "  limit: {holding: 0, kind: u16, access: read-write, storage: eeprom}\n  \
                  beat: {holding: 1, kind: u16, access: read-write, storage: eeprom}\n  \
                  other: {holding: 2, kind: u16, access: write}\n\
                  commands:\n  release:\n    write: [{point: limit, value: 100}]\n    \
                  confirm: [{point: limit, equals: 100}]\n";
    let again = findings(&format!("{points}dead_man: {{timeout: 60 s, refresh: command}}\n"));
    assert_eq!(again.iter().map(|f| f.code).collect::<Vec<_>>(), ["wears-out"]);
    let words = again[0].to_string();
    assert!(words.contains("'limit'") && words.contains("'release'"), "{words}");
    let dead_man =
        |point| format!("dead_man: {{timeout: 60 s, refresh: heartbeat, point: {point}}}\n");
    let beats = findings(&format!("{points}{}", dead_man("beat")));
    assert_eq!(beats.iter().map(|f| f.code).collect::<Vec<_>>(), ["wears-out"]);
    fine(&format!("{points}{}", dead_man("other")));
}

#[test]
fn a_command_writes_and_confirms_with_numbers_that_have_a_name() {
    let profile = |value: u8, equals: u8| {
        format!(
            "  mode: {{holding: 0, kind: u16, access: read-write, names: {{0: off, 1: on}}}}\n\
             commands:\n  run:\n    write: [{{point: mode, value: {value}}}]\n    \
             confirm: [{{point: mode, equals: {equals}}}]\n"
        )
    };
    fine(&profile(1, 1));
    for (value, equals) in [(2, 1), (1, 2)] {
        let found = findings(&profile(value, equals));
        assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), ["out-of-range"]);
        assert!(found[0].to_string().contains("2 is not among the 'names' of 'mode'"));
    }
}

/// The findings about unknown keys list the known ones, so no key can be added and not be
/// documented.
#[test]
fn every_key_and_every_kind_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/profiles.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let text = "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\nzzz: 1\n\
                points: {a: {input: 0, kind: zzz, zzz: 1}}\n\
                commands: {run: {zzz: 1, write: [{zzz: 1}], confirm: [{zzz: 1}]}}\n\
                dead_man: {timeout: 3 s, refresh: heartbeat, zzz: 1}\n";
    let found = read(text, Path::new("p.yaml")).expect_err("it is broken");
    let mut documented = 0;
    for words in found.iter().flat_map(|one| [&one.message, &one.help]) {
        let lists = ["known keys here: ", "must be one of: "];
        let Some(list) = lists.iter().find_map(|head| words.split(head).nth(1)) else { continue };
        for key in list.split(", ") {
            assert!(
                page.contains(&format!("`{key}`")) || page.contains(&format!("{{{key},")),
                "{key}"
            );
            documented += 1;
        }
    }
    assert!(documented > 55, "keys and kinds were found: {documented}");
}
