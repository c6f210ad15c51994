//! Function codes against frames written by hand from the specification's examples (§6).

use super::super::{Exception, Table, Unit, respond};
use super::Registers;

/// The lowest bit of each byte first, as the specification draws them.
fn bits(bytes: &[u8], count: usize) -> Vec<u16> {
    (0..count).map(|n| u16::from(bytes[n / 8] >> (n % 8) & 1)).collect()
}

#[track_caller]
fn check(unit: &mut Registers, request: &[u8], answer: &[u8]) {
    assert_eq!(respond(unit, request), answer, "request {request:02X?}");
}

#[test]
fn read_coils_20_to_38() {
    let coils = bits(&[0xCD, 0x6B, 0x05], 19);
    let mut unit = Registers::default().with(Table::Coils, 0x13, &coils);
    check(&mut unit, &[0x01, 0x00, 0x13, 0x00, 0x13], &[0x01, 0x03, 0xCD, 0x6B, 0x05]);
}

#[test]
fn read_discrete_inputs_197_to_218() {
    let inputs = bits(&[0xAC, 0xDB, 0x35], 22);
    let mut unit = Registers::default().with(Table::DiscreteInputs, 0xC4, &inputs);
    check(&mut unit, &[0x02, 0x00, 0xC4, 0x00, 0x16], &[0x02, 0x03, 0xAC, 0xDB, 0x35]);
}

#[test]
fn read_holding_registers_108_to_110() {
    let mut unit = Registers::default().with(Table::HoldingRegisters, 0x6B, &[0x022B, 0, 0x64]);
    check(
        &mut unit,
        &[0x03, 0x00, 0x6B, 0x00, 0x03],
        &[0x03, 0x06, 0x02, 0x2B, 0x00, 0x00, 0x00, 0x64],
    );
}

#[test]
fn read_input_register_9() {
    let mut unit = Registers::default().with(Table::InputRegisters, 8, &[10]);
    check(&mut unit, &[0x04, 0x00, 0x08, 0x00, 0x01], &[0x04, 0x02, 0x00, 0x0A]);
}

#[test]
fn write_coil_173() {
    let mut unit = Registers::default().with(Table::Coils, 0xAC, &[0]);
    let on = [0x05, 0x00, 0xAC, 0xFF, 0x00];
    check(&mut unit, &on, &on);
    assert_eq!(unit.at(Table::Coils, 0xAC), 1);
    let off = [0x05, 0x00, 0xAC, 0x00, 0x00];
    check(&mut unit, &off, &off);
    assert_eq!(unit.at(Table::Coils, 0xAC), 0);
    check(&mut unit, &[0x05, 0x00, 0xAC, 0x00, 0x01], &[0x85, 0x03]);
    check(&mut unit, &[0x05, 0x00, 0xAC, 0xFF, 0xFF], &[0x85, 0x03]);
    assert_eq!(unit.at(Table::Coils, 0xAC), 0);
}

#[test]
fn write_register_2() {
    let mut unit = Registers::default().with(Table::HoldingRegisters, 1, &[0]);
    let request = [0x06, 0x00, 0x01, 0x00, 0x03];
    check(&mut unit, &request, &request);
    assert_eq!(unit.at(Table::HoldingRegisters, 1), 3);
}

#[test]
fn write_coils_20_to_29() {
    let mut unit = Registers::default().with(Table::Coils, 0x13, &[0; 11]);
    check(
        &mut unit,
        &[0x0F, 0x00, 0x13, 0x00, 0x0A, 0x02, 0xCD, 0x01],
        &[0x0F, 0x00, 0x13, 0x00, 0x0A],
    );
    assert_eq!(unit.read(Table::Coils, 0x13, 11), Ok(bits(&[0xCD, 0x01], 11)));
}

#[test]
fn write_registers_2_and_3() {
    let mut unit = Registers::default().with(Table::HoldingRegisters, 1, &[0; 2]);
    check(
        &mut unit,
        &[0x10, 0x00, 0x01, 0x00, 0x02, 0x04, 0x00, 0x0A, 0x01, 0x02],
        &[0x10, 0x00, 0x01, 0x00, 0x02],
    );
    assert_eq!(unit.read(Table::HoldingRegisters, 1, 2), Ok(vec![0x0A, 0x0102]));
}

#[test]
fn mask_write_register_5() {
    let mut unit = Registers::default().with(Table::HoldingRegisters, 4, &[0x12]);
    let request = [0x16, 0x00, 0x04, 0x00, 0xF2, 0x00, 0x25];
    check(&mut unit, &request, &request);
    assert_eq!(unit.at(Table::HoldingRegisters, 4), 0x17);
}

#[test]
fn read_and_write_registers() {
    let read = [0x00FE, 0x0ACD, 0x0001, 0x0003, 0x000D, 0x00FF];
    let mut unit = Registers::default().with(Table::HoldingRegisters, 3, &read).with(
        Table::HoldingRegisters,
        0x0E,
        &[0; 3],
    );
    let request = [
        0x17, 0x00, 0x03, 0x00, 0x06, 0x00, 0x0E, 0x00, 0x03, 0x06, 0x00, 0xFF, 0x00, 0xFF, 0x00,
        0xFF,
    ];
    let answer =
        [0x17, 0x0C, 0x00, 0xFE, 0x0A, 0xCD, 0x00, 0x01, 0x00, 0x03, 0x00, 0x0D, 0x00, 0xFF];
    check(&mut unit, &request, &answer);
    assert_eq!(unit.read(Table::HoldingRegisters, 0x0E, 3), Ok(vec![0xFF; 3]));
    // The write comes first: an overlapping read sees it.
    check(
        &mut unit,
        &[0x17, 0x00, 0x03, 0x00, 0x01, 0x00, 0x03, 0x00, 0x01, 0x02, 0x12, 0x34],
        &[0x17, 0x02, 0x12, 0x34],
    );
}

#[test]
fn the_specifications_exception() {
    // §7: coil 1185 does not exist.
    check(&mut Registers::default(), &[0x01, 0x04, 0xA1, 0x00, 0x01], &[0x81, 0x02]);
}

#[test]
fn every_exception_of_a_unit_reaches_the_wire() {
    use Exception::*;
    let codes = [
        (IllegalFunction, 1),
        (IllegalDataAddress, 2),
        (IllegalDataValue, 3),
        (ServerDeviceFailure, 4),
        (ServerDeviceBusy, 6),
        (GatewayPathUnavailable, 0x0A),
        (GatewayTargetFailed, 0x0B),
    ];
    for (exception, code) in codes {
        let mut unit = Registers { refusal: Some(exception), ..Registers::default() };
        check(&mut unit, &[0x03, 0x00, 0x00, 0x00, 0x01], &[0x83, code]);
        check(&mut unit, &[0x06, 0x00, 0x00, 0x00, 0x01], &[0x86, code]);
        check(&mut unit, &[0x16, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00], &[0x96, code]);
    }
}

#[test]
fn unknown_functions_are_refused() {
    let known = [1, 2, 3, 4, 5, 6, 15, 16, 22, 23];
    for function in (0..=255u8).filter(|function| !known.contains(function)) {
        check(&mut Registers::default(), &[function, 0, 0, 0, 1], &[function | 0x80, 0x01]);
    }
}

#[test]
fn counts_at_their_limits() {
    let mut unit = Registers::default().with(Table::Coils, 0, &vec![1; 2000]).with(
        Table::HoldingRegisters,
        0,
        &[7; 125],
    );
    let full = respond(&mut unit, &[0x01, 0x00, 0x00, 0x07, 0xD0]);
    assert_eq!((full.len(), full[1]), (252, 250));
    check(&mut unit, &[0x01, 0x00, 0x00, 0x07, 0xD1], &[0x81, 0x03]);
    check(&mut unit, &[0x01, 0x00, 0x00, 0x00, 0x00], &[0x81, 0x03]);
    let full = respond(&mut unit, &[0x03, 0x00, 0x00, 0x00, 125]);
    assert_eq!((full.len(), full[1]), (252, 250));
    check(&mut unit, &[0x03, 0x00, 0x00, 0x00, 126], &[0x83, 0x03]);
    check(&mut unit, &[0x03, 0x00, 0x00, 0x00, 0], &[0x83, 0x03]);

    let write = |function: u8, count: u16, bytes: usize| {
        let mut request = vec![function, 0, 0];
        request.extend(count.to_be_bytes());
        request.push(u8::try_from(bytes).unwrap());
        request.resize(6 + bytes, 0);
        request
    };
    check(&mut unit, &write(0x0F, 1968, 246), &[0x0F, 0x00, 0x00, 0x07, 0xB0]);
    check(&mut unit, &write(0x0F, 1969, 247), &[0x8F, 0x03]);
    check(&mut unit, &write(0x10, 123, 246), &[0x10, 0x00, 0x00, 0x00, 0x7B]);
    check(&mut unit, &write(0x10, 124, 248), &[0x90, 0x03]);
    // 121 registers written and one read; 122 are too many.
    let both = |count: u8| {
        let head = [0x17, 0, 0, 0, 1, 0, 0, 0, count, count * 2];
        [head.as_slice(), &vec![0; usize::from(count) * 2]].concat()
    };
    check(&mut unit, &both(121), &[0x17, 0x02, 0x00, 0x00]);
    check(&mut unit, &both(122), &[0x97, 0x03]);
}

#[test]
fn spans_end_at_the_last_address() {
    let mut unit = Registers::default().with(Table::HoldingRegisters, 0xFFFF, &[5]);
    check(&mut unit, &[0x03, 0xFF, 0xFF, 0x00, 0x01], &[0x03, 0x02, 0x00, 0x05]);
    check(&mut unit, &[0x03, 0xFF, 0xFF, 0x00, 0x02], &[0x83, 0x02]);
    check(&mut unit, &[0x10, 0xFF, 0xFF, 0, 2, 4, 0, 1, 0, 2], &[0x90, 0x02]);
    check(&mut unit, &[0x0F, 0xFF, 0xFF, 0, 2, 1, 3], &[0x8F, 0x02]);
    check(&mut unit, &[0x17, 0xFF, 0xFF, 0, 2, 0xFF, 0xFF, 0, 1, 2, 0, 9], &[0x97, 0x02]);
    check(&mut unit, &[0x17, 0xFF, 0xFF, 0, 1, 0xFF, 0xFF, 0, 2, 4, 0, 9, 0, 9], &[0x97, 0x02]);
    assert_eq!(unit.at(Table::HoldingRegisters, 0xFFFF), 5);
}

#[test]
fn truncated_and_overlong_requests_are_refused_and_change_nothing() {
    let before = Registers::default().with(Table::Coils, 0, &[0; 16]).with(
        Table::HoldingRegisters,
        0,
        &[0; 16],
    );
    let whole: [&[u8]; 9] = [
        &[0x01, 0, 0, 0, 1],
        &[0x02, 0, 0, 0, 1],
        &[0x03, 0, 0, 0, 1],
        &[0x04, 0, 0, 0, 1],
        &[0x05, 0, 0, 0xFF, 0],
        &[0x06, 0, 0, 0, 9],
        &[0x0F, 0, 0, 0, 9, 2, 0xFF, 1],
        &[0x10, 0, 0, 0, 2, 4, 0, 9, 0, 9],
        &[0x17, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0, 9],
    ];
    let refused = |request: &[u8]| {
        let mut unit = before.clone();
        check(&mut unit, request, &[request[0] | 0x80, 0x03]);
        assert_eq!(unit, before);
    };
    for request in whole {
        (1..request.len()).for_each(|end| refused(&request[..end]));
        refused(&[request, &[0]].concat());
    }
    // A byte count that contradicts the count, with as many bytes as it says.
    refused(&[0x0F, 0, 0, 0, 9, 1, 0xFF]);
    refused(&[0x10, 0, 0, 0, 2, 2, 0, 9]);
}

#[test]
fn a_unit_that_gives_too_little_fails_as_a_device() {
    let mut unit = Registers { left_out: 1, ..Registers::default() }
        .with(Table::HoldingRegisters, 0, &[1, 2])
        .with(Table::Coils, 0, &[1, 1]);
    check(&mut unit, &[0x03, 0, 0, 0, 2], &[0x83, 0x04]);
    check(&mut unit, &[0x01, 0, 0, 0, 2], &[0x81, 0x04]);
    check(&mut unit, &[0x16, 0, 0, 0, 0, 0, 9], &[0x96, 0x04]);
    assert_eq!(unit.at(Table::HoldingRegisters, 0), 1);
}

#[test]
fn an_empty_request_is_refused() {
    check(&mut Registers::default(), &[], &[0x80, 0x01]);
}
