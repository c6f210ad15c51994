//! The simulated field read by the real drivers: two codecs written apart must agree on every
//! point of every shipped profile.

mod common;
#[path = "common/field.rs"]
mod field;

use common::world;
use drivers::{Field, FieldDevice};
use field::field_of;
use regie_sim::connect::DuplexConnect;
use regie_sim::plant::Truth;
use site::{PointId, Site, Snapshot};
use std::sync::Arc;
use std::time::Duration;

/// Lets the drivers poll for some minutes and gives what they saw and what was true.
async fn polled(start: &str, minutes: u64) -> (Site, Snapshot, Truth) {
    let world = world();
    let (simulated, clock) = field_of(&world, start, 1.0);
    let device = |device: &site::model::Device| {
        let profile = Arc::clone(&world.loaded.profiles[&device.id]);
        let envelopes = world.site().envelopes(&device.id);
        FieldDevice { device: device.clone(), profile, envelopes }
    };
    let devices = world.site().devices.iter().map(device).collect();
    let links = Arc::new(DuplexConnect::new(simulated.clone()));
    let field = Field::start(devices, links, clock.clone());
    clock.sleep(Duration::from_secs(60 * minutes)).await;
    let snapshot = field.freeze(clock.now());
    field.stop().await;
    (world.site().clone(), snapshot, simulated.truth())
}

fn number(snapshot: &Snapshot, point: &str) -> f64 {
    let point = PointId::try_from(point.to_owned()).expect("a point");
    let trouble = snapshot.trouble(&point).map(|reason| reason.words());
    snapshot.number(&point).unwrap_or_else(|| panic!("{point}: {trouble:?}"))
}

#[tokio::test(start_paused = true)]
async fn every_point_of_every_device_is_good_by_day() {
    let (site, snapshot, truth) = polled("2026-06-15T10:00:00Z", 5).await;
    let bad: Vec<String> = snapshot
        .iter()
        .filter(|(_, sample)| !sample.is_good())
        .map(|(point, sample)| format!("{point}: {:?}", sample.quality()))
        .collect();
    assert!(bad.is_empty(), "{bad:?}");
    let grid = number(&snapshot, "meter1.power");
    assert!((grid - truth.grid.power.get()).abs() < 15e3, "the last poll is some seconds old");
    for tank in &site.tanks {
        let level = snapshot.number(&tank.level).expect("good");
        assert!((level - truth.tanks[&tank.id].level.get()).abs() < 0.05, "{}: {level}", tank.id);
    }
    for meter in &site.flow_meters {
        let flow = snapshot.number(&meter.flow).expect("good");
        assert!((flow - truth.flows[&meter.id].get()).abs() < 0.01, "{}: {flow}", meter.id);
    }
    assert!((number(&snapshot, "solar1.rating") - 60e3).abs() < 1e-6);
    assert!((number(&snapshot, "solar1.limit") - 100.0).abs() < 1e-9);
    assert!((number(&snapshot, "solar2.limit") - 100.0).abs() < 1e-9);
    for (point, asset) in [("solar1.power", "PV1"), ("solar2.power", "PV2")] {
        let power = number(&snapshot, point);
        let truth = truth.inverters.iter().find(|(id, _)| id.as_str() == asset).expect("declared");
        assert!(power > 1e3 && (power / truth.1.power.get() - 1.0).abs() < 0.4, "{point} {power}");
    }
}

#[tokio::test(start_paused = true)]
async fn at_night_only_a_sleeping_inverter_has_points_without_value() {
    let (_, snapshot, truth) = polled("2026-06-15T23:00:00Z", 5).await;
    let bad: Vec<String> = snapshot
        .iter()
        .filter(|(_, sample)| !sample.is_good())
        .map(|(point, _)| point.to_string())
        .collect();
    assert_eq!(bad, ["solar1.power"]);
    for (device, asset) in [("light1", "L1"), ("light2", "L2"), ("light3", "L3")] {
        let lamps = truth.lighting.iter().find(|(id, _)| id.as_str() == asset).expect("declared");
        let power = number(&snapshot, &format!("{device}.power"));
        assert!(lamps.1.lit && (power - lamps.1.power.get()).abs() <= 5.0 + 1e-9, "{power}");
    }
}
