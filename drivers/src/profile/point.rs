//! One point of a profile's file.

use super::units::factor;
use super::{Access, Encoding, Kind, Location, PointSpec, Table, WriteFunction, judging};
use site::text::{Node, Place, Section};
use site::{DeviceId, PointId};
use std::time::Duration;

/// The longest text of a device: SunSpec's longest string has 16 registers, others have 32.
const TEXT_REGISTERS_MAX: u16 = 64;

/// Sentinels of one point.
const SENTINELS_MAX: usize = 8;

/// The shortest and the longest period of a point.
const EVERY_MIN: Duration = Duration::from_millis(100);
const EVERY_MAX: Duration = Duration::from_secs(86_400);

const KINDS: [(&str, Kind); 15] = [
    ("bit", Kind::Bit(0)),
    ("bits", Kind::Bits { bit: 0, count: 1 }),
    ("flag", Kind::Flag),
    ("u16", Kind::U16),
    ("i16", Kind::I16),
    ("u32", Kind::U32),
    ("i32", Kind::I32),
    ("u64", Kind::U64),
    ("i64", Kind::I64),
    ("f32", Kind::F32),
    ("f64", Kind::F64),
    ("bcd16", Kind::Bcd16),
    ("bcd32", Kind::Bcd32),
    ("bcd64", Kind::Bcd64),
    ("text", Kind::Text(1)),
];

const TABLES: [(&str, Table); 4] = [
    ("coil", Table::Coil),
    ("discrete", Table::Discrete),
    ("holding", Table::Holding),
    ("input", Table::Input),
];

/// What the whole profile says about all its points.
pub(super) struct Frame {
    pub(super) first_address: u16,
    pub(super) max_registers: u16,
    pub(super) sunspec: bool,
}

/// Reads one point; what is wrong becomes findings.
pub(super) fn read(
    name: &str,
    place: Place,
    section: &Section<'_>,
    frame: &Frame,
) -> Option<PointSpec> {
    let named = valid(name);
    if !named {
        let message = format!("'{name}' is not a name: use letters, digits, '-' or '_'");
        section.complain(
            "wrong-name",
            place,
            message,
            "begin with a letter, at most 32 characters",
        );
    }
    let location = location(section, frame);
    let kind = kind(section, frame);
    let encoding = kind.and_then(|kind| encoding(section, kind));
    let unit = section.text_maybe("unit");
    let words =
        [("read", Access::Read), ("write", Access::Write), ("read-write", Access::ReadWrite)];
    let access = section.choice_maybe("access", &words).unwrap_or(Access::Read);
    let slow = section.flag_or("slow", false);
    let alone = section.flag_or("alone", false);
    let every = every(section, slow);
    let functions = [("single", WriteFunction::Single), ("multiple", WriteFunction::Multiple)];
    let usual = match kind {
        Some(kind) if kind.width() > 1 => WriteFunction::Multiple,
        _ => WriteFunction::Single,
    };
    let write_function = section.choice_maybe("write_function", &functions).unwrap_or(usual);
    let judging = judging::read(section, encoding.as_ref());
    let storage = judging::storage(section, access);
    let (location, encoding) = (location?, encoding?);
    let name = named.then(|| name.to_owned())?;
    let judging::Judging { names, max_rate, stuck, counter } = judging;
    Some(PointSpec {
        name,
        location,
        encoding,
        unit,
        access,
        slow,
        every,
        alone,
        write_function,
        names,
        max_rate,
        stuck,
        counter,
        storage,
    })
}

/// A period of its own.
fn every(section: &Section<'_>, slow: bool) -> Option<Duration> {
    let node = section.get("every")?;
    if slow {
        let message = "'every' and 'slow' both say how often the point is read";
        section.complain("wrong-kind", node.place, message, "remove one of them");
    }
    Some(section.duration_or("every", EVERY_MAX, EVERY_MIN..=EVERY_MAX))
}

/// Whether a text can be a point's name.
fn valid(name: &str) -> bool {
    DeviceId::new("device").and_then(|device| PointId::new(&device, name)).is_ok()
}

fn location(section: &Section<'_>, frame: &Frame) -> Option<Location> {
    let mut found = Vec::new();
    for (word, table) in TABLES {
        found.extend(section.get(word).map(|node| (table, node)));
    }
    let (model, offset) = (section.get("model"), section.get("offset"));
    match (found.as_slice(), model, offset) {
        (&[(table, node)], None, None) => {
            let first = u64::from(frame.first_address);
            let number = integer(section, node, first, first + u64::from(u16::MAX))?;
            let address = u16::try_from(number - first).ok()?;
            Some(Location::Register { table, address })
        }
        ([], Some(model), Some(offset)) => {
            if !frame.sunspec {
                let message = "a model is named, and the profile does not say 'sunspec: true'";
                section.complain("wrong-location", model.place, message, "add it at the top");
            }
            let model = integer(section, model, 1, 65_534)?;
            let offset = integer(section, offset, 2, u64::from(u16::MAX))?;
            let (model, offset) = (u16::try_from(model).ok()?, u16::try_from(offset).ok()?);
            Some(Location::Model { model, offset })
        }
        _ => {
            let message = "the point must lie in exactly one place";
            let help = "write one of coil, discrete, holding, input; or model and offset";
            section.complain("wrong-location", section.place(), message, help);
            None
        }
    }
}

fn kind(section: &Section<'_>, frame: &Frame) -> Option<Kind> {
    // All are taken, so that a kind that is not known is one finding and not several.
    let keys = ["bit", "count", "of", "length"].map(|key| (key, section.get(key)));
    let kind = section.choice("kind", &KINDS)?;
    let belong: &[&str] = match kind {
        Kind::Bit(_) => &["bit", "of"],
        Kind::Bits { .. } => &["bit", "count", "of"],
        Kind::Text(_) => &["length"],
        _ => &[],
    };
    for (key, node) in keys {
        if let Some(stray) = node.filter(|_| !belong.contains(&key)) {
            let message = format!("'{key}' does not go with this kind");
            let help = "'bit' and 'of' go with kinds 'bit' and 'bits', 'count' with 'bits', \
                        'length' with 'text'";
            section.complain("wrong-kind", stray.place, message, help);
        }
    }
    match kind {
        Kind::Bit(_) if is_wide(section) => section.number("bit", 0..=31).map(Kind::BitOf32),
        Kind::Bit(_) => section.number("bit", 0..=15).map(Kind::Bit),
        Kind::Bits { .. } => bits(section),
        Kind::Text(_) => {
            let longest = TEXT_REGISTERS_MAX.min(frame.max_registers);
            section.number::<u16>("length", 1..=longest).map(Kind::Text)
        }
        kind => Some(kind),
    }
}

/// Whether a bit is one of a value of two registers.
fn is_wide(section: &Section<'_>) -> bool {
    section.choice_maybe("of", &[("u16", false), ("u32", true)]).unwrap_or(false)
}

fn bits(section: &Section<'_>) -> Option<Kind> {
    let wide = is_wide(section);
    let width: u8 = if wide { 32 } else { 16 };
    let bit = section.number("bit", 0..=width - 1);
    let count = section.number("count", 1..=width);
    let (bit, count) = (bit?, count?);
    if bit + count > width {
        let message = format!("{count} bits from bit {bit} on end past bit {}", width - 1);
        section.complain("out-of-range", section.place(), message, "correct 'bit' or 'count'");
        return None;
    }
    Some(if wide { Kind::BitsOf32 { bit, count } } else { Kind::Bits { bit, count } })
}

fn encoding(section: &Section<'_>, kind: Kind) -> Option<Encoding> {
    let scale: f64 = section.number_or("scale", 1.0, -1e12..=1e12);
    if scale.abs() < 1e-12 {
        let place = section.get("scale").map_or(section.place(), |node| node.place);
        section.complain("zero-scale", place, "'scale' is zero: every value would be lost", "");
    }
    let offset: f64 = section.number_or("add", 0.0, -1e12..=1e12);
    let unit_factor =
        section.get("unit").map_or(Some(1.0), |node| section.scalar(node, "unknown-unit", factor));
    let scale_point = section.text_maybe("scale_point");
    let range = range(section);
    let sentinels = sentinels(section, kind);
    let low_word_first = section.flag_or("low_word_first", false);
    let swap_bytes = section.flag_or("swap_bytes", false);
    let plain = range.is_none() && scale_point.is_none();
    let plain = plain && (scale - 1.0).abs() < 1e-12 && offset.abs() < 1e-12;
    if !kind.is_number() && !plain {
        let message = "bits and texts have no scale, add or range";
        section.complain("wrong-kind", section.place(), message, "remove them");
    }
    let ordered = sentinels.is_empty() && !low_word_first;
    if matches!(kind, Kind::Text(_)) && !ordered {
        let message = "texts have no sentinels and no order of words";
        let help = "remove them; 'swap_bytes' exchanges the characters of each register";
        section.complain("wrong-kind", section.place(), message, help);
    }
    if kind == Kind::Flag && !sentinels.is_empty() {
        let message = "a flag has no sentinels";
        section.complain("wrong-kind", section.place(), message, "remove them");
    }
    let unit_factor = unit_factor?;
    let range = range.map(|(low, high)| (low * unit_factor, high * unit_factor));
    Some(Encoding {
        kind,
        low_word_first,
        swap_bytes,
        scale,
        offset,
        unit_factor,
        scale_point,
        sentinels,
        range,
    })
}

fn range(section: &Section<'_>) -> Option<(f64, f64)> {
    let node = section.get("range")?;
    let read = |node: &Node| {
        section.scalar(node, "out-of-range", |text| match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(format!("'{text}' is not a number")),
        })
    };
    let bounds: Vec<f64> = section.list("range").iter().filter_map(read).collect();
    match bounds.as_slice() {
        &[low, high] if low < high => Some((low, high)),
        _ => {
            let message = "'range' must be two numbers, the lower one first";
            section.complain("out-of-range", node.place, message, "write range: [0, 100]");
            None
        }
    }
}

fn sentinels(section: &Section<'_>, kind: Kind) -> Vec<u64> {
    let nodes = section.list("sentinels");
    if let Some(node) = nodes.get(SENTINELS_MAX) {
        let message = format!("more than {SENTINELS_MAX} sentinels");
        section.complain("out-of-range", node.place, message, "use 'range' instead");
    }
    let bits = u32::from(kind.width().min(4)) * 16;
    let largest = u64::MAX >> (64 - bits);
    nodes.iter().filter_map(|node| integer(section, node, 0, largest)).collect()
}

/// A whole number, decimal or as `0x…`.
fn integer(section: &Section<'_>, node: &Node, least: u64, largest: u64) -> Option<u64> {
    section.scalar(node, "out-of-range", |text| {
        let number = match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        };
        number.filter(|number| (least..=largest).contains(number)).ok_or_else(|| {
            format!("'{text}' stands where a whole number from {least} to {largest} should")
        })
    })
}
