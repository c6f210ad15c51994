//! When pump combinations are to be chosen anew: what stands no longer fits.

use super::Inputs;
use site::plan::Plan;

/// A level this far from its path (share of the tank's height) makes a new choice due.
const OFF_PATH: f64 = 0.04;

/// A wish that the standing choice will miss now, and did not when it was made.
pub(super) fn newly_given_up(plan: &Plan, chosen: &Plan) -> Option<String> {
    let known = |wish: &str| chosen.why.shortfalls.iter().any(|missed| missed.wish == wish);
    let missed = plan.why.shortfalls.iter().find(|missed| !known(&missed.wish))?;
    Some(format!("{} would be missed", missed.wish))
}

/// A level away from where the chosen plan expected it.
pub(super) fn off_path(inputs: &Inputs<'_>, chosen: &Plan) -> Option<String> {
    let t = chosen.step_at(inputs.estimate.now.utc)?;
    let step = chosen.steps[t];
    let passed = site::time::seconds_between(step.start, inputs.estimate.now.utc);
    let weight = passed / (step.hours() * 3600.0);
    for tank in &inputs.site.tanks {
        let Some(level) = inputs.estimate.tanks.get(&tank.id).copied().flatten() else { continue };
        let path = chosen.tanks.get(&tank.id)?;
        let end = path[t].get();
        let start = if t == 0 { end } else { path[t - 1].get() };
        let expected = if t == 0 { end } else { start + weight * (end - start) };
        let off = (level.value.get() - expected).abs() / tank.height.get();
        // Within the first step only a large difference means something: its start is not kept.
        if off > if t == 0 { 3.0 * OFF_PATH } else { OFF_PATH } {
            return Some(format!("{} is {:.0} % off its path", tank.id, 100.0 * off));
        }
    }
    None
}
