//! Whatever stands in a file, reading it ends in a profile or in findings.

use super::*;
use proptest::prelude::*;
use std::path::Path;

/// Reads, and looks at what was read as its users do.
fn read_and_use(text: &str) {
    match read(text, Path::new("any.yaml")) {
        Ok(profile) => {
            for point in &profile.points {
                assert!(point.encoding.kind.width() <= profile.max_registers);
                let registers = vec![0xFFFF; usize::from(point.encoding.kind.width())];
                let _ = crate::codec::decode(&point.encoding, &registers, 0);
                let _ = point.name_of(1.0);
            }
        }
        Err(findings) => assert!(!findings.is_empty(), "refused without a word"),
    }
}

const KEYS: [&str; 28] = [
    "holding",
    "input",
    "coil",
    "discrete",
    "model",
    "offset",
    "kind",
    "bit",
    "count",
    "of",
    "length",
    "scale",
    "add",
    "unit",
    "scale_point",
    "range",
    "sentinels",
    "low_word_first",
    "access",
    "write_function",
    "names",
    "max_rate",
    "stuck_after",
    "stuck_while",
    "counter",
    "rollover",
    "storage",
    "writes_per_day",
];

const VALUES: [&str; 36] = [
    "0",
    "1",
    "15",
    "16",
    "31",
    "65535",
    "65536",
    "-1",
    "0.1",
    "1e308",
    "nan",
    "0x10",
    "true",
    "false",
    "u16",
    "i32",
    "f32",
    "bcd64",
    "bit",
    "bits",
    "text",
    "flag",
    "u32",
    "kWh",
    "2 h",
    "99999999 h",
    "eeprom",
    "read-write",
    "multiple",
    "a",
    "b",
    "{1: off, 2: on}",
    "{0x1: off, 1: x}",
    "[0, 100]",
    "[0xFFFF, 0]",
    "~",
];

fn points() -> impl Strategy<Value = String> {
    let pair = (prop::sample::select(&KEYS[..]), prop::sample::select(&VALUES[..]));
    let point = prop::collection::btree_map(pair.0, pair.1, 1..9);
    prop::collection::vec(point, 1..5).prop_map(|points| {
        let mut text =
            "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\npoints:\n".to_owned();
        for (name, keys) in ["a", "b", "c", "d"].iter().zip(points) {
            let keys: Vec<String> =
                keys.iter().map(|(key, value)| format!("{key}: {value}")).collect();
            text += &format!("  {name}: {{{}}}\n", keys.join(", "));
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        read_and_use(&text);
    }

    #[test]
    fn any_keys_with_any_values_are_read_or_refused(text in points()) {
        read_and_use(&text);
    }

    /// A shipped profile, damaged.
    #[test]
    fn a_damaged_profile_is_read_or_refused(
        which in any::<prop::sample::Index>(),
        damages in prop::collection::vec(
            (any::<prop::sample::Index>(), 0usize..12, "[ -~\\n]{0,6}"),
            1..6,
        ),
    ) {
        let names = builtin_names();
        let text = builtin(names[which.index(names.len())]).expect("listed");
        let mut text: Vec<char> = text.chars().collect();
        for (at, length, instead) in damages {
            let begin = at.index(text.len());
            let end = (begin + length).min(text.len());
            text.splice(begin..end, instead.chars());
            text.push('\n');
        }
        read_and_use(&text.into_iter().collect::<String>());
    }
}
