//! From intent to proposals: what the plan's current step (or, where there is none, the rules)
//! wishes for each asset, what the caps at the point of common coupling leave of it, and what a low
//! tank or a full well demands whatever the price.
//!
//! Nothing is checked here; the guard does that, and trusts none of it.

mod battery;
mod caps;
mod charging;
mod circumstances;
mod generator;
#[cfg(test)]
mod tests;

pub use circumstances::Circumstances;

use crate::rules;
use site::asset::{LiftStation, Pump, Tank};
use site::command::{Authority, Proposal, Setpoint};
use site::plan::{Plan, Rung};
use site::units::{Power, Ratio};
use site::{AssetId, Site, Snapshot};
use std::collections::BTreeMap;

/// The proposals of one cycle, for the rung of the fallback ladder it stands on.
///
/// On a rung with a plan every asset follows the plan's step at `snapshot.now.utc`, and the rules
/// fill in for assets that the plan leaves out; a plan that is missing or no longer valid leaves
/// out all of them. On [`Rung::Release`] nothing is proposed, so nothing is written and each
/// device falls back to its own local control.
#[must_use]
pub fn propose(
    site: &Site,
    snapshot: &Snapshot,
    plan: Option<&Plan>,
    rung: Rung,
    known: &Circumstances,
) -> Vec<Proposal> {
    let step = match rung {
        Rung::Release => return Vec::new(),
        Rung::Rules => None,
        Rung::Optimal | Rung::Relaxed | Rung::LastPlan => {
            plan.and_then(|plan| current(snapshot, plan))
        }
    };
    let mut proposals = rules::propose(site, snapshot, known);
    if let Some(step) = step {
        for wish in step.wishes(site, snapshot, known) {
            follow(&mut proposals, wish);
        }
    }
    generator::only_carried(site, snapshot, &mut proposals);
    // Last, so that the caps reckon with what an operator wants instead of what was planned.
    proposals.extend(known.overrides.iter().cloned());
    let narrowed = caps::narrow(site, snapshot, known, &proposals);
    proposals.extend(narrowed);
    proposals.extend(site.pumps.iter().filter_map(|pump| low_level(site, snapshot, pump)));
    proposals.extend(site.lift_stations.iter().filter_map(|station| well(snapshot, station)));
    proposals
}

/// One step of a plan that may be used now.
struct CurrentStep<'a> {
    plan: &'a Plan,
    index: usize,
}

fn current<'a>(snapshot: &Snapshot, plan: &'a Plan) -> Option<CurrentStep<'a>> {
    let now = snapshot.now.utc;
    let index = plan.step_at(now).filter(|_| plan.valid_at(now))?;
    Some(CurrentStep { plan, index })
}

impl CurrentStep<'_> {
    /// What the step wishes for every asset that the plan knows.
    fn wishes(&self, site: &Site, snapshot: &Snapshot, known: &Circumstances) -> Vec<Proposal> {
        let planned = site.pumps.iter().map(|pump| &pump.id);
        let planned = planned.chain(site.lighting.iter().map(|cabinet| &cabinet.id));
        let planned = planned.chain(site.inverters.iter().map(|inverter| &inverter.id));
        let planned = planned.chain(site.shiftable.iter().map(|load| &load.id));
        let planned = planned.chain(site.lift_stations.iter().map(|station| &station.id));
        let mut wishes: Vec<Proposal> = planned.filter_map(|id| self.wish(id)).collect();
        let powers = battery::powers(site, snapshot, (self.plan, self.index));
        wishes.extend(powers.into_iter().filter_map(|(id, (power, corrected))| {
            let mut wish = self.worded(&id, Setpoint::Power(power))?;
            if let Some(corrected) = corrected {
                wish.why = format!("{}; {corrected}", wish.why);
            }
            Some(wish)
        }));
        let chargers = site.chargers.iter();
        wishes.extend(chargers.filter_map(|charger| self.charge(snapshot, charger, known)));
        wishes
    }

    /// A charger follows the plan while a vehicle is there.
    fn charge(
        &self,
        snapshot: &Snapshot,
        charger: &site::asset::Charger,
        known: &Circumstances,
    ) -> Option<Proposal> {
        let planned: Power = *self.at(&self.plan.power, &charger.id)?;
        let session = known.sessions.get(&charger.id);
        if snapshot.flag(&charger.points.connected) != Some(true) {
            return None;
        }
        let step = self.plan.steps.get(self.index)?;
        let now = snapshot.now.utc;
        let current = charging::current(charger, (planned, step), session, now);
        self.worded(&charger.id, Setpoint::Charge(current))
    }

    /// What the step wishes for an asset that is switched, limited or dimmed; none when the plan
    /// says nothing about it.
    fn wish(&self, asset: &AssetId) -> Option<Proposal> {
        let run = |share: &Ratio| {
            if share.get() >= 0.5 { Setpoint::Run } else { Setpoint::Stop }
        };
        let limit = |limit: &Option<Ratio>| limit.map_or(Setpoint::NoLimit, Setpoint::Limit);
        let light = |level: &Ratio| Setpoint::Light(*level);
        let setpoint = (self.at(&self.plan.pumps, asset).map(run))
            .or_else(|| self.at(&self.plan.switched, asset).map(run))
            .or_else(|| self.at(&self.plan.limits, asset).map(limit))
            .or_else(|| self.at(&self.plan.lighting, asset).map(light))?;
        self.worded(asset, setpoint)
    }

    fn worded(&self, asset: &AssetId, setpoint: Setpoint) -> Option<Proposal> {
        let (made, rung) = (self.plan.made_at, self.plan.rung.word());
        let end = self.plan.steps.get(self.index)?.end;
        let why = format!("{rung} plan of {made:.0} until {end:.0}: {setpoint}");
        Some(Proposal { asset: asset.clone(), setpoint, authority: Authority::Plan, why })
    }

    fn at<'b, T>(&self, of: &'b BTreeMap<AssetId, Vec<T>>, asset: &AssetId) -> Option<&'b T> {
        of.get(asset)?.get(self.index)
    }
}

/// Puts the plan's wish in the place of the rule's. A cap on export stands beside it: the guard
/// takes the lower of the two. Whether there is light at all stays with the program; the plan dims.
fn follow(proposals: &mut Vec<Proposal>, wish: Proposal) {
    let of_program = |proposal: &&mut Proposal| {
        proposal.asset == wish.asset && proposal.authority == Authority::Program
    };
    let Some(rule) = proposals.iter_mut().find(of_program) else {
        proposals.push(wish);
        return;
    };
    if let (Setpoint::Light(program), Setpoint::Light(planned)) = (rule.setpoint, wish.setpoint)
        && (program.get() <= 0.0 || planned.get() <= 0.0)
    {
        // Dusk and dawn are the program's: a plan made before may not have seen them.
        return;
    }
    *rule = wish;
}

/// A well above its high mark is pumped out whatever the price, and one below its low mark is left
/// alone whatever is wished.
fn well(snapshot: &Snapshot, station: &LiftStation) -> Option<Proposal> {
    let level = rules::well_share(snapshot, station)?;
    let (setpoint, relation) = if level >= station.high.get() {
        (Setpoint::Run, format!("at or above {:.0} %: run", station.high.percent()))
    } else if level <= station.low.get() {
        (Setpoint::Stop, format!("at or below {:.0} %: stop", station.low.percent()))
    } else {
        return None;
    };
    let why = format!("its well stands at {:.1} %, {relation}, whatever the price", 100.0 * level);
    let (asset, authority) = (station.id.clone(), Authority::Interlock);
    Some(Proposal { asset, setpoint, authority, why })
}

/// A tank below its low mark is filled whatever the price, as long as there is water to draw.
fn low_level(site: &Site, snapshot: &Snapshot, pump: &Pump) -> Option<Proposal> {
    let filled = site.tank(&pump.fills)?;
    let level = rules::level_share(snapshot, filled)?;
    let has_water = |tank: &Tank| {
        rules::level_share(snapshot, tank).is_some_and(|level| level > tank.low.get())
    };
    let source = pump.draws_from.as_ref().and_then(|id| site.tank(id));
    if level >= filled.low.get() || !source.is_none_or(has_water) {
        return None;
    }
    let words = rules::level_words(filled, level);
    let why = format!("{words}, below {:.0} %: run, whatever the price", filled.low.percent());
    let (asset, authority) = (pump.id.clone(), Authority::Interlock);
    Some(Proposal { asset, setpoint: Setpoint::Run, authority, why })
}
