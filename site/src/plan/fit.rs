//! What measurements say of the model.

use super::Estimated;
use crate::units::Ratio;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What measurements say of a pump, as factors on what the network file says of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PumpFit {
    /// Factor on what it adds to the tanks.
    pub flow: Estimated<Ratio>,
    /// Factor on its power.
    pub power: Estimated<Ratio>,
}

/// In what the model and the measurements disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MisfitKind {
    /// What a pump delivers, as a factor.
    Flow,
    /// What power a pump takes, as a factor.
    Power,
    /// What a tank gains beyond what flows say, m3/h.
    Balance,
    /// What consumers take, as a factor of the profile.
    Demand,
}

impl MisfitKind {
    /// The word used in status and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Power => "power",
            Self::Balance => "balance",
            Self::Demand => "demand",
        }
    }
}

/// Something that the model no longer describes: the correction is outside its usual range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Misfit {
    /// The pump or tank, or `demand`.
    pub subject: String,
    /// In what they disagree.
    pub kind: MisfitKind,
    /// How much: a factor, or m3/h for a balance.
    pub value: f64,
    /// Its spread, one standard deviation.
    pub spread: f64,
    /// Since when.
    pub since: Timestamp,
}

impl Misfit {
    /// In words, for people.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { subject, value, spread, .. } = self;
        let (percent, percent_spread) = (100.0 * value, 100.0 * spread);
        match self.kind {
            MisfitKind::Flow => format!(
                "{subject} delivers {percent:.0} % (± {percent_spread:.0}) of what its curve says"
            ),
            MisfitKind::Power => format!(
                "{subject} takes {percent:.0} % (± {percent_spread:.0}) of the power its curve says"
            ),
            MisfitKind::Balance => format!(
                "{subject} gains {value:+.0} m3/h (± {spread:.0}) beyond what the flows say"
            ),
            MisfitKind::Demand => {
                format!("demand is {percent:.0} % (± {percent_spread:.0}) of its profile")
            }
        }
    }
}
