//! A photovoltaic plant: the recorded sun of its column, clouds by the minute, and the inverter's
//! limits.

use std::collections::VecDeque;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::chance::{Chance, Wander};
use crate::days::Recording;

/// How long a cloud takes to pass, in s. The recording's quarter hours know nothing of it.
const CLOUD_S: f64 = 120.0;
/// Swing of the power under broken clouds, as one standard deviation.
const CLOUD_DEVIATION: f64 = 0.2;
/// Share of the swing's variance that all arrays of a site have in common.
const SHARED: f64 = 0.8;
/// A cloud that reaches the first array reaches the last one within so many steps.
const DELAY_STEPS_MAX: usize = 9;
/// How fast an inverter moves, as a share of its rating for each second.
const RAMP_PER_S: f64 = 0.05;

/// The clouds over a site: the same for all arrays, each of which they reach at its own time.
#[derive(Debug, Clone)]
pub(crate) struct Clouds {
    wander: Wander,
    /// What passed, the latest first.
    past: VecDeque<f64>,
}

impl Clouds {
    pub(crate) fn new(chance: Chance, step_s: f64) -> Self {
        let mut clouds =
            Self { wander: Wander::new(chance, CLOUD_S, step_s), past: VecDeque::new() };
        (0..=DELAY_STEPS_MAX).for_each(|_| clouds.step());
        clouds
    }

    pub(crate) fn step(&mut self) {
        self.past.truncate(DELAY_STEPS_MAX);
        let now = self.wander.step();
        self.past.push_front(now);
    }

    /// What stands over an array that they reach so many steps late.
    fn over(&self, delay: usize) -> f64 {
        self.past[delay.min(DELAY_STEPS_MAX)]
    }
}

/// The sky of an instant as far as arrays feel it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shade<'a> {
    pub(crate) clouds: &'a Clouds,
    /// How broken the clouds are, 0 to 1.
    pub(crate) broken: f64,
}

/// One inverter with its array.
#[derive(Debug, Clone)]
pub(crate) struct Solar {
    column: String,
    peak_w: f64,
    rated_w: f64,
    /// How many steps late the site's clouds are here.
    delay: usize,
    /// What passes here alone.
    own: Wander,
    /// The limit in force, as a share of the rating, 0 to 1.
    pub(crate) limit: f64,
    /// What sun and inverter would give without a limit, in W.
    pub(crate) available_w: f64,
    /// What is given, in W.
    pub(crate) power_w: f64,
    /// Given since the start, in J.
    pub(crate) produced_j: f64,
    /// Available and not given since the start, in J.
    pub(crate) curtailed_j: f64,
}

impl Solar {
    pub(crate) fn new(
        mut chance: Chance,
        column: &str,
        peak_w: f64,
        rated_w: f64,
        step_s: f64,
    ) -> Self {
        Self {
            column: column.to_owned(),
            peak_w,
            rated_w,
            delay: chance.pick(&[1.0; DELAY_STEPS_MAX + 1]),
            own: Wander::new(chance, CLOUD_S, step_s),
            limit: 1.0,
            available_w: 0.0,
            power_w: 0.0,
            produced_j: 0.0,
            curtailed_j: 0.0,
        }
    }

    /// Looks at the sun of an instant.
    pub(crate) fn look(
        &mut self,
        at: Timestamp,
        recording: &Recording,
        zone: &TimeZone,
        shade: Shade<'_>,
    ) {
        let share = recording.profile(&self.column, at, zone);
        let share = share.expect("the columns were checked when the plant was made");
        let shared = SHARED.sqrt() * shade.clouds.over(self.delay);
        let swing = shared + (1.0 - SHARED).sqrt() * self.own.now();
        let cloud = 1.0 + CLOUD_DEVIATION * shade.broken * swing;
        self.available_w = (share * self.peak_w * cloud).clamp(0.0, self.rated_w);
        self.power_w = self.available_w.min(self.limit * self.rated_w);
    }

    /// Moves its own clouds on, looks, and counts the seconds of the step. The inverter goes to a
    /// new limit in a ramp; a cloud takes what it takes at once.
    pub(crate) fn step(
        &mut self,
        at: Timestamp,
        (recording, zone): (&Recording, &TimeZone),
        shade: Shade<'_>,
        seconds: f64,
    ) {
        let (before, ramp) = (self.power_w, RAMP_PER_S * self.rated_w * seconds);
        self.own.step();
        self.look(at, recording, zone, shade);
        self.power_w = self.power_w.clamp(before - ramp, before + ramp).min(self.available_w);
        self.produced_j += self.power_w * seconds;
        self.curtailed_j += (self.available_w - self.power_w) * seconds;
    }
}

/// How broken the clouds are, 0 to 1, from direct and diffuse radiation (any unit): neither a
/// clear nor an overcast sky flickers.
pub(crate) fn broken_clouds(direct: f64, diffuse: f64) -> f64 {
    let all = direct + diffuse;
    if all <= 0.0 {
        return 0.0;
    }
    let share = diffuse / all;
    4.0 * share * (1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_reaches_each_array_at_its_own_time() {
        let mut clouds = Clouds::new(Chance::new(3, "clouds"), 10.0);
        let mut seen: Vec<(f64, f64)> = Vec::new();
        for _ in 0..200 {
            clouds.step();
            seen.push((clouds.over(0), clouds.over(7)));
        }
        for (early, late) in seen.iter().zip(&seen[7..]) {
            assert_eq!(early.0.to_bits(), late.1.to_bits());
        }
        assert!(seen.iter().any(|(first, last)| (first - last).abs() > 0.5));
    }

    #[test]
    fn only_a_broken_sky_flickers() {
        assert!(broken_clouds(0.0, 0.0).abs() < 1e-12);
        assert!(broken_clouds(0.0, 100.0).abs() < 1e-12);
        assert!((broken_clouds(50.0, 50.0) - 1.0).abs() < 1e-12);
        assert!(broken_clouds(900.0, 90.0) < 0.4);
    }
}
