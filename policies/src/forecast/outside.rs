//! A forecast that others made, laid over one's own where it reaches: a weather service knows the
//! clouds of tomorrow, one's own meters know the next hour.

use jiff::Timestamp;
use site::model::OutsideForecast;
use site::plan::{Basis, Forecast, Step};
use site::units::{Flow, Power};
use site::{AssetId, Site};
use std::collections::BTreeMap;

/// The name of the buildings' load in a forecast's list of bases.
pub const BASE_LOAD: &str = "base_load";
/// The name of the water demand in a forecast's list of bases.
pub const DEMAND: &str = "demand";

/// What a column of a forecast is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The buildings' load, W.
    BaseLoad,
    /// The water demand, m3/s.
    Demand,
    /// What an inverter could give, W.
    Inverter(AssetId),
}

/// A value and, where it is given, one standard deviation of it; both in base units, not negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Given {
    /// The value.
    pub value: f64,
    /// One standard deviation.
    pub spread: Option<f64>,
}

/// One row: what is given from an instant until the next row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// First instant.
    pub start: Timestamp,
    /// What is given. What is missing stays one's own.
    pub given: BTreeMap<Subject, Given>,
}

/// Rows in order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    rows: Vec<Row>,
}

/// Why rows are no forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutsideError {
    /// Fewer than two rows: how long the last one holds would be unknown.
    #[error("a forecast needs two rows at least: a row holds until the next, the last as long")]
    TooShort,
    /// A row does not begin after the one before it.
    #[error("row {row} does not begin after the row before it; sort the rows by 'start'")]
    OutOfOrder {
        /// Which row, the first is 1.
        row: usize,
    },
}

impl Outside {
    /// A forecast of rows.
    ///
    /// # Errors
    /// When there are fewer than two, or they are not in order of time.
    pub fn new(rows: Vec<Row>) -> Result<Self, OutsideError> {
        if rows.len() < 2 {
            return Err(OutsideError::TooShort);
        }
        let late = rows.windows(2).position(|pair| pair[1].start <= pair[0].start);
        match late {
            Some(index) => Err(OutsideError::OutOfOrder { row: index + 2 }),
            None => Ok(Self { rows }),
        }
    }

    /// When it begins, which is taken for when it was made.
    #[must_use]
    pub fn begins(&self) -> Timestamp {
        self.rows[0].start
    }

    /// Lays it over a forecast seen from `now`, unless it is too old. One's own forecast passes
    /// into it over the first hours; where it gives nothing, one's own stays.
    pub fn lay_over(
        &self,
        site: &Site,
        settings: &OutsideForecast,
        now: Timestamp,
        forecast: &mut Forecast,
    ) {
        let age = site::time::seconds_between(self.begins(), now);
        if age > settings.max_age.as_secs_f64() {
            return;
        }
        let steps = forecast.steps.clone();
        let mix = |subject: &Subject| self.mixed(subject, &steps, now, settings);
        if let Some(mixed) = mix(&Subject::BaseLoad) {
            let series = (&mut *forecast.base_load, &mut *forecast.base_load_spread);
            put(&mixed, series, Power::get, Power::new);
            forecast.basis.insert(BASE_LOAD.to_owned(), Basis::Outside);
        }
        if let Some(mixed) = mix(&Subject::Demand) {
            let series = (&mut *forecast.demand, &mut *forecast.demand_spread);
            put(&mixed, series, Flow::get, Flow::new);
            forecast.basis.insert(DEMAND.to_owned(), Basis::Outside);
        }
        for inverter in &site.inverters {
            let id = &inverter.id;
            if let (Some(mixed), Some(powers), Some(spreads)) = (
                mix(&Subject::Inverter(id.clone())),
                forecast.pv.get_mut(id),
                forecast.pv_spread.get_mut(id),
            ) {
                let rated = |watts: f64| Power::new(watts).min(inverter.rated_power);
                put(&mixed, (powers, spreads), Power::get, rated);
                forecast.basis.insert(id.to_string(), Basis::Outside);
            }
        }
    }

    /// What is given for each step and how much it counts there; none when it counts nowhere.
    fn mixed(
        &self,
        subject: &Subject,
        steps: &[Step],
        now: Timestamp,
        settings: &OutsideForecast,
    ) -> Option<Vec<Option<(Given, f64)>>> {
        let blend = settings.blend.as_secs_f64().max(1.0);
        let one = |step: &Step| {
            let middle = site::time::seconds_between(now, step.start) + step.hours() * 1800.0;
            let weight = (middle / blend).clamp(0.0, 1.0);
            Some((self.mean(subject, step)?, weight))
        };
        let mixed: Vec<_> = steps.iter().map(one).collect();
        mixed.iter().any(Option::is_some).then_some(mixed)
    }

    /// The mean over a step; none unless all of it is given.
    fn mean(&self, subject: &Subject, step: &Step) -> Option<Given> {
        let (mut sum, mut spread, mut seconds) = (0.0, Some(0.0), 0.0);
        for (index, row) in self.rows.iter().enumerate() {
            let (from, to) = (row.start.max(step.start), self.end(index).min(step.end));
            if from >= to {
                continue;
            }
            let given = row.given.get(subject)?;
            let part = site::time::seconds_between(from, to);
            sum += given.value * part;
            spread = spread.zip(given.spread).map(|(sum, one)| sum + one * part);
            seconds += part;
        }
        let whole = step.hours() * 3600.0;
        (seconds > whole - 1.0)
            .then(|| Given { value: sum / seconds, spread: spread.map(|spread| spread / seconds) })
    }

    /// A row holds until the next one; the last as long as the one before it.
    fn end(&self, index: usize) -> Timestamp {
        let start = |index: usize| self.rows.get(index).map(|row| row.start);
        start(index + 1).unwrap_or_else(|| {
            let last = self.rows.len() - 1;
            let (before, last) = (self.rows[last - 1].start, self.rows[last].start);
            site::time::add_seconds(last, site::time::seconds_between(before, last))
        })
    }
}

/// Mixes what is given into a series and its spreads.
fn put<T: Copy>(
    mixed: &[Option<(Given, f64)>],
    (values, spreads): (&mut [T], &mut [T]),
    raw: impl Fn(T) -> f64,
    make: impl Fn(f64) -> T,
) {
    for (index, mixed) in mixed.iter().enumerate() {
        let Some((given, weight)) = mixed else { continue };
        let between = |own: f64, other: f64| own * (1.0 - weight) + other * weight;
        if let Some(value) = values.get_mut(index) {
            *value = make(between(raw(*value), given.value));
        }
        if let (Some(spread), Some(other)) = (spreads.get_mut(index), given.spread) {
            *spread = make(between(raw(*spread), other));
        }
    }
}
