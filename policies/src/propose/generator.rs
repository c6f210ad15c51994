//! While a generator runs, only what it carries is asked to run. The guard holds the same, and does
//! not rest on this.

use site::command::{Proposal, Setpoint};
use site::units::{Current, Power};
use site::{Site, Snapshot};

/// Takes back every wish to draw power that the running generator does not carry.
pub(super) fn only_carried(site: &Site, snapshot: &Snapshot, proposals: &mut [Proposal]) {
    let mut running = site.generators.iter().filter(|g| snapshot.flag(&g.running) == Some(true));
    let Some(generator) = running.next() else { return };
    for proposal in proposals.iter_mut().filter(|p| !generator.carries.contains(&p.asset)) {
        let instead = match proposal.setpoint {
            Setpoint::Run => Setpoint::Stop,
            Setpoint::Power(power) if power > Power::ZERO => Setpoint::Power(Power::ZERO),
            Setpoint::Charge(current) if current > Current::ZERO => Setpoint::Charge(Current::ZERO),
            _ => continue,
        };
        let id = &generator.id;
        proposal.why = format!("{}; {id} runs and does not carry it: {instead}", proposal.why);
        proposal.setpoint = instead;
    }
}
