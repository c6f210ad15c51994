//! From a wish to a byte: proposals, the guard's verdicts, commands, and what became of them.

use crate::ids::{AssetId, DeviceId};
use crate::units::{Current, Power, Ratio};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an asset is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setpoint {
    /// A pump or a load that is on or off runs.
    Run,
    /// It stops.
    Stop,
    /// An inverter gives at most this share of its AC rating.
    Limit(Ratio),
    /// An inverter runs without a limit of ours.
    NoLimit,
    /// Lighting is on at this level; zero is off.
    Light(Ratio),
    /// A battery takes this power; a negative one is given.
    Power(Power),
    /// A charger gives a vehicle at most this current per phase; zero is a pause.
    Charge(Current),
}

impl Setpoint {
    /// The command's name in a device profile.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Stop => "stop",
            Self::Limit(_) => "limit",
            Self::NoLimit => "release",
            Self::Light(level) if level.get() > 0.0 => "light",
            Self::Light(_) => "dark",
            Self::Power(_) => "power",
            Self::Charge(current) if current.get() > 0.0 => "charge",
            Self::Charge(_) => "pause",
        }
    }
    /// The setpoint of a command's name in a device profile: the inverse of
    /// [`Setpoint::operation`]. `argument` is in the unit of the operation, and is not looked at
    /// where it has none. `None` when there is no such command.
    #[must_use]
    pub fn of(operation: &str, argument: f64) -> Option<Self> {
        let share = Ratio::new(argument / 100.0);
        Some(match operation {
            "run" => Self::Run,
            "stop" => Self::Stop,
            "limit" => Self::Limit(share),
            "release" => Self::NoLimit,
            "light" => Self::Light(share),
            "dark" => Self::Light(Ratio::ZERO),
            "power" => Self::Power(Power::new(argument)),
            "charge" => Self::Charge(Current::new(argument)),
            "pause" => Self::Charge(Current::ZERO),
            _ => return None,
        })
    }
    /// The command's argument, when it has one, in the unit of its operation.
    #[must_use]
    pub fn argument(&self) -> Option<f64> {
        match self {
            Self::Limit(ratio) | Self::Light(ratio) => Some(ratio.percent()),
            Self::Power(power) => Some(power.get()),
            Self::Charge(current) => Some(current.get()),
            Self::Run | Self::Stop | Self::NoLimit => None,
        }
    }
}

impl fmt::Display for Setpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation();
        match self {
            Self::Limit(share) | Self::Light(share) if share.get() > 0.0 => {
                write!(f, "{operation} {:.0} %", share.percent())
            }
            Self::Power(power) => write!(f, "{operation} {:.1} kW", power.kw()),
            Self::Charge(current) if current.get() > 0.0 => {
                write!(f, "{operation} {:.1} A", current.get())
            }
            _ => f.write_str(operation),
        }
    }
}

/// A command that a device profile may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operation {
    /// Its name in a profile.
    pub name: &'static str,
    /// Its own argument; none when it has none.
    pub argument: Option<ArgumentKind>,
}

/// The argument that a command carries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArgumentKind {
    /// The word that stands for it in a profile, which is also its unit.
    pub word: &'static str,
    /// The range that any device may be told; its asset's own range is the guard's business.
    pub range: (f64, f64),
    /// Two arguments closer than this are the same order.
    pub step: f64,
}

const PERCENT: ArgumentKind = ArgumentKind { word: "percent", range: (0.0, 100.0), step: 0.05 };
const WATTS: ArgumentKind = ArgumentKind { word: "watts", range: (-1e7, 1e7), step: 50.0 };
const AMPERES: ArgumentKind = ArgumentKind { word: "amperes", range: (0.0, 1000.0), step: 0.05 };

/// All commands there are.
pub const OPERATIONS: [Operation; 9] = [
    Operation { name: "run", argument: None },
    Operation { name: "stop", argument: None },
    Operation { name: "limit", argument: Some(PERCENT) },
    Operation { name: "release", argument: None },
    Operation { name: "light", argument: Some(PERCENT) },
    Operation { name: "dark", argument: None },
    Operation { name: "power", argument: Some(WATTS) },
    Operation { name: "charge", argument: Some(AMPERES) },
    Operation { name: "pause", argument: None },
];

impl Operation {
    /// A command by its name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        OPERATIONS.into_iter().find(|operation| operation.name == name)
    }
}

/// Who wants it. Ordered: a later one is narrowed by an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// Interlocks and legal limits.
    Interlock,
    /// An operator's override.
    Operator,
    /// A limit from outside (the grid's operator).
    External,
    /// The plan.
    Plan,
    /// The default program: level bands and calendars.
    Program,
}

impl Authority {
    /// In words, for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Interlock => "an interlock",
            Self::Operator => "an operator",
            Self::External => "a limit from outside",
            Self::Plan => "the plan",
            Self::Program => "the default program",
        }
    }
}

/// A wish for one asset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// For which asset.
    pub asset: AssetId,
    /// What it should be told.
    pub setpoint: Setpoint,
    /// Who wants it.
    pub authority: Authority,
    /// Why, in words.
    pub why: String,
}

/// A command to one asset, on its way to the device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// For which asset.
    pub asset: AssetId,
    /// Its device.
    pub device: DeviceId,
    /// What it is told.
    pub setpoint: Setpoint,
    /// Who wanted it.
    pub authority: Authority,
}

/// Something the guard let through. The encoder accepts nothing else.
///
/// Only `policies::guard` calls [`Guarded::by_guard`]; a test of the tree's structure holds that.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guarded<T>(T);

impl<T> Guarded<T> {
    /// Seals what passed every check. For the guard alone.
    #[must_use]
    pub const fn by_guard(passed: T) -> Self {
        Self(passed)
    }
    /// What passed.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.0
    }
}

/// What the guard made of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Let through as proposed.
    Passed,
    /// Let through, changed towards the safe side.
    Narrowed,
    /// Not let through: nothing is written.
    Blocked,
}

impl Outcome {
    /// In words, for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Narrowed => "narrowed",
            Self::Blocked => "blocked",
        }
    }
}

/// One check's word on one asset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// For which asset.
    pub asset: AssetId,
    /// The check, by name, for example "min_run".
    pub check: String,
    /// What it did.
    pub outcome: Outcome,
    /// Why, with the numbers.
    pub reason: String,
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The device acknowledged the registers.
    Sent,
    /// Nothing new to say, and no refresh due.
    Unchanged,
    /// The dead-man was refreshed.
    Refreshed,
    /// The device did not acknowledge; the state is unclear until read back.
    Failed(String),
}

/// The receipt of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// For which asset.
    pub asset: AssetId,
    /// What became of it.
    pub delivery: Delivery,
}

/// Whether the field shows what was commanded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Read back and equal.
    Confirmed,
    /// Still within the settling time.
    Pending,
    /// Read back and different, so many times in a row.
    Mismatch(u32),
    /// Nothing can be read back.
    Lost,
    /// It was not reached for longer than its dead-man waits: it follows its own control, whatever
    /// it shows.
    Released,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_setpoint_and_comes_back_from_it() {
        for operation in OPERATIONS {
            let setpoint = Setpoint::of(operation.name, 20.0).expect("every operation has one");
            assert_eq!(setpoint.operation(), operation.name);
            if operation.argument.is_some() {
                let back = setpoint.argument().expect("it carries one");
                assert!((back - 20.0).abs() < 1e-9, "{}: {back}", operation.name);
            }
        }
        assert_eq!(Setpoint::of("jump", 20.0), None);
    }
}
