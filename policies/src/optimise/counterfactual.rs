//! What something would cost: the same question once more, with an asset held fast.

use super::{Hold, Inputs, Planner, SolveError};
use serde::{Deserialize, Serialize};
use site::plan::{Plan, Shortfall};
use site::units::Money;

/// The answer to "what would it cost to hold this?".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counterfactual {
    /// More money over the horizon: energy and demand charges.
    pub money: Money,
    /// The same with wear, with wishes given up at their prices, and with what is left in tanks and
    /// batteries at the end: what the hold really costs.
    pub all: Money,
    /// Wishes that are given up for it and were not without it.
    pub given_up: Vec<Shortfall>,
    /// The plan with the hold.
    pub plan: Plan,
}

impl Planner {
    /// Asks what `holds` would cost, seen from `inputs`. Both plans are chosen afresh with the same
    /// limits, so a difference below the gap of such a choice (0.2 % of the cost) means nothing.
    ///
    /// # Errors
    /// When either question has no plan.
    pub fn counterfactual(
        inputs: &Inputs<'_>,
        holds: &[Hold],
    ) -> Result<Counterfactual, SolveError> {
        let (free, _) = Self::default().optimise(&Inputs { holds: &[], ..*inputs });
        let (held, _) = Self::default().optimise(&Inputs { holds, ..*inputs });
        let (free, plan) = (free?, held?);
        let known = |wish: &str| free.why.shortfalls.iter().any(|missed| missed.wish == wish);
        let given_up = plan.why.shortfalls.iter().filter(|missed| !known(&missed.wish));
        Ok(Counterfactual {
            money: plan.cost - free.cost,
            all: Money::new(plan.why.objective - free.why.objective),
            given_up: given_up.cloned().collect(),
            plan,
        })
    }
}
