//! What trips an asset, what it does then, and what ends it.

use super::{Bench, GuardMemory, id, told, wish};
use crate::guard::{Cause, Trip};
use site::command::{Authority, Delivery, Receipt, Setpoint};
use site::units::Power;

pub(super) const RUN: Setpoint = Setpoint::Run;
pub(super) const STOP: Setpoint = Setpoint::Stop;

impl Bench {
    pub(super) fn trip(&self, asset: &str) -> Option<&Trip> {
        self.memory.trip(&id(asset))
    }
    pub(super) fn cause(&self, asset: &str) -> Option<Cause> {
        self.trip(asset).map(|trip| trip.cause)
    }
    /// Time goes on in looks of 10 s while this is wished.
    pub(super) fn keep_asking(&mut self, asset: &str, setpoint: Setpoint, seconds: u64) {
        for _ in 0..seconds / 10 {
            self.ask(asset, setpoint);
            self.field.pass(10);
        }
    }
    /// P3 runs, its suction falls dry, and it stops as it is told.
    pub(super) fn dry_run(&mut self) {
        self.field.flag("d3.running", true);
        self.look(&[]);
        self.field.flag("d3.dry", true);
        self.look(&[]);
        self.field.flag("d3.running", false);
        self.field.pass(10);
        self.look(&[]);
        self.field.flag("d3.dry", false);
        self.field.pass(10);
    }
}

#[test]
fn a_pump_that_stands_still_does_not_run_dry() {
    let mut bench = Bench::usual();
    bench.field.flag("d3.dry", true);
    bench.field.number("l1.level", 0.1);
    bench.field.number("q2.flow", 0.0);
    bench.watch(600);
    assert_eq!(bench.memory.trips().count(), 0);
}

#[test]
fn a_dry_suction_trips_and_the_pump_rests_for_a_quarter_of_an_hour() {
    let mut bench = Bench::usual();
    bench.dry_run();
    assert_eq!(bench.cause("P3"), Some(Cause::DryRun));
    bench.keep_asking("P3", RUN, 870);
    let (told, words) = bench.ask("P3", RUN);
    assert_eq!(told, Some(STOP), "{words:?}");
    assert!(words[0].starts_with("trip narrowed: tripped 14.8 min ago (dry_run)"), "{words:?}");
    bench.field.pass(10);
    assert_eq!(bench.ask("P3", RUN).0, Some(RUN));
    assert_eq!(bench.trip("P3"), None);
}

#[test]
fn a_trip_starts_nothing_when_it_ends() {
    let mut bench = Bench::usual();
    bench.dry_run();
    for _ in 0..200 {
        let allowed = bench.look(&[]);
        assert_eq!(allowed.commands, [], "nobody asks for it");
        bench.field.pass(10);
    }
    assert_eq!(bench.trip("P3"), None);
    assert_eq!(bench.ask("P3", STOP).0, Some(STOP));
}

#[test]
fn a_low_source_trips_and_must_rise_well_above_its_mark() {
    let mut bench = Bench::usual();
    bench.field.flag("d3.running", true);
    bench.field.number("l1.level", 0.751);
    bench.watch(600);
    assert_eq!(bench.trip("P3"), None);
    bench.field.number("l1.level", 0.75);
    assert_eq!(bench.ask("P3", RUN).0, Some(STOP));
    assert_eq!(bench.cause("P3"), Some(Cause::DryRun));
    bench.field.flag("d3.running", false);
    bench.field.number("l1.level", 1.0);
    bench.watch(1200);
    assert_eq!(bench.cause("P3"), Some(Cause::DryRun), "15 % and 5 % more are 1.00 m");
    bench.field.bad("l1.level");
    bench.watch(20);
    assert_eq!(bench.cause("P3"), Some(Cause::DryRun), "nobody knows");
    bench.field.number("l1.level", 1.001);
    bench.watch(20);
    assert_eq!(bench.trip("P3"), None);
}

#[test]
fn a_dry_switch_must_be_known_to_be_off() {
    let mut bench = Bench::usual();
    bench.dry_run();
    bench.field.bad("d3.dry");
    bench.watch(1800);
    assert_eq!(bench.cause("P3"), Some(Cause::DryRun));
    bench.field.flag("d3.dry", false);
    bench.watch(10);
    assert_eq!(bench.trip("P3"), None);
}

#[test]
fn after_three_restarts_in_a_day_somebody_has_to_look() {
    let mut bench = Bench::usual();
    for left in [3, 2, 1] {
        bench.dry_run();
        assert_eq!(bench.trip("P3").map(|trip| trip.restarts_left), Some(left));
        bench.watch(900);
        assert_eq!(bench.trip("P3"), None, "{left}");
    }
    bench.dry_run();
    assert_eq!(bench.trip("P3").map(|trip| trip.restarts_left), Some(0));
    bench.watch(2 * 86_400);
    let (told, words) = bench.ask("P3", RUN);
    assert_eq!(told, Some(STOP));
    assert!(words[0].ends_with("until somebody resets it: regie trip reset P3"), "{words:?}");
    let trip = bench.memory.reset_trip(&id("P3")).expect("it had tripped");
    assert_eq!(trip.cause, Cause::DryRun);
    assert_eq!(bench.ask("P3", RUN).0, Some(RUN));
    bench.dry_run();
    assert_eq!(bench.trip("P3").map(|trip| trip.restarts_left), Some(3), "counted anew");
}

#[test]
fn restarts_are_forgotten_after_a_day() {
    let mut bench = Bench::usual();
    bench.dry_run();
    bench.watch(900);
    bench.dry_run();
    assert_eq!(bench.trip("P3").map(|trip| trip.restarts_left), Some(2));
    bench.watch(900 + 86_400);
    bench.dry_run();
    assert_eq!(bench.trip("P3").map(|trip| trip.restarts_left), Some(3));
}

#[test]
fn a_pump_without_flow_trips_after_half_a_minute() {
    let mut bench = Bench::usual();
    bench.field.flag("d2.running", true);
    bench.field.number("q2.flow", 0.0019);
    bench.keep_asking("P2", RUN, 20);
    bench.field.number("q2.flow", 0.002);
    bench.keep_asking("P2", RUN, 60);
    bench.field.bad("q2.flow");
    bench.keep_asking("P2", RUN, 60);
    assert_eq!(bench.trip("P2"), None, "10 % of 20 l/s are enough, and nothing known is no cause");
    bench.field.number("q2.flow", 0.0019);
    bench.keep_asking("P2", RUN, 30);
    assert_eq!(bench.trip("P2"), None);
    let (told, words) = bench.ask("P2", RUN);
    assert_eq!(told, Some(STOP), "{words:?}");
    let reason = "q2.flow shows 1.90 l/s, below 10 % of 20.00 l/s for 30 s";
    assert_eq!(bench.trip("P2").map(|trip| trip.reason.as_str()), Some(reason));
}

#[test]
fn a_station_trips_on_its_well_and_on_its_flow() {
    let mut bench = Bench::usual();
    bench.field.flag("w1.running", true);
    bench.field.number("l3.level", 0.3);
    assert_eq!(bench.ask("W1", STOP).0, Some(STOP));
    let reason = "its well stands at 0.30 m, not above 0.30 m while it runs";
    assert_eq!(bench.trip("W1").map(|trip| trip.reason.as_str()), Some(reason));
    bench.field.flag("w1.running", false);
    bench.field.number("l3.level", 0.45);
    bench.watch(910);
    assert_eq!(bench.cause("W1"), Some(Cause::DryRun), "10 % and 5 % more are 0.45 m");
    bench.field.number("l3.level", 0.46);
    bench.watch(10);
    assert_eq!(bench.trip("W1"), None);
    bench.field.flag("w1.running", true);
    bench.field.number("q1.flow", 0.001);
    bench.keep_asking("W1", RUN, 40);
    assert_eq!(bench.cause("W1"), Some(Cause::DryRun));
}

#[test]
fn a_pump_that_runs_on_into_a_full_tank_trips() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.running", true);
    bench.watch(60);
    bench.field.number("l1.level", 4.85);
    bench.keep_asking("P1", RUN, 60);
    assert_eq!(bench.trip("P1"), None, "the interlock tells it to stop");
    bench.ask("P1", RUN);
    assert_eq!(bench.cause("P1"), Some(Cause::Overflow));
    let reason = &bench.trip("P1").expect("it tripped").reason;
    let words = "T1 stands at 4.85 m, at or above its overflow mark of 4.85 m (97 %), and it has \
                 run on for 60 s";
    assert_eq!(reason, words);
    bench.field.flag("d1.running", false);
    bench.field.number("l1.level", 2.0);
    bench.watch(86_400);
    assert_eq!(bench.ask("P1", RUN).0, Some(STOP), "only a person ends it");
    assert_eq!(bench.trip("P2"), None, "P2 stood still");
}

#[test]
fn a_tank_that_is_full_for_moments_trips_nothing() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.running", true);
    for _ in 0..5 {
        bench.field.number("l1.level", 4.9);
        bench.watch(50);
        bench.field.number("l1.level", 4.8);
        bench.watch(10);
    }
    assert_eq!(bench.trip("P1"), None);
}

#[test]
fn a_fault_that_comes_back_a_third_time_trips() {
    let mut bench = Bench::usual();
    for (asset, fault, wanted, rest) in [
        ("P1", "d1.fault", RUN, STOP),
        ("B1", "b1.fault", Setpoint::Power(Power::from_kw(5.0)), Setpoint::Power(Power::ZERO)),
        ("S1", "f1.fault", RUN, STOP),
        ("W1", "w1.fault", RUN, STOP),
    ] {
        for _ in 0..2 {
            bench.field.flag(fault, true);
            bench.watch(300);
            bench.field.flag(fault, false);
            bench.watch(300);
        }
        assert_eq!(bench.ask(asset, wanted).0, Some(wanted), "{asset}");
        bench.watch(70);
        bench.field.flag(fault, true);
        bench.watch(20);
        bench.field.flag(fault, false);
        let (told, words) = bench.ask(asset, wanted);
        assert_eq!(told, Some(rest), "{asset}");
        assert!(words[0].contains(&format!("{fault} came on 3 times in 24 h")), "{words:?}");
        assert_eq!(bench.ask(asset, rest).0, Some(rest), "{asset}");
    }
}

#[test]
fn faults_are_forgotten_after_a_day_and_not_counted_on_local() {
    let mut bench = Bench::usual();
    for _ in 0..4 {
        bench.field.flag("d1.fault", true);
        bench.watch(60);
        bench.field.flag("d1.fault", false);
        bench.watch(13 * 3600);
    }
    assert_eq!(bench.trip("P1"), None);
    bench.watch(86_400);
    bench.field.flag("d1.remote", false);
    for on in [true, false, true, false, true, false, true] {
        bench.field.flag("d1.fault", on);
        bench.watch(60);
    }
    bench.field.flag("d1.remote", true);
    bench.watch(60);
    assert_eq!(bench.trip("P1"), None, "somebody worked at it");
}

#[test]
fn a_motor_that_does_not_start_trips_after_five_minutes() {
    let mut bench = Bench::usual();
    bench.keep_asking("P1", RUN, 300);
    assert_eq!(bench.trip("P1"), None);
    assert_eq!(bench.ask("P1", RUN).0, Some(STOP));
    let reason = "told to run 5.0 min ago, and in 30 looks since it stands still";
    let trip = bench.trip("P1").expect("it tripped");
    assert_eq!((trip.cause, trip.reason.as_str()), (Cause::StandsStill, reason));
    assert_eq!(trip.restarts_left, 0);
}

#[test]
fn a_motor_that_does_not_stop_trips_after_five_minutes() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.running", true);
    bench.watch(600);
    bench.keep_asking("P1", STOP, 310);
    let reason = "told to stop 5.0 min ago, and in 30 looks since it runs on";
    let trip = bench.trip("P1").expect("it tripped");
    assert_eq!((trip.cause, trip.reason.as_str()), (Cause::RunsOn, reason));
    assert_eq!(bench.ask("P1", RUN).0, Some(STOP));
}

#[test]
fn whoever_changes_his_mind_is_not_disobeyed() {
    let mut bench = Bench::usual();
    for _ in 0..5 {
        bench.keep_asking("P1", RUN, 290);
        bench.look(&[]);
        bench.field.pass(10);
    }
    bench.field.bad("d1.running");
    bench.keep_asking("P1", RUN, 10);
    assert_eq!(bench.trip("P1"), None);
    // It runs at last, and then stops by itself: that counts from then on.
    bench.field.flag("d1.running", true);
    bench.keep_asking("P1", RUN, 600);
    bench.field.flag("d1.running", false);
    bench.keep_asking("P1", RUN, 290);
    assert_eq!(bench.trip("P1"), None);
}

#[test]
fn a_command_that_does_not_arrive_is_not_disobeyed() {
    let mut bench = Bench::usual();
    for _ in 0..100 {
        bench.ask("P1", RUN);
        let delivery = Delivery::Failed("no answer".to_owned());
        bench.memory.delivered(&[Receipt { asset: id("P1"), delivery }]);
        bench.field.pass(10);
    }
    assert_eq!(bench.trip("P1"), None);
    for _ in 0..31 {
        bench.ask("P1", RUN);
        bench.memory.delivered(&[Receipt { asset: id("P1"), delivery: Delivery::Refreshed }]);
        bench.field.pass(10);
    }
    assert_eq!(bench.cause("P1"), Some(Cause::StandsStill));
}

#[test]
fn nothing_trips_on_local_in_shadow_or_when_only_observed() {
    let mut bench = Bench::usual();
    bench.field.flag("d3.remote", false);
    for device in ["d3", "d4", "d5"] {
        bench.field.flag(&format!("{device}.running"), true);
        bench.field.flag(&format!("{device}.dry"), true);
    }
    bench.field.number("l1.level", 4.9);
    bench.watch(600);
    assert_eq!(bench.memory.trips().count(), 0);
    bench.field.flag("d3.remote", true);
    bench.watch(10);
    assert_eq!(bench.cause("P3"), Some(Cause::DryRun), "it is ours again, and still runs dry");
}

#[test]
fn what_needs_a_person_takes_the_place_of_what_does_not() {
    let mut bench = Bench::usual();
    bench.dry_run();
    bench.field.flag("d3.running", true);
    bench.keep_asking("P3", STOP, 320);
    assert_eq!(bench.cause("P3"), Some(Cause::RunsOn));
    bench.field.flag("d3.dry", true);
    bench.watch(20);
    assert_eq!(bench.cause("P3"), Some(Cause::RunsOn), "and not the other way round");
}

#[test]
fn no_minimum_run_and_no_authority_stands_against_a_trip() {
    let mut bench = Bench::usual();
    bench.field.flag("d3.running", true);
    bench.look(&[]);
    bench.field.flag("d3.dry", true);
    bench.look(&[]);
    bench.field.flag("d3.dry", false);
    assert_eq!(bench.ask("P3", STOP).0, Some(STOP));
    for who in [Authority::Interlock, Authority::Operator, Authority::External] {
        let allowed = bench.look(&[wish("P3", RUN, who)]);
        assert_eq!(told(&allowed, "P3"), Some(STOP), "{who:?}");
    }
}

#[test]
fn an_asset_that_is_taken_off_the_site_takes_its_trip_along() {
    let mut bench = Bench::usual();
    bench.dry_run();
    bench.site.pumps.retain(|pump| pump.id != id("P3"));
    bench.look(&[]);
    assert_eq!(bench.memory.trips().count(), 0);
    assert_eq!(bench.memory.reset_trip(&id("P3")), None);
    assert_eq!(GuardMemory::default().reset_trip(&id("P3")), None);
}
