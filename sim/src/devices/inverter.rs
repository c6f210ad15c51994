//! An inverter with registers of its vendor's, or with SunSpec models that [`super::sunspec`] does
//! not have.

use drivers::profile::Profile;
use jiff::Timestamp;

use super::deadman::{DeadMan, Write};
use super::encode::flag;
use super::memory::{Memory, argument_point};
use crate::plant::Plant;

/// What a state is numbered.
#[derive(Debug, Clone, Copy, PartialEq)]
struct States {
    free: f64,
    limited: f64,
    standby: f64,
}

/// On grid, on grid and limited, standby without sun: as Huawei numbers them.
const HUAWEI: States = States { free: 512.0, limited: 513.0, standby: 40960.0 };

impl States {
    /// As the names of the point `state` have it, in the words of the SunSpec models.
    fn of(profile: &Profile) -> States {
        let names = profile.point("state").map(|point| &point.names);
        let number = |words: &[&str]| {
            let mut found = names?.iter().filter(|(_, name)| words.contains(&name.as_str()));
            found.next().and_then(|(number, _)| i32::try_from(*number).ok()).map(f64::from)
        };
        let free = number(&["producing", "running"]);
        let (limited, standby) = (number(&["throttled"]), number(&["sleeping"]));
        match (free, limited, standby) {
            (Some(free), Some(limited), Some(standby)) => States { free, limited, standby },
            _ => HUAWEI,
        }
    }
}

/// What a point of the inverter shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InverterPoint {
    Power,
    Energy,
    Limit,
    State,
    Rating,
    Remote,
}

/// The usual names of points that a site need not name.
pub(crate) const USUAL: [(&str, InverterPoint); 7] = [
    ("power", InverterPoint::Power),
    ("energy", InverterPoint::Energy),
    ("limit", InverterPoint::Limit),
    ("state", InverterPoint::State),
    ("rating", InverterPoint::Rating),
    ("max_power", InverterPoint::Rating),
    ("remote", InverterPoint::Remote),
];

/// One inverter. Without a dead-man its limit holds for ever.
#[derive(Debug, Clone)]
pub(crate) struct VendorInverter {
    inverter: usize,
    dead_man: DeadMan,
    states: States,
    switched_to_local: bool,
    /// The limit last ordered, in per cent of the rating.
    limit_percent: f64,
}

impl VendorInverter {
    /// The site's inverter at a place. Its limit register begins at 100 per cent.
    pub(crate) fn new(inverter: usize, profile: &Profile, memory: &mut Memory) -> Self {
        if let Some(point) = argument_point(profile, "limit") {
            memory.set(profile, point, 100.0);
        }
        Self {
            inverter,
            dead_man: DeadMan::new(profile),
            states: States::of(profile),
            switched_to_local: false,
            limit_percent: 100.0,
        }
    }

    pub(crate) fn set_local(&mut self, local: bool) {
        self.switched_to_local = local;
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
            let order = memory.order(profile, "limit").and_then(|order| order.argument);
            self.limit_percent = order.unwrap_or(100.0);
        }
        plant.limit_inverter(self.inverter, self.in_force(at) / 100.0);
    }

    /// Decides at the beginning of a step.
    pub(crate) fn decide(
        &mut self,
        (profile, memory): (&Profile, &mut Memory),
        plant: &mut Plant,
        at: Timestamp,
    ) {
        if self.dead_man.tripped(at) && self.limit_percent < 100.0 {
            self.limit_percent = 100.0;
            memory.set_order(profile, "release", 100.0);
        }
        plant.limit_inverter(self.inverter, self.in_force(at) / 100.0);
    }

    fn in_force(&self, at: Timestamp) -> f64 {
        let free = self.switched_to_local || self.dead_man.tripped(at);
        if free { 100.0 } else { self.limit_percent }
    }

    /// What a point shows.
    pub(crate) fn show(&self, point: InverterPoint, plant: &Plant, at: Timestamp) -> f64 {
        let view = plant.inverter(self.inverter);
        let States { free, limited, standby } = self.states;
        match point {
            InverterPoint::Power => view.power_w,
            InverterPoint::Energy => view.energy_wh,
            InverterPoint::Limit => self.in_force(at),
            InverterPoint::Rating => view.rated_w,
            InverterPoint::Remote => flag(!self.switched_to_local),
            InverterPoint::State if view.available_w <= 0.0 => standby,
            InverterPoint::State if view.power_w < view.available_w => limited,
            InverterPoint::State => free,
        }
    }
}
