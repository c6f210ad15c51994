//! The water network: EPANET 2.3 wrapped, and an audit of schedules.
//!
//! A [`Network`] is loaded once from an `.inp` file, describes itself in SI units whatever the
//! file's own units are, and is cheap to share. From it are opened
//!
//! - [`Snapshots`]: one steady state after another, for the planner's tables. Each answer depends
//!   on its question alone, never on the questions before it;
//! - [`Moments`]: the same at times of the file's own patterns, told apart by [`Zone`], for
//!   planners of whole days;
//! - [`Run`]: the network in time, step by step, for trying plans and for the twin;
//! - [`Auditor`]: the independent judge of schedules, which [`audit()`] asks once. EPANET itself
//!   steps through the file as written, and its own stepping may create or lose water when tanks
//!   stand at their limits; the audit shows that, and everything else that makes a schedule
//!   unacceptable. It also says what a day costs by the file's own controls or by level bands,
//!   the baseline of savings.
//!
//! [`MassBalance`] is the part of the audit that also goes with a run: inflow must equal delivered
//! demand plus the change in storage.
//!
//! This crate decides nothing, asks no clock and imports nothing else of ours; the only prices it
//! knows are those of the file and those an audit is given ([`Prices`]). It is one of the few
//! places where raw `f64` is allowed: every name or doc gives the unit (metres, m3/s, watts,
//! seconds). The network file's own controls and rules are executed in no other place than an
//! audit of them ([`Drive::FileControls`]): who opens a network here means to control it.
//!
//! # Files
//! EPANET reads files only by name, so each opening writes a private copy of the loaded text to
//! the temporary folder and removes it at once. A network file that is changed or deleted later
//! therefore does not disturb what was loaded. EPANET also creates and removes three empty files
//! named `enXXXXXX` in the current folder while a project is opened; where that folder cannot be
//! written it goes on without them.

mod audit;
mod balance;
mod engine;
mod error;
mod moment;
mod network;
mod reading;
mod run;
mod snapshots;
mod stations;
mod stepped;
mod tank;
mod units;
mod zones;

pub use audit::{
    AUDIT_DURATION_S_MAX, Applied, Audit, AuditOptions, Auditor, BAND_STEP_S_MAX, ClockTariff,
    Demand, DemandCharge, Drive, EndLevel, Fault, LEVEL_MARGIN_M, Limits, PressureLow, PriceShare,
    Prices, Reason, Sample, Schedule, TankCourse, TariffError, Window, audit, governing_tanks,
};
pub use balance::{BALANCE_TOLERANCE, MassBalance};
pub use error::{Finding, HydraulicsError};
pub use moment::{Instant, Moment, Moments};
pub use network::{
    DemandCategory, Efficiency, EnergyPrice, Junction, NETWORK_FILE_BYTES_MAX, Network, Pattern,
    Pump, PumpKind, Reservoir, Times,
};
pub use reading::{LowestPressure, Warning};
pub use run::{Run, RunOptions, STEP_S_MAX, SUBSTEPS_MAX};
pub use snapshots::{Operating, SNAPSHOT_MARGIN_M, Snapshots, Steady};
pub use stations::Station;
pub use stepped::{Stepped, TankLimit, Volumes};
pub use tank::Tank;
pub use zones::Zone;
