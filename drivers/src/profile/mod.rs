//! Device profiles: what a register map says, as data. A profile is a YAML file; most are built
//! in, and a site may bring its own.
//!
//! Addresses are 0-based inside, as on the wire. A file says with `first_address` whether its
//! numbers begin at 0 or, like many manuals, at 1.

#[cfg(test)]
mod any_text_tests;
mod builtin;
mod check;
mod commands;
mod judging;
#[cfg(test)]
mod judging_tests;
mod kind;
mod point;
mod read;
#[cfg(test)]
mod tests;
mod units;

pub use builtin::{builtin, builtin_names};
pub use kind::Kind;
pub use read::read;
pub use units::unit_is_known;

use crate::codec;
use std::collections::BTreeMap;
use std::time::Duration;

/// Slow points are read this many times less often than the others.
pub const SLOW_ROUNDS: u32 = 6;

/// The register map of one kind of device.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its name, as sites write it.
    pub name: String,
    /// Its version, counted up with each change of meaning.
    pub version: u32,
    /// What it is for and where the map comes from, for people.
    pub description: String,
    /// The most registers the device gives in one answer, 1 to 125.
    pub max_registers: u16,
    /// Unused registers worth reading over to save a request.
    pub max_gap: u16,
    /// The device needs this pause after a connection is opened.
    pub connect_pause: Duration,
    /// The device needs this pause between an answer and the next request.
    pub request_pause: Duration,
    /// The device describes itself in SunSpec models.
    pub sunspec: bool,
    /// Its points, in the order of the file.
    pub points: Vec<PointSpec>,
    /// Its commands by name: `run`, `stop`, `limit`, `release`, `light`, `dark`.
    pub commands: BTreeMap<String, CommandSpec>,
    /// What the device does by itself when it hears nothing; `None` when it does nothing.
    pub dead_man: Option<DeadMan>,
}

impl Profile {
    /// A point by name.
    #[must_use]
    pub fn point(&self, name: &str) -> Option<&PointSpec> {
        self.points.iter().find(|point| point.name == name)
    }
}

/// One point: where it lies, how it is written in registers, what may be done with it.
#[derive(Debug, Clone, PartialEq)]
pub struct PointSpec {
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub location: Location,
    /// How its registers become a value.
    pub encoding: Encoding,
    /// The unit that the file gives, in which people read and write it; none for what has none.
    pub unit: Option<String>,
    /// Read, written, or both.
    pub access: Access,
    /// Read only every [`SLOW_ROUNDS`] times the device's own period.
    pub slow: bool,
    /// Read with this period, whatever the device's own is.
    pub every: Option<Duration>,
    /// Never read together with other points: reading it changes it.
    pub alone: bool,
    /// Which Modbus functions write it.
    pub write_function: WriteFunction,
    /// What its numbers are called, for showing; a number that has no name is bad. Empty when its
    /// numbers are just numbers.
    pub names: BTreeMap<i64, String>,
    /// The fastest change that is believed, in the unit used inside per second.
    pub max_rate: Option<f64>,
    /// When a value that does not change is doubted.
    pub stuck: Option<Stuck>,
    /// Its number only counts up; it may begin anew.
    pub counter: Option<Counter>,
    /// Where the device keeps what is written to it.
    pub storage: Storage,
}

impl PointSpec {
    /// What a number of the point is called. `None` when it has no name.
    #[must_use]
    pub fn name_of(&self, number: f64) -> Option<&str> {
        // Names lie within +-2^53 (the reader holds that), so the conversion is exact.
        #[expect(clippy::cast_precision_loss, reason = "whole numbers below 2^53 are exact")]
        let same = |code: i64| (code as f64 - number).abs() < 1e-9;
        self.names.iter().find(|(code, _)| same(**code)).map(|(_, name)| name.as_str())
    }
}

/// A value that has not changed for so long is doubted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// How long.
    pub after: Duration,
    /// Time counts only while this point of the same device is on, or not zero.
    pub while_on: Option<String>,
}

/// A number that only counts up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counter {
    /// Where it begins anew at zero, in the unit used inside before adding the offset; `None`
    /// where its registers are full.
    pub rollover: Option<f64>,
}

/// Where a device keeps what is written to a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Storage {
    /// In working memory, which bears any number of writes.
    #[default]
    Volatile,
    /// In memory that wears out, usually after some 100,000 writes.
    Eeprom {
        /// Writes a day that it is given at most.
        writes_per_day: u32,
    },
}

impl PointSpec {
    /// The value in its own registers, in the unit used inside. `exponent` is the power of ten in
    /// its scale factor, 0 when it has none. A bit of a table of bits is not in registers.
    ///
    /// # Errors
    /// Why there is no value: wrong length, a sentinel, not a number, not plausible.
    pub fn decode(&self, registers: &[u16], exponent: i32) -> Result<site::Value, site::Reason> {
        codec::decode(&self.encoding, registers, exponent)
    }

    /// The registers of a value in the unit used inside; of a coil, one word that is 0 or 1.
    ///
    /// # Errors
    /// In words, when the registers cannot hold it, or it is not plausible.
    pub fn encode(&self, value: f64, exponent: i32) -> Result<Vec<u16>, String> {
        match codec::encode(&self.encoding, value, exponent) {
            Ok(codec::Raw::Bit(bit)) => Ok(vec![u16::from(bit)]),
            Ok(codec::Raw::Registers(registers)) => Ok(registers),
            Err(error) => Err(error.to_string()),
        }
    }

    /// How often it is read on a device that is polled every `poll`.
    #[must_use]
    pub fn period(&self, poll: Duration) -> Duration {
        let usual = if self.slow { poll * SLOW_ROUNDS } else { poll };
        self.every.unwrap_or(usual)
    }
}

impl PointSpec {
    /// A number in the unit used inside, as people read it: in the profile's own unit.
    #[must_use]
    pub fn for_people(&self, inside: f64) -> f64 {
        inside / self.encoding.unit_factor
    }
    /// A number in the profile's own unit, as it is used inside.
    #[must_use]
    pub fn from_people(&self, shown: f64) -> f64 {
        shown * self.encoding.unit_factor
    }
}

/// Where a point lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// At a fixed address.
    Register {
        /// The table.
        table: Table,
        /// The first register or bit, 0-based as on the wire.
        address: u16,
    },
    /// In a SunSpec model, wherever the device keeps it.
    Model {
        /// The model's number.
        model: u16,
        /// Registers from the model's own id register, which is at 0.
        offset: u16,
    },
}

/// One of the four tables of Modbus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Coils: bits, read and write (functions 1, 5, 15).
    Coil,
    /// Discrete inputs: bits, read only (function 2).
    Discrete,
    /// Holding registers: 16 bits, read and write (functions 3, 6, 16).
    Holding,
    /// Input registers: 16 bits, read only (function 4).
    Input,
}

impl Table {
    /// Its name in messages and files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Coil => "coil",
            Self::Discrete => "discrete",
            Self::Holding => "holding",
            Self::Input => "input",
        }
    }
    /// Whether it holds single bits instead of registers.
    #[must_use]
    pub const fn is_bits(self) -> bool {
        matches!(self, Self::Coil | Self::Discrete)
    }
}

/// How registers become a value:
/// `inside = (raw * scale * 10^scale_point + offset) * unit_factor`.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoding {
    /// The kind of number, bit or text.
    pub kind: Kind,
    /// The register with the lowest 16 bits comes first.
    pub low_word_first: bool,
    /// The two bytes within each register are exchanged.
    pub swap_bytes: bool,
    /// Factor from raw to the point's unit. Never zero.
    pub scale: f64,
    /// Added after scaling, in the point's unit.
    pub offset: f64,
    /// From the point's unit to the one used inside: W, Wh, m, m3, m3/s, s, V, A, Hz. Per cent
    /// stays per cent, and running hours stay hours.
    pub unit_factor: f64,
    /// The name of the point that holds a power of ten, -10 to 10.
    pub scale_point: Option<String>,
    /// Raw patterns that mean "not implemented".
    pub sentinels: Vec<u64>,
    /// Plausible values, in the unit used inside.
    pub range: Option<(f64, f64)>,
}

/// What may be done with a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Polled.
    Read,
    /// Written, never polled.
    Write,
    /// Polled and written.
    ReadWrite,
}

impl Access {
    /// Whether it is polled.
    #[must_use]
    pub const fn reads(self) -> bool {
        matches!(self, Self::Read | Self::ReadWrite)
    }
    /// Whether it can be written.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::ReadWrite)
    }
}

/// Which Modbus functions write a point: devices often accept only one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFunction {
    /// Function 5 for a coil, 6 for a register.
    Single,
    /// Function 15 for coils, 16 for registers.
    Multiple,
}

/// What a command writes, in order, and what the device then shows.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandSpec {
    /// Writes, in order.
    pub writes: Vec<WriteSpec>,
    /// What is read back once the command is obeyed; all of it must hold.
    pub confirm: Vec<ConfirmSpec>,
    /// How long the device may take to obey.
    pub settle: Duration,
}

/// One write of a command.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteSpec {
    /// The point.
    pub point: String,
    /// What is written, in the unit used inside.
    pub value: Argument,
}

/// One thing that must be read back.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfirmSpec {
    /// The point.
    pub point: String,
    /// What it must equal.
    pub equals: Argument,
    /// How far it may differ, in the unit used inside.
    pub tolerance: f64,
}

/// A value in a command.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Argument {
    /// Always this.
    Constant(f64),
    /// The command's own argument: the word `percent`, `watts` or `amperes` in the file, whichever
    /// the command carries.
    Own,
}

/// What the device does by itself: when it hears nothing for `timeout`, it leaves our command.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadMan {
    /// How long it waits.
    pub timeout: Duration,
    /// What keeps it waiting.
    pub refresh: Refresh,
}

/// What keeps a dead-man from letting go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refresh {
    /// A counter that changes, written to this point.
    Heartbeat(String),
    /// The last command, written again.
    Command,
}
