//! A plan that fails, made as short as it still fails.

use super::FaultPlan;

/// Leaves out events of a plan for as long as `fails` holds of what is left: halves first, then
/// smaller parts, down to single events (Zeller's ddmin). Gives a plan from which no single event
/// can be left out.
///
/// # Errors
/// What `fails` reports.
pub fn shrink<E>(
    plan: &FaultPlan,
    mut fails: impl FnMut(&FaultPlan) -> Result<bool, E>,
) -> Result<FaultPlan, E> {
    let mut left = plan.clone();
    let mut parts = 2;
    while !left.events.is_empty() {
        let size = left.events.len().div_ceil(parts).max(1);
        let mut shorter = None;
        for first in (0..left.events.len()).step_by(size) {
            let mut candidate = left.clone();
            candidate.events.drain(first..(first + size).min(left.events.len()));
            if fails(&candidate)? {
                shorter = Some(candidate);
                break;
            }
        }
        match shorter {
            Some(candidate) => {
                left = candidate;
                parts = parts.saturating_sub(1).max(2);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(left.events.len()),
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Event, Trouble};
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    fn plan(events: u32) -> FaultPlan {
        let event = |at_s| Event { at_s, for_s: 1, trouble: Trouble::Suspend };
        let start = jiff::Timestamp::UNIX_EPOCH;
        let events = (0..events).map(event).collect();
        FaultPlan { seed: 1, start, faulty_cycles: 10, healed_cycles: 2, events }
    }

    proptest! {
        #[test]
        fn what_is_needed_is_left_and_nothing_else(
            count in 1u32..60, needed in prop::collection::btree_set(0u32..60, 0..4),
        ) {
            let needed: Vec<u32> = needed.into_iter().filter(|at| *at < count).collect();
            let has = |plan: &FaultPlan, at: u32| plan.events.iter().any(|e| e.at_s == at);
            let fails = |plan: &FaultPlan| {
                Ok::<_, Infallible>(needed.iter().all(|at| has(plan, *at)))
            };
            let short = shrink(&plan(count), fails).expect("never fails to try");
            let left: Vec<u32> = short.events.iter().map(|event| event.at_s).collect();
            prop_assert_eq!(left, needed);
        }
    }
}
