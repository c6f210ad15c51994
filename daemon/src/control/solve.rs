//! The optimiser within a cycle: asked, waited for, and given up when it is late.

use super::{Asked, Controller};
use crate::solver::{Answer, Failure, Planned, Question};
use policies::optimise::{Planner, SolveError};
use site::plan::{Estimate, Forecast, Plan};
use std::sync::Arc;

/// The optimiser may take this many times its own time limit before it is given up: two choices of
/// what is switched, and the programs around them. A site's limit is a quarter of its cycle at
/// most, so that whoever stands in for the plan still decides within the cycle.
const GIVE_UP_FACTOR: u32 = 3;
/// After so many failures in a row the planner's memory is no longer trusted: what made the solver
/// fail may be in it, and would come with every question.
const FAILURES_TRUSTED: u32 = 2;

impl Controller {
    /// Asks the solver. The guard goes on looking meanwhile, and a solver that does not come back,
    /// or comes back with nonsense, costs a rung of the ladder, never a cycle.
    pub(super) async fn optimise(
        &mut self,
        estimate: &Estimate,
        forecast: &Forecast,
    ) -> Result<Plan, String> {
        let (site, water) = (Arc::clone(&self.loaded.site), self.corrected());
        let (estimate, forecast) = (estimate.clone(), forecast.clone());
        let limit = site.pace.solve * GIVE_UP_FACTOR;
        let asked = Arc::new(Asked { site, water, estimate, forecast });
        let question = Question::Plan { planner: Box::new(self.state.planner.clone()) };
        let timer = self.clock.stopwatch();
        let solver = self.solver.clone();
        let solve = solver.ask(&asked, question, limit);
        tokio::pin!(solve);
        let done = loop {
            let tick = self.next_tick();
            let clock = self.clock.clone();
            tokio::select! {
                biased;
                done = &mut solve => break done,
                () = clock.sleep_until(tick) => drop(self.tick().await),
                Some(errand) = self.requests.recv() => self.settle(errand).await,
            }
        };
        self.tally.solver.starts = solver.starts();
        match done {
            Ok(Answer::Plan(planned)) => self.planned(*planned, timer.elapsed_ms()),
            Ok(Answer::WhatIf(_)) => Err(self.failed(&Failure::Another)),
            Err(failure) => Err(self.failed(&failure)),
        }
    }

    /// Takes up what the solver found.
    fn planned(&mut self, planned: Planned, milliseconds: f64) -> Result<Plan, String> {
        let Planned { planner, result, work } = planned;
        self.state.planner = planner;
        self.tally.solved(work, milliseconds, result.is_ok());
        if matches!(result, Err(SolveError::Audit(_))) {
            // What stood was audited first and failed as well: the last plan is no way out.
            self.state.plan = None;
        }
        let mut plan = result.map_err(|error: SolveError| error.to_string())?;
        plan.why.fitted = self.state.fit.pumps(&self.loaded.site);
        plan.why.misfits = self.state.fit.misfits().to_vec();
        Ok(plan)
    }

    /// Counts a failure; what is said of it.
    fn failed(&mut self, failure: &Failure) -> String {
        tracing::warn!(reason = failure.reason(), "no plan: {failure}");
        let in_a_row = self.tally.failed(failure.reason());
        if in_a_row >= FAILURES_TRUSTED || *failure == Failure::Panicked {
            self.state.planner = Planner::default();
        }
        failure.to_string()
    }
}
