//! Instants as people write them, in the site's own time.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Reads `06:00` (the next such time after `now` in `zone`), `2026-01-15T06:00` in `zone`, or an
/// instant of RFC 3339. A time that the clock leaps over in spring is the one after the leap; one
/// that comes twice in autumn is the first that is still to come.
///
/// # Errors
/// In words, when it is none of them.
pub fn instant(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let wrong = || {
        format!(
            "'{text}' is not a time; write 06:00, 2026-01-15T06:00, or 2026-01-15T06:00:00+01:00"
        )
    };
    if let Ok(time) = Time::strptime("%H:%M", text) {
        let today = now.to_zoned(zone.clone()).date();
        let next = [Some(today), today.checked_add(1.day()).ok()].into_iter().flatten();
        let at = next.flat_map(|date| both(date.to_datetime(time), zone));
        return at.into_iter().find(|at| *at > now).ok_or_else(wrong);
    }
    let time = text.parse::<DateTime>().map_err(|_| wrong())?;
    both(time, zone).next().ok_or_else(wrong)
}

/// The instants of a local time: one, or two on an autumn night.
fn both(time: DateTime, zone: &TimeZone) -> impl Iterator<Item = Timestamp> {
    let earlier = zone.to_ambiguous_zoned(time).compatible().ok();
    let later = zone.to_ambiguous_zoned(time).later().ok();
    let later = later.filter(|_| zone.to_ambiguous_zoned(time).is_ambiguous());
    let all = [earlier, later].into_iter().flatten().map(|at| at.timestamp());
    all.collect::<std::collections::BTreeSet<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, now: &str) -> Result<String, String> {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        instant(text, now.parse().unwrap(), &zone).map(|at| at.to_string())
    }

    #[test]
    fn a_time_of_day_is_the_next_one() {
        let evening = "2026-01-14T21:30:00Z";
        assert_eq!(at("06:00", evening).unwrap(), "2026-01-15T05:00:00Z");
        assert_eq!(at("22:30", evening).unwrap(), "2026-01-15T21:30:00Z", "not now");
        assert_eq!(at("23:00", evening).unwrap(), "2026-01-14T22:00:00Z");
        assert_eq!(at("2026-01-16T06:00", evening).unwrap(), "2026-01-16T05:00:00Z");
        assert_eq!(at("2026-01-16T06:00:00+02:00", evening).unwrap(), "2026-01-16T04:00:00Z");
        for wrong in ["", "6", "25:00", "tomorrow", "06:00Z"] {
            assert!(at(wrong, evening).unwrap_err().contains("is not a time"), "{wrong}");
        }
    }

    #[test]
    fn nights_on_which_the_clock_changes_have_their_hours() {
        let spring = "2026-03-28T23:00:00Z";
        assert_eq!(at("02:30", spring).unwrap(), "2026-03-29T01:30:00Z", "leapt over");
        let (first, second) = ("2026-10-24T23:00:00Z", "2026-10-25T00:45:00Z");
        assert_eq!(at("02:30", first).unwrap(), "2026-10-25T00:30:00Z");
        assert_eq!(at("02:30", second).unwrap(), "2026-10-25T01:30:00Z", "it comes twice");
    }
}
