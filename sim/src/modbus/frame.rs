//! Bytes to frames and back (messaging on TCP, §3.1): the MBAP header and what it carries.
//!
//! No sockets here: bytes in, frames out. The buffer never holds more than one frame.

use thiserror::Error;

/// The longest function code and data, in bytes (application protocol, §4.1).
pub const PDU_BYTES_MAX: usize = 253;
/// The longest frame on the wire, in bytes: the header and the longest function code and data.
pub const ADU_BYTES_MAX: usize = HEADER_BYTES + PDU_BYTES_MAX;
/// Transaction (2), protocol (2), length (2) and unit (1).
const HEADER_BYTES: usize = 7;
/// The length field counts from the unit on, which sits at this offset.
const COUNTED_FROM: usize = 6;
/// The length field counts the unit and at least a function code.
const LENGTH_MIN: u16 = 2;
/// The length field counts the unit and at most [`PDU_BYTES_MAX`].
const LENGTH_MAX: u16 = 254;

/// Why a stream cannot be read on: without a believable length there is no next frame to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The client's protocol field was not 0; it speaks something other than Modbus.
    #[error("protocol {0:#06x} in a Modbus header, expected 0; is the peer a Modbus/TCP client?")]
    Protocol(u16),
    /// The client's length field was outside 2 to 254.
    #[error("length {0} in a Modbus header, expected 2 to 254; the client and its stream disagree")]
    Length(u16),
}

/// One request as it came: who asked, which unit is meant, and the function code with its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    transaction: u16,
    unit: u8,
    pdu: Vec<u8>,
}

impl Frame {
    /// The client's number for this request, which its answer repeats.
    pub fn transaction(&self) -> u16 {
        self.transaction
    }

    /// The unit addressed.
    pub fn unit(&self) -> u8 {
        self.unit
    }

    /// The function code and its data, 1 to [`PDU_BYTES_MAX`] bytes.
    pub fn pdu(&self) -> &[u8] {
        &self.pdu
    }

    /// The bytes of an answer to this request.
    ///
    /// # Panics
    /// When `pdu` is empty or longer than [`PDU_BYTES_MAX`], which [`super::respond`] never gives.
    pub fn answer(&self, pdu: &[u8]) -> Vec<u8> {
        assert!(!pdu.is_empty() && pdu.len() <= PDU_BYTES_MAX, "an answer of {} bytes", pdu.len());
        let length = u16::try_from(pdu.len() + 1).expect("at most 254, asserted above");
        let mut bytes = Vec::with_capacity(HEADER_BYTES + pdu.len());
        bytes.extend(self.transaction.to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend(length.to_be_bytes());
        bytes.push(self.unit);
        bytes.extend(pdu);
        bytes
    }
}

/// Cuts a byte stream into frames, however the stream is split.
///
/// Call [`Decoder::handle_bytes`], then [`Decoder::poll_frame`] until it gives `None`, then go on
/// with the bytes that were not taken. An error is final: the connection has to be closed.
#[derive(Debug, Default)]
pub struct Decoder {
    held: Vec<u8>,
}

impl Decoder {
    /// Takes as many bytes as fit beside those held and says how many.
    ///
    /// At least one is taken whenever [`Decoder::poll_frame`] last gave `None`: a full buffer
    /// always holds a whole frame or an error.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(ADU_BYTES_MAX - self.held.len());
        self.held.extend_from_slice(&bytes[..taken]);
        taken
    }

    /// The next whole frame, or `None` when more bytes are needed.
    ///
    /// # Errors
    /// When the header cannot be one of Modbus, as soon as its first six bytes are known.
    /// Every later call gives the same error.
    pub fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let &[t0, t1, p0, p1, l0, l1, ..] = self.held.as_slice() else { return Ok(None) };
        let protocol = u16::from_be_bytes([p0, p1]);
        if protocol != 0 {
            return Err(FrameError::Protocol(protocol));
        }
        let length = u16::from_be_bytes([l0, l1]);
        if !(LENGTH_MIN..=LENGTH_MAX).contains(&length) {
            return Err(FrameError::Length(length));
        }
        let end = COUNTED_FROM + usize::from(length);
        if self.held.len() < end {
            return Ok(None);
        }
        let frame = Frame {
            transaction: u16::from_be_bytes([t0, t1]),
            unit: self.held[COUNTED_FROM],
            pdu: self.held[HEADER_BYTES..end].to_vec(),
        };
        self.held.drain(..end);
        Ok(Some(frame))
    }
}
