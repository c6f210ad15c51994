//! The true plant: what the devices of a site stand for, when there is no site.
//!
//! It steps in fixed steps of [`STEP_S`] seconds and is driven by what devices do: start a pump,
//! limit an inverter, light a street. Its truth strays from what the site file says by seed, and
//! nothing of that is told to the daemon. The same seed and the same orders at the same instants
//! give the same truth to the last bit, however often it is asked to advance.
//!
//! Pumps and switched loads change within a step, where their machines do. Limits, lamps, setpoints
//! of batteries and offers of chargers hold from the beginning of the step in which they were
//! ordered. Use of water, sun, buildings, sewage and vehicles do not depend on any order: a
//! [`Scout`] of the same seed sees the same. It knows nothing of Modbus, devices or dead-men.

mod battery;
mod chance;
mod charger;
mod demand;
mod energy;
#[cfg(test)]
pub(crate) mod energy_tests;
mod energy_views;
mod error;
mod exogenous;
mod generator;
mod leak;
#[cfg(test)]
mod leak_tests;
mod lighting;
mod photocell;
mod pipe;
mod pump;
mod report;
mod sewer;
mod solar;
mod supply;
#[cfg(test)]
pub(crate) mod tests;
mod transmitters;
mod truth;
mod vehicle;
mod views;
mod visits;
mod water;
mod well;
mod wiring;

pub use charger::SessionTruth;
pub use energy::Injection;
pub use energy_views::{BatteryView, ChargerView, GeneratorView, SwitchView};
pub use error::PlantError;
pub use exogenous::{Exogenous, Scout, SessionAhead};
pub use leak::LeakRequest;
pub use pump::{AUXILIARY_W, START_DELAY, STOP_DELAY};
pub use truth::{
    BatteryTruth, ChargerTruth, GridTruth, LampTruth, NetworkTruth, PressureTruth, PumpTruth,
    SolarTruth, SwitchedTruth, TankTruth, Truth, WaterTruth, WellTruth,
};
pub use views::{GridView, InverterView, LampView, PumpView};

use hydraulics::Network;
use jiff::{SignedDuration, Timestamp};
use site::{AssetId, Site};

use crate::days::Recording;
use crate::perturb::{Drift, Perturbation};
pub(crate) use chance::Chance;
use energy::Energy;
use lighting::Lamps;
use photocell::{Photocell, Sky};
use pump::Machine;
use solar::{Clouds, Shade, Solar, broken_clouds};
use supply::{Coupling, Load};
use transmitters::{FlowTransmitter, LevelTransmitter};
use views::EarlierLife;
use water::Water;
use wiring::Wiring;

/// Length of a step, in seconds.
pub const STEP_S: i64 = 10;
const STEP: SignedDuration = SignedDuration::from_secs(STEP_S);
/// The same for sums.
const SECONDS: f64 = 10.0;
/// Spread of photocells' thresholds, as one standard deviation.
const PHOTOCELL_DEVIATION: f64 = 0.15;

/// The true plant of a site. Parts stand in the order of the site's own lists.
#[derive(Debug)]
pub struct Plant {
    site: Site,
    recording: Recording,
    at: Timestamp,
    start: Timestamp,
    sky: Sky,
    water: Option<Water>,
    machines: Vec<Machine>,
    levels: Vec<LevelTransmitter>,
    /// Drift of each level transmitter.
    drifts: Vec<Option<Drift>>,
    flows: Vec<FlowTransmitter>,
    /// Level transmitters of the wells.
    wells: Vec<LevelTransmitter>,
    clouds: Clouds,
    solar: Vec<Solar>,
    lamps: Vec<Lamps>,
    loads: Vec<Load>,
    energy: Energy,
    wiring: Option<Wiring>,
    coupling: Coupling,
    earlier: EarlierLife,
}

impl Plant {
    /// Makes the plant of a site at an instant. Pumps stand, lamps are off, nothing is limited.
    /// Pumps of the network that the site does not name stand for ever. Where the simulation
    /// names fewer columns than there are inverters, they are used in turn. The perturbation's
    /// names are the caller's to check; what the site does not have perturbs nothing.
    ///
    /// # Errors
    /// When the site, its network and the recorded days do not fit together.
    pub fn new(
        site: &Site,
        network: Option<&Network>,
        recording: &Recording,
        (seed, perturbation): (u64, &Perturbation),
        start: Timestamp,
    ) -> Result<Plant, PlantError> {
        check_columns(site, recording)?;
        let water = match (&site.water, network) {
            (Some(water), Some(network)) => {
                Some(Water::new(site, water, network, (seed, perturbation), SECONDS)?)
            }
            (None, _) if site.tanks.is_empty() && site.flow_meters.is_empty() => None,
            _ => return Err(PlantError::NoNetwork),
        };
        let chance = |kind: &str, id: &AssetId| Chance::new(seed, &format!("{kind} {id}"));
        let (clouds, solar) = exogenous::sun(site, seed);
        let lamps = site.lighting.iter().map(|cabinet| {
            let threshold = chance("photocell", &cabinet.id).factor(PHOTOCELL_DEVIATION);
            let ballasts = chance("ballasts", &cabinet.id);
            Lamps::new(cabinet.rated_power.get(), ballasts, Photocell::new(threshold))
        });
        let tanks = site.tanks.iter();
        let mut plant = Plant {
            recording: recording.clone(),
            at: start,
            start,
            sky: Sky::new(site.latitude, site.longitude),
            water,
            machines: site.pumps.iter().map(|pump| Machine::new(pump.rated_power.get())).collect(),
            drifts: tanks.clone().map(|t| perturbation.drifts.get(&t.id).copied()).collect(),
            levels: tanks.map(|tank| LevelTransmitter::new(chance("level", &tank.id))).collect(),
            flows: {
                let meters = site.flow_meters.iter();
                meters.map(|meter| FlowTransmitter::new(chance("flow", &meter.id))).collect()
            },
            wells: {
                let stations = site.lift_stations.iter();
                stations.map(|one| LevelTransmitter::new(chance("level", &one.id))).collect()
            },
            clouds,
            solar,
            lamps: lamps.collect(),
            loads: exogenous::loads(site, seed),
            energy: Energy::new(site, seed, start),
            wiring: Wiring::new(site, seed, SECONDS)?,
            coupling: Coupling::new(
                Chance::new(seed, "grid"),
                Chance::new(seed, "meter of the grid"),
                SECONDS,
            ),
            earlier: EarlierLife::new(site, seed),
            site: site.clone(),
        };
        plant.look_around()?;
        Ok(plant)
    }

    /// Has a leak open at an instant, as a share of what the site file says of the mean demand.
    ///
    /// # Errors
    /// When there is no water network, or no such junction in it.
    pub fn leak(
        &mut self,
        junction: &str,
        share: site::units::Ratio,
        from: Timestamp,
    ) -> Result<(), PlantError> {
        let described = self.site.water.as_ref().zip(self.water.as_mut());
        let (described, water) = described.ok_or(PlantError::NoNetwork)?;
        let mean = described.demand_profile.iter().sum::<f64>() / 24.0;
        water.leak(junction, share.get() * mean, from)
    }

    /// The instant up to which the plant has gone.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.at
    }

    /// The end of the step that comes next.
    #[must_use]
    pub fn next_step(&self) -> Timestamp {
        self.at.checked_add(STEP).expect("simulated days end before the calendar")
    }

    /// Goes on by whole steps up to an instant and stops where less than a step is left; an
    /// instant in the past changes nothing.
    pub fn advance(&mut self, to: Timestamp) {
        while self.next_step() <= to {
            self.step();
        }
    }

    /// Orders a pump to run or to stand, at an instant not before the last order.
    pub fn command_pump(&mut self, pump: usize, run: bool, at: Timestamp) {
        self.machines[pump].command(run, at);
    }

    /// Limits an inverter to a share of its rating, 0 to 1.
    pub fn limit_inverter(&mut self, inverter: usize, share: f64) {
        self.solar[inverter].limit = share.clamp(0.0, 1.0);
    }

    /// Lights a cabinet's lamps at a level, 0 (off) to 1.
    pub fn light(&mut self, cabinet: usize, level: f64, at: Timestamp) {
        self.lamps[cabinet].light(level, at);
    }

    /// One step.
    fn step(&mut self) {
        let (from, to) = (self.at, self.next_step());
        if let Some(water) = &mut self.water {
            water.step(from, to, &mut self.machines, &self.recording);
        }
        self.at = to;
        let zone = &self.site.zone;
        let weather = self.recording.weather(to, zone);
        let broken = broken_clouds(weather.direct_horizontal_w_m2, weather.diffuse_horizontal_w_m2);
        self.sky.look(to, &weather);
        self.clouds.step();
        let shade = Shade { clouds: &self.clouds, broken };
        for solar in &mut self.solar {
            solar.step(to, (&self.recording, zone), shade, SECONDS);
        }
        for lamps in &mut self.lamps {
            lamps.step(to, self.sky.lux, SECONDS);
        }
        for load in &mut self.loads {
            load.step(to, &self.recording, zone);
        }
        self.energy.step(from, to, &self.recording);
        self.measure(SECONDS);
    }

    /// The plant at its start, before any time has passed.
    fn look_around(&mut self) -> Result<(), PlantError> {
        let (at, zone) = (self.at, &self.site.zone);
        if let Some(water) = &mut self.water {
            water.look(at, &self.recording)?;
        }
        let weather = self.recording.weather(at, zone);
        self.sky.look(at, &weather);
        let shade = Shade { clouds: &self.clouds, broken: 0.0 };
        for solar in &mut self.solar {
            solar.look(at, &self.recording, zone, shade);
        }
        for lamps in &mut self.lamps {
            lamps.look(at, self.sky.lux);
        }
        for load in &mut self.loads {
            load.look(at, &self.recording, zone);
        }
        self.energy.look(at, &self.recording);
        self.measure(0.0);
        Ok(())
    }

    /// Instruments and meters, after everything else has moved.
    fn measure(&mut self, seconds: f64) {
        if let Some(water) = &self.water {
            for (tank, transmitter) in self.levels.iter_mut().enumerate() {
                let since = site::time::seconds_between(self.start, self.at);
                let drift = self.drifts[tank].map_or(0.0, |drift| drift.at(since));
                transmitter.step(water.level_m(tank), drift);
            }
            for (transmitter, flow) in self.flows.iter_mut().zip(&water.meter_m3s) {
                transmitter.step(*flow, seconds);
            }
        }
        for (transmitter, well) in self.wells.iter_mut().zip(&self.energy.wells) {
            transmitter.step(well.level_m(), 0.0);
        }
        let carried: Vec<f64> =
            (0..self.energy.generators.len()).map(|one| self.carried_w(one)).collect();
        for (generator, watts) in self.energy.generators.iter_mut().zip(carried) {
            generator.step(seconds, watts);
        }
        let injections = if self.wiring.is_some() { self.injections() } else { Vec::new() };
        let mut power = self.import_w();
        let mut volts = None;
        if let Some(wiring) = &mut self.wiring {
            wiring.step(&injections);
            power += wiring.cable_losses_w();
            volts = wiring.busbar_v();
        }
        self.coupling.step((power, volts), seconds);
    }

    fn load_w(&self) -> f64 {
        self.loads.iter().map(|load| load.power_w).sum()
    }
}

fn check_columns(site: &Site, recording: &Recording) -> Result<(), PlantError> {
    let simulation = &site.simulation;
    if simulation.pv_profiles.is_empty() && !site.inverters.is_empty() {
        return Err(PlantError::NoSun);
    }
    let used = if site.inverters.is_empty() { &[] } else { simulation.pv_profiles.as_slice() };
    let loads = simulation.loads.iter().map(|load| &load.profile);
    for column in used.iter().chain(loads) {
        if !recording.columns().contains(column) {
            let known = recording.columns().join(", ");
            return Err(PlantError::UnknownColumn { column: column.clone(), known });
        }
    }
    Ok(())
}
