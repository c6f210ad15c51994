//! Registers in, values out, and back. Pure.
//!
//! `inside = (raw * scale * 10^exponent + offset) * unit_factor`. A number that is not finite, a
//! sentinel or a number outside the plausible range is no value: it becomes a [`Reason`].

mod decode;
mod encode;
mod envelope;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

pub(crate) use decode::{decode, decode_flag, exponent};
pub(crate) use encode::{EncodeError, Raw, encode};
pub(crate) use envelope::{Outside, within};

use crate::profile::Encoding;
use site::Reason;

/// Powers of ten a scale factor may be, after SunSpec.
pub(crate) const EXPONENT: std::ops::RangeInclusive<i32> = -10..=10;

/// From raw to the unit used inside.
fn inside(encoding: &Encoding, raw: f64, exponent: i32) -> f64 {
    (raw * encoding.scale * power_of_ten(exponent) + encoding.offset) * encoding.unit_factor
}

/// From the unit used inside to raw, not yet rounded.
fn outside(encoding: &Encoding, inside: f64, exponent: i32) -> f64 {
    (inside / encoding.unit_factor - encoding.offset) / (encoding.scale * power_of_ten(exponent))
}

/// Most points have no scale factor, and the function for powers is not free.
fn power_of_ten(exponent: i32) -> f64 {
    if exponent == 0 { 1.0 } else { 10f64.powi(exponent) }
}

/// Whether a value is plausible. Half a millionth of the range is forgiven: a bound such as
/// 0.1 kW is not exact in binary.
fn plausible(encoding: &Encoding, value: f64) -> bool {
    encoding.range.is_none_or(|(low, high)| {
        let slack = (high - low) * 0.5e-6;
        (low - slack..=high + slack).contains(&value)
    })
}

/// The registers as bytes, most significant first.
fn bytes<'a>(encoding: &Encoding, registers: &'a [u16]) -> impl Iterator<Item = u8> + 'a {
    let (swap, reverse, count) = (encoding.swap_bytes, encoding.low_word_first, registers.len());
    (0..count).flat_map(move |i| {
        let register = registers[if reverse { count - 1 - i } else { i }];
        if swap { register.to_le_bytes() } else { register.to_be_bytes() }
    })
}

/// The registers of a pattern: the other way round.
fn registers(encoding: &Encoding, pattern: u64) -> Vec<u16> {
    let bytes = pattern.to_be_bytes();
    let width = usize::from(encoding.kind.width());
    let pair = |pair: &[u8]| match *pair {
        [a, b] if encoding.swap_bytes => u16::from_le_bytes([a, b]),
        [a, b] => u16::from_be_bytes([a, b]),
        _ => 0,
    };
    let mut registers: Vec<u16> = bytes.chunks_exact(2).skip(4 - width).map(pair).collect();
    if encoding.low_word_first {
        registers.reverse();
    }
    registers
}

/// A reason instead of a value.
type Decoded<T> = Result<T, Reason>;
