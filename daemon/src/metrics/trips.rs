//! Trips of the guard.

use super::{Page, truth};
use crate::status::Status;
use policies::guard::Cause;

impl Page {
    pub(super) fn trips(&self, status: &Status) {
        let rows = status.assets.iter().flat_map(|(id, asset)| {
            Cause::ALL.map(|cause| {
                let held = asset.tripped.as_ref().is_some_and(|trip| trip.cause == cause);
                (vec![id.as_str(), cause.word()], Some(truth(held)))
            })
        });
        let help = "1 while the asset is stopped by a trip of this cause.";
        self.gauges(("asset_tripped", help), &["asset", "cause"], rows);
        let rows = Cause::ALL.into_iter().map(|cause| {
            (vec![cause.word()], status.guard.trips.get(&cause).copied().unwrap_or(0))
        });
        self.counters(("guard_trips_total", "Trips since the start."), &["cause"], rows);
    }
}
