//! Check 9, `starts`: no more starts in any 60 minutes than the motor bears.

use super::{Case, Ruling};
use site::command::Setpoint;

/// Turns a run that would be a start into stop when the hour's starts are used up.
pub(super) fn per_hour(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    let Some(motor) = case.asset.motor(case.site) else { return Ruling::Pass };
    let Some(most) = motor.max_starts_per_hour else { return Ruling::Pass };
    if wanted != Setpoint::Run || case.standing(motor).running {
        return Ruling::Pass;
    }
    let starts = case.memory.starts_last_hour(motor.id, case.snapshot.now.utc);
    if starts < most {
        return Ruling::Pass;
    }
    let reason = format!("{starts} starts in the last 60 min of at most {most}: stays stopped");
    Ruling::Narrow(Setpoint::Stop, reason)
}
