//! Plans followed, rules filling in, and what is above both.

use super::*;
use crate::guard::bench::{Field, id, site};
use site::plan::{Step, Why};
use site::units::{Money, Power};

/// A plan of two quarter hours from 10:00: P1 and PV1 and L1 change, P2 is left out.
fn plan() -> Plan {
    let start: jiff::Timestamp = "2025-06-01T10:00:00Z".parse().unwrap();
    let at = |quarter: i32| start + jiff::SignedDuration::from_mins(i64::from(quarter) * 15);
    let step = |quarter| Step { start: at(quarter), end: at(quarter + 1) };
    Plan {
        rung: Rung::Optimal,
        made_at: start,
        expires_at: at(2),
        switching_made_at: start,
        steps: vec![step(0), step(1)],
        pumps: BTreeMap::from([(id("P1"), vec![Ratio::ONE, Ratio::ZERO])]),
        tanks: BTreeMap::new(),
        limits: BTreeMap::from([(id("PV1"), vec![Some(Ratio::new(0.5)), None])]),
        lighting: BTreeMap::from([(id("L1"), vec![Ratio::new(0.8), Ratio::ONE])]),
        import: vec![Power::ZERO; 2],
        price: Vec::new(),
        class: Vec::new(),
        peaks: Vec::new(),
        cost: Money::ZERO,
        why: Why::default(),
        ..Plan::default()
    }
}

fn ask(field: &Field, plan: Option<&Plan>, rung: Rung) -> Vec<Proposal> {
    let program_level = BTreeMap::from([(id("L1"), Ratio::new(0.7))]);
    let known = Circumstances { program_level, ..Circumstances::default() };
    propose(&site(), &field.snapshot(), plan, rung, &known)
}

fn of(proposals: &[Proposal], asset: &str) -> Vec<(Setpoint, Authority)> {
    let of = proposals.iter().filter(|proposal| proposal.asset == id(asset));
    of.map(|proposal| (proposal.setpoint, proposal.authority)).collect()
}

#[test]
fn each_step_of_the_plan_is_followed_and_the_rules_fill_in() {
    let mut field = Field::usual();
    for rung in [Rung::Optimal, Rung::Relaxed, Rung::LastPlan] {
        let now = ask(&field, Some(&plan()), rung);
        assert_eq!(of(&now, "P1"), [(Setpoint::Run, Authority::Plan)]);
        assert_eq!(of(&now, "P2"), [(Setpoint::Stop, Authority::Program)], "by its band");
        assert_eq!(of(&now, "PV1"), [(Setpoint::Limit(Ratio::new(0.5)), Authority::Plan)]);
        assert_eq!(of(&now, "PV2"), [(Setpoint::NoLimit, Authority::Program)]);
        assert_eq!(of(&now, "L1"), [(Setpoint::Light(Ratio::new(0.8)), Authority::Plan)]);
    }
    field.pass(900);
    let next = ask(&field, Some(&plan()), Rung::Optimal);
    assert_eq!(of(&next, "P1"), [(Setpoint::Stop, Authority::Plan)]);
    assert_eq!(of(&next, "PV1"), [(Setpoint::NoLimit, Authority::Plan)]);
    let why = "optimal plan of 2025-06-01T10:00:00Z until 2025-06-01T10:30:00Z: stop";
    assert_eq!(next.iter().find(|p| p.asset == id("P1")).unwrap().why, why);
}

#[test]
fn a_plan_that_ran_out_or_is_missing_leaves_all_to_the_rules() {
    let mut field = Field::usual();
    let rules = ask(&field, Some(&plan()), Rung::Rules);
    assert!(rules.iter().all(|proposal| proposal.authority == Authority::Program));
    assert_eq!(of(&rules, "L1"), [(Setpoint::Light(Ratio::new(0.7)), Authority::Program)]);
    assert_eq!(ask(&field, None, Rung::LastPlan), rules);
    let early = Plan { expires_at: field.now.utc, ..plan() };
    assert_eq!(ask(&field, Some(&early), Rung::LastPlan), rules, "expired within its steps");
    field.pass(1800);
    assert_eq!(of(&ask(&field, Some(&plan()), Rung::LastPlan), "P1")[0].1, Authority::Program);
}

#[test]
fn on_release_nothing_is_proposed_even_when_a_tank_is_low() {
    let mut field = Field::usual();
    field.number("l1.level", 0.1);
    assert_eq!(ask(&field, Some(&plan()), Rung::Release), []);
}

#[test]
fn an_inverter_gets_the_lower_of_the_plan_and_the_cap_on_export() {
    let mut field = Field::usual();
    field.number("m1.power", -50e3);
    field.number("s1.power", 50e3);
    field.number("s2.power", 30e3);
    let proposals = ask(&field, Some(&plan()), Rung::Optimal);
    let planned = (Setpoint::Limit(Ratio::new(0.5)), Authority::Plan);
    assert!(of(&proposals, "PV1").contains(&planned), "the guard takes the lower of the two");
    field.pass(900);
    let proposals = ask(&field, Some(&plan()), Rung::Optimal);
    assert!(of(&proposals, "PV1").contains(&(Setpoint::NoLimit, Authority::Plan)));
    let is_cap = |p: &&Proposal| p.asset == id("PV1") && p.authority == Authority::Interlock;
    let capped = proposals.iter().find(is_cap).unwrap();
    assert!(matches!(capped.setpoint, Setpoint::Limit(share) if share < Ratio::new(0.8)));
    let words = "export is 50.0 kW, and 40.0 kW are allowed: at most 43.5 kW of 60.0 kW";
    assert!(capped.why.contains(words), "{}", capped.why);
}

#[test]
fn an_operator_is_heard_within_the_caps_and_not_at_all_on_release() {
    let mut field = Field::usual();
    let wants = |asset: &str, setpoint| Proposal {
        asset: id(asset),
        setpoint,
        authority: Authority::Operator,
        why: "by hand".to_owned(),
    };
    let overrides = vec![wants("P1", Setpoint::Stop), wants("B1", Setpoint::Power(Power::ZERO))];
    let known = Circumstances::default().with_overrides(overrides.clone());
    let ask =
        |field: &Field, rung| propose(&site(), &field.snapshot(), Some(&plan()), rung, &known);
    let proposals = ask(&field, Rung::Optimal);
    let both = [(Setpoint::Run, Authority::Plan), (Setpoint::Stop, Authority::Operator)];
    assert_eq!(of(&proposals, "P1"), both);
    // The battery gives nothing while 50 kW flow out and 40 kW may: the cap is above the operator.
    field.number("m1.power", -50e3);
    field.number("b1.power", 0.0);
    field.number("b1.charge", 50.0);
    let proposals = ask(&field, Rung::Optimal);
    let of_battery = of(&proposals, "B1");
    assert!(of_battery.contains(&(Setpoint::Power(Power::ZERO), Authority::Operator)));
    let capped = |wish: &(Setpoint, Authority)| {
        wish.1 == Authority::Interlock
            && matches!(wish.0, Setpoint::Power(power) if power > Power::ZERO)
    };
    assert!(of_battery.iter().any(capped), "{of_battery:?}");
    assert_eq!(ask(&field, Rung::Release), [], "nothing is written while only observing");
}

#[test]
fn a_low_tank_is_filled_whatever_the_price_while_there_is_water_to_draw() {
    let forced = (Setpoint::Run, Authority::Interlock);
    let mut field = Field::usual();
    field.number("l1.level", 0.74);
    field.number("l2.level", 1.4);
    for rung in [Rung::Optimal, Rung::Rules] {
        let proposals = ask(&field, Some(&plan()), rung);
        assert!(of(&proposals, "P1").contains(&forced));
        assert!(of(&proposals, "P2").contains(&forced));
        assert!(!of(&proposals, "P3").contains(&forced), "T1 is low itself");
    }
    field.number("l1.level", 2.0);
    let proposals = ask(&field, Some(&plan()), Rung::Rules);
    assert!(of(&proposals, "P3").contains(&forced));
    let why = "T2 stands at 1.40 m (14.0 %), below 15 %: run, whatever the price";
    assert_eq!(proposals.last().unwrap().why, why);
    for point in ["l1.level", "l2.level"] {
        let mut blind = field.clone();
        blind.bad(point);
        let proposals = ask(&blind, None, Rung::Rules);
        assert!(!of(&proposals, "P3").contains(&forced), "never from a bad level: {point}");
    }
}
