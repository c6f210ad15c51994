//! What a trip is, in data and in words.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::AssetId;
use std::time::Duration;

/// After a dry run a pump rests at least so long.
pub(super) const DRY_REST: Duration = Duration::from_secs(900);

/// What latched a trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A pump ran without water.
    DryRun,
    /// A pump ran on into a full tank.
    Overflow,
    /// The device reported faults again and again.
    Fault,
    /// It was told to stop, and ran on.
    RunsOn,
    /// It was told to run, and stood still.
    StandsStill,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::DryRun, Self::Overflow, Self::Fault, Self::RunsOn, Self::StandsStill];

    /// The word used in status and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DryRun => "dry_run",
            Self::Overflow => "overflow",
            Self::Fault => "fault",
            Self::RunsOn => "runs_on",
            Self::StandsStill => "stands_still",
        }
    }
}

/// A stop that is latched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trip {
    /// What latched it.
    pub cause: Cause,
    /// When (site time).
    pub at: Timestamp,
    /// What was seen, with the numbers.
    pub reason: String,
    /// How often it may still start again by itself, this time included; 0 needs a person.
    pub restarts_left: u32,
}

impl Trip {
    /// What ends it, in words.
    #[must_use]
    pub fn end_words(&self, asset: &AssetId) -> String {
        match self.restarts_left {
            0 => format!("until somebody resets it: regie trip reset {asset}"),
            left => {
                let minutes = DRY_REST.as_secs() / 60;
                format!("rests for {minutes} min and until there is water; restarts left: {left}")
            }
        }
    }
}
