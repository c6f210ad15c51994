//! Check 2, `local` and `fault`: whoever stands at the device comes first. While its switch is
//! on local, or it reports a fault, nothing is written.

use super::{Asset, Case, Ruling};
use site::command::Setpoint;

/// Blocks unless the local/remote switch is known to stand on remote. An inverter has no switch; a
/// battery or a charger may have none.
pub(super) fn remote(case: &Case<'_>, _: Setpoint) -> Ruling {
    let remote = match case.asset {
        Asset::Pump(pump) => Some(&pump.points.remote),
        Asset::Lighting(cabinet) => Some(&cabinet.points.remote),
        Asset::Shiftable(load) => Some(&load.points.remote),
        Asset::LiftStation(station) => Some(&station.points.remote),
        Asset::Battery(battery) => battery.points.remote.as_ref(),
        Asset::Charger(charger) => charger.points.remote.as_ref(),
        Asset::Inverter(_) => None,
    };
    let Some(remote) = remote else { return Ruling::Pass };
    match (case.snapshot.flag(remote), case.snapshot.trouble(remote)) {
        (Some(true), _) => Ruling::Pass,
        (Some(false), _) => Ruling::Block(format!("{remote} says local: the switch on site rules")),
        (None, Some(why)) => Ruling::Block(format!(
            "{remote} is not good ({}): the switch may stand on local",
            why.words()
        )),
        (None, None) => Ruling::Block(format!("{remote} is neither yes nor no: mend its profile")),
    }
}

/// Blocks while the device reports a fault.
pub(super) fn fault(case: &Case<'_>, _: Setpoint) -> Ruling {
    match case.asset.fault() {
        Some(fault) if case.snapshot.flag(fault) == Some(true) => {
            Ruling::Block(format!("{fault} is on: clear the fault at the device"))
        }
        _ => Ruling::Pass,
    }
}
