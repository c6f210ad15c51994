//! Others' words for names, units, types and orders.

use super::draft::Shape;
use drivers::profile::unit_is_known;
use std::collections::BTreeSet;

/// The longest name of a point or a device.
const NAME_MAX: usize = 32;

/// Letters with marks, and what stands for them in a name.
const LETTERS: [(char, &str); 24] = [
    ('à', "a"),
    ('â', "a"),
    ('ä', "ae"),
    ('á', "a"),
    ('ç', "c"),
    ('é', "e"),
    ('è', "e"),
    ('ê', "e"),
    ('ë', "e"),
    ('î', "i"),
    ('ï', "i"),
    ('í', "i"),
    ('ñ', "n"),
    ('ô', "o"),
    ('ö', "oe"),
    ('ó', "o"),
    ('ù', "u"),
    ('û', "u"),
    ('ü', "ue"),
    ('ú', "u"),
    ('ß', "ss"),
    ('œ', "oe"),
    ('°', "deg"),
    ('%', "percent"),
];

/// Units that others write otherwise.
const UNITS: [(&str, &str); 22] = [
    ("m³", "m3"),
    ("m³/h", "m3/h"),
    ("m3/hr", "m3/h"),
    ("m³/s", "m3/s"),
    ("rpm", "1/min"),
    ("min-1", "1/min"),
    ("watt", "W"),
    ("watts", "W"),
    ("kilowatt", "kW"),
    ("volt", "V"),
    ("volts", "V"),
    ("amp", "A"),
    ("amps", "A"),
    ("ampere", "A"),
    ("hertz", "Hz"),
    ("percent", "%"),
    ("sec", "s"),
    ("seconds", "s"),
    ("hours", "h"),
    ("hour", "h"),
    ("hrs", "h"),
    ("metre", "m"),
];

/// Types with the widths that they have, by what others call them.
const KINDS: [(&str, &[&str]); 11] = [
    (
        "u16",
        &[
            "u16",
            "uint16",
            "word",
            "unsigned16",
            "ushort",
            "unsigned",
            "uint",
            "unsignedint",
            "uint16t",
            "enum",
            "enum16",
            "bitfield16",
            "int16u",
            "unsignedshort",
            "16bitunsigned",
        ],
    ),
    (
        "i16",
        &[
            "i16",
            "int16",
            "s16",
            "sint16",
            "short",
            "int",
            "signed",
            "signed16",
            "int16t",
            "sunssf",
            "int16s",
            "16bitsigned",
            "signedint",
        ],
    ),
    (
        "u32",
        &[
            "u32",
            "uint32",
            "dword",
            "udint",
            "ulong",
            "unsigned32",
            "uint32t",
            "acc32",
            "bitfield32",
            "enum32",
            "int32u",
            "unsignedlong",
            "32bitunsigned",
        ],
    ),
    (
        "i32",
        &[
            "i32",
            "int32",
            "s32",
            "sint32",
            "long",
            "dint",
            "signed32",
            "int32t",
            "int32s",
            "32bitsigned",
        ],
    ),
    ("u64", &["u64", "uint64", "ulint", "qword", "unsigned64", "uint64t", "acc64"]),
    ("i64", &["i64", "int64", "s64", "lint", "signed64", "int64t"]),
    (
        "f32",
        &["f32", "float", "float32", "real", "single", "ieee754", "float32ieee", "floatingpoint"],
    ),
    ("f64", &["f64", "double", "float64", "lreal", "float64ieee"]),
    ("bcd16", &["bcd16", "bcd4", "4digitbcd", "wordbcd"]),
    ("bcd32", &["bcd32", "bcd8", "8digitbcd", "dwordbcd"]),
    ("bcd64", &["bcd64", "16digitbcd"]),
];

/// Names that were given away already.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// A name after a label, unlike all before it.
    pub(super) fn take(&mut self, label: &str) -> String {
        let plain = name(label);
        let mut candidate = plain.clone();
        let mut number = 2u32;
        while !self.0.insert(candidate.clone()) {
            let ending = format!("_{number}");
            let room = NAME_MAX.saturating_sub(ending.len());
            candidate = format!("{}{ending}", plain.chars().take(room).collect::<String>());
            number += 1;
        }
        candidate
    }
}

/// A label as a name: letters, digits, `-` and `_`, beginning with a letter.
pub(super) fn name(label: &str) -> String {
    let mut name = String::new();
    for letter in label.trim().to_lowercase().chars() {
        match LETTERS.iter().find(|(marked, _)| *marked == letter) {
            Some((_, plain)) => name.push_str(plain),
            None if letter.is_ascii_alphanumeric() || letter == '-' => name.push(letter),
            // Between words stands one line, whatever stood there before.
            None if !name.ends_with('_') => name.push('_'),
            None => {}
        }
    }
    let name = name.trim_matches(|c| c == '_' || c == '-');
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let name = if begins { name.to_owned() } else { format!("p_{name}") };
    let name: String = name.chars().take(NAME_MAX).collect();
    name.trim_end_matches(['_', '-']).to_owned()
}

/// A unit of Régie for what others write.
pub(super) fn unit(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(['[', ']', '(', ')']);
    if unit_is_known(text) {
        return Some(text.to_owned());
    }
    let lower = text.to_lowercase();
    let other = UNITS.iter().find(|(theirs, _)| *theirs == lower).map(|(_, ours)| *ours);
    // Prefixes matter (mW is not MW), so only these are known whatever their case.
    let usual = ["kW", "kWh", "V", "A", "Hz", "W", "Wh", "bar"];
    let ours = other.or_else(|| usual.into_iter().find(|ours| ours.to_lowercase() == lower));
    ours.map(str::to_owned)
}

/// A kind for what others call a type; none for what Régie does not read.
pub(super) fn kind(text: &str) -> Option<Shape> {
    let plain: String =
        text.to_lowercase().chars().filter(|letter| letter.is_ascii_alphanumeric()).collect();
    let found = KINDS.iter().find(|(_, names)| names.contains(&plain.as_str()));
    found.map(|(kind, _)| Shape::Number(kind))
}

/// Word and byte order: whether the low word comes first, and whether bytes are exchanged.
pub(super) fn order(text: &str) -> Option<(bool, bool)> {
    let plain: String =
        text.to_lowercase().chars().filter(|letter| letter.is_ascii_alphanumeric()).collect();
    Some(match plain.as_str() {
        "ab" | "abcd" | "abcdefgh" | "big" | "bigendian" | "be" | "msb" | "msw"
        | "highwordfirst" | "mswfirst" => (false, false),
        "cdab" | "ghefcdab" | "swap" | "swapped" | "wordswap" | "lowwordfirst" | "lswfirst"
        | "lsw" | "midlittleendian" => (true, false),
        "badc" | "badcfehg" | "byteswap" | "midbigendian" => (false, true),
        "ba" | "dcba" | "hgfedcba" | "little" | "littleendian" | "le" => (true, true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_names_and_stay_apart() {
        for (label, expected) in [
            ("Power Factor", "power_factor"),
            ("Motor1-Run", "motor1-run"),
            ("Température eau (°C)", "temperature_eau_degc"),
            ("2nd stage", "p_2nd_stage"),
            ("  U L1-N [V] ", "u_l1-n_v"),
            ("", "p"),
            ("水位", "p"),
            (
                "A very long label that no screen would ever show",
                "a_very_long_label_that_no_screen",
            ),
        ] {
            assert_eq!(name(label), expected, "{label}");
        }
        let mut names = Names::default();
        let taken: Vec<String> = ["P", "p", "P "].iter().map(|label| names.take(label)).collect();
        assert_eq!(taken, ["p", "p_2", "p_3"]);
    }

    #[test]
    fn units_types_and_orders_have_many_names() {
        assert_eq!(unit("m³/h").as_deref(), Some("m3/h"));
        assert_eq!(unit("[kwh]").as_deref(), Some("kWh"));
        assert_eq!(unit("rpm").as_deref(), Some("1/min"));
        assert_eq!((unit("°C"), unit("mw")), (None, None), "milli or mega: nobody knows");
        assert_eq!(kind("UINT_16"), Some(Shape::Number("u16")));
        assert_eq!(kind("Float 32"), Some(Shape::Number("f32")));
        assert_eq!(kind("INT16U"), Some(Shape::Number("u16")));
        assert_eq!(kind("date"), None);
        assert_eq!(order("CD AB"), Some((true, false)));
        assert_eq!(order("Little-Endian"), Some((true, true)));
        assert_eq!(order("ACBD"), None);
    }
}
