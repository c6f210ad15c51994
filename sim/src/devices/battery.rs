//! A battery's inverter: it follows its setpoint while it is spoken to, and otherwise idles.

use drivers::profile::Profile;
use jiff::Timestamp;

use super::deadman::Write;
use super::encode::flag;
use super::memory::Memory;
use super::remote::Remote;
use crate::plant::Plant;

/// What a point of the inverter shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatteryPoint {
    Charge,
    Power,
    Setpoint,
    Remote,
    Fault,
    DeadManTripped,
    Temperature,
    EnergyIn,
    EnergyOut,
}

/// The usual names of points that a site need not name.
pub(crate) const USUAL: [(&str, BatteryPoint); 9] = [
    ("charge", BatteryPoint::Charge),
    ("power", BatteryPoint::Power),
    ("setpoint", BatteryPoint::Setpoint),
    ("remote", BatteryPoint::Remote),
    ("fault", BatteryPoint::Fault),
    ("dead_man_tripped", BatteryPoint::DeadManTripped),
    ("temperature", BatteryPoint::Temperature),
    ("energy_in", BatteryPoint::EnergyIn),
    ("energy_out", BatteryPoint::EnergyOut),
];

/// The inverter of one battery.
#[derive(Debug, Clone)]
pub(crate) struct BatteryInverter {
    battery: usize,
    pub(crate) remote: Remote,
    /// The setpoint last ordered, in W.
    setpoint_w: f64,
}

impl BatteryInverter {
    /// The inverter of the site's battery at a place.
    pub(crate) fn new(battery: usize, profile: &Profile) -> Self {
        Self { battery, remote: Remote::new(profile, &["power"]), setpoint_w: 0.0 }
    }

    /// Handles a write, after the registers have taken it.
    pub(crate) fn handle_write(
        &mut self,
        write: Write,
        (profile, memory): (&Profile, &Memory),
        plant: &mut Plant,
        at: Timestamp,
    ) {
        self.remote.handle_write(write, at);
        if write.of_an_order {
            let order = memory.order(profile, "power").and_then(|order| order.argument);
            self.setpoint_w = order.unwrap_or(0.0);
        }
        plant.order_battery(self.battery, self.in_force_w(at));
    }

    /// Decides at the beginning of a step.
    pub(crate) fn decide(
        &mut self,
        (profile, memory): (&Profile, &mut Memory),
        plant: &mut Plant,
        at: Timestamp,
    ) {
        if self.remote.tripped(at) && self.remote.forgets(at) {
            self.setpoint_w = 0.0;
            memory.set_order(profile, "power", 0.0);
        }
        plant.order_battery(self.battery, self.in_force_w(at));
    }

    fn in_force_w(&self, at: Timestamp) -> f64 {
        if self.remote.in_local(at) { 0.0 } else { self.setpoint_w }
    }

    /// What a point shows.
    pub(crate) fn show(&self, point: BatteryPoint, plant: &Plant, at: Timestamp) -> f64 {
        let view = plant.battery(self.battery);
        match point {
            BatteryPoint::Charge => view.charge * 100.0,
            BatteryPoint::Power => view.power_w,
            BatteryPoint::Setpoint => self.in_force_w(at),
            BatteryPoint::Remote => flag(!self.remote.switched_to_local),
            BatteryPoint::Fault => flag(false),
            BatteryPoint::DeadManTripped => flag(self.remote.tripped(at)),
            BatteryPoint::Temperature => view.temperature_c,
            BatteryPoint::EnergyIn => view.energy_in_wh,
            BatteryPoint::EnergyOut => view.energy_out_wh,
        }
    }
}
