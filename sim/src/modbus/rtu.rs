//! Bytes to frames and back on a serial line (Modbus over serial line V1.02, §2.5.1): the unit,
//! what it is asked, and a checksum.
//!
//! No ports here: bytes and silences in, frames out. The buffer never holds more than one frame.

use std::time::Duration;

use super::PDU_BYTES_MAX;

/// The longest frame on a serial line, in bytes: unit, function code and data, checksum.
pub const RTU_BYTES_MAX: usize = 1 + PDU_BYTES_MAX + CRC_BYTES;
/// The shortest: unit, function code, checksum.
const RTU_BYTES_MIN: usize = 2 + CRC_BYTES;
const CRC_BYTES: usize = 2;
/// A character is a start bit, eight data bits, parity or a second stop bit, and a stop bit.
const CHARACTER_BITS: f64 = 11.0;
/// Characters of silence between two frames.
const SILENT_CHARACTERS: f64 = 3.5;
/// Above this rate the silence no longer shrinks (§2.5.1.1).
const FIXED_ABOVE_BAUD: u32 = 19_200;
const FIXED_SILENCE: Duration = Duration::from_micros(1750);
/// Bytes over TCP come in whatever pieces the network makes of them. A frame that is incomplete
/// for so long is given up, as serial gateways do.
const TCP_GAP: Duration = Duration::from_millis(100);

/// How time tells the frames of a line apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtuLine {
    /// How long the line is silent before an answer begins.
    pub silence: Duration,
    /// A longer silence within a frame ends the frame, whole or not.
    pub gap: Duration,
}

impl RtuLine {
    /// A serial line at `baud`: 3.5 characters of silence, and 1.75 ms above 19200 baud.
    ///
    /// An operating system hands bytes over in bursts, with pauses that the line never had. Where
    /// one stands in between, allow for it by [`RtuLine::with_gap`].
    ///
    /// # Panics
    /// When `baud` is 0.
    #[must_use]
    pub fn serial(baud: u32) -> RtuLine {
        assert!(baud > 0, "a line has a speed");
        let silence = match baud {
            baud if baud > FIXED_ABOVE_BAUD => FIXED_SILENCE,
            baud => Duration::from_secs_f64(SILENT_CHARACTERS * CHARACTER_BITS / f64::from(baud)),
        };
        RtuLine { silence, gap: silence }
    }

    /// Serial frames over TCP: time says nothing there, so that frames end by the length that
    /// their function implies, and a long pause alone gives an incomplete one up.
    #[must_use]
    pub fn over_tcp() -> RtuLine {
        RtuLine { silence: Duration::ZERO, gap: TCP_GAP }
    }

    /// The same line with another longest pause within a frame.
    #[must_use]
    pub fn with_gap(self, gap: Duration) -> RtuLine {
        RtuLine { gap, ..self }
    }
}

/// The checksum of `bytes` (§6.2.2); on the wire its low byte comes first.
#[must_use]
pub fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 }
        })
    })
}

/// One frame of a serial line, its checksum checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtuFrame {
    unit: u8,
    pdu: Vec<u8>,
}

impl RtuFrame {
    /// The unit addressed; 0 is all of them.
    #[must_use]
    pub fn unit(&self) -> u8 {
        self.unit
    }

    /// The function code and its data, 1 to [`PDU_BYTES_MAX`] bytes.
    #[must_use]
    pub fn pdu(&self) -> &[u8] {
        &self.pdu
    }

    /// The bytes of an answer to this frame.
    ///
    /// # Panics
    /// When `pdu` is empty or longer than [`PDU_BYTES_MAX`], which [`super::respond`] never gives.
    #[must_use]
    pub fn answer(&self, pdu: &[u8]) -> Vec<u8> {
        assert!(!pdu.is_empty() && pdu.len() <= PDU_BYTES_MAX, "an answer of {} bytes", pdu.len());
        sealed([&[self.unit], pdu].concat())
    }

    /// The frame in these bytes, if they are just one with its checksum right.
    pub(super) fn parse(bytes: &[u8]) -> Option<RtuFrame> {
        if !(RTU_BYTES_MIN..=RTU_BYTES_MAX).contains(&bytes.len()) {
            return None;
        }
        let (body, sum) = bytes.split_at(bytes.len() - CRC_BYTES);
        (crc(body).to_le_bytes() == sum)
            .then(|| RtuFrame { unit: body[0], pdu: body[1..].to_vec() })
    }
}

/// A frame's bytes with their checksum behind them.
pub(super) fn sealed(body: impl Into<Vec<u8>>) -> Vec<u8> {
    let mut body = body.into();
    let sum = crc(&body);
    body.extend(sum.to_le_bytes());
    body
}

/// Cuts what a serial line says to its units into frames.
///
/// A frame ends where its function code says, or by silence; whoever has bytes calls
/// [`RtuDecoder::handle_bytes`] and then [`RtuDecoder::poll_frame`] until it gives `None`, and
/// [`RtuDecoder::handle_silence`] when the line was silent for its gap. Bytes that are no frame are
/// dropped with everything up to the next silence: only there a next frame can begin.
#[derive(Debug, Default)]
pub struct RtuDecoder {
    held: Vec<u8>,
    lost: bool,
}

impl RtuDecoder {
    /// Whether nothing has begun: a silence would change nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.held.is_empty() && !self.lost
    }

    /// Takes as many bytes as fit beside those held and says how many.
    ///
    /// At least one is taken whenever [`RtuDecoder::poll_frame`] last gave `None`.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> usize {
        if self.lost {
            return bytes.len();
        }
        let taken = bytes.len().min(RTU_BYTES_MAX - self.held.len());
        self.held.extend_from_slice(&bytes[..taken]);
        taken
    }

    /// The next frame whose end its function code tells, or `None`.
    pub fn poll_frame(&mut self) -> Option<RtuFrame> {
        let length = match request_bytes(&self.held) {
            Some(length) if length <= RTU_BYTES_MAX => length,
            // No frame can end here: the rest of what comes belongs to it all the same.
            None if self.held.len() < RTU_BYTES_MAX => return None,
            _ => return self.lose(),
        };
        if self.held.len() < length {
            return None;
        }
        let Some(frame) = RtuFrame::parse(&self.held[..length]) else { return self.lose() };
        self.held.drain(..length);
        Some(frame)
    }

    /// The line was silent: what is held is a frame or is nothing. What comes next begins anew.
    pub fn handle_silence(&mut self) -> Option<RtuFrame> {
        self.lost = false;
        RtuFrame::parse(&std::mem::take(&mut self.held))
    }

    fn lose(&mut self) -> Option<RtuFrame> {
        self.held.clear();
        self.lost = true;
        None
    }
}

/// How long a request is, checksum included, once enough of it is there to tell; never for
/// functions that say nothing of their length.
pub(super) fn request_bytes(held: &[u8]) -> Option<usize> {
    match held.get(1)? {
        0x01..=0x06 | 0x08 => Some(8),
        0x07 | 0x0B | 0x0C | 0x11 => Some(4),
        0x0F | 0x10 => Some(9 + usize::from(*held.get(6)?)),
        0x16 => Some(10),
        0x17 => Some(13 + usize::from(*held.get(10)?)),
        _ => None,
    }
}

/// How long an answer is, checksum included, once enough of it is there to tell.
pub(super) fn answer_bytes(held: &[u8]) -> Option<usize> {
    match held.get(1)? {
        0x01..=0x04 | 0x17 => Some(5 + usize::from(*held.get(2)?)),
        0x05 | 0x06 | 0x0F | 0x10 => Some(8),
        0x16 => Some(10),
        0x80.. => Some(5),
        _ => None,
    }
}
