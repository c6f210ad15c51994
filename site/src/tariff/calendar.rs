//! Local time and public holidays, bundled: what turns an instant into a day and an hour.

use crate::holidays::Holidays;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// The calendar of a site.
#[derive(Debug, Clone, Copy)]
pub struct Calendar<'a> {
    /// Its time zone.
    pub zone: &'a TimeZone,
    /// Whose public holidays count.
    pub holidays: Holidays,
}

impl Calendar<'_> {
    /// An instant in local time.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }

    /// A local time as an instant. A time that a change of clocks leaves out is as much later; of
    /// a time that it repeats, the first counts. None at the ends of the calendar.
    #[must_use]
    pub fn instant(&self, local: DateTime) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(local).compatible().ok()
    }

    /// The instant at a local time of the day before a date.
    #[must_use]
    pub fn eve_of(&self, date: Date, time: Time) -> Timestamp {
        let eve = date.checked_sub(1.day()).unwrap_or(date);
        self.instant(eve.to_datetime(time)).unwrap_or(Timestamp::MIN)
    }

    /// The first instant after `at` that is one of these local times of day, midnight, or a
    /// change of the clocks.
    #[must_use]
    pub fn next_of(&self, times: impl IntoIterator<Item = Time>, at: Timestamp) -> Timestamp {
        let today = self.local(at).date();
        let tomorrow = today.saturating_add(1.day());
        let change = self.zone.following(at).next().map(|transition| transition.timestamp());
        let midnight = self.instant(tomorrow.to_datetime(Time::midnight()));
        let mut next = midnight.into_iter().chain(change).min().unwrap_or(Timestamp::MAX);
        for time in times {
            for date in [today, tomorrow] {
                // A time that a change of clocks repeats is met twice.
                let found = self.zone.to_ambiguous_timestamp(date.to_datetime(time));
                let both = [found.earlier(), found.later()];
                for instant in both.into_iter().flatten().filter(|instant| *instant > at) {
                    next = next.min(instant);
                }
            }
        }
        next
    }
}
