//! The one file that asks the operating system for the time.
//!
//! Site time (polls, ages, cycles) may run faster than real time in the demo and stands still
//! with paused tokio time in a replay. Protocol timeouts and back-offs are always real.
//!
//! A demonstration runs many times faster than real time: a machine that is busy for half a second
//! would be half a minute late there, and every dead-man would rightly expire. A governed clock
//! therefore waits for the controller: speed invents no faults.

use jiff::{SignedDuration, Timestamp};
use site::{Mono, Now};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The shortest real sleep: tokio's timers have a grain of one millisecond.
const GRAIN: Duration = Duration::from_millis(1);

/// A clock, shared by all that live in the same site time.
#[derive(Debug, Clone)]
pub struct Clock {
    began: Instant,
    utc: Utc,
    /// What a made-up UTC was set forward by; clones share it.
    set_by: Arc<Mutex<SignedDuration>>,
    speed: f64,
    governor: Option<Governor>,
}

/// Holds site time back while the one who leads it is late.
#[derive(Debug, Clone)]
struct Governor {
    held: Arc<Mutex<Held>>,
    slack: Duration,
    leads: bool,
}

#[derive(Debug, Default)]
struct Held {
    /// Site time that was not given out.
    lost: Duration,
    /// Site time at the leader's last step.
    step: Duration,
}

#[derive(Debug, Clone, Copy)]
enum Utc {
    /// The operating system's, steps included.
    System,
    /// Made up: it began here and follows the monotonic clock.
    From(Timestamp),
}

impl Clock {
    /// Real time: UTC of the operating system, and a monotonic clock that begins now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this file alone asks for the time")]
    pub fn system() -> Self {
        Self::new(Instant::now(), Utc::System, 1.0)
    }

    /// Site time that begins at `start` and runs `speed` times faster than tokio's time.
    ///
    /// # Panics
    /// When the speed is not a positive finite number.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this file alone asks for the time")]
    pub fn scaled(start: Timestamp, speed: f64) -> Self {
        assert!(speed.is_finite() && speed > 0.0, "a clock's speed is positive, got {speed}");
        Self::new(Instant::now(), Utc::From(start), speed)
    }

    fn new(began: Instant, utc: Utc, speed: f64) -> Self {
        Self { began, utc, set_by: Arc::default(), speed, governor: None }
    }

    /// A scaled clock that never runs further than `slack` (site time) ahead of the last
    /// [`Clock::step`] of its leader, which is this one; its clones by [`Clock::follower`] follow.
    ///
    /// # Panics
    /// When the speed is not a positive finite number.
    #[must_use]
    pub fn governed(start: Timestamp, speed: f64, slack: Duration) -> Self {
        let governor = Governor { held: Arc::default(), slack, leads: true };
        Self { governor: Some(governor), ..Self::scaled(start, speed) }
    }

    /// The same clock for those who do not lead it.
    #[must_use]
    pub fn follower(&self) -> Self {
        let mut clock = self.clone();
        if let Some(governor) = &mut clock.governor {
            governor.leads = false;
        }
        clock
    }

    /// The same clock with a UTC of its own from now on: [`Clock::set`] on one leaves the other
    /// alone. For a simulated field, which lives on when the daemon's host is set wrong.
    #[must_use]
    pub fn apart(&self) -> Self {
        let set_by = Arc::new(Mutex::new(self.set_by()));
        Self { set_by, ..self.clone() }
    }

    /// Sets UTC forward, or back, for this clock and its clones; the monotonic clock goes on as it
    /// did. Nothing for a clock of the operating system.
    pub fn set(&self, by: SignedDuration) {
        let mut set_by = self.set_by.lock().unwrap_or_else(PoisonError::into_inner);
        *set_by = set_by.saturating_add(by);
    }

    fn set_by(&self) -> SignedDuration {
        *self.set_by.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that the leader keeps up. Nothing for a clock that is not governed or does not lead.
    pub fn step(&self) {
        let now = self.now().mono.since_start();
        if let Some(governor) = self.governor.as_ref().filter(|governor| governor.leads) {
            governor.held.lock().unwrap_or_else(PoisonError::into_inner).step = now;
        }
    }

    /// How many times faster than real time this clock runs.
    #[must_use]
    pub const fn speed(&self) -> f64 {
        self.speed
    }

    /// Site time now, on both clocks.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this file alone asks for the time")]
    pub fn now(&self) -> Now {
        let passed = self.to_site(self.real().duration_since(self.began));
        let since_start = self.governor.as_ref().map_or(passed, |governor| governor.held(passed));
        let utc = match self.utc {
            Utc::System => Timestamp::now(),
            Utc::From(start) => {
                let at = start.checked_add(since_start).unwrap_or(Timestamp::MAX);
                at.saturating_add(self.set_by()).unwrap_or(at)
            }
        };
        Now { mono: Mono::new(since_start), utc }
    }

    /// Sleeps until a site time; returns at once when it has passed, and never before it.
    pub async fn sleep_until(&self, at: Mono) {
        loop {
            let now = self.now().mono;
            if now >= at {
                return;
            }
            tokio::time::sleep(self.to_real(at.since(now)).max(GRAIN)).await;
        }
    }

    /// Sleeps for a length of site time.
    pub async fn sleep(&self, length: Duration) {
        let until = self.now().mono.after(length);
        self.sleep_until(until).await;
    }

    /// Real time now, for timeouts and back-offs. Whoever asks for it must hold a clock.
    #[expect(clippy::disallowed_methods, reason = "this file alone asks for the time")]
    pub(crate) fn real(&self) -> Instant {
        Instant::now()
    }

    fn is_real(&self) -> bool {
        (self.speed - 1.0).abs() < f64::EPSILON
    }
    /// A length of real time in site time.
    pub(crate) fn to_site(&self, real: Duration) -> Duration {
        if self.is_real() { real } else { real.mul_f64(self.speed) }
    }
    fn to_real(&self, site: Duration) -> Duration {
        if self.is_real() { site } else { site.div_f64(self.speed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_governed_clock_waits_for_its_leader_and_loses_the_time() {
        let slack = Duration::from_secs(15);
        let clock = Clock::governed(Timestamp::UNIX_EPOCH, 60.0, slack);
        let follower = clock.follower();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(follower.now().mono.since_start(), slack, "a minute would have passed");
        follower.step();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(clock.now().mono.since_start(), slack, "a follower's step does not count");
        clock.step();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(follower.now().mono.since_start(), Duration::from_secs(21));
    }

    #[tokio::test(start_paused = true)]
    async fn site_time_runs_at_its_speed() {
        let start: Timestamp = "2026-06-01T12:00:00Z".parse().expect("a time");
        let clock = Clock::scaled(start, 60.0);
        tokio::time::advance(Duration::from_secs(10)).await;
        let now = clock.now();
        assert_eq!(now.mono.since_start(), Duration::from_secs(600));
        assert_eq!(now.utc.to_string(), "2026-06-01T12:10:00Z");
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_can_be_set_and_another_stands_apart() {
        let start: Timestamp = "2026-06-01T12:00:00Z".parse().expect("a time");
        let clock = Clock::scaled(start, 1.0);
        let (clone, apart) = (clock.clone(), clock.apart());
        clock.set(SignedDuration::from_hours(-2));
        assert_eq!(clone.now().utc.to_string(), "2026-06-01T10:00:00Z");
        assert_eq!(apart.now().utc, start);
        assert_eq!(clone.now().mono, apart.now().mono);
        apart.set(SignedDuration::from_mins(1));
        assert_eq!(apart.apart().now().utc.to_string(), "2026-06-01T12:01:00Z");
    }

    #[tokio::test(start_paused = true)]
    async fn sleeping_ends_at_or_after_the_time_and_never_before() {
        let start: Timestamp = "2026-06-01T12:00:00Z".parse().expect("a time");
        for speed in [1.0, 3.0, 7.7, 60.0, 0.3] {
            let clock = Clock::scaled(start, speed);
            for _ in 0..20 {
                let until = clock.now().mono.after(Duration::from_millis(1234));
                clock.sleep_until(until).await;
                let late = clock.now().mono.since(until);
                assert!(clock.now().mono >= until);
                assert!(late <= Duration::from_millis(2).mul_f64(speed.max(1.0)), "{late:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_system_clock_is_monotonic_with_tokio() {
        let clock = Clock::system();
        clock.sleep(Duration::from_secs(5)).await;
        assert_eq!(clock.now().mono.since_start(), Duration::from_secs(5));
        assert!(clock.speed() > 0.99);
    }
}

impl Governor {
    /// Site time given out when `passed` would have passed without a governor.
    fn held(&self, passed: Duration) -> Duration {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (wanted, limit) = (passed.saturating_sub(held.lost), held.step + self.slack);
        if wanted <= limit {
            return wanted;
        }
        // What is held back is lost: time is not made up for later.
        held.lost += wanted - limit;
        limit
    }
}

/// Measures how long a piece of work takes in real time, whatever the site's clock does.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Clock {
    /// Starts a stopwatch.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this file alone asks for the time")]
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch(std::time::Instant::now())
    }
}

impl Stopwatch {
    /// Real time since it was started, in milliseconds.
    #[must_use]
    pub fn elapsed_ms(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1e3
    }
}
