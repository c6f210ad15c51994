//! Makes a freshly opened project ours: nothing in it moves unless we move it.

use epanet::types::CountType;
use epanet::types::curve::CurveType;
use epanet::types::link::{LinkProperty, LinkType};
use epanet::types::node::NodeProperty;
use epanet::types::options::{Option as EngineOption, StatusReport};

use super::{Engine, refused};
use crate::network::{Pump, PumpKind};
use crate::{HydraulicsError, Junction, Network, Tank};

/// A pattern that is always 1. Ids are compared as text, so a clash is only a question of luck;
/// with one the file is refused rather than misread.
const CONSTANT_PATTERN: &str = "regie-constant";

/// Trials EPANET is given at least: files often grant 40, too few for status changes to settle.
const TRIALS_MIN: f64 = 200.0;
/// Extra trials with frozen statuses before an operating point counts as impossible.
const EXTRA_TRIALS_MIN: f64 = 20.0;
/// Sum of flow changes over sum of flows at which a solution counts as found, at most.
const ACCURACY_MAX: f64 = 1e-5;

/// How hard EPANET tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numerics {
    /// At least as hard as a twin needs: more trials, a finer accuracy.
    Fine,
    /// As the file says: what another EPANET, run on the same file, will find.
    File,
}

/// Removes controls, rules and patterns, sets the numerics, silences the report.
pub(crate) fn prepare(
    engine: &Engine,
    network: &Network,
    numerics: Numerics,
) -> Result<(), HydraulicsError> {
    engine.remove_controls()?;
    engine.silence()?;
    if numerics == Numerics::Fine {
        engine.refine()?;
    }
    let constant = engine.add_constant_pattern()?;
    for junction in network.junctions() {
        engine.set_constant_demand(junction, constant)?;
    }
    engine.set_demand_factor(1.0)?;
    for reservoir in network.reservoirs() {
        engine.set_node(reservoir.index, NodeProperty::Pattern, 0.0)?;
        engine.set_reservoir(reservoir, reservoir.head_m)?;
    }
    for pump in network.pumps() {
        engine.set_link(pump.index, LinkProperty::LinkPattern, 0.0)?;
        if let PumpKind::ConstantPower { .. } = pump.kind {
            // EPANET 2.3 converts kilowatts to horsepower twice, when it loads a file and when it
            // opens the solver, and so makes such pumps a third too strong in SI files. Power that
            // is set again is converted once.
            scale_pump(engine, pump, 1.0)?;
        }
    }
    network.tanks().iter().try_for_each(|tank| engine.set_limits(tank))
}

/// Multiplies the roughness coefficient of every pipe.
pub(crate) fn scale_roughness(engine: &Engine, factor: f64) -> Result<(), HydraulicsError> {
    let doing = || refused("scaling the roughness");
    for index in 1..=engine.count(CountType::LinkCount)? {
        let kind = engine.project.get_link_type(index).map_err(doing())?;
        if matches!(kind, LinkType::Pipe | LinkType::CvPipe) {
            let roughness = engine.project.get_link_value(index, LinkProperty::Roughness);
            let roughness = roughness.map_err(doing())?;
            engine.set_link(index, LinkProperty::Roughness, roughness * factor)?;
        }
    }
    Ok(())
}

/// Multiplies the lift of one pump at every flow; for a pump of constant power, the power.
pub(crate) fn scale_pump(engine: &Engine, pump: &Pump, factor: f64) -> Result<(), HydraulicsError> {
    let doing = || refused("scaling a pump's head curve");
    match &pump.kind {
        PumpKind::ConstantPower { power_w } => {
            let power = power_w * factor / engine.units.power_w;
            engine.set_link(pump.index, LinkProperty::PumpPower, power)
        }
        PumpKind::HeadCurve { points, .. } => {
            // Pumps may share a curve, so each gets its own.
            let id = format!("regie-head-{}", pump.index);
            let scaled: Vec<(f64, f64)> = points
                .iter()
                .map(|&(flow, head)| {
                    (flow / engine.units.flow_m3s, head * factor / engine.units.length_m)
                })
                .collect();
            let curve = engine.project.create_curve(&id, CurveType::PumpCurve, &scaled);
            curve.map_err(doing())?;
            let curve = engine.project.get_curve_index(&id).map_err(doing())?;
            engine.project.set_head_curve_index(pump.index, curve).map_err(doing())
        }
    }
}

impl Engine {
    pub(super) fn remove_controls(&self) -> Result<(), HydraulicsError> {
        let doing = || refused("removing the file's controls");
        for index in (1..=self.count(CountType::ControlCount)?).rev() {
            let control = self.project.get_control(index).map_err(doing())?;
            self.project.delete_control(control).map_err(doing())?;
        }
        for index in (1..=self.count(CountType::RuleCount)?).rev() {
            self.project.delete_rule(index).map_err(doing())?;
        }
        Ok(())
    }

    fn refine(&self) -> Result<(), HydraulicsError> {
        let set = |option, value| {
            self.project.set_option(option, value).map_err(refused("setting the numerics"))
        };
        let trials = self.option(EngineOption::Trials)?;
        set(EngineOption::Trials, trials.max(TRIALS_MIN))?;
        let extra = self.option(EngineOption::Unbalanced)?;
        set(EngineOption::Unbalanced, extra.max(EXTRA_TRIALS_MIN))?;
        let accuracy = self.option(EngineOption::Accuracy)?;
        set(EngineOption::Accuracy, accuracy.min(ACCURACY_MAX))
    }

    pub(super) fn silence(&self) -> Result<(), HydraulicsError> {
        let doing = || refused("silencing the report");
        self.project.set_status_report(StatusReport::NoReport).map_err(doing())?;
        self.project.set_report("MESSAGES NO").map_err(doing())
    }

    fn add_constant_pattern(&self) -> Result<i32, HydraulicsError> {
        let doing = || refused("adding a constant pattern");
        self.project.add_pattern(CONSTANT_PATTERN).map_err(doing())?;
        self.project.get_pattern_index(CONSTANT_PATTERN).map_err(doing())
    }

    /// The whole base demand in the first category, without a pattern.
    fn set_constant_demand(
        &self,
        junction: &Junction,
        pattern: i32,
    ) -> Result<(), HydraulicsError> {
        let doing = || refused("neutralising a junction's demand");
        let node = junction.index;
        let count = self.project.get_demand_count(node).map_err(doing())?;
        if count == 0 {
            self.project.add_demand(node, 0.0, CONSTANT_PATTERN, "").map_err(doing())?;
        }
        for category in 1..=count {
            self.project.set_demand_pattern(node, category, pattern).map_err(doing())?;
            self.project.set_base_demand(node, category, 0.0).map_err(doing())?;
        }
        self.set_demand(junction, junction.base_demand_m3s)
    }

    /// Sets the limits again, with the very numbers that later set levels at them.
    pub(super) fn set_limits(&self, tank: &Tank) -> Result<(), HydraulicsError> {
        let middle = 0.5 * (tank.level_min_file + tank.level_max_file);
        self.set_node(tank.index, NodeProperty::TankLevel, middle)?;
        self.set_node(tank.index, NodeProperty::MinLevel, tank.level_min_file)?;
        self.set_node(tank.index, NodeProperty::MaxLevel, tank.level_max_file)?;
        self.set_level(tank, tank.level_initial_m)
    }

    fn set_node(
        &self,
        node: i32,
        property: NodeProperty,
        value: f64,
    ) -> Result<(), HydraulicsError> {
        let done = self.project.set_node_value(node, property, value);
        done.map_err(refused("preparing a node"))
    }

    pub(super) fn set_link(
        &self,
        link: i32,
        property: LinkProperty,
        value: f64,
    ) -> Result<(), HydraulicsError> {
        let done = self.project.set_link_value(link, property, value);
        done.map_err(refused("preparing a link"))
    }
}
