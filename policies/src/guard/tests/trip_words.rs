//! Trips over restarts, clock steps and resets.

use super::trips::{RUN, STOP};
use super::{Bench, GuardMemory, id};
use crate::guard::Cause;

/// The daemon dies, and starts again `seconds` later with a clock of its own.
fn restart(bench: &mut Bench, seconds: u64) {
    let state = serde_json::to_string(&bench.memory).unwrap();
    bench.memory = serde_json::from_str::<GuardMemory>(&state).unwrap();
    bench.field.pass(seconds);
    bench.field.now.mono = site::Mono::default();
}

#[test]
fn a_trip_survives_a_restart_and_rests_only_while_it_is_watched() {
    let mut bench = Bench::usual();
    bench.dry_run();
    bench.watch(600);
    let trip = bench.trip("P3").cloned();
    restart(&mut bench, 86_400);
    bench.look(&[]);
    assert_eq!(bench.trip("P3").cloned(), trip, "with the time at which it began");
    bench.watch(280);
    assert_eq!(bench.ask("P3", RUN).0, Some(STOP));
    bench.watch(40);
    assert_eq!(bench.trip("P3"), None);
}

#[test]
fn a_step_of_the_clock_ends_no_trip_sooner() {
    for step in [-86_400, -600, 600, 86_400 * 30] {
        let mut bench = Bench::usual();
        bench.dry_run();
        bench.field.step_clock(step);
        bench.watch(860);
        assert_eq!(bench.cause("P3"), Some(Cause::DryRun), "{step} s");
        bench.watch(60);
        assert_eq!(bench.trip("P3"), None, "and it heals: {step} s");
    }
}

#[test]
fn what_has_to_last_does_not_last_while_nobody_looks() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.running", true);
    bench.field.flag("d2.running", true);
    bench.field.number("l1.level", 4.9);
    bench.field.number("q2.flow", 0.0);
    bench.watch(20);
    restart(&mut bench, 3600);
    bench.watch(20);
    assert_eq!(bench.memory.trips().count(), 0, "nobody saw it run on");
    bench.watch(60);
    assert_eq!(bench.cause("P1"), Some(Cause::Overflow));
    assert_eq!(bench.cause("P2"), Some(Cause::Overflow), "which needs a person");
}

#[test]
fn a_command_from_before_a_long_pause_is_forgotten() {
    let mut bench = Bench::usual();
    bench.keep_asking("P1", RUN, 280);
    restart(&mut bench, 3600);
    bench.keep_asking("P1", RUN, 60);
    assert_eq!(bench.trip("P1"), None);
}

#[test]
fn short_pauses_are_not_counted_for_what_lasts() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.running", true);
    bench.field.number("l1.level", 4.9);
    bench.watch(50);
    restart(&mut bench, 60);
    bench.look(&[]);
    assert_eq!(bench.trip("P1"), None, "40 s of 60");
    bench.field.pass(10);
    bench.watch(20);
    assert_eq!(bench.cause("P1"), Some(Cause::Overflow));
}

#[test]
fn a_reset_while_the_cause_persists_trips_again() {
    let mut bench = Bench::usual();
    bench.dry_run();
    bench.field.flag("d3.dry", true);
    bench.memory.reset_trip(&id("P3")).expect("it had tripped");
    assert_eq!(bench.trip("P3"), None);
    bench.look(&[]);
    let reason = bench.trip("P3").map(|trip| trip.reason.as_str());
    assert_eq!(reason, Some("d3.dry is on, still after a reset"));
    bench.field.flag("d3.dry", false);
    bench.memory.reset_trip(&id("P3")).expect("it had tripped again");
    bench.watch(60);
    assert_eq!(bench.trip("P3"), None);
}

#[test]
fn a_full_tank_a_fault_and_a_motor_that_runs_on_persist() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.running", true);
    bench.field.number("l1.level", 4.9);
    bench.watch(80);
    bench.field.flag("d1.running", false);
    bench.memory.reset_trip(&id("P1")).expect("it had tripped");
    bench.look(&[]);
    assert_eq!(bench.cause("P1"), Some(Cause::Overflow));
    let mut bench = Bench::usual();
    for on in [true, false, true, false, true] {
        bench.field.flag("d1.fault", on);
        bench.watch(60);
    }
    bench.memory.reset_trip(&id("P1")).expect("it had tripped");
    bench.look(&[]);
    let reason = bench.trip("P1").map(|trip| trip.reason.as_str());
    assert_eq!(reason, Some("d1.fault is on, still after a reset"));
    bench.field.flag("d1.fault", false);
    bench.memory.reset_trip(&id("P1")).expect("it had tripped again");
    bench.field.flag("d1.fault", true);
    bench.field.pass(10);
    bench.look(&[]);
    assert_eq!(bench.trip("P1"), Some(&bench.trip("P1").cloned().expect("at once")));
    let mut bench = Bench::usual();
    bench.field.flag("d1.running", true);
    bench.watch(600);
    bench.keep_asking("P1", STOP, 320);
    bench.memory.reset_trip(&id("P1")).expect("it had tripped");
    bench.look(&[]);
    assert_eq!(bench.cause("P1"), Some(Cause::RunsOn));
    bench.field.flag("d1.running", false);
    bench.memory.reset_trip(&id("P1")).expect("it had tripped again");
    bench.watch(60);
    assert_eq!(bench.trip("P1"), None);
}

#[test]
fn a_motor_that_did_not_start_is_tried_again_after_a_reset() {
    let mut bench = Bench::usual();
    bench.keep_asking("P1", RUN, 310);
    bench.memory.reset_trip(&id("P1")).expect("it had tripped");
    bench.watch(600);
    bench.keep_asking("P1", RUN, 300);
    assert_eq!(bench.trip("P1"), None, "as long as the first time");
    bench.keep_asking("P1", RUN, 10);
    assert_eq!(bench.cause("P1"), Some(Cause::StandsStill));
}

#[test]
fn words_say_what_was_seen_and_what_ends_it() {
    let mut bench = Bench::usual();
    bench.dry_run();
    let (_, words) = bench.ask("P3", RUN);
    let expected = "trip narrowed: tripped 0.3 min ago (dry_run): d3.dry is on while it runs; rests \
                    for 15 min and until there is water; restarts left: 3";
    assert_eq!(words, [expected]);
    let all: Vec<&str> = Cause::ALL.into_iter().map(Cause::word).collect();
    assert_eq!(all, ["dry_run", "overflow", "fault", "runs_on", "stands_still"]);
    for cause in Cause::ALL {
        let written = serde_json::to_string(&cause).unwrap();
        assert_eq!(written, format!("\"{}\"", cause.word()), "one word everywhere");
    }
}

#[test]
fn a_state_from_before_there_were_trips_has_none() {
    let mut bench = Bench::usual();
    let mut state = serde_json::to_value(&bench.memory).unwrap();
    state.as_object_mut().unwrap().remove("trips").expect("it is stored");
    bench.memory = serde_json::from_value(state).unwrap();
    assert_eq!(bench.memory.trips().count(), 0);
    assert_eq!(bench.ask("P1", RUN).0, Some(RUN));
}
