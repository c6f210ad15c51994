//! Check 7, `min_run` and `min_stop`: a pump that switched goes on as it is for a while. Held
//! means that the state it is in is commanded again, so that the heartbeat goes on.

use super::{Asset, Case, Ruling, interlock};
use site::command::{Authority, Setpoint};
use std::time::Duration;

/// Turns stop into run until a running pump has run long enough, unless an interlock stops it.
pub(super) fn min_run(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    let Asset::Pump(pump) = case.asset else { return Ruling::Pass };
    let pump_is = case.standing(pump);
    if wanted != Setpoint::Stop || !pump_is.running || pump_is.lasted >= pump.min_run {
        return Ruling::Pass;
    }
    let must_stop = interlock::demand(case, pump).is_some();
    if must_stop || case.proposal.authority == Authority::Interlock {
        return Ruling::Pass;
    }
    let (ago, least) = (minutes(pump_is.lasted), minutes(pump.min_run));
    let reason = format!("started {ago} ago, and runs for at least {least}: keeps running");
    Ruling::Narrow(Setpoint::Run, reason)
}

/// Turns run into stop until a stopped pump has rested long enough.
pub(super) fn min_stop(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    let Asset::Pump(pump) = case.asset else { return Ruling::Pass };
    let pump_is = case.standing(pump);
    if wanted != Setpoint::Run || pump_is.running || pump_is.lasted >= pump.min_stop {
        return Ruling::Pass;
    }
    let (ago, least) = (minutes(pump_is.lasted), minutes(pump.min_stop));
    let reason = format!("stopped {ago} ago, and rests for at least {least}: stays stopped");
    Ruling::Narrow(Setpoint::Stop, reason)
}

fn minutes(duration: Duration) -> String {
    format!("{:.1} min", duration.as_secs_f64() / 60.0)
}
