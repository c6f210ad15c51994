//! How far forecasts were from what came: every hour a forecast is put by for some lead times, and
//! compared with the mean of its quarter of an hour when that is over. What a forecast says of its
//! own spread is what it missed by before.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Length of what is compared, s.
const QUARTER: i64 = 900;
/// Lead times in quarters of an hour, to the end of the quarter that is compared.
const LEADS: [u8; 4] = [1, 4, 16, 96];
/// A lead time's first guess counts like this many comparisons.
const GUESSES: f64 = 2.0;
/// Comparisons after which older ones are forgotten: four days of hourly ones.
const MEMORY: f64 = 96.0;
/// The share of misses within one standard deviation of a normal distribution.
const INSIDE: f64 = 0.683;
/// How far a bound moves at one miss, at least.
const RATE_MIN: f64 = 0.08;
/// No bound is smaller: it could not grow again.
const BOUND_MIN: f64 = 1e-4;
/// One miss counts at most this much, as a share of the scale: a freak must not rule for days.
const MISS_MAX: f64 = 2.0;

/// Misses by lead time, as shares of a scale that the caller gives with each forecast.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Misses {
    quarter: i64,
    sum: f64,
    count: f64,
    waiting: Vec<Waiting>,
    seen: [Seen; LEADS.len()],
}

/// A forecast whose time has not come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Waiting {
    due: i64,
    lead: u8,
    expected: f32,
    scale: f32,
}

/// What two thirds of the misses of a lead time stay below, and how many were seen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Seen {
    bound: f64,
    count: f64,
}

impl Seen {
    /// Moves the bound up when a miss is above it and down, by less, when it is not: it comes to
    /// rest where [`INSIDE`] of the misses are below. Unlike a mean square it is not ruled by the
    /// few large ones.
    fn observe(&mut self, miss: f64) {
        self.count = (self.count + 1.0).min(MEMORY);
        if self.count < 2.0 {
            self.bound = miss.max(BOUND_MIN);
            return;
        }
        let rate = (2.0 / self.count).max(RATE_MIN);
        let step = if miss > self.bound { INSIDE } else { INSIDE - 1.0 };
        self.bound = (self.bound * (rate * step).exp()).clamp(BOUND_MIN, MISS_MAX);
    }
}

/// What is expected of a quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Expected {
    /// The value.
    pub(super) value: f64,
    /// What a miss is measured by; nothing is put by where it is 0.
    pub(super) scale: f64,
}

impl Misses {
    /// Takes in a value measured at `now`. `expect` says what is now expected at an instant; it is
    /// asked once an hour.
    pub(super) fn observe(
        &mut self,
        now: Timestamp,
        value: f64,
        expect: impl Fn(Timestamp) -> Expected,
    ) {
        let quarter = now.as_second().div_euclid(QUARTER);
        if quarter == self.quarter {
            self.sum += value;
            self.count += 1.0;
            return;
        }
        self.settle();
        let new_hour = quarter.div_euclid(4) != self.quarter.div_euclid(4);
        (self.quarter, self.sum, self.count) = (quarter, value, 1.0);
        self.waiting.retain(|waiting| waiting.due >= quarter);
        if new_hour {
            self.put_by(quarter, expect);
        }
    }

    /// Compares what waited for the quarter that is over.
    fn settle(&mut self) {
        if self.count < 1.0 {
            return;
        }
        let (quarter, mean) = (self.quarter, self.sum / self.count);
        for waiting in self.waiting.iter().filter(|waiting| waiting.due == quarter) {
            let miss = (mean - f64::from(waiting.expected)) / f64::from(waiting.scale);
            let Some(lead) = LEADS.iter().position(|lead| *lead == waiting.lead) else { continue };
            self.seen[lead].observe(miss.abs());
        }
    }

    fn put_by(&mut self, quarter: i64, expect: impl Fn(Timestamp) -> Expected) {
        for lead in LEADS {
            let due = quarter + i64::from(lead) - 1;
            let middle = Timestamp::from_second(due * QUARTER + QUARTER / 2);
            let expected = middle.map_or(Expected { value: 0.0, scale: 0.0 }, &expect);
            if expected.scale > 0.0 {
                let (expected, scale) = (narrow(expected.value), narrow(expected.scale));
                self.waiting.push(Waiting { due, lead, expected, scale });
            }
        }
    }

    /// How far off a forecast so many hours ahead is, one standard deviation as a share of the
    /// scale: at first the guess, later what was seen.
    pub(super) fn spread(&self, hours: f64, guess: f64) -> f64 {
        let spread = |lead: usize| {
            let Seen { bound, count } = self.seen[lead];
            (GUESSES * guess + count * bound) / (GUESSES + count)
        };
        // Straight lines over the logarithm of the lead time: misses grow fast at first.
        let place = |quarters: f64| (1.0 + quarters).ln();
        let asked = place(4.0 * hours.max(0.0));
        let after = LEADS.iter().position(|lead| place(f64::from(*lead)) >= asked);
        match after {
            None => spread(LEADS.len() - 1),
            Some(0) => spread(0),
            Some(after) => {
                let ends = [after - 1, after].map(|lead| place(f64::from(LEADS[lead])));
                let share = (asked - ends[0]) / (ends[1] - ends[0]);
                spread(after - 1) * (1.0 - share) + spread(after) * share
            }
        }
    }
}

/// What is put by need not be exact, and the state is written in every cycle.
#[expect(clippy::cast_possible_truncation, reason = "a miss is not known to seven digits")]
fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    /// Forecasts of 10 while 10 ± `off` comes, alternating by the quarter.
    fn lived(off: f64, days: i64) -> Misses {
        let mut misses = Misses::default();
        let mut now: Timestamp = "2026-01-15T00:00Z".parse().expect("a time");
        for quarter in 0..days * 96 {
            let value = if quarter % 2 == 0 { 10.0 + off } else { 10.0 - off };
            for _ in 0..3 {
                misses.observe(now, value, |_| Expected { value: 10.0, scale: 10.0 });
                now += 5.minutes();
            }
        }
        misses
    }

    #[test]
    fn the_spread_becomes_what_was_missed_by() {
        let misses = lived(2.0, 10);
        for hours in [0.25, 1.0, 4.0, 24.0, 48.0] {
            let spread = misses.spread(hours, 0.5);
            assert!((spread - 0.2).abs() < 0.03, "{hours} h: {spread}");
        }
        assert!((Misses::default().spread(3.0, 0.5) - 0.5).abs() < 1e-9, "the guess at first");
        assert!(misses.waiting.len() < 40, "what is over is dropped: {}", misses.waiting.len());
    }

    #[test]
    fn far_misses_are_told_from_near_ones() {
        let mut misses = Misses::default();
        let mut now: Timestamp = "2026-01-15T00:00Z".parse().expect("a time");
        for _ in 0..10 * 96 {
            let seen = now;
            misses.observe(now, 10.0, |at| {
                let far = site::time::seconds_between(seen, at) > 7200.0;
                Expected { value: if far { 15.0 } else { 10.5 }, scale: 10.0 }
            });
            now += 15.minutes();
        }
        let (near, far) = (misses.spread(1.0, 0.2), misses.spread(24.0, 0.2));
        assert!((near - 0.05).abs() < 0.02 && (far - 0.5).abs() < 0.05, "{near} {far}");
    }
}
