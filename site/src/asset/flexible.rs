//! Loads that are on or off and may wait: a filter that has its hours a day, a lift station with
//! a well. And generators, which Régie never starts: they only say what may run.

use super::Control;
use crate::ids::{AssetId, DeviceId, PointId};
use crate::tariff::Hours;
use crate::units::{Flow, Level, Money, Power, Ratio, Volume};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A load that must run so long a day, and may choose when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shiftable {
    /// Its name.
    pub id: AssetId,
    /// Its device.
    pub device: DeviceId,
    /// How it is controlled.
    pub control: Control,
    /// Power when it runs.
    pub rated_power: Power,
    /// How long it has to run in each local day: a wish.
    pub daily_run: Duration,
    /// Local hours in which it may run.
    pub hours: Hours,
    /// Once started it runs at least this long.
    pub min_run: Duration,
    /// Once stopped it rests at least this long.
    pub min_stop: Duration,
    /// Starts in any 60 minutes.
    pub max_starts_per_hour: u32,
    /// Starts in any 24 hours.
    pub max_starts_per_day: u32,
    /// What its nameplate says, as for pumps.
    pub nameplate: Option<String>,
    /// What a start costs in wear.
    pub start_cost: Money,
    /// What an hour that is missing at the end of the day costs: the price of the wish.
    pub value: Money,
    /// Its points.
    pub points: SwitchPoints,
}

/// A pump that empties a well: it may wait while there is room, and must never let it overflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiftStation {
    /// Its name.
    pub id: AssetId,
    /// Its device.
    pub device: DeviceId,
    /// How it is controlled.
    pub control: Control,
    /// Power when it pumps.
    pub rated_power: Power,
    /// What it pumps out.
    pub flow: Flow,
    /// The point of a flow meter behind it, in m3/s.
    pub measured_flow: Option<PointId>,
    /// What flows in on average: a first guess until it has learned.
    pub inflow: Flow,
    /// The level transmitter's point, in metres above the bottom.
    pub level: PointId,
    /// Height of the overflow above the bottom. Ratios below are shares of it.
    pub height: Level,
    /// Volume between bottom and overflow; the well has the same section all the way up.
    pub volume: Volume,
    /// Below this the pump stops, whatever is wished: it would run dry.
    pub low: Ratio,
    /// The band the plan keeps to and the rules pump between: lower end.
    pub band_low: Ratio,
    /// Upper end.
    pub band_high: Ratio,
    /// Above this the pump runs, whatever the price.
    pub high: Ratio,
    /// Once started it runs at least this long.
    pub min_run: Duration,
    /// Once stopped it rests at least this long.
    pub min_stop: Duration,
    /// Starts in any 60 minutes.
    pub max_starts_per_hour: u32,
    /// Starts in any 24 hours.
    pub max_starts_per_day: u32,
    /// What its nameplate says, as for pumps.
    pub nameplate: Option<String>,
    /// What a start costs in wear.
    pub start_cost: Money,
    /// Its points.
    pub points: SwitchPoints,
}

/// The points of a load that is on or off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchPoints {
    /// Feedback: it runs.
    pub running: PointId,
    /// The local/remote switch stands on remote.
    pub remote: PointId,
    /// Active power in W.
    pub power: Option<PointId>,
    /// A fault is present.
    pub fault: Option<PointId>,
}

/// A generator for outages. Régie never starts or stops it. While it runs, only what it carries may
/// be started; everything else that takes power pauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generator {
    /// Its name.
    pub id: AssetId,
    /// The point that says that it runs.
    pub running: PointId,
    /// Assets that may draw from it.
    pub carries: Vec<AssetId>,
}
