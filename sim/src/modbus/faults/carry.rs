//! The bytes of one connection, carried from end to end and spoiled on the way.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, copy, duplex, sink,
};
use tokio::time::{sleep, timeout};

use super::cut::{Cutter, Side};
use super::spoil::{Parts, exception, parts, spoil};
use super::{FaultyLine, Framing, WireFault};

/// Bytes that may be on their way to a client, many times the longest answer.
const DUPLEX_BYTES: usize = 64 * 1024;
/// Requests that may wait for their answers; clients wait for each, and more are forgotten.
const PENDING_MAX: usize = 16;

/// Puts the faults of a link between a client and the stream that leads to its server, and gives
/// the client's end. Must be called within a tokio runtime, which carries the bytes by a task.
#[must_use]
pub fn wrap<S>(server: S, framing: Framing, line: FaultyLine) -> DuplexStream
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (client, ours) = duplex(DUPLEX_BYTES);
    tokio::spawn(async move {
        if let Err(error) = carry(ours, server, framing, line).await {
            tracing::debug!(%error, "a faulty connection ended");
        }
    });
    client
}

/// Carries a connection until one of its ends closes it or a fault does.
///
/// # Errors
/// What the streams report.
pub async fn carry<C, S>(client: C, server: S, framing: Framing, line: FaultyLine) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connection = Connection {
        client,
        server,
        framing,
        line,
        pending: VecDeque::new(),
        before_next: Vec::new(),
        after_next: Vec::new(),
    };
    connection.run().await
}

/// A request that has gone to the server, and what goes wrong with its answer.
struct Exchange {
    request: Vec<u8>,
    fault: Option<WireFault>,
}

/// Whether the connection lives on.
#[derive(PartialEq, Eq)]
enum Goes {
    On,
    Closed,
}

struct Connection<C, S> {
    client: C,
    server: S,
    framing: Framing,
    line: FaultyLine,
    pending: VecDeque<Exchange>,
    /// Answers that wait for the next request.
    before_next: Vec<u8>,
    /// Answers that wait for the next answer.
    after_next: Vec<u8>,
}

impl<C, S> Connection<C, S>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    async fn run(mut self) -> io::Result<()> {
        let mut requests = Cutter::new(self.framing, Side::Requests);
        let mut answers = Cutter::new(self.framing, Side::Answers);
        loop {
            let goes = tokio::select! {
                // In a fixed order, so that two runs of one simulation take the same turns.
                biased;
                request = next(&mut self.client, &mut requests) => match request? {
                    Some(request) => self.handle_request(request).await?,
                    None => Goes::Closed,
                },
                answer = next(&mut self.server, &mut answers) => match answer? {
                    Some(answer) => self.handle_answer(answer).await?,
                    None => Goes::Closed,
                },
            };
            if goes == Goes::Closed {
                return Ok(());
            }
        }
    }

    async fn handle_request(&mut self, request: Vec<u8>) -> io::Result<Goes> {
        let late = std::mem::take(&mut self.before_next);
        self.tell(&late).await?;
        let unit = parts(self.framing, &request).map(|parts| parts.unit);
        let fault = unit.and_then(|unit| self.line.handle_request(unit));
        match fault {
            Some(WireFault::LoseRequest) => return Ok(Goes::On),
            Some(WireFault::Exception { code }) => {
                let refusal = exception(self.framing, &request, code).unwrap_or_default();
                return self.tell(&refusal).await.map(|()| Goes::On);
            }
            Some(WireFault::HalfOpen) => {
                // The client alone can end it, and nobody sees what it says until then.
                copy(&mut self.client, &mut sink()).await?;
                return Ok(Goes::Closed);
            }
            _ => {}
        }
        self.server.write_all(&request).await?;
        self.server.flush().await?;
        if self.pending.len() == PENDING_MAX {
            self.pending.pop_front();
        }
        self.pending.push_back(Exchange { request, fault });
        Ok(Goes::On)
    }

    async fn handle_answer(&mut self, answer: Vec<u8>) -> io::Result<Goes> {
        let Some(Exchange { request, fault: Some(fault) }) = self.exchange(&answer) else {
            self.answer(&answer).await?;
            return Ok(Goes::On);
        };
        match fault {
            WireFault::LoseAnswer => {}
            WireFault::Delay { ms } => {
                sleep(Duration::from_millis(ms)).await;
                self.answer(&answer).await?;
            }
            WireFault::UntilNextRequest => self.before_next.extend(answer),
            WireFault::SwapWithNext => self.after_next.extend(answer),
            WireFault::Drip { gap_ms } => self.drip(&answer, gap_ms).await?,
            WireFault::Close { after_bytes } => {
                self.tell(&answer[..answer.len().min(after_bytes)]).await?;
                return Ok(Goes::Closed);
            }
            fault => {
                let spoiled = spoil(self.framing, &request, answer, &fault);
                self.answer(&spoiled).await?;
            }
        }
        Ok(Goes::On)
    }

    /// The exchange that an answer belongs to; those before it stay without one.
    fn exchange(&mut self, answer: &[u8]) -> Option<Exchange> {
        let answer = parts(self.framing, answer)?;
        let belongs = |exchange: &Exchange| {
            parts(self.framing, &exchange.request).is_some_and(|it| is_answered_by(&it, &answer))
        };
        let place = self.pending.iter().position(belongs)?;
        self.pending.drain(..=place).next_back()
    }

    /// An answer, and after it those that waited for one.
    async fn answer(&mut self, bytes: &[u8]) -> io::Result<()> {
        let late = std::mem::take(&mut self.after_next);
        self.tell(&[bytes, &late].concat()).await
    }

    async fn drip(&mut self, bytes: &[u8], gap_ms: u64) -> io::Result<()> {
        for (n, byte) in bytes.iter().enumerate() {
            match (n, gap_ms) {
                (0, _) => {}
                (_, 0) => tokio::task::yield_now().await,
                _ => sleep(Duration::from_millis(gap_ms)).await,
            }
            self.tell(&[*byte]).await?;
        }
        Ok(())
    }

    async fn tell(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !bytes.is_empty() {
            self.client.write_all(bytes).await?;
            self.client.flush().await?;
        }
        Ok(())
    }
}

/// Whether these two can belong together.
fn is_answered_by(request: &Parts, answer: &Parts) -> bool {
    request.transaction == answer.transaction
        && request.unit == answer.unit
        && request.pdu[0] == answer.pdu[0] & 0x7F
}

/// The next message of a stream; none at its end. What has come is kept when this is dropped.
async fn next<S>(io: &mut S, cutter: &mut Cutter) -> io::Result<Option<Vec<u8>>>
where
    S: AsyncRead + Unpin,
{
    let mut chunk = [0; 512];
    loop {
        if let Some(message) = cutter.poll_message() {
            return Ok(Some(message));
        }
        let read = match cutter.gap() {
            None => io.read(&mut chunk).await?,
            Some(gap) => match timeout(gap, io.read(&mut chunk)).await {
                Ok(read) => read?,
                Err(_) => return Ok(cutter.handle_silence()),
            },
        };
        if read == 0 {
            return Ok(cutter.handle_silence());
        }
        cutter.handle_bytes(&chunk[..read]);
    }
}
