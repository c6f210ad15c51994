//! A question over TCP and its answer, between the client library's words and bytes.
//!
//! The library's client wants a stream, and 16 KiB of buffers for as long as it waits on one. With
//! a thousand devices that is more than a processor's cache holds. Here it never waits: one client
//! per thread writes a question into memory, and reads the answer from there once all of it has
//! come. What waits is the link, with the answer's own bytes.

use crate::link::tap::Tap;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_modbus::client::{self, Client, tcp};
use tokio_modbus::slave::SlaveContext;
use tokio_modbus::{Request, Response, Slave};

/// What comes of a question: a device answers, or refuses with an exception.
pub(super) type Outcome = tokio_modbus::Result<Response>;

/// The bytes of a header before its length counts: number, protocol, length.
const HEADER: usize = 6;

/// The most that a header's length may count: the unit and the longest response.
const COUNTED_MAX: usize = 254;

/// The most that is taken from a stream at once: an answer, and what a confused device adds to it.
const TAKEN_MAX: usize = 1024;

/// Asks over TCP, with this number.
///
/// # Errors
/// What breaks the stream, and answers that do not fit the question's number, unit or function.
pub(super) async fn call(
    mut tap: Tap,
    number: u16,
    unit: Slave,
    request: impl Fn() -> Request<'static>,
) -> Outcome {
    let question = CLERK.with_borrow_mut(|clerk| clerk.write(number, unit, request()))?;
    tap.write_all(&question).await?;
    tap.flush().await?;
    let answer = read(&mut tap).await?;
    CLERK.with_borrow_mut(|clerk| clerk.read(number, unit, request(), answer))
}

/// One frame: as many bytes as its header says. What comes with it and after it is nobody's answer
/// and is thrown away.
///
/// # Errors
/// What breaks the stream; a header that no Modbus frame has.
async fn read(tap: &mut Tap) -> io::Result<Vec<u8>> {
    let mut frame = Vec::new();
    poll_fn(|cx| {
        loop {
            let mut room = [MaybeUninit::uninit(); TAKEN_MAX];
            let mut taken = ReadBuf::uninit(&mut room);
            ready!(Pin::new(&mut *tap).poll_read(cx, &mut taken))?;
            if taken.filled().is_empty() {
                return Poll::Ready(Err(io::Error::from(io::ErrorKind::ConnectionAborted)));
            }
            frame.extend_from_slice(taken.filled());
            if let Some(length) = length(&frame)?
                && frame.len() >= length
            {
                frame.truncate(length);
                return Poll::Ready(Ok(()));
            }
        }
    })
    .await?;
    Ok(frame)
}

/// The length of a whole frame, once its header is there.
fn length(frame: &[u8]) -> io::Result<Option<usize>> {
    let Some(&[high, low]) = frame.get(HEADER - 2..HEADER) else { return Ok(None) };
    let counted = usize::from(u16::from_be_bytes([high, low]));
    if !(1..=COUNTED_MAX).contains(&counted) {
        let words = format!("its header counts {counted} bytes, of 1 to {COUNTED_MAX}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, words));
    }
    Ok(Some(HEADER + counted))
}

thread_local! {
    static CLERK: RefCell<Clerk> = RefCell::new(Clerk::default());
}

/// A client of the library that writes and reads at a desk and never waits.
struct Clerk {
    client: client::Context,
    desk: Desk,
}

impl Default for Clerk {
    fn default() -> Self {
        let desk = Desk::default();
        Self { client: tcp::attach(desk.clone()), desk }
    }
}

impl Clerk {
    /// The bytes of a question.
    fn write(
        &mut self,
        number: u16,
        unit: Slave,
        request: Request<'_>,
    ) -> Result<Vec<u8>, tokio_modbus::Error> {
        self.desk.clear(number, Vec::new());
        if let Some(Err(error)) = self.call(unit, request) {
            return Err(error);
        }
        Ok(self.desk.question(number))
    }

    /// What an answer says, when it fits the question.
    fn read(&mut self, number: u16, unit: Slave, request: Request<'_>, answer: Vec<u8>) -> Outcome {
        self.desk.clear(number, answer);
        let outcome = self.call(unit, request).unwrap_or_else(|| Err(unfinished().into()));
        if outcome.is_err() {
            // The library's client remembers that it stumbled, and would refuse the next answer.
            *self = Self::default();
        }
        outcome
    }

    /// Asks once, and gives up where an answer is not there yet.
    fn call(&mut self, unit: Slave, request: Request<'_>) -> Option<Outcome> {
        self.client.set_slave(unit);
        match pin!(self.client.call(request)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }
}

/// A frame in which the library's decoder looks for more than the header says.
fn unfinished() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is shorter than its function's answers")
}

/// What lies on a desk: the question of the client, and the answer of a device.
#[derive(Debug, Default)]
struct Sheet {
    /// The link's number of the question, which the device was sent.
    number: [u8; 2],
    /// As the client wrote it, with its own number.
    question: Vec<u8>,
    /// As the device sent it.
    answer: Vec<u8>,
    /// Bytes of the answer that the client has read.
    seen: usize,
}

/// Where the client believes that a device is.
#[derive(Debug, Clone, Default)]
struct Desk(Arc<Mutex<Sheet>>);

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Sheet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clear(&self, number: u16, answer: Vec<u8>) {
        *self.lock() =
            Sheet { number: number.to_be_bytes(), question: Vec::new(), answer, seen: 0 };
    }

    /// The question that was written, with the link's number.
    fn question(&self, number: u16) -> Vec<u8> {
        let mut question = std::mem::take(&mut self.lock().question);
        for (byte, number) in question.iter_mut().zip(number.to_be_bytes()) {
            *byte = number;
        }
        question
    }
}

impl AsyncRead for Desk {
    fn poll_read(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let sheet = &mut *self.lock();
        if sheet.seen == 0 {
            // The client finds its own number where, and only where, the link's one is.
            let numbers = sheet.number.iter().zip(&sheet.question);
            for (byte, (ours, clients)) in sheet.answer.iter_mut().zip(numbers) {
                *byte ^= ours ^ clients;
            }
        }
        let rest = sheet.answer.get(sheet.seen..).unwrap_or_default();
        if rest.is_empty() {
            return Poll::Pending;
        }
        let taken = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..taken]);
        sheet.seen += taken;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Desk {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.lock().question.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::backoff::{is_misfit, misfit};
    use proptest::prelude::*;
    use tokio::io::AsyncReadExt;

    const UNIT: Slave = Slave(7);

    /// What a question brings whose answer travels in pieces, and the question's bytes.
    fn talk(number: u16, piece: usize, answer: Vec<u8>) -> (Vec<u8>, Outcome) {
        let (ours, mut theirs) = tokio::io::duplex(piece);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("starts");
        runtime.block_on(async move {
            let device = tokio::spawn(async move {
                let mut seen = vec![0; 12];
                theirs.read_exact(&mut seen).await.expect("a question");
                // The link may have read enough.
                theirs.write_all(&answer).await.ok();
                seen
            });
            let tap = Tap::new(Box::new(ours));
            let outcome = call(tap, number, UNIT, || Request::ReadHoldingRegisters(0x102, 2)).await;
            (device.await.expect("no panic"), outcome)
        })
    }

    fn answer(number: u16, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).expect("short");
        [&number.to_be_bytes()[..], &[0, 0], &length.to_be_bytes(), body].concat()
    }

    const TWO_WORDS: [u8; 7] = [7, 3, 4, 1, 2, 3, 4];

    fn said(outcome: &Outcome) -> String {
        match outcome {
            Ok(Ok(response)) => format!("{response:?}"),
            Ok(Err(exception)) => format!("{exception:?}"),
            Err(tokio_modbus::Error::Transport(error)) if !is_misfit(error) => {
                format!("broken: {:?}", error.kind())
            }
            Err(error) => misfit(error),
        }
    }

    proptest! {
        #[test]
        fn a_question_goes_out_with_its_number_and_takes_the_answer_that_has_it(
            number: u16, other: u16, piece in 1usize..300, more in 0usize..3,
        ) {
            let mut bytes = answer(number, &TWO_WORDS);
            bytes.extend(vec![0xEE; more]);
            let (question, outcome) = talk(number, piece, bytes);
            prop_assert_eq!(&question[..2], &number.to_be_bytes());
            prop_assert_eq!(&question[2..], [0, 0, 0, 6, 7, 3, 1, 2, 0, 2]);
            prop_assert_eq!(said(&outcome), "ReadHoldingRegisters([258, 772])");

            let (_, outcome) = talk(number, piece, answer(other, &TWO_WORDS));
            prop_assert_eq!(matches!(outcome, Ok(Ok(_))), other == number);
        }

        /// Whatever comes, the next answer is taken for what it is: nothing of it stays behind.
        #[test]
        fn no_answer_hurts_the_next(body in prop::collection::vec(any::<u8>(), 0..64)) {
            let (_, outcome) = talk(3, 300, answer(3, &body));
            if let Ok(Ok(response)) = &outcome {
                prop_assert!(body.starts_with(&[7, 3]), "{:?} out of {:?}", response, body);
            }
            let (_, outcome) = talk(4, 300, answer(4, &TWO_WORDS));
            prop_assert_eq!(said(&outcome), "ReadHoldingRegisters([258, 772])");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let length = |counted: u16| {
            let mut bytes = answer(9, &TWO_WORDS);
            bytes[4..6].copy_from_slice(&counted.to_be_bytes());
            bytes
        };
        for (bytes, expected) in [
            (answer(9, &[7, 0x83, 2]), "IllegalDataAddress"),
            (answer(9, &[8, 3, 4, 1, 2, 3, 4]), "it belongs to another transaction or unit"),
            (answer(9, &[7, 4, 4, 1, 2, 3, 4]), "it belongs to another function"),
            (answer(9, &[7]), "it ends too early"),
            (length(0), "its header counts 0 bytes, of 1 to 254"),
            (length(255), "its header counts 255 bytes, of 1 to 254"),
            (length(65535), "its header counts 65535 bytes, of 1 to 254"),
            (vec![0, 9, 0, 0, 0], "broken: ConnectionAborted"),
            (Vec::new(), "broken: ConnectionAborted"),
        ] {
            assert_eq!(said(&talk(9, 300, bytes.clone()).1), expected, "{bytes:?}");
        }
    }
}
