//! Check 11, `starts`: no more starts in any 60 minutes, and in any 24 hours, than the motor bears.

use super::{Case, Ruling};
use site::command::Setpoint;

/// Turns a run that would be a start into stop when the hour's or the day's starts are used up.
pub(super) fn within_limits(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    let Some(motor) = case.asset.motor(case.site) else { return Ruling::Pass };
    if wanted != Setpoint::Run || case.standing(motor).running {
        return Ruling::Pass;
    }
    let now = case.snapshot.now.utc;
    let hour = (case.memory.starts_last_hour(motor.id, now), motor.max_starts_per_hour, "60 min");
    let day = (case.memory.starts_last_day(motor.id, now), motor.max_starts_per_day, "24 h");
    for (starts, most, time) in [hour, day] {
        if starts >= most {
            let reason =
                format!("{starts} starts in the last {time} of at most {most}: stays stopped");
            return Ruling::Narrow(Setpoint::Stop, reason);
        }
    }
    Ruling::Pass
}
