//! A street-lighting cabinet's lamps.

use jiff::Timestamp;
use site::time::seconds_between;

use super::photocell::Photocell;

/// Discharge lamps take this long to reach full power, in s.
const WARM_UP_S: f64 = 180.0;
/// Share of their power that cold lamps draw.
const COLD_SHARE: f64 = 0.6;

/// The lamps behind one cabinet.
#[derive(Debug, Clone)]
pub(crate) struct Lamps {
    rated_w: f64,
    /// The level in force while lit, 0 to 1.
    pub(crate) level: f64,
    lit_since: Option<Timestamp>,
    pub(crate) cell: Photocell,
    /// Active power, in W.
    pub(crate) power_w: f64,
    /// Since the start, in J.
    pub(crate) energy_j: f64,
}

impl Lamps {
    pub(crate) fn new(rated_w: f64, cell: Photocell) -> Self {
        Self { rated_w, level: 0.0, lit_since: None, cell, power_w: 0.0, energy_j: 0.0 }
    }

    /// Whether the contactor is closed.
    pub(crate) fn lit(&self) -> bool {
        self.lit_since.is_some()
    }

    /// Lights at a level of 0 to 1 from an instant on; 0 is off.
    pub(crate) fn light(&mut self, level: f64, at: Timestamp) {
        self.level = level.clamp(0.0, 1.0);
        self.lit_since = if self.level > 0.0 { self.lit_since.or(Some(at)) } else { None };
    }

    /// The power at an instant.
    pub(crate) fn look(&mut self, at: Timestamp, lux: f64) {
        self.cell.look(lux);
        self.power_w = self.lit_since.map_or(0.0, |since| {
            let warm = (seconds_between(since, at) / WARM_UP_S).clamp(0.0, 1.0);
            self.rated_w * self.level * (COLD_SHARE + (1.0 - COLD_SHARE) * warm)
        });
    }

    /// Looks and counts the seconds of a step.
    pub(crate) fn step(&mut self, at: Timestamp, lux: f64, seconds: f64) {
        self.look(at, lux);
        self.energy_j += self.power_w * seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lamps_warm_up_in_three_minutes_and_dim() {
        let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds).unwrap();
        let mut lamps = Lamps::new(10e3, Photocell::new(1.0));
        lamps.light(1.0, at(0));
        let mut power = |seconds, level: Option<f64>| {
            level.iter().for_each(|level| lamps.light(*level, at(seconds)));
            lamps.look(at(seconds), 0.0);
            lamps.power_w
        };
        assert!((power(0, None) - 6e3).abs() < 1e-6);
        assert!((power(90, None) - 8e3).abs() < 1e-6);
        assert!((power(180, None) - 10e3).abs() < 1e-6);
        assert!((power(200, Some(0.5)) - 5e3).abs() < 1e-6, "dimming does not cool them");
        assert!(power(210, Some(0.0)).abs() < 1e-6);
    }
}
