//! Lift stations without a plan: pump between the marks of the band, as float switches do.

use super::wish;
use site::Snapshot;
use site::asset::LiftStation;
use site::command::{Proposal, Setpoint};

/// The level of a well as a share of its height; none when it is not good.
pub(crate) fn well_share(snapshot: &Snapshot, station: &LiftStation) -> Option<f64> {
    snapshot.number(&station.level).map(|metres| metres / station.height.get())
}

/// Start above the band, stop below it, and in between go on as now.
pub(super) fn band(snapshot: &Snapshot, station: &LiftStation) -> Option<Proposal> {
    let level = well_share(snapshot, station)?;
    let (low, high) = (station.band_low, station.band_high);
    let (setpoint, relation) = if level > high.get() {
        (Setpoint::Run, format!("above {:.0} %: run", high.percent()))
    } else if level < low.get() {
        (Setpoint::Stop, format!("below {:.0} %: stop", low.percent()))
    } else {
        let (setpoint, word) = match snapshot.flag(&station.points.running)? {
            true => (Setpoint::Run, "running"),
            false => (Setpoint::Stop, "stopped"),
        };
        let (low, high) = (low.percent(), high.percent());
        (setpoint, format!("between {low:.0} % and {high:.0} %: stays {word}"))
    };
    let why = format!("its well stands at {:.1} %, {relation}", level * 100.0);
    Some(wish(&station.id, setpoint, why))
}
