//! Keeps a solver's process: starts it, asks it, and ends it when it is late, broken or old.

use super::process::{Process, Program};
use super::wire::{Known, Reply};
use super::{Answer, Asked, Failure, Question};
use drivers::clock::{Clock, Stopwatch};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// A process answers this many questions, then another one is started: what native code leaks ends
/// with it. At one question a minute that is every four hours; a leak of a megabyte at each would
/// still be within the cap on its memory.
pub const SOLVES_MAX: u32 = 240;
/// After the second start in a row that failed, and twice as long after each further one. The first
/// one is tried again at once: the next question comes a cycle later anyway.
const REST: Duration = Duration::from_secs(30);
/// The longest rest.
const REST_MAX: Duration = Duration::from_secs(600);

/// What is seen of the processes from outside.
#[derive(Debug, Default)]
pub(super) struct Traces {
    starts: AtomicU64,
    /// The last one's number; 0 before the first.
    process: AtomicU32,
}

impl Traces {
    pub(super) fn starts(&self) -> u64 {
        self.starts.load(Ordering::Relaxed)
    }

    pub(super) fn process(&self) -> Option<u32> {
        Some(self.process.load(Ordering::Relaxed)).filter(|number| *number > 0)
    }

    fn started(&self, process: Option<u32>) {
        self.starts.fetch_add(1, Ordering::Relaxed);
        self.process.store(process.unwrap_or(0), Ordering::Relaxed);
    }
}

/// A process that is ready, with what it knows.
struct Ready {
    process: Process,
    known: Known,
    solves: u32,
}

/// Starts that failed since the last one that did not.
struct Failed {
    times: u32,
    why: String,
    since: Stopwatch,
}

impl Failed {
    /// How long nothing is tried after so many failures.
    fn rest(times: u32) -> Duration {
        let doublings = times.saturating_sub(2).min(16);
        if times < 2 { Duration::ZERO } else { (REST * (1 << doublings)).min(REST_MAX) }
    }

    fn rests(&self) -> bool {
        self.since.elapsed_ms() < Self::rest(self.times).as_secs_f64() * 1e3
    }
}

/// One process at a time.
pub(super) struct Keeper {
    program: Program,
    traces: Arc<Traces>,
    solves_max: u32,
    ready: Option<Ready>,
    failed: Option<Failed>,
    number: u64,
}

impl Keeper {
    /// Nothing is started yet. A process is ended after `solves_max` answers.
    pub(super) fn new(program: Program, traces: Arc<Traces>, solves_max: u32) -> Self {
        Self { program, traces, solves_max, ready: None, failed: None, number: 0 }
    }

    /// Asks; see [`super::Solver::ask`].
    pub(super) async fn ask(
        &mut self,
        asked: &Asked,
        question: Question,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        let answer = tokio::time::timeout(limit, self.answer(asked, question)).await;
        // Whatever was under way was dropped then, and the process with it.
        answer.unwrap_or(Err(Failure::Late(limit)))
    }

    /// The process is held here while it is asked, and put back when it has answered as it should:
    /// what is given up midway ends, and no late answer is ever taken for another question's.
    async fn answer(&mut self, asked: &Asked, question: Question) -> Result<Answer, Failure> {
        let mut ready = self.take(asked).await?;
        self.number += 1;
        let request = ready.known.request(self.number, asked, question);
        let reply = ready.process.ask(&request).await?;
        let answer = match reply {
            Reply::Answer { number, answer } if number == self.number => answer,
            Reply::Unable { number, why } if number == self.number => {
                return Err(Failure::Unable(why));
            }
            Reply::Answer { .. } | Reply::Unable { .. } | Reply::Ready => {
                return Err(Failure::Another);
            }
        };
        ready.solves += 1;
        if ready.solves < self.solves_max {
            self.ready = Some(ready);
        }
        Ok(answer)
    }

    /// Ends the process; the next question has another.
    pub(super) fn end(&mut self) {
        self.ready = None;
    }

    /// The process that is there, or a new one. One that ended between two questions costs nothing.
    async fn take(&mut self, asked: &Asked) -> Result<Ready, Failure> {
        if let Some(mut ready) = self.ready.take() {
            match ready.process.ended() {
                None if ready.known.serves(asked) => return Ok(ready),
                None => {}
                Some(how) => tracing::warn!("the solver's process ended while idle ({how})"),
            }
        }
        if let Some(Failed { times, why, .. }) = self.failed.as_ref().filter(|f| f.rests()) {
            return Err(Failure::Resting { times: *times, why: why.clone() });
        }
        // Counted before it is waited for: a start that is given up has failed as well.
        let times = self.failed.as_ref().map_or(0, |failed| failed.times) + 1;
        let since = Clock::system().stopwatch();
        self.failed = Some(Failed { times, why: "it was not ready in time".to_owned(), since });
        match self.start().await {
            Ok(process) => {
                tracing::info!(process = process.number(), "a solver's process is ready");
                self.failed = None;
                Ok(Ready { process, known: Known::default(), solves: 0 })
            }
            Err(why) => {
                self.failed = Some(Failed { times, why: why.clone(), since });
                Err(Failure::Start(why))
            }
        }
    }

    async fn start(&self) -> Result<Process, String> {
        let mut process = self.program.start().map_err(|error| error.to_string())?;
        self.traces.started(process.number());
        process.ready().await.map(|()| process)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_that_fail_are_tried_less_and_less_often() {
        let rests: Vec<u64> = (0..9).map(|times| Failed::rest(times).as_secs()).collect();
        assert_eq!(rests, [0, 0, 30, 60, 120, 240, 480, 600, 600]);
        assert_eq!(Failed::rest(u32::MAX), REST_MAX);
    }
}
