//! What is shown of a district. Flows are in m3/h, as the trade has them; absence is none.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// One night.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Night {
    /// The local date of the morning.
    pub date: Date,
    /// Share of the window that was measured, 0 to 1.
    pub covered_ratio: f64,
    /// Mean net inflow over the window, m3/h; none when too little of it was measured.
    pub flow_m3h: Option<f64>,
    /// What the baseline let expect, m3/h; none while it is learned.
    pub expected_m3h: Option<f64>,
    /// How far the flow was above that, in spreads; below is negative.
    pub score: Option<f64>,
    /// The cumulative sum after this night, in spreads; at least 0.
    pub cusum: f64,
}

/// A leak alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// The first night of the excess.
    pub since: Date,
    /// The night that raised the alarm.
    pub raised: Date,
    /// The night that ended it; none while it lasts.
    pub ended: Option<Date>,
    /// Mean excess over the last nights of it, m3/h.
    pub size_m3h: f64,
    /// The same as a share of the district's mean demand; none when that is not known, or too
    /// small against what flows through for a share to mean anything.
    pub demand_ratio: Option<f64>,
}

/// One local day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// The date.
    pub date: Date,
    /// Share of the day that was measured, 0 to 1.
    pub covered_ratio: f64,
    /// Its volumes; none when too little of the day was measured.
    pub volumes: Option<DayVolumes>,
    /// Mean net inflow of the day's six busiest hours, m3/h; none when too few were measured.
    pub busy_m3h: Option<f64>,
}

/// The volume balance of a day: inflow - outflow - change of storage = consumption and losses. A
/// gap in a day that counts is filled with the mean of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DayVolumes {
    /// Length of the day, h: 23 or 25 when clocks change.
    pub hours: f64,
    /// In through the inlets, m3.
    pub inflow_m3: f64,
    /// Out through the outlets, m3.
    pub outflow_m3: f64,
    /// What tanks hold more at the end, m3.
    pub storage_change_m3: f64,
    /// What was consumed and lost, m3.
    pub net_m3: f64,
    /// What the consumers' meters counted, m3; none where there are none, or not enough of it.
    pub metered_m3: Option<f64>,
    /// What was lost, m3; none where consumption is not metered.
    pub losses_m3: Option<f64>,
}

/// What is known of a district.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DistrictReport {
    /// Its name for people.
    pub name: String,
    /// Nights in the baseline so far.
    pub learned_nights: usize,
    /// Nights that the baseline needs.
    pub needed_nights: usize,
    /// Expected flow of the night of a working day, m3/h; none while it is learned.
    pub baseline_m3h: Option<f64>,
    /// Expected flow of the night of a Saturday or Sunday, m3/h.
    pub weekend_m3h: Option<f64>,
    /// One spread: what a score of 1 is, m3/h.
    pub spread_m3h: Option<f64>,
    /// The cumulative sum now, in spreads.
    pub cusum: f64,
    /// The cumulative sum above which an alarm is raised.
    pub threshold: f64,
    /// Mean of what is consumed and lost, m3/h; none before the first whole day.
    pub mean_demand_m3h: Option<f64>,
    /// The alarm that lasts.
    pub alarm: Option<Alarm>,
    /// The last alarm that ended.
    pub last_alarm: Option<Alarm>,
    /// The last nights, oldest first.
    pub nights: Vec<Night>,
    /// The last days, oldest first.
    pub days: Vec<Day>,
}
