//! How visitors used to come: vehicles that nobody booked, by hour and kind of day.

use super::matching;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use site::asset::Charger;
use site::plan::{Basis, ChargerState, Estimate, Session};
use site::time::{add_seconds, seconds_between};
use site::units::Energy;
use site::{AssetId, Site};
use std::collections::BTreeMap;

/// Weight of one hour of one day in the mean of that hour: about ten days' memory.
const LEARNING: f64 = 0.1;
/// Weight of one visit in what a visit is like.
const VISIT_LEARNING: f64 = 0.2;
/// An hour is learned from when the charger was free, and watched, for at least this share of it.
const WATCHED_MIN: f64 = 0.5;
/// Between two looks longer apart than this nobody knows who came, s.
const GAP_MAX: f64 = 1800.0;
/// Visits shorter than this, s, or with less energy, Wh, were somebody who tried the plug.
const VISIT_MIN: f64 = 300.0;
const ENERGY_MIN: f64 = 200.0;
/// Visitors are expected in blocks as long as a visit, within these lengths, s.
const BLOCKS: (f64, f64) = (3600.0, 6.0 * 3600.0);
/// Less than this is not worth a session, Wh.
const EXPECTED_MIN: f64 = 300.0;

/// What was learned of the visitors at each charger.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Habits {
    chargers: BTreeMap<AssetId, Habit>,
}

/// Visitors at one charger.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
struct Habit {
    /// Mean arrivals by kind of day (working day, other) and local hour.
    arrivals: [[f64; 24]; 2],
    /// What a visit was like; none before the first.
    usual: Option<Usual>,
    present: Option<Present>,
    hour: Option<Hour>,
    last: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Usual {
    watthours: f64,
    seconds: f64,
}

/// The vehicle that is there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Present {
    arrival: Timestamp,
    booked: bool,
    watthours: f64,
}

/// The local hour that is being watched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Hour {
    kind: usize,
    hour: usize,
    /// How long the charger was free and watched, s.
    free: f64,
    arrivals: f64,
}

fn kind_and_hour(site: &Site, at: Timestamp) -> (usize, usize) {
    let local = at.to_zoned(site.zone.clone());
    let free = !site.holidays.is_working_day(local.date());
    (usize::from(free), usize::try_from(local.hour()).unwrap_or_default())
}

impl Habits {
    /// Learns from what is seen in this cycle.
    pub fn observe(&mut self, site: &Site, estimate: &Estimate) {
        self.chargers.retain(|id, _| site.chargers.iter().any(|charger| &charger.id == id));
        for charger in &site.chargers {
            if let Some(state) = estimate.chargers.get(&charger.id) {
                let habit = self.chargers.entry(charger.id.clone()).or_default();
                habit.observe(site, charger, (estimate.now.utc, state));
            }
        }
    }

    /// Adds the visitors that are to be expected between the sessions that are known.
    pub(super) fn visitors(
        &self,
        site: &Site,
        charger: &Charger,
        (now, end): (Timestamp, Timestamp),
        sessions: &mut Vec<Session>,
    ) {
        let Some(habit) = self.chargers.get(&charger.id) else { return };
        let mut from = now;
        let mut found = Vec::new();
        for known in sessions.iter() {
            habit.fill(site, charger, (from, known.arrival), &mut found);
            from = from.max(known.departure);
        }
        habit.fill(site, charger, (from, end), &mut found);
        sessions.extend(found);
    }
}

impl Habit {
    fn observe(
        &mut self,
        site: &Site,
        charger: &Charger,
        (now, state): (Timestamp, &ChargerState),
    ) {
        let passed = self.last.map_or(0.0, |last| seconds_between(last, now));
        self.last = Some(now);
        let watched = (0.0..=GAP_MAX).contains(&passed) && state.connected.is_some();
        self.turn_hour(site, now);
        if !watched {
            (self.present, self.hour) = (None, None);
            return;
        }
        let arrival = state.session.filter(|_| state.connected == Some(true)).map(|s| s.arrival);
        if let Some(present) = self.present.filter(|present| Some(present.arrival) != arrival) {
            self.leave(present, now);
            self.present = None;
        }
        let Some(arrival) = arrival else {
            if let Some(hour) = &mut self.hour {
                hour.free += passed;
            }
            return;
        };
        let power = state.power.map_or(0.0, |power| power.get().max(0.0));
        match &mut self.present {
            Some(present) => present.watthours += power * passed / 3600.0,
            None => {
                let booked = matching(site, charger, arrival).is_some();
                self.present = Some(Present { arrival, booked, watthours: 0.0 });
                // The hour of the arrival is not the one that went by before it.
                if let Some(hour) = self.hour.as_mut().filter(|_| !booked) {
                    hour.arrivals += 1.0;
                    hour.free += passed;
                }
            }
        }
    }

    /// When an hour has gone by, its arrivals are learned.
    fn turn_hour(&mut self, site: &Site, now: Timestamp) {
        let (kind, hour) = kind_and_hour(site, now);
        if self.hour.is_some_and(|watched| (watched.kind, watched.hour) == (kind, hour)) {
            return;
        }
        let begun = Hour { kind, hour, free: 0.0, arrivals: 0.0 };
        let Some(done) = self.hour.replace(begun) else { return };
        if done.arrivals > 0.0 || done.free >= WATCHED_MIN * 3600.0 {
            let mean = &mut self.arrivals[done.kind][done.hour];
            *mean += LEARNING * (done.arrivals - *mean);
        }
    }

    /// What a visit was like is learned when it is over.
    fn leave(&mut self, present: Present, now: Timestamp) {
        let seconds = seconds_between(present.arrival, now);
        if present.booked || seconds < VISIT_MIN || present.watthours < ENERGY_MIN {
            return;
        }
        let seen = Usual { watthours: present.watthours, seconds };
        let usual = self.usual.get_or_insert(seen);
        usual.watthours += VISIT_LEARNING * (seen.watthours - usual.watthours);
        usual.seconds += VISIT_LEARNING * (seen.seconds - usual.seconds);
    }

    /// Blocks as long as a visit, from one instant to another, with the energy to be expected.
    fn fill(
        &self,
        site: &Site,
        charger: &Charger,
        (from, to): (Timestamp, Timestamp),
        found: &mut Vec<Session>,
    ) {
        let Some(usual) = self.usual else { return };
        let length = usual.seconds.clamp(BLOCKS.0, BLOCKS.1);
        let mut begin = from;
        while begin < to {
            let end = add_seconds(begin, length).min(to);
            let hours = seconds_between(begin, end) / 3600.0;
            let most = charger.max_power().get() * hours;
            let watthours = (self.arrivals_between(site, begin, end) * usual.watthours).min(most);
            if watthours >= EXPECTED_MIN {
                found.push(Session {
                    arrival: begin,
                    departure: end,
                    wanted: Energy::new(watthours),
                    basis: Basis::Modelled,
                    draw: None,
                });
            }
            begin = end;
        }
    }

    fn arrivals_between(&self, site: &Site, from: Timestamp, to: Timestamp) -> f64 {
        let mut sum = 0.0;
        let mut at = from;
        while at < to {
            let quarter = SignedDuration::from_secs(900 - at.as_second().rem_euclid(900));
            let next = at.checked_add(quarter).unwrap_or(to).min(to);
            let (kind, hour) = kind_and_hour(site, at);
            sum += self.arrivals[kind][hour] * seconds_between(at, next) / 3600.0;
            at = next;
        }
        sum
    }
}
