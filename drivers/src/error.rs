//! What can go wrong with a device, sorted by who is at fault.

use crate::codec::EncodeError;
use jiff::Timestamp;
use site::model::Endpoint;
use site::{AssetId, Reason};
use std::time::Duration;

/// Why a request brought no answer that can be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum FieldError {
    // --- the network ---
    /// The connection could not be opened, or broke, or waits for its next attempt.
    #[error("no connection to {endpoint}: {cause}")]
    Down {
        /// Where.
        endpoint: Endpoint,
        /// What the operating system says.
        cause: String,
    },

    // --- the device ---
    /// No answer came in time; the connection was closed.
    #[error("{asked} of unit {unit}: no answer within {timeout:?}")]
    Timeout {
        /// What was asked.
        asked: String,
        /// The Modbus unit.
        unit: u8,
        /// How long was waited, in real time.
        timeout: Duration,
    },
    /// The unit did not answer several times; it is left alone for a while.
    #[error("unit {unit} did not answer {failures} times in a row and is left alone for a while")]
    Silent {
        /// The Modbus unit.
        unit: u8,
        /// How many times.
        failures: u32,
    },
    /// The device answered with a Modbus exception.
    #[error("{asked} of unit {unit}: refused with exception {code:#04X} ({words})")]
    Refused {
        /// What was asked.
        asked: String,
        /// The Modbus unit.
        unit: u8,
        /// The exception's code.
        code: u8,
        /// The exception in words.
        words: String,
    },
    /// The answer does not fit the question; the connection was closed.
    #[error("{asked} of unit {unit}: the answer does not fit: {cause}")]
    WrongAnswer {
        /// What was asked.
        asked: String,
        /// The Modbus unit.
        unit: u8,
        /// What was wrong.
        cause: String,
    },
    /// The SunSpec marker is at none of its usual places.
    #[error("unit {0} has no SunSpec marker at 40000, 0 or 50000; check the profile")]
    NotSunSpec(u8),
    /// The serial number is not the one seen first.
    #[error(
        "unit {unit} is another device than before: serial number '{found}' instead of \
         '{expected}'; restart Régie when it was exchanged on purpose"
    )]
    AnotherDevice {
        /// The Modbus unit.
        unit: u8,
        /// What it says now.
        found: String,
        /// What it said first.
        expected: String,
    },
    /// The device lacks the point that a command needs.
    #[error("unit {unit} does not have the point '{point}'")]
    NoPoint {
        /// The Modbus unit.
        unit: u8,
        /// The point.
        point: String,
    },
    /// The scale factor of a point to be written is unusable.
    #[error("unit {unit}: the scale factor of '{point}' is unusable")]
    BadScale {
        /// The Modbus unit.
        unit: u8,
        /// The point to be written.
        point: String,
    },

    /// The connection was replaced in the middle of a command.
    #[error("unit {unit}: the connection was replaced before '{point}' was written")]
    Changed {
        /// The Modbus unit.
        unit: u8,
        /// The point to be written.
        point: String,
    },

    // --- the profile or the caller ---
    /// The profile has no such command.
    #[error("the profile '{profile}' has no command '{operation}'")]
    NoCommand {
        /// The profile.
        profile: String,
        /// The command.
        operation: &'static str,
    },
    /// A command's argument is missing, or outside what any device may be told.
    #[error(
        "the command '{operation}' needs {} to {} {word}, and has {found:?}",
        range.0, range.1
    )]
    Argument {
        /// The command.
        operation: &'static str,
        /// What it carries.
        word: &'static str,
        /// The range of it.
        range: (f64, f64),
        /// What it has.
        found: Option<f64>,
    },
    /// A value cannot be written to its point.
    #[error("the point '{point}': {cause}")]
    Encode {
        /// The point.
        point: String,
        /// Why.
        cause: EncodeError,
    },
    /// A point lies in memory that wears out, and has had its writes of the day.
    #[error(
        "unit {unit}: the point '{point}' lies in memory that wears out and was written {budget} \
         times today, which is its 'writes_per_day'; it is free again at {free_at}"
    )]
    WornToday {
        /// The Modbus unit.
        unit: u8,
        /// The point.
        point: String,
        /// Its writes a day.
        budget: u32,
        /// When the next day begins (UTC).
        free_at: Timestamp,
    },

    // --- the guard ---
    /// Nobody may tell this to the asset: it is not in mode control, or not on this device.
    #[error(
        "the site lets nobody tell '{operation}' to {asset} on this device; please report this"
    )]
    NoEnvelope {
        /// The asset.
        asset: AssetId,
        /// What it was told.
        operation: &'static str,
    },
    /// A command's own argument lies outside what the site lets the asset be told.
    #[error(
        "'{operation}' of {asset} carries {found}, outside of its envelope of {low} to {high}; \
         please report this"
    )]
    Beyond {
        /// The asset.
        asset: AssetId,
        /// What it was told.
        operation: &'static str,
        /// With which argument.
        found: f64,
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
    /// The bytes of a value would be read by the device as something outside its envelope.
    #[error(
        "unit {unit}: the bytes for '{point}' read as {found:?}, outside of the envelope of {low} to \
         {high}; check the profile, and please report this"
    )]
    Outside {
        /// The Modbus unit.
        unit: u8,
        /// The point.
        point: String,
        /// What they read as.
        found: Option<f64>,
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },

    // --- ourselves ---
    /// The link's queue is full, or its task was restarted in the middle.
    #[error("the link to {0} is busy or was restarted; the command is sent again")]
    Busy(Endpoint),
}

impl FieldError {
    /// Whether the encoder refused what the guard should not have let through.
    pub(crate) const fn is_outside(&self) -> bool {
        matches!(self, Self::NoEnvelope { .. } | Self::Beyond { .. } | Self::Outside { .. })
    }

    /// Why the points concerned have no fresh sample.
    pub(crate) const fn reason(&self) -> Reason {
        match self {
            Self::Down { .. } | Self::Changed { .. } | Self::Busy(_) => Reason::LinkDown,
            Self::Timeout { .. } | Self::Silent { .. } => Reason::Timeout,
            Self::Refused { .. } => Reason::Refused,
            Self::WrongAnswer { .. } | Self::AnotherDevice { .. } => Reason::WrongAnswer,
            Self::NotSunSpec(_) | Self::NoPoint { .. } => Reason::NotAvailable,
            Self::BadScale { .. } => Reason::BadScale,
            Self::NoCommand { .. } | Self::Argument { .. } | Self::Encode { .. } => {
                Reason::OutOfRange
            }
            Self::NoEnvelope { .. } | Self::Beyond { .. } | Self::Outside { .. } => {
                Reason::OutOfRange
            }
            Self::WornToday { .. } => Reason::Refused,
        }
    }
}
