//! Districts: parts of the network whose inflow is metered.

use crate::ids::AssetId;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A district metered area: what flows in, less what flows out and what its tanks take up, is
/// what is consumed and lost in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct District {
    /// Its short name, a metric label.
    pub id: AssetId,
    /// Its name for people.
    pub name: String,
    /// Flow meters at its inlets: their positive flow enters the district. Not empty.
    pub inflow: Vec<AssetId>,
    /// Flow meters at its outlets: their positive flow leaves the district.
    pub outflow: Vec<AssetId>,
    /// Tanks inside it.
    pub tanks: Vec<AssetId>,
    /// Flow meters of consumers inside it. When there are any they count as all of its
    /// consumption, and the rest is lost.
    pub metered: Vec<AssetId>,
    /// Nights before this date teach nothing: the district has changed since, and not by a leak.
    pub learn_from: Option<Date>,
}

impl District {
    /// Whether another district is measured in the same way, so that what was learned holds.
    #[must_use]
    pub fn measured_like(&self, other: &Self) -> bool {
        (&self.inflow, &self.outflow, &self.tanks) == (&other.inflow, &other.outflow, &other.tanks)
    }
}
