//! One link: a task that owns one connection and serves all units behind it, one request at a
//! time, writes before reads.

mod ask;
mod backoff;
mod command;
mod deadline;
mod line;
mod load;
mod poll;
mod queue;
mod recognise;
mod rounds;
mod tap;
mod unit;
mod wire;
mod words;

pub(crate) use ask::{Answer, Ask, Told};
pub(crate) use backoff::seed;
pub(crate) use queue::{Job, Parts, Sender, queue};
pub(crate) use unit::Unit;
pub(crate) use wire::{CONNECTING_MAX, Wire};

use crate::clock::Clock;
use crate::error::FieldError;
use crate::image::LinkHealth;
use futures::FutureExt;
use queue::Receiver;
use site::Mono;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The pause before a link's task is restarted after a bug.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// The task's state.
pub(crate) struct Link {
    wire: Wire,
    units: Vec<Unit>,
    /// With which unit the next pass begins.
    begin_at: usize,
    jobs: Receiver,
    clock: Clock,
    health: Arc<Mutex<LinkHealth>>,
    /// How long the last passes over all units took, in real time.
    pass: Duration,
    /// By how much this link is ahead of others, in site time, so that they do not all ask at once.
    spread: Duration,
}

impl Link {
    pub(crate) const fn new(
        wire: Wire,
        units: Vec<Unit>,
        jobs: Receiver,
        clock: Clock,
        health: Arc<Mutex<LinkHealth>>,
        spread: Duration,
    ) -> Self {
        Self { wire, units, begin_at: 0, jobs, clock, health, pass: Duration::ZERO, spread }
    }

    /// Serves until nobody can send a command any more. A panic is a bug: it closes the
    /// connection, is counted and logged, and the task goes on.
    pub(crate) async fn supervise(mut self) {
        while AssertUnwindSafe(self.run()).catch_unwind().await.is_err() {
            self.wire.close("the link's task was restarted after a bug");
            for unit in &mut self.units {
                unit.image.note(|health| {
                    health.restarts += 1;
                    health.connected = false;
                });
                unit.recognised_on = None;
            }
            tracing::error!(
                device = %self.units.first().map_or("", |unit| unit.device.id.as_str()),
                "a link's task panicked and is restarted; please report this bug"
            );
            tokio::time::sleep(RESTART_PAUSE).await;
        }
    }

    async fn run(&mut self) {
        loop {
            self.report();
            let due = self.units.iter().filter_map(Unit::due).min();
            let missed = self.units.iter().any(|unit| unit.missed);
            let retry = if missed { self.wire.retry_at() } else { None };
            let clock = self.clock.clone();
            tokio::select! {
                biased;
                job = self.jobs.next() => match job {
                    Some(job) => Box::pin(self.serve(job)).await,
                    None => return,
                },
                () = wake(&clock, due, retry) => self.poll_due().await,
            }
        }
    }

    /// Serves the commands that wait, so that reads never starve writes.
    async fn serve_waiting(&mut self) {
        while let Some(job) = self.jobs.take() {
            // In a box: writes are rare, and every link's task would be as large as they are.
            Box::pin(self.serve(job)).await;
        }
    }

    /// Nobody can send commands any more.
    fn is_over(&self) -> bool {
        self.jobs.is_over()
    }

    /// Says how the link does, for whoever looks.
    fn report(&self) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.busy = self.wire.load();
        health.requests = self.wire.requests();
        health.unasked_bytes = self.wire.unasked_bytes();
        health.connected = self.wire.is_open();
    }

    /// Asks one unit, and notes how it went.
    async fn ask(&mut self, unit: usize, ask: &Ask) -> Result<Answer, FieldError> {
        let outcome = self.ask_unnoted(unit, ask).await;
        self.note(unit, ask, &outcome);
        outcome.map(|(answer, _)| answer)
    }

    /// Asks one unit. Silence and answers count for its patience and back-off.
    async fn ask_unnoted(
        &mut self,
        unit: usize,
        ask: &Ask,
    ) -> Result<(Answer, Duration), FieldError> {
        let shared = self.units.len() > 1;
        let Some(state) = self.units.get_mut(unit) else {
            return Err(FieldError::Silent { unit: 0, failures: 0 });
        };
        let (number, within) = (state.device.unit, state.timeout());
        if state.is_silent(self.clock.real()) {
            return Err(FieldError::Silent { unit: number, failures: state.failures() });
        }
        let before = self.wire.requests();
        let outcome = self.wire.ask(number, within, ask).await;
        match &outcome {
            // The question went out and the link broke over it: nobody else is to blame.
            Err(FieldError::Down { .. } | FieldError::WrongAnswer { .. })
                if shared && self.wire.requests() > before =>
            {
                state.handle_break(self.clock.real());
            }
            Ok((_, took)) => state.handle_answer(Some(*took)),
            Err(FieldError::Refused { code: 0x0A | 0x0B, .. } | FieldError::Timeout { .. }) => {
                state.handle_silence(self.clock.real(), shared);
            }
            Err(FieldError::Refused { .. }) => state.handle_answer(None),
            Err(_) => {}
        }
        outcome
    }

    /// Counts an answer, or the lack of one.
    fn note(&mut self, unit: usize, ask: &Ask, outcome: &Result<(Answer, Duration), FieldError>) {
        let now = self.clock.now().mono;
        let (opened, open) = (self.wire.opened(), self.wire.is_open());
        let Some(unit) = self.units.get_mut(unit) else { return };
        let reconnects = if unit.opened == 0 { 0 } else { opened.saturating_sub(unit.opened) };
        unit.opened = opened;
        unit.image.note(|health| {
            health.reconnects += reconnects;
            health.connected = open && unit.failures() == 0;
            match (ask.writes(), outcome.is_ok()) {
                (false, true) => health.reads_ok += 1,
                (false, false) => health.reads_failed += 1,
                (true, true) => health.writes_ok += 1,
                (true, false) => health.writes_failed += 1,
            }
            match outcome {
                Ok((_, took)) => {
                    health.last_answer = Some(now);
                    health.round_trip = Some(*took);
                }
                Err(error) => {
                    if let FieldError::Refused { .. } = error {
                        health.last_answer = Some(now);
                    }
                    if let FieldError::Timeout { .. } = error {
                        health.timeouts += 1;
                    }
                    health.last_error = Some(error.to_string());
                    health.last_error_at = Some(now);
                }
            }
        });
    }
}

/// Wakes when a round is due, or when a lost link may be tried again.
async fn wake(clock: &Clock, due: Option<Mono>, retry: Option<Instant>) {
    let round = async {
        match due {
            Some(due) => clock.sleep_until(due).await,
            None => std::future::pending().await,
        }
    };
    let retry = async {
        match retry {
            Some(retry) => tokio::time::sleep_until(retry).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = round => {}
        () = retry => {}
    }
}
