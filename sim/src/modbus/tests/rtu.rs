//! Serial lines: frames, silences, broadcasts and checksums, by hand-written bytes.

use std::ops::ControlFlow;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{sleep, timeout};

use super::super::rtu::sealed;
use super::super::{
    Bus, PDU_BYTES_MAX, RTU_BYTES_MAX, RtuDecoder, RtuFrame, RtuLine, Silence, Table, UnknownUnit,
    crc, serve_rtu,
};
use super::{Registers, in_pieces};

/// Reads register 0 of unit 1, which holds 5; the checksum by an independent calculation.
const READ: [u8; 8] = [1, 3, 0, 0, 0, 1, 0x84, 0x0A];
const READ_ANSWER: [u8; 7] = [1, 3, 2, 0, 5, 0x78, 0x47];
const LONG: Duration = Duration::from_secs(3600);

/// Frames of `bytes`, given to the decoder in pieces of the given lengths, repeated; then silence.
fn decode(bytes: &[u8], pieces: &[usize]) -> Vec<RtuFrame> {
    let mut decoder = RtuDecoder::default();
    let mut frames = Vec::new();
    let broken: Option<()> = in_pieces(bytes, pieces, |piece| {
        let taken = decoder.handle_bytes(piece);
        while let Some(frame) = decoder.poll_frame() {
            frames.push(frame);
        }
        ControlFlow::Continue(taken)
    });
    assert_eq!(broken, None, "a line goes on whatever it hears");
    frames.extend(decoder.handle_silence());
    assert!(decoder.is_idle());
    frames
}

fn bus() -> Bus {
    let bus = Bus::new(UnknownUnit::GatewayTargetFailed);
    for unit in [1, 2] {
        bus.insert(unit, Registers::default().with(Table::HoldingRegisters, 0, &[5]));
    }
    bus
}

fn link(bus: &Bus, line: RtuLine) -> DuplexStream {
    let (client, server) = duplex(1024);
    tokio::spawn(serve_rtu(server, bus.clone(), line));
    client
}

async fn ask(client: &mut DuplexStream, request: &[u8]) -> Option<Vec<u8>> {
    client.write_all(request).await.unwrap();
    let mut answer = vec![0; RTU_BYTES_MAX];
    match timeout(LONG, client.read(&mut answer)).await {
        Ok(read) => {
            answer.truncate(read.unwrap());
            Some(answer)
        }
        Err(_) => None,
    }
}

#[test]
fn the_checksum_is_the_one_of_the_specification() {
    // The example of the specification's annex: 02 07 has the checksum 1241 (hex), low byte first.
    assert_eq!(crc(&[0x02, 0x07]), 0x1241);
    assert_eq!(sealed([2, 7]), [2, 7, 0x41, 0x12]);
    assert_eq!(sealed(&READ[..6]), READ);
    assert_eq!(crc(&[]), 0xFFFF);
}

#[test]
fn silence_is_three_and_a_half_characters_and_never_under_1750_us_when_fast() {
    let micros = |baud| RtuLine::serial(baud).silence.as_micros();
    assert_eq!(micros(9_600), 4_010);
    assert_eq!(micros(19_200), 2_005);
    assert_eq!(micros(38_400), 1_750);
    assert_eq!(micros(921_600), 1_750);
}

#[test]
fn frames_without_a_length_of_their_own_end_by_silence() {
    let identify = sealed([1, 0x2B, 14, 1, 0]);
    let mut decoder = RtuDecoder::default();
    decoder.handle_bytes(&identify);
    assert_eq!(decoder.poll_frame(), None);
    assert!(!decoder.is_idle());
    let frame = decoder.handle_silence().unwrap();
    assert_eq!((frame.unit(), frame.pdu()), (1, &[0x2B, 14, 1, 0][..]));
    assert!(decoder.is_idle());
}

#[test]
fn what_is_spoiled_costs_everything_up_to_the_next_silence() {
    let mut wrong = READ;
    wrong[5] ^= 1;
    let mut decoder = RtuDecoder::default();
    decoder.handle_bytes(&wrong);
    assert_eq!(decoder.poll_frame(), None);
    decoder.handle_bytes(&READ);
    assert_eq!(decoder.poll_frame(), None, "where the next frame begins nobody knows");
    assert_eq!(decoder.handle_silence(), None);
    decoder.handle_bytes(&READ);
    assert!(decoder.poll_frame().is_some());
    // A byte of noise before a frame spoils it too, and more than a frame's bytes are no frame.
    assert_eq!(decode(&[&[0x55][..], &READ].concat(), &[3]), []);
    assert_eq!(decode(&[0x2B; 3 * RTU_BYTES_MAX], &[100]), []);
    assert_eq!(decode(&READ[..7], &[1]), [], "half a frame is none");
}

proptest! {
    #[test]
    fn any_split_gives_the_same_frames(
        requests in vec(
            (any::<u8>(), 0u8..=4, any::<u16>(), vec(any::<u8>(), 1..=246)), 1..6,
        ),
        pieces in vec(1usize..300, 1..8),
    ) {
        let frame = |(unit, kind, word, data): &(u8, u8, u16, Vec<u8>)| {
            let [high, low] = word.to_be_bytes();
            let count = u8::try_from(data.len()).unwrap();
            match kind {
                0 => vec![*unit, 3, high, low, 0, 9],
                1 => [&[*unit, 0x10, high, low, 0, 1, count][..], data].concat(),
                2 => vec![*unit, 0x16, high, low, 1, 2, 3, 4],
                3 => vec![*unit, 0x11],
                _ => vec![*unit, 5, high, low, 0xFF, 0],
            }
        };
        let bodies: Vec<Vec<u8>> = requests.iter().map(frame).collect();
        let wire: Vec<u8> = bodies.iter().flat_map(|body| sealed(body.as_slice())).collect();
        let frames = decode(&wire, &pieces);
        prop_assert_eq!(frames.len(), bodies.len());
        for (frame, body) in frames.iter().zip(&bodies) {
            prop_assert_eq!(frame.unit(), body[0]);
            prop_assert_eq!(frame.pdu(), &body[1..]);
        }
    }

    #[test]
    fn garbage_splits_alike_and_is_never_taken_for_a_frame_with_a_wrong_checksum(
        bytes in vec(prop_oneof![Just(0u8), Just(1), Just(3), Just(16), any::<u8>()], 0..900),
        pieces in vec(1usize..300, 1..8),
    ) {
        let frames = decode(&bytes, &pieces);
        prop_assert_eq!(&frames, &decode(&bytes, &[1]));
        for frame in frames {
            prop_assert!((1..=PDU_BYTES_MAX).contains(&frame.pdu().len()));
            let body = [&[frame.unit()], frame.pdu()].concat();
            let wire = sealed(body);
            prop_assert!(bytes.windows(wire.len()).any(|window| window == wire));
        }
    }

    #[test]
    fn any_changed_bit_is_noticed(bit in 0usize..64) {
        let mut wire = READ;
        wire[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(decode(&wire, &[8]), []);
    }
}

#[tokio::test(start_paused = true)]
async fn units_answer_for_themselves_alone() {
    let bus = bus();
    let mut client = link(&bus, RtuLine::serial(19_200));
    assert_eq!(ask(&mut client, &READ).await.unwrap(), READ_ANSWER);
    assert_eq!(ask(&mut client, &sealed([3, 3, 0, 0, 0, 1])).await, None, "no unit 3");
    let refused = sealed([2, 0x83, 2]);
    assert_eq!(ask(&mut client, &sealed([2, 3, 0, 9, 0, 1])).await.unwrap(), refused);
    let unknown = sealed([2, 0x41 | 0x80, 1]);
    assert_eq!(ask(&mut client, &sealed([2, 0x41, 9, 9])).await.unwrap(), unknown);
    let mut wrong = READ;
    wrong[7] ^= 0x10;
    assert_eq!(ask(&mut client, &wrong).await, None, "a wrong checksum is no request");
    // An answer of a neighbour that this unit overhears.
    assert_eq!(ask(&mut client, &sealed([7, 3, 4, 0, 1, 0, 2])).await, None);
    assert_eq!(ask(&mut client, &READ).await.unwrap(), READ_ANSWER);
    bus.set_silence(Silence::Deaf);
    assert_eq!(ask(&mut client, &READ).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_is_done_by_all_and_answered_by_none() {
    let bus = bus();
    bus.insert(3, Registers::default().with(Table::HoldingRegisters, 0, &[5]));
    bus.set_unit_silent(3, true);
    let mut client = link(&bus, RtuLine::serial(9_600));
    assert_eq!(ask(&mut client, &sealed([0, 6, 0, 0, 0, 9])).await, None);
    for unit in [1, 2] {
        let answer = ask(&mut client, &sealed([unit, 3, 0, 0, 0, 1])).await.unwrap();
        assert_eq!(answer, sealed([unit, 3, 2, 0, 9]));
    }
    bus.set_unit_silent(3, false);
    let answer = ask(&mut client, &sealed([3, 3, 0, 0, 0, 1])).await.unwrap();
    assert_eq!(answer, sealed([3, 3, 2, 0, 5]), "it did not hear it");
    assert_eq!(ask(&mut client, &sealed([0, 3, 0, 0, 0, 1])).await, None, "reads are not");
}

#[tokio::test(start_paused = true)]
async fn a_pause_within_a_frame_ends_it_and_an_answer_waits_for_silence() {
    let line = RtuLine::serial(19_200);
    let mut client = link(&bus(), line);
    for (pause, answered) in [(line.gap * 2, false), (line.gap / 2, true)] {
        client.write_all(&READ[..5]).await.unwrap();
        sleep(pause).await;
        assert_eq!(ask(&mut client, &READ[5..]).await.is_some(), answered, "{pause:?}");
    }
    client.write_all(&READ).await.unwrap();
    let early = timeout(line.silence - Duration::from_micros(1100), client.read_u8()).await;
    assert!(early.is_err(), "3.5 characters of silence come first");
    assert_eq!(client.read_u8().await.unwrap(), 1);

    let mut patient = link(&bus(), line.with_gap(Duration::from_millis(50)));
    patient.write_all(&READ[..5]).await.unwrap();
    sleep(Duration::from_millis(40)).await;
    assert_eq!(ask(&mut patient, &READ[5..]).await.unwrap(), READ_ANSWER);
}

#[tokio::test(start_paused = true)]
async fn over_tcp_frames_end_by_their_length_and_may_follow_each_other() {
    let mut client = link(&bus(), RtuLine::over_tcp());
    client.write_all(&[READ, READ].concat()).await.unwrap();
    let mut answers = [0; 14];
    let soon = RtuLine::over_tcp().gap / 2;
    timeout(soon, client.read_exact(&mut answers)).await.expect("no silence needed").unwrap();
    assert_eq!(answers[..], [READ_ANSWER, READ_ANSWER].concat());
    for byte in READ {
        client.write_all(&[byte]).await.unwrap();
        sleep(Duration::from_millis(90)).await;
    }
    let mut answer = [0; 7];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, READ_ANSWER);
}
