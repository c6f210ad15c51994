//! What is held fast for a while: the question behind "what would it cost to keep P2 off until
//! six?"

use super::Inputs;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::AssetId;
use site::plan::Step;
use site::units::Power;
use std::time::Duration;

/// How an asset is held.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// It does not run, charge or give.
    Off,
    /// It runs: pumps and loads that are on or off.
    On,
    /// A battery takes this power (or gives, when negative); others take at most this.
    Power(Power),
}

/// One asset held until an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// Which.
    pub asset: AssetId,
    /// How.
    pub held: Held,
    /// First instant at which it is free again.
    pub until: Timestamp,
}

impl Inputs<'_> {
    fn held(&self, asset: &AssetId, at: Timestamp) -> Option<Held> {
        let hold = self.holds.iter().find(|hold| &hold.asset == asset && at < hold.until);
        hold.map(|hold| hold.held)
    }

    /// The power at which an asset is held in a step, kW; none when it is free.
    pub(super) fn held_power(&self, asset: &AssetId, step: &Step) -> Option<f64> {
        self.held(asset, step.start).map(|held| match held {
            Held::Off => 0.0,
            Held::On => f64::MAX,
            Held::Power(power) => power.kw(),
        })
    }

    /// Whether a pump is held running or stopped some time after now; none when it is free.
    pub(super) fn held_on(&self, asset: &AssetId, offset: Duration) -> Option<bool> {
        let at = site::time::add_seconds(self.estimate.now.utc, offset.as_secs_f64());
        self.held(asset, at).map(|held| match held {
            Held::Off => false,
            Held::On => true,
            Held::Power(power) => power > Power::ZERO,
        })
    }
}
