//! Inverters and lighting.

use super::Inputs;
use super::bus::{Buses, Reactive};
use super::model::Model;
use good_lp::Variable;
use site::asset::{Inverter, Mode};

/// Whether an inverter can be told anything; one that cannot gives what the sun offers.
pub(super) fn commandable(inputs: &Inputs<'_>, inverter: &Inverter) -> bool {
    inputs.estimate.inverters[&inverter.id].unavailable.is_none()
        && inverter.control.mode == Mode::Control
}

/// Power of each inverter per step, kW.
pub(super) fn inverters(
    model: &mut Model,
    inputs: &Inputs<'_>,
    buses: &mut Buses<'_>,
) -> Vec<Vec<Variable>> {
    let mut all = Vec::new();
    for inverter in &inputs.site.inverters {
        let available = &inputs.forecast.pv[&inverter.id];
        let place = buses.place(&inverter.id);
        let free = commandable(inputs, inverter);
        let most = available.iter().map(|power| power.kw()).fold(0.0, f64::max);
        buses.may(place, most, 0.0);
        let mut columns = Vec::new();
        for (t, power) in available.iter().enumerate() {
            let kw = power.kw();
            let least = if free { 0.0 } else { kw };
            let held = inputs.held_power(&inverter.id, &inputs.forecast.steps[t]);
            // Held on it may not be curtailed, held at a power it gives at most that.
            let (least, kw) = held.map_or((least, kw), |held| {
                if held < f64::MAX { (least.min(held), kw.min(held)) } else { (kw, kw) }
            });
            let column = model.column(&format!("{}.power[{t}]", inverter.id), least, kw);
            buses.give((place, t), 1.0, column);
            columns.push(column);
        }
        all.push(columns);
    }
    all
}

/// Level of each cabinet per step.
pub(super) fn lighting(
    model: &mut Model,
    inputs: &Inputs<'_>,
    buses: &mut Buses<'_>,
) -> Vec<Vec<Variable>> {
    let mut all = Vec::new();
    for lighting in &inputs.site.lighting {
        let rated = lighting.rated_power.kw();
        let place = buses.place(&lighting.id);
        buses.may(place, 0.0, rated);
        let mut columns = Vec::new();
        for (t, window) in inputs.forecast.lighting[&lighting.id].iter().enumerate() {
            let (level, least) = (window.level.get(), window.may_dim_to.get());
            let held = inputs.held_power(&lighting.id, &inputs.forecast.steps[t]);
            let held = held.map(|kw| (kw / rated).max(least).min(level));
            let (least, level) = held.map_or((least, level), |held| (held, held));
            let column = model.column(&format!("{}.level[{t}]", lighting.id), least, level);
            buses.take((place, t), rated, column, Reactive::Usual);
            // Light that was wished and is not given: the constant part does not matter.
            let hours = inputs.forecast.steps[t].hours();
            model.cost("light", -lighting.value.get() * rated * hours, column);
            columns.push(column);
        }
        all.push(columns);
    }
    all
}
