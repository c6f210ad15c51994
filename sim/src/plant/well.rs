//! Loads that are on or off, and the well that one of them empties.

use jiff::Timestamp;
use site::asset;

use super::chance::Chance;
use super::pump::Machine;
use super::sewer::Sewer;

/// How much more a pump lifts from a full well than from an empty one.
const LIFTS_MORE: f64 = 0.15;
/// Share of its power that a pump draws which only takes air.
const DRY_SHARE: f64 = 0.5;

/// A load behind a contactor.
#[derive(Debug, Clone)]
pub(crate) struct Switched {
    pub(crate) machine: Machine,
    watts: f64,
}

impl Switched {
    pub(crate) fn new(rated_w: f64, mut chance: Chance, mismatch: f64) -> Self {
        let watts = rated_w * chance.factor(mismatch);
        Self { machine: Machine::new(rated_w), watts }
    }

    pub(crate) fn step(&mut self, from: Timestamp, to: Timestamp) {
        let (watts, before) = (self.watts, self.machine.energy_j);
        self.machine.through(from, to, |machine, seconds| machine.draw(seconds, watts));
        self.average(before, from, to);
    }

    /// What the meters see of a step is its mean.
    fn average(&mut self, before_j: f64, from: Timestamp, to: Timestamp) {
        let seconds = site::time::seconds_between(from, to);
        self.machine.power_w = (self.machine.energy_j - before_j) / seconds;
    }
}

/// A well with its pump. Volumes in m3.
#[derive(Debug, Clone)]
pub(crate) struct Well {
    pub(crate) pump: Switched,
    pub(crate) sewer: Sewer,
    flow_m3s: f64,
    height_m: f64,
    most_m3: f64,
    held_m3: f64,
    /// Since the start.
    pub(crate) flowed_in_m3: f64,
    pub(crate) lifted_m3: f64,
    pub(crate) spilled_m3: f64,
}

impl Well {
    /// The well that a seed makes of a description, filled to the middle of its band.
    pub(crate) fn new(
        station: &asset::LiftStation,
        sewer: Sewer,
        mut chance: Chance,
        mismatch: f64,
    ) -> Self {
        let flow_m3s = station.flow.get() * chance.factor(mismatch);
        let most_m3 = station.volume.get() * chance.factor(mismatch / 3.0);
        let share = (station.band_low.get() + station.band_high.get()) / 2.0;
        Self {
            pump: Switched::new(station.rated_power.get(), chance, mismatch),
            sewer,
            flow_m3s,
            height_m: station.height.get(),
            most_m3,
            held_m3: most_m3 * share,
            flowed_in_m3: 0.0,
            lifted_m3: 0.0,
            spilled_m3: 0.0,
        }
    }

    /// How full it is, 0 to 1.
    pub(crate) fn share(&self) -> f64 {
        self.held_m3 / self.most_m3
    }

    /// Level above the bottom, in m.
    pub(crate) fn level_m(&self) -> f64 {
        self.share() * self.height_m
    }

    /// One step at the sewer's inflow.
    pub(crate) fn step(&mut self, from: Timestamp, to: Timestamp) {
        let Self { pump, sewer, flow_m3s, held_m3, most_m3, .. } = self;
        let (mut lifted_m3, mut spilled_m3, mut flowed_in_m3) = (0.0, 0.0, 0.0);
        let (watts, before) = (pump.watts, pump.machine.energy_j);
        pump.machine.through(from, to, |machine, seconds| {
            let comes = sewer.inflow_m3s * seconds;
            let lifts = *flow_m3s * (1.0 + LIFTS_MORE * (*held_m3 / *most_m3 - 0.5)) * seconds;
            let wanted = if machine.running() { lifts } else { 0.0 };
            let lifted = wanted.min(*held_m3 + comes);
            let held = *held_m3 + comes - lifted;
            *held_m3 = held.min(*most_m3);
            machine.draw(seconds, if lifted < wanted { DRY_SHARE * watts } else { watts });
            machine.flow_m3s = lifted / seconds;
            lifted_m3 += lifted;
            flowed_in_m3 += comes;
            spilled_m3 += held - *held_m3;
        });
        pump.average(before, from, to);
        self.lifted_m3 += lifted_m3;
        self.flowed_in_m3 += flowed_in_m3;
        self.spilled_m3 += spilled_m3;
    }
}
