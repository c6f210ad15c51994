//! What must survive a restart.

use jiff::Timestamp;
use policies::billing::PeakMeter;
use policies::district::Districts;
use policies::estimate::EstimateMemory;
use policies::fit::Fit;
use policies::forecast::Learned;
use policies::guard::GuardMemory;
use policies::inflow::Inflows;
use policies::limits::Limits;
use policies::optimise::Planner;
use policies::sessions::Habits;
use serde::{Deserialize, Serialize};
use site::plan::Plan;
use site::{PointId, Site};
use std::collections::BTreeMap;

/// Version of the state's format; another version is not taken up.
const VERSION: u32 = 1;

/// How often points in memory that wears out were written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Worn {
    /// When that was counted; it holds for that day, UTC.
    pub(super) at: Timestamp,
    /// The writes by point.
    pub(super) writes: BTreeMap<PointId, u32>,
}

/// What the controller remembers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    version: u32,
    /// Cycles since the state was created.
    pub(super) cycle: u64,
    /// Starts, run and stop times, last commands.
    pub(super) guard: GuardMemory,
    /// Standing pump combinations.
    pub(super) planner: Planner,
    /// Profiles learned.
    pub(super) learned: Learned,
    /// What was learned about the model of the water network.
    #[serde(default)]
    pub(super) fit: Fit,
    /// What visitors to the chargers are used to.
    #[serde(default)]
    pub(super) habits: Habits,
    /// What flows into the wells of lift stations.
    #[serde(default)]
    pub(super) inflows: Inflows,
    /// Limits from outside.
    #[serde(default)]
    pub(super) limits: Limits,
    /// Values that may stand in for missing ones.
    pub(super) estimate: EstimateMemory,
    /// The billing period's highest average imports, and what was above the subscribed power.
    pub(super) peak: PeakMeter,
    /// Nights and days of the districts. A state from before there were districts has none.
    #[serde(default)]
    pub(super) districts: Districts,
    /// Writes of the day to memory that wears out: a restart gives no device a new budget. A state
    /// from before it was kept has none.
    #[serde(default)]
    pub(super) worn: Worn,
    /// The last plan.
    pub(super) plan: Option<Plan>,
    /// Hash over all records, in hexadecimal.
    pub(super) hash: String,
}

impl State {
    /// The state of a site that was never run.
    #[must_use]
    pub fn new(site: &Site) -> Self {
        Self {
            version: VERSION,
            cycle: 0,
            guard: GuardMemory::default(),
            planner: Planner::default(),
            learned: Learned::new(site),
            fit: Fit::default(),
            habits: Habits::default(),
            inflows: Inflows::default(),
            limits: Limits::default(),
            estimate: EstimateMemory::default(),
            peak: PeakMeter::default(),
            districts: Districts::default(),
            worn: Worn::default(),
            plan: None,
            hash: String::new(),
        }
    }

    /// Begins with profiles that were learned elsewhere.
    #[must_use]
    pub fn with(mut self, learned: Learned) -> Self {
        self.learned = learned;
        self
    }

    /// Numbers on from a cycle that an earlier state had reached.
    #[must_use]
    pub const fn after(mut self, cycle: u64) -> Self {
        self.cycle = cycle;
        self
    }

    /// Begins with a guard that leaves out one check, for tests that show what it is there for. It
    /// is not stored: after a restart it has to be said again.
    ///
    /// # Errors
    /// The name, when there is no such check.
    #[cfg(feature = "guard-holes")]
    pub fn leaving_out(mut self, check: &str) -> Result<Self, String> {
        self.guard.leave_out(check)?;
        Ok(self)
    }

    /// Takes up a stored state.
    ///
    /// # Errors
    /// In words, when it is of another version or does not fit; the caller then starts anew.
    pub fn restore(stored: serde_json::Value) -> Result<Self, String> {
        let version = stored.get("version").and_then(serde_json::Value::as_u64);
        if version != Some(u64::from(VERSION)) {
            return Err(format!("the state is of version {version:?}, this is {VERSION}"));
        }
        serde_json::from_value(stored).map_err(|error| format!("the state cannot be read: {error}"))
    }
}
