//! Runs in which everything goes wrong that can: faults drawn from a seed and played as data,
//! against the daemon's own code on paused time, with an oracle that looks on.
//!
//! Each run has two phases: in the first things go wrong, and nothing unsafe may happen; in the
//! second nothing does, and the daemon has to come back to plans of its own. A seed that fails is
//! repeated by one command, and its plan can be made as short as it still fails.

pub(crate) mod arguments;
mod draw;
mod life;
mod oracle;
mod plan;
mod shrink;
mod stage;

pub use draw::draw;
pub use oracle::Violation;
pub use plan::{Event, FaultPlan, FileTrouble, Trouble};
pub use shrink::shrink;

use crate::world::{World, WorldError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How far plans look ahead in a run, at most. What a guard must not let pass does not depend on
/// it, and a cycle is as fast as its solve.
const HORIZON_MAX: Duration = Duration::from_secs(3 * 3600);

/// The most cycles of one run: a week of minutes.
pub const CYCLES_MAX: u32 = 10_080;

/// A run that did not come back to plans of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unrecovered {
    /// The run's seed.
    pub seed: u64,
    /// What was wrong at its end.
    pub detail: Vec<String>,
    /// The command that shows it again.
    pub repeat: String,
}

/// What came of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Cycles that the daemon completed.
    pub cycles: u64,
    /// What went wrong, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// What must not have happened.
    pub violations: Vec<Violation>,
    /// Whether it came back.
    pub unrecovered: Option<Unrecovered>,
    /// Over the truth, all writes and all records: two runs of one plan have the same.
    pub hash: String,
}

impl Run {
    /// Whether everything was as it must be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.violations.is_empty() && self.unrecovered.is_none()
    }
}

/// What came of several runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaultReport {
    /// Runs.
    pub seeds: u64,
    /// Cycles completed in all of them.
    pub cycles: u64,
    /// Hours simulated.
    pub simulated_hours: f64,
    /// What went wrong, by kind.
    pub faults_injected: BTreeMap<&'static str, u64>,
    /// What must not have happened.
    pub violations: Vec<Violation>,
    /// Runs that did not come back.
    pub unrecovered: Vec<Unrecovered>,
    /// Hash of each run, by seed.
    pub hashes: BTreeMap<u64, String>,
    /// Real time, s.
    pub wall_seconds: f64,
}

/// Plays one plan. `repeat` is the command that a person would give to see it again.
///
/// # Errors
/// When the site cannot be simulated.
pub fn play(world: &World, plan: &FaultPlan, repeat: &str) -> Result<Run, WorldError> {
    let folder = Folder::make();
    let mut world = world.clone();
    crate::replay::prepare(&mut world, plan.start);
    world.change_site(|site| site.pace.horizon = site.pace.horizon.min(HORIZON_MAX));
    let outcome = stage::play(&world, plan, &folder.0)?;
    let seed = plan.seed;
    let violations = outcome
        .found
        .into_iter()
        .map(|(at, rule, detail)| Violation { seed, at, rule, detail, repeat: repeat.to_owned() })
        .collect();
    let unrecovered = (!outcome.unrecovered.is_empty()).then(|| Unrecovered {
        seed,
        detail: outcome.unrecovered,
        repeat: repeat.to_owned(),
    });
    let (cycles, faults, hash) = (outcome.cycles, outcome.faults, outcome.hash);
    Ok(Run { cycles, faults, violations, unrecovered, hash })
}

/// Plays the plans of many seeds, on as many threads as the machine has processors. `said` is
/// called after each run, in any order.
///
/// # Errors
/// When the site cannot be simulated.
pub fn campaign(
    world: &World,
    seeds: &[u64],
    cycles: u32,
    repeat: &(dyn Fn(u64) -> String + Sync),
    said: &(dyn Fn(u64, &Run) + Sync),
) -> Result<FaultReport, WorldError> {
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(seeds.len());
    let work = || -> Result<Vec<(u64, Run)>, WorldError> {
        let mut runs = Vec::new();
        loop {
            let place = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap_or(usize::MAX);
            let Some(&seed) = seeds.get(place) else { return Ok(runs) };
            let run = play(world, &draw(&world.loaded, seed, cycles), &repeat(seed))?;
            said(seed, &run);
            runs.push((seed, run));
        }
    };
    let mut runs = BTreeMap::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            runs.extend(thread.join().expect("a run's thread panicked; see above")?);
        }
        Ok::<_, WorldError>(())
    })?;
    let hours = world.site().pace.cycle.as_secs_f64() * f64::from(cycles) / 3600.0;
    Ok(gathered(runs, hours))
}

fn gathered(runs: BTreeMap<u64, Run>, hours_each: f64) -> FaultReport {
    let seeds = u64::try_from(runs.len()).unwrap_or(u64::MAX);
    let mut report = FaultReport {
        seeds,
        cycles: runs.values().map(|run| run.cycles).sum(),
        simulated_hours: hours_each * f64::from(u32::try_from(seeds).unwrap_or(u32::MAX)),
        faults_injected: BTreeMap::new(),
        violations: Vec::new(),
        unrecovered: Vec::new(),
        hashes: BTreeMap::new(),
        wall_seconds: 0.0,
    };
    for (seed, run) in runs {
        for (kind, count) in run.faults {
            *report.faults_injected.entry(kind).or_default() += count;
        }
        report.violations.extend(run.violations);
        report.unrecovered.extend(run.unrecovered);
        report.hashes.insert(seed, run.hash);
    }
    report
}

/// A folder that is gone when its run is over.
struct Folder(PathBuf);

impl Folder {
    /// In memory where there is such a place: a run syncs its file some hundred times.
    fn make() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Self(place.join(format!("regie-faults-{}-{count}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It may never have been made.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
