//! Which proposal counts, before any check: the one with the highest authority. A limit from above
//! (an interlock's cap on export, a limit from outside) takes nothing away from a lower wish that
//! is narrower already.

use site::command::{Authority, Proposal, Setpoint};
use site::{AssetId, units::Ratio};
use std::collections::BTreeMap;

/// The proposal that counts for each asset.
pub(super) fn strongest(proposals: &[Proposal]) -> BTreeMap<&AssetId, &Proposal> {
    let mut of_asset: BTreeMap<&AssetId, Vec<&Proposal>> = BTreeMap::new();
    for proposal in proposals {
        of_asset.entry(&proposal.asset).or_default().push(proposal);
    }
    let settled = of_asset.into_iter().filter_map(|(id, all)| Some((id, settle(all)?)));
    settled.collect()
}

/// From the weakest to the strongest: each one replaces what the weaker ones agreed upon, unless it
/// is only a cap and they are below it.
fn settle(mut all: Vec<&Proposal>) -> Option<&Proposal> {
    // Authorities are ordered highest first; among equals the last one counts.
    all.sort_by_key(|proposal| std::cmp::Reverse(proposal.authority));
    let mut held: Option<&Proposal> = None;
    for proposal in all {
        let stays = held.is_some_and(|held| {
            held.authority != proposal.authority
                && is_cap(proposal, held)
                && narrower(held, proposal)
        });
        if !stays {
            held = Some(proposal);
        }
    }
    held
}

/// Whether a proposal limits the weaker one rather than wishing something of its own.
fn is_cap(proposal: &Proposal, weaker: &Proposal) -> bool {
    match proposal.authority {
        // A motor that an interlock wants to run or stop does so; shares and currents are caps.
        Authority::Interlock => !matches!(proposal.setpoint, Setpoint::Run | Setpoint::Stop),
        // An operator's override is no limit from outside: it may be narrower or wider.
        Authority::External => weaker.authority > Authority::External,
        Authority::Operator | Authority::Plan | Authority::Program => false,
    }
}

/// Whether a setpoint takes or gives less than a cap. A battery's power has no narrower side of its
/// own: what narrows depends on the limit, and whoever proposes knows it.
fn narrower(held: &Proposal, cap: &Proposal) -> bool {
    let limit = |setpoint: Setpoint| match setpoint {
        Setpoint::Limit(share) => Some(share),
        Setpoint::NoLimit => Some(Ratio::ONE),
        _ => None,
    };
    match (held.setpoint, cap.setpoint) {
        (Setpoint::Charge(held), Setpoint::Charge(cap)) => held < cap,
        (Setpoint::Stop, Setpoint::Run) => true,
        (held, cap) => match (limit(held), limit(cap)) {
            (Some(held), Some(cap)) => held < cap,
            _ => false,
        },
    }
}
