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
        return text(&bytes);
    }
    let pattern = bytes.iter().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
    if let Kind::Bit(bit) = encoding.kind {
        return Ok(Value::Flag(pattern >> bit & 1 == 1));
    }
    if encoding.sentinels.contains(&pattern) {
        return Err(Reason::NotAvailable);
    }
    let raw = raw(encoding.kind, &bytes).ok_or(Reason::WrongAnswer)?;
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
fn raw(kind: Kind, bytes: &[u8]) -> Option<f64> {
    Some(match kind {
        Kind::U16 => f64::from(u16::from_be_bytes(bytes.try_into().ok()?)),
        Kind::I16 => f64::from(i16::from_be_bytes(bytes.try_into().ok()?)),
        Kind::U32 => f64::from(u32::from_be_bytes(bytes.try_into().ok()?)),
        Kind::I32 => f64::from(i32::from_be_bytes(bytes.try_into().ok()?)),
        Kind::U64 => u64::from_be_bytes(bytes.try_into().ok()?) as f64,
        Kind::I64 => i64::from_be_bytes(bytes.try_into().ok()?) as f64,
        Kind::F32 => f64::from(f32::from_be_bytes(bytes.try_into().ok()?)),
        Kind::F64 => f64::from_be_bytes(bytes.try_into().ok()?),
        Kind::Bit(_) | Kind::Flag | Kind::Text(_) => return None,
    })
}

/// Text ends at its first zero byte; a text of nothing but zeros is not implemented. What is not
/// printable becomes a question mark, so that no device can write to a terminal.
fn text(bytes: &[u8]) -> Decoded<Value> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let printable = |&byte: &u8| if (0x20..0x7F).contains(&byte) { char::from(byte) } else { '?' };
    let text: String = bytes[..end].iter().map(printable).collect();
    let text = text.trim();
    if text.is_empty() { Err(Reason::NotAvailable) } else { Ok(Value::Text(text.to_owned())) }
}
