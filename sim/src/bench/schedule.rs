//! What schedules for network files cost: an audit, and what a planning pass finds by when.

use crate::schedule::{ScheduleError, Team};
use drivers::clock::Clock;
use hydraulics::{
    Audit, AuditOptions, Auditor, Drive, HydraulicsError, Limits, Network, Operating, Prices,
    Schedule, Snapshots,
};
use policies::scheduling::{Problem, speeds_of_file};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The networks, and the tariff of those whose files have no prices.
const NETWORKS: [(&str, Option<&str>); 3] =
    [("van_zyl.inp", None), ("Net1.inp", Some(NIGHT)), ("Net3.inp", Some(NIGHT))];
const NIGHT: &str = "22:00-06:00=0.08,else=0.20";
/// Shares of the pass at which the best cost so far is printed.
const MARKS: [f64; 3] = [1.0 / 6.0, 0.5, 1.0];
/// Audits of one measurement, and snapshots.
const AUDITS: u32 = 50;
const SNAPSHOTS: u32 = 1000;

/// A better schedule: when it was found, s, its cost, and whether it keeps all limits.
type Better = (f64, f64, bool);

/// Prints a line for each network in a folder, each planned for some seconds.
pub(crate) fn run(folder: &Path, seconds: f64) -> Result<(), ScheduleError> {
    let at = |share: &f64| format!("{:.0} s", share * seconds);
    let [first, middle, last] = [0, 1, 2].map(|mark| at(&MARKS[mark]));
    println!(
        "{:<20}{:>14}{:>12}{first:>10}{middle:>10}{last:>10}{:>10}{:>8}",
        "schedules, a day", "audit, ms/day", "x snapshot", "bound", "gap"
    );
    for (name, tariff) in NETWORKS {
        let network = Network::load(folder.join(name))?;
        let tariff = tariff.map(|text| text.parse().expect("the tariff above is one"));
        let prices = tariff.map_or(Prices::File, Prices::Clock);
        line(name, &network, &prices, seconds)?;
    }
    Ok(())
}

/// Plans a network, audits what was found, and prints its line.
fn line(name: &str, network: &Network, prices: &Prices, seconds: f64) -> Result<(), ScheduleError> {
    let (limits, speeds) = (Limits::default(), speeds_of_file(network));
    let limits = &limits;
    let problem = Problem { network, step_s: 3600, steps: 24, limits, prices, speeds: &speeds };
    let clock = Clock::system();
    let timer = clock.stopwatch();
    let elapsed = || timer.elapsed_ms() / 1e3;
    let heard = Mutex::new(Vec::new());
    let better = |audit: &Audit| {
        let heard = &mut *heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push((elapsed(), audit.cost.unwrap_or(f64::NAN), audit.feasible()));
    };
    let found = Team { problem: &problem, seed: 1, seconds }.plan(&elapsed, &better)?;
    let heard = heard.into_inner().unwrap_or_else(PoisonError::into_inner);
    let audit_ms = audit_ms(network, &found.schedule, &problem.audit())?;
    let ratio = audit_ms / snapshot_ms(network)?;
    let costs = MARKS.map(|share| known_at(&heard, share * seconds));
    let cost = costs[2].unwrap_or(f64::NAN);
    let gap = found.bound.map(|bound| format!("{:.2} %", (100.0 * (1.0 - bound / cost)).max(0.0)));
    let [first, middle, last, bound] = [costs[0], costs[1], costs[2], found.bound]
        .map(|cost| cost.map_or("none".to_owned(), |cost| format!("{cost:.2}")));
    println!(
        "  {name:<18}{audit_ms:>14.2}{ratio:>12.1}{first:>10}{middle:>10}{last:>10}{bound:>10}{:>8}",
        gap.as_deref().unwrap_or("none")
    );
    Ok(())
}

/// The cost of the best schedule that was known at a time and keeps all limits.
fn known_at(heard: &[Better], seconds: f64) -> Option<f64> {
    let until = heard.iter().filter(|(at, _, feasible)| *at <= seconds && *feasible);
    until.map(|(_, cost, _)| *cost).min_by(f64::total_cmp)
}

/// Time of an audit of a day, ms.
fn audit_ms(
    network: &Network,
    schedule: &Schedule,
    options: &AuditOptions,
) -> Result<f64, HydraulicsError> {
    let mut auditor = Auditor::open(network);
    let drive = Drive::Schedule(schedule);
    auditor.audit(&drive, options)?;
    let clock = Clock::system();
    let timer = clock.stopwatch();
    for _ in 0..AUDITS {
        auditor.audit(&drive, options)?;
    }
    Ok(timer.elapsed_ms() / f64::from(AUDITS))
}

/// Time of one steady state with all pumps on, ms.
fn snapshot_ms(network: &Network) -> Result<f64, HydraulicsError> {
    let mut snapshots = Snapshots::open(network)?;
    let speeds = vec![1.0; network.pumps().len()];
    let levels: Vec<f64> =
        network.tanks().iter().map(|tank| (tank.level_min_m + tank.level_max_m) / 2.0).collect();
    let clock = Clock::system();
    let timer = clock.stopwatch();
    for i in 0..SNAPSHOTS {
        // Demands differ, so that no steady state is its predecessor's.
        let demand_factor = 0.5 + f64::from(i % 20) / 20.0;
        let operating = Operating { pump_speed: &speeds, tank_level_m: &levels, demand_factor };
        snapshots.solve(&operating)?;
    }
    Ok(timer.elapsed_ms() / f64::from(SNAPSHOTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheapest_sound_schedule_of_the_time_counts() {
        let heard = [(1.0, 300.0, false), (2.0, 350.0, true), (11.0, 341.0, true)];
        assert_eq!(known_at(&heard, 1.5), None);
        assert_eq!(known_at(&heard, 10.0), Some(350.0));
        assert_eq!(known_at(&heard, 60.0), Some(341.0));
    }
}
