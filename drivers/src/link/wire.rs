//! One connection to one endpoint, never trusted after trouble.
//!
//! The client context is taken out before each request and put back only after an answer that
//! fits, or a Modbus exception. Anything else, a cancelled request included, closes the link: a
//! late answer then has no connection left on which to be taken for another's.

use super::ask::{Answer, Ask};
use crate::clock::Clock;
use crate::connect::{CONNECT_TIMEOUT, Connect};
use crate::error::FieldError;
use site::model::Endpoint;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_modbus::Slave;
use tokio_modbus::client::{Client, Context, tcp};
use tokio_modbus::slave::SlaveContext;

/// The first pause after a failed connection; it doubles up to the longest.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest pause between two attempts to connect, before jitter.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// A connection that was silent for so long may have been closed by the other side unnoticed.
const IDLE: Duration = Duration::from_secs(2);

/// The connection and its back-off.
pub(crate) struct Wire {
    endpoint: Endpoint,
    connect: Arc<dyn Connect>,
    clock: Clock,
    context: Option<Context>,
    /// Attempts that failed in a row, without any answer in between.
    failures: u32,
    retry_at: Option<Instant>,
    cause: String,
    seed: u64,
    opened: u64,
    answered_at: Option<Instant>,
    /// Something was answered since the connection was opened.
    proven: bool,
}

impl Wire {
    /// A closed connection. `seed` spreads the pauses of many links, the same in every run.
    pub(crate) fn new(
        endpoint: Endpoint,
        connect: Arc<dyn Connect>,
        clock: Clock,
        seed: u64,
    ) -> Self {
        Self {
            endpoint,
            connect,
            clock,
            context: None,
            failures: 0,
            retry_at: None,
            cause: String::new(),
            seed,
            opened: 0,
            answered_at: None,
            proven: false,
        }
    }

    /// How many times it was opened; a change means that the other side may be another device.
    pub(crate) const fn opened(&self) -> u64 {
        self.opened
    }
    /// When the next attempt to connect is due; `None` when one may be made at once.
    pub(crate) const fn retry_at(&self) -> Option<Instant> {
        if self.context.is_some() { None } else { self.retry_at }
    }
    /// Whether it is open.
    pub(crate) const fn is_open(&self) -> bool {
        self.context.is_some()
    }
    /// Whether the other side may have closed it without our knowing.
    pub(crate) fn is_idle(&self) -> bool {
        let now = self.clock.real();
        self.answered_at.is_none_or(|at| now.saturating_duration_since(at) > IDLE)
    }
    /// Closes it, as after a bug.
    pub(crate) fn close(&mut self, cause: &str) {
        self.context = None;
        self.fail(cause.to_owned());
    }

    /// Opens it, when it is closed and an attempt is due.
    pub(crate) async fn open(&mut self) -> Result<(), FieldError> {
        if self.context.is_some() {
            return Ok(());
        }
        if self.retry_at.is_some_and(|at| self.clock.real() < at) {
            return Err(self.down());
        }
        let opening = timeout(CONNECT_TIMEOUT, self.connect.connect(&self.endpoint)).await;
        match opening.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => {
                self.context = Some(tcp::attach_slave(stream, Slave(0)));
                self.opened += 1;
                self.proven = false;
                Ok(())
            }
            Err(error) => {
                self.fail(format!("{error}; check power, cable and address"));
                Err(self.down())
            }
        }
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
        match self.once(unit, within, ask).await {
            Err(FieldError::Down { .. }) if proven && !ask.writes() => {
                self.retry_at = None;
                self.open().await?;
                self.once(unit, within, ask).await
            }
            outcome => outcome,
        }
    }

    async fn once(
        &mut self,
        unit: u8,
        within: Duration,
        ask: &Ask,
    ) -> Result<(Answer, Duration), FieldError> {
        let Some(mut context) = self.context.take() else { return Err(self.down()) };
        context.set_slave(Slave(unit));
        let began = self.clock.real();
        let outcome = timeout(within, context.call(ask.request())).await;
        let ended = self.clock.real();
        let asked = ask.to_string();
        match outcome {
            Err(_) => Err(FieldError::Timeout { asked, unit, timeout: within }),
            Ok(Err(tokio_modbus::Error::Transport(error)))
                if error.kind() != io::ErrorKind::InvalidData =>
            {
                self.fail(format!("{asked} of unit {unit}: {}", broken(&error)));
                Err(self.down())
            }
            Ok(Err(error)) => Err(self.distrust(asked, unit, misfit(&error))),
            Ok(Ok(Err(exception))) => {
                self.answered(context, ended);
                let (code, words) = (u8::from(exception), exception.to_string());
                Err(FieldError::Refused { asked, unit, code, words })
            }
            Ok(Ok(Ok(response))) => match ask.answer(response) {
                Ok(answer) => {
                    self.answered(context, ended);
                    Ok((answer, ended.saturating_duration_since(began)))
                }
                Err(cause) => Err(self.distrust(asked, unit, cause)),
            },
        }
    }

    /// Leaves the connection closed after an answer that does not fit.
    fn distrust(&mut self, asked: String, unit: u8, cause: String) -> FieldError {
        let error = FieldError::WrongAnswer { asked, unit, cause };
        self.fail(error.to_string());
        error
    }

    fn answered(&mut self, context: Context, at: Instant) {
        self.context = Some(context);
        self.failures = 0;
        self.retry_at = None;
        self.answered_at = Some(at);
        self.proven = true;
    }

    fn fail(&mut self, cause: String) {
        self.cause = cause;
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(self.clock.real() + pause(self.failures, self.seed));
    }

    fn down(&self) -> FieldError {
        FieldError::Down { endpoint: self.endpoint.clone(), cause: self.cause.clone() }
    }
}

/// What broke, in words. For a peer that closed, the client library hands out whatever error the
/// operating system reported last, so only the kinds that a stream itself gives are believed.
fn broken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted => error.to_string(),
        _ => "the device closed the connection".into(),
    }
}

/// Why an answer does not fit, in words.
fn misfit(error: &tokio_modbus::Error) -> String {
    use tokio_modbus::ProtocolError::{FunctionCodeMismatch, HeaderMismatch};
    match error {
        tokio_modbus::Error::Transport(error) => error.to_string(),
        tokio_modbus::Error::Protocol(HeaderMismatch { .. }) => {
            "it belongs to another transaction or unit".into()
        }
        tokio_modbus::Error::Protocol(FunctionCodeMismatch { .. }) => {
            "it belongs to another function".into()
        }
    }
}

/// The pause after so many failures: doubling, and up to a quarter longer by the seed.
fn pause(failures: u32, seed: u64) -> Duration {
    let doubled = PAUSE_MIN * 2u32.saturating_pow(failures.saturating_sub(1).min(16));
    let pause = doubled.min(PAUSE_MAX);
    let share = u32::from(mixed(seed, failures).to_le_bytes()[0]);
    pause + pause * share / 1024
}

/// A number that looks random and is the same in every run.
fn mixed(seed: u64, step: u32) -> u64 {
    let mut mixed = seed ^ u64::from(step).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^ (mixed >> 29)
}

/// A seed from a name: the same in every run and on every machine (FNV-1a).
pub(crate) fn seed(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_differ_between_links() {
        let pauses: Vec<u64> = (1..=9).map(|n| pause(n, seed("pump1")).as_secs()).collect();
        for (pause, least) in pauses.iter().zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
            assert!((least..=least * 5 / 4 + 1).contains(pause), "{pauses:?}");
        }
        assert_ne!(pause(7, seed("pump1")), pause(7, seed("pump2")));
        assert_eq!(pause(7, seed("pump1")), pause(7, seed("pump1")));
    }
}
