//! What flows into the wells of lift stations: learned from how fast levels rise while the pump
//! stands still, and, where it hardly ever does, from how fast they change while it runs.

use crate::forecast::Profile;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::asset::LiftStation;
use site::plan::{Basis, Estimate, Step};
use site::time::{add_seconds, seconds_between};
use site::units::Flow;
use site::{AssetId, Site};
use std::collections::BTreeMap;

/// A level is looked at over at least so long before it says something, s: what flows in within it
/// is many times the transmitter's noise.
const WINDOW_MIN: f64 = 240.0;
/// And at most so long, s.
const WINDOW_MAX: f64 = 900.0;
/// Two looks longer apart than this do not belong to one window, s.
const GAP_MAX: f64 = 600.0;
/// A running pump teaches only when a standing one has not for so long, s: what it really pumps is
/// known less well than the well's section.
const SILENCE: f64 = 3600.0;
/// Litres in a cubic metre; profiles are kept in l/s.
const LITRES: f64 = 1e3;

/// What was learned of every lift station.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Inflows {
    stations: BTreeMap<AssetId, Learned>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Learned {
    /// Inflow in l/s.
    profile: Profile,
    window: Option<Window>,
    /// When a standing pump taught last.
    taught: Option<Timestamp>,
}

/// A stretch in which the pump did not switch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Window {
    start: Timestamp,
    level: f64,
    last: Timestamp,
    last_level: f64,
    running: bool,
}

impl Inflows {
    /// Learns from what is measured in this cycle.
    pub fn observe(&mut self, site: &Site, estimate: &Estimate) {
        self.stations.retain(|id, _| site.lift_stations.iter().any(|s| &s.id == id));
        for station in &site.lift_stations {
            let learned = self.stations.entry(station.id.clone());
            let learned = learned.or_insert_with(|| Learned::new(station));
            learned.observe(site, station, estimate);
        }
    }

    /// What is expected to flow into each well in each step; before anything was learned, what the
    /// site file says.
    #[must_use]
    pub fn expected(
        &self,
        site: &Site,
        now: Timestamp,
        steps: &[Step],
    ) -> BTreeMap<AssetId, Vec<Flow>> {
        let of_station = |station: &LiftStation| {
            let learned = self.stations.get(&station.id);
            let flow = |step: &Step| {
                let middle = add_seconds(step.start, step.hours() * 1800.0);
                learned.map_or(station.inflow, |learned| {
                    let litres = learned.profile.expect(now, middle, site.calendar());
                    Flow::new((litres / LITRES).max(0.0))
                })
            };
            (station.id.clone(), steps.iter().map(flow).collect())
        };
        site.lift_stations.iter().map(of_station).collect()
    }
}

impl Learned {
    fn new(station: &LiftStation) -> Self {
        let profile = Profile::new([station.inflow.get() * LITRES; 24]);
        Self { profile, window: None, taught: None }
    }

    fn observe(&mut self, site: &Site, station: &LiftStation, estimate: &Estimate) {
        let now = estimate.now.utc;
        let level = estimate.wells.get(&station.id).copied().flatten();
        let level = level.filter(|level| level.basis == Basis::Measured);
        let running = estimate.switched.get(&station.id).and_then(|state| state.running);
        let (Some(level), Some(running)) = (level.map(|l| l.value.get()), running) else {
            self.window = None;
            return;
        };
        let fresh = Window { start: now, level, last: now, last_level: level, running };
        let Some(mut window) = self.window else {
            self.window = Some(fresh);
            return;
        };
        let gap = seconds_between(window.last, now);
        if window.running == running && (0.0..=GAP_MAX).contains(&gap) {
            (window.last, window.last_level) = (now, level);
            self.window = Some(window);
            if seconds_between(window.start, now) < WINDOW_MAX {
                return;
            }
        }
        // It switched somewhere between the last two looks: what was seen before them holds.
        self.learn(site, station, window);
        self.window = Some(fresh);
    }

    fn learn(&mut self, site: &Site, station: &LiftStation, window: Window) {
        let seconds = seconds_between(window.start, window.last);
        if seconds < WINDOW_MIN {
            return;
        }
        let silent = |taught| seconds_between(taught, window.last) > SILENCE;
        if window.running && self.taught.is_some_and(|taught| !silent(taught)) {
            return;
        }
        if !window.running {
            self.taught = Some(window.last);
        }
        let section = station.volume.get() / station.height.get();
        let gained = section * (window.last_level - window.level) / seconds;
        let pumped = if window.running { station.flow.get() } else { 0.0 };
        let inflow = (gained + pumped).max(0.0);
        self.profile.observe(window.last, inflow * LITRES, site.calendar());
    }
}

#[cfg(test)]
mod tests;
