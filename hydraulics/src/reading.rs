//! A steady state in the words of the water trade.

use crate::Network;
use crate::engine::{PumpState, Solved, slot};

/// The lowest pressure among the nodes where water is taken.
#[derive(Debug, Clone, PartialEq)]
pub struct LowestPressure {
    /// The node.
    pub node: String,
    /// Its pressure, metres of water; negative where the network sucks air.
    pub metres: f64,
}

/// Something the caller should know about a solution that EPANET nevertheless found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Warning {
    /// A pump is on but the network asks for more head than it has; it delivers nothing. EPANET
    /// books no power for it, a real one would still draw some.
    PumpCannotLift {
        /// The pump.
        pump: String,
    },
    /// A pump delivers more than its curve covers; flow and power are extrapolated.
    PumpBeyondCurve {
        /// The pump.
        pump: String,
    },
    /// The pressure is negative at a node where water is taken; the demand is not really met.
    NegativePressure,
    /// Demand that no open source can reach; EPANET counts it as delivered all the same.
    Starved,
    /// A valve cannot hold its setting.
    ValveCannotHold,
    /// EPANET found a solution only with statuses frozen.
    Unstable,
    /// A tank changed between full and not full so often within one step that the rest of the step
    /// was taken as a whole; what did not fit is booked as overflow.
    TankChatter,
}

/// EPANET's warning numbers that say more than can be read from heads and flows.
const UNSTABLE: i32 = 2;
const VALVE: i32 = 5;

/// Flow, m3/s, and share of the demand that may be missing from the sum of all flows before a
/// demand counts as starved.
const MISSING_M3S: f64 = 1e-5;
const MISSING_SHARE: f64 = 1e-3;

/// What a solution means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub(crate) tank_inflow_m3s: Vec<f64>,
    pub(crate) reservoir_supply_m3s: Vec<f64>,
    /// Everything that enters: reservoirs, and junctions with negative demand.
    pub(crate) inflow_m3s: f64,
    /// Everything that leaves at junctions: demand, leakage, emitters.
    pub(crate) delivered_m3s: f64,
    pub(crate) lowest_pressure: Option<LowestPressure>,
    pub(crate) warnings: Vec<Warning>,
}

impl Reading {
    pub(crate) fn of(network: &Network, solved: &Solved) -> Reading {
        let at = |index: i32| solved.outflow_m3s[slot(index)];
        let supply: Vec<f64> = network.reservoirs().iter().map(|r| -at(r.index)).collect();
        let tank_inflow: Vec<f64> = network.tanks().iter().map(|tank| at(tank.index)).collect();
        let junctions = network.junctions().iter().map(|junction| at(junction.index));
        let (mut taken, mut given) = (0.0, 0.0);
        for outflow in junctions {
            if outflow > 0.0 { taken += outflow } else { given -= outflow }
        }
        let mut reading = Reading {
            inflow_m3s: supply.iter().sum::<f64>() + given,
            delivered_m3s: taken,
            lowest_pressure: lowest_pressure(network, solved),
            tank_inflow_m3s: tank_inflow,
            reservoir_supply_m3s: supply,
            warnings: Vec::new(),
        };
        reading.warn(network, solved);
        reading
    }

    fn warn(&mut self, network: &Network, solved: &Solved) {
        for (pump, state) in network.pumps().iter().zip(&solved.pump_state) {
            let pump = || pump.id.clone();
            match state {
                PumpState::Normal => {}
                PumpState::CannotLift => {
                    self.warnings.push(Warning::PumpCannotLift { pump: pump() });
                }
                PumpState::BeyondCurve => {
                    self.warnings.push(Warning::PumpBeyondCurve { pump: pump() });
                }
            }
        }
        if self.lowest_pressure.as_ref().is_some_and(|lowest| lowest.metres < 0.0) {
            self.warnings.push(Warning::NegativePressure);
        }
        let stored: f64 = self.tank_inflow_m3s.iter().sum();
        let missing = self.delivered_m3s - (self.inflow_m3s - stored);
        if missing.abs() > MISSING_M3S + MISSING_SHARE * self.delivered_m3s {
            self.warnings.push(Warning::Starved);
        }
        match solved.warning {
            Some(UNSTABLE) => self.warnings.push(Warning::Unstable),
            Some(VALVE) => self.warnings.push(Warning::ValveCannotHold),
            _ => {}
        }
    }
}

/// Pressure at a junction, metres of water.
pub(crate) fn pressure_m(solved: &Solved, junction: &crate::Junction) -> f64 {
    solved.head_m[slot(junction.index)] - junction.elevation_m
}

fn lowest_pressure(network: &Network, solved: &Solved) -> Option<LowestPressure> {
    // A junction also counts while a run takes water where the file takes none.
    let taken = |junction: &&crate::Junction| {
        junction.has_demand || solved.outflow_m3s[slot(junction.index)] > 0.0
    };
    let pressures = network.junctions().iter().filter(taken);
    let pressures = pressures.map(|junction| (pressure_m(solved, junction), junction));
    let (metres, junction) = pressures.min_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(LowestPressure { node: junction.id.clone(), metres })
}
