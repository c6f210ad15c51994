//! What batteries, chargers, switched loads and generators show, and the truth about them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use site::AssetId;
use site::time::seconds_between;
use site::units::{Current, Energy, Flow, Level, Power, Ratio, Seconds, Volume};

use super::Plant;
use super::pump::Machine;
use super::report::energy;
use super::truth::{BatteryTruth, ChargerTruth, SwitchedTruth, WellTruth};
use super::views::{Earlier, J_PER_WH};

/// A battery as its inverter shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatteryView {
    /// State of charge as its management counts it, 0 to 1.
    pub charge: f64,
    /// Active power, in W; positive when it takes.
    pub power_w: f64,
    /// Temperature of its cells, in degrees Celsius.
    pub temperature_c: f64,
    /// Energy taken in its life, in Wh.
    pub energy_in_wh: f64,
    /// Energy given in its life, in Wh.
    pub energy_out_wh: f64,
}

/// A charger as it shows itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChargerView {
    /// A vehicle is plugged in.
    pub connected: bool,
    /// What it is offered for each phase, in A.
    pub offered_a: f64,
    /// Active power, in W.
    pub power_w: f64,
    /// Energy of the present session, in Wh; 0 without one.
    pub session_wh: f64,
    /// What the driver has asked for, in Wh; none when nothing was said.
    pub wanted_wh: Option<f64>,
    /// Minutes until the driver leaves; none when nothing was said.
    pub leaves_in_min: Option<f64>,
    /// Energy in its life, in Wh.
    pub energy_wh: f64,
}

/// A load that is on or off, as its panel shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SwitchView {
    /// It runs.
    pub running: bool,
    /// Active power, in W: a mean over the last step.
    pub power_w: f64,
    /// Starts in its life.
    pub starts: u64,
    /// Energy in its life, in Wh.
    pub energy_wh: f64,
    /// Running hours in its life.
    pub run_hours: f64,
}

/// A generator as its panel shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneratorView {
    /// Its motor runs.
    pub running: bool,
    /// What it carries, in W.
    pub power_w: f64,
    /// Share of its tank that is full, 0 to 1.
    pub fuel: f64,
}

/// What instruments show. Indices are places in the site's lists.
impl Plant {
    /// A battery.
    #[must_use]
    pub fn battery(&self, battery: usize) -> BatteryView {
        let (cells, earlier) = (&self.energy.batteries[battery], &self.earlier.batteries[battery]);
        let (taken, given) = cells.shown_j();
        BatteryView {
            charge: cells.shown_charge(),
            power_w: cells.shown_w(),
            temperature_c: cells.temperature_c,
            energy_in_wh: earlier.wh + taken / J_PER_WH,
            energy_out_wh: earlier.wh * 0.85 + given / J_PER_WH,
        }
    }

    /// A charger at an instant at or after [`Plant::now`].
    #[must_use]
    pub fn charger(&self, charger: usize, at: Timestamp) -> ChargerView {
        let (point, earlier) = (&self.energy.chargers[charger], &self.earlier.chargers[charger]);
        let (session_wh, since_start_wh) = point.shown_wh();
        let told = point.session.as_ref().map(|session| &session.visit);
        let told = told.filter(|visit| visit.told);
        let minutes = |departure| (seconds_between(at, departure) / 60.0).max(0.0);
        ChargerView {
            connected: point.session.is_some(),
            offered_a: point.offered_a(),
            power_w: point.shown_w(),
            session_wh,
            wanted_wh: told.map(|visit| visit.wanted_wh),
            leaves_in_min: told.map(|visit| minutes(visit.departure)),
            energy_wh: earlier.wh + since_start_wh,
        }
    }

    /// A load that may wait, at an instant at or after [`Plant::now`].
    #[must_use]
    pub fn shiftable(&self, load: usize, at: Timestamp) -> SwitchView {
        let machine = &self.energy.shiftable[load].machine;
        switch_view(machine, &self.earlier.shiftable[load], at)
    }

    /// The pump of a lift station, at an instant at or after [`Plant::now`].
    #[must_use]
    pub fn lift(&self, station: usize, at: Timestamp) -> SwitchView {
        let machine = &self.energy.wells[station].pump.machine;
        switch_view(machine, &self.earlier.lifts[station], at)
    }

    /// A generator.
    #[must_use]
    pub fn generator(&self, generator: usize) -> GeneratorView {
        let genset = self.energy.generators[generator];
        GeneratorView {
            running: genset.running,
            power_w: self.carried_w(generator),
            fuel: genset.fuel,
        }
    }

    /// How full a well truly is, 1 at the overflow: what a float switch inside it feels.
    #[must_use]
    pub fn true_well_share(&self, station: usize) -> f64 {
        self.energy.wells[station].share()
    }

    /// Level of a well as its transmitter measures it, in m.
    #[must_use]
    pub fn measured_well_m(&self, station: usize) -> f64 {
        self.wells[station].level_m
    }
}

fn switch_view(machine: &Machine, earlier: &Earlier, at: Timestamp) -> SwitchView {
    SwitchView {
        running: machine.running_at(at),
        power_w: machine.power_w,
        starts: earlier.starts + machine.starts_at(at),
        energy_wh: earlier.wh + machine.energy_j / J_PER_WH,
        run_hours: earlier.hours + machine.run_s / 3600.0,
    }
}

/// The truth told.
impl Plant {
    pub(super) fn battery_truths(&self) -> BTreeMap<AssetId, BatteryTruth> {
        let batteries = self.site.batteries.iter().zip(&self.energy.batteries);
        let truth = batteries.map(|(one, cells)| {
            let truth = BatteryTruth {
                charge: Ratio::new(cells.charge()),
                stored: energy(cells.stored_j),
                power: Power::new(cells.power_w),
                taken: energy(cells.taken_j),
                given: energy(cells.given_j),
                standby: energy(cells.standby_j),
            };
            (one.id.clone(), truth)
        });
        truth.collect()
    }

    pub(super) fn charger_truths(&self) -> BTreeMap<AssetId, ChargerTruth> {
        let chargers = self.site.chargers.iter().zip(&self.energy.chargers);
        let truth = chargers.map(|(one, point)| {
            let session = point.session.as_ref();
            let truth = ChargerTruth {
                connected: session.is_some(),
                offered: Current::new(point.offered_a()),
                drawn: Current::new(point.current_a),
                power: Power::new(point.power_w),
                wanted: session.map(|session| Energy::new(session.visit.wanted_wh)),
                session: session.map(|session| Energy::new(session.charged_wh)),
                energy: energy(point.energy_j),
            };
            (one.id.clone(), truth)
        });
        truth.collect()
    }

    pub(super) fn switched_truths(&self) -> BTreeMap<AssetId, SwitchedTruth> {
        let truth = |machine: &Machine| SwitchedTruth {
            running: machine.running_at(self.at),
            power: Power::new(machine.power_w),
            starts: machine.starts_at(self.at),
            run_time: Seconds::new(machine.run_s),
            energy: energy(machine.energy_j),
        };
        let loads = self.site.shiftable.iter().zip(&self.energy.shiftable);
        let loads = loads.map(|(one, load)| (one.id.clone(), truth(&load.machine)));
        let lifts = self.site.lift_stations.iter().zip(&self.energy.wells);
        loads.chain(lifts.map(|(one, well)| (one.id.clone(), truth(&well.pump.machine)))).collect()
    }

    pub(super) fn well_truths(&self) -> BTreeMap<AssetId, WellTruth> {
        let wells = self.site.lift_stations.iter().zip(&self.energy.wells);
        let truth = wells.map(|(one, well)| {
            let truth = WellTruth {
                level: Level::new(well.level_m()),
                share: Ratio::new(well.share()),
                inflow: Flow::new(well.sewer.inflow_m3s),
                flowed_in: Volume::new(well.flowed_in_m3),
                lifted: Volume::new(well.lifted_m3),
                spilled: Volume::new(well.spilled_m3),
            };
            (one.id.clone(), truth)
        });
        truth.collect()
    }
}
