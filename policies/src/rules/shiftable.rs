//! Loads that may wait, without a plan: as a time switch does it, from the beginning of their hours
//! until they have run long enough.

use super::wish;
use site::Site;
use site::Snapshot;
use site::asset::Shiftable;
use site::command::{Proposal, Setpoint};
use std::time::Duration;

/// What a load is told, when it is known how long it has run today.
pub(super) fn by_the_clock(
    site: &Site,
    snapshot: &Snapshot,
    load: &Shiftable,
    run: Option<Duration>,
) -> Option<Proposal> {
    let run = run?;
    let local = snapshot.now.utc.to_zoned(site.zone.clone());
    let hours = |duration: Duration| duration.as_secs_f64() / 3600.0;
    let (done, wanted) = (hours(run), hours(load.daily_run));
    let (setpoint, word) = if !load.hours.contains(local.time()) {
        (Setpoint::Stop, "outside its hours")
    } else if run >= load.daily_run {
        (Setpoint::Stop, "enough for today")
    } else {
        (Setpoint::Run, "within its hours")
    };
    let why = format!("has run {done:.1} h of {wanted:.1} h today, {word}: {setpoint}");
    Some(wish(&load.id, setpoint, why))
}
