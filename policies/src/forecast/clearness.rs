//! What an inverter is learned to give: how it answers to the sun by the sun's own hour, and how
//! clear the sky has been of late.
//!
//! The plane that the site file describes is rarely the plane on the roof, a neighbour's tree
//! throws its shadow at one hour, mornings have fog. So the answer is learned by the hour of the
//! sun: measured power over a smooth course of the clear sky, weighed so that bright hours count.
//! The course is smoothed over some hours; otherwise there would be nothing to multiply where an
//! array gives power before the described plane sees the sun.

use super::clear_sky::clear_share;
use super::misses::{Expected, Misses};
use super::sun::solar_hour;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::Site;
use site::asset::Inverter;

/// Nodes of the answer over the sun's day: half hours.
const NODES: u8 = 48;
/// The course of the clear sky is the mean over so many seconds on either side, in so many steps.
const SMOOTH: f64 = 7200.0;
const SMOOTH_STEPS: i8 = 4;
/// What is learned is forgotten over this many hours: a fortnight.
const MEMORY_HOURS: f64 = 360.0;
/// The description counts like this many hours of observation at each node.
const GUESS_HOURS: f64 = 0.0625;
/// A typical sky lets through this share of a clear one, before anything is known.
const CLEARNESS: f64 = 0.45;
/// Time over which the passing deviation is averaged, and in which it is expected to fade, h.
const PASSING_HOURS: f64 = 0.2;
const PASSING_FADE_HOURS: f64 = 4.0;
/// The same of the day's deviation: hours of daylight, and hours.
const DAY_HOURS: f64 = 5.0;
const DAY_FADE_HOURS: f64 = 18.0;
/// Below this share of peak power the sun says little of the sky.
const BRIGHT: f64 = 0.1;
/// Below this share of peak power nothing is expected and nothing is learned.
const DARK: f64 = 0.005;
/// Misses are put by where the course is above this share of peak power.
const TOLD: f64 = 0.06;
/// More than this share of its peak power no array gives: the site file or a meter is wrong then,
/// and what is forecast must not run away with it.
const SHARE_MAX: f64 = 1.3;
/// Deviations are held inside this range.
const DEVIATIONS: (f64, f64) = (0.05, 4.0);
/// A first guess of how far forecasts are off, as a share of the smooth clear course.
const SPREAD_GUESS: f64 = 0.25;

/// What was learned of one inverter and the sky above it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Clearness {
    /// By half hour of the sun: sums of (power times course, course squared), both shares of peak
    /// power, times hours.
    answer: Vec<(f64, f64)>,
    /// Ratio of the last observations to what is typical, less 1.
    passing: f64,
    /// The same over the last hours of daylight.
    day: f64,
    /// When the sky last said something.
    bright: Option<Timestamp>,
    last: Option<Timestamp>,
    misses: Misses,
}

impl Clearness {
    /// What the inverter's array typically gives at an instant, as a share of its peak power, and
    /// the smooth course of the clear sky.
    fn typical(&self, site: &Site, inverter: &Inverter, at: Timestamp) -> (f64, f64) {
        let course = course(site, inverter, at);
        if course < DARK {
            return (0.0, 0.0);
        }
        let described = CLEARNESS * share_at(site, inverter, at, 0.0);
        let (mut power, mut weight) =
            (GUESS_HOURS * described * course, GUESS_HOURS * course * course);
        for (node, share) in nodes(site, at) {
            let (sum, square) = self.answer.get(node).copied().unwrap_or_default();
            power += share * sum;
            weight += share * square;
        }
        (course * power / weight, course)
    }

    /// What is expected at `at`, seen from `now`, and one standard deviation of it; both as shares
    /// of peak power.
    #[must_use]
    pub fn expect(
        &self,
        site: &Site,
        inverter: &Inverter,
        now: Timestamp,
        at: Timestamp,
    ) -> (f64, f64) {
        let (expected, course) = self.expected(site, inverter, at);
        let lead = site::time::seconds_between(now, at) / 3600.0;
        (expected, self.misses.spread(lead, SPREAD_GUESS) * course)
    }

    /// Whether the inverter was seen in the sun.
    #[must_use]
    pub const fn knows(&self) -> bool {
        self.bright.is_some()
    }

    fn expected(&self, site: &Site, inverter: &Inverter, at: Timestamp) -> (f64, f64) {
        let (typical, course) = self.typical(site, inverter, at);
        // Deviations age from when the sky was last seen: the night says nothing of it.
        let age = self.bright.map_or(0.0, |bright| site::time::seconds_between(bright, at));
        let hours = (age / 3600.0).max(0.0);
        let day = self.day * (-hours / DAY_FADE_HOURS).exp();
        let passing = (self.passing - self.day) * (-hours / PASSING_FADE_HOURS).exp();
        (typical * (1.0 + day + passing).max(0.0), course)
    }

    /// Learns from a power, as a share of peak power, that nothing but the sky limits.
    pub fn observe(&mut self, site: &Site, inverter: &Inverter, at: Timestamp, power: f64) {
        let since = self.last.map_or(0.0, |last| site::time::seconds_between(last, at) / 3600.0);
        self.last = Some(at);
        let hours = since.clamp(0.0, 0.25);
        let power = power.clamp(0.0, SHARE_MAX);
        let (typical, course) = self.typical(site, inverter, at);
        self.forget(since);
        if course >= DARK {
            self.deviate(at, hours, (power, typical));
            for (node, share) in nodes(site, at) {
                let (sum, square) = &mut self.answer[node];
                *sum += share * hours * power * course;
                *square += share * hours * course * course;
            }
        }
        let mut misses = std::mem::take(&mut self.misses);
        misses.observe(at, power, |then| {
            let (value, course) = self.expected(site, inverter, then);
            // At dawn and dusk all misses are small; they would speak for the day.
            Expected { value, scale: if course > TOLD { course } else { 0.0 } }
        });
        self.misses = misses;
    }

    fn forget(&mut self, hours: f64) {
        self.answer.resize(usize::from(NODES), (0.0, 0.0));
        let left = (-hours.max(0.0) / MEMORY_HOURS).exp();
        for (sum, square) in &mut self.answer {
            *sum *= left;
            *square *= left;
        }
    }

    fn deviate(&mut self, at: Timestamp, hours: f64, (power, typical): (f64, f64)) {
        let bright = (typical / BRIGHT).min(1.0);
        if bright < 0.2 {
            return;
        }
        let off = (power / typical).clamp(DEVIATIONS.0, DEVIATIONS.1) - 1.0;
        let weight = |over: f64| 1.0 - (-hours * bright / over).exp();
        self.passing += weight(PASSING_HOURS) * (off - self.passing);
        self.day += weight(DAY_HOURS) * (off - self.day);
        self.bright = Some(at);
    }
}

/// The two nodes next to an instant, and their shares.
fn nodes(site: &Site, at: Timestamp) -> [(usize, f64); 2] {
    let place = solar_hour(site.longitude, at) * f64::from(NODES) / 24.0 - 0.5;
    let lower = place.floor();
    let node = |place: f64| {
        let place = place.rem_euclid(f64::from(NODES));
        (0..NODES).rfind(|node| f64::from(*node) <= place).map_or(0, usize::from)
    };
    let share = place - lower;
    [(node(lower), 1.0 - share), (node(lower + 1.0), share)]
}

/// What the described plane would give under a clear sky, so many seconds from an instant.
fn share_at(site: &Site, inverter: &Inverter, at: Timestamp, seconds: f64) -> f64 {
    let at = site::time::add_seconds(at, seconds);
    clear_share(site, at, inverter.tilt.get(), inverter.azimuth.get())
}

/// The smooth course of the clear sky.
fn course(site: &Site, inverter: &Inverter, at: Timestamp) -> f64 {
    let step = SMOOTH / f64::from(SMOOTH_STEPS);
    let offsets = (-SMOOTH_STEPS..=SMOOTH_STEPS).map(|k| f64::from(k) * step);
    let sum: f64 = offsets.map(|offset| share_at(site, inverter, at, offset)).sum();
    sum / f64::from(2 * SMOOTH_STEPS + 1)
}
