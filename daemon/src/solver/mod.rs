//! Where plans are solved: in this process, or in a child of it.
//!
//! HiGHS and EPANET are native code. What they may do in the worst case (hang, abort, fill the
//! memory, write where they must not) ends with the process that does it, so live plans are solved
//! in a child: the same program, with a cap on its memory, that gets each question over a socket
//! and is killed when it does not answer in time ([`Solver::child`]). Simulations solve in their
//! own process ([`Solver::in_process`]), where paused time stands still meanwhile. Both ask the
//! same code, and both are handed only answers that were examined.
//!
//! Nothing here decides: what a failure costs is said by the ladder (`control`).

mod failure;
pub mod frame;
mod keeper;
mod process;
mod serve;
pub mod wire;

pub use failure::Failure;
pub use keeper::SOLVES_MAX;
pub use process::Program;
pub use serve::{Bench, MEMORY_BYTES_MAX, ServeError, confine, connection, serve};

use keeper::{Keeper, Traces};
use policies::optimise::{
    AskError, Counterfactual, Hold, Inputs, Planner, SolveError, Work, examine,
};
use policies::water::WaterModel;
use serde::{Deserialize, Serialize};
use site::Site;
use site::plan::{Estimate, Forecast, Plan};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// What a cycle's plan is asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The site.
    pub site: Arc<Site>,
    /// Its water network with what measurements say of it.
    pub water: Option<Arc<WaterModel>>,
    /// What was believed.
    pub estimate: Estimate,
    /// What was expected.
    pub forecast: Forecast,
}

impl Asked {
    /// The same as the planner takes it, with nothing held.
    #[must_use]
    pub fn inputs(&self) -> Inputs<'_> {
        Inputs {
            site: &self.site,
            water: self.water.as_deref(),
            estimate: &self.estimate,
            forecast: &self.forecast,
            holds: &[],
        }
    }
}

/// What the solver is to do with what it is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Question {
    /// A plan.
    Plan {
        /// What the planner remembers.
        planner: Box<Planner>,
    },
    /// What it would cost to hold an asset.
    WhatIf {
        /// What the planner remembers.
        planner: Box<Planner>,
        /// The plan in force.
        present: Box<Plan>,
        /// What would be held.
        hold: Hold,
    },
}

/// A plan, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// What the planner remembers now.
    pub planner: Planner,
    /// The plan.
    pub result: Result<Plan, SolveError>,
    /// What was done to get it.
    pub work: Work,
}

/// What the solver says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// To [`Question::Plan`].
    Plan(Box<Planned>),
    /// To [`Question::WhatIf`].
    WhatIf(Box<Result<Counterfactual, AskError>>),
}

/// Solves, in the process that calls it.
fn answer(asked: &Asked, question: Question) -> Answer {
    let inputs = asked.inputs();
    match question {
        Question::Plan { mut planner } => {
            let (result, work) = planner.optimise(&inputs);
            Answer::Plan(Box::new(Planned { planner: *planner, result, work }))
        }
        Question::WhatIf { planner, present, hold } => {
            Answer::WhatIf(Box::new(planner.counterfactual(&inputs, Some(&present), &hold)))
        }
    }
}

/// One place where questions are answered, one at a time. Clones are the same place.
#[derive(Clone)]
pub struct Solver(Arc<Place>);

enum Place {
    /// A thread of this process; it cannot be ended, so one that was given up is remembered.
    Here(Mutex<Option<JoinHandle<Answer>>>),
    /// A process.
    Child { program: Program, traces: Arc<Traces>, keeper: Box<Mutex<Keeper>> },
}

impl std::fmt::Debug for Solver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match *self.0 {
            Place::Here(_) => "Solver (in this process)",
            Place::Child { .. } => "Solver (in a process of its own)",
        })
    }
}

impl Solver {
    /// Solves on a thread of this process: for simulations, whose time stands still meanwhile.
    #[must_use]
    pub fn in_process() -> Self {
        Self(Arc::new(Place::Here(Mutex::new(None))))
    }

    /// Solves in a process of its own. It is started when it is asked first.
    #[must_use]
    pub fn child(program: Program) -> Self {
        Self::kept(program, SOLVES_MAX)
    }

    fn kept(program: Program, solves_max: u32) -> Self {
        let traces = Arc::new(Traces::default());
        let keeper = Keeper::new(program.clone(), Arc::clone(&traces), solves_max);
        Self(Arc::new(Place::Child { program, traces, keeper: Box::new(Mutex::new(keeper)) }))
    }

    /// Another place of the same kind, for a question now and then: neither waits for the other,
    /// and a process ends with each answer.
    #[must_use]
    pub fn beside(&self) -> Self {
        match &*self.0 {
            Place::Here(_) => Self::in_process(),
            Place::Child { program, .. } => Self::kept(program.clone(), 1),
        }
    }

    /// Processes started so far; 0 in this process.
    #[must_use]
    pub fn starts(&self) -> u64 {
        match &*self.0 {
            Place::Here(_) => 0,
            Place::Child { traces, .. } => traces.starts(),
        }
    }

    /// The process that was started last, by its number; none before the first, and in this
    /// process. It may have ended.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        match &*self.0 {
            Place::Here(_) => None,
            Place::Child { traces, .. } => traces.process(),
        }
    }

    /// Asks, and waits for an answer for `limit` of real time. What is given up in a process of
    /// its own is over: the process is killed. So it is when this is dropped.
    ///
    /// # Errors
    /// When there is no answer that can be used. That a problem has no solution is an answer.
    pub async fn ask(
        &self,
        asked: &Arc<Asked>,
        question: Question,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        let expected = Expected::of(&question);
        match &*self.0 {
            Place::Here(place) => {
                let answer = here(place, asked, question, limit).await?;
                expected.examine(asked, &answer)?;
                Ok(answer)
            }
            Place::Child { keeper, .. } => {
                let mut keeper = keeper.lock().await;
                let answer = keeper.ask(asked, question, limit).await?;
                // Who gives such an answer may have lost more than this one.
                expected.examine(asked, &answer).inspect_err(|_| keeper.end())?;
                Ok(answer)
            }
        }
    }
}

/// Solves on a thread of this process.
async fn here(
    place: &Mutex<Option<JoinHandle<Answer>>>,
    asked: &Arc<Asked>,
    question: Question,
    limit: Duration,
) -> Result<Answer, Failure> {
    let mut place = place.lock().await;
    if place.as_ref().is_some_and(|task| !task.is_finished()) {
        return Err(Failure::Busy);
    }
    let asked = Arc::clone(asked);
    let task = place.insert(tokio::task::spawn_blocking(move || answer(&asked, question)));
    let done = tokio::time::timeout(limit, task).await;
    done.map_err(|_| Failure::Late(limit))?.map_err(|_| Failure::Panicked)
}

/// What kind of answer a question has.
enum Expected {
    Plan,
    WhatIf(Hold),
}

impl Expected {
    fn of(question: &Question) -> Self {
        match question {
            Question::Plan { .. } => Self::Plan,
            Question::WhatIf { hold, .. } => Self::WhatIf(hold.clone()),
        }
    }

    /// Looks at an answer before anybody uses it, wherever it comes from.
    fn examine(&self, asked: &Asked, answer: &Answer) -> Result<(), Failure> {
        let plan = match (self, answer) {
            (Self::Plan, Answer::Plan(planned)) => planned.result.as_ref().ok(),
            (Self::WhatIf(hold), Answer::WhatIf(found)) => match &**found {
                Ok(found) if found.hold != *hold => return Err(Failure::Another),
                found => found.as_ref().ok().map(|found| &found.plan),
            },
            _ => return Err(Failure::Another),
        };
        let good = plan.map_or(Ok(()), |plan| examine(&asked.inputs(), plan));
        good.map_err(Failure::Absurd)
    }
}
