//! What the guard remembers: when motors switched, how often they started, and what was last
//! told. Only time that was witnessed counts.
//!
//! Times are kept in UTC so that they survive a restart. UTC can be stepped, and a restart or a
//! suspended host leaves a gap; both are measured against the monotonic clock, and every time in
//! the memory is moved along by what was not witnessed. So neither can make a rest seem longer,
//! or a start older, than it was seen to be.

use super::trips::TripMemory;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use site::command::{Command, Guarded, Setpoint};
use site::{AssetId, Mono, Now, Site, Snapshot};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// The windows in which starts are counted.
const HOUR: Duration = Duration::from_secs(3600);
pub(super) const DAY: Duration = Duration::from_secs(86_400);
/// Starts kept per motor: above the most that a site file may allow in a day (300).
const STARTS_MAX: usize = 320;
/// A command that is not repeated may still take effect for so long: devices obey within seconds,
/// and their dead-men seldom wait longer.
const ON_THE_WAY_MAX: Duration = Duration::from_secs(60);
/// After so many cycles unseen, nobody knows what a motor did: it counts as just switched.
const UNSEEN_CYCLES_MAX: u32 = 2;

/// What the guard remembers between looks and over a restart.
///
/// In every look: first [`observe`](Self::observe), then [`guard`](super::guard), then
/// [`commanded`](Self::commanded). Serialise it with the state; the monotonic instant of the last
/// look is not stored, because it means nothing to another life of the daemon.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GuardMemory {
    looked: Option<Look>,
    /// Pumps, shiftable loads, lift stations. Older states knew pumps alone.
    #[serde(alias = "pumps")]
    motors: BTreeMap<AssetId, MotorMemory>,
    settings: BTreeMap<AssetId, Setting>,
    /// Stops that are latched, and what may lead to one. Older states knew none.
    pub(super) trips: BTreeMap<AssetId, TripMemory>,
    /// The check that is left out.
    #[cfg(any(test, feature = "guard-holes"))]
    #[serde(skip)]
    pub(super) hole: Option<&'static str>,
}

/// The instant of the last look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Look {
    utc: Timestamp,
    #[serde(skip)]
    mono: Option<Mono>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct MotorMemory {
    running: bool,
    /// Since when, as far as was seen.
    since: Timestamp,
    /// The last good sight of it.
    seen: Timestamp,
    /// When it was told to switch; none once that is seen.
    told: Option<Timestamp>,
    /// Starts of the last day, oldest first.
    starts: VecDeque<Timestamp>,
}

/// What a motor does, as far as the guard's timers are concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    /// It runs.
    pub(super) running: bool,
    /// It has for so long, as far as was witnessed.
    pub(super) lasted: Duration,
}

/// What an asset with a graded setpoint was told at the last look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Setting {
    setpoint: Setpoint,
    at: Timestamp,
}

impl GuardMemory {
    /// Takes in what the field shows. A motor seen for the first time counts as just switched.
    pub fn observe(&mut self, site: &Site, snapshot: &Snapshot) {
        let now = snapshot.now;
        let patience = site.pace.cycle.saturating_mul(UNSEEN_CYCLES_MAX);
        self.witness(now, patience);
        let known: BTreeSet<&AssetId> = site.motors().map(|motor| motor.id).collect();
        self.motors.retain(|id, _| known.contains(id));
        for motor in site.motors() {
            if let Some(running) = snapshot.flag(motor.running) {
                let memory = self.motors.entry(motor.id.clone());
                let memory = memory.or_insert_with(|| MotorMemory::new(now.utc));
                memory.see(running, now.utc, patience);
                // The hand at the switch called off what was on its way.
                if snapshot.flag(motor.remote) == Some(false) && memory.told.is_some() {
                    memory.begin_anew(now.utc);
                }
            }
        }
        self.observe_trips(site, snapshot);
    }

    /// Takes in the commands that were let through at this look and handed on for writing, and
    /// no others: a command counts as on its way to the device.
    pub fn commanded(&mut self, now: Timestamp, commands: &[Guarded<Command>]) {
        let told: BTreeMap<&AssetId, Setpoint> =
            commands.iter().map(|command| (&command.get().asset, command.get().setpoint)).collect();
        for (id, motor) in &mut self.motors {
            let run = told.get(id).map(|setpoint| *setpoint == Setpoint::Run);
            motor.tell(run, now);
            if let Some(trips) = self.trips.get_mut(id) {
                trips.tell(run, now);
            }
        }
        // An asset that was told nothing goes its own way; the next ramp begins at what it shows.
        self.settings = told
            .into_iter()
            .filter(|(_, setpoint)| !matches!(setpoint, Setpoint::Run | Setpoint::Stop))
            .map(|(id, setpoint)| (id.clone(), Setting { setpoint, at: now }))
            .collect();
    }

    /// Whether a motor was running when last seen; none when it never was seen.
    #[must_use]
    pub fn running(&self, motor: &AssetId) -> Option<bool> {
        self.motors.get(motor).map(|memory| memory.running)
    }
    /// Since when a running motor runs, as far as was witnessed; none when it does not run.
    #[must_use]
    pub fn running_since(&self, motor: &AssetId) -> Option<Timestamp> {
        self.motors.get(motor).filter(|memory| memory.running).map(|memory| memory.since)
    }
    /// How long a motor has been running or stopped, as far as was witnessed; none when it never
    /// was seen.
    #[must_use]
    pub fn in_state_for(&self, motor: &AssetId, now: Timestamp) -> Option<Duration> {
        self.motors.get(motor).map(|memory| age(memory.since, now))
    }
    /// Starts in the last 60 minutes: those seen, and one told that is not seen yet.
    #[must_use]
    pub fn starts_last_hour(&self, motor: &AssetId, now: Timestamp) -> u32 {
        self.starts_within(motor, now, HOUR)
    }
    /// The same of the last 24 hours.
    #[must_use]
    pub fn starts_last_day(&self, motor: &AssetId, now: Timestamp) -> u32 {
        self.starts_within(motor, now, DAY)
    }
    fn starts_within(&self, motor: &AssetId, now: Timestamp, window: Duration) -> u32 {
        let Some(memory) = self.motors.get(motor) else { return 0 };
        let recent = memory.starts.iter().filter(|&&start| age(start, now) < window);
        u32::try_from(recent.count()).unwrap_or(u32::MAX)
    }
    /// Whether a motor runs, and for how long it has, when it is measured so. A switch that was
    /// told and is not seen yet counts as done; a state that was not seen has only just begun.
    pub(super) fn standing(&self, motor: &AssetId, measured: bool, now: Timestamp) -> Standing {
        match self.motors.get(motor).filter(|memory| memory.running == measured) {
            Some(memory) => Standing {
                running: memory.stands(),
                lasted: age(memory.told.unwrap_or(memory.since), now),
            },
            None => Standing { running: measured, lasted: Duration::ZERO },
        }
    }
    /// What an asset with a graded setpoint was told at the last look, and when.
    pub(super) fn setting(&self, asset: &AssetId) -> Option<(Setpoint, Timestamp)> {
        self.settings.get(asset).map(|setting| (setting.setpoint, setting.at))
    }

    /// Moves every time along by what UTC advanced without being witnessed. After a long gap or
    /// a large step, in whichever direction, nobody knows what happened: all is just switched.
    fn witness(&mut self, now: Now, patience: Duration) {
        let look = Look { utc: now.utc, mono: Some(now.mono) };
        let Some(last) = self.looked.replace(look) else { return };
        let witnessed = last.mono.map_or(Duration::ZERO, |mono| now.mono.since(mono));
        let witnessed = SignedDuration::try_from(witnessed).unwrap_or(SignedDuration::MAX);
        let unwitnessed = now.utc.duration_since(last.utc).saturating_sub(witnessed);
        let long = unwitnessed.unsigned_abs() > patience;
        // Only at the end of the calendar can a time not be moved; then it is as if just now.
        let moved = |at: &mut Timestamp| *at = at.checked_add(unwitnessed).unwrap_or(now.utc);
        for motor in self.motors.values_mut() {
            motor.starts.iter_mut().chain(&mut motor.told).for_each(moved);
            [&mut motor.since, &mut motor.seen].into_iter().for_each(moved);
            if long {
                // In one life of the daemon, what was told is still on its way.
                let told = motor.told.filter(|_| last.mono.is_some()).map(|_| now.utc);
                motor.begin_anew(now.utc);
                motor.told = told;
            }
        }
        self.settings.values_mut().for_each(|setting| moved(&mut setting.at));
        self.witness_trips(moved, long);
        if long {
            self.settings.clear();
        }
    }
}

impl MotorMemory {
    const fn new(now: Timestamp) -> Self {
        let starts = VecDeque::new();
        Self { running: false, since: now, seen: now, told: None, starts }
    }

    /// Whether it runs, or will as soon as it does what it was told.
    const fn stands(&self) -> bool {
        self.running != self.told.is_some()
    }

    fn begin_anew(&mut self, now: Timestamp) {
        self.since = now;
        self.told = None;
    }

    fn see(&mut self, running: bool, now: Timestamp, patience: Duration) {
        if running && !self.running {
            // The start that was counted when it was told is this one.
            if self.told.is_some() {
                self.starts.pop_back();
            }
            self.count_start(now);
        }
        if running != self.running || age(self.seen, now) > patience {
            self.begin_anew(now);
        }
        self.running = running;
        self.seen = now;
        while self.starts.front().is_some_and(|&start| age(start, now) >= DAY) {
            self.starts.pop_front();
        }
    }

    /// A start counts when it is told, so that a feedback that fails cannot hide it.
    fn tell(&mut self, run: Option<bool>, now: Timestamp) {
        let on_the_way = self.told.is_some_and(|at| age(at, now) <= ON_THE_WAY_MAX);
        if run == Some(self.stands()) || (run.is_none() && on_the_way) {
            return;
        }
        if run == Some(true) {
            self.count_start(now);
        }
        if run == Some(!self.running) {
            self.told = Some(now);
        } else if self.told.is_some() {
            // Called off before it was seen: it may have switched, and back.
            self.begin_anew(now);
        }
    }

    fn count_start(&mut self, now: Timestamp) {
        self.starts.push_back(now);
        if self.starts.len() > STARTS_MAX {
            self.starts.pop_front();
        }
    }
}

/// Time from `at` to `now`; zero when `at` is later.
pub(super) fn age(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}
