//! Forecasts put to the test: what they would have said over the stored history, and how far that
//! was from what came.

use crate::load::Loaded;
use crate::resident::STATE_FILE;
use crate::store::{Image, Store, StoreError};
use jiff::{Timestamp, ToSpan};
use policies::estimate::{EstimateMemory, estimate};
use policies::forecast::Learned;
use policies::forecast::backtest::{Backtest, Score};
use policies::guard::GuardMemory;
use serde::Serialize;
use site::units::Flow;
use site::{Mono, Now, Quality, Sample, Snapshot, Value};
use std::path::Path;
use std::time::Duration;

/// How much history is read at a time, in hours: a reader must not hold the file for long.
const PART_HOURS: i64 = 6;

/// What to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Lead times in quarters of an hour.
    pub leads: Vec<u16>,
    /// Compare from here on; what lies before is learned from all the same.
    pub from: Option<Timestamp>,
    /// Up to here (excluded).
    pub to: Option<Timestamp>,
}

/// How good the forecasts would have been.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BacktestReport {
    /// The first image of the history; none when it is empty.
    pub learned_from: Option<Timestamp>,
    /// Quarters of an hour were compared from here on.
    pub from: Option<Timestamp>,
    /// Up to here (excluded).
    pub to: Option<Timestamp>,
    /// Images shown.
    pub images: u64,
    /// What was learned by the end.
    #[serde(skip)]
    pub learned: Learned,
    /// By quantity and lead time. Nothing can be compared in the first day.
    pub scores: Vec<Score>,
}

/// Shows the forecasts the whole history of a state folder, in order, and compares them with what
/// came. The daemon may run meanwhile.
///
/// # Errors
/// When there is no history, or it cannot be read.
pub fn backtest(
    loaded: &Loaded,
    folder: &Path,
    question: &Question,
) -> Result<BacktestReport, StoreError> {
    let store = Store::open_to_read(&folder.join(STATE_FILE))?;
    let (first, last) = (store.first_at()?, store.last_at()?);
    let end = last.map(|last| site::time::add_seconds(last, 1.0));
    let to = question.to.or(end);
    let from = question.from.or(first);
    let learned = Learned::new(&loaded.site);
    let mut report =
        BacktestReport { learned_from: first, from, to, images: 0, learned, scores: Vec::new() };

    let (Some(first), Some(from), Some(to), Some(end)) = (first, from, to, end) else {
        return Ok(report);
    };
    let base = loaded.water.as_ref().map_or(Flow::ZERO, |water| water.base_demand());
    let mut backtest = Backtest::new(&loaded.site, base, &question.leads, from);
    let mut past =
        Past { loaded, first, memory: EstimateMemory::default(), guard: GuardMemory::default() };
    let (mut start, end) = (first, to.min(end));
    while start < end {
        let part = start.checked_add(PART_HOURS.hours()).unwrap_or(end).min(end);
        let images = store.images(start, part)?;
        // A part may hold more than one call returns.
        let next = images.last().map(|(at, _)| site::time::add_seconds(*at, 1e-6));
        start = next.filter(|_| images.len() == crate::store::IMAGES_MAX).unwrap_or(part);
        for (at, image) in images {
            report.images += 1;
            backtest.observe(&past.estimate(at, image));
        }
    }
    report.scores = backtest.scores();
    report.learned = backtest.into_learned();
    Ok(report)
}

/// What the estimator remembers on its way through the history.
struct Past<'a> {
    loaded: &'a Loaded,
    first: Timestamp,
    memory: EstimateMemory,
    guard: GuardMemory,
}

impl Past<'_> {
    /// What was believed when an image was kept.
    fn estimate(&mut self, at: Timestamp, image: Image) -> site::plan::Estimate {
        let since = at.duration_since(self.first);
        let mono = Mono::new(Duration::try_from(since).unwrap_or_default());
        let sample = |(value, quality): (Option<f64>, Quality)| match (value, quality) {
            (Some(value), Quality::Good) => Sample::good(Value::Number(value), mono),
            (_, Quality::Good) => Sample::bad(site::Reason::NotAvailable, mono),
            (_, Quality::Uncertain(reason) | Quality::Bad(reason)) => Sample::bad(reason, mono),
        };
        let samples = image.into_iter().map(|(point, reading)| (point, sample(reading))).collect();
        let snapshot = Snapshot::new(Now { mono, utc: at }, samples);
        let site = &self.loaded.site;
        self.guard.observe(site, &snapshot);
        estimate(site, &snapshot, &mut self.memory, &self.guard, Vec::new())
    }
}
