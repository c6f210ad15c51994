//! Everything goes wrong that can, by seeds, against the example communes: nothing unsafe is done,
//! and each comes back to plans of its own.

use regie_sim::faults::{FaultPlan, FaultReport, Run, campaign, draw, play};
use regie_sim::world::World;
use std::path::{Path, PathBuf};

/// Cycles of a run: six hours.
const CYCLES: u32 = 360;

fn site(commune: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../examples/sites/{commune}/site.yaml"))
}

fn world(commune: &str) -> World {
    World::load(&site(commune), None, None).expect("an example without findings")
}

fn repeat(commune: &str, seed: u64) -> String {
    format!(
        "regie-sim faults --site examples/sites/{commune}/site.yaml --seed {seed} --cycles {CYCLES}"
    )
}

/// The report of these seeds, in which nothing may be wrong.
fn withstands(commune: &str, seeds: std::ops::Range<u64>) -> FaultReport {
    let seeds: Vec<u64> = seeds.collect();
    let report =
        campaign(&world(commune), &seeds, CYCLES, &|seed| repeat(commune, seed), &|_, _| {})
            .expect("an example can be simulated");
    let text = serde_json::to_string_pretty(&report).expect("it is data");
    assert!(report.violations.is_empty() && report.unrecovered.is_empty(), "{text}");
    report
}

#[test]
fn val_clair_withstands_thirty_seeds() {
    let faults = withstands("val-clair", 1..31).faults_injected;
    for kind in ["wire", "device", "reboot", "clock", "suspend", "kill", "disk", "by_hand"] {
        assert!(faults.get(kind).is_some_and(|count| *count > 0), "{kind}: {faults:?}");
    }
}

#[test]
fn val_soleil_withstands_ten_seeds() {
    withstands("val-soleil", 101..111);
}

/// Of one plan, twice.
fn twice(commune: &str, plan: &FaultPlan) -> [Run; 2] {
    let world = world(commune);
    [(), ()].map(|()| play(&world, plan, "").expect("an example can be simulated"))
}

#[test]
fn a_seed_played_twice_leaves_the_same_trace() {
    for (commune, seed) in [("val-clair", 7), ("val-soleil", 8)] {
        let plan = draw(&world(commune).loaded, seed, 120);
        assert!(!plan.events.is_empty());
        let [first, second] = twice(commune, &plan);
        assert_eq!(first, second, "{commune}, seed {seed}");
        // Without its faults it is another run: the hash is of something.
        let quiet = FaultPlan { events: Vec::new(), ..plan };
        let [quiet, _] = twice(commune, &quiet);
        assert_ne!(first.hash, quiet.hash, "{commune}, seed {seed}");
    }
}

/// Plans that once failed, made as short as they failed. They stay.
#[test]
fn what_once_failed_no_longer_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    let mut played = 0;
    for entry in std::fs::read_dir(&folder).expect("a folder of plans") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let commune = ["val-clair", "val-soleil"].into_iter().find(|one| name.starts_with(one));
        let commune = commune.unwrap_or_else(|| panic!("{name}: begins with no commune's name"));
        let text = std::fs::read_to_string(&path).expect("a plan");
        let plan: FaultPlan =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let world = world(commune);
        plan.check(world.site()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let run = play(&world, &plan, &name).expect("an example can be simulated");
        assert!(run.is_good(), "{name}: {run:#?}");
        played += 1;
    }
    assert!(played > 0);
}
