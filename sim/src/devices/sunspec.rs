//! A SunSpec inverter: what it does with its limit.
//!
//! Offsets within a model are counted from its id register. The limit of model 123 holds while
//! `WMaxLim_Ena` is 1, and not longer than `WMaxLimPct_RvrtTms` seconds after it was last written.

use std::collections::BTreeMap;

use drivers::profile::{Location, PointSpec, Profile};
use jiff::{SignedDuration, Timestamp};

use super::encode::text_words;
use super::sunspec_map::{
    BASE, END, MARKER, MODELS, NO_SIGNED, empty, length, measurements, model_start, put, ratings,
    scale, settings,
};
use crate::modbus::{Exception, Table};
use crate::plant::Plant;

/// The limit is in tenths of a per cent.
const LIMIT_PER_PERCENT: u16 = 10;
const LIMIT_SCALE: i16 = -1;

/// Registers of model 123 that matter here, by offset.
const CONNECT: u16 = 4;
const LIMIT: u16 = 5;
const REVERT: u16 = 7;
const ENABLE: u16 = 9;
/// Registers of model 123 that may be written: everything but its scale factors.
const WRITABLE: std::ops::RangeInclusive<u16> = 2..=22;

/// One inverter.
#[derive(Debug, Clone)]
pub(crate) struct SunspecInverter {
    inverter: usize,
    name: String,
    switched_to_local: bool,
    /// Model 123 as written, by offset.
    controls: BTreeMap<u16, u16>,
    /// When the limit, its enabling or its time of reversion was last written.
    limited: Option<Timestamp>,
}

impl SunspecInverter {
    /// The site's inverter at a place; `name` makes its serial number.
    pub(crate) fn new(inverter: usize, name: &str) -> Self {
        let controls = BTreeMap::from([(CONNECT, 1), (LIMIT, 100 * LIMIT_PER_PERCENT)]);
        let name = name.to_owned();
        Self { inverter, name, switched_to_local: false, controls, limited: None }
    }

    /// Whether a profile asks for the models that this inverter has, and limits it by one of them.
    pub(crate) fn suits(profile: &Profile) -> bool {
        let known = |model: &u16| MODELS.iter().any(|(id, _)| id == model);
        let model = |point: &PointSpec| match point.location {
            Location::Model { model, .. } => Some(model),
            Location::Register { .. } => None,
        };
        let mut orders = profile.commands.values().flat_map(|command| &command.writes);
        let limits = |name: &str| profile.point(name).and_then(model) == Some(123);
        profile.sunspec
            && profile.points.iter().filter_map(model).all(|model| known(&model))
            && orders.all(|write| limits(&write.point))
    }

    pub(crate) fn set_local(&mut self, local: bool) {
        self.switched_to_local = local;
    }

    /// Whether an address lies in the map.
    pub(crate) fn has(table: Table, address: u16) -> bool {
        table == Table::HoldingRegisters && (BASE..BASE + length()).contains(&address)
    }

    /// Reads registers of the map.
    ///
    /// # Errors
    /// Illegal address where the span leaves the map.
    pub(crate) fn read(
        &self,
        plant: &Plant,
        at: Timestamp,
        address: u16,
        count: u16,
    ) -> Result<Vec<u16>, Exception> {
        let image = self.image(plant, at);
        let start = usize::from(address - BASE);
        let span = image.get(start..start + usize::from(count));
        span.map(<[u16]>::to_vec).ok_or(Exception::IllegalDataAddress)
    }

    /// Writes registers of model 123.
    ///
    /// # Errors
    /// Illegal address for all others, illegal value for what the model does not allow; nothing
    /// is written then.
    pub(crate) fn write(
        &mut self,
        plant: &mut Plant,
        at: Timestamp,
        address: u16,
        values: &[u16],
    ) -> Result<(), Exception> {
        let first = model_start(123);
        let offsets = (address..).map(|address| address.checked_sub(first));
        let mut writes = Vec::new();
        for (offset, &value) in offsets.zip(values) {
            let offset = offset.filter(|offset| WRITABLE.contains(offset));
            let offset = offset.ok_or(Exception::IllegalDataAddress)?;
            let allowed = match offset {
                CONNECT | ENABLE => value <= 1,
                LIMIT => value <= 100 * LIMIT_PER_PERCENT,
                _ => true,
            };
            if !allowed {
                return Err(Exception::IllegalDataValue);
            }
            writes.push((offset, value));
        }
        let times_limit = |offset: &u16| matches!(*offset, LIMIT | REVERT | ENABLE);
        if writes.iter().any(|(offset, _)| times_limit(offset)) {
            // A limit that had lapsed must not come back to life by a late refresh of its parts.
            self.lapse(at);
            self.limited = Some(at);
        }
        self.controls.extend(writes);
        plant.limit_inverter(self.inverter, self.share(at));
        Ok(())
    }

    /// Decides at the beginning of a step.
    pub(crate) fn decide(&mut self, plant: &mut Plant, at: Timestamp) {
        self.lapse(at);
        plant.limit_inverter(self.inverter, self.share(at));
    }

    /// Drops a limit that was not written again in time.
    fn lapse(&mut self, at: Timestamp) {
        if !self.enabled(at) {
            self.controls.insert(ENABLE, 0);
        }
    }

    fn control(&self, offset: u16) -> u16 {
        self.controls.get(&offset).copied().unwrap_or(0)
    }

    fn enabled(&self, at: Timestamp) -> bool {
        let revert = SignedDuration::from_secs(i64::from(self.control(REVERT)));
        let lapsed = self.limited.is_some_and(|since| at.duration_since(since) >= revert);
        self.control(ENABLE) == 1 && (revert.is_zero() || !lapsed)
    }

    /// The share of the rating that may be given.
    fn share(&self, at: Timestamp) -> f64 {
        if self.control(CONNECT) == 0 {
            0.0
        } else if self.enabled(at) && !self.switched_to_local {
            f64::from(self.control(LIMIT)) / f64::from(100 * LIMIT_PER_PERCENT)
        } else {
            1.0
        }
    }

    /// The whole map, from "SunS" to the end model.
    fn image(&self, plant: &Plant, at: Timestamp) -> Vec<u16> {
        let view = plant.inverter(self.inverter);
        let mut image = MARKER.to_vec();
        image.extend(self.identity());
        image.extend(measurements(&view, plant.grid().frequency_hz));
        image.extend(ratings(&view));
        image.extend(settings(&view));
        image.extend(self.model_123(at));
        image.extend([END, 0]);
        image
    }

    fn identity(&self) -> Vec<u16> {
        let mut model = empty(1, 0);
        put(&mut model, 2, &text_words("Regie", 16));
        put(&mut model, 18, &text_words("Simulated inverter", 16));
        put(&mut model, 42, &text_words("1.0", 8));
        put(&mut model, 50, &text_words(&format!("SIM-{}", self.name), 16));
        put(&mut model, 66, &[1, NO_SIGNED]);
        model
    }

    fn model_123(&self, at: Timestamp) -> Vec<u16> {
        let mut model = empty(123, 0);
        for (&offset, &value) in &self.controls {
            put(&mut model, offset, &[value]);
        }
        put(&mut model, ENABLE, &[u16::from(self.enabled(at))]);
        put(&mut model, 23, &[scale(LIMIT_SCALE), scale(-2), scale(0)]);
        model
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_lapses_when_it_is_not_written_again() {
        let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds).unwrap();
        let mut inverter = SunspecInverter::new(0, "solar1");
        inverter.controls.extend([(REVERT, 60), (LIMIT, 400), (ENABLE, 1)]);
        inverter.limited = Some(at(0));
        assert!((inverter.share(at(59)) - 0.4).abs() < 1e-12);
        assert!((inverter.share(at(60)) - 1.0).abs() < 1e-12);
        inverter.controls.insert(REVERT, 0);
        assert!((inverter.share(at(9999)) - 0.4).abs() < 1e-12, "0 never reverts");
        inverter.controls.insert(CONNECT, 0);
        assert!(inverter.share(at(0)).abs() < 1e-12);
    }
}
