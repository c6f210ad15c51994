//! The cap on export, by the site's connection or ordered from outside: inverters run freely until
//! the meter shows more export than allowed; then each may give what it gives now, plus its part of
//! the room that is left (or less its part of the excess). With a steady load that is right at once
//! and does not oscillate.

use super::{Cap, DEADBAND, wish};
use site::asset::{Inverter, Mode};
use site::command::{Proposal, Setpoint};
use site::units::{Power, Ratio};
use site::{Site, Snapshot};

/// A new limit closer than this to the one in force (of the rating) is not worth a write.
const LIMIT_DEADBAND: f64 = 0.02;
/// A limit rises by at most this share of the rating in one look, and falls at once.
const RAISE_MAX: f64 = 0.05;
/// A limit read back at or above this share is no limit.
const UNLIMITED: f64 = 0.995;

/// A proposal for every inverter: no limit by the program, or a limit by the cap's own authority.
pub(super) fn propose(site: &Site, snapshot: &Snapshot, cap: Option<Cap>) -> Vec<Proposal> {
    let Some(Cap { power: allowed, authority }) = cap else {
        let free = |inverter: &Inverter| {
            wish(&inverter.id, Setpoint::NoLimit, "nothing limits the export".to_owned())
        };
        return site.inverters.iter().map(free).collect();
    };
    let import = snapshot.number(&site.grid.power).map(Power::new);
    let limited = |inverter| limit_in_force(snapshot, inverter).is_some();
    let any_limited = site.inverters.iter().any(limited);
    let held = |inverter: &Inverter| {
        let Some(import) = import else {
            return blind(site, inverter, allowed, "the meter at the grid is not good");
        };
        let export = -import;
        if export.get() <= allowed.get() * (1.0 - DEADBAND) && !any_limited {
            let (export, allowed) = (export.kw(), allowed.kw());
            let why = format!("export is {export:.1} kW, and {allowed:.1} kW are allowed");
            return wish(&inverter.id, Setpoint::NoLimit, why);
        }
        share_room(site, snapshot, inverter, Room { export, allowed })
    };
    let by_authority = |mut proposal: Proposal| {
        if matches!(proposal.setpoint, Setpoint::Limit(_)) {
            proposal.authority = authority;
        }
        proposal
    };
    site.inverters.iter().map(|inverter| by_authority(held(inverter))).collect()
}

/// What the meter shows, against what is allowed. Both are counted positive as export.
#[derive(Clone, Copy)]
struct Room {
    export: Power,
    allowed: Power,
}

impl Room {
    /// Whether the limit in force may stay: it is close to the new one, and nothing is exceeded.
    fn near(self, held: f64, target: f64) -> bool {
        self.export <= self.allowed && (target - held).abs() <= LIMIT_DEADBAND
    }
}

/// What the inverter gives now, plus its part of the room.
fn share_room(site: &Site, snapshot: &Snapshot, inverter: &Inverter, room: Room) -> Proposal {
    let Some(power) = snapshot.number(&inverter.points.power) else {
        return blind(site, inverter, room.allowed, "its power is not good");
    };
    let rating = rating(inverter);
    let spare = room.allowed.get() * (1.0 - DEADBAND) - room.export.get();
    let target = (power + spare * rating / rating_of_shared(site, inverter)) / rating;
    let share = match limit_in_force(snapshot, inverter) {
        // Free already, or free again: even its full rating would fit into the room.
        None => target,
        Some(_) if target >= 1.0 => target,
        Some(held) if room.near(held, target) => held,
        // What is given already needs no slow rise: a limit read back may not be applied.
        Some(held) => target.min(held.max(power / rating) + RAISE_MAX),
    };
    let (export, allowed) = (room.export.kw(), room.allowed.kw());
    let seen = format!("export is {export:.1} kW, and {allowed:.1} kW are allowed");
    capped(inverter, share, &seen)
}

/// Without a reading nothing is known of the load: as if there were none, the export limit is
/// split by rating, after the whole rating of the inverters that nobody controls.
fn blind(site: &Site, inverter: &Inverter, allowed: Power, trouble: &str) -> Proposal {
    let free = site.inverters.iter().filter(|other| !shared(other, inverter)).map(rating);
    let left = (allowed.get() - free.sum::<f64>()).max(0.0);
    let share = left / rating_of_shared(site, inverter);
    capped(inverter, share, &format!("{trouble}: its part of {:.1} kW export", allowed.kw()))
}

fn capped(inverter: &Inverter, share: f64, seen: &str) -> Proposal {
    if share >= 1.0 {
        return wish(&inverter.id, Setpoint::NoLimit, format!("{seen}: no limit is needed"));
    }
    let limit = Ratio::new(share.max(0.0));
    let (power, rated) = (inverter.rated_power.kw() * limit.get(), inverter.rated_power.kw());
    let why = format!("{seen}: at most {power:.1} kW of {rated:.1} kW");
    wish(&inverter.id, Setpoint::Limit(limit), why)
}

/// The limit read back, as a share; none when there is none, or it cannot be read.
fn limit_in_force(snapshot: &Snapshot, inverter: &Inverter) -> Option<f64> {
    let share = snapshot.number(&inverter.points.limit)? / 100.0;
    (share < UNLIMITED).then_some(share)
}

/// AC rating in W.
fn rating(inverter: &Inverter) -> f64 {
    inverter.rated_power.get().max(1.0)
}

/// Whether `other` bears its part of the cap: it is controlled, or it is the one asked about
/// (so that a shadow shows what it would do).
fn shared(other: &Inverter, asked: &Inverter) -> bool {
    other.control.mode == Mode::Control || other.id == asked.id
}

/// Sum of the ratings, in W, of the inverters that bear the cap.
fn rating_of_shared(site: &Site, asked: &Inverter) -> f64 {
    site.inverters.iter().filter(|other| shared(other, asked)).map(rating).sum()
}
