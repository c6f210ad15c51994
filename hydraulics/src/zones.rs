//! Which parts of a network influence each other.
//!
//! A tank or reservoir has a head of its own, so what happens on one side of it says nothing to
//! the other side within a steady state. Cut there, a network falls into zones whose flows depend
//! only on their own pumps and on the levels of the tanks they touch. A planner may tabulate every
//! zone by itself, which turns the product of all stations into a sum.

use std::collections::{BTreeMap, BTreeSet};

use crate::network::{Junction, Pump, Reservoir};
use crate::tank::Tank;

/// A part of the network between tanks and reservoirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its pumps, indices into [`crate::Network::pumps`], growing.
    pub pumps: Vec<usize>,
    /// The tanks it touches, indices into [`crate::Network::tanks`], growing.
    pub tanks: Vec<usize>,
    /// Its junctions, indices into [`crate::Network::junctions`], growing.
    pub junctions: Vec<usize>,
    /// Where it touches tanks.
    pub(crate) mouths: Vec<Mouth>,
}

/// A link's end in a tank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mouth {
    /// Place in [`Zone::tanks`].
    pub(crate) tank: usize,
    /// Number of the link in EPANET.
    pub(crate) link: i32,
    /// Whether the link's positive flow enters the tank.
    pub(crate) enters: bool,
}

/// A link through which water may flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Joint {
    pub(crate) index: i32,
    pub(crate) ends: (i32, i32),
}

/// Divides the network. Zones come in the order of their lowest link; parts that touch no tank and
/// have no pump are left out: nobody can do anything about them.
pub(crate) fn divide(
    joints: &[Joint],
    pumps: &[Pump],
    tanks: &[Tank],
    reservoirs: &[Reservoir],
    junctions: &[Junction],
) -> Vec<Zone> {
    let heads: BTreeSet<i32> =
        tanks.iter().map(|tank| tank.index).chain(reservoirs.iter().map(|r| r.index)).collect();
    let parts = parts(joints, &heads);
    let mut zones: BTreeMap<usize, Vec<&Joint>> = BTreeMap::new();
    for (joint, &part) in joints.iter().zip(&parts) {
        zones.entry(part).or_default().push(joint);
    }
    let zone = |joints: &Vec<&Joint>| zone(joints, pumps, tanks, junctions);
    let all = zones.values().map(zone);
    all.filter(|zone| !zone.tanks.is_empty() || !zone.pumps.is_empty()).collect()
}

/// The part of each link, named after its first link.
fn parts(joints: &[Joint], heads: &BTreeSet<i32>) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..joints.len()).collect();
    let mut first_at: BTreeMap<i32, usize> = BTreeMap::new();
    for (place, joint) in joints.iter().enumerate() {
        for node in [joint.ends.0, joint.ends.1] {
            if heads.contains(&node) {
                continue;
            }
            let first = *first_at.entry(node).or_insert(place);
            let (a, b) = (root(&mut parent, first), root(&mut parent, place));
            parent[a.max(b)] = a.min(b);
        }
    }
    (0..joints.len()).map(|place| root(&mut parent, place)).collect()
}

/// The root of a tree, halving the path on the way.
fn root(parent: &mut [usize], mut place: usize) -> usize {
    while parent[place] != place {
        parent[place] = parent[parent[place]];
        place = parent[place];
    }
    place
}

fn zone(joints: &[&Joint], pumps: &[Pump], tanks: &[Tank], junctions: &[Junction]) -> Zone {
    let links: BTreeSet<i32> = joints.iter().map(|joint| joint.index).collect();
    let nodes: BTreeSet<i32> =
        joints.iter().flat_map(|joint| [joint.ends.0, joint.ends.1]).collect();
    let place = |node: i32| tanks.iter().position(|tank| tank.index == node);
    let touched: BTreeSet<usize> = nodes.iter().filter_map(|&node| place(node)).collect();
    let touched: Vec<usize> = touched.into_iter().collect();
    let mut mouths = Vec::new();
    for joint in joints {
        for (node, enters) in [(joint.ends.0, false), (joint.ends.1, true)] {
            let tank = place(node).and_then(|tank| touched.iter().position(|&t| t == tank));
            mouths.extend(tank.map(|tank| Mouth { tank, link: joint.index, enters }));
        }
    }
    let with = |index: i32| links.contains(&index);
    let pumps = (0..pumps.len()).filter(|&p| with(pumps[p].index)).collect();
    let junctions = (0..junctions.len()).filter(|&j| nodes.contains(&junctions[j].index)).collect();
    Zone { pumps, tanks: touched, junctions, mouths }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_cut_at_its_tanks_and_nowhere_else() {
        let joint = |index, a, b| Joint { index, ends: (a, b) };
        // 1 -- 2 -- [9] -- 3 -- 4, and 5 -- 6 apart; node 9 has a head of its own.
        let joints = [joint(1, 1, 2), joint(2, 2, 9), joint(3, 9, 3), joint(4, 3, 4)];
        let joints = [&joints[..], &[joint(5, 5, 6)]].concat();
        assert_eq!(parts(&joints, &BTreeSet::from([9])), [0, 0, 2, 2, 4]);
        assert_eq!(parts(&joints, &BTreeSet::new()), [0, 0, 0, 0, 4]);
    }
}
