//! The things a commune owns, as the site file declares them after resolution: every default
//! filled in, every reference checked.

mod charging;
mod flexible;
mod lighting;
mod motor;
mod storage;

pub use charging::{Booking, Charger, ChargerPoints, UsualSession};
pub use flexible::{Generator, LiftStation, Shiftable, SwitchPoints};
pub use lighting::{
    CalendarLine, Dates, Extinction, Lighting, LightingPoints, NamedProgram, PlannedOverride,
    ProgramLine, ProgramStart,
};
pub use motor::Motor;
pub use storage::{Battery, BatteryPoints};

use crate::ids::{AssetId, DeviceId, PointId};
use crate::units::{Angle, Flow, Level, Power, Ratio};
use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How far Régie may go with an asset. A new asset starts in observe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Read only.
    Observe,
    /// Decide and log what would be written; write nothing.
    Shadow,
    /// Decide and write.
    Control,
}

impl Mode {
    /// The word used in files and on screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Shadow => "shadow",
            Self::Control => "control",
        }
    }
}

/// What the device does by itself when Régie falls silent. Each controlled asset must say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SafeState {
    /// Returns to its own local control (a level switch, a clock).
    Local,
    /// Stops.
    Stop,
    /// Switches on (street lighting at night).
    On,
    /// Drops the last limit and runs freely (an inverter).
    Release,
    /// Keeps the last command for ever: it has no dead-man.
    Hold,
}

/// How an asset is controlled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// Observe, shadow or control.
    pub mode: Mode,
    /// What the device does when Régie falls silent.
    pub safe_state: SafeState,
    /// The site accepts to control a device that has no dead-man of its own.
    pub accept_no_deadman: bool,
}

/// A level band: start below, stop above. Shares of the tank's height.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LevelBand {
    /// A stopped pump starts below this.
    pub start_below: Ratio,
    /// A running pump stops above this.
    pub stop_above: Ratio,
}

/// A pump of the water network behind a drive or starter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pump {
    /// Its name.
    pub id: AssetId,
    /// The device that runs it.
    pub device: DeviceId,
    /// Its name in the network file.
    pub link: String,
    /// How it is controlled.
    pub control: Control,
    /// Nameplate power; a bound for plausibility and the number of starts.
    pub rated_power: Power,
    /// Once started it runs at least this long.
    pub min_run: Duration,
    /// Once stopped it rests at least this long.
    pub min_stop: Duration,
    /// Starts in any 60 minutes.
    pub max_starts_per_hour: u32,
    /// Starts in any 24 hours.
    pub max_starts_per_day: u32,
    /// What its nameplate or data sheet says, cited where it is given more than a motor of which
    /// nothing is known; none where it is not.
    pub nameplate: Option<String>,
    /// The flow meter behind it, when there is one that measures it alone.
    pub flow: Option<PumpFlow>,
    /// The tank it fills.
    pub fills: AssetId,
    /// The tank it draws from; none when it draws from a source.
    pub draws_from: Option<AssetId>,
    /// The rule-based policy's band on the filled tank.
    pub level_control: LevelBand,
    /// What one start costs in wear: keeps the plan from switching for nothing.
    pub start_cost: crate::units::Money,
    /// Its points.
    pub points: PumpPoints,
}

/// A flow meter that measures one pump.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PumpFlow {
    /// Its point, in m3/s.
    pub point: PointId,
    /// What the pump gives at its duty point.
    pub rated: Flow,
}

/// The points of a pump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PumpPoints {
    /// Feedback: the motor runs.
    pub running: PointId,
    /// The local/remote switch stands on remote.
    pub remote: PointId,
    /// Active power in W.
    pub power: PointId,
    /// A fault is present.
    pub fault: Option<PointId>,
    /// The suction side is dry.
    pub dry: Option<PointId>,
    /// The device's own counter of starts.
    pub starts: Option<PointId>,
}

/// A tank with a level transmitter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tank {
    /// Its name.
    pub id: AssetId,
    /// Its name in the network file.
    pub node: String,
    /// The transmitter's point, in metres above the bottom.
    pub level: PointId,
    /// Height of the overflow above the bottom. Ratios below are shares of it.
    pub height: Level,
    /// Below this, pumps that draw from it stop and pumps that fill it run, whatever the price.
    pub low: Ratio,
    /// The band the plan keeps to: lower end.
    pub band_low: Ratio,
    /// The band the plan keeps to: upper end.
    pub band_high: Ratio,
    /// From here on pumps that fill it are stopped once they have run for their least time.
    pub soft_stop: Ratio,
    /// From here on pumps that fill it stop at once.
    pub overflow: Ratio,
    /// How far the transmitter may be wrong before anybody notices: the plan keeps the measured
    /// level so far inside the band, so that the true level stays in it.
    pub level_tolerance: Level,
    /// A wish for a time of day: at least this level.
    pub reserve: Option<Reserve>,
}

/// A wish: at `at` local time, at least `level`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reserve {
    /// Local time of day.
    pub at: Time,
    /// Share of the tank's height.
    pub level: Ratio,
}

/// A flow meter on a link of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowMeter {
    /// Its name.
    pub id: AssetId,
    /// Its point, in m3/s; positive in the direction of the link in the network file.
    pub flow: PointId,
    /// The link it measures.
    pub link: String,
    /// Whether the flow feeds consumers: the sum of such meters is the demand.
    pub feeds_demand: bool,
}

/// A PV inverter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inverter {
    /// Its name.
    pub id: AssetId,
    /// Its device.
    pub device: DeviceId,
    /// How it is controlled.
    pub control: Control,
    /// AC rating: the base of a limit in per cent (not the array's peak).
    pub rated_power: Power,
    /// The array's peak power.
    pub peak_power: Power,
    /// Tilt of the modules from the horizontal.
    pub tilt: Angle,
    /// Azimuth of the modules, clockwise from north (180 is south).
    pub azimuth: Angle,
    /// A limit is never set below this share: some inverters fall to standby.
    pub min_limit: Ratio,
    /// Its points.
    pub points: InverterPoints,
}

/// The points of an inverter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InverterPoints {
    /// AC power in W, as a positive number when producing.
    pub power: PointId,
    /// Lifetime energy in Wh.
    pub energy: Option<PointId>,
    /// The limit in force, in per cent of the rating.
    pub limit: PointId,
}

/// Points of a device through which the grid's operator limits the site. A limit is in force while
/// its point holds a number; a point that says "not available" means no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteLimitPoints {
    /// The most import, in W.
    pub import: Option<PointId>,
    /// The most export, in W.
    pub export: Option<PointId>,
    /// While this says no, neither is in force.
    pub active: Option<PointId>,
}

/// The point of common coupling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// The meter's power in W, import positive.
    pub power: PointId,
    /// Lifetime imported energy in Wh.
    pub import_energy: Option<PointId>,
    /// Lifetime exported energy in Wh.
    pub export_energy: Option<PointId>,
    /// The most that may be exported.
    pub export_limit: Option<Power>,
    /// The most that may be imported: what the connection bears.
    pub import_limit: Option<Power>,
    /// Where the grid's operator writes limits of its own.
    pub remote_limit: Option<RemoteLimitPoints>,
}
