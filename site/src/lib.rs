//! What a Régie site *is*: quantities with units, time, identifiers, samples and their quality,
//! the process image, assets, tariff, plan, command and record; and the reader that turns
//! `site.yaml` into these types or into located findings.
//!
//! This crate does **not** open sockets or files, start threads or ask a clock. Text comes in,
//! types or findings go out; time is always an argument.

pub mod asset;
pub mod command;
pub mod days;
pub mod district;
pub mod electrical;
mod endpoint;
pub mod envelope;
pub mod external;
pub mod file;
pub mod holidays;
pub mod ids;
pub mod model;
pub mod plan;
pub mod record;
pub mod sample;
pub mod snapshot;
pub mod tariff;
pub mod text;
pub mod time;
pub mod units;

pub use ids::{AssetId, DeviceId, PointId};
pub use model::Site;
pub use sample::{Quality, Reason, Sample, Value};
pub use snapshot::Snapshot;
pub use time::{Mono, Now};
