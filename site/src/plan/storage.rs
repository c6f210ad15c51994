//! What is known of batteries and of vehicles at chargers.

use super::{Basis, Estimated};
use crate::asset::Charger;
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
    /// What it was seen to take of what it was offered; none before it has charged.
    #[serde(default)]
    pub draw: Option<Draw>,
}

/// What a vehicle takes of the current that it is offered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Draw {
    /// The most that it takes, as far as is known.
    pub most: Power,
    /// Power for each ampere offered, W/A, as long as that is less than the most.
    pub per_ampere: f64,
}

impl Draw {
    /// What to reckon with before a vehicle has charged. Many take one phase only: that much
    /// nearly all do, and no more is counted on. The current for it is that of all phases: none
    /// takes more than was meant.
    #[must_use]
    pub fn unseen(charger: &Charger) -> Self {
        let volts = charger.voltage.get();
        Self {
            most: Power::new(volts * charger.max_current.get()),
            per_ampere: volts * f64::from(charger.phases),
        }
    }
    /// The current to offer for a power.
    #[must_use]
    pub fn current_for(&self, power: Power) -> Current {
        Current::new(power.get() / self.per_ampere)
    }
}

impl Session {
    /// What to reckon with at its charger.
    #[must_use]
    pub fn draw_at(&self, charger: &Charger) -> Draw {
        let draw = self.draw.filter(|draw| draw.per_ampere > 0.0);
        let draw = draw.unwrap_or_else(|| Draw::unseen(charger));
        Draw { most: draw.most.min(charger.max_power()), ..draw }
    }
}
