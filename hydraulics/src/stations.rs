//! Which pumps are interchangeable.
//!
//! Planners count the identical pumps of a station instead of naming them, which spares them from
//! trying the same thing under several names. Two pumps are in one station if they are identical
//! (curves, efficiency, nominal speed, price of energy) and stand in parallel: between the same
//! nodes, where nodes joined by pipes too short to matter count as one, or between the same nodes
//! at the end of equal branches.

use std::collections::BTreeMap;

use crate::network::{Pump, PumpKind};

/// Head a pipe may lose at twice the flow of the largest pump and still count as no pipe, m.
const TRIVIAL_LOSS_M: f64 = 0.05;
/// Lift assumed for a pump of constant power to estimate its flow, m.
const ASSUMED_LIFT_M: f64 = 30.0;
/// Weight of a cubic metre of water, N.
const WATER_N_PER_M3: f64 = 9810.0;

/// A pumping station: identical pumps in parallel, or a single pump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Station {
    /// Its pumps, indices into [`crate::Network::pumps`], growing.
    pub pumps: Vec<usize>,
}

/// A pipe, as far as grouping needs it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pipe {
    pub(crate) ends: (i32, i32),
    pub(crate) length_m: f64,
    pub(crate) diameter_m: f64,
    /// In the unit of the file's own formula; only compared.
    pub(crate) roughness: f64,
    pub(crate) minor_loss: f64,
    pub(crate) open: bool,
    pub(crate) check_valve: bool,
}

/// Groups pumps into stations, in the order of their first pumps. `fixed` are the nodes that must
/// not be taken as mere corners of a branch: tanks, reservoirs and demand nodes.
pub(crate) fn group(pumps: &[Pump], pipes: &[Pipe], fixed: &[i32]) -> Vec<Station> {
    let flow_m3s = 2.0 * pumps.iter().map(largest_flow_m3s).fold(0.0, f64::max);
    let mut nodes = Joined::default();
    for pipe in pipes.iter().filter(|pipe| pipe.is_trivial(flow_m3s)) {
        nodes.join(pipe.ends.0, pipe.ends.1);
    }
    let plan = Plan::new(pumps, pipes, fixed, &nodes);
    let mut stations: Vec<(Place, Station)> = Vec::new();
    for (index, pump) in pumps.iter().enumerate() {
        let place = Place { from: plan.branch(pump.ends.0), to: plan.branch(pump.ends.1) };
        let same = |(other, station): &&mut (Place, Station)| {
            *other == place && identical(&pumps[station.pumps[0]], pump)
        };
        match stations.iter_mut().find(same) {
            Some((_, station)) => station.pumps.push(index),
            None => stations.push((place, Station { pumps: vec![index] })),
        }
    }
    stations.into_iter().map(|(_, station)| station).collect()
}

/// Whether two pumps behave and cost alike. Curves are compared by their points, not their names.
#[expect(clippy::float_cmp, reason = "numbers read from one file are equal or different")]
fn identical(a: &Pump, b: &Pump) -> bool {
    use crate::Efficiency::{Constant, Curve};
    let kind = match (&a.kind, &b.kind) {
        (PumpKind::HeadCurve { points: a, .. }, PumpKind::HeadCurve { points: b, .. }) => a == b,
        (a, b) => a == b,
    };
    let efficiency = match (&a.efficiency, &b.efficiency) {
        (Curve { points: a, .. }, Curve { points: b, .. }) => a == b,
        (Constant(a), Constant(b)) => a == b,
        _ => false,
    };
    kind && efficiency && a.nominal_speed == b.nominal_speed && a.price == b.price
}

fn largest_flow_m3s(pump: &Pump) -> f64 {
    match &pump.kind {
        PumpKind::HeadCurve { points, .. } => {
            let last = points.iter().map(|point| point.0).fold(0.0, f64::max);
            // EPANET draws a curve of one point through twice its flow.
            if points.len() == 1 { 2.0 * last } else { last }
        }
        PumpKind::ConstantPower { power_w } => power_w / (WATER_N_PER_M3 * ASSUMED_LIFT_M),
    }
}

impl Pipe {
    fn is_trivial(&self, flow_m3s: f64) -> bool {
        self.open && !self.check_valve && self.loss_m(flow_m3s) < TRIVIAL_LOSS_M
    }

    /// Head lost, m, by Hazen-Williams with a rough wall (100) whatever the file's formula: the
    /// question is only whether the pipe matters at all.
    fn loss_m(&self, flow_m3s: f64) -> f64 {
        let friction = 10.67 * self.length_m * (flow_m3s / 100.0).powf(1.852);
        let area_m2 = std::f64::consts::PI * self.diameter_m * self.diameter_m / 4.0;
        let velocity = flow_m3s / area_m2;
        friction / self.diameter_m.powf(4.8704) + self.minor_loss * velocity * velocity / 19.62
    }

    /// What makes two pipes alike.
    fn nature(&self) -> [u64; 6] {
        let numbers = [self.length_m, self.diameter_m, self.roughness, self.minor_loss];
        let [a, b, c, d] = numbers.map(f64::to_bits);
        [a, b, c, d, u64::from(self.open), u64::from(self.check_valve)]
    }
}

/// Nodes that count as one.
#[derive(Debug, Default)]
struct Joined(BTreeMap<i32, i32>);

impl Joined {
    fn of(&self, node: i32) -> i32 {
        let mut node = node;
        while let Some(&next) = self.0.get(&node) {
            node = next;
        }
        node
    }

    fn join(&mut self, a: i32, b: i32) {
        let (a, b) = (self.of(a), self.of(b));
        if a != b {
            self.0.insert(a.max(b), a.min(b));
        }
    }
}

/// Where a pump stands: what leads to it and away from it.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    from: Branch,
    to: Branch,
}

/// The pipes passed from a pump until the network branches, and the node where it does.
#[derive(Debug, PartialEq, Eq)]
struct Branch {
    pipes: Vec<[u64; 6]>,
    end: i32,
}

/// The network with joined nodes.
struct Plan<'a> {
    pipes: Vec<&'a Pipe>,
    nodes: &'a Joined,
    /// For each joined node: the pipes that end there (indices), and how many pumps do.
    at: BTreeMap<i32, (Vec<usize>, usize)>,
    fixed: Vec<i32>,
}

impl<'a> Plan<'a> {
    fn new(pumps: &[Pump], pipes: &'a [Pipe], fixed: &[i32], nodes: &'a Joined) -> Plan<'a> {
        let apart = |pipe: &&Pipe| nodes.of(pipe.ends.0) != nodes.of(pipe.ends.1);
        let pipes: Vec<&Pipe> = pipes.iter().filter(apart).collect();
        let mut at: BTreeMap<i32, (Vec<usize>, usize)> = BTreeMap::new();
        for (index, pipe) in pipes.iter().enumerate() {
            for end in [pipe.ends.0, pipe.ends.1] {
                at.entry(nodes.of(end)).or_default().0.push(index);
            }
        }
        for end in pumps.iter().flat_map(|pump| [pump.ends.0, pump.ends.1]) {
            at.entry(nodes.of(end)).or_default().1 += 1;
        }
        let fixed = fixed.iter().map(|&node| nodes.of(node)).collect();
        Plan { pipes, nodes, at, fixed }
    }

    /// Follows the pipes from a pump's end as long as there is only one way to go. A node where a
    /// valve ends looks like a corner here, but then so does its twin, or the ends differ.
    fn branch(&self, node: i32) -> Branch {
        let mut node = self.nodes.of(node);
        let mut passed: Vec<usize> = Vec::new();
        while let Some(next) = self.only_way(node, &passed) {
            let ends = self.pipes[next].ends;
            let (a, b) = (self.nodes.of(ends.0), self.nodes.of(ends.1));
            node = if a == node { b } else { a };
            passed.push(next);
        }
        let pipes = passed.into_iter().map(|index| self.pipes[index].nature()).collect();
        Branch { pipes, end: node }
    }

    fn only_way(&self, node: i32, passed: &[usize]) -> Option<usize> {
        let (pipes, pumps) = self.at.get(&node)?;
        let corner = pipes.len() + pumps == 2 && !self.fixed.contains(&node);
        let mut ahead = pipes.iter().copied().filter(|pipe| !passed.contains(pipe));
        let next = ahead.next().filter(|_| corner)?;
        ahead.next().is_none().then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Efficiency;

    fn pump(from: i32, to: i32) -> Pump {
        Pump {
            id: format!("{from}-{to}"),
            from: from.to_string(),
            to: to.to_string(),
            kind: PumpKind::HeadCurve { curve: "c".to_owned(), points: vec![(0.05, 60.0)] },
            nominal_speed: 1.0,
            speed_pattern: None,
            initially_on: true,
            controlled: false,
            efficiency: Efficiency::Constant(0.8),
            price: None,
            index: 1,
            ends: (from, to),
        }
    }

    fn pipe(from: i32, to: i32, length_m: f64, diameter_m: f64) -> Pipe {
        Pipe {
            ends: (from, to),
            length_m,
            diameter_m,
            roughness: 100.0,
            minor_loss: 0.0,
            open: true,
            check_valve: false,
        }
    }

    fn grouped(pumps: &[Pump], pipes: &[Pipe]) -> Vec<Vec<usize>> {
        group(pumps, pipes, &[]).into_iter().map(|station| station.pumps).collect()
    }

    #[test]
    fn equal_pumps_between_the_same_nodes_are_one_station() {
        assert_eq!(grouped(&[pump(1, 2), pump(3, 4), pump(1, 2)], &[]), [vec![0, 2], vec![1]]);
    }

    #[test]
    fn unequal_pumps_are_not() {
        let mut slow = pump(1, 2);
        slow.nominal_speed = 0.9;
        let mut poor = pump(1, 2);
        poor.efficiency = Efficiency::Constant(0.7);
        let mut weak = pump(1, 2);
        weak.kind = PumpKind::ConstantPower { power_w: 1e4 };
        let mut dear = pump(1, 2);
        dear.price = Some(crate::EnergyPrice { per_kwh: 0.1, pattern: None });
        let mut patterned = pump(1, 2);
        patterned.price = Some(crate::EnergyPrice { per_kwh: 0.1, pattern: Some(1) });
        let pumps = [pump(1, 2), slow, poor, weak, dear, patterned];
        assert_eq!(grouped(&pumps, &[]).len(), 6);
    }

    #[test]
    fn a_pump_turned_round_is_not_the_same() {
        assert_eq!(grouped(&[pump(1, 2), pump(2, 1)], &[]).len(), 2);
    }

    #[test]
    fn a_header_too_short_to_matter_joins_pumps_and_a_long_one_does_not() {
        let header = |length_m| [pipe(1, 3, length_m, 1.0), pipe(2, 4, length_m, 1.0)];
        let pumps = [pump(1, 2), pump(3, 4)];
        // Something hangs on each node, so that none is a mere corner.
        let mut pipes: Vec<Pipe> = (1..=4).map(|node| pipe(node, node + 10, 500.0, 0.2)).collect();
        pipes.extend(header(2.0));
        assert_eq!(grouped(&pumps, &pipes), [vec![0, 1]]);
        pipes.truncate(4);
        pipes.extend(header(5_000.0));
        assert_eq!(grouped(&pumps, &pipes).len(), 2);
    }

    #[test]
    fn equal_branches_with_check_valves_join_and_unequal_ones_do_not() {
        let branch = |suction: i32, delivery: i32, length_m| {
            let mut valve = pipe(delivery, 2, length_m, 0.3);
            valve.check_valve = true;
            [pipe(1, suction, 20.0, 0.2), valve]
        };
        let trunk = [pipe(1, 100, 900.0, 0.4), pipe(2, 101, 900.0, 0.4)];
        let pumps = [pump(10, 11), pump(20, 21)];
        let equal = [branch(10, 11, 5.0), branch(20, 21, 5.0), trunk.clone()].concat();
        assert_eq!(grouped(&pumps, &equal), [vec![0, 1]]);
        let unequal = [branch(10, 11, 5.0), branch(20, 21, 50.0), trunk].concat();
        assert_eq!(grouped(&pumps, &unequal).len(), 2);
    }

    #[test]
    fn a_closed_pipe_joins_nothing() {
        let mut closed = pipe(2, 4, 1.0, 1.0);
        closed.open = false;
        let pipes = [pipe(1, 3, 1.0, 1.0), closed, pipe(2, 9, 100.0, 0.2), pipe(4, 8, 50.0, 0.2)];
        assert_eq!(grouped(&[pump(1, 2), pump(3, 4)], &pipes).len(), 2);
    }

    #[test]
    fn a_loop_of_pipes_ends() {
        let pipes = [pipe(2, 3, 900.0, 0.2), pipe(3, 2, 900.0, 0.2)];
        assert_eq!(grouped(&[pump(1, 2)], &pipes), [vec![0]]);
    }
}
