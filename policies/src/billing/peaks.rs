//! The highest averages of a billing period, and what was above the subscribed powers.

use super::average::{self, Averaged, Interval};
use super::{GAP_SECONDS_MAX, Reading};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::Site;
use site::tariff::{Billing, DemandCharge, Overrun, Subscribed, Tariff};
use site::units::{Power, PowerPrice};
use std::collections::BTreeMap;

/// Follows the meter's averaging intervals, each charge on its own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct PeakMeter {
    charges: Vec<Charge>,
    subscribed: Above,
    last: Option<(Timestamp, Power)>,
}

/// A demand charge's meter.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Charge {
    name: String,
    period_start: Option<Timestamp>,
    peak: Option<Power>,
    interval: Option<Interval>,
}

/// The meter of the subscribed powers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Above {
    period_start: Option<Timestamp>,
    interval: Option<Interval>,
    classes: BTreeMap<String, Overruns>,
}

/// What was above the subscribed power of a class in a billing period.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Overruns {
    /// Time of the intervals above, h.
    pub hours: f64,
    /// Energy above, kWh.
    pub kwh: f64,
    /// Sum of the squares of the intervals' overruns, kW².
    pub squares: f64,
}

/// A demand charge on a bill.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Demand {
    /// Highest average, kW.
    pub kw: f64,
    /// What it costs for the whole period, EUR.
    pub eur: f64,
}

/// As it may be stored: before there could be several charges, there was one.
#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    charges: Vec<Charge>,
    #[serde(default)]
    subscribed: Above,
    last: Option<(Timestamp, Power)>,
    #[serde(default)]
    peak: Option<Power>,
    #[serde(default)]
    period_start: Option<Timestamp>,
}

impl From<Stored> for PeakMeter {
    fn from(stored: Stored) -> Self {
        let Stored { mut charges, subscribed, last, peak, period_start } = stored;
        if let (Some(peak), true) = (peak, charges.is_empty()) {
            // Its name was not kept: it goes to the first charge.
            let name = String::new();
            charges.push(Charge { name, period_start, peak: Some(peak), interval: None });
        }
        Self { charges, subscribed, last }
    }
}

impl PeakMeter {
    /// Highest average import of the present billing period for each demand charge, in order;
    /// zero before the first interval ends.
    #[must_use]
    pub fn peaks(&self, tariff: &Tariff) -> Vec<Power> {
        tariff.demand_charges.iter().map(|charge| self.peak_of(charge)).collect()
    }

    fn peak_of(&self, charge: &DemandCharge) -> Power {
        let found = self.charges.iter().find(|meter| meter.name == charge.name);
        found.and_then(|meter| meter.peak).unwrap_or(Power::ZERO)
    }

    /// The demand charges so far, by name.
    #[must_use]
    pub fn demand(&self, tariff: &Tariff) -> BTreeMap<String, Demand> {
        let demand = |charge: &DemandCharge| {
            let kw = self.peak_of(charge).kw();
            (charge.name.clone(), Demand { kw, eur: kw * charge.price.get() })
        };
        tariff.demand_charges.iter().map(demand).collect()
    }

    /// What was above the subscribed powers in the present billing period, by class.
    #[must_use]
    pub const fn overruns(&self) -> &BTreeMap<String, Overruns> {
        &self.subscribed.classes
    }

    /// What the overruns of the present billing period cost, EUR.
    #[must_use]
    pub fn overrun_eur(&self, tariff: &Tariff) -> f64 {
        let Some(subscribed) = &tariff.subscribed else { return 0.0 };
        let cost = |(class, above): (&String, &Overruns)| match &subscribed.overrun {
            Overrun::PerHour(price) => price.get() * above.hours,
            Overrun::PerEnergy(price) => price.get() * above.kwh,
            Overrun::RootSum(price) => {
                price.of(class).map_or(0.0, PowerPrice::get) * above.squares.sqrt()
            }
        };
        self.subscribed.classes.iter().map(cost).sum()
    }

    /// Takes a look at the meter: `import` (export negative) holds until the next look. A look
    /// that comes late, or before the last one, ends the intervals without counting them.
    pub fn observe(&mut self, site: &Site, at: Timestamp, import: Option<Power>) {
        if let Some((since, power)) = self.last {
            let held = site::time::seconds_between(since, at);
            if (0.0..=GAP_SECONDS_MAX).contains(&held) {
                self.book(site, &Reading::held(since, at, power, held / 3600.0));
            } else {
                self.charges.iter_mut().for_each(|charge| charge.interval = None);
                self.subscribed.interval = None;
            }
        }
        self.last = import.map(|power| (at, power));
        self.begin_periods(site, at);
    }

    /// Adds a reading.
    pub fn book(&mut self, site: &Site, reading: &Reading) {
        self.fit(&site.tariff);
        let tariff = &site.tariff;
        for (meter, charge) in self.charges.iter_mut().zip(&tariff.demand_charges) {
            for average in average::add(&mut meter.interval, reading, charge.average) {
                meter.close(site, charge, &average);
            }
        }
        if let Some(subscribed) = &tariff.subscribed {
            let above = &mut self.subscribed;
            for average in average::add(&mut above.interval, reading, subscribed.average) {
                above.close(site, subscribed, &average);
            }
        }
    }

    /// One meter for each charge of the tariff: those with a known name go on.
    fn fit(&mut self, tariff: &Tariff) {
        let fits = self.charges.len() == tariff.demand_charges.len()
            && self.charges.iter().zip(&tariff.demand_charges).all(|(m, c)| m.name == c.name);
        if fits {
            return;
        }
        let unnamed = self.charges.first().filter(|meter| meter.name.is_empty()).cloned();
        let meter = |(i, charge): (usize, &DemandCharge)| {
            let known = self.charges.iter().find(|meter| meter.name == charge.name);
            let meter = known.cloned().or_else(|| unnamed.clone().filter(|_| i == 0));
            Charge { name: charge.name.clone(), ..meter.unwrap_or_default() }
        };
        self.charges = tariff.demand_charges.iter().enumerate().map(meter).collect();
    }

    /// Forgets what belongs to billing periods that are over.
    fn begin_periods(&mut self, site: &Site, at: Timestamp) {
        self.fit(&site.tariff);
        for (meter, charge) in self.charges.iter_mut().zip(&site.tariff.demand_charges) {
            if period_begins(&mut meter.period_start, site, charge.billing, at) {
                meter.peak = None;
            }
        }
        if let Some(subscribed) = &site.tariff.subscribed {
            self.subscribed.begin(site, subscribed, at);
        }
    }
}

impl Charge {
    fn close(&mut self, site: &Site, charge: &DemandCharge, average: &Averaged) {
        let Averaged { start, power } = *average;
        // A period begins with its first interval, whether or not that one counts.
        if period_begins(&mut self.period_start, site, charge.billing, start) {
            self.peak = None;
        }
        if !charge.counts(site.tariff.price_at(start, site.calendar()).class) {
            return;
        }
        self.peak = Some(self.peak.map_or(power, |peak| peak.max(power)));
    }
}

impl Above {
    fn begin(&mut self, site: &Site, subscribed: &Subscribed, at: Timestamp) {
        if period_begins(&mut self.period_start, site, subscribed.billing, at) {
            self.classes.clear();
        }
    }

    fn close(&mut self, site: &Site, subscribed: &Subscribed, average: &Averaged) {
        self.begin(site, subscribed, average.start);
        let class = site.tariff.price_at(average.start, site.calendar()).class;
        let Some(limit) = subscribed.power.of(class) else { return };
        let above = (average.power - limit).kw();
        if above > 0.0 {
            let hours = subscribed.average.as_secs_f64() / 3600.0;
            let sums = self.classes.entry(class.to_owned()).or_default();
            sums.hours += hours;
            sums.kwh += above * hours;
            sums.squares += above * above;
        }
    }
}

/// Whether an instant lies in another period than the known one, which it then replaces.
fn period_begins(
    known: &mut Option<Timestamp>,
    site: &Site,
    billing: Billing,
    at: Timestamp,
) -> bool {
    let (start, _) = billing.period(at, site.calendar());
    known.replace(start) != Some(start)
}
