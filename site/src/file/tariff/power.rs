//! Charges on power as written.

use crate::file::seconds;
use crate::tariff::{Billing, DemandCharge, Overrun, PerClass, Subscribed};
use crate::text::{Node, Section, Tree};
use crate::units::{self, Money, Power, PowerPrice, Price, Quantity};
use std::time::Duration;

/// Name of the one charge that is written without a name.
const ONLY_CHARGE: &str = "demand";
/// Averaging interval when the file does not say one, s.
const AVERAGE: u64 = 600;

/// The charges: a list, or the short form for one.
pub(super) fn demand_charges(section: &Section<'_>, classes: &[&str]) -> Vec<DemandCharge> {
    let mut charges = Vec::new();
    if let Some(charge) = section.section_maybe("demand_charge") {
        charges.extend(demand_charge(&charge, Some(ONLY_CHARGE.to_owned()), classes));
        charge.finish();
    }
    for charge in section.sections("demand_charges") {
        let name = charge.text("name");
        let read = demand_charge(&charge, name, classes);
        let known = |name: &str| charges.iter().any(|known: &DemandCharge| known.name == name);
        if let Some(twice) = read.as_ref().filter(|charge| known(&charge.name)) {
            let message = format!("two charges are called '{}'", twice.name);
            charge.complain("duplicate-name", charge.place(), message, "give each its own name");
        }
        charge.finish();
        charges.extend(read);
    }
    charges
}

fn demand_charge(
    charge: &Section<'_>,
    name: Option<String>,
    classes: &[&str],
) -> Option<DemandCharge> {
    let price = charge.quantity::<PowerPrice>("price");
    let average = average(charge);
    let read = |node: &Node| class_name(charge, node, classes);
    let counted = charge.list("classes").iter().map(read).collect::<Option<Vec<String>>>();
    Some(DemandCharge {
        name: name?,
        price: price?,
        average: average?,
        billing: Billing::Month,
        classes: counted?,
    })
}

pub(super) fn subscribed(section: Section<'_>, classes: &[&str]) -> Option<Subscribed> {
    let power = per_class::<Power>(&section, "power", classes);
    let average = average(&section);
    let overrun = section.section("overrun").and_then(|rule| overrun(rule, classes));
    section.finish();
    Some(Subscribed {
        power: power?,
        average: average?,
        overrun: overrun?,
        billing: Billing::Month,
    })
}

fn overrun(rule: Section<'_>, classes: &[&str]) -> Option<Overrun> {
    let hour = rule.quantity_maybe::<Money>("per_hour").map(Overrun::PerHour);
    let energy = rule.quantity_maybe::<Price>("per_energy").map(Overrun::PerEnergy);
    let root = match rule.get("root_sum") {
        Some(_) => per_class::<PowerPrice>(&rule, "root_sum", classes).map(Overrun::RootSum),
        None => None,
    };
    let written =
        ["per_hour", "per_energy", "root_sum"].iter().filter(|key| rule.get(key).is_some());
    if written.count() != 1 {
        let message = "exactly one of 'per_hour', 'per_energy' and 'root_sum' must be there";
        rule.complain("missing-key", rule.place(), message, "keep the rule of the contract");
    }
    rule.finish();
    hour.or(energy).or(root)
}

/// One value for all classes, or a map with one for each.
fn per_class<Q: Quantity>(
    section: &Section<'_>,
    key: &'static str,
    classes: &[&str],
) -> Option<PerClass<Q>> {
    let node = section.need(key)?;
    let Tree::Map(entries) = &node.tree else {
        return section.scalar(node, "wrong-unit", units::parse::<Q>).map(PerClass::All);
    };
    let mut values = Vec::new();
    let mut whole = true;
    for (name, place, node) in entries {
        if !classes.contains(&name.as_str()) {
            let message = format!("no class is called '{name}'");
            section.complain("unknown-class", *place, message, &known(classes));
        }
        let value = section.scalar(node, "wrong-unit", units::parse::<Q>);
        whole &= value.is_some();
        values.extend(value.map(|value| (name.clone(), value)));
    }
    let missing = |class: &&&str| entries.iter().all(|(name, ..)| name != **class);
    if let Some(class) = classes.iter().find(missing) {
        let message = format!("'{key}' does not say anything for class '{class}'");
        section.complain("missing-key", node.place, message, "name every class");
        whole = false;
    }
    whole.then_some(PerClass::Each(values))
}

fn class_name(section: &Section<'_>, node: &Node, classes: &[&str]) -> Option<String> {
    section.scalar(node, "unknown-class", |text| {
        let found = classes.iter().find(|class| **class == text);
        let wrong = || format!("no class is called '{text}'; {}", known(classes));
        found.map(|class| (*class).to_owned()).ok_or_else(wrong)
    })
}

fn known(classes: &[&str]) -> String {
    let mut classes = classes.to_vec();
    classes.dedup();
    format!("there are: {}", classes.join(", "))
}

/// The averaging interval, which divides an hour.
fn average(section: &Section<'_>) -> Option<Duration> {
    let average = seconds(section, "average", AVERAGE);
    if average.as_secs() == 0 || 3600 % average.as_secs() != 0 {
        let message = "'average' must divide an hour";
        section.complain("out-of-range", section.place(), message, "write 10 min, or 15 min");
        return None;
    }
    Some(average)
}
