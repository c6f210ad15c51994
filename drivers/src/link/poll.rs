//! Reading the units that are due.

use super::Link;
use super::ask::Ask;
use crate::error::FieldError;
use crate::schedule::Request;
use site::{Reason, Sample};

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
    /// Polls every unit that is due, or whose round was lost with the link.
    pub(super) async fn poll_due(&mut self) {
        for unit in 0..self.units.len() {
            if self.is_over() {
                return;
            }
            let now = self.clock.now().mono;
            let back = self.wire.retry_at().is_none_or(|at| at <= self.clock.real());
            let state = &mut self.units[unit];
            if state.due <= now {
                state.next_round(now);
            } else if state.missed && back {
                state.missed = false;
            } else {
                continue;
            }
            self.poll(unit).await;
        }
    }

    /// One round of one unit.
    async fn poll(&mut self, unit: usize) {
        self.serve_waiting().await;
        if self.units[unit].is_silent(self.clock.real()) {
            return;
        }
        if let Err(error) = self.recognise(unit).await {
            self.give_up(unit, &error);
            return;
        }
        let requests = self.units[unit].begin_round();
        for (i, request) in requests.iter().enumerate() {
            self.serve_waiting().await;
            if self.is_over() {
                return;
            }
            let rest = &requests[i + 1..];
            match self.read(unit, request).await {
                Next::GoOn => {}
                Next::Leave => {
                    self.units[unit].begin_after(request);
                    return self.fail(unit, rest, Reason::Timeout);
                }
                Next::Lost => {
                    self.units[unit].missed = true;
                    self.units[unit].begin_after(request);
                    return self.fail(unit, rest, Reason::LinkDown);
                }
            }
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
                self.fail(unit, std::slice::from_ref(request), Reason::Refused);
                Next::GoOn
            }
            FieldError::Refused { code: 0x01..=0x03, .. } => {
                let refused = |point| (point, Sample::bad(Reason::Refused, at));
                let points = request.blocks.iter().map(|block| refused(block.point)).collect();
                state.image.handle_samples(points);
                Next::GoOn
            }
            FieldError::Refused { code: 0x0A | 0x0B, .. } | FieldError::Timeout { .. } => {
                self.fail(unit, std::slice::from_ref(request), error.reason());
                Next::Leave
            }
            FieldError::Refused { .. } => {
                self.fail(unit, std::slice::from_ref(request), Reason::Refused);
                Next::GoOn
            }
            _ => {
                self.fail(unit, std::slice::from_ref(request), error.reason());
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
                state.image.handle_samples(points.map(bad).collect());
            }
            _ => state.image.handle_failure(points, error.reason()),
        }
    }

    fn fail(&self, unit: usize, requests: &[Request], reason: Reason) {
        let points = requests.iter().flat_map(|request| &request.blocks).map(|block| block.point);
        self.units[unit].image.handle_failure(points, reason);
    }
}
