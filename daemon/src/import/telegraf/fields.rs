//! One field of a configuration.

use super::super::draft::{Draft, Shape};
use super::super::words;
use super::Journal;
use super::source::Plugin;
use drivers::profile::Table;

/// How a configuration is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Lists by table, each field with its own type and order.
    Register,
    /// Blocks of one table and one order.
    Request,
    /// Blocks of one order, each field with its own table.
    Metric,
}

/// What a block says of all its fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) style: Style,
    pub(super) table: Option<Table>,
    /// Low word first, bytes exchanged.
    pub(super) order: Option<(bool, bool)>,
}

/// What a request or a metric says of its fields; none when its table is unknown.
pub(super) fn frame(block: &Plugin<'_>, style: Style, journal: &mut Journal) -> Option<Frame> {
    let table = match (style, block.text("register")) {
        (Style::Request, register) => {
            // Telegraf takes holding registers where nothing is said.
            let word = register.unwrap_or_else(|| "holding".to_owned());
            let Some(table) = table(&word) else {
                journal.lose(block.line(), format!("a request: 'register = {word}' is no table"));
                return None;
            };
            Some(table)
        }
        _ => None,
    };
    let order = block.text("byte_order").map(|text| order(block, &text, journal));
    Some(Frame { style, table, order })
}

fn table(word: &str) -> Option<Table> {
    Some(match word.to_ascii_lowercase().as_str() {
        "coil" => Table::Coil,
        "discrete" => Table::Discrete,
        "holding" => Table::Holding,
        "input" => Table::Input,
        _ => return None,
    })
}

fn order(of: &Plugin<'_>, text: &str, journal: &mut Journal) -> (bool, bool) {
    words::order(text).unwrap_or_else(|| {
        let line = of.line_of("byte_order");
        journal.note(line, format!("'byte_order = {text}' is not known; ABCD is taken"));
        (false, false)
    })
}

/// Reads a field; what cannot be taken over is told.
pub(super) fn read(field: &Plugin<'_>, frame: Frame, journal: &mut Journal) -> Option<Draft> {
    if field.text("omit").is_some_and(|omit| omit == "true") {
        // It only bridges a gap; requests are put together by the driver.
        return None;
    }
    let label = field.text("name").unwrap_or_default();
    match draft(field, &label, frame, journal) {
        Ok(draft) => Some(draft),
        Err(why) => {
            journal.lose(field.line(), format!("'{label}': {why}"));
            None
        }
    }
}

fn draft(
    field: &Plugin<'_>,
    label: &str,
    frame: Frame,
    journal: &mut Journal,
) -> Result<Draft, String> {
    let own = field.text("register").as_deref().and_then(table);
    let table = frame.table.or(own).unwrap_or(Table::Holding);
    let (address, count) = addresses(&field.list("address"))?;
    let shape = if table.is_bits() { Shape::Flag } else { shape(field, frame.style, count)? };
    if frame.style == Style::Register && shape.width() != count {
        let (width, list) = (shape.width(), field.list("address").join(", "));
        return Err(format!("its type takes {width} registers, and it names [{list}]"));
    }
    if label.is_empty() {
        return Err("it has no name".to_owned());
    }
    let mut draft = Draft::new(field.line(), label, (table, address), shape);
    let own = field.text("byte_order").map(|text| order(field, &text, journal));
    let (low_word_first, swap_bytes) = own.or(frame.order).unwrap_or_default();
    draft.low_word_first = low_word_first && shape.width() > 1;
    draft.swap_bytes = swap_bytes;
    if let Some(text) = field.text("scale") {
        let scale = text.parse::<f64>().map_err(|_| format!("'scale = {text}' is no number"))?;
        // Telegraf takes 0 for a scale that is not given.
        draft.scale = if scale.abs() > 0.0 { scale } else { 1.0 };
    }
    if matches!(shape, Shape::Half(_)) && (draft.scale - 1.0).abs() > 1e-12 {
        return Err("half a register has no scale in a profile: read the whole register".into());
    }
    draft.comment = field.text("measurement").map(|of| format!("measurement {of}"));
    Ok(draft)
}

/// The first address and how many there are; they must follow each other.
fn addresses(list: &[String]) -> Result<(u16, u16), String> {
    let numbers: Option<Vec<u16>> = list.iter().map(|text| text.parse().ok()).collect();
    let numbers = numbers.ok_or("an address is a number from 0 to 65535")?;
    let first = *numbers.first().ok_or("it has no address")?;
    let follow = numbers.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1]));
    if !follow {
        return Err(format!("its registers [{}] do not follow each other", list.join(", ")));
    }
    Ok((first, u16::try_from(numbers.len()).unwrap_or(u16::MAX)))
}

/// What stands in the registers of a field.
fn shape(field: &Plugin<'_>, style: Style, count: u16) -> Result<Shape, String> {
    let key = if style == Style::Register { "data_type" } else { "type" };
    let Some(text) = field.text(key) else {
        return Err(format!("it has no '{key}'"));
    };
    let fixed = |one, two, four| match count {
        1 => Ok(Shape::Number(one)),
        2 => Ok(Shape::Number(two)),
        4 => Ok(Shape::Number(four)),
        _ => Err(format!("'{text}' has 1, 2 or 4 registers, not {count}")),
    };
    match (text.to_ascii_uppercase().as_str(), style) {
        ("FIXED", _) => fixed("i16", "i32", "i64"),
        // In the old style FLOAT32 is no float: it is an old name of UFIXED.
        ("UFIXED", _) | ("FLOAT32", Style::Register) => fixed("u16", "u32", "u64"),
        ("FLOAT32-IEEE" | "FLOAT32", _) => Ok(Shape::Number("f32")),
        ("FLOAT64-IEEE" | "FLOAT64", _) => Ok(Shape::Number("f64")),
        ("FLOAT16-IEEE" | "FLOAT16", _) => Err("floats of 16 bits are not read".to_owned()),
        ("UINT8L", _) => Ok(Shape::Half(0)),
        ("UINT8H", _) => Ok(Shape::Half(8)),
        ("INT8L" | "INT8H", _) => Err(format!(
            "'{text}' is half a register with a sign, which profiles cannot say: take it over as \
             U{text} where it is never negative, or read the whole register"
        )),
        ("BIT", _) => {
            let bit = field.text("bit").and_then(|bit| bit.parse::<u8>().ok());
            bit.filter(|bit| *bit < 16)
                .map(Shape::Bit)
                .ok_or_else(|| "BIT needs 'bit' from 0 to 15".to_owned())
        }
        ("STRING", Style::Register) => Ok(Shape::Text(count)),
        ("STRING", _) => {
            let length = field.text("length").and_then(|length| length.parse::<u16>().ok());
            length.map(Shape::Text).ok_or_else(|| "STRING needs 'length'".to_owned())
        }
        (known, _) => match known {
            "INT16" | "UINT16" | "INT32" | "UINT32" | "INT64" | "UINT64" => {
                words::kind(known).ok_or_else(|| format!("'{text}' is not a type"))
            }
            _ => Err(format!("'{text}' is not a type that is known")),
        },
    }
}
