//! Chargers of electric vehicles and what their sessions want.

use super::Control;
use crate::days::Days;
use crate::ids::{AssetId, DeviceId, PointId};
use crate::units::{Current, Energy, Power, Price, Voltage};
use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A charger with one socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Charger {
    /// Its name.
    pub id: AssetId,
    /// Its device.
    pub device: DeviceId,
    /// How it is controlled.
    pub control: Control,
    /// Phases it charges with, 1 or 3.
    pub phases: u8,
    /// Voltage from a phase to neutral.
    pub voltage: Voltage,
    /// The least current at which a vehicle charges (IEC 61851: 6 A); below it, it pauses.
    pub min_current: Current,
    /// The most current.
    pub max_current: Current,
    /// What a kWh that was wanted and is not there at departure costs: the price of the wish.
    pub value: Price,
    /// What a vehicle wants that does not say it.
    pub usual: UsualSession,
    /// Sessions known before: vehicles of the commune.
    pub bookings: Vec<Booking>,
    /// Its points.
    pub points: ChargerPoints,
}

/// What is assumed of a session of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UsualSession {
    /// Energy wanted.
    pub energy: Energy,
    /// Time from arrival to departure.
    pub stay: Duration,
}

/// A session that comes back: on these days, from arrival to the next departure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Booking {
    /// Days of arrival.
    pub days: Days,
    /// Local time of arrival.
    pub arrival: Time,
    /// Local time of departure; the next day when it is not later than the arrival.
    pub departure: Time,
    /// Energy wanted.
    pub energy: Energy,
}

/// The points of a charger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargerPoints {
    /// A vehicle is plugged in.
    pub connected: PointId,
    /// The current limit in force in A; 0 is a pause.
    pub current: PointId,
    /// Power in W.
    pub power: PointId,
    /// Energy of the present session in Wh.
    pub session: PointId,
    /// Energy that the driver asked for in Wh.
    pub wanted: Option<PointId>,
    /// Minutes until the driver leaves.
    pub leaves_in: Option<PointId>,
    /// The local/remote switch stands on remote.
    pub remote: Option<PointId>,
}

impl Charger {
    /// Power at a current.
    #[must_use]
    pub fn power_at(&self, current: Current) -> Power {
        Power::new(f64::from(self.phases) * self.voltage.get() * current.get())
    }
    /// The least power at which a vehicle charges.
    #[must_use]
    pub fn min_power(&self) -> Power {
        self.power_at(self.min_current)
    }
    /// The most power.
    #[must_use]
    pub fn max_power(&self) -> Power {
        self.power_at(self.max_current)
    }
}
