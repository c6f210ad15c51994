use super::*;
use crate::profile::Kind;
use proptest::prelude::*;
use site::Value;

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

fn number(encoding: &Encoding, registers: &[u16], exponent: i32) -> f64 {
    let value = decode(encoding, registers, exponent).expect("a value");
    value.number().expect("a number")
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

#[test]
fn known_registers_give_known_values() {
    // 230.5 as IEEE 754 is 0x43668000; 12_345_678 is 0x00BC614E.
    assert!(near(number(&plain(Kind::F32), &[0x4366, 0x8000], 0), 230.5));
    assert!(near(number(&plain(Kind::U32), &[0x00BC, 0x614E], 0), 12_345_678.0));
    let low_first = Encoding { low_word_first: true, ..plain(Kind::U32) };
    assert!(near(number(&low_first, &[0x614E, 0x00BC], 0), 12_345_678.0));
    let swapped = Encoding { swap_bytes: true, ..plain(Kind::U32) };
    assert!(near(number(&swapped, &[0xBC00, 0x4E61], 0), 12_345_678.0));
    assert!(near(number(&plain(Kind::I16), &[0xFFFE], 0), -2.0));
    assert!(near(number(&plain(Kind::I32), &[0xFFFF, 0xFFFF], 0), -1.0));
    assert!(near(number(&plain(Kind::F64), &[0x40C8, 0x1C80, 0, 0], 0), 12_345.0));
    assert!(near(number(&plain(Kind::U64), &[0, 0, 1, 0], 0), 65_536.0));
}

#[test]
fn scale_factor_unit_and_offset_follow_the_formula() {
    let encoding = Encoding { scale: 0.1, offset: -40.0, unit_factor: 1e3, ..plain(Kind::U16) };
    assert!(near(number(&encoding, &[500], 1), (500.0 * 0.1 * 10.0 - 40.0) * 1e3));
}

#[test]
fn bits_and_texts() {
    assert_eq!(decode(&plain(Kind::Bit(3)), &[0b1000], 0), Ok(Value::Flag(true)));
    assert_eq!(decode(&plain(Kind::Bit(2)), &[0b1000], 0), Ok(Value::Flag(false)));
    let name = decode(&plain(Kind::Text(3)), &[0x5075, 0x6D70, 0x0041], 0);
    assert_eq!(name, Ok(Value::Text("Pump".into())), "it ends at the first zero");
    assert_eq!(decode(&plain(Kind::Text(1)), &[0x1B41], 0), Ok(Value::Text("?A".into())));
    assert_eq!(decode(&plain(Kind::Text(2)), &[0, 0], 0), Err(Reason::NotAvailable));
}

#[test]
fn what_is_no_value_is_a_reason() {
    let nan = [0x7FC0, 0x0000];
    assert_eq!(decode(&plain(Kind::F32), &nan, 0), Err(Reason::NotAvailable));
    assert_eq!(decode(&plain(Kind::F32), &[0x7F80, 0], 0), Err(Reason::NotAvailable), "infinity");
    let absent = Encoding { sentinels: vec![0x8000], ..plain(Kind::I16) };
    assert_eq!(decode(&absent, &[0x8000], 0), Err(Reason::NotAvailable));
    let ranged = Encoding { range: Some((0.0, 100.0)), ..plain(Kind::U16) };
    assert_eq!(decode(&ranged, &[101], 0), Err(Reason::OutOfRange));
    assert_eq!(decode(&ranged, &[100], 0), Ok(Value::Number(100.0)));
    assert_eq!(decode(&ranged, &[1, 2], 0), Err(Reason::WrongAnswer));
    let huge = plain(Kind::F64);
    let max = registers(&huge, f64::MAX.to_bits());
    assert_eq!(decode(&huge, &max, 10), Err(Reason::OutOfRange), "overflow in scaling");
}

#[test]
fn a_scale_factor_is_a_power_from_minus_ten_to_ten() {
    let encoding = Encoding { sentinels: vec![0x8000], ..plain(Kind::I16) };
    assert_eq!(exponent(&encoding, &[0xFFFE]), Ok(-2));
    assert_eq!(exponent(&encoding, &[10]), Ok(10));
    for wrong in [11, 0xFFF5, 0x8000] {
        assert_eq!(exponent(&encoding, &[wrong]), Err(Reason::BadScale), "{wrong:#x}");
    }
}

#[test]
fn writes_are_rounded_and_checked() {
    let tenths = Encoding { scale: 0.1, range: Some((0.0, 100.0)), ..plain(Kind::I16) };
    assert_eq!(encode(&tenths, 33.333, 0), Ok(Raw::Registers(vec![333])));
    assert_eq!(encode(&tenths, 33.35, 0), Ok(Raw::Registers(vec![334])));
    assert!(matches!(encode(&tenths, 100.1, 0), Err(EncodeError::OutOfRange { .. })));
    assert!(matches!(encode(&tenths, f64::NAN, 0), Err(EncodeError::NotFinite(_))));
    assert_eq!(encode(&plain(Kind::U16), -1.0, 0), Err(EncodeError::TooLarge(-1.0)));
    assert_eq!(encode(&plain(Kind::U16), 65_536.0, 0), Err(EncodeError::TooLarge(65_536.0)));
    let absent = Encoding { sentinels: vec![0xFFFF], ..plain(Kind::U16) };
    assert_eq!(encode(&absent, 65_535.0, 0), Err(EncodeError::Sentinel(65_535.0)));
    assert_eq!(encode(&plain(Kind::F32), 1e39, 0), Err(EncodeError::TooLarge(1e39)));
    assert_eq!(encode(&plain(Kind::Flag), 1.0, 0), Ok(Raw::Bit(true)));
    assert_eq!(encode(&plain(Kind::Flag), 0.5, 0), Err(EncodeError::NotFlag(0.5)));
    assert_eq!(encode(&plain(Kind::Text(2)), 1.0, 0), Err(EncodeError::NotWritable));
    assert_eq!(encode(&plain(Kind::U16), 50.0, -2), Ok(Raw::Registers(vec![5000])));
}

fn kinds() -> impl Strategy<Value = Kind> {
    use Kind::{F32, F64, I16, I32, I64, U16, U32, U64};
    prop::sample::select(vec![U16, I16, U32, I32, U64, I64, F32, F64])
}

proptest! {
    /// What is decoded from any registers and written again gives the same registers.
    #[test]
    fn registers_survive_the_round_trip(
        kind in kinds(),
        words in any::<[u16; 4]>(),
        low_word_first in any::<bool>(),
        swap_bytes in any::<bool>(),
        exponent in -3..=3,
    ) {
        let encoding = Encoding { low_word_first, swap_bytes, ..plain(kind) };
        let words = &words[..usize::from(kind.width())];
        let exponent = if matches!(kind, Kind::F32 | Kind::F64) { 0 } else { exponent };
        let Ok(Value::Number(value)) = decode(&encoding, words, exponent) else { return Ok(()) };
        // 64-bit counters are exact up to 2^53 only.
        if matches!(kind, Kind::U64 | Kind::I64) && value.abs() > 1e12 {
            return Ok(());
        }
        prop_assert_eq!(encode(&encoding, value, exponent), Ok(Raw::Registers(words.to_vec())));
    }

    /// What is written reads back within half a step, whatever the scaling.
    #[test]
    fn values_survive_within_half_a_step(
        raw in -30_000i32..30_000,
        scale in prop::sample::select(vec![0.01, 0.1, 1.0, 10.0, -0.5]),
        offset in -100.0..100.0f64,
        unit_factor in prop::sample::select(vec![1.0, 1e3, 1.0 / 3600.0]),
        exponent in -3..=3,
        shift in -0.49..0.49f64,
    ) {
        let encoding = Encoding { scale, offset, unit_factor, ..plain(Kind::I16) };
        let value = inside(&encoding, f64::from(raw) + shift, exponent);
        let Ok(Raw::Registers(words)) = encode(&encoding, value, exponent) else {
            return Err(TestCaseError::fail("in range, so it must encode"));
        };
        let back = number(&encoding, &words, exponent);
        let step = (scale * 10f64.powi(exponent) * unit_factor).abs();
        prop_assert!((back - value).abs() <= step * 0.5 + 1e-6 * value.abs());
    }

    /// No bytes from the field make a number that is not finite.
    #[test]
    fn nothing_but_finite_numbers_comes_out(
        kind in kinds(),
        words in any::<[u16; 4]>(),
        exponent in EXPONENT,
    ) {
        let words = &words[..usize::from(kind.width())];
        if let Ok(Value::Number(value)) = decode(&plain(kind), words, exponent) {
            prop_assert!(value.is_finite());
        }
    }
}
