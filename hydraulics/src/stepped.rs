//! What one step of a run did.

use crate::engine::Solved;
use crate::reading::Reading;
use crate::{LowestPressure, Network, Tank, Warning};

/// Whether a tank stood at a limit at any time in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TankLimit {
    /// Between its limits throughout.
    Free,
    /// At its highest level: its inlet closed until the level had fallen by a centimetre, or it
    /// spilled where the file allows that.
    Full,
    /// At its lowest level: its outlet closed until the level had risen by a centimetre.
    Empty,
}

/// Volumes of water over a step or longer, m3. See [`crate::MassBalance`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Volumes {
    /// What entered from reservoirs and at junctions with negative demand; less what flowed back.
    pub inflow_m3: f64,
    /// What junctions took: demand, leakage and emitters.
    pub delivered_m3: f64,
    /// What tanks hold more at the end than at the start.
    pub storage_change_m3: f64,
    /// What spilled from full tanks.
    pub overflow_m3: f64,
}

/// The outcome of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Stepped {
    /// Length of the step, s.
    pub seconds: f64,
    /// Level of each tank at the end, m above its floor.
    pub tank_level_m: Vec<f64>,
    /// Net flow into each tank, mean over the step, m3/s; positive fills.
    pub tank_inflow_m3s: Vec<f64>,
    /// Whether each tank stood at a limit.
    pub tank_limit: Vec<TankLimit>,
    /// What each reservoir gave, mean over the step, m3/s.
    pub reservoir_supply_m3s: Vec<f64>,
    /// Flow of each pump, mean over the step, m3/s.
    pub pump_flow_m3s: Vec<f64>,
    /// Electrical power of each pump, mean over the step, W.
    pub pump_power_w: Vec<f64>,
    /// Electrical energy of each pump, J.
    pub pump_energy_j: Vec<f64>,
    /// Volumes of the step.
    pub volumes: Volumes,
    /// How much of what was delivered ran out through the emitters of
    /// [`crate::Run::set_emitter`], m3.
    pub leak_m3: f64,
    /// Lowest pressure where water was taken, over the step.
    pub lowest_pressure: Option<LowestPressure>,
    /// What to mistrust, each thing once, sorted.
    pub warnings: Vec<Warning>,
    /// How many steady states the step took: more than one where a tank reached a limit.
    pub substeps: usize,
}

impl Stepped {
    /// Whether any tank stood at a limit.
    #[must_use]
    pub fn at_limit(&self) -> bool {
        self.tank_limit.iter().any(|&limit| limit != TankLimit::Free)
    }

    /// Electrical energy of all pumps, J.
    #[must_use]
    pub fn energy_j(&self) -> f64 {
        self.pump_energy_j.iter().sum()
    }
}

/// Adds up the sub-steps of a step.
pub(crate) struct Sum {
    pub(crate) volumes: Volumes,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) substeps: usize,
    pub(crate) leak_m3: f64,
    seconds: f64,
    stored_m3: f64,
    tank_inflow_m3: Vec<f64>,
    tank_limit: Vec<TankLimit>,
    reservoir_supply_m3: Vec<f64>,
    pump_flow_m3: Vec<f64>,
    pump_energy_j: Vec<f64>,
    lowest_pressure: Option<LowestPressure>,
}

impl Sum {
    /// Begins a step of some seconds with what is stored.
    pub(crate) fn new(network: &Network, stored: &[Stored], seconds: f64) -> Sum {
        let pumps = network.pumps().len();
        let mut sum = Sum {
            volumes: Volumes::default(),
            warnings: Vec::new(),
            substeps: 0,
            leak_m3: 0.0,
            seconds,
            stored_m3: Stored::total_m3(stored),
            tank_inflow_m3: vec![0.0; stored.len()],
            tank_limit: vec![TankLimit::Free; stored.len()],
            reservoir_supply_m3: vec![0.0; network.reservoirs().len()],
            pump_flow_m3: vec![0.0; pumps],
            pump_energy_j: vec![0.0; pumps],
            lowest_pressure: None,
        };
        sum.touch(stored);
        sum
    }

    /// Adds a steady state that held for some seconds.
    pub(crate) fn add(&mut self, solved: &Solved, reading: Reading, span_s: f64) {
        let add = |sums: &mut [f64], values: &[f64]| {
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value * span_s);
        };
        add(&mut self.tank_inflow_m3, &reading.tank_inflow_m3s);
        add(&mut self.reservoir_supply_m3, &reading.reservoir_supply_m3s);
        add(&mut self.pump_flow_m3, &solved.pump_flow_m3s);
        add(&mut self.pump_energy_j, &solved.pump_power_w);
        self.volumes.inflow_m3 += reading.inflow_m3s * span_s;
        self.volumes.delivered_m3 += reading.delivered_m3s * span_s;
        self.warnings.extend(reading.warnings);
        let lower = |lowest: &LowestPressure| {
            self.lowest_pressure.as_ref().is_none_or(|before| lowest.metres < before.metres)
        };
        if reading.lowest_pressure.as_ref().is_some_and(lower) {
            self.lowest_pressure = reading.lowest_pressure;
        }
        self.substeps += 1;
    }

    /// Notes which tanks stand at a limit.
    pub(crate) fn touch(&mut self, stored: &[Stored]) {
        for (noted, stored) in self.tank_limit.iter_mut().zip(stored) {
            if stored.limit != TankLimit::Free {
                *noted = stored.limit;
            }
        }
    }

    /// Ends the step with what is stored then.
    pub(crate) fn finish(mut self, network: &Network, stored: &[Stored]) -> Stepped {
        let mean = |sums: &[f64]| sums.iter().map(|sum| sum / self.seconds).collect();
        self.volumes.storage_change_m3 = Stored::total_m3(stored) - self.stored_m3;
        self.warnings.sort();
        self.warnings.dedup();
        let tanks = network.tanks().iter().zip(stored);
        Stepped {
            seconds: self.seconds,
            tank_level_m: tanks.map(|(tank, stored)| stored.level_m(tank)).collect(),
            tank_inflow_m3s: mean(&self.tank_inflow_m3),
            reservoir_supply_m3s: mean(&self.reservoir_supply_m3),
            pump_flow_m3s: mean(&self.pump_flow_m3),
            pump_power_w: mean(&self.pump_energy_j),
            tank_limit: self.tank_limit,
            pump_energy_j: self.pump_energy_j,
            volumes: self.volumes,
            leak_m3: self.leak_m3,
            lowest_pressure: self.lowest_pressure,
            warnings: self.warnings,
            substeps: self.substeps,
        }
    }
}

/// Water in a tank, and whether a limit holds it.
///
/// A tank that has become full keeps its inlet closed until its level has fallen by a deadband, as
/// a float valve does, and an empty one its outlet until it has risen by one. Without this, two
/// full tanks would open and close in turn without end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stored {
    pub(crate) volume_m3: f64,
    pub(crate) limit: TankLimit,
}

/// How far the level must be off a limit before that limit lets go, m; in a very shallow tank a
/// tenth of its range.
pub(crate) const LIMIT_DEADBAND_M: f64 = 0.01;

/// A tank this close to a limit is at it, m3: a thousandth of a millilitre, so that rounding does
/// not make endless small steps.
const SNAP_M3: f64 = 1e-9;

impl Stored {
    /// A volume to begin with.
    pub(crate) fn begin(tank: &Tank, volume_m3: f64) -> Stored {
        Stored { volume_m3, limit: TankLimit::Free }.moved(tank, volume_m3)
    }

    /// The tank with another volume, brought within the limits.
    pub(crate) fn moved(self, tank: &Tank, volume_m3: f64) -> Stored {
        let (min_m3, max_m3) = (tank.volume_min_m3(), tank.volume_max_m3());
        let limit = if volume_m3 >= max_m3 - SNAP_M3 {
            TankLimit::Full
        } else if volume_m3 <= min_m3 + SNAP_M3 {
            TankLimit::Empty
        } else {
            match self.limit {
                TankLimit::Full if volume_m3 > full_release_m3(tank) + SNAP_M3 => TankLimit::Full,
                TankLimit::Empty if volume_m3 < empty_release_m3(tank) - SNAP_M3 => {
                    TankLimit::Empty
                }
                _ => TankLimit::Free,
            }
        };
        let volume_m3 = match limit {
            TankLimit::Full if volume_m3 >= max_m3 - SNAP_M3 => max_m3,
            TankLimit::Empty if volume_m3 <= min_m3 + SNAP_M3 => min_m3,
            _ => volume_m3,
        };
        Stored { volume_m3, limit }
    }

    /// Seconds until a limit takes hold or lets go at this inflow; nothing if none does.
    pub(crate) fn until_change_s(&self, tank: &Tank, inflow_m3s: f64) -> Option<f64> {
        let target_m3 = match (self.limit, inflow_m3s > 0.0) {
            _ if inflow_m3s.abs() <= STILL_M3S => return None,
            (TankLimit::Full, true) | (TankLimit::Empty, false) => return None,
            (TankLimit::Full, false) => full_release_m3(tank),
            (TankLimit::Empty, true) => empty_release_m3(tank),
            (TankLimit::Free, true) => tank.volume_max_m3(),
            (TankLimit::Free, false) => tank.volume_min_m3(),
        };
        Some(((target_m3 - self.volume_m3) / inflow_m3s).max(0.0))
    }

    /// Its level, m above the floor.
    pub(crate) fn level_m(&self, tank: &Tank) -> f64 {
        tank.level_m(self.volume_m3)
    }

    fn total_m3(stored: &[Stored]) -> f64 {
        stored.iter().map(|stored| stored.volume_m3).sum()
    }
}

/// Flow below which a tank's level counts as unchanged, m3/s.
const STILL_M3S: f64 = 1e-9;

fn full_release_m3(tank: &Tank) -> f64 {
    tank.volume_m3(tank.level_max_m - deadband_m(tank))
}

fn empty_release_m3(tank: &Tank) -> f64 {
    tank.volume_m3(tank.level_min_m + deadband_m(tank))
}

fn deadband_m(tank: &Tank) -> f64 {
    LIMIT_DEADBAND_M.min(0.1 * (tank.level_max_m - tank.level_min_m))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tank::Shape;
    use crate::tank::tests::tank;

    fn cylinder() -> Tank {
        tank(Shape::Cylinder { area_m2: 10.0, volume_min_m3: 0.0 })
    }

    #[test]
    fn a_full_tank_lets_go_only_below_its_deadband() {
        let tank = cylinder();
        let full = Stored::begin(&tank, 40.0);
        assert_eq!(full.limit, TankLimit::Full);
        let falling = full.moved(&tank, 39.95);
        assert_eq!(falling.limit, TankLimit::Full);
        assert_eq!(falling.moved(&tank, 39.9).limit, TankLimit::Free);
        // From below, the same volume is free.
        assert_eq!(Stored::begin(&tank, 39.95).limit, TankLimit::Free);
    }

    #[test]
    fn an_empty_tank_lets_go_only_above_its_deadband() {
        let tank = cylinder();
        let empty = Stored::begin(&tank, -1.0);
        assert_eq!((empty.limit, empty.volume_m3), (TankLimit::Empty, 0.0));
        let rising = empty.moved(&tank, 0.05);
        assert_eq!(rising.limit, TankLimit::Empty);
        assert_eq!(rising.moved(&tank, 0.1).limit, TankLimit::Free);
    }

    #[test]
    fn changes_are_foreseen_to_the_second() {
        let tank = cylinder();
        let free = Stored::begin(&tank, 30.0);
        assert_eq!(free.until_change_s(&tank, 0.1), Some(100.0));
        assert_eq!(free.until_change_s(&tank, -0.1), Some(300.0));
        assert_eq!(free.until_change_s(&tank, 0.0), None);
        let full = Stored::begin(&tank, 40.0);
        assert_eq!(full.until_change_s(&tank, 0.1), None);
        assert!((full.until_change_s(&tank, -0.1).unwrap() - 1.0).abs() < 1e-9);
    }
}
