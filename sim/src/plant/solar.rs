//! A photovoltaic plant: the recorded sun of its column, clouds by the minute, and the inverter's
//! limits.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::chance::{Chance, Wander};
use crate::days::Recording;

/// How long a cloud takes to pass, in s. The recording's quarter hours know nothing of it.
const CLOUD_S: f64 = 120.0;
/// Swing of the power under broken clouds, as one standard deviation.
const CLOUD_DEVIATION: f64 = 0.2;

/// One inverter with its array.
#[derive(Debug, Clone)]
pub(crate) struct Solar {
    column: String,
    peak_w: f64,
    rated_w: f64,
    clouds: Wander,
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
        chance: Chance,
        column: &str,
        peak_w: f64,
        rated_w: f64,
        step_s: f64,
    ) -> Self {
        Self {
            column: column.to_owned(),
            peak_w,
            rated_w,
            clouds: Wander::new(chance, CLOUD_S, step_s),
            limit: 1.0,
            available_w: 0.0,
            power_w: 0.0,
            produced_j: 0.0,
            curtailed_j: 0.0,
        }
    }

    /// Looks at the sun of an instant; `broken` is how broken the clouds are, 0 to 1.
    pub(crate) fn look(
        &mut self,
        at: Timestamp,
        recording: &Recording,
        zone: &TimeZone,
        broken: f64,
    ) {
        let share = recording.profile(&self.column, at, zone);
        let share = share.expect("the columns were checked when the plant was made");
        let cloud = 1.0 + CLOUD_DEVIATION * broken * self.clouds.now();
        self.available_w = (share * self.peak_w * cloud).clamp(0.0, self.rated_w);
        self.power_w = self.available_w.min(self.limit * self.rated_w);
    }

    /// Moves the clouds on, looks, and counts the seconds of the step.
    pub(crate) fn step(
        &mut self,
        at: Timestamp,
        recording: &Recording,
        zone: &TimeZone,
        broken: f64,
        seconds: f64,
    ) {
        self.clouds.step();
        self.look(at, recording, zone, broken);
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
    fn only_a_broken_sky_flickers() {
        assert!(broken_clouds(0.0, 0.0).abs() < 1e-12);
        assert!(broken_clouds(0.0, 100.0).abs() < 1e-12);
        assert!((broken_clouds(50.0, 50.0) - 1.0).abs() < 1e-12);
        assert!(broken_clouds(900.0, 90.0) < 0.4);
    }
}
