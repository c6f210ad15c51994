//! What is known of batteries and of vehicles at chargers.

use super::{Basis, Estimated};
use crate::units::{Current, Energy, Power, Ratio};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known of a battery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatteryState {
    /// State of charge; none when unknown.
    pub charge: Option<Estimated<Ratio>>,
    /// Its power, positive when charging.
    pub power: Option<Power>,
    /// The setpoint in force.
    pub setting: Option<Power>,
    /// Why the plan cannot count on it; none when it can.
    pub unavailable: Option<String>,
}

/// What is known of a charger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChargerState {
    /// Whether a vehicle is plugged in; none when unknown.
    pub connected: Option<bool>,
    /// Its power.
    pub power: Option<Power>,
    /// The current limit in force.
    pub setting: Option<Current>,
    /// The vehicle that is there; none when there is none, or nothing is known of it.
    pub session: Option<Session>,
    /// Why the plan cannot count on it; none when it can.
    pub unavailable: Option<String>,
}

/// A vehicle at a charger, now or later.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// When it came, or will.
    pub arrival: Timestamp,
    /// When it leaves.
    pub departure: Timestamp,
    /// Energy still wanted.
    pub wanted: Energy,
    /// How this is known: measured (the vehicle said so), modelled (a booking or habit), default.
    pub basis: Basis,
}
