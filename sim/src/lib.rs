//! `regie-sim`, the engineers' tool: a true plant behind simulated Modbus devices, a demonstration,
//! and replays of whole days with the daemon's own code on paused time.
//!
//! The plant knows nothing of the planner's model, and the daemon never sees the recorded days.
//! Nothing imports this crate: the production binary carries no simulator.

pub mod bench;
pub mod cli;
pub mod connect;
pub mod days;
pub mod demo;
pub mod devices;
pub mod electrical;
pub mod faults;
pub mod field;
pub mod foresight;
pub mod ledger;
pub mod modbus;
pub mod perturb;
pub mod plant;
pub mod problem;
pub mod replay;
pub mod report;
mod schedule;
mod table;
pub mod trace;
pub mod world;
