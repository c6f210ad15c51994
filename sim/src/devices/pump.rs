//! A pump's drive: it obeys while it is spoken to, and otherwise follows its own level switches.

use drivers::profile::Profile;
use jiff::Timestamp;
use site::Site;

use super::deadman::{DeadMan, Write};
use super::encode::flag;
use super::memory::Memory;
use crate::plant::Plant;

/// What a point of the drive shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PumpPoint {
    Running,
    Remote,
    Fault,
    Dry,
    Power,
    Starts,
    Energy,
    RunHours,
    DeadManTripped,
}

/// The usual names of points that a site need not name.
pub(crate) const USUAL: [(&str, PumpPoint); 9] = [
    ("running", PumpPoint::Running),
    ("remote", PumpPoint::Remote),
    ("fault", PumpPoint::Fault),
    ("dry", PumpPoint::Dry),
    ("power", PumpPoint::Power),
    ("starts", PumpPoint::Starts),
    ("energy", PumpPoint::Energy),
    ("run_hours", PumpPoint::RunHours),
    ("dead_man_tripped", PumpPoint::DeadManTripped),
];

/// The drive of one pump.
#[derive(Debug, Clone)]
pub(crate) struct PumpDrive {
    pump: usize,
    tank: usize,
    start_below_m: f64,
    stop_above_m: f64,
    dead_man: DeadMan,
    /// The profile has orders to run and to stop; a drive without them is always in local.
    has_orders: bool,
    switched_to_local: bool,
    /// What the plant was last ordered.
    ordered: bool,
    ordered_by_register: Option<Timestamp>,
}

impl PumpDrive {
    /// The drive of the site's pump at a place.
    pub(crate) fn new(site: &Site, pump: usize, profile: &Profile) -> Self {
        let asset = &site.pumps[pump];
        let tank = site.tanks.iter().position(|tank| tank.id == asset.fills);
        let tank = tank.expect("the site's reader checks that the tank is declared");
        let height = site.tanks[tank].height.get();
        Self {
            pump,
            tank,
            start_below_m: asset.level_control.start_below.get() * height,
            stop_above_m: asset.level_control.stop_above.get() * height,
            dead_man: DeadMan::new(profile),
            has_orders: ["run", "stop"].iter().all(|name| profile.commands.contains_key(*name)),
            switched_to_local: false,
            ordered: false,
            ordered_by_register: None,
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
        let level = plant.true_level_m(self.tank);
        if level < self.start_below_m {
            self.ordered = true;
        } else if level > self.stop_above_m {
            self.ordered = false;
        }
        plant.command_pump(self.pump, self.ordered, at);
        // The command register follows what the drive does, so that a heartbeat that comes back
        // changes nothing by itself; an order that is still fresh waits for its heartbeat.
        if self.dead_man.is_old(self.ordered_by_register, at) {
            memory.set_order(profile, if self.ordered { "run" } else { "stop" }, 0.0);
        }
    }

    fn obey(&mut self, profile: &Profile, memory: &Memory, plant: &mut Plant, at: Timestamp) {
        if self.in_local(at) {
            return;
        }
        if memory.order(profile, "run").is_some() {
            self.ordered = true;
        } else if memory.order(profile, "stop").is_some() {
            self.ordered = false;
        }
        plant.command_pump(self.pump, self.ordered, at);
    }

    /// What a point shows.
    pub(crate) fn show(&self, point: PumpPoint, plant: &Plant, at: Timestamp) -> f64 {
        let view = plant.pump(self.pump, at);
        match point {
            PumpPoint::Running => flag(view.running),
            PumpPoint::Remote => flag(!self.switched_to_local),
            PumpPoint::Fault | PumpPoint::Dry => flag(false),
            PumpPoint::Power => view.power_w,
            PumpPoint::Starts => counter(view.starts),
            PumpPoint::Energy => view.energy_wh,
            PumpPoint::RunHours => view.run_hours,
            PumpPoint::DeadManTripped => flag(self.dead_man.tripped(at)),
        }
    }
}

pub(super) fn counter(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
