//! The water network: EPANET 2.3 wrapped, and an audit of its mass balance.
//!
//! A [`Network`] is loaded once from an `.inp` file, describes itself in SI units whatever the
//! file's own units are, and is cheap to share. From it are opened
//!
//! - [`Snapshots`]: one steady state after another, for the planner's tables. Each answer depends
//!   on its question alone, never on the questions before it;
//! - [`Run`]: the network in time, step by step, for checking plans and for the twin.
//!
//! [`MassBalance`] audits a run: inflow must equal delivered demand plus the change in storage.
//! EPANET's own stepping may create or lose water when tanks stand at their limits, so nobody
//! should judge a schedule without this audit.
//!
//! This crate decides nothing, knows no tariff but the one written in the file, asks no clock and
//! imports nothing else of ours. It is one of the few places where raw `f64` is allowed: every
//! name or doc gives the unit (metres, m3/s, watts, seconds). The network file's own controls and
//! rules are never executed: who opens a network here means to control it.
//!
//! # Files
//! EPANET reads files only by name, so each opening writes a private copy of the loaded text to
//! the temporary folder and removes it at once. A network file that is changed or deleted later
//! therefore does not disturb what was loaded. EPANET also creates and removes three empty files
//! named `enXXXXXX` in the current folder while a project is opened; where that folder cannot be
//! written it goes on without them.

mod balance;
mod engine;
mod error;
mod network;
mod reading;
mod run;
mod snapshots;
mod stations;
mod stepped;
mod tank;
mod units;

pub use balance::{BALANCE_TOLERANCE, MassBalance};
pub use error::{Finding, HydraulicsError};
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
