//! Check 6, `soft_stop`: a tank that is nearly full gets no more water. In front of the interlock
//! at the overflow mark, and softer: a pump that has just started runs for its least time first.

use super::{Asset, Case, Ruling, interlock};
use site::command::Setpoint;

/// Turns run into stop while the filled tank stands at or above its soft stop.
pub(super) fn nearly_full(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    let (Asset::Pump(pump), Setpoint::Run) = (case.asset, wanted) else { return Ruling::Pass };
    let Some(tank) = case.site.tank(&pump.fills) else { return Ruling::Pass };
    match case.snapshot.number(&tank.level) {
        Some(level) if level >= interlock::mark(tank, tank.soft_stop) => {
            let relation = "at or above its soft stop";
            let reason = interlock::words(tank, Some(level), relation, tank.soft_stop);
            Ruling::Narrow(Setpoint::Stop, reason)
        }
        // A level that is not known does not come so far: the interlock has stopped the pump.
        _ => Ruling::Pass,
    }
}
