//! The simulated field behind its links: over in-memory streams on paused time, and over TCP.
//! Requests are bytes written by hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use drivers::{Clock, Connect};
use hydraulics::Network;
use jiff::Timestamp;
use regie_sim::connect::{DuplexConnect, ServeError, serve_tcp};
use regie_sim::days::Recording;
use regie_sim::field::{Fault, FieldError, SimulatedField};
use regie_sim::plant::Plant;
use site::model::Endpoint;
use site::{DeviceId, Site};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

fn shipped_site() -> Site {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let path = examples.join("sites/val-clair/site.yaml");
    let text = std::fs::read_to_string(&path).expect("the shipped site is there");
    site::file::read(&text, &path).expect("it has no findings").site
}

fn field_of(site: &Site, speed: f64) -> SimulatedField {
    let start: Timestamp = "2026-06-15T07:00:00Z".parse().expect("an instant");
    let simulation = &site.simulation;
    let file = |path: &Option<PathBuf>| path.clone().expect("the shipped site names it");
    let recording = Recording::load(&file(&simulation.profiles), &file(&simulation.weather))
        .expect("the days load");
    let network =
        Network::load(&site.water.as_ref().expect("it has water").network).expect("it loads");
    let plant = Plant::new(site, Some(&network), &recording, 1, start).expect("a plant");
    let profiles: BTreeMap<_, _> = site
        .devices
        .iter()
        .map(|device| {
            let text = match &device.profile_file {
                Some(path) => std::fs::read_to_string(path).expect("it is there"),
                None => drivers::profile::builtin(&device.profile).expect("built in").to_owned(),
            };
            let profile =
                drivers::profile::read(&text, Path::new(&device.profile)).expect("no findings");
            (device.id.clone(), Arc::new(profile))
        })
        .collect();
    SimulatedField::new(site, &profiles, plant, Clock::scaled(start, speed)).expect("a field")
}

fn id(name: &str) -> DeviceId {
    DeviceId::new(name).expect("a name")
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint { host: "127.0.0.1".to_owned(), port }
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
    let field = field_of(&shipped_site(), 1.0);
    let links = DuplexConnect::new(field.clone());
    let mut levels = links.connect(&endpoint(15111)).await.unwrap();
    let level = |answer: Vec<u8>| f32::from_be_bytes(answer[2..6].try_into().unwrap());
    let first = level(ask(&mut levels, 1, &[4, 0, 0, 0, 2]).await.unwrap());
    let second = level(ask(&mut levels, 2, &[4, 0, 0, 0, 2]).await.unwrap());
    assert!((first - 2.5).abs() < 0.03 && (second - 5.0).abs() < 0.03, "{first} {second}");
    assert_eq!(ask(&mut levels, 9, &[4, 0, 0, 0, 2]).await.unwrap(), [0x84, 0x0B]);
    let before = field.truth();
    tokio::time::advance(Duration::from_secs(3600)).await;
    let third = level(ask(&mut levels, 1, &[4, 0, 0, 0, 2]).await.unwrap());
    assert!(third < first - 0.1, "an hour without pumps: {third} m");
    assert_eq!(field.truth().at.duration_since(before.at).as_secs(), 3600);
}

#[tokio::test(start_paused = true)]
async fn a_silent_device_leaves_its_neighbours_alone() {
    let field = field_of(&shipped_site(), 1.0);
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
    let field = field_of(&shipped_site(), 1.0);
    let links = DuplexConnect::new(field.clone());
    let mut pump = links.connect(&endpoint(15101)).await.unwrap();
    assert!(ask(&mut pump, 1, &[4, 0, 0, 0, 1]).await.is_some());
    field.set_fault(&id("pump1"), Fault::Refuse).unwrap();
    assert_eq!(ask(&mut pump, 1, &[4, 0, 0, 0, 1]).await, None);
    let refused = links.connect(&endpoint(15101)).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(links.connect(&endpoint(15102)).await.is_ok());
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
        let field = field_of(&shipped_site(), 1.0);
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
    let mut site = shipped_site();
    // Any free port; units stay apart because each link is a host of its own.
    for (n, device) in (1..).zip(&mut site.devices) {
        device.endpoint = Endpoint { host: format!("127.0.0.{n}"), port: 0 };
    }
    let field = field_of(&site, 60.0);
    let served = serve_tcp(&field).await.unwrap();
    assert_eq!(served.addresses().len(), site.devices.len());
    let light = &site.device(&id("light1")).unwrap().endpoint;
    let mut stream = tokio::net::TcpStream::connect(served.addresses()[light]).await.unwrap();
    assert_eq!(ask(&mut stream, 1, &[2, 0, 0, 0, 3]).await.unwrap(), [2, 1, 0b100]);
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let mut site = shipped_site();
    for (n, device) in (1..).zip(&mut site.devices) {
        device.endpoint = Endpoint { host: format!("127.0.0.{n}"), port: 0 };
    }
    site.devices[0].endpoint = endpoint(address.port());
    let error = serve_tcp(&field_of(&site, 1.0)).await.unwrap_err();
    assert!(error.to_string().contains(&format!("{address} is taken")), "{error}");
    site.devices[0].endpoint.host = "192.0.2.1".to_owned();
    let error = serve_tcp(&field_of(&site, 1.0)).await.unwrap_err();
    assert!(matches!(error, ServeError::NotLoopback { .. }), "{error}");
}
