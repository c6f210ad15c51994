//! What each combination of pumps does at each demand and each level: tabulated once with EPANET,
//! interpolated ever after.

mod corrected;

pub use corrected::Parts;
use serde::{Deserialize, Serialize};

use super::combination::{self, Combination, Group};
use hydraulics::{HydraulicsError, Network, Operating, Snapshots};

/// Demand factors at which the network is solved. The lowest is almost nothing instead of nothing:
/// a branched network in which no water moves at all has no flows that settle.
const DEMANDS: [f64; 8] = [0.001, 0.3, 0.6, 0.9, 1.2, 1.6, 2.0, 2.6];
/// Levels at which it is solved, as shares of a tank's range.
const LEVELS: [f64; 4] = [0.02, 0.35, 0.7, 0.98];

/// Net inflow of each tank and power of all pumps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// m3/s per tank of the site, in order.
    pub inflow: Vec<f64>,
    /// kW of all pumps together.
    pub power: f64,
}

/// One entry: effects at mid levels, and how they change along each tank's level.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    middle: Effect,
    /// `along[tank][level]` minus the middle's effect.
    along: Vec<Vec<Effect>>,
}

/// Effects of all combinations.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tables {
    combinations: Vec<Combination>,
    /// `entries[combination][demand]`.
    entries: Vec<Vec<Entry>>,
    /// Level range of each tank of the site, m.
    ranges: Vec<(f64, f64)>,
}

impl Tables {
    /// Solves the network at every grid point. A combination that cannot be solved at some demand
    /// is left out, unless it is the one in which nothing runs.
    pub(super) fn fill(
        network: &Network,
        groups: &[Group],
        tanks: &[usize],
    ) -> Result<Self, HydraulicsError> {
        let mut solver = Solver { snapshots: Snapshots::open(network)?, network, tanks };
        let ranges: Vec<(f64, f64)> = tanks
            .iter()
            .map(|&i| (network.tanks()[i].level_min_m, network.tanks()[i].level_max_m))
            .collect();
        let mut tables = Self { combinations: Vec::new(), entries: Vec::new(), ranges };
        for combination in combination::all(groups) {
            let speeds = combination.speeds(groups, network.pumps().len());
            let row: Result<Vec<Entry>, HydraulicsError> = DEMANDS
                .iter()
                .map(|&demand| solver.entry(&speeds, demand, &tables.ranges))
                .collect();
            let idle = combination.0.iter().all(|&count| count == 0);
            match row {
                Ok(row) => {
                    tables.combinations.push(combination);
                    tables.entries.push(row);
                }
                Err(error) if idle => return Err(error),
                Err(_) => {}
            }
        }
        Ok(tables)
    }

    /// The combinations that can be run, idle first.
    #[must_use]
    pub fn combinations(&self) -> &[Combination] {
        &self.combinations
    }

    /// What a combination does at a demand factor and at tank levels in m.
    #[must_use]
    pub fn effect(&self, combination: usize, demand_factor: f64, levels: &[f64]) -> Effect {
        let row = &self.entries[combination];
        let (i, weight) = position(&DEMANDS, demand_factor);
        let (low, high) = (self.at(&row[i], levels), self.at(&row[i + 1], levels));
        low.mixed(&high, weight)
    }

    fn at(&self, entry: &Entry, levels: &[f64]) -> Effect {
        let mut effect = entry.middle.clone();
        for (tank, along) in entry.along.iter().enumerate() {
            let (bottom, top) = self.ranges[tank];
            let share = (levels[tank] - bottom) / (top - bottom).max(1e-6);
            let (i, weight) = position(&LEVELS, share);
            effect.add(&along[i].mixed(&along[i + 1], weight));
        }
        effect
    }
}

/// Index of the grid cell that contains `x` and the weight of its upper end; held at the ends.
fn position(grid: &[f64], x: f64) -> (usize, f64) {
    let last = grid.len() - 2;
    let i = grid.iter().rposition(|&g| g <= x).unwrap_or(0).min(last);
    (i, ((x - grid[i]) / (grid[i + 1] - grid[i])).clamp(0.0, 1.0))
}

impl Effect {
    fn mixed(&self, other: &Self, weight: f64) -> Self {
        let mix = |a: f64, b: f64| a + weight * (b - a);
        let inflow = self.inflow.iter().zip(&other.inflow).map(|(a, b)| mix(*a, *b));
        Self { inflow: inflow.collect(), power: mix(self.power, other.power) }
    }
    fn add(&mut self, other: &Self) {
        for (a, b) in self.inflow.iter_mut().zip(&other.inflow) {
            *a += b;
        }
        self.power += other.power;
    }
    fn minus(&self, other: &Self) -> Self {
        let inflow = self.inflow.iter().zip(&other.inflow).map(|(a, b)| a - b);
        Self { inflow: inflow.collect(), power: self.power - other.power }
    }
}

struct Solver<'a> {
    snapshots: Snapshots,
    network: &'a Network,
    tanks: &'a [usize],
}

impl Solver<'_> {
    fn entry(
        &mut self,
        speeds: &[f64],
        demand: f64,
        ranges: &[(f64, f64)],
    ) -> Result<Entry, HydraulicsError> {
        let level =
            |tank: usize, share: f64| ranges[tank].0 + share * (ranges[tank].1 - ranges[tank].0);
        let middle: Vec<f64> = (0..ranges.len()).map(|tank| level(tank, 0.5)).collect();
        let centre = self.solve(speeds, demand, &middle)?;
        let mut along = Vec::with_capacity(ranges.len());
        for tank in 0..ranges.len() {
            let mut effects = Vec::with_capacity(LEVELS.len());
            for share in LEVELS {
                let mut levels = middle.clone();
                levels[tank] = level(tank, share);
                effects.push(self.solve(speeds, demand, &levels)?.minus(&centre));
            }
            along.push(effects);
        }
        Ok(Entry { middle: centre, along })
    }

    fn solve(
        &mut self,
        speeds: &[f64],
        demand: f64,
        levels: &[f64],
    ) -> Result<Effect, HydraulicsError> {
        let mut network_levels = vec![0.0; self.network.tanks().len()];
        for (&tank, &level) in self.tanks.iter().zip(levels) {
            network_levels[tank] = level;
        }
        let operating =
            Operating { pump_speed: speeds, tank_level_m: &network_levels, demand_factor: demand };
        let steady = self.snapshots.solve(&operating)?;
        let inflow = self.tanks.iter().map(|&tank| steady.tank_inflow_m3s[tank]).collect();
        Ok(Effect { inflow, power: steady.power_w() / 1e3 })
    }
}
