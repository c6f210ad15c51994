//! The steps of the horizon: fine near now, by the hour later, cut where prices change and where
//! a wish falls due.

use jiff::{Timestamp, ToSpan};
use site::Site;
use site::plan::Step;

/// Length of a step in the near part of the horizon, s.
const FINE: i64 = 900;
/// Length of a step in the far part, s.
const COARSE: i64 = 3600;
/// How far the near part reaches, s.
const NEAR: i64 = 2 * 3600;
/// Steps shorter than this are joined with the next, s.
const SHORTEST: i64 = 240;

/// The steps from `now` to the end of the site's horizon.
#[must_use]
pub fn steps(site: &Site, now: Timestamp) -> Vec<Step> {
    let start = now.as_second();
    let end = start + i64::try_from(site.pace.horizon.as_secs()).unwrap_or(86_400);
    let mut cuts = vec![end];
    let mut next = (start.div_euclid(FINE) + 1) * FINE;
    while next < end {
        cuts.push(next);
        let length = if next - start < NEAR { FINE } else { COARSE };
        next = (next.div_euclid(length) + 1) * length;
    }
    let mut change = now;
    loop {
        change = site.tariff.next_change(change, now, site.calendar());
        if change.as_second() >= end {
            break;
        }
        cuts.push(change.as_second());
    }
    cuts.extend(reserve_times(site, now).into_iter().filter(|at| (start..end).contains(at)));
    cuts.sort_unstable();
    cuts.dedup();
    join(start, &cuts)
}

/// Instants at which a tank's reserve falls due, within two days.
pub(crate) fn reserve_times(site: &Site, now: Timestamp) -> Vec<i64> {
    let local = now.to_zoned(site.zone.clone());
    let reserves = site.tanks.iter().filter_map(|tank| tank.reserve);
    let due = |reserve: site::asset::Reserve| {
        let local = local.clone();
        (0..3).filter_map(move |day| {
            let date = local.checked_add(day.days()).ok()?;
            Some(date.with().time(reserve.at).build().ok()?.timestamp().as_second())
        })
    };
    reserves.flat_map(due).collect()
}

/// Hours of a local day, within some local hours, that lie after an instant.
pub(crate) fn hours_left(
    site: &Site,
    hours: site::tariff::Hours,
    date: jiff::civil::Date,
    after: Timestamp,
) -> f64 {
    let day = date.to_zoned(site.zone.clone()).and_then(|day| day.start_of_day());
    let Ok(start) = day else { return 0.0 };
    let next = start.checked_add(1.day()).map_or(start.timestamp(), |next| next.timestamp());
    let mut at = start.timestamp().as_second();
    let mut seconds = 0;
    while at < next.as_second() {
        let instant = Timestamp::from_second(at).unwrap_or(after);
        let inside = hours.contains(instant.to_zoned(site.zone.clone()).time());
        // A horizon ends at any second, and what is left of its quarter hour is left.
        let (from, to) = (at.max(after.as_second()), (at + FINE).min(next.as_second()));
        if inside {
            seconds += (to - from).max(0);
        }
        at += FINE;
    }
    f64::from(i32::try_from(seconds).unwrap_or(0)) / 3600.0
}

fn join(start: i64, cuts: &[i64]) -> Vec<Step> {
    let mut steps = Vec::with_capacity(cuts.len());
    let mut from = start;
    for (i, &cut) in cuts.iter().enumerate() {
        let last = i + 1 == cuts.len();
        if cut - from < SHORTEST && !last {
            continue;
        }
        let instant = |second| Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
        if cut > from {
            steps.push(Step { start: instant(from), end: instant(cut) });
        }
        from = cut;
    }
    steps
}
