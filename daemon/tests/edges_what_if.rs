//! Asking what something would cost: what people type, and what they read.

#[path = "edges_fixtures.rs"]
mod fixtures;

use fixtures::{asset, minutes, plan};
use jiff::tz::TimeZone;
use policies::optimise::{Counterfactual, EndChange, Held, Hold, WishChange};
use regie::cli::{Action, exit, parse, render};
use site::units::Money;

fn typed(words: &str) -> Result<Action, u8> {
    let words = ["regie", "what-if", "--site", "a.yaml"].into_iter().chain(words.split(' '));
    parse(words.map(Into::into)).map(|arguments| arguments.action)
}

#[test]
fn a_question_is_typed_as_it_is_spoken() {
    let hold = |words: &str| match typed(words) {
        Ok(Action::WhatIf(asked)) => Ok((asked.asset, asked.hold.join(" "), asked.until)),
        Ok(other) => panic!("{other:?}"),
        Err(code) => Err(code),
    };
    let six = || "06:00".to_owned();
    assert_eq!(hold("P2 off --until 06:00"), Ok((asset("P2"), "off".into(), six())));
    assert_eq!(hold("B1 -10 kW --until 06:00"), Ok((asset("B1"), "-10 kW".into(), six())));
    assert_eq!(hold("--until 06:00 B1 12.5kW"), Ok((asset("B1"), "12.5kW".into(), six())));
    for wrong in ["P2 off", "P2 --until 06:00", "--until 06:00", "4x off --until 06:00"] {
        assert_eq!(hold(wrong), Err(exit::USAGE), "{wrong}");
    }
}

#[test]
fn what_a_hold_costs_is_told_with_what_it_gives_up() {
    let paris = TimeZone::get("Europe/Paris").expect("a zone");
    let hold = Hold { asset: asset("P2"), held: Held::Off, until: minutes(100) };
    let mut answer = Counterfactual {
        hold,
        held_until: minutes(120),
        notes: vec!["it runs for 6 min more first: it has to for 10 min at least".to_owned()],
        kept_anyway: false,
        cost_free: Money::new(218.4),
        cost_held: Money::new(221.7),
        money: Money::new(3.3),
        all: Money::new(27.95),
        wishes: Money::new(24.0),
        uncertainty: Money::new(0.44),
        truncated: false,
        given_up: vec![
            WishChange {
                wish: "T1.reserve".to_owned(),
                unit: "m3".to_owned(),
                free: 0.0,
                held: 12.0,
                from: Some(minutes(60)),
                penalty: Money::new(25.0),
            },
            WishChange {
                wish: "T2.reserve".to_owned(),
                unit: "m3".to_owned(),
                free: 4.25,
                held: 0.0,
                from: None,
                penalty: Money::new(-1.0),
            },
        ],
        ends: vec![EndChange { asset: asset("T1"), unit: "m".into(), free: 2.6, held: 2.1 }],
        plan: plan(),
    };
    insta::assert_snapshot!(render::counterfactual(&answer, &paris), @r"
    Hold    P2 off until Mon 09:40
            reckoned until Mon 10:00: steps of the plan are held whole
    Cost    221.70 EUR instead of 218.40 EUR over 6 h: 3.30 EUR more
    In all  27.95 EUR more: to pay +3.30, wishes given up +24.00, wear, margins, what is left +0.65
    Missed  T1.reserve by 12.00 m3 instead of 0.00, first at Mon 09:00, +25.00 EUR
    Kept    T2.reserve, missed by 4.25 m3 without it, -1.00 EUR
    At end  T1 2.10 m instead of 2.60 m
    Note    it runs for 6 min more first: it has to for 10 min at least
    ");
    (answer.all, answer.wishes, answer.truncated) = (Money::new(0.1), Money::ZERO, true);
    let text = render::counterfactual(&answer, &paris);
    assert!(text.contains("may be nothing: a choice of pumps is good to 0.44 EUR\n"), "{text}");
    assert!(text.contains("Note    the search ended at its limits"), "{text}");
    answer.kept_anyway = true;
    let text = render::counterfactual(&answer, &paris);
    assert!(text.contains("Cost    nothing: the plan in force does so anyway (218.40 EUR"));
}
