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
        Kind::Bit(bit) | Kind::BitOf32(bit) => {
            let pattern = u64::from(value.abs() >= 0.5) << bit;
            arranged(encoding, pattern_words(pattern, encoding.kind.width()))
        }
        kind => {
            let raw = (value / encoding.unit_factor - encoding.offset) / encoding.scale;
            arranged(encoding, number_words(kind, raw))
        }
    }
}

/// Whether a point can say that it has no value.
pub(crate) fn has_absent(encoding: &Encoding) -> bool {
    !encoding.sentinels.is_empty() || matches!(encoding.kind, Kind::F32 | Kind::F64)
}

/// The words of a point that has no value now: its first sentinel, or what its kind has for it.
pub(crate) fn absent(encoding: &Encoding) -> Vec<u16> {
    let without = match encoding.kind {
        Kind::F32 => u64::from(f32::NAN.to_bits()),
        Kind::F64 => f64::NAN.to_bits(),
        _ => 0,
    };
    let pattern = encoding.sentinels.first().copied().unwrap_or(without);
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
        Kind::Bit(bit) | Kind::BitOf32(bit) => return flag(bits >> bit & 1 == 1),
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
        Kind::Bits { bit, count } | Kind::BitsOf32 { bit, count } => {
            unsigned(bits >> bit & ((1 << count) - 1))
        }
        Kind::Bcd16 | Kind::Bcd32 | Kind::Bcd64 => digits(bits, encoding.kind.width()),
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
        Kind::Bits { bit, count } | Kind::BitsOf32 { bit, count } => {
            integer(raw, 4, false).min((1 << count) - 1) << bit
        }
        Kind::Bcd16 | Kind::Bcd32 | Kind::Bcd64 => digit_pattern(raw, kind.width()),
        _ => integer(raw, kind.width(), false),
    };
    pattern_words(pattern, kind.width())
}

/// Decimal digits, four to a word, held at as many nines.
fn digit_pattern(raw: f64, width: u16) -> u64 {
    let places = 4 * usize::from(width);
    let nines = 10_u64.pow(4 * u32::from(width)) - 1;
    let text = format!("{:0places$}", integer(raw, 4, false).min(nines));
    u64::from_str_radix(&text, 16).expect("decimal digits are digits of base 16 too")
}

/// The number that the digits of a pattern spell. Not a number where one is above 9.
fn digits(bits: u64, width: u16) -> f64 {
    let places = 4 * usize::from(width);
    format!("{bits:0places$x}").parse::<u64>().map_or(f64::NAN, unsigned)
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
    fn bits_and_digits_lie_where_the_manuals_say() {
        let field = plain(Kind::Bits { bit: 4, count: 3 });
        assert_eq!(shown(&field, 5.0), [0x0050]);
        assert_eq!(shown(&field, 9.0), [0x0070], "held at all ones");
        let wide = Encoding { low_word_first: true, ..plain(Kind::BitsOf32 { bit: 14, count: 4 }) };
        assert_eq!(shown(&wide, 11.0), [0xC000, 0x0002]);
        assert_eq!(shown(&plain(Kind::BitOf32(31)), 1.0), [0x8000, 0]);
        let swapped = Encoding { swap_bytes: true, ..plain(Kind::Bit(3)) };
        assert_eq!(shown(&swapped, 1.0), [0x0800]);
        assert_eq!(shown(&plain(Kind::Bcd16), 1984.0), [0x1984]);
        assert_eq!(shown(&plain(Kind::Bcd32), 12_345.0), [0x0001, 0x2345]);
        assert_eq!(shown(&plain(Kind::Bcd64), 1e15), [0x1000, 0, 0, 0]);
        assert_eq!(shown(&plain(Kind::Bcd16), 1e9), [0x9999], "held at nines");
        assert!(number(&plain(Kind::Bcd16), &[0x00A0]).is_nan());
        for (encoding, value) in [(field, 6.0), (wide, 13.0), (plain(Kind::Bcd64), 9_876_543_210.0)]
        {
            let back = number(&encoding, &shown(&encoding, value));
            assert!((back - value).abs() < 1e-9, "{back}");
        }
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
