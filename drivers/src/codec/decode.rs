//! From registers to a value.

use super::{Decoded, EXPONENT, bytes, inside, plausible};
use crate::profile::{Encoding, Kind};
use site::{Reason, Value};

/// The value of a coil or discrete input.
pub(crate) const fn decode_flag(bit: bool) -> Value {
    Value::Flag(bit)
}

/// The value in `registers`, which are the point's own and no others. `exponent` is the power of
/// ten of the point's scale factor, or 0.
pub(crate) fn decode(encoding: &Encoding, registers: &[u16], exponent: i32) -> Decoded<Value> {
    if registers.len() != usize::from(encoding.kind.width()) {
        return Err(Reason::WrongAnswer);
    }
    let bytes = bytes(encoding, registers);
    if let Kind::Text(_) = encoding.kind {
        return text(&bytes.collect::<Vec<_>>());
    }
    let pattern = bytes.fold(0u64, |sum, byte| sum << 8 | u64::from(byte));
    if encoding.sentinels.contains(&pattern) {
        return Err(Reason::NotAvailable);
    }
    if let Kind::Bit(bit) | Kind::BitOf32(bit) = encoding.kind {
        return Ok(Value::Flag(pattern >> bit & 1 == 1));
    }
    if matches!(encoding.kind, Kind::Bcd16 | Kind::Bcd32 | Kind::Bcd64) && !is_decimal(pattern) {
        return Err(Reason::OutOfRange);
    }
    let raw = raw(encoding.kind, pattern).ok_or(Reason::WrongAnswer)?;
    if !raw.is_finite() {
        return Err(Reason::NotAvailable);
    }
    let value = inside(encoding, raw, exponent);
    if value.is_finite() && plausible(encoding, value) {
        Ok(Value::Number(value))
    } else {
        Err(Reason::OutOfRange)
    }
}

/// The power of ten in a scale factor's registers.
pub(crate) fn exponent(encoding: &Encoding, registers: &[u16]) -> Decoded<i32> {
    let value = decode(encoding, registers, 0).map_err(|_| Reason::BadScale)?;
    let number = value.number().ok_or(Reason::BadScale)?;
    let found = EXPONENT.into_iter().find(|&power| (f64::from(power) - number).abs() < 1e-9);
    found.ok_or(Reason::BadScale)
}

#[expect(clippy::cast_precision_loss, reason = "counters past 2^53 lose their last digits")]
#[expect(clippy::cast_possible_truncation, reason = "a pattern is as wide as its kind")]
#[expect(clippy::cast_possible_wrap, reason = "two's complement is what the kind says")]
fn raw(kind: Kind, pattern: u64) -> Option<f64> {
    Some(match kind {
        Kind::U16 | Kind::U32 | Kind::U64 => pattern as f64,
        Kind::I16 => f64::from(pattern as u16 as i16),
        Kind::I32 => f64::from(pattern as u32 as i32),
        Kind::I64 => pattern as i64 as f64,
        Kind::F32 => f64::from(f32::from_bits(pattern as u32)),
        Kind::F64 => f64::from_bits(pattern),
        Kind::Bits { bit, count } | Kind::BitsOf32 { bit, count } => {
            f64::from(field(pattern as u32, bit, count))
        }
        Kind::Bcd16 | Kind::Bcd32 | Kind::Bcd64 => {
            let digit = |place: u32| pattern >> (4 * place) & 0xF;
            (0..16).rev().fold(0, |sum, place| sum * 10 + digit(place)) as f64
        }
        Kind::Bit(_) | Kind::BitOf32(_) | Kind::Flag | Kind::Text(_) => return None,
    })
}

/// `count` bits from `bit` on.
fn field(pattern: u32, bit: u8, count: u8) -> u32 {
    let mask = u32::MAX.checked_shr(32 - u32::from(count)).unwrap_or(0);
    pattern.checked_shr(bit.into()).unwrap_or(0) & mask
}

/// Whether no 4 bits of the pattern are above 9.
fn is_decimal(pattern: u64) -> bool {
    (0..16).all(|digit| pattern >> (4 * digit) & 0xF <= 9)
}

/// Text ends at its first zero byte, after any zeros in front of it. Spaces around it and bytes of
/// 0xFF after it, which is what erased memory holds, are padding. A text of nothing else is not
/// implemented. What is not printable becomes a question mark, so that no device can write to a
/// terminal.
fn text(bytes: &[u8]) -> Decoded<Value> {
    let end = bytes.iter().rposition(|&byte| byte != 0xFF).map_or(0, |last| last + 1);
    let begin = bytes.iter().position(|&byte| byte != 0).unwrap_or(end).min(end);
    let bytes = bytes[begin..end].split(|&byte| byte == 0).next().unwrap_or_default();
    let printable = |&byte: &u8| if (0x20..0x7F).contains(&byte) { char::from(byte) } else { '?' };
    let text: String = bytes.iter().map(printable).collect();
    let text = text.trim();
    if text.is_empty() { Err(Reason::NotAvailable) } else { Ok(Value::Text(text.to_owned())) }
}
