//! The model of the whole commune: tank balance with pump combinations, PV, lighting, import and
//! export, and the charge on the highest import.
//!
//! Only physics is hard. Every wish has a slack with a name and a price, so that there is a plan
//! on the worst day too, and it says what it gave up.

use super::model::Model;
use super::pumps::{self, Columns};
use super::trajectory::Trajectory;
use super::{Inputs, Switching};
use good_lp::{Expression, Variable};
use site::AssetId;
use std::collections::BTreeMap;

/// What a m3 of demand that cannot be met costs, EUR: dearer than everything else.
const UNMET_PRICE: f64 = 50.0;
/// What a m3 that overflows costs, EUR.
const SPILL_PRICE: f64 = 20.0;
/// What a m3 costs per hour inside the cushion next to a band's end, EUR: cheaper than a broken
/// promise, dearer than no cushion.
const CUSHION_PRICE: f64 = 0.05;
/// What a kW above the export limit costs per hour, EUR.
const EXPORT_EXCESS_PRICE: f64 = 5.0;
/// What one kWh later is worth less per hour ahead, EUR: breaks ties towards the near.
const PATIENCE: f64 = 1e-5;

/// Columns of one tank.
pub(super) struct TankColumns {
    pub(super) volume: Vec<Variable>,
}

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
    let tanks = water(&mut model, inputs, trajectory, &combination.mixes, &mut bus, &mut wishes);
    let inverters = inverters(&mut model, inputs, &mut bus);
    let lighting = lighting(&mut model, inputs, &hours, &mut bus);
    let (import, export, peak) = grid(&mut model, inputs, &hours, bus, &mut wishes);
    mixed_peak(&mut model, inputs, trajectory, switching, &combination, peak);
    Problem { model, combination, tanks, inverters, lighting, import, export, peak, wishes }
}

/// Tanks: volume balance, band, cushion, reserve, worth of what is left at the end.
fn water(
    model: &mut Model,
    inputs: &Inputs<'_>,
    trajectory: &Trajectory,
    combination: &[Vec<Variable>],
    bus: &mut [Expression],
    wishes: &mut Vec<Wish>,
) -> Vec<TankColumns> {
    let Some(water) = inputs.water else { return Vec::new() };
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
    let mut all = Vec::new();
    for (k, (tank, inflow)) in inputs.site.tanks.iter().zip(inflow).enumerate() {
        let shape = &water.network.tanks()[water.tanks[k]];
        let volume = |share: f64| shape.volume_m3(share * tank.height.get());
        let id = &tank.id;
        let start = shape.volume_m3(trajectory.start[k]);
        let mut columns = TankColumns { volume: Vec::new() };
        let mut previous: Expression = start.into();
        let (low, high) = (volume(tank.band_low.get()), volume(tank.band_high.get()));
        let price = inputs.shortfall_price();
        let named = |what: &str, tolerance| Wish {
            name: format!("{id}.{what}"),
            unit: "m3",
            tolerance,
            slack: Vec::new(),
        };
        let whole = shape.volume_max_m3() - shape.volume_min_m3();
        let mut below = named("band_low", 0.002 * whole);
        let mut above = named("band_high", 0.002 * whole);
        let mut unmet = named("demand", 0.001 * whole);
        let mut spilt = named("overflow", 0.001 * whole);
        let mut reserve = named("reserve", 0.005 * whole);
        for (t, flow) in inflow.into_iter().enumerate() {
            let hours = steps[t].hours();
            let name = |what: &str| format!("{id}.{what}[{t}]");
            let v = model.column(&name("volume"), shape.volume_min_m3(), shape.volume_max_m3());
            let mut slack = |wish: &mut Wish, price: f64| {
                let column = model.column(&wish.name, 0.0, f64::INFINITY);
                model.cost(&wish.name, price, column);
                wish.slack.push((t, column, price));
                column
            };
            let missing = slack(&mut unmet, UNMET_PRICE);
            let spill = slack(&mut spilt, SPILL_PRICE);
            let (under, over) =
                (slack(&mut below, price * hours), slack(&mut above, price * hours));
            let due = trajectory.reserves[k].contains(&t);
            let short = due.then(|| slack(&mut reserve, price));
            model.row(name("balance"), (previous + flow + missing - spill).eq(v));
            model.row(name("band_low"), (v + under).geq(low));
            model.row(name("band_high"), (v - over).leq(high));
            let cushion = trajectory.cushion(inputs, t).min(0.2 * (high - low));
            let soft = model.column(&name("cushion"), 0.0, f64::INFINITY);
            model.cost("cushion", CUSHION_PRICE * hours, soft);
            model.row(name("cushion_low"), (v + soft).geq(low + cushion));
            model.row(name("cushion_high"), (v - soft).leq(high - cushion));
            if let (Some(short), Some(wish)) = (short, tank.reserve) {
                model.row(name("reserve"), (v + short).geq(volume(wish.level.get())));
            }
            columns.volume.push(v);
            previous = v.into();
        }
        if let Some(&last) = columns.volume.last() {
            model.cost("water left at the end", -trajectory.water_worth, last);
        }
        wishes.extend([below, above, unmet, spilt, reserve]);
        all.push(columns);
    }
    all
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
