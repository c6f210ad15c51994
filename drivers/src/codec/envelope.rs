//! The last look at what is about to leave: read back as a device would read it, it must lie within
//! its envelope.

use super::{Raw, decode};
use crate::profile::{Encoding, Kind};
use site::envelope::Envelope;

/// What binary arithmetic may lose, as a share of the numbers involved.
const ARITHMETIC: f64 = 1e-12;

/// Bytes that a device would not read as a number within the envelope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outside {
    /// What it would read; none when it is no number at all.
    pub(crate) found: Option<f64>,
}

/// Holds what was encoded to its envelope, by one step that the registers can hold.
pub(crate) fn within(
    encoding: &Encoding,
    raw: &Raw,
    exponent: i32,
    envelope: Envelope,
) -> Result<(), Outside> {
    let found = match raw {
        Raw::Bit(bit) => Some(f64::from(u8::from(*bit))),
        Raw::Registers(words) => {
            decode(encoding, words, exponent).ok().and_then(|value| value.number())
        }
    };
    let held = |value: f64| envelope.holds(value, step(encoding, value, exponent));
    if found.is_some_and(held) { Ok(()) } else { Err(Outside { found }) }
}

/// One step of the registers near a value, in the unit used inside.
fn step(encoding: &Encoding, value: f64, exponent: i32) -> f64 {
    let unit = (encoding.scale * 10f64.powi(exponent) * encoding.unit_factor).abs();
    let size = value.abs() + (encoding.offset * encoding.unit_factor).abs();
    let step = match encoding.kind {
        Kind::Flag => 0.0,
        Kind::F32 => size * f64::from(f32::EPSILON),
        Kind::F64 => size * f64::EPSILON,
        _ => unit,
    };
    step + size * ARITHMETIC
}
