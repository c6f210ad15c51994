//! Registers from values and back, for the devices' side. It shares nothing with the drivers'
//! codec but the words of a profile, so that the two check each other.

use drivers::profile::{Encoding, Kind};

/// The words of a point that shows a number in the unit used inside (W, Wh, m, m3, m3/s, h, per
/// cent; 0 or 1 for a flag), first address first. A single bit stands at its place in its word.
/// Texts are not shown by devices with registers of their own: theirs read as zeros.
pub(crate) fn words(encoding: &Encoding, value: f64) -> Vec<u16> {
    assert!(value.is_finite(), "the plant shows numbers only, not {value}");
    match encoding.kind {
        Kind::Text(registers) => vec![0; usize::from(registers)],
        Kind::Flag => vec![u16::from(value.abs() >= 0.5)],
        Kind::Bit(bit) => vec![u16::from(value.abs() >= 0.5) << bit],
        kind => {
            let raw = (value / encoding.unit_factor - encoding.offset) / encoding.scale;
            arranged(encoding, number_words(kind, raw))
        }
    }
}

/// The words of a point that has no value now: its first sentinel, or zeros without one.
pub(crate) fn absent(encoding: &Encoding) -> Vec<u16> {
    let pattern = encoding.sentinels.first().copied().unwrap_or(0);
    arranged(encoding, pattern_words(pattern, encoding.kind.width()))
}

/// A flag as a number.
pub(crate) fn flag(flag: bool) -> f64 {
    if flag { 1.0 } else { 0.0 }
}

/// The number in a point's words, in the unit used inside. Not finite where the words say so.
pub(crate) fn number(encoding: &Encoding, words: &[u16]) -> f64 {
    let words = arranged(encoding, words.to_vec());
    let bits = words.iter().fold(0_u64, |bits, word| (bits << 16) | u64::from(*word));
    let raw = match encoding.kind {
        Kind::Bit(bit) => return if bits >> bit & 1 == 1 { 1.0 } else { 0.0 },
        Kind::Flag => return if bits == 0 { 0.0 } else { 1.0 },
        Kind::Text(_) => return f64::NAN,
        Kind::U16 | Kind::U32 | Kind::U64 => unsigned(bits),
        Kind::I16 => signed(bits, 16),
        Kind::I32 => signed(bits, 32),
        Kind::I64 => signed(bits, 64),
        Kind::F32 => {
            f64::from(f32::from_bits(u32::try_from(bits).expect("two words hold 32 bits")))
        }
        Kind::F64 => f64::from_bits(bits),
    };
    (raw * encoding.scale + encoding.offset) * encoding.unit_factor
}

/// Words as they lie in the registers, from the highest word first; and back.
fn arranged(encoding: &Encoding, mut words: Vec<u16>) -> Vec<u16> {
    if encoding.low_word_first {
        words.reverse();
    }
    if encoding.swap_bytes {
        words.iter_mut().for_each(|word| *word = word.swap_bytes());
    }
    words
}

fn number_words(kind: Kind, raw: f64) -> Vec<u16> {
    let pattern = match kind {
        Kind::F32 => u64::from(single(raw).to_bits()),
        Kind::F64 => raw.to_bits(),
        Kind::I16 | Kind::I32 | Kind::I64 => integer(raw, kind.width(), true),
        _ => integer(raw, kind.width(), false),
    };
    pattern_words(pattern, kind.width())
}

/// The lowest words of a pattern, the highest of them first.
fn pattern_words(pattern: u64, width: u16) -> Vec<u16> {
    let word = |place: u16| u16::try_from(pattern >> (16 * place) & 0xFFFF).expect("16 bits");
    (0..width).rev().map(word).collect()
}

/// A whole number of so many words, held at the ends of its range.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the casts hold a number at the ends of the range, which is what registers do"
)]
fn integer(raw: f64, width: u16, negative: bool) -> u64 {
    let bits = 16 * u32::from(width);
    let raw = raw.round();
    if negative {
        let (low, high) = (i64::MIN >> (64 - bits), i64::MAX >> (64 - bits));
        return ((raw as i64).clamp(low, high)) as u64;
    }
    (raw as u64).min(u64::MAX >> (64 - bits))
}

#[expect(clippy::cast_possible_truncation, reason = "a single-precision register rounds")]
fn single(raw: f64) -> f32 {
    raw as f32
}

#[expect(clippy::cast_precision_loss, reason = "counters beyond 2^53 are beyond any device here")]
fn unsigned(bits: u64) -> f64 {
    bits as f64
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "two's complement is read by this cast; counters beyond 2^53 do not occur"
)]
fn signed(bits: u64, width: u32) -> f64 {
    (((bits << (64 - width)) as i64) >> (64 - width)) as f64
}

/// Two characters to a register, zeros at the end.
pub(crate) fn text_words(text: &str, registers: u16) -> Vec<u16> {
    let bytes: Vec<u8> = text.bytes().collect();
    let byte = |place: usize| bytes.get(place).copied().unwrap_or(0);
    (0..usize::from(registers))
        .map(|n| u16::from_be_bytes([byte(2 * n), byte(2 * n + 1)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(kind: Kind) -> Encoding {
        Encoding {
            kind,
            low_word_first: false,
            swap_bytes: false,
            scale: 1.0,
            offset: 0.0,
            unit_factor: 1.0,
            scale_point: None,
            sentinels: Vec::new(),
            range: None,
        }
    }

    fn shown(encoding: &Encoding, value: f64) -> Vec<u16> {
        words(encoding, value)
    }

    #[test]
    fn numbers_become_the_words_of_the_manuals() {
        assert_eq!(shown(&plain(Kind::U16), 65535.4), [0xFFFF]);
        assert_eq!(shown(&plain(Kind::I16), -2.0), [0xFFFE]);
        assert_eq!(shown(&plain(Kind::U32), 305_419_896.0), [0x1234, 0x5678]);
        assert_eq!(shown(&plain(Kind::I32), -1.0), [0xFFFF, 0xFFFF]);
        assert_eq!(shown(&plain(Kind::U64), 65536.0), [0, 0, 1, 0]);
        assert_eq!(shown(&plain(Kind::F32), 2.5), [0x4020, 0x0000]);
        assert_eq!(shown(&plain(Kind::F64), 2.5), [0x4004, 0, 0, 0]);
        assert_eq!(shown(&plain(Kind::Bit(3)), 1.0), [8]);
        assert_eq!(shown(&plain(Kind::Flag), 1.0), [1]);
    }

    #[test]
    fn what_is_absent_reads_as_the_first_sentinel() {
        let told = Encoding { sentinels: vec![0xFFFF_FFFF], ..plain(Kind::U32) };
        assert_eq!(absent(&told), [0xFFFF, 0xFFFF]);
        let low_first = Encoding { sentinels: vec![0x8000_0000], low_word_first: true, ..told };
        assert_eq!(absent(&low_first), [0, 0x8000]);
        assert_eq!(absent(&plain(Kind::U16)), [0]);
    }

    #[test]
    fn order_scale_and_unit_are_the_profiles() {
        let kilowatts = Encoding { scale: 0.1, unit_factor: 1e3, ..plain(Kind::I16) };
        assert_eq!(shown(&kilowatts, 90_349.0), [903]);
        let low_first = Encoding { low_word_first: true, ..plain(Kind::U32) };
        assert_eq!(shown(&low_first, 305_419_896.0), [0x5678, 0x1234]);
        let swapped = Encoding { swap_bytes: true, ..plain(Kind::U32) };
        assert_eq!(shown(&swapped, 305_419_896.0), [0x3412, 0x7856]);
        for encoding in [kilowatts, low_first, swapped] {
            let back = number(&encoding, &shown(&encoding, 12_300.0));
            assert!((back - 12_300.0).abs() < 1e-6, "{back}");
        }
    }

    #[test]
    fn registers_saturate_and_negative_numbers_are_twos_complement() {
        assert_eq!(shown(&plain(Kind::U16), -5.0), [0]);
        assert_eq!(shown(&plain(Kind::U16), 1e9), [0xFFFF]);
        assert_eq!(shown(&plain(Kind::I16), -1e9), [0x8000]);
        assert!((number(&plain(Kind::I16), &[0xFFFE]) + 2.0).abs() < 1e-12);
        assert!((number(&plain(Kind::I64), &[0xFFFF; 4]) + 1.0).abs() < 1e-12);
    }

    #[test]
    fn texts_fill_their_registers_with_zeros() {
        assert_eq!(text_words("Abc", 3), [0x4162, 0x6300, 0]);
        assert_eq!(text_words("Abcdef", 2), [0x4162, 0x6364], "what does not fit is cut off");
    }
}
