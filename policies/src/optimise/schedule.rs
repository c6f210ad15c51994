//! From counted pumps to named ones, and from an old choice to a new horizon.

use super::{Chosen, Inputs, Mix, Schedule, pumps};
use site::AssetId;
use site::units::Ratio;
use std::collections::BTreeMap;
use std::time::Duration;

/// The standing choice on the steps of the new horizon. Where it ends, its last step goes on. What
/// the pumps must or may do now narrows its near part.
pub(super) fn shifted(inputs: &Inputs<'_>, chosen: &Chosen) -> Option<Schedule> {
    let steps = &inputs.forecast.steps;
    let first = steps.first()?.start;
    let (plan, old) = (&chosen.plan, &chosen.schedule);
    let combinations = inputs.water.map_or(0, |water| water.tables.combinations().len());
    let mut mixes = Vec::with_capacity(steps.len());
    let mut switched: Vec<Vec<f64>> = vec![Vec::new(); old.switched.len()];
    for step in steps {
        let middle = site::time::add_seconds(step.start, step.hours() * 1800.0);
        let last = plan.steps.len().checked_sub(1)?;
        let t = plan.step_at(middle).unwrap_or(last);
        let mix = old.mixes.get(t)?;
        if mix.len() != combinations {
            return None;
        }
        let offset = step.start.duration_since(first).unsigned_abs();
        let whole = step.start < old.near_until && inputs.water.is_some();
        mixes.push(if whole { narrowed(inputs, mix, offset)? } else { mix.clone() });
        for (shares, old) in switched.iter_mut().zip(&old.switched) {
            shares.push(*old.get(t)?);
        }
    }
    Some(Schedule { mixes, used: old.used.clone(), switched, near_until: old.near_until })
}

/// Whether two schedules agree wherever both have one combination.
pub(super) fn same(a: &Schedule, b: &Schedule) -> bool {
    let whole = |mix: &Mix| mix.iter().any(|share| *share > 0.999);
    let differ = |(a, b): (&Mix, &Mix)| {
        whole(a) && whole(b) && a.iter().zip(b).any(|(a, b)| (a - b).abs() > 0.5)
    };
    !a.mixes.iter().zip(&b.mixes).any(differ)
}

/// The combination of a near step within what the pumps must or may do.
fn narrowed(inputs: &Inputs<'_>, mix: &Mix, offset: Duration) -> Option<Mix> {
    let water = inputs.water?;
    let combinations = water.tables.combinations();
    let best = mix.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?.0;
    let count = |(g, &wanted): (usize, &usize)| {
        let bounds = pumps::bounds(inputs, g, offset, offset == Duration::ZERO);
        wanted.clamp(bounds.least.min(bounds.most), bounds.most)
    };
    let counts: Vec<usize> = combinations[best].0.iter().enumerate().map(count).collect();
    let mut whole = vec![0.0; combinations.len()];
    whole[combinations.iter().position(|c| c.0 == counts)?] = 1.0;
    Some(whole)
}

/// Names the pumps that run, as shares of each step: those that run already go on; the one that
/// rested longest starts first, the one that ran longest stops first. A mixture gives the last
/// pump of a group the part that is left.
pub(super) fn named(inputs: &Inputs<'_>, schedule: &Schedule) -> BTreeMap<AssetId, Vec<Ratio>> {
    let mut named: BTreeMap<AssetId, Vec<Ratio>> = BTreeMap::new();
    let Some(water) = inputs.water else { return named };
    let combinations = water.tables.combinations();
    let first = inputs.forecast.steps.first().map(|step| step.start);
    for (g, group) in water.groups.iter().enumerate() {
        let mut members: Vec<Member> =
            group.pumps.iter().map(|id| Member::new(inputs, id.clone())).collect();
        for (t, mix) in schedule.mixes.iter().enumerate() {
            let pumps = combinations.iter().zip(mix).map(|(c, share)| count(c.0[g]) * share);
            let running = pumps.sum::<f64>().clamp(0.0, count(group.pumps.len()));
            let start = inputs.forecast.steps[t].start;
            let offset =
                first.map_or(Duration::ZERO, |first| start.duration_since(first).unsigned_abs());
            members.iter_mut().for_each(|member| member.hold(inputs, offset));
            assign(&mut members, running.round(), t == 0);
            let whole = start < schedule.near_until;
            // What rounding took away or added goes to the pump that switched last.
            let left = if whole { 0.0 } else { running - running.round() };
            let hours = inputs.forecast.steps[t].hours();
            let spare = spare(&members, left);
            for (m, member) in members.iter_mut().enumerate() {
                member.hours += hours;
                let part = if Some(m) == spare { left } else { 0.0 };
                let share = (f64::from(u8::from(member.runs)) + part).clamp(0.0, 1.0);
                named.entry(member.id.clone()).or_default().push(Ratio::new(share));
            }
        }
    }
    named
}

/// The member that takes what rounding left over: a stopped one for more, a running one for less.
fn spare(members: &[Member], left: f64) -> Option<usize> {
    let runs = left < 0.0;
    (left.abs() > 1e-3).then(|| members.iter().position(|m| m.free() && m.runs == runs))?
}

fn count(pumps: usize) -> f64 {
    f64::from(u8::try_from(pumps).unwrap_or(u8::MAX))
}

struct Member {
    id: AssetId,
    runs: bool,
    /// Hours in the present state.
    hours: f64,
    /// Must stay as it is in the first step.
    pinned: bool,
    commandable: bool,
    /// Held fast in this step: the question of a counterfactual.
    held: bool,
}

impl Member {
    fn new(inputs: &Inputs<'_>, id: AssetId) -> Self {
        let (pump, state) = (inputs.site.pump(&id), inputs.estimate.pumps.get(&id));
        let runs = state.is_some_and(|state| state.running == Some(true));
        let since = state.map_or(Duration::ZERO, |state| state.in_state_for);
        let commandable = inputs.commandable(&id);
        let least = pump.map_or(Duration::ZERO, |p| if runs { p.min_run } else { p.min_stop });
        let pinned = !commandable || since < least;
        let hours = since.as_secs_f64() / 3600.0;
        Self { id, runs, hours, pinned, commandable, held: false }
    }
    fn switch(&mut self, runs: bool) {
        (self.runs, self.hours) = (runs, 0.0);
    }
    const fn free(&self) -> bool {
        self.commandable && !self.held
    }
    fn hold(&mut self, inputs: &Inputs<'_>, offset: Duration) {
        let held = pumps::held(inputs, &self.id, offset);
        self.held = held.is_some();
        if let Some(on) = held.filter(|on| *on != self.runs) {
            self.switch(on);
        }
    }
}

fn assign(members: &mut [Member], wanted: f64, first: bool) {
    if !first {
        for member in members.iter_mut().filter(|member| !member.commandable && member.runs) {
            member.switch(false);
        }
    }
    loop {
        let running = count(members.iter().filter(|member| member.runs).count());
        let stop = running > wanted;
        if (running - wanted).abs() < 0.5 {
            return;
        }
        let free = members
            .iter_mut()
            .filter(|member| member.runs == stop && member.free() && !(first && member.pinned));
        let longest = free.max_by(|a, b| a.hours.total_cmp(&b.hours).then(b.id.cmp(&a.id)));
        match longest {
            Some(member) => member.switch(!stop),
            None => return,
        }
    }
}
