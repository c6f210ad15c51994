//! What the memory may forget, and what it must not.

use super::{Bench, GuardMemory, id};
use site::command::Setpoint;
use site::units::Ratio;
use std::time::Duration;

/// The daemon dies, and starts again `seconds` later with a clock of its own.
fn restart(bench: &mut Bench, seconds: u64) {
    let state = serde_json::to_string(&bench.memory).unwrap();
    bench.memory = serde_json::from_str::<GuardMemory>(&state).unwrap();
    bench.field.pass(seconds);
    bench.field.now.mono = site::Mono::default();
}

/// How long P1 has been as it is, in s.
fn lasted(bench: &Bench) -> u64 {
    bench.memory.in_state_for(&id("P1"), bench.field.now.utc).unwrap().as_secs()
}

#[test]
fn a_pump_seen_for_the_first_time_counts_as_just_switched() {
    let mut bench = Bench::usual();
    bench.memory = GuardMemory::default();
    assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Stop));
    bench.memory = GuardMemory::default();
    bench.field.flag("d1.running", true);
    assert_eq!(bench.ask("P1", Setpoint::Stop).0, Some(Setpoint::Run));
    assert_eq!(bench.memory.starts_last_hour(&id("P1"), bench.field.now.utc), 1);
    assert_eq!(bench.memory.running_since(&id("P1")), Some(bench.field.now.utc));
    assert_eq!(bench.memory.running_since(&id("P2")), None);
}

#[test]
fn a_guard_that_remembers_another_state_trusts_the_measured_one() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.running", true);
    let (snapshot, wishes) =
        (bench.field.snapshot(), [super::wish("P1", Setpoint::Stop, super::Authority::Plan)]);
    let allowed = super::guard(&bench.site, &snapshot, &bench.memory, &wishes);
    assert_eq!(super::told(&allowed, "P1"), Some(Setpoint::Run), "it has only just begun to run");
}

#[test]
fn starts_and_rests_survive_a_short_restart() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.running", true);
    bench.watch(600);
    bench.field.flag("d1.running", false);
    bench.watch(600);
    assert_eq!(lasted(&bench), 600);
    restart(&mut bench, 60);
    bench.look(&[]);
    assert_eq!(lasted(&bench), 590, "what nobody saw since the last look does not count");
    assert_eq!(bench.memory.starts_last_hour(&id("P1"), bench.field.now.utc), 1);
}

#[test]
fn after_a_long_restart_a_pump_counts_as_just_switched() {
    let mut bench = Bench::usual();
    restart(&mut bench, 3600);
    assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Stop));
    assert_eq!(lasted(&bench), 0);
}

#[test]
fn after_a_long_restart_a_ramp_begins_at_what_the_field_shows() {
    let mut bench = Bench::usual();
    let (half, dark) = (Setpoint::Light(Ratio::new(0.5)), Setpoint::Light(Ratio::ZERO));
    assert_eq!(bench.ask("L1", half).0, Some(half));
    restart(&mut bench, 12 * 3600);
    assert_eq!(bench.ask("L1", dark).0, Some(dark), "no street is lit at noon to be dimmed");
}

#[test]
fn a_step_of_the_clock_never_lengthens_a_permission() {
    for step in [-86_400, -3600, -60, -1, 1, 60, 3600, 86_400 * 365] {
        let mut bench = Bench::usual();
        bench.field.flag("d1.running", true);
        bench.watch(60);
        bench.field.flag("d1.running", false);
        bench.watch(60);
        let before = lasted(&bench);
        bench.field.step_clock(step);
        assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Stop), "{step} s");
        assert!(lasted(&bench) <= before, "{step} s: {} s", lasted(&bench));
        assert_eq!(bench.memory.starts_last_hour(&id("P1"), bench.field.now.utc), 1, "{step} s");
        bench.watch(600);
        assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Run), "and it heals: {step} s");
    }
}

#[test]
fn a_suspended_host_knows_nothing_of_the_pause() {
    let mut bench = Bench::usual();
    bench.field.step_clock(7200);
    assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Stop));
    let mut bench = Bench::usual();
    bench.field.pass(7200);
    assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Stop), "on either kind of clock");
}

#[test]
fn one_lost_poll_is_forgiven_and_a_long_silence_is_not() {
    let mut bench = Bench::usual();
    bench.field.bad("d1.running");
    bench.watch(30);
    bench.field.flag("d1.running", false);
    assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Run));
    let mut bench = Bench::usual();
    bench.field.bad("d1.running");
    bench.watch(300);
    bench.field.flag("d1.running", false);
    assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Stop));
}

#[test]
fn a_start_that_is_told_and_then_seen_is_one_start() {
    let mut bench = Bench::usual();
    for _ in 0..3 {
        assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Run), "a slow motor");
        bench.field.pass(10);
    }
    bench.field.flag("d1.running", true);
    bench.look(&[]);
    assert_eq!(bench.memory.starts_last_hour(&id("P1"), bench.field.now.utc), 1);
    assert_eq!(bench.memory.in_state_for(&id("P1"), bench.field.now.utc), Some(Duration::ZERO));
}

#[test]
fn a_feedback_that_never_comes_cannot_hide_starts() {
    let mut bench = Bench::usual();
    let mut starts = 0;
    let mut told_run = false;
    for look in 0..360 {
        let wanted = if look % 2 == 0 { Setpoint::Run } else { Setpoint::Stop };
        let run = bench.ask("P1", wanted).0 == Some(Setpoint::Run);
        starts += u32::from(run && !told_run);
        told_run = run;
        // Somebody takes away the trip of a motor that does not start, again and again.
        bench.memory.reset_trip(&id("P1"));
        bench.field.pass(10);
    }
    assert_eq!(starts, 2, "two starts in an hour, though the pump never seems to run");
}

#[test]
fn a_change_of_mind_waits_while_a_command_is_on_its_way() {
    let mut bench = Bench::usual();
    assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Run));
    bench.field.pass(10);
    let (told, words) = bench.ask("P1", Setpoint::Stop);
    assert_eq!(told, Some(Setpoint::Run), "the motor may be starting at this moment");
    assert!(words[0].starts_with("min_run narrowed: started 0.2 min ago"), "{words:?}");
    bench.field.bad("d1.running");
    bench.field.pass(10);
    assert_eq!(bench.ask("P1", Setpoint::Stop).0, None);
    bench.field.flag("d1.running", false);
    bench.field.pass(10);
    assert_eq!(bench.ask("P1", Setpoint::Stop).0, Some(Setpoint::Run), "one lost look later");
    bench.field.flag("d1.dry", true);
    assert_eq!(bench.ask("P1", Setpoint::Stop).0, Some(Setpoint::Stop), "but never when dry");
    assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Stop));
    bench.field.flag("d1.dry", false);
    assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Stop), "it rests from then");
}

#[test]
fn a_hand_at_the_switch_calls_off_what_was_on_its_way() {
    let mut bench = Bench::usual();
    assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Run));
    bench.field.flag("d1.remote", false);
    bench.field.pass(10);
    assert_eq!(bench.ask("P1", Setpoint::Run).0, None);
    bench.field.flag("d1.remote", true);
    bench.field.pass(10);
    assert_eq!(bench.ask("P1", Setpoint::Stop).0, Some(Setpoint::Stop), "no start is left over");
}

#[test]
fn an_asset_taken_off_the_site_is_forgotten() {
    let mut bench = Bench::usual();
    bench.site.pumps.retain(|pump| pump.id != id("P1"));
    bench.look(&[]);
    assert_eq!(bench.memory.running(&id("P1")), None);
    assert_eq!(bench.memory.running(&id("P2")), Some(false));
}
