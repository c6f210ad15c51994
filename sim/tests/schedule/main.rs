//! `schedule`, `audit` and `baseline` as their users meet them: the binary, its output, its exit
//! codes. Searches are bounded in seconds, so what they find is asserted with room to spare.

mod command;
mod networks;
mod refused;

use command::{KNOWN, NIGHT, Run, VAN_ZYL, example, schedule_file};
use serde_json::Value;

#[test]
fn van_zyl_is_scheduled_and_the_written_file_is_audited_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("schedule.json");
    let file = file.to_str().expect("text");
    let limits = ["--time-limit", "8s", "--json", "--output", file];
    let run = Run::of(&[&["schedule", "--network", VAN_ZYL][..], &limits].concat());
    run.ended_with(0);
    let report = run.json();
    assert_eq!((&report["feasible"], &report["reasons"]), (&true.into(), &Value::Array(vec![])));
    let (cost, bound) = (number(&report["cost"]), number(&report["bound"]));
    println!("{cost:.2}, bound {bound:.2}, starts {}", report["starts"]);
    assert!(cost <= 352.0 && bound < cost, "{cost} {bound}");
    assert!((number(&report["gap"]) - (cost - bound) / cost).abs() < 1e-9);
    assert!(number(&report["wall_seconds"]) < 20.0);
    let written = std::fs::read_to_string(file).expect("written");
    assert_eq!(serde_json::from_str::<Value>(&written).expect("JSON"), report);
    let audit = Run::of(&["audit", "--network", VAN_ZYL, "--schedule", file, "--json"]);
    audit.ended_with(0);
    let audit = audit.json();
    for key in ["cost", "energy_kwh", "starts", "tanks", "schedule", "mass_balance_error"] {
        assert_eq!(audit[key], report[key], "{key}");
    }
}

/// What scripts read, and what it looks like.
const KEYS: [&str; 19] = [
    "network",
    "by",
    "feasible",
    "reasons",
    "faults",
    "cost",
    "cost_at_equal_storage",
    "energy_kwh",
    "bound",
    "gap",
    "wall_seconds",
    "starts",
    "tanks",
    "mass_balance_error",
    "hydraulic_steps",
    "min_pressure",
    "min_pressures",
    "step_seconds",
    "schedule",
];

#[test]
fn every_command_has_every_key() {
    let known = schedule_file(3600, KNOWN);
    let commands: [&[&str]; 3] = [
        &["schedule", "--network", VAN_ZYL, "--time-limit", "1s", "--json"],
        &["audit", "--network", VAN_ZYL, "--schedule", known.path(), "--json"],
        &["baseline", "--network", VAN_ZYL, "--json"],
    ];
    for command in commands {
        let report = Run::of(command).json();
        for key in KEYS {
            assert!(report.get(key).is_some(), "{key} is missing in {command:?}");
        }
        assert_eq!(report["step_seconds"], 3600);
        assert_eq!(report["network"], VAN_ZYL);
        for pump in ["pmp1", "pmp2", "pmp6"] {
            assert!(report["starts"][pump].is_u64(), "{pump}");
            let steps = report["schedule"][pump].as_array().expect("a list");
            assert_eq!(steps.len(), 24);
            assert!(steps.iter().all(|step| *step == 0 || *step == 1), "{steps:?}");
        }
        for tank in ["t5", "t6"] {
            let levels = &report["tanks"][tank];
            let [min, max] = ["min", "max"].map(|key| number(&levels[key]));
            let [start, end] = ["start", "end"].map(|key| number(&levels[key]));
            assert!(min <= start && start <= max && min <= end && end <= max, "{levels}");
        }
        assert!(number(&report["mass_balance_error"]) < 1e-3);
        assert!(report["min_pressure"]["node"].is_string());
        assert!(report["min_pressure"]["value"].is_f64());
    }
}

#[test]
fn the_audit_of_the_known_schedule_reads_well() {
    let known = schedule_file(3600, KNOWN);
    let run = Run::of(&["audit", "--network", VAN_ZYL, "--schedule", known.path()]);
    run.ended_with(0);
    let text = run.text();
    let (before, after) = text.split_once("bound none; ").expect("the line of the cost");
    let (_seconds, after) = after.split_once('\n').expect("more lines");
    insta::assert_snapshot!(format!("{before}bound none\n{after}"), @"
    examples/networks/van_zyl.inp, the schedule: keeps all limits
    cost 340.72, at equal storage 339.83; energy 4642.5 kWh; bound none
    tank t5           4.500 -> 4.542 m, between 0.394 and 4.895 m
    tank t6           9.500 -> 9.541 m, between 4.306 and 9.541 m
    lowest pressure 46.2 m at n6
    pump pmp1         100100001101010001111111 (5 starts)
    pump pmp2         100100101110110001111111 (5 starts)
    pump pmp6         000000101011101111111111 (4 starts)
    ");
}

#[test]
fn a_schedule_that_overfills_its_tanks_is_refused_with_reasons() {
    let always = schedule_file(3600, ["1".repeat(24).as_str(); 3]);
    let run = Run::of(&["audit", "--network", VAN_ZYL, "--schedule", always.path(), "--json"]);
    run.ended_with(2);
    let report = run.json();
    assert_eq!(report["feasible"], false);
    let reasons = report["reasons"].as_array().expect("a list");
    assert!(reasons.contains(&"mass_balance".into()) && reasons.contains(&"tank_at_limit".into()));
    let faults = report["faults"].as_array().expect("a list");
    assert!(faults.len() >= reasons.len());
    assert!(faults.iter().any(|fault| fault.as_str().is_some_and(|text| text.contains("t5"))));
}

#[test]
fn starts_of_all_pumps_together_are_kept_to() {
    let limits = ["--total-starts", "9", "--time-limit", "6s", "--json"];
    let run = Run::of(&[&["schedule", "--network", VAN_ZYL][..], &limits].concat());
    run.ended_with(0);
    let report = run.json();
    let starts = report["starts"].as_object().expect("a map").values();
    let starts: u64 = starts.filter_map(Value::as_u64).sum();
    let cost = number(&report["cost"]);
    println!("{cost:.2} with {starts} starts");
    assert!(starts <= 9 && cost < 365.0, "{cost} with {starts}");
}

#[test]
fn what_cannot_be_ends_with_2_and_the_schedule_that_breaks_least() {
    let limits = ["--min-pressure-all", "500", "--time-limit", "2s", "--json"];
    let run = Run::of(&[&["schedule", "--network", VAN_ZYL][..], &limits].concat());
    run.ended_with(2);
    let report = run.json();
    assert_eq!(report["feasible"], false);
    let reasons = report["reasons"].as_array().expect("a list");
    assert!(reasons.contains(&"pressure".into()), "{reasons:?}");
    assert_eq!(report["gap"], Value::Null, "what breaks limits has no gap");
    assert_eq!(report["schedule"]["pmp6"].as_array().map(Vec::len), Some(24));
    // Nothing but the pressure is far away from what is asked.
    let fault = report["faults"].as_array().expect("a list");
    let fault = fault.iter().filter_map(Value::as_str).find(|text| text.contains("500.00 m"));
    assert!(fault.is_some_and(|text| text.contains("n6 at ")), "{fault:?}");
}

#[test]
fn a_tariff_replaces_the_files_prices() {
    let known = schedule_file(3600, KNOWN);
    let audit = |tariff: &str| {
        let command = ["audit", "--network", VAN_ZYL, "--schedule", known.path(), "--json"];
        let run = Run::of(&[&command[..], &["--tariff", tariff]].concat());
        run.ended_with(0);
        run.json()
    };
    // The file's own tariff by the clock, for a day that starts at 7 am.
    let same = audit("00:00-07:00=0.0244,else=0.1194");
    assert!((number(&same["cost"]) - 340.72).abs() < 0.005, "{}", same["cost"]);
    let flat = audit("else=1");
    assert!((number(&flat["cost"]) - number(&flat["energy_kwh"])).abs() < 1e-6);
}

#[test]
fn a_schedule_of_net1_beats_its_controls() {
    let network = example("Net1.inp");
    let question = ["--network", &network, "--tariff", NIGHT, "--json"];
    let own = Run::of(&[&["baseline"][..], &question].concat()).json();
    assert_eq!(own["by"], "the file's own controls");
    let run = Run::of(&[&["schedule", "--time-limit", "3s"][..], &question].concat());
    run.ended_with(0);
    let plan = run.json();
    let (cost, level) = (number(&plan["cost"]), number(&own["cost_at_equal_storage"]));
    println!("{cost:.2}, bound {}, own controls {level:.2} at equal storage", plan["bound"]);
    assert!(cost < level && number(&plan["bound"]) <= cost * 1.001, "{cost} and {level}");
}

#[test]
fn net3_is_scheduled_with_its_bypass_as_it_stands_at_the_start() {
    let network = example("Net3.inp");
    let limits = ["--tariff", NIGHT, "--time-limit", "6s", "--json"];
    let run = Run::of(&[&["schedule", "--network", &network][..], &limits].concat());
    run.ended_with(0);
    let plan = run.json();
    let (cost, bound) = (number(&plan["cost"]), number(&plan["bound"]));
    println!("{cost:.2}, bound {bound:.2}");
    // Its own controls open the bypass, pipe 330, and pump a third of this; a schedule of pumps
    // does not move pipes.
    assert!(cost < 1000.0 && bound <= cost * 1.001, "{cost} {bound}");
}

#[test]
fn without_controls_the_baseline_is_level_bands() {
    let run = Run::of(&["baseline", "--network", VAN_ZYL, "--json"]);
    run.ended_with(2);
    let report = run.json();
    assert_eq!(report["by"], "level bands of 40 to 90 %");
    assert_eq!(report["reasons"], serde_json::json!(["end_level"]));
    assert!(number(&report["cost_at_equal_storage"]) > 450.0);
    // Free to end where it likes, nothing is wrong with it.
    let free = ["baseline", "--network", VAN_ZYL, "--end-level", "free"];
    Run::of(&free).ended_with(0);
}

#[test]
fn what_controls_do_in_a_step_is_written_down_as_a_schedule() {
    let (network, folder) = (example("Net1.inp"), tempfile::tempdir().expect("a folder"));
    let question = ["--network", &network, "--tariff", NIGHT, "--end-level", "free", "--json"];
    let run = Run::of(&[&["baseline", "--step", "15m"][..], &question].concat());
    let own = run.json();
    let file = folder.path().join("own.json");
    std::fs::write(&file, run.text()).expect("written");
    let file = ["--schedule", file.to_str().expect("text")];
    let again = Run::of(&[&["audit"][..], &question, &file].concat()).json();
    assert_eq!(again["step_seconds"], 900);
    let [own, again] = [own, again].map(|report| number(&report["cost"]));
    assert!((own - again).abs() < 0.02 * own, "{own} {again}");
}

/// A number of a report.
#[track_caller]
pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}
