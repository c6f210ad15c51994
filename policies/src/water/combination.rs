//! Identical pumps of one station are counted, not named: the plan says how many run.

use super::{WaterError, join};
use hydraulics::Network;
use serde::{Deserialize, Serialize};
use site::{AssetId, Site};

/// The most combinations a plan weighs. Beyond it a site must be planned in parts.
pub(super) const COMBINATIONS_MAX: usize = 128;

/// Pumps that are identical and in parallel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The assets, in order of their names.
    pub pumps: Vec<AssetId>,
    /// Their indices in the network, in the same order.
    pub links: Vec<usize>,
}

/// How many pumps of each group run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Combination(pub Vec<usize>);

/// The site's pumps in groups, in the order of the network's stations.
///
/// # Errors
/// When a pump is not in the network, a pump of the network has no asset, or the groups give too
/// many combinations.
pub fn groups(site: &Site, network: &Network) -> Result<Vec<Group>, WaterError> {
    for pump in &site.pumps {
        if !network.pumps().iter().any(|p| p.id == pump.link) {
            let known = join(network.pumps().iter().map(|p| p.id.as_str()));
            let (asset, link) = (pump.id.to_string(), pump.link.clone());
            return Err(WaterError::UnknownPump { asset, link, known });
        }
    }
    let mut groups = Vec::new();
    for station in network.stations() {
        let mut members = Vec::new();
        for &link in &station.pumps {
            let id = &network.pumps()[link].id;
            let pump = site.pumps.iter().find(|pump| &pump.link == id);
            let pump = pump.ok_or_else(|| WaterError::Unassigned { id: id.clone() })?;
            members.push((pump.id.clone(), link));
        }
        members.sort();
        let (pumps, links) = members.into_iter().unzip();
        groups.push(Group { pumps, links });
    }
    let count = groups.iter().map(|group| group.pumps.len() + 1).product();
    if count > COMBINATIONS_MAX { Err(WaterError::TooMany(count)) } else { Ok(groups) }
}

/// Every combination, from none running to all.
#[must_use]
pub(super) fn all(groups: &[Group]) -> Vec<Combination> {
    let mut combinations = vec![Vec::new()];
    for group in groups {
        combinations = combinations
            .into_iter()
            .flat_map(|counts: Vec<usize>| {
                (0..=group.pumps.len()).map(move |n| {
                    let mut longer = counts.clone();
                    longer.push(n);
                    longer
                })
            })
            .collect();
    }
    combinations.into_iter().map(Combination).collect()
}

impl Combination {
    /// Speeds for the network: the first so many pumps of each group run.
    #[must_use]
    pub fn speeds(&self, groups: &[Group], pumps: usize) -> Vec<f64> {
        let mut speeds = vec![0.0; pumps];
        for (group, &count) in groups.iter().zip(&self.0) {
            for &link in group.links.iter().take(count) {
                speeds[link] = 1.0;
            }
        }
        speeds
    }
}
