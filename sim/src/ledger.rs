//! What a day really cost and did, from the truth and not from what the daemon believes.

use crate::plant::Truth;
use jiff::Timestamp;
use serde::Serialize;
use site::units::{Energy, Power};
use site::{AssetId, Site};
use std::collections::BTreeMap;

/// A level this far outside its band (share of the tank's height) still counts as inside: the
/// transmitter does not see it.
const BAND_TOLERANCE: f64 = 0.002;
/// Days over which a demand charge is spread: a replay of N days bears N/30 of it.
const BILLING_DAYS: f64 = 30.0;

/// A tank over the time of a ledger. Levels in metres.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TankLedger {
    /// Lowest level, m.
    pub min: f64,
    /// Highest level, m.
    pub max: f64,
    /// Level at the start, m.
    pub start: f64,
    /// Level at the end, m.
    pub end: f64,
    /// Minutes outside the band of the site file.
    pub minutes_outside: f64,
}

/// Books the truth, look by look.
#[derive(Debug, Clone)]
pub struct Ledger {
    site: Site,
    first: Truth,
    last: Truth,
    energy_eur: f64,
    tanks: BTreeMap<AssetId, TankLedger>,
    interval: Option<(i64, Energy)>,
    peak: Power,
    pressure: Option<f64>,
}

impl Ledger {
    /// Opens the books on a first truth.
    #[must_use]
    pub fn open(site: &Site, truth: Truth) -> Self {
        let tank = |(id, tank): (&AssetId, &crate::plant::TankTruth)| {
            let level = tank.level.get();
            let ledger = TankLedger {
                min: level,
                max: level,
                start: level,
                end: level,
                minutes_outside: 0.0,
            };
            (id.clone(), ledger)
        };
        Self {
            tanks: truth.tanks.iter().map(tank).collect(),
            site: site.clone(),
            last: truth.clone(),
            first: truth,
            energy_eur: 0.0,
            interval: None,
            peak: Power::ZERO,
            pressure: None,
        }
    }

    /// Books what happened since the last look.
    pub fn book(&mut self, truth: Truth) {
        let seconds = site::time::seconds_between(self.last.at, truth.at);
        if seconds <= 0.0 {
            return;
        }
        let class = self.site.tariff.class_at(self.last.at, &self.site.zone);
        let import = truth.grid.import - self.last.grid.import;
        let export = truth.grid.export - self.last.grid.export;
        self.energy_eur += import.kwh() * class.price.get();
        self.energy_eur -= export.kwh() * self.site.tariff.feed_in.get();
        self.average(truth.at, truth.grid.import);
        for tank in &self.site.tanks {
            let (Some(ledger), Some(now)) =
                (self.tanks.get_mut(&tank.id), truth.tanks.get(&tank.id))
            else {
                continue;
            };
            let level = now.level.get();
            ledger.min = ledger.min.min(level);
            ledger.max = ledger.max.max(level);
            ledger.end = level;
            let share = level / tank.height.get();
            let inside =
                (tank.band_low.get() - BAND_TOLERANCE)..=(tank.band_high.get() + BAND_TOLERANCE);
            if !inside.contains(&share) {
                ledger.minutes_outside += seconds / 60.0;
            }
        }
        if let Some(lowest) = truth.water.as_ref().and_then(|w| w.lowest_pressure.as_ref()) {
            let head = lowest.head.get();
            self.pressure = Some(self.pressure.map_or(head, |known| known.min(head)));
        }
        self.last = truth;
    }

    /// The meter's averages over intervals aligned to the clock.
    fn average(&mut self, at: Timestamp, import: Energy) {
        let Some(charge) = self.site.tariff.demand_charge else { return };
        let length = i64::try_from(charge.average.as_secs()).unwrap_or(600).max(1);
        let number = at.as_second().div_euclid(length);
        match self.interval {
            Some((known, _)) if known == number => {}
            Some((known, since)) if known + 1 == number => {
                let hours = charge.average.as_secs_f64() / 3600.0;
                let average = Power::new((import - since).get() / hours);
                self.peak = self.peak.max(average);
                self.interval = Some((number, import));
            }
            _ => self.interval = Some((number, import)),
        }
    }

    /// Time booked, in days of 24 hours.
    #[must_use]
    pub fn days(&self) -> f64 {
        site::time::seconds_between(self.first.at, self.last.at) / 86_400.0
    }
    /// Money for energy alone, EUR.
    #[must_use]
    pub const fn energy_cost(&self) -> f64 {
        self.energy_eur
    }
    /// Money for energy and this time's share of the demand charge, EUR.
    #[must_use]
    pub fn cost(&self) -> f64 {
        let charge = self.site.tariff.demand_charge.map_or(0.0, |charge| charge.price.get());
        self.energy_eur + charge * self.peak.kw() * self.days() / BILLING_DAYS
    }
    /// Highest average import.
    #[must_use]
    pub const fn peak(&self) -> Power {
        self.peak
    }
    /// The truth at the last look.
    #[must_use]
    pub const fn last(&self) -> &Truth {
        &self.last
    }
    /// The truth at the first look.
    #[must_use]
    pub const fn first(&self) -> &Truth {
        &self.first
    }
    /// Tanks.
    #[must_use]
    pub const fn tanks(&self) -> &BTreeMap<AssetId, TankLedger> {
        &self.tanks
    }
    /// Lowest pressure where water is taken, m; none without a network.
    #[must_use]
    pub const fn lowest_pressure(&self) -> Option<f64> {
        self.pressure
    }
}
