//! Which days are alike: working days, Saturdays, and the days on which people live as on a
//! Sunday.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use site::tariff::Calendar;

/// How many kinds of day there are.
pub(super) const KINDS: usize = 3;

/// The kind of a day: 0 working day, 1 Saturday, 2 Sunday or public holiday.
pub(super) fn kind(calendar: Calendar<'_>, day: Date) -> usize {
    if calendar.holidays.is_working_day(day) {
        0
    } else if day.weekday() == Weekday::Saturday && !calendar.holidays.contains(day) {
        1
    } else {
        2
    }
}

/// The local date and the hour of the day, 0 to below 24, as the clocks show it.
pub(super) fn place(calendar: Calendar<'_>, at: Timestamp) -> (Date, f64) {
    let local = calendar.zone.to_datetime(at);
    let seconds = f64::from(local.minute()) * 60.0 + f64::from(local.second());
    (local.date(), f64::from(local.hour()) + seconds / 3600.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use site::holidays::Holidays;

    #[test]
    fn a_holiday_is_a_sunday_whatever_its_weekday() {
        let zone = TimeZone::UTC;
        let kind = |holidays, day| kind(Calendar { zone: &zone, holidays }, day);
        let france = |day| kind(Holidays::France, day);
        assert_eq!(france(date(2026, 5, 13)), 0, "a Wednesday");
        assert_eq!(france(date(2026, 5, 14)), 2, "Ascension, a Thursday");
        assert_eq!(france(date(2026, 5, 16)), 1, "a Saturday");
        assert_eq!(france(date(2026, 8, 15)), 2, "Assumption, a Saturday");
        assert_eq!(france(date(2026, 5, 17)), 2, "a Sunday");
        assert_eq!(kind(Holidays::None, date(2026, 5, 14)), 0);
    }

    #[test]
    fn the_hour_is_that_of_the_clocks_on_days_of_23_and_25_hours() {
        let zone = TimeZone::get("Europe/Paris").expect("it is built in");
        let paris = Calendar { zone: &zone, holidays: Holidays::France };
        let hour = |text: &str| place(paris, text.parse().expect("a time"));
        for (text, day, wanted) in [
            ("2026-03-29T00:30:00Z", date(2026, 3, 29), 1.5),
            ("2026-03-29T01:30:00Z", date(2026, 3, 29), 3.5),
            ("2026-10-25T00:30:00Z", date(2026, 10, 25), 2.5),
            ("2026-10-25T01:30:00Z", date(2026, 10, 25), 2.5),
        ] {
            let (local, hour) = hour(text);
            assert!(local == day && (hour - wanted).abs() < 1e-9, "{text}: {local} {hour}");
        }
    }
}
