//! The water of the true plant: the network in time, strayed from its description.

use hydraulics::{MassBalance, Network, Run, RunOptions, Stepped, TankLimit};
use jiff::Timestamp;
use site::Site;
use site::model::Water as WaterSite;
use site::time::seconds_between;

use super::PlantError;
use super::chance::Chance;
use super::demand::Demand;
use super::leak::Leak;
use super::pipe::{self, Pipe};
use super::pump::Machine;
use crate::days::Recording;
use crate::perturb::Perturbation;

/// Where a flow meter sits.
#[derive(Debug, Clone)]
enum Metered {
    /// On a pump of the network, by its place.
    Pump(usize),
    /// On a pipe between two nodes.
    Pipe(Pipe, Node, Node),
}

/// A node by its kind and place.
#[derive(Debug, Clone, Copy)]
enum Node {
    Junction(usize),
    Tank(usize),
    Reservoir(usize),
}

/// The network, its pumps' places, and what the last step did.
#[derive(Debug)]
pub(crate) struct Water {
    network: Network,
    run: Run,
    demand: Demand,
    /// Place in the network of each pump of the site.
    pumps: Vec<usize>,
    /// Place in the network of each tank of the site.
    tanks: Vec<usize>,
    meters: Vec<Metered>,
    leaks: Vec<Leak>,
    /// What has run out through leaks, in m3.
    pub(crate) leaked_m3: f64,
    /// The audit of all steps since the start.
    pub(crate) balance: MassBalance,
    /// Steps in which the network had no solution and no water moved.
    pub(crate) unsolved_steps: u64,
    /// Demand asked for in the last step, in m3/s.
    pub(crate) demand_m3s: f64,
    pub(crate) last: Option<Stepped>,
    /// Flow of each flow meter of the site, mean over the last part of a step, in m3/s.
    pub(crate) meter_m3s: Vec<f64>,
}

impl Water {
    pub(crate) fn new(
        site: &Site,
        water: &WaterSite,
        network: &Network,
        (seed, perturbation): (u64, &Perturbation),
        step_s: f64,
    ) -> Result<Self, PlantError> {
        let places = Places(network);
        let pumps = site.pumps.iter().map(|pump| places.pump(pump));
        let tanks = site.tanks.iter().map(|tank| places.tank(tank));
        let (pumps, tanks) = (
            pumps.collect::<Result<Vec<_>, PlantError>>()?,
            tanks.collect::<Result<Vec<_>, PlantError>>()?,
        );
        let options = strayed(site, network, &tanks, (seed, perturbation));
        let meters = places.meters(site, options.roughness_factor)?;
        let demand = Demand::of_site(site, water, (seed, perturbation), step_s);
        let run = Run::start(network, &options).map_err(PlantError::Network)?;
        let meter_m3s = vec![0.0; meters.len()];
        Ok(Self {
            network: network.clone(),
            run,
            demand,
            pumps,
            tanks,
            meters,
            leaks: Vec::new(),
            leaked_m3: 0.0,
            balance: MassBalance::new(),
            unsolved_steps: 0,
            demand_m3s: 0.0,
            last: None,
            meter_m3s,
        })
    }

    /// Has a leak of so many base demands open at an instant.
    pub(crate) fn leak(
        &mut self,
        junction: &str,
        factor: f64,
        from: Timestamp,
    ) -> Result<(), PlantError> {
        let flow_m3s = self.network.base_demand_m3s() * factor;
        self.leaks.push(Leak::new(&self.network, junction, flow_m3s, from)?);
        Ok(())
    }

    /// Shows flows and pressures from the very start: a second on trial, then taken back. Where
    /// the network has no solution at the start, nothing flows yet.
    pub(crate) fn look(&mut self, at: Timestamp, recording: &Recording) -> Result<(), PlantError> {
        let mut trial = self.demand.clone();
        self.set_demand(trial.step(at, recording));
        let levels = self.run.tank_level_m();
        if let Ok(stepped) = self.run.step(1.0) {
            self.last = Some(stepped);
            self.read_meters(&levels);
        }
        self.run.restart(&levels).map_err(PlantError::Network)
    }

    /// One step of the plant, cut where a machine changes.
    pub(crate) fn step(
        &mut self,
        from: Timestamp,
        to: Timestamp,
        machines: &mut [Machine],
        recording: &Recording,
    ) {
        let factor = self.demand.step(from, recording);
        self.set_demand(factor);
        self.leaks.iter_mut().for_each(|leak| leak.look(from, &mut self.run));
        let mut at = from;
        while at < to {
            for (machine, &place) in machines.iter_mut().zip(&self.pumps) {
                let speed = if machine.apply(at) { 1.0 } else { 0.0 };
                self.run.set_pump(place, speed).expect("the place is one of the network's");
            }
            let changes = machines.iter().filter_map(Machine::next_change);
            let next = changes.filter(|change| *change < to).min().unwrap_or(to);
            self.advance(seconds_between(at, next), machines);
            at = next;
        }
    }

    /// Some seconds without a change.
    fn advance(&mut self, seconds: f64, machines: &mut [Machine]) {
        let levels = self.run.tank_level_m();
        match self.run.step(seconds) {
            Ok(stepped) => {
                self.balance.add(&stepped);
                self.leaked_m3 += stepped.leak_m3;
                for (machine, &place) in machines.iter_mut().zip(&self.pumps) {
                    let flow = stepped.pump_flow_m3s[place];
                    machine.count(seconds, flow, stepped.pump_power_w[place]);
                }
                self.last = Some(stepped);
                self.read_meters(&levels);
            }
            // The real field does not end where an equation has no solution: no water moves, and
            // the report says how often that was so.
            Err(_) => {
                self.unsolved_steps += 1;
                machines.iter_mut().for_each(|machine| machine.count(seconds, 0.0, 0.0));
            }
        }
    }

    fn set_demand(&mut self, factor: f64) {
        self.demand_m3s = self.network.base_demand_m3s() * factor;
        self.run.set_demand_factor(factor).expect("the factor is held above zero");
    }

    fn read_meters(&mut self, levels: &[f64]) {
        let pressures = self.run.junction_pressure_m().unwrap_or_default();
        let network = &self.network;
        let head = |node: Node| match node {
            Node::Junction(place) => network.junctions()[place].elevation_m + pressures[place],
            Node::Tank(place) => network.tanks()[place].elevation_m + levels[place],
            Node::Reservoir(place) => network.reservoirs()[place].head_m,
        };
        let last = self.last.as_ref();
        let shut = |node: Node, limit: TankLimit| match (node, last) {
            (Node::Tank(place), Some(last)) => last.tank_limit[place] == limit,
            _ => false,
        };
        let flow = |metered: &Metered| match metered {
            Metered::Pump(place) => last.map_or(0.0, |last| last.pump_flow_m3s[*place]),
            Metered::Pipe(pipe, from, to) => {
                let flow = pipe.flow_m3s(head(*from) - head(*to));
                let (out, into) = if flow > 0.0 { (*from, *to) } else { (*to, *from) };
                let closed = shut(into, TankLimit::Full) || shut(out, TankLimit::Empty);
                if closed { 0.0 } else { flow }
            }
        };
        self.meter_m3s = self.meters.iter().map(flow).collect();
    }

    /// Level of a tank of the site, in m above its floor.
    pub(crate) fn level_m(&self, tank: usize) -> f64 {
        self.run.tank_level_m()[self.tanks[tank]]
    }

    /// Net flow into a tank of the site in m3/s, and whether it stood at a limit.
    pub(crate) fn tank(&self, tank: usize) -> (f64, bool) {
        let place = self.tanks[tank];
        self.last.as_ref().map_or((0.0, false), |last| {
            (last.tank_inflow_m3s[place], last.tank_limit[place] != TankLimit::Free)
        })
    }
}

/// How the true network strays from the file.
fn strayed(
    site: &Site,
    network: &Network,
    tanks: &[usize],
    (seed, perturbation): (u64, &Perturbation),
) -> RunOptions {
    let mismatch = site.simulation.mismatch.get();
    let head = |pump: &hydraulics::Pump| {
        let asset = site.pumps.iter().find(|asset| asset.link == pump.id);
        let perturbed = asset.and_then(|asset| perturbation.pumps.get(&asset.id));
        let strayed = Chance::new(seed, &format!("head of {}", pump.id)).factor(mismatch);
        strayed * perturbed.copied().unwrap_or(1.0)
    };
    let mut levels: Vec<f64> = network.tanks().iter().map(|tank| tank.level_initial_m).collect();
    for (tank, &place) in site.tanks.iter().zip(tanks) {
        let node = &network.tanks()[place];
        let wanted = site.simulation.initial_level.get() * tank.height.get();
        levels[place] = wanted.clamp(node.level_min_m, node.level_max_m);
    }
    RunOptions {
        initial_level_m: Some(levels),
        roughness_factor: Chance::new(seed, "roughness").factor(mismatch) * perturbation.roughness,
        pump_head_factor: Some(network.pumps().iter().map(head).collect()),
    }
}

/// Finds the site's names in the network.
struct Places<'a>(&'a Network);

impl Places<'_> {
    fn pump(&self, pump: &site::asset::Pump) -> Result<usize, PlantError> {
        let place = self.0.pumps().iter().position(|link| link.id == pump.link);
        place.ok_or_else(|| PlantError::missing(&pump.id, "pump", &pump.link))
    }

    fn tank(&self, tank: &site::asset::Tank) -> Result<usize, PlantError> {
        let place = self.0.tanks().iter().position(|node| node.id == tank.node);
        place.ok_or_else(|| PlantError::missing(&tank.id, "tank", &tank.node))
    }

    fn meters(&self, site: &Site, roughness: f64) -> Result<Vec<Metered>, PlantError> {
        if site.flow_meters.is_empty() {
            return Ok(Vec::new());
        }
        let path = self.0.path();
        let inp = pipe::read_text(path).map_err(|error| PlantError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let metered = |meter: &site::asset::FlowMeter| {
            if let Some(place) = self.0.pumps().iter().position(|pump| pump.id == meter.link) {
                return Ok(Metered::Pump(place));
            }
            let found = Pipe::read(&inp, &meter.link).and_then(|pipe| {
                let (from, to) = (self.node(&pipe.from)?, self.node(&pipe.to)?);
                Some(Metered::Pipe(pipe.roughened(roughness), from, to))
            });
            found.ok_or_else(|| PlantError::missing(&meter.id, "pipe or pump", &meter.link))
        };
        site.flow_meters.iter().map(metered).collect()
    }

    fn node(&self, id: &str) -> Option<Node> {
        let junction = self.0.junctions().iter().position(|node| node.id == id);
        let tank = || self.0.tanks().iter().position(|node| node.id == id).map(Node::Tank);
        let reservoir = || self.0.reservoirs().iter().position(|node| node.id == id);
        junction.map(Node::Junction).or_else(tank).or_else(|| reservoir().map(Node::Reservoir))
    }
}
