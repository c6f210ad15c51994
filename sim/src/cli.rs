//! The command line of `regie-sim`.

use crate::connect::{ServingArguments, ServingError};
use crate::demo::{self, Demo};
use crate::perturb::Perturbation;
use crate::plant::LeakRequest;
use crate::problem;
use crate::replay::{DAYS_MAX, Player, Progress, Replay};
use crate::schedule::{self, ScheduleError};
use crate::world::{World, WorldError};
use clap::error::ErrorKind;
use clap::{Parser, Subcommand, ValueEnum};
use jiff::civil::{Date, DateTime};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Exit code for what was given wrong, such as a site file with findings, as `regie` uses it.
const EXIT_CONFIGURATION: u8 = 78;
/// Exit code when something went wrong on the way.
const EXIT_FAILED: u8 = 1;
/// Exit code for a command line that cannot be read, as `regie` uses it. It is not clap's 2, which
/// says of a schedule that it breaks limits.
const EXIT_USAGE: u8 = 64;

/// Régie's simulator: a field to try things on.
#[derive(Debug, Parser)]
#[command(name = "regie-sim", version, about, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the simulated field on loopback and on serial lines, and nothing else.
    Serve(ServeArguments),
    /// Field and daemon together over real links, with a live view.
    Demo(DemoArguments),
    /// Measure what a snapshot, a solve, a simulated day and a schedule cost on this machine.
    Bench(BenchArguments),
    /// One process of the measurement of links.
    #[command(hide = true)]
    BenchPart(crate::bench::links::Part),
    /// Plan pump schedules for any EPANET network: cheap, and audited.
    Schedule(schedule::arguments::Plan),
    /// Judge a pump schedule with EPANET's own stepping.
    Audit(schedule::arguments::Judge),
    /// Judge what a network does by its own controls, or by level bands where it has none.
    Baseline(schedule::arguments::Baseline),
    /// Write down a day's problem as data, with the planner's optimum: for tools of one's own.
    Problem(problem::Arguments),
    /// Let everything go wrong that can, by seeds, and see that nothing unsafe is done.
    Faults(crate::faults::arguments::Arguments),
    /// Replay whole days on paused time and report cost, levels, starts and more.
    Replay(ReplayArguments),
}

#[derive(Debug, clap::Args)]
struct ServeArguments {
    /// The site file.
    #[arg(long)]
    site: PathBuf,
    /// How many times faster than real time the field lives.
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Seed of the truth.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Local date and time at which the field starts; the present if not given.
    #[arg(long)]
    start: Option<DateTime>,
    #[command(flatten)]
    serving: ServingArguments,
}

#[derive(Debug, clap::Args)]
struct DemoArguments {
    /// The site file.
    #[arg(long)]
    site: PathBuf,
    /// How many times faster than real time the commune lives.
    #[arg(long, default_value_t = 60.0, value_parser = speed)]
    speed: f64,
    /// End after this many cycles.
    #[arg(long)]
    cycles: Option<u64>,
    /// Seed of the truth.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Local date and time at which the demonstration starts.
    #[arg(long, default_value = "2026-03-18T05:40:00")]
    start: DateTime,
    /// Folder for state and history.
    #[arg(long, default_value = "demo-state")]
    state: PathBuf,
    /// Plain lines even on a terminal.
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    serving: ServingArguments,
}

#[derive(Debug, clap::Args)]
struct BenchArguments {
    /// The site file.
    #[arg(long, default_value = "examples/sites/val-clair/site.yaml")]
    site: PathBuf,
    /// The folder of van_zyl.inp, Net1.inp and Net3.inp, which are scheduled.
    #[arg(long, default_value = "examples/networks", value_name = "FOLDER")]
    networks: PathBuf,
    /// How long each of them is scheduled, seconds.
    #[arg(long, default_value_t = 60.0, value_name = "SECONDS", value_parser = plan_seconds)]
    plan_seconds: f64,
    /// Measure the links to devices alone.
    #[arg(long)]
    links: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Policies {
    /// The optimiser.
    Optimal,
    /// Level bands and calendars.
    Rules,
    /// The optimiser told the true future.
    Foresight,
    /// The optimiser and the rules, on the same truth.
    Both,
    /// All three.
    All,
}

#[derive(Debug, clap::Args)]
struct ReplayArguments {
    /// The site file.
    #[arg(long)]
    site: PathBuf,
    /// First local day, for example 2026-01-15.
    #[arg(long)]
    day: Date,
    /// Number of days.
    #[arg(long, default_value_t = 1, value_parser = days())]
    days: u32,
    /// End after so many hours instead.
    #[arg(long, conflicts_with = "days", value_parser = clap::value_parser!(u32).range(1..=8784))]
    hours: Option<u32>,
    /// Seed of the truth: demand, pump curves, roughness, clouds, transmitters.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A leak at a junction of the network, as a share of the mean demand, from a local day on:
    /// n5=10%@2026-01-29. May be given several times.
    #[arg(long = "leak", value_name = "JUNCTION=SHARE@DAY")]
    leaks: Vec<LeakRequest>,
    /// Perturb the truth on purpose: demand=F, pump=ID:F (head curve), roughness=F (coefficient),
    /// drift=ID:METRES[@HOUR] (level transmitter), separated by commas.
    #[arg(long, value_name = "LIST")]
    perturb: Option<Perturbation>,
    /// Who decides.
    #[arg(long, value_enum, default_value_t = Policies::Both)]
    policy: Policies,
    /// Recorded 15-minute profiles instead of the site's own (CSV, may be gzipped).
    #[arg(long)]
    profiles: Option<PathBuf>,
    /// Recorded weather instead of the site's own (CSV).
    #[arg(long)]
    weather: Option<PathBuf>,
    /// Write a CSV line per cycle to FILE (the policy's name is put before its ending).
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Keep state and history in FOLDER as the daemon would (of the optimiser, or of the rules
    /// when they alone are replayed); the folder must not hold a history.
    #[arg(long, value_name = "FOLDER")]
    history: Option<PathBuf>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

fn days() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=i64::from(DAYS_MAX))
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.1..=1000.0).contains(&speed) => Ok(speed),
        _ => Err(format!("'{text}' is not a speed from 0.1 to 1000")),
    }
}

fn plan_seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (1.0..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err(format!("'{text}' is not a number of seconds from 1 to 3600")),
    }
}

/// Runs the command line; returns the exit code.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error),
    };
    let result = match arguments.command {
        Command::Serve(arguments) => serve(&arguments),
        Command::Demo(arguments) => demonstrate(arguments),
        Command::Bench(arguments) => bench(&arguments),
        Command::BenchPart(part) => bench_part(&part),
        Command::Replay(arguments) => replay(arguments),
        Command::Faults(arguments) => crate::faults::arguments::run(&arguments),
        Command::Problem(arguments) => problem::run(&arguments),
        Command::Schedule(arguments) => schedule::schedule(&arguments).map_err(Into::into),
        Command::Audit(arguments) => schedule::audit(&arguments).map_err(Into::into),
        Command::Baseline(arguments) => schedule::baseline(&arguments).map_err(Into::into),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("regie-sim: {error}");
            let findings = matches!(error.downcast_ref(), Some(WorldError::Site(_)))
                || error.is::<ServingError>()
                || error.downcast_ref().is_some_and(ScheduleError::is_input);
            ExitCode::from(if findings { EXIT_CONFIGURATION } else { EXIT_FAILED })
        }
    }
}

/// What clap refuses: help and version are no fault; a value that an option cannot take is a fault
/// in what was given, as in a file.
fn refused(error: &clap::Error) -> ExitCode {
    // A message that cannot be shown is no reason to end differently.
    let _ = error.print();
    ExitCode::from(match error.kind() {
        _ if !error.use_stderr() => 0,
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => EXIT_CONFIGURATION,
        _ => EXIT_USAGE,
    })
}

type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

fn serve(arguments: &ServeArguments) -> Outcome {
    log();
    let world = World::load(&arguments.site, None, None)?;
    let ServeArguments { speed, seed, start, .. } = *arguments;
    let serving = arguments.serving.read()?;
    runtime()?.block_on(demo::serve(&world, speed, seed, start, &serving))?;
    Ok(ExitCode::SUCCESS)
}

fn demonstrate(arguments: DemoArguments) -> Outcome {
    let world = World::load(&arguments.site, None, None)?;
    let screen = std::io::stdout().is_terminal() && !arguments.plain;
    if !screen {
        log();
    }
    let demo = Demo {
        speed: arguments.speed,
        cycles: arguments.cycles,
        seed: arguments.seed,
        start: arguments.start,
        state: arguments.state,
        serving: arguments.serving.read()?,
        screen,
    };
    let good = runtime()?.block_on(demo.run(world))?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) })
}

fn bench_part(part: &crate::bench::links::Part) -> Outcome {
    crate::bench::links::part(part)?;
    Ok(ExitCode::SUCCESS)
}

fn bench(arguments: &BenchArguments) -> Outcome {
    crate::bench::links::run()?;
    if arguments.links {
        return Ok(ExitCode::SUCCESS);
    }
    crate::bench::run(&World::load(&arguments.site, None, None)?)?;
    crate::bench::schedule::run(&arguments.networks, arguments.plan_seconds)?;
    Ok(ExitCode::SUCCESS)
}

fn replay(arguments: ReplayArguments) -> Outcome {
    let mut world = World::load(&arguments.site, arguments.profiles, arguments.weather)?;
    world.leaks = arguments.leaks;
    if let Some(perturbation) = arguments.perturb {
        world.perturb(perturbation)?;
    }
    let policies = match arguments.policy {
        Policies::Optimal => vec![Player::Optimal],
        Policies::Rules => vec![Player::Rules],
        Policies::Foresight => vec![Player::Foresight],
        Policies::All => vec![Player::Optimal, Player::Rules, Player::Foresight],
        Policies::Both => vec![Player::Optimal, Player::Rules],
    };
    let (day, days, seed) = (arguments.day, arguments.days, arguments.seed);
    let (hours, trace, history) = (arguments.hours, arguments.trace, arguments.history);
    let replay = Replay { day, days, hours, seed, policies, trace, history };
    let progress = Progress::default();
    let report = std::thread::scope(|scope| {
        let run = scope.spawn(|| replay.run(&world, &progress));
        if std::io::stderr().is_terminal() {
            while !run.is_finished() {
                show(&progress);
                std::thread::park_timeout(Duration::from_millis(200));
            }
            eprint!("\r\x1b[K");
        }
        run.join().expect("the replay panicked; see above")
    })?;
    let text = if arguments.json { serde_json::to_string_pretty(&report)? } else { report.table() };
    println!("{text}");
    Ok(ExitCode::SUCCESS)
}

fn show(progress: &Progress) {
    let (done, all) =
        (progress.done.load(Ordering::Relaxed), progress.all.load(Ordering::Relaxed).max(1));
    eprint!("\r{:3} % ({done} of {all} cycles)", 100 * done / all);
    // A progress line that cannot be shown is no loss.
    let _ = std::io::stderr().flush();
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// Logs go to standard error; RUST_LOG chooses what.
fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
