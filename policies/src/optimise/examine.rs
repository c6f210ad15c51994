//! What can be said against a plan at a glance: that it answers another question, that it does not
//! fit the site, that a number is none or beyond what the asset can do.
//!
//! The planner's own checks go deeper (`extract`, `audit`), and run where the plan is made. Whoever
//! was handed a plan by another process looks at it once more before acting: no native code is
//! needed for that, and nothing of the planner's work is believed.

use super::Inputs;
use site::AssetId;
use site::plan::{Plan, Rung, Step, Why};
use site::units::{Level, Power, Ratio};
use std::collections::BTreeMap;

/// How far a number may lie beyond its bound: a share of it, for what solvers take as equal.
const BEYOND: f64 = 0.01;
/// The same for levels, as a share of the tank's height: the network file's height may differ from
/// the site's by a hundredth already.
const LEVEL_BEYOND: f64 = 0.02;
/// The same for powers, kW, where the bound itself is small.
const POWER_BEYOND_KW: f64 = 0.1;

/// Series by asset.
type Series<T> = BTreeMap<AssetId, Vec<T>>;

/// Looks at a plan that is said to answer `inputs`.
///
/// # Errors
/// In words, what is wrong with it first.
pub fn examine(inputs: &Inputs<'_>, plan: &Plan) -> Result<(), String> {
    answers(inputs, plan)?;
    let look = Look { steps: plan.steps.len() };
    look.water(inputs, plan)?;
    look.energy(inputs, plan)?;
    look.stored(inputs, plan)?;
    look.network(inputs, plan)?;
    look.reasons(&plan.why)
}

/// Whether it is of this instant and these steps, and says what it gave up.
fn answers(inputs: &Inputs<'_>, plan: &Plan) -> Result<(), String> {
    let (now, forecast) = (inputs.estimate.now.utc, inputs.forecast);
    if plan.made_at != now {
        return Err(format!("it was made at {}, and asked for at {now}", plan.made_at));
    }
    let valid = inputs.site.pace.plan_valid.as_secs_f64();
    let expires = site::time::add_seconds(now, valid);
    if plan.expires_at != expires {
        return Err(format!("it expires at {}, not at {expires}", plan.expires_at));
    }
    if plan.switching_made_at > now {
        return Err(format!("its pumps were chosen at {}, after now", plan.switching_made_at));
    }
    if plan.steps != forecast.steps {
        let [has, asked] = [&plan.steps, &forecast.steps].map(|steps| words(steps));
        return Err(format!("its steps are {has}, asked were {asked}"));
    }
    if plan.price != forecast.price || plan.class != forecast.class {
        return Err("its prices are not those of the forecast".to_owned());
    }
    let wanted = if plan.why.shortfalls.is_empty() { Rung::Optimal } else { Rung::Relaxed };
    if plan.rung != wanted {
        let (word, missed) = (plan.rung.word(), plan.why.shortfalls.len());
        return Err(format!("it calls itself {word} and gives up {missed} wishes"));
    }
    Ok(())
}

fn words(steps: &[Step]) -> String {
    match (steps.first(), steps.last()) {
        (Some(first), Some(last)) => {
            format!("{} from {} to {}", steps.len(), first.start, last.end)
        }
        _ => "none".to_owned(),
    }
}

/// A plan of so many steps.
struct Look {
    steps: usize,
}

impl Look {
    /// Pumps and tanks.
    fn water(&self, inputs: &Inputs<'_>, plan: &Plan) -> Result<(), String> {
        let site = inputs.site;
        let pumps = site.pumps.iter().map(|pump| &pump.id).filter(|_| inputs.water.is_some());
        all("pumps", &plan.pumps, pumps)?;
        self.shares("pumps", &plan.pumps)?;
        let tanks = site.tanks.iter().filter(|_| inputs.water.is_some());
        all("tanks", &plan.tanks, tanks.clone().map(|tank| &tank.id))?;
        for tank in tanks {
            self.levels("tanks", (&tank.id, tank.height), &plan.tanks)?;
        }
        Ok(())
    }

    /// Inverters, lighting, and loads that are on or off.
    fn energy(&self, inputs: &Inputs<'_>, plan: &Plan) -> Result<(), String> {
        let site = inputs.site;
        all("limits", &plan.limits, site.inverters.iter().map(|inverter| &inverter.id))?;
        for (id, limits) in &plan.limits {
            self.length("limits", id, limits.len())?;
            bounded("limits", id, limits.iter().flatten().map(|limit| limit.get()), (0.0, 1.0))?;
        }
        all("lighting", &plan.lighting, site.lighting.iter().map(|lighting| &lighting.id))?;
        self.shares("lighting", &plan.lighting)?;
        let loads = super::switched::loads(inputs).map(|load| load.id);
        known("switched", &plan.switched, loads)?;
        self.shares("switched", &plan.switched)?;
        known("wells", &plan.wells, site.lift_stations.iter().map(|station| &station.id))?;
        for station in &site.lift_stations {
            self.levels("wells", (&station.id, station.height), &plan.wells)?;
        }
        Ok(())
    }

    /// Batteries and chargers.
    fn stored(&self, inputs: &Inputs<'_>, plan: &Plan) -> Result<(), String> {
        let site = inputs.site;
        let batteries = site.batteries.iter().map(|battery| &battery.id);
        let chargers = site.chargers.iter().map(|charger| &charger.id);
        known("charge", &plan.charge, batteries.clone())?;
        self.shares("charge", &plan.charge)?;
        known("power", &plan.power, batteries.chain(chargers))?;
        for battery in &site.batteries {
            let most = (-battery.discharge_power.kw(), battery.charge_power.kw());
            self.powers(&battery.id, &plan.power, most)?;
        }
        for charger in &site.chargers {
            self.powers(&charger.id, &plan.power, (0.0, charger.max_power().kw()))?;
        }
        Ok(())
    }

    /// Feeders, voltages and the point of common coupling.
    fn network(&self, inputs: &Inputs<'_>, plan: &Plan) -> Result<(), String> {
        let electrical = inputs.site.electrical.iter();
        let feeders = electrical.clone().flat_map(|network| &network.feeders);
        known("feeders", &plan.feeders, feeders.map(|feeder| &feeder.id))?;
        self.lengths("feeders", &plan.feeders)?;
        let nodes = electrical.flat_map(|network| network.sections());
        known("voltage", &plan.voltage, nodes.map(|(_, section)| &section.node))?;
        self.lengths("voltage", &plan.voltage)?;
        if plan.import.len() != self.steps {
            return Err(format!("import has {} steps of {}", plan.import.len(), self.steps));
        }
        let charges = inputs.site.tariff.demand_charges.len();
        if plan.peaks.len() != charges {
            return Err(format!("it has {} peaks for {charges} charges", plan.peaks.len()));
        }
        Ok(())
    }

    /// Numbers that carry no unit, and so were not checked when they were made.
    fn reasons(&self, why: &Why) -> Result<(), String> {
        let missed = why.missed.iter().flat_map(|missed| [missed.amount, missed.price]);
        let numbers = [why.objective]
            .into_iter()
            .chain(why.shortfalls.iter().map(|shortfall| shortfall.amount))
            .chain(why.bindings.iter().map(|binding| binding.price))
            .chain(why.water_value.values().flatten().copied())
            .chain(missed);
        for number in numbers {
            if !number.is_finite() {
                return Err(format!("its reasons have the number {number}"));
            }
        }
        let values = why.feeder_value.values().chain(why.charge_value.values());
        let longest = values.map(Vec::len).chain(why.water_value.values().map(Vec::len));
        match longest.chain([why.energy_value.len()]).find(|length| *length > self.steps) {
            Some(length) => Err(format!("a value has {length} steps of {}", self.steps)),
            None => Ok(()),
        }
    }

    fn shares(&self, what: &str, series: &Series<Ratio>) -> Result<(), String> {
        for (id, shares) in series {
            self.length(what, id, shares.len())?;
            bounded(what, id, shares.iter().map(|share| share.get()), (0.0, 1.0))?;
        }
        Ok(())
    }

    fn levels(
        &self,
        what: &str,
        (id, height): (&AssetId, Level),
        series: &Series<Level>,
    ) -> Result<(), String> {
        let Some(levels) = series.get(id) else { return Ok(()) };
        self.length(what, id, levels.len())?;
        let bounds = (-LEVEL_BEYOND, 1.0 + LEVEL_BEYOND);
        bounded(what, id, levels.iter().map(|level| level.get() / height.get()), bounds)
    }

    fn powers(
        &self,
        id: &AssetId,
        series: &Series<Power>,
        (least, most): (f64, f64),
    ) -> Result<(), String> {
        let Some(powers) = series.get(id) else { return Ok(()) };
        self.length("power", id, powers.len())?;
        let bounds = (least - POWER_BEYOND_KW, most + POWER_BEYOND_KW);
        bounded("power", id, powers.iter().map(|power| power.kw()), bounds)
    }

    fn lengths<T>(&self, what: &str, series: &Series<T>) -> Result<(), String> {
        series.iter().try_for_each(|(id, values)| self.length(what, id, values.len()))
    }

    fn length(&self, what: &str, id: &AssetId, length: usize) -> Result<(), String> {
        if length == self.steps {
            return Ok(());
        }
        Err(format!("{what} of {id} have {length} steps of {}", self.steps))
    }
}

/// Whether all numbers are finite and lie between two others, or hardly beyond.
fn bounded(
    what: &str,
    id: &AssetId,
    numbers: impl Iterator<Item = f64>,
    (least, most): (f64, f64),
) -> Result<(), String> {
    let beyond = BEYOND * most.abs().max(least.abs());
    for number in numbers {
        if !(least - beyond..=most + beyond).contains(&number) {
            return Err(format!("{what} of {id}: {number} is not between {least} and {most}"));
        }
    }
    Ok(())
}

/// Whether only known assets have a series.
fn known<'a, T>(
    what: &str,
    series: &Series<T>,
    ids: impl Iterator<Item = &'a AssetId>,
) -> Result<(), String> {
    let ids: Vec<&AssetId> = ids.collect();
    match series.keys().find(|id| !ids.contains(id)) {
        Some(id) => Err(format!("{what}: the site has no {id}")),
        None => Ok(()),
    }
}

/// Whether these assets have a series, and no others.
fn all<'a, T>(
    what: &str,
    series: &Series<T>,
    ids: impl Iterator<Item = &'a AssetId> + Clone,
) -> Result<(), String> {
    known(what, series, ids.clone())?;
    match ids.into_iter().find(|id| !series.contains_key(id)) {
        Some(id) => Err(format!("{what}: {id} is missing")),
        None => Ok(()),
    }
}
