//! Values that stand still while they should be moving.

use site::{Mono, Value};
use std::time::Duration;

/// What is remembered of a point that must move.
#[derive(Debug, Clone)]
pub(super) struct Still {
    after: Duration,
    last: Option<(Value, Mono)>,
    /// It should have been moving when it was read last.
    moving: bool,
    /// For how long the value has stood while it should have been moving.
    stood: Duration,
}

impl Still {
    /// Nothing was read yet.
    pub(super) const fn new(after: Duration) -> Self {
        Self { after, last: None, moving: false, stood: Duration::ZERO }
    }

    /// Whether the value has stood too long. Time between two readings counts when the point
    /// should have been moving at both: nobody knows what was in between.
    pub(super) fn see(&mut self, value: &Value, at: Mono, moving: bool) -> bool {
        match &self.last {
            Some((last, since)) if last == value => {
                if moving && self.moving {
                    self.stood = self.stood.saturating_add(at.since(*since));
                }
            }
            _ => self.stood = Duration::ZERO,
        }
        self.last = Some((value.clone(), at));
        self.moving = moving;
        self.stood >= self.after
    }
}
