//! What is shown of batteries, chargers, wells and limits from outside.

use crate::store::ResetEntry;
use jiff::Timestamp;
use policies::guard::Trip;
use policies::limits::Order;
use serde::{Deserialize, Serialize};
use site::AssetId;
use site::external::{Direction, ExternalLimit};
use site::plan::{Basis, Session};
use std::collections::BTreeMap;

/// What only some kinds of assets have; null where it is unknown or does not apply.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetDetails {
    /// A battery's state of charge, as a share.
    pub charge_ratio: Option<f64>,
    /// A battery's setpoint in force, in W, positive when charging.
    pub setting_watts: Option<f64>,
    /// A charger's current limit in force, in A.
    pub setting_amperes: Option<f64>,
    /// Whether a vehicle is plugged in.
    pub connected: Option<bool>,
    /// What the vehicle wants.
    pub session: Option<SessionStatus>,
    /// How long a shiftable load has run in the present local day, in s, ..
    pub run_today_seconds: Option<f64>,
    /// .. and how long it has to, in s.
    pub daily_run_seconds: Option<f64>,
    /// The level of a lift station's well, as a share of its height.
    pub level_ratio: Option<f64>,
}

/// A vehicle at a charger.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SessionStatus {
    /// When it came, as far as was seen.
    pub arrival: Timestamp,
    /// When it leaves, as far as is known.
    pub departure: Timestamp,
    /// Energy still wanted, in Wh.
    pub wanted_watthours: f64,
    /// How this is known.
    pub basis: Basis,
    /// The most power that it was seen to take, in W; null before it has charged.
    #[serde(default)]
    pub most_watts: Option<f64>,
}

impl From<Session> for SessionStatus {
    fn from(session: Session) -> Self {
        let Session { arrival, departure, wanted, basis, draw } = session;
        Self {
            arrival,
            departure,
            wanted_watthours: wanted.get(),
            basis,
            most_watts: draw.map(|draw| draw.most.get()),
        }
    }
}

/// The trips that hold, and what was reset.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TripReport {
    /// What has tripped, by asset.
    pub trips: BTreeMap<AssetId, Trip>,
    /// The last resets, the newest first.
    pub resets: Vec<ResetEntry>,
}

/// A limit from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitStatus {
    /// The number by which it can be cleared; null when it is read from the grid's device.
    pub id: Option<u64>,
    /// Which way.
    pub direction: Direction,
    /// The most, in W.
    pub watts: f64,
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub until: Timestamp,
    /// Who ordered it.
    pub author: String,
    /// Why, in their words.
    pub reason: String,
    /// Whether it was in force when this was shown.
    pub in_force: bool,
}

impl LimitStatus {
    /// A limit as it stands at an instant.
    #[must_use]
    pub fn new(id: Option<u64>, limit: &ExternalLimit, now: Timestamp) -> Self {
        Self {
            id,
            direction: limit.direction,
            watts: limit.power.get(),
            from: limit.from,
            until: limit.until,
            author: limit.author.clone(),
            reason: limit.reason.clone(),
            in_force: limit.holds(now),
        }
    }

    /// A limit that somebody entered.
    #[must_use]
    pub fn of_order(order: &Order, now: Timestamp) -> Self {
        Self::new(Some(order.id), &order.limit, now)
    }
}
