//! What a tank gains beyond what flows say: a transmitter that drifts, a meter that is wrong, water
//! that is lost.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Time over which the unexplained gain is averaged, h.
const MEMORY_HOURS: f64 = 6.0;
/// Its average says something after this much observed time, h.
pub(super) const HOURS_MIN: f64 = 2.0;

/// Mean and variance of a tank's unexplained gain, m3/s, with exponential forgetting.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Balance {
    mean: f64,
    variance: f64,
    hours: f64,
    last: Option<Timestamp>,
}

impl Balance {
    /// Takes in a window of some seconds.
    pub(super) fn observe(&mut self, at: Timestamp, gain: f64, seconds: f64) {
        let hours = seconds / 3600.0;
        if !gain.is_finite() || hours <= 0.0 {
            return;
        }
        let idle = self.last.map_or(0.0, |last| site::time::seconds_between(last, at) / 3600.0);
        self.last = Some(at);
        // What lies long back counts less, whether anything was seen since or not.
        self.hours *= (-(idle - hours).max(0.0) / MEMORY_HOURS).exp();
        let weight = hours / (self.hours + hours).min(MEMORY_HOURS);
        let off = gain - self.mean;
        self.mean += weight * off;
        self.variance = (1.0 - weight) * (self.variance + weight * off * off);
        self.hours = (self.hours + hours).min(MEMORY_HOURS);
    }

    /// Mean and its spread, m3/s; none before enough was seen.
    pub(super) fn known(&self) -> Option<(f64, f64)> {
        // Windows of a quarter of an hour, each for itself.
        let windows = (self.hours * 4.0).max(1.0);
        (self.hours >= HOURS_MIN).then(|| (self.mean, (self.variance / windows).sqrt()))
    }
}
