//! The plant as a whole, on the shipped site and days.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use drivers::profile::{self, Profile};
use hydraulics::Network;
use jiff::{SignedDuration, Timestamp};
use site::model::Device;
use site::{AssetId, Site};

use super::*;

/// A file under `examples`.
fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

/// The shipped site.
pub(crate) static SITE: LazyLock<Site> = LazyLock::new(|| {
    let path = example("sites/val-clair/site.yaml");
    let text = std::fs::read_to_string(&path).expect("the shipped site is there");
    let mut site = site::file::read(&text, &path).expect("it has no findings").site;
    // The tests reckon with half full tanks, whatever the example starts with.
    site.simulation.initial_level = site::units::Ratio::new(0.5);
    site
});

pub(crate) static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    let water = SITE.water.as_ref().expect("the shipped site has water");
    Network::load(&water.network).expect("its network loads")
});

pub(crate) static RECORDING: LazyLock<Recording> = LazyLock::new(|| {
    let simulation = &SITE.simulation;
    let (profiles, weather) = (simulation.profiles.as_ref(), simulation.weather.as_ref());
    Recording::load(profiles.unwrap(), weather.unwrap()).expect("the shipped days load")
});

/// The profile of a device of the shipped site.
pub(crate) fn profile_of(device: &Device) -> Profile {
    let text = match &device.profile_file {
        Some(path) => std::fs::read_to_string(path).expect("the example profile is there"),
        None => profile::builtin(&device.profile).expect("it is built in").to_owned(),
    };
    profile::read(&text, Path::new(&device.profile)).expect("it has no findings")
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// The plant of a site that differs from the shipped one only where it says so.
pub(crate) fn plant_of(site: &Site, seed: u64, start: &str) -> Plant {
    Plant::new(site, Some(&NETWORK), &RECORDING, (seed, &Perturbation::default()), instant(start))
        .expect("a plant")
}

fn plant(seed: u64, start: &str) -> Plant {
    plant_of(&SITE, seed, start)
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).expect("a simulated instant")
}

/// Runs with plain level control, some hours, and gives each step's truth to `see`.
fn run(plant: &mut Plant, hours: i64, mut see: impl FnMut(&Truth)) {
    let end = later(plant.now(), hours * 3600);
    while plant.now() < end {
        let truth = plant.truth();
        see(&truth);
        for (place, pump) in SITE.pumps.iter().enumerate() {
            let tank = SITE.tank(&pump.fills).expect("declared");
            let share = truth.tanks[&pump.fills].level.get() / tank.height.get();
            if share < pump.level_control.start_below.get() {
                plant.command_pump(place, true, plant.now());
            } else if share > pump.level_control.stop_above.get() {
                plant.command_pump(place, false, plant.now());
            }
        }
        let next = plant.next_step();
        plant.advance(next);
    }
}

fn asset(name: &str) -> AssetId {
    AssetId::new(name).expect("a name")
}

fn sample_hash(plant: &mut Plant, hours: i64) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    run(plant, hours, |truth| truth.hash_into(&mut hasher));
    plant.truth().hash_into(&mut hasher);
    hasher.finalize()
}

#[test]
fn a_day_of_level_control_loses_no_water() {
    let mut plant = plant(1, "2026-06-15T22:00:00Z");
    let (mut lowest, mut highest) = (f64::MAX, f64::MIN);
    run(&mut plant, 24, |truth| {
        let level = truth.tanks[&asset("T1")].level.get();
        (lowest, highest) = (lowest.min(level), highest.max(level));
    });
    let truth = plant.truth();
    let water = truth.water.expect("the site has water");
    assert_eq!(water.unsolved_steps, 0);
    assert!(water.balance_error.unwrap().abs() < 1e-3, "{:?}", water.balance_error);
    assert!(water.overflow.get().abs() < 1e-9);
    let base = NETWORK.base_demand_m3s() * 86_400.0;
    let share = water.delivered.get() / base;
    assert!((0.8..1.4).contains(&share), "a day's demand is near its base: {share}");
    assert!(lowest > 1.0 && highest < 5.0, "T1 moved from {lowest} to {highest} m");
    assert!(water.lowest_pressure.unwrap().head.get() > 5.0);
    for pump in truth.pumps.values() {
        assert!(pump.starts >= 1 && pump.energy.kwh() > 10.0, "{pump:?}");
        let mean_w = pump.energy.get() / (pump.run_time.get() / 3600.0);
        assert!((20e3..220e3).contains(&mean_w), "a running pump draws its power: {mean_w}");
    }
}

#[test]
fn power_is_accounted_for_at_every_step() {
    let mut plant = plant(2, "2026-06-15T00:00:00Z");
    plant.limit_inverter(0, 0.3);
    let (mut import, mut curtailed) = (0.0, false);
    let mut first = true;
    run(&mut plant, 24, |truth| {
        let pumps: f64 = truth.pumps.values().map(|pump| pump.power.get()).sum();
        let lamps: f64 = truth.lighting.values().map(|lamps| lamps.power.get()).sum();
        let solar: f64 = truth.inverters.values().map(|one| one.power.get()).sum();
        let sum = pumps + lamps + truth.load.get() - solar;
        assert!((truth.grid.power.get() - sum).abs() < 1e-6, "at {}", truth.at);
        if !std::mem::take(&mut first) {
            import += truth.grid.power.get().max(0.0) / 360.0;
        }
        let limited = &truth.inverters[&asset("PV1")];
        assert!(limited.power.get() <= 18e3 + 1e-9);
        curtailed |= limited.available.get() > 18e3;
    });
    assert!(curtailed, "June has sun enough to be limited");
    let truth = plant.truth();
    import += truth.grid.power.get().max(0.0) / 360.0;
    assert!((truth.grid.import.get() - import).abs() < 1.0);
    let (limited, free) = (&truth.inverters[&asset("PV1")], &truth.inverters[&asset("PV2")]);
    assert!(limited.curtailed.kwh() > 1.0 && free.curtailed.get().abs() < 1e-9);
}

#[test]
fn day_and_night_are_where_they_belong() {
    let mut seen = BTreeMap::new();
    let mut plant = plant(3, "2026-12-10T00:00:00Z");
    run(&mut plant, 24, |truth| {
        let dark = truth.lighting.values().all(|lamps| lamps.dark);
        let sun: f64 = truth.inverters.values().map(|one| one.available.get()).sum();
        seen.insert(truth.at.to_string(), (dark, sun));
    });
    assert!(seen["2026-12-10T23:00:00Z"].0 && seen["2026-12-10T05:00:00Z"].0);
    assert!(!seen["2026-12-10T11:00:00Z"].0);
    assert!(seen["2026-12-10T23:00:00Z"].1.abs() < 1e-9);
    assert!(seen["2026-12-10T11:00:00Z"].1 > 0.0);
    let changes = seen.values().zip(seen.values().skip(1)).filter(|(a, b)| a.0 != b.0).count();
    assert_eq!(changes, 2, "it grows dark once and light once");
}

#[test]
fn the_same_seed_gives_the_same_truth_and_another_does_not() {
    let hash = |seed| sample_hash(&mut plant(seed, "2026-03-29T00:00:00Z"), 6);
    assert_eq!(hash(7), hash(7));
    assert_ne!(hash(7), hash(8));
}

#[test]
fn it_does_not_matter_how_often_the_plant_is_asked_to_advance() {
    let start = "2026-03-29T00:00:00Z";
    let order = |plant: &mut Plant, after: i64, run: bool| {
        let at = later(instant(start), after);
        plant.advance(at);
        plant.command_pump(0, run, at);
    };
    let mut seldom = plant(7, start);
    order(&mut seldom, 123, true);
    order(&mut seldom, 4567, false);
    seldom.advance(later(instant(start), 7200));
    let mut often = plant(7, start);
    for second in 0..=7200 {
        match second {
            123 => order(&mut often, 123, true),
            4567 => order(&mut often, 4567, false),
            _ => often.advance(later(instant(start), second)),
        }
    }
    assert_eq!(seldom.truth(), often.truth());
    let pump = seldom.truth().pumps[&asset("P1")];
    assert_eq!((pump.starts, pump.running), (1, false));
    // From 123 + 2 to 4567 + 1 seconds, although steps are of ten.
    assert!((pump.run_time.get() - 4443.0).abs() < 1e-6, "{:?}", pump.run_time);
}

#[test]
fn a_new_component_does_not_shift_the_others() {
    let mut more = SITE.clone();
    more.simulation.loads.push(more.simulation.loads[0].clone());
    more.lighting.remove(0);
    let start = "2026-05-01T09:00:00Z";
    let (mut one, mut other) = (plant(4, start), plant_of(&more, 4, start));
    one.advance(later(instant(start), 3600));
    other.advance(later(instant(start), 3600));
    let (one, other) = (one.truth(), other.truth());
    assert_eq!((&one.tanks, &one.water), (&other.tanks, &other.water));
    assert_eq!(one.inverters, other.inverters);
    assert_eq!(one.lighting[&asset("L2")], other.lighting[&asset("L2")]);
    assert_ne!(one.load, other.load);
}

#[test]
fn meters_agree_with_what_they_measure() {
    let mut plant = plant(5, "2026-05-01T09:00:00Z");
    run(&mut plant, 3, |_| {});
    let truth = plant.truth();
    let flow = |name| truth.flows[&asset(name)].get();
    let fed = flow("F2") + flow("F3");
    let demand = truth.water.as_ref().unwrap().demand.get();
    assert!((fed / demand - 1.0).abs() < 0.01, "the feeding pipes carry {fed} of {demand} m3/s");
    let pumped = truth.pumps[&asset("P1")].flow.get() + truth.pumps[&asset("P2")].flow.get();
    assert!((flow("F1") - pumped).abs() < 0.01 * pumped.max(0.01), "{} {pumped}", flow("F1"));
    for (place, tank) in SITE.tanks.iter().enumerate() {
        let error = plant.measured_level_m(place) - truth.tanks[&tank.id].level.get();
        assert!(error.abs() <= 0.0241, "{error}");
    }
}

#[test]
fn a_leak_opens_when_it_is_told_to_and_the_balance_still_closes() {
    let start = "2026-05-01T09:00:00Z";
    let mut plant = plant(5, start);
    let opens = later(instant(start), 3600);
    plant.leak("n6", site::units::Ratio::new(0.1), opens).expect("the network has n6");
    run(&mut plant, 1, |_| {});
    assert!(plant.truth().water.unwrap().leaked.get().abs() < 1e-12, "not open yet");
    run(&mut plant, 3, |_| {});
    let water = plant.truth().water.unwrap();
    let profile = SITE.water.as_ref().unwrap().demand_profile;
    let mean = NETWORK.base_demand_m3s() * profile.iter().sum::<f64>() / 24.0;
    let share = water.leaked.get() / (mean * 3.0 * 3600.0);
    assert!((0.085..0.115).contains(&share), "{share} of the mean demand");
    assert!(water.balance_error.unwrap().abs() < 1e-3, "{:?}", water.balance_error);
    assert!(water.delivered.get() > water.leaked.get());
    let error = plant.leak("n99", site::units::Ratio::new(0.1), opens).unwrap_err().to_string();
    assert!(error.contains("no junction called 'n99' to leak at; it has: n1, n10"), "{error}");
}

#[test]
fn what_does_not_fit_together_is_said() {
    let start = instant("2026-05-01T09:00:00Z");
    let made = |site: &Site| {
        Plant::new(site, Some(&NETWORK), &RECORDING, (1, &Perturbation::default()), start)
            .map(|_| ())
    };
    let mut site = SITE.clone();
    site.pumps[1].link = "pmp9".to_owned();
    let error = made(&site).unwrap_err().to_string();
    assert_eq!(
        error,
        "P2: the network has no pump called 'pmp9'; correct its name in the site file"
    );
    let mut site = SITE.clone();
    site.flow_meters[0].link = "q".to_owned();
    assert!(made(&site).unwrap_err().to_string().contains("no pipe or pump called 'q'"));
    let mut site = SITE.clone();
    site.simulation.pv_profiles = vec!["sun".to_owned()];
    assert!(made(&site).unwrap_err().to_string().contains("'sun'"));
    assert_eq!(
        Plant::new(&SITE, None, &RECORDING, (1, &Perturbation::default()), start).map(|_| ()),
        Err(PlantError::NoNetwork)
    );
}

#[test]
fn a_perturbed_truth_differs_from_the_plain_one_by_what_was_asked_for() {
    let start = instant("2026-01-15T06:00:00Z");
    let made = |text: &str| {
        let perturbation: Perturbation = text.parse().expect("it is well formed");
        let made = Plant::new(&SITE, Some(&NETWORK), &RECORDING, (1, &perturbation), start);
        let mut plant = made.expect("a plant");
        for pump in 0..3 {
            plant.command_pump(pump, true, start);
        }
        plant.advance(start + SignedDuration::from_mins(90));
        plant
    };
    let plain = plant_of(&SITE, 1, "2026-01-15T06:00:00Z");
    let same = Plant::new(&SITE, Some(&NETWORK), &RECORDING, (1, &Perturbation::default()), start);
    assert_eq!(plain.truth(), same.expect("a plant").truth());
    let demand = |plant: &Plant| plant.truth().water.expect("there is water").demand.get();
    let usual = made("demand=1.0");
    assert!((demand(&made("demand=1.15")) / demand(&usual) - 1.15).abs() < 1e-9);
    let flow = |plant: &Plant, pump: &str| {
        plant.truth().pumps[&AssetId::new(pump).expect("a name")].flow.get()
    };
    let weak = made("pump=P1:0.9");
    assert!(flow(&weak, "P1") < 0.9 * flow(&usual, "P1"));
    assert!(flow(&weak, "P2") > flow(&usual, "P2"), "the other one takes some of it over");
    assert!(flow(&made("roughness=0.8"), "P1") < 0.99 * flow(&usual, "P1"));
    // The transmitter drifts; the tank does not know.
    let drifted = made("drift=T1:0.10@1");
    assert_eq!(drifted.true_level_m(0).to_bits(), usual.true_level_m(0).to_bits());
    assert!((drifted.measured_level_m(0) - usual.measured_level_m(0) - 0.1).abs() < 1e-9);
    assert_eq!(drifted.measured_level_m(1).to_bits(), usual.measured_level_m(1).to_bits());
    let late = made("drift=T1:0.10@2");
    assert_eq!(late.measured_level_m(0).to_bits(), usual.measured_level_m(0).to_bits());
}
