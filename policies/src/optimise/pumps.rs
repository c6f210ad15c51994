//! Pump combinations: one per step, with starts, minimum run and stop times, and what the pumps
//! are doing now carried in.

use super::model::Model;
use super::{Inputs, Schedule, Switching};
use good_lp::{Expression, Variable};
use site::AssetId;
use site::asset::Mode;
use site::plan::PumpState;
use std::time::Duration;

/// The columns of pump combinations.
pub(super) struct Columns {
    /// Share of each step that each combination takes: `mixes[step][combination]`.
    pub(super) mixes: Vec<Vec<Variable>>,
    /// Whether a combination is used at all: what the highest import is reckoned with.
    pub(super) used: Vec<Variable>,
}

/// Adds the combination columns and all rules about switching.
pub(super) fn add(model: &mut Model, inputs: &Inputs<'_>, switching: &Switching<'_>) -> Columns {
    let steps = inputs.forecast.steps.len();
    let Some(water) = inputs.water else {
        return Columns { mixes: vec![Vec::new(); steps], used: Vec::new() };
    };
    let combinations = water.tables.combinations();
    let known = switching.schedule();
    let used = |(c, _): (usize, _)| {
        let guess = known.is_some_and(|schedule| schedule.used[c]);
        if inputs.site.tariff.demand_charges.is_empty() {
            // Nothing is paid for the highest import.
            return model.column("combination used", 0.0, 1.0);
        }
        if switching.is_fixed() {
            // What was reckoned with is paid; the rest may be taken in parts.
            model.column("combination used", f64::from(u8::from(guess)), 1.0)
        } else {
            model.binary(None, guess)
        }
    };
    let used: Vec<Variable> = combinations.iter().enumerate().map(used).collect();
    let mut mixes = Vec::with_capacity(steps);
    for t in 0..steps {
        let whole = switching.whole(inputs, t);
        let guess = |c: usize| known.is_some_and(|schedule| schedule.mixes[t][c] > 0.5);
        let column = |c: usize| match (whole, switching.is_fixed()) {
            (true, fixed) => model.binary(fixed.then(|| guess(c)), guess(c)),
            (false, _) => model.column("share of step", 0.0, 1.0),
        };
        let of_step: Vec<Variable> = (0..combinations.len()).map(column).collect();
        let sum: Expression = of_step.iter().sum();
        model.row(format!("pumps.one_combination[{t}]"), sum.eq(1.0));
        for (&share, &used) in of_step.iter().zip(&used).filter(|_| !whole) {
            model.row(format!("pumps.used[{t}]"), (share - used).leq(0.0));
        }
        mixes.push(of_step);
    }
    if let Switching::Free(Some(standing), threshold) = switching
        && *threshold > 0.0
    {
        let changed = model.column("switching changed", 0.0, 1.0);
        model.cost("switching changed", *threshold, changed);
        change(model, inputs, (switching, standing), changed, &mixes);
    }
    for g in 0..water.groups.len() {
        let running = |of_step: &Vec<Variable>| {
            let mut count = Expression::default();
            for (combination, &column) in combinations.iter().zip(of_step) {
                if combination.0[g] > 0 {
                    count.add_mul(f64::from(small(combination.0[g])), column);
                }
            }
            count
        };
        let running: Vec<Expression> = mixes.iter().map(running).collect();
        group(model, inputs, g, &running, switching);
    }
    Columns { mixes, used }
}

/// The price of changing what stands: one for the whole near part, however much of it changes. A
/// change is made only when it saves more.
fn change(
    model: &mut Model,
    inputs: &Inputs<'_>,
    (switching, standing): (&Switching<'_>, &Schedule),
    changed: Variable,
    mixes: &[Vec<Variable>],
) {
    for (t, of_step) in mixes.iter().enumerate() {
        let stands = inputs.forecast.steps[t].start < standing.near_until;
        let chosen = standing.mixes[t].iter().position(|share| *share > 0.5);
        if let (true, true, Some(c)) = (stands, switching.whole(inputs, t), chosen) {
            let row = (Expression::from(of_step[c]) + changed).geq(1.0);
            model.row(format!("pumps.standing[{t}]"), row);
        }
    }
}

fn small(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}

/// What the pumps of a group must or may do at the beginning of a step, from what they do now.
pub(super) struct Bounds {
    pub(super) least: usize,
    pub(super) most: usize,
}

/// What a hold makes of a pump `offset` after now: its least run and stop times come first. None
/// when it is free.
pub(super) fn held(inputs: &Inputs<'_>, id: &AssetId, offset: Duration) -> Option<bool> {
    let wanted = inputs.held_on(id, offset)?;
    let (pump, state) = (inputs.site.pump(id)?, inputs.estimate.pumps.get(id)?);
    let running = state.running == Some(true);
    let least = if running { pump.min_run } else { pump.min_stop };
    Some(if state.in_state_for + offset < least { running } else { wanted })
}

/// Bounds on the number of running pumps `offset` after now.
pub(super) fn bounds(inputs: &Inputs<'_>, g: usize, offset: Duration, first: bool) -> Bounds {
    let Some(water) = inputs.water else { return Bounds { least: 0, most: 0 } };
    let (mut least, mut most) = (0, 0);
    for id in &water.groups[g].pumps {
        let (Some(pump), Some(state)) = (inputs.site.pump(id), inputs.estimate.pumps.get(id))
        else {
            continue;
        };
        let running = state.running == Some(true);
        if !inputs.may_draw(id) {
            continue;
        }
        if let Some(on) = held(inputs, id, offset) {
            (least, most) = (least + usize::from(on), most + usize::from(on));
            continue;
        }
        if !inputs.commandable(id) {
            // It does what it does; for now that counts, later nobody can count on it.
            least += usize::from(first && running);
            most += usize::from(first && running);
            continue;
        }
        let known = state.in_state_for;
        let must_run = running && known + offset < pump.min_run;
        let must_rest = !running && known + offset < pump.min_stop;
        least += usize::from(must_run);
        most += usize::from(!must_rest);
    }
    Bounds { least, most }
}

fn group(
    model: &mut Model,
    inputs: &Inputs<'_>,
    g: usize,
    running: &[Expression],
    switching: &Switching<'_>,
) {
    let Some(water) = inputs.water else { return };
    let pumps = &water.groups[g].pumps;
    let name = pumps[0].as_str();
    let states = pumps.iter().filter_map(|id| inputs.estimate.pumps.get(id));
    let now_running = states.filter(|state| state.running == Some(true)).count();
    let Some(pump) = inputs.site.pump(&pumps[0]) else { return };
    let steps = &inputs.forecast.steps;
    let mut previous: Expression = f64::from(small(now_running)).into();
    let size = f64::from(small(pumps.len()));
    let (mut starts, mut stops) = (Vec::new(), Vec::new());
    for (t, count) in running.iter().enumerate() {
        let start = model.column(&format!("{name}.starts"), 0.0, size);
        let stop = model.column(&format!("{name}.stops"), 0.0, size);
        model.cost("start", pump.start_cost.get(), start);
        model.row(
            format!("{name}.switches[{t}]"),
            (count.clone() - previous.clone()).eq(Expression::from(start) - stop),
        );
        // A standing choice was narrowed already.
        if !(switching.is_fixed() && switching.whole(inputs, t)) {
            let offset = steps[t].start.duration_since(steps[0].start).unsigned_abs();
            let bounds = bounds(inputs, g, offset, t == 0);
            let (least, most) = (f64::from(small(bounds.least)), f64::from(small(bounds.most)));
            if least > 0.0 {
                model.row(format!("{name}.min_run[{t}]"), count.clone().geq(least));
            }
            if most < size {
                model.row(format!("{name}.available[{t}]"), count.clone().leq(most));
            }
        }
        starts.push(start);
        stops.push(stop);
        previous = count.clone();
    }
    if !switching.is_fixed() {
        let near = (0..running.len()).take_while(|&t| switching.whole(inputs, t)).count();
        windows(model, inputs, g, &running[..near], (&starts, &stops));
    }
}

/// Minimum run and stop times and starts per hour within the horizon, where steps are shorter.
fn windows(
    model: &mut Model,
    inputs: &Inputs<'_>,
    g: usize,
    running: &[Expression],
    (starts, stops): (&[Variable], &[Variable]),
) {
    let Some(water) = inputs.water else { return };
    let pumps = &water.groups[g].pumps;
    let Some(pump) = inputs.site.pump(&pumps[0]) else { return };
    let (name, size) = (pumps[0].as_str(), f64::from(small(pumps.len())));
    let steps = &inputs.forecast.steps;
    let states: Vec<&PumpState> =
        pumps.iter().filter_map(|id| inputs.estimate.pumps.get(id)).collect();
    let recent: u32 = states.iter().map(|state| state.starts_last_hour).sum();
    let before = |t: usize, within: Duration| -> Vec<usize> {
        let age = |s: &usize| steps[t].start.duration_since(steps[*s].start).unsigned_abs();
        (0..t).filter(|s| age(s) < within).collect()
    };
    for t in 1..running.len() {
        let young: Vec<usize> = before(t, pump.min_run);
        if !young.is_empty() {
            let begun: Expression = young.iter().map(|&s| starts[s]).sum();
            model.row(format!("{name}.min_run_ahead[{t}]"), running[t].clone().geq(begun));
        }
        let young: Vec<usize> = before(t, pump.min_stop);
        if !young.is_empty() {
            let ended: Expression = young.iter().map(|&s| stops[s]).sum();
            model
                .row(format!("{name}.min_stop_ahead[{t}]"), (running[t].clone() + ended).leq(size));
        }
        let hour = Duration::from_secs(3600);
        let mut window = before(t, hour);
        if window.len() >= 2 {
            window.push(t);
            let past = steps[t].start.duration_since(steps[0].start).unsigned_abs() < hour;
            let used = if past { f64::from(recent) } else { 0.0 };
            let most = (size * f64::from(pump.max_starts_per_hour) - used).max(0.0);
            let begun: Expression = window.iter().map(|&s| starts[s]).sum();
            model.row(format!("{name}.starts_per_hour[{t}]"), begun.leq(most));
        }
    }
}

impl Inputs<'_> {
    /// Whether the plan may count on a pump: it is in control and available.
    pub(super) fn commandable(&self, id: &site::AssetId) -> bool {
        let mode = self.site.pump(id).map(|pump| pump.control.mode);
        let state = self.estimate.pumps.get(id);
        mode != Some(Mode::Observe) && state.is_some_and(|state| state.unavailable.is_none())
    }
}
