//! The water side of the plan: which pumps are counted together, and what each combination does.

mod combination;
mod tables;

pub use combination::{Combination, Group, groups};
pub use tables::{Effect, Parts, Tables};

use hydraulics::{HydraulicsError, Network};
use site::Site;
use site::units::Flow;

/// A site's network, ready for planning.
#[derive(Debug, Clone)]
pub struct WaterModel {
    /// The network as its file describes it.
    pub network: Network,
    /// Pumps of the site in groups of identical ones.
    pub groups: Vec<Group>,
    /// For each tank of the site (in order), its index in the network.
    pub tanks: Vec<usize>,
    /// What each combination does.
    pub tables: Tables,
}

/// Why a site and its network do not fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WaterError {
    /// A pump names a link that the network does not have as a pump.
    #[error("pump {asset}: the network has no pump '{link}'; it has {known}")]
    UnknownPump {
        /// The asset.
        asset: String,
        /// The link it names.
        link: String,
        /// Pumps of the network.
        known: String,
    },
    /// A tank names a node that the network does not have as a tank.
    #[error("tank {asset}: the network has no tank '{node}'; it has {known}")]
    UnknownTank {
        /// The asset.
        asset: String,
        /// The node it names.
        node: String,
        /// Tanks of the network.
        known: String,
    },
    /// A pump or tank of the network has no asset: nobody would know its state.
    #[error("'{id}' of the network is in no asset of the site; declare it")]
    Unassigned {
        /// Its name in the network.
        id: String,
    },
    /// A tank's height differs from the network's.
    #[error("tank {asset} is {site} m high in the site and {network} m in the network")]
    Height {
        /// The asset.
        asset: String,
        /// Height in the site file, m.
        site: f64,
        /// Height in the network file, m.
        network: f64,
    },
    /// There are more combinations of pumps than a plan can weigh.
    #[error("{0} pump combinations, at most {max}", max = combination::COMBINATIONS_MAX)]
    TooMany(usize),
    /// The network could not be solved.
    #[error(transparent)]
    Hydraulics(#[from] HydraulicsError),
}

impl WaterModel {
    /// Fits the site's pumps and tanks to the network and fills the tables.
    ///
    /// # Errors
    /// When they do not fit, or the network cannot be solved.
    pub fn new(site: &Site, network: &Network) -> Result<Self, WaterError> {
        let tanks = tanks(site, network)?;
        let groups = groups(site, network)?;
        let tables = Tables::fill(network, &groups, &tanks)?;
        Ok(Self { network: network.clone(), groups, tanks, tables })
    }

    /// The same model with each group's flow and power multiplied, in the order of the groups:
    /// what measurements say of the pumps.
    #[must_use]
    pub fn corrected(&self, flow: &[f64], power: &[f64]) -> Self {
        Self { tables: self.tables.corrected(flow, power), ..self.clone() }
    }

    /// The network's mean demand.
    #[must_use]
    pub fn base_demand(&self) -> Flow {
        Flow::new(self.network.base_demand_m3s())
    }
}

fn tanks(site: &Site, network: &Network) -> Result<Vec<usize>, WaterError> {
    let known = || join(network.tanks().iter().map(|tank| tank.id.as_str()));
    let mut indices = Vec::new();
    for tank in &site.tanks {
        let index = network.tanks().iter().position(|t| t.id == tank.node).ok_or_else(|| {
            let (asset, node) = (tank.id.to_string(), tank.node.clone());
            WaterError::UnknownTank { asset, node, known: known() }
        })?;
        let (site, network) = (tank.height.get(), network.tanks()[index].level_max_m);
        if (site - network).abs() > 0.01 * network {
            return Err(WaterError::Height { asset: tank.id.to_string(), site, network });
        }
        indices.push(index);
    }
    let missing = (0..network.tanks().len()).find(|i| !indices.contains(i));
    missing
        .map_or(Ok(indices), |i| Err(WaterError::Unassigned { id: network.tanks()[i].id.clone() }))
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
