//! Check 1, `mode`: how far the site lets us go with an asset. Control is earned; a new asset
//! is only observed.

use super::Case;
use site::asset::Mode;
use site::command::{Outcome, Proposal, Setpoint, Verdict};

/// Its name in verdicts.
pub(super) const NAME: &str = "mode";

/// An observed asset is never written to, and nothing more need be said.
pub(super) fn observe(case: &Case<'_>) -> Option<Verdict> {
    if case.asset.control().mode != Mode::Observe {
        return None;
    }
    let wanted = case.proposal.setpoint;
    let reason = format!("observe: {wanted} was wished, and nothing is ever written");
    Some(case.verdict(NAME, Outcome::Blocked, reason))
}

/// A shadowed asset goes through all checks, so that the log says what would be written.
pub(super) fn shadow(case: &Case<'_>, setpoint: Option<Setpoint>) -> Option<Verdict> {
    if case.asset.control().mode != Mode::Shadow {
        return None;
    }
    let reason = match setpoint {
        Some(setpoint) => format!("shadow: would write {setpoint}"),
        None => "shadow: would write nothing".to_owned(),
    };
    Some(case.verdict(NAME, Outcome::Blocked, reason))
}

/// A proposal for something that takes no commands on this site.
pub(super) fn unknown(proposal: &Proposal) -> Verdict {
    Verdict {
        asset: proposal.asset.clone(),
        check: NAME.to_owned(),
        outcome: Outcome::Blocked,
        reason: format!("the site has nothing called {} that takes commands", proposal.asset),
    }
}
