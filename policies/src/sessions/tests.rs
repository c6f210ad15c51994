//! Who is expected, from what is there, what is booked, and what used to be.

use super::*;
use crate::estimate::{EstimateMemory, estimate};
use crate::guard::GuardMemory;
use crate::guard::bench::{Field, id, site};
use site::plan::Step;

/// The bench with an estimator that remembers. 1 June 2025 is a Sunday, Paris is two hours ahead.
struct Bench {
    site: Site,
    field: Field,
    memory: EstimateMemory,
    habits: Habits,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Bench {
    fn at(text: &str) -> Self {
        let mut field = Field::usual();
        field.now.utc = at(text);
        Self { site: site(), field, memory: EstimateMemory::default(), habits: Habits::default() }
    }
    fn look(&mut self) -> Estimate {
        let (guard, snapshot) = (GuardMemory::default(), self.field.snapshot());
        let estimate = estimate(&self.site, &snapshot, &mut self.memory, &guard, Vec::new());
        self.habits.observe(&self.site, &estimate);
        estimate
    }
    fn minutes(&mut self, count: u64) {
        for _ in 0..count {
            self.look();
            self.field.pass(60);
        }
    }
    fn session(&mut self) -> Session {
        self.look().chargers[&id("C1")].session.expect("a vehicle is there")
    }
    fn expected(&mut self, charger: &str) -> Vec<Session> {
        let estimate = self.look();
        let now = self.field.now.utc;
        let hours = (0..24).map(|hour| add_seconds(now, 3600.0 * f64::from(hour)));
        let steps: Vec<Step> =
            hours.map(|start| Step { start, end: add_seconds(start, 3600.0) }).collect();
        let mut all = expected(&self.site, &estimate, &self.habits, &steps);
        all.remove(&id(charger)).unwrap_or_default()
    }
}

fn times(sessions: &[Session]) -> Vec<(String, String, f64)> {
    let one = |s: &Session| (s.arrival.to_string(), s.departure.to_string(), s.wanted.kwh());
    sessions.iter().map(one).collect()
}

#[test]
fn a_vehicle_near_a_booking_is_the_booked_one() {
    // Monday, 17:00 local; it comes at 17:40.
    let mut bench = Bench::at("2025-06-02T15:39:00Z");
    bench.minutes(1);
    bench.field.flag("v1.connected", true);
    let session = bench.session();
    assert_eq!(session.arrival, at("2025-06-02T15:40:00Z"));
    assert_eq!(session.departure, at("2025-06-03T05:30:00Z"), "07:30 on the next day");
    assert_eq!((session.wanted.kwh(), session.basis), (22.0, Basis::Modelled));
    bench.field.number("v1.session", 9000.0);
    assert!((bench.session().wanted.kwh() - 13.0).abs() < 1e-9, "9 kWh are in it");
}

#[test]
fn what_the_driver_says_counts_more_and_a_stranger_is_as_usual() {
    let mut bench = Bench::at("2025-06-02T15:39:00Z");
    bench.minutes(1);
    bench.field.flag("v1.connected", true);
    bench.field.number("v1.wanted", 30e3);
    bench.field.number("v1.leaves_in", 90.0);
    let said = bench.session();
    assert_eq!((said.wanted.kwh(), said.basis), (30.0, Basis::Measured));
    assert_eq!(said.departure, at("2025-06-02T17:10:00Z"));
    // Sunday: nobody booked.
    let mut bench = Bench::at("2025-06-01T15:39:00Z");
    bench.minutes(1);
    bench.field.flag("v1.connected", true);
    let usual = bench.session();
    assert_eq!((usual.wanted.kwh(), usual.basis), (12.0, Basis::Default));
    assert_eq!(usual.departure, at("2025-06-01T19:40:00Z"), "four hours");
    bench.field.pass(5 * 3600);
    let overdue = bench.session();
    assert_eq!(overdue.departure, at("2025-06-01T21:10:00Z"), "half an hour from now");
}

#[test]
fn an_arrival_survives_a_restart_and_a_lost_reading_but_not_another_vehicle() {
    let mut bench = Bench::at("2025-06-01T09:59:00Z");
    bench.minutes(1);
    bench.field.flag("v1.connected", true);
    bench.field.number("v1.session", 5000.0);
    let arrival = bench.session().arrival;
    let stored = serde_json::to_string(&bench.memory).unwrap();
    bench.memory = serde_json::from_str(&stored).unwrap();
    bench.field.pass(1800);
    assert_eq!(bench.session().arrival, arrival);
    bench.field.bad("v1.connected");
    assert_eq!(bench.session().arrival, arrival);
    bench.field.flag("v1.connected", true);
    bench.field.number("v1.session", 100.0);
    assert_eq!(bench.session().arrival, bench.field.now.utc, "the counter began anew");
    bench.field.flag("v1.connected", false);
    assert_eq!(bench.look().chargers[&id("C1")].session, None);
}

#[test]
fn a_vehicle_that_was_there_at_the_first_look_may_be_the_booked_one() {
    let mut bench = Bench::at("2025-06-02T20:00:00Z");
    bench.field.flag("v1.connected", true);
    let session = bench.session();
    assert_eq!((session.wanted.kwh(), session.basis), (22.0, Basis::Modelled));
    assert_eq!(session.departure, at("2025-06-03T05:30:00Z"));
}

#[test]
fn a_vehicle_that_takes_nothing_is_full_until_it_takes_something() {
    let mut bench = Bench::at("2025-06-01T09:59:00Z");
    bench.minutes(1);
    bench.field.flag("v1.connected", true);
    bench.field.number("v1.current", 16.0);
    bench.field.number("v1.power", 0.0);
    bench.minutes(9);
    assert!(bench.session().wanted > Energy::ZERO, "it may only be slow to begin");
    bench.minutes(3);
    let full = bench.session();
    assert_eq!((full.wanted, full.basis), (Energy::ZERO, Basis::Measured));
    bench.field.number("v1.current", 0.0);
    bench.minutes(5);
    assert_eq!(bench.session().wanted, Energy::ZERO, "a pause makes nobody hungry");
    bench.field.number("v1.power", 8e3);
    assert!(bench.session().wanted > Energy::ZERO);
}

#[test]
fn bookings_are_expected_and_dropped_when_nobody_comes() {
    let mut bench = Bench::at("2025-06-02T10:00:00Z");
    // Ready ten minutes before it leaves.
    let booked = ("2025-06-02T15:00:00Z".into(), "2025-06-03T05:20:00Z".into(), 22.0);
    assert_eq!(times(&bench.expected("C1")), [booked]);
    assert_eq!(bench.expected("C2"), [], "nothing is known of the square");
    bench.field.now.utc = at("2025-06-02T16:00:00Z");
    assert_eq!(times(&bench.expected("C1"))[0].0, "2025-06-02T16:15:00Z", "it is late");
    bench.field.now.utc = at("2025-06-02T16:31:00Z");
    let next: Vec<_> = times(&bench.expected("C1"));
    assert_eq!(next[0].0, "2025-06-03T15:00:00Z", "it does not come today");
    bench.field.now.utc = at("2025-06-06T16:31:00Z");
    assert_eq!(bench.expected("C1"), [], "Friday: nobody comes on a Saturday");
}

#[test]
fn a_vehicle_is_to_be_ready_before_it_leaves_and_never_before_it_came() {
    let from = at("2025-06-02T10:00:00Z");
    let ready = |minutes: f64| {
        let departure = add_seconds(from, 60.0 * minutes);
        seconds_between(ready_by(from, departure), departure) / 60.0
    };
    for (stays, earlier) in [(600.0, 10.0), (50.0, 5.0), (0.0, 0.0), (-30.0, 0.0)] {
        assert!((ready(stays) - earlier).abs() < 1e-9, "{stays}");
    }
}

#[test]
fn a_booked_vehicle_waits_for_the_one_that_is_there() {
    let mut bench = Bench::at("2025-06-02T12:59:00Z");
    bench.minutes(1);
    bench.field.flag("v1.connected", true);
    let sessions = bench.expected("C1");
    assert_eq!(sessions.len(), 2, "the visitor leaves at 17:00 UTC, and the booking is for 15:00");
    assert_eq!(sessions[0].departure, at("2025-06-02T16:50:00Z"));
    assert_eq!(sessions[1].arrival, at("2025-06-02T17:00:00Z"));
    assert_eq!(sessions[1].departure, at("2025-06-03T05:20:00Z"));
    bench.field.flag("v1.connected", false);
    // Tomorrow's is beyond the horizon of a day.
    bench.field.now.utc = at("2025-06-02T14:40:00Z");
    bench.minutes(1);
    bench.field.flag("v1.connected", true);
    assert_eq!(bench.expected("C1").len(), 1, "now it is the booked one that is there");
}

/// Each working day a visitor comes at 12:20 local and charges 9 kWh in an hour and a half.
#[test]
fn visitors_are_learned_by_hour_and_kind_of_day() {
    let mut bench = Bench::at("2025-06-02T00:00:00Z");
    for minute in 0..21 * 1440_u64 {
        let local = bench.field.now.utc.to_zoned(bench.site.zone.clone());
        let of_day = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let working = bench.site.holidays.is_working_day(local.date());
        let there = working && (740..830).contains(&of_day);
        bench.field.flag("v2.connected", there);
        bench.field.number("v2.power", if there { 6e3 } else { 0.0 });
        if minute % 2 == 0 {
            bench.look();
        }
        bench.field.pass(60);
    }
    let energy = |sessions: &[Session]| -> f64 { sessions.iter().map(|s| s.wanted.kwh()).sum() };
    // Monday morning.
    bench.field.now.utc = at("2025-06-23T04:00:00Z");
    let monday = bench.expected("C2");
    assert!((6.0..10.0).contains(&energy(&monday)), "{monday:?}");
    assert!(monday.windows(2).all(|pair| pair[0].departure <= pair[1].arrival), "{monday:?}");
    assert!(monday.iter().all(|session| session.basis == Basis::Modelled));
    let noon = at("2025-06-23T10:20:00Z");
    assert!(monday.iter().any(|s| s.arrival <= noon && noon < s.departure), "{monday:?}");
    bench.field.now.utc = at("2025-06-28T00:00:00Z");
    assert!(energy(&bench.expected("C2")) < 0.5, "nobody comes on a Saturday");
    assert!(bench.expected("C1").iter().all(|session| session.wanted.kwh() > 21.9), "nor to C1");
}
