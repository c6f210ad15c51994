//! A day's problem as data, for engineers' own tools: what the planner is asked at an instant of a
//! replay, and the optimum of its own model.

use crate::connect::DuplexConnect;
use crate::replay::{paused, prepare, watched};
use crate::world::{World, WorldError};
use clap::ValueEnum;
use drivers::clock::Clock;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use policies::optimise::data::DayData;
use policies::optimise::{Day, Hold, Inputs, Limits, Optimum, SolveError};
use regie::control::{Asked, Controller, Parts, Policy};
use regie::solver::Solver;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use thiserror::Error;

/// Branch-and-bound nodes of the optimum; far more than a plan may take.
const NODES_MAX: i32 = 1_000_000;

/// The command's options.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The site file.
    #[arg(long)]
    site: PathBuf,
    /// The local day, for example 2026-01-15.
    #[arg(long)]
    day: Date,
    /// Local time of day at which the planner is asked.
    #[arg(long, default_value = "06:00", value_parser = time)]
    at: Time,
    /// Seed of the truth.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Who decides from midnight until then.
    #[arg(long, value_enum, default_value_t = Until::Rules)]
    policy: Until,
    /// Relative gap to which the optimum is proved.
    #[arg(long, default_value_t = 1e-4, value_parser = gap)]
    gap: f64,
    /// The longest that each solve may take, seconds.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    time_limit: u32,
    /// Write to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Who decides until the planner is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Until {
    /// Level bands and calendars: a moment.
    Rules,
    /// The optimiser: as long as a replay.
    Optimal,
}

/// A problem and the planner's optimum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Handed {
    /// What is asked.
    pub problem: DayData,
    /// With whole decisions where the problem wants them.
    pub optimum: Optimum,
    /// With none.
    pub relaxation: Optimum,
    /// What the planner itself takes for good enough: its own gap and its own limit in nodes.
    pub choice: Optimum,
}

/// Why a problem cannot be written down.
#[derive(Debug, Error)]
pub enum ProblemError {
    /// The planner found no solution.
    #[error("the planner has no optimum of this problem: {0}; try another --at or a weaker --gap")]
    Solve(#[from] SolveError),
    /// The optimum was not proved.
    #[error("the optimum was not proved to a gap of {gap} in time; give more --time-limit")]
    Truncated {
        /// The gap that was wanted.
        gap: f64,
    },
}

fn time(text: &str) -> Result<Time, String> {
    let time = Time::strptime("%H:%M", text);
    time.map_err(|_| format!("'{text}' is not a time of day such as 06:00"))
}

fn gap(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(gap) if (0.0..=0.1).contains(&gap) => Ok(gap),
        _ => Err(format!("'{text}' is not a share from 0 to 0.1")),
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut world = World::load(&arguments.site, None, None)?;
    let start = world.start_of(arguments.day)?;
    prepare(&mut world, start);
    let at = arguments.day.to_datetime(arguments.at).to_zoned(world.site().zone.clone())?;
    let asked = ask(&world, arguments.seed, (start, at.timestamp()), arguments.policy)?;
    let seconds = f64::from(arguments.time_limit);
    let limits = Limits { seconds, nodes: NODES_MAX, gap: arguments.gap, gap_eur: 0.0 };
    let handed = hand(&asked, &[], &limits)?;
    let text = serde_json::to_string_pretty(&handed)?;
    match &arguments.out {
        Some(path) => std::fs::write(path, text + "\n")?,
        None => println!("{text}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Lives through a day from its start until an instant, a cycle at least, and takes what the
/// planner is asked then.
///
/// # Errors
/// When the site cannot be simulated.
pub fn ask(
    world: &World,
    seed: u64,
    (start, at): (Timestamp, Timestamp),
    until: Until,
) -> Result<Asked, WorldError> {
    paused().block_on(async {
        let clock = Clock::scaled(start, 1.0);
        let field = world.field(seed, &clock)?;
        let mut controller = Controller::new(Parts {
            loaded: world.loaded.clone(),
            connect: Arc::new(DuplexConnect::new(field)),
            clock: clock.clone(),
            store: None,
            state: watched(world, seed, start)?,
            policy: if until == Until::Rules { Policy::Rules } else { Policy::Optimal },
            solver: Solver::in_process(),
        });
        loop {
            controller.next_cycle().await;
            if clock.now().utc >= at {
                break;
            }
        }
        let asked = controller.asked();
        controller.stop().await;
        Ok(asked)
    })
}

/// Writes a problem down, and solves it to a gap within limits.
///
/// # Errors
/// When there is no solution, or it is not proved.
pub fn hand(asked: &Asked, holds: &[Hold], limits: &Limits) -> Result<Handed, ProblemError> {
    let inputs = Inputs {
        site: &asked.site,
        water: asked.water.as_deref(),
        estimate: &asked.estimate,
        forecast: &asked.forecast,
        holds,
    };
    let day = Day::new(&inputs)?;
    let optimum = day.optimum(limits, false)?;
    if optimum.truncated {
        return Err(ProblemError::Truncated { gap: limits.gap });
    }
    let relaxation = day.optimum(limits, true)?;
    let choice = day.optimum(&Limits::of_a_choice(&asked.site), false)?;
    Ok(Handed { problem: day.data(), optimum, relaxation, choice })
}
