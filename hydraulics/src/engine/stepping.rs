//! EPANET's own stepping through time, for the audit.
//!
//! Nothing here tightens the file's numerics: accuracy, trials, steps and patterns stay as written,
//! because a schedule is judged by what EPANET makes of the file itself.

use epanet::types::analysis::InitHydOption;
use epanet::types::link::LinkProperty;
use epanet::types::node::NodeProperty;
use epanet::types::options::{Option as EngineOption, TimeParameter};

use super::{Engine, SYSTEM_UNBALANCED, Solved, refused};
use crate::network::{Network, Pump, PumpKind};
use crate::{HydraulicsError, Tank};

/// A project as the file has it, stepped by EPANET.
#[derive(Debug)]
pub(crate) struct Stepper {
    engine: Engine,
    /// Node, category and pattern of every demand, as EPANET numbers them.
    demand_patterns: Vec<(i32, i32, i32)>,
    default_pattern: f64,
    multiplier: f64,
    /// Whether demands now follow factors instead of the file's patterns.
    factored: bool,
    /// The file's reporting step, s: EPANET also stops there.
    pub(crate) report_step_s: u32,
}

/// Why EPANET could not go on, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stopped(pub(crate) String);

/// EPANET's numbers for a pump that is switched off: what the pump state gives.
const CLOSED: std::ops::Range<f64> = 1.5..2.5;

impl Stepper {
    /// Opens a project as written. Without controls, the file's controls, rules and pump speed
    /// patterns are removed.
    pub(crate) fn open(network: &Network, controls: bool) -> Result<Stepper, HydraulicsError> {
        let mut engine = network.open_as_written()?;
        engine.silence()?;
        if !controls {
            engine.remove_controls()?;
        }
        for pump in network.pumps() {
            if !controls {
                engine.set_link(pump.index, LinkProperty::LinkPattern, 0.0)?;
            }
            if let PumpKind::ConstantPower { .. } = pump.kind {
                // EPANET 2.3 takes kilowatts for too much; see `prepare`.
                super::scale_pump(&engine, pump, 1.0)?;
            }
        }
        network.tanks().iter().try_for_each(|tank| engine.set_limits(tank))?;
        let report_step = engine.project.get_time_parameter(TimeParameter::ReportStep);
        let report_step = report_step.map_err(refused("reading the times"))?;
        let stepper = Stepper {
            demand_patterns: engine.demand_patterns(network)?,
            default_pattern: engine.option(EngineOption::DemandPattern)?,
            multiplier: engine.option(EngineOption::DemandMult)?,
            factored: false,
            report_step_s: u32::try_from(report_step).unwrap_or(1).max(1),
            engine: {
                engine.start()?;
                engine
            },
        };
        Ok(stepper)
    }

    /// Goes to the start: levels in m above the floors, links as the file has them. With
    /// `factored` demands follow [`Stepper::set_demand_factor`] instead of the file's patterns.
    pub(crate) fn begin(
        &mut self,
        network: &Network,
        level_m: &[f64],
        duration_s: u32,
        factored: bool,
    ) -> Result<(), HydraulicsError> {
        self.follow(factored)?;
        for (tank, &level_m) in network.tanks().iter().zip(level_m) {
            self.engine.set_level(tank, level_m)?;
        }
        self.set_time(TimeParameter::Duration, duration_s)?;
        let project = &self.engine.project;
        project.init_h(InitHydOption::InitFlow).map_err(refused("preparing the hydraulic solver"))
    }

    /// Lets demands follow factors, or the file's patterns again.
    fn follow(&mut self, factored: bool) -> Result<(), HydraulicsError> {
        if self.factored == factored {
            return Ok(());
        }
        let doing = || refused("setting the demand patterns");
        let default = if factored { 0.0 } else { self.default_pattern };
        let project = &self.engine.project;
        project.set_option(EngineOption::DemandPattern, default).map_err(doing())?;
        project.set_option(EngineOption::DemandMult, self.multiplier).map_err(doing())?;
        for &(node, category, pattern) in &self.demand_patterns {
            let pattern = if factored { 0 } else { pattern };
            project.set_demand_pattern(node, category, pattern).map_err(doing())?;
        }
        self.factored = factored;
        Ok(())
    }

    /// Multiplies all base demands; only while demands follow factors.
    pub(crate) fn set_demand_factor(&self, factor: f64) -> Result<(), HydraulicsError> {
        self.engine.set_demand_factor(self.multiplier * factor)
    }

    /// Switches a pump now: 0 is off, 1 its nominal speed.
    pub(crate) fn switch(&self, pump: &Pump, speed: f64) -> Result<(), HydraulicsError> {
        // A setting of 0 would leave a pump that cannot lift half open, so off is a status.
        let (property, value) = if speed > 0.0 {
            (LinkProperty::Setting, speed * pump.nominal_speed)
        } else {
            (LinkProperty::Status, 0.0)
        };
        let done = self.engine.project.set_link_value(pump.index, property, value);
        done.map_err(refused("switching a pump"))
    }

    /// The speed a pump is asked to turn at now: 0 off, 1 nominal. A pump that cannot lift or
    /// whose tank is full still counts as switched on.
    pub(crate) fn commanded(&self, pump: &Pump) -> Result<f64, HydraulicsError> {
        let read = |property| {
            let value = self.engine.project.get_link_value(pump.index, property);
            value.map_err(refused("reading the pumps"))
        };
        let closed = CLOSED.contains(&read(LinkProperty::PumpState)?);
        let setting = read(LinkProperty::Setting)?;
        Ok(if closed { 0.0 } else { setting.max(0.0) / pump.nominal_speed })
    }

    /// Solves for this moment. A warning is part of the answer; what EPANET cannot solve, or
    /// leaves unbalanced, is a stop.
    pub(crate) fn solve(
        &self,
        network: &Network,
    ) -> Result<Result<Solved, Stopped>, HydraulicsError> {
        let warning = match self.engine.project.run_h() {
            Ok(_) => None,
            Err(error) if error.is_warning() && error.code != SYSTEM_UNBALANCED => Some(error.code),
            Err(error) => {
                let text = format!("EPANET reports {}, {}", error.code, error.message());
                return Ok(Err(Stopped(text)));
            }
        };
        let solved = self.engine.read(network, warning)?;
        if solved.is_finite() {
            return Ok(Ok(solved));
        }
        Ok(Err(Stopped("EPANET gives a result that is not a number".to_owned())))
    }

    /// Goes on by EPANET's next step, which is at most so many seconds; returns its length.
    pub(crate) fn advance(&self, at_most_s: u32) -> Result<Result<u32, Stopped>, HydraulicsError> {
        self.set_time(TimeParameter::HydStep, at_most_s.max(1))?;
        match self.engine.project.next_h() {
            Ok(0) => Ok(Err(Stopped("EPANET halts".to_owned()))),
            Ok(span_s) => Ok(Ok(u32::try_from(span_s).unwrap_or(u32::MAX))),
            Err(error) => {
                let text = format!("EPANET reports {}, {}", error.code, error.message());
                Ok(Err(Stopped(text)))
            }
        }
    }

    /// Level of each tank now, m above its floor.
    pub(crate) fn levels(&self, network: &Network) -> Result<Vec<f64>, HydraulicsError> {
        let level = |tank: &Tank| {
            let head = self.engine.project.get_node_value(tank.index, NodeProperty::Head);
            head.map(|head| head * self.engine.units.length_m - tank.elevation_m)
        };
        network
            .tanks()
            .iter()
            .map(level)
            .collect::<Result<_, _>>()
            .map_err(refused("reading tanks"))
    }

    fn set_time(&self, parameter: TimeParameter, seconds: u32) -> Result<(), HydraulicsError> {
        let seconds = i32::try_from(seconds).unwrap_or(i32::MAX);
        let done = self.engine.project.set_time_parameter(parameter, seconds);
        done.map_err(refused("setting the times"))
    }
}

impl Engine {
    fn demand_patterns(&self, network: &Network) -> Result<Vec<(i32, i32, i32)>, HydraulicsError> {
        let doing = || refused("reading a junction's demand");
        let mut patterns = Vec::new();
        for junction in network.junctions() {
            let count = self.project.get_demand_count(junction.index).map_err(doing())?;
            for category in 1..=count {
                let pattern = self.project.get_demand_pattern(junction.index, category);
                patterns.push((junction.index, category, pattern.map_err(doing())?));
            }
        }
        Ok(patterns)
    }
}
