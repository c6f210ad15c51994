//! What each check is there for: without it something else would be let through.

use super::{Bench, GuardMemory, id};
use site::command::Setpoint;
use site::units::{Current, Power, Ratio};
use std::collections::BTreeSet;

/// A check, and a bench and a wish against which it stands.
fn cases() -> Vec<(&'static str, Bench, &'static str, Setpoint)> {
    use Setpoint::{Charge, Limit, Run, Stop};
    let bench = |change: fn(&mut Bench)| {
        let mut bench = Bench::usual();
        change(&mut bench);
        bench
    };
    vec![
        ("mode", bench(|_| {}), "P5", Run),
        ("mode", bench(|_| {}), "P4", Run),
        ("local", bench(|b| b.field.flag("d1.remote", false)), "P1", Run),
        ("fault", bench(|b| b.field.flag("d1.fault", true)), "P1", Run),
        ("quality", bench(|b| b.field.bad("d1.fault")), "P1", Run),
        ("interlock", bench(|b| b.field.flag("d1.dry", true)), "P1", Run),
        (
            "trip",
            bench(|b| {
                b.dry_run();
                b.watch(700);
            }),
            "P3",
            Run,
        ),
        ("soft_stop", bench(|b| b.field.number("l1.level", 4.8)), "P1", Run),
        ("generator", bench(|b| b.field.flag("g1.running", true)), "P2", Run),
        ("range", bench(|_| {}), "C1", Charge(Current::new(50.0))),
        ("ramp", bench(|b| b.field.number("s1.limit", 10.0)), "PV1", Limit(Ratio::ONE)),
        (
            "min_run",
            bench(|b| {
                b.field.flag("d1.running", true);
                b.look(&[]);
            }),
            "P1",
            Stop,
        ),
        ("min_stop", bench(|b| b.memory = GuardMemory::default()), "P1", Run),
        (
            "starts",
            bench(|b| {
                b.site.pumps[0].max_starts_per_hour = 1;
                b.field.flag("d1.running", true);
                b.watch(600);
                b.field.flag("d1.running", false);
                b.watch(600);
            }),
            "P1",
            Run,
        ),
    ]
}

#[test]
fn without_any_one_check_something_else_is_let_through() {
    let mut seen = BTreeSet::new();
    for (check, bench, asset, wanted) in cases() {
        let answer = |hole: Option<&str>| {
            let Bench { site, field, memory } = &bench;
            let (site, field) = (site.clone(), field.clone());
            let mut copy = Bench { site, field, memory: memory.clone() };
            hole.into_iter().for_each(|hole| copy.memory.leave_out(hole).expect("a check"));
            copy.ask(asset, wanted)
        };
        let (with, words) = answer(None);
        assert!(words.iter().any(|word| word.starts_with(check)), "{check}: {words:?}");
        let (without, words) = answer(Some(check));
        assert_ne!(with, without, "{check} is there for nothing");
        assert!(!words.iter().any(|word| word.starts_with(check)), "{check}: {words:?}");
        seen.insert(check);
    }
    assert_eq!(seen, GuardMemory::checks().collect(), "each check has its case");
}

#[test]
fn a_hole_is_never_stored_and_must_be_a_check() {
    let mut bench = Bench::usual();
    assert_eq!(bench.memory.leave_out("luck"), Err("luck".to_owned()));
    bench.memory.leave_out("quality").expect("it is one");
    bench.field.bad("d1.fault");
    assert_eq!(bench.ask("P1", Setpoint::Run).0, Some(Setpoint::Run));
    let state = serde_json::to_string(&bench.memory).unwrap();
    bench.memory = serde_json::from_str(&state).unwrap();
    assert_eq!(bench.ask("P1", Setpoint::Run).0, None);
    assert_eq!(bench.memory.running(&id("P1")), Some(false), "the rest is");
    assert_eq!(bench.ask("B1", Setpoint::Power(Power::ZERO)).0, Some(Setpoint::Power(Power::ZERO)));
}
