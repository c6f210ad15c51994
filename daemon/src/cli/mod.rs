//! The command line: what can be asked of `regie`, and what it prints.
//!
//! Arguments are read here, the daemon is asked in [`client`], and answers become text in
//! [`render`]. [`run`] puts them together.

pub mod arguments;
pub mod client;
pub mod exit;
mod forecast;
pub mod import;
pub mod limits;
pub mod points;
pub mod probe;
pub mod render;
pub mod run;
pub mod tariff;
pub mod trips;
pub mod what_if;
pub mod write;

pub use arguments::{Action, Arguments, Log, Target, parse};
