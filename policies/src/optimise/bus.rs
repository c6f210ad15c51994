//! Buses: what every asset adds its power to. One balance per step at the busbar and on each feeder;
//! where voltage matters, also the load at each node.

use super::Inputs;
use good_lp::{Expression, Variable};
use site::AssetId;
use site::electrical::Electrical;

/// Where an asset hangs: bus 0 is the busbar, bus `f + 1` the feeder `f`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bus: usize,
    /// Index of the cable section at whose end it hangs, over all feeders.
    pub(super) section: Option<usize>,
}

/// Whether a load takes reactive power too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reactive {
    /// With the network's usual power factor: motors, buildings.
    Usual,
    /// None: what stands behind an inverter.
    None,
}

/// All buses over the horizon.
pub(super) struct Buses<'a> {
    pub(super) electrical: Option<&'a Electrical>,
    /// Given less taken, kW: `net[bus][step]`.
    pub(super) net: Vec<Vec<Expression>>,
    /// Taken less given at each section's node, kW and kvar: `load[section][step]`.
    pub(super) load: Vec<Vec<(Expression, Expression)>>,
    /// The most that is given and taken at each section's node, kW.
    pub(super) extremes: Vec<(f64, f64)>,
    tan_phi: f64,
}

impl<'a> Buses<'a> {
    /// Buses without anything on them.
    pub(super) fn new(inputs: &Inputs<'a>) -> Self {
        let steps = inputs.forecast.steps.len();
        let electrical = inputs.site.electrical.as_ref();
        let feeders = electrical.map_or(0, |network| network.feeders.len());
        let sections = electrical.map_or(0, |network| network.sections().count());
        let empty = (Expression::default(), Expression::default());
        Self {
            electrical,
            net: vec![vec![Expression::default(); steps]; feeders + 1],
            load: vec![vec![empty; steps]; sections],
            extremes: vec![(0.0, 0.0); sections],
            tan_phi: electrical.map_or(0.0, Electrical::tan_phi),
        }
    }

    /// Where an asset hangs.
    pub(super) fn place(&self, asset: &AssetId) -> Place {
        let Some(network) = self.electrical else { return Place { bus: 0, section: None } };
        let mut section = 0;
        for (f, feeder) in network.feeders.iter().enumerate() {
            for cable in &feeder.sections {
                if cable.assets.contains(asset) {
                    return Place { bus: f + 1, section: Some(section) };
                }
                section += 1;
            }
        }
        Place { bus: 0, section: None }
    }

    /// Says how much an asset may give and take at most, kW: whether voltage can matter.
    pub(super) fn may(&mut self, place: Place, gives: f64, takes: f64) {
        if let Some(section) = place.section {
            self.extremes[section].0 += gives.max(0.0);
            self.extremes[section].1 += takes.max(0.0);
        }
    }

    /// A column that takes `kw` of power per unit.
    pub(super) fn take(
        &mut self,
        (place, t): (Place, usize),
        kw: f64,
        column: Variable,
        reactive: Reactive,
    ) {
        self.net[place.bus][t].add_mul(-kw, column);
        if let Some(section) = place.section {
            let (active, var) = &mut self.load[section][t];
            active.add_mul(kw, column);
            if reactive == Reactive::Usual {
                var.add_mul(kw * self.tan_phi, column);
            }
        }
    }

    /// A column that gives `kw` of power per unit, without reactive power.
    pub(super) fn give(&mut self, at: (Place, usize), kw: f64, column: Variable) {
        self.take(at, -kw, column, Reactive::None);
    }

    /// A load that is what it is, kW.
    pub(super) fn fixed(&mut self, (place, t): (Place, usize), kw: f64, reactive: Reactive) {
        self.net[place.bus][t] += -kw;
        if let Some(section) = place.section {
            let (active, var) = &mut self.load[section][t];
            *active += kw;
            if reactive == Reactive::Usual {
                *var += kw * self.tan_phi;
            }
        }
    }

    /// Spreads the buildings over the nodes that the site says; what it does not place is at the
    /// busbar.
    pub(super) fn base_load(&mut self, loads_kw: &[f64]) {
        let mut rest = 1.0;
        let mut places = Vec::new();
        if let Some(network) = self.electrical {
            let mut section = 0;
            for (f, feeder) in network.feeders.iter().enumerate() {
                for cable in &feeder.sections {
                    let share = cable.load.get();
                    if share > 0.0 {
                        places.push((Place { bus: f + 1, section: Some(section) }, share));
                        rest -= share;
                    }
                    section += 1;
                }
            }
        }
        places.push((Place { bus: 0, section: None }, rest.max(0.0)));
        let most = loads_kw.iter().copied().fold(0.0, f64::max);
        for (place, share) in places {
            self.may(place, 0.0, share * most);
            for (t, kw) in loads_kw.iter().enumerate() {
                self.fixed((place, t), share * kw, Reactive::Usual);
            }
        }
    }
}
