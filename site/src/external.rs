//! Limits from outside: what the grid's operator or an authority orders for a while.

use crate::units::Power;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the grid.
    Import,
    /// Into the grid.
    Export,
}

impl Direction {
    /// The word used in files and on screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Export => "export",
        }
    }
}

/// An order to keep import or export at the point of common coupling below a power. It stands above
/// the plan: the plan is made within it, and between plans setpoints are narrowed to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExternalLimit {
    /// Which way.
    pub direction: Direction,
    /// The most, as a positive number.
    pub power: Power,
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub until: Timestamp,
    /// Who ordered it.
    pub author: String,
    /// Why, in their words.
    pub reason: String,
}

impl ExternalLimit {
    /// Whether it is in force at an instant.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

/// The lowest power that any of some limits allows in a direction at an instant; none where nobody
/// limits it.
#[must_use]
pub fn lowest(limits: &[ExternalLimit], direction: Direction, at: Timestamp) -> Option<Power> {
    let held = limits.iter().filter(|limit| limit.direction == direction && limit.holds(at));
    held.map(|limit| limit.power).min_by(|a, b| a.get().total_cmp(&b.get()))
}
