//! One connection to one endpoint, never trusted after trouble.
//!
//! The stream is taken out before each request and put back only after an answer that fits, or a
//! Modbus exception. Over TCP and TLS anything else, a cancelled request included,
//! closes the link: a late answer then has no connection left on which to be taken for another's.
//! On RTU closing would not help, since a late answer comes out of the line and not out of the
//! connection; there [`Line`] and [`Owed`] keep answers apart.

mod open;

use super::ask::{Answer, Ask};
use super::backoff::{broken, is_misfit, misfit};
use super::deadline::Deadline;
use super::line::{Last, Line, Owed};
use super::load::Load;
use super::tap::Tap;
use super::words::{self, Outcome};
use crate::clock::Clock;
use crate::connect::Connect;
use crate::error::FieldError;
use site::model::{Endpoint, LinkOptions};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};
use tokio_modbus::Slave;
use tokio_modbus::client::{Client, rtu};

/// A connection that was silent for so long may have been closed by the other side unnoticed.
const IDLE: Duration = Duration::from_secs(2);

/// An RTU line that brought no proper answer so many times in a row is opened anew: the serial
/// server or adapter behind it may be gone without a word.
const MUTE_MAX: u32 = 4;

/// The longest frame of a serial line and its question, in characters.
const FRAME_CHARACTERS: u32 = 256 + 16;

/// Connections that may be on their way at the same time, over all links of a site. When a switch
/// comes back, two hundred devices are not to be greeted at once.
pub(crate) const CONNECTING_MAX: usize = 64;

/// The connection and its back-off.
pub(crate) struct Wire {
    endpoint: Endpoint,
    connect: Arc<dyn Connect>,
    clock: Clock,
    connect_pause: Duration,
    request_pause: Duration,
    gate: Arc<Semaphore>,
    /// The open stream, while nobody is asked.
    tap: Option<Tap>,
    /// On RTU, the line that keeps the stream in order.
    line: Option<Line>,
    /// The number of the next transaction over TCP.
    transaction: u16,
    owed: Owed,
    last: Last,
    /// Requests in a row that brought no proper answer on an RTU line.
    mute: u32,
    deadline: Deadline,
    /// How long an answer to the last request may still come.
    late_until: Option<Instant>,
    /// No request goes out before.
    ready_at: Option<Instant>,
    /// Attempts that failed in a row, without any answer in between.
    failures: u32,
    retry_at: Option<Instant>,
    cause: String,
    seed: u64,
    opened: u64,
    answered_at: Option<Instant>,
    /// Something was answered since the connection was opened.
    proven: bool,
    load: Load,
    requests: u64,
    unasked_bytes: u64,
}

impl Wire {
    /// A closed connection. `seed` spreads the pauses of many links, the same in every run.
    pub(crate) fn new(
        endpoint: Endpoint,
        connect: Arc<dyn Connect>,
        clock: Clock,
        seed: u64,
    ) -> Self {
        let load = Load::new(clock.real());
        Self {
            endpoint,
            connect,
            clock,
            connect_pause: Duration::ZERO,
            request_pause: Duration::ZERO,
            gate: Arc::new(Semaphore::new(CONNECTING_MAX)),
            tap: None,
            line: None,
            transaction: 0,
            owed: Owed::default(),
            last: Last::default(),
            mute: 0,
            deadline: Deadline::default(),
            late_until: None,
            ready_at: None,
            failures: 0,
            retry_at: None,
            cause: String::new(),
            seed,
            opened: 0,
            answered_at: None,
            proven: false,
            load,
            requests: 0,
            unasked_bytes: 0,
        }
    }

    /// With pauses, and with the gate that all links of a site go through to connect.
    pub(crate) fn with(mut self, options: &LinkOptions, gate: Arc<Semaphore>) -> Self {
        self.connect_pause = options.connect_pause;
        self.request_pause = options.request_pause;
        self.gate = gate;
        self
    }

    /// Where it leads.
    pub(crate) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
    /// How many times it was opened; a change means that the other side may be another device.
    pub(crate) const fn opened(&self) -> u64 {
        self.opened
    }
    /// Whether the other side may have closed it without our knowing.
    pub(crate) fn is_idle(&self) -> bool {
        let now = self.clock.real();
        self.answered_at.is_none_or(|at| now.saturating_duration_since(at) > IDLE)
    }
    /// The share of time during which requests were on their way, over about a minute.
    pub(crate) fn load(&self) -> f64 {
        self.load.share(self.clock.real())
    }
    /// Requests sent since the start.
    pub(crate) const fn requests(&self) -> u64 {
        self.requests
    }
    /// Bytes that came on an RTU line without being asked for, or too late.
    pub(crate) const fn unasked_bytes(&self) -> u64 {
        self.unasked_bytes
    }

    /// Asks a read, and once more on a new connection when the old one turns out to have been
    /// closed since its last answer: many devices close what was silent for a while. Reading
    /// twice does no harm; a write is never repeated here.
    pub(crate) async fn ask(
        &mut self,
        unit: u8,
        within: Duration,
        ask: &Ask,
    ) -> Result<(Answer, Duration), FieldError> {
        self.open().await?;
        let proven = self.proven;
        match self.in_order(unit, within, ask).await {
            Err(FieldError::Down { .. }) if proven && !ask.writes() => {
                self.retry_at = None;
                self.open().await?;
                self.in_order(unit, within, ask).await
            }
            // On a shared line it may have been a neighbour's late answer.
            Err(FieldError::WrongAnswer { .. }) if self.line.is_some() && !ask.writes() => {
                self.in_order(unit, within, ask).await
            }
            outcome => outcome,
        }
    }

    /// Asks; on RTU something else before that when an answer is still owed that would look like
    /// this one's.
    async fn in_order(
        &mut self,
        unit: u8,
        within: Duration,
        ask: &Ask,
    ) -> Result<(Answer, Duration), FieldError> {
        if self.line.is_none() {
            return self.once(unit, within, ask).await;
        }
        if let Some(proof) = self.owed.proof(unit, ask) {
            match self.once(unit, within, &proof).await {
                Ok(_) | Err(FieldError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let mut outcome = self.once(unit, within, ask).await;
        if let Ok((answer, _)) = &outcome
            && !ask.writes()
            && self.last.is_repeated(unit, ask, answer)
        {
            outcome = self.once(unit, within, ask).await;
        }
        if let Ok((answer, _)) = &outcome {
            self.last.note(unit, ask, answer);
        }
        outcome
    }

    /// Waits until a request may go out.
    async fn settle(&mut self) -> Result<(), FieldError> {
        if let Some(ready_at) = self.ready_at.take().filter(|at| *at > self.clock.real()) {
            sleep_until(ready_at).await;
        }
        let Some(line) = &mut self.line else { return Ok(()) };
        // In a box, so that links without a line do not carry its buffer.
        match Box::pin(line.settle(&self.clock)).await {
            Ok(bytes) => {
                self.unasked_bytes += bytes;
                Ok(())
            }
            Err(error) => {
                self.fail(broken(&error));
                Err(self.down())
            }
        }
    }

    async fn once(
        &mut self,
        unit: u8,
        within: Duration,
        ask: &Ask,
    ) -> Result<(Answer, Duration), FieldError> {
        self.settle().await?;
        let within = self.with_transfer(within);
        let Some(tap) = self.tap.take() else { return Err(self.down()) };
        self.transaction = self.transaction.wrapping_add(1);
        let (number, on_line) = (self.transaction, self.line.is_some());
        let began = self.clock.real();
        self.late_until = Some(began + within * 2);
        let outcome = self
            .deadline
            .wait(began + within, exchange(tap.clone(), on_line, number, Slave(unit), ask))
            .await;
        let ended = self.clock.real();
        self.requests += 1;
        self.load.note(began, ended);
        self.ready_at = Some(ended + self.request_pause);
        match outcome {
            None => {
                self.handle_trouble(unit, ask, ended + within, None);
                Err(FieldError::Timeout { asked: ask.to_string(), unit, timeout: within })
            }
            Some(Err(tokio_modbus::Error::Transport(error))) if !is_misfit(&error) => {
                let hint = self.hint();
                self.fail(format!("{ask} of unit {unit}: {}{hint}", broken(&error)));
                Err(self.down())
            }
            Some(Err(error)) => Err(self.distrust(ask, unit, ended + within, misfit(&error))),
            Some(Ok(Err(exception))) => {
                self.answered(tap, ended, unit);
                let (code, words) = (u8::from(exception), exception.to_string());
                Err(FieldError::Refused { asked: ask.to_string(), unit, code, words })
            }
            Some(Ok(Ok(response))) => match ask.answer(response) {
                Ok(answer) => {
                    self.answered(tap, ended, unit);
                    Ok((answer, ended.saturating_duration_since(began)))
                }
                Err(cause) => Err(self.distrust(ask, unit, ended + within, cause)),
            },
        }
    }

    /// What else it may mean that a connection breaks. Over TLS 1.3 a certificate is refused only
    /// after the client has taken the connection for open.
    fn hint(&self) -> &'static str {
        match &self.endpoint {
            Endpoint::Tls { .. } if !self.proven => {
                "; nothing was answered on it: the device may have refused our certificate"
            }
            _ => "",
        }
    }

    /// The time for an answer, and for the frames to travel: slow lines need half a second.
    fn with_transfer(&self, within: Duration) -> Duration {
        match &self.endpoint {
            Endpoint::Serial { line, .. } => within + line.character() * FRAME_CHARACTERS,
            _ => within,
        }
    }

    /// Does not believe an answer that does not fit.
    fn distrust(&mut self, ask: &Ask, unit: u8, quiet_until: Instant, cause: String) -> FieldError {
        let error = FieldError::WrongAnswer { asked: ask.to_string(), unit, cause };
        self.handle_trouble(unit, ask, quiet_until, Some(error.to_string()));
        error
    }

    /// Over TCP the connection stays closed; `cause` says why, when that is worth a back-off. An
    /// RTU line is left alone for a while and goes on.
    fn handle_trouble(&mut self, unit: u8, ask: &Ask, quiet_until: Instant, cause: Option<String>) {
        let now = self.clock.real();
        let Some(line) = &mut self.line else {
            if let Some(cause) = cause {
                self.fail(cause);
            }
            return;
        };
        line.handle_heard(now);
        line.keep_quiet(quiet_until);
        self.owed.handle_trouble(unit, ask);
        self.mute = self.mute.saturating_add(1);
        if self.mute >= MUTE_MAX {
            self.mute = 0;
            self.line = None;
        } else {
            self.tap = Some(line.tap());
        }
    }

    fn answered(&mut self, tap: Tap, at: Instant, unit: u8) {
        self.tap = Some(tap);
        if let Some(line) = &mut self.line {
            line.handle_heard(at);
            self.owed.handle_answer(unit);
        }
        self.late_until = None;
        self.mute = 0;
        self.failures = 0;
        self.retry_at = None;
        self.answered_at = Some(at);
        self.proven = true;
    }
}

/// One question and its answer, on an RTU line or, with a number, over TCP.
async fn exchange(tap: Tap, on_line: bool, number: u16, unit: Slave, ask: &Ask) -> Outcome {
    if on_line {
        // In a box, so that links without a line do not carry its client.
        return Box::pin(async move { rtu::attach_slave(tap, unit).call(ask.request()).await })
            .await;
    }
    words::call(tap, number, unit, || ask.request()).await
}
