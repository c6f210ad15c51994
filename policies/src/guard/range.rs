//! Check 8, `range`: a setpoint must be of the asset's kind and within its bounds.

use super::{Asset, Case, Ruling};
use site::asset::{Battery, Charger, Lighting};
use site::command::{Authority, Setpoint};
use site::units::{Current, Power, Ratio};

/// Currents closer than this to the least or most are at it: below what any charger resolves, A.
const CURRENT_TOLERANCE: f64 = 1e-6;

/// Clamps setpoints into their bounds; blocks one that does not fit the asset.
pub(super) fn clamp(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    match (case.asset, wanted) {
        (
            Asset::Pump(_) | Asset::Shiftable(_) | Asset::LiftStation(_),
            Setpoint::Run | Setpoint::Stop,
        )
        | (Asset::Inverter(_), Setpoint::NoLimit) => Ruling::Pass,
        (Asset::Inverter(inverter), Setpoint::Limit(share)) => {
            within(share, inverter.min_limit, Setpoint::Limit)
        }
        (Asset::Lighting(cabinet), Setpoint::Light(share)) => {
            within(share, least_light(case, cabinet, share), Setpoint::Light)
        }
        (Asset::Battery(battery), Setpoint::Power(power)) => rated(battery, power),
        (Asset::Charger(charger), Setpoint::Charge(current)) => currents(charger, current),
        (asset, _) => Ruling::Block(format!("{} does not understand '{wanted}'", asset.kind())),
    }
}

/// The least light of a cabinet. A safety segment is not dimmed below what its programs ask for,
/// and no limit from outside puts it out in the dark; whether it is lit at all is else its
/// program's.
fn least_light(case: &Case<'_>, cabinet: &Lighting, share: Ratio) -> Ratio {
    // Who does not know takes it for dark.
    let dark = cabinet.points.dark.as_ref().and_then(|point| case.snapshot.flag(point));
    let dark = dark.unwrap_or(true);
    let dims = match case.proposal.authority {
        Authority::External => dark,
        Authority::Plan => dark && share > Ratio::ZERO,
        Authority::Interlock | Authority::Operator | Authority::Program => false,
    };
    if cabinet.safety && dims { cabinet.least_level() } else { Ratio::ZERO }
}

fn within(share: Ratio, least: Ratio, setpoint: fn(Ratio) -> Setpoint) -> Ruling {
    if (least..=Ratio::ONE).contains(&share) {
        return Ruling::Pass;
    }
    let clamped = setpoint(share.max(least).min(Ratio::ONE));
    let (wanted, least) = (share.percent(), least.percent());
    Ruling::Narrow(
        clamped,
        format!("{wanted:.1} % was wished, and {least:.1} to 100.0 % is allowed"),
    )
}

fn rated(battery: &Battery, power: Power) -> Ruling {
    let (least, most) = (-battery.discharge_power, battery.charge_power);
    if (least..=most).contains(&power) {
        return Ruling::Pass;
    }
    let (wanted, from, to) = (power.kw(), least.kw(), most.kw());
    let reason = format!("{wanted:.1} kW was wished, and {from:.1} to {to:.1} kW is allowed");
    Ruling::Narrow(Setpoint::Power(power.max(least).min(most)), reason)
}

/// A vehicle charges between the least and the most current, or pauses: what lies between a pause
/// and the least becomes a pause, never more than was wished.
fn currents(charger: &Charger, current: Current) -> Ruling {
    let (wanted, least, most) =
        (current.get(), charger.min_current.get(), charger.max_current.get());
    let reason =
        || format!("{wanted:.1} A was wished, and 0 or {least:.1} to {most:.1} A is allowed");
    if wanted > most + CURRENT_TOLERANCE {
        return Ruling::Narrow(Setpoint::Charge(charger.max_current), reason());
    }
    let pauses = wanted.abs() < CURRENT_TOLERANCE;
    if pauses || wanted >= least - CURRENT_TOLERANCE {
        return Ruling::Pass;
    }
    Ruling::Narrow(Setpoint::Charge(Current::ZERO), reason())
}
