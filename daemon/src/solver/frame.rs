//! Frames between the daemon and its solver: a mark, a length, a checksum, and a message as JSON.
//!
//! JSON has no NaN and no infinity, and its numbers are written so that reading them gives the same
//! bits: what is not a number does not get across, and what is arrives unchanged.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, Read, Write};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Begins every frame. Messages of another form would have another mark.
const MARK: [u8; 4] = *b"RGS1";
/// Bytes before a message: the mark, its length, its checksum.
pub const HEAD_BYTES: usize = 4 + 4 + 32;
/// The longest message, bytes: the largest network file, 16 MiB, may need two bytes for each of
/// its own, and the tables of its pumps and the site come with it.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why there is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The other side ended before the frame did, or without one.
    #[error("the connection ended")]
    Ended,
    /// The bytes do not begin as a frame does.
    #[error("what came is no frame")]
    NoFrame,
    /// A message is longer than is allowed.
    #[error("a message of {0} bytes is longer than {MESSAGE_BYTES_MAX}")]
    TooLong(usize),
    /// The message is not the one that was sent.
    #[error("a message does not fit its checksum")]
    Damaged,
    /// The message is not what was expected, or cannot be written.
    #[error("a message cannot be read: {0}")]
    Unreadable(String),
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(String),
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
        match error.kind() {
            UnexpectedEof | BrokenPipe | ConnectionReset => Self::Ended,
            _ => Self::Connection(error.to_string()),
        }
    }
}

/// What stands before a message.
struct Head {
    length: usize,
    hash: [u8; 32],
}

impl Head {
    fn of(message: &[u8]) -> Result<Self, FrameError> {
        let length = message.len();
        if length > MESSAGE_BYTES_MAX {
            return Err(FrameError::TooLong(length));
        }
        Ok(Self { length, hash: *blake3::hash(message).as_bytes() })
    }

    fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.length).unwrap_or(u32::MAX).to_le_bytes();
        [&MARK[..], &length, &self.hash].concat()
    }

    fn read(bytes: &[u8; HEAD_BYTES]) -> Result<Self, FrameError> {
        let (mark, rest) = bytes.split_at(MARK.len());
        let (length, hash) = rest.split_at(4);
        let (Ok(length), Ok(hash)) = (length.try_into(), hash.try_into()) else {
            return Err(FrameError::NoFrame);
        };
        if mark != MARK {
            return Err(FrameError::NoFrame);
        }
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if length > MESSAGE_BYTES_MAX {
            return Err(FrameError::TooLong(length));
        }
        Ok(Self { length, hash })
    }

    fn message<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, FrameError> {
        if bytes.len() < self.length {
            return Err(FrameError::Ended);
        }
        if *blake3::hash(bytes).as_bytes() != self.hash {
            return Err(FrameError::Damaged);
        }
        serde_json::from_slice(bytes).map_err(|error| FrameError::Unreadable(error.to_string()))
    }
}

/// A whole frame with a message.
///
/// # Errors
/// When the message is too long or is not JSON.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let unreadable = |error: serde_json::Error| FrameError::Unreadable(error.to_string());
    let message = serde_json::to_vec(message).map_err(unreadable)?;
    let mut frame = Head::of(&message)?.bytes();
    frame.extend(message);
    Ok(frame)
}

/// Writes a message.
///
/// # Errors
/// When it is too long, or the connection fails.
pub fn write<T: Serialize>(stream: &mut impl Write, message: &T) -> Result<(), FrameError> {
    Ok(stream.write_all(&encode(message)?)?)
}

/// Reads a message. Nothing is put aside for a length before the bytes are there.
///
/// # Errors
/// When none comes whole.
pub fn read<T: DeserializeOwned>(stream: &mut impl Read) -> Result<T, FrameError> {
    let mut head = [0; HEAD_BYTES];
    stream.read_exact(&mut head)?;
    let head = Head::read(&head)?;
    let (mut message, length) = (Vec::new(), u64::try_from(head.length).unwrap_or(u64::MAX));
    stream.take(length).read_to_end(&mut message)?;
    head.message(&message)
}

/// The same without blocking.
///
/// # Errors
/// When none comes whole.
pub async fn receive<T: DeserializeOwned>(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<T, FrameError> {
    let mut head = [0; HEAD_BYTES];
    stream.read_exact(&mut head).await?;
    let head = Head::read(&head)?;
    let (mut message, length) = (Vec::new(), u64::try_from(head.length).unwrap_or(u64::MAX));
    stream.take(length).read_to_end(&mut message).await?;
    head.message(&message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(numbers: &[f64]) -> Vec<u8> {
        encode(&numbers).expect("JSON")
    }

    fn came(bytes: &[u8]) -> Result<Vec<f64>, FrameError> {
        read(&mut &*bytes)
    }

    #[test]
    fn numbers_arrive_with_the_same_bits() {
        let third = 1.0 / 3.0;
        let numbers = [0.0, -0.0, third, f64::MIN_POSITIVE, 5e-324, f64::MAX, -1e-7, 0.1 + 0.2];
        let bits = |numbers: &[f64]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<u64>>();
        assert_eq!(bits(&came(&sent(&numbers)).expect("whole")), bits(&numbers));
    }

    #[test]
    fn what_is_not_a_number_does_not_get_across() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(matches!(came(&sent(&[number])), Err(FrameError::Unreadable(_))), "{number}");
        }
        let frame = |text: &str| {
            let head = Head::of(text.as_bytes()).expect("short").bytes();
            [head, text.as_bytes().to_vec()].concat()
        };
        for text in ["[1e999]", "[NaN]", "[1", "", "{}", "[null]", "[1] [2]"] {
            assert!(matches!(came(&frame(text)), Err(FrameError::Unreadable(_))), "{text}");
        }
    }

    #[test]
    fn a_frame_that_is_cut_anywhere_has_ended() {
        let whole = sent(&[1.5, 2.5]);
        for length in 0..whole.len() {
            assert_eq!(came(&whole[..length]), Err(FrameError::Ended), "{length}");
        }
    }

    #[test]
    fn a_frame_with_any_bit_changed_is_refused() {
        let whole = sent(&[1.5, 2.5]);
        for place in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[place / 8] ^= 1 << (place % 8);
            assert!(came(&bytes).is_err(), "bit {place}");
        }
    }

    #[test]
    fn a_length_is_not_believed() {
        let mut head = Head::of(b"").expect("short").bytes();
        head[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        let length = usize::try_from(u32::MAX).expect("32 bits");
        assert_eq!(came(&head), Err(FrameError::TooLong(length)));
        let most = u32::try_from(MESSAGE_BYTES_MAX).expect("32 bits");
        head[4..8].copy_from_slice(&most.to_le_bytes());
        assert_eq!(came(&head), Err(FrameError::Ended), "and nothing is put aside for it");
        assert_eq!(
            came(b"GET / HTTP/1.1\r\nHost: localhost:9920\r\n\r\n"),
            Err(FrameError::NoFrame)
        );
    }
}
