//! The planner's optimum beside that of a plain reference model, which is written in Python from
//! the data of the same day's problem and shares no code with ours.

use jiff::SignedDuration;
use policies::optimise::{Held, Hold, Limits};
use regie::control::Asked;
use regie_sim::problem::{Handed, Until, ask, hand};
use regie_sim::world::World;
use serde::Deserialize;
use serde_json::Value;
use site::external::{Direction, ExternalLimit};
use site::units::{ApparentPower, Energy, Level, Power, Price, Ratio};
use site::{AssetId, Site};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

/// Agreement of optima with whole decisions, as a share of the reference.
const SHARE: f64 = 1e-3;
/// Agreement of relaxations, which no gap cuts short: HiGHS keeps rows to 1e-7 only, and a m3 may
/// cost 150 EUR.
const RELAXED_SHARE: f64 = 1e-5;
/// The gaps within which the planner itself takes a choice for good enough: a share, or EUR over
/// the horizon.
const CHOICE_SHARE: f64 = 2e-3;
const CHOICE_EUR: f64 = 0.5;
/// How exactly both are solved: far below what is demanded.
const LIMITS: Limits = Limits { seconds: 120.0, nodes: 1_000_000, gap: GAP, gap_eur: 0.0 };
const GAP: f64 = 1e-4;

/// A problem with its name.
type Case = (&'static str, Handed);

/// What the reference says of a problem.
#[derive(Debug, Deserialize)]
struct Reference {
    optimum: Least,
    relaxation: Least,
}

/// A least cost.
#[derive(Debug, Deserialize)]
struct Least {
    objective_eur: f64,
}

fn example(site: &str) -> PathBuf {
    let file = format!("../examples/sites/{site}/site.yaml");
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// What the planner is asked so many hours after a local midnight.
fn asked(site: &str, day: &str, hours: f64) -> Asked {
    let world = World::load(&example(site), None, None).expect("the example has no findings");
    let start = world.start_of(day.parse().expect("a day")).expect("it exists");
    let at = site::time::add_seconds(start, hours * 3600.0);
    ask(&world, 1, (start, at), Until::Rules).expect("it can be simulated")
}

fn solved(name: &'static str, asked: &Asked, holds: &[Hold]) -> Case {
    let handed = hand(asked, holds, &LIMITS);
    (name, handed.unwrap_or_else(|error| panic!("{name}: {error}")))
}

/// A changed problem.
fn changed(name: &'static str, asked: &Asked, change: impl Fn(&mut Asked, &mut Site)) -> Case {
    let (mut asked, mut site) = (asked.clone(), (*asked.site).clone());
    change(&mut asked, &mut site);
    asked.site = Arc::new(site);
    solved(name, &asked, &[])
}

/// The Python with HiGHS that the tests' set-up made.
fn python() -> PathBuf {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-venv/bin/python");
    let python = std::env::var_os("REGIE_TEST_PYTHON").map_or(made, PathBuf::from);
    assert!(
        python.is_file(),
        "no Python with HiGHS at '{}': run `make test`, or scripts/setup.sh --tests once",
        python.display()
    );
    python
}

fn reference(files: &[PathBuf]) -> Vec<Reference> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference.py");
    let mut command = Command::new(python());
    command.arg(script).args(["--gap", &GAP.to_string()]).args(files);
    let output = command.output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the script's own words")
}

/// Demands that the planner's optima are the reference's.
fn compare(cases: &[Case]) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut files = Vec::new();
    for (k, (_, handed)) in cases.iter().enumerate() {
        let file = folder.path().join(format!("{k}.json"));
        std::fs::write(&file, serde_json::to_string(handed).expect("data")).expect("a file");
        files.push(file);
    }
    let answers = reference(&files);
    assert_eq!(answers.len(), cases.len());
    for ((name, ours), reference) in cases.iter().zip(answers) {
        let (whole, relaxed) =
            (reference.optimum.objective_eur, reference.relaxation.objective_eur);
        println!(
            "{name}: {:.4} EUR, reference {whole:.4}; relaxed {:.4} EUR, reference {relaxed:.4}; \
             the planner's own choice {:.4} EUR",
            ours.optimum.objective_eur, ours.relaxation.objective_eur, ours.choice.objective_eur
        );
        let off = |ours: f64, reference: f64| (ours - reference).abs() / reference.abs();
        assert!(off(ours.optimum.objective_eur, whole) <= SHARE, "{name}");
        assert!(off(ours.relaxation.objective_eur, relaxed) <= RELAXED_SHARE, "{name}, relaxed");
        assert!(
            off(ours.choice.objective_eur, whole)
                <= CHOICE_SHARE.max(CHOICE_EUR / whole.abs()) + 2.0 * GAP,
            "{name}, choice"
        );
    }
}

/// Demands that something is paid for a part: otherwise a case would not test what it says.
fn costs(cases: &[Case], name: &str, part: &str) {
    let case = cases.iter().find(|(other, _)| *other == name).expect("a case of this name");
    let parts = &case.1.optimum.parts_eur;
    assert!(parts.get(part).is_some_and(|eur| *eur > 0.01), "{name}: {part} in {parts:?}");
}

#[test]
fn days_with_pumps_sun_and_lights_have_the_reference_s_optimum() {
    let winter = asked("val-clair", "2026-01-15", 6.0);
    let summer = asked("val-clair", "2026-07-15", 17.2);
    let cases = [
        solved("winter", &winter, &[]),
        solved("summer", &summer, &[]),
        changed("thirst", &summer, |asked, _| {
            asked.forecast.demand.iter_mut().for_each(|demand| *demand = *demand * 1.8);
            // A pump that runs and cannot be commanded, and one that has had its starts.
            let pumps = &mut asked.estimate.pumps;
            let state = |id: &str| AssetId::new(id).expect("a pump");
            pumps.get_mut(&state("P1")).expect("a pump").unavailable = Some("local".into());
            pumps.get_mut(&state("P2")).expect("a pump").starts_last_hour = 3;
        }),
    ];
    compare(&cases);
    costs(&cases, "winter", "grid.peak");
    costs(&cases, "thirst", "T1.band_low");
}

#[test]
fn days_of_the_whole_commune_have_the_reference_s_optimum() {
    compare(&[
        solved("summer", &asked("val-soleil", "2026-07-15", 9.3), &[]),
        solved("a day of 23 hours", &asked("val-soleil", "2026-03-28", 23.5), &[]),
    ]);
}

/// An order from outside that begins so many hours after an instant and lasts for some.
fn order(
    asked: &Asked,
    direction: Direction,
    kw: f64,
    (after, hours): (f64, f64),
) -> ExternalLimit {
    let from = site::time::add_seconds(asked.estimate.now.utc, after * 3600.0);
    ExternalLimit {
        direction,
        power: Power::from_kw(kw),
        from,
        until: site::time::add_seconds(from, hours * 3600.0),
        author: "the grid's operator".into(),
        reason: "a test".into(),
    }
}

#[test]
fn days_on_which_wishes_are_given_up_have_the_reference_s_optimum() {
    let evening = asked("val-soleil", "2026-01-13", 17.6);
    let cases = [
        solved("evening", &evening, &[]),
        changed("sessions", &evening, |asked, _| {
            let sessions = asked.forecast.sessions.values_mut().flatten();
            sessions.for_each(|session| session.wanted = Energy::from_kwh(400.0));
        }),
        changed("orders", &evening, |asked, _| {
            let import = order(asked, Direction::Import, 12.0, (0.7, 3.0));
            let export = order(asked, Direction::Export, 0.0, (10.0, 9.0));
            asked.estimate.external.extend([import, export]);
        }),
        changed("thin cables", &evening, |_, site| {
            let network = site.electrical.as_mut().expect("a network");
            network.band = Ratio::new(0.03);
            network.feeders.iter_mut().for_each(|f| f.limit = Some(ApparentPower::new(20e3)));
        }),
        changed("empty stores", &evening, |asked, _| {
            let charges = asked.estimate.batteries.values_mut().filter_map(|b| b.charge.as_mut());
            charges.for_each(|charge| charge.value = Ratio::new(0.01));
            let levels = asked.estimate.tanks.values_mut().filter_map(|level| level.as_mut());
            levels.for_each(|level| level.value = Level::new(0.5));
            let inflow = asked.forecast.inflow.values_mut().flatten();
            inflow.for_each(|inflow| *inflow = *inflow * 2.6);
        }),
        changed("an outage", &evening, |asked, site| {
            asked.estimate.generator = site.generators.first().map(|one| one.id.clone());
        }),
    ];
    compare(&cases);
    for (name, part) in [
        ("sessions", "C1.session"),
        ("orders", "grid.import_limit"),
        ("thin cables", "village.limit"),
        ("empty stores", "B200.reserve"),
        ("empty stores", "lower.band_low"),
        ("empty stores", "upper.band_low"),
        ("an outage", "filter.daily_run"),
    ] {
        costs(&cases, name, part);
    }
}

#[test]
fn what_is_held_or_cannot_be_told_anything_is_the_same_in_the_reference() {
    let mut noon = asked("val-soleil", "2026-07-15", 11.9);
    let until = noon.estimate.now.utc + SignedDuration::from_mins(100);
    let hold = |asset: &str, held| {
        let asset = AssetId::new(asset).expect("an asset");
        Hold { asset, held, until }
    };
    let held = [
        hold("B200", Held::Power(Power::from_kw(3.0))),
        hold("PV1", Held::Power(Power::from_kw(10.0))),
        hold("A1", Held::On),
        hold("filter", Held::On),
        hold("C3", Held::Off),
    ];
    let first = solved("held", &noon, &held);
    // Prices of a market, some below nothing, and half of everything out of reach.
    for (t, price) in noon.forecast.price.iter_mut().enumerate() {
        *price = Price::new([0.21, -0.06, 0.02, 0.3, 0.11][t % 5]);
    }
    let blind = || Some("local".to_owned());
    let estimate = &mut noon.estimate;
    estimate.inverters.values_mut().take(2).for_each(|state| state.unavailable = blind());
    estimate.chargers.values_mut().take(3).for_each(|state| state.unavailable = blind());
    estimate.switched.values_mut().take(1).for_each(|state| state.unavailable = blind());
    let second = solved("out of reach", &noon, &[]);
    estimate_without_battery(&mut noon);
    compare(&[first, second, solved("without its battery", &noon, &[])]);
}

/// The battery charges by itself.
fn estimate_without_battery(asked: &mut Asked) {
    for state in asked.estimate.batteries.values_mut() {
        (state.charge, state.power) = (None, Some(Power::from_kw(15.0)));
    }
}

fn command(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_regie-sim"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    command.arg("problem").args(words).current_dir(root).output().expect("it is built")
}

#[test]
fn the_command_writes_a_problem_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("day.json");
    let site = "examples/sites/val-clair/site.yaml";
    let words = ["--site", site, "--day", "2026-10-25", "--at", "01:30", "--out"];
    let out = command(&[&words[..], &[file.to_str().expect("letters")]].concat());
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = std::fs::read_to_string(&file).expect("it was written");
    let handed: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (&handed["problem"]["version"], &handed["problem"]["site"]),
        (&2.into(), &"val-clair".into())
    );
    let ours = handed["optimum"]["objective_eur"].as_f64().expect("a number");
    let reference = &reference(&[file])[0];
    assert!((ours / reference.optimum.objective_eur - 1.0).abs() <= SHARE, "{ours} {reference:?}");
    for (words, code) in [
        (&["--site", site, "--day", "2026-10-25", "--at", "25:00"][..], 78),
        (&["--site", site, "--day", "2026-10-25", "--gap", "2"], 78),
        (&["--site", "nowhere.yaml", "--day", "2026-10-25"], 78),
        (&["--site", site], 64),
    ] {
        assert_eq!(command(words).status.code(), Some(code), "{words:?}");
    }
}
