//! What somebody wants to write by hand, and what came of it.

use crate::store::WriteEnd;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::command::Verdict;
use site::{AssetId, PointId};

/// What somebody wants to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WriteWish {
    /// The point, `device.point`.
    pub point: String,
    /// The value, in the point's own unit.
    pub value: String,
    /// Who wants it.
    pub who: String,
    /// Why; may be empty.
    #[serde(default)]
    pub reason: String,
    /// Only asks what would come of it.
    #[serde(default)]
    pub dry: bool,
}

/// What came of it, or would.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteReport {
    /// The number of the entry on record; null when it was only asked.
    pub id: Option<u64>,
    /// The point.
    pub point: PointId,
    /// The asset whose command writes it.
    pub asset: AssetId,
    /// What the point read before, in words.
    pub old: String,
    /// What is wanted, in words.
    pub new: String,
    /// What that is as a command, in words.
    pub setpoint: String,
    /// What the guard lets through, in words; null when it blocks.
    pub told: Option<String>,
    /// What the guard says.
    pub verdicts: Vec<Verdict>,
    /// How it ended; null when it was only asked.
    pub end: Option<WriteEnd>,
    /// When the plan takes over again (site time).
    pub until: Timestamp,
    /// The site time of this answer.
    pub at: Timestamp,
    /// Time zone of the site, an IANA name.
    pub time_zone: String,
}

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WriteError {
    /// There is no such point.
    #[error("{why}")]
    Unknown {
        /// What is not there.
        why: String,
        /// What there is.
        help: String,
    },
    /// No command writes it.
    #[error("{why}")]
    NotWritable {
        /// Why.
        why: String,
        /// What can be written.
        help: String,
    },
    /// The value is none, or too long a text came with it.
    #[error("{why}")]
    Value {
        /// What is wrong.
        why: String,
    },
    /// Nothing is written at present.
    #[error("nothing is written now: {because}")]
    Observing {
        /// Why.
        because: String,
    },
    /// The guard did not let it through.
    #[error("the guard does not let it through: {why}")]
    Blocked {
        /// The verdicts, in words.
        why: String,
    },
    /// The device did not acknowledge it.
    #[error("it was let through, and the device did not acknowledge it: {why}")]
    Failed {
        /// What the link said.
        why: String,
    },
    /// It could not be put on record.
    #[error("it could not be put on record, and was not written: {0}")]
    Disk(String),
    /// The daemon is too busy, or stopping.
    #[error("the daemon does not answer its desk now: it is busy, or stopping")]
    Busy,
}
