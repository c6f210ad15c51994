//! The only place that speaks to EPANET.
//!
//! Everything above it is in SI units; everything below in the file's. EPANET counts from 1.

mod describe;
mod diagnose;
mod emitter;
mod file;
mod prepare;
mod stepping;

use std::path::Path;

use epanet::EPANET;
use epanet::epanet_error::EPANETError;
use epanet::types::analysis::InitHydOption;
use epanet::types::link::LinkProperty;
use epanet::types::node::NodeProperty;
use epanet::types::options::Option as EngineOption;

pub(crate) use describe::describe;
pub(crate) use file::read_file;
pub(crate) use prepare::{Numerics, prepare, scale_pump, scale_roughness};
pub(crate) use stepping::{Stepper, Stopped};

use crate::units::FileUnits;
use crate::{HydraulicsError, Junction, Network, Pump, Reservoir, Tank};

/// One EPANET project. It may move to another thread but two threads may not share it.
#[derive(Debug)]
pub(crate) struct Engine {
    project: EPANET,
    units: FileUnits,
    /// Whether the hydraulic solver is open and must be closed: EPANET would leak its memory.
    solving: bool,
}

/// How the solver begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guess {
    /// From standard flows, so that the answer does not depend on earlier ones.
    Fresh,
    /// From the last flows, which is quicker when little has changed.
    LastFlows,
}

/// One steady state, in SI units.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Solved {
    /// Head of each node in EPANET's order, m.
    pub(crate) head_m: Vec<f64>,
    /// What leaves the network at each node, m3/s; for a tank or a reservoir what enters it.
    pub(crate) outflow_m3s: Vec<f64>,
    /// Flow of each pump, m3/s.
    pub(crate) pump_flow_m3s: Vec<f64>,
    /// Electrical power of each pump, W.
    pub(crate) pump_power_w: Vec<f64>,
    /// State of each pump.
    pub(crate) pump_state: Vec<PumpState>,
    /// EPANET's warning, if any.
    pub(crate) warning: Option<i32>,
}

/// What EPANET says of a pump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PumpState {
    /// Off, or running within its curve.
    Normal,
    /// Switched on, but the network asks for more head than it has.
    CannotLift,
    /// Delivers more than its curve covers.
    BeyondCurve,
}

/// Position of an EPANET node, counted from 1, in a list.
pub(crate) fn slot(index: i32) -> usize {
    usize::try_from(index - 1).expect("EPANET counts from 1")
}

/// A refused call, in our terms.
fn refused(doing: &'static str) -> impl Fn(EPANETError) -> HydraulicsError {
    move |error| HydraulicsError::Engine {
        doing,
        code: error.code,
        message: error.message().to_owned(),
    }
}

impl Engine {
    /// Opens a project from the text of a network file. The path is only for messages.
    pub(crate) fn open(path: &Path, text: &[u8]) -> Result<Engine, HydraulicsError> {
        let copy = file::Scratch::write("network", text)?;
        // EPANET writes its report to standard output unless it is given a file.
        let opened = {
            let _alone = file::reading_alone();
            EPANET::with_inp_file(copy.name(), file::NO_REPORT, "")
        };
        let project = match opened {
            Ok(project) => project,
            Err(error) => return Err(diagnose::diagnose(path, text, &copy, &error)),
        };
        let flow = project.get_flow_units().map_err(refused("reading the flow unit"))?;
        let units = FileUnits::of(flow).ok_or_else(|| HydraulicsError::Unsuitable {
            path: path.to_owned(),
            what: format!("its flow unit {flow:?} is unknown; use LPS or CMH"),
        })?;
        Ok(Engine { project, units, solving: false })
    }

    /// Opens the hydraulic solver. The network's structure cannot be changed afterwards.
    pub(crate) fn start(&mut self) -> Result<(), HydraulicsError> {
        self.project.open_h().map_err(refused("opening the hydraulic solver"))?;
        self.solving = true;
        Ok(())
    }

    /// Opens the hydraulic solver for the first time, with EPANET's own findings where it refuses.
    fn try_start(&mut self, path: &Path, text: &[u8]) -> Result<(), HydraulicsError> {
        if let Err(error) = self.project.open_h() {
            let copy = file::Scratch::write("network", text)?;
            return Err(diagnose::diagnose(path, text, &copy, &error));
        }
        self.solving = true;
        Ok(())
    }

    /// Switches a pump: 0 is off, 1 its nominal speed.
    pub(crate) fn set_pump(&self, pump: &Pump, speed: f64) -> Result<(), HydraulicsError> {
        let set = |property, value| {
            let done = self.project.set_link_value(pump.index, property, value);
            done.map_err(refused("switching a pump"))
        };
        if speed > 0.0 {
            set(LinkProperty::InitSetting, speed * pump.nominal_speed)?;
        }
        set(LinkProperty::InitStatus, if speed > 0.0 { 1.0 } else { 0.0 })
    }

    /// Sets the level of a tank, m.
    pub(crate) fn set_level(&self, tank: &Tank, level_m: f64) -> Result<(), HydraulicsError> {
        let level = tank.level_file(level_m, self.units.length_m);
        self.set_level_file(tank, level)
    }

    /// Sets the level of a tank exactly to its upper or lower limit.
    pub(crate) fn set_level_limit(&self, tank: &Tank, full: bool) -> Result<(), HydraulicsError> {
        self.set_level_file(tank, if full { tank.level_max_file } else { tank.level_min_file })
    }

    fn set_level_file(&self, tank: &Tank, level: f64) -> Result<(), HydraulicsError> {
        let done = self.project.set_node_value(tank.index, NodeProperty::TankLevel, level);
        done.map_err(refused("setting a tank level"))
    }

    /// Sets the head of a reservoir, m.
    pub(crate) fn set_reservoir(
        &self,
        reservoir: &Reservoir,
        head_m: f64,
    ) -> Result<(), HydraulicsError> {
        let head = head_m / self.units.length_m;
        let done = self.project.set_node_value(reservoir.index, NodeProperty::TankLevel, head);
        done.map_err(refused("setting a reservoir head"))
    }

    /// Sets the demand of a junction, m3/s, before the demand factor.
    pub(crate) fn set_demand(
        &self,
        junction: &Junction,
        demand_m3s: f64,
    ) -> Result<(), HydraulicsError> {
        let demand = demand_m3s / self.units.flow_m3s;
        let done = self.project.set_base_demand(junction.index, 1, demand);
        done.map_err(refused("setting a demand"))
    }

    /// Multiplies all demands.
    pub(crate) fn set_demand_factor(&self, factor: f64) -> Result<(), HydraulicsError> {
        let done = self.project.set_option(EngineOption::DemandMult, factor);
        done.map_err(refused("setting the demand factor"))
    }

    /// Solves for a steady state.
    pub(crate) fn solve(&self, network: &Network, guess: Guess) -> Result<Solved, HydraulicsError> {
        let option = match guess {
            Guess::Fresh => InitHydOption::InitFlow,
            Guess::LastFlows => InitHydOption::NoSave,
        };
        self.project.init_h(option).map_err(refused("preparing the hydraulic solver"))?;
        let warning = match self.project.run_h() {
            Ok(_) => None,
            Err(error) if error.code == SYSTEM_UNBALANCED => {
                return Err(not_converged("flows and heads do not settle"));
            }
            Err(error) if error.is_warning() => Some(error.code),
            Err(error) if error.code == EQUATIONS_UNSOLVABLE => {
                return Err(not_converged("the equations cannot be solved"));
            }
            Err(error) => return Err(refused("solving the hydraulics")(error)),
        };
        let solved = self.read(network, warning)?;
        if solved.is_finite() { Ok(solved) } else { Err(not_converged("a result is not a number")) }
    }

    /// Flow of a link in the last steady state, m3/s, positive from its first node to its second.
    pub(crate) fn link_flow_m3s(&self, link: i32) -> Result<f64, HydraulicsError> {
        let flow = self.project.get_link_value(link, LinkProperty::Flow);
        Ok(flow.map_err(refused("reading a link"))? * self.units.flow_m3s)
    }

    fn read(&self, network: &Network, warning: Option<i32>) -> Result<Solved, HydraulicsError> {
        let nodes = |property, unit: f64| -> Result<Vec<f64>, HydraulicsError> {
            let values = self.project.get_node_values(property);
            let mut values = values.map_err(refused("reading the nodes"))?;
            values.iter_mut().for_each(|value| *value *= unit);
            Ok(values)
        };
        let pumps = |property, unit: f64| -> Result<Vec<f64>, HydraulicsError> {
            let read = |pump: &Pump| self.project.get_link_value(pump.index, property);
            let read = |pump| read(pump).map(|value| value * unit);
            network
                .pumps()
                .iter()
                .map(read)
                .collect::<Result<_, _>>()
                .map_err(refused("reading the pumps"))
        };
        let state = pumps(LinkProperty::PumpState, 1.0)?;
        Ok(Solved {
            head_m: nodes(NodeProperty::Head, self.units.length_m)?,
            outflow_m3s: nodes(NodeProperty::Demand, self.units.flow_m3s)?,
            pump_flow_m3s: pumps(LinkProperty::Flow, self.units.flow_m3s)?,
            // EPANET gives kilowatts whatever the file's units.
            pump_power_w: pumps(LinkProperty::Energy, 1e3)?,
            pump_state: state.into_iter().map(PumpState::of).collect(),
            warning,
        })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.solving {
            // Nothing can be done about a solver that does not close; the project goes with it.
            let _ = self.project.close_h();
        }
    }
}

impl PumpState {
    /// From EPANET's number: 0 cannot lift, 5 beyond the curve.
    fn of(number: f64) -> PumpState {
        if number < 0.5 {
            PumpState::CannotLift
        } else if (4.5..5.5).contains(&number) {
            PumpState::BeyondCurve
        } else {
            PumpState::Normal
        }
    }
}

impl Solved {
    fn is_finite(&self) -> bool {
        let lists = [&self.head_m, &self.outflow_m3s, &self.pump_flow_m3s, &self.pump_power_w];
        lists.iter().all(|list| list.iter().all(|value| value.is_finite()))
    }
}

/// EPANET's warning that it ran out of trials.
const SYSTEM_UNBALANCED: i32 = 1;
/// EPANET's error for a matrix without solution.
const EQUATIONS_UNSOLVABLE: i32 = 110;

fn not_converged(detail: &str) -> HydraulicsError {
    HydraulicsError::NotConverged { detail: detail.to_owned() }
}
