//! How busy a link is: the share of time during which a request was on its way.

use std::time::Duration;
use tokio::time::Instant;

/// Over how long the share is taken.
const MEMORY: Duration = Duration::from_secs(60);

/// A share that forgets what was longer ago than about a minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    share: f64,
    noted_at: Instant,
}

impl Load {
    pub(super) const fn new(now: Instant) -> Self {
        Self { share: 0.0, noted_at: now }
    }

    /// Notes that the link was busy from `began` to `ended`, and idle before.
    pub(super) fn note(&mut self, began: Instant, ended: Instant) {
        self.pass(began, 0.0);
        self.pass(ended, 1.0);
    }

    /// The share now, 0 to 1.
    pub(super) fn share(mut self, now: Instant) -> f64 {
        self.pass(now, 0.0);
        self.share
    }

    fn pass(&mut self, until: Instant, busy: f64) {
        let passed = until.saturating_duration_since(self.noted_at);
        let kept = (-passed.as_secs_f64() / MEMORY.as_secs_f64()).exp();
        self.share = self.share * kept + busy * (1.0 - kept);
        self.noted_at = self.noted_at.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[tokio::test(start_paused = true)]
    async fn a_link_that_is_busy_a_quarter_of_the_time_says_so() {
        let start = Clock::system().real();
        let mut load = Load::new(start);
        for second in 0..600 {
            let began = start + Duration::from_secs(second);
            load.note(began, began + Duration::from_millis(250));
        }
        let share = load.share(start + Duration::from_secs(600));
        assert!((share - 0.25).abs() < 0.01, "{share}");
        let later = load.share(start + Duration::from_secs(900));
        assert!(later < 0.01, "five idle minutes: {later}");
    }
}
