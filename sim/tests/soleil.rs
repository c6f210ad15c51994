//! The commune with everything: it can be loaded, replayed, and scouted, and its devices stay on
//! their own control where nobody commands them.

use regie_sim::replay::{Player, Progress, Replay};
use regie_sim::report::PolicyReport;
use regie_sim::world::World;
use std::path::Path;

fn world() -> World {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let site = examples.join("sites/val-soleil/site.yaml");
    World::load(&site, None, None).expect("the shipped site has no findings")
}

fn rules(world: &World, hours: u32, seed: u64) -> PolicyReport {
    let day = "2026-01-13".parse().expect("a day");
    let policies = vec![Player::Rules];
    let replay =
        Replay { day, days: 1, hours: Some(hours), seed, policies, trace: None, history: None };
    let mut report = replay.run(world, &Progress::default()).expect("it can be simulated");
    report.policies.remove("rules").expect("it was asked for")
}

#[test]
fn a_night_of_the_whole_commune_runs_and_repeats_itself() {
    let world = world();
    let report = rules(&world, 9, 1);
    let assets = &report.assets;
    assert!(assets.wells.values().all(|well| well.spilled_m3.abs() < 1e-9 && well.starts > 0));
    assert!(assets.sessions.count >= 2, "the fleet leaves in the morning: {:?}", assets.sessions);
    assert!(assets.sessions.delivered_kwh > 10.0, "chargers charge whoever commands them");
    let ran: f64 = assets.shiftable.values().flat_map(|load| load.hours.values()).sum();
    assert!(ran > 0.9, "the filter runs: {ran} h");
    assert!(assets.lighting.values().all(|lamps| lamps.energy_kwh > 5.0));
    assert_eq!((report.commands.failed, report.commands.mismatched), (0, 0));
    assert!(report.mass_balance_error.expect("there is water").abs() < 1e-3);
    assert_eq!(rules(&world, 9, 1).record_hash, report.record_hash, "the same seed");
    assert_ne!(rules(&world, 1, 2).record_hash, rules(&world, 1, 1).record_hash);
}

#[test]
fn a_scout_sees_a_week_in_seconds() {
    let world = world();
    let start = world.start_of("2026-01-12".parse().expect("a day")).expect("it exists");
    let end = world.end_of("2026-01-12".parse().expect("a day"), 7).expect("it exists");
    let timer = drivers::Clock::system().stopwatch();
    let mut scout = world.scout(1, start).expect("a scout");
    let sessions = scout.sessions_ahead(end);
    scout.advance(end);
    let seconds = timer.elapsed_ms() / 1e3;
    println!("a week in {seconds:.2} s");
    assert!(seconds < 10.0, "{seconds} s");
    assert_eq!(scout.now(), end);
    let seen = scout.exogenous();
    assert_eq!((seen.available.len(), seen.inflow.len(), sessions.len()), (3, 1, 6));
    assert!(seen.demand.is_some_and(|demand| demand.get() > 0.0) && seen.load.get() > 0.0);
    let visits: usize = sessions.values().map(Vec::len).sum();
    assert!((30..120).contains(&visits), "{visits}");
}
