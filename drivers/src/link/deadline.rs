//! One timer for all questions of a connection.

use std::pin::Pin;
use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is moved from question to question. Moving one further is far cheaper than
/// entering a new one among thousands and taking it out again an instant later.
#[derive(Debug, Default)]
pub(super) struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    /// What `work` gives, or `None` when it is not done at `until`.
    pub(super) async fn wait<T>(
        &mut self,
        until: Instant,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(until)));
        sleep.as_mut().reset(until);
        tokio::select! {
            biased;
            done = work => Some(done),
            () = sleep => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use std::future::{pending, ready};
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn each_question_has_its_own_time_whatever_the_last_one_had() {
        let clock = Clock::system();
        let mut deadline = Deadline::default();
        for seconds in [5, 1, 3, 1] {
            let began = clock.real();
            assert_eq!(deadline.wait(began + Duration::from_secs(60), ready(7)).await, Some(7));
            let until = began + Duration::from_secs(seconds);
            assert_eq!(deadline.wait(until, pending::<()>()).await, None);
            let late = clock.real().duration_since(until);
            assert!(late <= Duration::from_millis(1), "{seconds} s: {late:?} late");
        }
    }
}
