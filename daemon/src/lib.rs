//! `regie`, the resident: polls, decides, guards, writes, verifies and records, over and over.
//!
//! The library holds everything but the process: `regie-sim` runs the same code on paused time
//! against a simulated field. It does not speak Modbus (that is `drivers`) and takes no decision
//! (that is `policies`); it puts them in order, keeps state and history, and shows what happens.
//! Live plans are solved in a process of their own ([`solver`]).

pub mod cli;
pub mod control;
pub mod http;
pub mod import;
pub mod instant;
pub mod load;
pub mod metrics;
pub mod outside;
pub mod past;
pub mod resident;
pub mod solver;
pub mod status;
pub mod store;
pub mod tables;
