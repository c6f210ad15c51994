//! The simulated field: the true plant, its devices, and the links they hang on.
//!
//! It advances by itself: whenever a device is read or written, plant and devices first go on to
//! the clock's now. So devices and daemon share one time, at any speed, and nothing runs while
//! nobody looks.

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

/// In which way a device fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It takes requests and never answers; its neighbours on the link do.
    Silent,
    /// Its link ends all connections and takes none: everything on the link is gone with it.
    Refuse,
    /// Somebody has switched it to local: it answers and follows no orders.
    Local,
}

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
    faults: BTreeMap<DeviceId, Fault>,
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
        let mut core = Core { plant, devices, faults: BTreeMap::new(), clock };
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

    /// Makes a device fail; a fault it had before ends.
    ///
    /// # Errors
    /// When there is no such device.
    pub fn set_fault(&self, device: &DeviceId, fault: Fault) -> Result<(), FieldError> {
        self.change_fault(device, Some(fault))
    }

    /// Ends a device's fault, if it has one.
    ///
    /// # Errors
    /// When there is no such device.
    pub fn clear_fault(&self, device: &DeviceId) -> Result<(), FieldError> {
        self.change_fault(device, None)
    }

    fn change_fault(&self, device: &DeviceId, fault: Option<Fault>) -> Result<(), FieldError> {
        let Some((endpoint, unit)) = self.seats.get(device) else {
            let known: Vec<&str> = self.seats.keys().map(DeviceId::as_str).collect();
            let known = known.join(", ");
            return Err(FieldError::UnknownDevice { device: device.clone(), known });
        };
        let refused = {
            let mut core = self.core();
            core.advance_to_now();
            core.set_fault(device, fault);
            core.faults.iter().any(|(other, fault)| {
                *fault == Fault::Refuse && self.seats.get(other).is_some_and(|(e, _)| e == endpoint)
            })
        };
        // The core is let go first: a bus calls its units, and they take the core.
        let bus = &self.links[endpoint];
        bus.set_unit_silent(*unit, fault == Some(Fault::Silent));
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

    fn set_fault(&mut self, device: &DeviceId, fault: Option<Fault>) {
        match fault {
            Some(fault) => self.faults.insert(device.clone(), fault),
            None => self.faults.remove(device),
        };
        if let Some(simulated) = self.devices.get_mut(device) {
            simulated.set_local(fault == Some(Fault::Local));
        }
    }
}

/// A device's place on a bus.
struct Seat {
    core: Arc<Mutex<Core>>,
    device: DeviceId,
}

impl Seat {
    fn with<T>(&self, work: impl FnOnce(&mut SimulatedDevice, &mut Plant, Timestamp) -> T) -> T {
        let mut core = lock(&self.core);
        let now = core.advance_to_now();
        let Core { plant, devices, .. } = &mut *core;
        let device = devices.get_mut(&self.device).expect("a seat is made for each device");
        work(device, plant, now)
    }
}

impl Unit for Seat {
    fn read(&mut self, table: Table, address: u16, count: u16) -> Result<Vec<u16>, Exception> {
        self.with(|device, plant, now| device.read(plant, now, table, address, count))
    }

    fn write(&mut self, table: Table, address: u16, values: &[u16]) -> Result<(), Exception> {
        self.with(|device, plant, now| device.write(plant, now, table, address, values))
    }
}
