//! A day's problem for other people's tools: what the planner is asked, as data with names and
//! units, and the optimum of its own model of it.
//!
//! The data say what there is, what is wished and what missing a wish costs. They are not the rows
//! and columns of our model: whoever writes their own program of them can tell whether ours is
//! right.

pub mod data;
mod flexible;
mod supply;
mod water;

use super::model::{Limits, Model, SolveError};
use super::trajectory::Trajectory;
use super::{Inputs, Switching, Work, choose, near_until, problem};
use data::{DayData, HoldData, OrderData, StepData};
use serde::Serialize;
use site::plan::Step;
use std::collections::BTreeMap;

/// A day's problem: what is asked, and the levels around which flows and powers of pumps are taken.
pub struct Day<'a> {
    inputs: &'a Inputs<'a>,
    trajectory: Trajectory,
}

/// The least that the planner's model of a day costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Optimum {
    /// Money, wear and wishes given up at their prices, less what is left at the end, EUR. Light
    /// counts where it is wished and not given.
    pub objective_eur: f64,
    /// The relative gap to which it was proved.
    pub gap: f64,
    /// The limits ended the search before that gap was reached: the figure proves nothing.
    pub truncated: bool,
    /// What it is made of, by the name of each part, EUR; parts of nothing are left out.
    pub parts_eur: BTreeMap<String, f64>,
}

impl<'a> Day<'a> {
    /// Makes the planner's own choice of pump combinations, without memory, and takes flows and
    /// powers around the levels that it leads to.
    ///
    /// # Errors
    /// When the planner finds no choice.
    pub fn new(inputs: &'a Inputs<'a>) -> Result<Self, SolveError> {
        let chosen = choose(inputs, None, 0.0, &mut Work::default())?;
        Ok(Self { inputs, trajectory: Trajectory::follow(inputs, Some(&chosen)) })
    }

    /// The optimum of the planner's model; `relaxed` lets everything that is whole be taken in
    /// parts.
    ///
    /// # Errors
    /// When there is no solution within the limits.
    pub fn optimum(&self, limits: &Limits, relaxed: bool) -> Result<Optimum, SolveError> {
        let switching = Switching::Free(None, 0.0);
        let model = Model::itemised(relaxed);
        let problem = problem::build_in(model, self.inputs, &self.trajectory, &switching);
        let solved = problem.model.solve(limits)?;
        let mut parts = solved.parts;
        // The model earns by light that is given; people count what is missing.
        let wished = self.light_wished_eur();
        *parts.entry("light".to_owned()).or_default() += wished;
        parts.retain(|_, part| part.abs() > 1e-9);
        let objective_eur = solved.objective + wished;
        Ok(Optimum {
            objective_eur,
            gap: limits.gap,
            truncated: solved.truncated,
            parts_eur: parts,
        })
    }

    /// The worth of all the light that is wished, EUR.
    fn light_wished_eur(&self) -> f64 {
        let forecast = self.inputs.forecast;
        let of_cabinet = |lighting: &site::asset::Lighting| {
            let windows = forecast.lighting[&lighting.id].iter().zip(&forecast.steps);
            let hours: f64 = windows.map(|(window, step)| window.level.get() * step.hours()).sum();
            lighting.value.get() * lighting.rated_power.kw() * hours
        };
        self.inputs.site.lighting.iter().map(of_cabinet).sum()
    }

    /// What is asked, as data.
    #[must_use]
    pub fn data(&self) -> DayData {
        let inputs = self.inputs;
        let (site, estimate) = (inputs.site, inputs.estimate);
        let near_until = near_until(inputs);
        let step = |step: &Step| StepData {
            start: step.start,
            end: step.end,
            whole: step.start < near_until,
        };
        let running = |id: &site::AssetId| site.generators.iter().find(|one| &one.id == id);
        let generator = estimate.generator.as_ref().and_then(running);
        DayData {
            version: data::VERSION,
            site: site.id.clone(),
            time_zone: site.zone.iana_name().unwrap_or("UTC").to_owned(),
            now: estimate.now.utc,
            steps: inputs.forecast.steps.iter().map(step).collect(),
            base_load_kw: inputs.forecast.base_load.iter().map(|load| load.kw()).collect(),
            tariff: supply::tariff(inputs),
            grid: supply::grid(inputs),
            network: supply::network(inputs),
            water: water::water(inputs, &self.trajectory),
            inverters: supply::inverters(inputs),
            lighting: supply::lighting(inputs),
            batteries: flexible::batteries(inputs),
            chargers: flexible::chargers(inputs),
            shiftable: flexible::shiftable(inputs),
            lift_stations: flexible::lift_stations(inputs),
            generator_carries: generator.map(|generator| generator.carries.clone()),
            holds: inputs.holds.iter().map(HoldData::from).collect(),
            orders: estimate.external.iter().map(OrderData::from).collect(),
        }
    }
}
