//! Frames in streams: byte by byte, in any split, and garbage.

use std::ops::ControlFlow;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{
    ADU_BYTES_MAX, Bus, Decoder, Frame, FrameError, PDU_BYTES_MAX, Rights, Table, UnknownUnit,
    respond,
};
use super::{Registers, adu, in_pieces};

/// Frames and the end of `bytes`, given to the decoder in pieces of the given lengths, repeated.
fn decode(bytes: &[u8], pieces: &[usize]) -> (Vec<Frame>, Option<FrameError>) {
    let mut decoder = Decoder::default();
    let mut frames = Vec::new();
    let ended = in_pieces(bytes, pieces, |piece| {
        let taken = decoder.handle_bytes(piece);
        loop {
            match decoder.poll_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => return ControlFlow::Continue(taken),
                Err(error) => {
                    assert_eq!(decoder.poll_frame(), Err(error), "an error is final");
                    return ControlFlow::Break(error);
                }
            }
        }
    });
    (frames, ended)
}

#[test]
fn one_request_byte_by_byte_and_its_answer() {
    // Transaction 0x1501, unit 0xFF: read register 4.
    let wire = [0x15, 0x01, 0, 0, 0, 6, 0xFF, 0x03, 0, 4, 0, 1];
    let mut decoder = Decoder::default();
    for byte in &wire[..11] {
        assert_eq!(decoder.handle_bytes(&[*byte]), 1);
        assert_eq!(decoder.poll_frame(), Ok(None));
    }
    assert_eq!(decoder.handle_bytes(&wire[11..]), 1);
    let frame = decoder.poll_frame().unwrap().unwrap();
    assert_eq!((frame.transaction(), frame.unit()), (0x1501, 0xFF));
    assert_eq!(frame.pdu(), [0x03, 0, 4, 0, 1]);
    assert_eq!(decoder.poll_frame(), Ok(None));
    assert_eq!(
        frame.answer(&[0x03, 2, 0, 5]),
        [0x15, 0x01, 0, 0, 0, 5, 0xFF, 0x03, 2, 0, 5],
        "the answer repeats transaction and unit"
    );
}

#[test]
fn impossible_lengths_end_the_stream_as_soon_as_they_are_seen() {
    for length in [0u16, 1, 255, 256, 0xFFFF] {
        let [high, low] = length.to_be_bytes();
        let mut decoder = Decoder::default();
        decoder.handle_bytes(&[0, 1, 0, 0, high]);
        assert_eq!(decoder.poll_frame(), Ok(None));
        decoder.handle_bytes(&[low]);
        assert_eq!(decoder.poll_frame(), Err(FrameError::Length(length)));
    }
}

#[test]
fn shortest_and_longest_frames_pass() {
    for bytes in [1, PDU_BYTES_MAX] {
        let wire = adu(7, 1, &vec![0x2B; bytes]);
        let (frames, error) = decode(&wire, &[wire.len()]);
        assert_eq!(error, None);
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0].pdu().len(), bytes);
    }
    assert_eq!(adu(7, 1, &[0; PDU_BYTES_MAX]).len(), ADU_BYTES_MAX);
}

#[test]
fn another_protocol_ends_the_stream() {
    let (frames, error) = decode(b"GET / HTTP/1.1\r\n", &[16]);
    assert_eq!(frames, []);
    assert_eq!(error, Some(FrameError::Protocol(u16::from_be_bytes(*b"T "))));
    assert_eq!(
        error.unwrap().to_string(),
        "protocol 0x5420 in a Modbus header, expected 0; is the peer a Modbus/TCP client?"
    );
}

#[test]
fn the_buffer_holds_one_frame_at_most() {
    let mut decoder = Decoder::default();
    let wire = adu(1, 1, &[0; PDU_BYTES_MAX]).repeat(3);
    assert_eq!(decoder.handle_bytes(&wire), ADU_BYTES_MAX);
    assert_eq!(decoder.handle_bytes(&wire[ADU_BYTES_MAX..]), 0);
    assert!(decoder.poll_frame().unwrap().is_some());
    assert_eq!(decoder.handle_bytes(&wire[ADU_BYTES_MAX..]), ADU_BYTES_MAX);
}

proptest! {
    #[test]
    fn any_split_gives_the_same_frames(
        requests in vec((any::<u16>(), any::<u8>(), vec(any::<u8>(), 1..=PDU_BYTES_MAX)), 1..8),
        pieces in vec(1usize..600, 1..8),
    ) {
        let wire: Vec<u8> =
            requests.iter().flat_map(|(number, unit, pdu)| adu(*number, *unit, pdu)).collect();
        let (frames, error) = decode(&wire, &pieces);
        prop_assert_eq!(error, None);
        prop_assert_eq!(frames.len(), requests.len());
        for (frame, (transaction, unit, pdu)) in frames.iter().zip(&requests) {
            prop_assert_eq!(frame.transaction(), *transaction);
            prop_assert_eq!(frame.unit(), *unit);
            prop_assert_eq!(frame.pdu(), pdu.as_slice());
            prop_assert_eq!(frame.answer(pdu), adu(*transaction, *unit, pdu));
        }
    }

    #[test]
    fn garbage_splits_alike_and_never_panics(
        bytes in vec(prop_oneof![Just(0u8), Just(1), Just(6), any::<u8>()], 0..1200),
        pieces in vec(1usize..300, 1..8),
    ) {
        prop_assert_eq!(decode(&bytes, &pieces), decode(&bytes, &[1]));
    }

    #[test]
    fn any_request_gets_one_answer_that_fits(
        function in prop_oneof![0u8..0x20, any::<u8>()],
        data in vec(prop_oneof![3 => 0u8..4, 1 => any::<u8>()], 0..PDU_BYTES_MAX),
    ) {
        let pdu = [vec![function], data].concat();
        let mut unit = Registers::default()
            .with(Table::Coils, 0, &[1; 600])
            .with(Table::DiscreteInputs, 0, &[1; 600])
            .with(Table::InputRegisters, 0, &[1; 600])
            .with(Table::HoldingRegisters, 0, &[1; 600]);
        let answer = respond(&mut unit, &pdu);
        prop_assert!((2..=PDU_BYTES_MAX).contains(&answer.len()));
        prop_assert_eq!(answer[0] & 0x7F, function & 0x7F);
        if answer[0] != function {
            prop_assert_eq!(answer.len(), 2);
            prop_assert!((1..=4).contains(&answer[1]));
        }

        let bus = Bus::new(UnknownUnit::GatewayTargetFailed);
        let (frames, _) = decode(&adu(9, 3, &pdu), &[ADU_BYTES_MAX]);
        let expected = adu(9, 3, &[function | 0x80, 0x0B]);
        prop_assert_eq!(bus.answer(&frames[0], Rights::All), Some(expected), "no unit 3 on this bus");
    }
}
