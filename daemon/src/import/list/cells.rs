//! What stands in the cells of a list.

use super::super::draft::Shape;
use super::super::words;
use drivers::profile::{Access, Table};

/// An address as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    /// The number.
    pub(super) number: u32,
    /// It was written in decimal: only such numbers can be Modicon's.
    pub(super) decimal: bool,
    /// The table, when the address itself says it (4x0001).
    pub(super) table: Option<Table>,
    /// A bit of the register (100.3).
    pub(super) bit: Option<u8>,
    /// How many registers (100-101).
    pub(super) count: Option<u16>,
}

/// Reads an address: 100, 0x64, 64h, 4x0101, 100.3, 100-101.
///
/// # Errors
/// In words, when it is none.
pub(super) fn address(text: &str) -> Result<Address, String> {
    let wrong = || format!("'{text}' is not an address");
    let plain = text.trim().to_lowercase();
    let mut found = Address { number: 0, decimal: true, table: None, bit: None, count: None };
    let (first, last) = match plain.split_once(['-', '–', '…']) {
        Some((first, last)) => (first.trim(), Some(last.trim())),
        None => (plain.as_str(), None),
    };
    let (first, bit) = match first.split_once(['.', ':']) {
        Some((first, bit)) => (first, Some(bit)),
        None => (first, None),
    };
    (found.number, found.decimal, found.table) = number_of(first).ok_or_else(wrong)?;
    if let Some(bit) = bit {
        found.bit = Some(bit.parse().map_err(|_| wrong())?);
    }
    if let Some(last) = last {
        let (last, _, _) = number_of(last).ok_or_else(wrong)?;
        let count = last.checked_sub(found.number).and_then(|count| count.checked_add(1));
        let count = count.and_then(|count| u16::try_from(count).ok());
        found.count = Some(count.ok_or_else(wrong)?);
    }
    Ok(found)
}

/// The number, whether it is decimal, and the table that it names.
fn number_of(text: &str) -> Option<(u32, bool, Option<Table>)> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).ok().map(|number| (number, false, None));
    }
    if let Some((digit, rest)) = text.split_once('x') {
        let table = match digit {
            "1" => Table::Discrete,
            "3" => Table::Input,
            "4" => Table::Holding,
            _ => return None,
        };
        return rest.parse().ok().map(|number| (number, true, Some(table)));
    }
    if let Some(digits) = text.strip_suffix('h') {
        return u32::from_str_radix(digits, 16).ok().map(|number| (number, false, None));
    }
    let plain: String = text.chars().filter(|letter| !matches!(letter, ' ' | '\'')).collect();
    plain.parse().ok().map(|number| (number, true, None))
}

/// A kind, with the number of registers for those that need it.
///
/// # Errors
/// In words, when Régie does not read it.
pub(super) fn kind(text: &str, count: Option<u16>) -> Result<Shape, String> {
    let lower = text.to_lowercase();
    let plain = lower.replace("swapped", "").replace("swap", "");
    if ["string", "str", "ascii", "text", "char"].iter().any(|word| plain.contains(word)) {
        let digits: String = plain.chars().filter(char::is_ascii_digit).collect();
        // What a list counts in a text's own name is characters, two to a register.
        let own = digits.parse::<u16>().ok().map(|characters| characters.div_ceil(2));
        let length = count.or(own).filter(|length| *length > 0);
        return length.map(Shape::Text).ok_or_else(|| "a text of unknown length".to_owned());
    }
    if ["bool", "boolean", "flag"].contains(&plain.trim()) {
        // A whole register that says yes or no is a number of 0 or 1.
        return Ok(Shape::Number("u16"));
    }
    let wide = |one, two, four| match count {
        Some(2) => Shape::Number(two),
        Some(4) => Shape::Number(four),
        _ => Shape::Number(one),
    };
    match plain.trim() {
        "int" | "integer" | "signed" | "signed int" => return Ok(wide("i16", "i32", "i64")),
        "uint" | "unsigned" | "unsigned int" => return Ok(wide("u16", "u32", "u64")),
        "bcd" => return Ok(wide("bcd16", "bcd32", "bcd64")),
        _ => {}
    }
    words::kind(&plain).ok_or_else(|| format!("the type '{text}' is not known"))
}

/// Access by the usual letters; none when it says something else.
pub(super) fn access(text: &str) -> Option<Access> {
    let plain: String = text.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
    Some(match plain.as_str() {
        "r" | "ro" | "read" | "readonly" => Access::Read,
        "w" | "wo" | "write" | "writeonly" => Access::Write,
        "rw" | "wr" | "readwrite" | "writeread" => Access::ReadWrite,
        _ => return None,
    })
}

/// A scale: 0.1, 0,1, 1/10, x10, /10, 10^-1, 1e-1.
pub(super) fn scale(text: &str) -> Option<f64> {
    let plain: String = text.to_lowercase().chars().filter(|letter| *letter != ' ').collect();
    let plain = plain.replace(['*', '×'], "");
    let scale = if let Some(rest) = plain.strip_prefix('x') {
        number(rest)
    } else if let Some((above, below)) = plain.split_once('/') {
        let above = if above.is_empty() { Some(1.0) } else { number(above) };
        above.zip(number(below)).map(|(above, below)| above / below)
    } else if let Some((base, power)) = plain.split_once('^') {
        number(base).zip(number(power)).map(|(base, power)| base.powf(power))
    } else {
        number(&plain)
    };
    scale.filter(|scale| scale.is_finite() && scale.abs() > 0.0)
}

/// A number with a point or a comma.
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_in_many_ways() {
        let read = |text| address(text).map(|a| (a.number, a.decimal, a.table, a.bit, a.count));
        assert_eq!(read("40001"), Ok((40_001, true, None, None, None)));
        assert_eq!(read("0x0BF3"), Ok((3059, false, None, None, None)));
        assert_eq!(read("64h"), Ok((100, false, None, None, None)));
        assert_eq!(read("4x0101"), Ok((101, true, Some(Table::Holding), None, None)));
        assert_eq!(read("100.3"), Ok((100, true, None, Some(3), None)));
        assert_eq!(read("100 - 101"), Ok((100, true, None, None, Some(2))));
        for wrong in ["", "n/a", "101-100", "5x1", "1.x"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn scales_kinds_and_access_are_too() {
        let near = |text: &str, wanted: f64| {
            assert!((scale(text).expect("a scale") - wanted).abs() < 1e-12, "{text}");
        };
        for text in ["0.1", "0,1", "1/10", "/10", "10^-1", "x0.1", "1e-1"] {
            near(text, 0.1);
        }
        assert_eq!((scale("0"), scale("many"), scale("1/0")), (None, None, None));
        assert_eq!(kind("STRING(20)", None), Ok(Shape::Text(10)));
        assert_eq!(kind("string", Some(8)), Ok(Shape::Text(8)));
        assert_eq!(kind("unsigned", Some(2)), Ok(Shape::Number("u32")));
        assert_eq!(kind("float swapped", None), Ok(Shape::Number("f32")));
        assert_eq!(kind("BCD", None), Ok(Shape::Number("bcd16")));
        assert_eq!(kind("bcd", Some(2)), Ok(Shape::Number("bcd32")));
        assert_eq!(kind("BCD swapped", Some(4)), Ok(Shape::Number("bcd64")));
        assert_eq!(kind("BCD_32", None), Ok(Shape::Number("bcd32")));
        assert!(kind("string", None).is_err());
        assert_eq!(access("R/W"), Some(Access::ReadWrite));
        assert_eq!((access("RO"), access("?")), (Some(Access::Read), None));
    }
}
