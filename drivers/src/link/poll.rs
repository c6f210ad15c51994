//! Reading the units that are due.

use super::ask::Ask;
use super::rounds::Round;
use super::{Link, Unit};
use crate::error::FieldError;
use crate::schedule::Request;
use site::{Mono, Reason, Sample};
use std::time::Duration;

/// Rounds end this long before the beat, in real time: a cycle must find them ended.
const LEAD_MARGIN: Duration = Duration::from_millis(100);

/// What to do after one request.
enum Next {
    /// Go on with the next request.
    GoOn,
    /// Leave the unit until its next round.
    Leave,
    /// The link is lost.
    Lost,
}

impl Link {
    /// Polls every unit whose fast points are due, or whose round was lost with the link; when
    /// there is none, reads one request of slow points.
    pub(super) async fn poll_due(&mut self) {
        let began = self.clock.real();
        let mut polled = false;
        let (first, count) = (self.begin_at, self.units.len());
        for unit in (first..count).chain(0..first) {
            if self.is_over() {
                return;
            }
            let now = self.clock.now().mono;
            let back = self.wire.retry_at().is_none_or(|at| at <= self.clock.real());
            let state = &mut self.units[unit];
            if state.is_fast_due(now) || state.missed && back {
                polled = true;
                let before = self.wire.requests();
                self.poll(unit, now).await;
                if self.units[unit].missed && self.wire.requests() > before {
                    // The link broke over this unit: next time the others come first.
                    self.begin_at = (unit + 1) % count;
                }
            }
        }
        if polled {
            self.note_pass(self.clock.real().saturating_duration_since(began));
        } else {
            self.read_slow().await;
        }
    }

    /// Lets the next rounds begin so early that they end just before the beat.
    fn note_pass(&mut self, took: Duration) {
        self.pass = took.max(self.pass * 9 / 10);
        let lead = self.clock.to_site(self.pass * 5 / 4 + LEAD_MARGIN) + self.spread;
        for unit in &mut self.units {
            unit.lead(lead);
        }
    }

    /// The fast rounds of one unit.
    async fn poll(&mut self, unit: usize, now: Mono) {
        self.serve_waiting().await;
        let all = std::mem::take(&mut self.units[unit].missed);
        let can_read = self.can_read(unit).await;
        // Only now: a device that was just recognised has other requests than before.
        let rounds = self.units[unit].begin_fast(now, all);
        if !can_read {
            return;
        }
        for round in rounds {
            if !self.read_round(unit, &round).await {
                return;
            }
        }
    }

    /// Whether a unit is to be read now: it is not left alone, and it is the right one.
    async fn can_read(&mut self, unit: usize) -> bool {
        if self.units[unit].is_silent(self.clock.real()) {
            return false;
        }
        match self.recognise(unit).await {
            Ok(()) => true,
            Err(error) => {
                self.give_up(unit, &error);
                false
            }
        }
    }

    /// One round; false when the unit is to be left for now.
    async fn read_round(&mut self, unit: usize, round: &Round) -> bool {
        let count = round.requests.len();
        let mut order = (round.begin_at..count).chain(0..round.begin_at.min(count));
        while let Some(i) = order.next() {
            self.serve_waiting().await;
            if self.is_over() {
                return false;
            }
            let reason = match self.read(unit, &round.requests[i]).await {
                Next::GoOn => continue,
                Next::Leave => Reason::Timeout,
                Next::Lost => {
                    self.units[unit].missed = true;
                    Reason::LinkDown
                }
            };
            self.units[unit].begin_after(round, i);
            for rest in order {
                self.fail(unit, &round.requests[rest], reason);
            }
            return false;
        }
        true
    }

    /// One request of slow points, of the first unit that has one.
    async fn read_slow(&mut self) {
        let now = self.clock.now().mono;
        let next = |state: &mut Unit| state.next_slow(now);
        let found = self.units.iter_mut().enumerate().find_map(|(i, unit)| Some((i, next(unit)?)));
        let Some((unit, (group, request))) = found else { return };
        let done =
            self.can_read(unit).await && matches!(self.read(unit, &request).await, Next::GoOn);
        if !done {
            self.units[unit].postpone(now, group);
        }
    }

    async fn read(&mut self, unit: usize, request: &Request) -> Next {
        let Request { table, address, count, .. } = *request;
        let ask = Ask::Read { table, address, count };
        let mut outcome = self.ask(unit, &ask).await;
        if outcome.is_ok() && !self.is_recognised(unit) {
            // The answer came over a new connection: first see who is there.
            outcome = match self.recognise(unit).await {
                Ok(()) => self.ask(unit, &ask).await,
                Err(error) => {
                    self.give_up(unit, &error);
                    Err(error)
                }
            };
        }
        let at = self.clock.now().mono;
        let state = &mut self.units[unit];
        let error = match outcome {
            Ok(answer) => {
                state.image.handle_samples(state.samples(request, &answer, at));
                return Next::GoOn;
            }
            Err(error) => error,
        };
        match &error {
            // The device may only mind the hole in the middle: the halves come next round.
            FieldError::Refused { code: 0x02 | 0x03, .. } if state.learn_cut(request) => {
                self.fail(unit, request, Reason::Refused);
                Next::GoOn
            }
            FieldError::Refused { code: 0x01..=0x03, .. } => {
                let refused = |point| (point, Sample::bad(Reason::Refused, at));
                let points = request.blocks.iter().map(|block| refused(block.point));
                state.image.handle_samples(points);
                Next::GoOn
            }
            FieldError::Refused { code: 0x0A | 0x0B, .. } | FieldError::Timeout { .. } => {
                self.fail(unit, request, error.reason());
                Next::Leave
            }
            FieldError::Refused { .. } => {
                self.fail(unit, request, Reason::Refused);
                Next::GoOn
            }
            _ => {
                self.fail(unit, request, error.reason());
                Next::Lost
            }
        }
    }

    /// The unit could not be recognised: none of its points can be read.
    fn give_up(&mut self, unit: usize, error: &FieldError) {
        let at = self.clock.now().mono;
        let open = self.wire.is_open();
        let state = &mut self.units[unit];
        state.missed = matches!(error, FieldError::Down { .. } | FieldError::WrongAnswer { .. });
        state.image.note(|health| {
            health.connected = open;
            health.last_error = Some(error.to_string());
            health.last_error_at = Some(at);
        });
        let points = 0..state.profile.points.len();
        match error {
            FieldError::NotSunSpec(_) | FieldError::AnotherDevice { .. } => {
                let bad = |point| (point, Sample::bad(error.reason(), at));
                state.image.handle_samples(points.map(bad));
            }
            _ => state.image.handle_failure(points, error.reason()),
        }
    }

    fn fail(&self, unit: usize, request: &Request, reason: Reason) {
        let points = request.blocks.iter().map(|block| block.point);
        self.units[unit].image.handle_failure(points, reason);
    }
}
