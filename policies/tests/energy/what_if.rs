//! "What would it cost?": the difference of two plans, cut to what is possible, and plain words
//! where there is no answer.

use crate::commune::{Commune, energy, id};
use crate::{BATTERY, CHARGER, SUN};
use policies::optimise::{AskError, Counterfactual, Held, Hold, HoldError, Inputs, Planner};
use site::units::Power;

fn ask(
    commune: &Commune,
    asset: &str,
    held: Held,
    step: usize,
) -> Result<Counterfactual, AskError> {
    let Commune { site, estimate, forecast } = commune;
    let inputs = Inputs { site, water: None, estimate, forecast, holds: &[] };
    let hold = Hold { asset: id(asset), held, until: forecast.steps[step].start };
    Planner::default().counterfactual(&inputs, Some(&commune.plan()), &hold)
}

fn dear_then_cheap() -> Commune {
    let mut commune = Commune::new("", BATTERY, (12, 60));
    commune.charge("B", 1.0);
    commune.load(|_| 60.0);
    commune.prices(|t| if t < 4 { 0.50 } else { 0.10 });
    commune
}

#[test]
fn a_battery_at_rest_costs_what_it_would_have_saved() {
    let commune = dear_then_cheap();
    let answer = ask(&commune, "B", Held::Off, 4).expect("it can rest");
    assert!(answer.plan.power[&id("B")][..4].iter().all(|p| p.kw().abs() < 1e-9));
    // 90 kWh would have come out at 0.50; what is bought instead is paid, the wear is not.
    let (cost, all) = (answer.money.get(), answer.all.get());
    assert!((answer.cost_held.get() - answer.cost_free.get() - cost).abs() < 1e-9);
    assert!(cost > 30.0 && cost < 45.1, "{cost}");
    assert!(all > 0.0 && all < cost, "something is left in store, and is worth it: {all}");
    assert!(answer.uncertainty.get() < 1e-12, "nothing was chosen");
    assert!(answer.given_up.is_empty() && answer.notes.is_empty() && !answer.kept_anyway);
    assert_eq!(answer.held_until, commune.forecast.steps[4].start);
}

#[test]
fn what_the_plan_does_anyway_costs_nothing() {
    let mut commune = dear_then_cheap();
    commune.prices(|_| 0.20);
    commune.charge("B", 0.0);
    let answer = ask(&commune, "B", Held::Off, 4).expect("it rests");
    assert!(answer.kept_anyway && answer.all.get().abs() < 1e-12, "{answer:?}");
}

#[test]
fn a_battery_gives_no_more_than_it_has() {
    let low = BATTERY
        .replace("charge_low: 0 %", "charge_low: 20 %")
        .replace("reserve: 0 %", "reserve: 20 %");
    let mut commune = Commune::new("", &low, (12, 60));
    commune.charge("B", 0.5);
    commune.load(|_| 60.0);
    let held = Held::Power(Power::from_kw(-200.0));
    let answer = ask(&commune, "B", held, 6).expect("it is cut to what it can");
    let power = &answer.plan.power[&id("B")];
    let given = energy(&answer.plan, power, |t| t < 6);
    assert!((power[0].kw() + 27.0).abs() < 1e-6, "30 kWh of 100, less a tenth: {power:?}");
    assert!((given + 27.0).abs() < 1e-6, "{given}");
    let notes = answer.notes.join("\n");
    assert!(notes.contains("held at -50.0 kW, the most it can"), "{notes}");
    assert!(notes.contains("no more than -27.0 kW in the step from Wed 00:00 on"), "{notes}");
    assert!(notes.contains("down to 20 %"), "{notes}");
    let full = ask(&commune, "B", Held::Power(Power::from_kw(40.0)), 6).expect("it fills up");
    assert!(full.notes[0].contains("up to 100 %"), "{:?}", full.notes);
    assert!(full.plan.charge[&id("B")][5].get() > 0.999);
}

#[test]
fn a_vehicle_that_is_kept_waiting_too_long_is_named_with_its_price() {
    let mut commune = Commune::new("", CHARGER, (8, 60));
    commune.vehicle("C", (0, 4), 40.0);
    let answer = ask(&commune, "C", Held::Off, 3).expect("it can wait");
    let [change] = &answer.given_up[..] else { panic!("{:?}", answer.given_up) };
    let most = 3.0 * 230.0 * 32.0 / 1e3;
    assert_eq!((change.wish.as_str(), change.unit.as_str()), ("C.session", "kWh"));
    assert!(change.free.abs() < 1e-12 && (change.held - (40.0 - most)).abs() < 1e-3, "{change:?}");
    assert!((change.penalty.get() - 2.0 * change.held).abs() < 1e-6, "at the price of the wish");
    assert!((answer.wishes - change.penalty).get().abs() < 1e-9);
    assert!(answer.money.get() < 0.0, "what is not charged is not paid");
    let expected = answer.money.get() + answer.wishes.get();
    assert!((answer.all.get() - expected).abs() < 0.2, "{} {expected}", answer.all.get());
}

#[test]
fn an_inverter_that_is_off_sells_nothing() {
    let mut commune = Commune::new("", SUN, (4, 60));
    commune.sun("PV", |_| 80.0);
    let off = ask(&commune, "PV", Held::Off, 2).expect("it can be off");
    assert!((off.money.get() - 2.0 * 80.0 * 0.05).abs() < 1e-6, "{}", off.money.get());
    let part = ask(&commune, "PV", Held::Power(Power::from_kw(20.0)), 2).expect("it can");
    assert!((part.money.get() - 2.0 * 60.0 * 0.05).abs() < 1e-6, "{}", part.money.get());
    assert!(ask(&commune, "PV", Held::On, 2).expect("it is on").kept_anyway);
}

const LIGHT: &str = "
lighting:
  L: {device: d, mode: control, safe_state: local, rated_power: 10 kW, value: 0.10 EUR/kWh,
      program: [{from: dusk, level: 100 %}]}
";

#[test]
fn lamps_are_dimmed_no_further_than_their_program_allows() {
    let mut commune = Commune::new("", LIGHT, (4, 60));
    for window in commune.forecast.lighting.get_mut(&id("L")).expect("a fixture") {
        window.level = site::units::Ratio::new(1.0);
        window.may_dim_to = site::units::Ratio::new(0.4);
    }
    let levels = |answer: &Counterfactual| answer.plan.lighting[&id("L")].clone();
    // A kWh costs 0.20 and is worth 0.10: the plan dims as far as it may.
    let off = ask(&commune, "L", Held::Off, 2).expect("it can be dimmed");
    assert!(off.kept_anyway, "{:?}", levels(&off));
    assert!(off.notes[0].contains("dimmed as far as its program allows"), "{:?}", off.notes);
    let on = ask(&commune, "L", Held::On, 2).expect("it can be lit");
    assert!(levels(&on)[..2].iter().all(|level| (level.get() - 1.0).abs() < 1e-9));
    assert!((on.money.get() - 2.0 * 6.0 * 0.20).abs() < 1e-6, "{}", on.money.get());
    let all = on.all.get();
    assert!((all - 2.0 * 6.0 * 0.10).abs() < 1e-3, "the light is worth something: {all}");
}

#[test]
fn what_cannot_be_held_is_refused_in_words() {
    let assets = format!("{BATTERY}{CHARGER}{SUN}");
    let mut commune = Commune::new("", &assets, (12, 60));
    let refused = |commune: &Commune, asset: &str, held: Held, step: usize| {
        ask(commune, asset, held, step).expect_err("it is refused").to_string()
    };
    let kw = |kw: f64| Held::Power(Power::from_kw(kw));
    for (asset, held, step, words) in [
        ("X", Held::Off, 2, "X cannot be held: the site has no such asset"),
        ("B", Held::On, 2, "B cannot be held on: say the power it takes"),
        ("C", kw(-3.0), 2, "C cannot be held at -3.0 kW: it takes power and gives none"),
        ("C", Held::On, 2, "hold it off, or at a highest power"),
        ("PV", kw(-3.0), 2, "it gives power and takes none"),
        ("B", Held::Off, 0, "the hold ends at Wed 00:00, and it is Wed 00:00 already"),
    ] {
        let said = refused(&commune, asset, held, step);
        assert!(said.contains(words), "{said}");
    }
    let Commune { site, estimate, forecast } = &commune;
    let inputs = Inputs { site, water: None, estimate, forecast, holds: &[] };
    let until = forecast.steps[11].end + jiff::SignedDuration::from_secs(1);
    let hold = Hold { asset: id("B"), held: Held::Off, until };
    let error = Planner::default().counterfactual(&inputs, None, &hold).expect_err("too far");
    assert!(matches!(error, AskError::Hold(HoldError::Beyond { .. })), "{error}");
    let AskError::Hold(HoldError::Unknown { known, .. }) =
        ask(&commune, "X", Held::Off, 2).expect_err("no such asset")
    else {
        panic!("another error");
    };
    assert_eq!(known, [id("PV"), id("B"), id("C")]);
    let state = commune.estimate.batteries.get_mut(&id("B")).expect("a fixture");
    state.unavailable = Some("the switch stands on local".into());
    let said = refused(&commune, "B", Held::Off, 2);
    assert!(said.contains("not available to the plan (the switch stands on local)"), "{said}");
}

const FILTER: &str = "
shiftable:
  F: {device: d, mode: control, safe_state: local, rated_power: 10 kW, daily_run: 4 h,
      hours: \"06:00-22:00\", min_run: 1 h}
";

#[test]
fn a_filter_waits_and_its_hours_are_said() {
    let mut commune = Commune::new("", FILTER, (24, 60));
    commune.prices(|t| if (6..10).contains(&t) { 0.05 } else { 0.20 });
    let answer = ask(&commune, "F", Held::Off, 10).expect("it can wait");
    assert!((answer.money.get() - 40.0 * 0.15).abs() < 1e-6, "{}", answer.money.get());
    assert!(answer.uncertainty.get() > 0.0, "it was chosen, to a gap");
    let on = ask(&commune, "F", Held::On, 8).expect("it can run");
    assert!(on.notes.iter().any(|note| note.contains("from 06:00 to 22:00")), "{:?}", on.notes);
    let shares = &on.plan.switched[&id("F")];
    assert!(shares[..6].iter().all(|share| share.get() < 1e-9), "{shares:?}");
    let said = ask(&commune, "F", Held::Power(Power::from_kw(3.0)), 8).expect_err("on or off");
    assert!(said.to_string().contains("it is on or off"), "{said}");
    let state = commune.estimate.switched.get_mut(&id("F")).expect("a fixture");
    (state.running, state.in_state_for) = (Some(true), std::time::Duration::from_secs(600));
    let answer = ask(&commune, "F", Held::Off, 10).expect("after its least run");
    assert!(answer.notes[0].contains("it runs for 50 min more first"), "{:?}", answer.notes);
}
