//! The client's end of a link: notes what passes, and loses what is to be lost.

use drivers::BoxedStream;
use regie_sim::modbus::faults::Framing;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::links::{Road, Trouble};
use crate::stand::STRUCK;

/// Functions that write.
const WRITES: [u8; 4] = [5, 6, 15, 16];

/// A connection under watch. The client library writes each request at once.
#[derive(Debug)]
pub(crate) struct Watched {
    inner: BoxedStream,
    framing: Framing,
    road: Road,
    heard: Option<Duration>,
    /// A request went out, and no byte came since.
    waits: bool,
    /// What comes is lost until the next request.
    deaf: bool,
    /// Answers that come later, in their order.
    late: VecDeque<(Pin<Box<Sleep>>, Vec<u8>)>,
}

impl Watched {
    pub(crate) fn new(inner: BoxedStream, framing: Framing, road: Road) -> Watched {
        {
            let mut log = road.log();
            log.open += 1;
            log.open_most = log.open_most.max(log.open);
        }
        Watched {
            inner,
            framing,
            road,
            heard: None,
            waits: false,
            deaf: false,
            late: VecDeque::new(),
        }
    }

    /// The unit and the function of a request.
    fn head(&self, bytes: &[u8]) -> (u8, u8) {
        match self.framing {
            Framing::Tcp => (bytes[6], bytes[7]),
            Framing::Rtu(_) => (bytes[0], bytes[1]),
        }
    }

    /// Whether these bytes are an answer of the struck unit: the servers write each at once.
    fn is_of_struck(&self, bytes: &[u8]) -> bool {
        bytes.len() >= self.head_bytes() && self.head(bytes).0 == STRUCK
    }

    /// How many bytes it takes to know the unit and the function.
    fn head_bytes(&self) -> usize {
        match self.framing {
            Framing::Tcp => 8,
            Framing::Rtu(_) => 2,
        }
    }

    fn note(&mut self, unit: u8) {
        let now = self.road.clock.now().mono.since_start();
        let mut log = self.road.log();
        log.requests += 1;
        log.units.insert(unit);
        log.pipelined += u64::from(self.waits);
        if let Some(heard) = self.heard {
            let pause = now - heard;
            log.closest = Some(log.closest.map_or(pause, |closest| closest.min(pause)));
        }
        drop(log);
        self.waits = true;
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.road.log().open -= 1;
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if let Some((until, _)) = self.late.front_mut()
                && until.as_mut().poll(cx).is_ready()
                && let Some((_, bytes)) = self.late.pop_front()
            {
                self.heard = Some(self.road.clock.now().mono.since_start());
                self.waits = false;
                buf.put_slice(&bytes);
                return Poll::Ready(Ok(()));
            }
            let mut bytes = [0; 512];
            let most = match self.road.trouble() {
                Trouble::Pieces(most) => most,
                _ => bytes.len(),
            };
            let mut piece = ReadBuf::new(&mut bytes[..most.min(buf.remaining())]);
            ready!(Pin::new(&mut self.inner).poll_read(cx, &mut piece))?;
            let count = piece.filled().len();
            if count > 0 {
                self.heard = Some(self.road.clock.now().mono.since_start());
                if self.deaf {
                    continue;
                }
                if let Trouble::Late(by) = self.road.trouble()
                    && self.is_of_struck(piece.filled())
                {
                    let bytes = piece.filled().to_vec();
                    self.late.push_back((Box::pin(sleep(by)), bytes));
                    continue;
                }
                self.waits = false;
            }
            buf.put_slice(piece.filled());
            return Poll::Ready(Ok(()));
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let (unit, function) = self.head(bytes);
        let writes = unit == STRUCK && WRITES.contains(&function);
        let trouble = self.road.trouble();
        let lost = writes && trouble == Trouble::LosesWrites;
        if !lost {
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
            assert_eq!(written, bytes.len(), "requests are short");
        }
        self.note(unit);
        self.deaf = writes && trouble == Trouble::LosesWriteAnswers;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
