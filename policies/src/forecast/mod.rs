//! What to expect over the horizon: demand, PV, buildings, lighting windows, prices.

mod grid;
mod learned;
pub mod lighting;
pub mod sun;

pub use grid::steps;
pub(crate) use grid::{hours_left, reserve_times};
pub use learned::{Clearness, Profile};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::plan::{Basis, Estimate, Forecast, LightingWindow, Step};
use site::tariff::Priced;
use site::units::{Flow, Power, Ratio};
use site::{AssetId, Site};
use std::collections::BTreeMap;

/// An inverter below this share of its clear-sky power says nothing about the sky.
const CLEAR_SHARE_MIN: f64 = 0.05;
/// An inverter this close to its limit is curtailed: its output is not what the sun offers.
const CURTAILED_ABOVE: f64 = 0.97;
/// Demand is planned with its margin from this many hours ahead; what is nearer is corrected as it
/// comes.
const MARGIN_HOURS: f64 = 4.0;
/// How often a step is sampled for lighting, in seconds.
const LIGHTING_SAMPLE: f64 = 300.0;

/// All that is learned, kept over restarts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Demand as a factor of the network's base demand.
    pub demand: Profile,
    /// Load of the buildings in kW.
    pub base_load: Profile,
    /// Clearness per inverter.
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
        let at = estimate.now.utc;
        if let Some(demand) = estimate.demand.filter(|demand| demand.basis == Basis::Measured)
            && base_demand.get() > 0.0
        {
            self.demand.observe(at, demand.value.get() / base_demand.get(), &site.zone);
        }
        if let Some(load) = estimate.base_load.filter(|load| load.basis == Basis::Measured) {
            self.base_load.observe(at, load.value.kw(), &site.zone);
        }
        let sun = sun::sun(site, at);
        for inverter in &site.inverters {
            let clear = sun::clear_share(sun, inverter.tilt.get(), inverter.azimuth.get());
            let state = &estimate.inverters[&inverter.id];
            let Some(power) = state.power.filter(|_| clear > CLEAR_SHARE_MIN) else { continue };
            let limit = state.setting.unwrap_or(Ratio::ONE).get() * inverter.rated_power.get();
            if power.get() < CURTAILED_ABOVE * limit
                && let Some(clearness) = self.clearness.get_mut(&inverter.id)
            {
                clearness.observe(at, power.get() / (clear * inverter.peak_power.get()));
            }
        }
    }
}

/// The forecast over `steps`, seen from the estimate's now.
#[must_use]
pub fn forecast(
    site: &Site,
    learned: &Learned,
    estimate: &Estimate,
    base_demand: Flow,
    steps: Vec<Step>,
) -> Forecast {
    let now = estimate.now.utc;
    let middles: Vec<Timestamp> = steps.iter().map(middle).collect();
    let demand: Vec<Flow> = middles
        .iter()
        .map(|&at| {
            let lead = site::time::seconds_between(now, at) / 3600.0;
            let margin = learned.demand.margin() * (lead / MARGIN_HOURS).clamp(0.0, 1.0);
            base_demand * learned.demand.expect(now, at, &site.zone) * (1.0 + margin)
        })
        .collect();
    let guess = site.water.as_ref().map_or(0.0, |water| water.demand_spread.get());
    let spread = learned.demand.spread(guess);
    let pv = site.inverters.iter().map(|inverter| {
        let clearness = learned.clearness.get(&inverter.id).cloned().unwrap_or_default();
        let expect = |&at: &Timestamp| {
            let sun = sun::sun(site, at);
            let clear = sun::clear_share(sun, inverter.tilt.get(), inverter.azimuth.get());
            let power = inverter.peak_power * (clear * clearness.expect(now, at));
            power.min(inverter.rated_power)
        };
        (inverter.id.clone(), middles.iter().map(expect).collect())
    });
    let base =
        |&at: &Timestamp| Power::from_kw(learned.base_load.expect(now, at, &site.zone).max(0.0));
    let tariff = &site.tariff;
    let priced: Vec<Priced<'_>> =
        steps.iter().map(|step| tariff.expected_over(step, now, site.calendar())).collect();
    Forecast {
        demand_spread: demand.iter().map(|&flow| flow * spread).collect(),
        demand,
        pv: pv.collect(),
        base_load: middles.iter().map(base).collect(),
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
