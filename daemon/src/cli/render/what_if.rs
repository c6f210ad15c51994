//! What a hold would cost, for people.

use super::one_line;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use policies::optimise::{Counterfactual, EndChange, WishChange};
use site::plan::Step;

/// What a hold would cost: money, all in all, wishes given up, and what ends otherwise.
#[must_use]
pub fn counterfactual(answer: &Counterfactual, zone: &TimeZone) -> String {
    let local = |at: Timestamp| super::local(at, zone);
    let hours: f64 = answer.plan.steps.iter().map(Step::hours).sum();
    let (asset, held) = (&answer.hold.asset, answer.hold.held.words());
    let mut lines = vec![format!("Hold    {asset} {held} until {}", local(answer.hold.until))];
    if answer.held_until != answer.hold.until {
        let until = local(answer.held_until);
        lines.push(format!("        reckoned until {until}: steps of the plan are held whole"));
    }
    if answer.kept_anyway {
        let cost = answer.cost_free.get();
        lines.push(format!(
            "Cost    nothing: the plan in force does so anyway ({cost:.2} EUR over {hours:.0} h)"
        ));
    } else {
        lines.extend(costs(answer, hours));
    }
    lines.extend(answer.given_up.iter().map(|change| wish(change, &local)));
    lines.extend(answer.ends.iter().map(end));
    if answer.truncated {
        lines.push("Note    the search ended at its limits: it may cost less than that".to_owned());
    }
    lines.extend(answer.notes.iter().map(|note| format!("Note    {}", one_line(note))));
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

/// Money with its direction.
fn more(eur: f64) -> String {
    let word = if eur < 0.0 { "less" } else { "more" };
    format!("{:.2} EUR {word}", eur.abs())
}

fn costs(answer: &Counterfactual, hours: f64) -> Vec<String> {
    let (free, held) = (answer.cost_free.get(), answer.cost_held.get());
    let (money, all, wishes) = (answer.money.get(), answer.all.get(), answer.wishes.get());
    let gap = answer.uncertainty.get();
    let rest = all - money - wishes;
    let mut lines = vec![
        format!(
            "Cost    {held:.2} EUR instead of {free:.2} EUR over {hours:.0} h: {}",
            more(money)
        ),
        format!(
            "In all  {}: to pay {money:+.2}, wishes given up {wishes:+.2}, wear, margins, what is left \
             {rest:+.2}",
            more(all)
        ),
    ];
    if all < gap {
        lines.push(format!(
            "        which may be nothing: a choice of pumps is good to {gap:.2} EUR"
        ));
    }
    lines
}

fn wish(change: &WishChange, local: &impl Fn(Timestamp) -> String) -> String {
    let (wish, unit) = (one_line(&change.wish), one_line(&change.unit));
    let (free, held, price) = (change.free, change.held, change.penalty.get());
    let price = if price.abs() < 0.005 { String::new() } else { format!(", {price:+.2} EUR") };
    match change.from {
        Some(from) => {
            let from = local(from);
            format!(
                "Missed  {wish} by {held:.2} {unit} instead of {free:.2}, first at {from}{price}"
            )
        }
        None => format!("Kept    {wish}, missed by {free:.2} {unit} without it{price}"),
    }
}

fn end(change: &EndChange) -> String {
    let EndChange { asset, unit, free, held } = change;
    let digits = if unit == "m" { 2 } else { 0 };
    format!("At end  {asset} {held:.digits$} {unit} instead of {free:.digits$} {unit}")
}
