//! A street-lighting cabinet's lamps.

use jiff::Timestamp;
use site::time::seconds_between;

use super::chance::Chance;
use super::photocell::Photocell;

/// Lamps take this long to reach full power, in s.
const WARM_UP_S: f64 = 60.0;
/// Share of their power that cold lamps draw.
const COLD_SHARE: f64 = 0.6;
/// Share of the rated power that ballasts draw however deeply the lamps are dimmed.
const BALLAST_SHARE: f64 = 0.12;
/// Spread of that share, and of the power about its rating, as standard deviations.
const BALLAST_DEVIATION: f64 = 0.15;
const POWER_DEVIATION: f64 = 0.02;

/// The lamps behind one cabinet.
#[derive(Debug, Clone)]
pub(crate) struct Lamps {
    /// Power at full level, warm.
    full_w: f64,
    ballast_share: f64,
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
    /// The lamps that a seed makes of a rating.
    pub(crate) fn new(rated_w: f64, mut chance: Chance, cell: Photocell) -> Self {
        Self {
            full_w: rated_w * chance.factor(POWER_DEVIATION),
            ballast_share: BALLAST_SHARE * chance.factor(BALLAST_DEVIATION),
            level: 0.0,
            lit_since: None,
            cell,
            power_w: 0.0,
            energy_j: 0.0,
        }
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
            let dimmed = self.ballast_share + (1.0 - self.ballast_share) * self.level;
            self.full_w * dimmed * (COLD_SHARE + (1.0 - COLD_SHARE) * warm)
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
    fn lamps_warm_up_in_a_minute_and_their_ballasts_draw_on_when_dimmed() {
        let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds).unwrap();
        for seed in 0..20 {
            let mut lamps = Lamps::new(10e3, Chance::new(seed, "ballast"), Photocell::new(1.0));
            lamps.light(1.0, at(0));
            let mut power = |seconds, level: Option<f64>| {
                level.iter().for_each(|level| lamps.light(*level, at(seconds)));
                lamps.look(at(seconds), 0.0);
                lamps.power_w
            };
            let cold = power(0, None);
            let full = power(60, None);
            assert!((9.6e3..=10.4e3).contains(&full) && (cold - 0.6 * full).abs() < 1e-6);
            assert!((power(30, None) - 0.8 * full).abs() < 1e-6);
            let half = power(200, Some(0.5)) / full;
            assert!((0.54..=0.58).contains(&half), "dimming does not cool them: {half}");
            assert!(power(210, Some(0.0)).abs() < 1e-6);
        }
    }
}
