//! A network as loaded: what it consists of, in SI units.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::engine::{self, Engine, Numerics};
use crate::{HydraulicsError, Station, Tank, Zone};

/// Largest network file accepted, bytes: the networks of whole regions stay below it, and a file
/// named by mistake is refused before it fills the memory.
pub const NETWORK_FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A network loaded from an `.inp` file. Cloning is cheap and threads may share it; each thread
/// opens its own [`crate::Snapshots`] and [`crate::Run`] from it.
#[derive(Debug, Clone)]
pub struct Network(Arc<Loaded>);

#[derive(Debug)]
struct Loaded {
    path: PathBuf,
    text: Vec<u8>,
    description: Description,
}

/// What EPANET knows of the network, read once.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) title: String,
    pub(crate) pumps: Vec<Pump>,
    pub(crate) tanks: Vec<Tank>,
    pub(crate) reservoirs: Vec<Reservoir>,
    pub(crate) junctions: Vec<Junction>,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) stations: Vec<Station>,
    pub(crate) zones: Vec<Zone>,
    pub(crate) times: Times,
    pub(crate) controls: usize,
    pub(crate) demand_charge_per_kw: Option<f64>,
    pub(crate) pipes: usize,
    pub(crate) valves: usize,
}

/// A pump.
#[derive(Debug, Clone, PartialEq)]
pub struct Pump {
    /// The file's name for it.
    pub id: String,
    /// Node it draws from.
    pub from: String,
    /// Node it delivers to.
    pub to: String,
    /// How lift follows from flow.
    pub kind: PumpKind,
    /// Relative speed (1 = the speed of its head curve) that the file sets and that callers name
    /// 1. A pump the file holds closed counts as 1.
    pub nominal_speed: f64,
    /// The pattern of its speed, an index into [`Network::patterns`], if the file has one.
    pub speed_pattern: Option<usize>,
    /// Whether the file starts with it switched on.
    pub initially_on: bool,
    /// Whether a control or a rule of the file names it.
    pub controlled: bool,
    /// How much of the electrical power reaches the water.
    pub efficiency: Efficiency,
    /// The price of its energy, if the file has one.
    pub price: Option<EnergyPrice>,
    /// Number of the link in EPANET, from 1.
    pub(crate) index: i32,
    /// The node it draws from and the node it delivers to, numbers in EPANET.
    pub(crate) ends: (i32, i32),
}

/// How a pump's lift follows from its flow.
#[derive(Debug, Clone, PartialEq)]
pub enum PumpKind {
    /// A head curve.
    HeadCurve {
        /// The file's name for the curve.
        curve: String,
        /// Its points as written: flow in m3/s, lift in m.
        points: Vec<(f64, f64)>,
    },
    /// Constant power given to the water.
    ConstantPower {
        /// That power, W.
        power_w: f64,
    },
}

/// How much of a pump's electrical power reaches the water.
#[derive(Debug, Clone, PartialEq)]
pub enum Efficiency {
    /// The same at every flow, as a fraction of 1.
    Constant(f64),
    /// An efficiency curve.
    Curve {
        /// The file's name for the curve.
        curve: String,
        /// Its points: flow in m3/s, efficiency as a fraction of 1.
        points: Vec<(f64, f64)>,
    },
}

/// The price of energy as the file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct EnergyPrice {
    /// Price of a kWh in the file's currency, before the pattern.
    pub per_kwh: f64,
    /// Its pattern, an index into [`Network::patterns`].
    pub pattern: Option<usize>,
}

/// A reservoir: a source whose head does not depend on what is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Reservoir {
    /// The file's name for it.
    pub id: String,
    /// Its head, mean over its pattern, m.
    pub head_m: f64,
    /// Its head before its pattern, m.
    pub base_head_m: f64,
    /// The pattern of its head, an index into [`Network::patterns`]; nothing for a constant head.
    pub pattern: Option<usize>,
    /// Number of the node in EPANET, from 1.
    pub(crate) index: i32,
}

/// A junction.
#[derive(Debug, Clone, PartialEq)]
pub struct Junction {
    /// The file's name for it.
    pub id: String,
    /// Elevation, m.
    pub elevation_m: f64,
    /// Demand before patterns, m3/s: what a demand factor of 1 stands for. Negative where the file
    /// has an inflow.
    pub base_demand_m3s: f64,
    /// Demand averaged over its patterns, m3/s.
    pub mean_demand_m3s: f64,
    /// Whether water is taken here.
    pub has_demand: bool,
    /// What its demand is made of.
    pub demands: Vec<DemandCategory>,
    /// Number of the node in EPANET, from 1.
    pub(crate) index: i32,
}

/// A share of a junction's demand with a pattern of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct DemandCategory {
    /// Demand before its pattern, m3/s, the file's global multiplier included.
    pub base_m3s: f64,
    /// Its pattern, an index into [`Network::patterns`]; nothing for a constant demand.
    pub pattern: Option<usize>,
}

/// A time pattern: factors that follow each other every [`Times::pattern_step_s`] and repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The file's name for it.
    pub id: String,
    /// The factors, at least one.
    pub multipliers: Vec<f64>,
}

impl Pattern {
    /// Mean of the factors.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let count = u32::try_from(self.multipliers.len()).unwrap_or(u32::MAX);
        self.multipliers.iter().sum::<f64>() / f64::from(count)
    }
}

/// The file's times, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Length of one pattern period, s; above zero.
    pub pattern_step_s: u32,
    /// Where in the patterns the file starts, s.
    pub pattern_start_s: u32,
    /// Time of day at which the file starts, s after midnight.
    pub clock_start_s: u32,
    /// The file's own hydraulic step, s.
    pub hydraulic_step_s: u32,
    /// The file's own duration, s.
    pub duration_s: u32,
}

impl Network {
    /// Loads a network and checks that EPANET can work with it.
    ///
    /// # Errors
    /// Every variant that blames the network file, and [`HydraulicsError::Scratch`].
    pub fn load(path: impl AsRef<Path>) -> Result<Network, HydraulicsError> {
        let path = path.as_ref();
        Network::read(path, engine::read_file(path)?)
    }

    /// The same from a file's bytes that were read before; `path` is for messages alone.
    ///
    /// # Errors
    /// As [`Network::load`], but for what is wrong with reading.
    pub fn read(path: &Path, text: Vec<u8>) -> Result<Network, HydraulicsError> {
        let description = engine::describe(path, &text)?;
        Ok(Network(Arc::new(Loaded { path: path.to_owned(), text, description })))
    }

    /// The file's bytes as they were loaded.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.0.text
    }

    /// Whether both are clones of one that was loaded once.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Where the network was loaded from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The title lines of the file.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.0.description.title
    }

    /// The pumps, in the file's order; this order is that of every list of pumps in this crate.
    #[must_use]
    pub fn pumps(&self) -> &[Pump] {
        &self.0.description.pumps
    }

    /// The tanks, in the file's order; this order is that of every list of tanks in this crate.
    #[must_use]
    pub fn tanks(&self) -> &[Tank] {
        &self.0.description.tanks
    }

    /// The reservoirs, in the file's order.
    #[must_use]
    pub fn reservoirs(&self) -> &[Reservoir] {
        &self.0.description.reservoirs
    }

    /// The junctions, in the file's order.
    #[must_use]
    pub fn junctions(&self) -> &[Junction] {
        &self.0.description.junctions
    }

    /// The time patterns, in the file's order.
    #[must_use]
    pub fn patterns(&self) -> &[Pattern] {
        &self.0.description.patterns
    }

    /// The pumping stations: every pump is in exactly one, identical parallel pumps in the same.
    #[must_use]
    pub fn stations(&self) -> &[Station] {
        &self.0.description.stations
    }

    /// The zones: parts that influence each other only through the levels of tanks.
    #[must_use]
    pub fn zones(&self) -> &[Zone] {
        &self.0.description.zones
    }

    /// The file's times.
    #[must_use]
    pub fn times(&self) -> Times {
        self.0.description.times
    }

    /// How many controls and rules of the file are set aside, except in an audit of them.
    #[must_use]
    pub fn controls_set_aside(&self) -> usize {
        self.0.description.controls
    }

    /// Whether the file says when pumps run: a control, a rule or a speed pattern for at least one.
    #[must_use]
    pub fn has_controls(&self) -> bool {
        self.pumps().iter().any(|pump| pump.controlled || pump.speed_pattern.is_some())
    }

    /// The file's charge for the highest power of all pumps, in its currency a kW, if it has one.
    #[must_use]
    pub fn demand_charge_per_kw(&self) -> Option<f64> {
        self.0.description.demand_charge_per_kw
    }

    /// How many pipes the network has.
    #[must_use]
    pub fn pipe_count(&self) -> usize {
        self.0.description.pipes
    }

    /// How many valves the network has.
    #[must_use]
    pub fn valve_count(&self) -> usize {
        self.0.description.valves
    }

    /// Sum of all base demands, m3/s.
    #[must_use]
    pub fn base_demand_m3s(&self) -> f64 {
        self.junctions().iter().map(|junction| junction.base_demand_m3s).sum()
    }

    /// The file's demand of all junctions at a time since its start, as a multiple of the base
    /// demand. The time is in seconds. Nothing where the base demand is not above zero.
    #[must_use]
    pub fn demand_factor_at(&self, elapsed_s: u64) -> Option<f64> {
        let base = self.base_demand_m3s();
        let at = |category: &DemandCategory| {
            category.base_m3s * self.multiplier_at(category.pattern, elapsed_s)
        };
        let demand: f64 = self.junctions().iter().flat_map(|j| &j.demands).map(at).sum();
        (base > 0.0).then(|| demand / base)
    }

    /// The file's price of a kWh for a pump at a time since its start, in the file's currency.
    /// The time is in seconds. Nothing where there is no such pump or the file has no price.
    #[must_use]
    pub fn price_per_kwh_at(&self, pump: usize, elapsed_s: u64) -> Option<f64> {
        let price = self.pumps().get(pump)?.price.as_ref()?;
        Some(price.per_kwh * self.multiplier_at(price.pattern, elapsed_s))
    }

    /// What a junction takes at a time since the file's start, m3/s. The time is in seconds.
    #[must_use]
    pub fn demand_m3s_at(&self, junction: &Junction, elapsed_s: u64) -> f64 {
        let of = |category: &DemandCategory| {
            category.base_m3s * self.multiplier_at(category.pattern, elapsed_s)
        };
        junction.demands.iter().map(of).sum()
    }

    /// The head of a reservoir at a time since the file's start, m. The time is in seconds.
    #[must_use]
    pub fn reservoir_head_m_at(&self, reservoir: &Reservoir, elapsed_s: u64) -> f64 {
        reservoir.base_head_m * self.multiplier_at(reservoir.pattern, elapsed_s)
    }

    /// The factor of a pattern at a time since the file's start; 1 without a pattern.
    fn multiplier_at(&self, pattern: Option<usize>, elapsed_s: u64) -> f64 {
        let Some(pattern) = pattern.and_then(|index| self.patterns().get(index)) else {
            return 1.0;
        };
        let times = self.times();
        let elapsed_s = elapsed_s + u64::from(times.pattern_start_s);
        let period = usize::try_from(elapsed_s / u64::from(times.pattern_step_s)).unwrap_or(0);
        pattern.multipliers[period % pattern.multipliers.len()]
    }

    /// Opens a project of its own in EPANET, exactly as the file has it.
    pub(crate) fn open_as_written(&self) -> Result<Engine, HydraulicsError> {
        Engine::open(&self.0.path, &self.0.text)
    }

    /// Opens a project of its own in EPANET, controls removed and patterns neutralised.
    pub(crate) fn open(&self, numerics: Numerics) -> Result<Engine, HydraulicsError> {
        let engine = Engine::open(&self.0.path, &self.0.text)?;
        engine::prepare(&engine, self, numerics)?;
        Ok(engine)
    }
}
