//! Check 7, `generator`: while a generator runs, whatever it does not carry takes no power. Nobody
//! knows what a generator that is asked for too much does to the rest of its network.
//!
//! Lighting is left alone: its safe side is on, and what hangs on the generator is lit by it.

use super::{Asset, Case, Ruling};
use site::asset::Generator;
use site::command::Setpoint;
use site::units::{Current, Power};

/// Turns what takes power into what takes none while a generator runs that does not carry it.
pub(super) fn only_carried(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    let Some(generator) = bars(case) else { return Ruling::Pass };
    let instead = match wanted {
        Setpoint::Run => Setpoint::Stop,
        Setpoint::Power(power) if power > Power::ZERO => Setpoint::Power(Power::ZERO),
        Setpoint::Charge(current) if current > Current::ZERO => Setpoint::Charge(Current::ZERO),
        _ => return Ruling::Pass,
    };
    let asset = &case.proposal.asset;
    Ruling::Narrow(instead, format!("{} runs and does not carry {asset}", generator.id))
}

/// The running generator that does not carry the asset.
pub(super) fn bars<'a>(case: &Case<'a>) -> Option<&'a Generator> {
    if matches!(case.asset, Asset::Inverter(_) | Asset::Lighting(_)) {
        return None;
    }
    let runs = |generator: &&Generator| case.snapshot.flag(&generator.running) == Some(true);
    let mut running = case.site.generators.iter().filter(runs);
    running.find(|generator| !generator.carries.contains(&case.proposal.asset))
}
