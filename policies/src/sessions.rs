//! Vehicles that are expected at the chargers: the one that is there, those that are booked, and
//! visitors as they used to come.

mod habits;

pub use habits::Habits;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use site::asset::{Booking, Charger};
use site::plan::{Basis, Estimate, Session, Step};
use site::time::{add_seconds, seconds_between};
use site::units::Energy;
use site::{AssetId, Site};
use std::collections::BTreeMap;

/// A vehicle that comes within this of a booking's time is the one that was booked; one that has
/// not come by then will not, s.
pub(crate) const TOLERANCE: f64 = 5400.0;
/// A booked vehicle that is late is expected this much later than now, s.
const LATE: f64 = 900.0;
/// A vehicle should be ready before it leaves: by this share of the time until then ..
const EARLIER: f64 = 0.1;
/// .. and at most this much, s.
const EARLIER_MAX: f64 = 600.0;
/// The most sessions that are looked at per charger: a horizon of two days of short ones.
const SESSIONS_MAX: usize = 64;

/// A booking on one day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Occurrence {
    pub(crate) arrival: Timestamp,
    pub(crate) departure: Timestamp,
    pub(crate) energy: Energy,
}

/// Who is expected at each charger within the steps, in order of arrival. No two sessions of a
/// charger overlap.
///
/// What comes from a booking or a habit is marked as modelled. Visitors come in parts: a session
/// with the energy that is to be expected, which nobody may ever want.
#[must_use]
pub fn expected(
    site: &Site,
    estimate: &Estimate,
    habits: &Habits,
    steps: &[Step],
) -> BTreeMap<AssetId, Vec<Session>> {
    let now = estimate.now.utc;
    let end = steps.last().map_or(now, |step| step.end);
    let of_charger = |charger: &Charger| {
        let state = estimate.chargers.get(&charger.id);
        let present = state.and_then(|state| state.session);
        let mut sessions: Vec<Session> = present.into_iter().collect();
        booked(site, charger, (now, end), &mut sessions);
        for session in &mut sessions {
            session.departure = ready_by(now.max(session.arrival), session.departure);
        }
        let blind = state.is_some_and(|state| state.connected.is_none());
        if !blind {
            habits.visitors(site, charger, (now, end), &mut sessions);
        }
        sessions.sort_by_key(|session| session.arrival);
        sessions.truncate(SESSIONS_MAX);
        (charger.id.clone(), sessions)
    };
    site.chargers.iter().map(of_charger).collect()
}

/// When a vehicle that leaves at an instant should be ready, seen from now or from its arrival:
/// drivers leave before they said, and the last kWh goes slowly.
#[must_use]
pub fn ready_by(from: Timestamp, departure: Timestamp) -> Timestamp {
    let left = seconds_between(from, departure).max(0.0);
    add_seconds(departure, -(EARLIER * left).min(EARLIER_MAX))
}

/// Adds the bookings until the end of the horizon that the vehicle at the charger leaves room for.
fn booked(
    site: &Site,
    charger: &Charger,
    (now, end): (Timestamp, Timestamp),
    sessions: &mut Vec<Session>,
) {
    let present = sessions.first().copied();
    let mut free_from = present.map_or(now, |session| session.departure);
    for booking in occurrences(site, charger, add_seconds(now, -TOLERANCE), end) {
        let came = present.is_some_and(|session| is_booked(&booking, session.arrival));
        if came || booking.departure <= now {
            continue;
        }
        let due = if booking.arrival <= now { add_seconds(now, LATE) } else { booking.arrival };
        let arrival = due.max(free_from);
        if arrival >= booking.departure || arrival >= end {
            continue;
        }
        let Occurrence { departure, energy, .. } = booking;
        sessions.push(Session {
            arrival,
            departure,
            wanted: energy,
            basis: Basis::Modelled,
            draw: None,
        });
        free_from = departure;
    }
}

/// Whether a vehicle that came at an instant is the booked one, or took its place.
fn is_booked(booking: &Occurrence, arrival: Timestamp) -> bool {
    seconds_between(booking.arrival, arrival).abs() <= TOLERANCE
        || (booking.arrival <= arrival && arrival < booking.departure)
}

/// The booking nearest to an arrival, within [`TOLERANCE`].
pub(crate) fn matching(site: &Site, charger: &Charger, at: Timestamp) -> Option<Occurrence> {
    let (from, to) = (add_seconds(at, -TOLERANCE), add_seconds(at, TOLERANCE));
    let near = occurrences(site, charger, from, add_seconds(to, 1.0)).into_iter();
    near.min_by(|a, b| {
        let off = |o: &Occurrence| seconds_between(o.arrival, at).abs();
        off(a).total_cmp(&off(b))
    })
}

/// The booking whose vehicle should be there at an instant.
pub(crate) fn around(site: &Site, charger: &Charger, at: Timestamp) -> Option<Occurrence> {
    let all = occurrences(site, charger, add_seconds(at, -2.0 * 86_400.0), at);
    all.into_iter().rev().find(|booking| at < booking.departure)
}

/// Bookings with an arrival from `from` to before `to`, in order.
fn occurrences(site: &Site, charger: &Charger, from: Timestamp, to: Timestamp) -> Vec<Occurrence> {
    let date = |at: Timestamp| at.to_zoned(site.zone.clone()).date();
    let days = date(from).series(1.day()).take_while(|day| *day <= date(to));
    let mut all: Vec<Occurrence> = days
        .flat_map(|day| charger.bookings.iter().filter_map(move |b| on_day(site, b, day)))
        .filter(|booking| from <= booking.arrival && booking.arrival < to)
        .collect();
    all.sort_by_key(|booking| booking.arrival);
    all
}

fn on_day(site: &Site, booking: &Booking, day: Date) -> Option<Occurrence> {
    if !booking.days.contain(day, site.holidays) {
        return None;
    }
    // On the two odd days of a year a time that does not exist comes later, and one that exists
    // twice is the first.
    let at = |date: Date, time| {
        let zoned = date.to_datetime(time).to_zoned(site.zone.clone());
        zoned.ok().map(|zoned| zoned.timestamp())
    };
    let arrival = at(day, booking.arrival)?;
    let next = if booking.departure > booking.arrival { day } else { day.tomorrow().ok()? };
    let departure = at(next, booking.departure)?;
    let least = arrival.checked_add(SignedDuration::from_secs(60)).ok()?;
    let energy = booking.energy;
    Some(Occurrence { arrival, departure: departure.max(least), energy })
}

#[cfg(test)]
mod tests;
