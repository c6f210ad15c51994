//! Networks made up for what the shipped ones do not have. Each keeps its limits by its own
//! controls; a schedule is cheaper.

use crate::command::Run;
use crate::number;
use serde_json::Value;

/// The report of a schedule, after it was found cheaper than the network's own controls by a
/// share.
#[track_caller]
fn cheaper(name: &str, share: f64) -> Value {
    let network = format!("sim/tests/networks/{name}.inp");
    let own = Run::of(&["baseline", "--network", &network, "--json"]);
    own.ended_with(0);
    let plan = ["schedule", "--network", &network, "--time-limit", "4s", "--json"];
    let run = Run::of(&plan);
    run.ended_with(0);
    let (own, plan) = (own.json(), run.json());
    let (cost, bound) = (number(&plan["cost"]), number(&plan["bound"]));
    let equal = number(&own["cost_at_equal_storage"]);
    println!("{name}: {cost:.2}, bound {bound:.2}; own controls {equal:.2} at equal storage");
    assert!(cost < (1.0 - share) * equal, "{name}: {cost} and {equal}");
    // How good a bound is depends on how busy the machine is; that it is one does not.
    assert!(bound <= cost * 1.001, "{name}: {bound} and {cost}");
    plan
}

#[test]
fn three_stations_with_prices_of_their_own() {
    let plan = cheaper("three_stations", 0.05);
    let prices = plan["cost_by_price"].as_array().expect("a list");
    assert!(prices.len() >= 4, "{prices:?}");
}

#[test]
fn boosters_in_series() {
    let plan = cheaper("series_boosters", 0.05);
    assert_eq!(plan["tanks"].as_object().map(serde_json::Map::len), Some(3));
}

#[test]
fn us_units_patterns_that_begin_at_seven_and_a_clock_at_three() {
    let plan = cheaper("us_start_7", 0.08);
    // Levels are metres whatever the file's units are: 10 feet.
    assert!((number(&plan["tanks"]["tower"]["start"]) - 3.048).abs() < 1e-9);
}

#[test]
fn a_pump_with_a_pattern_of_speeds() {
    let plan = cheaper("variable_speed", 0.08);
    let speeds: Vec<f64> =
        plan["schedule"]["V1"].as_array().expect("a list").iter().map(number).collect();
    let sound = |speed: &f64| *speed <= 0.0 || (0.92 - 1e-6..=1.0 + 1e-6).contains(speed);
    assert!(speeds.iter().all(sound), "{speeds:?}");
    assert!(speeds.iter().any(|speed| *speed > 0.0 && *speed < 0.999), "{speeds:?}");
}

#[test]
fn a_drive_that_the_file_does_not_show() {
    let network = "sim/tests/networks/series_boosters.inp";
    let plan = ["schedule", "--network", network, "--time-limit", "3s", "--json"];
    let run = Run::of(&[&plan[..], &["--speed", "V1=0.8-1.05"]].concat());
    run.ended_with(0);
    let plan = run.json();
    let speeds = plan["schedule"]["V1"].as_array().expect("a list");
    let sound = |speed: f64| speed <= 0.0 || (0.8..=1.05).contains(&speed);
    assert!(speeds.iter().map(number).all(sound), "{speeds:?}");
    assert!(
        speeds.iter().map(number).any(|speed| speed > 0.0 && (speed - 1.0).abs() > 1e-6),
        "{speeds:?}"
    );
}

#[test]
fn a_charge_for_the_highest_power() {
    let plan = cheaper("demand_charge", 0.02);
    let charge = number(&plan["demand_charge"]);
    assert!(charge > 0.1 * number(&plan["cost"]), "{charge}");
}

#[test]
fn pumps_of_constant_power() {
    let plan = cheaper("constant_power", 0.08);
    // 20 horsepower at an efficiency of 75 %, as long as it runs.
    let hours = plan["schedule"]["P1"].as_array().expect("a list").iter().map(number).sum::<f64>();
    let kwh = number(&plan["energy_kwh_by_pump"]["P1"]);
    assert!((kwh - hours * 20.0 * 0.7457 / 0.75).abs() < 0.01 * kwh.max(1.0), "{kwh} in {hours} h");
}
