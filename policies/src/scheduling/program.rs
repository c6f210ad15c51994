//! The schedule as a mixed-integer program: a first schedule, and a bound that no schedule passes.
//!
//! In each step every zone runs one combination of its pumps, and what a combination does is known
//! at the corners of the box of tank levels and at its middle; the program mixes these points so
//! that their volumes are the volumes it has. Because it may mix any of them, and knows neither
//! pressures nor minimum run and stop times, it sees a little more than physics allows. That makes
//! its bound a bound, as far as flows and powers lie within what was tabulated.
//!
//! ```text
//! sum_c y[z,t,c] = 1                      one combination of each zone z in each step t
//! sum_g x[z,t,c,g] = y[z,t,c]             shares of the points g
//! sum_cg x[z,t,c,g] volume[k,g] = V[k,t]  the points' volumes are the tank's
//! V[k,t+1] = V[k,t] + sum_zcg x q         q: m3 into the tank over the step
//! min sum x cost
//! ```

#[cfg(test)]
mod tests;

use super::Problem;
use super::candidate;
use super::course::{Course, Inset, Store};
use super::score::Choices;
use super::stepper::Stepper;
use good_lp::solvers::highs::{HighsParallelType, highs};
use good_lp::{Constraint, Expression, ProblemVariables, SolverModel, Variable, variable};
use highs::{HighsModelStatus, HighsSolutionStatus, Model};
use hydraulics::{HydraulicsError, Schedule, Zone};
use std::sync::Arc;

/// The most combinations of one zone.
const COMBINATIONS_MAX: usize = 64;
/// The most tanks of a zone whose levels are all taken into account.
const CORNER_TANKS_MAX: usize = 4;
/// The most columns of a program worth building.
const COLUMNS_MAX: usize = 40_000;
/// More power than any network's pumps have, kW: columns are bounded.
const PEAK_KW_MAX: f64 = 1e6;
/// Relative gap at which the program is solved.
const GAP: f64 = 1e-4;

/// What the program says.
#[derive(Debug, Clone, Default)]
pub struct Bound {
    /// A schedule that keeps the tanks right as far as the tables go; to be simulated.
    pub schedule: Option<Schedule>,
    /// No schedule costs less, as far as the tables go. Nothing where the network has too many
    /// combinations for a program, or the time was too short for any bound.
    pub bound: Option<f64>,
}

/// Builds the program, and solves it within some seconds. Where it is too large, or `stop` says so
/// while it is built, nothing comes out.
///
/// # Errors
/// When EPANET cannot open the network.
pub fn bound(
    problem: &Problem<'_>,
    seconds: f64,
    stop: &dyn Fn() -> bool,
) -> Result<Bound, HydraulicsError> {
    let course = Arc::new(Course::new(problem, Inset::NONE));
    let mut ways = Vec::new();
    for zone in course.network.zones() {
        let Some(combinations) = combinations(&course, zone) else { return Ok(Bound::default()) };
        ways.push(Ways { points: points(zone), combinations });
    }
    let size = |ways: &Ways| ways.combinations.len() * (ways.points.len() + 1);
    if course.steps.len() * ways.iter().map(size).sum::<usize>() > COLUMNS_MAX {
        return Ok(Bound::default());
    }
    let mut program = Program::new(&course)?;
    for t in 0..course.steps.len() {
        if stop() {
            return Ok(Bound::default());
        }
        program.step(t, &ways);
    }
    program.limit_starts();
    Ok(program.solve(seconds))
}

/// How a zone may run.
struct Ways {
    /// Levels at which it is solved, as shares of each of its tanks.
    points: Vec<Vec<f64>>,
    combinations: Vec<Vec<u8>>,
}

/// Levels at which a zone is solved, as shares of each of its tanks.
fn points(zone: &Zone) -> Vec<Vec<f64>> {
    let tanks = zone.tanks.len();
    let middle = vec![0.5; tanks];
    if tanks == 0 || tanks > CORNER_TANKS_MAX {
        return vec![middle];
    }
    let corner = |mask: usize| (0..tanks).map(move |k| if mask >> k & 1 == 1 { 1.0 } else { 0.0 });
    let mut points: Vec<Vec<f64>> = (0..1_usize << tanks).map(|m| corner(m).collect()).collect();
    points.push(middle);
    points
}

/// Every combination of a zone's pumps; identical pumps are counted, not named. Nothing where
/// there are too many.
fn combinations(course: &Course, zone: &Zone) -> Option<Vec<Vec<u8>>> {
    let mut all: Vec<Vec<u8>> = vec![vec![0; course.pumps()]];
    let stations = course.network.stations().iter();
    let inside = stations.filter(|s| s.pumps.iter().any(|pump| zone.pumps.contains(pump)));
    for station in inside {
        for (place, &pump) in station.pumps.iter().enumerate() {
            let speeds = some(course.speeds[pump].len());
            // Of identical pumps the first runs at least as fast as the next.
            let ceiling =
                |way: &[u8]| if place == 0 { u8::MAX } else { way[station.pumps[place - 1]] };
            let with = |way: &Vec<u8>, choice| {
                let mut way = way.clone();
                way[pump] = choice;
                way
            };
            let allowed = |way: &Vec<u8>| {
                let ceiling = ceiling(way);
                speeds.iter().copied().filter(move |&choice| choice <= ceiling)
            };
            let longer = all.iter().flat_map(|way| {
                allowed(way).map(move |choice| with(way, choice)).collect::<Vec<_>>()
            });
            all = longer.collect();
            if all.len() > COMBINATIONS_MAX {
                return None;
            }
        }
    }
    Some(all)
}

/// Off, and of many speeds the least, the middle and the most: with these few the program stays
/// small, and its bound is an estimate.
fn some(count: usize) -> Vec<u8> {
    let mut some = vec![0, 1, count / 2, count.saturating_sub(1)];
    some.sort_unstable();
    some.dedup();
    some.into_iter().filter_map(|choice| u8::try_from(choice).ok()).collect()
}

/// Zones with how they may run.
fn zip<'a>(course: &'a Course, ways: &'a [Ways]) -> impl Iterator<Item = (&'a Zone, &'a Ways)> {
    course.network.zones().iter().zip(ways)
}

/// A level from a share of a tank's range, m.
fn level(store: &Store, share: f64) -> f64 {
    let tank = &store.tank;
    tank.level_min_m + share * (tank.level_max_m - tank.level_min_m)
}

/// What a combination does at one point over a step.
struct Effect {
    /// m3 into each of the zone's tanks.
    inflow: Vec<f64>,
    cost: f64,
    /// Highest power, kW.
    power_kw: f64,
}

/// A program under construction.
struct Program {
    course: Arc<Course>,
    stepper: Stepper,
    variables: ProblemVariables,
    columns: usize,
    cost: Expression,
    rows: Vec<Constraint>,
    /// Volume of each tank before the step that comes next.
    volume: Vec<Expression>,
    /// Highest power of all pumps, kW; nothing where it costs nothing.
    peak: Option<Variable>,
    /// For each step: combinations with their columns' places.
    chosen: Vec<Vec<(Vec<u8>, usize, Variable)>>,
}

impl Program {
    fn new(course: &Arc<Course>) -> Result<Self, HydraulicsError> {
        let volume = course.stores.iter().map(|store| store.start_m3.into()).collect();
        let mut program = Self {
            course: Arc::clone(course),
            stepper: Stepper::open(course)?,
            variables: ProblemVariables::new(),
            columns: 0,
            cost: Expression::default(),
            rows: Vec::new(),
            volume,
            peak: None,
            chosen: Vec::new(),
        };
        if course.per_peak_kw > 0.0 {
            let (_, peak) = program.column(0.0, PEAK_KW_MAX, false);
            program.cost.add_mul(course.per_peak_kw, peak);
            program.peak = Some(peak);
        }
        Ok(program)
    }

    fn column(&mut self, least: f64, most: f64, whole: bool) -> (usize, Variable) {
        let definition = variable().min(least).max(most);
        let definition = if whole { definition.integer() } else { definition };
        self.columns += 1;
        (self.columns - 1, self.variables.add(definition))
    }

    /// Adds all zones in a step, and the tanks after it.
    fn step(&mut self, t: usize, ways: &[Ways]) {
        let course = Arc::clone(&self.course);
        let mut after = self.volume.clone();
        let mut power = Expression::default();
        self.chosen.push(Vec::new());
        for (z, (zone, Ways { points, combinations })) in zip(&course, ways).enumerate() {
            let mut one = Expression::default();
            let mut held = vec![Expression::default(); zone.tanks.len()];
            for way in combinations {
                let (place, chosen) = self.column(0.0, 1.0, true);
                one += chosen;
                let mut shares = Expression::default();
                for point in points {
                    let Some(effect) = self.effect((z, zone), t, way, point) else { continue };
                    let (_, share) = self.column(0.0, 1.0, false);
                    shares += share;
                    self.cost.add_mul(effect.cost, share);
                    power.add_mul(effect.power_kw, share);
                    for (k, &tank) in zone.tanks.iter().enumerate() {
                        let store = &course.stores[tank];
                        after[tank].add_mul(effect.inflow[k], share);
                        held[k].add_mul(store.tank.volume_m3(level(store, point[k])), share);
                    }
                }
                self.rows.push((shares - chosen).eq(0.0));
                self.chosen[t].push((way.clone(), place, chosen));
            }
            self.rows.push(one.eq(1.0));
            if points.len() > 1 {
                for (held, &tank) in held.into_iter().zip(&zone.tanks) {
                    self.rows.push((held - self.volume[tank].clone()).eq(0.0));
                }
            }
        }
        if let Some(peak) = self.peak {
            self.rows.push((power - peak).leq(0.0));
        }
        self.tanks(t, after);
    }

    /// Volumes after a step, within their limits.
    fn tanks(&mut self, t: usize, after: Vec<Expression>) {
        let course = Arc::clone(&self.course);
        let last = t + 1 == course.steps.len();
        for ((store, after), k) in course.stores.iter().zip(after).zip(0..) {
            let least = if last { store.low_m3.max(store.end_m3) } else { store.low_m3 };
            let (_, volume) = self.column(least.min(store.high_m3), store.high_m3, false);
            self.rows.push((after - volume).eq(0.0));
            self.volume[k] = volume.into();
        }
    }

    /// What a combination does over a step at one point; nothing where EPANET finds no solution.
    fn effect(
        &mut self,
        (z, zone): (usize, &Zone),
        t: usize,
        way: &[u8],
        point: &[f64],
    ) -> Option<Effect> {
        let course = Arc::clone(&self.course);
        let mut levels: Vec<f64> = course.stores.iter().map(|s| level(s, 0.5)).collect();
        for (&tank, &share) in zone.tanks.iter().zip(point) {
            levels[tank] = level(&course.stores[tank], share);
        }
        let speeds = course.speeds_of(way);
        let inflow = vec![0.0; zone.tanks.len()];
        let mut effect = Effect { inflow, cost: 0.0, power_kw: 0.0 };
        for span in &course.steps[t] {
            let instant = self.stepper.solve(span.class, &speeds, &levels).ok()?;
            for (sum, flow) in effect.inflow.iter_mut().zip(&instant.zone_inflow_m3s[z]) {
                *sum += flow * span.seconds;
            }
            let mut power_kw = 0.0;
            for &pump in &zone.pumps {
                let kw = instant.pump_power_w[pump] / 1e3;
                effect.cost += kw * span.seconds / 3600.0 * span.per_kwh[pump];
                power_kw += kw;
            }
            effect.power_kw = effect.power_kw.max(power_kw);
        }
        Some(effect)
    }

    /// Bounds the starts of stations, where the problem does. Pumps of a station are counted, so
    /// a station is allowed the starts of all its pumps.
    fn limit_starts(&mut self) {
        let course = Arc::clone(&self.course);
        let mut all = Expression::default();
        for station in course.network.stations() {
            let size = u32::try_from(station.pumps.len()).unwrap_or(u32::MAX);
            let mut of_station = Expression::default();
            for t in 1..course.steps.len() {
                let (_, starts) = self.column(0.0, f64::from(size), false);
                let more = self.running(t, &station.pumps) - self.running(t - 1, &station.pumps);
                self.rows.push((more - starts).leq(0.0));
                of_station += starts;
            }
            all += of_station.clone();
            if let Some(most) = course.starts_max {
                self.rows.push(of_station.leq(f64::from(most) * f64::from(size)));
            }
        }
        if let Some(most) = course.total_starts_max {
            self.rows.push(all.leq(f64::from(most)));
        }
    }

    /// How many of some pumps run in a step.
    fn running(&self, t: usize, pumps: &[usize]) -> Expression {
        let mut count = Expression::default();
        for (way, _, chosen) in &self.chosen[t] {
            let on = pumps.iter().filter(|&&pump| way[pump] > 0).count();
            if on > 0 {
                count.add_mul(f64::from(u32::try_from(on).unwrap_or(u32::MAX)), *chosen);
            }
        }
        count
    }

    fn solve(self, seconds: f64) -> Bound {
        let mut problem =
            self.variables.minimise(self.cost).using(highs).set_parallel(HighsParallelType::Off);
        for row in self.rows {
            problem.add_constraint(row);
        }
        let Ok(mut model) = problem.try_into_inner() else { return Bound::default() };
        limit(&mut model, seconds);
        let Ok(solved) = model.try_solve() else { return Bound::default() };
        if solved.status() == HighsModelStatus::Infeasible {
            return Bound::default();
        }
        let dual = solved.double_info_value(c"mip_dual_bound").ok();
        let found = solved.primal_solution_status() == HighsSolutionStatus::Feasible;
        let columns = solved.get_solution();
        let schedule = found.then(|| {
            let choices = choose(&self.course, &self.chosen, columns.columns());
            candidate::schedule(&self.course, &choices)
        });
        // A bound of 0 says nothing: it is what is known before the first relaxation is solved.
        Bound { schedule, bound: dual.filter(|bound| bound.is_finite() && *bound > 0.0) }
    }
}

/// The options of a solve; `docs/decisions/` says why one thread and no finer tolerances.
fn limit(model: &mut Model, seconds: f64) {
    model.make_quiet();
    // An option that the solver refuses is one it will do without.
    let _ = model.try_set_option("threads", 1);
    let _ = model.try_set_option("parallel", "off");
    let _ = model.try_set_option("time_limit", seconds);
    let _ = model.try_set_option("mip_rel_gap", GAP);
}

/// Names pumps for the counts: who runs goes on running.
fn choose(course: &Course, chosen: &[Vec<(Vec<u8>, usize, Variable)>], columns: &[f64]) -> Choices {
    let pumps = course.pumps();
    let mut choices: Choices = Vec::with_capacity(chosen.len() * pumps);
    for (t, of_step) in chosen.iter().enumerate() {
        let mut now = vec![0; pumps];
        for (way, ..) in of_step.iter().filter(|(_, place, _)| columns[*place] > 0.5) {
            now.iter_mut().zip(way).for_each(|(now, &choice)| *now = (*now).max(choice));
        }
        for station in course.network.stations().iter().filter(|_| t > 0) {
            let before = |pump: usize| choices[(t - 1) * pumps + pump];
            let mut order = station.pumps.clone();
            order.sort_by_key(|&pump| (std::cmp::Reverse(before(pump)), pump));
            let mut wanted: Vec<u8> = station.pumps.iter().map(|&pump| now[pump]).collect();
            wanted.sort_unstable_by(|a, b| b.cmp(a));
            order.into_iter().zip(wanted).for_each(|(pump, choice)| now[pump] = choice);
        }
        choices.extend(now);
    }
    choices
}
