//! The guard: the last word before a command leaves for the field. It takes what others propose
//! and lets it through, narrows it, or blocks it; it never wishes for anything itself.
//!
//! It shares no code with the planner it checks, keeps no clock and opens no link. One look:
//!
//! 1. [`GuardMemory::observe`] takes in what the field shows;
//! 2. [`guard`] judges the proposals: all the checks below, in this order, one file each;
//! 3. [`GuardMemory::commanded`] takes in what was let through, and [`GuardMemory::delivered`] what
//!    became of it.
//!
//! An asset that gets no command is not refreshed either: its dead-man expires and its own local
//! control takes over. That is why "nothing is written" is the answer to bad data.

#[cfg(test)]
pub(crate) mod bench;
mod generator;
mod holes;
mod interlock;
mod local;
mod memory;
mod mode;
mod quality;
mod ramp;
mod range;
mod soft_stop;
mod starts;
mod strongest;
#[cfg(test)]
mod tests;
mod timers;
mod trips;

pub use memory::GuardMemory;
use memory::Standing;
use strongest::strongest;
pub use trips::{Cause, Trip};

use site::asset::{
    Battery, Charger, Control, Inverter, LiftStation, Lighting, Motor, Pump, Shiftable, Tank,
};
use site::command::{Command, Guarded, Outcome, Proposal, Setpoint, Verdict};
use site::{AssetId, DeviceId, PointId, Site, Snapshot};

/// The checks between `mode` and the wire, by name and in order. Each one sees what the one
/// before it left over, so a later check may only narrow further.
const CHECKS: [(&str, Check); 12] = [
    ("local", local::remote),
    ("fault", local::fault),
    ("quality", quality::inputs),
    ("interlock", interlock::stop),
    ("trip", trips::latched),
    ("soft_stop", soft_stop::nearly_full),
    ("generator", generator::only_carried),
    ("range", range::clamp),
    ("ramp", ramp::slow),
    ("min_run", timers::min_run),
    ("min_stop", timers::min_stop),
    ("starts", starts::within_limits),
];

type Check = fn(&Case<'_>, Setpoint) -> Ruling;

/// What one check says.
#[derive(Debug, Clone, PartialEq)]
enum Ruling {
    /// No objection.
    Pass,
    /// This instead, and why.
    Narrow(Setpoint, String),
    /// Nothing at all, and why.
    Block(String),
}

/// An asset that can be told something.
#[derive(Debug, Clone, Copy)]
enum Asset<'a> {
    Pump(&'a Pump),
    Inverter(&'a Inverter),
    Lighting(&'a Lighting),
    Battery(&'a Battery),
    Charger(&'a Charger),
    Shiftable(&'a Shiftable),
    LiftStation(&'a LiftStation),
}

impl<'a> Asset<'a> {
    fn find(site: &'a Site, id: &AssetId) -> Option<Self> {
        let pump = || site.pump(id).map(Self::Pump);
        let inverter = || site.inverters.iter().find(|i| &i.id == id).map(Self::Inverter);
        let lighting = || site.lighting.iter().find(|l| &l.id == id).map(Self::Lighting);
        let battery = || site.batteries.iter().find(|b| &b.id == id).map(Self::Battery);
        let charger = || site.chargers.iter().find(|c| &c.id == id).map(Self::Charger);
        let shiftable = || site.shiftable.iter().find(|s| &s.id == id).map(Self::Shiftable);
        let station = || site.lift_stations.iter().find(|l| &l.id == id).map(Self::LiftStation);
        let water = || pump().or_else(station);
        let load = || lighting().or_else(charger).or_else(shiftable);
        water().or_else(load).or_else(inverter).or_else(battery)
    }
    const fn control(self) -> Control {
        match self {
            Self::Pump(pump) => pump.control,
            Self::Inverter(inverter) => inverter.control,
            Self::Lighting(cabinet) => cabinet.control,
            Self::Battery(battery) => battery.control,
            Self::Charger(charger) => charger.control,
            Self::Shiftable(load) => load.control,
            Self::LiftStation(station) => station.control,
        }
    }
    const fn device(self) -> &'a DeviceId {
        match self {
            Self::Pump(pump) => &pump.device,
            Self::Inverter(inverter) => &inverter.device,
            Self::Lighting(cabinet) => &cabinet.device,
            Self::Battery(battery) => &battery.device,
            Self::Charger(charger) => &charger.device,
            Self::Shiftable(load) => &load.device,
            Self::LiftStation(station) => &station.device,
        }
    }
    /// The point by which its device reports a fault, when it has one.
    const fn fault(self) -> Option<&'a PointId> {
        match self {
            Self::Pump(pump) => pump.points.fault.as_ref(),
            Self::Shiftable(load) => load.points.fault.as_ref(),
            Self::LiftStation(station) => station.points.fault.as_ref(),
            Self::Battery(battery) => battery.points.fault.as_ref(),
            Self::Inverter(_) | Self::Lighting(_) | Self::Charger(_) => None,
        }
    }
    const fn kind(self) -> &'static str {
        match self {
            Self::Pump(_) => "a pump",
            Self::Inverter(_) => "an inverter",
            Self::Lighting(_) => "a lighting cabinet",
            Self::Battery(_) => "a battery",
            Self::Charger(_) => "a charger",
            Self::Shiftable(_) => "a shiftable load",
            Self::LiftStation(_) => "a lift station",
        }
    }
    /// The motor that it is; none for what takes a graded setpoint.
    fn motor(self, site: &'a Site) -> Option<Motor<'a>> {
        let id = match self {
            Self::Pump(pump) => &pump.id,
            Self::Shiftable(load) => &load.id,
            Self::LiftStation(station) => &station.id,
            _ => return None,
        };
        site.motors().find(|motor| motor.id == id)
    }
}

/// One asset, the proposal for it, and everything a check may look at.
struct Case<'a> {
    site: &'a Site,
    snapshot: &'a Snapshot,
    memory: &'a GuardMemory,
    asset: Asset<'a>,
    proposal: &'a Proposal,
}

impl<'a> Case<'a> {
    /// The tanks a pump moves water between: the one it fills, and the one it draws from.
    fn tanks(&self, pump: &Pump) -> (Option<&'a Tank>, Option<&'a Tank>) {
        let source = pump.draws_from.as_ref().and_then(|id| self.site.tank(id));
        (self.site.tank(&pump.fills), source)
    }
    /// Whether a motor runs, and since when. One that cannot be seen counts as just stopped: the
    /// check of quality does not let it come so far.
    fn standing(&self, motor: Motor<'_>) -> Standing {
        let measured = self.snapshot.flag(motor.running).unwrap_or(false);
        self.memory.standing(motor.id, measured, self.snapshot.now.utc)
    }
    fn verdict(&self, check: &str, outcome: Outcome, reason: String) -> Verdict {
        let asset = self.proposal.asset.clone();
        Verdict { asset, check: check.to_owned(), outcome, reason }
    }
}

/// What the guard let through, and its word on everything it was asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Allowed {
    /// At most one command per asset, in the order of the assets' names.
    pub commands: Vec<Guarded<Command>>,
    /// At least one verdict per asset that had a proposal, in the same order.
    pub verdicts: Vec<Verdict>,
}

/// Judges `proposals` against the process image and the guard's memory.
///
/// Where several proposals speak of one asset, the highest authority wins, and among equals the
/// last. `memory` must have observed `snapshot`; a pump it does not know counts as just switched.
#[must_use]
pub fn guard(
    site: &Site,
    snapshot: &Snapshot,
    memory: &GuardMemory,
    proposals: &[Proposal],
) -> Allowed {
    let mut allowed = Allowed::default();
    for (id, proposal) in strongest(proposals) {
        let Some(asset) = Asset::find(site, id) else {
            allowed.verdicts.push(mode::unknown(proposal));
            continue;
        };
        let case = Case { site, snapshot, memory, asset, proposal };
        let (setpoint, verdicts) = judge(&case);
        allowed.verdicts.extend(verdicts);
        allowed.commands.extend(setpoint.map(|setpoint| seal(&case, setpoint)));
    }
    allowed
}

/// Mode first, then the checks; what is left over, and the verdicts.
fn judge(case: &Case<'_>) -> (Option<Setpoint>, Vec<Verdict>) {
    let hole = case.memory.leaves_out(mode::NAME);
    if let Some(verdict) = mode::observe(case).filter(|_| !hole) {
        return (None, vec![verdict]);
    }
    let (setpoint, mut verdicts) = run_checks(case);
    if let Some(verdict) = mode::shadow(case, setpoint).filter(|_| !hole) {
        verdicts.insert(0, verdict);
        return (None, verdicts);
    }
    if let (Some(setpoint), true) = (setpoint, verdicts.is_empty()) {
        let reason = format!("{setpoint}: no check objects");
        verdicts.push(case.verdict("all", Outcome::Passed, reason));
    }
    (setpoint, verdicts)
}

fn run_checks(case: &Case<'_>) -> (Option<Setpoint>, Vec<Verdict>) {
    let mut wanted = case.proposal.setpoint;
    let mut verdicts = Vec::new();
    for (name, check) in CHECKS.into_iter().filter(|(name, _)| !case.memory.leaves_out(name)) {
        match check(case, wanted) {
            Ruling::Pass => {}
            Ruling::Narrow(narrower, reason) => {
                verdicts.push(case.verdict(name, Outcome::Narrowed, reason));
                wanted = narrower;
            }
            Ruling::Block(reason) => {
                verdicts.push(case.verdict(name, Outcome::Blocked, reason));
                return (None, verdicts);
            }
        }
    }
    (Some(wanted), verdicts)
}

fn seal(case: &Case<'_>, setpoint: Setpoint) -> Guarded<Command> {
    Guarded::by_guard(Command {
        asset: case.proposal.asset.clone(),
        device: case.asset.device().clone(),
        setpoint,
        authority: case.proposal.authority,
    })
}
