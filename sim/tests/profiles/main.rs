//! Every built-in profile, served by a shelf and used by the real drivers: two codecs written apart
//! must agree on every point and on every byte of every command.

mod commands;
mod points;
mod rig;
mod sunspec;
mod values;
