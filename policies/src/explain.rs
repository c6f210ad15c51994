//! Why an asset is as it is, in words: what was wanted and by whom, what the guard said, the
//! price, the level needed, the constraints that bind, the wishes given up.

mod energy;
mod steps;

pub use steps::{ExplainedStep, FeederValue, Planned, WaterRole, WaterValue, explain_steps};

use jiff::Timestamp;
use site::asset::{Inverter, Lighting, Pump};
use site::command::Outcome;
use site::plan::{Basis, Plan, PumpFit, Rung};
use site::record::CycleRecord;
use site::units::Ratio;
use site::{AssetId, Site};
use std::fmt::Write;

/// How many binding constraints are worth a line.
const BINDINGS_SHOWN: usize = 3;

/// The explanation of one asset after a cycle; none when the site has no such asset.
#[must_use]
pub fn explain(site: &Site, record: &CycleRecord, asset: &AssetId) -> Option<String> {
    let mut text = Text { site, record, lines: String::new() };
    if let Some(pump) = site.pump(asset) {
        text.pump(pump);
    } else if let Some(inverter) = site.inverters.iter().find(|i| &i.id == asset) {
        text.inverter(inverter);
    } else if let Some(lighting) = site.lighting.iter().find(|l| &l.id == asset) {
        text.lighting(lighting);
    } else if let Some(battery) = site.batteries.iter().find(|b| &b.id == asset) {
        text.battery(battery);
    } else if let Some(charger) = site.chargers.iter().find(|c| &c.id == asset) {
        text.charger(charger);
    } else if let Some(load) = site.shiftable.iter().find(|l| &l.id == asset) {
        text.shiftable(load);
    } else if let Some(station) = site.lift_stations.iter().find(|s| &s.id == asset) {
        text.station(station);
    } else {
        return None;
    }
    text.wanted(asset);
    text.guard(asset);
    text.rung();
    Some(text.lines)
}

struct Text<'a> {
    site: &'a Site,
    record: &'a CycleRecord,
    lines: String,
}

impl Text<'_> {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.lines, "{line}");
    }
    fn now(&self) -> Timestamp {
        self.record.snapshot.now.utc
    }
    fn clock(&self, at: Timestamp) -> String {
        at.to_zoned(self.site.zone.clone()).strftime("%H:%M").to_string()
    }

    fn pump(&mut self, pump: &Pump) {
        let record = self.record;
        let state = record.estimate.pumps.get(&pump.id);
        let word = match state.and_then(|state| state.running) {
            Some(true) => "running",
            Some(false) => "stopped",
            None => "in an unknown state",
        };
        let since = state.map_or(0, |state| state.in_state_for.as_secs() / 60);
        self.line(format_args!("{} is {word}, as seen for {since} min.", pump.id));
        if let Some(why) = state.and_then(|state| state.unavailable.as_ref()) {
            self.line(format_args!("It is not available to the plan: {why}."));
        }
        self.price(&pump.id);
        let Some(plan) = &record.plan else { return };
        self.fit(plan, pump);
        if let Some(runs) = plan.pumps.get(&pump.id) {
            self.schedule(plan, runs);
        }
        self.tank(plan, &pump.fills, "fills");
        if let Some(source) = &pump.draws_from {
            self.tank(plan, source, "draws from");
        }
        self.bindings(plan, &pump.id);
        self.line(format_args!("Pump combinations: {}.", plan.why.switching));
    }

    /// What measurements say of the pump, where the plan reckons with it.
    fn fit(&mut self, plan: &Plan, pump: &Pump) {
        let fitted = plan.why.fitted.get(&pump.id);
        if let Some(PumpFit { flow, power }) = fitted.filter(|f| f.flow.basis == Basis::Measured) {
            self.line(format_args!(
                "As measured it delivers {:.0} % (± {:.0}) of what its curve says and takes {:.0} % \
                 (± {:.0}) of the power; the plan reckons with that.",
                flow.value.percent(),
                flow.spread.percent(),
                power.value.percent(),
                power.spread.percent()
            ));
        }
        let source = pump.draws_from.as_ref().map(AssetId::as_str);
        let of_interest = [pump.id.as_str(), pump.fills.as_str(), "demand"];
        for misfit in &plan.why.misfits {
            let subject = misfit.subject.as_str();
            if of_interest.contains(&subject) || Some(subject) == source {
                let since = self.clock(misfit.since);
                self.line(format_args!(
                    "The model no longer fits: {}, since {since}.",
                    misfit.words()
                ));
            }
        }
    }

    fn schedule(&mut self, plan: &Plan, shares: &[Ratio]) {
        let Some(t) = plan.step_at(self.now()) else { return };
        let runs: Vec<bool> = shares.iter().map(|share| share.get() >= 0.5).collect();
        let change = (t..runs.len()).find(|&later| runs[later] != runs[t]);
        let word = if runs[t] { "run" } else { "stand" };
        match change {
            Some(later) => {
                let until = self.clock(plan.steps[later].start);
                self.line(format_args!("The plan lets it {word} until {until}."));
            }
            None => self.line(format_args!("The plan lets it {word} to the end of its horizon.")),
        }
        let hours: f64 =
            plan.steps.iter().zip(shares).map(|(s, share)| s.hours() * share.get()).sum();
        self.line(format_args!("Planned running time in the next hours: {hours:.1} h."));
    }

    fn price(&mut self, asset: &AssetId) {
        let (now, site) = (self.now(), self.site);
        let (tariff, calendar) = (&site.tariff, site.calendar());
        let class = tariff.expected_at(now, now, calendar);
        let mut change = tariff.next_change(now, now, calendar);
        if tariff.spot.is_some() {
            // The class stays while the market moves.
            change = change.min(tariff.next_boundary(now, calendar));
        }
        let next = tariff.expected_at(change, now, calendar);
        let until = self.clock(change);
        let guess = if next.assumed { ", assumed" } else { "" };
        self.line(format_args!(
            "Energy costs {:.3} EUR/kWh now ({}); from {until} on {:.3} ({}{guess}).",
            class.price.get(),
            class.class,
            next.price.get(),
            next.class
        ));
        self.worth(asset);
    }

    /// What a kWh more is worth now, at the grid and on the asset's feeder.
    fn worth(&mut self, asset: &AssetId) {
        let Some(plan) = &self.record.plan else { return };
        let Some(t) = plan.step_at(self.now()) else { return };
        let grid = plan.why.energy_value.get(t).copied();
        let feeder = steps::feeder_value(self.site, plan, asset, t);
        if let Some(words) = steps::worth(grid, feeder.as_ref()) {
            self.line(format_args!("{words}"));
        }
    }

    fn tank(&mut self, plan: &Plan, id: &AssetId, verb: &str) {
        let Some(tank) = self.site.tank(id) else { return };
        let level = self.record.estimate.tanks.get(id).copied().flatten();
        let Some(level) = level else {
            self.line(format_args!("It {verb} {id}, whose level is unknown."));
            return;
        };
        let share = |metres: f64| 100.0 * metres / tank.height.get();
        let Some(path) = plan.tanks.get(id) else { return };
        let extreme = |better: fn(f64, f64) -> bool| {
            let mut best: Option<(usize, f64)> = None;
            for (t, level) in path.iter().enumerate() {
                if best.is_none_or(|(_, value)| better(level.get(), value)) {
                    best = Some((t, level.get()));
                }
            }
            best.map(|(t, value)| (self.clock(plan.steps[t].end), share(value)))
        };
        let (Some((low_at, low)), Some((high_at, high))) =
            (extreme(|a, b| a < b), extreme(|a, b| a > b))
        else {
            return;
        };
        self.line(format_args!(
            "It {verb} {id}: {:.0} % now ({}), planned between {low:.0} % at {low_at} and \
             {high:.0} % at {high_at}; band {:.0} to {:.0} %.",
            share(level.value.get()),
            level.basis.word(),
            tank.band_low.percent(),
            tank.band_high.percent(),
        ));
        if let Some(reserve) = tank.reserve {
            let (level, at) = (reserve.level.percent(), reserve.at.strftime("%H:%M"));
            self.line(format_args!("Level needed: {level:.0} % at {at} (reserve of {id})."));
        }
        let t = plan.step_at(self.now()).unwrap_or(0);
        if let Some(value) = plan.why.water_value.get(id).and_then(|values| values.get(t)) {
            self.line(format_args!("One m3 more in {id} would save {value:.3} EUR."));
        }
    }

    fn bindings(&mut self, plan: &Plan, asset: &AssetId) {
        let owners = steps::owners(self.site, asset);
        let binding = plan.why.bindings.iter().filter(|b| steps::is_about(&b.constraint, &owners));
        let all: Vec<String> = binding
            .take(BINDINGS_SHOWN)
            .map(|b| format!("{} ({:.3} EUR per unit)", self.named(plan, &b.constraint), b.price))
            .collect();
        if !all.is_empty() {
            self.line(format_args!("What binds: {}.", all.join("; ")));
        }
    }

    /// `T1.band_high[7]` as "T1.band_high at 05:00".
    fn named(&self, plan: &Plan, constraint: &str) -> String {
        let split = steps::rule_and_step(constraint)
            .and_then(|(name, t)| Some((name, plan.steps.get(t)?.end)));
        split.map_or_else(
            || constraint.to_owned(),
            |(name, at)| format!("{name} at {}", self.clock(at)),
        )
    }

    fn inverter(&mut self, inverter: &Inverter) {
        let state = self.record.estimate.inverters.get(&inverter.id);
        match state.and_then(|state| state.power) {
            Some(power) => {
                self.line(format_args!("{} gives {:.1} kW.", inverter.id, power.kw()));
            }
            None => self.line(format_args!("{}: power unknown.", inverter.id)),
        }
        self.price(&inverter.id);
        if let Some(limit) = state.and_then(|state| state.setting) {
            self.line(format_args!("Limit in force: {:.0} % of its rating.", limit.percent()));
        }
        if let Some(limit) = self.site.grid.export_limit {
            self.line(format_args!("At most {:.0} kW may be exported.", limit.kw()));
        }
        if let Some(plan) = &self.record.plan {
            let t = plan.step_at(self.now()).unwrap_or(0);
            let planned = plan.limits.get(&inverter.id).and_then(|limits| limits.get(t)).copied();
            match planned.flatten() {
                Some(limit) => {
                    self.line(format_args!("The plan limits it to {:.0} %.", limit.percent()))
                }
                None => self.line(format_args!("The plan takes all that the sun offers.")),
            }
            self.bindings(plan, &inverter.id);
        }
    }

    fn lighting(&mut self, lighting: &Lighting) {
        let state = self.record.estimate.lighting.get(&lighting.id);
        match state.and_then(|state| state.setting) {
            Some(level) if level.get() > 0.0 => {
                self.line(format_args!("{} is lit at {:.0} %.", lighting.id, level.percent()));
            }
            Some(_) => self.line(format_args!("{} is dark.", lighting.id)),
            None => self.line(format_args!("{}: state unknown.", lighting.id)),
        }
        let line = crate::forecast::lighting::line_at(self.site, lighting, self.now());
        match line {
            None => self.line(format_args!("It is day: the program wants no light.")),
            Some(line) => self.line(format_args!(
                "The program wants {:.0} % and allows {:.0} %; a kWh of light is worth {:.2} EUR.",
                line.level.percent(),
                line.may_dim_to.percent(),
                lighting.value.get()
            )),
        }
        self.price(&lighting.id);
        if let Some(plan) = &self.record.plan {
            self.bindings(plan, &lighting.id);
        }
    }

    fn wanted(&mut self, asset: &AssetId) {
        let wanted = self.record.proposals.iter().filter(|p| &p.asset == asset);
        let lines: Vec<String> = wanted
            .map(|p| format!("Wanted by {}: {} ({}).", p.authority.word(), p.setpoint, p.why))
            .collect();
        for line in lines {
            self.line(format_args!("{line}"));
        }
    }

    fn guard(&mut self, asset: &AssetId) {
        let verdicts = self.record.verdicts.iter().filter(|v| &v.asset == asset);
        let lines: Vec<String> = verdicts
            .filter(|v| v.outcome != Outcome::Passed)
            .map(|v| format!("Guard, {}: {}: {}.", v.check, v.outcome.word(), v.reason))
            .collect();
        if lines.is_empty() {
            self.line(format_args!("The guard had nothing to change."));
        }
        for line in lines {
            self.line(format_args!("{line}"));
        }
    }

    fn rung(&mut self) {
        let because = self.record.because.clone().unwrap_or_default();
        if self.record.rung > Rung::Relaxed {
            self.line(format_args!("Fallback: {} ({because}).", self.record.rung.word()));
        }
        let given_up: Vec<String> = self
            .record
            .plan
            .iter()
            .flat_map(|p| &p.why.shortfalls)
            .map(|s| {
                format!(
                    "Given up: {} by {:.1} {} from {}, at {:.2} EUR.",
                    s.wish,
                    s.amount,
                    s.unit,
                    self.clock(s.from),
                    s.penalty.get()
                )
            })
            .collect();
        for line in given_up {
            self.line(format_args!("{line}"));
        }
    }
}
