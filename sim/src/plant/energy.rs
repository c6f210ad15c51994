//! Batteries, chargers, switched loads, wells and generators of the plant, and the one place that
//! knows the power of everything.

use std::sync::Arc;

use jiff::Timestamp;
use site::units::Power;
use site::{AssetId, Site};

use super::battery::Cells;
use super::chance::Chance;
use super::charger::{Point, SessionTruth};
use super::generator::Genset;
use super::sewer::Sewer;
use super::well::{Switched, Well};
use super::{Plant, SECONDS};
use crate::days::Recording;

/// The parts, in the order of the site's own lists.
#[derive(Debug, Clone)]
pub(super) struct Energy {
    pub(super) batteries: Vec<Cells>,
    pub(super) chargers: Vec<Point>,
    pub(super) shiftable: Vec<Switched>,
    pub(super) wells: Vec<Well>,
    pub(super) generators: Vec<Genset>,
    /// Sessions that have ended since the start, in order of their departure.
    pub(super) sessions: Arc<Vec<SessionTruth>>,
}

/// What an asset, or the buildings together, put upon the network at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Injection {
    /// The asset; none for the buildings together.
    pub asset: Option<AssetId>,
    /// Active power, taken from the network positive.
    pub active: Power,
    /// Reactive power in var, taken (inductive) positive.
    pub reactive_var: f64,
}

/// The sewers of a site's lift stations.
pub(super) fn sewers(site: &Site, seed: u64) -> impl Iterator<Item = Sewer> + '_ {
    (0..site.lift_stations.len()).map(move |place| Sewer::new(site, place, seed, SECONDS))
}

impl Energy {
    pub(super) fn new(site: &Site, seed: u64, start: Timestamp) -> Self {
        let chance = |kind: &str, id: &AssetId| Chance::new(seed, &format!("{kind} {id}"));
        let mismatch = site.simulation.mismatch.get();
        let charge = site.simulation.initial_charge.get();
        let batteries = site.batteries.iter();
        let stations = site.lift_stations.iter().zip(sewers(site, seed));
        Self {
            batteries: batteries
                .map(|one| Cells::new(one, chance("battery", &one.id), mismatch, charge))
                .collect(),
            chargers: (0..site.chargers.len())
                .map(|place| Point::new(site, place, seed, start))
                .collect(),
            shiftable: {
                let loads = site.shiftable.iter();
                let made = loads.map(|one| (one.rated_power.get(), chance("load", &one.id)));
                made.map(|(watts, chance)| Switched::new(watts, chance, mismatch)).collect()
            },
            wells: stations
                .map(|(one, sewer)| Well::new(one, sewer, chance("well", &one.id), mismatch))
                .collect(),
            generators: site.generators.iter().map(|_| Genset::default()).collect(),
            sessions: Arc::default(),
        }
    }

    /// At the start, before any time has passed.
    pub(super) fn look(&mut self, at: Timestamp, recording: &Recording) {
        self.batteries.iter_mut().for_each(Cells::look);
        self.wells.iter_mut().for_each(|well| well.sewer.look(at, recording));
        self.settle(at);
        self.chargers.iter_mut().for_each(|charger| charger.begin(at));
    }

    pub(super) fn step(&mut self, from: Timestamp, to: Timestamp, recording: &Recording) {
        self.batteries.iter_mut().for_each(|cells| cells.step(SECONDS));
        self.chargers.iter_mut().for_each(|charger| charger.step(SECONDS));
        self.shiftable.iter_mut().for_each(|load| load.step(from, to));
        for well in &mut self.wells {
            well.sewer.step(to, recording);
            well.step(from, to);
        }
        self.settle(to);
    }

    /// Vehicles leave and come.
    fn settle(&mut self, at: Timestamp) {
        for charger in &mut self.chargers {
            if let Some(ended) = charger.settle(at) {
                Arc::make_mut(&mut self.sessions).push(ended);
            }
        }
    }
}

/// Orders of the devices. Indices are places in the site's lists.
impl Plant {
    /// Orders a battery to take a power, in W; a negative one is given.
    pub fn order_battery(&mut self, battery: usize, watts: f64) {
        self.energy.batteries[battery].order(watts);
    }

    /// Has a charger offer a current for each phase, in A; 0 is a pause.
    pub fn offer_charge(&mut self, charger: usize, amperes: f64) {
        self.energy.chargers[charger].offer(amperes);
    }

    /// Orders a load that may wait to run or to stop, at an instant not before the last order.
    pub fn command_shiftable(&mut self, load: usize, run: bool, at: Timestamp) {
        self.energy.shiftable[load].machine.command(run, at);
    }

    /// Orders the pump of a lift station to run or to stop, at an instant not before the last
    /// order.
    pub fn command_lift(&mut self, station: usize, run: bool, at: Timestamp) {
        self.energy.wells[station].pump.machine.command(run, at);
    }

    /// Starts or stops a generator, as somebody at its panel does. While it runs, what it carries
    /// does not load the grid.
    pub fn run_generator(&mut self, generator: usize, run: bool) {
        self.energy.generators[generator].running = run;
    }

    /// Power of each asset in W, taken positive and given negative, in a fixed order.
    pub(super) fn powers(&self) -> impl Iterator<Item = (&AssetId, f64)> {
        let (site, energy) = (&self.site, &self.energy);
        let pumps = site.pumps.iter().zip(&self.machines).map(|(one, m)| (&one.id, m.power_w));
        let lamps = site.lighting.iter().zip(&self.lamps).map(|(one, l)| (&one.id, l.power_w));
        let solar = site.inverters.iter().zip(&self.solar).map(|(one, s)| (&one.id, -s.power_w));
        let batteries = site.batteries.iter().zip(&energy.batteries);
        let batteries = batteries.map(|(one, cells)| (&one.id, cells.power_w));
        let chargers = site.chargers.iter().zip(&energy.chargers);
        let chargers = chargers.map(|(one, charger)| (&one.id, charger.power_w));
        let shiftable = site.shiftable.iter().zip(&energy.shiftable);
        let shiftable = shiftable.map(|(one, load)| (&one.id, load.machine.power_w));
        let wells = site.lift_stations.iter().zip(&energy.wells);
        let wells = wells.map(|(one, well)| (&one.id, well.pump.machine.power_w));
        let converters = solar.chain(batteries).chain(chargers);
        pumps.chain(lamps).chain(converters).chain(shiftable).chain(wells)
    }

    /// What everything puts upon the low-voltage network at [`Plant::now`]: each asset in a fixed
    /// order, then the buildings together. What a generator carries puts nothing upon it. Motors,
    /// lamps and buildings have the network's usual power factor; converters (inverters, batteries,
    /// chargers) have none but 1.
    #[must_use]
    pub fn injections(&self) -> Vec<Injection> {
        let site = &self.site;
        let tan_phi = site.electrical.as_ref().map_or(0.0, |network| network.tan_phi());
        let converter = |id: &AssetId| {
            site.inverters.iter().any(|one| one.id == *id)
                || site.batteries.iter().any(|one| one.id == *id)
                || site.chargers.iter().any(|one| one.id == *id)
        };
        let one = |asset: Option<&AssetId>, watts: f64| {
            let tan_phi = if asset.is_some_and(converter) { 0.0 } else { tan_phi };
            Injection {
                asset: asset.cloned(),
                active: Power::new(watts),
                reactive_var: watts * tan_phi,
            }
        };
        let assets = self.powers().map(|(id, watts)| {
            let carried = watts > 0.0 && self.is_carried(id);
            one(Some(id), if carried { 0.0 } else { watts })
        });
        assets.chain([one(None, self.load_w())]).collect()
    }

    /// Whether a running generator carries an asset.
    fn is_carried(&self, asset: &AssetId) -> bool {
        let generators = self.site.generators.iter().zip(&self.energy.generators);
        generators.into_iter().any(|(one, set)| set.running && one.carries.contains(asset))
    }

    /// What a generator carries, in W: what takes power among the assets it may carry.
    pub(super) fn carried_w(&self, generator: usize) -> f64 {
        if !self.energy.generators[generator].running {
            return 0.0;
        }
        let carries = &self.site.generators[generator].carries;
        self.powers().filter(|(id, _)| carries.contains(id)).map(|(_, watts)| watts.max(0.0)).sum()
    }

    /// Power at the point of common coupling, in W; import positive.
    pub(super) fn import_w(&self) -> f64 {
        let assets: f64 = self.powers().map(|(_, watts)| watts).sum();
        let carried: f64 = (0..self.energy.generators.len()).map(|one| self.carried_w(one)).sum();
        assets + self.load_w() - carried
    }
}
