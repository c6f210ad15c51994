//! One search: tables, EPANET, a generator of chance.

use super::anneal::{Effort, Scored, anneal};
use super::candidate::{self, Candidate};
use super::course::{Course, Inset};
use super::score::{Trace, Weights};
use super::stepper::Stepper;
use super::tables::Tables;
use super::{Problem, weigh};
use hydraulics::{HydraulicsError, Schedule};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// One search. The same problem, seed and calls give the same candidates.
pub struct Search {
    course: Arc<Course>,
    inset: Inset,
    tables: Tables,
    stepper: Stepper,
    weights: Weights,
    /// Cost of everything: all pumps on, all the time.
    scale: f64,
    rng: ChaCha8Rng,
}

/// Temperature of a search from nothing, as a share of the cost of everything.
const HOT: f64 = 0.03;
/// Temperatures from which a known schedule is searched on, as shares of its cost.
const REHEAT: (f64, f64) = (5e-4, 2e-2);
/// Temperature at which a search ends, as a share of the cost.
const COLD: f64 = 2e-5;
/// Temperatures of polishing.
const POLISH: (f64, f64) = (2e-4, 1e-6);
/// Every so many searches weigh starts for once, by up to this share of the cost each: calm
/// schedules lead to places that others do not.
const CALM_EVERY: u32 = 3;
const CALM_MAX: f64 = 1e-2;
/// What weighs too little is made to weigh more by this factor.
const HEAVIER: f64 = 1.5;

impl Search {
    /// Makes a search ready.
    ///
    /// # Errors
    /// When EPANET cannot open the network.
    pub fn new(problem: &Problem<'_>, seed: u64) -> Result<Self, HydraulicsError> {
        Self::with_inset(problem, Inset::FIRST, ChaCha8Rng::seed_from_u64(seed))
    }

    fn with_inset(
        problem: &Problem<'_>,
        inset: Inset,
        rng: ChaCha8Rng,
    ) -> Result<Self, HydraulicsError> {
        let course = Arc::new(Course::new(problem, inset));
        let mut tables = Tables::open(&course)?;
        let stepper = Stepper::open(&course)?;
        let (weights, scale) = weigh::weigh(&course, &mut tables);
        Ok(Self { course, inset, tables, stepper, weights, scale, rng })
    }

    /// Stays further away from the limits: for when an audit finds a fault that the search did not
    /// see.
    ///
    /// # Errors
    /// When EPANET cannot open the network.
    pub fn widen(&mut self, problem: &Problem<'_>) -> Result<(), HydraulicsError> {
        let rng = ChaCha8Rng::from_rng(&mut self.rng);
        *self = Self::with_inset(problem, self.inset.wider(), rng)?;
        Ok(())
    }

    /// Searches on from a candidate, or from nothing, over the tables: some thousand `moves`.
    pub fn explore(
        &mut self,
        from: Option<&Candidate>,
        moves: u32,
        stop: &dyn Fn() -> bool,
    ) -> Candidate {
        let all = vec![1; self.course.steps.len() * self.course.pumps()];
        let start = from.map_or(all, |candidate| candidate.choices.clone());
        let base = from.map_or(self.scale, |c| c.score.cost.max(1e-3 * self.scale));
        let hot = match from {
            None => HOT * base,
            Some(_) => base * REHEAT.0 * (REHEAT.1 / REHEAT.0).powf(self.rng.random::<f64>()),
        };
        let mut weights = self.weights;
        if self.rng.random_range(0..CALM_EVERY) == 0 {
            weights.start += CALM_MAX * base * self.rng.random::<f64>();
        }
        let effort = Effort { moves, hot, cold: (COLD * base).min(hot) };
        let plant = (&*self.course, &mut self.tables);
        let scored = anneal(plant, &start, &effort, &weights, &mut self.rng, stop);
        self.candidate(scored)
    }

    /// Improves a candidate with EPANET itself: each of `moves` costs a simulation.
    pub fn polish(
        &mut self,
        candidate: &Candidate,
        moves: u32,
        stop: &dyn Fn() -> bool,
    ) -> Candidate {
        let base = candidate.score.cost.max(1e-3 * self.scale);
        let effort = Effort { moves, hot: POLISH.0 * base, cold: POLISH.1 * base };
        let plant = (&*self.course, &mut self.stepper);
        let (start, weights) = (&candidate.choices, self.weights);
        let scored = anneal(plant, start, &effort, &weights, &mut self.rng, stop);
        if !scored.score.feasible() {
            self.heavier(&scored);
        }
        self.candidate(scored)
    }

    /// What was broken although it was paid for weighs more from now on.
    fn heavier(&mut self, scored: &Scored) {
        let grow = |weight: &mut f64, broken: bool| {
            if broken {
                *weight *= HEAVIER;
            }
        };
        grow(&mut self.weights.water, scored.score.beyond_m3 > 0.0);
        grow(&mut self.weights.pressure, scored.score.missing_m_h > 0.0);
        grow(&mut self.weights.excess, scored.score.excess > 0);
    }

    fn candidate(&self, scored: Scored) -> Candidate {
        // Weighed anew: a search may have weighed starts, and weights grow.
        let objective = self.weights.objective(&scored.score);
        Candidate { choices: scored.choices, score: scored.score, objective }
    }

    /// A schedule as a candidate, simulated with EPANET.
    pub fn adopt(&mut self, schedule: &Schedule) -> Candidate {
        let choices = candidate::choices(&self.course, schedule);
        let from = (&Trace::default(), 0);
        let ceiling = (&self.weights, f64::INFINITY);
        let score =
            Trace::default().simulate((&self.course, &mut self.stepper), &choices, from, ceiling);
        let score = score.unwrap_or_default();
        Candidate { objective: self.weights.objective(&score), choices, score }
    }

    /// The schedule of a candidate.
    #[must_use]
    pub fn schedule(&self, candidate: &Candidate) -> Schedule {
        candidate::schedule(&self.course, &candidate.choices)
    }

    /// Steady states solved so far, for the tables and for polishing.
    #[must_use]
    pub fn solved(&self) -> (u64, u64) {
        (self.tables.solved(), self.stepper.solved)
    }
}
