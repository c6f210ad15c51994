//! What proposals need to know beside the process image.

use site::AssetId;
use site::command::Proposal;
use site::external::ExternalLimit;
use site::plan::{Estimate, Session};
use site::units::Ratio;
use std::collections::BTreeMap;
use std::time::Duration;

/// What is known around a look, from the calendar, from people and from the last estimate.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Circumstances {
    /// The level that each lighting cabinet's program wants now.
    pub program_level: BTreeMap<AssetId, Ratio>,
    /// How long each shiftable load has run in the present local day.
    pub run_today: BTreeMap<AssetId, Duration>,
    /// The vehicles that are there.
    pub sessions: BTreeMap<AssetId, Session>,
    /// Limits from outside, in force or to come.
    pub limits: Vec<ExternalLimit>,
    /// What operators want instead, at most one for an asset.
    pub overrides: Vec<Proposal>,
}

impl Circumstances {
    /// What the last estimate tells, with the program's levels and the limits of now.
    #[must_use]
    pub fn new(
        program_level: BTreeMap<AssetId, Ratio>,
        limits: Vec<ExternalLimit>,
        believed: &Estimate,
    ) -> Self {
        let there = believed.chargers.iter();
        let sessions = there.filter_map(|(id, state)| Some((id.clone(), state.session?)));
        let run_today = believed.run_today.clone();
        let overrides = Vec::new();
        Self { program_level, run_today, sessions: sessions.collect(), limits, overrides }
    }

    /// The same, with what operators want instead.
    #[must_use]
    pub fn with_overrides(self, overrides: Vec<Proposal>) -> Self {
        Self { overrides, ..self }
    }
}
