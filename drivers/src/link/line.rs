//! The discipline of RTU: frames carry no transaction numbers, so an answer that comes late looks
//! like the answer to the next question. Four things keep it from being taken for one:
//!
//! 1. before each question the line is drained, and silent for 3.5 characters;
//! 2. after a question without a proper answer the line is left alone for as long as the device
//!    was given to answer, and what comes meanwhile is thrown away;
//! 3. a question whose answer would look like one that is still owed waits until the unit has
//!    answered another that looks different: units answer in order;
//! 4. an answer that repeats the unit's last one bit by bit, though another question was asked, is
//!    asked for again: it may be the last one, sent twice.
//!
//! The client library owns the stream while it asks; between questions this listens.

use crate::clock::Clock;
use crate::link::ask::{Answer, Ask};
use crate::link::tap::Tap;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout_at};

/// A line on which somebody talks for longer than this without being asked is closed.
const BABBLE_MAX: Duration = Duration::from_secs(2);

/// Answers that are remembered as owed, over all units of a line.
const OWED_MAX: usize = 32;

/// What an answer looks like from outside: two answers that look the same cannot be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// The function.
    pub(super) function: u8,
    /// For a read the bytes of its answer; for a write its address.
    pub(super) first: u16,
    /// For a write its count, or the value of a single one.
    pub(super) second: u16,
}

/// An RTU line between two questions.
#[derive(Debug)]
pub(super) struct Line {
    tap: Tap,
    silence: Duration,
    heard_at: Option<Instant>,
    quiet_until: Instant,
}

impl Line {
    /// A line that was just opened. What is in its buffers may be an answer to somebody else, so
    /// it is left alone until `quiet_until`.
    pub(super) const fn new(tap: Tap, silence: Duration, quiet_until: Instant) -> Self {
        Self { tap, silence, heard_at: None, quiet_until }
    }

    /// The stream, for the next question.
    pub(super) fn tap(&self) -> Tap {
        self.tap.clone()
    }

    /// Waits until the line was silent for long enough, throws away what comes meanwhile, and says
    /// how many bytes that were.
    ///
    /// # Errors
    /// When the line breaks, or somebody talks on it without end.
    pub(super) async fn settle(&mut self, clock: &Clock) -> io::Result<u64> {
        let mut thrown_away = 0;
        let patience = self.quiet_until.max(clock.real()) + BABBLE_MAX;
        loop {
            let silent = self.heard_at.map(|heard| heard + self.silence);
            let until = silent.map_or(self.quiet_until, |silent| silent.max(self.quiet_until));
            let mut chunk = [0; 256];
            match timeout_at(until, self.tap.read(&mut chunk)).await {
                Err(_) => return Ok(thrown_away),
                Ok(Ok(0)) => return Err(io::ErrorKind::ConnectionAborted.into()),
                Ok(Ok(bytes)) => {
                    thrown_away += u64::try_from(bytes).unwrap_or(u64::MAX);
                    self.heard_at = Some(clock.real());
                }
                Ok(Err(error)) => return Err(error),
            }
            if clock.real() > patience {
                let words = "somebody talks on the line without being asked; is there another \
                             master, or a wrong speed or parity?";
                return Err(io::Error::new(io::ErrorKind::InvalidData, words));
            }
        }
    }

    /// Notes that a frame ended.
    pub(super) fn handle_heard(&mut self, at: Instant) {
        self.heard_at = Some(at);
    }

    /// Leaves the line alone for a while: an answer may still come.
    pub(super) fn keep_quiet(&mut self, until: Instant) {
        self.quiet_until = until;
    }
}

/// Answers that never came, or came too late to be believed. They outlive the connection: a serial
/// server hands a late answer to whoever is connected by then.
#[derive(Debug, Default)]
pub(super) struct Owed(Vec<(u8, Look)>);

impl Owed {
    /// A question that tells whether `unit` still owes an answer, to be asked before one whose
    /// answer would look like the owed one. `None` when there is no such danger.
    pub(super) fn proof(&self, unit: u8, ask: &Ask) -> Option<Ask> {
        let owes = |look: Look| self.0.contains(&(unit, look));
        if !owes(ask.look()) {
            return None;
        }
        ask.alternatives().into_iter().find(|other| !owes(other.look()))
    }

    /// Notes a proper answer of `unit`: it has left behind what it was asked before.
    pub(super) fn handle_answer(&mut self, unit: u8) {
        self.0.retain(|(other, _)| *other != unit);
    }

    /// Notes that no proper answer came.
    pub(super) fn handle_trouble(&mut self, unit: u8, ask: &Ask) {
        let owed = (unit, ask.look());
        if !self.0.contains(&owed) {
            if self.0.len() >= OWED_MAX {
                self.0.remove(0);
            }
            self.0.push(owed);
        }
    }
}

/// The last answer of each unit, to know one that was sent twice.
#[derive(Debug, Default)]
pub(super) struct Last(BTreeMap<u8, (Ask, Answer)>);

impl Last {
    /// Whether an answer is word for word the unit's last one, to another question.
    pub(super) fn is_repeated(&self, unit: u8, ask: &Ask, answer: &Answer) -> bool {
        let looks_alike = |last: &Ask| last != ask && last.look() == ask.look();
        self.0.get(&unit).is_some_and(|(last, said)| looks_alike(last) && said == answer)
    }

    /// Notes an answer.
    pub(super) fn note(&mut self, unit: u8, ask: &Ask, answer: &Answer) {
        self.0.insert(unit, (ask.clone(), answer.clone()));
    }
}
