//! The stream under a connection, lent to the client library for one question at a time.
//!
//! The library's client holds 16 KiB of buffers and counts its transactions from zero. A client
//! for each question gives the buffers back, so that a connection that waits costs next to
//! nothing; the wire counts the transactions instead, on from the last connection's.

use crate::connect::BoxedStream;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The longest question over TCP: 7 bytes of header, 253 of request.
const QUESTION_MAX: usize = 260;

/// A stream that the client library and the link hold, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Tap(Arc<Mutex<BoxedStream>>);

impl Tap {
    pub(super) fn new(stream: BoxedStream) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    /// For one question over TCP, which goes out with this number.
    pub(super) const fn numbered(self, transaction: u16) -> Numbered {
        Numbered { tap: self, number: transaction.to_be_bytes(), sent: 0, heard: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, BoxedStream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error of the stream itself, so that none looks as if it came out of an answer's bytes: TLS
/// says so of a connection that was cut off, and of an alert.
fn ended(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => io::ErrorKind::ConnectionAborted.into(),
        io::ErrorKind::InvalidData => io::Error::new(io::ErrorKind::ConnectionAborted, error),
        _ => error,
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut **self.lock()).poll_read(cx, buf).map_err(ended)
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut **self.lock()).poll_write(cx, bytes)
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut **self.lock()).poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut **self.lock()).poll_shutdown(cx)
    }
}

/// A stream on which one question and its answer have a transaction number. The client sees the
/// number zero, which is what it begins with, where and only where the answer has the question's.
#[derive(Debug)]
pub(super) struct Numbered {
    tap: Tap,
    number: [u8; 2],
    /// Bytes of the question that were written.
    sent: usize,
    /// Bytes of the answer that were read.
    heard: usize,
}

/// Takes the number off the bytes that stand where a number does, or puts it on.
fn renumber(number: [u8; 2], position: usize, bytes: &mut [u8]) {
    for (byte, number) in bytes.iter_mut().zip(number.iter().skip(position)) {
        *byte ^= number;
    }
}

impl AsyncRead for Numbered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = Pin::new(&mut self.tap).poll_read(cx, buf);
        let new = buf.filled_mut().get_mut(before..).unwrap_or_default();
        renumber(self.number, self.heard, new);
        self.heard += new.len();
        outcome
    }
}

impl AsyncWrite for Numbered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut question = [0; QUESTION_MAX];
        let question = &mut question[..bytes.len().min(QUESTION_MAX)];
        question.copy_from_slice(&bytes[..question.len()]);
        renumber(self.number, self.sent, question);
        let outcome = Pin::new(&mut self.tap).poll_write(cx, question);
        if let Poll::Ready(Ok(written)) = outcome {
            self.sent += written;
        }
        outcome
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tap).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tap).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Whatever the pieces in which bytes travel, the number is put on and taken off once.
    async fn talk(number: u16, piece: usize, echo: u16) -> (Vec<u8>, Vec<u8>) {
        let (ours, mut theirs) = tokio::io::duplex(piece);
        let mut stream = Tap::new(Box::new(ours)).numbered(number);
        let question = [0, 0, 0, 0, 0, 2, 1, 3];
        let device = tokio::spawn(async move {
            let mut seen = vec![0; 8];
            theirs.read_exact(&mut seen).await.expect("a question");
            let mut answer = seen.clone();
            answer[..2].copy_from_slice(&echo.to_be_bytes());
            theirs.write_all(&answer).await.expect("an answer");
            seen
        });
        stream.write_all(&question).await.expect("written");
        let mut answer = vec![0; 8];
        stream.read_exact(&mut answer).await.expect("answered");
        (device.await.expect("no panic"), answer)
    }

    #[test]
    fn what_a_stream_says_of_itself_is_no_answer() {
        for (kind, words) in [
            (io::ErrorKind::UnexpectedEof, "connection aborted"),
            (io::ErrorKind::InvalidData, "received fatal alert"),
        ] {
            let error = ended(io::Error::new(kind, "received fatal alert"));
            assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
            assert_eq!(error.to_string(), words);
        }
    }

    proptest! {
        #[test]
        fn the_number_goes_out_and_comes_back_as_zero(
            number: u16, piece in 1usize..9, other: u16,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("starts");
            let (seen, answer) = runtime.block_on(talk(number, piece, number));
            prop_assert_eq!(&seen[..2], &number.to_be_bytes());
            prop_assert_eq!(&seen[2..], [0, 0, 0, 2, 1, 3]);
            prop_assert_eq!(answer, [0, 0, 0, 0, 0, 2, 1, 3]);
            let (_, answer) = runtime.block_on(talk(number, piece, other));
            prop_assert_eq!(answer[..2] == [0, 0], other == number);
        }
    }
}
