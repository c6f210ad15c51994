//! A night of the shipped commune through the whole daemon, Modbus bytes and history included: the
//! night flow it shows is the plant's, and the history tells the same again.

mod common;
#[path = "common/field.rs"]
mod field;

use common::world;
use drivers::Clock;
use field::field_of;
use regie::control::{Controller, Parts, Policy};
use regie::past;
use regie::solver::Solver;
use regie::store::Store;
use regie_sim::connect::DuplexConnect;
use regie_sim::field::SimulatedField;
use regie_sim::plant::LeakRequest;
use regie_sim::world::World;
use site::AssetId;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// 01:30 in winter; the night's window is from 01:00 to 03:00 UTC.
const START: &str = "2026-01-15T00:30:00Z";

fn controller(world: &World, field: &SimulatedField, clock: &Clock, folder: &Path) -> Controller {
    let store = Store::open(&folder.join("regie.db"), clock.now().utc).expect("a store").store;
    Controller::new(Parts {
        loaded: world.loaded.clone(),
        connect: Arc::new(DuplexConnect::new(field.clone())),
        clock: clock.clone(),
        store: Some(store),
        state: None,
        policy: Policy::Rules,
        solver: Solver::in_process(),
    })
}

fn asset(name: &str) -> AssetId {
    AssetId::new(name).expect("a name")
}

#[tokio::test(start_paused = true)]
async fn the_daemon_measures_the_night_and_the_history_tells_the_same() {
    let home = tempfile::tempdir().expect("a folder");
    let mut world = world();
    world.leaks = vec!["n5=10%@2026-01-15".parse::<LeakRequest>().expect("a leak")];
    let (field, clock) = field_of(&world, START, 1.0);
    let mut controller = controller(&world, &field, &clock, home.path());
    let (mut flow, mut demand, mut count) = (0.0, 0.0, 0.0);
    while clock.now().mono.since_start() < Duration::from_secs(9120) {
        controller.next_cycle().await;
        let truth = field.truth();
        let window = 1800.0..9000.0;
        if window.contains(&clock.now().mono.since_start().as_secs_f64()) {
            flow += truth.flows[&asset("F2")].get() + truth.flows[&asset("F3")].get();
            demand += truth.water.expect("there is water").demand.get();
            count += 1.0;
        }
    }
    let live = controller.view().borrow().status.districts.clone();
    let night = live[&asset("town")].nights.last().expect("one night").clone();
    assert_eq!(night.date, jiff::civil::date(2026, 1, 15));
    assert!(night.covered_ratio > 0.99, "{night:?}");
    let shown = night.flow_m3h.expect("measured");
    let (flow, demand) = (flow / count * 3600.0, demand / count * 3600.0);
    // Meters of class 2, and a leak on top of what is asked for.
    assert!((shown / flow - 1.0).abs() < 0.02, "{shown} of {flow} m3/h");
    assert!((45.0..65.0).contains(&(flow - demand)), "{flow} against {demand} m3/h");
    let told = past::districts(&world.loaded, home.path(), 2).expect("the history is read");
    let same = told[&asset("town")].nights.last().expect("one night").flow_m3h;
    assert!((same.expect("measured") - shown).abs() < 1e-3, "{same:?} {shown}");
    controller.stop().await;
}
