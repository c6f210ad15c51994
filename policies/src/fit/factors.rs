//! One factor per pump, learned from sums over the pumps that run: a Kalman filter whose factors
//! wander slowly (recursive least squares that forget).

use serde::{Deserialize, Serialize};
use site::AssetId;
use std::ops::RangeInclusive;

/// Factors are held inside this range: what lies outside is a fault and not a curve.
pub(super) const BOUNDS: RangeInclusive<f64> = 0.6..=1.4;
/// Spread of a factor of which nothing is known yet.
pub(super) const SPREAD_BEFORE: f64 = 0.15;
/// How far a factor wanders in a day, one standard deviation: pumps wear, valves are moved.
const WANDER_PER_DAY: f64 = 0.05;
/// A measurement further than this from what was expected, in standard deviations, counts as if
/// it were this far: one bad window moves little, many in a row are believed.
const SURPRISE_MAX: f64 = 4.0;

/// Factors with their covariance.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Factors {
    pumps: Vec<AssetId>,
    value: Vec<f64>,
    covariance: Vec<Vec<f64>>,
    /// Windows from which each pump's factor was learned.
    windows: Vec<u32>,
}

impl Factors {
    /// Makes sure that these are the factors of these pumps; what is known of a pump that stays is
    /// kept.
    pub(super) fn serve(&mut self, pumps: &[AssetId]) {
        if self.pumps == pumps {
            return;
        }
        let known = |pump: &AssetId| self.pumps.iter().position(|other| other == pump);
        let before: Vec<Option<usize>> = pumps.iter().map(known).collect();
        let variance =
            |i: Option<usize>| i.map_or(SPREAD_BEFORE.powi(2), |i| self.covariance[i][i]);
        let covariance = before.iter().enumerate().map(|(row, &i)| {
            let mut line = vec![0.0; pumps.len()];
            line[row] = variance(i);
            line
        });
        *self = Self {
            covariance: covariance.collect(),
            value: before.iter().map(|i| i.map_or(1.0, |i| self.value[i])).collect(),
            windows: before.iter().map(|i| i.map_or(0, |i| self.windows[i])).collect(),
            pumps: pumps.to_vec(),
        };
    }

    /// Lets the factors wander for some days.
    pub(super) fn wander(&mut self, days: f64) {
        let most = SPREAD_BEFORE.powi(2);
        for (i, line) in self.covariance.iter_mut().enumerate() {
            let grown = line[i] + WANDER_PER_DAY.powi(2) * days.max(0.0);
            line[i] = grown.min(most.max(line[i]));
        }
    }

    /// Learns that the sum of the factors times `shares` was measured as `sum`, with a variance.
    /// Numbers that are not finite, or shares that are all zero, teach nothing.
    pub(super) fn learn(&mut self, shares: &[f64], sum: f64, variance: f64) {
        let all = shares.iter().chain([&sum, &variance]);
        if !all.clone().all(|number| number.is_finite()) || variance <= 0.0 {
            return;
        }
        let cross: Vec<f64> = self.covariance.iter().map(|line| dot(line, shares)).collect();
        let known = dot(&cross, shares);
        if known <= 0.0 {
            return;
        }
        let surprise = sum - dot(&self.value, shares);
        let usual = SURPRISE_MAX * (known + variance).sqrt();
        let total = if surprise.abs() > usual {
            (known + variance) * surprise.abs() / usual
        } else {
            known + variance
        };
        for (i, value) in self.value.iter_mut().enumerate() {
            let moved = *value + cross[i] / total * surprise;
            *value = moved.clamp(*BOUNDS.start(), *BOUNDS.end());
        }
        for (i, line) in self.covariance.iter_mut().enumerate() {
            for (j, entry) in line.iter_mut().enumerate() {
                *entry -= cross[i] * cross[j] / total;
            }
            line[i] = line[i].max(1e-8);
        }
    }

    /// Counts a window for the pumps whose share is not zero.
    pub(super) fn count(&mut self, shares: &[f64]) {
        for (windows, share) in self.windows.iter_mut().zip(shares) {
            *windows = windows.saturating_add(u32::from(share.abs() > 0.0));
        }
    }

    /// Factor, spread and windows of a pump; none when it is not known.
    pub(super) fn of(&self, pump: &AssetId) -> Option<(f64, f64, u32)> {
        let i = self.pumps.iter().position(|other| other == pump)?;
        Some((self.value[i], self.covariance[i][i].sqrt(), self.windows[i]))
    }

    /// The sum that these factors give.
    pub(super) fn sum(&self, shares: &[f64]) -> f64 {
        dot(&self.value, shares)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
