//! The simulated devices of a shipped site, asked by mbpoll, over TCP and on a serial line.

use crate::common::world;
use crate::field::field_of;
use crate::mbpoll::{GAP, Mbpoll};
use crate::process::Line;
use regie_sim::connect::serve_tcp;
use regie_sim::field::SimulatedField;
use regie_sim::modbus::{RtuLine, open_serial, serve_rtu};
use site::DeviceId;
use site::model::Endpoint;

const START: &str = "2026-06-15T10:00:00Z";

/// The links of the shipped site on any free ports; they stay apart because each is a host of its
/// own.
fn field() -> (SimulatedField, Vec<(DeviceId, Endpoint)>) {
    let mut world = world();
    let mut links = Vec::new();
    world.change_site(|site| {
        for (n, device) in (1..).zip(&mut site.devices) {
            let endpoint = format!("tcp://127.0.0.{n}:0");
            device.endpoint = Endpoint::read(&endpoint).expect("an address");
            links.push((device.id.clone(), device.endpoint.clone()));
        }
    });
    (field_of(&world, START, 1.0).0, links)
}

/// A tank's level, from the truth.
fn level(field: &SimulatedField) -> f64 {
    field.truth().tanks.values().next().expect("the site has tanks").level.get()
}

/// Levels, a lighting cabinet and a pump as their profiles say.
async fn is_asked(field: &SimulatedField, levels: &Mbpoll, light: &Mbpoll, pump: &Mbpoll) {
    let read = levels.read(1, "3:float:big", 0, 1).await[0];
    assert!((read - level(field)).abs() < 0.05, "{read} m, in truth {} m", level(field));
    assert_eq!(light.read(1, "1", 0, 3).await, [0.0, 0.0, 1.0], "not lit, day, remote");
    light.write(1, "4", 0, &[40.0]).await;
    light.write(1, "4", 1, &[7.0]).await;
    light.write(1, "0", 0, &[1.0]).await;
    assert_eq!(light.read(1, "0", 0, 1).await, [1.0]);
    assert_eq!(light.read(1, "4", 0, 1).await, [40.0]);
    pump.write(1, "4", 101, &[1.0]).await;
    pump.write(1, "4", 100, &[1.0]).await;
    assert_eq!(pump.read(1, "4", 100, 1).await, [1.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn is_asked_over_tcp() {
    let (field, links) = field();
    let served = serve_tcp(&field).await.unwrap();
    let client = |name: &str| {
        let (_, endpoint) = links.iter().find(|(id, _)| id.as_str() == name).expect("it has it");
        Mbpoll::over_tcp(served.addresses()[endpoint])
    };
    is_asked(&field, &client("level1"), &client("light1"), &client("pump1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn is_asked_on_serial_lines() {
    let (field, links) = field();
    let mut lines = Vec::new();
    for name in ["level1", "light1", "pump1"] {
        let (_, endpoint) = links.iter().find(|(id, _)| id.as_str() == name).expect("it has it");
        let bus = field.bus(endpoint).expect("the field has its link");
        let line = Line::pair().await;
        let port = open_serial(&line.far(), 19_200).unwrap();
        tokio::spawn(serve_rtu(port, bus, RtuLine::serial(19_200).with_gap(GAP)));
        lines.push(line);
    }
    let client = |n: usize| Mbpoll::on_line(&lines[n].near());
    is_asked(&field, &client(0), &client(1), &client(2)).await;
}
