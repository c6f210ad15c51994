//! The plan as one asset sees it, step by step: prices, what is intended, what binds and what is
//! missed, as data and in words.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use site::electrical::Feeder;
use site::plan::{Binding, Missed, Plan};
use site::units::{Level, Power, Price, Ratio};
use site::{AssetId, Site};
use std::collections::BTreeSet;
use std::fmt::Write;

/// One step of the plan, as one asset sees it. Prices of energy are in EUR/kWh.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedStep {
    /// First instant.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
    /// Tariff class.
    pub class: String,
    /// What imported energy costs by the tariff.
    pub price: Price,
    /// What a kWh more is worth at the point of common coupling.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grid_value: Option<Price>,
    /// The feeder on which the asset hangs, and what a kWh more is worth there; none at the
    /// busbar, where it is worth the same as at the grid.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub feeder: Option<FeederValue>,
    /// What the plan intends.
    pub planned: Planned,
    /// The tanks that the asset fills and draws from, or its well.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub water: Vec<WaterValue>,
    /// What a kWh more in a battery's store would save.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub charge_value: Option<Price>,
    /// Constraints about the asset, its tanks, its feeder or the grid that bind in the step.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub bindings: Vec<Binding>,
    /// Wishes about the same that are missed in the step.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub missed: Vec<Missed>,
}

/// What energy is worth on a feeder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeederValue {
    /// Its name.
    pub feeder: AssetId,
    /// What a kWh more is worth.
    pub value: Price,
}

/// How water in a tank bears on an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaterRole {
    /// The asset fills it.
    Fills,
    /// The asset draws from it.
    DrawsFrom,
    /// It is the asset's own well.
    Well,
}

/// What water is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaterValue {
    /// The tank, or the lift station whose well it is.
    pub tank: AssetId,
    /// Which part it plays.
    pub role: WaterRole,
    /// What a m3 more would save, EUR; negative where it would cost.
    pub eur_per_m3: f64,
    /// Level at the end of the step.
    pub level: Level,
}

/// What the plan intends for an asset in a step; what does not apply is absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Planned {
    /// A motor: share of the step in which it runs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<Ratio>,
    /// A battery or a charger: mean power, charging positive, W.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub power: Option<Power>,
    /// A battery: state of charge at the end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub charge: Option<Ratio>,
    /// An inverter: its limit; absent where it is not limited.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub limit: Option<Ratio>,
    /// A lighting cabinet: its level.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub light: Option<Ratio>,
}

/// All steps of a plan as `asset` sees them.
#[must_use]
pub fn explain_steps(site: &Site, plan: &Plan, asset: &AssetId) -> Vec<ExplainedStep> {
    let owners = owners(site, asset);
    let by_step = ByStep::new(plan, &owners);
    let one = |(t, step): (usize, &site::plan::Step)| ExplainedStep {
        start: step.start,
        end: step.end,
        class: plan.class.get(t).cloned().unwrap_or_default(),
        price: plan.price.get(t).copied().unwrap_or(Price::ZERO),
        grid_value: plan.why.energy_value.get(t).copied(),
        feeder: feeder_value(site, plan, asset, t),
        planned: planned(plan, asset, t),
        water: water(site, plan, asset, t),
        charge_value: plan.why.charge_value.get(asset).and_then(|v| v.get(t)).copied(),
        bindings: by_step.bindings.get(t).cloned().unwrap_or_default(),
        missed: by_step.missed.get(t).cloned().unwrap_or_default(),
    };
    plan.steps.iter().enumerate().map(one).collect()
}

/// What a kWh more is worth on the asset's feeder.
pub(super) fn feeder_value(
    site: &Site,
    plan: &Plan,
    asset: &AssetId,
    t: usize,
) -> Option<FeederValue> {
    let feeder = &feeder(site, asset)?.id;
    let value = *plan.why.feeder_value.get(feeder)?.get(t)?;
    Some(FeederValue { feeder: feeder.clone(), value })
}

/// What a kWh more is worth, at the grid and on the feeder, in words.
pub(super) fn worth(grid: Option<Price>, feeder: Option<&FeederValue>) -> Option<String> {
    let grid = grid?.get();
    Some(match feeder {
        None => format!("A kWh more is worth {grid:.3} EUR at the grid, and as much here."),
        Some(FeederValue { feeder, value }) => format!(
            "A kWh more is worth {grid:.3} EUR at the grid and {:.3} EUR on its feeder, {feeder}.",
            value.get()
        ),
    })
}

/// Owners of the constraints that bear on an asset: itself and its like (identical pumps are
/// counted, not named), its tanks, its feeder with the nodes on it, and the grid.
pub(super) fn owners<'a>(site: &'a Site, asset: &'a AssetId) -> BTreeSet<&'a str> {
    let mut owners = BTreeSet::from([asset.as_str(), "grid"]);
    if let Some(pump) = site.pump(asset) {
        owners.extend(
            [Some(&pump.fills), pump.draws_from.as_ref()]
                .into_iter()
                .flatten()
                .map(AssetId::as_str),
        );
        let like = site
            .pumps
            .iter()
            .filter(|other| other.fills == pump.fills && other.draws_from == pump.draws_from);
        owners.extend(like.map(|other| other.id.as_str()));
    }
    if let Some(feeder) = feeder(site, asset) {
        owners.insert(feeder.id.as_str());
        owners.extend(feeder.sections.iter().map(|section| section.node.as_str()));
    }
    owners
}

/// The feeder on which an asset hangs; none at the busbar.
pub(super) fn feeder<'a>(site: &'a Site, asset: &AssetId) -> Option<&'a Feeder> {
    site.electrical.as_ref()?.feeder_of(asset)
}

/// The rule and the step of a constraint such as `T1.band_high[7]`; none where its number is not
/// that of a step.
pub(super) fn rule_and_step(constraint: &str) -> Option<(&str, usize)> {
    let (name, rest) = constraint.split_once('[')?;
    let t = rest.strip_suffix(']')?.parse().ok()?;
    (!name.ends_with("_of_mixture")).then_some((name, t))
}

pub(super) fn is_about(constraint: &str, owners: &BTreeSet<&str>) -> bool {
    constraint.split_once('.').is_some_and(|(owner, _)| owners.contains(owner))
}

/// What concerns an asset, sorted into steps.
struct ByStep {
    bindings: Vec<Vec<Binding>>,
    missed: Vec<Vec<Missed>>,
}

impl ByStep {
    fn new(plan: &Plan, owners: &BTreeSet<&str>) -> Self {
        let steps = plan.steps.len();
        let mut sorted =
            Self { bindings: vec![Vec::new(); steps], missed: vec![Vec::new(); steps] };
        let step = |constraint: &str| {
            let (_, t) = rule_and_step(constraint).filter(|_| is_about(constraint, owners))?;
            Some(t)
        };
        for binding in &plan.why.bindings {
            let place = step(&binding.constraint).and_then(|t| sorted.bindings.get_mut(t));
            place.into_iter().for_each(|place| place.push(binding.clone()));
        }
        for missed in &plan.why.missed {
            let place = step(&missed.constraint).and_then(|t| sorted.missed.get_mut(t));
            place.into_iter().for_each(|place| place.push(missed.clone()));
        }
        sorted
    }
}

fn planned(plan: &Plan, asset: &AssetId, t: usize) -> Planned {
    let share = |shares: Option<&Vec<Ratio>>| shares.and_then(|shares| shares.get(t)).copied();
    Planned {
        run: share(plan.pumps.get(asset).or_else(|| plan.switched.get(asset))),
        power: plan.power.get(asset).and_then(|power| power.get(t)).copied(),
        charge: share(plan.charge.get(asset)),
        limit: plan.limits.get(asset).and_then(|limits| limits.get(t)).copied().flatten(),
        light: share(plan.lighting.get(asset)),
    }
}

fn water(site: &Site, plan: &Plan, asset: &AssetId, t: usize) -> Vec<WaterValue> {
    let pump = site.pump(asset);
    let fills = pump.map(|pump| (WaterRole::Fills, &pump.fills));
    let source = pump.and_then(|pump| pump.draws_from.as_ref());
    let source = source.map(|tank| (WaterRole::DrawsFrom, tank));
    let station = site.lift_stations.iter().find(|station| &station.id == asset);
    let well = station.map(|station| (WaterRole::Well, &station.id));
    let value = |(role, tank): (WaterRole, &AssetId)| {
        let levels = plan.tanks.get(tank).or_else(|| plan.wells.get(tank))?;
        let eur_per_m3 = *plan.why.water_value.get(tank)?.get(t)?;
        Some(WaterValue { tank: tank.clone(), role, eur_per_m3, level: *levels.get(t)? })
    };
    [fills, source, well].into_iter().flatten().filter_map(value).collect()
}

impl ExplainedStep {
    /// In words, for people; one sentence a line.
    #[must_use]
    pub fn words(&self, asset: &AssetId, zone: &TimeZone) -> String {
        let local = |at: Timestamp| -> Zoned { at.to_zoned(zone.clone()) };
        let (from, to) = (local(self.start), local(self.end));
        let (from, to) = (from.strftime("%a %H:%M"), to.strftime("%H:%M"));
        let price = self.price.get();
        let mut text =
            format!("{asset}, {from} to {to}: energy costs {price:.3} EUR/kWh ({}).\n", self.class);
        let mut line = |words: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{words}");
        };
        worth(self.grid_value, self.feeder.as_ref()).into_iter().for_each(&mut line);
        self.intent().into_iter().for_each(&mut line);
        self.water.iter().map(WaterValue::words).for_each(&mut line);
        if let Some(value) = self.charge_value {
            line(format!("A kWh more in store would save {:.3} EUR.", value.get()));
        }
        line(self.what_binds());
        for missed in &self.missed {
            let name = rule_and_step(&missed.constraint).map_or("", |(name, _)| name);
            let (amount, unit, price) = (missed.amount, &missed.unit, missed.price);
            line(format!("Missed: {name} by {amount:.2} {unit}, at {price:.2} EUR per {unit}."));
        }
        text
    }

    fn intent(&self) -> Vec<String> {
        let Planned { run, power, charge, limit, light } = &self.planned;
        let percent = |share: &Ratio| format!("{:.0} %", share.percent());
        let power = power.map(|power| format!("By the plan it {}.", super::energy::doing(power)));
        [
            run.as_ref()
                .map(|share| format!("The plan lets it run {} of the time.", percent(share))),
            power,
            charge.as_ref().map(|charge| format!("Its charge is {} at the end.", percent(charge))),
            limit.as_ref().map(|limit| format!("The plan limits it to {}.", percent(limit))),
            light.as_ref().map(|light| format!("The plan has it lit at {}.", percent(light))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn what_binds(&self) -> String {
        let named = |binding: &Binding| {
            let name = rule_and_step(&binding.constraint).map_or("", |(name, _)| name);
            format!("{name} ({:.3} EUR per unit)", binding.price)
        };
        let all: Vec<String> = self.bindings.iter().map(named).collect();
        if all.is_empty() {
            return "No constraint about it binds.".to_owned();
        }
        format!("What binds: {}.", all.join("; "))
    }
}

impl WaterValue {
    fn words(&self) -> String {
        let (tank, value, level) = (&self.tank, self.eur_per_m3, self.level.get());
        let place = match self.role {
            WaterRole::Fills => format!("{tank} (which it fills)"),
            WaterRole::DrawsFrom => format!("{tank} (from which it draws)"),
            WaterRole::Well => "its well".to_owned(),
        };
        let verb = if value < 0.0 { "cost" } else { "save" };
        format!(
            "One m3 more in {place} would {verb} {:.3} EUR; its level is {level:.2} m at the end.",
            value.abs()
        )
    }
}
