//! From readings to volumes over a window of local time.

use super::Image;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use site::district::District;
use site::time::{add_seconds, seconds_between};
use site::{AssetId, Site};

/// The window of the night flow, local hours from and to.
pub const NIGHT_HOURS: (i8, i8) = (2, 4);
/// So many of a day's hours are its busy ones.
const BUSY_HOURS: usize = 6;
/// An hour of which less was measured does not count.
const HOUR_COVERED_MIN: f64 = 0.75;
const HOUR_S: f64 = 3600.0;

/// What was measured of a district at one instant, all of it good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Reading {
    pub(super) at: Timestamp,
    /// m3/s.
    inflow: f64,
    /// m3/s.
    outflow: f64,
    /// m3 in the tanks.
    stored: f64,
    /// m3/s; none where no consumer is metered, or not all of those that are.
    metered: Option<f64>,
}

/// The reading of a district; none when a meter or a level that it needs has no good number.
pub(super) fn read(site: &Site, district: &District, image: &Image<'_>) -> Option<Reading> {
    let sum = |meters: &[AssetId]| -> Option<f64> {
        let flow = |id: &AssetId| (image.number)(&site.flow_meter(id)?.flow);
        meters.iter().map(flow).sum()
    };
    let stored = |id: &AssetId| {
        let tank = site.tank(id)?;
        let level = (image.number)(&tank.level)?;
        let node = image.network?.tanks().iter().find(|node| node.id == tank.node)?;
        Some(node.volume_m3(level.clamp(node.level_min_m, node.level_max_m)))
    };
    let finite = |number: f64| number.is_finite().then_some(number);
    Some(Reading {
        at: image.at,
        inflow: finite(sum(&district.inflow)?)?,
        outflow: finite(sum(&district.outflow)?)?,
        stored: finite(district.tanks.iter().map(stored).sum::<Option<f64>>()?)?,
        metered: if district.metered.is_empty() { None } else { sum(&district.metered) },
    })
}

/// Volumes over a time, m3.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Volumes {
    pub(super) seconds: f64,
    pub(super) inflow: f64,
    pub(super) outflow: f64,
    pub(super) storage_change: f64,
    pub(super) metered: f64,
    pub(super) metered_seconds: f64,
}

impl Volumes {
    /// Between two readings, the flows on straight lines.
    pub(super) fn between(a: &Reading, b: &Reading) -> Self {
        let seconds = seconds_between(a.at, b.at);
        let mean = |a: f64, b: f64| 0.5 * (a + b) * seconds;
        let metered = a.metered.zip(b.metered).map(|(a, b)| mean(a, b));
        Self {
            seconds,
            inflow: mean(a.inflow, b.inflow),
            outflow: mean(a.outflow, b.outflow),
            storage_change: b.stored - a.stored,
            metered: metered.unwrap_or(0.0),
            metered_seconds: if metered.is_some() { seconds } else { 0.0 },
        }
    }

    fn add(&mut self, more: &Self, share: f64) {
        self.seconds += more.seconds * share;
        self.inflow += more.inflow * share;
        self.outflow += more.outflow * share;
        self.storage_change += more.storage_change * share;
        self.metered += more.metered * share;
        self.metered_seconds += more.metered_seconds * share;
    }

    /// Consumed and lost, m3.
    pub(super) fn net(&self) -> f64 {
        self.inflow - self.outflow - self.storage_change
    }
}

/// A window of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

impl Window {
    /// The night's window of a local date: 02:00 to 04:00, which is one hour when clocks are put
    /// forward in it and three when they are put back.
    pub(super) fn night(date: Date, zone: &TimeZone) -> Option<Self> {
        let at = |hour| {
            let local = date.at(hour, 0, 0, 0).to_zoned(zone.clone());
            local.ok().map(|local| local.timestamp())
        };
        Some(Self { start: at(NIGHT_HOURS.0)?, end: at(NIGHT_HOURS.1)? })
    }

    /// A local day, of 23 or 25 hours when clocks change.
    pub(super) fn day(date: Date, zone: &TimeZone) -> Option<Self> {
        let start = |date: Date| date.to_zoned(zone.clone()).ok().map(|day| day.timestamp());
        Some(Self { start: start(date)?, end: start(date.checked_add(1.day()).ok()?)? })
    }

    /// Which share of a slice of time lies within.
    fn share_of(&self, (from, to): (Timestamp, Timestamp)) -> f64 {
        let (start, end) = (self.start.max(from), self.end.min(to));
        seconds_between(start, end) / seconds_between(from, to)
    }

    pub(super) fn seconds(&self) -> f64 {
        seconds_between(self.start, self.end)
    }
}

/// Volumes within a window that is not over yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) date: Date,
    pub(super) volumes: Volumes,
    /// Net volume in m3 and time measured in s of each hour of the window.
    hours: Vec<(f64, f64)>,
}

impl Tally {
    pub(super) fn new(date: Date) -> Self {
        Self { date, volumes: Volumes::default(), hours: Vec::new() }
    }

    /// Adds what lies in the window of a slice of time, in which `all` flowed.
    pub(super) fn add(&mut self, window: Window, slice: (Timestamp, Timestamp), all: &Volumes) {
        let share = window.share_of(slice);
        if share <= 0.0 {
            return;
        }
        self.volumes.add(all, share);
        let mut start = window.start;
        for hour in 0.. {
            let end = add_seconds(start, HOUR_S).min(window.end);
            if start >= slice.1 || start >= end {
                return;
            }
            let share = Window { start, end }.share_of(slice);
            if share > 0.0 {
                let missing = (hour + 1_usize).saturating_sub(self.hours.len());
                self.hours.extend(std::iter::repeat_n((0.0, 0.0), missing));
                self.hours[hour].0 += all.net() * share;
                self.hours[hour].1 += all.seconds * share;
            }
            start = end;
        }
    }

    /// Mean net inflow of the busiest hours, m3/h; none when there are fewer that were measured.
    pub(super) fn busy_m3h(&self) -> Option<f64> {
        let measured = self.hours.iter().filter(|hour| hour.1 >= HOUR_COVERED_MIN * HOUR_S);
        let mut flows: Vec<f64> = measured.map(|(net, seconds)| net / seconds * HOUR_S).collect();
        flows.sort_by(|a, b| b.total_cmp(a));
        let busiest = flows.get(..BUSY_HOURS)?;
        Some(busiest.iter().sum::<f64>() / BUSY_HOURS as f64)
    }
}
