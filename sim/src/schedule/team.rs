//! Several searches side by side: whatever is best so far is audited, kept and searched on.

use super::baseline_drive;
use hydraulics::{Audit, Auditor, Drive, HydraulicsError, Reason, Schedule};
use policies::scheduling::{Candidate, Problem, Search, bound, sampled};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Searches at work: one on each of two cores, which is what the smallest boxes have.
const SEARCHES: u64 = 2;
/// The share of the time in which one of them works out the bound.
const BOUND_SHARE: f64 = 0.3;
/// The most of it, s.
const BOUND_SECONDS_MAX: f64 = 150.0;
/// Cost above the bound at which nothing is left to search for.
const GAP_CLOSED: f64 = 2e-4;
/// Audits in a row that find what a search did not see before it keeps further away from limits.
const SURPRISES_MAX: u32 = 2;

/// A planning pass.
pub(crate) struct Team<'a> {
    pub(crate) problem: &'a Problem<'a>,
    pub(crate) seed: u64,
    /// How long it may take, s.
    pub(crate) seconds: f64,
}

/// What a pass found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The cheapest schedule that passed the audit, or else the one that breaks least.
    pub(crate) schedule: Schedule,
    pub(crate) audit: Audit,
    /// No schedule costs less, as far as the tables of the program go.
    pub(crate) bound: Option<f64>,
    /// Steady states solved.
    pub(crate) solved: u64,
}

/// What the searches share.
#[derive(Default)]
struct Shared {
    best: Option<Held>,
    bound: Option<f64>,
    solved: u64,
}

struct Held {
    candidate: Candidate,
    schedule: Schedule,
    audit: Audit,
}

type Elapsed<'a> = &'a (dyn Fn() -> f64 + Sync);

impl Team<'_> {
    /// Plans until the time is over or the bound is reached. `better` hears of each better
    /// schedule, in order.
    ///
    /// # Errors
    /// When EPANET cannot open the network.
    pub(crate) fn plan(
        &self,
        elapsed: Elapsed<'_>,
        better: Better<'_>,
    ) -> Result<Found, HydraulicsError> {
        let shared = Mutex::new(Shared::default());
        std::thread::scope(|scope| {
            let work = |worker| {
                let work = Worker::new(self, worker, (&shared, better), elapsed);
                work.and_then(Worker::run)
            };
            let threads: Vec<_> =
                (0..SEARCHES).map(|worker| scope.spawn(move || work(worker))).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                thread.join().expect("a search panicked; see above")
            };
            threads.into_iter().try_for_each(join)
        })?;
        let shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        let held = shared.best.expect("every search offers at least one schedule");
        let Held { schedule, audit, .. } = held;
        Ok(Found { schedule, audit, bound: shared.bound, solved: shared.solved })
    }
}

type Better<'a> = &'a (dyn Fn(&Audit) + Sync);

/// One search at work.
struct Worker<'a> {
    team: &'a Team<'a>,
    number: u64,
    shared: &'a Mutex<Shared>,
    better: Better<'a>,
    elapsed: Elapsed<'a>,
    search: Search,
    auditor: Auditor,
    own: Option<Candidate>,
    pace: Pace,
    surprises: u32,
}

/// How many changes a round tries, so that rounds take neither forever nor no time.
struct Pace {
    explore: f64,
    polish: f64,
}

impl Pace {
    const EXPLORE_S: f64 = 0.5;
    const POLISH_S: f64 = 0.35;

    /// Moves the numbers towards what the last round's times say.
    fn adapt(&mut self, explored_s: f64, polished_s: f64, seconds: f64) {
        let patience = (seconds / 60.0).clamp(0.3, 2.0);
        let towards = |wanted: f64, took: f64| (wanted * patience / took.max(1e-4)).clamp(0.5, 2.0);
        self.explore = (self.explore * towards(Self::EXPLORE_S, explored_s)).clamp(2e3, 2e6);
        self.polish = (self.polish * towards(Self::POLISH_S, polished_s)).clamp(150.0, 4e3);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped above")]
fn whole(number: f64) -> u32 {
    number as u32
}

impl<'a> Worker<'a> {
    fn new(
        team: &'a Team<'a>,
        number: u64,
        (shared, better): (&'a Mutex<Shared>, Better<'a>),
        elapsed: Elapsed<'a>,
    ) -> Result<Self, HydraulicsError> {
        let search = Search::new(team.problem, team.seed.wrapping_add(number << 32))?;
        let auditor = Auditor::open(team.problem.network);
        let pace = Pace { explore: 2e4, polish: 300.0 };
        let (own, surprises) = (None, 0);
        Ok(Self { team, number, shared, better, elapsed, search, auditor, own, pace, surprises })
    }

    fn run(mut self) -> Result<(), HydraulicsError> {
        if self.number == 0 {
            self.begin_with_baseline()?;
        } else {
            self.begin_with_bound()?;
        }
        let mut round = 0;
        while !self.over() {
            self.round(round)?;
            round += 1;
        }
        let (tables, polish) = self.search.solved();
        self.share().solved += tables + polish;
        Ok(())
    }

    fn share(&self) -> MutexGuard<'a, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the time is over, or the bound reached.
    fn over(&self) -> bool {
        let shared = self.share();
        let reached = shared.best.as_ref().is_some_and(|best| {
            let closed = |bound: f64| price(&best.audit) <= bound * (1.0 + GAP_CLOSED);
            best.audit.feasible() && shared.bound.is_some_and(closed)
        });
        reached || (self.elapsed)() >= self.team.seconds
    }

    /// What the network does by itself is a schedule too, and mostly one that keeps it alive.
    fn begin_with_baseline(&mut self) -> Result<(), HydraulicsError> {
        let (drive, _) = baseline_drive(self.team.problem.network);
        let audit = self.auditor.audit(&drive, &self.team.problem.audit())?;
        let candidate = self.search.adopt(&sampled(self.team.problem, &audit.applied));
        self.offer(&candidate)?;
        self.own = Some(candidate);
        Ok(())
    }

    fn begin_with_bound(&mut self) -> Result<(), HydraulicsError> {
        let seconds = (BOUND_SHARE * self.team.seconds).min(BOUND_SECONDS_MAX);
        let stop = || (self.elapsed)() >= seconds;
        let found = bound(self.team.problem, seconds, &stop)?;
        self.share().bound = found.bound;
        if let Some(schedule) = found.schedule {
            let candidate = self.search.adopt(&schedule);
            self.offer(&candidate)?;
            self.own = Some(candidate);
        }
        Ok(())
    }

    /// Explores over the tables, polishes with EPANET, offers the result.
    fn round(&mut self, round: u32) -> Result<(), HydraulicsError> {
        let best = self.share().best.as_ref().map(|held| held.candidate.clone());
        let from = match round % 8 {
            7 => None,
            1 | 4 => self.own.clone().or(best),
            _ => best.or_else(|| self.own.clone()),
        };
        let longer = [1.0, 1.0, 4.0, 2.0, 1.0, 8.0][(round % 6) as usize];
        let stop = || (self.elapsed)() >= self.team.seconds;
        let begun = (self.elapsed)();
        let moves = whole(self.pace.explore * longer);
        let explored = self.search.explore(from.as_ref(), moves, &stop);
        let between = (self.elapsed)();
        let polished = self.search.polish(&explored, whole(self.pace.polish), &stop);
        let ended = (self.elapsed)();
        self.pace.adapt((between - begun) / longer, ended - between, self.team.seconds);
        self.offer(&polished)?;
        self.own = Some(polished);
        Ok(())
    }

    /// Audits a candidate that looks better than the best so far, and keeps it if it is.
    fn offer(&mut self, candidate: &Candidate) -> Result<(), HydraulicsError> {
        let worth = |shared: &Shared| {
            shared
                .best
                .as_ref()
                .is_none_or(|best| candidate.better_than(&best.candidate) || !best.audit.feasible())
        };
        if !worth(&self.share()) {
            return Ok(());
        }
        let schedule = self.search.schedule(candidate);
        let audit = self.auditor.audit(&Drive::Schedule(&schedule), &self.team.problem.audit())?;
        self.surprised(candidate.feasible() && !audit.feasible())?;
        let mut shared = self.share();
        if shared.best.as_ref().is_none_or(|best| better(&audit, &best.audit)) {
            (self.better)(&audit);
            shared.best = Some(Held { candidate: candidate.clone(), schedule, audit });
        }
        Ok(())
    }

    /// Keeps further away from the limits after several surprises.
    fn surprised(&mut self, surprised: bool) -> Result<(), HydraulicsError> {
        self.surprises = if surprised { self.surprises + 1 } else { 0 };
        if self.surprises >= SURPRISES_MAX {
            self.surprises = 0;
            self.search.widen(self.team.problem)?;
        }
        Ok(())
    }
}

/// What is saved: cost, or energy where nothing has a price.
fn price(audit: &Audit) -> f64 {
    audit.cost.unwrap_or_else(|| audit.energy_kwh())
}

/// Whether one audit is better than another: without faults first, then cheaper; of two with
/// faults the one that breaks less.
fn better(audit: &Audit, than: &Audit) -> bool {
    match (audit.feasible(), than.feasible()) {
        (true, true) => price(audit) < price(than),
        (false, false) => severity(audit) < severity(than),
        (feasible, _) => feasible,
    }
}

/// How much an audit found broken, on one scale: a centimetre of level like a metre of pressure.
fn severity(audit: &Audit) -> f64 {
    let weight = |reason: Reason| match reason {
        Reason::EngineError => 1e6,
        Reason::MassBalance => 1e3,
        Reason::TankAtLimit | Reason::EndLevel => 100.0,
        Reason::NegativePressure | Reason::Pressure | Reason::Starts => 1.0,
        Reason::StepChatter | Reason::MinRun | Reason::MinStop => 1e-3,
    };
    let early =
        if audit.has(Reason::EngineError) { 1.0 / f64::from(audit.ended_s.max(1)) } else { 0.0 };
    audit.faults.iter().map(|fault| weight(fault.reason) * fault.excess.max(1e-9)).sum::<f64>()
        + 1e12 * early
}
