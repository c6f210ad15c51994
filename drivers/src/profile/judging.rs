//! How a point's readings are judged, and where the device keeps what is written to it.

use super::{Access, Counter, Encoding, Kind, Storage, Stuck};
use site::text::{Node, Section, Tree};
use std::collections::BTreeMap;
use std::time::Duration;

/// Names of one point: the longest lists of states and faults of devices have some hundred.
const NAMES_MAX: usize = 256;

/// Characters of one name: more does not fit beside the point's own name.
const NAME_CHARACTERS_MAX: usize = 64;

/// Whole numbers up to this are exact in a double.
const CODE_MAX: i64 = 1 << 53;

/// A value that is called stuck sooner is merely slow, and later nobody would notice.
const STUCK_AFTER: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(10)..=Duration::from_secs(30 * 86_400);

/// Writes a day to memory that bears 100,000 of them: so many wear it out in ten years.
const WRITES_PER_DAY: u32 = 24;

/// More writes a day than this wear such memory out within weeks.
const WRITES_PER_DAY_MAX: u32 = 2_000;

/// The keys that judge.
#[derive(Debug, Default)]
pub(super) struct Judging {
    pub(super) names: BTreeMap<i64, String>,
    pub(super) max_rate: Option<f64>,
    pub(super) stuck: Option<Stuck>,
    pub(super) counter: Option<Counter>,
}

/// Reads the keys that judge; what is wrong becomes findings. Without an encoding there is a
/// finding already, and the keys are only taken.
pub(super) fn read(section: &Section<'_>, encoding: Option<&Encoding>) -> Judging {
    Judging {
        names: names(section, encoding),
        max_rate: max_rate(section, encoding),
        stuck: stuck(section, encoding),
        counter: counter(section, encoding),
    }
}

fn names(section: &Section<'_>, encoding: Option<&Encoding>) -> BTreeMap<i64, String> {
    let mut names = BTreeMap::new();
    let (Some(node), Some(encoding)) = (section.get("names"), encoding) else { return names };
    let plain = encoding.scale_point.is_none()
        && [encoding.scale, encoding.unit_factor].iter().all(|factor| (factor - 1.0).abs() < 1e-12)
        && encoding.offset.abs() < 1e-12;
    let Some(extent) = encoding.kind.extent().filter(|_| plain) else {
        let message = "'names' goes with whole numbers that are not scaled";
        let help = "remove 'names', or scale, add, unit and scale_point";
        section.complain("wrong-kind", node.place, message, help);
        return names;
    };
    let Tree::Map(entries) = &node.tree else {
        let message = format!("'names' is {}, and must be a map", node.tree.kind());
        section.complain("wrong-kind", node.place, message, "write names: {1: off, 2: on}");
        return names;
    };
    if entries.is_empty() || entries.len() > NAMES_MAX {
        let message = format!("'names' has {} entries, and needs 1 to {NAMES_MAX}", entries.len());
        section.complain("out-of-range", node.place, message, "name the numbers that occur");
        return names;
    }
    for (text, place, name) in entries {
        let Some(code) = code(text).filter(|code| fits(*code, extent)) else {
            let message = format!("'{text}' is not a whole number that the registers can hold");
            section.complain("out-of-range", *place, message, "correct the number or the kind");
            continue;
        };
        let Some(name) = name_text(section, name) else { continue };
        if names.insert(code, name).is_some() {
            let message = format!("the number {code} is named twice");
            section.complain("wrong-name", *place, message, "remove one of the names");
        }
    }
    names
}

/// A whole number, decimal or as `0x…`.
fn code(text: &str) -> Option<i64> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok()?,
        None => text.parse().ok()?,
    };
    (-CODE_MAX..=CODE_MAX).contains(&number).then_some(number)
}

fn fits(code: i64, (low, high): (f64, f64)) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "whole numbers up to 2^53 are exact")]
    let code = code as f64;
    (low..=high).contains(&code)
}

fn name_text(section: &Section<'_>, node: &Node) -> Option<String> {
    section.scalar(node, "wrong-name", |text| {
        let printable = !text.chars().any(char::is_control) && !text.trim().is_empty();
        if printable && text.chars().count() <= NAME_CHARACTERS_MAX {
            return Ok(text.trim().to_owned());
        }
        Err(format!("a name has 1 to {NAME_CHARACTERS_MAX} characters that can be shown"))
    })
}

fn max_rate(section: &Section<'_>, encoding: Option<&Encoding>) -> Option<f64> {
    let node = section.get("max_rate")?;
    let rate = section.number("max_rate", 1e-12..=1e12)?;
    let encoding = encoding?;
    let field = matches!(encoding.kind, Kind::Bits { .. } | Kind::BitsOf32 { .. });
    if !encoding.kind.is_number() || field || section.get("names").is_some() {
        let message = "'max_rate' goes with numbers that measure something";
        let help = "remove it: bits, flags, texts and named numbers change at once";
        section.complain("wrong-kind", node.place, message, help);
    }
    Some(rate * encoding.unit_factor)
}

fn stuck(section: &Section<'_>, encoding: Option<&Encoding>) -> Option<Stuck> {
    let while_on = section.text_maybe("stuck_while");
    let Some(node) = section.get("stuck_after") else {
        if let Some(node) = section.get("stuck_while") {
            let message = "'stuck_while' says when the time of 'stuck_after' counts, and that is \
                           missing";
            section.complain("missing-key", node.place, message, "add 'stuck_after: 2 h'");
        }
        return None;
    };
    let after = section.duration_or("stuck_after", *STUCK_AFTER.start(), STUCK_AFTER);
    if matches!(encoding?.kind, Kind::Text(_)) {
        let message = "'stuck_after' goes with numbers and flags: a text is meant to stay";
        section.complain("wrong-kind", node.place, message, "remove it");
    }
    Some(Stuck { after, while_on })
}

fn counter(section: &Section<'_>, encoding: Option<&Encoding>) -> Option<Counter> {
    let counts = section.flag_or("counter", false);
    let rollover: Option<f64> =
        section.get("rollover").and_then(|_| section.number("rollover", 1e-9..=1e18));
    if !counts {
        if let Some(node) = section.get("rollover") {
            let message = "'rollover' says where a counter begins anew, and 'counter' is missing";
            section.complain("missing-key", node.place, message, "add 'counter: true'");
        }
        return None;
    }
    let (node, encoding) = (section.get("counter")?, encoding?);
    let field = matches!(encoding.kind, Kind::Bits { .. } | Kind::BitsOf32 { .. });
    if !encoding.kind.is_number() || field || section.get("names").is_some() {
        let message = "'counter' goes with whole registers that count";
        let help = "remove it: bits, flags, texts and named numbers do not count";
        section.complain("wrong-kind", node.place, message, help);
    }
    if encoding.scale < 0.0 {
        let message = "a counter with a negative 'scale' would count down";
        section.complain("out-of-range", node.place, message, "make 'scale' positive");
    }
    let held = encoding.kind.extent().filter(|_| encoding.scale_point.is_none());
    if let (Some(rollover), Some((_, high))) = (rollover, held)
        && rollover > (high + 1.0) * encoding.scale.abs()
    {
        let message = format!("the registers are full before {rollover}");
        let help = "correct 'rollover', which is in the point's unit; leave it out when the \
                    counter begins anew where its registers are full";
        section.complain("out-of-range", node.place, message, help);
    }
    Some(Counter { rollover: rollover.map(|rollover| rollover * encoding.unit_factor) })
}

/// Reads where the device keeps what is written; what is wrong becomes findings.
pub(super) fn storage(section: &Section<'_>, access: Access) -> Storage {
    let writes_per_day =
        section.number_or("writes_per_day", WRITES_PER_DAY, 1..=WRITES_PER_DAY_MAX);
    let eeprom = Storage::Eeprom { writes_per_day };
    let words = [("volatile", Storage::Volatile), ("eeprom", eeprom)];
    let storage = section.choice_maybe("storage", &words).unwrap_or_default();
    if storage == Storage::Volatile {
        if let Some(node) = section.get("writes_per_day") {
            let message = "'writes_per_day' goes with memory that wears out";
            let help = "add 'storage: eeprom', or remove it";
            section.complain("missing-key", node.place, message, help);
        }
        return storage;
    }
    let place = section.get("storage").map_or(section.place(), |node| node.place);
    if !access.writes() {
        let message = "'storage: eeprom' is for points that are written";
        section.complain("not-writable", place, message, "remove it, or correct 'access'");
    } else if !access.reads() {
        let message = "memory that wears out is read before it is written, and this point is not \
                       read";
        section.complain("not-readable", place, message, "give it 'access: read-write'");
    }
    storage
}
