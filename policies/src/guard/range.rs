//! Check 5, `range`: a setpoint must be of the asset's kind and within its bounds.

use super::{Asset, Case, Ruling};
use site::command::Setpoint;
use site::units::Ratio;

/// Clamps shares into their bounds; blocks a setpoint that does not fit the asset.
pub(super) fn clamp(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    match (case.asset, wanted) {
        (Asset::Pump(_), Setpoint::Run | Setpoint::Stop)
        | (Asset::Inverter(_), Setpoint::NoLimit) => Ruling::Pass,
        (Asset::Inverter(inverter), Setpoint::Limit(share)) => {
            within(share, inverter.min_limit, Setpoint::Limit)
        }
        (Asset::Lighting(_), Setpoint::Light(share)) => within(share, Ratio::ZERO, Setpoint::Light),
        (Asset::Pump(_), _) => misfit("a pump", wanted),
        (Asset::Inverter(_), _) => misfit("an inverter", wanted),
        (Asset::Lighting(_), _) => misfit("a lighting cabinet", wanted),
    }
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

fn misfit(kind: &str, wanted: Setpoint) -> Ruling {
    Ruling::Block(format!("{kind} does not understand '{wanted}'"))
}
