//! Batteries.

use super::Control;
use crate::ids::{AssetId, DeviceId, PointId};
use crate::units::{Energy, Power, Price, Ratio};
use serde::{Deserialize, Serialize};

/// A battery behind one inverter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Battery {
    /// Its name.
    pub id: AssetId,
    /// Its device.
    pub device: DeviceId,
    /// How it is controlled.
    pub control: Control,
    /// Usable energy between a state of charge of 0 and 100 %.
    pub capacity: Energy,
    /// The most it takes from the busbar.
    pub charge_power: Power,
    /// The most it gives to the busbar.
    pub discharge_power: Power,
    /// What comes back of what was taken, from busbar to busbar; half of the loss each way.
    pub efficiency: Ratio,
    /// The plan keeps the state of charge between these: lower end. Below it the guard forbids to
    /// discharge.
    pub charge_low: Ratio,
    /// Upper end. Above it the guard forbids to charge.
    pub charge_high: Ratio,
    /// A wish: at least this much is kept for an outage.
    pub reserve: Ratio,
    /// What a kWh given costs in wear.
    pub wear: Price,
    /// Its points.
    pub points: BatteryPoints,
}

/// The points of a battery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatteryPoints {
    /// State of charge in per cent.
    pub charge: PointId,
    /// AC power in W, positive when charging.
    pub power: PointId,
    /// The setpoint in force in W, positive when charging.
    pub setpoint: PointId,
    /// The local/remote switch stands on remote.
    pub remote: Option<PointId>,
    /// A fault is present.
    pub fault: Option<PointId>,
}

impl Battery {
    /// What reaches the cells of what is taken, and the busbar of what the cells give: the square
    /// root of the efficiency there and back.
    #[must_use]
    pub fn one_way(&self) -> f64 {
        self.efficiency.get().sqrt()
    }
}
