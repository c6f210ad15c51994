//! What is believed, what is expected, and what is intended: estimate, forecast and plan as data.
//! How they are made is the business of `policies`.

mod fit;
mod storage;

pub use fit::{Misfit, MisfitKind, PumpFit};
pub use storage::{BatteryState, ChargerState, Draw, Session};

use crate::external::ExternalLimit;
use crate::ids::AssetId;
use crate::time::Now;
use crate::units::{Flow, Level, Money, Power, Price, Ratio, Voltage};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How a number was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Read in this cycle.
    Measured,
    /// Read before, and held for a short while.
    Held,
    /// From a model.
    Modelled,
    /// From a forecast that others made.
    Outside,
    /// From the site file, because nothing better is known.
    Default,
}

impl Basis {
    /// In words, for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Held => "held from before",
            Self::Modelled => "from a model",
            Self::Outside => "from an outside forecast",
            Self::Default => "from the site file",
        }
    }
}

/// A number with its spread (one standard deviation) and its basis.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimated<T> {
    /// The best guess.
    pub value: T,
    /// One standard deviation.
    pub spread: T,
    /// How it was obtained.
    pub basis: Basis,
}

/// What is known of a pump.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PumpState {
    /// Whether it runs; none when unknown.
    pub running: Option<bool>,
    /// Its power; none when unknown.
    pub power: Option<Power>,
    /// How long it has been running or stopped, as far as the daemon saw.
    pub in_state_for: Duration,
    /// Starts in the last 60 minutes.
    pub starts_last_hour: u32,
    /// Why the plan cannot count on it; none when it can.
    pub unavailable: Option<String>,
}

/// What is known of an asset that only takes a level or a limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadState {
    /// Its power (production positive for an inverter, load positive for lighting).
    pub power: Option<Power>,
    /// Its setpoint as read back, as a share.
    pub setting: Option<Ratio>,
    /// Why the plan cannot count on it; none when it can.
    pub unavailable: Option<String>,
}

/// The state of the commune as believed at one instant.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Estimate {
    /// When.
    pub now: Now,
    /// Levels; none when unknown.
    pub tanks: BTreeMap<AssetId, Option<Estimated<Level>>>,
    /// Pumps.
    pub pumps: BTreeMap<AssetId, PumpState>,
    /// Inverters.
    pub inverters: BTreeMap<AssetId, LoadState>,
    /// Lighting cabinets.
    pub lighting: BTreeMap<AssetId, LoadState>,
    /// Water demand of the whole network.
    pub demand: Option<Estimated<Flow>>,
    /// Power at the point of common coupling, import positive.
    pub import: Option<Power>,
    /// Load that Régie neither moves nor meters one by one (buildings).
    pub base_load: Option<Estimated<Power>>,
    /// The billing period's highest average import so far, for each demand charge in order.
    #[serde(default)]
    pub peaks: Vec<Power>,
    /// Batteries.
    #[serde(default)]
    pub batteries: BTreeMap<AssetId, BatteryState>,
    /// Chargers.
    #[serde(default)]
    pub chargers: BTreeMap<AssetId, ChargerState>,
    /// Loads that are on or off: shiftable loads and the pumps of lift stations.
    #[serde(default)]
    pub switched: BTreeMap<AssetId, PumpState>,
    /// How long each shiftable load has run in the present local day.
    #[serde(default)]
    pub run_today: BTreeMap<AssetId, Duration>,
    /// Levels of the lift stations' wells; none when unknown.
    #[serde(default)]
    pub wells: BTreeMap<AssetId, Option<Estimated<Level>>>,
    /// The generator that runs, when one does.
    #[serde(default)]
    pub generator: Option<AssetId>,
    /// Limits from outside that are in force or to come.
    #[serde(default)]
    pub external: Vec<ExternalLimit>,
    /// Voltage of the busbar between phases, where it is measured.
    #[serde(default)]
    pub busbar: Option<Voltage>,
}

/// One interval of the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// First instant.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
}

impl Step {
    /// Its length in hours.
    #[must_use]
    pub fn hours(&self) -> f64 {
        crate::time::seconds_between(self.start, self.end) / 3600.0
    }
}

/// What a lighting cabinet may do in a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LightingWindow {
    /// The level of the program, averaged over the step.
    pub level: Ratio,
    /// How far the plan may dim, averaged over the step.
    pub may_dim_to: Ratio,
}

/// What is expected in each step of the horizon.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Forecast {
    /// The steps, from now.
    pub steps: Vec<Step>,
    /// Water demand, with a small margin for later steps: what to plan for.
    pub demand: Vec<Flow>,
    /// Spread of the demand, one standard deviation.
    pub demand_spread: Vec<Flow>,
    /// What each inverter could give.
    pub pv: BTreeMap<AssetId, Vec<Power>>,
    /// Spread of what each inverter could give, one standard deviation.
    #[serde(default)]
    pub pv_spread: BTreeMap<AssetId, Vec<Power>>,
    /// Load of the buildings.
    pub base_load: Vec<Power>,
    /// Spread of that load, one standard deviation.
    #[serde(default)]
    pub base_load_spread: Vec<Power>,
    /// Where each of these comes from: by inverter, and by `demand` and `base_load`.
    #[serde(default)]
    pub basis: BTreeMap<String, Basis>,
    /// What lighting may do.
    pub lighting: BTreeMap<AssetId, Vec<LightingWindow>>,
    /// Price of imported energy.
    pub price: Vec<Price>,
    /// Name of the tariff class.
    pub class: Vec<String>,
    /// What flows into the wells of lift stations.
    #[serde(default)]
    pub inflow: BTreeMap<AssetId, Vec<Flow>>,
    /// Vehicles at each charger, the one that is there first.
    #[serde(default)]
    pub sessions: BTreeMap<AssetId, Vec<Session>>,
    /// What exported energy earns.
    #[serde(default)]
    pub feed_in: Vec<Price>,
    /// Power subscribed, where there is one.
    #[serde(default)]
    pub subscribed: Vec<Option<Power>>,
    /// The price rests on a colour or a spot price that is not known yet.
    #[serde(default)]
    pub assumed: Vec<bool>,
}

/// The fallback ladder. Always labelled in status, metrics and history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The optimal plan: every wish is met.
    Optimal,
    /// An optimal plan in which a wish was given up; it says which and by how much.
    Relaxed,
    /// The last valid plan, which has not expired.
    LastPlan,
    /// Level bands and calendars.
    Rules,
    /// Control is released: the devices' own local modes take over.
    #[default]
    Release,
}

impl Rung {
    /// All rungs, best first.
    pub const ALL: [Self; 5] =
        [Self::Optimal, Self::Relaxed, Self::LastPlan, Self::Rules, Self::Release];
    /// The word used in status, metrics and history.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Optimal => "optimal",
            Self::Relaxed => "relaxed",
            Self::LastPlan => "last_plan",
            Self::Rules => "rules",
            Self::Release => "release",
        }
    }
}

/// A wish that was given up, by how much, and at what price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shortfall {
    /// The wish, for example `T1.band_low`.
    pub wish: String,
    /// First instant at which it is missed.
    pub from: Timestamp,
    /// The largest miss, in `unit`.
    pub amount: f64,
    /// Unit of the amount.
    pub unit: String,
    /// What the misses cost in the objective.
    pub penalty: Money,
}

/// A constraint that binds in a step, with its price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    /// The constraint, for example `T1.band_high[3]`.
    pub constraint: String,
    /// What one unit more of room would save, in EUR.
    pub price: f64,
}

/// A wish that is missed in one step: a constraint that gives way, at its price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Missed {
    /// The constraint, for example `T1.reserve[3]`.
    pub constraint: String,
    /// By how much, in `unit`.
    pub amount: f64,
    /// Unit of the amount.
    pub unit: String,
    /// What one unit of it costs in the objective, EUR.
    pub price: f64,
}

/// Why the plan is as it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Why {
    /// Wishes given up.
    pub shortfalls: Vec<Shortfall>,
    /// The same, step by step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<Missed>,
    /// Constraints that bind, dearest first.
    pub bindings: Vec<Binding>,
    /// Shadow price of energy at the point of common coupling, per step, EUR/kWh.
    pub energy_value: Vec<Price>,
    /// Shadow price of energy on each feeder, per step, EUR/kWh.
    #[serde(default)]
    pub feeder_value: BTreeMap<AssetId, Vec<Price>>,
    /// Shadow price of energy stored in each battery, per step, EUR/kWh.
    #[serde(default)]
    pub charge_value: BTreeMap<AssetId, Vec<Price>>,
    /// Shadow price of stored water per tank and step, EUR/m3; also of the wells of lift stations,
    /// where it is negative: what is there has to be pumped out.
    pub water_value: BTreeMap<AssetId, Vec<f64>>,
    /// What the plan minimises, EUR: money, penalties and wear, less what is left at the end. Only
    /// differences between plans for the same instant mean anything.
    #[serde(default)]
    pub objective: f64,
    /// Why the pump combinations stand or were chosen anew, in words.
    pub switching: String,
    /// What measurements say of the pumps; the plan reckons with it.
    #[serde(default)]
    pub fitted: BTreeMap<AssetId, PumpFit>,
    /// What the model no longer describes.
    #[serde(default)]
    pub misfits: Vec<Misfit>,
}

/// What is intended over the horizon.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// Where it stands on the ladder.
    pub rung: Rung,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it may no longer be used.
    pub expires_at: Timestamp,
    /// When the pump combinations in it were chosen.
    pub switching_made_at: Timestamp,
    /// The steps.
    pub steps: Vec<Step>,
    /// Pumps: the share of each step in which one runs; 0 or 1 in the near steps, which are what
    /// is acted upon.
    pub pumps: BTreeMap<AssetId, Vec<Ratio>>,
    /// Tank levels at the end of each step.
    pub tanks: BTreeMap<AssetId, Vec<Level>>,
    /// Inverter limits per step; none where no limit is needed.
    pub limits: BTreeMap<AssetId, Vec<Option<Ratio>>>,
    /// Lighting levels per step.
    pub lighting: BTreeMap<AssetId, Vec<Ratio>>,
    /// Power of batteries and chargers per step, positive when charging.
    #[serde(default)]
    pub power: BTreeMap<AssetId, Vec<Power>>,
    /// State of charge of batteries at the end of each step.
    #[serde(default)]
    pub charge: BTreeMap<AssetId, Vec<Ratio>>,
    /// Loads that are on or off: the share of each step in which one runs; 0 or 1 in near steps.
    #[serde(default)]
    pub switched: BTreeMap<AssetId, Vec<Ratio>>,
    /// Levels of wells at the end of each step.
    #[serde(default)]
    pub wells: BTreeMap<AssetId, Vec<Level>>,
    /// Power from the busbar into each feeder per step.
    #[serde(default)]
    pub feeders: BTreeMap<AssetId, Vec<Power>>,
    /// Voltage at each node per step, as a share of the nominal one.
    #[serde(default)]
    pub voltage: BTreeMap<AssetId, Vec<Ratio>>,
    /// Import per step (export negative).
    pub import: Vec<Power>,
    /// Price of imported energy per step.
    pub price: Vec<Price>,
    /// Tariff class per step.
    pub class: Vec<String>,
    /// Highest import counted in the plan, for each demand charge in order (not below the
    /// period's peak so far).
    #[serde(default)]
    pub peaks: Vec<Power>,
    /// Expected cost over the horizon, without penalties.
    pub cost: Money,
    /// Why.
    pub why: Why,
}

impl Plan {
    /// The index of the step that contains `at`.
    #[must_use]
    pub fn step_at(&self, at: Timestamp) -> Option<usize> {
        self.steps.iter().position(|step| step.start <= at && at < step.end)
    }
    /// The highest import in the plan and, where power is charged, in the billing period.
    #[must_use]
    pub fn highest_import(&self) -> Power {
        self.import.iter().chain(&self.peaks).fold(Power::ZERO, |top, power| top.max(*power))
    }
    /// Whether it may be used at `at`.
    #[must_use]
    pub fn valid_at(&self, at: Timestamp) -> bool {
        at < self.expires_at && self.step_at(at).is_some()
    }
}
