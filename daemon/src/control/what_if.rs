//! "What would it cost to keep P2 off until six?": answered beside the cycle, by a solver of its
//! own, from copies of what the last cycle knew. It changes nothing, and it is no order.

use super::ladder::Decision;
use super::{Asked, Controller};
use crate::solver::{Answer, Failure, Question, Solver};
use jiff::Timestamp;
use policies::optimise::{AskError, Counterfactual, Hold, Planner};
use site::Site;
use site::plan::Plan;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, TryAcquireError, watch};

/// How long an answer may take, in seconds, real time: below what a connection may live.
pub const WHAT_IF_SECONDS_MAX: u64 = 45;
/// The longest search for one choice of pumps: an answer makes up to four.
const SOLVE_MAX: Duration = Duration::from_secs(10);

/// What the last cycle knew, and what it decided.
pub(super) struct Moment {
    asked: Asked,
    planner: Planner,
    /// The plan in force; none on the rungs without one.
    plan: Option<Plan>,
}

/// Where moments are published.
pub(super) type Moments = watch::Sender<Option<Arc<Moment>>>;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WhatIfError {
    /// No cycle has been completed since the start.
    #[error("nothing is planned yet: no cycle has been completed since the start")]
    NothingYet,
    /// The last cycle stands on a rung without a plan.
    #[error("no plan is in force, so there is nothing to compare with")]
    NoPlan,
    /// Another question of this kind is being answered.
    #[error("another such question is being answered")]
    Busy,
    /// The answer took too long.
    #[error("there was no answer within {WHAT_IF_SECONDS_MAX} s")]
    Late,
    /// The solver gave no answer that can be used.
    #[error(transparent)]
    Solver(Failure),
    /// The question has no answer.
    #[error(transparent)]
    Ask(#[from] AskError),
}

/// Where such questions are answered, one at a time.
#[derive(Clone)]
pub struct WhatIf {
    moments: watch::Receiver<Option<Arc<Moment>>>,
    place: Arc<Semaphore>,
    solver: Solver,
}

impl std::fmt::Debug for WhatIf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WhatIf").field("places", &self.place.available_permits()).finish()
    }
}

impl WhatIf {
    fn moment(&self) -> Option<Arc<Moment>> {
        self.moments.borrow().clone()
    }

    /// The site, as the last cycle had it, and when that cycle began; none before the first.
    #[must_use]
    pub fn site(&self) -> Option<(Arc<Site>, Timestamp)> {
        self.moment().map(|moment| (Arc::clone(&moment.asked.site), moment.asked.estimate.now.utc))
    }

    /// What a hold would cost. The control cycle neither waits for this nor sees anything of it.
    ///
    /// # Errors
    /// When there is no answer, or somebody else is being answered.
    pub async fn ask(&self, hold: Hold) -> Result<Counterfactual, WhatIfError> {
        let moment = self.moment().ok_or(WhatIfError::NothingYet)?;
        let place = match Arc::clone(&self.place).try_acquire_owned() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                return Err(WhatIfError::Busy);
            }
        };
        let (asked, question) = moment.question(hold)?;
        let (solver, limit) = (self.solver.clone(), Duration::from_secs(WHAT_IF_SECONDS_MAX));
        let work = tokio::spawn(async move {
            let answer = solver.ask(&Arc::new(asked), question, limit).await;
            // Whoever asked may have gone; the place is free only when the solver is.
            drop(place);
            answer
        });
        match work.await {
            Ok(Ok(Answer::WhatIf(answer))) => Ok((*answer)?),
            Ok(Ok(Answer::Plan(_))) => Err(WhatIfError::Solver(Failure::Another)),
            Ok(Err(Failure::Late(_))) => Err(WhatIfError::Late),
            Ok(Err(Failure::Busy)) => Err(WhatIfError::Busy),
            Ok(Err(failure)) => Err(WhatIfError::Solver(failure)),
            Err(_) => Err(WhatIfError::Solver(Failure::Panicked)),
        }
    }
}

impl Moment {
    fn question(&self, hold: Hold) -> Result<(Asked, Question), WhatIfError> {
        let present = Box::new(self.plan.clone().ok_or(WhatIfError::NoPlan)?);
        let mut asked = self.asked.clone();
        let mut site = (*asked.site).clone();
        site.pace.solve = site.pace.solve.min(SOLVE_MAX);
        asked.site = Arc::new(site);
        let planner = Box::new(self.planner.clone());
        Ok((asked, Question::WhatIf { planner, present, hold }))
    }
}

impl Controller {
    /// Where people ask what something would cost.
    #[must_use]
    pub fn what_if(&self) -> WhatIf {
        WhatIf {
            moments: self.moments.subscribe(),
            place: Arc::clone(&self.what_if_place),
            solver: self.what_if_solver.clone(),
        }
    }

    /// Publishes what this cycle knows and decided, when anybody could ask.
    pub(super) fn publish_moment(&mut self, decision: &Decision) {
        if self.moments.receiver_count() == 0 {
            return;
        }
        let moment = Moment {
            asked: self.asked(),
            planner: self.state.planner.clone(),
            plan: decision.plan.clone(),
        };
        self.moments.send_replace(Some(Arc::new(moment)));
    }

    /// Places for questions: one.
    pub(super) fn one_place() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(1))
    }
}
