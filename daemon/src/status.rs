//! One view of the daemon, from which the command line, HTTP and metrics are all rendered.
//! Timestamps, not ages; SI base units in names; absence is `null`.

mod assets;
mod points;

pub use assets::{AssetDetails, LimitStatus, SessionStatus, TripReport};
pub(crate) use points::digits;
pub use points::{PointStatus, PointsStatus};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use policies::billing::{Demand, Line};
use policies::district::DistrictReport;
use policies::guard::{Cause, Trip};
use serde::{Deserialize, Serialize};
use site::AssetId;
use site::asset::Mode;
use site::command::{Verdict, Verification};
use site::plan::{Basis, Misfit, PumpFit, Rung, Shortfall};
use std::collections::BTreeMap;

/// Everything an operator sees at a glance.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Status {
    /// The site's short name.
    pub site: String,
    /// The site's name for people.
    pub name: String,
    /// Version of the daemon.
    pub version: String,
    /// When the daemon started (site time).
    pub started_at: Timestamp,
    /// Site time of this view.
    pub at: Timestamp,
    /// Time zone of the site, an IANA name.
    pub time_zone: String,
    /// How much faster than real time the site's clock runs; 1 in real life.
    pub speed: f64,
    /// Cycles completed since the state was created.
    pub cycle: u64,
    /// Cycles completed since the start.
    pub cycles_since_start: u64,
    /// Cycles that began late because the one before took too long.
    pub overruns: u64,
    /// Where the last cycle stands on the ladder; none before the first cycle.
    pub rung: Option<Rung>,
    /// Why it does not stand at the top.
    pub because: Option<String>,
    /// Cycles by rung since the start.
    pub rungs: BTreeMap<Rung, u64>,
    /// Tariff class now.
    pub tariff_class: String,
    /// Price of imported energy now, EUR/kWh.
    pub price_eur_per_kwh: f64,
    /// That price rests on a colour or a spot price that is not known.
    #[serde(default)]
    pub price_assumed: bool,
    /// What is wrong with the tariff's tables, in words; null while all is well.
    #[serde(default)]
    pub tariff_trouble: Option<String>,
    /// Tanks.
    pub tanks: BTreeMap<AssetId, TankStatus>,
    /// Districts: nights, balances, leak alarms.
    #[serde(default)]
    pub districts: BTreeMap<AssetId, DistrictReport>,
    /// Everything that takes commands.
    pub assets: BTreeMap<AssetId, AssetStatus>,
    /// The point of common coupling.
    pub grid: GridStatus,
    /// Devices.
    pub devices: Vec<DeviceStatus>,
    /// The links, in the order of their addresses.
    #[serde(default)]
    pub links: Vec<LinkStatus>,
    /// Points that have no good value, and why.
    pub bad_points: BTreeMap<String, String>,
    /// The guard.
    pub guard: GuardStatus,
    /// Writes since the start.
    pub writes: WriteStatus,
    /// The optimiser.
    pub solver: SolverStatus,
    /// How the planner's model fits what is measured.
    #[serde(default)]
    pub model: ModelStatus,
    /// Where the forecasts come from.
    #[serde(default)]
    pub forecast: ForecastStatus,
    /// Money and energy since the start, as metered.
    pub bill: BillStatus,
    /// Hash over all cycle records since the start, in hexadecimal.
    pub record_hash: String,
}

impl Status {
    /// The site's time zone. One that this machine does not know is shown as UTC, which the
    /// abbreviation then says.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

/// A tank.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TankStatus {
    /// Level in metres; null when unknown.
    pub level_metres: Option<f64>,
    /// Level as a share of the tank's height.
    pub level_ratio: Option<f64>,
    /// Planned share one, three and six hours ahead.
    pub ahead: Vec<f64>,
}

/// What kind of asset it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetKind {
    /// A pump.
    Pump,
    /// A PV inverter.
    Inverter,
    /// A street-lighting cabinet.
    Lighting,
    /// A battery.
    Battery,
    /// A charger of electric vehicles.
    Charger,
    /// A load that may wait.
    Shiftable,
    /// A lift station.
    LiftStation,
}

/// A controlled asset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssetStatus {
    /// Its kind.
    pub kind: AssetKind,
    /// Observe, shadow or control.
    pub mode: Mode,
    /// A motor runs, lighting is lit, an inverter produces, a battery takes or gives, a charger
    /// charges; null when unknown.
    pub active: Option<bool>,
    /// Power in W (production positive for an inverter, load positive otherwise; a battery's
    /// positive when charging).
    pub power_watts: Option<f64>,
    /// Limit or dimming level in force, as a share.
    pub setting_ratio: Option<f64>,
    /// The last command let through by the guard, in words.
    pub command: Option<String>,
    /// Whether the field shows it.
    pub verification: Option<Verification>,
    /// Starts in the last 60 minutes (motors).
    pub starts_last_hour: Option<u32>,
    /// Why the plan cannot count on it.
    pub unavailable: Option<String>,
    /// The trip that holds it; null when it is free.
    #[serde(default)]
    pub tripped: Option<Trip>,
    /// What only some kinds of assets have.
    #[serde(default)]
    pub details: AssetDetails,
}

/// The point of common coupling.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct GridStatus {
    /// Import in W, export negative; null when unknown.
    pub import_watts: Option<f64>,
    /// Highest average import of the billing period so far that is charged, in W.
    pub peak_watts: f64,
    /// Limits from outside, in force or to come.
    #[serde(default)]
    pub limits: Vec<LimitStatus>,
    /// The generator that runs.
    #[serde(default)]
    pub generator: Option<AssetId>,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceStatus {
    /// Its name.
    pub device: String,
    /// Where it is.
    pub endpoint: String,
    /// Whether all its readable points are good, or the device itself says that it has no value
    /// (an inverter at night).
    pub good: bool,
    /// What is wrong, in words.
    pub trouble: Option<String>,
    /// When it last answered (site time).
    pub last_answer_at: Option<Timestamp>,
    /// Requests answered.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Connections opened.
    pub connects: u64,
    /// Times one of its counters began anew because its registers were full.
    #[serde(default)]
    pub counter_rollovers: u64,
    /// Times one of its counters began anew otherwise: it was reset, or the meter was exchanged.
    #[serde(default)]
    pub counter_resets: u64,
    /// Commands that the encoder refused because they lay outside their envelope. Anything but 0 is
    /// a fault of the daemon or of a profile.
    #[serde(default)]
    pub refused_writes: u64,
}

/// A link to one or several devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkStatus {
    /// Where it leads.
    pub link: String,
    /// Devices behind it.
    pub devices: u64,
    /// Whether it is open.
    pub connected: bool,
    /// The share of time during which a request was on its way, over about a minute, 0 to 1.
    pub busy: f64,
    /// Requests sent since the start.
    pub requests: u64,
    /// Bytes thrown away on a serial line because nobody asked for them, or too late.
    pub unasked_bytes: u64,
    /// Commands that wait.
    pub waiting: u64,
}

/// The guard since the start.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct GuardStatus {
    /// Verdicts that narrowed or blocked, by check.
    pub interventions: BTreeMap<String, u64>,
    /// Interlocks that held while something unsafe was asked for.
    pub interlocks: u64,
    /// Trips, by cause.
    #[serde(default)]
    pub trips: BTreeMap<Cause, u64>,
    /// What it said last.
    pub latest: Vec<Verdict>,
}

/// Writes since the start.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct WriteStatus {
    /// Commands sent because something changed.
    pub commands: u64,
    /// Refreshes before a dead-man expires.
    pub refreshes: u64,
    /// Writes that were not acknowledged.
    pub failures: u64,
    /// Commands read back and equal.
    pub confirmed: u64,
    /// Commands overtaken by another one before they were read back (steps of a ramp, say).
    pub superseded: u64,
    /// Times a read-back differed.
    pub mismatches: u64,
    /// Commands sent and not yet read back.
    pub pending: u64,
}

/// The optimiser since the start.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SolverStatus {
    /// Linear programs solved.
    pub linear_solves: u64,
    /// Times pump combinations were chosen anew.
    pub switching_solves: u64,
    /// Solves that failed.
    pub failures: u64,
    /// The same by reason: `no_plan` where there is none, else what befell the solver.
    #[serde(default)]
    pub failures_by_reason: BTreeMap<String, u64>,
    /// Starts of the solver's process; 0 where plans are solved within this one.
    #[serde(default)]
    pub starts: u64,
    /// Plans audited with EPANET's own stepping.
    pub audits: u64,
    /// Plans that failed the audit.
    pub audits_failed: u64,
    /// Plans that passed after a repair.
    pub plans_repaired: u64,
    /// Real time of the last linear program, ms.
    pub linear_ms: f64,
    /// Real time of the last choice of pump combinations, ms.
    pub switching_ms: f64,
    /// Wishes given up in the present plan.
    pub shortfalls: Vec<Shortfall>,
    /// When the present plan expires.
    pub plan_expires_at: Option<Timestamp>,
    /// Expected cost of the present plan over its horizon, EUR.
    pub plan_cost_eur: Option<f64>,
}

/// Where the forecasts of the last cycle come from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ForecastStatus {
    /// By inverter, and by `demand` and `base_load`: learned (`modelled`), the site file's guess
    /// (`default`), or `outside`. Empty before the first cycle.
    pub basis: BTreeMap<String, Basis>,
    /// Why the outside forecast's file is not used, with its file and line; null when it is, or
    /// when the site names none.
    pub refused: Option<String>,
}

/// How the planner's model of the water network fits what is measured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ModelStatus {
    /// Per pump, factors on what the network file says of it, with spread and basis.
    pub pumps: BTreeMap<AssetId, PumpFit>,
    /// What each tank gains beyond what flows say, m3/h; left out before two hours were seen.
    pub unexplained_m3_per_hour: BTreeMap<AssetId, f64>,
    /// Demand of the last hours; null before it is known, or where no profile was given.
    pub demand: Option<DemandStatus>,
    /// What the model no longer describes; empty while it fits.
    pub misfits: Vec<Misfit>,
}

/// Demand against its profile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DemandStatus {
    /// Demand of the last hours as a factor of the profile.
    pub ratio: f64,
    /// Its spread, one standard deviation.
    pub spread: f64,
}

/// Money and energy since the start, from the grid meter.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BillStatus {
    /// Imported energy, Wh.
    pub import_watthours: f64,
    /// Exported energy, Wh.
    pub export_watthours: f64,
    /// Energy bought minus energy sold, EUR.
    pub energy_eur: f64,
    /// Imports by price class.
    #[serde(default)]
    pub classes: BTreeMap<String, Line>,
    /// Demand charges of the present billing period so far, by name.
    #[serde(default)]
    pub demand: BTreeMap<String, Demand>,
    /// What was above the subscribed power in the present billing period, EUR.
    #[serde(default)]
    pub overrun_eur: f64,
}
