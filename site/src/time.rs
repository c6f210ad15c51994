//! Time is an argument. Ages and timers use [`Mono`], which nobody can step; tariffs, calendars
//! and records use UTC. The two are never mixed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A monotonic instant: time since the daemon's clock began. Only differences mean anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Mono(Duration);

impl Mono {
    /// The instant `since_start` after the clock began.
    #[must_use]
    pub const fn new(since_start: Duration) -> Self {
        Self(since_start)
    }
    /// Time since the clock began.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }
    /// Time from `earlier` to here; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
    /// This instant moved forward.
    #[must_use]
    pub const fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

/// Now, on both clocks, read once per cycle or tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Now {
    /// For ages and timers.
    pub mono: Mono,
    /// For tariffs, calendars and records.
    pub utc: Timestamp,
}

impl Now {
    /// The UTC time of a monotonic instant in the past, as far as today's clocks tell.
    #[must_use]
    pub fn utc_of(&self, at: Mono) -> Timestamp {
        let age = self.mono.since(at);
        self.utc.checked_sub(age).unwrap_or(Timestamp::MIN)
    }
}

/// Seconds from `start` to `end`; negative when `end` is earlier.
#[must_use]
pub fn seconds_between(start: Timestamp, end: Timestamp) -> f64 {
    end.duration_since(start).as_secs_f64()
}

/// `start` moved by whole and parts of seconds, held at the ends of the calendar.
#[must_use]
pub fn add_seconds(start: Timestamp, seconds: f64) -> Timestamp {
    let moved = jiff::SignedDuration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|by| start.checked_add(by).ok());
    moved.unwrap_or(start)
}
