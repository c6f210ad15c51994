//! A lighting cabinet: it obeys while it is spoken to, and otherwise lights from dusk to dawn.

use drivers::profile::Profile;
use jiff::Timestamp;

use super::deadman::{DeadMan, Write};
use super::encode::flag;
use super::memory::{Memory, argument_point};
use crate::plant::Plant;

/// What a point of the cabinet shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LightingPoint {
    Lit,
    Remote,
    Level,
    Dark,
    Power,
    Energy,
    DeadManTripped,
}

/// The usual names of points that a site need not name.
pub(crate) const USUAL: [(&str, LightingPoint); 7] = [
    ("lit", LightingPoint::Lit),
    ("remote", LightingPoint::Remote),
    ("level", LightingPoint::Level),
    ("dark", LightingPoint::Dark),
    ("power", LightingPoint::Power),
    ("energy", LightingPoint::Energy),
    ("dead_man_tripped", LightingPoint::DeadManTripped),
];

/// One cabinet.
#[derive(Debug, Clone)]
pub(crate) struct Cabinet {
    cabinet: usize,
    dead_man: DeadMan,
    has_orders: bool,
    switched_to_local: bool,
    ordered_by_register: Option<Timestamp>,
    /// The point that takes the level.
    level_point: Option<String>,
}

impl Cabinet {
    /// The site's cabinet at a place.
    pub(crate) fn new(cabinet: usize, profile: &Profile) -> Self {
        Self {
            cabinet,
            dead_man: DeadMan::new(profile),
            has_orders: ["light", "dark"].iter().all(|name| profile.commands.contains_key(*name)),
            switched_to_local: false,
            ordered_by_register: None,
            level_point: argument_point(profile, "light").map(str::to_owned),
        }
    }

    pub(crate) fn set_local(&mut self, local: bool) {
        self.switched_to_local = local;
    }

    fn in_local(&self, at: Timestamp) -> bool {
        self.switched_to_local || !self.has_orders || self.dead_man.tripped(at)
    }

    /// Handles a write, after the registers have taken it.
    pub(crate) fn handle_write(
        &mut self,
        write: Write,
        (profile, memory): (&Profile, &Memory),
        plant: &mut Plant,
        at: Timestamp,
    ) {
        self.dead_man.handle_write(write, at);
        if write.of_an_order {
            self.ordered_by_register = Some(at);
        }
        self.obey(profile, memory, plant, at);
    }

    /// Decides at the beginning of a step.
    pub(crate) fn decide(
        &mut self,
        (profile, memory): (&Profile, &mut Memory),
        plant: &mut Plant,
        at: Timestamp,
    ) {
        if !self.in_local(at) {
            return self.obey(profile, memory, plant, at);
        }
        let dark = plant.lamps(self.cabinet).dark;
        plant.light(self.cabinet, if dark { 1.0 } else { 0.0 }, at);
        if self.dead_man.is_old(self.ordered_by_register, at) {
            memory.set_order(profile, if dark { "light" } else { "dark" }, 100.0);
        }
    }

    fn obey(&self, profile: &Profile, memory: &Memory, plant: &mut Plant, at: Timestamp) {
        if self.in_local(at) {
            return;
        }
        if let Some(order) = memory.order(profile, "light") {
            plant.light(self.cabinet, order.argument.unwrap_or(100.0) / 100.0, at);
        } else if memory.order(profile, "dark").is_some() {
            plant.light(self.cabinet, 0.0, at);
        }
    }

    /// What a point shows. The level is the one in force, or while dark the one to come.
    pub(crate) fn show(
        &self,
        point: LightingPoint,
        (profile, memory): (&Profile, &Memory),
        plant: &Plant,
        at: Timestamp,
    ) -> f64 {
        let view = plant.lamps(self.cabinet);
        match point {
            LightingPoint::Lit => flag(view.lit),
            LightingPoint::Remote => flag(!self.switched_to_local),
            LightingPoint::Level if view.lit => view.level * 100.0,
            LightingPoint::Level => {
                let held = self.level_point.as_deref().and_then(|p| memory.number(profile, p));
                held.unwrap_or(0.0)
            }
            LightingPoint::Dark => flag(view.dark),
            LightingPoint::Power => view.power_w,
            LightingPoint::Energy => view.energy_wh,
            LightingPoint::DeadManTripped => flag(self.dead_man.tripped(at)),
        }
    }
}
