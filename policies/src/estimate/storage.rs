//! Batteries: what is in them, what they take or give, and whether the plan can count on them.

use super::{EstimateMemory, held, tripped, unavailable};
use crate::guard::GuardMemory;
use site::asset::Battery;
use site::plan::{Basis, BatteryState, Estimated};
use site::units::{Power, Ratio};
use site::{AssetId, Site, Snapshot};
use std::collections::BTreeMap;

/// Spread of a state of charge that the battery's own management counts.
const CHARGE_SPREAD: f64 = 0.01;
/// Spread of one that is held: what a usual battery gives or takes while it is.
const HELD_CHARGE_SPREAD: f64 = 0.05;

/// The state of every battery.
pub(super) fn states(
    site: &Site,
    snapshot: &Snapshot,
    memory: &mut EstimateMemory,
    guard: &GuardMemory,
) -> BTreeMap<AssetId, BatteryState> {
    let state = |battery: &Battery| {
        let mut state = state(battery, snapshot, memory);
        state.unavailable = state.unavailable.or_else(|| tripped(guard, &battery.id));
        (battery.id.clone(), state)
    };
    site.batteries.iter().map(state).collect()
}

fn state(battery: &Battery, snapshot: &Snapshot, memory: &mut EstimateMemory) -> BatteryState {
    let points = &battery.points;
    let number = |point| snapshot.number(point).map(Power::new);
    let needed = [&points.charge, &points.power, &points.setpoint];
    BatteryState {
        charge: charge(battery, snapshot, memory),
        power: number(&points.power),
        setting: number(&points.setpoint),
        unavailable: unavailable(snapshot, &needed, points.remote.as_ref(), points.fault.as_ref()),
    }
}

fn charge(
    battery: &Battery,
    snapshot: &Snapshot,
    memory: &mut EstimateMemory,
) -> Option<Estimated<Ratio>> {
    let now = snapshot.now.utc;
    if let Some(percent) = snapshot.number(&battery.points.charge) {
        let value = Ratio::new((percent / 100.0).clamp(0.0, 1.0));
        memory.charges.insert(battery.id.clone(), (now, value));
        let spread = Ratio::new(CHARGE_SPREAD);
        return Some(Estimated { value, spread, basis: Basis::Measured });
    }
    let value = held(memory.charges.get(&battery.id), now)?;
    Some(Estimated { value, spread: Ratio::new(HELD_CHARGE_SPREAD), basis: Basis::Held })
}
