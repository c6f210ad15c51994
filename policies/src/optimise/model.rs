//! A linear program whose columns and rows have names, over `good_lp`.
//!
//! The library drops names and keeps row numbers to itself, and names are what explanations are
//! made of: this registry remembers them. It also refuses what solvers are known to take for
//! granted: a NaN or infinite number ends in an error, not in an "optimal" plan.

use super::{GAP, GAP_EUR, NODES_MAX};
use good_lp::constraint::ConstraintReference;
use good_lp::solvers::highs::{HighsParallelType, highs};
use good_lp::solvers::{DualValues, SolutionStatus, SolutionWithDual};
use good_lp::{
    Constraint, Expression, ProblemVariables, ResolutionError, Solution, SolverModel, Variable,
    WithInitialSolution, variable,
};
use serde::{Deserialize, Serialize};
use site::Site;
use std::collections::BTreeMap;

/// The solver's own least absolute gap, EUR.
const ABSOLUTE_GAP_MIN: f64 = 1e-6;

/// Limits of one solve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Real time, s. A safeguard: results that must repeat are bounded by `nodes`.
    pub seconds: f64,
    /// Branch-and-bound nodes.
    pub nodes: i32,
    /// Relative gap at which an integer solution is good enough.
    pub gap: f64,
    /// Absolute gap at which it is, EUR.
    pub gap_eur: f64,
}

impl Limits {
    /// The limits within which the planner chooses what is switched.
    #[must_use]
    pub fn of_a_choice(site: &Site) -> Self {
        Self {
            seconds: site.pace.solve.as_secs_f64(),
            nodes: NODES_MAX,
            gap: GAP,
            gap_eur: GAP_EUR,
        }
    }
    /// The limits of a program with nothing to choose.
    pub(super) fn of_a_program(site: &Site) -> Self {
        Self { seconds: site.pace.solve.as_secs_f64(), nodes: 1, gap: GAP, gap_eur: 0.0 }
    }
}

/// Why there is no solution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum SolveError {
    /// A number that went into the model is not finite: a bug or a bad table.
    #[error("the model has a number that is not finite in {0}")]
    NotFinite(String),
    /// The constraints contradict each other although every wish is soft.
    #[error("the model is infeasible")]
    Infeasible,
    /// The cost has no lower end: a price is missing.
    #[error("the model is unbounded")]
    Unbounded,
    /// The limits were reached before any solution was found.
    #[error("no solution within the limits")]
    NoSolution,
    /// The solver gave up.
    #[error("the solver failed: {0}")]
    Solver(String),
    /// EPANET's own stepping finds the plan wrong, and no repair passed either.
    #[error("the plan failed its audit: {0}")]
    Audit(String),
    /// The solution does not pass the check against the rules.
    #[error("the solution breaks a rule: {0}")]
    Check(String),
}

/// A model under construction.
#[derive(Default)]
pub(super) struct Model {
    variables: ProblemVariables,
    integers: Vec<(Variable, f64)>,
    objective: Expression,
    rows: Vec<(String, Constraint)>,
    broken: Option<String>,
    /// The parts of the cost by name, when somebody wants to know them.
    parts: Option<BTreeMap<String, Expression>>,
    /// Columns that are 0 or 1 may lie between.
    relaxed: bool,
}

/// A solution with its prices.
#[derive(Debug)]
pub(super) struct Solved {
    values: good_lp::solvers::highs::HighsSolution,
    rows: Vec<(String, ConstraintReference)>,
    /// What was minimised, EUR.
    pub(super) objective: f64,
    /// The limits ended the solve before the gap was reached.
    pub(super) truncated: bool,
    /// The parts of the cost by name, EUR; empty unless the model was asked to know them.
    pub(super) parts: BTreeMap<String, f64>,
}

impl Model {
    /// A model that knows the parts of its cost by name; `relaxed` lets what is 0 or 1 lie between.
    pub(super) fn itemised(relaxed: bool) -> Self {
        Self { parts: Some(BTreeMap::new()), relaxed, ..Self::default() }
    }
    /// A column between two bounds.
    pub(super) fn column(&mut self, name: &str, min: f64, max: f64) -> Variable {
        if !min.is_finite() || max.is_nan() || min > max + 1e-9 {
            self.broken.get_or_insert_with(|| format!("{name}: bounds {min} to {max}"));
            return self.variables.add(variable().min(0.0));
        }
        let max = max.max(min);
        let definition = variable().min(min);
        self.variables.add(if max.is_finite() { definition.max(max) } else { definition })
    }
    /// A column that is 0 or 1: free with a first guess, or fixed.
    pub(super) fn binary(&mut self, fixed: Option<bool>, guess: bool) -> Variable {
        if let Some(fixed) = fixed {
            let value = f64::from(u8::from(fixed));
            return self.variables.add(variable().min(value).max(value));
        }
        if self.relaxed {
            return self.variables.add(variable().min(0.0).max(1.0));
        }
        let column = self.variables.add(variable().binary());
        self.integers.push((column, f64::from(u8::from(guess))));
        column
    }
    /// Adds to the cost, in EUR.
    pub(super) fn cost(&mut self, name: &str, factor: f64, column: Variable) {
        if factor.is_finite() {
            self.objective.add_mul(factor, column);
            if let Some(parts) = &mut self.parts {
                parts.entry(name.to_owned()).or_default().add_mul(factor, column);
            }
        } else {
            self.broken.get_or_insert_with(|| format!("cost of {name}"));
        }
    }
    /// Rows so far.
    pub(super) const fn rows(&self) -> usize {
        self.rows.len()
    }
    /// Adds a row.
    pub(super) fn row(&mut self, name: String, row: Constraint) {
        self.rows.push((name, row));
    }
    /// Notes a number on its way into a row.
    pub(super) fn finite(&mut self, name: &str, number: f64) -> f64 {
        if number.is_finite() {
            return number;
        }
        self.broken.get_or_insert_with(|| name.to_owned());
        0.0
    }

    /// Solves. One thread and default tolerances: see `docs/decisions/`.
    ///
    /// # Errors
    /// When there is no solution within the limits.
    pub(super) fn solve(self, limits: &Limits) -> Result<Solved, SolveError> {
        if let Some(broken) = self.broken {
            return Err(SolveError::NotFinite(broken));
        }
        let objective = self.objective.clone();
        let parts = self.parts.unwrap_or_default();
        let warm = self.integers.iter().any(|(_, guess)| *guess > 0.5);
        let mut problem = self
            .variables
            .minimise(self.objective)
            .using(highs)
            .set_threads(1)
            .set_parallel(HighsParallelType::Off)
            .set_time_limit(limits.seconds)
            .set_option("mip_rel_gap", limits.gap)
            .set_option("mip_abs_gap", limits.gap_eur.max(ABSOLUTE_GAP_MIN))
            .set_option("mip_max_nodes", limits.nodes);
        let mut rows = Vec::with_capacity(self.rows.len());
        for (name, row) in self.rows {
            rows.push((name, problem.add_constraint(row)));
        }
        if warm {
            problem = problem.with_initial_solution(self.integers.iter().copied());
        }
        let values = problem.solve().map_err(|error| match error {
            ResolutionError::Infeasible => SolveError::Infeasible,
            ResolutionError::Unbounded => SolveError::Unbounded,
            ResolutionError::Other("NoSolutionFound") => SolveError::NoSolution,
            other => SolveError::Solver(other.to_string()),
        })?;
        let truncated = matches!(values.status(), SolutionStatus::TimeLimit);
        let objective = objective.eval_with(&values);
        let part = |(name, part): (String, Expression)| (name, part.eval_with(&values));
        let parts = parts.into_iter().map(part).collect();
        Ok(Solved { values, rows, objective, truncated, parts })
    }
}

impl Solved {
    /// Value of a column.
    #[must_use]
    pub(super) fn value(&self, column: Variable) -> f64 {
        self.values.value(column)
    }
    /// Names of all rows with their shadow prices: change of the cost per unit of the right-hand
    /// side. Zero for every row of a model with integers.
    pub(super) fn prices(&mut self) -> Vec<(&str, f64)> {
        let duals = self.values.compute_dual();
        self.rows.iter().map(|(name, row)| (name.as_str(), duals.dual(row.clone()))).collect()
    }
}
