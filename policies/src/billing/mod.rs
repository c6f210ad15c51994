//! What the meter costs: energy by price class, highest averages, overruns of subscribed power.
//! The daemon bills what it measures and the simulator bills the truth with the same code, so
//! that the two cannot differ in anything but what they see.
//!
//! Feed a [`Bill`] and a [`PeakMeter`] with [`Reading`]s in order of time. The meter can also be
//! shown powers ([`PeakMeter::observe`]); it then holds each until the next.

mod average;
mod peaks;
#[cfg(test)]
mod tests;

pub use peaks::{Demand, Overruns, PeakMeter};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::Site;
use site::units::{Energy, Power};
use std::collections::BTreeMap;

/// Longest gap between two looks at a meter that is bridged by the earlier value, s; beyond it
/// what passed is not known and is not billed.
pub const GAP_SECONDS_MAX: f64 = 120.0;

/// Energy through the meter between two looks at it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The look before.
    pub since: Timestamp,
    /// This look.
    pub until: Timestamp,
    /// Energy imported in between.
    pub import: Energy,
    /// Energy exported in between.
    pub export: Energy,
}

impl Reading {
    /// From a power (import positive) that has held for `hours`. A meter has a register for each
    /// direction: what is exported does not make import smaller.
    #[must_use]
    pub fn held(since: Timestamp, until: Timestamp, power: Power, hours: f64) -> Self {
        let import = power.max(Power::ZERO).for_hours(hours);
        let export = (-power).max(Power::ZERO).for_hours(hours);
        Self { since, until, import, export }
    }
}

/// Energy and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Line {
    /// Energy, kWh.
    pub kwh: f64,
    /// Money, EUR; for exports, money earned.
    pub eur: f64,
}

/// The energy part of a bill.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Bill {
    /// Imports by price class.
    pub classes: BTreeMap<String, Line>,
    /// Exports, and what they earn.
    pub feed_in: Line,
}

impl Bill {
    /// Adds a reading, at the price of its beginning.
    pub fn book(&mut self, site: &Site, reading: &Reading) {
        let now = site.tariff.price_at(reading.since, site.calendar());
        let (import, export) = (reading.import.kwh(), reading.export.kwh());
        if import > 0.0 {
            if !self.classes.contains_key(now.class) {
                self.classes.insert(now.class.to_owned(), Line::default());
            }
            if let Some(line) = self.classes.get_mut(now.class) {
                line.kwh += import;
                line.eur += import * now.price.get();
            }
        }
        self.feed_in.kwh += export;
        self.feed_in.eur += export * now.feed_in.get();
    }

    /// Energy bought minus energy sold, EUR.
    #[must_use]
    pub fn energy_eur(&self) -> f64 {
        self.classes.values().map(|line| line.eur).sum::<f64>() - self.feed_in.eur
    }

    /// Energy imported, kWh.
    #[must_use]
    pub fn imported_kwh(&self) -> f64 {
        self.classes.values().map(|line| line.kwh).sum()
    }
}
