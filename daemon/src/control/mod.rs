//! Control: the cycle, what it remembers, and what it shows.

mod assets;
mod cycle;
mod desk;
mod history;
mod ladder;
mod model;
mod operate;
mod outlook;
mod points;
mod solve;
mod state;
mod tally;
mod trips;
mod view;
mod what_if;

pub use crate::solver::Asked;
pub use desk::{Desk, DeskError, Granted, Request, Until, WRITE_SECONDS_MAX};
pub use operate::{WriteError, WriteReport, WriteWish};
pub use outlook::Outlook;
pub use points::Points;
pub use state::State;
pub use trips::{ResetReport, ResetWish, TripError};
pub use what_if::{WHAT_IF_SECONDS_MAX, WhatIf, WhatIfError};

use crate::http::View;
use crate::load::Loaded;
use crate::outside::OutsideFile;
use crate::solver::Solver;
use crate::store::Store;
use drivers::clock::Clock;
use drivers::connect::Connect;
use drivers::field::{Field, FieldDevice};
use history::History;
use jiff::Timestamp;
use ladder::Decision;
use policies::fit::Correction;
use policies::water::WaterModel;
use site::Mono;
use site::command::{Command, Guarded, Proposal, Verdict};
use site::plan::{Basis, Estimate, Forecast, Rung};
use site::record::CycleRecord;
use site::tariff::Tariff;
use state::Worn;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tally::Tally;
use tokio::sync::{Semaphore, mpsc, watch};

/// How long after the field's reads begin a cycle or tick begins: reads end just before it.
const AFTER_POLL: Duration = Duration::from_secs(2);
/// A decision older than this many cycles is not acted upon any more.
const DECISION_CYCLES: u32 = 3;

/// Which policy decides. The ladder stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The optimiser.
    Optimal,
    /// Level bands and calendars: the rung below the optimiser, used as a baseline.
    Rules,
}

/// What a controller is made of.
pub struct Parts {
    /// Site, profiles, network.
    pub loaded: Loaded,
    /// How devices are reached.
    pub connect: Arc<dyn Connect>,
    /// The clock.
    pub clock: Clock,
    /// State and history; none keeps nothing.
    pub store: Option<Store>,
    /// What was remembered from before.
    pub state: Option<State>,
    /// Who decides.
    pub policy: Policy,
    /// Where plans are solved.
    pub solver: Solver,
}

/// The controller of one site.
pub struct Controller {
    loaded: Loaded,
    field: Field,
    clock: Clock,
    history: History,
    policy: Policy,
    solver: Solver,
    /// Where questions of people are solved.
    what_if_solver: Solver,
    outlook: Option<Arc<dyn Outlook>>,
    state: State,
    outside: OutsideFile,
    /// Where the last forecast came from.
    basis: BTreeMap<String, Basis>,
    /// The planner's model with the last correction.
    corrected: Option<(Correction, Arc<WaterModel>)>,
    tally: Tally,
    started_at: Timestamp,
    rung: Option<Rung>,
    because: Option<String>,
    decision: Decision,
    decided_until: Mono,
    /// The last estimate: what proposals between cycles go by.
    believed: Estimate,
    /// The last forecast.
    expected: Forecast,
    proposals: Vec<Proposal>,
    commands: Vec<Guarded<Command>>,
    verdicts: Vec<Verdict>,
    /// What was written by hand and stands until the next cycle decides.
    overrides: operate::Overrides,
    /// What is wrong with the tariff's tables, in words.
    tariff_trouble: Option<String>,
    desk: Desk,
    requests: mpsc::Receiver<desk::Errand>,
    /// What each cycle knew, for those who ask what something would cost.
    moments: what_if::Moments,
    what_if_place: Arc<Semaphore>,
    view: watch::Sender<Arc<View>>,
}

impl Controller {
    /// Connects the field and takes up what was remembered. Nothing is written yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { loaded, connect, clock, store, state, policy, solver } = parts;
        let device = |device: &site::model::Device| {
            let profile = Arc::clone(&loaded.profiles[&device.id]);
            let envelopes = loaded.site.envelopes(&device.id);
            FieldDevice { device: device.clone(), profile, envelopes }
        };
        let devices = loaded.site.devices.iter().map(device).collect();
        let field = Field::start(devices, connect, clock.clone());
        let now = clock.now();
        let state = state.unwrap_or_else(|| State::new(&loaded.site));
        field.take_up_written(state.worn.at, &state.worn.writes);
        let (desk, requests) = Desk::open();
        let controller = Self {
            field,
            history: History::new(store),
            policy,
            what_if_solver: solver.beside(),
            solver,
            outlook: None,
            state,
            outside: OutsideFile::default(),
            basis: BTreeMap::new(),
            corrected: None,
            tally: Tally::default(),
            started_at: now.utc,
            rung: None,
            because: None,
            decision: Decision { rung: Rung::Release, plan: None, because: None },
            decided_until: Mono::new(Duration::MAX),
            believed: Estimate::default(),
            expected: Forecast::default(),
            proposals: Vec::new(),
            commands: Vec::new(),
            verdicts: Vec::new(),
            overrides: operate::Overrides::new(),
            tariff_trouble: None,
            desk,
            requests,
            moments: watch::Sender::new(None),
            what_if_place: Self::one_place(),
            // Replaced at once, below, by what there is to show.
            view: watch::Sender::new(Arc::new(View::default())),
            clock,
            loaded,
        };
        controller.show(None, &controller.field.freeze(now));
        controller
    }

    /// Where the daemon's view is published after every cycle.
    #[must_use]
    pub fn view(&self) -> watch::Receiver<Arc<View>> {
        self.view.subscribe()
    }

    /// Cycles completed since the start.
    #[must_use]
    pub const fn cycles(&self) -> u64 {
        self.tally.cycles
    }

    /// Hash over all records so far.
    #[must_use]
    pub fn record_hash(&self) -> &str {
        &self.state.hash
    }

    /// Real time of the optimiser's calls so far, ms.
    #[must_use]
    pub fn solve_times(&self) -> &[f64] {
        &self.tally.solve_ms
    }

    /// What the last cycle's plan was asked, whoever decided: for tools that ask it once more.
    pub fn asked(&mut self) -> Asked {
        Asked {
            site: Arc::clone(&self.loaded.site),
            water: self.corrected(),
            estimate: self.believed.clone(),
            forecast: self.expected.clone(),
        }
    }

    /// Holds the history to so many bytes, as a small disk does; none is the most that it ever may
    /// have. What no longer fits is not kept, and control goes on.
    pub fn limit_history(&mut self, bytes: Option<u64>) {
        let at = self.clock.now().utc;
        self.history.limit(at, bytes);
    }

    /// Commands that were sent and not yet read back.
    #[must_use]
    pub const fn pending(&self) -> u64 {
        self.tally.writes.pending
    }

    /// Waits for the next poll and lets the guard look, without a cycle.
    pub async fn look(&mut self) {
        let tick = self.next_tick();
        self.wait_until(tick).await;
        self.tick().await;
        self.show_again();
    }

    /// Runs until the next cycle is due, guarding at every poll on the way, then runs the cycle.
    pub async fn next_cycle(&mut self) -> CycleRecord {
        let due = self.due();
        loop {
            let tick = self.next_tick();
            if tick >= due {
                break;
            }
            self.wait_until(tick).await;
            self.tick().await;
        }
        self.wait_until(due).await;
        self.cycle().await
    }

    /// The tariff in force.
    #[must_use]
    pub fn tariff(&self) -> &Tariff {
        &self.loaded.site.tariff
    }

    /// Takes up newer tables of the tariff, between two cycles; `trouble` says in words what is
    /// wrong with those that could not be taken up.
    pub fn renew_tariff(&mut self, tariff: Option<Tariff>, trouble: Option<String>) {
        if let Some(tariff) = tariff {
            let mut site = (*self.loaded.site).clone();
            site.tariff = tariff;
            self.loaded.site = Arc::new(site);
        }
        self.tariff_trouble = trouble;
    }

    /// Ends: commands stop, so every device's own dead-man takes over. What was commanded since
    /// the last cycle is remembered: nothing is left to ask after.
    pub async fn stop(mut self) {
        let at = self.clock.now().utc;
        let state = self.remembered();
        self.field.stop().await;
        self.history.end(at, &state, &self.state.hash);
    }

    /// The state as it is put on disk.
    fn remembered(&mut self) -> serde_json::Value {
        let at = self.clock.now().utc;
        self.state.worn = Worn { at, writes: self.field.written_on_day(at) };
        serde_json::to_value(&self.state).unwrap_or_default()
    }

    /// When the next cycle is due. A cycle that took too long makes the next one late, not two.
    fn due(&mut self) -> Mono {
        let (now, pace) = (self.clock.now().mono, self.loaded.site.pace);
        let due = next(now, pace.cycle);
        if let Some(last) = self.tally.last_due
            && due.since(last) > pace.cycle
        {
            self.tally.overruns += 1;
        }
        self.tally.last_due = Some(due);
        due
    }

    fn next_tick(&self) -> Mono {
        next(self.clock.now().mono, self.loaded.site.pace.poll)
    }
}

/// The first instant after `now` that lies [`AFTER_POLL`] after a multiple of `period`.
fn next(now: Mono, period: Duration) -> Mono {
    let offset = AFTER_POLL.min(period / 5);
    let passed = now.since_start().saturating_sub(offset).as_nanos();
    let begun = now.since_start() >= offset;
    let count = if begun { passed / period.as_nanos() + 1 } else { 0 };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    Mono::new(period.saturating_mul(count).saturating_add(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_due_just_after_the_field_is_read() {
        let at = |seconds| Mono::new(Duration::from_secs(seconds));
        let minute = Duration::from_secs(60);
        assert_eq!(next(at(0), minute), at(2));
        assert_eq!(next(at(2), minute), at(62));
        assert_eq!(next(at(61), minute), at(62));
        assert_eq!(next(at(200), minute), at(242), "late: the missed ones are not made up for");
    }
}
