//! The command `regie-sim faults`.

use super::{CYCLES_MAX, FaultPlan, FaultReport, Run, campaign, draw, play, shrink};
use crate::world::{World, WorldError};
use drivers::clock::Clock;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Exit code when a run did what it must not, or did not come back.
const EXIT_FOUND: u8 = 1;
/// The most seeds of one command.
const SEEDS_MAX: u64 = 1_000_000;
/// The largest plan that is read, bytes.
const PLAN_BYTES_MAX: u64 = 1 << 20;

/// The command's options.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The site file.
    #[arg(long)]
    site: PathBuf,
    /// The seed of one run.
    #[arg(long, default_value_t = 1, conflicts_with = "seeds")]
    seed: u64,
    /// Runs of all seeds from A to B, both included: 1..60.
    #[arg(long, value_name = "A..B", value_parser = range)]
    seeds: Option<(u64, u64)>,
    /// Cycles of each run; in the last sixth nothing goes wrong any more.
    #[arg(long, default_value_t = 360,
          value_parser = clap::value_parser!(u32).range(12..=i64::from(CYCLES_MAX)))]
    cycles: u32,
    /// Play this plan instead of one drawn from a seed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "seeds", "cycles"])]
    plan: Option<PathBuf>,
    /// Write the seed's plan to standard output and play nothing.
    #[arg(long, conflicts_with_all = ["seeds", "plan", "shrink"])]
    show_plan: bool,
    /// Make a plan that fails as short as it still fails the same way, and write it to FILE.
    #[arg(long, value_name = "FILE", conflicts_with = "seeds")]
    shrink: Option<PathBuf>,
    /// Print JSON instead of words.
    #[arg(long)]
    json: bool,
}

type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

/// Plays, and says what came of it.
///
/// # Errors
/// When the site cannot be simulated, or a plan cannot be read or written.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let world = World::load(&arguments.site, None, None)?;
    let clock = Clock::system();
    let timer = clock.stopwatch();
    if let Some((first, last)) = arguments.seeds {
        let seeds: Vec<u64> = (first..=last).collect();
        let said = |seed: u64, run: &Run| {
            if !arguments.json {
                say(seed, run);
            }
        };
        let repeat = |seed| repeat(arguments, seed);
        let mut report = campaign(&world, &seeds, arguments.cycles, &repeat, &said)?;
        report.wall_seconds = timer.elapsed_ms() / 1e3;
        return show(arguments, &report);
    }
    let plan = match &arguments.plan {
        Some(file) => read(file, &world)?,
        None => draw(&world.loaded, arguments.seed, arguments.cycles),
    };
    if arguments.show_plan {
        println!("{}", serde_json::to_string_pretty(&plan)?);
        return Ok(ExitCode::SUCCESS);
    }
    let again = repeat(arguments, plan.seed);
    let run = play(&world, &plan, &again)?;
    if let Some(file) = arguments.shrink.as_deref().filter(|_| !run.is_good()) {
        shorten(&world, &plan, &run, file)?;
    }
    if !arguments.json {
        say(plan.seed, &run);
    }
    let hours = world.site().pace.cycle.as_secs_f64() * f64::from(plan.cycles()) / 3600.0;
    let mut report = super::gathered([(plan.seed, run)].into(), hours);
    report.wall_seconds = timer.elapsed_ms() / 1e3;
    show(arguments, &report)
}

/// The command that shows a run again.
fn repeat(arguments: &Arguments, seed: u64) -> String {
    let site = arguments.site.display();
    match &arguments.plan {
        Some(file) => format!("regie-sim faults --site {site} --plan {}", file.display()),
        None => {
            format!("regie-sim faults --site {site} --seed {seed} --cycles {}", arguments.cycles)
        }
    }
}

fn say(seed: u64, run: &Run) {
    let faults: u64 = run.faults.values().sum();
    let word = if run.is_good() { "good" } else { "FAILED" };
    println!("seed {seed:>6}: {word}; {} cycles, {faults} faults, {}", run.cycles, &run.hash[..12]);
    for found in &run.violations {
        println!("  {} at {} s: {}\n    {}", found.rule, found.at, found.detail, found.repeat);
    }
    if let Some(unrecovered) = &run.unrecovered {
        println!("  not recovered:\n    {}", unrecovered.repeat);
        for detail in &unrecovered.detail {
            println!("    {detail}");
        }
    }
    // Somebody watches; a line that cannot be shown is no loss.
    let _ = std::io::stdout().flush();
}

fn show(arguments: &Arguments, report: &FaultReport) -> Outcome {
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        let kinds = report.faults_injected.iter();
        let kinds: Vec<String> = kinds.map(|(kind, count)| format!("{count} {kind}")).collect();
        println!(
            "{} seeds, {} cycles, {:.0} h simulated in {:.0} s; {}\n{} violations, {} not recovered",
            report.seeds,
            report.cycles,
            report.simulated_hours,
            report.wall_seconds,
            kinds.join(", "),
            report.violations.len(),
            report.unrecovered.len()
        );
    }
    let good = report.violations.is_empty() && report.unrecovered.is_empty();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FOUND) })
}

/// Makes a failing plan shorter; it must go on to break one of the rules that it broke.
fn shorten(
    world: &World,
    plan: &FaultPlan,
    run: &Run,
    file: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let rules = |run: &Run| -> BTreeSet<&'static str> {
        let rules = run.violations.iter().map(|found| found.rule);
        rules.chain(run.unrecovered.as_ref().map(|_| "unrecovered")).collect()
    };
    let wanted = rules(run);
    let mut tried = 0;
    let short = shrink(plan, |candidate| -> Result<bool, WorldError> {
        tried += 1;
        eprint!("\r{tried} plans played, {} events in this one ", candidate.events.len());
        let run = play(world, candidate, "")?;
        Ok(!rules(&run).is_disjoint(&wanted))
    })?;
    eprintln!();
    std::fs::write(file, serde_json::to_string_pretty(&short)? + "\n")
        .map_err(|error| format!("cannot write '{}': {error}", file.display()))?;
    println!(
        "{} of {} events are left in {}",
        short.events.len(),
        plan.events.len(),
        file.display()
    );
    Ok(())
}

/// Reads a plan, whose devices the site must have.
fn read(file: &Path, world: &World) -> Result<FaultPlan, String> {
    let name = file.display();
    let wrong = |error: &dyn std::fmt::Display| format!("cannot read the plan '{name}': {error}");
    let bytes = std::fs::metadata(file).map_err(|error| wrong(&error))?.len();
    if bytes > PLAN_BYTES_MAX {
        return Err(format!("the plan '{name}' has {bytes} bytes; {PLAN_BYTES_MAX} are the most"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
    let plan: FaultPlan = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
    plan.check(world.site()).map_err(|error| wrong(&error))?;
    Ok(plan)
}

fn range(text: &str) -> Result<(u64, u64), String> {
    let wrong = || format!("'{text}' is not a range of seeds such as 1..60");
    let (first, last) = text.split_once("..").ok_or_else(wrong)?;
    let first: u64 = first.trim().parse().map_err(|_| wrong())?;
    let last: u64 = last.trim().trim_start_matches('=').parse().map_err(|_| wrong())?;
    if first > last {
        return Err(format!("'{text}' holds no seed: the first comes after the last"));
    }
    if last - first >= SEEDS_MAX {
        return Err(format!("'{text}' holds more than {SEEDS_MAX} seeds"));
    }
    Ok((first, last))
}
