//! The fault matrix: each way in which bytes go wrong, on each kind of link, under our drivers. In
//! none does a value reach a wrong point, what is not concerned keeps its period, and when the
//! fault is over everything is good again. Paused time: minutes pass in milliseconds.

mod rows;

use drivers::profile::{self, Profile};
use drivers::{BoxedStream, Clock, Connect, DeviceHealth, Field, FieldDevice};
use futures::future::BoxFuture;
use regie_sim::modbus::faults::{
    FaultEvent, FaultPlan, FaultyConnect, FaultyLine, When, WireFault,
};
use regie_sim::modbus::{Bus, Exception, RtuLine, Table, Unit, UnknownUnit, serve, serve_rtu};
use site::model::{Device, Endpoint, LinkOptions};
use site::{DeviceId, PointId};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::duplex;

/// Devices are read so often, and given so long to answer.
const POLL: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_millis(500);
/// A fault begins here and ends there; then everything has to come back.
const FAULT_FROM: Duration = Duration::from_secs(20);
const FAULT_TO: Duration = Duration::from_secs(80);
const END: Duration = Duration::from_secs(240);
/// How often we look.
const LOOK: Duration = Duration::from_millis(100);
/// The units on the link with the fault, and that with the fault.
const UNITS: [u8; 3] = [1, 2, 3];
const STRUCK: u8 = 2;

/// Registers far apart, so that each is a question of its own, and all of these look alike from
/// outside: the worst case for lines without transaction numbers.
const PROFILE: &str = "
profile: matrix
version: 1
description: questions that look alike
first_address: 0
max_gap: 0
points:
  a: {holding: 0, kind: u16}
  b: {holding: 10, kind: u16}
  c: {holding: 20, kind: u16}
  wide: {holding: 30, kind: u32}
";
/// The points of a unit, and what is read where.
const POINTS: [(&str, u16); 3] = [("a", 0), ("b", 10), ("c", 20)];

/// A unit whose every register says where it belongs.
struct Telling(u8);

impl Telling {
    fn value(unit: u8, address: u16) -> u16 {
        u16::from(unit) * 1000 + address
    }
}

impl Unit for Telling {
    fn read(&mut self, _: Table, address: u16, count: u16) -> Result<Vec<u16>, Exception> {
        Ok((address..address + count).map(|at| Telling::value(self.0, at)).collect())
    }

    fn write(&mut self, _: Table, _: u16, _: &[u16]) -> Result<(), Exception> {
        Err(Exception::IllegalFunction)
    }
}

/// Two links over in-memory streams: one is struck, the other has unit 9.
#[derive(Clone)]
struct Links {
    struck: Bus,
    other: Bus,
}

impl Connect for Links {
    fn connect<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<BoxedStream>> {
        let (ours, theirs) = duplex(4096);
        match endpoint {
            Endpoint::Tcp { host, .. } if host == "other" => {
                tokio::spawn(serve(theirs, self.other.clone()));
            }
            Endpoint::Tcp { .. } | Endpoint::Tls { .. } => {
                tokio::spawn(serve(theirs, self.struck.clone()));
            }
            Endpoint::RtuOverTcp { .. } => {
                tokio::spawn(serve_rtu(theirs, self.struck.clone(), RtuLine::over_tcp()));
            }
            Endpoint::Serial { line, .. } => {
                let line = RtuLine::serial(line.baud);
                tokio::spawn(serve_rtu(theirs, self.struck.clone(), line));
            }
        }
        Box::pin(async move { Ok(Box::new(ours) as BoxedStream) })
    }
}

fn bus(units: &[u8]) -> Bus {
    let bus = Bus::new(UnknownUnit::Silent);
    for unit in units {
        bus.insert(*unit, Telling(*unit));
    }
    bus
}

fn device(unit: u8, endpoint: &str, profile: &Arc<Profile>) -> FieldDevice {
    let device = Device {
        id: DeviceId::new(&format!("unit{unit}")).expect("a name"),
        profile: profile.name.clone(),
        profile_file: None,
        endpoint: Endpoint::read(endpoint).expect("an address"),
        unit,
        poll: POLL,
        max_age: POLL * 4,
        timeout: TIMEOUT,
        link: LinkOptions::default(),
        place: site::text::Place::default(),
    };
    FieldDevice { device, profile: Arc::clone(profile) }
}

/// What was seen of one cell of the matrix.
#[derive(Debug)]
struct Seen {
    /// Looks at which a point was good and had another value than its own.
    wrong: Vec<String>,
    /// Looks during the fault at which all points of a unit were good, as a share.
    good: [f64; 3],
    /// Reads of the device on the other link.
    other_reads: u64,
    other_failed: u64,
    /// Points that were bad at the end.
    bad_at_end: Vec<String>,
    struck: DeviceHealth,
}

/// A whole run: quiet, the fault on one unit or on all, quiet again.
async fn run(link: &str, fault: Option<&WireFault>, unit: Option<u8>) -> Seen {
    let clock = Clock::scaled("2026-06-15T10:00:00Z".parse().expect("an instant"), 1.0);
    let links = Links { struck: bus(&UNITS), other: bus(&[9]) };
    let span = When::Between { from_ms: millis(FAULT_FROM), to_ms: millis(FAULT_TO) };
    let event = |fault: &WireFault| FaultEvent { when: span, unit, fault: fault.clone() };
    let plan = FaultPlan { events: fault.map(event).into_iter().collect() };
    let endpoint = Endpoint::read(link).expect("an address");
    let line = FaultyLine::new(plan, clock.clone());
    let connect = FaultyConnect::new(Arc::new(links), [(endpoint, line)]);

    let profile = Arc::new(profile::read(PROFILE, Path::new("matrix.yaml")).expect("no findings"));
    let mut devices: Vec<FieldDevice> =
        UNITS.iter().map(|unit| device(*unit, link, &profile)).collect();
    devices.push(device(9, "tcp://other:502", &profile));
    let field = Field::start(devices, Arc::new(connect), clock.clone());
    let seen = watch(&field, &clock).await;
    field.stop().await;
    seen
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).expect("minutes")
}

async fn watch(field: &Field, clock: &Clock) -> Seen {
    let began = clock.now().mono;
    let (mut wrong, mut looks, mut good) = (Vec::new(), 0.0, [0.0; 3]);
    loop {
        clock.sleep(LOOK).await;
        let now = clock.now();
        let since = now.mono.since(began);
        let bad = bad_points(field, clock, &mut wrong);
        if (FAULT_FROM..FAULT_TO).contains(&since) {
            looks += 1.0;
            for (unit, good) in UNITS.iter().zip(&mut good) {
                let concerned = format!("unit{unit}.");
                *good += f64::from(u8::from(!bad.iter().any(|it| it.starts_with(&concerned))));
            }
        }
        if since >= END {
            let health = |name: &str| {
                let all = field.health();
                all.into_iter().find(|it| it.id.as_str() == name).expect("it is there")
            };
            let other = health("unit9");
            return Seen {
                wrong,
                good: good.map(|good| good / looks),
                other_reads: other.reads_ok,
                other_failed: other.reads_failed,
                bad_at_end: bad,
                struck: health(&format!("unit{STRUCK}")),
            };
        }
    }
}

/// The points that are bad now; those that are good and wrong are noted.
fn bad_points(field: &Field, clock: &Clock, wrong: &mut Vec<String>) -> Vec<String> {
    let snapshot = field.freeze(clock.now());
    let mut bad = Vec::new();
    for unit in UNITS.into_iter().chain([9]) {
        let wide =
            (u32::from(Telling::value(unit, 30)) << 16) + u32::from(Telling::value(unit, 31));
        let own = POINTS.map(|(point, at)| (point, f64::from(Telling::value(unit, at))));
        for (point, own) in own.into_iter().chain([("wide", f64::from(wide))]) {
            let name = format!("unit{unit}.{point}");
            let id = PointId::try_from(name.clone()).expect("a point");
            match snapshot.number(&id) {
                None => bad.push(name),
                Some(value) if (value - own).abs() > 0.0 => wrong.push(format!("{name} {value}")),
                Some(_) => {}
            }
        }
    }
    bad
}
