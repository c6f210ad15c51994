//! Check 4, `interlock`: what forbids a pump to run while it lasts. An interlock stops at once;
//! no minimum run time stands against it.

use super::{Asset, Case, Ruling};
use site::asset::{Pump, Tank};
use site::command::Setpoint;
use site::units::Ratio;

/// Turns run into stop while an interlock is on.
pub(super) fn stop(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    let Asset::Pump(pump) = case.asset else { return Ruling::Pass };
    match demand(case, pump) {
        Some(reason) if wanted == Setpoint::Run => Ruling::Narrow(Setpoint::Stop, reason),
        _ => Ruling::Pass,
    }
}

/// Why the pump must stand still now; none when it may run.
pub(super) fn demand(case: &Case<'_>, pump: &Pump) -> Option<String> {
    if let Some(dry) = &pump.points.dry
        && case.snapshot.flag(dry) != Some(false)
    {
        return Some(format!("{dry} is on: no water to pump"));
    }
    let (filled, source) = case.tanks(pump);
    let overflow = filled.and_then(|tank| match measured(case, tank) {
        Some(level) if level < mark(tank, tank.overflow) => None,
        level => Some(words(tank, level, "at or above its overflow mark", tank.overflow)),
    });
    let low = || {
        source.and_then(|tank| match measured(case, tank) {
            Some(level) if level > mark(tank, tank.low) => None,
            level => Some(words(tank, level, "at or below its low mark", tank.low)),
        })
    };
    overflow.or_else(low)
}

/// Level in metres.
fn measured(case: &Case<'_>, tank: &Tank) -> Option<f64> {
    case.snapshot.number(&tank.level)
}

/// A mark in metres above the bottom.
fn mark(tank: &Tank, share: Ratio) -> f64 {
    share.get() * tank.height.get()
}

fn words(tank: &Tank, level: Option<f64>, relation: &str, share: Ratio) -> String {
    let Some(level) = level else {
        return format!("the level of {} is not known", tank.id);
    };
    let (metres, percent) = (mark(tank, share), share.percent());
    format!("{} stands at {level:.2} m, {relation} of {metres:.2} m ({percent:.0} %)", tank.id)
}
