//! What is noted while EPANET steps through a course.

use std::collections::BTreeSet;

use super::outcome::JOULE_PER_KWH;
use super::{Applied, PressureLow, PriceShare, Prices, Sample};
use crate::engine::{Solved, slot};
use crate::reading::{Reading, pressure_m};
use crate::{MassBalance, Network, Volumes, Warning};

/// Level below the highest at which a tank that may overflow counts as full, m.
const BRIM_M: f64 = 1e-6;
/// Rounding of pressures, m.
const PRESSURE_ROUNDING_M: f64 = 1e-6;

/// One step of EPANET.
pub(super) struct Step<'a> {
    pub(super) at_s: u32,
    pub(super) span_s: u32,
    pub(super) solved: &'a Solved,
    pub(super) speed: Vec<f64>,
    /// Levels at the end of the step, m above the floors.
    pub(super) level_after_m: Vec<f64>,
}

/// Everything noted of a course.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) samples: Vec<Sample>,
    pub(super) applied: Vec<Applied>,
    pub(super) energy_j: Vec<f64>,
    pub(super) running_s: Vec<f64>,
    pub(super) peak_power_w: f64,
    pub(super) shares: Vec<PriceShare>,
    /// Lowest pressure of every junction.
    pub(super) pressure: Vec<Option<PressureLow>>,
    /// Lowest negative pressure of every junction, while it took water.
    pub(super) negative: Vec<Option<PressureLow>>,
    pub(super) warnings: BTreeSet<Warning>,
    pub(super) balance: MassBalance,
    pub(super) hydraulic_steps: u32,
    pub(super) ended_s: u32,
    /// Why it ended early.
    pub(super) stopped: Option<String>,
}

impl Course {
    /// Begins with levels in m above the floors.
    pub(super) fn begin(network: &Network, level_m: Vec<f64>) -> Course {
        let pumps = network.pumps().len();
        let junctions = network.junctions().len();
        Course {
            samples: vec![Sample { at_s: 0, level_m, power_w: None }],
            applied: Vec::new(),
            energy_j: vec![0.0; pumps],
            running_s: vec![0.0; pumps],
            peak_power_w: 0.0,
            shares: Vec::new(),
            pressure: vec![None; junctions],
            negative: vec![None; junctions],
            warnings: BTreeSet::new(),
            balance: MassBalance::new(),
            hydraulic_steps: 0,
            ended_s: 0,
            stopped: None,
        }
    }

    /// The levels now, m above the floors.
    pub(super) fn level_m(&self) -> &[f64] {
        let last = self.samples.last().expect("a course begins with a sample");
        &last.level_m
    }

    /// Adds a step.
    pub(super) fn add(&mut self, network: &Network, prices: &Prices, step: Step<'_>) {
        let reading = Reading::of(network, step.solved);
        self.add_pressures(network, &step);
        self.add_energy(network, prices, &step);
        self.add_volumes(network, &step, &reading);
        self.warnings.extend(reading.warnings);
        if self.applied.last().is_none_or(|last| last.speed != step.speed) {
            self.applied.push(Applied { from_s: step.at_s, speed: step.speed });
        }
        self.hydraulic_steps += 1;
        self.ended_s = step.at_s + step.span_s;
        self.samples.push(Sample {
            at_s: self.ended_s,
            level_m: step.level_after_m,
            power_w: None,
        });
    }

    fn add_pressures(&mut self, network: &Network, step: &Step<'_>) {
        for (index, junction) in network.junctions().iter().enumerate() {
            let metres = pressure_m(step.solved, junction);
            let low = PressureLow { metres, at_s: step.at_s };
            let lower = |known: &Option<PressureLow>| known.is_none_or(|low| metres < low.metres);
            if lower(&self.pressure[index]) {
                self.pressure[index] = Some(low);
            }
            let taken = step.solved.outflow_m3s[slot(junction.index)] > 0.0;
            if taken && metres < -PRESSURE_ROUNDING_M && lower(&self.negative[index]) {
                self.negative[index] = Some(low);
            }
        }
    }

    fn add_energy(&mut self, network: &Network, prices: &Prices, step: &Step<'_>) {
        let span_s = f64::from(step.span_s);
        let mut power_w = 0.0;
        for (pump, &pump_w) in step.solved.pump_power_w.iter().enumerate() {
            power_w += pump_w;
            self.energy_j[pump] += pump_w * span_s;
            if step.speed[pump] > 0.0 {
                self.running_s[pump] += span_s;
            }
            let shares = &mut self.shares;
            let span = (f64::from(step.at_s), span_s);
            prices.each_piece(network, pump, span, |piece_s, per_kwh| {
                let energy_kwh = pump_w * piece_s / JOULE_PER_KWH;
                add_share(shares, per_kwh, energy_kwh);
            });
        }
        self.peak_power_w = self.peak_power_w.max(power_w);
        if let Some(sample) = self.samples.last_mut() {
            sample.power_w = Some(power_w);
        }
    }

    /// What entered and left is what the nodes got; what is stored follows from the levels.
    fn add_volumes(&mut self, network: &Network, step: &Step<'_>, reading: &Reading) {
        let span_s = f64::from(step.span_s);
        let mut volumes = Volumes {
            inflow_m3: reading.inflow_m3s * span_s,
            delivered_m3: reading.delivered_m3s * span_s,
            ..Volumes::default()
        };
        let mut at_limit = false;
        for (index, tank) in network.tanks().iter().enumerate() {
            let (before_m, after_m) = (self.level_m()[index], step.level_after_m[index]);
            let change_m3 = tank.volume_m3(after_m) - tank.volume_m3(before_m);
            volumes.storage_change_m3 += change_m3;
            let full = after_m >= tank.level_max_m - BRIM_M;
            at_limit |= full || after_m <= tank.level_min_m + BRIM_M;
            if tank.can_overflow && full {
                let spilled_m3 = reading.tank_inflow_m3s[index] * span_s - change_m3;
                volumes.overflow_m3 += spilled_m3.max(0.0);
            }
        }
        self.balance.add_state(&volumes, span_s, at_limit);
    }
}

/// Adds energy to its price, keeping the prices sorted.
fn add_share(shares: &mut Vec<PriceShare>, per_kwh: f64, energy_kwh: f64) {
    if energy_kwh <= 0.0 {
        return;
    }
    let cost = per_kwh * energy_kwh;
    match shares.binary_search_by(|share| share.per_kwh.total_cmp(&per_kwh)) {
        Ok(place) => {
            shares[place].energy_kwh += energy_kwh;
            shares[place].cost += cost;
        }
        Err(place) => shares.insert(place, PriceShare { per_kwh, energy_kwh, cost }),
    }
}
