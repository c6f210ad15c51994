//! What a quantity usually is by kind of day and time of day, and how far the last hours were from
//! it.

use super::misses::{Expected, Misses};
use super::shape::Shape;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::tariff::Calendar;

/// Time constant with which a recent deviation is expected to fade, in hours.
const FADE_HOURS: f64 = 3.0;
/// Time constant over which the recent deviation is averaged, in hours.
const RECENT_HOURS: f64 = 0.5;
/// Time over which the steady part of a deviation is averaged, in hours.
const STEADY_HOURS: f64 = 8.0;
/// Time constant with which a steady deviation from a known profile is expected to fade, in
/// hours: a warm day lasts a day.
const DAY_FADE_HOURS: f64 = 18.0;
/// The same where the profile is still a guess: a wrong guess stays wrong until it is learned.
const GUESS_FADE_HOURS: f64 = 72.0;
/// The first guess of a deviation counts like this many hours of observation.
const GUESS_HOURS: f64 = 1.5;
/// Time over which the scatter is averaged, in hours.
const SCATTER_HOURS: f64 = 24.0;
/// A spread is held inside this range, relative.
const SPREADS: (f64, f64) = (0.02, 0.8);
/// A margin before the spread is known, and the range in which it is held.
const MARGIN_GUESS: f64 = 0.03;
const MARGINS: (f64, f64) = (0.01, 0.05);
/// A deviation says something about the profile after this many hours.
const LEVEL_HOURS_MIN: f64 = 4.0;
/// Ratios to the profile are held inside this range.
const RATIOS: (f64, f64) = (0.2, 5.0);
/// Misses are measured by what was expected, at least this share of the day's mean.
const SCALE_MIN: f64 = 0.1;

/// A profile by kind of day and half hour, learned with exponential forgetting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Profile {
    shape: Shape,
    /// Ratio of the last observations to the profile.
    recent: f64,
    last: Option<Timestamp>,
    steady: Steady,
    misses: Misses,
}

/// The part of a deviation that stays for hours, and how far the values scatter about it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Steady {
    /// Ratio to the profile.
    ratio: f64,
    /// Mean square of the relative distance of values from the profile times `ratio`.
    scatter: f64,
    /// Hours observed.
    hours: f64,
}

/// As it may stand in a state file: before kinds of day were three, a profile had hourly means of
/// working days and of others.
#[derive(Debug, Deserialize)]
struct Stored {
    shape: Option<Shape>,
    hours: Option<[[f64; 24]; 2]>,
    recent: f64,
    last: Option<Timestamp>,
    #[serde(default)]
    steady: Steady,
    #[serde(default)]
    misses: Misses,
}

impl From<Stored> for Profile {
    fn from(stored: Stored) -> Self {
        let Stored { shape, hours, recent, last, steady, misses } = stored;
        let shape = shape.or_else(|| hours.map(|hours| Shape::learned(&hours)));
        Self { shape: shape.unwrap_or_default(), recent, last, steady, misses }
    }
}

impl Default for Steady {
    fn default() -> Self {
        Self { ratio: 1.0, scatter: 0.0, hours: 0.0 }
    }
}

impl Steady {
    /// Takes in a ratio that held for some hours.
    fn observe(&mut self, ratio: f64, hours: f64) {
        if hours <= 0.0 {
            return;
        }
        let off = ratio / self.ratio - 1.0;
        let weight = hours / (self.hours + hours).min(SCATTER_HOURS);
        self.scatter += weight.min(1.0) * (off * off - self.scatter);
        self.hours += hours;
        self.ratio += hours / (GUESS_HOURS + self.hours).min(STEADY_HOURS) * (ratio - self.ratio);
    }
}

impl Profile {
    /// A first guess by local hour, the same for all days. Where it has a shape, a deviation that
    /// lasts for hours is taken to go on; where it is flat, that waits until a shape is learned.
    #[must_use]
    pub fn new(hours: [f64; 24]) -> Self {
        let (shape, steady) = (Shape::guess(&hours), Steady::default());
        Self { shape, recent: 1.0, last: None, steady, misses: Misses::default() }
    }

    /// The profile's value at an instant.
    #[must_use]
    pub fn typical(&self, at: Timestamp, calendar: Calendar<'_>) -> f64 {
        self.shape.at(at, calendar).value
    }

    /// Whether the time of day was observed on days of its kind, so that what is expected is more
    /// than the site file's guess.
    #[must_use]
    pub fn knows(&self, at: Timestamp, calendar: Calendar<'_>) -> bool {
        self.shape.at(at, calendar).known > 0.5
    }

    /// What is expected at `at`, seen from `now`: the profile, corrected by a recent deviation that
    /// fades.
    #[must_use]
    pub fn expect(&self, now: Timestamp, at: Timestamp, calendar: Calendar<'_>) -> f64 {
        let hours = (site::time::seconds_between(now, at) / 3600.0).max(0.0);
        let (steady, typical) = (self.steady.ratio, self.shape.at(at, calendar));
        let passing = (self.recent - steady) * (-hours / FADE_HOURS).exp();
        let fade = |over: f64| (-hours / over).exp();
        let known = typical.known;
        let lasting = known * fade(DAY_FADE_HOURS) + (1.0 - known) * fade(GUESS_FADE_HOURS);
        (typical.value * (1.0 + (steady - 1.0) * lasting + passing)).max(0.0)
    }

    /// One standard deviation of values (means of a quarter of an hour) about what is expected at
    /// `at`, seen from `now`, in the profile's unit: at first by the guess, which is relative,
    /// later by what was missed.
    #[must_use]
    pub fn spread(
        &self,
        (now, at): (Timestamp, Timestamp),
        guess: f64,
        calendar: Calendar<'_>,
    ) -> f64 {
        let hours = site::time::seconds_between(now, at) / 3600.0;
        let relative = self.misses.spread(hours, guess).clamp(SPREADS.0, SPREADS.1);
        relative * self.scale(self.expect(now, at, calendar))
    }

    fn scale(&self, expected: f64) -> f64 {
        expected.max(SCALE_MIN * self.shape.mean())
    }

    /// What values have been over the last hours as a factor of the profile, and its spread; none
    /// before some hours were observed.
    #[must_use]
    pub fn level(&self) -> Option<(f64, f64)> {
        let Steady { ratio, scatter, hours, .. } = self.steady;
        let independent = hours.min(STEADY_HOURS);
        (hours >= LEVEL_HOURS_MIN).then(|| (ratio, ratio * (scatter / independent).sqrt()))
    }

    /// How much more than expected to plan for, as a share: one standard deviation of what lasts.
    /// Too much is stored for later; too little, where pumps are near their limit, is not made up.
    #[must_use]
    pub fn margin(&self) -> f64 {
        let known = self.level().map(|(ratio, spread)| spread / ratio);
        known.unwrap_or(MARGIN_GUESS).clamp(MARGINS.0, MARGINS.1)
    }

    /// Learns from a measured value that holds at `at`.
    pub fn observe(&mut self, at: Timestamp, value: f64, calendar: Calendar<'_>) {
        let since = self.last.map_or(0.0, |last| site::time::seconds_between(last, at));
        self.last = Some(at);
        let hours = (since / 3600.0).clamp(0.0, 0.25);
        let typical = self.shape.at(at, calendar);
        if typical.value > 1e-6 {
            let weight = 1.0 - (-hours / RECENT_HOURS).exp();
            let ratio = (value / typical.value).clamp(RATIOS.0, RATIOS.1);
            self.recent += weight * (ratio - self.recent);
            // Against a flat guess a low night says nothing about the day.
            self.steady.observe(ratio, hours * typical.shaped);
        }
        self.shape.observe(at, value, hours, calendar);
        let mut misses = std::mem::take(&mut self.misses);
        misses.observe(at, value, |then| {
            let value = self.expect(at, then, calendar);
            Expected { value, scale: self.scale(value) }
        });
        self.misses = misses;
    }
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
