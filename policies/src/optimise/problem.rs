//! The model of the whole commune: tank balance with pump combinations, PV, lighting, batteries,
//! chargers, loads that may wait, feeders, import and export, and the charge on the highest import.
//!
//! Every asset adds named columns and rows of its own, and its power to a bus. Only physics is
//! hard. Every wish has a slack with a name and a price, so that there is a plan on the worst day
//! too, and it says what it gave up.

use super::battery::{self, BatteryColumns};
use super::bus::{Buses, Reactive};
use super::chargers::{self, ChargerColumns};
use super::grid::{self, GridColumns};
use super::model::Model;
use super::network::{self, NetworkColumns};
use super::pumps::{self, Columns};
use super::switched::{self, SwitchedColumns};
use super::tanks::{self, TankColumns};
use super::trajectory::Trajectory;
use super::{Inputs, Switching, energy};
use good_lp::{Expression, Variable};
use site::AssetId;
use std::collections::BTreeMap;

/// A wish's slack: its name, its unit, its price and its column per step.
pub(super) struct Wish {
    pub(super) name: String,
    pub(super) unit: &'static str,
    pub(super) tolerance: f64,
    pub(super) slack: Vec<(usize, Variable, f64)>,
}

impl Wish {
    /// A wish about power.
    pub(super) fn kw(name: String) -> Self {
        Self { name, unit: "kW", tolerance: 0.5, slack: Vec::new() }
    }
    /// A column for what is missed in a step, at a price per unit, EUR.
    pub(super) fn slack(&mut self, model: &mut Model, t: usize, price: f64) -> Variable {
        self.slack_to(model, t, price, f64::INFINITY)
    }
    /// The same where no more than so much can be missed.
    pub(super) fn slack_to(
        &mut self,
        model: &mut Model,
        t: usize,
        price: f64,
        most: f64,
    ) -> Variable {
        let column = model.column(&self.name, 0.0, most);
        model.cost(&self.name, price, column);
        self.slack.push((t, column, price));
        column
    }
}

/// The model and its columns.
pub(super) struct Problem {
    pub(super) model: Model,
    pub(super) combination: Columns,
    pub(super) tanks: Vec<TankColumns>,
    pub(super) inverters: Vec<Vec<Variable>>,
    pub(super) lighting: Vec<Vec<Variable>>,
    pub(super) batteries: Vec<Option<BatteryColumns>>,
    pub(super) chargers: Vec<ChargerColumns>,
    pub(super) switched: SwitchedColumns,
    pub(super) network: NetworkColumns,
    pub(super) grid: GridColumns,
    pub(super) wishes: Vec<Wish>,
}

/// Builds the model around a trajectory of levels.
pub(super) fn build(
    inputs: &Inputs<'_>,
    trajectory: &Trajectory,
    switching: &Switching<'_>,
) -> Problem {
    build_in(Model::default(), inputs, trajectory, switching)
}

/// Builds it in a model that may already have been told something.
pub(super) fn build_in(
    mut model: Model,
    inputs: &Inputs<'_>,
    trajectory: &Trajectory,
    switching: &Switching<'_>,
) -> Problem {
    let combination = pumps::add(&mut model, inputs, switching);
    let mut buses = Buses::new(inputs);
    let mut wishes = Vec::new();
    let inflow = effects(&mut model, inputs, trajectory, &combination.mixes, &mut buses);
    let tanks = tanks::add(&mut model, inputs, trajectory, inflow, &mut wishes);
    let inverters = energy::inverters(&mut model, inputs, &mut buses);
    let lighting = energy::lighting(&mut model, inputs, &mut buses);
    let batteries = battery::add(&mut model, inputs, &mut buses, &mut wishes);
    let chargers = chargers::add(&mut model, inputs, &mut buses, &mut wishes);
    let switched = switched::add(&mut model, inputs, switching, &mut buses, &mut wishes);
    let base_load = inputs.forecast.base_load.iter().map(|load| load.kw());
    let base_load: Vec<f64> = base_load.map(|kw| model.finite("base load", kw)).collect();
    buses.base_load(&base_load);
    let network = network::add(&mut model, inputs, &mut buses, &mut wishes);
    let grid = grid::add(&mut model, inputs, &mut buses, &mut wishes);
    mixed_peaks(&mut model, inputs, trajectory, (switching, &combination), &grid.peaks);
    Problem {
        model,
        combination,
        tanks,
        inverters,
        lighting,
        batteries,
        chargers,
        switched,
        network,
        grid,
        wishes,
    }
}

/// What the combinations do: power on the buses, and the inflow of each tank per step, m3.
fn effects(
    model: &mut Model,
    inputs: &Inputs<'_>,
    trajectory: &Trajectory,
    combination: &[Vec<Variable>],
    buses: &mut Buses<'_>,
) -> Vec<Vec<Expression>> {
    let steps = &inputs.forecast.steps;
    let mut inflow = vec![vec![Expression::default(); steps.len()]; inputs.site.tanks.len()];
    let Some(water) = inputs.water else { return inflow };
    let places: Vec<_> = water.groups.iter().map(|group| buses.place(&group.pumps[0])).collect();
    let rated = |g: usize| {
        let pumps = water.groups[g].pumps.iter().filter_map(|id| inputs.site.pump(id));
        pumps.map(|pump| pump.rated_power.kw()).fold(0.0, f64::max)
    };
    let rated: Vec<f64> = (0..places.len()).map(rated).collect();
    for (g, place) in places.iter().enumerate() {
        let size = f64::from(u8::try_from(water.groups[g].pumps.len()).unwrap_or(u8::MAX));
        buses.may(*place, 0.0, size * rated[g]);
    }
    for (t, columns) in combination.iter().enumerate() {
        for (c, &column) in columns.iter().enumerate() {
            let effect = &trajectory.effects[t][c];
            let power = model.finite("pump power", effect.power);
            // The tables know the power of all pumps together: each group's part is by its plate.
            let counts = &water.tables.combinations()[c].0;
            let part = |g: usize| f64::from(u8::try_from(counts[g]).unwrap_or(u8::MAX)) * rated[g];
            let whole: f64 = (0..places.len()).map(part).sum();
            for (g, place) in places.iter().enumerate().filter(|_| whole > 0.0) {
                let kw = power * part(g) / whole;
                if kw.abs() > 0.0 {
                    buses.take((*place, t), kw, column, Reactive::Usual);
                }
            }
            for (k, expression) in inflow.iter_mut().enumerate() {
                let flow = model.finite("tank inflow", effect.inflow[k]);
                expression[t].add_mul(3600.0 * steps[t].hours() * flow, column);
            }
        }
    }
    inflow
}

/// A mixture's mean power hides the power of its parts, and a meter averages over minutes: a
/// combination that is used at all makes the highest import at least its own least import.
fn mixed_peaks(
    model: &mut Model,
    inputs: &Inputs<'_>,
    trajectory: &Trajectory,
    (switching, combination): (&Switching<'_>, &Columns),
    peaks: &[Variable],
) {
    let forecast = inputs.forecast;
    let later: Vec<usize> =
        (0..forecast.steps.len()).filter(|&t| !switching.whole(inputs, t)).collect();
    let batteries: f64 = inputs.site.batteries.iter().map(|b| b.discharge_power.kw()).sum();
    let besides = |t: usize| {
        let pv: f64 = forecast.pv.values().map(|power| power[t].kw()).sum();
        let light = |l: &site::asset::Lighting| {
            forecast.lighting[&l.id][t].may_dim_to.get() * l.rated_power.kw()
        };
        let light: f64 = inputs.site.lighting.iter().map(light).sum();
        forecast.base_load[t].kw() + light - pv - batteries
    };
    for (c, &used) in combination.used.iter().enumerate() {
        let import = |t: usize| trajectory.effects[t][c].power + besides(t);
        let least = later.iter().map(|&t| import(t)).fold(f64::MAX, f64::min);
        if least >= f64::MAX || least <= 0.0 {
            continue;
        }
        for (i, &peak) in peaks.iter().enumerate() {
            // A combination may keep to the steps that the charge does not count.
            if later.iter().all(|&t| grid::counts(inputs, i, t)) {
                let least = model.finite("least import", least);
                let row = (least * used - peak).leq(0.0);
                model.row(grid::peak_row(i, &format!("_of_mixture[{c}]")), row);
            }
        }
    }
}

/// Tank names in order, for reading rows back.
pub(super) fn tank_ids(inputs: &Inputs<'_>) -> BTreeMap<AssetId, usize> {
    inputs.site.tanks.iter().enumerate().map(|(k, tank)| (tank.id.clone(), k)).collect()
}
