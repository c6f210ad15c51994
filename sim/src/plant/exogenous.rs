//! What happens to a plant whatever is commanded: use of water, sun, buildings, sewage, vehicles.
//! The same seed gives the same, in a plant and in a [`Scout`] that steps nothing else.

use std::collections::BTreeMap;

use hydraulics::Network;
use jiff::Timestamp;
use serde::Serialize;
use site::plan::Draw;
use site::units::{Energy, Flow, Power};
use site::{AssetId, Site};

use super::chance::Chance;
use super::charger::Point;
use super::demand::Demand;
use super::energy::sewers;
use super::sewer::Sewer;
use super::solar::{Clouds, Shade, Solar, broken_clouds};
use super::supply::Load;
use super::visits::Visit;
use super::{Plant, PlantError, SECONDS, STEP, check_columns};
use crate::days::Recording;
use crate::perturb::Perturbation;

/// The state of everything that nobody commands, at an instant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exogenous {
    /// The instant.
    pub at: Timestamp,
    /// What consumers of water ask for; none without a network.
    pub demand: Option<Flow>,
    /// What each inverter would give without a limit.
    pub available: BTreeMap<AssetId, Power>,
    /// Buildings together.
    pub load: Power,
    /// What flows into each lift station's well.
    pub inflow: BTreeMap<AssetId, Flow>,
}

/// A session that comes or is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionAhead {
    /// When the vehicle comes.
    pub arrival: Timestamp,
    /// When it leaves.
    pub departure: Timestamp,
    /// What the driver wants in all.
    pub wanted: Energy,
    /// The driver says so at the charger.
    pub told: bool,
    /// What this vehicle takes at this charger.
    pub draw: Draw,
}

/// The sun's parts of a site: clouds and arrays.
pub(super) fn sun(site: &Site, seed: u64) -> (Clouds, Vec<Solar>) {
    let columns = site.simulation.pv_profiles.iter().cycle();
    let solar = site.inverters.iter().zip(columns).map(|(inverter, column)| {
        let (peak, rated) = (inverter.peak_power.get(), inverter.rated_power.get());
        let chance = Chance::new(seed, &format!("clouds {}", inverter.id));
        Solar::new(chance, column, peak, rated, SECONDS)
    });
    (Clouds::new(Chance::new(seed, "clouds"), SECONDS), solar.collect())
}

/// The buildings of a site.
pub(super) fn loads(site: &Site, seed: u64) -> Vec<Load> {
    let loads = site.simulation.loads.iter().enumerate();
    let chance = |place, profile: &str| Chance::new(seed, &format!("load {place} {profile}"));
    loads.map(|(place, load)| Load::new(chance(place, &load.profile), load, SECONDS)).collect()
}

fn ahead(charger: &Point, from: Timestamp, until: Timestamp) -> Vec<SessionAhead> {
    let one = |visit: Visit| SessionAhead {
        arrival: visit.arrival,
        departure: visit.departure,
        wanted: Energy::new(visit.wanted_wh),
        told: visit.told,
        draw: Draw {
            most: Power::new(visit.vehicle.most_w(&charger.socket)),
            per_ampere: visit.vehicle.power_w(1.0, &charger.socket),
        },
    };
    charger.visits.between(from, until).into_iter().map(one).collect()
}

fn flows<'a>(site: &Site, sewers: impl Iterator<Item = &'a Sewer>) -> BTreeMap<AssetId, Flow> {
    let stations = site.lift_stations.iter().zip(sewers);
    stations.map(|(one, sewer)| (one.id.clone(), Flow::new(sewer.inflow_m3s))).collect()
}

fn available(site: &Site, solar: &[Solar]) -> BTreeMap<AssetId, Power> {
    let inverters = site.inverters.iter().zip(solar);
    inverters.map(|(one, solar)| (one.id.clone(), Power::new(solar.available_w))).collect()
}

impl Plant {
    /// What nobody commands, at [`Plant::now`].
    #[must_use]
    pub fn exogenous(&self) -> Exogenous {
        Exogenous {
            at: self.at,
            demand: self.water.as_ref().map(|water| Flow::new(water.demand_m3s)),
            available: available(&self.site, &self.solar),
            load: Power::new(self.load_w()),
            inflow: flows(&self.site, self.energy.wells.iter().map(|well| &well.sewer)),
        }
    }

    /// The sessions of each charger that end after [`Plant::now`] and begin before `until`, in
    /// order.
    #[must_use]
    pub fn sessions_ahead(&self, until: Timestamp) -> BTreeMap<AssetId, Vec<SessionAhead>> {
        let chargers = self.site.chargers.iter().zip(&self.energy.chargers);
        chargers.map(|(one, charger)| (one.id.clone(), ahead(charger, self.at, until))).collect()
    }
}

/// Goes ahead of a plant of the same site, days, perturbation, seed and start, and steps only what
/// nobody commands: a week takes well below a second.
#[derive(Debug, Clone)]
pub struct Scout {
    site: Site,
    recording: Recording,
    at: Timestamp,
    /// Consumers, the network's base demand in m3/s, and what they ask for now in m3/s.
    demand: Option<(Demand, f64, f64)>,
    clouds: Clouds,
    solar: Vec<Solar>,
    loads: Vec<Load>,
    sewers: Vec<Sewer>,
    chargers: Vec<Point>,
}

impl Scout {
    /// A scout at an instant, with what [`Plant::new`] is given.
    ///
    /// # Errors
    /// When the site names columns that the recorded days do not have.
    pub fn new(
        site: &Site,
        network: Option<&Network>,
        recording: &Recording,
        (seed, perturbation): (u64, &Perturbation),
        start: Timestamp,
    ) -> Result<Self, PlantError> {
        check_columns(site, recording)?;
        let (clouds, solar) = sun(site, seed);
        let water = site.water.as_ref().zip(network).map(|(water, network)| {
            let demand = Demand::of_site(site, water, (seed, perturbation), SECONDS);
            let base = network.base_demand_m3s();
            let asked = base * demand.clone().step(start, recording);
            (demand, base, asked)
        });
        let points = (0..site.chargers.len()).map(|place| Point::new(site, place, seed, start));
        let mut scout = Self {
            at: start,
            demand: water,
            clouds,
            solar,
            loads: loads(site, seed),
            sewers: sewers(site, seed).collect(),
            chargers: points.collect(),
            recording: recording.clone(),
            site: site.clone(),
        };
        let (recording, zone) = (&scout.recording, &scout.site.zone);
        let shade = Shade { clouds: &scout.clouds, broken: 0.0 };
        scout.solar.iter_mut().for_each(|solar| solar.look(start, recording, zone, shade));
        scout.loads.iter_mut().for_each(|load| load.look(start, recording, zone));
        scout.sewers.iter_mut().for_each(|sewer| sewer.look(start, recording));
        Ok(scout)
    }

    /// The instant up to which it has gone.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.at
    }

    /// What the network's consumers ask for at a demand factor of 1; nothing without a network.
    #[must_use]
    pub fn base_demand(&self) -> Flow {
        self.demand.as_ref().map_or(Flow::ZERO, |(_, base, _)| Flow::new(*base))
    }

    /// Goes on by whole steps up to an instant and stops where less than a step is left.
    pub fn advance(&mut self, to: Timestamp) {
        while let Some(next) = self.at.checked_add(STEP).ok().filter(|next| *next <= to) {
            self.step(next);
        }
    }

    /// One step, in the order in which the plant does it.
    fn step(&mut self, to: Timestamp) {
        let (recording, zone) = (&self.recording, &self.site.zone);
        if let Some((demand, base, asked)) = &mut self.demand {
            *asked = *base * demand.step(self.at, recording);
        }
        self.at = to;
        let weather = recording.weather(to, zone);
        let broken = broken_clouds(weather.direct_horizontal_w_m2, weather.diffuse_horizontal_w_m2);
        self.clouds.step();
        let shade = Shade { clouds: &self.clouds, broken };
        for solar in &mut self.solar {
            solar.step(to, (recording, zone), shade, SECONDS);
        }
        self.loads.iter_mut().for_each(|load| load.step(to, recording, zone));
        self.sewers.iter_mut().for_each(|sewer| sewer.step(to, recording));
    }

    /// What nobody commands, at [`Scout::now`].
    #[must_use]
    pub fn exogenous(&self) -> Exogenous {
        Exogenous {
            at: self.at,
            demand: self.demand.as_ref().map(|(.., asked)| Flow::new(*asked)),
            available: available(&self.site, &self.solar),
            load: Power::new(self.loads.iter().map(|load| load.power_w).sum()),
            inflow: flows(&self.site, self.sewers.iter()),
        }
    }

    /// The sessions of each charger that end after [`Scout::now`] and begin before `until`, in
    /// order.
    #[must_use]
    pub fn sessions_ahead(&self, until: Timestamp) -> BTreeMap<AssetId, Vec<SessionAhead>> {
        let chargers = self.site.chargers.iter().zip(&self.chargers);
        chargers.map(|(one, charger)| (one.id.clone(), ahead(charger, self.at, until))).collect()
    }
}
