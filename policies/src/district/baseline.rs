//! What the nights before let expect of a night.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// Nights in the baseline.
pub(super) const NIGHTS: usize = 14;
/// Nights of weekends whose difference from working days is remembered: two months of them.
const WEEKENDS_MAX: usize = 16;
/// The difference of weekends counts in full only when it was seen often: `n / (n + this)`.
const WEEKEND_DOUBT: f64 = 1.0;
/// Of how many numbers one is left out at each end.
const TRIM: usize = 6;
/// From the median absolute deviation to a standard deviation, for normal deviates.
const MAD_TO_DEVIATION: f64 = 1.4826;
/// One spread is at least this share of the district's mean demand: what a commune's nights
/// differ by without a leak, and what lets the sum see a leak of a tenth within three nights.
const OF_DEMAND: f64 = 0.04;
/// And at least this share of what flows through: meters of class 1 or 2 do not agree better.
const OF_INFLOW: f64 = 0.02;
/// And never less than this, m3/h: a district in which nothing flows has no spread.
const LEAST_M3H: f64 = 0.01;

/// Mean flows of a district, m3/h; none before the first whole day.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Scale {
    pub(super) demand: Option<f64>,
    pub(super) inflow: Option<f64>,
}

/// A night that was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Flow {
    pub(super) date: Date,
    /// m3/h.
    pub(super) flow: f64,
}

impl Flow {
    fn is_free(&self) -> bool {
        is_free(self.date)
    }
}

/// Nights of Saturday and Sunday have another demand than those of working days.
pub(super) fn is_free(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// The nights that teach what is normal.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Baseline {
    /// Oldest first, at most [`NIGHTS`].
    nights: Vec<Flow>,
    /// How far nights of weekends were above those of working days, m3/h, oldest first.
    weekends: Vec<f64>,
}

/// What is expected of a night, m3/h.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Expected {
    /// On a working day.
    pub(super) working: f64,
    /// On a Saturday or Sunday.
    pub(super) weekend: f64,
    /// One spread; above 0.
    pub(super) spread: f64,
}

impl Expected {
    pub(super) fn on(&self, date: Date) -> f64 {
        if is_free(date) { self.weekend } else { self.working }
    }
}

impl Baseline {
    pub(super) fn len(&self) -> usize {
        self.nights.len()
    }

    pub(super) fn newest(&self) -> Option<Date> {
        self.nights.last().map(|night| night.date)
    }

    /// Takes in a night that was normal.
    pub(super) fn learn(&mut self, night: Flow) {
        let working = self.working();
        self.nights.push(night);
        if self.nights.len() > NIGHTS {
            self.nights.remove(0);
            if let (true, Some(working)) = (night.is_free(), working) {
                self.difference(night.flow - working);
            }
        } else if self.nights.len() == NIGHTS
            && let Some(working) = self.working()
        {
            let free: Vec<f64> =
                self.nights.iter().filter(|n| n.is_free()).map(|n| n.flow - working).collect();
            free.into_iter().for_each(|difference| self.difference(difference));
        }
    }

    fn difference(&mut self, difference: f64) {
        self.weekends.push(difference);
        if self.weekends.len() > WEEKENDS_MAX {
            self.weekends.remove(0);
        }
    }

    fn working(&self) -> Option<f64> {
        let working = self.nights.iter().filter(|night| !night.is_free());
        middle(working.map(|night| night.flow).collect())
    }

    /// What the next night should bring; none until enough nights are known.
    pub(super) fn expected(&self, scale: Scale) -> Option<Expected> {
        if self.nights.len() < NIGHTS {
            return None;
        }
        let seen = self.weekends.len() as f64;
        let weekend = middle(self.weekends.clone()).unwrap_or(0.0) * seen / (seen + WEEKEND_DOUBT);
        let of = |night: &Flow| night.flow - if night.is_free() { weekend } else { 0.0 };
        let flows: Vec<f64> = self.nights.iter().map(of).collect();
        let working = middle(flows.clone())?;
        let apart = median(flows.iter().map(|flow| (flow - working).abs()).collect())?;
        let spread = (MAD_TO_DEVIATION * apart).max(least(working, scale));
        Some(Expected { working, weekend: working + weekend, spread })
    }
}

/// The least that one spread may be, m3/h.
fn least(level: f64, scale: Scale) -> f64 {
    let demand = OF_DEMAND * scale.demand.unwrap_or(level).abs();
    demand.max(OF_INFLOW * scale.inflow.unwrap_or(0.0).abs()).max(LEAST_M3H)
}

/// The mean of the middle numbers, a sixth left out at each end: nearly as deaf to outliers as the
/// median, and steadier when there are fourteen.
pub(super) fn middle(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let count = numbers.len();
    let out = if count == 4 || count == 5 { 1 } else { count / TRIM };
    let kept = &numbers[out..count - out];
    (!kept.is_empty()).then(|| kept.iter().sum::<f64>() / kept.len() as f64)
}

fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let half = numbers.len() / 2;
    let upper = *numbers.get(half)?;
    Some(if numbers.len() % 2 == 1 { upper } else { 0.5 * (upper + numbers[half - 1]) })
}
