//! The life of one link: what has gone wrong with it so far, over all its connections.

use std::sync::{Arc, Mutex, PoisonError};

use drivers::clock::Clock;
use site::Mono;

use super::{FaultPlan, WireFault};

/// A link with a plan of faults. A clone is the same link: connections share its count of
/// exchanges, so that a client which connects anew goes on in the plan.
#[derive(Debug, Clone)]
pub struct FaultyLine {
    plan: Arc<FaultPlan>,
    clock: Clock,
    began: Mono,
    exchanges: Arc<Mutex<u64>>,
}

impl FaultyLine {
    /// A link that starts now.
    #[must_use]
    pub fn new(plan: FaultPlan, clock: Clock) -> FaultyLine {
        let began = clock.now().mono;
        FaultyLine { plan: Arc::new(plan), clock, began, exchanges: Arc::default() }
    }

    /// How many requests have come over it.
    #[must_use]
    pub fn exchanges(&self) -> u64 {
        *self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request to `unit` has come: what goes wrong with its exchange.
    pub(super) fn handle_request(&self, unit: u8) -> Option<WireFault> {
        let nth = {
            let mut exchanges = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner);
            *exchanges += 1;
            *exchanges - 1
        };
        let since = self.clock.now().mono.since(self.began);
        self.plan.fault(nth, since, unit).cloned()
    }
}
