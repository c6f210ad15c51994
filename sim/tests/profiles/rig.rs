//! One device behind one link, and a tap on the link that sees every write as bytes.

use drivers::profile::{self, Profile};
use drivers::{BoxedStream, Clock, Connect, Field, FieldDevice};
use futures::future::BoxFuture;
use regie_sim::devices::shelf::Shelf;
use regie_sim::modbus::{self, Bus, UnknownUnit};
use site::envelope::Envelopes;
use site::model::{Device, Endpoint};
use site::{PointId, Snapshot};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// The device under test.
pub(crate) const DEVICE: &str = "device";

/// Time in which even a device that is asked for one value at a time is read twice.
pub(crate) const TWO_ROUNDS: Duration = Duration::from_secs(25);

/// All built-in profiles.
pub(crate) fn profiles() -> Vec<Profile> {
    profile::builtin_names().into_iter().map(builtin).collect()
}

pub(crate) fn builtin(name: &str) -> Profile {
    let text = profile::builtin(name).expect("a built-in profile");
    profile::read(text, Path::new(name)).expect("no findings")
}

/// A write on the wire: the function, and all that follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) function: u8,
    pub(crate) data: Vec<u8>,
}

/// The link to the device, with a log of the writes that passed it.
#[derive(Clone)]
struct Tap {
    bus: Bus,
    log: Arc<Mutex<Vec<Frame>>>,
}

impl Tap {
    /// Passes bytes on in both directions until one side closes.
    async fn pass(self, mut client: DuplexStream, mut server: DuplexStream) {
        let mut seen = Vec::new();
        let (mut ask, mut answer) = ([0; 512], [0; 512]);
        loop {
            tokio::select! {
                read = client.read(&mut ask) => match read {
                    Ok(count) if count > 0 => {
                        seen.extend_from_slice(&ask[..count]);
                        self.note(&mut seen);
                        server.write_all(&ask[..count]).await.expect("the server reads on");
                    }
                    _ => return,
                },
                read = server.read(&mut answer) => match read {
                    Ok(count) if count > 0 => {
                        if client.write_all(&answer[..count]).await.is_err() {
                            return;
                        }
                    }
                    _ => return,
                },
            }
        }
    }

    /// Notes the writes among the whole frames seen: six bytes of header, the unit, the function.
    fn note(&self, seen: &mut Vec<u8>) {
        while seen.len() >= 6 {
            let end = 6 + usize::from(u16::from_be_bytes([seen[4], seen[5]]));
            if seen.len() < end {
                return;
            }
            let frame: Vec<u8> = seen.drain(..end).collect();
            if matches!(frame[7], 5 | 6 | 15 | 16) {
                let frame = Frame { function: frame[7], data: frame[8..].to_vec() };
                self.log.lock().expect("no test panics while holding it").push(frame);
            }
        }
    }
}

impl Connect for Tap {
    fn connect<'a>(&'a self, _: &'a Endpoint) -> BoxFuture<'a, io::Result<BoxedStream>> {
        Box::pin(async move {
            let (ours, client) = tokio::io::duplex(4096);
            let (server, theirs) = tokio::io::duplex(4096);
            tokio::spawn(self.clone().pass(client, server));
            tokio::spawn(modbus::serve(theirs, self.bus.clone()));
            Ok(Box::new(ours) as BoxedStream)
        })
    }
}

/// A device of the profile, as a site file declares one.
fn device(profile: &Profile) -> Device {
    let text = format!(
        "devices: {{{DEVICE}: {{profile: {}, connect: \"tcp://192.0.2.1\", unit: 7}}}}",
        profile.name
    );
    let nothing = |_: &Path| Err("no file is needed".to_owned());
    let mut reading = site::file::read_all(&text, Path::new("site.yaml"), &nothing);
    reading.devices.pop().expect("a device")
}

/// The drivers at work on a shelf. It must be built inside a runtime on paused time.
pub(crate) struct Rig {
    pub(crate) field: Field,
    pub(crate) clock: Clock,
    log: Arc<Mutex<Vec<Frame>>>,
}

impl Rig {
    pub(crate) fn new(profile: &Profile, shelf: &Shelf) -> Self {
        let clock = Clock::scaled("2026-06-01T12:00:00Z".parse().expect("an instant"), 1.0);
        let device = device(profile);
        let bus = Bus::new(UnknownUnit::Silent);
        bus.insert(device.unit, shelf.clone());
        let log = Arc::default();
        let tap = Tap { bus, log: Arc::clone(&log) };
        let (profile, envelopes) = (Arc::new(profile.clone()), Envelopes::of_no_site());
        let devices = vec![FieldDevice { device, profile, envelopes }];
        let field = Field::start(devices, Arc::new(tap), clock.clone());
        Self { field, clock, log }
    }

    pub(crate) async fn sleep(&self, time: Duration) {
        self.clock.sleep(time).await;
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.field.freeze(self.clock.now())
    }

    /// All writes since the last time.
    pub(crate) fn take_writes(&self) -> Vec<Frame> {
        std::mem::take(&mut *self.log.lock().expect("no test panics while holding it"))
    }
}

/// What the drivers see of a shelf as it stands: each time by drivers that begin anew, so that
/// points that are seldom read are seen too.
pub(crate) async fn seen(profile: &Profile, shelf: &Shelf) -> Snapshot {
    let rig = Rig::new(profile, shelf);
    rig.sleep(TWO_ROUNDS).await;
    let snapshot = rig.snapshot();
    assert_eq!(rig.take_writes(), [], "{}: reading writes nothing", profile.name);
    rig.field.stop().await;
    snapshot
}

pub(crate) fn point(name: &str) -> PointId {
    PointId::try_from(format!("{DEVICE}.{name}")).expect("a point")
}
