//! Chargers: who is there, since when, what is still wanted and until when.

mod appetite;

use super::{EstimateMemory, unavailable};
use crate::sessions::{self, Occurrence};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::asset::Charger;
use site::plan::{Basis, ChargerState, Draw, Session};
use site::time::{add_seconds, seconds_between};
use site::units::{Current, Energy, Power};
use site::{AssetId, Site, Snapshot};
use std::collections::BTreeMap;

use appetite::Appetite;

/// A session counter that falls by more than this belongs to another session, Wh.
const COUNTER_FELL: f64 = 200.0;
/// A vehicle whose time has passed and that is still there leaves this much later, s.
const OVERDUE: f64 = 1800.0;
/// A vehicle that takes less than this share of the least power, though it may charge, for
/// [`FULL_AFTER`] seconds is full.
const IDLE_SHARE: f64 = 0.1;
const FULL_AFTER: f64 = 600.0;
/// A vehicle whose driver said nothing may want more than what is booked or usual. Until it is
/// full, at least this share of that is still wanted: who pauses it never learns.
const REST_SHARE: f64 = 0.1;
/// And at most this share of what can still be given until it leaves.
const REST_ROOM: f64 = 0.8;

/// What is remembered of the vehicle at a charger.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Visit {
    /// When it was first seen.
    arrival: Timestamp,
    /// The charger was seen free before.
    seen_coming: bool,
    /// What the session counter said last.
    delivered: Energy,
    /// Since when it may charge and takes nothing.
    idle_since: Option<Timestamp>,
    full: bool,
    /// The charger was free when it was last seen; the fields above mean nothing then.
    free: bool,
    #[serde(default)]
    appetite: Appetite,
}

impl Visit {
    fn new(now: Timestamp, seen_coming: bool) -> Self {
        Self {
            arrival: now,
            seen_coming,
            delivered: Energy::ZERO,
            idle_since: None,
            full: false,
            free: false,
            appetite: Appetite::default(),
        }
    }
}

/// The state of every charger.
pub(super) fn states(
    site: &Site,
    snapshot: &Snapshot,
    memory: &mut EstimateMemory,
) -> BTreeMap<AssetId, ChargerState> {
    memory.visits.retain(|id, _| site.chargers.iter().any(|charger| &charger.id == id));
    let state = |charger: &Charger| (charger.id.clone(), state(site, charger, snapshot, memory));
    site.chargers.iter().map(state).collect()
}

fn state(
    site: &Site,
    charger: &Charger,
    snapshot: &Snapshot,
    memory: &mut EstimateMemory,
) -> ChargerState {
    let points = &charger.points;
    let connected = snapshot.flag(&points.connected);
    let visit = witness(charger, snapshot, memory);
    let session = visit.map(|visit| session(site, charger, snapshot, &visit));
    let needed = [&points.connected, &points.current];
    ChargerState {
        connected,
        power: snapshot.number(&points.power).map(Power::new),
        setting: snapshot.number(&points.current).map(|amperes| Current::new(amperes.max(0.0))),
        session,
        unavailable: unavailable(snapshot, &needed, points.remote.as_ref(), None),
    }
}

/// Takes in what is seen; the vehicle that is there, none when the charger is free. A charger that
/// cannot be read keeps its vehicle.
fn witness(charger: &Charger, snapshot: &Snapshot, memory: &mut EstimateMemory) -> Option<Visit> {
    let now = snapshot.now.utc;
    let delivered = snapshot.number(&charger.points.session);
    let known = memory.visits.get(&charger.id).copied();
    let visit = match (snapshot.flag(&charger.points.connected), known) {
        (Some(false), _) => Some(Visit { free: true, ..Visit::new(now, true) }),
        (None, known) => known,
        (Some(true), None) => Some(Visit::new(now, false)),
        (Some(true), Some(visit)) if visit.free => Some(Visit::new(now, true)),
        (Some(true), Some(visit)) => {
            // Another vehicle may have come while nobody looked.
            let fell = delivered.is_some_and(|wh| wh < visit.delivered.get() - COUNTER_FELL);
            Some(if fell { Visit::new(now, true) } else { visit })
        }
    };
    let mut visit = visit?;
    if let Some(wh) = delivered.filter(|_| !visit.free) {
        visit.delivered = Energy::new(wh.max(0.0));
    }
    rest(charger, snapshot, &mut visit);
    memory.visits.insert(charger.id.clone(), visit);
    (!visit.free).then_some(visit)
}

/// A vehicle that takes nothing for a while, though it may, is full until it takes something.
fn rest(charger: &Charger, snapshot: &Snapshot, visit: &mut Visit) {
    let now = snapshot.now.utc;
    let number = |point| snapshot.number(point);
    let (Some(power), Some(current)) =
        (number(&charger.points.power), number(&charger.points.current))
    else {
        return;
    };
    let takes = power >= IDLE_SHARE * charger.min_power().get();
    visit.appetite.observe(charger, current, if takes { power } else { 0.0 });
    if takes {
        (visit.idle_since, visit.full) = (None, false);
    } else if current < charger.min_current.get() {
        visit.idle_since = None;
    } else {
        let since = *visit.idle_since.get_or_insert(now);
        visit.full |= seconds_between(since, now) >= FULL_AFTER;
    }
}

/// What the vehicle wants: what its driver said, what was booked, what is usual.
fn session(site: &Site, charger: &Charger, snapshot: &Snapshot, visit: &Visit) -> Session {
    let now = snapshot.now.utc;
    let said = |point: &Option<site::PointId>| {
        let number = point.as_ref().and_then(|point| snapshot.number(point));
        number.filter(|number| *number > 0.0)
    };
    let (wanted, leaves_in) = (said(&charger.points.wanted), said(&charger.points.leaves_in));
    let booked = booked(site, charger, visit);
    let usual = charger.usual;
    let total =
        wanted.map(Energy::new).or(booked.map(|booking| booking.energy)).unwrap_or(usual.energy);
    let departure = leaves_in
        .map(|minutes| add_seconds(now, 60.0 * minutes))
        .or(booked.map(|booking| booking.departure))
        .unwrap_or_else(|| add_seconds(visit.arrival, usual.stay.as_secs_f64()));
    let overdue = departure <= now;
    let departure = if overdue { add_seconds(now, OVERDUE) } else { departure };
    let rest = if wanted.is_some() { Energy::ZERO } else { total * REST_SHARE };
    // No more than the time that is left has room for: the rest is a guess, and not to be missed.
    let hours = seconds_between(now, departure) / 3600.0;
    let draw = visit.appetite.draw(charger);
    let most = draw.unwrap_or_else(|| Draw::unseen(charger)).most;
    let room = Energy::new(REST_ROOM * most.get() * hours);
    let left = (total - visit.delivered).max(rest.min(room));
    Session {
        arrival: visit.arrival,
        departure,
        wanted: if visit.full { Energy::ZERO } else { left },
        basis: match (wanted, booked) {
            (Some(_), _) => Basis::Measured,
            _ if visit.full => Basis::Measured,
            (None, Some(_)) => Basis::Modelled,
            (None, None) => Basis::Default,
        },
        draw,
    }
}

/// The booking that the visit belongs to: the vehicle came near its time, or was there already when
/// the daemon first looked.
fn booked(site: &Site, charger: &Charger, visit: &Visit) -> Option<Occurrence> {
    let near = sessions::matching(site, charger, visit.arrival);
    if visit.seen_coming {
        return near;
    }
    near.or_else(|| sessions::around(site, charger, visit.arrival))
}
