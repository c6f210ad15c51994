//! Where the levels would go: the point around which flows and powers are taken from the tables,
//! and the check of a plan against them.

use super::{Inputs, Mix, Schedule};
use crate::forecast;
use crate::water::{Effect, WaterModel};
use site::units::Flow;

/// Levels are moved in pieces no longer than this, in hours: flows depend on levels.
const PIECE_HOURS: f64 = 0.25;
/// Levels are compared over this many hours; what is later is planned again many times.
const COMING_HOURS: f64 = 6.0;
/// The cushion next to a band's end covers this many hours of the demand's spread.
const CUSHION_HOURS: f64 = 2.0;

/// Levels and effects along the horizon.
#[derive(Debug, Clone)]
pub(super) struct Trajectory {
    /// Level of each tank now, m.
    pub(super) start: Vec<f64>,
    /// Level of each tank at the end of each step, m: `levels[step][tank]`.
    pub(super) levels: Vec<Vec<f64>>,
    /// Effects at the middle of each step: `effects[step][combination]`.
    pub(super) effects: Vec<Vec<Effect>>,
    /// Steps at whose end each tank's reserve falls due.
    pub(super) reserves: Vec<Vec<usize>>,
    /// What a m3 left at the end of the horizon is worth, EUR.
    pub(super) water_worth: f64,
}

impl Trajectory {
    /// Follows a schedule (or, without one, stays where the levels are).
    pub(super) fn follow(inputs: &Inputs<'_>, schedule: Option<&Schedule>) -> Self {
        let steps = inputs.forecast.steps.len();
        let reserves = reserves(inputs);
        let Some(water) = inputs.water else {
            let (start, levels, effects) = (Vec::new(), Vec::new(), vec![Vec::new(); steps]);
            return Self { start, levels, effects, reserves, water_worth: 0.0 };
        };
        let start = start_levels(inputs);
        let mut now = start.clone();
        let (mut levels, mut effects) = (Vec::new(), Vec::new());
        for t in 0..steps {
            let before = now.clone();
            if let Some(schedule) = schedule {
                move_levels(inputs, water, t, &schedule.mixes[t], &mut now);
            }
            let middle: Vec<f64> = before.iter().zip(&now).map(|(a, b)| (a + b) / 2.0).collect();
            let factor = demand_factor(inputs, water, t);
            let combinations = 0..water.tables.combinations().len();
            effects.push(combinations.map(|c| water.tables.effect(c, factor, &middle)).collect());
            levels.push(now.clone());
        }
        let water_worth = worth(inputs, &effects);
        Self { start, levels, effects, reserves, water_worth }
    }

    /// The largest difference of levels in the coming hours, as a share of a tank's height.
    pub(super) fn distance(&self, other: &Self, inputs: &Inputs<'_>) -> f64 {
        let mut most: f64 = 0.0;
        for t in 0..coming(inputs).min(self.levels.len()).min(other.levels.len()) {
            for (k, tank) in inputs.site.tanks.iter().enumerate() {
                let apart = (self.levels[t][k] - other.levels[t][k]).abs();
                most = most.max(apart / tank.height.get());
            }
        }
        most
    }

    /// How far from a band's ends the plan would like to stay in a step, m3.
    pub(super) fn cushion(&self, inputs: &Inputs<'_>, t: usize) -> f64 {
        let spread = inputs.forecast.demand_spread[t].get() * 3600.0 * CUSHION_HOURS;
        #[expect(clippy::cast_precision_loss, reason = "a site has few tanks")]
        let tanks = self.start.len().max(1) as f64;
        spread / tanks
    }
}

/// The number of steps that begin within the coming hours: what is worth being exact about.
pub(super) fn coming(inputs: &Inputs<'_>) -> usize {
    let now = inputs.estimate.now.utc;
    let begins = |step: &site::plan::Step| site::time::seconds_between(now, step.start) / 3600.0;
    inputs.forecast.steps.iter().take_while(|step| begins(step) < COMING_HOURS).count()
}

/// Levels now; a tank whose level is unknown is taken at the middle of its band, and the plan does
/// not touch the pumps around it (the guard holds that).
fn start_levels(inputs: &Inputs<'_>) -> Vec<f64> {
    let level = |tank: &site::asset::Tank| {
        let middle = (tank.band_low.get() + tank.band_high.get()) / 2.0 * tank.height.get();
        let known = inputs.estimate.tanks.get(&tank.id).copied().flatten();
        known.map_or(middle, |level| level.value.get())
    };
    inputs.site.tanks.iter().map(level).collect()
}

/// Demand expected in a step, as a multiple of the network's base demand.
pub(super) fn demand_factor(inputs: &Inputs<'_>, water: &WaterModel, t: usize) -> f64 {
    let base: Flow = water.base_demand();
    if base.get() > 0.0 { inputs.forecast.demand[t].get() / base.get() } else { 0.0 }
}

/// Moves levels through one step with the tables; they stop at the tank's limits.
fn move_levels(inputs: &Inputs<'_>, water: &WaterModel, t: usize, mix: &Mix, levels: &mut [f64]) {
    let hours = inputs.forecast.steps[t].hours();
    let factor = demand_factor(inputs, water, t);
    let pieces = (hours / PIECE_HOURS).ceil().max(1.0);
    let mut done = 0.0;
    while done < pieces - 0.5 {
        let mut inflow = vec![0.0; levels.len()];
        for (c, &share) in mix.iter().enumerate().filter(|(_, share)| **share > 1e-6) {
            let effect = water.tables.effect(c, factor, levels);
            for (sum, flow) in inflow.iter_mut().zip(effect.inflow) {
                *sum += share * flow;
            }
        }
        for (k, level) in levels.iter_mut().enumerate() {
            let tank = &water.network.tanks()[water.tanks[k]];
            let volume = tank.volume_m3(*level) + inflow[k] * 3600.0 * hours / pieces;
            let volume = volume.clamp(tank.volume_min_m3(), tank.volume_max_m3());
            *level = tank.level_m(volume);
        }
        done += 1.0;
    }
}

/// The steps at whose end each tank's reserve falls due.
fn reserves(inputs: &Inputs<'_>) -> Vec<Vec<usize>> {
    let due = forecast::reserve_times(inputs.site, inputs.estimate.now.utc);
    let steps = inputs.forecast.steps.iter().enumerate();
    let ends: Vec<(usize, i64)> = steps.map(|(t, step)| (t, step.end.as_second())).collect();
    let of_tank = |tank: &site::asset::Tank| match tank.reserve {
        None => Vec::new(),
        Some(reserve) => {
            let here = |second: i64| {
                let local = jiff::Timestamp::from_second(second).ok()?;
                Some(local.to_zoned(inputs.site.zone.clone()).time() == reserve.at)
            };
            let falls = |end: i64| due.contains(&end) && here(end) == Some(true);
            ends.iter().filter(|(_, end)| falls(*end)).map(|(t, _)| *t).collect()
        }
    };
    inputs.site.tanks.iter().map(of_tank).collect()
}

/// The worth of a stored m3: the energy to pump it with the best combination, at a price between
/// the cheapest and the dearest of the horizon. At the cheapest the plan would empty the tanks
/// towards the end of its horizon; at the dearest it would never let them down.
fn worth(inputs: &Inputs<'_>, effects: &[Vec<Effect>]) -> f64 {
    let prices = || inputs.forecast.price.iter().map(|price| price.get());
    let (cheap, dear) = (prices().fold(f64::MAX, f64::min), prices().fold(0.0, f64::max));
    let Some(of_step) = effects.first() else { return 0.0 };
    let Some(idle) = of_step.first() else { return 0.0 };
    let total = |effect: &Effect| effect.inflow.iter().sum::<f64>();
    let specific = of_step.iter().skip(1).filter_map(|effect| {
        let gained = (total(effect) - total(idle)) * 3600.0;
        (gained > 1.0).then(|| (effect.power - idle.power) / gained)
    });
    let best = specific.fold(f64::MAX, f64::min);
    if best < f64::MAX { best * (cheap + dear) / 2.0 } else { 0.0 }
}
