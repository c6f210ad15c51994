//! Check 4, `interlock`: what forbids to run, to charge or to discharge while it lasts. An
//! interlock stops at once; no minimum run time stands against it.

use super::{Asset, Case, Ruling};
use site::asset::{Battery, LiftStation, Pump, Tank};
use site::command::Setpoint;
use site::units::{Power, Ratio};

/// Turns run into stop while an interlock is on, and keeps a battery from being charged when it is
/// full or discharged when it is empty.
pub(super) fn stop(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    if let Asset::Battery(battery) = case.asset {
        return charge(case, battery, wanted);
    }
    match demand(case) {
        Some(reason) if wanted == Setpoint::Run => Ruling::Narrow(Setpoint::Stop, reason),
        _ => Ruling::Pass,
    }
}

/// Why a motor must stand still now; none when it may run, or is no motor.
pub(super) fn demand(case: &Case<'_>) -> Option<String> {
    match case.asset {
        Asset::Pump(pump) => of_pump(case, pump),
        Asset::LiftStation(station) => of_station(case, station),
        _ => None,
    }
}

fn of_pump(case: &Case<'_>, pump: &Pump) -> Option<String> {
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

fn of_station(case: &Case<'_>, station: &LiftStation) -> Option<String> {
    let mark = station.low.get() * station.height.get();
    let percent = station.low.percent();
    match case.snapshot.number(&station.level) {
        Some(level) if level > mark => None,
        Some(level) => Some(format!(
            "its well stands at {level:.2} m, at or below its low mark of {mark:.2} m \
             ({percent:.0} %)"
        )),
        None => Some("the level of its well is not known".to_owned()),
    }
}

fn charge(case: &Case<'_>, battery: &Battery, wanted: Setpoint) -> Ruling {
    let Setpoint::Power(power) = wanted else { return Ruling::Pass };
    if power == Power::ZERO {
        return Ruling::Pass;
    }
    let charge = case.snapshot.number(&battery.points.charge);
    let (low, high) = (battery.charge_low.percent(), battery.charge_high.percent());
    let reason = match charge {
        None => "its state of charge is not known".to_owned(),
        Some(percent) if power < Power::ZERO && percent <= low => {
            format!("its state of charge is {percent:.1} %, and below {low:.0} % nothing is given")
        }
        Some(percent) if power > Power::ZERO && percent >= high => {
            format!("its state of charge is {percent:.1} %, and above {high:.0} % nothing is taken")
        }
        Some(_) => return Ruling::Pass,
    };
    Ruling::Narrow(Setpoint::Power(Power::ZERO), reason)
}

/// Level in metres.
fn measured(case: &Case<'_>, tank: &Tank) -> Option<f64> {
    case.snapshot.number(&tank.level)
}

/// A mark in metres above the bottom.
pub(super) fn mark(tank: &Tank, share: Ratio) -> f64 {
    share.get() * tank.height.get()
}

pub(super) fn words(tank: &Tank, level: Option<f64>, relation: &str, share: Ratio) -> String {
    let Some(level) = level else {
        return format!("the level of {} is not known", tank.id);
    };
    let (metres, percent) = (mark(tank, share), share.percent());
    format!("{} stands at {level:.2} m, {relation} of {metres:.2} m ({percent:.0} %)", tank.id)
}
