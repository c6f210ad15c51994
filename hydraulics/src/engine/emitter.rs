//! Emitters: openings whose flow follows the pressure, `flow = coefficient * pressure ^ exponent`.

use epanet::types::node::NodeProperty;
use epanet::types::options::Option as EngineOption;

use super::{Engine, refused};
use crate::units::FOOT_M;
use crate::{HydraulicsError, Junction};

/// Pounds per square inch of a foot of water, as EPANET rounds it.
const PSI_PER_FOOT: f64 = 0.4333;

impl Engine {
    /// The exponent that all emitters share.
    pub(crate) fn emitter_exponent(&self) -> Result<f64, HydraulicsError> {
        self.option(EngineOption::EmitExpon)
    }

    /// Opens or closes an emitter. The coefficient is in m3/s at a metre of water.
    pub(crate) fn set_emitter(
        &self,
        junction: &Junction,
        coefficient: f64,
    ) -> Result<(), HydraulicsError> {
        let closed = self.project.set_option(EngineOption::EmitBackflow, 0.0);
        closed.map_err(refused("closing emitters to what is outside"))?;
        // EPANET reckons with the file's pressure unit: psi with US flow units, whatever the file
        // shows pressures in, and metres otherwise.
        let us = self.units.length_m < 1.0;
        let pressure_m =
            if us { FOOT_M / (PSI_PER_FOOT * self.option(EngineOption::SpGravity)?) } else { 1.0 };
        let per_unit = pressure_m.powf(self.emitter_exponent()?);
        self.set_emitter_file(junction, coefficient / self.units.flow_m3s * per_unit)
    }

    /// The coefficient of an emitter in the file's units; 0 where there is none.
    pub(crate) fn emitter_file(&self, junction: &Junction) -> Result<f64, HydraulicsError> {
        let coefficient = self.project.get_node_value(junction.index, NodeProperty::Emitter);
        coefficient.map_err(refused("reading an emitter"))
    }

    /// Sets the coefficient of an emitter in the file's units.
    pub(crate) fn set_emitter_file(
        &self,
        junction: &Junction,
        coefficient: f64,
    ) -> Result<(), HydraulicsError> {
        let done = self.project.set_node_value(junction.index, NodeProperty::Emitter, coefficient);
        done.map_err(refused("setting an emitter"))
    }

    /// Flow through an emitter in the last steady state, m3/s.
    pub(crate) fn emitter_flow_m3s(&self, junction: &Junction) -> Result<f64, HydraulicsError> {
        let flow = self.project.get_node_value(junction.index, NodeProperty::EmitterFlow);
        flow.map(|flow| flow * self.units.flow_m3s).map_err(refused("reading an emitter's flow"))
    }
}
