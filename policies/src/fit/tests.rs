//! The fit against plants whose truth is known: the model's own tables with other factors.

use super::factors::{BOUNDS, Factors, SPREAD_BEFORE};
use super::*;
use hydraulics::Network;
use jiff::SignedDuration;
use proptest::prelude::*;
use site::plan::PumpState;
use site::units::{Level, Power};
use site::{Mono, Now};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

static WORLD: LazyLock<(Site, WaterModel)> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    let text = std::fs::read_to_string(&path).expect("the example is there");
    let site = site::file::read(&text, &path).expect("the example resolves").site;
    let network = Network::load(&site.water.as_ref().expect("water").network).expect("loads");
    let water = WaterModel::new(&site, &network).expect("fits");
    (site, water)
});

/// A plant, and the fit that watches it from minute to minute.
struct Plant {
    truth: WaterModel,
    fit: Fit,
    learned: Learned,
    now: Timestamp,
    levels: Vec<f64>,
    running: [bool; 3],
    minutes: u64,
    /// What a transmitter shows too much, m per minute and tank.
    drift: [f64; 2],
    shown: [f64; 2],
    noise: u64,
}

impl Plant {
    fn new(flow: &[f64], power: &[f64]) -> Self {
        Self {
            truth: WORLD.1.corrected(flow, power),
            fit: Fit::default(),
            learned: Learned::new(&WORLD.0),
            now: "2026-01-15T00:00:00Z".parse().unwrap(),
            levels: vec![2.5, 5.0],
            running: [false; 3],
            minutes: 10,
            drift: [0.0; 2],
            shown: [0.0; 2],
            noise: 1,
        }
    }

    /// Between -2 and 2 mm, from a small congruential generator.
    fn noise(&mut self) -> f64 {
        self.noise = self.noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        f64::from(u32::try_from(self.noise >> 40).unwrap()) / f64::from(1 << 24) * 0.004 - 0.002
    }

    fn switch(&mut self, running: [bool; 3]) {
        (self.running, self.minutes) = (running, 0);
    }

    /// One minute passes; what a cycle would believe of it.
    fn minute(&mut self) -> Estimate {
        let site = &WORLD.0;
        let counts = |g: &crate::water::Group| {
            let runs = |id: &AssetId| site.pumps.iter().position(|p| &p.id == id).unwrap();
            g.pumps.iter().filter(|id| self.running[runs(id)]).count()
        };
        let wanted: Vec<usize> = self.truth.groups.iter().map(counts).collect();
        let all = self.truth.tables.combinations();
        let c = all.iter().position(|c| c.0 == wanted).unwrap();
        let factor = 0.8;
        let effect = self.truth.tables.effect(c, factor, &self.levels);
        for (k, inflow) in effect.inflow.iter().enumerate() {
            let shape = &self.truth.network.tanks()[self.truth.tanks[k]];
            self.levels[k] = shape.level_m(shape.volume_m3(self.levels[k]) + inflow * 60.0);
            self.shown[k] += self.drift[k];
        }
        self.now += SignedDuration::from_mins(1);
        self.minutes += 1;
        let measured = |value: f64| Estimated {
            value: Level::new(value),
            spread: Level::new(0.01),
            basis: Basis::Measured,
        };
        let mut tanks = BTreeMap::new();
        for (k, tank) in site.tanks.iter().enumerate() {
            let level = self.levels[k] + self.shown[k] + self.noise();
            tanks.insert(tank.id.clone(), Some(measured(level)));
        }
        let count = self.running.iter().filter(|runs| **runs).count().max(1);
        let share = effect.power / f64::from(u32::try_from(count).unwrap());
        let pumps = site.pumps.iter().zip(self.running).map(|(pump, running)| {
            let state = PumpState {
                running: Some(running),
                power: Some(Power::from_kw(if running { share } else { 0.0 })),
                in_state_for: Duration::from_secs(60 * self.minutes),
                starts_last_hour: 0,
                unavailable: None,
            };
            (pump.id.clone(), state)
        });
        let demand = Flow::new(factor * self.truth.base_demand().get());
        Estimate {
            now: Now { mono: Mono::default(), utc: self.now },
            tanks,
            pumps: pumps.collect(),
            inverters: BTreeMap::new(),
            lighting: BTreeMap::new(),
            demand: Some(Estimated { value: demand, spread: Flow::ZERO, basis: Basis::Measured }),
            import: None,
            base_load: None,
            peaks: Vec::new(),
            ..Estimate::default()
        }
    }

    fn watch(&mut self, estimate: &Estimate) {
        self.fit.observe(&WORLD.0, &WORLD.1, estimate, &self.learned);
    }

    /// Runs a combination for some minutes; tanks are kept near their middles by hand.
    fn run(&mut self, running: [bool; 3], minutes: u64) {
        self.switch(running);
        for _ in 0..minutes {
            let estimate = self.minute();
            self.watch(&estimate);
        }
        self.levels = vec![2.5, 5.0];
    }

    /// A day in which the stations take turns.
    fn day(&mut self) {
        for _ in 0..8 {
            self.run([true, false, false], 30);
            self.run([false, true, true], 30);
            self.run([true, true, false], 30);
            self.run([false; 3], 15);
        }
    }

    fn of(&self, pump: &str) -> PumpFit {
        self.fit.pumps(&WORLD.0)[&AssetId::new(pump).unwrap()]
    }
}

#[test]
fn nothing_is_known_before_anything_was_seen() {
    let plant = Plant::new(&[1.0, 1.0], &[1.0, 1.0]);
    let mut fit = Fit::default();
    assert!(fit.correction(&WORLD.1).is_none() && fit.gains().is_empty());
    fit.observe(&WORLD.0, &WORLD.1, &{ plant }.minute(), &Learned::new(&WORLD.0));
    let known = fit.pumps(&WORLD.0);
    assert!(known.values().all(|fit| fit.flow.basis == Basis::Default));
    assert!(known.values().all(|fit| (fit.flow.value.get() - 1.0).abs() < 1e-12));
}

#[test]
fn factors_converge_to_the_truth_and_their_spread_shrinks() {
    let mut plant = Plant::new(&[0.88, 1.1], &[0.93, 1.05]);
    plant.run([true, false, false], 30);
    let early = plant.of("P1").flow;
    plant.day();
    let correction = plant.fit.correction(&WORLD.1);
    println!("{correction:?} {:?}", plant.of("P1"));
    for (found, truth) in [(&correction.flow, [0.88, 1.1]), (&correction.power, [0.93, 1.05])] {
        for (found, truth) in found.iter().zip(truth) {
            assert!((found - truth).abs() < 0.03, "{correction:?}");
        }
    }
    let late = plant.of("P1").flow;
    assert_eq!((early.basis, late.basis), (Basis::Measured, Basis::Measured));
    assert!(early.spread.get() < SPREAD_BEFORE && late.spread < early.spread, "{early:?} {late:?}");
    assert!(plant.fit.misfits().is_empty(), "{:?}", plant.fit.misfits());
}

#[test]
fn it_says_when_the_model_no_longer_fits_and_when_it_does_again() {
    let mut plant = Plant::new(&[0.75, 1.0], &[1.0, 1.0]);
    plant.day();
    let misfits = plant.fit.misfits().to_vec();
    let named: Vec<(&str, MisfitKind)> =
        misfits.iter().map(|m| (m.subject.as_str(), m.kind)).collect();
    assert_eq!(named, [("P1", MisfitKind::Flow), ("P2", MisfitKind::Flow)], "{misfits:?}");
    let since = misfits[0].since;
    plant.day();
    assert_eq!(plant.fit.misfits()[0].since, since, "it goes on since then");
    plant.truth = WORLD.1.clone();
    plant.day();
    plant.day();
    assert!(plant.fit.misfits().is_empty(), "{:?}", plant.fit.misfits());
}

#[test]
fn a_transmitter_that_drifts_fast_is_said_and_a_slow_one_is_within_the_tolerance() {
    let judged = |metres_per_hour: f64| {
        let mut plant = Plant::new(&[1.0, 1.0], &[1.0, 1.0]);
        plant.drift = [metres_per_hour / 60.0, 0.0];
        for _ in 0..6 {
            plant.run([false; 3], 45);
            plant.shown = [0.0; 2];
        }
        plant.fit.misfits().to_vec()
    };
    let fast = judged(0.15);
    assert_eq!(
        (fast.len(), fast[0].subject.as_str(), fast[0].kind),
        (1, "T1", MisfitKind::Balance)
    );
    assert!((50.0..100.0).contains(&fast[0].value), "0.15 m/h of T1 is 74 m3/h: {fast:?}");
    assert_eq!(judged(0.1 / 24.0), [], "10 cm in a day is less than the meters' error");
}

#[test]
fn bad_held_and_transient_values_teach_nothing() {
    type Spoil = fn(&mut Estimate);
    let spoils: [(&str, Spoil); 6] = [
        ("a level is missing", |e| *e.tanks.values_mut().next().unwrap() = None),
        ("a level is held", |e| {
            e.tanks.values_mut().next().unwrap().as_mut().unwrap().basis = Basis::Held;
        }),
        ("a tank is full", |e| {
            e.tanks.values_mut().next().unwrap().as_mut().unwrap().value = Level::new(4.99);
        }),
        ("a state is unknown", |e| e.pumps.values_mut().next().unwrap().running = None),
        ("a power is missing", |e| e.pumps.values_mut().for_each(|p| p.power = None)),
        ("a pump has just switched", |e| {
            e.pumps.values_mut().next().unwrap().in_state_for = Duration::from_secs(100);
        }),
    ];
    for (what, spoil) in spoils {
        let mut plant = Plant::new(&[0.8, 1.2], &[0.8, 1.2]);
        plant.switch([true, false, true]);
        for minute in 0..120 {
            let mut estimate = plant.minute();
            // A spoilt value in every fifth minute leaves no window that is long enough.
            if minute % 5 == 0 {
                spoil(&mut estimate);
            }
            plant.watch(&estimate);
            plant.levels = vec![2.5, 5.0];
        }
        assert!(plant.fit.correction(&WORLD.1).is_none(), "{what}");
        assert_eq!(plant.of("P1").flow.basis, Basis::Default, "{what}");
    }
}

#[test]
fn what_was_learned_survives_a_restart_and_other_pumps() {
    let mut plant = Plant::new(&[0.9, 1.0], &[0.9, 1.0]);
    plant.day();
    let text = serde_json::to_string(&plant.fit).unwrap();
    let restored: Fit = serde_json::from_str(&text).unwrap();
    assert_eq!(restored, plant.fit);
    let ids = |names: &[&str]| names.iter().map(|n| AssetId::new(n).unwrap()).collect::<Vec<_>>();
    let mut factors = plant.fit.flow.clone();
    let before = factors.of(&ids(&["P1"])[0]).unwrap();
    factors.serve(&ids(&["P1", "P9"]));
    assert_eq!(factors.of(&ids(&["P1"])[0]).unwrap().0.to_bits(), before.0.to_bits());
    assert_eq!(factors.of(&ids(&["P9"])[0]), Some((1.0, SPREAD_BEFORE, 0)));
}

#[test]
fn the_corrected_tables_differ_by_what_the_pumps_add() {
    let (_, water) = &*WORLD;
    let corrected = water.corrected(&[0.9, 1.0], &[0.8, 1.0]);
    for (c, combination) in water.tables.combinations().iter().enumerate() {
        let (plain, now) = (
            water.tables.effect(c, 1.1, &[2.0, 6.0]),
            corrected.tables.effect(c, 1.1, &[2.0, 6.0]),
        );
        if combination.0[0] == 0 {
            assert!((plain.power - now.power).abs() < 1e-9, "the first station stands");
            for (plain, now) in plain.inflow.iter().zip(&now.inflow) {
                assert!((plain - now).abs() < 1e-12, "the first station stands");
            }
        } else if combination.0[1] == 0 {
            assert!((now.power / plain.power - 0.8).abs() < 1e-9, "{combination:?}");
            let parts = water.tables.parts(c, 1.1, &[2.0, 6.0]).unwrap();
            for k in 0..2 {
                let added = parts.groups[0].inflow[k];
                assert!((plain.inflow[k] - now.inflow[k] - 0.1 * added).abs() < 1e-12);
            }
        }
    }
}

proptest! {
    /// Whatever is measured, factors stay inside their bounds and finite.
    #[test]
    fn factors_stay_within_bounds(
        rows in prop::collection::vec(
            (prop::array::uniform3(-1e3..1e3_f64), -1e6..1e6_f64, 0.0..1e6_f64, 0.0..10_f64),
            1..60,
        ),
        odd in prop::sample::select(vec![f64::NAN, f64::INFINITY, 0.0, -1.0]),
    ) {
        let pumps: Vec<AssetId> =
            ["P1", "P2", "P3"].map(|name| AssetId::new(name).unwrap()).to_vec();
        let mut factors = Factors::default();
        factors.serve(&pumps);
        for (shares, sum, variance, days) in rows {
            factors.wander(days);
            factors.learn(&shares, sum, variance);
            factors.learn(&shares, odd, variance);
            factors.learn(&shares, sum, odd);
            for pump in &pumps {
                let (value, spread, _) = factors.of(pump).unwrap();
                prop_assert!(BOUNDS.contains(&value), "{value}");
                prop_assert!(spread > 0.0 && spread <= SPREAD_BEFORE + 1e-6, "{spread}");
            }
        }
    }
}
