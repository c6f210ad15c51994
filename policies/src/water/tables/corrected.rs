//! The tables corrected by what was measured: what each group of pumps adds, multiplied by a
//! factor on its flow and one on its power.

use super::{Effect, Entry, Tables};

/// A combination taken apart: what the network does with all pumps standing, and what each group
/// of pumps adds, group after group.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// With all pumps standing.
    pub idle: Effect,
    /// What each group adds to the groups before it; nothing for a group that stands.
    pub groups: Vec<Effect>,
}

impl Tables {
    /// The tables with each group's flow and power multiplied. Factors are in the order of the
    /// groups. A combination that cannot be taken apart (a part of it has no solution) is
    /// multiplied as a whole by the mean of its groups' factors.
    #[must_use]
    pub fn corrected(&self, flow: &[f64], power: &[f64]) -> Self {
        let combination = |c: usize| {
            let demands = 0..self.entries[c].len();
            demands.map(|d| self.corrected_entry((c, d), flow, power)).collect()
        };
        let entries = (0..self.combinations.len()).map(combination).collect();
        Self { combinations: self.combinations.clone(), entries, ranges: self.ranges.clone() }
    }

    /// A combination taken apart at a demand factor and at tank levels in m; none when a part of
    /// it is not in the tables.
    #[must_use]
    pub fn parts(&self, combination: usize, demand_factor: f64, levels: &[f64]) -> Option<Parts> {
        let way = self.way(combination)?;
        let effects: Vec<Effect> =
            way.iter().map(|&c| self.effect(c, demand_factor, levels)).collect();
        let groups = effects.windows(2).map(|pair| pair[1].minus(&pair[0])).collect();
        Some(Parts { idle: effects[0].clone(), groups })
    }

    /// The combinations on the way from all standing to this one, one group at a time.
    fn way(&self, combination: usize) -> Option<Vec<usize>> {
        let counts = &self.combinations[combination].0;
        let part = |groups: usize| {
            let wanted = counts.iter().enumerate().map(|(g, &n)| if g < groups { n } else { 0 });
            let wanted: Vec<usize> = wanted.collect();
            self.combinations.iter().position(|other| other.0 == wanted)
        };
        (0..=counts.len()).map(part).collect()
    }

    fn corrected_entry(&self, (c, d): (usize, usize), flow: &[f64], power: &[f64]) -> Entry {
        let entry = |combination: usize| &self.entries[combination][d];
        if let Some(way) = self.way(c) {
            let mut sum = entry(way[0]).clone();
            for (g, pair) in way.windows(2).enumerate() {
                let (before, after) = (entry(pair[0]), entry(pair[1]));
                let added = after.with(before, |a, b| a.minus(b).scaled(flow[g], power[g]));
                sum = sum.with(&added, Effect::plus);
            }
            return sum;
        }
        let Some(idle) = self.combinations.iter().position(|c| c.0.iter().all(|&n| n == 0)) else {
            return entry(c).clone();
        };
        let mean = |factors: &[f64]| {
            let running = self.combinations[c].0.iter().zip(factors).filter(|(n, _)| **n > 0);
            let (sum, count) =
                running.fold((0.0, 0.0), |(s, n), (_, factor)| (s + factor, n + 1.0));
            if count > 0.0 { sum / count } else { 1.0 }
        };
        let (flow, power) = (mean(flow), mean(power));
        let added = entry(c).with(entry(idle), |a, b| a.minus(b).scaled(flow, power));
        entry(idle).with(&added, Effect::plus)
    }
}

impl Entry {
    /// Entry by entry; all of it is linear.
    fn with(&self, other: &Self, work: impl Fn(&Effect, &Effect) -> Effect) -> Self {
        let row = |(a, b): (&Vec<Effect>, &Vec<Effect>)| {
            a.iter().zip(b).map(|(a, b)| work(a, b)).collect()
        };
        Self {
            middle: work(&self.middle, &other.middle),
            along: self.along.iter().zip(&other.along).map(row).collect(),
        }
    }
}

impl Effect {
    fn scaled(mut self, flow: f64, power: f64) -> Self {
        self.inflow.iter_mut().for_each(|inflow| *inflow *= flow);
        self.power *= power;
        self
    }
    fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.add(other);
        sum
    }
}
