//! The cumulative sum over the nights, and the alarm.
//!
//! A one-sided CUSUM (Page, 1954): each night adds its score less [`ALLOWANCE`], and the sum never
//! falls below 0. A score is the flow above what was expected, in spreads of the baseline. With a
//! spread of 4 % of the mean demand the allowance is half of a leak of a tenth of it, which is
//! where such a sum notices that leak soonest. One night adds at most [`THRESHOLD`], so a single
//! night - a fire, a hydrant, a pool - never raises an alarm.
//!
//! When it is hot, more is asked for by day and by night, and that is no leak. How much more is
//! read off the swing of the day before: what its busy hours took above its night. A leak adds to
//! both and leaves the swing as it is, so allowing for the swing hides no leak.
//!
//! While the sum is above 0 the nights wait: they teach the baseline only once the sum is back at
//! 0. Nights of an alarm never do, so that a leak does not become normal by lasting.

use super::baseline::{self, Baseline, Flow, Scale};
use super::report::{Alarm, Night};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What each night's score must be above for the sum to grow, in spreads.
pub const ALLOWANCE: f64 = 1.25;
/// An alarm is raised when the sum is above this, in spreads.
pub const THRESHOLD: f64 = 1.5;
/// The sum is held at this, so that it says how things are now.
const SUM_MAX: f64 = 2.0 * THRESHOLD;
/// So many nights in a row whose score is below the allowance end an alarm.
const CALM_NIGHTS: u32 = 2;
/// The size of a leak is the mean excess of at most so many nights.
const SIZE_NIGHTS: usize = 7;
/// Nights that are kept to be shown.
const NIGHTS_KEPT: usize = 28;
/// A baseline whose newest night is older than this, in days, says nothing any more.
const BASELINE_DAYS_MAX: i32 = 60;
/// Below this share of the inflow a district's demand is too small to be a measure for anything.
const DEMAND_OF_INFLOW_MIN: f64 = 0.1;

/// How much of a rise of demand the night is taken to share. All of it would make the score noisy:
/// a swing is the difference of two flows that both stray.
const RISE_SHARE: f64 = 0.5;
/// The rise is the mean over so many days: heat comes and goes within a few.
const RISE_DAYS: usize = 2;
/// A rise of demand is believed up to this factor.
const RISE_MAX: f64 = 2.0;
/// Below this share of the mean demand a district's swing says nothing about it.
const SWING_OF_DEMAND_MIN: f64 = 0.2;

/// What was measured of a night.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    pub(super) date: Date,
    /// Share of the window, 0 to 1.
    pub(super) covered_ratio: f64,
    /// m3/h; none when too little was measured.
    pub(super) flow: Option<f64>,
    /// What the busy hours of the day before took above its night, m3/h.
    pub(super) swing: Option<f64>,
    /// Whether it is judged and learned from.
    pub(super) counts: bool,
}

impl Measured {
    /// A night of which nothing was measured.
    pub(super) const fn missing(date: Date) -> Self {
        Self { date, covered_ratio: 0.0, flow: None, swing: None, counts: true }
    }
}

/// A night that may yet teach what is normal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Waiting {
    date: Date,
    /// m3/h, at the usual demand.
    flow: f64,
    swing: Option<f64>,
}

fn day_before(date: Date) -> Date {
    date.checked_sub(1.day()).unwrap_or(date)
}

/// What is remembered of the nights of a district.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Watch {
    baseline: Baseline,
    /// Nights since the sum left 0.
    waiting: Vec<Waiting>,
    /// Swings of the days, learned as the nights are.
    swings: Baseline,
    /// Demand of the last days against usual, as factors.
    rises: Vec<f64>,
    /// Excess of the last of them, m3/h.
    excess: Vec<f64>,
    sum: f64,
    calm: u32,
    alarm: Option<Alarm>,
    last_alarm: Option<Alarm>,
    nights: Vec<Night>,
}

impl Watch {
    pub(super) fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    pub(super) fn sum(&self) -> f64 {
        self.sum
    }

    pub(super) fn nights(&self) -> &[Night] {
        &self.nights
    }

    pub(super) fn alarm(&self) -> Option<&Alarm> {
        self.alarm.as_ref()
    }

    pub(super) fn last_alarm(&self) -> Option<&Alarm> {
        self.last_alarm.as_ref()
    }

    pub(super) fn into_nights(self) -> Vec<Night> {
        self.nights
    }

    /// Takes in a night. One without a flow is listed, and changes nothing else; so is one that
    /// does not count.
    pub(super) fn night(&mut self, measured: Measured, scale: Scale) {
        let Measured { date, covered_ratio, flow: flow_m3h, swing, counts } = measured;
        let mut night =
            Night { date, covered_ratio, flow_m3h, expected_m3h: None, score: None, cusum: 0.0 };
        if let Some(flow) = flow_m3h.filter(|_| counts) {
            self.forget_old(date);
            let rise = self.rise(date, swing, scale);
            match self.baseline.expected(scale) {
                None => self.learn(Waiting { date, flow: flow / rise, swing }),
                Some(expected) => {
                    let expected_m3h = expected.on(date) * rise;
                    let excess = flow - expected_m3h;
                    let score = excess / expected.spread;
                    let waiting = Waiting { date, flow: flow / rise, swing };
                    self.judge(waiting, (excess, score), scale);
                    (night.expected_m3h, night.score) = (Some(expected_m3h), Some(score));
                }
            }
        }
        night.cusum = self.sum;
        self.nights.push(night);
        if self.nights.len() > NIGHTS_KEPT {
            self.nights.remove(0);
        }
    }

    /// How much more is asked for than usual, as a factor of the night's flow: 1 while that is
    /// not known.
    fn rise(&mut self, date: Date, swing: Option<f64>, scale: Scale) -> f64 {
        let day = day_before(date);
        let usual = self.swings.expected(scale).map(|expected| expected.on(day));
        let demand = scale.demand.unwrap_or(0.0);
        let usual = usual.filter(|&usual| usual > 0.0 && usual > SWING_OF_DEMAND_MIN * demand);
        if let (Some(swing), Some(usual)) = (swing, usual) {
            self.rises.push((swing / usual).clamp(1.0 / RISE_MAX, RISE_MAX));
        }
        let known = self.rises.len().saturating_sub(RISE_DAYS);
        self.rises.drain(..known);
        if self.rises.is_empty() {
            return 1.0;
        }
        let mean = self.rises.iter().sum::<f64>() / self.rises.len() as f64;
        1.0 + RISE_SHARE * (mean - 1.0)
    }

    fn learn(&mut self, night: Waiting) {
        self.baseline.learn(Flow { date: night.date, flow: night.flow });
        if let Some(swing) = night.swing {
            self.swings.learn(Flow { date: day_before(night.date), flow: swing });
        }
    }

    fn forget_old(&mut self, date: Date) {
        let age = |newest: Date| (date - newest).get_days();
        if self.alarm.is_none()
            && self.baseline.newest().is_some_and(|n| age(n) > BASELINE_DAYS_MAX)
        {
            (self.baseline, self.sum) = (Baseline::default(), 0.0);
            self.swings = Baseline::default();
            self.rises.clear();
            self.waiting.clear();
        }
    }

    fn judge(&mut self, night: Waiting, (excess, score): (f64, f64), scale: Scale) {
        self.sum = (self.sum + (score - ALLOWANCE).min(THRESHOLD)).clamp(0.0, SUM_MAX);
        self.excess.push(excess);
        if self.excess.len() > SIZE_NIGHTS {
            self.excess.remove(0);
        }
        if self.alarm.is_some() {
            self.lasts(night.date, score, scale);
            return;
        }
        let date = night.date;
        self.waiting.push(night);
        if self.sum <= 0.0 {
            let innocent = std::mem::take(&mut self.waiting);
            innocent.into_iter().for_each(|night| self.learn(night));
            self.excess.clear();
        } else if self.sum > THRESHOLD {
            self.raise(date, scale);
        }
    }

    fn raise(&mut self, raised: Date, scale: Scale) {
        let since = self.waiting.first().map_or(raised, |night| night.date);
        let (size_m3h, demand_ratio) = self.size(scale);
        self.alarm = Some(Alarm { since, raised, ended: None, size_m3h, demand_ratio });
        self.waiting.clear();
        self.calm = 0;
    }

    /// Another night of an alarm.
    fn lasts(&mut self, date: Date, score: f64, scale: Scale) {
        self.calm = if score < ALLOWANCE { self.calm + 1 } else { 0 };
        let (size_m3h, demand_ratio) = self.size(scale);
        let Some(alarm) = &mut self.alarm else { return };
        if self.calm == 0 {
            (alarm.size_m3h, alarm.demand_ratio) = (size_m3h, demand_ratio);
        }
        if self.calm >= CALM_NIGHTS {
            alarm.ended = Some(date);
            self.last_alarm = self.alarm.take();
            (self.sum, self.calm) = (0.0, 0);
            self.excess.clear();
        }
    }

    fn size(&self, scale: Scale) -> (f64, Option<f64>) {
        let size = self.excess.iter().sum::<f64>() / self.excess.len().max(1) as f64;
        let measure = scale.demand.filter(|&demand| {
            demand > DEMAND_OF_INFLOW_MIN * scale.inflow.unwrap_or(0.0) && demand > 0.0
        });
        (size, measure.map(|demand| size / demand))
    }
}

/// Nights that the baseline needs.
pub(super) const NEEDED: usize = baseline::NIGHTS;
