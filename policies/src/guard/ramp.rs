//! Check 9, `ramp`: how fast a setpoint may move away from the safe side. An inverter's limit
//! falls at once and rises slowly; a street brightens at once and dims slowly; a battery goes to
//! rest at once and away from it slowly. Motors and chargers have no ramp of ours.

use super::{Asset, Case, Ruling};
use site::asset::{Battery, Inverter, Lighting};
use site::command::Setpoint;
use site::units::{Power, Ratio};
use std::time::Duration;

/// An inverter's limit rises by at most 10 % of its rating in 10 s.
const RAISE_PER_SECOND: f64 = 0.01;
/// A street dims by at most 20 % of full light in 10 s.
const DIM_PER_SECOND: f64 = 0.02;
/// A battery goes through its whole range, from giving to taking all it can, in so long, s.
const BATTERY_RANGE_SECONDS: f64 = 10.0;
/// Powers closer than this are equal, W.
const POWER_TOLERANCE: f64 = 1.0;
/// Shares closer than this are equal: far below what any device can resolve.
const SHARE_TOLERANCE: f64 = 1e-9;

/// Moves towards what is wanted no faster than the ramp.
pub(super) fn slow(case: &Case<'_>, wanted: Setpoint) -> Ruling {
    match (case.asset, wanted) {
        (Asset::Inverter(inverter), Setpoint::Limit(limit)) => raise(case, inverter, limit),
        (Asset::Inverter(inverter), Setpoint::NoLimit) => raise(case, inverter, Ratio::ONE),
        (Asset::Lighting(cabinet), Setpoint::Light(level)) => dim(case, cabinet, level),
        (Asset::Battery(battery), Setpoint::Power(power)) => away_from_rest(case, battery, power),
        _ => Ruling::Pass,
    }
}

fn raise(case: &Case<'_>, inverter: &Inverter, wanted: Ratio) -> Ruling {
    let from = commanded(case).unwrap_or_else(|| limit_in_force(case, inverter));
    let highest = (from + RAISE_PER_SECOND * seconds(case)).max(inverter.min_limit.get());
    if wanted.get() <= highest + SHARE_TOLERANCE {
        return Ruling::Pass;
    }
    Ruling::Narrow(
        Setpoint::Limit(Ratio::new(highest)),
        words("rises", from, highest, wanted, RAISE_PER_SECOND),
    )
}

fn dim(case: &Case<'_>, cabinet: &Lighting, wanted: Ratio) -> Ruling {
    let from = commanded(case).unwrap_or_else(|| level_in_force(case, cabinet));
    let lowest = from - DIM_PER_SECOND * seconds(case);
    if wanted.get() >= lowest - SHARE_TOLERANCE {
        return Ruling::Pass;
    }
    Ruling::Narrow(
        Setpoint::Light(Ratio::new(lowest)),
        words("dims", from, lowest, wanted, DIM_PER_SECOND),
    )
}

/// From what it does now, through rest, no further than the ramp lets it.
fn away_from_rest(case: &Case<'_>, battery: &Battery, wanted: Power) -> Ruling {
    let told = case.memory.setting(&case.proposal.asset).and_then(|(setpoint, _)| match setpoint {
        Setpoint::Power(power) => Some(power.get()),
        _ => None,
    });
    let shown = || case.snapshot.number(&battery.points.power).unwrap_or(0.0);
    let from = told.unwrap_or_else(shown);
    let range = battery.charge_power.get() + battery.discharge_power.get();
    let by = range / BATTERY_RANGE_SECONDS * seconds(case);
    let held = wanted.get().clamp(from.min(0.0) - by, from.max(0.0) + by);
    if (held - wanted.get()).abs() <= POWER_TOLERANCE {
        return Ruling::Pass;
    }
    let (from, to, wanted) = (from / 1e3, held / 1e3, wanted.kw());
    let reason = format!(
        "goes from {from:.1} kW to {to:.1} kW, not to {wanted:.1} kW: the whole range in \
         {BATTERY_RANGE_SECONDS:.0} s"
    );
    Ruling::Narrow(Setpoint::Power(Power::new(held)), reason)
}

/// What we told the asset at the last look, as a share; no limit is the whole.
fn commanded(case: &Case<'_>) -> Option<f64> {
    match case.memory.setting(&case.proposal.asset)?.0 {
        Setpoint::Limit(share) | Setpoint::Light(share) => Some(share.get()),
        Setpoint::NoLimit => Some(1.0),
        Setpoint::Run | Setpoint::Stop | Setpoint::Power(_) | Setpoint::Charge(_) => None,
    }
}

/// The limit that seems to be in force: at least what is being produced, because an inverter may
/// read back a limit that it does not apply. Nothing, when nothing is known.
fn limit_in_force(case: &Case<'_>, inverter: &Inverter) -> f64 {
    let power = case.snapshot.number(&inverter.points.power).unwrap_or(0.0);
    let limit = case.snapshot.number(&inverter.points.limit).unwrap_or(0.0);
    let rating = inverter.rated_power.get().max(1.0);
    (power / rating).max(limit / 100.0).clamp(0.0, 1.0)
}

/// The light that is on: full where the cabinet does not say, so that dimming begins at the top.
fn level_in_force(case: &Case<'_>, cabinet: &Lighting) -> f64 {
    if case.snapshot.flag(&cabinet.points.lit) == Some(false) {
        return 0.0;
    }
    let percent = case.snapshot.number(&cabinet.points.level).unwrap_or(100.0);
    (percent / 100.0).clamp(0.0, 1.0)
}

/// Time since the last look, at most one poll: a pause is not saved up for one big move.
fn seconds(case: &Case<'_>) -> f64 {
    let poll = case.site.pace.poll;
    let since = case.memory.setting(&case.proposal.asset).map_or(poll, |(_, at)| {
        Duration::try_from(case.snapshot.now.utc.duration_since(at)).unwrap_or_default()
    });
    since.min(poll).as_secs_f64()
}

fn words(verb: &str, from: f64, to: f64, wanted: Ratio, per_second: f64) -> String {
    let (from, to, rate) = (from * 100.0, to * 100.0, per_second * 1000.0);
    let wanted = wanted.percent();
    format!("{verb} from {from:.0} % to {to:.0} %, not to {wanted:.0} %: {rate:.0} % in 10 s")
}
