//! Price classes: which days and hours have which price.

use crate::days::Days;
use crate::holidays::Holidays;
use crate::units::Price;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

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
    /// The whole day.
    pub const WHOLE_DAY: Self = Self { from: Time::midnight(), to: Time::midnight() };

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
    /// Its name, for example "winter-peak". Several classes may have one name: they are billed
    /// together, as when the hours of one change on a date.
    pub name: String,
    /// Price of imported energy; with spot prices, what is added to them.
    pub price: Price,
    /// Months in which it holds, 1 to 12.
    pub months: Vec<i8>,
    /// Local hours in which it holds.
    pub hours: Vec<Hours>,
    /// Days of the week on which it holds.
    pub days: Days,
    /// First local date on which it holds; none when it always did.
    pub from: Option<Date>,
    /// Last local date on which it holds; none when it has no end.
    pub until: Option<Date>,
    /// Names of the day colours on which it holds; empty when the colour does not matter.
    pub colours: Vec<String>,
}

impl TariffClass {
    /// A class that holds at all times.
    #[must_use]
    pub fn always(name: &str, price: Price) -> Self {
        Self {
            name: name.to_owned(),
            price,
            months: (1..=12).collect(),
            hours: vec![Hours::WHOLE_DAY],
            days: Days::All,
            from: None,
            until: None,
            colours: Vec::new(),
        }
    }

    /// Whether it holds on a local date at some hour, under some colour.
    #[must_use]
    pub fn on_date(&self, date: Date, holidays: Holidays) -> bool {
        self.months.contains(&date.month())
            && self.from.is_none_or(|from| from <= date)
            && self.until.is_none_or(|until| date <= until)
            && self.days.contain(date, holidays)
    }

    /// Whether it holds under a colour; `None` is the colour of a tariff without colours.
    #[must_use]
    pub fn on_colour(&self, colour: Option<&str>) -> bool {
        let Some(colour) = colour else { return true };
        self.colours.is_empty() || self.colours.iter().any(|name| name == colour)
    }

    /// Whether it holds at a local time of day.
    #[must_use]
    pub fn in_hours(&self, time: Time) -> bool {
        self.hours.iter().any(|hours| hours.contains(time))
    }
}
