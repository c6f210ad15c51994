//! What things cost on this machine, in one run: figures to compare with each other, not with
//! those of another machine.

pub(crate) mod assets;
mod flow;
pub mod links;
pub(crate) mod schedule;

use crate::replay::{Player, Progress, Replay};
use crate::world::{World, WorldError};
use drivers::clock::Clock;
use hydraulics::{Operating, Snapshots};
use jiff::civil::date;
use policies::water::WaterModel;
use std::time::Duration;

/// Snapshots of one measurement.
const SNAPSHOTS: u32 = 2000;
/// Simulated hours of the replays.
const HOURS: u32 = 6;

/// Prints the figures.
///
/// # Errors
/// When the site cannot be simulated.
pub fn run(world: &World) -> Result<(), WorldError> {
    let clock = Clock::system();
    let unit = plant(world, &clock)?;
    hydraulics(world, &clock);
    flow::run(unit).expect("the networks of the measurement carry their load");
    println!("{:<44}{:>10}{:>12}", "whole replay, Modbus bytes included", "s / day", "x plant");
    for policy in [Player::Rules, Player::Optimal] {
        let replay = Replay {
            day: date(2026, 1, 15),
            days: 1,
            hours: Some(HOURS),
            seed: 1,
            policies: vec![policy],
            trace: None,
            history: None,
        };
        let timer = clock.stopwatch();
        let report = replay.run(world, &Progress::default())?;
        let day = timer.elapsed_ms() / 1e3 * 24.0 / f64::from(HOURS);
        let name = policy.name();
        println!("  {name:<42}{day:>10.2}{:>12.1}", day / unit);
        for report in report.policies.values().filter(|_| policy == Player::Optimal) {
            println!(
                "  solve, ms: median {:.1}, 99th percentile {:.1}",
                report.solve_ms.p50, report.solve_ms.p99
            );
        }
    }
    assets::run(&clock);
    println!("resident memory: {}", memory());
    Ok(())
}

/// The plant alone: the unit of the other figures. Seconds per simulated day.
fn plant(world: &World, clock: &Clock) -> Result<f64, WorldError> {
    let start = world.start_of(date(2026, 1, 15))?;
    let timer = clock.stopwatch();
    let mut plant = world.plant(1, start)?;
    plant.advance(site::time::add_seconds(start, Duration::from_secs(86_400).as_secs_f64()));
    let seconds = timer.elapsed_ms() / 1e3;
    println!("{:<44}{seconds:>10.2}{:>12.1}", "true plant alone, s per simulated day", 1.0);
    Ok(seconds)
}

fn hydraulics(world: &World, clock: &Clock) {
    let Some(water) = &world.loaded.water else { return };
    let network = &water.network;
    let timer = clock.stopwatch();
    let tables = WaterModel::new(world.site(), network);
    let milliseconds = timer.elapsed_ms();
    let count = tables.map_or(0, |model| model.tables.combinations().len());
    println!("{:<44}{milliseconds:>10.1} ms", format!("tables of {count} pump combinations"));
    let Ok(mut snapshots) = Snapshots::open(network) else { return };
    let speeds = vec![1.0; network.pumps().len()];
    let levels: Vec<f64> =
        network.tanks().iter().map(|tank| (tank.level_min_m + tank.level_max_m) / 2.0).collect();
    let timer = clock.stopwatch();
    for i in 0..SNAPSHOTS {
        let demand_factor = f64::from(i % 20) / 10.0;
        let operating = Operating { pump_speed: &speeds, tank_level_m: &levels, demand_factor };
        if snapshots.solve(&operating).is_err() {
            return;
        }
    }
    let each = timer.elapsed_ms() * 1e3 / f64::from(SNAPSHOTS);
    println!("{:<44}{each:>10.1} us", "one hydraulic snapshot");
}

/// Resident memory of this process as the system counts it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |line| format!("{} at most", line.trim()))
}
