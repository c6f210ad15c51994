//! The simulated field: the true plant, its devices, and the links they hang on.
//!
//! It advances by itself: whenever a device is read or written, plant and devices first go on to
//! the clock's now. So devices and daemon share one time, at any speed, and nothing runs while
//! nobody looks.

mod fault;
mod witness;

pub use fault::Fault;
pub use witness::{Told, Witness};

use fault::Ailments;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use drivers::clock::Clock;
use drivers::profile::Profile;
use jiff::Timestamp;
use site::model::Endpoint;
use site::{DeviceId, Site};
use thiserror::Error;

use crate::devices::{DeviceError, SimulatedDevice};
use crate::modbus::{Bus, Exception, Silence, Table, Unit, UnknownUnit};
use crate::plant::{Plant, Truth};

/// Why a field cannot be made, or a fault not be set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FieldError {
    /// A device cannot be simulated.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The site has no device of that name.
    #[error("no device is called '{device}'; the site has: {known}")]
    UnknownDevice {
        /// The name asked for.
        device: DeviceId,
        /// The names there are.
        known: String,
    },
}

/// A simulated field. A clone is the same field.
#[derive(Debug, Clone)]
pub struct SimulatedField {
    core: Arc<Mutex<Core>>,
    links: Arc<BTreeMap<Endpoint, Bus>>,
    seats: Arc<BTreeMap<DeviceId, (Endpoint, u8)>>,
}

/// Everything that moves.
#[derive(Debug)]
struct Core {
    plant: Plant,
    devices: BTreeMap<DeviceId, SimulatedDevice>,
    /// The devices as they were at the start.
    fresh: BTreeMap<DeviceId, SimulatedDevice>,
    ailments: BTreeMap<DeviceId, Ailments>,
    witness: Option<Witness>,
    clock: Clock,
}

impl SimulatedField {
    /// The field of a site, with the profile of each of its devices. The plant starts where it
    /// stands; the clock should begin there too.
    ///
    /// # Errors
    /// When a device cannot be simulated.
    pub fn new(
        site: &Site,
        profiles: &BTreeMap<DeviceId, Arc<Profile>>,
        plant: Plant,
        clock: Clock,
    ) -> Result<SimulatedField, FieldError> {
        let mut devices = BTreeMap::new();
        for device in &site.devices {
            let profile = profiles.get(&device.id).cloned();
            let none = || DeviceError::NoProfile { device: device.id.clone() };
            let simulated = SimulatedDevice::new(site, device, profile.ok_or_else(none)?)?;
            devices.insert(device.id.clone(), simulated);
        }
        let (fresh, ailments) = (devices.clone(), BTreeMap::new());
        let mut core = Core { plant, devices, fresh, ailments, witness: None, clock };
        core.decide();
        let core = Arc::new(Mutex::new(core));
        let mut links: BTreeMap<Endpoint, Bus> = BTreeMap::new();
        let mut seats = BTreeMap::new();
        for device in &site.devices {
            let new_bus = || Bus::new(UnknownUnit::GatewayTargetFailed);
            let bus = links.entry(device.endpoint.clone()).or_insert_with(new_bus);
            bus.insert(device.unit, Seat { core: core.clone(), device: device.id.clone() });
            seats.insert(device.id.clone(), (device.endpoint.clone(), device.unit));
        }
        Ok(SimulatedField { core, links: Arc::new(links), seats: Arc::new(seats) })
    }

    /// The link at an endpoint.
    #[must_use]
    pub fn bus(&self, endpoint: &Endpoint) -> Option<Bus> {
        self.links.get(endpoint).cloned()
    }

    /// All links by endpoint.
    #[must_use]
    pub fn links(&self) -> &BTreeMap<Endpoint, Bus> {
        &self.links
    }

    /// Goes on to the clock's now.
    pub fn advance(&self) {
        self.core().advance_to_now();
    }

    /// The truth now, as of the last whole step.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let mut core = self.core();
        core.advance_to_now();
        core.plant.truth()
    }

    /// From now on whatever is written to a device is told to a witness.
    pub fn watch(&self, witness: Witness) {
        self.core().witness = Some(witness);
    }

    /// Makes a device fail, besides the faults that it has.
    ///
    /// # Errors
    /// When there is no such device.
    pub fn set_fault(&self, device: &DeviceId, fault: Fault) -> Result<(), FieldError> {
        self.change_faults(device, |ailments| ailments.begin(fault))
    }

    /// Ends one fault of a device, if it has it.
    ///
    /// # Errors
    /// When there is no such device.
    pub fn end_fault(&self, device: &DeviceId, fault: Fault) -> Result<(), FieldError> {
        self.change_faults(device, |ailments| ailments.end(fault))
    }

    /// Ends all faults of a device.
    ///
    /// # Errors
    /// When there is no such device.
    pub fn clear_fault(&self, device: &DeviceId) -> Result<(), FieldError> {
        self.change_faults(device, |ailments| *ailments = Ailments::default())
    }

    /// A device starts anew: what was written to it is forgotten, and it obeys nobody until it is
    /// told again.
    ///
    /// # Errors
    /// When there is no such device.
    pub fn reboot(&self, device: &DeviceId) -> Result<(), FieldError> {
        self.seat(device)?;
        let mut core = self.core();
        core.advance_to_now();
        core.reboot(device);
        Ok(())
    }

    fn seat(&self, device: &DeviceId) -> Result<&(Endpoint, u8), FieldError> {
        self.seats.get(device).ok_or_else(|| {
            let known: Vec<&str> = self.seats.keys().map(DeviceId::as_str).collect();
            FieldError::UnknownDevice { device: device.clone(), known: known.join(", ") }
        })
    }

    fn change_faults(
        &self,
        device: &DeviceId,
        change: impl FnOnce(&mut Ailments),
    ) -> Result<(), FieldError> {
        let (endpoint, unit) = self.seat(device)?;
        let (silent, refused) = {
            let mut core = self.core();
            core.advance_to_now();
            core.change_faults(device, change);
            let on_link = self.seats.iter().filter(|(_, (its, _))| its == endpoint);
            let refused = on_link.into_iter().any(|(device, _)| core.has(device, Fault::Refuse));
            (core.has(device, Fault::Silent), refused)
        };
        // The core is let go first: a bus calls its units, and they take the core.
        let bus = &self.links[endpoint];
        bus.set_unit_silent(*unit, silent);
        let wanted = if refused { Silence::Closed } else { Silence::Answering };
        if bus.silence() != wanted {
            bus.set_silence(wanted);
        }
        Ok(())
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        lock(&self.core)
    }
}

fn lock(core: &Mutex<Core>) -> MutexGuard<'_, Core> {
    core.lock().expect("a plant that panicked half-way cannot go on")
}

impl Core {
    fn advance_to_now(&mut self) -> Timestamp {
        let now = self.clock.now().utc;
        while self.plant.next_step() <= now {
            let next = self.plant.next_step();
            self.plant.advance(next);
            self.decide();
        }
        // The clock of a live system may be set back; devices never see that.
        now.max(self.plant.now())
    }

    /// Every device decides at the instant the plant has reached.
    fn decide(&mut self) {
        let at = self.plant.now();
        for device in self.devices.values_mut() {
            device.decide(&mut self.plant, at);
        }
    }

    fn has(&self, device: &DeviceId, fault: Fault) -> bool {
        self.ailments.get(device).is_some_and(|ailments| ailments.has(fault))
    }

    fn change_faults(&mut self, device: &DeviceId, change: impl FnOnce(&mut Ailments)) {
        let ailments = self.ailments.entry(device.clone()).or_default();
        change(ailments);
        if let Some(simulated) = self.devices.get_mut(device) {
            simulated.set_local(ailments.has(Fault::Local));
            simulated.set_blind(ailments.has(Fault::Blind));
        }
    }

    fn reboot(&mut self, device: &DeviceId) {
        let at = self.plant.now();
        if let Some(mut fresh) = self.fresh.get(device).cloned() {
            fresh.decide(&mut self.plant, at);
            self.devices.insert(device.clone(), fresh);
        }
        // Its faults are those of its parts, and stay.
        self.change_faults(device, |_| {});
    }
}

/// A device's place on a bus.
struct Seat {
    core: Arc<Mutex<Core>>,
    device: DeviceId,
}

impl Seat {
    fn with<T>(
        &self,
        work: impl FnOnce(&mut SimulatedDevice, &mut Plant, Timestamp, Option<&Witness>) -> T,
    ) -> T {
        let mut core = lock(&self.core);
        let now = core.advance_to_now();
        let Core { plant, devices, witness, .. } = &mut *core;
        let device = devices.get_mut(&self.device).expect("a seat is made for each device");
        work(device, plant, now, witness.as_ref())
    }
}

impl Unit for Seat {
    fn read(&mut self, table: Table, address: u16, count: u16) -> Result<Vec<u16>, Exception> {
        let words =
            self.with(|device, plant, now, _| device.read(plant, now, table, address, count))?;
        let mut core = lock(&self.core);
        let Some(ailments) = core.ailments.get_mut(&self.device) else { return Ok(words) };
        Ok(ailments.shown((table, address), words))
    }

    fn write(&mut self, table: Table, address: u16, values: &[u16]) -> Result<(), Exception> {
        let (deaf, local) = {
            let core = lock(&self.core);
            (core.has(&self.device, Fault::Deaf), core.has(&self.device, Fault::Local))
        };
        let id = self.device.clone();
        self.with(|device, plant, now, witness| {
            let written =
                if deaf { Ok(()) } else { device.write(plant, now, table, address, values) };
            if let Some(witness) = witness {
                let orders = device.orders_at(table, address, values.len());
                witness.tell(Told { at: now, device: id, local, deaf, orders });
            }
            written
        })
    }
}
