//! Shadow prices: what energy is worth at the grid, on each feeder and in each battery, what water
//! is worth in each tank, and which constraints bind.

use super::super::Inputs;
use super::super::model::Solved;
use super::super::problem::tank_ids;
use site::AssetId;
use site::plan::{Binding, Plan, Step};
use site::units::Price;
use std::collections::BTreeMap;

/// A constraint counts as binding when its price is above this, EUR.
const BINDING_PRICE_MIN: f64 = 1e-4;
/// How many binding constraints a plan reports.
const BINDINGS_MAX: usize = 40;
/// Rules that are arithmetic: their prices say nothing that another row does not say.
const ARITHMETIC: [&str; 8] =
    ["switches", "starts", "both", "p[", "q[", "voltage[", "balance", "uncertain"];

/// Prices by what they belong to.
struct Prices<'a> {
    steps: &'a [Step],
    water: BTreeMap<AssetId, Vec<f64>>,
    feeders: BTreeMap<AssetId, Vec<Price>>,
    batteries: BTreeMap<AssetId, Vec<Price>>,
    energy: Vec<Price>,
    bindings: Vec<Binding>,
}

/// Writes all prices into the plan.
pub(super) fn fill(inputs: &Inputs<'_>, solved: &mut Solved, plan: &mut Plan) {
    let feeders = inputs.site.electrical.iter().flat_map(|network| &network.feeders);
    let wells = inputs.site.lift_stations.iter().map(|station| station.id.clone());
    let steps = plan.steps.clone();
    let mut prices = Prices {
        steps: &steps,
        water: tank_ids(inputs).into_keys().chain(wells).map(|id| (id, Vec::new())).collect(),
        feeders: feeders.map(|feeder| (feeder.id.clone(), Vec::new())).collect(),
        batteries: inputs.site.batteries.iter().map(|b| (b.id.clone(), Vec::new())).collect(),
        energy: Vec::new(),
        bindings: Vec::new(),
    };
    for (name, price) in solved.prices() {
        if let Some((owner, rule)) = name.split_once('.') {
            prices.take(name, (owner, rule), price);
        }
    }
    let order = |a: &Binding, b: &Binding| {
        b.price.total_cmp(&a.price).then_with(|| a.constraint.cmp(&b.constraint))
    };
    prices.bindings.sort_by(order);
    prices.bindings.truncate(BINDINGS_MAX);
    let Prices { water, feeders, mut batteries, energy, bindings, .. } = prices;
    batteries.retain(|_, values| !values.is_empty());
    plan.why.bindings = bindings;
    plan.why.water_value = water;
    plan.why.energy_value = energy;
    plan.why.feeder_value = feeders;
    plan.why.charge_value = batteries;
}

impl Prices<'_> {
    fn take(&mut self, name: &str, (owner, rule): (&str, &str), price: f64) {
        if rule.starts_with("balance") {
            self.balance(owner, price);
        } else if price.abs() > BINDING_PRICE_MIN
            && owner != "pumps"
            && !ARITHMETIC.iter().any(|arithmetic| rule.starts_with(arithmetic))
        {
            self.bindings.push(Binding { constraint: name.to_owned(), price: price.abs() });
        }
    }

    fn balance(&mut self, owner: &str, price: f64) {
        let per_kwh = |steps: &[Step], t: usize| {
            steps.get(t).map(|step: &Step| Price::new(price / step.hours()))
        };
        // A bus takes one kW less: its price is that of the energy of a step.
        if owner == "grid" {
            self.energy.extend(per_kwh(self.steps, self.energy.len()));
            return;
        }
        if let Some((_, values)) = self.feeders.iter_mut().find(|(id, _)| id.as_str() == owner) {
            let t = values.len();
            values.extend(per_kwh(self.steps, t));
        } else if let Some((_, values)) =
            self.batteries.iter_mut().find(|(id, _)| id.as_str() == owner)
        {
            values.push(Price::new(price));
        } else if let Some((_, values)) = self.water.iter_mut().find(|(id, _)| id.as_str() == owner)
        {
            values.push(price);
        }
    }
}
