//! The energy side of the estimate on the bench.

use super::*;
use crate::guard::bench::{Field, id, site};

struct Bench {
    site: Site,
    field: Field,
    memory: EstimateMemory,
}

impl Bench {
    fn usual() -> Self {
        let mut field = Field::usual();
        for pump in ["d1", "d2", "d3", "d4", "d5"] {
            field.number(&format!("{pump}.power"), 0.0);
        }
        Self { site: site(), field, memory: EstimateMemory::default() }
    }
    fn look(&mut self) -> Estimate {
        let (guard, snapshot) = (GuardMemory::default(), self.field.snapshot());
        estimate(&self.site, &snapshot, &mut self.memory, &guard, Vec::new())
    }
}

#[test]
fn the_base_load_is_what_nothing_metered_explains() {
    let mut bench = Bench::usual();
    bench.field.number("m1.power", 60e3);
    bench.field.number("b1.power", 10e3);
    bench.field.number("v1.power", 7e3);
    bench.field.number("f1.power", 6e3);
    bench.field.number("w1.power", 8e3);
    bench.field.number("s1.power", 20e3);
    let load = bench.look().base_load.expect("it is known");
    assert!((load.value.kw() - 49.0).abs() < 1e-9, "{load:?}");
    assert_eq!(load.basis, Basis::Measured);
    for point in ["b1.power", "v1.power", "f1.power", "w1.power"] {
        let mut blind = Bench::usual();
        blind.field.bad(point);
        let load = blind.look().base_load.expect("the site file's guess");
        assert_eq!(load.basis, Basis::Default, "{point}: unknown, not wrong");
    }
    bench.site.shiftable[0].points.power = None;
    bench.field.flag("f1.running", true);
    let load = bench.look().base_load.expect("it is known");
    assert!((load.value.kw() - 48.0).abs() < 1e-9, "7 kW by its plate instead of 6: {load:?}");
}

#[test]
fn a_state_of_charge_is_held_for_a_while_and_then_unknown() {
    let mut bench = Bench::usual();
    bench.field.number("b1.charge", 42.0);
    let state = bench.look().batteries[&id("B1")].clone();
    let charge = state.charge.expect("measured");
    assert_eq!((charge.value, charge.basis), (Ratio::new(0.42), Basis::Measured));
    assert_eq!(state.unavailable, None);
    bench.field.bad("b1.charge");
    bench.field.pass(240);
    let state = bench.look().batteries[&id("B1")].clone();
    assert_eq!(state.charge.expect("held").basis, Basis::Held);
    assert_eq!(state.unavailable.as_deref(), Some("b1.charge: stale"));
    bench.field.pass(120);
    assert_eq!(bench.look().batteries[&id("B1")].charge, None);
    bench.field.number("b1.charge", 42.0);
    bench.field.flag("b1.remote", false);
    let local = bench.look().batteries[&id("B1")].unavailable.clone();
    assert_eq!(local.as_deref(), Some("switched to local at the device"));
}

/// S1 runs from 21:30 to 00:30 local time, across midnight.
#[test]
fn the_time_run_is_counted_by_local_day_and_only_when_seen() {
    let mut bench = Bench::usual();
    bench.field.now.utc = "2025-06-01T19:30:00Z".parse().unwrap();
    bench.field.flag("f1.running", true);
    let mut minutes = |bench: &mut Bench, count: u32| {
        for _ in 0..count {
            bench.look();
            bench.field.pass(60);
        }
        bench.look().run_today[&id("S1")].as_secs() / 60
    };
    assert_eq!(minutes(&mut bench, 149), 149);
    assert_eq!(minutes(&mut bench, 31), 30, "a new local day");
    bench.field.pass(3600);
    assert_eq!(minutes(&mut bench, 0), 30, "an hour that nobody saw");
    bench.field.flag("f1.running", false);
    assert_eq!(minutes(&mut bench, 10), 30);
    let stored = serde_json::to_string(&bench.memory).unwrap();
    bench.memory = serde_json::from_str(&stored).unwrap();
    assert_eq!(minutes(&mut bench, 1), 30, "it survives a restart");
    bench.memory = serde_json::from_str("{}").unwrap();
    assert_eq!(minutes(&mut bench, 1), 0, "a memory from before there were loads");
}

#[test]
fn wells_generator_and_switches_are_seen() {
    let mut bench = Bench::usual();
    bench.field.number("l3.level", 2.2);
    bench.field.flag("g1.running", true);
    bench.field.flag("w1.fault", true);
    let estimate = bench.look();
    assert_eq!(estimate.wells[&id("W1")].expect("measured").value, Level::new(2.2));
    assert_eq!(estimate.generator, Some(id("G1")));
    let station = &estimate.switched[&id("W1")];
    assert_eq!(station.unavailable.as_deref(), Some("w1.fault is present"));
    assert_eq!(station.running, Some(false));
    bench.field.bad("g1.running");
    assert_eq!(bench.look().generator, None);
}
