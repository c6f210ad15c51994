//! Batteries, chargers, loads that may wait, lift stations and the generator, check by check; and
//! which proposal counts.

use super::{Bench, told, wish};
use site::command::{Authority, Setpoint};
use site::units::{Current, Power, Ratio};

const RUN: Setpoint = Setpoint::Run;
const STOP: Setpoint = Setpoint::Stop;

fn kw(kilowatts: f64) -> Setpoint {
    Setpoint::Power(Power::from_kw(kilowatts))
}

fn amperes(amperes: f64) -> Setpoint {
    Setpoint::Charge(Current::new(amperes))
}

fn limit(percent: f64) -> Setpoint {
    Setpoint::Limit(Ratio::new(percent / 100.0))
}

#[test]
fn a_battery_is_neither_emptied_nor_overfilled() {
    let mut bench = Bench::usual();
    for (charge, wanted, expected) in [
        (10.0, -20.0, 0.0),
        (10.1, -20.0, -20.0),
        (10.0, 20.0, 20.0),
        (90.0, 20.0, 0.0),
        (89.9, 20.0, 20.0),
        (90.0, -20.0, -20.0),
    ] {
        bench.field.number("b1.charge", charge);
        assert_eq!(bench.ask("B1", kw(wanted)).0, Some(kw(expected)), "{charge} % {wanted} kW");
        bench.field.pass(10);
    }
    bench.field.number("b1.charge", 9.0);
    let (_, words) = bench.ask("B1", kw(-5.0));
    let empty = "interlock narrowed: its state of charge is 9.0 %, and below 10 % nothing is given";
    assert_eq!(words, [empty]);
    bench.field.bad("b1.charge");
    let (told, words) = bench.ask("B1", kw(0.0));
    assert_eq!((told, &*words[0]), (None, "quality blocked: not good: b1.charge (stale)"));
}

#[test]
fn a_battery_is_left_alone_on_local_and_with_a_fault() {
    let mut bench = Bench::usual();
    bench.field.flag("b1.fault", true);
    assert_eq!(bench.ask("B1", kw(5.0)).0, None);
    bench.field.flag("b1.fault", false);
    bench.field.flag("b1.remote", false);
    assert_eq!(bench.ask("B1", kw(5.0)).0, None);
    bench.site.batteries[0].points.remote = None;
    assert_eq!(bench.ask("B1", kw(5.0)).0, Some(kw(5.0)), "it has no switch");
}

#[test]
fn a_battery_keeps_to_its_rating_and_leaves_rest_slowly() {
    let mut bench = Bench::usual();
    let (told, words) = bench.ask("B1", kw(70.0));
    assert_eq!(told, Some(kw(50.0)));
    assert_eq!(words, ["range narrowed: 70.0 kW was wished, and -40.0 to 50.0 kW is allowed"]);
    // Looks at every second: a tenth of the range of 90 kW each.
    bench.field.pass(1);
    let (told, words) = bench.ask("B1", kw(-40.0));
    assert_eq!(told, Some(kw(-9.0)), "through rest at once, and a second beyond it");
    let slow = "ramp narrowed: goes from 50.0 kW to -9.0 kW, not to -40.0 kW: the whole range in \
                10 s";
    assert_eq!(words, [slow]);
    bench.field.pass(1);
    assert_eq!(bench.ask("B1", kw(-40.0)).0, Some(kw(-18.0)));
    bench.field.pass(1);
    assert_eq!(bench.ask("B1", kw(0.0)).0, Some(kw(0.0)), "to rest at once");
    bench.field.pass(10);
    assert_eq!(bench.ask("B1", kw(-40.0)).0, Some(kw(-40.0)), "ten seconds are the whole range");
}

#[test]
fn a_charger_pauses_or_gives_at_least_the_least_current() {
    let mut bench = Bench::usual();
    for (wanted, expected) in
        [(0.0, 0.0), (3.0, 0.0), (5.9, 0.0), (6.0, 6.0), (20.5, 20.5), (40.0, 32.0), (-3.0, 0.0)]
    {
        assert_eq!(bench.ask("C1", amperes(wanted)).0, Some(amperes(expected)), "{wanted} A");
    }
    let (_, words) = bench.ask("C1", amperes(3.0));
    assert_eq!(words, ["range narrowed: 3.0 A was wished, and 0 or 6.0 to 32.0 A is allowed"]);
    bench.field.bad("v1.connected");
    assert_eq!(bench.ask("C1", amperes(10.0)).0, None, "nobody knows who is there");
    bench.field.flag("v2.remote", false);
    assert_eq!(bench.ask("C2", amperes(10.0)).0, None);
}

#[test]
fn a_setpoint_of_another_kind_is_blocked() {
    let mut bench = Bench::usual();
    let misfits = [("B1", RUN), ("B1", amperes(8.0)), ("C1", kw(5.0)), ("S1", kw(5.0))];
    for (asset, setpoint) in misfits.into_iter().chain([("W1", limit(50.0)), ("P1", kw(5.0))]) {
        let (told, words) = bench.ask(asset, setpoint);
        assert_eq!(told, None, "{asset} {setpoint}");
        assert!(words[0].contains(&format!("does not understand '{setpoint}'")), "{words:?}");
    }
}

#[test]
fn a_load_that_may_wait_keeps_its_times() {
    let mut bench = Bench::usual();
    bench.field.flag("f1.running", true);
    bench.watch(600);
    let (told, words) = bench.ask("S1", STOP);
    assert_eq!(told, Some(RUN));
    assert!(words[0].starts_with("min_run narrowed: started 10.0 min ago"), "{words:?}");
    let overridden = bench.look(&[wish("S1", STOP, Authority::Operator)]);
    assert_eq!(super::told(&overridden, "S1"), Some(RUN));
    let outside = bench.look(&[wish("S1", STOP, Authority::External)]);
    assert_eq!(super::told(&outside, "S1"), Some(STOP), "the grid's operator does not wait");
}

#[test]
fn a_station_never_runs_dry_and_counts_its_starts() {
    let mut bench = Bench::usual();
    bench.field.number("l3.level", 0.3);
    let forced = bench.look(&[wish("W1", RUN, Authority::Interlock)]);
    assert_eq!(told(&forced, "W1"), Some(STOP));
    bench.field.number("l3.level", 2.0);
    for _ in 0..3 {
        bench.field.flag("w1.running", true);
        bench.watch(130);
        bench.field.flag("w1.running", false);
        bench.watch(130);
    }
    let (told, words) = bench.ask("W1", RUN);
    assert_eq!(told, Some(STOP));
    assert_eq!(words, ["starts narrowed: 3 starts in the last 60 min of at most 3: stays stopped"]);
    bench.field.bad("l3.level");
    assert_eq!(bench.ask("W1", RUN).0, None);
}

#[test]
fn a_generator_carries_what_it_carries_and_nothing_else() {
    let mut bench = Bench::usual();
    bench.field.flag("g1.running", true);
    for (asset, wanted, expected) in [
        ("P1", RUN, RUN),
        ("W1", RUN, RUN),
        ("P2", RUN, STOP),
        ("S1", RUN, STOP),
        ("C1", amperes(16.0), amperes(0.0)),
        ("B1", kw(20.0), kw(0.0)),
        ("B1", kw(-20.0), kw(-20.0)),
        ("L1", Setpoint::Light(Ratio::ONE), Setpoint::Light(Ratio::ONE)),
    ] {
        assert_eq!(bench.ask(asset, wanted).0, Some(expected), "{asset} {wanted}");
        bench.field.pass(10);
    }
    let (_, words) = bench.ask("P2", RUN);
    assert_eq!(words, ["generator narrowed: G1 runs and does not carry P2"]);
    bench.field.flag("f1.running", true);
    assert_eq!(bench.ask("S1", RUN).0, Some(STOP), "no minimum run stands against it");
}

#[test]
fn a_cap_takes_nothing_from_what_is_narrower_already() {
    let mut bench = Bench::usual();
    bench.field.number("s1.limit", 100.0);
    let mut settle = |asset: &str, all: &[(Setpoint, Authority)]| {
        // No ramp stands between one case and the next.
        bench.field.pass(600);
        let proposals: Vec<_> = all.iter().map(|(set, who)| wish(asset, *set, *who)).collect();
        let allowed = bench.look(&proposals);
        let command = allowed.commands.first().expect("it is told something").get();
        (command.setpoint.to_string(), command.authority)
    };
    use Authority::{External, Interlock, Operator, Plan};
    let charge = |a: f64, b: f64| [(amperes(a), Plan), (amperes(b), External)];
    assert_eq!(settle("C1", &charge(20.0, 10.0)), ("charge 10.0 A".into(), External));
    assert_eq!(settle("C1", &charge(8.0, 10.0)), ("charge 8.0 A".into(), Plan));
    assert_eq!(settle("C1", &charge(0.0, 10.0)), ("pause".into(), Plan));
    let legal = [(Setpoint::NoLimit, Operator), (limit(30.0), Interlock), (limit(80.0), Plan)];
    assert_eq!(settle("PV1", &legal), ("limit 30 %".into(), Interlock), "no override lifts it");
    let low = [(limit(20.0), Operator), (limit(30.0), Interlock)];
    assert_eq!(settle("PV1", &low), ("limit 20 %".into(), Operator));
    let ordered = [(limit(25.0), Plan), (limit(15.0), External), (limit(28.0), Operator)];
    assert_eq!(
        settle("PV1", &ordered),
        ("limit 28 %".into(), Operator),
        "an override stands above it"
    );
    let stop = [(STOP, Plan), (RUN, External)];
    assert_eq!(settle("S1", &stop), ("stop".into(), Plan));
    let power = [(kw(5.0), Plan), (kw(-10.0), External)];
    assert_eq!(settle("B1", &power), ("power -10.0 kW".into(), External));
}

#[test]
fn a_safety_segment_keeps_its_light_in_the_dark() {
    use Authority::{External, Operator, Plan};
    let light = |percent: f64| Setpoint::Light(Ratio::new(percent / 100.0));
    let mut bench = Bench::usual();
    let cabinet = &mut bench.site.lighting[0];
    cabinet.safety = true;
    cabinet.points.dark = site::PointId::try_from("c1.dark".to_owned()).ok();
    let mut told = |dark: bool, wanted: f64, who: Authority| {
        bench.field.flag("c1.dark", dark);
        bench.field.pass(600);
        let allowed = bench.look(&[wish("L1", light(wanted), who)]);
        super::told(&allowed, "L1").and_then(|setpoint| setpoint.argument())
    };
    assert_eq!(told(true, 60.0, Plan), Some(100.0), "never dimmed for a price");
    assert_eq!(told(true, 0.0, External), Some(100.0), "nor put out for the grid");
    assert_eq!(told(false, 90.0, External), Some(90.0), "by day nobody needs it");
    assert_eq!(told(true, 90.0, Operator), Some(90.0), "people keep the last word");
}
