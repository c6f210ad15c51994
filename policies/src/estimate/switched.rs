//! Loads that are on or off, wells, and the generator.

use super::{EstimateMemory, Gauge, tripped, unavailable};
use crate::guard::GuardMemory;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use site::asset::SwitchPoints;
use site::plan::{Estimated, PumpState};
use site::units::{Level, Power};
use site::{AssetId, Site, Snapshot};
use std::collections::BTreeMap;
use std::time::Duration;

/// A gap between two looks that is longer than so many cycles was not witnessed: nobody knows what
/// ran in it.
const UNSEEN_CYCLES_MAX: u32 = 2;

/// How long a load has run in a local day, as far as was witnessed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct RunToday {
    day: Date,
    seconds: f64,
    last: Timestamp,
    running: bool,
}

/// The state of every shiftable load and lift station.
pub(super) fn states(
    site: &Site,
    snapshot: &Snapshot,
    guard: &GuardMemory,
) -> BTreeMap<AssetId, PumpState> {
    let shiftable = site.shiftable.iter().map(|load| {
        let needed = [&load.points.running];
        (
            &load.id,
            load.rated_power,
            &load.points,
            unavailable_switch(snapshot, &load.points, &needed),
        )
    });
    let stations = site.lift_stations.iter().map(|station| {
        let needed = [&station.points.running, &station.level];
        let why = unavailable_switch(snapshot, &station.points, &needed);
        (&station.id, station.rated_power, &station.points, why)
    });
    let state =
        |(id, rated, points, unavailable): (&AssetId, Power, &SwitchPoints, Option<String>)| {
            let now = snapshot.now.utc;
            let running = snapshot.flag(&points.running);
            let power = match &points.power {
                Some(point) => snapshot.number(point).map(Power::new),
                // Not metered: what its plate says while it runs.
                None => running.map(|running| if running { rated } else { Power::ZERO }),
            };
            let state = PumpState {
                running,
                power,
                in_state_for: guard.in_state_for(id, now).unwrap_or_default(),
                starts_last_hour: guard.starts_last_hour(id, now),
                unavailable: unavailable.or_else(|| tripped(guard, id)),
            };
            (id.clone(), state)
        };
    shiftable.chain(stations).map(state).collect()
}

fn unavailable_switch(
    snapshot: &Snapshot,
    points: &SwitchPoints,
    needed: &[&site::PointId],
) -> Option<String> {
    unavailable(snapshot, needed, Some(&points.remote), points.fault.as_ref())
}

/// How long each shiftable load has run since local midnight.
pub(super) fn run_today(
    site: &Site,
    now: Timestamp,
    memory: &mut EstimateMemory,
    states: &BTreeMap<AssetId, PumpState>,
) -> BTreeMap<AssetId, Duration> {
    let local = now.to_zoned(site.zone.clone());
    let midnight = local.start_of_day().map_or(now, |day| day.timestamp());
    let patience = site.pace.cycle.saturating_mul(UNSEEN_CYCLES_MAX).as_secs_f64();
    memory.runs.retain(|id, _| site.shiftable.iter().any(|load| &load.id == id));
    let mut all = BTreeMap::new();
    for load in &site.shiftable {
        let running = states.get(&load.id).and_then(|state| state.running);
        let fresh = RunToday { day: local.date(), seconds: 0.0, last: now, running: false };
        let run = memory.runs.entry(load.id.clone()).or_insert(fresh);
        let since = run.last.max(midnight);
        if run.day != local.date() {
            (run.day, run.seconds) = (local.date(), 0.0);
        }
        let witnessed = (0.0..=patience).contains(&site::time::seconds_between(run.last, now));
        if run.running && witnessed {
            run.seconds += site::time::seconds_between(since, now).max(0.0);
        }
        // Between two looks it goes on as it was seen at the first; not seen is not run.
        (run.last, run.running) = (now, running == Some(true));
        all.insert(load.id.clone(), Duration::from_secs_f64(run.seconds));
    }
    all
}

/// Levels of the wells.
pub(super) fn wells(
    site: &Site,
    snapshot: &Snapshot,
    memory: &mut EstimateMemory,
) -> BTreeMap<AssetId, Option<Estimated<Level>>> {
    let gauges = site.lift_stations.iter().map(|station| Gauge {
        id: &station.id,
        point: &station.level,
        height: station.height,
    });
    gauges.map(|gauge| gauge.read(snapshot, memory)).collect()
}

/// The generator that runs.
pub(super) fn generator(site: &Site, snapshot: &Snapshot) -> Option<AssetId> {
    let running = site.generators.iter().find(|g| snapshot.flag(&g.running) == Some(true));
    running.map(|generator| generator.id.clone())
}
