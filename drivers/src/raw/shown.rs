//! Registers as numbers and texts, the way a profile would read them.

use crate::codec;
use crate::profile::{self, Encoding};
use site::Value;
use std::fmt::{self, Display, LowerExp};
use std::path::Path;
use std::str::FromStr;

/// Numbers that a device of the field is likely to show: neither noise nor astronomy.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 1e-4..=1e8;

/// The words for kinds, with the registers each takes; `text` takes them all.
const KINDS: [(&str, usize); 11] = [
    ("u16", 1),
    ("i16", 1),
    ("u32", 2),
    ("i32", 2),
    ("u64", 4),
    ("i64", 4),
    ("f32", 2),
    ("f64", 4),
    ("bcd16", 1),
    ("bits", 1),
    ("text", 0),
];

/// How the bytes of a value lie in its registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Order {
    /// The low word comes first: `low_word_first` in a profile.
    pub swap: bool,
    /// The two bytes of each register are exchanged: `swap_bytes` in a profile.
    pub byteswap: bool,
}

/// All orders there are.
const ORDERS: [Order; 4] = [
    Order { swap: false, byteswap: false },
    Order { swap: true, byteswap: false },
    Order { swap: false, byteswap: true },
    Order { swap: true, byteswap: true },
];

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.swap, self.byteswap) {
            (false, false) => "neither swap nor byteswap",
            (true, false) => "swap",
            (false, true) => "byteswap",
            (true, true) => "swap and byteswap",
        })
    }
}

/// Why a text names no interpretation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a way to read registers; write one of u16, i16, u32, i32, u64, i64, f32, f64, \
     bcd16, bits, text, and after a comma swap (low word first) or byteswap: f32,swap"
)]
pub struct InterpretationError(pub String);

/// What registers are taken for, such as `f32,swap`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpretation {
    kind: &'static str,
    width: usize,
    order: Order,
}

impl FromStr for Interpretation {
    type Err = InterpretationError;

    fn from_str(text: &str) -> Result<Self, InterpretationError> {
        let wrong = || InterpretationError(text.to_owned());
        let mut words = text.split(',').map(str::trim);
        let word = words.next().unwrap_or_default();
        let found = KINDS.into_iter().find(|(kind, _)| *kind == word);
        let (kind, width) = found.ok_or_else(wrong)?;
        let mut order = Order::default();
        for word in words {
            match word {
                "swap" => order.swap = true,
                "byteswap" => order.byteswap = true,
                _ => return Err(wrong()),
            }
        }
        Ok(Self { kind, width, order })
    }
}

impl fmt::Display for Interpretation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        f.write_str(if self.order.swap { ",swap" } else { "" })?;
        f.write_str(if self.order.byteswap { ",byteswap" } else { "" })
    }
}

impl Interpretation {
    /// The registers that one value takes; none for a text, which takes all there are.
    #[must_use]
    pub const fn width(&self) -> Option<usize> {
        if self.width == 0 { None } else { Some(self.width) }
    }

    /// The values in `registers`, with the place of each within them. A rest that is too short for
    /// a value has none. A value that is none (NaN, a nibble that is no digit) says so in words.
    #[must_use]
    pub fn values(&self, registers: &[u16]) -> Vec<(usize, String)> {
        let width = if self.width == 0 { registers.len().max(1) } else { self.width };
        // Read once: it stands for all of them.
        let encoding = self.encoding(width, self.order);
        let chunks = registers.chunks_exact(width).enumerate();
        chunks
            .map(|(i, words)| (i * width, self.value(words, self.order, encoding.as_ref())))
            .collect()
    }

    fn value(&self, words: &[u16], order: Order, encoding: Option<&Encoding>) -> String {
        if self.kind == "bits" {
            return format!("{:016b}", word(words, order));
        }
        match decoded(words, encoding) {
            Some(Value::Text(text)) => format!("\"{text}\""),
            Some(Value::Number(number)) if self.kind == "f32" => readable(number, single(number)),
            Some(Value::Number(number)) => readable(number, number),
            Some(value) => value.to_string(),
            None => "no value".to_owned(),
        }
    }

    fn encoding(&self, registers: usize, order: Order) -> Option<Encoding> {
        let length =
            if self.kind == "text" { format!(", length: {registers}") } else { String::new() };
        let (kind, Order { swap, byteswap }) = (self.kind, order);
        let text = format!(
            "profile: raw\nversion: 1\ndescription: raw\nfirst_address: 0\npoints:\n  \
             value: {{holding: 0, kind: {kind}{length}, low_word_first: {swap}, \
             swap_bytes: {byteswap}}}\n"
        );
        let profile = profile::read(&text, Path::new("raw")).ok()?;
        profile.points.into_iter().next().map(|point| point.encoding)
    }

    /// When the values do not look like measured ones and do so in another order: that order, and
    /// the first value in it. None for kinds that have but one register, and for texts.
    #[must_use]
    pub fn hint(&self, registers: &[u16]) -> Option<(Order, String)> {
        if self.width < 2 || registers.len() < self.width {
            return None;
        }
        let first = &registers[..self.width];
        let likely = |order: Order| {
            let number = decoded(first, self.encoding(self.width, order).as_ref())?.number()?;
            let size = number.abs();
            (number == 0.0 || PLAUSIBLE.contains(&size)).then_some(number)
        };
        if first.iter().all(|word| *word == 0) || likely(self.order).is_some() {
            return None;
        }
        let order = ORDERS.into_iter().find(|order| likely(*order).is_some())?;
        let encoding = self.encoding(self.width, order);
        Some((order, self.value(first, order, encoding.as_ref())))
    }
}

/// Decoded by the very code that serves profiles.
fn decoded(words: &[u16], encoding: Option<&Encoding>) -> Option<Value> {
    codec::decode(encoding?, words, 0).ok()
}

/// A number as it is best read: noise in registers has a power of ten, not 24 digits.
fn readable(number: f64, shown: impl Display + LowerExp) -> String {
    let usual = number == 0.0 || (1e-6..1e15).contains(&number.abs());
    if usual { shown.to_string() } else { format!("{shown:e}") }
}

/// A number that was read as a single, with no more digits than a single has.
#[expect(clippy::cast_possible_truncation, reason = "it was a single before it became a double")]
const fn single(number: f64) -> f32 {
    number as f32
}

fn word(words: &[u16], order: Order) -> u16 {
    let word = words.first().copied().unwrap_or_default();
    if order.byteswap { word.swap_bytes() } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: &str, words: &[u16]) -> Vec<String> {
        let how: Interpretation = kind.parse().expect("a known kind");
        how.values(words).into_iter().map(|(_, value)| value).collect()
    }

    #[test]
    fn registers_are_shown_as_asked() {
        // 231.4 as IEEE 754 is 0x43676666.
        assert_eq!(shown("f32", &[0x4367, 0x6666]), ["231.4"]);
        assert_eq!(shown("f32,swap", &[0x6666, 0x4367]), ["231.4"]);
        assert_eq!(shown("u32", &[1, 0, 0, 7, 9]), ["65536", "7"], "the rest is too short");
        assert_eq!(shown("i16,byteswap", &[0xFEFF]), ["-2"]);
        assert_eq!(shown("bcd16", &[0x1234, 0x12A4]), ["1234", "no value"]);
        assert_eq!(shown("bits", &[0x8001]), ["1000000000000001"]);
        assert_eq!(shown("text", &[0x5265, 0x6769, 0x6500]), ["\"Regie\""]);
        assert_eq!(shown("f32", &[0x7FC0, 0]), ["no value"], "NaN");
        assert_eq!(shown("f32", &[0x6666, 0x4367]), ["2.7184691e23"], "noise stays short");
        assert_eq!(shown("u64,swap", &[1, 0, 0, 0]), ["1"]);
        for wrong in ["", "f16", "f32,swapped", "u16;swap"] {
            assert!(wrong.parse::<Interpretation>().is_err(), "{wrong}");
        }
        assert_eq!("f32,swap".parse::<Interpretation>().expect("known").to_string(), "f32,swap");
    }

    #[test]
    fn an_unlikely_number_brings_the_likely_order() {
        let how: Interpretation = "f32".parse().expect("a known kind");
        let (order, value) = how.hint(&[0x6666, 0x4367]).expect("another order fits");
        assert_eq!((order, value.as_str()), (ORDERS[1], "231.4"));
        assert_eq!(how.hint(&[0x4367, 0x6666]), None, "it is likely as it is");
        assert_eq!(how.hint(&[0, 0]), None, "zero is zero in all orders");
        let whole: Interpretation = "u32".parse().expect("a known kind");
        let (order, value) = whole.hint(&[0x3039, 0x0000]).expect("another order fits");
        assert_eq!((order.to_string().as_str(), value.as_str()), ("swap", "12345"));
    }
}
