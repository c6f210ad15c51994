//! Check 3, `quality`: nothing is written from bad data. Every input that a later check needs
//! must be good; a stale sample has already become a bad one.

use super::{Asset, Case, Ruling};
use site::PointId;
use site::command::Setpoint;

/// Blocks unless the required inputs are good.
pub(super) fn inputs(case: &Case<'_>, _: Setpoint) -> Ruling {
    let trouble: Vec<String> = match case.asset {
        Asset::Inverter(inverter) => {
            let (power, limit) = (&inverter.points.power, &inverter.points.limit);
            // Either one shows that the inverter is there, and from where a ramp begins.
            if number(case, power).is_none() || number(case, limit).is_none() {
                return Ruling::Pass;
            }
            [number(case, power), number(case, limit)].into_iter().flatten().collect()
        }
        Asset::Lighting(cabinet) => flag(case, &cabinet.points.lit).into_iter().collect(),
        Asset::Pump(pump) => {
            // An interlock whose input cannot be read cannot be shown to be off.
            let flags = [Some(&pump.points.running), pump.points.fault.as_ref()]
                .into_iter()
                .chain([pump.points.dry.as_ref()])
                .flatten()
                .filter_map(|point| flag(case, point));
            let (filled, source) = case.tanks(pump);
            let levels =
                [filled, source].into_iter().flatten().filter_map(|t| number(case, &t.level));
            flags.chain(levels).collect()
        }
    };
    if trouble.is_empty() {
        return Ruling::Pass;
    }
    Ruling::Block(format!("not good: {}", trouble.join(", ")))
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
