//! The field under test: a fake peer of raw bytes on one side, [`drivers::Field`] on the other,
//! and paused time, so that hours pass in milliseconds. One file uses real sockets on loopback.

mod breaking;
mod envelope;
mod judging;
mod line;
mod network;
mod peer;
mod raw;
mod reading;
mod recognising;
#[path = "../inputs/serial_frame.rs"]
mod serial_frame;
mod writing;
