//! The stream under a connection: of whoever asks, and in between of the link.

use crate::connect::BoxedStream;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that a question and the link hold, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Tap(Arc<Mutex<BoxedStream>>);

impl Tap {
    pub(super) fn new(stream: BoxedStream) -> Self {
        Self(Arc::new(Mutex::new(stream)))
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
