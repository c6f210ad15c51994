//! The next hours of a running network: the same search, from what the pumps do now.

use super::anneal::{Effort, anneal};
use super::candidate::choices;
use super::course::{Class, Course, Inset, Span, Store};
use super::stepper::Stepper;
use super::weigh;
use hydraulics::{HydraulicsError, Network, Schedule};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// A step of the next hours.
#[derive(Debug, Clone, PartialEq)]
pub struct NearStep {
    /// Its length, s.
    pub seconds: f64,
    /// Demand as a multiple of the base demand.
    pub demand_factor: f64,
    /// What a kWh is worth then.
    pub per_kwh: f64,
}

/// A tank in the next hours; levels in m above the floor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearTank {
    /// Where it stands now.
    pub level_m: f64,
    /// The band it has to keep to.
    pub band_m: (f64, f64),
    /// The least it has to have at the end.
    pub end_m: f64,
}

/// A pump in the next hours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearPump {
    /// Whether it runs now, and for how long it has run or stood, s.
    pub now: (bool, f64),
    /// Shortest run and stop, s.
    pub min_run_s: f64,
    /// Shortest stop, s.
    pub min_stop_s: f64,
    /// Whether its schedule may be changed.
    pub free: bool,
}

/// The next hours of a running network; lists in the network's order.
#[derive(Debug, Clone)]
pub struct Near<'a> {
    /// The network.
    pub network: &'a Network,
    /// Steps, at least one.
    pub steps: Vec<NearStep>,
    /// Tanks.
    pub tanks: Vec<NearTank>,
    /// Pumps.
    pub pumps: Vec<NearPump>,
    /// The most starts of all pumps together.
    pub starts_max: Option<u32>,
}

/// Changes tried.
const MOVES: u32 = 600;
/// Temperatures, as shares of what everything on would cost.
const HOT: f64 = 3e-3;
const COLD: f64 = 1e-5;

/// Improves a schedule of the next hours with EPANET until it breaks nothing, or as little as can
/// be found; also where that saves money. The same question has the same answer.
///
/// # Errors
/// When EPANET cannot open the network.
pub fn repair(near: &Near<'_>, schedule: &Schedule) -> Result<Schedule, HydraulicsError> {
    let course = Arc::new(near.course());
    let mut stepper = Stepper::open(&course)?;
    let (weights, scale) = weigh::weigh(&course, &mut stepper);
    let effort = Effort { moves: MOVES, hot: HOT * scale, cold: COLD * scale };
    let start = choices(&course, schedule);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let plant = (&*course, &mut stepper);
    let scored = anneal(plant, &start, &effort, &weights, &mut rng, &|| false);
    Ok(super::candidate::schedule(&course, &scored.choices))
}

impl Near<'_> {
    fn course(&self) -> Course {
        let mut classes = Vec::new();
        let (mut begins_s, mut steps, mut begin_s) = (Vec::new(), Vec::new(), 0.0);
        for step in &self.steps {
            let class = Class { elapsed_s: None, demand_factor: step.demand_factor };
            let known = classes.iter().position(|other| *other == class);
            let class = known.unwrap_or_else(|| {
                classes.push(class);
                classes.len() - 1
            });
            let per_kwh = vec![step.per_kwh; self.pumps.len()];
            steps.push(vec![Span { class, seconds: step.seconds, midpoint: true, per_kwh }]);
            begins_s.push(begin_s);
            begin_s += step.seconds;
        }
        let demand = self.network.junctions().iter().enumerate().filter(|(_, j)| j.has_demand);
        let pumps = || self.pumps.iter();
        let stations = self.network.stations().iter();
        let twins = stations.flat_map(|s| s.pumps.windows(2).map(|pair| (pair[0], pair[1])));
        let free = |&(a, b): &(usize, usize)| self.pumps[a].free && self.pumps[b].free;
        Course {
            network: self.network.clone(),
            step_s: 0,
            begins_s,
            steps,
            classes,
            stores: self.stores(),
            speeds: vec![vec![0.0, 1.0]; self.pumps.len()],
            floors: demand.map(|(place, _)| (place, Inset::FIRST.pressure_m)).collect(),
            starts_max: None,
            total_starts_max: self.starts_max,
            periodic: false,
            min_run_s: pumps().map(|pump| pump.min_run_s).collect(),
            min_stop_s: pumps().map(|pump| pump.min_stop_s).collect(),
            before: pumps().map(|pump| Some(pump.now)).collect(),
            free: (0..self.pumps.len()).filter(|&p| self.pumps[p].free).collect(),
            twins: twins.filter(free).collect(),
            unpriced: 0.0,
            per_peak_kw: 0.0,
        }
    }

    /// A tank that is outside its band, or cannot be at its end level, is asked for no more than to
    /// stay where it is.
    fn stores(&self) -> Vec<Store> {
        let pairs = self.network.tanks().iter().zip(&self.tanks);
        let store = |(tank, near): (&hydraulics::Tank, &NearTank)| {
            let inset = Inset::FIRST.level_m;
            Store {
                low_m3: tank.volume_m3((near.band_m.0 + inset).min(near.level_m)),
                high_m3: tank.volume_m3((near.band_m.1 - inset).max(near.level_m)),
                start_m3: tank.volume_m3(near.level_m),
                end_m3: tank.volume_m3(near.end_m),
                tank: tank.clone(),
            }
        };
        pairs.map(store).collect()
    }
}
