//! A schedule that a search found.

use super::Problem;
use super::course::Course;
use super::score::{Choices, Score};
use hydraulics::{Applied, Schedule};

/// A schedule that a search found, as the search sees it.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub(super) choices: Choices,
    pub(super) score: Score,
    /// Cost plus what broken limits weigh.
    pub(super) objective: f64,
}

impl Candidate {
    /// What its energy costs, in the currency of the prices.
    #[must_use]
    pub fn cost(&self) -> f64 {
        self.score.cost
    }

    /// Whether the search sees no limit broken.
    #[must_use]
    pub fn feasible(&self) -> bool {
        self.score.feasible()
    }

    /// Whether it is better than another: feasible first, then cheaper; of two infeasible ones the
    /// one that breaks less.
    #[must_use]
    pub fn better_than(&self, other: &Candidate) -> bool {
        match (self.feasible(), other.feasible()) {
            (true, true) | (false, false) => self.objective < other.objective,
            (feasible, _) => feasible,
        }
    }
}

/// The schedule that choices stand for.
pub(super) fn schedule(course: &Course, choices: &[u8]) -> Schedule {
    let (steps, pumps) = (course.steps.len(), course.pumps());
    let of = |p: usize, t: usize| course.speeds[p][usize::from(choices[t * pumps + p])];
    let speed = (0..pumps).map(|p| (0..steps).map(|t| of(p, t)).collect()).collect();
    Schedule { step_s: course.step_s, speed }
}

/// The choices nearest to a schedule of the same steps.
pub(super) fn choices(course: &Course, schedule: &Schedule) -> Choices {
    let (steps, pumps) = (course.steps.len(), course.pumps());
    let mut choices = vec![0; steps * pumps];
    for (p, speeds) in schedule.speed.iter().enumerate().take(pumps) {
        for (t, &speed) in speeds.iter().enumerate().take(steps) {
            choices[t * pumps + p] = nearest(&course.speeds[p], speed);
        }
    }
    choices
}

fn nearest(speeds: &[f64], wanted: f64) -> u8 {
    if wanted <= 0.0 {
        return 0;
    }
    let apart = |place: &usize| (speeds[*place] - wanted).abs();
    let place = (1..speeds.len()).min_by(|a, b| apart(a).total_cmp(&apart(b)));
    u8::try_from(place.unwrap_or(0)).unwrap_or(0)
}

/// The schedule of steps that comes nearest to what pumps did from time to time: a pump is on in a
/// step if it was on for at least half of it.
#[must_use]
pub fn sampled(problem: &Problem<'_>, applied: &[Applied]) -> Schedule {
    let step_s = f64::from(problem.step_s);
    let mut on_s = vec![vec![0.0; problem.steps]; problem.network.pumps().len()];
    let ends = applied.iter().skip(1).map(|next| f64::from(next.from_s));
    for (span, end) in applied.iter().zip(ends.chain([f64::INFINITY])) {
        for (p, _) in span.speed.iter().enumerate().filter(|(_, speed)| **speed > 0.0) {
            for (t, sum) in on_s[p].iter_mut().enumerate() {
                let begin = step_s * f64::from(u32::try_from(t).unwrap_or(u32::MAX));
                let from = begin.max(f64::from(span.from_s));
                *sum += (end.min(begin + step_s) - from).max(0.0);
            }
        }
    }
    let on = |seconds: &f64| if *seconds >= 0.5 * step_s { 1.0 } else { 0.0 };
    let speed = on_s.iter().map(|of_pump| of_pump.iter().map(on).collect()).collect();
    Schedule { step_s: problem.step_s, speed }
}
