//! The rule-based policy: level bands, calendars, batteries by the meter, vehicles at once, and a
//! cap on export. It needs no forecast and no plan, only what the field shows now. It stands on the
//! ladder below the last valid plan, and fills in for every asset that a plan says nothing about.
//! It is what good ordinary equipment does, and what savings are measured against.
//!
//! Where an input is missing it proposes nothing, and the device's own local control takes over.

mod battery;
mod cap;
mod charging;
mod export;
mod lift;
mod shiftable;
#[cfg(test)]
mod tests;

pub(crate) use cap::Cap;
use cap::DEADBAND;
pub(crate) use lift::well_share;

use crate::propose::Circumstances;
use site::asset::{Pump, Tank};
use site::command::{Authority, Proposal, Setpoint};
use site::external::Direction;
use site::{AssetId, Site, Snapshot};

/// What the rules wish for every asset.
///
/// An asset of which the circumstances do not tell what its rule must know gets no proposal: a
/// cabinet without a program level, a load that may wait without the time it has run.
#[must_use]
pub fn propose(site: &Site, snapshot: &Snapshot, known: &Circumstances) -> Vec<Proposal> {
    let export = Cap::at(site, &known.limits, Direction::Export, snapshot.now.utc);
    let pumps = site.pumps.iter().filter_map(|pump| level_band(site, snapshot, pump));
    let stations = site.lift_stations.iter().filter_map(|station| lift::band(snapshot, station));
    let lighting = site.lighting.iter().filter_map(|cabinet| {
        let level = *known.program_level.get(&cabinet.id)?;
        let why = format!("the program wants {:.0} % now", level.percent());
        Some(wish(&cabinet.id, Setpoint::Light(level), why))
    });
    let shiftable = site.shiftable.iter().filter_map(|load| {
        let run = known.run_today.get(&load.id).copied();
        shiftable::by_the_clock(site, snapshot, load, run)
    });
    let mut all: Vec<Proposal> = pumps.chain(stations).collect();
    all.extend(export::propose(site, snapshot, export));
    all.extend(lighting.chain(shiftable));
    all.extend(battery::propose(site, snapshot));
    all.extend(charging::propose(site, snapshot));
    all
}

/// A tank's level as a share of its height; none when it is not good.
pub(crate) fn level_share(snapshot: &Snapshot, tank: &Tank) -> Option<f64> {
    snapshot.number(&tank.level).map(|metres| metres / tank.height.get())
}

/// A level in words: metres, and per cent of the height.
pub(crate) fn level_words(tank: &Tank, share: f64) -> String {
    let metres = share * tank.height.get();
    format!("{} stands at {metres:.2} m ({:.1} %)", tank.id, share * 100.0)
}

fn wish(asset: &AssetId, setpoint: Setpoint, why: String) -> Proposal {
    Proposal { asset: asset.clone(), setpoint, authority: Authority::Program, why }
}

/// Start below, stop above, and in between go on as now.
fn level_band(site: &Site, snapshot: &Snapshot, pump: &Pump) -> Option<Proposal> {
    let tank = site.tank(&pump.fills)?;
    let level = level_share(snapshot, tank)?;
    let (start, stop) = (pump.level_control.start_below, pump.level_control.stop_above);
    let (setpoint, relation) = if level < start.get() {
        (Setpoint::Run, format!("below {:.0} %: run", start.percent()))
    } else if level > stop.get() {
        (Setpoint::Stop, format!("above {:.0} %: stop", stop.percent()))
    } else {
        let (setpoint, word) = match snapshot.flag(&pump.points.running)? {
            true => (Setpoint::Run, "running"),
            false => (Setpoint::Stop, "stopped"),
        };
        let (start, stop) = (start.percent(), stop.percent());
        (setpoint, format!("between {start:.0} % and {stop:.0} %: stays {word}"))
    };
    let why = format!("{}, {relation}", level_words(tank, level));
    Some(wish(&pump.id, setpoint, why))
}
