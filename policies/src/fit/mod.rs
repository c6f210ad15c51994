//! The planner's model corrected from measurements: what each pump really adds to the tanks and
//! what power it takes, as factors on what the network file says, with spread; and whether the
//! model still describes the plant.
//!
//! It learns from windows of some minutes in which nothing switches and everything is measured:
//! the rise of each tank's volume, less what would happen with all pumps standing, is the sum of
//! what the running pumps add. A bad or held value, a switch or an unknown state ends the window.
//! A level transmitter that drifts slowly cannot be seen in this way: a few centimetres a day are
//! less than the error of the flow meters. That is what a tank's `level_tolerance` is for.

mod balance;
mod factors;
#[cfg(test)]
mod tests;
mod window;

use crate::forecast::Learned;
use crate::water::WaterModel;
use balance::Balance;
use factors::Factors;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::plan::{Basis, Estimate, Estimated, Misfit, MisfitKind, PumpFit};
use site::units::{Flow, Ratio};
use site::{AssetId, Site};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use window::{Reading, Seen, Window};

/// Inside this range a pump's factor is wear and tolerance; outside, the model no longer fits.
pub const USUAL: RangeInclusive<f64> = 0.85..=1.15;
/// Inside this range demand is a season or a wet week; outside, the profile no longer fits.
pub const USUAL_DEMAND: RangeInclusive<f64> = 0.75..=1.33;
/// An unexplained gain of a tank larger than this share of the network's mean demand is a misfit.
const USUAL_GAIN: f64 = 0.08;
/// A verdict ends only when the value is back inside by this much: it does not come and go.
const BACK_INSIDE: f64 = 0.03;
/// A factor with a larger spread is no reason for a verdict.
const SURE_SPREAD: f64 = 0.05;
/// Error of the network model where it is right, as a share of the flows: between the tables'
/// points, and of the flow meters.
const MODEL_ERROR: f64 = 0.03;
/// Error of the model's power, as a share.
const POWER_ERROR: f64 = 0.03;
/// A factor is never known better than the meters behind it.
const SPREAD_LEAST: f64 = 0.01;
/// The same where the demand is not measured but expected.
const SPREAD_LEAST_UNMEASURED: f64 = 0.10;
/// Corrections are rounded to this: the planner's model does not change for less.
const STEP: f64 = 0.01;

/// What was learned about the model, kept over restarts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Fit {
    window: Option<Window>,
    flow: Factors,
    power: Factors,
    gain: BTreeMap<AssetId, Balance>,
    misfits: Vec<Misfit>,
    demand_measured: bool,
    learned_at: Option<Timestamp>,
}

/// Factors on what each group of pumps adds, in the order of the model's groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// On the flow into and out of tanks.
    pub flow: Vec<f64>,
    /// On the power.
    pub power: Vec<f64>,
}

impl Correction {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.flow.iter().chain(&self.power).all(|factor| (factor - 1.0).abs() < STEP / 2.0)
    }
}

impl Fit {
    /// Takes in one cycle. `learned` gives the demand that is expected where none is measured.
    pub fn observe(
        &mut self,
        site: &Site,
        water: &WaterModel,
        estimate: &Estimate,
        learned: &Learned,
    ) {
        let pumps: Vec<AssetId> = site.pumps.iter().map(|pump| pump.id.clone()).collect();
        self.flow.serve(&pumps);
        self.power.serve(&pumps);
        let now = estimate.now.utc;
        let expected = water.base_demand() * learned.demand.typical(now, site.calendar());
        let reading = Reading::take(site, water, estimate, expected);
        let ended = match (&mut self.window, &reading) {
            (Some(window), Some(reading)) if window.fits(reading, site.pace.cycle) => {
                window.add(reading);
                window.full()
            }
            _ => true,
        };
        if ended {
            let seen = self.window.take().and_then(Window::seen);
            self.window = reading.as_ref().map(Window::open);
            if let Some(seen) = seen {
                self.learn(site, water, &seen);
            }
        }
        self.judge(site, water, learned, now);
    }

    /// One window: power from the pumps together, flow from every tank, and what remains.
    fn learn(&mut self, site: &Site, water: &WaterModel, seen: &Seen) {
        let Some(model) = Model::of(site, water, seen) else { return };
        let days = self.learned_at.map_or(0.0, |last| site::time::seconds_between(last, seen.at));
        self.flow.wander(days / 86_400.0);
        self.power.wander(days / 86_400.0);
        self.learned_at = Some(seen.at);
        self.demand_measured = seen.demand_measured;
        if seen.running.contains(&true) {
            let spread = POWER_ERROR * seen.power_kw;
            self.power.learn(&model.power, seen.power_kw, spread * spread);
            self.power.count(&model.power);
            for (tank, (inflow, noise)) in model.tanks.iter().zip(&seen.inflow) {
                let doubt = model.doubt(site, tank, seen);
                let variance = noise * noise + doubt * doubt;
                self.flow.learn(&tank.shares, inflow - tank.idle, variance);
            }
            self.flow.count(&model.power);
        }
        for ((asset, tank), (inflow, _)) in site.tanks.iter().zip(&model.tanks).zip(&seen.inflow) {
            let gain = inflow - tank.idle - self.flow.sum(&tank.shares);
            self.gain.entry(asset.id.clone()).or_default().observe(seen.at, gain, seen.seconds);
        }
    }

    /// Says what the model no longer describes, and since when.
    fn judge(&mut self, site: &Site, water: &WaterModel, learned: &Learned, now: Timestamp) {
        let mut court = Court { before: std::mem::take(&mut self.misfits), found: Vec::new(), now };
        let least = if self.demand_measured { 0.0 } else { SPREAD_LEAST_UNMEASURED };
        let factors =
            [(MisfitKind::Flow, &self.flow, least), (MisfitKind::Power, &self.power, 0.0)];
        for pump in &site.pumps {
            for (kind, factors, least) in factors {
                let known = factors.of(&pump.id);
                if let Some((value, spread, _)) = known.filter(|k| k.1 + least < SURE_SPREAD) {
                    let case = Case { subject: pump.id.as_str(), kind, value, spread };
                    court.judge(&case, value, &Usual(USUAL, BACK_INSIDE));
                }
            }
        }
        let most = USUAL_GAIN * water.base_demand().get() * 3600.0;
        for (tank, (gain, spread)) in self.gains() {
            let (value, spread) = (gain.get() * 3600.0, spread.get() * 3600.0);
            let kind = MisfitKind::Balance;
            let case = Case { subject: tank.as_str(), kind, value, spread };
            // Only what is beyond doubt: two standard deviations nearer to nothing.
            let sure = value.signum() * (value.abs() - 2.0 * spread).max(0.0);
            court.judge(&case, sure, &Usual(-most..=most, most / 4.0));
        }
        if let Some((value, spread)) = learned.demand.level() {
            let case = Case { subject: "demand", kind: MisfitKind::Demand, value, spread };
            court.judge(&case, value, &Usual(USUAL_DEMAND, BACK_INSIDE));
        }
        self.misfits = court.found;
    }

    /// The correction of the planner's model, rounded: it changes seldom, and the same state gives
    /// the same model. A group of identical pumps takes the mean of its pumps.
    #[must_use]
    pub fn correction(&self, water: &WaterModel) -> Correction {
        let group = |factors: &Factors, pumps: &[AssetId]| {
            let known = pumps.iter().filter_map(|pump| factors.of(pump));
            let (sum, count) = known.fold((0.0, 0.0), |(s, n), (value, ..)| (s + value, n + 1.0));
            let mean: f64 = if count > 0.0 { sum / count } else { 1.0 };
            (mean / STEP).round() * STEP
        };
        let all =
            |factors: &Factors| water.groups.iter().map(|g| group(factors, &g.pumps)).collect();
        Correction { flow: all(&self.flow), power: all(&self.power) }
    }

    /// What measurements say of each pump, with spread and basis.
    #[must_use]
    pub fn pumps(&self, site: &Site) -> BTreeMap<AssetId, PumpFit> {
        let estimated = |factors: &Factors, id: &AssetId, least: f64| {
            let (value, spread, windows) =
                factors.of(id).unwrap_or((1.0, factors::SPREAD_BEFORE, 0));
            let basis = if windows > 0 { Basis::Measured } else { Basis::Default };
            let spread = Ratio::new(spread.hypot(least));
            Estimated { value: Ratio::new(value), spread, basis }
        };
        let least = if self.demand_measured { SPREAD_LEAST } else { SPREAD_LEAST_UNMEASURED };
        let fit = |pump: &site::asset::Pump| {
            let (flow, power) = (
                estimated(&self.flow, &pump.id, least),
                estimated(&self.power, &pump.id, SPREAD_LEAST),
            );
            (pump.id.clone(), PumpFit { flow, power })
        };
        site.pumps.iter().map(fit).collect()
    }

    /// What each tank gains beyond what flows say, with spread; none before two hours were seen, or
    /// where the demand is not measured.
    #[must_use]
    pub fn gains(&self) -> BTreeMap<AssetId, (Flow, Flow)> {
        let known = |(id, balance): (&AssetId, &Balance)| {
            let (gain, spread) = balance.known()?;
            Some((id.clone(), (Flow::new(gain), Flow::new(spread))))
        };
        let measured = self.gain.iter().filter(|_| self.demand_measured);
        measured.filter_map(known).collect()
    }

    /// What the model no longer describes; empty while it fits.
    #[must_use]
    pub fn misfits(&self) -> &[Misfit] {
        &self.misfits
    }
}

/// A usual range, and how far inside a value must come back before a verdict ends.
struct Usual(RangeInclusive<f64>, f64);

/// What is judged.
struct Case<'a> {
    subject: &'a str,
    kind: MisfitKind,
    value: f64,
    spread: f64,
}

/// Verdicts of before and of now.
struct Court {
    before: Vec<Misfit>,
    found: Vec<Misfit>,
    now: Timestamp,
}

impl Court {
    /// A value outside its usual range is a misfit, since it first was.
    fn judge(&mut self, case: &Case<'_>, value: f64, Usual(range, back): &Usual) {
        let same = |m: &&Misfit| m.subject == case.subject && m.kind == case.kind;
        let since = self.before.iter().find(same).map(|misfit| misfit.since);
        let margin = if since.is_some() { *back } else { 0.0 };
        if !(range.start() + margin..=range.end() - margin).contains(&value) {
            self.found.push(Misfit {
                subject: case.subject.to_owned(),
                kind: case.kind,
                value: case.value,
                spread: case.spread,
                since: since.unwrap_or(self.now),
            });
        }
    }
}

/// What the uncorrected model says of a window.
struct Model {
    tanks: Vec<TankModel>,
    /// kW that each pump of the site takes, by the model.
    power: Vec<f64>,
}

/// One tank, m3/s.
struct TankModel {
    /// With all pumps standing.
    idle: f64,
    /// What each pump of the site adds.
    shares: Vec<f64>,
}

impl Model {
    /// None when the combination is not in the tables.
    fn of(site: &Site, water: &WaterModel, seen: &Seen) -> Option<Self> {
        let base = water.base_demand().get();
        let factor = if base > 0.0 { seen.demand / base } else { 0.0 };
        let runs = |id: &AssetId| {
            let place = site.pumps.iter().position(|pump| &pump.id == id);
            place.filter(|&place| seen.running[place])
        };
        let running: Vec<Vec<usize>> =
            water.groups.iter().map(|g| g.pumps.iter().filter_map(runs).collect()).collect();
        let counts: Vec<usize> = running.iter().map(Vec::len).collect();
        let combination = water.tables.combinations().iter().position(|c| c.0 == counts)?;
        let parts = water.tables.parts(combination, factor, &seen.levels)?;
        let mut model = Self { tanks: Vec::new(), power: vec![0.0; site.pumps.len()] };
        for k in 0..site.tanks.len() {
            let shares = vec![0.0; site.pumps.len()];
            model.tanks.push(TankModel { idle: parts.idle.inflow[k], shares });
        }
        for (pumps, effect) in running.iter().zip(&parts.groups) {
            #[expect(clippy::cast_precision_loss, reason = "a station has few pumps")]
            let share = 1.0 / pumps.len().max(1) as f64;
            for &pump in pumps {
                model.power[pump] = effect.power * share;
                for (tank, inflow) in model.tanks.iter_mut().zip(&effect.inflow) {
                    tank.shares[pump] = inflow * share;
                }
            }
        }
        Some(model)
    }

    /// How far the model may be from the truth at a tank where its factors are right, m3/s.
    fn doubt(&self, site: &Site, tank: &TankModel, seen: &Seen) -> f64 {
        let flows: f64 = tank.shares.iter().map(|share| share.abs()).sum::<f64>() + tank.idle.abs();
        let spread = site.water.as_ref().map_or(0.0, |water| water.demand_spread.get());
        let unmeasured = if seen.demand_measured { 0.0 } else { spread * seen.demand };
        (MODEL_ERROR * flows).hypot(unmeasured)
    }
}
