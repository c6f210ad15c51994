//! What the low-voltage network had to bear, from the true AC power flow.
//!
//! Voltages and loads are judged by their means over ten minutes, as EN 50160 judges a voltage: a
//! motor's start is no breach, and a cable does not warm within a minute.

use crate::plant::{NetworkTruth, Truth};
use serde::Serialize;
use site::electrical::Electrical;
use site::{AssetId, Site};
use std::collections::BTreeMap;

/// The interval over which voltages and loads are averaged, s.
const INTERVAL: f64 = 600.0;
/// A mean that lies no further than this beyond its limit, as a share of it, keeps it: no meter
/// sees less.
const TOLERANCE: f64 = 1e-3;

/// The low-voltage network over the time of a ledger. All are means over ten minutes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct NetworkLedger {
    /// Lowest and highest voltage of each node, as shares of the nominal one.
    pub voltages: BTreeMap<AssetId, (f64, f64)>,
    /// Highest current of each section as a share of its ampacity, by the node at its end.
    pub sections: BTreeMap<AssetId, f64>,
    /// Highest load of each feeder that has a limit, as a share of it.
    pub feeders: BTreeMap<AssetId, f64>,
    /// Highest load of the transformer, as a share of its rating.
    pub transformer: Option<f64>,
    /// Minutes for which a limit did not hold, by what it limits: "voltage of school", "feeder
    /// barns", "cable to pool", "transformer".
    pub breaches: BTreeMap<String, f64>,
    /// What cables and transformer turned to heat, kWh.
    pub losses_kwh: f64,
    /// Steps of ten seconds in which the load was more than the network can carry.
    pub unsolved_steps: u64,
    #[serde(skip)]
    interval: Interval,
}

/// Sums over the interval that is not over yet, each times seconds.
#[derive(Debug, Clone, Default, PartialEq)]
struct Interval {
    seconds: f64,
    voltages: BTreeMap<AssetId, f64>,
    sections: BTreeMap<AssetId, f64>,
    feeders: BTreeMap<AssetId, f64>,
    transformer: f64,
}

impl NetworkLedger {
    /// Books what holds for the seconds since the last look.
    pub(super) fn book(&mut self, site: &Site, before: &Truth, now: &Truth, seconds: f64) {
        let (Some(electrical), Some(network)) = (&site.electrical, &now.network) else { return };
        let earlier = before.network.as_ref().map_or(0, |network| network.unsolved_steps);
        self.unsolved_steps += network.unsolved_steps - earlier;
        self.losses_kwh += network.losses.kw() * seconds / 3600.0;
        self.interval.add(network, seconds);
        if self.interval.seconds >= INTERVAL {
            let interval = std::mem::take(&mut self.interval);
            self.judge(electrical, &interval);
        }
    }

    fn judge(&mut self, electrical: &Electrical, interval: &Interval) {
        let minutes = interval.seconds / 60.0;
        let mean = |sum: f64| sum / interval.seconds;
        let mut breach = |name: String| *self.breaches.entry(name).or_default() += minutes;
        let band = electrical.band.get();
        for (node, sum) in &interval.voltages {
            let voltage = mean(*sum);
            let seen = self.voltages.entry(node.clone()).or_insert((voltage, voltage));
            *seen = (seen.0.min(voltage), seen.1.max(voltage));
            if (voltage - 1.0).abs() > band + TOLERANCE {
                breach(format!("voltage of {node}"));
            }
        }
        for (node, sum) in &interval.sections {
            let share = mean(*sum);
            let seen = self.sections.entry(node.clone()).or_insert(share);
            *seen = seen.max(share);
            if share > 1.0 + TOLERANCE {
                breach(format!("cable to {node}"));
            }
        }
        for feeder in &electrical.feeders {
            let Some((limit, sum)) = feeder.limit.zip(interval.feeders.get(&feeder.id)) else {
                continue;
            };
            let share = mean(*sum) / limit.get();
            let seen = self.feeders.entry(feeder.id.clone()).or_insert(share);
            *seen = seen.max(share);
            if share > 1.0 + TOLERANCE {
                breach(format!("feeder {}", feeder.id));
            }
        }
        if let Some(transformer) = &electrical.transformer {
            let share = mean(interval.transformer) / transformer.rating.get();
            self.transformer = Some(self.transformer.map_or(share, |seen| seen.max(share)));
            if share > 1.0 + TOLERANCE {
                breach("transformer".to_owned());
            }
        }
    }
}

impl Interval {
    fn add(&mut self, network: &NetworkTruth, seconds: f64) {
        self.seconds += seconds;
        let sums =
            [(&mut self.voltages, &network.voltages), (&mut self.sections, &network.sections)];
        for (sums, values) in sums {
            for (id, value) in values {
                *sums.entry(id.clone()).or_default() += value.get() * seconds;
            }
        }
        for (id, value) in &network.feeders {
            *self.feeders.entry(id.clone()).or_default() += value.get() * seconds;
        }
        self.transformer += network.transformer.map_or(0.0, |power| power.get()) * seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::energy_tests::{SOLEIL, soleil};

    /// Four hours of a plant whose battery takes a power in W, booked every minute.
    fn books(site: &Site, battery_w: f64) -> NetworkLedger {
        let mut plant = soleil(site, 1, "2026-04-14T10:00:00Z");
        let mut ledger = NetworkLedger::default();
        let mut before = plant.truth();
        for _ in 0..240 {
            plant.order_battery(0, battery_w);
            plant.advance(site::time::add_seconds(plant.now(), 60.0));
            let now = plant.truth();
            ledger.book(site, &before, &now, 60.0);
            before = now;
        }
        ledger
    }

    #[test]
    fn a_network_within_its_limits_has_no_breach() {
        let ledger = books(&SOLEIL, 0.0);
        assert_eq!(ledger.breaches, BTreeMap::new());
        assert_eq!(ledger.unsolved_steps, 0);
        assert!(ledger.transformer.is_some_and(|share| (0.05..1.0).contains(&share)));
        assert_eq!(ledger.voltages.len(), 7, "{:?}", ledger.voltages.keys());
        assert!(ledger.voltages.values().all(|(low, high)| low < high && *high < 1.1));
        assert!(ledger.losses_kwh > 0.5, "{}", ledger.losses_kwh);
    }

    #[test]
    fn what_is_too_small_for_its_load_is_named() {
        let mut site = SOLEIL.clone();
        let electrical = site.electrical.as_mut().expect("it declares one");
        let transformer = electrical.transformer.as_mut().expect("it has one");
        transformer.rating = site::units::ApparentPower::new(30e3);
        electrical.band = site::units::Ratio::new(0.01);
        let village = electrical.feeders.iter_mut().find(|feeder| feeder.id.as_str() == "village");
        village.expect("a feeder").limit = Some(site::units::ApparentPower::new(20e3));
        let ledger = books(&site, 80e3);
        assert!(ledger.breaches["transformer"] > 60.0, "{:?}", ledger.breaches);
        assert!(ledger.breaches["feeder village"] > 60.0, "{:?}", ledger.breaches);
        assert!(ledger.breaches.keys().any(|name| name.starts_with("voltage of ")));
    }
}
