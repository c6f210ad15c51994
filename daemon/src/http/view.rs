//! What HTTP shows: one immutable view per cycle.

use crate::status::Status;
use policies::explain::ExplainedStep;
use serde::{Deserialize, Serialize};
use site::AssetId;
use site::plan::Plan;
use std::collections::BTreeMap;

/// Everything there is to show after a cycle. Replaced as a whole, never changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct View {
    /// The status.
    pub status: Status,
    /// The plan in force; none on the rungs without one.
    pub plan: Option<Plan>,
    /// Why each asset does what it does, in words.
    pub explanations: BTreeMap<AssetId, String>,
    /// Whether the daemon does its work; decides what `/healthz` answers.
    pub healthy: bool,
}

impl View {
    /// Whether there is anything to show: a site has a name, the default view has none.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.status.site.is_empty()
    }

    /// Why the daemon is not healthy; none when it is.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        if self.healthy {
            return None;
        }
        Some(match (&self.status.because, self.status.rung) {
            (Some(because), Some(rung)) => format!("rung {}: {because}", rung.word()),
            (Some(because), None) => because.clone(),
            (None, None) => "no cycle has been completed since the start".to_owned(),
            (None, Some(_)) => format!("the last good cycle was at {}", self.status.at),
        })
    }
}

/// Why one asset does what it does: the answer of `/api/explain/{asset}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The asset.
    pub asset: AssetId,
    /// In words.
    pub explanation: String,
    /// Every step of the plan in force as the asset sees it; empty where there is no plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<ExplainedStep>,
}

/// An answer that is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What is wrong.
    pub error: String,
    /// What to do.
    pub help: String,
}
