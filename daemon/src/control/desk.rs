//! The desk: where people hand in what changes the daemon's mind. Requests wait in a short queue
//! and are answered between two phases of the cycle, never within one; what is answered with yes is
//! on disk.

use super::Controller;
use super::operate::{WriteError, WriteReport, WriteWish};
use super::trips::{ResetReport, ResetWish, TripError};
use crate::status::TripReport;
use crate::store::WriteEntry;
use jiff::Timestamp;
use policies::limits::{LimitError, Order};
use site::Mono;
use site::external::{Direction, ExternalLimit};
use site::time::add_seconds;
use site::units::Power;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait; further ones are turned away.
const QUEUE_MAX: usize = 8;
/// How long a request may wait for its answer, real time. The controller looks at its desk whenever
/// it waits, and during every solve.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);
/// The same for a write by hand: the device's answer is waited for, and slow ones are given up to
/// four times their timeout.
pub(super) const WRITE_PATIENCE: Duration = Duration::from_secs(WRITE_SECONDS_MAX);
/// How long the answer to a write by hand may take, in seconds.
pub const WRITE_SECONDS_MAX: u64 = 20;

/// When a limit ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Until {
    /// At an instant.
    At(Timestamp),
    /// So long after it begins.
    After(Duration),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// To take up a limit from outside.
    SetLimit {
        /// Which way.
        direction: Direction,
        /// The most.
        power: Power,
        /// When it begins; none is at once.
        from: Option<Timestamp>,
        /// When it ends.
        until: Until,
        /// Who ordered it.
        author: String,
        /// Why.
        reason: String,
    },
    /// To clear one limit.
    ClearLimit(u64),
    /// To clear all limits that were entered.
    ClearLimits,
}

/// Why a request was not granted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DeskError {
    /// The limit is none, or there is no such limit.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// It could not be put on disk, and was not taken up.
    #[error("it could not be put on disk, and was not taken up: {0}")]
    Disk(String),
    /// The daemon is too busy, or stopping.
    #[error("the daemon does not answer its desk now: it is busy, or stopping")]
    Busy,
}

/// The limits that a request touched.
pub type Granted = Vec<Order>;

/// A request on its way, with the place for its answer.
pub(super) enum Errand {
    /// About limits from outside.
    Limit(Request, oneshot::Sender<Result<Granted, DeskError>>),
    /// A write by hand.
    Write(Box<WriteWish>, oneshot::Sender<Result<WriteReport, WriteError>>),
    /// The last writes by hand.
    Writes(usize, oneshot::Sender<Result<Vec<WriteEntry>, WriteError>>),
    /// The trips that hold, and the last resets.
    Trips(oneshot::Sender<Result<TripReport, TripError>>),
    /// The reset of a trip.
    Reset(Box<ResetWish>, oneshot::Sender<Result<ResetReport, TripError>>),
}

/// Where requests are handed in.
#[derive(Debug, Clone)]
pub struct Desk {
    sender: mpsc::Sender<Errand>,
}

impl Desk {
    pub(super) fn open() -> (Self, mpsc::Receiver<Errand>) {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        (Self { sender }, receiver)
    }

    /// Hands in a request and waits for its answer; what is granted is on disk.
    ///
    /// # Errors
    /// When it is not granted; nothing has changed then, except that a request which was too late
    /// for its answer ([`DeskError::Busy`]) may still be taken up: look at what is in force.
    pub async fn ask(&self, request: Request) -> Result<Granted, DeskError> {
        let errand = |reply| Errand::Limit(request, reply);
        self.hand_in(PATIENCE, DeskError::Busy, errand).await
    }

    /// Hands in a write by hand and waits until it is written, or is not.
    ///
    /// # Errors
    /// When nothing was written; after [`WriteError::Failed`] and [`WriteError::Busy`] nobody
    /// knows whether it was: look at the point and at [`Desk::writes`].
    pub async fn write(&self, wish: WriteWish) -> Result<WriteReport, WriteError> {
        let errand = |reply| Errand::Write(Box::new(wish), reply);
        self.hand_in(WRITE_PATIENCE, WriteError::Busy, errand).await
    }

    /// The last writes by hand, the newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn writes(&self, limit: usize) -> Result<Vec<WriteEntry>, WriteError> {
        let errand = |reply| Errand::Writes(limit, reply);
        self.hand_in(PATIENCE, WriteError::Busy, errand).await
    }

    /// Hands in an errand and waits for its answer; `busy` when there is no room for it, or no
    /// answer in time.
    pub(super) async fn hand_in<T, E: Clone>(
        &self,
        patience: Duration,
        busy: E,
        errand: impl FnOnce(oneshot::Sender<Result<T, E>>) -> Errand,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        self.sender.try_send(errand(reply)).map_err(|_| busy.clone())?;
        let answered = tokio::time::timeout(patience, answer).await;
        answered.ok().and_then(Result::ok).unwrap_or(Err(busy))
    }
}

impl Controller {
    /// Where requests are handed in.
    #[must_use]
    pub fn desk(&self) -> Desk {
        self.desk.clone()
    }

    /// Waits, and answers what is handed in meanwhile.
    pub(super) async fn wait_until(&mut self, at: Mono) {
        let clock = self.clock.clone();
        loop {
            tokio::select! {
                biased;
                () = clock.sleep_until(at) => return,
                Some(errand) = self.requests.recv() => self.settle(errand).await,
            }
        }
    }

    /// Does what was handed in, and answers. Whoever asked may have gone: what nobody is told must
    /// not be.
    pub(super) async fn settle(&mut self, errand: Errand) {
        match errand {
            Errand::Limit(request, reply) if !reply.is_closed() => {
                let granted = self.grant(request);
                self.show_limits();
                // It is on disk; somebody who does not wait for the answer finds it in force.
                let _ = reply.send(granted);
            }
            Errand::Write(wish, reply) if !reply.is_closed() => {
                let written = self.operate(&wish).await;
                self.show_again();
                // It is on record; somebody who does not wait for the answer finds it there.
                let _ = reply.send(written);
            }
            Errand::Writes(limit, reply) => {
                let _ = reply.send(self.written(limit));
            }
            Errand::Trips(reply) => {
                let _ = reply.send(self.trip_report());
            }
            Errand::Reset(wish, reply) if !reply.is_closed() => {
                let reset = self.reset(&wish).await;
                self.show_again();
                // It is on record; somebody who does not wait for the answer finds it there.
                let _ = reply.send(reset);
            }
            Errand::Limit(..) | Errand::Write(..) | Errand::Reset(..) => {}
        }
    }

    /// Grants a request about limits, and puts the state on disk.
    fn grant(&mut self, request: Request) -> Result<Granted, DeskError> {
        let now = self.clock.now().utc;
        let before = self.state.limits.clone();
        let limits = &mut self.state.limits;
        let granted = match request {
            Request::SetLimit { direction, power, from, until, author, reason } => {
                let from = from.unwrap_or(now);
                let until = match until {
                    Until::At(at) => at,
                    Until::After(length) => add_seconds(from.max(now), length.as_secs_f64()),
                };
                let limit = ExternalLimit { direction, power, from, until, author, reason };
                vec![limits.set(now, limit)?]
            }
            Request::ClearLimit(id) => vec![limits.clear(id)?],
            Request::ClearLimits => limits.clear_all(),
        };
        let state = self.remembered();
        if let Err(why) = self.history.remember(now, &state, &self.state.hash) {
            self.state.limits = before;
            return Err(DeskError::Disk(why));
        }
        for Order { id, limit } in &granted {
            let (power, direction) = (limit.power.kw(), limit.direction.word());
            let (until, author, reason) = (limit.until, &limit.author, &limit.reason);
            let in_force = self.state.limits.orders(now).any(|order| order.id == *id);
            let word = if in_force { "taken up" } else { "cleared" };
            tracing::warn!(
                id,
                %until,
                author,
                reason,
                "a limit of {direction} to {power:.1} kW was {word}"
            );
        }
        Ok(granted)
    }
}
