//! Batteries by the meter, as good ordinary equipment does it: what would be exported is taken,
//! what would be imported is given, and a reserve is kept.

use super::wish;
use site::asset::{Battery, Mode};
use site::command::{Proposal, Setpoint};
use site::units::Power;
use site::{Site, Snapshot};

/// Import or export below this is left alone, W, ..
const DEADBAND_WATTS: f64 = 200.0;
/// .. or below this share of what the batteries can take.
const DEADBAND_SHARE: f64 = 0.01;
/// A battery that rested at its reserve or its upper mark works again when it is so far from it.
const HYSTERESIS: f64 = 0.01;

/// A proposal for every battery whose readings are good, and the meter's is.
pub(super) fn propose(site: &Site, snapshot: &Snapshot) -> Vec<Proposal> {
    let Some(import) = snapshot.number(&site.grid.power) else { return Vec::new() };
    site.batteries.iter().filter_map(|battery| follow(site, snapshot, battery, import)).collect()
}

/// What a battery does, and may do.
struct Able {
    power: f64,
    /// What it may take and give, W.
    take: f64,
    give: f64,
}

fn able(snapshot: &Snapshot, battery: &Battery) -> Option<Able> {
    let power = snapshot.number(&battery.points.power)?;
    let charge = snapshot.number(&battery.points.charge)? / 100.0;
    let (reserve, high) = (battery.reserve.get(), battery.charge_high.get());
    let least = if power < 0.0 { reserve } else { reserve + HYSTERESIS };
    let most = if power > 0.0 { high } else { high - HYSTERESIS };
    let take = if charge < most { battery.charge_power.get() } else { 0.0 };
    let give = if charge > least { battery.discharge_power.get() } else { 0.0 };
    Some(Able { power, take, give })
}

fn follow(site: &Site, snapshot: &Snapshot, battery: &Battery, import: f64) -> Option<Proposal> {
    let own = able(snapshot, battery)?;
    // Others share the work when they are controlled.
    let shares = |other: &&Battery| other.control.mode == Mode::Control || other.id == battery.id;
    let all: Vec<Able> =
        site.batteries.iter().filter(shares).filter_map(|other| able(snapshot, other)).collect();
    let wanted = all.iter().map(|able| able.power).sum::<f64>() - import;
    let can = if wanted > 0.0 { |able: &Able| able.take } else { |able: &Able| able.give };
    let together: f64 = all.iter().map(can).sum();
    let part = if together > 0.0 { wanted * can(&own) / together } else { 0.0 };
    let near = DEADBAND_WATTS.max(DEADBAND_SHARE * all.iter().map(|able| able.take).sum::<f64>());
    let target = if import.abs() <= near { own.power } else { part };
    let power = Power::new(target.clamp(-own.give, own.take));
    let word = if import >= 0.0 { "import" } else { "export" };
    let flows = import.abs() / 1e3;
    let why = format!("{word} is {flows:.1} kW: {} by the meter", doing(power));
    Some(wish(&battery.id, Setpoint::Power(power), why))
}

fn doing(power: Power) -> String {
    match power.kw() {
        kw if kw > 0.0 => format!("takes {kw:.1} kW"),
        kw if kw < 0.0 => format!("gives {:.1} kW", -kw),
        _ => "rests".to_owned(),
    }
}
