//! A linear program that is built and not yet solved: building and solving measured apart.

use super::model::{Limits, SolveError};
use super::problem::{self, Problem};
use super::trajectory::Trajectory;
use super::{Inputs, Schedule, Switching};

/// The linear program of a question, with every step free to be a mixture.
pub struct Prepared {
    problem: Problem,
    limits: Limits,
}

impl Prepared {
    /// Builds it.
    #[must_use]
    pub fn new(inputs: &Inputs<'_>) -> Self {
        let steps = inputs.forecast.steps.len();
        let combinations = inputs.water.map_or(0, |water| water.tables.combinations().len());
        let schedule = Schedule {
            mixes: vec![vec![0.0; combinations]; steps],
            used: vec![false; combinations],
            switched: Vec::new(),
            near_until: inputs.estimate.now.utc,
        };
        let trajectory = Trajectory::follow(inputs, None);
        let problem = problem::build(inputs, &trajectory, &Switching::Fixed(&schedule));
        Self { problem, limits: Limits::of_a_program(inputs.site) }
    }

    /// Rows of the program.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.problem.model.rows()
    }

    /// Solves it: the least cost, EUR.
    ///
    /// # Errors
    /// When there is no solution within the site's time limit.
    pub fn solve(self) -> Result<f64, SolveError> {
        Ok(self.problem.model.solve(&self.limits)?.objective)
    }
}
