//! What the plan has batteries, chargers, loads that are on or off, and feeders do.

use super::super::battery::Energy;
use super::super::model::Solved;
use super::super::problem::Problem;
use super::super::{Inputs, Schedule, switched};
use good_lp::Variable;
use site::plan::Plan;
use site::units::{Level, Power, Ratio};

/// Fills in what the columns say.
pub(super) fn fill(
    inputs: &Inputs<'_>,
    problem: &Problem,
    (found, solved): (&Schedule, &Solved),
    plan: &mut Plan,
) {
    let site = inputs.site;
    let value = |column: &Variable| solved.value(*column);
    for (battery, columns) in site.batteries.iter().zip(&problem.batteries) {
        let Some(columns) = columns else { continue };
        let both = columns.charge.iter().zip(&columns.discharge);
        let power = both.map(|(taken, given)| Power::from_kw(value(taken) - value(given)));
        plan.power.insert(battery.id.clone(), power.collect());
        let capacity = battery.capacity.kwh();
        let share = |energy: &Energy| Ratio::new((energy.kwh(solved) / capacity).clamp(0.0, 1.0));
        plan.charge.insert(battery.id.clone(), columns.energy.iter().map(share).collect());
    }
    for (charger, columns) in site.chargers.iter().zip(&problem.chargers) {
        let power = |column: &Option<Variable>| {
            Power::from_kw(column.as_ref().map_or(0.0, |column| value(column).max(0.0)))
        };
        plan.power.insert(charger.id.clone(), columns.iter().map(power).collect());
    }
    for (load, shares) in switched::loads(inputs).zip(&found.switched) {
        let shares = shares.iter().map(|share| Ratio::new(*share)).collect();
        plan.switched.insert(load.id.clone(), shares);
    }
    for (station, volumes) in site.lift_stations.iter().zip(&problem.switched.wells) {
        let (height, whole) = (station.height.get(), station.volume.get());
        let level = |column| Level::new((value(column) / whole).clamp(0.0, 1.0) * height);
        plan.wells.insert(station.id.clone(), volumes.iter().map(level).collect());
    }
    network(inputs, problem, solved, plan);
}

fn network(inputs: &Inputs<'_>, problem: &Problem, solved: &Solved, plan: &mut Plan) {
    let Some(electrical) = &inputs.site.electrical else { return };
    for (feeder, flows) in electrical.feeders.iter().zip(&problem.network.flows) {
        let flows = flows.iter().map(|flow| Power::from_kw(solved.value(*flow))).collect();
        plan.feeders.insert(feeder.id.clone(), flows);
    }
    for ((_, section), squares) in electrical.sections().zip(&problem.network.squares) {
        if !squares.is_empty() {
            let share = |square: &Variable| Ratio::new(solved.value(*square).max(0.0).sqrt());
            plan.voltage.insert(section.node.clone(), squares.iter().map(share).collect());
        }
    }
}
