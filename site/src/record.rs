//! The record of one cycle: what was seen, believed, expected, intended, allowed, written and
//! confirmed. It is also the input of a replay.

use crate::command::{Command, Proposal, Receipt, Verdict, Verification};
use crate::ids::AssetId;
use crate::plan::{Estimate, Plan, Rung};
use crate::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything about one cycle, in the order of its phases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CycleRecord {
    /// Number of the cycle since the state was created.
    pub cycle: u64,
    /// The frozen process image.
    pub snapshot: Snapshot,
    /// What was believed.
    pub estimate: Estimate,
    /// What was intended; none on the rungs without a plan.
    pub plan: Option<Plan>,
    /// Where the cycle stands on the ladder.
    pub rung: Rung,
    /// Why it stands there, when it is not the top.
    pub because: Option<String>,
    /// What was wished for each asset.
    pub proposals: Vec<Proposal>,
    /// What the guard said.
    pub verdicts: Vec<Verdict>,
    /// What was let through.
    pub commands: Vec<Command>,
    /// What became of it on the wire.
    pub receipts: Vec<Receipt>,
    /// Whether the field shows it.
    pub verifications: BTreeMap<AssetId, Verification>,
}
