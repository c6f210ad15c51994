//! The simulated field behind its links: over in-memory streams on paused time, and over TCP.
//! Requests are bytes written by hand.

mod common;
#[path = "common/field.rs"]
mod field;

use common::world;
use drivers::Connect;
use field::field_of;
use regie_sim::connect::{DuplexConnect, ServeError, serve_tcp};
use regie_sim::field::{Fault, FieldError, SimulatedField};
use regie_sim::world::World;
use site::DeviceId;
use site::model::Endpoint;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const START: &str = "2026-06-15T07:00:00Z";

fn shipped_field() -> SimulatedField {
    field_of(&world(), START, 1.0).0
}

/// The shipped site on any free ports; units stay apart because each link is a host of its own.
fn world_on_free_ports() -> World {
    let mut world = world();
    world.change_site(|site| {
        for (n, device) in (1..).zip(&mut site.devices) {
            device.endpoint = Endpoint::Tcp { host: format!("127.0.0.{n}"), port: 0 };
        }
    });
    world
}

fn id(name: &str) -> DeviceId {
    DeviceId::new(name).expect("a name")
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint::Tcp { host: "127.0.0.1".to_owned(), port }
}

/// Sends one request and gives the answer's bytes after the header; none when none comes.
async fn ask<S>(stream: &mut S, unit: u8, pdu: &[u8]) -> Option<Vec<u8>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let length = u8::try_from(pdu.len() + 1).expect("short requests");
    let mut request = vec![0x12, 0x34, 0, 0, 0, length, unit];
    request.extend_from_slice(pdu);
    stream.write_all(&request).await.ok()?;
    let answer = tokio::time::timeout(Duration::from_secs(1), async {
        let mut header = [0; 7];
        stream.read_exact(&mut header).await.ok()?;
        assert_eq!((&header[..4], header[6]), (&[0x12, 0x34, 0, 0][..], unit));
        let mut body = vec![0; usize::from(u16::from_be_bytes([header[4], header[5]])) - 1];
        stream.read_exact(&mut body).await.ok()?;
        Some(body)
    });
    answer.await.ok().flatten()
}

#[tokio::test(start_paused = true)]
async fn units_share_a_link_and_time_is_the_clocks() {
    let field = shipped_field();
    let links = DuplexConnect::new(field.clone());
    let mut levels = links.connect(&endpoint(15111)).await.unwrap();
    let level = |answer: Vec<u8>| f32::from_be_bytes(answer[2..6].try_into().unwrap());
    let first = level(ask(&mut levels, 1, &[4, 0, 0, 0, 2]).await.unwrap());
    let second = level(ask(&mut levels, 2, &[4, 0, 0, 0, 2]).await.unwrap());
    let truth = field.truth();
    for (read, tank) in [first, second].into_iter().zip(truth.tanks.values()) {
        assert!((f64::from(read) - tank.level.get()).abs() < 0.03, "{read} m, {tank:?}");
    }
    assert_eq!(ask(&mut levels, 9, &[4, 0, 0, 0, 2]).await.unwrap(), [0x84, 0x0B]);
    let before = field.truth();
    tokio::time::advance(Duration::from_secs(3600)).await;
    let third = level(ask(&mut levels, 1, &[4, 0, 0, 0, 2]).await.unwrap());
    let truth_now = field.truth().tanks.values().next().expect("T1").level.get();
    assert!((f64::from(third) - truth_now).abs() < 0.03, "{third} m, in truth {truth_now} m");
    assert!((third - first).abs() > 0.1, "an hour of the pumps' own level control: {third} m");
    assert_eq!(field.truth().at.duration_since(before.at).as_secs(), 3600);
}

#[tokio::test(start_paused = true)]
async fn a_silent_device_leaves_its_neighbours_alone() {
    let field = shipped_field();
    let links = DuplexConnect::new(field.clone());
    let mut levels = links.connect(&endpoint(15111)).await.unwrap();
    field.set_fault(&id("level1"), Fault::Silent).unwrap();
    assert_eq!(ask(&mut levels, 1, &[4, 0, 0, 0, 2]).await, None);
    assert!(ask(&mut levels, 2, &[4, 0, 0, 0, 2]).await.is_some());
    field.clear_fault(&id("level1")).unwrap();
    assert!(ask(&mut levels, 1, &[4, 0, 0, 0, 2]).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_refusing_device_ends_its_link_until_it_is_well() {
    let field = shipped_field();
    let links = DuplexConnect::new(field.clone());
    let mut pump = links.connect(&endpoint(15101)).await.unwrap();
    assert!(ask(&mut pump, 1, &[4, 0, 0, 0, 1]).await.is_some());
    field.set_fault(&id("pump1"), Fault::Refuse).unwrap();
    assert_eq!(ask(&mut pump, 1, &[4, 0, 0, 0, 1]).await, None);
    let refused = links.connect(&endpoint(15101)).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(links.connect(&endpoint(15102)).await.is_ok());
    field.clear_fault(&id("pump1")).unwrap();
    field.set_fault(&id("pump1"), Fault::Local).unwrap();
    let mut pump = links.connect(&endpoint(15101)).await.unwrap();
    let status = ask(&mut pump, 1, &[4, 0, 0, 0, 1]).await.unwrap();
    assert_eq!(status[3] & 2, 0, "not on remote");
    let error = field.set_fault(&id("pump9"), Fault::Silent).unwrap_err();
    assert!(matches!(error, FieldError::UnknownDevice { .. }), "{error}");
    assert!(links.connect(&endpoint(1)).await.is_err(), "no such link");
}

#[tokio::test(start_paused = true)]
async fn the_same_requests_at_the_same_instants_give_the_same_truth() {
    async fn truth() -> blake3::Hash {
        let field = shipped_field();
        let links = DuplexConnect::new(field.clone());
        let mut pump = links.connect(&endpoint(15101)).await.unwrap();
        let mut hasher = blake3::Hasher::new();
        for beat in 0..200_u8 {
            ask(&mut pump, 1, &[6, 0, 101, 0, beat]).await.unwrap();
            ask(&mut pump, 1, &[6, 0, 100, 0, u8::from(beat > 30)]).await.unwrap();
            field.truth().hash_into(&mut hasher);
            tokio::time::advance(Duration::from_millis(7300)).await;
        }
        hasher.finalize()
    }
    assert_eq!(truth().await, truth().await);
}

#[tokio::test]
async fn the_field_is_served_over_tcp() {
    let world = world_on_free_ports();
    let (field, _) = field_of(&world, START, 60.0);
    let served = serve_tcp(&field).await.unwrap();
    assert_eq!(served.addresses().len(), world.site().devices.len());
    let light = &world.site().device(&id("light1")).unwrap().endpoint;
    let mut stream = tokio::net::TcpStream::connect(served.addresses()[light]).await.unwrap();
    assert_eq!(ask(&mut stream, 1, &[2, 0, 0, 0, 3]).await.unwrap(), [2, 1, 0b100]);
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let mut world = world_on_free_ports();
    world.change_site(|site| site.devices[0].endpoint = endpoint(address.port()));
    let error = serve_tcp(&field_of(&world, START, 1.0).0).await.unwrap_err();
    assert!(error.to_string().contains(&format!("{address} is taken")), "{error}");
    world.change_site(|site| {
        site.devices[0].endpoint = Endpoint::Tcp { host: "192.0.2.1".to_owned(), port: 502 };
    });
    let error = serve_tcp(&field_of(&world, START, 1.0).0).await.unwrap_err();
    assert!(matches!(error, ServeError::NotLoopback { .. }), "{error}");
}
