//! Simulated instants on the calendar of a recording.

use jiff::civil::{Date, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};

/// Days of the year with 29 February always counted, so that a month and day is one place.
const PLACES: usize = 366;
const WEEKDAYS: usize = 7;
/// Seconds of a day in standard time, which has no short or long days.
pub(super) const DAY_SECONDS: i64 = 86_400;

/// An instant as a site's calendar sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct LocalInstant {
    /// The date on the site's clocks, summer time included.
    pub(super) date: Date,
    /// Whole seconds since the beginning of 1970 in the site's standard time.
    pub(super) standard_seconds: i64,
    /// The rest of the second, from 0 to below 1.
    pub(super) second_fraction: f64,
}

impl LocalInstant {
    pub(super) fn new(at: Timestamp, zone: &TimeZone) -> LocalInstant {
        let local = zone.to_datetime(at);
        let standard = standard_offset_seconds(local.year(), zone);
        // Before 1970 a timestamp counts its fraction downwards.
        let nanosecond = i64::from(at.subsec_nanosecond());
        let borrowed = i64::from(nanosecond < 0);
        LocalInstant {
            date: local.date(),
            standard_seconds: at.as_second() + standard - borrowed,
            second_fraction: f64::from(
                i32::try_from(nanosecond + borrowed * 1_000_000_000).expect("below a billion"),
            ) / 1e9,
        }
    }

    /// Seconds since the midnight, in standard time, at which the local date begins.
    ///
    /// In summer time a date begins before it, and this begins at -3600.
    pub(super) fn seconds_into_date(self) -> i64 {
        self.standard_seconds - days_since_1970(self.date) * DAY_SECONDS
    }

    /// The date in standard time and the second of that day.
    pub(super) fn standard_date_and_second(self) -> (Date, i64) {
        let second = self.standard_seconds.rem_euclid(DAY_SECONDS);
        let behind = self.standard_seconds.div_euclid(DAY_SECONDS) - days_since_1970(self.date);
        // A year at the far ends of the calendar has no neighbour; its own date does as well.
        let date = self.date.checked_add(Span::new().days(behind)).unwrap_or(self.date);
        (date, second)
    }
}

/// The smaller of the zone's offsets in the middle of January and of July: the one without the
/// summer hour, on either half of the earth and wherever winter is called the exception.
fn standard_offset_seconds(year: i16, zone: &TimeZone) -> i64 {
    let offset = |month| {
        let noon = Date::constant(year, month, 15).at(12, 0, 0, 0);
        let at = Offset::UTC.to_timestamp(noon).expect("a date within the calendar");
        i64::from(zone.to_offset(at).seconds())
    };
    offset(1).min(offset(7))
}

fn days_since_1970(date: Date) -> i64 {
    let days = Date::constant(1970, 1, 1).until(date).expect("dates are counted in days");
    i64::from(days.get_days())
}

/// Where a month and day stands among [`PLACES`], 0 to 365, the same in every year.
pub(super) fn place(date: Date) -> usize {
    let leap = Date::constant(2016, 1, 1).with().month(date.month()).day(date.day()).build();
    let day = leap.expect("every month and day exists in a leap year").day_of_year();
    usize::try_from(day - 1).expect("days of the year begin at 1")
}

/// Which recorded day stands for a simulated local date.
///
/// The recorded day has the same weekday, and of those the month and day nearest to that of the
/// date, counted around the year's end with 29 February always counted. Of two as near, the
/// earlier recorded one is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayShape {
    first: Date,
    /// The recorded day's number for each weekday (Monday first) and each place of the year.
    numbers: Vec<u16>,
}

impl DayShape {
    /// Prepares a recording of `days` days from `first` on; at least a week, so that every weekday
    /// is there.
    pub(super) fn new(first: Date, days: u16) -> DayShape {
        let recorded: Vec<(usize, usize, u16)> = (0..days)
            .map(|number| {
                let date = day_after(first, number);
                (weekday_index(date.weekday()), place(date), number)
            })
            .collect();
        let nearest = |weekday, at| {
            let same = recorded.iter().filter(|(found, ..)| *found == weekday);
            let (.., number) = same
                .min_by_key(|(_, place, number)| (distance(*place, at), *number))
                .expect("a week or more holds every weekday");
            *number
        };
        let numbers = (0..WEEKDAYS)
            .flat_map(|weekday| (0..PLACES).map(move |at| (weekday, at)))
            .map(|(weekday, at)| nearest(weekday, at))
            .collect();
        DayShape { first, numbers }
    }

    /// The recorded date that stands for a simulated local date.
    pub fn recorded_date(&self, local: Date) -> Date {
        day_after(self.first, self.number(local))
    }

    /// The same as the number of days since the first recorded one.
    pub(super) fn number(&self, local: Date) -> u16 {
        self.numbers[weekday_index(local.weekday()) * PLACES + place(local)]
    }
}

fn day_after(first: Date, number: u16) -> Date {
    first.checked_add(Span::new().days(number)).expect("recorded dates were checked when read")
}

fn weekday_index(weekday: Weekday) -> usize {
    usize::try_from(weekday.to_monday_zero_offset()).expect("0 to 6")
}

/// Days between two places, whichever way around the year is shorter.
fn distance(one: usize, other: usize) -> usize {
    let straight = one.abs_diff(other);
    straight.min(PLACES - straight)
}
