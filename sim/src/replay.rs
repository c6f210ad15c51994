//! Whole days with the daemon's own code on paused time, Modbus bytes included.

use crate::connect::DuplexConnect;
use crate::foresight::{Future, learned};
use crate::report::{PolicyReport, Report};
use crate::trace::Trace;
use crate::world::{Bookkeeper, World, WorldError};
use drivers::clock::Clock;
use jiff::Timestamp;
use jiff::civil::Date;
use regie::control::{Controller, Parts, Policy, State};
use regie::resident::STATE_FILE;
use regie::solver::Solver;
use regie::store::Store;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A replay's optimiser is bounded in nodes; its limit in seconds is only there against a hang.
const SOLVE_LIMIT: Duration = Duration::from_secs(300);
/// Days over which a replay's demand charge is spread.
const BILLING_DAYS: u16 = 30;
/// The most days of one replay.
pub const DAYS_MAX: u32 = 366;

/// What to replay.
#[derive(Debug, Clone)]
pub struct Replay {
    /// First local day.
    pub day: Date,
    /// Number of local days.
    pub days: u32,
    /// End after so many hours instead.
    pub hours: Option<u32>,
    /// Seed of the truth.
    pub seed: u64,
    /// Who plays, each on the same truth.
    pub policies: Vec<Player>,
    /// Where a line per cycle and policy is written, as CSV.
    pub trace: Option<PathBuf>,
    /// A folder in which state and history are kept as the daemon keeps them: of the optimiser
    /// when it is replayed, of the first policy otherwise.
    pub history: Option<PathBuf>,
}

/// Cycles done so far, over all policies, and how many there will be.
#[derive(Debug, Default)]
pub struct Progress {
    /// Done.
    pub done: AtomicU64,
    /// To do.
    pub all: AtomicU64,
}

/// Who decides in a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Player {
    /// The optimiser with its own forecasts.
    Optimal,
    /// Level bands and calendars.
    Rules,
    /// The optimiser told the true future: what better forecasts could bring at most.
    Foresight,
}

impl Player {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Optimal => "optimal",
            Self::Rules => "rules",
            Self::Foresight => "foresight",
        }
    }
    const fn policy(self) -> Policy {
        match self {
            Self::Optimal | Self::Foresight => Policy::Optimal,
            Self::Rules => Policy::Rules,
        }
    }
}

impl Replay {
    /// Replays every policy, each on a thread of its own.
    ///
    /// # Errors
    /// When the site cannot be simulated.
    pub fn run(&self, world: &World, progress: &Progress) -> Result<Report, WorldError> {
        let mut world = world.clone();
        let start = world.start_of(self.day)?;
        let end = match self.hours {
            Some(hours) => site::time::add_seconds(start, f64::from(hours) * 3600.0),
            None => world.end_of(self.day, self.days)?,
        };
        prepare(&mut world, start);
        let cycles = end.duration_since(start).as_secs().unsigned_abs()
            / world.site().pace.cycle.as_secs().max(1);
        let policies = u64::try_from(self.policies.len()).unwrap_or(1);
        progress.all.store(cycles * policies, Ordering::Relaxed);
        let one =
            |policy: Player| paused().block_on(self.policy(&world, policy, (start, end), progress));
        let mut reports = BTreeMap::new();
        std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .policies
                .iter()
                .map(|&policy| (policy, scope.spawn(move || one(policy))))
                .collect();
            for (policy, thread) in threads {
                let report = thread.join().expect("a replay's thread panicked; see above");
                reports.insert(policy.name().to_owned(), report?);
            }
            Ok::<_, WorldError>(())
        })?;
        let site = world.site().id.to_string();
        let (day, days, seed) = (self.day.to_string(), self.days, self.seed);
        let perturbed = Some(world.perturbation().clone()).filter(|p| !p.is_none());
        Ok(Report { site, day, days, seed, perturbed, policies: reports })
    }

    async fn policy(
        &self,
        world: &World,
        player: Player,
        (start, end): (Timestamp, Timestamp),
        progress: &Progress,
    ) -> Result<PolicyReport, WorldError> {
        let clock = Clock::scaled(start, 1.0);
        let timer = clock.stopwatch();
        let field = world.field(self.seed, &clock)?;
        let books = Bookkeeper::start(world.site(), &field, &clock);
        let mut controller = Controller::new(Parts {
            loaded: world.loaded.clone(),
            connect: Arc::new(DuplexConnect::new(field.clone())),
            clock: clock.clone(),
            store: self.history(player).map(|folder| begin_history(folder, start)).transpose()?,
            state: watched(world, self.seed, start)?,
            policy: player.policy(),
            solver: Solver::in_process(),
        });
        if player == Player::Foresight {
            let until = site::time::add_seconds(end, world.site().pace.horizon.as_secs_f64());
            let future = Future::of(world.scout(self.seed, start)?, until);
            controller.foresee(Arc::new(future));
        }
        let mut trace = Trace::open(self.trace.as_deref(), player.name())?;
        let cycle = world.site().pace.cycle.as_secs_f64();
        let mut given_up: BTreeMap<String, u64> = BTreeMap::new();
        while site::time::seconds_between(clock.now().utc, end) > cycle {
            let record = controller.next_cycle().await;
            trace.cycle(&record, &world.site().zone)?;
            for wish in &controller.view().borrow().status.solver.shortfalls {
                *given_up.entry(wish.wish.clone()).or_default() += 1;
            }
            progress.done.fetch_add(1, Ordering::Relaxed);
        }
        let left = site::time::seconds_between(clock.now().utc, end).max(0.0);
        clock.sleep(Duration::from_secs_f64(left)).await;
        let ledger = books.look();
        let status = controller.view().borrow().status.clone();
        let wall = timer.elapsed_ms() / 1e3;
        let stored = world.stored(&ledger);
        let report = PolicyReport::new(&ledger, &controller, &status, given_up, stored, wall);
        controller.stop().await;
        Ok(report)
    }

    /// Where the history of a policy is kept, when it is the one that is kept.
    fn history(&self, player: Player) -> Option<&Path> {
        let optimal = self.policies.contains(&Player::Optimal);
        let kept = if optimal { Some(&Player::Optimal) } else { self.policies.first() };
        self.history.as_deref().filter(|_| kept == Some(&player))
    }
}

/// Begins a history in a folder that holds none.
fn begin_history(folder: &Path, start: Timestamp) -> Result<Store, WorldError> {
    let file = folder.join(STATE_FILE);
    if file.exists() {
        return Err(WorldError::HistoryThere { path: file });
    }
    Ok(Store::open(&file, start)?.store)
}

/// What was learned on the days before a start, when the site says that it was watched.
pub(crate) fn watched(
    world: &World,
    seed: u64,
    start: Timestamp,
) -> Result<Option<State>, WorldError> {
    let site = world.site();
    let seconds = f64::from(site.simulation.learn_days) * 86_400.0;
    if seconds <= 0.0 {
        return Ok(None);
    }
    let scout = world.scout(seed, site::time::add_seconds(start, -seconds))?;
    Ok(Some(State::new(site).with(learned(site, scout, start))))
}

/// Changes a site for a replay that begins at an instant.
pub(crate) fn prepare(world: &mut World, start: Timestamp) {
    world.change_site(|site| {
        site.pace.solve = SOLVE_LIMIT;
        site.tariff.bill_over(start, BILLING_DAYS);
    });
}

/// A runtime on paused time.
pub(crate) fn paused() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build();
    runtime.expect("a runtime needs no more than memory")
}
