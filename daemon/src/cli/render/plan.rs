//! The plan, hour by hour in the site's own time.

use super::{one_line, table};
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use site::AssetId;
use site::plan::Plan;
use std::ops::Range;

/// A motor that runs at least this share of an hour is named without its share.
const WHOLE: f64 = 0.995;
/// A motor that runs less than this share of an hour is not named.
const NOTHING: f64 = 0.005;

/// The plan as a table: one row per hour of local time with the tariff class, the price, the
/// motors that run (with the share of the hour when it is not whole), the mean import, the power
/// and the state of charge of batteries, what vehicles take, and the tanks' levels at its end; then
/// what it costs and which wishes it gives up.
#[must_use]
pub fn plan(plan: &Plan, zone: &TimeZone) -> String {
    let hours = hours(plan, zone);
    let mut rows = vec![header(plan)];
    rows.extend(hours.iter().map(|hour| row(plan, hour)));
    let mut text = format!("Plan    {}, {}\n", plan.rung.word(), validity(plan, zone));
    if !plan.why.switching.is_empty() {
        text.push_str(&format!("Pumps   {}\n", one_line(&plan.why.switching)));
    }
    text.push_str(&table(&rows));
    text.push_str(&costs(plan));
    text.push_str(&shortfalls(plan, zone));
    text
}

/// The steps of one local hour.
struct Hour {
    label: String,
    steps: Range<usize>,
}

/// The hour of a step. The offset tells the two hours apart that an autumn night has twice.
type HourKey = (Date, i8, Offset);

fn hours(plan: &Plan, zone: &TimeZone) -> Vec<Hour> {
    let mut hours: Vec<(HourKey, Hour)> = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        let local = step.start.to_zoned(zone.clone());
        let key = (local.date(), local.hour(), local.offset());
        match hours.last_mut() {
            Some((last, hour)) if *last == key => hour.steps.end = index + 1,
            previous => {
                let new_day = previous.is_none_or(|((date, ..), _)| *date != local.date());
                let form = if new_day { "%a %H:%M" } else { "%H:%M" };
                let label = local.strftime(form).to_string();
                hours.push((key, Hour { label, steps: index..index + 1 }));
            }
        }
    }
    hours.into_iter().map(|(_, hour)| hour).collect()
}

fn header(plan: &Plan) -> Vec<String> {
    let mut cells: Vec<String> =
        ["from", "class", "EUR/kWh", "pumps", "import"].map(str::to_owned).to_vec();
    cells.extend(plan.charge.keys().flat_map(|id| [id.to_string(), String::new()]));
    if charges(plan) {
        cells.push("vehicles".to_owned());
    }
    cells.extend(plan.tanks.keys().map(AssetId::to_string));
    cells
}

fn row(plan: &Plan, hour: &Hour) -> Vec<String> {
    let steps = || hour.steps.clone();
    let price = mean(plan, hour, |step| plan.price.get(step).map(|price| price.get()));
    let import = mean(plan, hour, |step| plan.import.get(step).map(|import| import.kw()));
    let mut class: Vec<&str> =
        steps().filter_map(|step| plan.class.get(step)).map(String::as_str).collect();
    class.dedup();
    let mut cells = vec![
        hour.label.clone(),
        class.join("/"),
        number(price, 4, ""),
        motors(plan, hour),
        number(import, 1, " kW"),
    ];
    for (id, charge) in &plan.charge {
        let power = plan.power.get(id);
        let power = mean(plan, hour, |step| Some(power?.get(step)?.kw()));
        let charge = charge.get(hour.steps.end - 1).map(|charge| charge.percent());
        cells.extend([number(power, 1, " kW"), number(charge, 0, " %")]);
    }
    if charges(plan) {
        let vehicles = mean(plan, hour, |step| {
            let chargers = plan.power.iter().filter(|(id, _)| !plan.charge.contains_key(*id));
            chargers.map(|(_, power)| Some(power.get(step)?.kw())).sum()
        });
        cells.push(number(vehicles, 1, " kW"));
    }
    cells.extend(plan.tanks.values().map(|levels| {
        let level = levels.get(hour.steps.end - 1).map(|level| level.get());
        number(level, 2, " m")
    }));
    cells
}

/// Whether the plan charges vehicles: what has power and no state of charge is a charger.
fn charges(plan: &Plan) -> bool {
    plan.power.keys().any(|id| !plan.charge.contains_key(id))
}

/// What runs: pumps, then loads that may wait and lift stations.
fn motors(plan: &Plan, hour: &Hour) -> String {
    let running = plan.pumps.iter().chain(&plan.switched).filter_map(|(id, shares)| {
        let share = mean(plan, hour, |step| shares.get(step).map(|share| share.get()))?;
        match share {
            share if share >= WHOLE => Some(id.to_string()),
            share if share >= NOTHING => Some(format!("{id} ({:.0} %)", share * 100.0)),
            _ => None,
        }
    });
    let running: Vec<String> = running.collect();
    if running.is_empty() { "none".to_owned() } else { running.join(" ") }
}

/// The mean over an hour's steps, weighed by their length; none when one of them says nothing.
fn mean(plan: &Plan, hour: &Hour, value: impl Fn(usize) -> Option<f64>) -> Option<f64> {
    let (mut sum, mut length) = (0.0, 0.0);
    for step in hour.steps.clone() {
        let hours = plan.steps.get(step)?.hours();
        sum += value(step)? * hours;
        length += hours;
    }
    (length > 0.0).then_some(sum / length)
}

fn number(number: Option<f64>, digits: usize, unit: &str) -> String {
    // Adding zero turns a negative zero into a plain one.
    number.map_or(super::UNKNOWN.to_owned(), |number| format!("{:.digits$}{unit}", number + 0.0))
}

fn validity(plan: &Plan, zone: &TimeZone) -> String {
    let local =
        |at: jiff::Timestamp, form: &str| at.to_zoned(zone.clone()).strftime(form).to_string();
    let made = local(plan.made_at, "%Y-%m-%d %H:%M");
    let ends = local(plan.expires_at, "%H:%M");
    let name = zone.iana_name().unwrap_or("site time");
    format!("made {made} ({name}), valid until {ends}")
}

fn costs(plan: &Plan) -> String {
    let hours: f64 = plan.steps.iter().map(site::plan::Step::hours).sum();
    let (cost, peak) = (plan.cost.get(), super::kilowatts(plan.highest_import().get()));
    format!("Cost    {cost:.2} EUR expected over {hours:.0} h, highest import {peak}\n")
}

fn shortfalls(plan: &Plan, zone: &TimeZone) -> String {
    plan.why.shortfalls.iter().fold(String::new(), |mut text, missed| {
        let from = super::local(missed.from, zone);
        let (wish, unit) = (one_line(&missed.wish), one_line(&missed.unit));
        let amount = missed.amount;
        text.push_str(&format!("Missed  {wish} by {amount:.2} {unit}, first at {from}\n"));
        text
    })
}
