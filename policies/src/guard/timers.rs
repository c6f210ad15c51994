//! Check 10, `min_run` and `min_stop`: a motor that switched goes on as it is for a while. Held
//! means that the state it is in is commanded again, so that the heartbeat goes on.

use super::{Asset, Case, Ruling, generator, interlock, trips};
use site::command::{Authority, Setpoint};
use std::time::Duration;

/// Turns stop into run until a running motor has run long enough, unless it must not run.
pub(super) fn min_run(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    let Some(motor) = case.asset.motor(case.site) else { return Ruling::Pass };
    let motor_is = case.standing(motor);
    if wanted != Setpoint::Stop || !motor_is.running || motor_is.lasted >= motor.min_run {
        return Ruling::Pass;
    }
    let must_stop = interlock::demand(case).is_some() || generator::bars(case).is_some();
    if must_stop || trips::holds(case) || is_ordered(case) {
        return Ruling::Pass;
    }
    let (ago, least) = (minutes(motor_is.lasted), minutes(motor.min_run));
    let reason = format!("started {ago} ago, and runs for at least {least}: keeps running");
    Ruling::Narrow(Setpoint::Run, reason)
}

/// Whether the stop is ordered from above. A load that may wait also stops at once for a limit from
/// outside: the grid's operator does not wait for a filter's minimum run.
fn is_ordered(case: &Case<'_>) -> bool {
    match case.proposal.authority {
        Authority::Interlock => true,
        Authority::External => matches!(case.asset, Asset::Shiftable(_)),
        Authority::Operator | Authority::Plan | Authority::Program => false,
    }
}

/// Turns run into stop until a stopped motor has rested long enough.
pub(super) fn min_stop(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    let Some(motor) = case.asset.motor(case.site) else { return Ruling::Pass };
    let motor_is = case.standing(motor);
    if wanted != Setpoint::Run || motor_is.running || motor_is.lasted >= motor.min_stop {
        return Ruling::Pass;
    }
    let (ago, least) = (minutes(motor_is.lasted), minutes(motor.min_stop));
    let reason = format!("stopped {ago} ago, and rests for at least {least}: stays stopped");
    Ruling::Narrow(Setpoint::Stop, reason)
}

fn minutes(duration: Duration) -> String {
    format!("{:.1} min", duration.as_secs_f64() / 60.0)
}
