//! Check 8, `starts`: no more starts in any 60 minutes than the motor bears.

use super::{Asset, Case, Ruling};
use site::command::Setpoint;

/// Turns a run that would be a start into stop when the hour's starts are used up.
pub(super) fn per_hour(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    let Asset::Pump(pump) = case.asset else { return Ruling::Pass };
    if wanted != Setpoint::Run || case.standing(pump).running {
        return Ruling::Pass;
    }
    let starts = case.memory.starts_last_hour(&pump.id, case.snapshot.now.utc);
    if starts < pump.max_starts_per_hour {
        return Ruling::Pass;
    }
    let most = pump.max_starts_per_hour;
    let reason = format!("{starts} starts in the last 60 min of at most {most}: stays stopped");
    Ruling::Narrow(Setpoint::Stop, reason)
}
