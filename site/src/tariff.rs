//! What energy costs and when. A tariff is data: classes by month and local hours, feed-in, and
//! a charge on the highest average power of a billing period.

use crate::time::seconds_between;
use crate::units::{PowerPrice, Price};
use jiff::civil::Time;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Minutes in a day of 24 hours; classes are laid out on local wall-clock minutes.
const MINUTES_A_DAY: i32 = 1440;

/// Part of a day in local time, from `from` (included) to `to` (excluded); wraps over midnight.
/// Equal ends mean the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Begins here.
    pub from: Time,
    /// Ends before this.
    pub to: Time,
}

impl Hours {
    /// Whether a local time of day lies inside.
    #[must_use]
    pub fn contains(&self, time: Time) -> bool {
        match self.from.cmp(&self.to) {
            std::cmp::Ordering::Less => time >= self.from && time < self.to,
            std::cmp::Ordering::Equal => true,
            std::cmp::Ordering::Greater => time >= self.from || time < self.to,
        }
    }
}

/// One price class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TariffClass {
    /// Its name, for example "winter-peak".
    pub name: String,
    /// Price of imported energy.
    pub price: Price,
    /// Months in which it holds, 1 to 12.
    pub months: Vec<i8>,
    /// Local hours in which it holds.
    pub hours: Vec<Hours>,
}

/// The period over which the highest average power is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// The charge on a billing period's highest average import.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DemandCharge {
    /// Price of one kW for the whole period.
    pub price: PowerPrice,
    /// Averaging interval of the meter, aligned to the clock.
    pub average: Duration,
    /// The period.
    pub billing: Billing,
}

/// A site's tariff.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tariff {
    /// Price classes; together they cover each minute of each month exactly once.
    pub classes: Vec<TariffClass>,
    /// What an exported kWh earns.
    pub feed_in: Price,
    /// The charge on power, when the tariff has one.
    pub demand_charge: Option<DemandCharge>,
}

/// What is wrong with a tariff's classes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TariffError {
    /// No class holds at some time.
    #[error("no class gives a price in month {month} at {hour:02}:{minute:02}")]
    Gap {
        /// Month, 1 to 12.
        month: i8,
        /// Local hour.
        hour: i8,
        /// Local minute.
        minute: i8,
    },
    /// Two classes hold at once.
    #[error("classes '{first}' and '{second}' both give a price in month {month} at {hour:02}:00")]
    Overlap {
        /// One class.
        first: String,
        /// The other.
        second: String,
        /// Month, 1 to 12.
        month: i8,
        /// Local hour.
        hour: i8,
    },
}

impl Tariff {
    /// Checks that each minute of each month has exactly one class.
    ///
    /// # Errors
    /// At the first minute that has none or two.
    pub fn covers(&self) -> Result<(), TariffError> {
        for month in 1..=12 {
            for minute in 0..MINUTES_A_DAY {
                let time = Time::midnight() + i64::from(minute).minutes();
                let mut holding = self.classes.iter().filter(|class| class.holds(month, time));
                match (holding.next(), holding.next()) {
                    (Some(_), None) => {}
                    (None, _) => {
                        let (hour, minute) = (time.hour(), time.minute());
                        return Err(TariffError::Gap { month, hour, minute });
                    }
                    (Some(first), Some(second)) => {
                        let (first, second) = (first.name.clone(), second.name.clone());
                        return Err(TariffError::Overlap {
                            first,
                            second,
                            month,
                            hour: time.hour(),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// The class that holds at an instant.
    ///
    /// # Panics
    /// When no class holds: a resolved site has passed [`Tariff::covers`].
    #[must_use]
    pub fn class_at(&self, at: Timestamp, zone: &TimeZone) -> &TariffClass {
        let local = at.to_zoned(zone.clone());
        let class = self.classes.iter().find(|class| class.holds(local.month(), local.time()));
        class.expect("a resolved tariff covers every minute")
    }

    /// The first instant after `at` at which the class changes; searched by the minute for at most
    /// two days (a flat tariff has none, and gives the end of that search).
    #[must_use]
    pub fn next_change(&self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        let class = &self.class_at(at, zone).name;
        let second = at.as_second();
        let mut next = second - second.rem_euclid(60) + 60;
        let end = second + 2 * 86_400;
        while next < end {
            let instant = Timestamp::from_second(next).unwrap_or(at);
            if &self.class_at(instant, zone).name != class {
                return instant;
            }
            next += 60;
        }
        Timestamp::from_second(end).unwrap_or(at)
    }
}

impl TariffClass {
    fn holds(&self, month: i8, time: Time) -> bool {
        self.months.contains(&month) && self.hours.iter().any(|hours| hours.contains(time))
    }
}

impl Billing {
    /// First and last instant of the period that contains `at`.
    #[must_use]
    pub fn period(&self, at: Timestamp, zone: &TimeZone) -> (Timestamp, Timestamp) {
        match *self {
            Self::Fixed { start, days } => {
                let length = i64::from(days) * 86_400;
                let passed = (at.as_second() - start.as_second()).div_euclid(length);
                let from = start.as_second() + passed * length;
                let instant = |second| Timestamp::from_second(second).unwrap_or(at);
                (instant(from), instant(from + length))
            }
            Self::Month => {
                let first = at.to_zoned(zone.clone()).first_of_month();
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
    pub fn days_left(&self, at: Timestamp, zone: &TimeZone) -> f64 {
        let (_, end) = self.period(at, zone);
        (seconds_between(at, end) / 86_400.0).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        text.parse().expect("a time of day")
    }
    fn class(name: &str, price: f64, months: &[i8], from: &str, to: &str) -> TariffClass {
        let hours = vec![Hours { from: time(from), to: time(to) }];
        TariffClass { name: name.into(), price: Price::new(price), months: months.into(), hours }
    }
    fn year(classes: Vec<TariffClass>) -> Tariff {
        Tariff { classes, feed_in: Price::ZERO, demand_charge: None }
    }
    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").expect("bundled zone")
    }
    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }
    const ALL: [i8; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    #[test]
    fn gaps_and_overlaps_are_found() {
        let night = class("night", 0.1, &ALL, "22:00", "06:00");
        let day = class("day", 0.2, &ALL, "06:00", "22:00");
        assert_eq!(year(vec![night.clone(), day.clone()]).covers(), Ok(()));
        let gap = year(vec![night.clone()]).covers().expect_err("no price by day");
        assert_eq!(gap, TariffError::Gap { month: 1, hour: 6, minute: 0 });
        let late = class("day", 0.2, &ALL, "06:00", "23:00");
        assert!(matches!(year(vec![night, late]).covers(), Err(TariffError::Overlap { .. })));
    }

    #[test]
    fn local_hours_hold_on_days_of_23_and_25_hours() {
        let tariff = year(vec![
            class("night", 0.1, &ALL, "22:00", "06:00"),
            class("day", 0.2, &ALL, "06:00", "22:00"),
        ]);
        let hours = |from: &str, to: &str| {
            let (mut now, end, mut cheap) = (at(from), at(to), 0);
            while now < end {
                cheap += i32::from(tariff.class_at(now, &paris()).name == "night");
                now += 1.hour();
            }
            cheap
        };
        assert_eq!(hours("2026-03-27T23:00Z", "2026-03-28T23:00Z"), 8);
        assert_eq!(hours("2026-03-28T23:00Z", "2026-03-29T22:00Z"), 7, "23 h day");
        assert_eq!(hours("2026-10-24T22:00Z", "2026-10-25T23:00Z"), 9, "25 h day");
        assert_eq!(tariff.next_change(at("2026-01-15T11:00Z"), &paris()), at("2026-01-15T21:00Z"));
    }

    #[test]
    fn a_billing_period_knows_what_is_left() {
        let (start, end) = Billing::Month.period(at("2026-01-15T12:00Z"), &paris());
        assert_eq!((start, end), (at("2025-12-31T23:00Z"), at("2026-01-31T23:00Z")));
        let fixed = Billing::Fixed { start: at("2026-01-15T00:00Z"), days: 30 };
        assert!((fixed.days_left(at("2026-01-16T00:00Z"), &paris()) - 29.0).abs() < 1e-9);
    }
}
