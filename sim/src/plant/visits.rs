//! Who comes to charge, and when: the commune's own vehicles by their bookings, visitors by
//! chance. It all follows from the seed and the date, whatever is commanded and whenever the plant
//! begins.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use site::Site;
use site::asset::{Booking, Charger};
use site::holidays::Holidays;
use site::model::SimulatedCharging;

use super::chance::Chance;
use super::vehicle::Vehicle;

/// The most visitors of a charger and day.
const VISITORS_MAX: usize = 20;
/// How unpunctual booked vehicles are, as one standard deviation, in minutes.
const ARRIVAL_MIN: f64 = 8.0;
const DEPARTURE_MIN: f64 = 5.0;
/// How far booked energy is from what is wanted, as one standard deviation.
const BOOKED_ENERGY: f64 = 0.08;
/// Spread of visitors' energy and stay: standard deviations of their logarithms.
const ENERGY_SPREAD: f64 = 0.5;
const STAY_SPREAD: f64 = 0.6;
/// Visitors want at least this, in Wh, and stay between these, in minutes.
const ENERGY_WH_MIN: f64 = 1000.0;
const STAY_MIN: (f64, f64) = (15.0, 720.0);
/// Share of drivers who say what they want and when they leave.
const TOLD_SHARE: f64 = 0.6;
/// Between two vehicles somebody has to drive away.
const GAP: SignedDuration = SignedDuration::from_mins(5);
/// How likely a visitor arrives in each local hour.
const ARRIVALS: [f64; 24] = [
    0.2, 0.1, 0.1, 0.1, 0.1, 0.3, 1.0, 2.5, 5.0, 7.0, 7.0, 6.0, 5.0, 5.5, 6.5, 6.5, 6.0, 6.5, 6.5,
    5.0, 3.5, 2.0, 1.0, 0.5,
];

/// One vehicle's time at a charger.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Visit {
    pub(crate) arrival: Timestamp,
    pub(crate) departure: Timestamp,
    /// What the driver wants, in Wh.
    pub(crate) wanted_wh: f64,
    /// The driver has said so at the charger.
    pub(crate) told: bool,
    pub(crate) vehicle: Vehicle,
}

impl Visit {
    fn meets(&self, other: &Self) -> bool {
        let apart = |first: &Self, then: &Self| then.arrival.duration_since(first.departure) >= GAP;
        !(apart(self, other) || apart(other, self))
    }
}

/// The visits of one charger.
#[derive(Debug, Clone)]
pub(crate) struct Visits {
    seed: u64,
    charger: Charger,
    charging: SimulatedCharging,
    zone: TimeZone,
    holidays: Holidays,
}

impl Visits {
    pub(crate) fn new(site: &Site, charger: usize, seed: u64) -> Self {
        Self {
            seed,
            charger: site.chargers[charger].clone(),
            charging: site.simulation.charging,
            zone: site.zone.clone(),
            holidays: site.holidays,
        }
    }

    /// The visit that is there at an instant, or the next one within a week.
    pub(crate) fn next(&self, at: Timestamp) -> Option<Visit> {
        let eve = near(self.date(at), -1);
        let days = eve.series(1.day()).take(9);
        days.flat_map(|date| self.day(date)).find(|visit| visit.departure > at)
    }

    /// The visits that end after `from` and begin before `until`, in order.
    pub(crate) fn between(&self, from: Timestamp, until: Timestamp) -> Vec<Visit> {
        let (eve, last) = (near(self.date(from), -1), self.date(until));
        let days = eve.series(1.day()).take_while(|date| *date <= last);
        let visits = days.flat_map(|date| self.day(date));
        visits.filter(|visit| visit.departure > from && visit.arrival < until).collect()
    }

    /// The visits that begin on a local date, in order, none overlapping another of any date.
    fn day(&self, date: Date) -> Vec<Visit> {
        let eve = self.booked(near(date, -1));
        let mut visits: Vec<Visit> = Vec::new();
        for mut visit in self.booked(date) {
            // A booked vehicle waits for the one before it.
            let before = eve.iter().chain(&visits).filter(|other| other.meets(&visit));
            let free = before.map(|other| other.departure + GAP).max();
            visit.arrival = free.map_or(visit.arrival, |free| free.max(visit.arrival));
            if visit.arrival < visit.departure {
                visits.push(visit);
            }
        }
        let booked: Vec<Visit> =
            eve.iter().cloned().chain(visits.clone()).chain(self.booked(near(date, 1))).collect();
        let before = self.visitors(near(date, -1));
        let free = self
            .visitors(date)
            .into_iter()
            .filter(|visitor| !booked.iter().chain(&before).any(|other| other.meets(visitor)));
        visits.extend(free);
        visits.sort_by_key(|visit| visit.arrival);
        visits
    }

    /// The commune's vehicles of a date, in order.
    fn booked(&self, date: Date) -> Vec<Visit> {
        let bookings = self.charger.bookings.iter().enumerate();
        let today = bookings.filter(|(_, one)| one.days.contain(date, self.holidays));
        let mut visits: Vec<Visit> =
            today.filter_map(|(place, booking)| self.of_booking(date, place, booking)).collect();
        visits.sort_by_key(|visit| visit.arrival);
        visits
    }

    fn of_booking(&self, date: Date, place: usize, booking: &Booking) -> Option<Visit> {
        let mut chance = self.chance(&format!("booking {place} on {date}"));
        let (late, later) = (chance.bounded(ARRIVAL_MIN), chance.bounded(DEPARTURE_MIN));
        let wanted_wh = booking.energy.get() * chance.factor(BOOKED_ENERGY);
        let (told, missing) =
            (chance.happens(TOLD_SHARE), chance.happens(self.charging.no_show.get()));
        let overnight = booking.departure <= booking.arrival;
        let leaves_on = if overnight { near(date, 1) } else { date };
        let arrival = moved(self.instant(date, booking.arrival), late);
        let departure = moved(self.instant(leaves_on, booking.departure), later);
        // The same vehicle each time.
        let own = self.chance(&format!("vehicle of booking {place}"));
        let vehicle = Vehicle::of_the_commune(own, wanted_wh, &mut chance);
        let visit = Visit { arrival, departure, wanted_wh, told, vehicle };
        (!missing && arrival < departure).then_some(visit)
    }

    /// The visitors of a date who do not overlap each other, in order.
    fn visitors(&self, date: Date) -> Vec<Visit> {
        let mut chance = self.chance(&format!("visitors on {date}"));
        let count = chance.count(self.charging.visits_per_day, VISITORS_MAX);
        let mut all: Vec<Visit> = (0..count).map(|_| self.visitor(date, &mut chance)).collect();
        all.sort_by_key(|visit| visit.arrival);
        let mut visitors: Vec<Visit> = Vec::new();
        for visit in all {
            if !visitors.iter().any(|other| other.meets(&visit)) {
                visitors.push(visit);
            }
        }
        visitors
    }

    fn visitor(&self, date: Date, chance: &mut Chance) -> Visit {
        let hour = chance.pick(&ARRIVALS);
        let minute = chance.between(0.0, 60.0);
        let hour = Time::constant(i8::try_from(hour).expect("below 24"), 0, 0, 0);
        let arrival = moved(self.instant(date, hour), minute);
        let mean = self.charging.stay.as_secs_f64() / 60.0;
        let stay = chance.log_normal(mean, STAY_SPREAD).clamp(STAY_MIN.0, STAY_MIN.1);
        let wanted = chance.log_normal(self.charging.energy.get(), ENERGY_SPREAD);
        let wanted_wh = wanted.max(ENERGY_WH_MIN);
        let told = chance.happens(TOLD_SHARE);
        let vehicle = Vehicle::of_a_visitor(wanted_wh, chance);
        Visit { arrival, departure: moved(arrival, stay), wanted_wh, told, vehicle }
    }

    fn chance(&self, what: &str) -> Chance {
        Chance::new(self.seed, &format!("{} {what}", self.charger.id))
    }

    fn date(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    fn instant(&self, date: Date, time: Time) -> Timestamp {
        let at = self.zone.to_timestamp(date.to_datetime(time));
        at.expect("simulated days lie within the calendar")
    }
}

/// An instant some minutes later, at a whole minute.
fn moved(at: Timestamp, minutes: f64) -> Timestamp {
    let to = site::time::add_seconds(at, minutes * 60.0);
    let second = to.as_second() - to.as_second().rem_euclid(60);
    Timestamp::from_second(second).unwrap_or(at)
}

fn near(date: Date, days: i64) -> Date {
    date.checked_add(days.days()).expect("simulated days lie within the calendar")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::energy_tests::SOLEIL;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn hours(visit: &Visit) -> f64 {
        site::time::seconds_between(visit.arrival, visit.departure) / 3600.0
    }

    #[test]
    fn nobody_waits_for_a_charger_and_the_fleet_comes_back() {
        let (from, until) = (at("2026-01-05T00:00:00Z"), at("2026-03-02T00:00:00Z"));
        let (mut all, mut told, mut booked) = (0.0, 0.0, 0);
        for seed in 0..5 {
            for charger in 0..SOLEIL.chargers.len() {
                let visits = Visits::new(&SOLEIL, charger, seed).between(from, until);
                for pair in visits.windows(2) {
                    assert!(pair[1].arrival >= pair[0].departure + GAP, "{pair:?}");
                }
                for visit in &visits {
                    all += 1.0;
                    told += f64::from(u8::from(visit.told));
                    assert!(visit.wanted_wh >= ENERGY_WH_MIN * 0.9 && hours(visit) > 0.0);
                }
                if charger == 0 {
                    // 40 working days, one in ten without the vehicle.
                    let nights = visits.iter().filter(|visit| hours(visit) > 13.0);
                    booked += nights.count();
                }
            }
        }
        let told: f64 = told / all;
        assert!((0.55..0.65).contains(&told), "{told}");
        assert!((165..=195).contains(&booked), "{booked} of 200 nights");
        let days = 56.0 * 5.0 * 6.0;
        assert!((0.9..2.0).contains(&(all / days)), "{} visits a day", all / days);
    }

    #[test]
    fn visits_do_not_depend_on_when_one_begins_to_look() {
        let visits = Visits::new(&SOLEIL, 2, 9);
        let until = at("2026-02-10T00:00:00Z");
        let early = visits.between(at("2026-01-05T00:00:00Z"), until);
        let late = visits.between(at("2026-01-21T09:00:00Z"), until);
        assert!(early.ends_with(&late) && late.len() > 10 && early.len() > late.len());
        for visit in &late {
            assert_eq!(visits.next(visit.departure - GAP).as_ref(), Some(visit));
        }
        let other = Visits::new(&SOLEIL, 2, 10).between(at("2026-01-05T00:00:00Z"), until);
        assert_ne!(early, other);
    }

    #[test]
    fn local_times_hold_when_the_clocks_change() {
        let visits = Visits::new(&SOLEIL, 0, 4);
        for day in ["2026-03-27", "2026-03-30", "2026-10-23", "2026-10-26"] {
            let date: Date = day.parse().expect("a date");
            for visit in visits.booked(date) {
                let arrival = visits.zone.to_datetime(visit.arrival);
                let minutes = i32::from(arrival.hour()) * 60 + i32::from(arrival.minute());
                assert!((minutes - (17 * 60 + 15)).abs() <= 16, "{day}: {arrival}");
            }
        }
    }
}
