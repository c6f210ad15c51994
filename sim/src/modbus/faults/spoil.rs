//! An answer and a fault to the bytes that go out instead.

use super::{Framing, WireFault};
use crate::modbus::rtu::sealed;

/// Transaction (2), protocol (2), length (2).
const HEADER_BYTES: usize = 6;
const CRC_BYTES: usize = 2;
/// What stands in registers that nobody asked for: a value that would be seen.
const UNASKED: u8 = 0xA5;
/// The byte count of an answer is one byte, and a frame holds no more.
const DATA_BYTES_MAX: usize = 250;
/// Set in the function code of an answer that carries an exception.
const EXCEPTION_BIT: u8 = 0x80;

/// A frame taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// Of a Modbus TCP frame.
    pub(super) transaction: Option<u16>,
    pub(super) unit: u8,
    /// Function code and data.
    pub(super) pdu: Vec<u8>,
}

/// Takes a frame apart; none when it is too short to be one.
pub(super) fn parts(framing: Framing, bytes: &[u8]) -> Option<Parts> {
    let (transaction, body) = match framing {
        Framing::Tcp => {
            let (header, body) = bytes.split_at_checked(HEADER_BYTES)?;
            (Some(u16::from_be_bytes([header[0], header[1]])), body)
        }
        Framing::Rtu(_) => (None, bytes.get(..bytes.len().checked_sub(CRC_BYTES)?)?),
    };
    let (unit, pdu) = body.split_first()?;
    (!pdu.is_empty()).then(|| Parts { transaction, unit: *unit, pdu: pdu.to_vec() })
}

impl Parts {
    /// The frame's bytes, with length or checksum right.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let body = [&[self.unit], self.pdu.as_slice()].concat();
        let Some(transaction) = self.transaction else { return sealed(body) };
        let length = u16::try_from(body.len()).expect("messages are cut at 512 bytes");
        let mut bytes = transaction.to_be_bytes().to_vec();
        bytes.extend([0, 0]);
        bytes.extend(length.to_be_bytes());
        bytes.extend(body);
        bytes
    }

    /// Another number of registers, or of bytes of bits, in the answer to a read.
    fn change_registers(&mut self, more: i8) {
        let (bytes_each, data) = match self.pdu.as_slice() {
            [0x01 | 0x02, _, data @ ..] => (1, data.len()),
            [0x03 | 0x04 | 0x17, _, data @ ..] => (2, data.len()),
            _ => return,
        };
        let change = isize::from(more) * bytes_each;
        let wanted = data.saturating_add_signed(change).min(DATA_BYTES_MAX);
        self.pdu.resize(2 + wanted, UNASKED);
        self.pdu[1] = u8::try_from(wanted).expect("at most 250");
    }
}

/// The exception that answers `request` in the device's place.
pub(super) fn exception(framing: Framing, request: &[u8], code: u8) -> Option<Vec<u8>> {
    let mut parts = parts(framing, request)?;
    parts.pdu = vec![parts.pdu[0] | EXCEPTION_BIT, code];
    Some(parts.bytes())
}

/// The bytes that go out in the place of `answer`. Faults of time and of the connection are not
/// here, and an answer that cannot be taken apart passes.
pub(super) fn spoil(
    framing: Framing,
    request: &[u8],
    answer: Vec<u8>,
    fault: &WireFault,
) -> Vec<u8> {
    match fault {
        WireFault::Duplicate => answer.repeat(2),
        WireFault::Truncate { bytes } => answer[..answer.len().min(*bytes)].to_vec(),
        WireFault::NoiseBefore { bytes } => [bytes.as_slice(), &answer].concat(),
        WireFault::NoiseAfter { bytes } => [answer.as_slice(), bytes].concat(),
        WireFault::Echo => [request, &answer].concat(),
        WireFault::FlipBit { bit } => flipped(answer, *bit),
        WireFault::Checksum => match framing {
            Framing::Tcp => answer,
            Framing::Rtu(_) => {
                let last = (answer.len() * 8).saturating_sub(1);
                flipped(answer, last)
            }
        },
        WireFault::HeaderLength { length } => match framing {
            Framing::Tcp => with_length(answer, *length),
            Framing::Rtu(_) => answer,
        },
        _ => changed(framing, answer, fault),
    }
}

/// Faults in what a frame says: the frame is taken apart and put together again.
fn changed(framing: Framing, answer: Vec<u8>, fault: &WireFault) -> Vec<u8> {
    let Some(mut parts) = parts(framing, &answer) else { return answer };
    match fault {
        WireFault::Transaction { add } => {
            parts.transaction = parts.transaction.map(|it| it.wrapping_add(*add));
        }
        WireFault::Unit { add } => parts.unit = parts.unit.wrapping_add(*add),
        WireFault::Function { code } => parts.pdu[0] = *code,
        WireFault::Registers { more } => parts.change_registers(*more),
        _ => return answer,
    }
    parts.bytes()
}

fn flipped(mut bytes: Vec<u8>, bit: usize) -> Vec<u8> {
    if !bytes.is_empty() {
        let bit = bit % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    bytes
}

fn with_length(mut bytes: Vec<u8>, length: u16) -> Vec<u8> {
    if let Some(field) = bytes.get_mut(4..6) {
        field.copy_from_slice(&length.to_be_bytes());
    }
    bytes
}
