//! All devices of a site: read at their own pace, written to at the cycle's.

use crate::clock::Clock;
use crate::connect::Connect;
use crate::error::FieldError;
use crate::image::{self, DeviceHealth, Image, LinkHealth};
use crate::link::{CONNECTING_MAX, Job, Link, Parts, Sender, Unit, Wire, queue, seed};
use crate::memory::{Action, Memory};
use crate::profile::{Profile, Refresh};
use crate::wear::Wear;
use crate::window::Window;
use futures::future::join_all;
use jiff::Timestamp;
use site::command::{Command, Delivery, Guarded, Receipt, Verification};
use site::envelope::Envelopes;
use site::model::{Device, Endpoint, LinkOptions};
use site::{AssetId, DeviceId, Mono, Now, PointId, Snapshot};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

/// First polls are spread over a tenth of the poll period, and over this at most.
const STAGGER_MAX: Duration = Duration::from_secs(1);

/// A device and its register map.
#[derive(Debug, Clone)]
pub struct FieldDevice {
    /// The device.
    pub device: Device,
    /// Its profile.
    pub profile: Arc<Profile>,
    /// What may be written to it, whatever the guard says.
    pub envelopes: Envelopes,
}

/// The running links to all devices.
///
/// Dropping it ends them after the request in hand; [`Field::stop`] also waits for that.
pub struct Field {
    devices: BTreeMap<DeviceId, Known>,
    links: Vec<(Sender, Arc<Mutex<LinkHealth>>)>,
    tasks: Vec<JoinHandle<()>>,
    memories: Mutex<BTreeMap<AssetId, Memory>>,
}

/// What is known of a device outside its link.
struct Known {
    profile: Arc<Profile>,
    image: Arc<Image>,
    wear: Wear,
    max_age: Duration,
    endpoint: Endpoint,
    link: usize,
    unit: usize,
}

/// One command on its way.
struct Errand<'a> {
    index: usize,
    command: &'a Guarded<Command>,
    action: Action,
    parts: Parts,
}

impl Field {
    /// Opens one link per endpoint and begins to poll. To be called inside a tokio runtime.
    ///
    /// # Panics
    /// When a profile's point has a name that is no identifier; profiles that were read from a
    /// file never have.
    #[must_use]
    pub fn start(devices: Vec<FieldDevice>, connect: Arc<dyn Connect>, clock: Clock) -> Self {
        let mut grouped: BTreeMap<Endpoint, Vec<FieldDevice>> = BTreeMap::new();
        for device in devices {
            grouped.entry(device.device.endpoint.clone()).or_default().push(device);
        }
        let began = clock.now().mono;
        let gate = Arc::new(Semaphore::new(CONNECTING_MAX));
        let mut field = Self {
            devices: BTreeMap::new(),
            links: Vec::new(),
            tasks: Vec::new(),
            memories: Mutex::default(),
        };
        for (endpoint, group) in grouped {
            let spread = seed(&endpoint.to_string());
            let options = shared(&group);
            let fastest = group.iter().map(|one| one.device.poll).min().unwrap_or_default();
            let spread_by = stagger(spread, fastest);
            let mut units = Vec::new();
            for FieldDevice { device, profile, envelopes } in group {
                let image = Arc::new(Image::new(&device, &profile));
                let id = device.id.clone();
                let unit =
                    Unit::new(device, profile, image, began.after(spread_by)).with(envelopes);
                let known = Known {
                    profile: Arc::clone(&unit.profile),
                    image: Arc::clone(&unit.image),
                    wear: unit.wear.clone(),
                    max_age: unit.device.max_age,
                    endpoint: endpoint.clone(),
                    link: field.links.len(),
                    unit: units.len(),
                };
                field.devices.insert(id, known);
                units.push(unit);
            }
            let (sender, jobs) = queue();
            let health = LinkHealth {
                endpoint: endpoint.clone(),
                devices: units.len(),
                connected: false,
                busy: 0.0,
                requests: 0,
                unasked_bytes: 0,
                waiting: 0,
            };
            let health = Arc::new(Mutex::new(health));
            let wire = Wire::new(endpoint, Arc::clone(&connect), clock.clone(), spread)
                .with(&options, Arc::clone(&gate));
            let link = Link::new(wire, units, jobs, clock.clone(), Arc::clone(&health), spread_by);
            field.links.push((sender, health));
            field.tasks.push(tokio::spawn(link.supervise()));
        }
        field
    }

    /// The process image at `now`: every readable point of every device. A sample older than its
    /// device's `max_age` is bad, with the reason why no newer one came; slow points may be as
    /// much older as they are read less often.
    #[must_use]
    pub fn freeze(&self, now: Now) -> Snapshot {
        image::freeze(self.devices.values().map(|known| known.image.as_ref()), now)
    }

    /// A look at the process image for those who only want to see.
    #[must_use]
    pub fn window(&self) -> Window {
        Window::new(self.devices.values().map(|known| Arc::clone(&known.image)))
    }

    /// Writes guarded commands and returns a receipt for each, in their order.
    ///
    /// A command is written when its setpoint differs from the one acknowledged last, when the
    /// last write failed, or when [`Field::verify`] found a mismatch; otherwise the device's
    /// dead-man is refreshed once a quarter of its time has passed. Commands to one link keep
    /// their order; different links work at the same time. An asset that is absent gets neither
    /// writes nor refreshes, so that its dead-man lets go.
    pub async fn write(&self, now: Now, commands: &[Guarded<Command>]) -> Vec<Receipt> {
        let mut receipts: Vec<Receipt> = Vec::with_capacity(commands.len());
        let mut errands: BTreeMap<usize, Vec<Errand<'_>>> = BTreeMap::new();
        for (index, command) in commands.iter().enumerate() {
            let Command { asset, device, .. } = command.get();
            let delivery = match self.devices.get(device) {
                None => Delivery::Failed(format!("there is no device '{device}'")),
                Some(known) => {
                    if let Some((action, parts)) = self.decide(now.mono, known, command) {
                        let errand = Errand { index, command, action, parts };
                        errands.entry(known.link).or_default().push(errand);
                    }
                    Delivery::Unchanged
                }
            };
            receipts.push(Receipt { asset: asset.clone(), delivery });
        }
        let links = errands.into_values().map(|errands| self.carry_out(now.mono, errands));
        for (index, delivery) in join_all(links).await.into_iter().flatten() {
            if let Some(receipt) = receipts.get_mut(index) {
                receipt.delivery = delivery;
            }
        }
        receipts
    }

    /// What is to be written for one command now, if anything.
    fn decide(
        &self,
        now: Mono,
        known: &Known,
        command: &Guarded<Command>,
    ) -> Option<(Action, Parts)> {
        let Command { asset, setpoint, .. } = command.get();
        let dead_man = known.profile.dead_man.as_ref();
        let mut memories = self.memories();
        let memory = memories.entry(asset.clone()).or_default();
        let action = memory.decide(now, *setpoint, dead_man);
        if action == Action::Nothing {
            return None;
        }
        memory.handle_attempt(now, *setpoint);
        let beats = matches!(dead_man.map(|d| &d.refresh), Some(Refresh::Heartbeat(_)));
        let heartbeat = beats.then(|| memory.next_heartbeat());
        Some((action, Parts { command: action == Action::Full || !beats, heartbeat }))
    }

    /// Brings the commands of one link to it, one after the other.
    async fn carry_out(&self, began: Mono, errands: Vec<Errand<'_>>) -> Vec<(usize, Delivery)> {
        let mut done = Vec::with_capacity(errands.len());
        for Errand { index, command, action, parts } in errands {
            let Command { asset, setpoint, .. } = command.get();
            let outcome = self.deliver(command, parts).await;
            let mut memories = self.memories();
            let memory = memories.entry(asset.clone()).or_default();
            let delivery = match outcome {
                Ok(ended) => {
                    memory.handle_acknowledged(began, ended, *setpoint, action);
                    if action == Action::Full { Delivery::Sent } else { Delivery::Refreshed }
                }
                Err(error) => {
                    memory.handle_failed();
                    Delivery::Failed(error.to_string())
                }
            };
            done.push((index, delivery));
        }
        done
    }

    async fn deliver(&self, command: &Guarded<Command>, parts: Parts) -> Result<Mono, FieldError> {
        let device = &command.get().device;
        let Some(known) = self.devices.get(device) else {
            return Err(FieldError::Silent { unit: 0, failures: 0 });
        };
        let busy = || FieldError::Busy(known.endpoint.clone());
        let (sender, _) = self.links.get(known.link).ok_or_else(busy)?;
        let (reply, answer) = oneshot::channel();
        let job = Job { unit: known.unit, command: command.clone(), parts, reply };
        sender.send(job).map_err(|_| busy())?;
        answer.await.map_err(|_| busy())?
    }

    /// Compares what was commanded with the snapshot, after the time to settle; only samples
    /// received after the write count. A mismatch makes the next [`Field::write`] a full one, three
    /// times at most.
    pub fn verify(
        &self,
        snapshot: &Snapshot,
        commands: &[Guarded<Command>],
    ) -> BTreeMap<AssetId, Verification> {
        let mut memories = self.memories();
        let mut verified = BTreeMap::new();
        for command in commands {
            let Command { asset, device, setpoint, .. } = command.get();
            let found = self.devices.get(device).and_then(|known| {
                let spec = known.profile.commands.get(setpoint.operation())?;
                Some((known, spec))
            });
            let verification = found.map_or(Verification::Lost, |(known, spec)| {
                let ids = spec.confirm.iter().map(|one| PointId::new(device, &one.point).ok());
                let ids: Vec<Option<PointId>> = ids.collect();
                let points: Vec<_> =
                    ids.iter().map(|id| id.as_ref().and_then(|id| snapshot.sample(id))).collect();
                let memory = memories.entry(asset.clone()).or_default();
                let spec = (spec, known.profile.dead_man.as_ref());
                memory.judge(snapshot, *setpoint, spec, &points, known.max_age)
            });
            verified.insert(asset.clone(), verification);
        }
        verified
    }

    /// How the talking with each device goes, in the order of their names.
    #[must_use]
    pub fn health(&self) -> Vec<DeviceHealth> {
        self.devices.values().map(|known| known.image.health()).collect()
    }

    /// How each link does, in the order of their endpoints.
    #[must_use]
    pub fn links(&self) -> Vec<LinkHealth> {
        let health = |(sender, health): &(Sender, Arc<Mutex<LinkHealth>>)| {
            let mut health = health.lock().unwrap_or_else(PoisonError::into_inner).clone();
            health.waiting = sender.len();
            health
        };
        self.links.iter().map(health).collect()
    }

    /// How often each point in memory that wears out was written on the day (UTC) of an instant:
    /// what a restart must not forget. Points that were not written have no entry.
    #[must_use]
    pub fn written_on_day(&self, at: Timestamp) -> BTreeMap<PointId, u32> {
        let of_device = |(id, known): (&DeviceId, &Known)| {
            let points = known.wear.today(at).into_iter().filter_map(|(place, writes)| {
                let point = known.profile.points.get(place)?;
                Some((PointId::new(id, &point.name).ok()?, writes))
            });
            points.collect::<Vec<_>>()
        };
        self.devices.iter().flat_map(of_device).collect()
    }

    /// Takes up what [`Field::written_on_day`] had counted for the day of an instant, before
    /// anything is written. What is not a point of this field is left out.
    pub fn take_up_written(&self, at: Timestamp, written: &BTreeMap<PointId, u32>) {
        for (id, writes) in written {
            let Some(known) = self.devices.get(id.device()) else { continue };
            let place = known.profile.points.iter().position(|point| point.name == id.name());
            if let Some(place) = place {
                known.wear.take_up(at, place, *writes);
            }
        }
    }

    /// Forgets what was said to an asset, so that the next write is a full one.
    pub fn forget(&self, asset: &AssetId) {
        self.memories().remove(asset);
    }

    /// Ends all links after the request in hand, and waits for it.
    pub async fn stop(self) {
        let Self { links, tasks, .. } = self;
        drop(links);
        for task in tasks {
            // A task that panicked was already counted and logged by its supervisor.
            let _ = task.await;
        }
    }

    fn memories(&self) -> MutexGuard<'_, BTreeMap<AssetId, Memory>> {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the link of these devices is treated: all of them need their pauses.
fn shared(group: &[FieldDevice]) -> LinkOptions {
    let mut shared = LinkOptions::default();
    for FieldDevice { device, profile, .. } in group {
        let of = |mine: Duration, of_profile: Duration| mine.max(of_profile);
        let connect_pause = of(device.link.connect_pause, profile.connect_pause);
        let request_pause = of(device.link.request_pause, profile.request_pause);
        shared.connect_pause = shared.connect_pause.max(connect_pause);
        shared.request_pause = shared.request_pause.max(request_pause);
    }
    shared
}

/// When a link's first poll is due: spread by its name, the same in every run, so that a site's
/// devices are not all connected to at the same instant.
fn stagger(spread: u64, poll: Duration) -> Duration {
    let share = u32::from(spread.to_le_bytes()[0]);
    (poll / 10).min(STAGGER_MAX) * share / 256
}
