//! What must hold for every kind, order, scale, offset, unit and scale factor.

use super::*;
use crate::profile::Kind;
use proptest::prelude::*;
use site::Value;
use site::envelope::Envelope;

/// The kinds that are written and hold a number.
fn writable() -> impl Strategy<Value = Kind> {
    use Kind::{Bcd16, Bcd32, Bcd64, F32, F64, I16, I32, I64, U16, U32, U64};
    prop::sample::select(vec![U16, I16, U32, I32, U64, I64, F32, F64, Bcd16, Bcd32, Bcd64])
}

fn bits() -> impl Strategy<Value = Kind> {
    let narrow = (0u8..16, 1u8..=16).prop_filter("16 bits", |(bit, count)| bit + count <= 16);
    let wide = (0u8..32, 1u8..=32).prop_filter("32 bits", |(bit, count)| bit + count <= 32);
    prop_oneof![
        (0u8..16).prop_map(Kind::Bit),
        (0u8..32).prop_map(Kind::BitOf32),
        narrow.prop_map(|(bit, count)| Kind::Bits { bit, count }),
        wide.prop_map(|(bit, count)| Kind::BitsOf32 { bit, count }),
    ]
}

fn every() -> impl Strategy<Value = Kind> {
    prop_oneof![
        4 => writable(),
        3 => bits(),
        1 => Just(Kind::Flag),
        1 => (1u16..=64).prop_map(Kind::Text),
    ]
}

prop_compose! {
    fn encodings(kinds: impl Strategy<Value = Kind>)(
        kind in kinds,
        low_word_first in any::<bool>(),
        swap_bytes in any::<bool>(),
        scale in prop::sample::select(
            vec![1.0, 0.1, 0.01, 0.001, 10.0, 1000.0, -1.0, -0.5, 1.0 / 3.0]
        ),
        offset in prop_oneof![Just(0.0), -100.0..100.0f64],
        unit_factor in prop::sample::select(vec![1.0, 1e3, 1e6, 0.001, 1.0 / 3600.0]),
        sentinels in prop::collection::vec(
            prop_oneof![any::<u64>(), prop::sample::select(vec![0, 0x8000, 0xFFFF, 0x8000_0000])],
            0..4,
        ),
        range in prop::option::of((-1e6..1e6f64, 0.001..2e6f64)),
    ) -> Encoding {
        let width = u32::from(kind.width().min(4)) * 16;
        let sentinels = sentinels.into_iter().map(|pattern| pattern >> (64 - width)).collect();
        let range = range.map(|(low, extent)| (low, low + extent));
        Encoding {
            kind, low_word_first, swap_bytes, scale, offset, unit_factor,
            scale_point: None, sentinels, range,
        }
    }
}

/// One step of the registers near a raw number, in the unit used inside.
fn step(encoding: &Encoding, raw: f64, exponent: i32) -> f64 {
    let step = match encoding.kind {
        Kind::F32 => raw.abs() * f64::from(f32::EPSILON) + 1.5e-45,
        Kind::F64 => 0.0,
        _ => 1.0,
    };
    (step * encoding.scale * 10f64.powi(exponent) * encoding.unit_factor).abs()
}

/// What binary arithmetic itself may lose.
fn slop(encoding: &Encoding, value: f64) -> f64 {
    let size = value.abs() + (encoding.offset * encoding.unit_factor).abs();
    // Below the smallest normal double there are no relative errors, only absolute ones.
    8.0 * f64::EPSILON * size + 1e3 * f64::MIN_POSITIVE
}

/// Any number a caller may have, most of them such that the registers can hold them.
fn values() -> impl Strategy<Value = (f64, bool)> {
    let held = prop_oneof![-70_000.0..70_000.0f64, -5e9..5e9f64, -1e16..1e16f64];
    prop_oneof![3 => (held, Just(true)), 1 => (prop::num::f64::ANY, Just(false))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// What is written reads back within half a step, or is not written.
    #[test]
    fn what_is_written_reads_back_within_half_a_step(
        encoding in encodings(writable()),
        exponent in EXPONENT,
        (number, is_raw) in values(),
    ) {
        let value = if is_raw { inside(&encoding, number, exponent) } else { number };
        let Ok(Raw::Registers(words)) = encode(&encoding, value, exponent) else { return Ok(()) };
        let back = decode(&encoding, &words, exponent).ok().and_then(|value| value.number());
        let Some(back) = back else {
            return Err(TestCaseError::fail("written, and not believed when read back"));
        };
        let raw = outside(&encoding, value, exponent);
        let most = step(&encoding, raw, exponent) * 0.5 * (1.0 + 1e-9) + slop(&encoding, value);
        prop_assert!((back - value).abs() <= most, "{value} came back as {back}");
    }

    /// What passes the last look decodes to within its envelope by one step, and what lies well
    /// inside passes.
    #[test]
    fn the_last_look_lets_through_what_lies_within_the_envelope(
        encoding in encodings(writable()),
        exponent in EXPONENT,
        (number, is_raw) in values(),
        (low, size) in (-2.0..2.0f64, 0.0..2.0f64),
    ) {
        let value = if is_raw { inside(&encoding, number, exponent) } else { number };
        let Ok(raw) = encode(&encoding, value, exponent) else { return Ok(()) };
        let Raw::Registers(words) = &raw else { return Ok(()) };
        let back = decode(&encoding, words, exponent).ok().and_then(|value| value.number());
        let back = back.expect("what is written is believed when it is read back");
        let (low, size) = (value + low * value.abs(), size * value.abs());
        let envelope = Envelope { low, high: low + size };
        let near = step(&encoding, outside(&encoding, value, exponent), exponent);
        let near = near * (1.0 + 1e-6) + 1e5 * slop(&encoding, value);
        let passed = within(&encoding, &raw, exponent, envelope).is_ok();
        prop_assert!(!passed || envelope.holds(back, near), "{back} in {envelope:?}");
        prop_assert!(passed || !envelope.holds(back, 0.0), "{back} in {envelope:?}");
    }

    /// What registers say can be written again, and then says the same.
    #[test]
    fn what_is_read_can_be_written(
        encoding in encodings(writable()),
        exponent in -3..=3,
        words in any::<[u16; 4]>(),
    ) {
        let words = &words[..usize::from(encoding.kind.width())];
        let Ok(Value::Number(value)) = decode(&encoding, words, exponent) else { return Ok(()) };
        let raw = outside(&encoding, value, exponent);
        // Beyond 2^53 a double does not tell neighbours apart, and a negative zero is written as
        // a plain one, which may be a sentinel.
        let told_apart = raw.abs() < 4e15 && raw.abs() > 1e-30;
        let exact = slop(&encoding, value) * 4.0 < step(&encoding, raw, exponent);
        let double = encoding.kind == Kind::F64 && encoding.sentinels.is_empty();
        if !told_apart || !(exact || double) {
            return Ok(());
        }
        let again = encode(&encoding, value, exponent);
        let Ok(Raw::Registers(again)) = again else {
            return Err(TestCaseError::fail(format!("{value} was read and is refused: {again:?}")));
        };
        let back = decode(&encoding, &again, exponent).ok().and_then(|value| value.number());
        let near = |back: f64| (back - value).abs() <= slop(&encoding, value);
        prop_assert!(back.is_some_and(near), "{value} came back as {back:?}");
        if encoding.kind.is_whole() {
            prop_assert_eq!(again, words);
        }
    }

    /// A sentinel is never a value, and neither is a number that is not finite.
    #[test]
    fn no_sentinel_and_nothing_infinite_is_good(
        encoding in encodings(prop_oneof![writable(), bits()]),
        exponent in EXPONENT,
        mantissa in any::<u64>(),
    ) {
        for &sentinel in &encoding.sentinels {
            let words = registers(&encoding, sentinel);
            prop_assert_eq!(decode(&encoding, &words, exponent), Err(Reason::NotAvailable));
        }
        let infinite = match encoding.kind {
            Kind::F32 => 0x7F80_0000 | mantissa & 0x807F_FFFF,
            Kind::F64 => 0x7FF0 << 48 | mantissa & 0x800F_FFFF_FFFF_FFFF,
            _ => return Ok(()),
        };
        let words = registers(&encoding, infinite);
        prop_assert_eq!(decode(&encoding, &words, exponent), Err(Reason::NotAvailable));
    }

    /// Nothing that a device sends makes the codec panic, or a number that is not finite.
    #[test]
    fn any_words_are_decoded_or_refused(
        encoding in encodings(every()),
        words in prop::collection::vec(any::<u16>(), 0..70),
        exponent in -400..400i32,
    ) {
        let width = usize::from(encoding.kind.width()).min(words.len());
        for words in [&words[..], &words[..width]] {
            match decode(&encoding, words, exponent) {
                Ok(Value::Number(value)) => prop_assert!(value.is_finite()),
                Ok(Value::Text(text)) => {
                    prop_assert!(!text.is_empty());
                    prop_assert!(text.chars().all(|c| (' '..='~').contains(&c)));
                }
                Ok(Value::Flag(_)) | Err(_) => {}
            }
            // Whatever it makes of them, a scale factor is a power of ten or unusable.
            if let Ok(power) = super::exponent(&encoding, words) {
                prop_assert!(EXPONENT.contains(&power));
            }
        }
        for value in [0.0, 1.0, -1.0, f64::NAN, f64::MAX] {
            let written = encode(&encoding, value, exponent.clamp(-10, 10));
            let kind = encoding.kind;
            prop_assert!(written.is_err() || kind.is_number() || kind == Kind::Flag);
        }
    }

    /// A field of bits is what shifting and masking the whole number gives.
    #[test]
    fn a_field_is_a_part_of_the_whole(
        kind in bits(),
        words in any::<[u16; 2]>(),
        low_word_first in any::<bool>(),
        swap_bytes in any::<bool>(),
    ) {
        let encoding = |kind| Encoding {
            kind, low_word_first, swap_bytes, scale: 1.0, offset: 0.0, unit_factor: 1.0,
            scale_point: None, sentinels: Vec::new(), range: None,
        };
        let words = &words[..usize::from(kind.width())];
        let whole = if kind.width() == 1 { Kind::U16 } else { Kind::U32 };
        let whole = decode(&encoding(whole), words, 0).ok().and_then(|value| value.number());
        let own = f64::from(kind.bits().expect("it is a field"));
        let lowest = f64::from(1u32 << kind.bits().expect("it is a field").trailing_zeros());
        let part = (whole.expect("a number") / lowest).floor() % (own / lowest + 1.0);
        let found = decode(&encoding(kind), words, 0);
        match kind {
            Kind::Bit(_) | Kind::BitOf32(_) => {
                prop_assert_eq!(found, Ok(Value::Flag(part > 0.5)));
            }
            _ => prop_assert_eq!(found, Ok(Value::Number(part))),
        }
    }
}
