//! What power costs: charges on the highest average import, and subscribed powers with what is
//! paid above them.

use super::Calendar;
use crate::time::seconds_between;
use crate::units::{Money, Power, PowerPrice, Price};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A usual overrun as a share of the subscribed power: what a price per hour is spread over when
/// it has to become a price per kWh.
const USUAL_OVERRUN: f64 = 0.05;

/// The period over which the highest average power is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Billing {
    /// The calendar month in local time.
    Month,
    /// A period of so many days from a given start: what a replay uses, so that N replayed days
    /// bear N/days of the charge.
    Fixed {
        /// First instant.
        start: Timestamp,
        /// Days.
        days: u16,
    },
}

impl Billing {
    /// First and last instant of the period that contains `at`.
    #[must_use]
    pub fn period(&self, at: Timestamp, calendar: Calendar<'_>) -> (Timestamp, Timestamp) {
        match *self {
            Self::Fixed { start, days } => {
                let length = i64::from(days) * 86_400;
                let passed = (at.as_second() - start.as_second()).div_euclid(length);
                let from = start.as_second() + passed * length;
                let instant = |second| Timestamp::from_second(second).unwrap_or(at);
                (instant(from), instant(from + length))
            }
            Self::Month => {
                let first = calendar.local(at).first_of_month();
                let start = first.and_then(|day| day.start_of_day());
                let end = start.clone().and_then(|day| day.checked_add(1.month()));
                match (start, end) {
                    (Ok(start), Ok(end)) => (start.timestamp(), end.timestamp()),
                    _ => (at, at),
                }
            }
        }
    }

    /// Days of the period that are still to come at `at`, at least 1. A new peak is paid for the
    /// whole period and used on the days that remain: this is what one day bears.
    #[must_use]
    pub fn days_left(&self, at: Timestamp, calendar: Calendar<'_>) -> f64 {
        let (_, end) = self.period(at, calendar);
        (seconds_between(at, end) / 86_400.0).max(1.0)
    }
}

/// The charge on a billing period's highest average import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DemandCharge {
    /// Its name, in bills.
    pub name: String,
    /// Price of one kW for the whole period.
    pub price: PowerPrice,
    /// Averaging interval of the meter, aligned to the clock.
    pub average: Duration,
    /// The period.
    pub billing: Billing,
    /// Names of the price classes whose intervals count; empty when all do.
    pub classes: Vec<String>,
}

impl DemandCharge {
    /// Whether intervals of a price class count.
    #[must_use]
    pub fn counts(&self, class: &str) -> bool {
        self.classes.is_empty() || self.classes.iter().any(|name| name == class)
    }
}

/// One value for all price classes, or one for each by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PerClass<T> {
    /// The same for all.
    All(T),
    /// By name of the class, in the order written.
    Each(Vec<(String, T)>),
}

impl<T: Copy> PerClass<T> {
    /// The value for a class; none when the class is not named.
    #[must_use]
    pub fn of(&self, class: &str) -> Option<T> {
        match self {
            Self::All(value) => Some(*value),
            Self::Each(values) => {
                values.iter().find(|(name, _)| name == class).map(|(_, value)| *value)
            }
        }
    }
}

/// What is paid for import above the subscribed power, measured on averages over an interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Overrun {
    /// So much for each hour in which there is an overrun, whatever its size.
    PerHour(Money),
    /// Per class and billing period: a price per kW times the square root of the sum of the
    /// squares of the intervals' overruns, kW.
    RootSum(PerClass<PowerPrice>),
    /// So much per kWh above.
    PerEnergy(Price),
}

/// Subscribed powers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subscribed {
    /// The power, for all classes or for each.
    pub power: PerClass<Power>,
    /// Averaging interval of the meter, aligned to the clock.
    pub average: Duration,
    /// What an overrun costs.
    pub overrun: Overrun,
    /// The period over which overruns are summed.
    pub billing: Billing,
}

impl Subscribed {
    /// A price per kWh above the subscribed power of a class, for a linear plan.
    ///
    /// - `PerEnergy` is one already.
    /// - `RootSum`: the root of a sum of squares is never more than the sum, and equals it for
    ///   the first interval. One kW over one interval is `average` hours of a kWh, so price
    ///   divided by `average` in hours is what the first overrun costs and never too little.
    /// - `PerHour` does not depend on the size. It is spread over an overrun of 5 % of the
    ///   subscribed power: smaller ones are planned too cheaply, larger ones too dearly.
    #[must_use]
    pub fn plan_price(&self, class: &str) -> Price {
        let per_kwh = match &self.overrun {
            Overrun::PerEnergy(price) => price.get(),
            Overrun::RootSum(price) => {
                let price = price.of(class).map_or(0.0, PowerPrice::get);
                price * 3600.0 / self.average.as_secs_f64().max(1.0)
            }
            Overrun::PerHour(price) => {
                let power = self.power.of(class).map_or(0.0, Power::kw);
                price.get() / (USUAL_OVERRUN * power).max(1.0)
            }
        };
        Price::new(per_kwh)
    }
}
