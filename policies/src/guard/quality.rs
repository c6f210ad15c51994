//! Check 3, `quality`: nothing is written from bad data. Every input that a later check needs
//! must be good; a stale sample has already become a bad one.

use super::{Asset, Case, Ruling};
use site::PointId;
use site::asset::{Battery, Inverter, Pump, SwitchPoints};
use site::command::Setpoint;

/// Blocks unless the required inputs are good.
pub(super) fn inputs(case: &Case<'_>, _: Setpoint) -> Ruling {
    let trouble = match case.asset {
        Asset::Pump(pump) => of_pump(case, pump),
        Asset::Inverter(inverter) => of_inverter(case, inverter),
        Asset::Lighting(cabinet) => flag(case, &cabinet.points.lit).into_iter().collect(),
        Asset::Battery(battery) => of_battery(case, battery),
        Asset::Charger(charger) => flag(case, &charger.points.connected).into_iter().collect(),
        Asset::Shiftable(load) => of_switch(case, &load.points),
        Asset::LiftStation(station) => {
            let level = number(case, &station.level);
            of_switch(case, &station.points).into_iter().chain(level).collect()
        }
    };
    if trouble.is_empty() {
        return Ruling::Pass;
    }
    Ruling::Block(format!("not good: {}", trouble.join(", ")))
}

fn of_pump(case: &Case<'_>, pump: &Pump) -> Vec<String> {
    // An interlock whose input cannot be read cannot be shown to be off.
    let flags = [Some(&pump.points.running), pump.points.fault.as_ref(), pump.points.dry.as_ref()]
        .into_iter()
        .flatten()
        .filter_map(|point| flag(case, point));
    let (filled, source) = case.tanks(pump);
    let levels = [filled, source].into_iter().flatten().filter_map(|t| number(case, &t.level));
    flags.chain(levels).collect()
}

fn of_inverter(case: &Case<'_>, inverter: &Inverter) -> Vec<String> {
    let found = [number(case, &inverter.points.power), number(case, &inverter.points.limit)];
    // Either one shows that the inverter is there, and from where a ramp begins.
    if found.iter().any(Option::is_none) {
        return Vec::new();
    }
    found.into_iter().flatten().collect()
}

fn of_battery(case: &Case<'_>, battery: &Battery) -> Vec<String> {
    let fault = battery.points.fault.as_ref().and_then(|fault| flag(case, fault));
    number(case, &battery.points.charge).into_iter().chain(fault).collect()
}

fn of_switch(case: &Case<'_>, points: &SwitchPoints) -> Vec<String> {
    let flags = [Some(&points.running), points.fault.as_ref()].into_iter().flatten();
    flags.filter_map(|point| flag(case, point)).collect()
}

/// What is wrong with a point that must be a flag.
fn flag(case: &Case<'_>, point: &PointId) -> Option<String> {
    case.snapshot.flag(point).is_none().then(|| words(case, point))
}

/// What is wrong with a point that must be a number.
fn number(case: &Case<'_>, point: &PointId) -> Option<String> {
    case.snapshot.number(point).is_none().then(|| words(case, point))
}

fn words(case: &Case<'_>, point: &PointId) -> String {
    match case.snapshot.trouble(point) {
        Some(reason) => format!("{point} ({})", reason.words()),
        None => format!("{point} (wrong kind of value)"),
    }
}
