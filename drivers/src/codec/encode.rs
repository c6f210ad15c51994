//! From a value to registers.

use super::{decode, outside, plausible, registers};
use crate::profile::{Encoding, Kind};

/// Whole numbers up to this are exact in a double.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Raw {
    /// To a coil.
    Bit(bool),
    /// To registers, in the order of their addresses.
    Registers(Vec<u16>),
}

/// Why a value is not written. All of these are the fault of the caller or of the profile.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum EncodeError {
    /// The value is NaN or infinite.
    #[error("{0} is not a number")]
    NotFinite(f64),
    /// The value lies outside the point's plausible range.
    #[error("{value} is outside the range {low} to {high}")]
    OutOfRange {
        /// The value.
        value: f64,
        /// Lowest.
        low: f64,
        /// Highest.
        high: f64,
    },
    /// The rounded number does not fit into the registers.
    #[error("{0} does not fit into the registers")]
    TooLarge(f64),
    /// The nearest step that the registers can hold lies outside the point's plausible range.
    #[error(
        "the nearest step to {0} that the registers hold is outside the range; make the range \
         end at a whole step"
    )]
    Step(f64),
    /// The registers would say "not implemented".
    #[error("{0} would read as 'not implemented'")]
    Sentinel(f64),
    /// A coil is 0 or 1.
    #[error("{0} is neither 0 nor 1")]
    NotFlag(f64),
    /// Parts of a register and texts are never written.
    #[error("points of this kind are not written")]
    NotWritable,
}

/// The registers of `value`, given in the unit used inside, rounded to the nearest step that the
/// registers can hold.
pub(crate) fn encode(encoding: &Encoding, value: f64, exponent: i32) -> Result<Raw, EncodeError> {
    if !value.is_finite() {
        return Err(EncodeError::NotFinite(value));
    }
    if !plausible(encoding, value) {
        let (low, high) = encoding.range.unwrap_or_default();
        return Err(EncodeError::OutOfRange { value, low, high });
    }
    if encoding.kind == Kind::Flag {
        let near = |wanted: f64| (value - wanted).abs() < 1e-9;
        return match (near(0.0), near(1.0)) {
            (true, _) => Ok(Raw::Bit(false)),
            (_, true) => Ok(Raw::Bit(true)),
            _ => Err(EncodeError::NotFlag(value)),
        };
    }
    let pattern = pattern(encoding.kind, outside(encoding, value, exponent))?;
    if encoding.sentinels.contains(&pattern) {
        return Err(EncodeError::Sentinel(value));
    }
    let registers = registers(encoding, pattern);
    // What we would not believe when it is read back is not written.
    match decode(encoding, &registers, exponent) {
        Ok(_) => Ok(Raw::Registers(registers)),
        Err(_) => Err(EncodeError::Step(value)),
    }
}

/// The bits of a raw number.
fn pattern(kind: Kind, raw: f64) -> Result<u64, EncodeError> {
    Ok(match kind {
        Kind::U16 => whole(raw, 0.0, 65_535.0)?.unsigned_abs(),
        Kind::U32 => whole(raw, 0.0, 4_294_967_295.0)?.unsigned_abs(),
        Kind::U64 => whole(raw, 0.0, EXACT_MAX)?.unsigned_abs(),
        Kind::I16 => bits(whole(raw, -32_768.0, 32_767.0)?, 16),
        Kind::I32 => bits(whole(raw, -2_147_483_648.0, 2_147_483_647.0)?, 32),
        Kind::I64 => bits(whole(raw, -EXACT_MAX, EXACT_MAX)?, 64),
        Kind::F32 => u64::from(single(raw)?.to_bits()),
        // Adding zero makes a plain zero of a negative one, whose pattern may be a sentinel.
        Kind::F64 if raw.is_finite() => (raw + 0.0).to_bits(),
        Kind::F64 => return Err(EncodeError::TooLarge(raw)),
        Kind::Bcd16 => decimal(whole(raw, 0.0, 9_999.0)?.unsigned_abs()),
        Kind::Bcd32 => decimal(whole(raw, 0.0, 99_999_999.0)?.unsigned_abs()),
        Kind::Bcd64 => decimal(whole(raw, 0.0, EXACT_MAX)?.unsigned_abs()),
        Kind::Bit(_) | Kind::BitOf32(_) | Kind::Bits { .. } | Kind::BitsOf32 { .. } => {
            return Err(EncodeError::NotWritable);
        }
        Kind::Flag | Kind::Text(_) => return Err(EncodeError::NotWritable),
    })
}

/// One decimal digit in each 4 bits. A number up to 2^53 has 16 digits, which fit.
fn decimal(number: u64) -> u64 {
    let digit = |place: u32| number / 10u64.pow(place) % 10;
    (0..16).fold(0, |pattern, place| pattern | digit(place) << (4 * place))
}

#[expect(clippy::cast_possible_truncation, reason = "the bounds, at most 2^53, are checked first")]
fn whole(raw: f64, low: f64, high: f64) -> Result<i64, EncodeError> {
    let rounded = raw.round();
    if (low..=high).contains(&rounded) {
        Ok(rounded as i64)
    } else {
        Err(EncodeError::TooLarge(raw))
    }
}

/// The lowest `width` bits, two's complement.
const fn bits(number: i64, width: u32) -> u64 {
    number.cast_unsigned() & (u64::MAX >> (64 - width))
}

#[expect(clippy::cast_possible_truncation, reason = "rounding is meant; overflow is checked")]
fn single(raw: f64) -> Result<f32, EncodeError> {
    let single = raw as f32 + 0.0;
    if single.is_finite() { Ok(single) } else { Err(EncodeError::TooLarge(raw)) }
}
