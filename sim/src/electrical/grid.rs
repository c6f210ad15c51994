//! A network made ready for many solutions.

use super::error::FlowError;
use super::flow::{FeederFlow, Flow, NodeFlow, SectionFlow, TransformerFlow};
use gridoxide_core::branch_flow::{
    BranchParams, Terminal, bus_voltages, line_params, terminal_flow,
};
use gridoxide_core::network::{YBusSparse, build_ybus};
use gridoxide_core::solver::{JacobianBackend, PersistentSolver, SolveStatus};
use gridoxide_core::types::{Bus, BusType, Line};
use site::AssetId;
use site::electrical::Electrical;
use site::units::Ratio;

/// Base of the per-unit system, VA. Any would do; this one keeps numbers near 1.
const BASE_VA: f64 = 100e3;
/// What a place's balance may be off, per unit: a tenth of a milliwatt.
const TOLERANCE: f64 = 1e-9;
/// Newton's method takes 3 or 4 steps, near collapse some more.
const ITERATIONS_MAX: usize = 30;
/// Below it a section is a joint, and the admittance no number to compute with, ohm.
const IMPEDANCE_MIN: f64 = 1e-6;
/// Voltages above the transformer for which a flow is computed, as shares of the nominal one.
const UPSTREAM: std::ops::RangeInclusive<f64> = 0.5..=1.5;
/// Below this share of the upstream voltage a solution is the unstable one of two: with one load
/// the upper solution never lies below one half.
const STABLE_SHARE: f64 = 0.5;

/// What is taken from the network at a place; negative is fed in.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// Active power, W.
    pub active_w: f64,
    /// Reactive power, var; positive is lagging.
    pub reactive_var: f64,
}

impl std::ops::AddAssign for Load {
    fn add_assign(&mut self, other: Self) {
        self.active_w += other.active_w;
        self.reactive_var += other.reactive_var;
    }
}

/// The declared network with its admittances and a solver that keeps its ordering.
///
/// Every solution starts from the voltages of a network without load, so it depends on its own
/// loads and on none before it.
pub struct Grid {
    electrical: Electrical,
    nodes: Vec<AssetId>,
    /// The voltage above the transformer first, if there is one, then the places.
    buses: Vec<Bus>,
    admittances: YBusSparse,
    /// The transformer first, if there is one, then the sections.
    branches: Vec<BranchParams>,
    solver: PersistentSolver,
}

impl std::fmt::Debug for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grid").field("electrical", &self.electrical).finish_non_exhaustive()
    }
}

impl Grid {
    /// Makes a network ready.
    ///
    /// # Errors
    /// When sections do not hang together, or a cable or the transformer has no impedance.
    pub fn new(electrical: &Electrical) -> Result<Self, FlowError> {
        let beginnings = electrical.beginnings()?;
        let volts = electrical.nominal.get();
        if volts <= 0.0 {
            return Err(FlowError::Nominal { volts });
        }
        let base = volts.powi(2) / BASE_VA;
        let above = usize::from(electrical.transformer.is_some());
        let mut lines = Vec::new();
        if let Some(transformer) = &electrical.transformer {
            let (resistance, reactance) = transformer.ohms(electrical.nominal);
            let ohms = resistance.hypot(reactance);
            if !is_impedance(resistance, reactance) {
                return Err(FlowError::Transformer { ohms });
            }
            lines.push(line((0, 1), (resistance / base, reactance / base)));
        }
        let sections = electrical.sections().zip(&beginnings).enumerate();
        for (at, ((_, section), from)) in sections {
            let (resistance, reactance) = section.ohms();
            if !is_impedance(resistance, reactance) {
                let node = section.node.clone();
                return Err(FlowError::Impedance { node, resistance, reactance });
            }
            let ends = (from + above, at + 1 + above);
            lines.push(line(ends, (resistance / base, reactance / base)));
        }
        let buses: Vec<Bus> = (0..=lines.len()).map(bus).collect();
        let mut grid = Self {
            admittances: build_ybus(buses.len(), &lines, &[]).finish(),
            buses,
            branches: lines.iter().map(line_params).collect(),
            solver: PersistentSolver::new(JacobianBackend::KluNative),
            nodes: electrical.sections().map(|(_, section)| section.node.clone()).collect(),
            electrical: electrical.clone(),
        };
        grid.settle();
        Ok(grid)
    }

    /// Ends of sections in the site's order; node `i` is place `i + 1`, and place 0 the busbar.
    #[must_use]
    pub fn nodes(&self) -> &[AssetId] {
        &self.nodes
    }

    /// Number of places: the busbar and the nodes.
    #[must_use]
    pub fn places(&self) -> usize {
        self.nodes.len() + 1
    }

    /// Solves the network for a voltage above it, as a share of the nominal one (0.5 to 1.5), and
    /// the load at each place, in the order of [`Electrical::place_of`].
    ///
    /// # Errors
    /// When a load or the voltage is none that physics can mean, or the voltage collapses.
    ///
    /// # Panics
    /// When there is not exactly one load for each place.
    pub fn solve(&mut self, upstream: f64, loads: &[Load]) -> Result<Flow, FlowError> {
        assert_eq!(loads.len(), self.places(), "one load for each place");
        self.check(upstream, loads)?;
        self.start(upstream, loads);
        if !self.converges(upstream) {
            // What it kept of this attempt must not weigh on the next.
            self.settle();
            return Err(self.collapse(loads));
        }
        Ok(self.read(loads))
    }

    /// Newton's method from the voltages and powers that the buses hold.
    fn converges(&mut self, upstream: f64) -> bool {
        let (buses, admittances) = (&mut self.buses, &self.admittances);
        let solver = &mut self.solver;
        let (_, stats) = solver.solve_with_stats(buses, admittances, TOLERANCE, ITERATIONS_MAX);
        // A state that is no number passes a comparison of mismatches, so it is looked at here.
        let is_stable = |bus: &Bus| bus.voltage_mag >= STABLE_SHARE * upstream;
        let is_number = |bus: &Bus| bus.voltage_mag.is_finite() && bus.voltage_ang.is_finite();
        let is_sound = |bus: &Bus| is_number(bus) && is_stable(bus);
        stats.status == SolveStatus::Converged && self.buses.iter().all(is_sound)
    }

    /// Makes the solver anew and has it choose its order of elimination on a small load, so that
    /// a later solution is the same to the last bit whatever was solved before it.
    fn settle(&mut self) {
        self.solver = PersistentSolver::new(JacobianBackend::KluNative);
        let small = Load { active_w: 1.0, reactive_var: 0.0 };
        self.start(1.0, &vec![small; self.places()]);
        self.converges(1.0);
    }

    fn check(&self, upstream: f64, loads: &[Load]) -> Result<(), FlowError> {
        if !UPSTREAM.contains(&upstream) {
            return Err(FlowError::Upstream { ratio: upstream });
        }
        let is_number = |load: &Load| load.active_w.is_finite() && load.reactive_var.is_finite();
        match loads.iter().position(|load| !is_number(load)) {
            Some(place) => Err(FlowError::NotANumber { place: self.place(place) }),
            None => Ok(()),
        }
    }

    /// Sets loads and the voltages to start from: those of a network without load.
    fn start(&mut self, upstream: f64, loads: &[Load]) {
        let above = self.above();
        for bus in &mut self.buses {
            (bus.voltage_mag, bus.voltage_ang) = (upstream, 0.0);
        }
        for (bus, load) in self.buses[above..].iter_mut().zip(loads) {
            // Specified powers are those fed in.
            bus.p_spec = -load.active_w / BASE_VA;
            bus.q_spec = -load.reactive_var / BASE_VA;
        }
    }

    /// Buses above the busbar.
    fn above(&self) -> usize {
        usize::from(self.electrical.transformer.is_some())
    }

    fn place(&self, place: usize) -> String {
        let node = place.checked_sub(1).map(|node| self.nodes[node].to_string());
        node.unwrap_or_else(|| "the busbar".to_owned())
    }

    fn collapse(&self, loads: &[Load]) -> FlowError {
        let kilo = |of: fn(&Load) -> f64| loads.iter().map(of).sum::<f64>() / 1e3;
        let total_kw = kilo(|load| load.active_w);
        let sign = if total_kw < 0.0 { -1.0 } else { 1.0 };
        let size = |place: &usize| sign * loads[*place].active_w;
        let places = 0..loads.len();
        let largest = places.max_by(|a, b| size(a).total_cmp(&size(b))).unwrap_or_default();
        FlowError::Collapse {
            total_kw,
            total_kvar: kilo(|load| load.reactive_var),
            largest_kw: loads[largest].active_w / 1e3,
            place: self.place(largest),
        }
    }

    /// Reads the solved state.
    fn read(&self, loads: &[Load]) -> Flow {
        let (above, nominal) = (self.above(), self.electrical.nominal.get());
        let voltages = bus_voltages(&self.buses);
        // What enters each branch at its beginning, and what it loses: W, var, W.
        let powers: Vec<[f64; 3]> = (self.branches.iter())
            .map(|branch| {
                let [(p, q), (back, _)] =
                    [Terminal::From, Terminal::To].map(|end| terminal_flow(branch, end, &voltages));
                [p * BASE_VA, q * BASE_VA, (p + back) * BASE_VA]
            })
            .collect();
        let section = |(at, branch): (usize, &BranchParams)| {
            let [power_w, reactive_var, _] = powers[at];
            let volts = self.buses[branch.from].voltage_mag * nominal;
            let current_a = power_w.hypot(reactive_var) / (3f64.sqrt() * volts);
            (current_a, power_w, reactive_var)
        };
        let sections = self.branches.iter().enumerate().skip(above).map(section);
        let sections = self.electrical.sections().zip(sections).map(
            |((_, cable), (current_a, power_w, reactive_var))| SectionFlow {
                node: cable.node.clone(),
                current_a,
                loading: cable.ampacity.and_then(|most| share(current_a, most.get())),
                power_w,
                reactive_var,
            },
        );
        let node = |(bus, id): (&Bus, &AssetId)| NodeFlow {
            id: id.clone(),
            voltage_v: bus.voltage_mag * nominal,
            voltage_ratio: bus.voltage_mag,
        };
        let (import_w, import_var) = self.import(&powers, loads);
        let transformer = self.electrical.transformer.map(|transformer| {
            let apparent_va = import_w.hypot(import_var);
            let loading = share(apparent_va, transformer.rating.get()).unwrap_or(Ratio::ZERO);
            TransformerFlow { apparent_va, loading, loss_w: powers[0][2] }
        });
        Flow {
            busbar_v: self.buses[above].voltage_mag * nominal,
            nodes: self.buses[above + 1..].iter().zip(&self.nodes).map(node).collect(),
            sections: sections.collect(),
            feeders: self.feeders(&powers[above..]),
            transformer,
            losses_w: powers.iter().map(|[_, _, loss]| loss).sum(),
            import_w,
            import_var,
        }
    }

    /// Active and reactive power at the point of common coupling, W and var.
    fn import(&self, powers: &[[f64; 3]], loads: &[Load]) -> (f64, f64) {
        if self.above() == 1 {
            return (powers[0][0], powers[0][1]);
        }
        let from_busbar = |(branch, _): &(&BranchParams, &[f64; 3])| branch.from == 0;
        let entering = self.branches.iter().zip(powers).filter(from_busbar);
        let start = (loads[0].active_w, loads[0].reactive_var);
        entering.fold(start, |(w, var), (_, [p, q, _])| (w + p, var + q))
    }

    /// Feeders: what enters those of their sections that do not begin at one of their own nodes.
    fn feeders(&self, sections: &[[f64; 3]]) -> Vec<FeederFlow> {
        let mut rest = sections.iter();
        let feeder = |feeder: &site::electrical::Feeder| {
            let is_own = |from: &AssetId| feeder.sections.iter().any(|s| s.node == *from);
            let own = feeder.sections.iter().zip(rest.by_ref());
            let entering = own.filter(|(s, _)| !s.from.as_ref().is_some_and(is_own));
            let (w, var) = entering.fold((0.0, 0.0), |(w, var), (_, [p, q, _])| (w + p, var + q));
            let apparent_va = f64::hypot(w, var);
            let loading = feeder.limit.and_then(|limit| share(apparent_va, limit.get()));
            FeederFlow { id: feeder.id.clone(), apparent_va, loading }
        };
        self.electrical.feeders.iter().map(feeder).collect()
    }
}

/// A part of a whole, where there is a whole.
fn share(part: f64, whole: f64) -> Option<Ratio> {
    (whole > 0.0).then(|| Ratio::new(part / whole))
}

fn is_impedance(resistance: f64, reactance: f64) -> bool {
    resistance >= 0.0 && reactance >= 0.0 && resistance.hypot(reactance) >= IMPEDANCE_MIN
}

fn line((from, to): (usize, usize), (r, x): (f64, f64)) -> Line {
    Line { from, to, r, x, b_shunt: 0.0, g_shunt: 0.0 }
}

fn bus(idx: usize) -> Bus {
    Bus {
        idx,
        bus_type: if idx == 0 { BusType::Slack } else { BusType::PQ },
        voltage_mag: 1.0,
        voltage_ang: 0.0,
        p_spec: 0.0,
        q_spec: 0.0,
        q_min: f64::NEG_INFINITY,
        q_max: f64::INFINITY,
        u_rated: 0.0,
        zip_terms: Vec::new(),
    }
}
