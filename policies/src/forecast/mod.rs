//! What to expect over the horizon: demand, PV, buildings, lighting windows, prices.

pub mod backtest;
mod calendar;
pub mod clear_sky;
mod clearness;
mod grid;
pub mod lighting;
mod misses;
pub mod outside;
mod profile;
mod shape;
pub mod sun;

pub use clearness::Clearness;
pub use grid::steps;
pub(crate) use grid::{hours_left, reserve_times};
pub use profile::Profile;
pub use site::tariff::Calendar;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::asset::Inverter;
use site::plan::{Basis, Estimate, Forecast, LightingWindow, LoadState, Step};
use site::tariff::Priced;
use site::units::{Flow, Power, Ratio};
use site::{AssetId, Site};
use std::collections::BTreeMap;

/// An inverter this close to its limit is curtailed: its output is not what the sun offers.
const CURTAILED_ABOVE: f64 = 0.97;
/// Demand is planned with its margin from this many hours ahead; what is nearer is corrected as it
/// comes.
const MARGIN_HOURS: f64 = 4.0;
/// Spread of the buildings' load before anything is known, as a share.
const BASE_LOAD_GUESS: f64 = 0.3;
/// How often a step is sampled for lighting, in seconds.
const LIGHTING_SAMPLE: f64 = 300.0;

/// All that is learned, kept over restarts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Demand as a factor of the network's base demand.
    pub demand: Profile,
    /// Load of the buildings in kW.
    pub base_load: Profile,
    /// How each inverter answers to the sun, and how clear the sky was of late.
    pub clearness: BTreeMap<AssetId, Clearness>,
}

impl Learned {
    /// The site file's first guesses.
    #[must_use]
    pub fn new(site: &Site) -> Self {
        let demand = site.water.as_ref().map_or([1.0; 24], |water| water.demand_profile);
        Self {
            demand: Profile::new(demand),
            base_load: Profile::new([site.base_load.mean.kw(); 24]),
            clearness: site
                .inverters
                .iter()
                .map(|i| (i.id.clone(), Clearness::default()))
                .collect(),
        }
    }

    /// Learns from what was measured in this cycle; anything else teaches nothing.
    pub fn observe(&mut self, site: &Site, estimate: &Estimate, base_demand: Flow) {
        let (at, calendar) = (estimate.now.utc, site.calendar());
        if let Some(demand) = estimate.demand.filter(|demand| demand.basis == Basis::Measured)
            && base_demand.get() > 0.0
        {
            self.demand.observe(at, demand.value.get() / base_demand.get(), calendar);
        }
        if let Some(load) = estimate.base_load.filter(|load| load.basis == Basis::Measured) {
            self.base_load.observe(at, load.value.kw(), calendar);
        }
        for inverter in &site.inverters {
            let offered = offered(inverter, &estimate.inverters[&inverter.id]);
            if let (Some(power), true) = (offered, inverter.peak_power.get() > 0.0) {
                let share = power.get() / inverter.peak_power.get();
                let clearness = self.clearness.entry(inverter.id.clone()).or_default();
                clearness.observe(site, inverter, at, share);
            }
        }
    }
}

/// What the sun offers at an inverter: its power, unless that is unknown or held down by a limit
/// or by the inverter's size.
#[must_use]
pub fn offered(inverter: &Inverter, state: &LoadState) -> Option<Power> {
    let limit = state.setting.unwrap_or(Ratio::ONE).get() * inverter.rated_power.get();
    state.power.filter(|power| power.get() < CURTAILED_ABOVE * limit)
}

/// The forecast over `steps`, seen from the estimate's now: what to plan for.
#[must_use]
pub fn forecast(
    site: &Site,
    learned: &Learned,
    estimate: &Estimate,
    base_demand: Flow,
    steps: Vec<Step>,
) -> Forecast {
    let now = estimate.now.utc;
    let mut forecast = expected(site, learned, now, base_demand, steps);
    for (demand, step) in forecast.demand.iter_mut().zip(&forecast.steps) {
        let lead = site::time::seconds_between(now, middle(step)) / 3600.0;
        *demand = *demand * (1.0 + learned.demand.margin() * (lead / MARGIN_HOURS).clamp(0.0, 1.0));
    }
    forecast
}

/// What is expected over `steps`, seen from `now`: the forecast without the margin that is planned
/// for.
#[must_use]
pub fn expected(
    site: &Site,
    learned: &Learned,
    now: Timestamp,
    base_demand: Flow,
    steps: Vec<Step>,
) -> Forecast {
    let calendar = site.calendar();
    let middles: Vec<Timestamp> = steps.iter().map(middle).collect();
    let demand = |&at: &Timestamp| base_demand * learned.demand.expect(now, at, calendar);
    let guess = site.water.as_ref().map_or(0.0, |water| water.demand_spread.get());
    let demand_spread =
        |&at: &Timestamp| base_demand * learned.demand.spread((now, at), guess, calendar);
    let base = |&at: &Timestamp| Power::from_kw(learned.base_load.expect(now, at, calendar));
    let base_spread = |&at: &Timestamp| {
        Power::from_kw(learned.base_load.spread((now, at), BASE_LOAD_GUESS, calendar))
    };
    let (mut pv, mut pv_spread) = (BTreeMap::new(), BTreeMap::new());
    for inverter in &site.inverters {
        let (powers, spreads) = sunlight(site, learned, inverter, (now, &middles));
        pv.insert(inverter.id.clone(), powers);
        pv_spread.insert(inverter.id.clone(), spreads);
    }
    let tariff = &site.tariff;
    let priced: Vec<Priced<'_>> =
        steps.iter().map(|step| tariff.expected_over(step, now, calendar)).collect();
    Forecast {
        demand: middles.iter().map(demand).collect(),
        demand_spread: middles.iter().map(demand_spread).collect(),
        pv,
        pv_spread,
        base_load: middles.iter().map(base).collect(),
        base_load_spread: middles.iter().map(base_spread).collect(),
        basis: basis(site, learned, now),
        lighting: site.lighting.iter().map(|l| (l.id.clone(), windows(site, l, &steps))).collect(),
        price: priced.iter().map(|priced| priced.price).collect(),
        class: priced.iter().map(|priced| priced.class.to_owned()).collect(),
        feed_in: priced.iter().map(|priced| priced.feed_in).collect(),
        subscribed: priced.iter().map(|priced| tariff.subscribed_in(priced.class)).collect(),
        assumed: priced.iter().map(|priced| priced.assumed).collect(),
        steps,
        ..Forecast::default()
    }
}

/// What an inverter could give at some instants, and the spread of it.
fn sunlight(
    site: &Site,
    learned: &Learned,
    inverter: &Inverter,
    (now, instants): (Timestamp, &[Timestamp]),
) -> (Vec<Power>, Vec<Power>) {
    let unknown = Clearness::default();
    let clearness = learned.clearness.get(&inverter.id).unwrap_or(&unknown);
    let expect = |&at: &Timestamp| {
        let (share, spread) = clearness.expect(site, inverter, now, at);
        let power = (inverter.peak_power * share).min(inverter.rated_power);
        (power, (inverter.peak_power * spread).min(inverter.rated_power))
    };
    instants.iter().map(expect).unzip()
}

/// Where each forecast comes from: learned, or still the site file's guess.
fn basis(site: &Site, learned: &Learned, now: Timestamp) -> BTreeMap<String, Basis> {
    let calendar = site.calendar();
    let of = |knows: bool| if knows { Basis::Modelled } else { Basis::Default };
    let mut basis = BTreeMap::new();
    basis.insert(outside::BASE_LOAD.to_owned(), of(learned.base_load.knows(now, calendar)));
    if site.water.is_some() {
        basis.insert(outside::DEMAND.to_owned(), of(learned.demand.knows(now, calendar)));
    }
    for inverter in &site.inverters {
        let knows = learned.clearness.get(&inverter.id).is_some_and(Clearness::knows);
        basis.insert(inverter.id.to_string(), of(knows));
    }
    basis
}

fn middle(step: &Step) -> Timestamp {
    site::time::add_seconds(step.start, step.hours() * 1800.0)
}

/// The first step is what the program wants now; later ones are averages over the step.
fn windows(site: &Site, lighting: &site::asset::Lighting, steps: &[Step]) -> Vec<LightingWindow> {
    let average = |(i, step): (usize, &Step)| {
        if i == 0 {
            return lighting::window_at(site, lighting, step.start);
        }
        let seconds = step.hours() * 3600.0;
        let mut offset = LIGHTING_SAMPLE.min(seconds) / 2.0;
        let (mut level, mut dim, mut count) = (0.0, 0.0, 0.0);
        while offset < seconds {
            let at = site::time::add_seconds(step.start, offset);
            let window = lighting::window_at(site, lighting, at);
            level += window.level.get();
            dim += window.may_dim_to.get();
            count += 1.0;
            offset += LIGHTING_SAMPLE;
        }
        LightingWindow { level: Ratio::new(level / count), may_dim_to: Ratio::new(dim / count) }
    };
    steps.iter().enumerate().map(average).collect()
}
