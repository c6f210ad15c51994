//! One test per check: what comes out, and the words that people read.

use super::{Bench, id, told, wish, words};
use site::command::{Authority, Setpoint};
use site::units::Ratio;

const RUN: Setpoint = Setpoint::Run;
const STOP: Setpoint = Setpoint::Stop;

fn limit(percent: f64) -> Setpoint {
    Setpoint::Limit(Ratio::new(percent / 100.0))
}

fn light(percent: f64) -> Setpoint {
    Setpoint::Light(Ratio::new(percent / 100.0))
}

/// The setpoint in per cent, rounded, so that shares can be compared.
fn percent(setpoint: Option<Setpoint>) -> Option<String> {
    setpoint.map(|setpoint| setpoint.to_string())
}

#[test]
fn what_no_check_minds_is_let_through() {
    let mut bench = Bench::usual();
    let (told, words) = bench.ask("P1", RUN);
    assert_eq!(told, Some(RUN));
    assert_eq!(words, ["all passed: run: no check objects"]);
}

#[test]
fn a_command_carries_its_device_and_its_author() {
    let mut bench = Bench::usual();
    let allowed = bench.look(&[wish("P3", RUN, Authority::Operator)]);
    let command = allowed.commands[0].get();
    assert_eq!((command.asset.as_str(), command.device.as_str()), ("P3", "d3"));
    assert_eq!(command.authority, Authority::Operator);
}

#[test]
fn mode_observe_writes_nothing_and_shadow_says_what_it_would() {
    let mut bench = Bench::usual();
    assert_eq!(
        bench.ask("P5", RUN),
        (None, vec!["mode blocked: observe: run was wished, and nothing is ever written".into()])
    );
    assert_eq!(bench.ask("P4", RUN), (None, vec!["mode blocked: shadow: would write run".into()]));
    bench.field.flag("d4.dry", true);
    let (told, words) = bench.ask("P4", RUN);
    assert_eq!(told, None);
    assert_eq!(words[0], "mode blocked: shadow: would write stop");
    assert_eq!(words[1], "interlock narrowed: d4.dry is on: no water to pump");
    bench.field.flag("d4.remote", false);
    let (_, words) = bench.ask("P4", RUN);
    assert_eq!(words[0], "mode blocked: shadow: would write nothing");
    let (told, words) = bench.ask("T1", RUN);
    assert_eq!(told, None);
    assert_eq!(words, ["mode blocked: the site has nothing called T1 that takes commands"]);
}

#[test]
fn local_the_hand_at_the_device_comes_first() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.remote", false);
    let (told, words) = bench.ask("P1", STOP);
    assert_eq!(told, None);
    assert_eq!(words, ["local blocked: d1.remote says local: the switch on site rules"]);
    bench.field.bad("d1.remote");
    let (told, words) = bench.ask("P1", RUN);
    assert_eq!(told, None);
    let expected = "local blocked: d1.remote is not good (stale): the switch may stand on local";
    assert_eq!(words, [expected]);
    bench.field.flag("c1.remote", false);
    assert_eq!(bench.ask("L1", light(100.0)).0, None);
}

#[test]
fn fault_a_device_with_a_fault_is_left_alone() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.fault", true);
    let (told, words) = bench.ask("P1", RUN);
    assert_eq!(told, None);
    assert_eq!(words, ["fault blocked: d1.fault is on: clear the fault at the device"]);
}

#[test]
fn quality_nothing_is_written_from_bad_data() {
    for point in ["d3.running", "d3.fault", "d3.dry", "l1.level", "l2.level"] {
        let mut bench = Bench::usual();
        bench.field.bad(point);
        let (told, words) = bench.ask("P3", STOP);
        assert_eq!(told, None, "{point}");
        assert_eq!(words, [format!("quality blocked: not good: {point} (stale)")]);
    }
    let mut bench = Bench::usual();
    bench.field.bad("l2.level");
    assert_eq!(bench.ask("P1", RUN).0, Some(RUN), "P1 has nothing to do with T2");
    bench.field.bad("c1.lit");
    assert_eq!(bench.ask("L1", light(0.0)).0, None);
    bench.field.bad("s1.power");
    assert_eq!(bench.ask("PV1", Setpoint::NoLimit).0, Some(Setpoint::NoLimit), "one will do");
    bench.field.bad("s1.limit");
    let (told, words) = bench.ask("PV1", limit(0.0));
    assert_eq!(told, None);
    assert_eq!(words, ["quality blocked: not good: s1.power (stale), s1.limit (stale)"]);
}

#[test]
fn interlock_dry_overflow_and_low_stop_a_pump() {
    let mut bench = Bench::usual();
    bench.field.number("l2.level", 9.7);
    let (told, words) = bench.ask("P3", RUN);
    assert_eq!(told, Some(STOP));
    let overflow = "T2 stands at 9.70 m, at or above its overflow mark of 9.70 m (97 %)";
    assert_eq!(words, [format!("interlock narrowed: {overflow}")]);
    bench.field.number("l2.level", 9.49);
    assert_eq!(bench.ask("P3", RUN).0, Some(RUN));
    bench.field.number("l1.level", 0.75);
    let (told, words) = bench.ask("P3", RUN);
    assert_eq!(told, Some(STOP));
    let low = "T1 stands at 0.75 m, at or below its low mark of 0.75 m (15 %)";
    assert_eq!(words, [format!("interlock narrowed: {low}")]);
    bench.field.number("l1.level", 2.0);
    bench.field.flag("d3.dry", true);
    assert_eq!(bench.ask("P3", RUN).0, Some(STOP));
}

#[test]
fn interlock_stops_a_pump_within_its_minimum_run() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.running", true);
    bench.field.number("l1.level", 4.9);
    assert_eq!(bench.ask("P1", RUN).0, Some(STOP), "a wish to run");
    assert_eq!(bench.ask("P1", STOP).0, Some(STOP), "and a wish to stop");
}

#[test]
fn interlock_no_authority_runs_a_dry_pump() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.dry", true);
    let allowed = bench.look(&[wish("P1", RUN, Authority::Interlock)]);
    assert_eq!(told(&allowed, "P1"), Some(STOP));
}

#[test]
fn range_shares_stay_within_their_bounds() {
    let mut bench = Bench::usual();
    let (told, words) = bench.ask("PV1", limit(2.0));
    assert_eq!(told, Some(limit(5.0)), "the site's least limit is 5 %");
    assert_eq!(words, ["range narrowed: 2.0 % was wished, and 5.0 to 100.0 % is allowed"]);
    assert_eq!(bench.ask("L1", light(130.0)).0, Some(light(100.0)));
    bench.field.pass(10);
    assert_eq!(bench.ask("L1", light(-1.0)).0.and_then(|s| s.argument()), Some(80.0), "and a ramp");
}

#[test]
fn range_a_setpoint_of_another_kind_is_blocked() {
    let mut bench = Bench::usual();
    for (asset, setpoint) in [("P1", light(50.0)), ("PV1", RUN), ("L1", limit(50.0))] {
        let (told, words) = bench.ask(asset, setpoint);
        assert_eq!(told, None);
        assert!(words[0].starts_with("range blocked: "), "{words:?}");
        assert!(words[0].contains(&format!("does not understand '{setpoint}'")), "{words:?}");
    }
}

#[test]
fn ramp_a_limit_falls_at_once_and_rises_slowly() {
    let mut bench = Bench::usual();
    assert_eq!(percent(bench.ask("PV1", limit(30.0)).0), Some("limit 30 %".into()));
    let mut steps = Vec::new();
    let mut reasons = Vec::new();
    for _ in 0..8 {
        bench.field.pass(10);
        let (told, words) = bench.ask("PV1", Setpoint::NoLimit);
        steps.extend(percent(told));
        reasons.extend(words);
    }
    let rising: Vec<String> = (4..10).map(|tenth| format!("limit {tenth}0 %")).collect();
    assert_eq!(steps[..6], rising);
    assert_eq!(steps[6..], ["release", "release"]);
    assert_eq!(reasons[0], "ramp narrowed: rises from 30 % to 40 %, not to 100 %: 10 % in 10 s");
}

#[test]
fn ramp_begins_at_what_the_field_shows_after_a_silence() {
    let mut bench = Bench::usual();
    bench.field.number("s1.limit", 20.0);
    bench.field.number("s1.power", 30e3);
    let (told, _) = bench.ask("PV1", limit(100.0));
    assert_eq!(percent(told), Some("limit 60 %".into()), "it gives 50 %, whatever it reads back");
    bench.watch(600);
    bench.field.number("s1.power", 6e3);
    let (told, _) = bench.ask("PV1", limit(100.0));
    assert_eq!(percent(told), Some("limit 30 %".into()), "the pause was not saved up");
}

#[test]
fn ramp_a_pause_between_two_looks_is_not_saved_up_either() {
    let mut bench = Bench::usual();
    bench.ask("PV1", limit(30.0));
    bench.field.pass(100);
    assert_eq!(percent(bench.ask("PV1", limit(90.0)).0), Some("limit 40 %".into()));
    assert_eq!(percent(bench.ask("PV1", limit(90.0)).0), Some("limit 40 %".into()), "no time");
}

#[test]
fn ramp_never_goes_below_the_least_limit() {
    let mut bench = Bench::usual();
    bench.site.inverters[0].min_limit = Ratio::new(0.3);
    bench.field.number("s1.limit", 0.0);
    assert_eq!(percent(bench.ask("PV1", Setpoint::NoLimit).0), Some("limit 30 %".into()));
}

#[test]
fn ramp_a_street_brightens_at_once_and_dims_slowly() {
    let mut bench = Bench::usual();
    assert_eq!(percent(bench.ask("L1", light(100.0)).0), Some("light 100 %".into()));
    bench.field.flag("c1.lit", true);
    let mut steps = Vec::new();
    for _ in 0..5 {
        bench.field.pass(10);
        steps.extend(percent(bench.ask("L1", light(0.0)).0));
    }
    assert_eq!(steps, ["light 80 %", "light 60 %", "light 40 %", "light 20 %", "dark"]);
}

#[test]
fn min_run_and_min_stop_hold_what_is_measured() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.running", true);
    bench.watch(240);
    let (told, words) = bench.ask("P1", STOP);
    assert_eq!(told, Some(RUN));
    let held =
        "min_run narrowed: started 4.0 min ago, and runs for at least 10.0 min: keeps running";
    assert_eq!(words, [held]);
    bench.watch(360);
    assert_eq!(bench.ask("P1", STOP).0, Some(STOP));
    bench.field.flag("d1.running", false);
    bench.watch(300);
    let (told, words) = bench.ask("P1", RUN);
    assert_eq!(told, Some(STOP));
    let held =
        "min_stop narrowed: stopped 5.0 min ago, and rests for at least 10.0 min: stays stopped";
    assert_eq!(words, [held]);
    bench.watch(300);
    assert_eq!(bench.ask("P1", RUN).0, Some(RUN));
}

#[test]
fn starts_are_counted_over_any_sixty_minutes() {
    let mut bench = Bench::usual();
    for _ in 0..2 {
        bench.field.flag("d1.running", true);
        bench.watch(600);
        bench.field.flag("d1.running", false);
        bench.watch(600);
    }
    let (told, words) = bench.ask("P1", RUN);
    assert_eq!(told, Some(STOP));
    assert_eq!(words, ["starts narrowed: 2 starts in the last 60 min of at most 2: stays stopped"]);
    bench.watch(1200);
    assert_eq!(bench.ask("P1", RUN).0, Some(RUN), "the first start is an hour old");
}

#[test]
fn the_highest_authority_wins_and_among_equals_the_last() {
    let mut bench = Bench::usual();
    let allowed = bench.look(&[
        wish("P1", STOP, Authority::Operator),
        wish("P1", RUN, Authority::Plan),
        wish("P2", STOP, Authority::Plan),
        wish("P2", RUN, Authority::Plan),
    ]);
    assert_eq!((told(&allowed, "P1"), told(&allowed, "P2")), (Some(STOP), Some(RUN)));
    assert_eq!(words(&allowed).len(), 2, "one word per asset");
    assert_eq!(allowed.verdicts[0].asset, id("P1"));
}
