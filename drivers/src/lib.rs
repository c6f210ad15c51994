//! The field: Modbus links, register codecs, device profiles, SunSpec, reading and writing.
//!
//! [`field::Field`] polls all devices at their own pace into a process image, and writes guarded
//! commands. The bytes come through [`connect::Connect`], so that a simulated field passes
//! through the same codec, timeouts and retries as a real one; the time comes from
//! [`clock::Clock`], the only place that asks for it.
//!
//! This crate does **not** decide anything: what is written was decided, guarded and sealed
//! elsewhere. It opens no files but those of a link with TLS; a profile comes in as text.

pub mod clock;
mod codec;
pub mod connect;
mod error;
pub mod field;
mod image;
mod link;
mod memory;
pub mod profile;
pub mod raw;
mod schedule;
mod sunspec;
mod watch;
mod wear;
mod window;

pub use clock::Clock;
pub use connect::{BoxedStream, Connect, Live};
pub use field::{Field, FieldDevice};
pub use image::{DeviceHealth, LinkHealth};
pub use window::Window;
