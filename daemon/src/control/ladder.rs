//! The fallback ladder: optimal plan, relaxed plan, last valid plan, rules, release. It is always
//! said where a cycle stands and why; no fallback ever emits zeros in silence.

use jiff::Timestamp;
use site::Site;
use site::plan::{Estimate, Plan, Rung};

/// A clock before this is not set: no tariff or calendar can be trusted (2025-01-01).
const CLOCK_SANE_AFTER: i64 = 1_735_689_600;

/// Where a cycle stands, and what it acts upon.
#[derive(Debug, Clone)]
pub(super) struct Decision {
    pub(super) rung: Rung,
    pub(super) plan: Option<Plan>,
    pub(super) because: Option<String>,
}

/// Why there is no point in asking the optimiser.
pub(super) fn obstacle(site: &Site, estimate: &Estimate) -> Option<String> {
    if estimate.now.utc.as_second() < CLOCK_SANE_AFTER {
        return Some("the clock is not set".into());
    }
    let unknown = |tank: &&site::asset::Tank| {
        estimate.tanks.get(&tank.id).is_none_or(|level| level.is_none())
    };
    let tank = site.tanks.iter().find(unknown)?;
    Some(format!("the level of {} is unknown", tank.id))
}

/// Decides between a new plan, the last one, and the rules. `observed` cycles have passed of those
/// that are `needed` before anything is written.
pub(super) fn decide(
    now: Timestamp,
    plan: Result<Plan, String>,
    last: Option<&Plan>,
    (observed, needed): (u64, u64),
) -> Decision {
    if observed < needed {
        let because = format!("observing after the start, cycle {} of {needed}", observed + 1);
        return Decision { rung: Rung::Release, plan: plan.ok(), because: Some(because) };
    }
    match plan {
        Ok(plan) => {
            let wishes: Vec<&str> = plan.why.shortfalls.iter().map(|s| s.wish.as_str()).collect();
            let because = (!wishes.is_empty()).then(|| format!("given up: {}", wishes.join(", ")));
            Decision { rung: plan.rung, plan: Some(plan), because }
        }
        Err(because) => match last.filter(|plan| plan.valid_at(now)) {
            Some(plan) => {
                let plan = Some(plan.clone());
                Decision { rung: Rung::LastPlan, plan, because: Some(because) }
            }
            None => Decision { rung: Rung::Rules, plan: None, because: Some(because) },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_before_the_field_was_observed() {
        let now = Timestamp::UNIX_EPOCH;
        let decision = decide(now, Err("no plan".into()), None, (0, 3));
        assert_eq!(decision.rung, Rung::Release);
        let decision = decide(now, Err("no plan".into()), None, (3, 3));
        assert_eq!((decision.rung, decision.because), (Rung::Rules, Some("no plan".into())));
    }
}
