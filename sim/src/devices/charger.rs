//! A charger: it offers what it is told while it is spoken to, and otherwise the least at which a
//! vehicle charges. Switched to local it offers all it has.

use drivers::profile::Profile;
use jiff::Timestamp;
use site::Site;

use super::deadman::Write;
use super::encode::flag;
use super::memory::Memory;
use super::remote::Remote;
use crate::plant::Plant;

/// What a point of the charger shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChargerPoint {
    Connected,
    Current,
    Power,
    Session,
    Wanted,
    LeavesIn,
    Remote,
    Fault,
    DeadManTripped,
    Energy,
}

/// The usual names of points that a site need not name.
pub(crate) const USUAL: [(&str, ChargerPoint); 10] = [
    ("connected", ChargerPoint::Connected),
    ("current", ChargerPoint::Current),
    ("power", ChargerPoint::Power),
    ("session", ChargerPoint::Session),
    ("wanted", ChargerPoint::Wanted),
    ("leaves_in", ChargerPoint::LeavesIn),
    ("remote", ChargerPoint::Remote),
    ("fault", ChargerPoint::Fault),
    ("dead_man_tripped", ChargerPoint::DeadManTripped),
    ("energy", ChargerPoint::Energy),
];

/// One charger.
#[derive(Debug, Clone)]
pub(crate) struct VehicleCharger {
    charger: usize,
    pub(crate) remote: Remote,
    /// What is offered when nobody speaks to it, and when it is switched to local, in A.
    fallback_a: f64,
    all_a: f64,
    /// The limit last ordered, in A.
    ordered_a: f64,
}

impl VehicleCharger {
    /// The site's charger at a place.
    pub(crate) fn new(site: &Site, charger: usize, profile: &Profile) -> Self {
        let asset = &site.chargers[charger];
        let fallback_a = asset.min_current.get();
        Self {
            charger,
            remote: Remote::new(profile, &["charge", "pause"]),
            fallback_a,
            all_a: asset.max_current.get(),
            ordered_a: fallback_a,
        }
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
            let paused = memory.order(profile, "pause").is_some();
            let order = memory.order(profile, "charge").and_then(|order| order.argument);
            self.ordered_a = if paused { 0.0 } else { order.unwrap_or(0.0) };
        }
        plant.offer_charge(self.charger, self.in_force_a(at));
    }

    /// Decides at the beginning of a step.
    pub(crate) fn decide(
        &mut self,
        (profile, memory): (&Profile, &mut Memory),
        plant: &mut Plant,
        at: Timestamp,
    ) {
        if self.remote.tripped(at) && self.remote.forgets(at) {
            self.ordered_a = self.fallback_a;
            memory.set_order(profile, "charge", self.fallback_a);
        }
        plant.offer_charge(self.charger, self.in_force_a(at));
    }

    fn in_force_a(&self, at: Timestamp) -> f64 {
        if self.remote.switched_to_local {
            self.all_a
        } else if self.remote.in_local(at) {
            self.fallback_a
        } else {
            self.ordered_a.min(self.all_a)
        }
    }

    /// What a point shows; none for what the driver did not say.
    pub(crate) fn show(&self, point: ChargerPoint, plant: &Plant, at: Timestamp) -> Option<f64> {
        let view = plant.charger(self.charger, at);
        Some(match point {
            ChargerPoint::Connected => flag(view.connected),
            ChargerPoint::Current => self.in_force_a(at),
            ChargerPoint::Power => view.power_w,
            ChargerPoint::Session => view.session_wh,
            ChargerPoint::Wanted => return view.wanted_wh,
            ChargerPoint::LeavesIn => return view.leaves_in_min,
            ChargerPoint::Remote => flag(!self.remote.switched_to_local),
            ChargerPoint::Fault => flag(false),
            ChargerPoint::DeadManTripped => flag(self.remote.tripped(at)),
            ChargerPoint::Energy => view.energy_wh,
        })
    }
}
