//! Samples: what a point read, how good it is, and when. Absence is a state, never a number: a
//! bad sample has no value, not zero and not the last one.

use crate::time::Mono;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a point can hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A coil, a bit, a switch.
    Flag(bool),
    /// A number in the point's own unit (SI base units where the unit is known). Finite.
    Number(f64),
    /// A name or a serial number.
    Text(String),
}

impl Value {
    /// The number, when it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
    /// The flag; a number counts as true when it is not zero.
    #[must_use]
    pub fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Number(number) => Some(number.abs() > f64::EPSILON),
            Self::Text(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{}", if *flag { "yes" } else { "no" }),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Why a sample is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing was read since the start.
    NeverRead,
    /// The last good reading is older than the point's age limit.
    Stale,
    /// The link could not be opened, or broke.
    LinkDown,
    /// The device did not answer in time.
    Timeout,
    /// The device answered with a Modbus exception.
    Refused,
    /// The answer did not fit the question.
    WrongAnswer,
    /// The device says that it does not have this value (a sentinel, or NaN).
    NotAvailable,
    /// The number is outside the point's plausible range.
    OutOfRange,
    /// The scale factor is missing or outside its range.
    BadScale,
    /// The number is not among those that the point's names list.
    UnknownCode,
    /// The number changed faster than the point can, and newer readings do not bear it out yet.
    RateOfChange,
    /// The value has not changed for so long that it is doubted.
    Stuck,
}

impl Reason {
    /// In words, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NeverRead => "never read",
            Self::Stale => "stale",
            Self::LinkDown => "link down",
            Self::Timeout => "no answer",
            Self::Refused => "refused by the device",
            Self::WrongAnswer => "wrong answer",
            Self::NotAvailable => "not available",
            Self::OutOfRange => "out of plausible range",
            Self::BadScale => "bad scale factor",
            Self::UnknownCode => "unknown code",
            Self::RateOfChange => "changed too fast",
            Self::Stuck => "stuck",
        }
    }
}

/// How far a sample can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Read, decoded, plausible, fresh.
    Good,
    /// There is a value, and a doubt about it.
    Uncertain(Reason),
    /// There is no value.
    Bad(Reason),
}

/// One reading of one point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    value: Option<Value>,
    quality: Quality,
    /// When the answer was received, on our own monotonic clock.
    pub at: Mono,
}

impl Sample {
    /// A good reading. A number that is not finite becomes a bad sample.
    #[must_use]
    pub fn good(value: Value, at: Mono) -> Self {
        if matches!(value, Value::Number(number) if !number.is_finite()) {
            return Self::bad(Reason::NotAvailable, at);
        }
        Self { value: Some(value), quality: Quality::Good, at }
    }
    /// A reading with a doubt about it. A number that is not finite becomes a bad sample.
    #[must_use]
    pub fn uncertain(value: Value, reason: Reason, at: Mono) -> Self {
        let sample = Self::good(value, at);
        if sample.is_good() {
            return Self { quality: Quality::Uncertain(reason), ..sample };
        }
        sample
    }
    /// A reading that gave no value.
    #[must_use]
    pub const fn bad(reason: Reason, at: Mono) -> Self {
        Self { value: None, quality: Quality::Bad(reason), at }
    }
    /// The value, when there is one.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }
    /// How far it can be trusted.
    #[must_use]
    pub const fn quality(&self) -> Quality {
        self.quality
    }
    /// Whether it is good.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self.quality, Quality::Good)
    }
    /// The same sample, turned bad as stale when it is older than `max_age` at `now`.
    #[must_use]
    pub fn aged(self, now: Mono, max_age: std::time::Duration) -> Self {
        if self.value.is_some() && now.since(self.at) > max_age {
            return Self::bad(Reason::Stale, self.at);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn nan_stops_at_the_door() {
        let good = Sample::good(Value::Number(f64::NAN), Mono::default());
        let doubted =
            Sample::uncertain(Value::Number(f64::INFINITY), Reason::Stuck, Mono::default());
        for sample in [good, doubted] {
            assert_eq!(sample.quality(), Quality::Bad(Reason::NotAvailable));
            assert_eq!(sample.value(), None);
        }
    }

    #[test]
    fn an_old_value_is_no_value() {
        let sample = Sample::good(Value::Number(1.0), Mono::default());
        let fresh =
            sample.clone().aged(Mono::new(Duration::from_secs(30)), Duration::from_secs(30));
        assert!(fresh.is_good());
        let stale = sample.aged(Mono::new(Duration::from_secs(31)), Duration::from_secs(30));
        assert_eq!(stale.quality(), Quality::Bad(Reason::Stale));
        assert_eq!(stale.value(), None, "stale means absent, not last value");
    }
}
