//! Averages over intervals that are aligned to the clock.

use super::Reading;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::time::seconds_between;
use site::units::Power;
use std::time::Duration;

/// An interval counts when this share of it was seen.
const SEEN_MIN: f64 = 0.9;

/// The interval that is going on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Interval {
    number: i64,
    watt_seconds: f64,
    seconds: f64,
}

/// An interval that has ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Averaged {
    /// Its first instant.
    pub(super) start: Timestamp,
    /// Average import.
    pub(super) power: Power,
}

/// Adds a reading, spread evenly over its time; gives the intervals that end by it and were seen.
pub(super) fn add(
    going_on: &mut Option<Interval>,
    reading: &Reading,
    length: Duration,
) -> Vec<Averaged> {
    let mut ended = Vec::new();
    let length = i64::try_from(length.as_secs()).unwrap_or(i64::MAX).max(1);
    let whole = seconds_between(reading.since, reading.until);
    if whole <= 0.0 {
        return ended;
    }
    let power = reading.import.get() * 3600.0 / whole;
    let mut from = reading.since;
    while from < reading.until {
        let number = from.as_second().div_euclid(length);
        let end = Timestamp::from_second((number + 1) * length).unwrap_or(reading.until);
        let to = end.min(reading.until);
        if let Some(before) = going_on.take_if(|interval| interval.number != number) {
            ended.extend(before.close(length));
        }
        let interval = going_on.get_or_insert(Interval { number, watt_seconds: 0.0, seconds: 0.0 });
        let seconds = seconds_between(from, to);
        interval.watt_seconds += power * seconds;
        interval.seconds += seconds;
        if to == end {
            ended.extend(going_on.take().and_then(|interval| interval.close(length)));
        }
        from = to;
    }
    ended
}

impl Interval {
    fn close(self, length: i64) -> Option<Averaged> {
        #[expect(clippy::cast_precision_loss, reason = "an averaging interval has few seconds")]
        let whole = length as f64;
        let start = Timestamp::from_second(self.number.saturating_mul(length)).ok()?;
        let seen = self.seconds >= SEEN_MIN * whole;
        seen.then(|| Averaged { start, power: Power::new(self.watt_seconds / self.seconds) })
    }
}
