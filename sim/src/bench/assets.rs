//! The linear program of communes of 10, 100 and 1,000 assets over 96 quarter hours: how long it
//! takes to build, and how long to solve.

use drivers::clock::Clock;
use policies::optimise::{Inputs, Prepared};
use site::plan::{
    Basis, BatteryState, Estimate, Estimated, Forecast, LightingWindow, LoadState, PumpState,
    Session, Step,
};
use site::units::{Energy, Power, Price, Ratio};
use site::{Now, Site};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// Sizes that are measured, and how often.
const SIZES: [(usize, usize); 3] = [(10, 21), (100, 11), (1000, 3)];
/// Quarter hours of a day.
const STEPS: usize = 96;

/// Prints the figures.
pub(crate) fn run(clock: &Clock) {
    println!(
        "{:<32}{:>8}{:>12}{:>12}{:>12}",
        "a day's linear program", "rows", "build, ms", "solve, ms", "build / all"
    );
    for (assets, times) in SIZES {
        let mut site = site(assets);
        // What is measured is how long it takes, however busy the machine is.
        site.pace.solve = Duration::from_secs(300);
        let (estimate, forecast) = (estimate(&site), forecast(&site));
        let inputs = Inputs {
            site: &site,
            water: None,
            estimate: &estimate,
            forecast: &forecast,
            holds: &[],
        };
        let (mut builds, mut solves, mut rows) = (Vec::new(), Vec::new(), 0);
        for _ in 0..times {
            let timer = clock.stopwatch();
            let prepared = Prepared::new(&inputs);
            builds.push(timer.elapsed_ms());
            rows = prepared.rows();
            let timer = clock.stopwatch();
            if let Err(error) = prepared.solve() {
                println!("  {assets} assets: {error}");
                return;
            }
            solves.push(timer.elapsed_ms());
        }
        let (build, solve) = (median(builds), median(solves));
        let share = 100.0 * build / (build + solve);
        let name = format!("  {assets} assets");
        println!("{name:<32}{rows:>8}{build:>12.2}{solve:>12.1}{share:>10.1} %");
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Two batteries, three chargers, two inverters, two cabinets and a filter in every ten assets.
fn site(assets: usize) -> Site {
    let mut text = String::from(
        "regie: 1\nsite: {id: many, name: Many, time_zone: Europe/Paris, latitude: 45, \
         longitude: 5}\ndevices: {d: {profile: p, connect: \"tcp://127.0.0.1:1\"}}\n\
         grid: {power: d.power, export_limit: 2 MW}\ntariff:\n  feed_in: 0.05 EUR/kWh\n  \
         demand_charge: {price: 10 EUR/kW}\n  classes: [{name: all, price: 0.2 EUR/kWh, \
         months: 1-12, hours: [\"00:00-00:00\"]}]\n",
    );
    let kinds = [
        ("batteries", 2, "safe_state: stop, capacity: 100 kWh, charge_power: 40 kW"),
        ("chargers", 3, "safe_state: local, max_current: 32 A"),
        ("inverters", 2, "safe_state: release, rated_power: 50 kW"),
        (
            "lighting",
            2,
            "safe_state: on, rated_power: 3 kW, \
             program: [{from: dusk, level: 100 %, may_dim_to: 50 %}]",
        ),
        ("shiftable", 1, "safe_state: local, rated_power: 6 kW, daily_run: 6 h"),
    ];
    for (kind, of_ten, keys) in kinds {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{kind}:");
        for k in 0..assets * of_ten / 10 {
            let _ = writeln!(text, "  {kind}{k}: {{device: d, mode: control, {keys}}}");
        }
    }
    let read = site::file::read(&text, Path::new("many.yaml"));
    read.expect("the text above is a site").site
}

/// A number that differs from asset to asset, 0 to 1.
fn varied(k: usize) -> f64 {
    f64::from(u32::try_from(k * 7919 % 101).unwrap_or(0)) / 101.0
}

fn hour(t: usize) -> f64 {
    f64::from(u32::try_from(t).unwrap_or(0)) / 4.0
}

fn estimate(site: &Site) -> Estimate {
    let free = || LoadState { power: None, setting: None, unavailable: None };
    let battery = |k: usize| BatteryState {
        charge: Some(Estimated {
            value: Ratio::new(0.2 + 0.6 * varied(k)),
            spread: Ratio::ZERO,
            basis: Basis::Measured,
        }),
        power: None,
        setting: None,
        unavailable: None,
    };
    let still = PumpState {
        running: Some(false),
        power: None,
        in_state_for: Duration::from_secs(86_400),
        starts_last_hour: 0,
        unavailable: None,
    };
    let batteries = site.batteries.iter().enumerate();
    Estimate {
        now: Now { utc: start(), ..Now::default() },
        inverters: site.inverters.iter().map(|i| (i.id.clone(), free())).collect(),
        lighting: site.lighting.iter().map(|l| (l.id.clone(), free())).collect(),
        batteries: batteries.map(|(k, b)| (b.id.clone(), battery(k))).collect(),
        switched: site.shiftable.iter().map(|s| (s.id.clone(), still.clone())).collect(),
        ..Estimate::default()
    }
}

fn start() -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_768_345_200).unwrap_or_default()
}

fn forecast(site: &Site) -> Forecast {
    let at = |t: usize| site::time::add_seconds(start(), hour(t) * 3600.0);
    let bell = |t: usize| (1.0 - ((hour(t) - 12.5) / 4.5).powi(2)).max(0.0);
    let sun = |(k, inverter): (usize, &site::asset::Inverter)| {
        let power = |t| Power::from_kw(50.0 * (0.3 + 0.6 * varied(k)) * bell(t));
        (inverter.id.clone(), (0..STEPS).map(power).collect())
    };
    let light = |lighting: &site::asset::Lighting| {
        let window = |t: usize| {
            let night = f64::from(u8::from(!(7..18).contains(&(t / 4))));
            LightingWindow { level: Ratio::new(night), may_dim_to: Ratio::new(night / 2.0) }
        };
        (lighting.id.clone(), (0..STEPS).map(window).collect())
    };
    let session = |(k, charger): (usize, &site::asset::Charger)| {
        let arrival = 4 * (k % 12);
        let session = Session {
            arrival: at(arrival),
            departure: at((arrival + 16 + 8 * (k % 5)).min(STEPS)),
            wanted: Energy::from_kwh(8.0 + 30.0 * varied(k)),
            basis: Basis::Modelled,
            draw: None,
        };
        (charger.id.clone(), vec![session])
    };
    let loads = |t: usize| {
        let count = f64::from(u32::try_from(site.chargers.len()).unwrap_or(0));
        Power::from_kw(count * (8.0 + 5.0 * bell(t)))
    };
    // A price that differs in every quarter hour: nothing falls together by chance.
    let price = |t: usize| Price::new(0.12 + 0.1 * varied(t) + 0.1 * bell(t));
    Forecast {
        steps: (0..STEPS).map(|t| Step { start: at(t), end: at(t + 1) }).collect(),
        base_load: (0..STEPS).map(loads).collect(),
        price: (0..STEPS).map(price).collect(),
        class: vec!["all".to_owned(); STEPS],
        feed_in: vec![Price::new(0.05); STEPS],
        subscribed: vec![None; STEPS],
        pv: site.inverters.iter().enumerate().map(sun).collect(),
        lighting: site.lighting.iter().map(light).collect(),
        sessions: site.chargers.iter().enumerate().map(session).collect(),
        ..Forecast::default()
    }
}
