//! What Régie has learned of a commune: hourly profiles for working days and others, and how far
//! the last hours were from them.

use jiff::civil::Weekday;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Weight of one full hour of new observations in an hour's mean: about a fortnight's memory.
const LEARNING: f64 = 0.15;
/// Time constant with which a recent deviation is expected to fade, in hours.
const FADE_HOURS: f64 = 3.0;
/// Time constant over which the recent deviation is averaged, in hours.
const RECENT_HOURS: f64 = 0.75;

/// Time over which the steady part of a deviation is averaged, in hours.
const STEADY_HOURS: f64 = 8.0;
/// Time constant with which a steady deviation is expected to fade, in hours: a warm week or a
/// profile that was guessed wrong lasts.
const STEADY_FADE_HOURS: f64 = 72.0;
/// The first guess counts like this many hours of observation.
const GUESS_HOURS: f64 = 1.5;
/// Time over which the spread is averaged, in hours, and how many a first guess counts for.
const SPREAD_HOURS: f64 = 24.0;
const SPREAD_GUESS_HOURS: f64 = 6.0;
/// A spread is held inside this range.
const SPREADS: (f64, f64) = (0.02, 0.5);
/// A margin before the spread is known, and the range in which it is held.
const MARGIN_GUESS: f64 = 0.03;
const MARGINS: (f64, f64) = (0.01, 0.05);
/// A deviation says something about the profile after this many hours.
const LEVEL_HOURS_MIN: f64 = 4.0;

/// An hourly profile by kind of day, learned with exponential forgetting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Means by kind of day (working day, other) and local hour.
    hours: [[f64; 24]; 2],
    /// Ratio of the last observations to the profile.
    recent: f64,
    last: Option<Timestamp>,
    #[serde(default)]
    steady: Steady,
}

/// The part of a deviation that stays for hours, and how far the values scatter about it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Steady {
    /// The first guess had a shape. Against a flat one a low night says nothing about the day.
    shaped: bool,
    /// Ratio to the profile.
    ratio: f64,
    /// Mean square of the relative distance of values from the profile times `ratio`.
    scatter: f64,
    /// Hours observed.
    hours: f64,
}

impl Default for Steady {
    fn default() -> Self {
        Self { shaped: false, ratio: 1.0, scatter: 0.0, hours: 0.0 }
    }
}

impl Steady {
    /// Takes in a ratio that held for some hours.
    fn observe(&mut self, ratio: f64, hours: f64) {
        if !self.shaped {
            return;
        }
        let off = ratio / self.ratio - 1.0;
        let weight = hours / (self.hours + hours).clamp(1e-9, SPREAD_HOURS);
        self.scatter += weight.min(1.0) * (off * off - self.scatter);
        self.hours += hours;
        self.ratio += hours / (GUESS_HOURS + self.hours).min(STEADY_HOURS) * (ratio - self.ratio);
    }
}

fn kind_of_day(at: Timestamp, zone: &TimeZone) -> (usize, usize, f64) {
    let local = at.to_zoned(zone.clone());
    let free = matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
    let hour = usize::try_from(local.hour()).unwrap_or_default();
    (usize::from(free), hour, f64::from(local.minute()) / 60.0)
}

impl Profile {
    /// A first guess, the same for all days. Where it has a shape, a deviation that lasts for hours
    /// is taken to go on; where it is flat, only the profile itself is learned.
    #[must_use]
    pub fn new(hours: [f64; 24]) -> Self {
        let shaped = hours.iter().any(|hour| (hour - hours[0]).abs() > 1e-6);
        let steady = Steady { shaped, ..Steady::default() };
        Self { hours: [hours; 2], recent: 1.0, last: None, steady }
    }

    /// The profile's value at an instant, between the middles of the hours.
    #[must_use]
    pub fn typical(&self, at: Timestamp, zone: &TimeZone) -> f64 {
        let (kind, hour, part) = kind_of_day(at, zone);
        let row = &self.hours[kind];
        let (other, weight) =
            if part < 0.5 { ((hour + 23) % 24, 0.5 - part) } else { ((hour + 1) % 24, part - 0.5) };
        row[hour] * (1.0 - weight) + row[other] * weight
    }

    /// What is expected at `at`, seen from `now`: the profile, corrected by a recent deviation that
    /// fades.
    #[must_use]
    pub fn expect(&self, now: Timestamp, at: Timestamp, zone: &TimeZone) -> f64 {
        let hours = (site::time::seconds_between(now, at) / 3600.0).max(0.0);
        let steady = self.steady.ratio;
        let passing = (self.recent - steady) * (-hours / FADE_HOURS).exp();
        let lasting = (steady - 1.0) * (-hours / STEADY_FADE_HOURS).exp();
        self.typical(at, zone) * (1.0 + lasting + passing)
    }

    /// Relative spread of values about what is expected, one standard deviation: at first the
    /// guess, later what was seen.
    #[must_use]
    pub fn spread(&self, guess: f64) -> f64 {
        let seen = self.steady.hours.min(SPREAD_HOURS);
        let sum = SPREAD_GUESS_HOURS * guess * guess + seen * self.steady.scatter;
        (sum / (SPREAD_GUESS_HOURS + seen)).sqrt().clamp(SPREADS.0, SPREADS.1)
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
    pub fn observe(&mut self, at: Timestamp, value: f64, zone: &TimeZone) {
        let since = self.last.map_or(0.0, |last| site::time::seconds_between(last, at));
        self.last = Some(at);
        let hours = (since / 3600.0).clamp(0.0, 0.25);
        let typical = self.typical(at, zone);
        if typical > 1e-6 {
            let weight = 1.0 - (-hours / RECENT_HOURS).exp();
            let ratio = (value / typical).clamp(0.2, 5.0);
            self.recent += weight * (ratio - self.recent);
            self.steady.observe(ratio, hours);
        }
        let (kind, hour, _) = kind_of_day(at, zone);
        let mean = &mut self.hours[kind][hour];
        *mean += LEARNING * hours * (value - *mean);
    }
}

/// Recent and longer clearness of the sky: measured PV over clear-sky PV.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clearness {
    recent: f64,
    mean: f64,
    last: Option<Timestamp>,
}

impl Default for Clearness {
    fn default() -> Self {
        Self { recent: 0.45, mean: 0.45, last: None }
    }
}

impl Clearness {
    /// What is expected at `at`, seen from `now`.
    #[must_use]
    pub fn expect(&self, now: Timestamp, at: Timestamp) -> f64 {
        let hours = (site::time::seconds_between(now, at) / 3600.0).max(0.0);
        self.mean + (self.recent - self.mean) * (-hours / FADE_HOURS).exp()
    }

    /// Learns from a ratio measured at `at`.
    pub fn observe(&mut self, at: Timestamp, ratio: f64) {
        let since = self.last.map_or(0.0, |last| site::time::seconds_between(last, at));
        self.last = Some(at);
        let hours = (since / 3600.0).clamp(0.0, 0.25);
        let ratio = ratio.clamp(0.0, 1.3);
        self.recent += (1.0 - (-hours / 0.4).exp()) * (ratio - self.recent);
        self.mean += (1.0 - (-hours / 30.0).exp()) * (ratio - self.mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    #[test]
    fn a_deviation_is_followed_and_fades() {
        let zone = TimeZone::UTC;
        let mut profile = Profile::new([10.0; 24]);
        let mut now: Timestamp = "2026-01-15T00:00Z".parse().expect("a time");
        for _ in 0..240 {
            profile.observe(now, 12.0, &zone);
            now += 1.minute();
        }
        let (soon, later) = (now + 1.minute(), now + 20.hours());
        assert!(profile.expect(now, soon, &zone) > 11.5);
        assert!(profile.expect(now, later, &zone) < 11.0, "yesterday's surprise is not tomorrow's");
    }

    #[test]
    fn working_days_and_others_are_learned_apart() {
        let zone = TimeZone::UTC;
        let mut profile = Profile::new([10.0; 24]);
        let mut now: Timestamp = "2026-01-12T00:00Z".parse().expect("a Monday");
        for _ in 0..28 * 96 {
            let free = kind_of_day(now, &zone).0 == 1;
            profile.observe(now, if free { 20.0 } else { 10.0 }, &zone);
            now += 15.minutes();
        }
        let (monday, sunday) = ("2026-02-09T12:30Z", "2026-02-15T12:30Z");
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        assert!(profile.typical(at(monday), &zone) < 10.5);
        assert!(profile.typical(at(sunday), &zone) > 13.0);
    }
}
