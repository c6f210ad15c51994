//! Schedules for a network file: searched on all cores, audited, and the best so far kept.

pub(crate) mod arguments;
mod file;
mod limits;
mod report;
mod team;

use crate::schedule::report::Report;
use drivers::clock::Clock;
use hydraulics::{Audit, Auditor, Drive, HydraulicsError, Network};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

pub(crate) use team::Team;

/// Exit code where no schedule keeps all limits.
const EXIT_INFEASIBLE: u8 = 2;

/// Bands of the baseline where a network has no controls of its own.
const BANDS: (f64, f64) = (0.4, 0.9);

/// Something the user asked for that cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScheduleError {
    /// The network file, or a question about it, is wrong.
    #[error(transparent)]
    Hydraulics(#[from] HydraulicsError),
    /// An option or a schedule file is wrong.
    #[error("{0}")]
    Input(String),
    /// A file cannot be written.
    #[error("cannot write '{path}': {error}; the schedule is only printed")]
    Output {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
}

impl ScheduleError {
    /// Whether what was given is to blame.
    pub(crate) fn is_input(&self) -> bool {
        match self {
            Self::Hydraulics(error) => error.is_input(),
            Self::Input(_) => true,
            Self::Output { .. } => false,
        }
    }
}

/// What a network does without a schedule: its own controls, or level bands.
pub(crate) fn baseline_drive(network: &Network) -> (Drive<'static>, &'static str) {
    if network.has_controls() {
        (Drive::FileControls, "the file's own controls")
    } else {
        (Drive::LevelBands { low: BANDS.0, high: BANDS.1 }, "level bands of 40 to 90 %")
    }
}

/// Plans, and reports the best schedule.
pub(crate) fn schedule(arguments: &arguments::Plan) -> Result<ExitCode, ScheduleError> {
    let network = Network::load(&arguments.question.network)?;
    let question = arguments.question.resolve(&network)?;
    let speeds = arguments.speeds(&network)?;
    let problem = question.problem(&network, arguments.step, &speeds)?;
    let clock = Clock::system();
    let timer = clock.stopwatch();
    let team = Team { problem: &problem, seed: arguments.seed, seconds: arguments.time_limit };
    let elapsed = || timer.elapsed_ms() / 1e3;
    let talk = std::io::stderr().is_terminal();
    let better = |audit: &Audit| {
        if talk {
            let cost = audit.cost.unwrap_or_else(|| audit.energy_kwh());
            let verdict = if audit.feasible() { "" } else { ", breaks limits" };
            eprintln!("{:7.1} s  {cost:.2}{verdict}", elapsed());
        }
    };
    let found = team.plan(&elapsed, &better)?;
    let report = Report::of_schedule(&network, &problem, &found, timer.elapsed_ms() / 1e3);
    // Printed first: a file that cannot be written must not cost what was found.
    let code = print(&report, arguments.question.json);
    if let Some(path) = &arguments.output {
        let write = std::fs::write(path, report.json() + "\n");
        write.map_err(|error| ScheduleError::Output { path: path.display().to_string(), error })?;
    }
    Ok(code)
}

/// Audits a schedule file.
pub(crate) fn audit(arguments: &arguments::Judge) -> Result<ExitCode, ScheduleError> {
    let network = Network::load(&arguments.question.network)?;
    let question = arguments.question.resolve(&network)?;
    let schedule = file::read(&arguments.schedule, &network)?;
    let problem = question.problem_of(&network, &schedule)?;
    let clock = Clock::system();
    let timer = clock.stopwatch();
    let audit = Auditor::open(&network).audit(&Drive::Schedule(&schedule), &problem.audit())?;
    let report =
        Report::of_audit(&network, &problem, (&schedule, &audit), timer.elapsed_ms() / 1e3);
    Ok(print(&report, arguments.question.json))
}

/// Audits what the network does by itself.
pub(crate) fn baseline(arguments: &arguments::Baseline) -> Result<ExitCode, ScheduleError> {
    let network = Network::load(&arguments.question.network)?;
    let question = arguments.question.resolve(&network)?;
    let speeds = vec![vec![1.0]; network.pumps().len()];
    let problem = question.problem(&network, arguments.step, &speeds)?;
    let clock = Clock::system();
    let timer = clock.stopwatch();
    let (drive, by) = baseline_drive(&network);
    let audit = Auditor::open(&network).audit(&drive, &problem.audit())?;
    let report = Report::of_baseline(&network, &problem, (by, &audit), timer.elapsed_ms() / 1e3);
    Ok(print(&report, arguments.question.json))
}

fn print(report: &Report, json: bool) -> ExitCode {
    let text = if json { report.json() } else { report.text() };
    // Who reads through `head` has closed the pipe by now, and wants no more.
    let _ = writeln!(std::io::stdout(), "{text}");
    if report.feasible { ExitCode::SUCCESS } else { ExitCode::from(EXIT_INFEASIBLE) }
}
