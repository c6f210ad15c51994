//! What an audit finds.

use std::fmt;

use crate::{LowestPressure, MassBalance, Warning};

/// Why a course of the pumps is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// EPANET found no solution, or none that balances, at some time; the audit ends there.
    EngineError,
    /// Water was made or lost. Excess: share of the demand; m3 where there was no demand.
    MassBalance,
    /// A tank came within the margin of its highest or lowest level. Excess: m.
    TankAtLimit,
    /// EPANET took far more steps than prescribed. Excess: steps.
    StepChatter,
    /// The pressure was negative where water was taken. Excess: m.
    NegativePressure,
    /// A pressure fell below its floor. Excess: m.
    Pressure,
    /// A tank ended too low. Excess: m.
    EndLevel,
    /// A pump, or all together, started too often. Excess: starts.
    Starts,
    /// A pump ran too short a time. Excess: s.
    MinRun,
    /// A pump stood still too short a time. Excess: s.
    MinStop,
}

impl Reason {
    /// The reason in one word, as in metrics and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::EngineError => "engine_error",
            Reason::MassBalance => "mass_balance",
            Reason::TankAtLimit => "tank_at_limit",
            Reason::StepChatter => "step_chatter",
            Reason::NegativePressure => "negative_pressure",
            Reason::Pressure => "pressure",
            Reason::EndLevel => "end_level",
            Reason::Starts => "starts",
            Reason::MinRun => "min_run",
            Reason::MinStop => "min_stop",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One reason not to accept a course.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The kind.
    pub reason: Reason,
    /// Where, when and by how much.
    pub text: String,
    /// How far beyond the limit, in the unit that [`Reason`] gives; above 0.
    pub excess: f64,
}

/// What an audit finds. Lists of pumps, tanks and junctions are in the network's order. Where the
/// audit ended early, everything is about the part before.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// Why the course is not accepted, sorted by reason; empty where it is.
    pub faults: Vec<Fault>,
    /// What the course costs: energy and, if the file has one, the demand charge. Nothing where
    /// there is no price, or the audit ended early. Pumps without a price cost nothing.
    pub cost: Option<f64>,
    /// Energy and its cost at each price that was paid, cheapest first. The demand charge is not
    /// in it.
    pub cost_by_price: Vec<PriceShare>,
    /// The charge for the highest power; nothing where the prices have none.
    pub demand_charge: Option<DemandCharge>,
    /// Highest power of all pumps together, W.
    pub peak_power_w: f64,
    /// Electrical energy of each pump, J.
    pub energy_j: Vec<f64>,
    /// Starts of each pump.
    pub starts: Vec<u32>,
    /// How long each pump was switched on, s.
    pub running_s: Vec<f64>,
    /// What each tank did.
    pub tanks: Vec<TankCourse>,
    /// Lowest pressure of each junction with demand; nothing for the others.
    pub lowest_pressure: Vec<Option<PressureLow>>,
    /// The lowest of these.
    pub lowest: Option<LowestPressure>,
    /// What to mistrust, each thing once, sorted.
    pub warnings: Vec<Warning>,
    /// How many steps EPANET took.
    pub hydraulic_steps: u32,
    /// How many steps the file and the question prescribe.
    pub nominal_steps: u32,
    /// Where the water went: flows integrated as nodes really got them, storage from the levels.
    pub balance: MassBalance,
    /// What the pumps were switched to, from the start on.
    pub applied: Vec<Applied>,
    /// Levels and power at the begin of every step of EPANET, and at the end.
    pub samples: Vec<Sample>,
    /// How far the audit came, s.
    pub ended_s: u32,
}

/// Energy at one price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PriceShare {
    /// The price of a kWh.
    pub per_kwh: f64,
    /// Energy bought at it, kWh.
    pub energy_kwh: f64,
    /// What that cost.
    pub cost: f64,
}

/// A charge for the highest power.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DemandCharge {
    /// Highest power of all pumps together, kW.
    pub peak_kw: f64,
    /// What a kW of it costs.
    pub per_kw: f64,
    /// What it costs.
    pub cost: f64,
}

/// What a tank did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TankCourse {
    /// Lowest level, m above the floor.
    pub min_m: f64,
    /// When it first was that low, s after the start.
    pub min_at_s: u32,
    /// Highest level, m above the floor.
    pub max_m: f64,
    /// When it first was that high, s after the start.
    pub max_at_s: u32,
    /// Level at the start, m above the floor.
    pub start_m: f64,
    /// Level at the end, m above the floor.
    pub end_m: f64,
    /// Water at the start, m3.
    pub start_m3: f64,
    /// Water at the end, m3.
    pub end_m3: f64,
}

/// A lowest pressure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PressureLow {
    /// The pressure, m of water.
    pub metres: f64,
    /// When it first was that low, s after the start.
    pub at_s: u32,
}

/// What the pumps were switched to from some time on.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// From when, s after the start.
    pub from_s: u32,
    /// Speed of each pump: 0 off, 1 nominal.
    pub speed: Vec<f64>,
}

/// A moment of the course.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When, s after the start.
    pub at_s: u32,
    /// Level of each tank, m above its floor. Between two samples levels move on straight lines.
    pub level_m: Vec<f64>,
    /// Power of all pumps from here to the next sample, W; nothing at the end.
    pub power_w: Option<f64>,
}

impl Audit {
    /// Whether the course is accepted.
    #[must_use]
    pub fn feasible(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether there is a fault of a kind.
    #[must_use]
    pub fn has(&self, reason: Reason) -> bool {
        self.faults.iter().any(|fault| fault.reason == reason)
    }

    /// Electrical energy of all pumps, kWh.
    #[must_use]
    pub fn energy_kwh(&self) -> f64 {
        self.energy_j.iter().sum::<f64>() / JOULE_PER_KWH
    }

    /// Starts of all pumps.
    #[must_use]
    pub fn total_starts(&self) -> u32 {
        self.starts.iter().sum()
    }

    /// Water that all tanks hold more at the end than at the start, m3.
    #[must_use]
    pub fn storage_change_m3(&self) -> f64 {
        self.tanks.iter().map(|tank| tank.end_m3 - tank.start_m3).sum()
    }
}

pub(super) const JOULE_PER_KWH: f64 = 3.6e6;
