//! Chargers without a plan: a vehicle is charged at once and as fast as it goes. What the
//! connection does not bear is held back by the caps, which share it among all.

use super::wish;
use site::asset::Charger;
use site::command::{Proposal, Setpoint};
use site::units::Current;
use site::{Site, Snapshot};

/// A proposal for every charger of which it is known whether a vehicle is there.
pub(super) fn propose(site: &Site, snapshot: &Snapshot) -> Vec<Proposal> {
    site.chargers.iter().filter_map(|charger| at_once(snapshot, charger)).collect()
}

fn at_once(snapshot: &Snapshot, charger: &Charger) -> Option<Proposal> {
    let (current, why) = match snapshot.flag(&charger.points.connected)? {
        true => (charger.max_current, "a vehicle is there: it charges at once"),
        false => (Current::ZERO, "no vehicle is there"),
    };
    Some(wish(&charger.id, Setpoint::Charge(current), why.to_owned()))
}
