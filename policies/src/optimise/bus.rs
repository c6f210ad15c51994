//! Buses: what every asset adds its power to. One balance per step at the busbar and on each
//! feeder; where voltage matters, also the load at each node.

use super::Inputs;
use good_lp::{Expression, Variable};
use site::AssetId;
use site::electrical::Electrical;

/// Where an asset hangs: bus 0 is the busbar, bus `f + 1` the feeder `f`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bus: usize,
    /// The place of the network: 0 is the busbar (see [`Electrical::place_of`]).
    pub(super) at: usize,
}

/// At the busbar.
const BUSBAR: Place = Place { bus: 0, at: 0 };

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
    /// Taken less given at each place, kW and kvar: `load[place][step]`.
    pub(super) load: Vec<Vec<(Expression, Expression)>>,
    /// The most that is given and taken at each place, kW.
    pub(super) extremes: Vec<(f64, f64)>,
    tan_phi: f64,
}

impl<'a> Buses<'a> {
    /// Buses without anything on them.
    pub(super) fn new(inputs: &Inputs<'a>) -> Self {
        let steps = inputs.forecast.steps.len();
        let electrical = inputs.site.electrical.as_ref();
        let feeders = electrical.map_or(0, |network| network.feeders.len());
        let places = electrical.map_or(0, |network| network.sections().count() + 1);
        let empty = (Expression::default(), Expression::default());
        Self {
            electrical,
            net: vec![vec![Expression::default(); steps]; feeders + 1],
            load: vec![vec![empty; steps]; places],
            extremes: vec![(0.0, 0.0); places],
            tan_phi: electrical.map_or(0.0, Electrical::tan_phi),
        }
    }

    /// Where an asset hangs.
    pub(super) fn place(&self, asset: &AssetId) -> Place {
        let Some(network) = self.electrical else { return BUSBAR };
        Place { bus: self.bus_at(network.place_of(asset)), at: network.place_of(asset) }
    }

    /// The bus of a place.
    fn bus_at(&self, at: usize) -> usize {
        let mut left = at;
        for (f, feeder) in self.electrical.iter().flat_map(|n| &n.feeders).enumerate() {
            if (1..=feeder.sections.len()).contains(&left) {
                return f + 1;
            }
            left = left.saturating_sub(feeder.sections.len());
        }
        0
    }

    /// Says how much an asset may give and take at most, kW: whether voltage can matter.
    pub(super) fn may(&mut self, place: Place, gives: f64, takes: f64) {
        if let Some(extremes) = self.extremes.get_mut(place.at) {
            extremes.0 += gives.max(0.0);
            extremes.1 += takes.max(0.0);
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
        if let Some((active, var)) = self.load.get_mut(place.at).map(|steps| &mut steps[t]) {
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
        if let Some((active, var)) = self.load.get_mut(place.at).map(|steps| &mut steps[t]) {
            *active += kw;
            if reactive == Reactive::Usual {
                *var += kw * self.tan_phi;
            }
        }
    }

    /// Spreads the buildings over the nodes that the site says; what it does not place is at the
    /// busbar.
    pub(super) fn base_load(&mut self, loads_kw: &[f64]) {
        let sections = self.electrical.iter().flat_map(|network| network.sections()).enumerate();
        let shares = sections.map(|(k, (_, cable))| (k + 1, cable.load.get()));
        let placed: Vec<(usize, f64)> = shares.filter(|(_, share)| *share > 0.0).collect();
        let rest = 1.0 - placed.iter().map(|(_, share)| share).sum::<f64>();
        let place = |(at, share): &(usize, f64)| (Place { bus: self.bus_at(*at), at: *at }, *share);
        let mut places: Vec<(Place, f64)> = placed.iter().map(place).collect();
        places.push((BUSBAR, rest.max(0.0)));
        let most = loads_kw.iter().copied().fold(0.0, f64::max);
        for (place, share) in places {
            self.may(place, 0.0, share * most);
            for (t, kw) in loads_kw.iter().enumerate() {
                self.fixed((place, t), share * kw, Reactive::Usual);
            }
        }
    }
}
