//! Starts in an hour and in a day, and the soft stop of a tank.

use super::{Bench, id, wish};
use site::command::{Authority, Setpoint};
use site::units::Ratio;

const RUN: Setpoint = Setpoint::Run;
const STOP: Setpoint = Setpoint::Stop;

/// P1 runs for 10 min and rests for `rest`, so many times, by its own control.
fn start(bench: &mut Bench, times: usize, rest: u64) {
    for _ in 0..times {
        bench.field.flag("d1.running", true);
        bench.watch(600);
        bench.field.flag("d1.running", false);
        bench.watch(rest);
    }
}

#[test]
fn starts_are_counted_over_any_24_hours_as_well() {
    let mut bench = Bench::usual();
    let pump = bench.site.pumps.iter_mut().find(|pump| pump.id == id("P1")).unwrap();
    pump.max_starts_per_day = 5;
    start(&mut bench, 4, 3000);
    assert_eq!(bench.ask("P1", RUN).0, Some(RUN), "four of five");
    bench.look(&[]);
    start(&mut bench, 1, 4200);
    let (told, words) = bench.ask("P1", RUN);
    assert_eq!(told, Some(STOP));
    assert_eq!(words, ["starts narrowed: 5 starts in the last 24 h of at most 5: stays stopped"]);
    let now = bench.field.now.utc;
    assert_eq!(bench.memory.starts_last_day(&id("P1"), now), 5);
    assert_eq!(bench.memory.starts_last_hour(&id("P1"), now), 0);
    assert_eq!(bench.memory.starts_last_day(&id("P2"), now), 0);
    // The first start is a day old 86,400 s after it; 19,200 s have passed since.
    bench.watch(86_400 - 19_210);
    assert_eq!(bench.ask("P1", RUN).0, Some(STOP), "and not ten seconds sooner");
    bench.watch(10);
    assert_eq!(bench.ask("P1", RUN).0, Some(RUN));
}

#[test]
fn a_load_that_may_wait_has_its_starts_counted() {
    let mut bench = Bench::usual();
    let load = &mut bench.site.shiftable[0];
    assert_eq!((load.max_starts_per_hour, load.max_starts_per_day), (4, 96), "it has 7 kW");
    load.max_starts_per_hour = 1;
    bench.field.flag("f1.running", true);
    bench.watch(1800);
    bench.field.flag("f1.running", false);
    bench.watch(900);
    assert_eq!(bench.ask("S1", RUN).0, Some(STOP));
}

#[test]
fn a_nearly_full_tank_gets_no_more_water() {
    let mut bench = Bench::usual();
    bench.field.number("l1.level", 4.74);
    assert_eq!(bench.ask("P1", RUN).0, Some(RUN));
    bench.field.number("l1.level", 4.75);
    bench.watch(120);
    let (told, words) = bench.ask("P1", RUN);
    assert_eq!(told, Some(STOP));
    let soft = "T1 stands at 4.75 m, at or above its soft stop of 4.75 m (95 %)";
    assert_eq!(words, [format!("soft_stop narrowed: {soft}")]);
    let by_hand = bench.look(&[wish("P1", RUN, Authority::Operator)]);
    assert_eq!(super::told(&by_hand, "P1"), Some(STOP), "nor by hand");
    assert_eq!(bench.ask("P3", RUN).0, Some(RUN), "P3 only draws from it");
}

#[test]
fn a_soft_stop_waits_for_the_least_run_and_the_overflow_mark_does_not() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.running", true);
    bench.watch(60);
    bench.field.number("l1.level", 4.8);
    let (told, words) = bench.ask("P1", RUN);
    assert_eq!(told, Some(RUN));
    assert!(words[0].starts_with("soft_stop narrowed") && words[1].starts_with("min_run narrowed"));
    bench.field.number("l1.level", 4.85);
    assert_eq!(bench.ask("P1", RUN).0, Some(STOP));
}

#[test]
fn the_soft_stop_lies_above_the_band_and_below_the_overflow_mark() {
    let bench = Bench::usual();
    let marks = |tank: usize| {
        let tank = &bench.site.tanks[tank];
        [tank.band_high, tank.soft_stop, tank.overflow].map(Ratio::percent).map(f64::round)
    };
    for (found, wanted) in marks(0).into_iter().zip([95.0, 95.0, 97.0]) {
        assert!((found - wanted).abs() < 1e-9, "{found}");
    }
}
