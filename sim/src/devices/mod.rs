//! The simulated devices: registers over the true plant, each with the behaviour of its kind.
//!
//! A device serves the register map of its profile with an encoder of its own. What a point shows
//! follows from the assets that use it; points that nobody uses read as zero, and writable ones
//! remember what was written. What a device does with its orders:
//!
//! - a pump's drive obeys while its heartbeat changes, and otherwise follows level switches in the
//!   tank it fills (the site's `level_control`); it comes back to orders without a bump;
//! - a SunSpec inverter of the models 1, 103, 120, 121 and 123 drops its limit when it is not
//!   written again in time, and shows most values as not available while it sleeps at night; any
//!   other SunSpec device has the models of its profile, and behaves as its kind does;
//! - a vendor's inverter without a dead-man keeps its limit for ever;
//! - a lighting cabinet obeys while its heartbeat changes, and otherwise lights from dusk to dawn
//!   by its own photocell;
//! - a battery's inverter follows its setpoint while its heartbeat changes, and otherwise idles;
//! - a charger offers the current it is told while its heartbeat changes, and otherwise the least
//!   at which a vehicle charges; switched to local it offers all it has;
//! - a switch panel obeys while its heartbeat changes, and otherwise follows the float switches of
//!   its well, or its clock;
//! - a generator's panel only tells.
//!
//! A [`shelf`] is none of these: it serves any profile, and shows what it is told to.
//!
//! Devices know the plant and the time they are given; they ask no clock and open no link.

mod battery;
mod chain;
mod charger;
mod deadman;
mod described;
mod encode;
#[cfg(test)]
mod energy_tests;
mod error;
mod inverter;
mod layout;
mod lighting;
mod memory;
mod pump;
mod remote;
pub mod shelf;
mod sources;
mod sources_energy;
mod sunspec;
mod sunspec_map;
mod switch;
#[cfg(test)]
mod tests;

pub use error::DeviceError;

use std::sync::Arc;

use drivers::profile::{PointSpec, Profile};
use jiff::Timestamp;
use site::model::Device;
use site::{AssetId, Site};

use crate::modbus::{Exception, Table};
use crate::plant::Plant;
use battery::BatteryInverter;
use charger::VehicleCharger;
use deadman::Write;
use described::Described;
use inverter::VendorInverter;
use layout::{Cell, Layout, Slot};
use lighting::Cabinet;
use memory::Memory;
use pump::PumpDrive;
use sources::{Source, Sources};
use sunspec::SunspecInverter;
use switch::SwitchPanel;

/// What acts through a device.
#[derive(Debug, Clone)]
enum Actor {
    Pump(PumpDrive),
    Sunspec(SunspecInverter),
    Inverter(VendorInverter),
    Lighting(Cabinet),
    Battery(BatteryInverter),
    Charger(VehicleCharger),
    Switch(SwitchPanel),
    /// Nothing: the device only measures.
    None,
}

/// What a source shows.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shown {
    /// A number in the unit used inside; 0 or 1 for a flag.
    Number(f64),
    /// That there is no value now.
    Absent,
    /// Nothing: the device's actor is of another kind.
    Nothing,
}

/// One simulated device. Time never goes back from call to call; [`SimulatedDevice::decide`] is
/// called at the beginning of every step of the plant.
#[derive(Debug, Clone)]
pub struct SimulatedDevice {
    profile: Arc<Profile>,
    layout: Layout,
    sources: Sources,
    memory: Memory,
    actor: Actor,
    /// What it measures reads as absent.
    blind: bool,
}

impl SimulatedDevice {
    /// The simulated form of a site's device with its profile.
    ///
    /// # Errors
    /// When the simulator has no such device.
    pub fn new(
        site: &Site,
        device: &Device,
        profile: Arc<Profile>,
    ) -> Result<SimulatedDevice, DeviceError> {
        let mut memory = Memory::default();
        let sources = sources::find(site, device);
        let is_own = |source: &Source| matches!(source, Source::Inverter(_));
        let fixed = SunspecInverter::suits(&profile) && sources.values().all(is_own);
        if profile.sunspec && (!fixed || sources.is_empty()) {
            let described = Described::lay(site, device, &profile)?;
            described.fill(&sources, &mut memory);
            let Described { profile, chain, .. } = described;
            let actor = actor(site, device, (&profile, false), &mut memory)?;
            let layout = Layout::new(&profile).with_chain(chain);
            let profile = Arc::new(profile);
            return Ok(SimulatedDevice { profile, layout, sources, memory, actor, blind: false });
        }
        let actor = actor(site, device, (&profile, profile.sunspec), &mut memory)?;
        let layout = Layout::new(&profile);
        Ok(SimulatedDevice { profile, layout, sources, memory, actor, blind: false })
    }

    /// Switches the device to local, where it follows no orders, or back to remote.
    pub fn set_local(&mut self, local: bool) {
        match &mut self.actor {
            Actor::Pump(drive) => drive.set_local(local),
            Actor::Sunspec(inverter) => inverter.set_local(local),
            Actor::Inverter(inverter) => inverter.set_local(local),
            Actor::Lighting(cabinet) => cabinet.set_local(local),
            Actor::Battery(inverter) => inverter.remote.switched_to_local = local,
            Actor::Charger(charger) => charger.remote.switched_to_local = local,
            Actor::Switch(panel) => panel.remote.switched_to_local = local,
            Actor::None => {}
        }
    }

    /// Makes what it measures read as absent, or lets it measure again.
    pub fn set_blind(&mut self, blind: bool) {
        self.blind = blind;
    }

    /// The orders of its profile that its registers hold and that `count` registers from `address`
    /// on belong to, with their arguments in the unit used inside. A SunSpec inverter of the fixed
    /// map tells none.
    #[must_use]
    pub fn orders_at(
        &self,
        table: Table,
        address: u16,
        count: usize,
    ) -> Vec<(String, Option<f64>)> {
        let Ok(slots) = self.layout.write(table, address, count) else { return Vec::new() };
        let named = |write: &drivers::profile::WriteSpec| {
            slots.iter().any(|slot| self.profile.points[slot.point].name == write.point)
        };
        let commands = self.profile.commands.iter();
        let touched = commands.filter(|(_, command)| command.writes.iter().any(named));
        let held = |name: &String| Some((name.clone(), self.memory.order(&self.profile, name)?));
        let held = touched.filter_map(|(name, _)| held(name));
        held.map(|(name, order)| (name, order.argument)).collect()
    }

    /// Decides at the beginning of a step of the plant.
    pub fn decide(&mut self, plant: &mut Plant, at: Timestamp) {
        let registers = (self.profile.as_ref(), &mut self.memory);
        match &mut self.actor {
            Actor::Pump(drive) => drive.decide(registers, plant, at),
            Actor::Sunspec(inverter) => inverter.decide(plant, at),
            Actor::Inverter(inverter) => inverter.decide(registers, plant, at),
            Actor::Lighting(cabinet) => cabinet.decide(registers, plant, at),
            Actor::Battery(inverter) => inverter.decide(registers, plant, at),
            Actor::Charger(charger) => charger.decide(registers, plant, at),
            Actor::Switch(panel) => panel.decide(registers, plant, at),
            Actor::None => {}
        }
    }

    /// Reads registers or bits.
    ///
    /// # Errors
    /// Illegal address where the device has nothing (short holes between points read as zero),
    /// illegal value where more is asked for than its profile allows in one request.
    pub fn read(
        &self,
        plant: &Plant,
        at: Timestamp,
        table: Table,
        address: u16,
        count: u16,
    ) -> Result<Vec<u16>, Exception> {
        match &self.actor {
            Actor::Sunspec(inverter) if SunspecInverter::has(table, address) => {
                inverter.read(plant, at, address, count)
            }
            _ => {
                let cells = self.layout.read(table, address, count)?;
                Ok(cells.into_iter().map(|cell| self.cell(cell, plant, at)).collect())
            }
        }
    }

    /// Writes coils or holding registers, all or none.
    ///
    /// # Errors
    /// Illegal address where one of them is not writable, illegal value where the device does not
    /// take it.
    pub fn write(
        &mut self,
        plant: &mut Plant,
        at: Timestamp,
        table: Table,
        address: u16,
        values: &[u16],
    ) -> Result<(), Exception> {
        match &mut self.actor {
            Actor::Sunspec(inverter) if SunspecInverter::has(table, address) => {
                inverter.write(plant, at, address, values)
            }
            _ => {
                let slots = self.layout.write(table, address, values.len())?;
                self.take(&slots, values, plant, at);
                Ok(())
            }
        }
    }

    /// Takes checked words into the registers and acts on each point once.
    fn take(&mut self, slots: &[Slot], values: &[u16], plant: &mut Plant, at: Timestamp) {
        let mut writes: Vec<Write> = Vec::new();
        for (slot, value) in slots.iter().zip(values) {
            let changed = self.memory.set_word(&self.profile, slot.point, slot.word, *value);
            match writes.last_mut().filter(|write| write.point == slot.point) {
                Some(write) => write.changed |= changed,
                None => {
                    let of_an_order = memory::is_of_an_order(&self.profile, slot.point);
                    writes.push(Write { point: slot.point, changed, of_an_order });
                }
            }
        }
        let registers = (self.profile.as_ref(), &self.memory);
        for write in writes {
            match &mut self.actor {
                Actor::Pump(drive) => drive.handle_write(write, registers, plant, at),
                Actor::Inverter(inverter) => inverter.handle_write(write, registers, plant, at),
                Actor::Lighting(cabinet) => cabinet.handle_write(write, registers, plant, at),
                Actor::Battery(inverter) => inverter.handle_write(write, registers, plant, at),
                Actor::Charger(charger) => charger.handle_write(write, registers, plant, at),
                Actor::Switch(panel) => panel.handle_write(write, registers, plant, at),
                Actor::Sunspec(_) | Actor::None => {}
            }
        }
    }

    /// The word at one address: points share it only as bits.
    fn cell(&self, cell: Cell<'_>, plant: &Plant, at: Timestamp) -> u16 {
        let slots = match cell {
            Cell::Points(slots) => slots,
            Cell::Fixed(word) => return word,
        };
        slots.iter().fold(0, |word, slot| {
            word | self.words(slot.point, plant, at).get(slot.word).copied().unwrap_or(0)
        })
    }

    fn words(&self, point: usize, plant: &Plant, at: Timestamp) -> Vec<u16> {
        let spec = &self.profile.points[point];
        match self.sources.get(&spec.name).map(|source| self.show(*source, plant, at)) {
            Some(Shown::Number(_)) if self.blind && encode::has_absent(&spec.encoding) => {
                encode::absent(&spec.encoding)
            }
            Some(Shown::Number(shown)) => encode::words(&spec.encoding, counted(spec, shown)),
            Some(Shown::Absent) => encode::absent(&spec.encoding),
            Some(Shown::Nothing) | None => self.memory.words(&self.profile, point),
        }
    }

    fn show(&self, source: Source, plant: &Plant, at: Timestamp) -> Shown {
        let registers = (self.profile.as_ref(), &self.memory);
        Shown::Number(match (source, &self.actor) {
            (Source::Pump(point), Actor::Pump(drive)) => drive.show(point, plant, at),
            (Source::Inverter(point), Actor::Inverter(inverter)) => inverter.show(point, plant, at),
            (Source::Lighting(point), Actor::Lighting(cabinet)) => {
                cabinet.show(point, registers, plant, at)
            }
            (Source::Battery(point), Actor::Battery(inverter)) => inverter.show(point, plant, at),
            (Source::Charger(point), Actor::Charger(charger)) => {
                return charger.show(point, plant, at).map_or(Shown::Absent, Shown::Number);
            }
            (Source::Switch(point), Actor::Switch(panel)) => panel.show(point, plant, at),
            (Source::Generator(generator, point), _) => point.show(generator, plant),
            (Source::WellLevel(station), _) => plant.measured_well_m(station),
            (Source::Level(tank), _) => plant.measured_level_m(tank),
            (Source::Flow(meter), _) => plant.measured_flow(meter).0,
            (Source::FlowTotal(meter), _) => plant.measured_flow(meter).1,
            (Source::Grid(point), _) => point.show(plant),
            _ => return Shown::Nothing,
        })
    }
}

/// A counter whose zero means that there is none begins at its first step.
fn counted(spec: &PointSpec, shown: f64) -> f64 {
    let encoding = &spec.encoding;
    if spec.counter.is_some() && encoding.sentinels.contains(&0) {
        return shown.max(encoding.scale * encoding.unit_factor);
    }
    shown
}

/// What acts through a device; at most one asset does.
fn actor(
    site: &Site,
    device: &Device,
    (profile, is_fixed): (&Profile, bool),
    memory: &mut Memory,
) -> Result<Actor, DeviceError> {
    let pumps = site.pumps.iter().enumerate().filter(|(_, pump)| pump.device == device.id);
    let inverters = site.inverters.iter().enumerate().filter(|(_, one)| one.device == device.id);
    let cabinets = site.lighting.iter().enumerate().filter(|(_, one)| one.device == device.id);
    let mut found: Vec<(&AssetId, Actor)> = Vec::new();
    for (place, pump) in pumps {
        found.push((&pump.id, Actor::Pump(PumpDrive::new(site, place, profile))));
    }
    for (place, inverter) in inverters {
        let actor = if is_fixed {
            Actor::Sunspec(SunspecInverter::new(place, device.id.as_str()))
        } else {
            Actor::Inverter(VendorInverter::new(place, profile, memory))
        };
        found.push((&inverter.id, actor));
    }
    for (place, cabinet) in cabinets {
        found.push((&cabinet.id, Actor::Lighting(Cabinet::new(place, profile))));
    }
    found.extend(energy_actors(site, device, profile));
    if let [(first, _), (second, _), ..] = found.as_slice() {
        return Err(DeviceError::TwoActors {
            device: device.id.clone(),
            profile: profile.name.clone(),
            first: (*first).clone(),
            second: (*second).clone(),
        });
    }
    Ok(found.pop().map_or(Actor::None, |(_, actor)| actor))
}

/// The batteries, chargers and switched loads that act through a device.
fn energy_actors<'a>(
    site: &'a Site,
    device: &Device,
    profile: &Profile,
) -> Vec<(&'a AssetId, Actor)> {
    let mut found = Vec::new();
    for (place, one) in site.batteries.iter().enumerate().filter(|(_, b)| b.device == device.id) {
        found.push((&one.id, Actor::Battery(BatteryInverter::new(place, profile))));
    }
    for (place, one) in site.chargers.iter().enumerate().filter(|(_, c)| c.device == device.id) {
        found.push((&one.id, Actor::Charger(VehicleCharger::new(site, place, profile))));
    }
    for (place, one) in site.shiftable.iter().enumerate().filter(|(_, s)| s.device == device.id) {
        found.push((&one.id, Actor::Switch(SwitchPanel::of_shiftable(site, place, profile))));
    }
    let stations = site.lift_stations.iter().enumerate();
    for (place, one) in stations.filter(|(_, station)| station.device == device.id) {
        found.push((&one.id, Actor::Switch(SwitchPanel::of_lift(site, place, profile))));
    }
    found
}
