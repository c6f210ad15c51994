//! What a day really cost and did, from the truth and not from what the daemon believes.

mod assets;
mod network;

pub use assets::{
    AssetLedger, BatteryLedger, LightingLedger, Range, SessionLedger, ShiftableLedger, Unserved,
    WellLedger,
};
pub use network::NetworkLedger;

use crate::plant::Truth;
use policies::billing::{Bill, Demand, Line, PeakMeter, Reading};
use serde::Serialize;
use site::units::Power;
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

/// What the meter costs over the time of a ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BillLedger {
    /// Imports by price class, kWh and EUR.
    pub classes: BTreeMap<String, Line>,
    /// Exports, and what they earn.
    pub feed_in: Line,
    /// Demand charges by name: highest average, and N/30 of the charge for N days.
    pub demand: BTreeMap<String, Demand>,
    /// What was above the subscribed power, EUR.
    pub overrun_eur: f64,
}

/// Books the truth, look by look.
#[derive(Debug, Clone)]
pub struct Ledger {
    site: Site,
    first: Truth,
    last: Truth,
    bill: Bill,
    peaks: PeakMeter,
    tanks: BTreeMap<AssetId, TankLedger>,
    assets: AssetLedger,
    network: NetworkLedger,
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
        let mut site = site.clone();
        // One period for all that is booked, however long: its share is taken at the end.
        site.tariff.bill_over(truth.at, u16::MAX);
        Self {
            site,
            tanks: truth.tanks.iter().map(tank).collect(),
            assets: AssetLedger::open(&truth),
            network: NetworkLedger::default(),
            last: truth.clone(),
            first: truth,
            bill: Bill::default(),
            peaks: PeakMeter::default(),
            pressure: None,
        }
    }

    /// Books what happened since the last look.
    pub fn book(&mut self, truth: Truth) {
        let seconds = site::time::seconds_between(self.last.at, truth.at);
        if seconds <= 0.0 {
            return;
        }
        let reading = Reading {
            since: self.last.at,
            until: truth.at,
            import: truth.grid.import - self.last.grid.import,
            export: truth.grid.export - self.last.grid.export,
        };
        self.bill.book(&self.site, &reading);
        self.peaks.book(&self.site, &reading);
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
        self.assets.book(&self.site, &self.last, &truth);
        self.network.book(&self.site, &self.last, &truth, seconds);
        self.last = truth;
    }

    /// Time booked, in days of 24 hours.
    #[must_use]
    pub fn days(&self) -> f64 {
        site::time::seconds_between(self.first.at, self.last.at) / 86_400.0
    }
    /// Money for energy alone, EUR.
    #[must_use]
    pub fn energy_cost(&self) -> f64 {
        self.bill.energy_eur()
    }
    /// Money for energy, this time's share of the demand charges, and overruns, EUR.
    #[must_use]
    pub fn cost(&self) -> f64 {
        let bill = self.bill();
        let demand: f64 = bill.demand.values().map(|demand| demand.eur).sum();
        self.energy_cost() + demand + bill.overrun_eur
    }
    /// Highest average import that is charged.
    #[must_use]
    pub fn peak(&self) -> Power {
        self.peaks.peaks(&self.site.tariff).into_iter().fold(Power::ZERO, Power::max)
    }
    /// The bill, with this time's share of the demand charges.
    #[must_use]
    pub fn bill(&self) -> BillLedger {
        let tariff = &self.site.tariff;
        let share = |(name, demand): (String, Demand)| {
            let eur = demand.eur * self.days() / BILLING_DAYS;
            (name, Demand { eur, ..demand })
        };
        BillLedger {
            classes: self.bill.classes.clone(),
            feed_in: self.bill.feed_in,
            demand: self.peaks.demand(tariff).into_iter().map(share).collect(),
            overrun_eur: self.peaks.overrun_eur(tariff),
        }
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
    /// What batteries, chargers, wells, loads that may wait and lamps did.
    #[must_use]
    pub fn assets(&self) -> AssetLedger {
        let mut assets = self.assets.clone();
        assets.close(&self.site, &self.first, &self.last);
        assets
    }
    /// What the low-voltage network had to bear; none where the site declares none.
    #[must_use]
    pub fn network(&self) -> Option<&NetworkLedger> {
        self.site.electrical.as_ref().map(|_| &self.network)
    }
    /// Lowest pressure where water is taken, m; none without a network.
    #[must_use]
    pub const fn lowest_pressure(&self) -> Option<f64> {
        self.pressure
    }
}
