//! From a solved model to a plan in the site's own words, checked before anybody uses it.

mod assets;
mod prices;

use super::model::{SolveError, Solved};
use super::problem::{Problem, Wish};
use super::trajectory::{Trajectory, coming};
use super::{Inputs, Mix, Schedule, Switching, near_until, schedule};
use good_lp::Variable;
use site::plan::{Missed, Plan, Rung, Shortfall, Why};
use site::units::{Level, Money, Power, Ratio};
use std::collections::BTreeMap;

/// An inverter whose plan is this much below what it could give is limited.
const LIMIT_MARGIN: f64 = 0.005;
/// An export this close to its limit is at the limit, kW.
const EXPORT_MARGIN_KW: f64 = 0.1;
/// How far the linear program's levels may lie from those that the tables give, share of the
/// tank's height.
const LEVEL_TOLERANCE: f64 = 0.15;

/// The combinations chosen in each step.
pub(super) fn schedule(
    inputs: &Inputs<'_>,
    problem: &Problem,
    solved: &Solved,
    switching: &Switching<'_>,
) -> Schedule {
    let columns = &problem.combination;
    let mix = |(t, of_step): (usize, &Vec<Variable>)| {
        let shares: Mix = of_step.iter().map(|&c| solved.value(c).clamp(0.0, 1.0)).collect();
        if switching.whole(inputs, t) { rounded(&shares) } else { shares }
    };
    let near_until = match switching {
        Switching::Free(..) => near_until(inputs),
        Switching::Fixed(schedule) => schedule.near_until,
    };
    let share = |(t, &column): (usize, &Variable)| {
        let share = solved.value(column).clamp(0.0, 1.0);
        if switching.whole(inputs, t) { share.round() } else { share }
    };
    let switched = problem.switched.on.iter().map(|on| on.iter().enumerate().map(share).collect());
    Schedule {
        mixes: columns.mixes.iter().enumerate().map(mix).collect(),
        used: columns.used.iter().map(|&used| solved.value(used) > 0.5).collect(),
        switched: switched.collect(),
        near_until,
    }
}

/// Exactly one combination: solvers give 0.9999999.
fn rounded(shares: &Mix) -> Mix {
    let best = (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b]));
    best.map_or_else(Vec::new, |best| only(best, shares.len()))
}

/// One combination for the whole step.
pub(super) fn only(combination: usize, count: usize) -> Mix {
    (0..count).map(|c| f64::from(u8::from(c == combination))).collect()
}

/// The plan.
pub(super) fn plan(
    inputs: &Inputs<'_>,
    problem: &Problem,
    found: &Schedule,
    solved: &mut Solved,
    words: &str,
) -> Result<Plan, SolveError> {
    let (site, forecast) = (inputs.site, inputs.forecast);
    let now = inputs.estimate.now.utc;
    let tanks = levels(inputs, problem, &Trajectory::follow(inputs, Some(found)), solved)?;
    let grid = &problem.grid;
    let traded = |t: usize| (solved.value(grid.import[t]), solved.value(grid.export[t]));
    let traded: Vec<(f64, f64)> = (0..forecast.steps.len()).map(traded).collect();
    let import = traded.iter().map(|(bought, sold)| Power::from_kw(bought - sold)).collect();
    let peak = |column: &Variable| Power::from_kw(solved.value(*column));
    let peaks: Vec<Power> = problem.grid.peaks.iter().map(peak).collect();
    let shortfalls = shortfalls(inputs, problem, solved);
    let relaxed = !shortfalls.is_empty();
    let light = |(l, lighting): (usize, &site::asset::Lighting)| {
        let level = |column: &Variable| Ratio::new(solved.value(*column).clamp(0.0, 1.0));
        (lighting.id.clone(), problem.lighting[l].iter().map(level).collect())
    };
    let expires = site::time::add_seconds(now, site.pace.plan_valid.as_secs_f64());
    let mut plan = Plan {
        rung: if relaxed { Rung::Relaxed } else { Rung::Optimal },
        made_at: now,
        expires_at: expires,
        switching_made_at: now,
        steps: forecast.steps.clone(),
        pumps: schedule::named(inputs, found),
        tanks,
        limits: limits(inputs, problem, solved),
        lighting: site.lighting.iter().enumerate().map(light).collect(),
        cost: cost(inputs, &traded, &peaks),
        peaks,
        import,
        price: forecast.price.clone(),
        class: forecast.class.clone(),
        why: Why {
            shortfalls,
            missed: missed(problem, solved),
            switching: words.to_owned(),
            objective: solved.objective,
            ..Why::default()
        },
        ..Plan::default()
    };
    assets::fill(inputs, problem, (found, solved), &mut plan);
    prices::fill(inputs, solved, &mut plan);
    Ok(plan)
}

/// Levels at the end of each step, checked against what the tables say of the same schedule.
fn levels(
    inputs: &Inputs<'_>,
    problem: &Problem,
    trajectory: &Trajectory,
    solved: &Solved,
) -> Result<BTreeMap<site::AssetId, Vec<Level>>, SolveError> {
    let mut all = BTreeMap::new();
    let Some(water) = inputs.water else { return Ok(all) };
    for (k, tank) in inputs.site.tanks.iter().enumerate() {
        let shape = &water.network.tanks()[water.tanks[k]];
        let mut levels = Vec::new();
        for (t, &column) in problem.tanks[k].volume.iter().enumerate() {
            let level = shape.level_m(solved.value(column));
            let expected = trajectory.levels[t][k];
            let off = (level - expected).abs() > LEVEL_TOLERANCE * tank.height.get();
            if t < coming(inputs) && off {
                return Err(SolveError::Check(format!(
                    "{} at {level:.2} m in step {t}, the tables say {expected:.2} m",
                    tank.id
                )));
            }
            levels.push(Level::new(level));
        }
        all.insert(tank.id.clone(), levels);
    }
    Ok(all)
}

/// Limits where the plan takes less than the sun offers.
fn limits(
    inputs: &Inputs<'_>,
    problem: &Problem,
    solved: &Solved,
) -> BTreeMap<site::AssetId, Vec<Option<Ratio>>> {
    let mut all = BTreeMap::new();
    for (i, inverter) in inputs.site.inverters.iter().enumerate() {
        let available = &inputs.forecast.pv[&inverter.id];
        let rated = inverter.rated_power.kw();
        let limit = |(t, column): (usize, &Variable)| {
            let taken = solved.value(*column);
            let limited = taken < available[t].kw() - LIMIT_MARGIN * rated;
            // What only the cap on export takes is left to the cap: it goes by what is measured.
            let limited = limited && !at_export_limit(inputs, problem, solved, t);
            let least = inverter.min_limit.get();
            limited.then(|| Ratio::new((taken / rated).clamp(least, 1.0)))
        };
        let limits = problem.inverters[i].iter().enumerate().map(limit).collect();
        all.insert(inverter.id.clone(), limits);
    }
    all
}

fn at_export_limit(inputs: &Inputs<'_>, problem: &Problem, solved: &Solved, t: usize) -> bool {
    let limit = inputs.site.grid.export_limit;
    let grid = &problem.grid;
    let export = solved.value(grid.export[t]) - solved.value(grid.import[t]);
    limit.is_some_and(|limit| export > limit.kw() - EXPORT_MARGIN_KW)
}

/// Expected money over the horizon: what is bought and sold, kW, what is above the subscribed
/// power, and the part of the demand charges that is new.
fn cost(inputs: &Inputs<'_>, traded: &[(f64, f64)], peaks: &[Power]) -> Money {
    let (forecast, tariff) = (inputs.forecast, &inputs.site.tariff);
    let mut cost = 0.0;
    for (t, (bought, sold)) in traded.iter().enumerate() {
        let hours = forecast.steps[t].hours();
        cost += hours * (bought * forecast.price[t].get() - sold * forecast.feed_in[t].get());
        if let (Some(limit), Some(subscribed)) = (forecast.subscribed[t], &tariff.subscribed) {
            let above = (bought - sold - limit.kw()).max(0.0);
            cost += above * hours * subscribed.plan_price(&forecast.class[t]).get();
        }
    }
    for (i, charge) in tariff.demand_charges.iter().enumerate() {
        let days = charge.billing.days_left(inputs.estimate.now.utc, inputs.site.calendar());
        let so_far = inputs.estimate.peaks.get(i).map_or(0.0, |peak| peak.kw());
        cost += charge.price.get() * (peaks[i].kw() - so_far).max(0.0) / days;
    }
    Money::new(cost)
}

/// The wishes given up, step by step.
fn missed(problem: &Problem, solved: &Solved) -> Vec<Missed> {
    let of_wish = |wish: &Wish| {
        let of_step = |&(t, column, price): &(usize, Variable, f64)| {
            let amount = solved.value(column);
            (amount > wish.tolerance).then(|| Missed {
                constraint: format!("{}[{t}]", wish.name),
                amount,
                unit: wish.unit.to_owned(),
                price,
            })
        };
        wish.slack.iter().filter_map(of_step).collect::<Vec<Missed>>()
    };
    problem.wishes.iter().flat_map(of_wish).collect()
}

fn shortfalls(inputs: &Inputs<'_>, problem: &Problem, solved: &Solved) -> Vec<Shortfall> {
    let mut all = Vec::new();
    for wish in &problem.wishes {
        let used = || {
            let amount = |entry: &&(usize, Variable, f64)| solved.value(entry.1);
            wish.slack.iter().filter(move |entry| amount(entry) > wish.tolerance)
        };
        let Some(first) = used().next() else { continue };
        let amount = used().fold(0.0, |most: f64, entry| most.max(solved.value(entry.1)));
        let penalty: f64 = used().map(|entry| entry.2 * solved.value(entry.1)).sum();
        all.push(Shortfall {
            wish: wish.name.clone(),
            from: inputs.forecast.steps[first.0].start,
            amount,
            unit: wish.unit.to_owned(),
            penalty: Money::new(penalty),
        });
    }
    all
}
