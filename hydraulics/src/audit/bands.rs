//! Pumps switched by tank levels: what a site without a planner does.

use crate::engine::{Solved, slot};
use crate::{HydraulicsError, Network, Operating, Snapshots, Tank};

/// Longest step while level bands switch the pumps, s: levels are looked at that often, and
/// moreover at the moment at which a band is reached.
pub const BAND_STEP_S_MAX: u32 = 300;

/// Gain in inflow below which a pump does not count as filling a tank, m3/s.
const GAIN_M3S_MIN: f64 = 1e-6;

/// How near to its edge a band counts as reached, m.
const EDGE_M: f64 = 1e-6;

/// The tank that each pump fills: the one whose inflow falls most when the pump stops, with all
/// other pumps running, tanks half full and demands at their base. (With all others standing
/// still, where that has no solution.) Nothing for a pump that fills no tank.
///
/// # Errors
/// [`HydraulicsError::Scratch`] where the temporary folder cannot be written.
pub fn governing_tanks(network: &Network) -> Result<Vec<Option<usize>>, HydraulicsError> {
    let mut snapshots = Snapshots::open(network)?;
    let pumps = 0..network.pumps().len();
    pumps.map(|pump| governing_tank(&mut snapshots, pump)).collect()
}

fn governing_tank(
    snapshots: &mut Snapshots,
    pump: usize,
) -> Result<Option<usize>, HydraulicsError> {
    for others in [1.0, 0.0] {
        let with = inflow_m3s(snapshots, pump, 1.0, others)?;
        let without = inflow_m3s(snapshots, pump, 0.0, others)?;
        let (Some(with), Some(without)) = (with, without) else { continue };
        let gains = with.iter().zip(&without).map(|(with, without)| with - without);
        let gains = gains.enumerate().filter(|(_, gain)| *gain > GAIN_M3S_MIN);
        let best = gains.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        if best.is_some() {
            return Ok(best.map(|(tank, _)| tank));
        }
    }
    Ok(None)
}

/// Inflow of each tank with a pump and its fellows at given speeds; nothing without a solution.
fn inflow_m3s(
    snapshots: &mut Snapshots,
    pump: usize,
    speed: f64,
    others: f64,
) -> Result<Option<Vec<f64>>, HydraulicsError> {
    let network = snapshots.network().clone();
    let mut pump_speed = vec![others; network.pumps().len()];
    pump_speed[pump] = speed;
    let half = |tank: &Tank| 0.5 * (tank.level_min_m + tank.level_max_m);
    let tank_level_m: Vec<f64> = network.tanks().iter().map(half).collect();
    let (pump_speed, tank_level_m) = (&pump_speed[..], &tank_level_m[..]);
    match snapshots.solve(&Operating { pump_speed, tank_level_m, demand_factor: 1.0 }) {
        Ok(steady) => Ok(Some(steady.tank_inflow_m3s)),
        Err(HydraulicsError::NotConverged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Pumps with the bands that switch them.
#[derive(Debug)]
pub(super) struct Bands {
    /// For each pump its tank, and the levels at which it starts and stops, m above the floor.
    band: Vec<Option<(usize, f64, f64)>>,
    on: Vec<bool>,
}

impl Bands {
    /// Bands between two shares of each tank's range.
    pub(super) fn new(network: &Network, tanks: &[Option<usize>], low: f64, high: f64) -> Bands {
        let band = |&tank: &Option<usize>| {
            let index = tank?;
            let tank = &network.tanks()[index];
            let level = |share| tank.level_min_m + share * (tank.level_max_m - tank.level_min_m);
            Some((index, level(low), level(high)))
        };
        Bands {
            band: tanks.iter().map(band).collect(),
            on: network.pumps().iter().map(|pump| pump.initially_on).collect(),
        }
    }

    /// The speeds at some levels, which also switch what they switch.
    pub(super) fn speeds(&mut self, level_m: &[f64]) -> Vec<f64> {
        for (on, band) in self.on.iter_mut().zip(&self.band) {
            let Some((tank, low_m, high_m)) = *band else { continue };
            if level_m[tank] <= low_m + EDGE_M {
                *on = true;
            } else if level_m[tank] >= high_m - EDGE_M {
                *on = false;
            }
        }
        self.on.iter().map(|&on| if on { 1.0 } else { 0.0 }).collect()
    }

    /// Seconds until the next band is reached at the flows of now, at least 1.
    pub(super) fn until_edge_s(&self, network: &Network, level_m: &[f64], solved: &Solved) -> u32 {
        let mut least_s = f64::from(BAND_STEP_S_MAX);
        for (&on, band) in self.on.iter().zip(&self.band) {
            let Some((index, low_m, high_m)) = *band else { continue };
            let tank = &network.tanks()[index];
            let edge_m = if on { high_m } else { low_m };
            let missing_m3 = tank.volume_m3(edge_m) - tank.volume_m3(level_m[index]);
            let seconds = missing_m3 / solved.outflow_m3s[slot(tank.index)];
            if seconds > 0.0 {
                least_s = least_s.min(seconds);
            }
        }
        whole_seconds(least_s)
    }
}

/// Rounded up, between 1 and the longest step.
#[expect(clippy::cast_possible_truncation, reason = "clamped to a few hundred")]
#[expect(clippy::cast_sign_loss, reason = "clamped to at least 1")]
fn whole_seconds(seconds: f64) -> u32 {
    seconds.ceil().clamp(1.0, f64::from(BAND_STEP_S_MAX)) as u32
}
