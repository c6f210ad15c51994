//! The format of a day's problem. Units stand in the names; powers are positive when taken, except
//! where they say otherwise. Lists `[step]` follow [`DayData::steps`].
//!
//! What all assets have in common: one that is not `commandable` does what it does; a hold binds
//! in every step that begins before its end; prices named `.._hour` are per hour of it.

mod flexible;
mod supply;
mod water;

pub use flexible::{
    BatteryData, ChargerData, LiftStationData, SessionData, ShiftableData, SwitchedData,
};
pub use supply::{
    DemandChargeData, FeederData, GridData, InverterData, LightingData, NetworkData, SectionData,
    SubscribedData, TariffData, TransformerData,
};
pub use water::{PumpData, ReserveData, StationData, TankData, WaterData};

use super::super::{Held, Hold};
use jiff::Timestamp;
use serde::Serialize;
use site::AssetId;
use site::external::{Direction, ExternalLimit};

/// Version of the format: counted up when a meaning changes.
pub const VERSION: u32 = 2;

/// All that the planner looks at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DayData {
    /// [`VERSION`].
    pub version: u32,
    /// Name of the site.
    pub site: AssetId,
    /// Name of the site's time zone: local times below are of it.
    pub time_zone: String,
    /// When it is asked.
    pub now: Timestamp,
    /// The steps of the horizon, one after the other.
    pub steps: Vec<StepData>,
    /// Load of the buildings, kW, `[step]`; with reactive power.
    pub base_load_kw: Vec<f64>,
    /// Prices.
    pub tariff: TariffData,
    /// The point of common coupling.
    pub grid: GridData,
    /// The low-voltage network, where the site declares one; otherwise all meet at one meter.
    pub network: Option<NetworkData>,
    /// Pumps and tanks.
    pub water: Option<WaterData>,
    /// PV inverters.
    pub inverters: Vec<InverterData>,
    /// Street lighting.
    pub lighting: Vec<LightingData>,
    /// Batteries.
    pub batteries: Vec<BatteryData>,
    /// Chargers of vehicles.
    pub chargers: Vec<ChargerData>,
    /// Loads that may wait.
    pub shiftable: Vec<ShiftableData>,
    /// Lift stations.
    pub lift_stations: Vec<LiftStationData>,
    /// While a generator runs: pumps, batteries, chargers and switched loads that may take power.
    pub generator_carries: Option<Vec<AssetId>>,
    /// What is held fast: the question of a counterfactual.
    pub holds: Vec<HoldData>,
    /// Limits ordered from outside. One counts in a step in whose beginning or middle it is in
    /// force; of several, and of the site's own, the lowest with its price.
    pub orders: Vec<OrderData>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepData {
    /// First instant.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
    /// What is switched takes one state for the whole step; in other steps states share the time.
    pub whole: bool,
}

/// An asset held fast.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HoldData {
    /// Which.
    pub asset: AssetId,
    /// `off`, `on` or `power`.
    pub held: &'static str,
    /// With `power`: a battery takes this (gives, when negative), others take at most this, kW.
    pub power_kw: Option<f64>,
    /// First instant at which it is free again.
    pub until: Timestamp,
}

impl From<&Hold> for HoldData {
    fn from(hold: &Hold) -> Self {
        let (held, power_kw) = match hold.held {
            Held::Off => ("off", None),
            Held::On => ("on", None),
            Held::Power(power) => ("power", Some(power.kw())),
        };
        Self { asset: hold.asset.clone(), held, power_kw, until: hold.until }
    }
}

/// A limit ordered from outside.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderData {
    /// `import` or `export`.
    pub direction: Direction,
    /// The most, kW.
    pub limit_kw: f64,
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub until: Timestamp,
}

impl From<&ExternalLimit> for OrderData {
    fn from(limit: &ExternalLimit) -> Self {
        let ExternalLimit { direction, power, from, until, .. } = limit;
        Self { direction: *direction, limit_kw: power.kw(), from: *from, until: *until }
    }
}
