//! Pump schedules for any network: cheap, and simulated by EPANET before anybody hears of them.
//!
//! A [`Search`] explores schedules over tables of each zone's steady states, which answer a
//! hundred times faster than EPANET, and polishes what it finds with EPANET itself. What it
//! returns is still only a candidate: `hydraulics::audit` judges it with EPANET's own stepping.
//! [`bound`] solves the same problem as a mixed-integer program: a first schedule, and a cost that
//! no schedule goes below.
//!
//! Searches are pure and seeded. Who owns threads and time runs several of them side by side and
//! keeps the best.

mod anneal;
mod candidate;
mod course;
mod moves;
mod near;
mod program;
mod score;
mod search;
mod stepper;
mod tables;
#[cfg(test)]
mod tests;
mod weigh;

pub use candidate::{Candidate, sampled};
pub use near::{Near, NearPump, NearStep, NearTank, repair};
pub use program::{Bound, bound};
pub use search::Search;

use hydraulics::{AuditOptions, Demand, Limits, Network, Prices};

/// What is to be scheduled.
#[derive(Debug, Clone)]
pub struct Problem<'a> {
    /// The network.
    pub network: &'a Network,
    /// Length of a step of the schedule, s; above 0.
    pub step_s: u32,
    /// Number of steps; at least 1.
    pub steps: usize,
    /// What must hold.
    pub limits: &'a Limits,
    /// What energy costs.
    pub prices: &'a Prices,
    /// Speeds each pump may run at, as multiples of its nominal one, growing: `[1.0]` for a pump
    /// of fixed speed. The first is what a schedule read as on and off stands for.
    pub speeds: &'a [Vec<f64>],
}

impl Problem<'_> {
    /// How the audit has to judge a schedule for this problem.
    #[must_use]
    pub fn audit(&self) -> AuditOptions {
        let steps = u32::try_from(self.steps).unwrap_or(u32::MAX);
        AuditOptions {
            duration_s: self.step_s.saturating_mul(steps),
            initial_level_m: None,
            demand: Demand::File,
            prices: self.prices.clone(),
            limits: self.limits.clone(),
            begins_s: None,
        }
    }

    /// Whether any pump's energy has a price; where none has, energy itself is what is saved.
    #[must_use]
    pub fn priced(&self) -> bool {
        let pumps = 0..self.network.pumps().len();
        pumps.into_iter().any(|p| self.prices.mean_per_kwh(self.network, p, 0.0, 1.0).is_some())
    }
}

/// The speeds of each pump as its file has them: one, unless a pattern of the file moves it; then
/// [`SPEEDS`] of them over the pattern's range.
#[must_use]
pub fn speeds_of_file(network: &Network) -> Vec<Vec<f64>> {
    let of = |pump: &hydraulics::Pump| {
        let pattern = pump.speed_pattern.and_then(|index| network.patterns().get(index));
        let values = pattern.map_or(&[][..], |pattern| &pattern.multipliers);
        let moving = values.iter().copied().filter(|&value| value > 0.0);
        let (least, most) =
            moving.fold((f64::MAX, 0.0_f64), |(least, most), v| (least.min(v), most.max(v)));
        // A pattern of a pump replaces its setting, so its values count from the curve's speed.
        let nominal = pump.nominal_speed;
        if most > least + 1e-9 { range(least / nominal, most / nominal) } else { vec![1.0] }
    };
    network.pumps().iter().map(of).collect()
}

/// How many speeds a pump of variable speed is given.
pub const SPEEDS: u8 = 7;

/// Speeds from the least to the most, both included.
#[must_use]
pub fn range(least: f64, most: f64) -> Vec<f64> {
    let part = |i: u8| least + (most - least) * f64::from(i) / f64::from(SPEEDS - 1);
    (0..SPEEDS).map(part).collect()
}
