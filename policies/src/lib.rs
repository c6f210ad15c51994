//! Decisions, all pure: estimate, forecast, optimise, rules, guard, explain.
//!
//! Nothing here opens a socket or a file, starts a thread or asks a clock: time is an argument,
//! memory goes in and comes out. [`guard`] imports `site` alone, so that the envelope shares no
//! code with the planner it checks.

pub mod billing;
pub mod district;
pub mod estimate;
pub mod explain;
pub mod fit;
pub mod forecast;
pub mod guard;
pub mod inflow;
pub mod limits;
pub mod optimise;
pub mod propose;
pub mod rules;
pub mod scheduling;
pub mod sessions;
pub mod voltage;
pub mod water;
