//! What goes wrong between a question and a plan, apart from there being none.

use std::time::Duration;

/// Why the solver gave no answer. Each costs a rung of the ladder, never a cycle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The optimiser panicked within this process.
    #[error("the optimiser panicked; please report this bug")]
    Panicked,
    /// There was no answer in time.
    #[error("the optimiser did not answer within {} s", .0.as_secs())]
    Late(Duration),
    /// A question that was given up is still being worked on, in this process.
    #[error("the optimiser is still busy with a question that was given up")]
    Busy,
    /// The solver's process could not be started, or ended before it was ready.
    #[error("the solver's process cannot be started: {0}")]
    Start(String),
    /// It could not be started several times, and is left alone for a while.
    #[error("the solver's process could not be started {times} times in a row: {why}")]
    Resting {
        /// How often.
        times: u32,
        /// Why not, the last time.
        why: String,
    },
    /// The solver's process ended instead of answering.
    #[error("the solver's process ended while it was asked ({0}); its log may say why")]
    Died(String),
    /// What came is no answer.
    #[error("the solver's answer cannot be read: {0}")]
    Garbled(String),
    /// The answer belongs to another question.
    #[error("the solver answered another question")]
    Another,
    /// The solver says that it cannot work on the question.
    #[error("the solver cannot work: {0}")]
    Unable(String),
    /// The answer makes no sense for this site and this instant.
    #[error("the solver's plan makes no sense: {0}")]
    Absurd(String),
}

impl Failure {
    /// The words of [`Failure::reason`], and of a solve that has no plan.
    pub const REASONS: [&'static str; 10] = [
        Self::NO_PLAN,
        "panicked",
        "late",
        "busy",
        "start",
        "died",
        "garbled",
        "another",
        "unable",
        "absurd",
    ];
    /// The reason of a solve that came back and has no plan.
    pub const NO_PLAN: &'static str = "no_plan";

    /// One word, for metrics.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Panicked => "panicked",
            Self::Late(_) => "late",
            Self::Busy => "busy",
            Self::Start(_) | Self::Resting { .. } => "start",
            Self::Died(_) => "died",
            Self::Garbled(_) => "garbled",
            Self::Another => "another",
            Self::Unable(_) => "unable",
            Self::Absurd(_) => "absurd",
        }
    }
}
