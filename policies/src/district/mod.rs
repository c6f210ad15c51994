//! Districts watched for leaks: the flow of each night against a baseline of earlier nights, and
//! the volume balance of each day.
//!
//! When hardly anyone takes water, what still flows in is mostly lost. So the mean inflow of a
//! district from 02:00 to 04:00 local time (its minimum night flow, the window in which
//! residential demand is least: *Water* 2024, 16(24), 3642) is compared, night by night, with what
//! fourteen earlier nights let expect. The mean of the whole window is taken, and not the lowest
//! hour in it: it strays less from night to night, which is what counts for noticing a change. A
//! cumulative sum ([`ALLOWANCE`], [`THRESHOLD`]) adds up what is above that, and raises an alarm.
//!
//! Net inflow is inflow less outflow less what tanks take up, so that a district with tanks and
//! one without are the same here. Memory goes in and comes out; this module asks no clock and
//! reads no file. The same observations give the same memory, whether they come from the field or
//! out of a history.

mod baseline;
mod measure;
mod memory;
mod report;
#[cfg(test)]
mod tests;
mod watch;

pub use measure::NIGHT_HOURS;
pub use report::{Alarm, Day, DayVolumes, DistrictReport, Night};
pub use watch::{ALLOWANCE, THRESHOLD};

use hydraulics::Network;
use jiff::Timestamp;
use memory::Memory;
use serde::{Deserialize, Serialize};
use site::{AssetId, PointId, Site};
use std::collections::BTreeMap;
use std::time::Duration;

/// Two readings further apart than this many cycles have a gap between them.
const GAP_CYCLES: u32 = 3;
/// And so have those further apart than this, however short the cycle.
const GAP_MIN: Duration = Duration::from_secs(300);

/// What was measured at an instant.
pub struct Image<'a> {
    /// When.
    pub at: Timestamp,
    /// The good number of a point, in its base unit; none when there is no such number.
    pub number: &'a dyn Fn(&PointId) -> Option<f64>,
    /// The network, which says how much a tank holds at a level.
    pub network: Option<&'a Network>,
}

/// What is remembered of all districts. Call [`Districts::observe`] in order of time; ask
/// [`Districts::reports`] at any time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Districts(BTreeMap<AssetId, Memory>);

impl Districts {
    /// Takes in what was measured. A point without a good number leaves a gap; nothing is made
    /// up for it. Districts that the site no longer has are forgotten, and one that is measured
    /// in another way than before learns anew.
    pub fn observe(&mut self, site: &Site, image: &Image<'_>) {
        self.0.retain(|id, _| site.districts.iter().any(|district| &district.id == id));
        let gap = (site.pace.cycle * GAP_CYCLES).max(GAP_MIN).as_secs_f64();
        for district in &site.districts {
            let memory = self.0.entry(district.id.clone()).or_insert_with(|| Memory::new(district));
            memory.accord(district);
            let reading = measure::read(site, district, image);
            memory.observe(image.at, reading, gap, &site.zone);
        }
    }

    /// The leak alarms that last.
    pub fn alarms(&self) -> impl Iterator<Item = (&AssetId, &Alarm)> {
        self.0.iter().filter_map(|(id, memory)| Some((id, memory.alarm()?)))
    }

    /// What there is to show of each district.
    #[must_use]
    pub fn reports(&self, site: &Site) -> BTreeMap<AssetId, DistrictReport> {
        let report = |district: &site::district::District| {
            let memory = self.0.get(&district.id);
            let report = memory.map_or_else(
                || Memory::new(district).report(district),
                |memory| memory.report(district),
            );
            (district.id.clone(), report)
        };
        site.districts.iter().map(report).collect()
    }
}
