//! An operator's word weighs more than the plan's, and no more than anybody's against the envelope.

use super::{Bench, told, wish, words};
use site::command::{Authority, Setpoint};
use site::units::{Current, Power, Ratio};

const RUN: Setpoint = Setpoint::Run;
const STOP: Setpoint = Setpoint::Stop;

/// What the operator gets, against what the plan wants, and the guard's words.
fn by_hand(bench: &mut Bench, asset: &str, wanted: Setpoint) -> (Option<Setpoint>, Vec<String>) {
    let allowed = bench.look(&[wish(asset, wanted, Authority::Operator)]);
    (told(&allowed, asset), words(&allowed))
}

#[test]
fn an_operator_stands_above_the_plan_and_is_named_in_the_command() {
    let mut bench = Bench::usual();
    let both = [wish("P1", STOP, Authority::Plan), wish("P1", RUN, Authority::Operator)];
    let allowed = bench.look(&both);
    let command = allowed.commands[0].get();
    assert_eq!((command.setpoint, command.authority), (RUN, Authority::Operator));
}

#[test]
fn an_operator_writes_nothing_to_what_is_observed_shadowed_local_or_faulty() {
    let mut bench = Bench::usual();
    for (asset, why) in [
        ("P5", "mode blocked: observe: run was wished, and nothing is ever written"),
        ("P4", "mode blocked: shadow: would write run"),
        ("T1", "mode blocked: the site has nothing called T1 that takes commands"),
    ] {
        let (told, words) = by_hand(&mut bench, asset, RUN);
        assert_eq!((told, words[0].as_str()), (None, why));
    }
    bench.field.flag("d1.remote", false);
    let (told, words) = by_hand(&mut bench, "P1", RUN);
    let local = "local blocked: d1.remote says local: the switch on site rules";
    assert_eq!((told, words[0].as_str()), (None, local));
    bench.field.flag("d1.remote", true);
    bench.field.flag("d1.fault", true);
    let (told, words) = by_hand(&mut bench, "P1", RUN);
    assert_eq!(told, None);
    assert!(words[0].starts_with("fault blocked: d1.fault is on"), "{words:?}");
}

#[test]
fn an_operator_is_narrowed_to_the_envelope_like_anybody() {
    let mut bench = Bench::usual();
    bench.field.flag("d1.dry", true);
    assert_eq!(by_hand(&mut bench, "P1", RUN).0, Some(STOP), "no hand runs a dry pump");
    bench.field.flag("d1.dry", false);
    let most = bench.site.chargers[0].max_current;
    let (told, words) = by_hand(&mut bench, "C1", Setpoint::Charge(Current::new(500.0)));
    assert_eq!(told, Some(Setpoint::Charge(most)));
    assert!(words[0].starts_with("range narrowed: 500.0 A was wished"), "{words:?}");
    let rated = bench.site.batteries[0].charge_power;
    let (told, words) = by_hand(&mut bench, "B1", Setpoint::Power(Power::from_kw(5e3)));
    let Some(Setpoint::Power(power)) = told else { panic!("{told:?}") };
    assert!(power <= rated, "{power:?}");
    assert!(words.iter().any(|word| word.starts_with("range narrowed")), "{words:?}");
    let (told, words) = by_hand(&mut bench, "P1", Setpoint::Limit(Ratio::ONE));
    assert_eq!(told, None);
    assert!(words[0].starts_with("range blocked: a pump does not understand"), "{words:?}");
}

#[test]
fn an_operator_waits_for_the_least_times_of_a_motor() {
    let mut bench = Bench::usual();
    assert_eq!(by_hand(&mut bench, "P1", RUN).0, Some(RUN));
    bench.field.flag("d1.running", true);
    for _ in 0..6 {
        bench.field.pass(10);
        assert_eq!(by_hand(&mut bench, "P1", RUN).0, Some(RUN));
    }
    let (told, words) = by_hand(&mut bench, "P1", STOP);
    assert_eq!(told, Some(RUN), "it has run for a minute of ten: {words:?}");
    assert!(words[0].starts_with("min_run narrowed"), "{words:?}");
}
