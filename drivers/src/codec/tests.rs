use super::*;
use crate::profile::Kind;
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
fn texts_are_padded_with_zeros_spaces_or_erased_memory() {
    let text = |registers: &[u16]| {
        let width = u16::try_from(registers.len()).expect("few");
        decode(&plain(Kind::Text(width)), registers, 0)
    };
    let pump = Ok(Value::Text("Pump".into()));
    assert_eq!(text(&[0x5075, 0x6D70, 0x2020, 0x2020]), pump, "spaces");
    assert_eq!(text(&[0x2020, 0x5075, 0x6D70, 0x2000]), pump, "spaces on both sides");
    assert_eq!(text(&[0x5075, 0x6D70, 0xFFFF, 0xFFFF]), pump, "erased memory");
    assert_eq!(text(&[0x0000, 0x5075, 0x6D70, 0x0041]), pump, "zeros in front, rubbish behind");
    for nothing in [[0x2020; 3], [0xFFFF; 3], [0x2000; 3]] {
        assert_eq!(text(&nothing), Err(Reason::NotAvailable), "{nothing:x?}");
    }
    let swapped = Encoding { swap_bytes: true, ..plain(Kind::Text(3)) };
    let registers = [0x7550, 0x706D, 0x2031];
    assert_eq!(decode(&swapped, &registers, 0), Ok(Value::Text("Pump1".into())));
}

#[test]
fn a_field_of_bits_is_a_number() {
    let mode = plain(Kind::Bits { bit: 4, count: 3 });
    assert!(near(number(&mode, &[0xFFD7], 0), 5.0));
    let whole = plain(Kind::BitsOf32 { bit: 0, count: 32 });
    assert!(near(number(&whole, &[0xFFFF, 0xFFFE], 0), 4_294_967_294.0));
    let low_first = Encoding { low_word_first: true, ..plain(Kind::BitOf32(16)) };
    assert_eq!(decode(&low_first, &[0x0000, 0x0001], 0), Ok(Value::Flag(true)));
    assert_eq!(decode(&plain(Kind::BitOf32(16)), &[0x0000, 0x0001], 0), Ok(Value::Flag(false)));
    let absent = Encoding { sentinels: vec![0xFFFF], ..mode };
    assert_eq!(decode(&absent, &[0xFFFF], 0), Err(Reason::NotAvailable), "of the whole register");
    assert_eq!(encode(&absent, 1.0, 0), Err(EncodeError::NotWritable));
}

#[test]
fn digits_above_nine_are_no_number() {
    assert!(near(number(&plain(Kind::Bcd16), &[0x1984], 0), 1984.0));
    assert!(near(number(&plain(Kind::Bcd32), &[0x0012, 0x3456], 0), 123_456.0));
    let low_first = Encoding { low_word_first: true, scale: 0.1, ..plain(Kind::Bcd32) };
    assert!(near(number(&low_first, &[0x3456, 0x0012], 0), 12_345.6));
    assert!(near(number(&plain(Kind::Bcd64), &[0x9999; 4], 0), 1e16));
    for wrong in [0x000A, 0xA000, 0x0F00] {
        assert_eq!(decode(&plain(Kind::Bcd16), &[wrong], 0), Err(Reason::OutOfRange));
    }
    assert_eq!(encode(&plain(Kind::Bcd16), 1984.0, 0), Ok(Raw::Registers(vec![0x1984])));
    assert_eq!(encode(&plain(Kind::Bcd16), 10_000.0, 0), Err(EncodeError::TooLarge(10_000.0)));
    assert_eq!(encode(&plain(Kind::Bcd32), -1.0, 0), Err(EncodeError::TooLarge(-1.0)));
}

#[test]
fn what_would_not_be_believed_when_read_back_is_not_written() {
    let coarse = Encoding { scale: 8.0, range: Some((0.0, 100.0)), ..plain(Kind::U16) };
    assert_eq!(encode(&coarse, 100.0, 0), Err(EncodeError::Step(100.0)), "12.5 steps, 13 is 104");
    assert_eq!(encode(&coarse, 96.0, 0), Ok(Raw::Registers(vec![12])));
    let absent = Encoding { sentinels: vec![0x8000_0000], ..plain(Kind::F32) };
    assert_eq!(encode(&absent, -0.0, 0), Ok(Raw::Registers(vec![0, 0])), "no negative zero");
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
