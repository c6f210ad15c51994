//! What was last said to an asset, and whether the field shows it. Pure.
//!
//! Call [`Memory::decide`] before a write, [`Memory::handle_acknowledged`] or
//! [`Memory::handle_failed`] after it, and [`Memory::judge`] with each snapshot.

use crate::profile::{Argument, CommandSpec, DeadMan};
use site::command::{Operation, Setpoint, Verification};
use site::{Mono, Sample, Snapshot, Value};
use std::time::Duration;

/// A dead-man is fed at the first look after this part of its timeout. Manufacturers ask for a
/// third; looks come at intervals that often are a third themselves and never exactly, so a
/// quarter is what makes every one of them count.
const REFRESH_PART: u32 = 4;

/// A command that is not obeyed is written again so many times; then it stays a mismatch until
/// something else is wanted.
const REWRITES_MAX: u32 = 3;

/// What to do about one command now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Write all of it.
    Full,
    /// Feed the dead-man.
    Refresh,
    /// Nothing.
    Nothing,
}

/// What is remembered of one asset.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// What the device acknowledged last.
    acknowledged: Option<Setpoint>,
    /// What was attempted last, and when first.
    attempted: Option<(Setpoint, Mono)>,
    /// The last write was not acknowledged, so nobody knows what the device has.
    unclear: bool,
    /// It was read back and differs.
    rewrite: bool,
    /// When the dead-man was last fed: before the write began, to be on the safe side.
    fed_at: Option<Mono>,
    /// When the present setpoint was acknowledged in full.
    written_at: Option<Mono>,
    mismatches: u32,
    /// The newest sample that was judged a mismatch: one sample counts once.
    judged: Option<Mono>,
    heartbeat: u16,
}

impl Memory {
    /// What to do about `setpoint` at `now`.
    pub(crate) fn decide(
        &self,
        now: Mono,
        setpoint: Setpoint,
        dead_man: Option<&DeadMan>,
    ) -> Action {
        if !self.acknowledged.is_some_and(|last| same(last, setpoint)) {
            return Action::Full;
        }
        if self.unclear || self.rewrite {
            return Action::Full;
        }
        let (Some(dead_man), Some(fed_at)) = (dead_man, self.fed_at) else {
            return Action::Nothing;
        };
        let since = now.since(fed_at);
        if since >= dead_man.timeout {
            // It has let go, and may have forgotten what it was told.
            Action::Full
        } else if since >= dead_man.timeout / REFRESH_PART {
            Action::Refresh
        } else {
            Action::Nothing
        }
    }

    /// The next heartbeat: any number but the last one.
    pub(crate) const fn next_heartbeat(&mut self) -> u16 {
        self.heartbeat = self.heartbeat.wrapping_add(1);
        self.heartbeat
    }

    /// Notes that a write is about to begin.
    pub(crate) fn handle_attempt(&mut self, now: Mono, setpoint: Setpoint) {
        if !self.attempted.is_some_and(|(last, _)| same(last, setpoint)) {
            self.attempted = Some((setpoint, now));
            self.written_at = None;
            self.mismatches = 0;
            self.judged = None;
        }
    }

    /// Notes that the device acknowledged what began at `began` and ended at `ended`.
    pub(crate) fn handle_acknowledged(
        &mut self,
        began: Mono,
        ended: Mono,
        setpoint: Setpoint,
        action: Action,
    ) {
        self.fed_at = Some(began);
        if action == Action::Full {
            self.acknowledged = Some(setpoint);
            self.unclear = false;
            self.rewrite = false;
            self.written_at = Some(ended);
        }
    }

    /// Notes that the device did not acknowledge: the next write is a full one.
    pub(crate) const fn handle_failed(&mut self) {
        self.unclear = true;
    }

    /// Compares what was commanded with a snapshot. Only samples received after the write count,
    /// and a difference counts only once the device had time to obey. `max_age` is the age at
    /// which its samples turn bad. A device whose dead-man was not fed in time does what it does by
    /// itself, even where that looks like what it was told.
    pub(crate) fn judge(
        &mut self,
        snapshot: &Snapshot,
        setpoint: Setpoint,
        (spec, dead_man): (&CommandSpec, Option<&DeadMan>),
        points: &[Option<&Sample>],
        max_age: Duration,
    ) -> Verification {
        let Some((_, attempted)) = self.attempted.filter(|(last, _)| same(*last, setpoint)) else {
            return Verification::Pending;
        };
        let since = self.written_at.unwrap_or(attempted);
        let waited = snapshot.now.mono.since(since);
        let mut newest = None;
        let mut verdict = Verification::Confirmed;
        for (confirm, sample) in spec.confirm.iter().zip(points) {
            let fresh = sample.filter(|sample| sample.is_good() && sample.at > since);
            let Some(sample) = fresh else {
                let patience = spec.settle + max_age;
                let absent =
                    if waited > patience { Verification::Lost } else { Verification::Pending };
                return absent;
            };
            let wanted = match confirm.equals {
                Argument::Constant(value) => Some(value),
                Argument::Own => setpoint.argument(),
            };
            if !equals(sample, wanted, confirm.tolerance) {
                if sample.at < since.after(spec.settle) {
                    return Verification::Pending;
                }
                newest = newest.max(Some(sample.at));
                verdict = Verification::Mismatch(self.mismatches);
            }
        }
        let fed = snapshot.now.mono.since(self.fed_at.unwrap_or(attempted));
        if verdict == Verification::Confirmed && dead_man.is_some_and(|it| fed >= it.timeout) {
            return Verification::Released;
        }
        self.conclude(verdict, newest)
    }

    fn conclude(&mut self, verdict: Verification, newest: Option<Mono>) -> Verification {
        if verdict == Verification::Confirmed {
            self.mismatches = 0;
            self.judged = None;
            self.rewrite = false;
            return verdict;
        }
        if newest > self.judged {
            self.judged = newest;
            self.mismatches = self.mismatches.saturating_add(1);
            self.rewrite = self.mismatches <= REWRITES_MAX;
        }
        Verification::Mismatch(self.mismatches)
    }
}

/// Whether two setpoints mean the same to a device: some keep what is written in memory that wears
/// out, and none takes steps finer than the operation's own.
fn same(a: Setpoint, b: Setpoint) -> bool {
    let kind = Operation::find(a.operation()).and_then(|operation| operation.argument);
    let near = match (a.argument(), b.argument()) {
        (Some(a), Some(b)) => kind.is_none_or(|kind| (a - b).abs() < kind.step),
        (None, None) => true,
        _ => false,
    };
    near && a.operation() == b.operation()
}

fn equals(sample: &Sample, wanted: Option<f64>, tolerance: f64) -> bool {
    let found = match sample.value() {
        Some(Value::Flag(flag)) => f64::from(u8::from(*flag)),
        Some(Value::Number(number)) => *number,
        Some(Value::Text(_)) | None => return false,
    };
    wanted.is_some_and(|wanted| (found - wanted).abs() <= tolerance + 1e-6)
}
