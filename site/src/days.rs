//! On which local days something holds: a price class, a booking, a line of a lighting calendar.

use crate::holidays::Holidays;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// Days of the week and kinds of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Days {
    /// Every day.
    #[default]
    All,
    /// Monday to Friday, without public holidays.
    Working,
    /// Weekends and public holidays.
    Free,
    /// These days of the week, public holiday or not.
    Named(Weekdays),
}

/// Some days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weekdays(u8);

impl Weekdays {
    const fn bit(day: Weekday) -> u8 {
        1 << day.to_monday_zero_offset()
    }
    /// Whether a day of the week is one of them.
    #[must_use]
    pub const fn contain(self, day: Weekday) -> bool {
        self.0 & Self::bit(day) != 0
    }
}

impl FromIterator<Weekday> for Weekdays {
    fn from_iter<T: IntoIterator<Item = Weekday>>(days: T) -> Self {
        Self(days.into_iter().fold(0, |bits, day| bits | Self::bit(day)))
    }
}

impl Days {
    /// Whether a date is one of them.
    #[must_use]
    pub fn contain(self, date: Date, holidays: Holidays) -> bool {
        match self {
            Self::All => true,
            Self::Working => holidays.is_working_day(date),
            Self::Free => !holidays.is_working_day(date),
            Self::Named(days) => days.contain(date.weekday()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_public_holiday_is_free_and_still_a_day_of_the_week() {
        // 14 July 2026 is a Tuesday.
        let (feast, usual) = (date(2026, 7, 14), date(2026, 7, 21));
        let contain = |days: Days, date| days.contain(date, Holidays::France);
        assert!(contain(Days::Free, feast) && !contain(Days::Working, feast));
        assert!(!contain(Days::Free, usual) && contain(Days::Working, usual));
        let named = Days::Named([Weekday::Tuesday, Weekday::Friday].into_iter().collect());
        assert!(contain(named, feast) && contain(named, usual));
        assert!(!contain(named, date(2026, 7, 22)) && contain(Days::All, date(2026, 7, 22)));
    }
}
