//! The energy assets of the plant, on the shipped commune that has them all.

use std::path::Path;
use std::sync::LazyLock;

use hydraulics::Network;
use jiff::{SignedDuration, Timestamp};
use site::{AssetId, Site};

use super::tests::{RECORDING, instant};
use super::*;

/// The shipped commune with batteries, chargers, wells and all that.
pub(crate) static SOLEIL: LazyLock<Site> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-soleil/site.yaml");
    Site::clone(&regie::load::load(&path).expect("it has no findings").site)
});

static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    let water = SOLEIL.water.as_ref().expect("the shipped site has water");
    Network::load(&water.network).expect("its network loads")
});

pub(crate) fn soleil(site: &Site, seed: u64, start: &str) -> Plant {
    let truth = (seed, &Perturbation::default());
    Plant::new(site, Some(&NETWORK), &RECORDING, truth, instant(start)).expect("a plant")
}

fn scout(seed: u64, start: &str) -> Scout {
    let truth = (seed, &Perturbation::default());
    Scout::new(&SOLEIL, Some(&NETWORK), &RECORDING, truth, instant(start)).expect("a scout")
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).expect("a simulated instant")
}

fn asset(name: &str) -> AssetId {
    AssetId::new(name).expect("a name")
}

const START: &str = "2026-01-12T23:00:00Z";

/// Orders of a policy that knows nothing: everything that can be commanded, at random.
fn at_random(plant: &mut Plant, orders: &mut Chance) {
    let at = plant.now();
    plant.order_battery(0, orders.between(-100e3, 100e3));
    for charger in 0..SOLEIL.chargers.len() {
        plant.offer_charge(charger, orders.between(-5.0, 40.0));
    }
    plant.command_shiftable(0, orders.happens(0.5), at);
    plant.command_lift(0, plant.true_well_share(0) > orders.between(0.2, 0.8), at);
    for pump in 0..SOLEIL.pumps.len() {
        plant.command_pump(pump, orders.happens(0.3), at);
    }
    for inverter in 0..SOLEIL.inverters.len() {
        plant.limit_inverter(inverter, orders.between(0.0, 1.0));
    }
    for cabinet in 0..SOLEIL.lighting.len() {
        plant.light(cabinet, orders.between(-0.5, 1.0).max(0.0), at);
    }
}

/// Runs some hours with random orders every five minutes, and shows each step's truth.
fn run(plant: &mut Plant, seed: u64, hours: i64, mut see: impl FnMut(&Plant, &Truth)) {
    let mut orders = Chance::new(seed, "orders");
    for step in 0..hours * 360 {
        if step % 30 == 0 {
            at_random(plant, &mut orders);
        }
        let next = plant.next_step();
        plant.advance(next);
        see(plant, &plant.truth());
    }
}

#[test]
fn everything_meets_at_the_grid_and_nothing_twice() {
    let mut plant = soleil(&SOLEIL, 1, START);
    let mut used = 0.0;
    run(&mut plant, 1, 24, |plant, truth| {
        let sum = |powers: &mut dyn Iterator<Item = site::units::Power>| -> f64 {
            powers.map(site::units::Power::get).sum()
        };
        let takes = sum(&mut truth.pumps.values().map(|one| one.power))
            + sum(&mut truth.lighting.values().map(|one| one.power))
            + sum(&mut truth.batteries.values().map(|one| one.power))
            + sum(&mut truth.chargers.values().map(|one| one.power))
            + sum(&mut truth.switched.values().map(|one| one.power))
            + truth.load.get();
        let gives = sum(&mut truth.inverters.values().map(|one| one.power));
        // Besides all assets the meter sees what the cables below it turn to heat.
        let heat = truth.grid.power.get() - (takes - gives);
        let losses = truth.network.as_ref().map_or(0.0, |network| network.losses.get());
        assert!((0.0..=losses + 1e-6).contains(&heat), "{heat} W of {losses} W at {}", truth.at);
        let injections = plant.injections();
        let injected: f64 = injections.iter().map(|one| one.active.get()).sum();
        assert!((truth.grid.power.get() - heat - injected).abs() < 1e-6);
        assert!(injections.last().is_some_and(|last| last.asset.is_none()));
        used += truth.grid.power.get().max(0.0) * 10.0 / 3600.0;
    });
    let truth = plant.truth();
    assert!((truth.grid.import.get() - used).abs() < 1.0, "{:?} and {used}", truth.grid.import);
    let reactive = |name: &str| {
        let found = plant.injections().into_iter().find(|one| one.asset == Some(asset(name)));
        found.expect("every asset is there").reactive_var
    };
    assert!(reactive("B200").abs() < 1e-12 && reactive("PV1").abs() < 1e-12);
}

#[test]
fn energy_of_each_part_is_the_sum_of_its_power() {
    let mut plant = soleil(&SOLEIL, 3, START);
    let (mut battery, mut chargers, mut switched) = (0.0, 0.0, 0.0);
    run(&mut plant, 3, 24, |_, truth| {
        let hours = 10.0 / 3600.0;
        battery += truth.batteries[&asset("B200")].power.get() * hours;
        chargers += truth.chargers.values().map(|one| one.power.get()).sum::<f64>() * hours;
        switched += truth.switched.values().map(|one| one.power.get()).sum::<f64>() * hours;
    });
    let truth = plant.truth();
    let one = truth.batteries[&asset("B200")];
    let counted = (one.taken + one.standby - one.given).get();
    assert!((battery - counted).abs() < 1e-6 * counted.abs().max(1e3), "{battery} {counted}");
    let counted: f64 = truth.chargers.values().map(|one| one.energy.get()).sum();
    assert!(counted > 1e3 && (chargers - counted).abs() < 1e-6 * counted, "{chargers} {counted}");
    let counted: f64 = truth.switched.values().map(|one| one.energy.get()).sum();
    assert!(counted > 1e3 && (switched - counted).abs() < 1e-6 * counted, "{switched} {counted}");
    for session in truth.sessions.iter() {
        assert!(session.delivered <= session.possible + site::units::Energy::new(70.0));
    }
}

#[test]
fn whatever_is_commanded_the_same_seed_brings_the_same() {
    let (mut one, mut other) = (soleil(&SOLEIL, 7, START), soleil(&SOLEIL, 7, START));
    let mut scout = scout(7, START);
    let until = later(instant(START), 30 * 3600);
    let ahead = one.sessions_ahead(until);
    assert_eq!((&ahead, &ahead), (&other.sessions_ahead(until), &scout.sessions_ahead(until)));
    assert_eq!(one.exogenous(), scout.exogenous(), "from the very start");
    let mut seen = Vec::new();
    run(&mut one, 1, 30, |plant, _| seen.push(plant.exogenous()));
    let mut step = 0;
    run(&mut other, 2, 30, |plant, _| {
        scout.advance(plant.now());
        assert_eq!((&plant.exogenous(), &scout.exogenous()), (&seen[step], &seen[step]));
        step += 1;
    });
    let sun = |now: &Exogenous| now.available.values().any(|power| power.get() > 1e3);
    assert!(seen.iter().any(sun), "it was day");
    let (one, other) = (one.truth(), other.truth());
    assert_ne!(one.grid.import.get().to_bits(), other.grid.import.get().to_bits());
    assert!(one.sessions.len() >= 4, "{} sessions have ended", one.sessions.len());
    for (a, b) in one.sessions.iter().zip(other.sessions.iter()) {
        assert_eq!((a.arrival, a.departure, a.wanted), (b.arrival, b.departure, b.wanted));
        let expected = ahead[&a.charger].iter().find(|visit| visit.arrival == a.arrival);
        assert_eq!(expected.map(|visit| visit.departure), Some(a.departure));
    }
    let expected: usize =
        ahead.values().flatten().filter(|visit| visit.departure <= one.at).count();
    assert_eq!(one.sessions.len(), expected, "every session ends in the list");
}

#[test]
fn the_same_seed_and_the_same_orders_give_the_same_truth() {
    let hash = |seed: u64| {
        let mut plant = soleil(&SOLEIL, seed, START);
        let mut hasher = blake3::Hasher::new();
        run(&mut plant, 5, 8, |_, truth| truth.hash_into(&mut hasher));
        hasher.finalize()
    };
    assert_eq!(hash(5), hash(5));
    assert_ne!(hash(5), hash(6));
}

#[test]
fn a_vehicle_is_given_what_it_is_offered_or_nothing() {
    let mut plant = soleil(&SOLEIL, 2, START);
    let (mut charged, mut paused, mut offers) = (0, 0, Vec::new());
    run(&mut plant, 8, 48, |_, truth| {
        for (id, one) in &truth.chargers {
            let (offered, drawn) = (one.offered.get(), one.drawn.get());
            assert!(drawn.abs() < 1e-12 || drawn >= 6.0, "{id}: {drawn} A");
            if offered < 6.0 || !one.connected {
                assert!(one.power.get().abs() < 1e-12, "{id}: {offered} A offered");
                paused += 1;
            } else {
                assert!(drawn <= offered + 1e-12);
                charged += u32::from(drawn > 0.0);
            }
            let most = if id.as_str() == "C6" { 16.0 } else { 32.0 };
            assert!((0.0..=most).contains(&offered), "{id}: {offered} A");
            assert!(one.power.get() <= 3.0 * 245.0 * most + 1.0, "{id}: {:?}", one.power);
            offers.push(offered);
        }
    });
    assert!(charged > 1000 && paused > 1000, "{charged} {paused}");
}

#[test]
fn a_well_keeps_its_books_and_spills_when_nobody_lifts() {
    let mut plant = soleil(&SOLEIL, 4, START);
    let held = |plant: &Plant| {
        let truth = plant.truth().wells[&asset("lift")];
        (truth, truth.share.get())
    };
    let (_, before) = held(&plant);
    let next = later(plant.now(), 6 * 3600);
    plant.advance(next);
    let (truth, share) = held(&plant);
    let most = 36.0;
    assert!(truth.spilled.get() > 1.0 && share > 0.999, "six hours of inflow overflow: {truth:?}");
    let books = truth.flowed_in.get() - truth.lifted.get() - truth.spilled.get();
    assert!((books / (share - before) / most - 1.0).abs() < 0.03, "{books}");
    let spilled = truth.spilled;
    plant.command_lift(0, true, plant.now());
    let next = later(plant.now(), 3 * 3600);
    plant.advance(next);
    let (truth, share) = held(&plant);
    assert!(share < 0.01, "it lifts more than flows in: {share}");
    assert!((truth.spilled - spilled).get() < 0.2, "spilling ends when the pump starts");
    let lift = plant.truth().switched[&asset("lift")];
    assert!(lift.running && lift.starts == 1 && lift.run_time.get() > 3.0 * 3600.0 - 10.0);
    assert!(lift.power.get() < 0.9 * 9e3, "it takes air at the end: {:?}", lift.power);
    let error = plant.measured_well_m(0) - truth.level.get();
    assert!(error.abs() <= 0.0241, "{error}");
}

#[test]
fn sewage_follows_the_use_of_water_and_its_pump_could_always_cope() {
    let mut scout = scout(1, START);
    let (mut lowest, mut highest, mut sum) = (f64::MAX, 0.0_f64, 0.0);
    let hours = 28 * 24;
    for _ in 0..hours {
        scout.advance(later(scout.now(), 3600));
        let inflow = scout.exogenous().inflow[&asset("lift")].get() * 1e3;
        (lowest, highest) = (lowest.min(inflow), highest.max(inflow));
        sum += inflow;
    }
    let mean = sum / f64::from(hours);
    assert!((4.5..7.0).contains(&mean), "5 l/s and some rain: {mean}");
    assert!(lowest < 3.5 && highest > 8.0 && highest <= 18.0 * 0.85 + 1e-9, "{lowest} {highest}");
}

#[test]
fn a_generator_takes_what_it_carries_off_the_grid() {
    let mut plant = soleil(&SOLEIL, 1, START);
    plant.command_lift(0, true, plant.now());
    plant.advance(later(instant(START), 60));
    let before = plant.truth().grid.power.get();
    assert!(!plant.generator(0).running && plant.generator(0).power_w.abs() < 1e-12);
    plant.run_generator(0, true);
    plant.advance(later(instant(START), 70));
    let (view, lift) = (plant.generator(0), plant.truth().switched[&asset("lift")].power.get());
    assert!(view.running && (view.power_w - lift).abs() < 1e-9 && lift > 8e3, "{view:?}");
    assert!(plant.truth().grid.power.get() < before - 6e3);
    let fuel = view.fuel;
    plant.advance(later(instant(START), 3600));
    assert!(plant.generator(0).fuel < fuel);
}
