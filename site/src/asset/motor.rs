//! What everything that is switched on and off has in common.

use crate::Site;
use crate::ids::{AssetId, PointId};
use std::time::Duration;

/// A motor behind a contactor or drive: a pump, a shiftable load, the pump of a lift station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Motor<'a> {
    /// Its name.
    pub id: &'a AssetId,
    /// Feedback: it runs.
    pub running: &'a PointId,
    /// The local/remote switch stands on remote.
    pub remote: &'a PointId,
    /// Once started it runs at least this long.
    pub min_run: Duration,
    /// Once stopped it rests at least this long.
    pub min_stop: Duration,
    /// Starts in any 60 minutes.
    pub max_starts_per_hour: u32,
    /// Starts in any 24 hours.
    pub max_starts_per_day: u32,
}

impl Site {
    /// All motors: pumps, shiftable loads, lift stations, each kind in order of their names.
    pub fn motors(&self) -> impl Iterator<Item = Motor<'_>> {
        let pumps = self.pumps.iter().map(|pump| Motor {
            id: &pump.id,
            running: &pump.points.running,
            remote: &pump.points.remote,
            min_run: pump.min_run,
            min_stop: pump.min_stop,
            max_starts_per_hour: pump.max_starts_per_hour,
            max_starts_per_day: pump.max_starts_per_day,
        });
        let shiftable = self.shiftable.iter().map(|load| Motor {
            id: &load.id,
            running: &load.points.running,
            remote: &load.points.remote,
            min_run: load.min_run,
            min_stop: load.min_stop,
            max_starts_per_hour: load.max_starts_per_hour,
            max_starts_per_day: load.max_starts_per_day,
        });
        let stations = self.lift_stations.iter().map(|station| Motor {
            id: &station.id,
            running: &station.points.running,
            remote: &station.points.remote,
            min_run: station.min_run,
            min_stop: station.min_stop,
            max_starts_per_hour: station.max_starts_per_hour,
            max_starts_per_day: station.max_starts_per_day,
        });
        pumps.chain(shiftable).chain(stations)
    }
}
