//! The model of the whole commune: tank balance with pump combinations, PV, lighting, import and
//! export, and the charge on the highest import.
//!
//! Only physics is hard. Every wish has a slack with a name and a price, so that there is a plan
//! on the worst day too, and it says what it gave up.

use super::model::Model;
use super::pumps::{self, Columns};
use super::tanks::{self, TankColumns};
use super::trajectory::Trajectory;
use super::{Inputs, Switching};
use good_lp::{Expression, Variable};
use site::AssetId;
use std::collections::BTreeMap;

/// What a kW above the export limit costs per hour, EUR.
const EXPORT_EXCESS_PRICE: f64 = 5.0;
/// What one kWh later is worth less per hour ahead, EUR: breaks ties towards the near.
const PATIENCE: f64 = 1e-5;

/// A wish's slack: its name, its unit, its price and its column per step.
pub(super) struct Wish {
    pub(super) name: String,
    pub(super) unit: &'static str,
    pub(super) tolerance: f64,
    pub(super) slack: Vec<(usize, Variable, f64)>,
}

/// The model and its columns.
pub(super) struct Problem {
    pub(super) model: Model,
    pub(super) combination: Columns,
    pub(super) tanks: Vec<TankColumns>,
    pub(super) inverters: Vec<Vec<Variable>>,
    pub(super) lighting: Vec<Vec<Variable>>,
    pub(super) import: Vec<Variable>,
    pub(super) export: Vec<Variable>,
    pub(super) peak: Variable,
    pub(super) wishes: Vec<Wish>,
}

/// Builds the model around a trajectory of levels.
pub(super) fn build(
    inputs: &Inputs<'_>,
    trajectory: &Trajectory,
    switching: &Switching<'_>,
) -> Problem {
    let mut model = Model::default();
    let steps = inputs.forecast.steps.len();
    let hours: Vec<f64> = inputs.forecast.steps.iter().map(site::plan::Step::hours).collect();
    let combination = pumps::add(&mut model, inputs, switching);
    // One balance per step at the point of common coupling; every asset adds its term.
    let mut bus: Vec<Expression> = vec![Expression::default(); steps];
    let mut wishes = Vec::new();
    let inflow = effects(&mut model, inputs, trajectory, &combination.mixes, &mut bus);
    let tanks = tanks::add(&mut model, inputs, trajectory, inflow, &mut wishes);
    let inverters = inverters(&mut model, inputs, &mut bus);
    let lighting = lighting(&mut model, inputs, &hours, &mut bus);
    let (import, export, peak) = grid(&mut model, inputs, &hours, bus, &mut wishes);
    mixed_peak(&mut model, inputs, trajectory, switching, &combination, peak);
    Problem { model, combination, tanks, inverters, lighting, import, export, peak, wishes }
}

/// What the combinations do: power on the bus, and the inflow of each tank per step, m3.
fn effects(
    model: &mut Model,
    inputs: &Inputs<'_>,
    trajectory: &Trajectory,
    combination: &[Vec<Variable>],
    bus: &mut [Expression],
) -> Vec<Vec<Expression>> {
    let steps = &inputs.forecast.steps;
    let mut inflow = vec![vec![Expression::default(); steps.len()]; inputs.site.tanks.len()];
    for (t, columns) in combination.iter().enumerate() {
        for (c, &column) in columns.iter().enumerate() {
            let effect = &trajectory.effects[t][c];
            let power = model.finite("pump power", effect.power);
            bus[t].add_mul(-power, column);
            for (k, expression) in inflow.iter_mut().enumerate() {
                let flow = model.finite("tank inflow", effect.inflow[k]);
                expression[t].add_mul(3600.0 * steps[t].hours() * flow, column);
            }
        }
    }
    inflow
}

fn inverters(model: &mut Model, inputs: &Inputs<'_>, bus: &mut [Expression]) -> Vec<Vec<Variable>> {
    let mut all = Vec::new();
    for inverter in &inputs.site.inverters {
        let available = &inputs.forecast.pv[&inverter.id];
        // An inverter that cannot be told anything gives what the sun offers.
        let free = inputs.estimate.inverters[&inverter.id].unavailable.is_none()
            && inverter.control.mode == site::asset::Mode::Control;
        let mut columns = Vec::new();
        for (t, power) in available.iter().enumerate() {
            let kw = power.kw();
            let column =
                model.column(&format!("{}.power", inverter.id), if free { 0.0 } else { kw }, kw);
            bus[t] += column;
            columns.push(column);
        }
        all.push(columns);
    }
    all
}

fn lighting(
    model: &mut Model,
    inputs: &Inputs<'_>,
    hours: &[f64],
    bus: &mut [Expression],
) -> Vec<Vec<Variable>> {
    let mut all = Vec::new();
    for lighting in &inputs.site.lighting {
        let rated = lighting.rated_power.kw();
        let mut columns = Vec::new();
        for (t, window) in inputs.forecast.lighting[&lighting.id].iter().enumerate() {
            let (level, least) = (window.level.get(), window.may_dim_to.get());
            let column = model.column(&format!("{}.level", lighting.id), least, level);
            bus[t].add_mul(-rated, column);
            // Light that was wished and is not given: the constant part does not matter.
            model.cost("light", -lighting.value.get() * rated * hours[t], column);
            columns.push(column);
        }
        all.push(columns);
    }
    all
}

/// The point of common coupling: balance, prices, export limit, highest import.
fn grid(
    model: &mut Model,
    inputs: &Inputs<'_>,
    hours: &[f64],
    bus: Vec<Expression>,
    wishes: &mut Vec<Wish>,
) -> (Vec<Variable>, Vec<Variable>, Variable) {
    let (forecast, tariff) = (inputs.forecast, &inputs.site.tariff);
    let so_far = inputs.estimate.peak.kw().max(0.0);
    let peak = model.column("grid.peak", so_far, f64::INFINITY);
    if let Some(charge) = tariff.demand_charge {
        let days = charge.billing.days_left(inputs.estimate.now.utc, &inputs.site.zone);
        model.cost("grid.peak", charge.price.get() / days, peak);
    }
    let mut excess =
        Wish { name: "grid.export_limit".into(), unit: "kW", tolerance: 0.5, slack: Vec::new() };
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut ahead = 0.0;
    for (t, terms) in bus.into_iter().enumerate() {
        let import = model.column("grid.import", 0.0, f64::INFINITY);
        let export = model.column("grid.export", 0.0, f64::INFINITY);
        let price = forecast.price[t].get() + PATIENCE * ahead;
        ahead += hours[t];
        model.cost("grid.import", price * hours[t], import);
        model.cost("grid.export", -tariff.feed_in.get() * hours[t], export);
        let load = model.finite("base load", forecast.base_load[t].kw());
        model.row(format!("grid.balance[{t}]"), (terms + import - export).eq(load));
        model.row(format!("grid.peak[{t}]"), (Expression::from(import) - peak).leq(0.0));
        if let Some(limit) = inputs.site.grid.export_limit {
            let over = model.column("grid.export_limit", 0.0, f64::INFINITY);
            let price = EXPORT_EXCESS_PRICE * hours[t];
            model.cost("grid.export_limit", price, over);
            excess.slack.push((t, over, price));
            let row = (Expression::from(export) - over).leq(limit.kw());
            model.row(format!("grid.export_limit[{t}]"), row);
        }
        imports.push(import);
        exports.push(export);
    }
    wishes.push(excess);
    (imports, exports, peak)
}

/// A mixture's mean power hides the power of its parts, and a meter averages over minutes: a
/// combination that is used at all makes the highest import at least its own least import.
fn mixed_peak(
    model: &mut Model,
    inputs: &Inputs<'_>,
    trajectory: &Trajectory,
    switching: &Switching<'_>,
    combination: &Columns,
    peak: Variable,
) {
    let forecast = inputs.forecast;
    let later: Vec<usize> =
        (0..forecast.steps.len()).filter(|&t| !switching.whole(inputs, t)).collect();
    let besides = |t: usize| {
        let pv: f64 = forecast.pv.values().map(|power| power[t].kw()).sum();
        let light = |l: &site::asset::Lighting| {
            forecast.lighting[&l.id][t].may_dim_to.get() * l.rated_power.kw()
        };
        let light: f64 = inputs.site.lighting.iter().map(light).sum();
        forecast.base_load[t].kw() + light - pv
    };
    for (c, &used) in combination.used.iter().enumerate() {
        let import = |&t: &usize| trajectory.effects[t][c].power + besides(t);
        let least = later.iter().map(import).fold(f64::MAX, f64::min);
        if least < f64::MAX && least > 0.0 {
            let least = model.finite("least import", least);
            model.row(format!("grid.peak_of_mixture[{c}]"), (least * used - peak).leq(0.0));
        }
    }
}

/// Tank names in order, for reading rows back.
pub(super) fn tank_ids(inputs: &Inputs<'_>) -> BTreeMap<AssetId, usize> {
    inputs.site.tanks.iter().enumerate().map(|(k, tank)| (tank.id.clone(), k)).collect()
}
