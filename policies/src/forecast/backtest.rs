//! How good the forecasts would have been: shown a history in order, they learn as they do live,
//! forecast as they go, and are compared with what came.
//!
//! What is compared is the mean over a quarter of an hour, on the clock's quarters. A lead time
//! counts to the end of the quarter. The yardstick is persistence: the same quarter of the day
//! before, and for the sun also the last clearness under today's clear sky.

use super::clear_sky::clear_share;
use super::{Learned, expected, offered};
use jiff::Timestamp;
use serde::Serialize;
use site::plan::{Basis, Estimate, Step};
use site::units::{Flow, Power};
use site::{AssetId, Site};
use std::collections::BTreeMap;

/// Length of what is compared, s.
const QUARTER: i64 = 900;
/// Quarters of a day.
const DAY: i64 = 96;
/// A quarter counts when at least this share of its images had the value.
const WHOLE: f64 = 0.5;
/// The sun is compared where a clear sky would give this share of the peak power.
const DAYLIGHT: f64 = 0.02;
/// The clearness of the last quarter counts from this share on.
const CLEAR_MIN: f64 = 0.05;
/// The longest lead time, in quarters: two days.
pub const LEAD_QUARTERS_MAX: u16 = 192;

/// What is forecast.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Quantity {
    BaseLoad,
    Demand,
    Inverter(AssetId),
    AllPv,
}

impl Quantity {
    fn name(&self) -> String {
        match self {
            Self::BaseLoad => super::outside::BASE_LOAD.to_owned(),
            Self::Demand => super::outside::DEMAND.to_owned(),
            Self::Inverter(id) => id.to_string(),
            Self::AllPv => "all_pv".to_owned(),
        }
    }

    const fn unit(&self) -> &'static str {
        if matches!(self, Self::Demand) { "m3/h" } else { "kW" }
    }

    const fn is_sun(&self) -> bool {
        matches!(self, Self::Inverter(_) | Self::AllPv)
    }
}

/// How one quantity was forecast at one lead time. Errors are forecast less truth, in `unit`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// `base_load`, `demand`, an inverter, or `all_pv`.
    pub quantity: String,
    /// Unit of the errors.
    pub unit: &'static str,
    /// Lead time in hours, to the end of the quarter of an hour that is compared.
    pub lead_hours: f64,
    /// Quarters of an hour compared.
    pub count: u32,
    /// Mean of the truth.
    pub mean: f64,
    /// Mean absolute error.
    pub mae: f64,
    /// Mean error.
    pub bias: f64,
    /// Root of the mean square error.
    pub rmse: f64,
    /// Mean absolute error of the same quarter of the day before.
    pub persistence_mae: f64,
    /// 1 less the ratio of the two: above 0 is better than persistence.
    pub skill: f64,
    /// Mean absolute error of the last clearness under the clear sky then; for the sun alone.
    pub clear_sky_persistence_mae: Option<f64>,
    /// Share of quarters in which the truth was within one spread: some 68 % where spreads are
    /// right.
    pub within_spread: f64,
}

/// Sums of a score.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: u32,
    truth: f64,
    absolute: f64,
    error: f64,
    square: f64,
    persistence: f64,
    clear: f64,
    clear_count: u32,
    within: u32,
}

/// A forecast whose quarter has not come.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    value: f64,
    spread: f64,
    clear: Option<f64>,
}

/// Means of the quarter that is running.
#[derive(Debug, Clone, Default)]
struct Running {
    images: u32,
    sums: BTreeMap<Quantity, (f64, u32)>,
}

/// The comparison. Show it the history in order with [`Backtest::observe`], then ask for
/// [`Backtest::scores`].
#[derive(Debug)]
pub struct Backtest<'a> {
    site: &'a Site,
    base_demand: Flow,
    learned: Learned,
    leads: Vec<u16>,
    from: Timestamp,
    quarter: Option<i64>,
    running: Running,
    truths: BTreeMap<i64, BTreeMap<Quantity, f64>>,
    waiting: BTreeMap<(i64, u16), BTreeMap<Quantity, Waiting>>,
    sums: BTreeMap<(Quantity, u16), Sums>,
}

impl<'a> Backtest<'a> {
    /// A comparison for lead times in quarters of an hour (1 to [`LEAD_QUARTERS_MAX`]). Quarters
    /// before `from` are learned from and not compared.
    #[must_use]
    pub fn new(site: &'a Site, base_demand: Flow, leads: &[u16], from: Timestamp) -> Self {
        let mut leads: Vec<u16> = leads.iter().map(|l| (*l).clamp(1, LEAD_QUARTERS_MAX)).collect();
        leads.sort_unstable();
        leads.dedup();
        Self {
            site,
            base_demand,
            learned: Learned::new(site),
            leads,
            from,
            quarter: None,
            running: Running::default(),
            truths: BTreeMap::new(),
            waiting: BTreeMap::new(),
            sums: BTreeMap::new(),
        }
    }

    /// Shows the next image of the history.
    pub fn observe(&mut self, estimate: &Estimate) {
        let quarter = estimate.now.utc.as_second().div_euclid(QUARTER);
        let new = self.quarter != Some(quarter);
        if new {
            self.close();
            self.quarter = Some(quarter);
        }
        self.measure(estimate);
        self.learned.observe(self.site, estimate, self.base_demand);
        if new {
            self.issue(estimate.now.utc, quarter);
        }
    }

    /// What was learned so far: where live forecasts would go on from.
    #[must_use]
    pub fn into_learned(self) -> Learned {
        self.learned
    }

    fn measure(&mut self, estimate: &Estimate) {
        let mut seen = Vec::new();
        if let Some(load) = estimate.base_load.filter(|load| load.basis == Basis::Measured) {
            seen.push((Quantity::BaseLoad, load.value.kw()));
        }
        if let Some(demand) = estimate.demand.filter(|demand| demand.basis == Basis::Measured) {
            seen.push((Quantity::Demand, demand.value.get() * 3600.0));
        }
        let mut all = Some(Power::ZERO);
        for inverter in &self.site.inverters {
            let state = &estimate.inverters[&inverter.id];
            // Clipped by its own size it is forecast all the same; held down by a limit it is not.
            let limited = state.setting.is_some_and(|setting| setting.get() < 1.0);
            let power = if limited { offered(inverter, state) } else { state.power };
            if let Some(power) = power {
                seen.push((Quantity::Inverter(inverter.id.clone()), power.kw()));
            }
            all = all.zip(power).map(|(all, power)| all + power);
        }
        if let (Some(all), false) = (all, self.site.inverters.is_empty()) {
            seen.push((Quantity::AllPv, all.kw()));
        }
        self.running.images += 1;
        for (quantity, value) in seen {
            let (sum, count) = self.running.sums.entry(quantity).or_default();
            *sum += value;
            *count += 1;
        }
    }

    /// The running quarter is over: its means are the truth.
    fn close(&mut self) {
        let Running { images, sums } = std::mem::take(&mut self.running);
        let Some(quarter) = self.quarter else { return };
        let whole = WHOLE * f64::from(images);
        let means = sums.into_iter().filter(|(_, (_, count))| f64::from(*count) >= whole);
        let truth: BTreeMap<Quantity, f64> =
            means.map(|(quantity, (sum, count))| (quantity, sum / f64::from(count))).collect();
        if quarter * QUARTER >= self.from.as_second() {
            for lead in self.leads.clone() {
                if let Some(waiting) = self.waiting.remove(&(quarter, lead)) {
                    self.compare(quarter, lead, &truth, &waiting);
                }
            }
        }
        self.waiting.retain(|(due, _), _| *due > quarter);
        self.truths.insert(quarter, truth);
        self.truths.retain(|known, _| *known > quarter - 4 * DAY);
    }

    fn compare(
        &mut self,
        quarter: i64,
        lead: u16,
        truth: &BTreeMap<Quantity, f64>,
        waiting: &BTreeMap<Quantity, Waiting>,
    ) {
        // The last day whose quarter was over when the forecast was made.
        let days = (i64::from(lead) + DAY - 1) / DAY;
        let before = self.truths.get(&(quarter - days * DAY));
        for (quantity, forecast) in waiting {
            let (Some(truth), Some(before)) =
                (truth.get(quantity), before.and_then(|before| before.get(quantity)))
            else {
                continue;
            };
            let error = forecast.value - truth;
            let sums = self.sums.entry((quantity.clone(), lead)).or_default();
            sums.count += 1;
            sums.truth += truth;
            sums.absolute += error.abs();
            sums.error += error;
            sums.square += error * error;
            sums.persistence += (before - truth).abs();
            sums.within += u32::from(error.abs() <= forecast.spread);
            if let Some(clear) = forecast.clear {
                sums.clear += (clear - truth).abs();
                sums.clear_count += 1;
            }
        }
    }

    /// Forecasts for every lead time, as the quarter begins.
    fn issue(&mut self, now: Timestamp, quarter: i64) {
        let due = |lead: u16| quarter + i64::from(lead) - 1;
        let at = |quarter: i64| Timestamp::from_second(quarter * QUARTER).unwrap_or(now);
        let step = |lead: &u16| Step { start: at(due(*lead)), end: at(due(*lead) + 1) };
        let steps: Vec<Step> = self.leads.iter().map(step).collect();
        let forecast = expected(self.site, &self.learned, now, self.base_demand, steps);
        for (k, lead) in self.leads.clone().into_iter().enumerate() {
            let mut waiting = BTreeMap::new();
            let mut put = |quantity, value, spread, clear| {
                waiting.insert(quantity, Waiting { value, spread, clear });
            };
            let (load, spread) = (forecast.base_load[k], forecast.base_load_spread[k]);
            put(Quantity::BaseLoad, load.kw(), spread.kw(), None);
            let hourly = |flow: Flow| flow.get() * 3600.0;
            let (demand, spread) = (forecast.demand[k], forecast.demand_spread[k]);
            put(Quantity::Demand, hourly(demand), hourly(spread), None);
            let middle = site::time::add_seconds(forecast.steps[k].start, 450.0);
            let (mut all, mut all_spread, mut all_clear) = (0.0, 0.0, Some(0.0));
            let mut day = false;
            for inverter in &self.site.inverters {
                let (tilt, azimuth) = (inverter.tilt.get(), inverter.azimuth.get());
                let share = clear_share(self.site, middle, tilt, azimuth);
                let clear = self.clearness(inverter, quarter).map(|clearness| {
                    let power = inverter.peak_power * (share * clearness);
                    power.min(inverter.rated_power).kw()
                });
                let value = forecast.pv[&inverter.id][k].kw();
                let spread = forecast.pv_spread[&inverter.id][k].kw();
                (all, all_spread) = (all + value, all_spread + spread);
                all_clear = all_clear.zip(clear).map(|(all, one)| all + one);
                if share > DAYLIGHT {
                    day = true;
                    put(Quantity::Inverter(inverter.id.clone()), value, spread, clear);
                }
            }
            if day {
                put(Quantity::AllPv, all, all_spread, all_clear);
            }
            self.waiting.insert((due(lead), lead), waiting);
        }
    }

    /// The last measured clearness before a quarter, within a day.
    fn clearness(&self, inverter: &site::asset::Inverter, quarter: i64) -> Option<f64> {
        let quantity = Quantity::Inverter(inverter.id.clone());
        let known = self.truths.range(quarter - DAY..quarter).rev();
        let of = |(quarter, truth): (&i64, &BTreeMap<Quantity, f64>)| {
            let power = truth.get(&quantity)?;
            let middle = Timestamp::from_second(quarter * QUARTER + QUARTER / 2).ok()?;
            let (tilt, azimuth) = (inverter.tilt.get(), inverter.azimuth.get());
            let share = clear_share(self.site, middle, tilt, azimuth);
            (share > CLEAR_MIN).then(|| power / (share * inverter.peak_power.kw()))
        };
        known.into_iter().find_map(of)
    }

    /// The scores so far, by quantity and lead time. Where nothing was compared there is none.
    #[must_use]
    pub fn scores(&self) -> Vec<Score> {
        let score = |((quantity, lead), sums): (&(Quantity, u16), &Sums)| {
            let count = f64::from(sums.count);
            let (mae, persistence_mae) = (sums.absolute / count, sums.persistence / count);
            let skill = if persistence_mae > 0.0 { 1.0 - mae / persistence_mae } else { 0.0 };
            let clear = quantity.is_sun() && sums.clear_count > 0;
            Score {
                quantity: quantity.name(),
                unit: quantity.unit(),
                lead_hours: f64::from(*lead) / 4.0,
                count: sums.count,
                mean: sums.truth / count,
                mae,
                bias: sums.error / count,
                rmse: (sums.square / count).sqrt(),
                persistence_mae,
                skill,
                clear_sky_persistence_mae: clear.then(|| sums.clear / f64::from(sums.clear_count)),
                within_spread: f64::from(sums.within) / count,
            }
        };
        self.sums.iter().filter(|(_, sums)| sums.count > 0).map(score).collect()
    }
}
