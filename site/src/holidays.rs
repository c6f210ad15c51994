//! Public holidays: days on which people live as on a Sunday.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Whose public holidays count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holidays {
    /// Nobody's.
    None,
    /// France: the eleven days of article L3133-1 of the labour code.
    France,
    /// Haut-Rhin, Bas-Rhin and Moselle: the same, Good Friday and 26 December.
    AlsaceMoselle,
}

impl Holidays {
    /// The words that files use.
    pub const WORDS: [(&'static str, Self); 3] =
        [("none", Self::None), ("france", Self::France), ("alsace-moselle", Self::AlsaceMoselle)];

    /// Whose count in a time zone when nothing else is said.
    #[must_use]
    pub fn usual(zone: &TimeZone) -> Self {
        if zone.iana_name() == Some("Europe/Paris") { Self::France } else { Self::None }
    }

    /// Whether a date is a public holiday.
    #[must_use]
    pub fn contains(self, day: Date) -> bool {
        if self == Self::None {
            return false;
        }
        let fixed = matches!(
            (day.month(), day.day()),
            (1 | 5 | 11, 1) | (5, 8) | (7, 14) | (8, 15) | (11, 11) | (12, 25)
        );
        let since_easter = (easter(day.year()).until(day)).map(|span| span.get_days());
        // Easter Monday, Ascension, Whit Monday.
        let moving = matches!(since_easter, Ok(1 | 39 | 50));
        let local = self == Self::AlsaceMoselle
            && (matches!(since_easter, Ok(-2)) || (day.month(), day.day()) == (12, 26));
        fixed || moving || local
    }

    /// Whether people work on a date: neither a weekend nor a public holiday.
    #[must_use]
    pub fn is_working_day(self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.contains(day)
    }
}

/// Easter Sunday of the Gregorian calendar (the anonymous algorithm, Nature 1876).
fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    // Days after 22 March, the earliest Easter.
    let late = h + l - 7 * ((a + 11 * h + 22 * l) / 451);
    date(year, 3, 22).checked_add(late.days()).unwrap_or(date(year, 4, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_is_where_the_tables_have_it() {
        for (year, month, day) in [(2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2038, 4, 25)] {
            assert_eq!(easter(year), date(year, month, day));
        }
    }

    #[test]
    fn france_has_eleven_public_holidays() {
        let days = |holidays: Holidays| {
            let year = date(2026, 1, 1).series(1.day()).take(365);
            year.filter(|day| holidays.contains(*day)).count()
        };
        assert_eq!(days(Holidays::France), 11);
        assert_eq!(days(Holidays::AlsaceMoselle), 13);
        assert_eq!(days(Holidays::None), 0);
        assert!(Holidays::France.contains(date(2026, 5, 14)), "Ascension");
        assert!(!Holidays::France.is_working_day(date(2026, 5, 25)), "Whit Monday");
        assert!(Holidays::France.is_working_day(date(2026, 5, 26)));
    }
}
