//! What is remembered of one asset's trips. In every look: [`TripMemory::observe`], then
//! [`TripMemory::tell`].

use super::cause::DRY_REST;
use super::sight::{Sight, Signs};
use super::{Cause, Trip, minutes};
use crate::guard::memory::{DAY, age};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::AssetId;
use std::collections::VecDeque;
use std::time::Duration;

/// A pump that runs with next to no flow for so long runs dry: at its start it is given this time.
const FLOWLESS_MAX: Duration = Duration::from_secs(30);
/// A pump that runs on into a full tank for so long does not obey the interlock: devices stop
/// within seconds.
const OVERFULL_MAX: Duration = Duration::from_secs(60);
/// A motor that does the opposite of what it is told in every look for so long does not obey. Soft
/// starters and valves take minutes; looks are a minute apart at most.
const DISOBEYED_MAX: Duration = Duration::from_secs(300);
/// So many faults in 24 hours are one that comes back.
const FAULTS_MAX: usize = 3;
/// So often in 24 hours it starts again by itself; then somebody has to look.
const RESTARTS_MAX: usize = 3;

/// What is remembered of one asset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::guard) struct TripMemory {
    latched: Option<Latched>,
    /// Restarts by itself in the last day, oldest first.
    restarts: VecDeque<Timestamp>,
    /// Faults that began in the last day, oldest first.
    faults: VecDeque<Timestamp>,
    faulty: bool,
    /// Since when it has been running without flow.
    flowless: Option<Timestamp>,
    /// Since when it has been running into a full tank.
    overfull: Option<Timestamp>,
    /// What it was told at the last look.
    told: Option<Told>,
    /// What was reset since the last look.
    reset: Option<Cause>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Latched {
    trip: Trip,
    /// Since when it has held, as far as was witnessed.
    since: Timestamp,
}

/// What a motor is told, and how long it has done the opposite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Told {
    run: bool,
    /// Since when it was told so and was not seen to do it.
    since: Timestamp,
    /// In how many looks it did the opposite.
    looks: u32,
}

impl TripMemory {
    pub(super) fn trip(&self) -> Option<&Trip> {
        self.latched.as_ref().map(|latched| &latched.trip)
    }

    /// Why the asset is held, for how long it has been, and what ends it; none when it is free.
    pub(super) fn words(&self, asset: &AssetId, now: Timestamp) -> Option<String> {
        let Latched { trip, since } = self.latched.as_ref()?;
        let (ago, cause) = (minutes(age(*since, now)), trip.cause.word());
        let end = trip.end_words(asset);
        Some(format!("tripped {ago} ago ({cause}): {}; {end}", trip.reason))
    }

    pub(super) fn reset(&mut self) -> Option<Trip> {
        let trip = self.latched.take()?.trip;
        // The state of the fault stays: one that is still there is no new one.
        let faulty = self.faulty;
        *self = Self { faulty, reset: Some(trip.cause), ..Self::default() };
        Some(trip)
    }

    /// Takes in what a motor is told from now on; none when it is told nothing.
    pub(in crate::guard) fn tell(&mut self, run: Option<bool>, now: Timestamp) {
        self.told = run.map(|run| match self.told {
            Some(told) if told.run == run => told,
            _ => Told { run, since: now, looks: 0 },
        });
    }

    /// Takes in what the field shows.
    pub(super) fn observe(&mut self, sight: &Sight<'_>) {
        let now = sight.snapshot.now.utc;
        for times in [&mut self.restarts, &mut self.faults] {
            while times.front().is_some_and(|&at| age(at, now) >= DAY) {
                times.pop_front();
            }
        }
        let signs = sight.signs();
        let reset = self.reset.take().and_then(|cause| signs.persists(cause));
        if !sight.is_remote() {
            // Whoever stands at the device does as he likes with it.
            (self.flowless, self.overfull, self.told) = (None, None, None);
            self.faulty = signs.faulty.unwrap_or(self.faulty);
            return;
        }
        let again = reset.map(|(cause, words)| (cause, format!("{words}, still after a reset")));
        match again.or(self.found(&signs, now)) {
            Some((cause, reason)) => self.latch(cause, reason, now),
            None => self.let_go(&signs, now),
        }
    }

    /// The first cause that has lasted long enough.
    fn found(&mut self, signs: &Signs, now: Timestamp) -> Option<(Cause, String)> {
        let flowless = lasting(&mut self.flowless, signs.flowless.is_some(), now);
        let overfull = lasting(&mut self.overfull, signs.overfull.is_some(), now);
        let faults = self.count_faults(signs, now);
        let disobeyed = self.disobeyed(signs.running, now);
        let dry = signs.dry.as_ref().map(|words| format!("{words} while it runs"));
        let flowless = signs.flowless.as_ref().filter(|_| flowless >= Some(FLOWLESS_MAX));
        let flowless = flowless.map(|words| format!("{words} for {:.0} s", FLOWLESS_MAX.as_secs()));
        let overfull = signs.overfull.as_ref().zip(overfull).filter(|(_, by)| *by >= OVERFULL_MAX);
        let overfull = overfull
            .map(|(words, by)| format!("{words}, and it has run on for {:.0} s", by.as_secs_f64()));
        let dry = dry.or(flowless).map(|reason| (Cause::DryRun, reason));
        let overfull = overfull.map(|reason| (Cause::Overflow, reason));
        let faults = faults.map(|reason| (Cause::Fault, reason));
        // What needs a person comes before what may end by itself.
        overfull.or(faults).or(disobeyed).or(dry)
    }

    /// Counts a fault when it begins.
    fn count_faults(&mut self, signs: &Signs, now: Timestamp) -> Option<String> {
        let faulty = signs.faulty?;
        let began = faulty && !self.faulty;
        self.faulty = faulty;
        if began {
            self.faults.push_back(now);
        }
        let count = self.faults.len();
        let point = signs.fault.as_ref()?;
        (began && count >= FAULTS_MAX).then(|| format!("{point} came on {count} times in 24 h"))
    }

    /// Whether a motor does the opposite of what it has been told for too long.
    fn disobeyed(&mut self, running: Option<bool>, now: Timestamp) -> Option<(Cause, String)> {
        let told = self.told.as_mut()?;
        if running != Some(!told.run) {
            (told.since, told.looks) = (now, 0);
            return None;
        }
        told.looks = told.looks.saturating_add(1);
        let (lasted, looks) = (age(told.since, now), told.looks);
        if lasted < DISOBEYED_MAX {
            return None;
        }
        let (cause, told, does) = match told.run {
            true => (Cause::StandsStill, "run", "stands still"),
            false => (Cause::RunsOn, "stop", "runs on"),
        };
        let ago = minutes(lasted);
        Some((cause, format!("told to {told} {ago} ago, and in {looks} looks since it {does}")))
    }

    /// Latches a trip; one that needs a person takes the place of one that does not.
    fn latch(&mut self, cause: Cause, reason: String, now: Timestamp) {
        let left = match cause {
            Cause::DryRun => RESTARTS_MAX.saturating_sub(self.restarts.len()),
            Cause::Overflow | Cause::Fault | Cause::RunsOn | Cause::StandsStill => 0,
        };
        let restarts_left = u32::try_from(left).unwrap_or(0);
        let held = self.trip().map(|trip| trip.restarts_left);
        if held.is_none_or(|held| held > 0 && restarts_left == 0 && cause != Cause::DryRun) {
            let trip = Trip { cause, at: now, reason, restarts_left };
            self.latched = Some(Latched { trip, since: now });
        }
    }

    /// Ends a dry run once the pump has rested and there is water again.
    fn let_go(&mut self, signs: &Signs, now: Timestamp) {
        let rested = |latched: &Latched| {
            latched.trip.restarts_left > 0 && age(latched.since, now) >= DRY_REST
        };
        if signs.watered && self.latched.as_ref().is_some_and(rested) {
            self.latched = None;
            self.restarts.push_back(now);
        }
    }

    pub(super) fn move_along(&mut self, moved: &impl Fn(&mut Timestamp), long: bool) {
        let since = self.latched.as_mut().map(|latched| &mut latched.since);
        self.restarts.iter_mut().chain(&mut self.faults).chain(since).for_each(moved);
        self.flowless.iter_mut().chain(&mut self.overfull).for_each(moved);
        self.told.iter_mut().for_each(|told| moved(&mut told.since));
        if long {
            (self.flowless, self.overfull, self.told) = (None, None, None);
        }
    }
}

/// How long something has lasted; none when it is over.
fn lasting(since: &mut Option<Timestamp>, is_so: bool, now: Timestamp) -> Option<Duration> {
    *since = is_so.then(|| since.unwrap_or(now));
    since.map(|since| age(since, now))
}
