//! Opening a connection, closing it, and the pauses in between.

use super::Wire;
use crate::connect::{BoxedStream, CONNECT_TIMEOUT};
use crate::error::FieldError;
use crate::link::backoff::pause;
use crate::link::line::Line;
use crate::link::tap::Tap;
use site::model::Endpoint;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

impl Wire {
    /// Opens it, when it is closed and an attempt is due.
    pub(crate) async fn open(&mut self) -> Result<(), FieldError> {
        if self.tap.is_some() {
            return Ok(());
        }
        if self.retry_at.is_some_and(|at| self.clock.real() < at) {
            return Err(self.down());
        }
        // A request that was given up half-way leaves a line behind whose answer nobody awaits.
        self.line = None;
        // The gate is never closed; were it, connecting without it would be no harm.
        let _permit = Arc::clone(&self.gate).acquire_owned().await;
        let opening = timeout(CONNECT_TIMEOUT, self.connect.connect(&self.endpoint)).await;
        match opening.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => {
                self.attach(stream);
                Ok(())
            }
            Err(error) => {
                self.fail(format!("{error}; check power, cable and address"));
                Err(self.down())
            }
        }
    }

    fn attach(&mut self, stream: BoxedStream) {
        let now = self.clock.real();
        let tap = Tap::new(stream);
        self.line = self
            .silence()
            .map(|silence| Line::new(tap.clone(), silence, self.late_until.unwrap_or(now)));
        self.tap = Some(tap);
        self.ready_at = Some(now + self.connect_pause);
        self.opened += 1;
        self.proven = false;
        self.mute = 0;
    }

    /// The silence between two frames of an RTU line; none where a serial server keeps it for us.
    fn silence(&self) -> Option<Duration> {
        match &self.endpoint {
            Endpoint::Tcp { .. } | Endpoint::Tls { .. } => None,
            Endpoint::RtuOverTcp { .. } => Some(Duration::ZERO),
            Endpoint::Serial { line, .. } => Some(line.silence()),
        }
    }

    /// When the next attempt to connect is due; `None` when one may be made at once.
    pub(crate) const fn retry_at(&self) -> Option<Instant> {
        if self.tap.is_some() { None } else { self.retry_at }
    }
    /// Whether it is open.
    pub(crate) const fn is_open(&self) -> bool {
        self.tap.is_some()
    }
    /// Ends the back-off: the next attempt to connect may be made at once.
    pub(crate) const fn hurry(&mut self) {
        self.retry_at = None;
        self.failures = 0;
    }
    /// Closes it, as after a bug.
    pub(crate) fn close(&mut self, cause: &str) {
        self.fail(cause.to_owned());
    }

    pub(super) fn fail(&mut self, cause: String) {
        self.tap = None;
        self.line = None;
        self.cause = cause;
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(self.clock.real() + pause(self.failures, self.seed));
    }

    pub(super) fn down(&self) -> FieldError {
        FieldError::Down { endpoint: self.endpoint.clone(), cause: self.cause.clone() }
    }
}
