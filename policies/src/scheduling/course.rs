//! A scheduling problem made ready for simulation: steps cut where something changes, tanks in
//! cubic metres, prices per pump.

use super::Problem;
use hydraulics::{EndLevel, Junction, Network, Prices, Reservoir, Tank};

/// How far inside the audit's limits the planner stays: rounding must not fail an audit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Inset {
    /// On levels, m.
    pub(super) level_m: f64,
    /// On levels at the end, m.
    pub(super) end_m: f64,
    /// On pressures, m.
    pub(super) pressure_m: f64,
}

impl Inset {
    /// The first one tried.
    pub(super) const FIRST: Self = Self { level_m: 1e-3, end_m: 1e-5, pressure_m: 1e-3 };

    /// None: the limits as they are.
    pub(super) const NONE: Self = Self { level_m: 0.0, end_m: 0.0, pressure_m: 0.0 };

    /// A wider one, after an audit failed where the planner saw no fault.
    pub(super) fn wider(self) -> Self {
        Self {
            level_m: self.level_m * 3.0,
            end_m: self.end_m * 10.0,
            pressure_m: self.pressure_m * 4.0,
        }
    }
}

/// A span of time in which demands, reservoirs and prices stand.
#[derive(Debug, Clone)]
pub(super) struct Span {
    /// Index into [`Course::classes`].
    pub(super) class: usize,
    /// Length, s.
    pub(super) seconds: f64,
    /// Whether levels move while EPANET would step through the span: they are then taken at the
    /// middle instead of at the beginning.
    pub(super) midpoint: bool,
    /// Price of a kWh of each pump.
    pub(super) per_kwh: Vec<f64>,
}

/// A moment of the network's day; spans of equal demands and reservoir heads share one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Class {
    /// Time since the file's start, s; nothing for base demands.
    pub(super) elapsed_s: Option<u64>,
    pub(super) demand_factor: f64,
}

/// A tank, in m3.
#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) tank: Tank,
    /// The least and the most it may hold, margin included.
    pub(super) low_m3: f64,
    pub(super) high_m3: f64,
    pub(super) start_m3: f64,
    /// The least it must hold at the end.
    pub(super) end_m3: f64,
}

/// The problem, ready.
#[derive(Debug, Clone)]
pub(super) struct Course {
    pub(super) network: Network,
    /// Length of a step of the schedule, s.
    pub(super) step_s: u32,
    /// Spans of each step.
    pub(super) steps: Vec<Vec<Span>>,
    pub(super) classes: Vec<Class>,
    pub(super) stores: Vec<Store>,
    /// Speeds of each pump: choice 0 is off.
    pub(super) speeds: Vec<Vec<f64>>,
    /// Lowest pressure allowed at junctions, m.
    pub(super) floors: Vec<(usize, f64)>,
    pub(super) starts_max: Option<u32>,
    pub(super) total_starts_max: Option<u32>,
    pub(super) periodic: bool,
    /// When each step begins, s after the first.
    pub(super) begins_s: Vec<f64>,
    /// Least time on and off of each pump, s.
    pub(super) min_run_s: Vec<f64>,
    pub(super) min_stop_s: Vec<f64>,
    /// Whether each pump was on before the first step and for how long it had been so, s; nothing
    /// where nobody knows.
    pub(super) before: Vec<Option<(bool, f64)>>,
    /// Pumps whose choices may change.
    pub(super) free: Vec<usize>,
    /// For each pump, the pump after it in its station: they may change places.
    pub(super) twins: Vec<(usize, usize)>,
    /// What a kWh of a pump without a price costs: 1 where nothing has a price, so that energy is
    /// what is saved.
    pub(super) unpriced: f64,
    /// Cost of the highest power, per kW.
    pub(super) per_peak_kw: f64,
}

/// Pressures below this (m) count as missing water wherever there is demand.
const PRESSURE_MIN_M: f64 = 0.0;

impl Course {
    /// Makes a problem ready.
    pub(super) fn new(problem: &Problem<'_>, inset: Inset) -> Self {
        let network = problem.network;
        let pumps = network.pumps().len();
        let mut course = Self {
            network: network.clone(),
            step_s: problem.step_s,
            steps: Vec::new(),
            classes: Vec::new(),
            stores: stores(problem, inset),
            speeds: problem.speeds.iter().map(|s| [&[0.0], &s[..]].concat()).collect(),
            floors: floors(problem, inset),
            starts_max: problem.limits.starts_max,
            total_starts_max: problem.limits.total_starts_max,
            periodic: problem.limits.periodic,
            begins_s: Vec::new(),
            min_run_s: vec![f64::from(problem.limits.min_run_s); pumps],
            min_stop_s: vec![f64::from(problem.limits.min_stop_s); pumps],
            before: vec![None; pumps],
            free: (0..pumps).collect(),
            twins: Vec::new(),
            unpriced: f64::from(u8::from(!problem.priced())),
            per_peak_kw: match problem.prices {
                Prices::File => network.demand_charge_per_kw().unwrap_or(0.0),
                Prices::Clock(_) => 0.0,
            },
        };
        for station in network.stations() {
            course.twins.extend(station.pumps.windows(2).map(|pair| (pair[0], pair[1])));
        }
        for t in 0..problem.steps {
            let start = u64::from(problem.step_s) * u64::try_from(t).unwrap_or(0);
            let spans = course.spans(problem, start);
            course.steps.push(spans);
            #[expect(clippy::cast_precision_loss, reason = "a horizon has few seconds")]
            course.begins_s.push(start as f64);
        }
        course
    }

    /// Cuts a step where the file's patterns or the prices change.
    fn spans(&mut self, problem: &Problem<'_>, start: u64) -> Vec<Span> {
        let times = problem.network.times();
        let end = start + u64::from(problem.step_s);
        let pattern = u64::from(times.pattern_step_s);
        let mut spans = Vec::new();
        let mut at = start;
        while at < end {
            let next = at + pattern - (at + u64::from(times.pattern_start_s)) % pattern;
            let until = next.min(end);
            #[expect(clippy::cast_precision_loss, reason = "a horizon has few seconds")]
            let (from, seconds) = (at as f64, (until - at) as f64);
            let class = self.class(at);
            let pumps = 0..problem.network.pumps().len();
            let price = |p| problem.prices.mean_per_kwh(problem.network, p, from, seconds);
            let per_kwh = pumps.map(|p| price(p).unwrap_or(self.unpriced)).collect();
            let midpoint = seconds > 2.0 * f64::from(times.hydraulic_step_s);
            spans.push(Span { class, seconds, midpoint, per_kwh });
            at = until;
        }
        spans
    }

    /// The class of a time, a new one if there is none like it.
    fn class(&mut self, elapsed_s: u64) -> usize {
        let network = &self.network;
        let same = |class: &Class| {
            let Some(known_s) = class.elapsed_s else { return false };
            let same = |at: &dyn Fn(u64) -> f64| at(known_s).to_bits() == at(elapsed_s).to_bits();
            let demand = |j: &Junction| same(&|time| network.demand_m3s_at(j, time));
            let head = |r: &Reservoir| same(&|time| network.reservoir_head_m_at(r, time));
            network.junctions().iter().all(demand) && network.reservoirs().iter().all(head)
        };
        let known = self.classes.iter().position(same);
        known.unwrap_or_else(|| {
            self.classes.push(Class { elapsed_s: Some(elapsed_s), demand_factor: 1.0 });
            self.classes.len() - 1
        })
    }

    pub(super) fn pumps(&self) -> usize {
        self.speeds.len()
    }

    /// Whether every choice is one that its pump has.
    pub(super) fn allows(&self, choices: &[u8]) -> bool {
        let known = |(place, &choice): (usize, &u8)| {
            usize::from(choice) < self.speeds[place % self.pumps()].len()
        };
        choices.iter().enumerate().all(known)
    }

    /// Speeds that choices stand for.
    pub(super) fn speeds_of(&self, choice: &[u8]) -> Vec<f64> {
        let pairs = choice.iter().zip(&self.speeds);
        pairs.map(|(&choice, speeds)| speeds[usize::from(choice)]).collect()
    }

    /// Volumes at the start, m3.
    pub(super) fn start(&self) -> Vec<f64> {
        self.stores.iter().map(|store| store.start_m3).collect()
    }
}

fn stores(problem: &Problem<'_>, inset: Inset) -> Vec<Store> {
    let tanks = problem.network.tanks();
    let mut stores = Vec::new();
    for (k, tank) in tanks.iter().enumerate() {
        let start_m = tank.level_initial_m;
        let margin = problem.limits.level_margin_m + inset.level_m;
        // A tank with less room than two margins keeps what room it has.
        let margin = margin.min(0.45 * (tank.level_max_m - tank.level_min_m));
        let end_m = match &problem.limits.end_level {
            EndLevel::Start => Some(start_m + inset.end_m),
            EndLevel::Free => None,
            EndLevel::AtLeast(levels) => levels.get(k).map(|level| level + inset.end_m),
        };
        stores.push(Store {
            low_m3: tank.volume_m3(tank.level_min_m + margin),
            high_m3: tank.volume_m3(tank.level_max_m - margin),
            start_m3: tank.volume_m3(start_m),
            end_m3: end_m.map_or(0.0, |level| tank.volume_m3(level)),
            tank: tank.clone(),
        });
    }
    stores
}

fn floors(problem: &Problem<'_>, inset: Inset) -> Vec<(usize, f64)> {
    let limits = problem.limits;
    let all = limits.min_pressure_all_m.unwrap_or(PRESSURE_MIN_M).max(PRESSURE_MIN_M);
    let of = |(j, junction): (usize, &hydraulics::Junction)| {
        let own = limits.min_pressure_m.iter().filter(|(named, _)| *named == j).map(|&(_, m)| m);
        let floor =
            own.fold(f64::MIN, f64::max).max(if junction.has_demand { all } else { f64::MIN });
        (floor > f64::MIN).then_some((j, floor + inset.pressure_m))
    };
    problem.network.junctions().iter().enumerate().filter_map(of).collect()
}
