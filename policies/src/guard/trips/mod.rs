//! Check 5, `trip`: stops that are latched. Where an interlock lets go by itself, a trip lasts
//! until a person resets it; a dry run alone starts again by itself, late and not often. A trip
//! holds back and never starts anything.
//!
//! Only what we command is watched: an asset in mode control, its switch on remote. What a look
//! shows against it is in [`sight`]; what has to last, and what a trip does then, is here. As in
//! all of the guard's memory only witnessed time counts.

mod cause;
mod memory;
mod sight;

pub use cause::{Cause, Trip};
pub(super) use memory::TripMemory;

use super::{Asset, Case, GuardMemory, Ruling};
use jiff::Timestamp;
use site::asset::Mode;
use site::command::{Delivery, Receipt, Setpoint};
use site::units::Power;
use site::{AssetId, Site, Snapshot};
use std::time::Duration;

/// Keeps a tripped asset stopped, and a tripped battery at rest.
pub(super) fn latched(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    let instead = match wanted {
        Setpoint::Run => Setpoint::Stop,
        Setpoint::Power(power) if power != Power::ZERO => Setpoint::Power(Power::ZERO),
        _ => return Ruling::Pass,
    };
    let asset = &case.proposal.asset;
    let Some(memory) = case.memory.trips.get(asset) else { return Ruling::Pass };
    match memory.words(asset, case.snapshot.now.utc) {
        Some(reason) => Ruling::Narrow(instead, reason),
        None => Ruling::Pass,
    }
}

/// Whether a trip holds the asset: no minimum run time stands against it.
pub(super) fn holds(case: &Case<'_>) -> bool {
    case.memory.trip(&case.proposal.asset).is_some()
}

impl GuardMemory {
    /// The trip that holds an asset; none when it is free.
    #[must_use]
    pub fn trip(&self, asset: &AssetId) -> Option<&Trip> {
        self.trips.get(asset).and_then(TripMemory::trip)
    }

    /// All trips that hold, in the order of the assets' names.
    pub fn trips(&self) -> impl Iterator<Item = (&AssetId, &Trip)> {
        self.trips.iter().filter_map(|(id, memory)| Some((id, memory.trip()?)))
    }

    /// Resets the trip of an asset, because a person asks for it, and forgets what led to it. What
    /// still causes it trips it again at the next look. None when it was not tripped.
    pub fn reset_trip(&mut self, asset: &AssetId) -> Option<Trip> {
        self.trips.get_mut(asset).and_then(TripMemory::reset)
    }

    /// Takes in which of the commands at this look their devices did not acknowledge, after
    /// [`commanded`](Self::commanded): nobody disobeys what it was never told.
    pub fn delivered(&mut self, receipts: &[Receipt]) {
        let failed = receipts.iter().filter(|one| matches!(one.delivery, Delivery::Failed(_)));
        for receipt in failed {
            if let Some(memory) = self.trips.get_mut(&receipt.asset) {
                memory.tell(None, Timestamp::UNIX_EPOCH);
            }
        }
    }

    /// Looks for causes of trips. Motors must have been observed before.
    pub(super) fn observe_trips(&mut self, site: &Site, snapshot: &Snapshot) {
        let known = |id: &AssetId| Asset::find(site, id).is_some();
        self.trips.retain(|id, _| known(id));
        let motors = site.motors().map(|motor| motor.id);
        let batteries = site.batteries.iter().map(|battery| &battery.id);
        for id in motors.chain(batteries) {
            let Some(asset) = Asset::find(site, id) else { continue };
            if asset.control().mode == Mode::Control {
                let memory = self.trips.entry(id.clone()).or_default();
                memory.observe(&sight::Sight { site, snapshot, asset });
            }
        }
    }

    /// Moves the times of all trips along, and forgets what has to last when nobody witnessed it.
    pub(super) fn witness_trips(&mut self, moved: impl Fn(&mut Timestamp), long: bool) {
        for memory in self.trips.values_mut() {
            memory.move_along(&moved, long);
        }
    }
}

/// Minutes in words.
fn minutes(duration: Duration) -> String {
    format!("{:.1} min", duration.as_secs_f64() / 60.0)
}
