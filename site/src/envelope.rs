//! What may reach a device at all, as plain numbers: the bounds of each operation of each asset,
//! from the site file alone. Whoever makes bytes holds them to these, whatever the guard has said.

use crate::asset::{Control, Mode};
use crate::command::Operation;
use crate::ids::{AssetId, DeviceId};
use crate::model::Site;
use std::collections::BTreeMap;

/// The argument of an operation that has none.
const NOTHING: Envelope = Envelope { low: 0.0, high: 0.0 };

/// The bounds of a number that is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Envelope {
    /// The least, in the unit of the operation's argument: %, W or A.
    pub low: f64,
    /// The most, in the same unit; not below the least.
    pub high: f64,
}

impl Envelope {
    /// A single number.
    #[must_use]
    pub const fn exactly(value: f64) -> Self {
        Self { low: value, high: value }
    }
    /// Whether a number lies inside, or outside by no more than `tolerance`. NaN never does.
    #[must_use]
    pub fn holds(&self, value: f64, tolerance: f64) -> bool {
        (self.low - tolerance..=self.high + tolerance).contains(&value)
    }
}

/// The envelopes of all operations that a device may be told, by asset. An operation that has none
/// is never written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Envelopes {
    /// Every asset may be told what any device may be told.
    any: bool,
    of_asset: BTreeMap<AssetId, Vec<(&'static str, Envelope)>>,
}

impl Envelopes {
    /// For a device that nothing is written to.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }
    /// For tools and tests that drive a device of no site: what any device may be told.
    #[must_use]
    pub fn of_no_site() -> Self {
        Self { any: true, of_asset: BTreeMap::new() }
    }
    /// The same, and an asset may be told an operation within an envelope.
    #[must_use]
    pub fn with(mut self, asset: &AssetId, operation: &'static str, envelope: Envelope) -> Self {
        self.of_asset.entry(asset.clone()).or_default().push((operation, envelope));
        self
    }
    /// The envelope of an asset's operation, by its name in a profile; none where it must not be
    /// written.
    #[must_use]
    pub fn find(&self, asset: &AssetId, operation: &str) -> Option<Envelope> {
        if self.any {
            let argument = Operation::find(operation)?.argument;
            return Some(argument.map_or(NOTHING, |kind| {
                let (low, high) = kind.range;
                Envelope { low, high }
            }));
        }
        let known = self.of_asset.get(asset)?;
        known.iter().find(|(name, _)| *name == operation).map(|(_, envelope)| *envelope)
    }
}

impl Site {
    /// The envelopes of a device: the assets on it in mode control, each with its own operations.
    /// An asset in another mode has none.
    #[must_use]
    pub fn envelopes(&self, device: &DeviceId) -> Envelopes {
        let mut all = Envelopes::none();
        let mut put =
            |id: &AssetId, on: (&DeviceId, Control), operations: &[(&'static str, Envelope)]| {
                if on.0 == device && on.1.mode == Mode::Control {
                    for (operation, envelope) in operations {
                        all = std::mem::take(&mut all).with(id, operation, *envelope);
                    }
                }
            };
        let motor = [("run", NOTHING), ("stop", NOTHING)];
        for pump in &self.pumps {
            put(&pump.id, (&pump.device, pump.control), &motor);
        }
        for load in &self.shiftable {
            put(&load.id, (&load.device, load.control), &motor);
        }
        for station in &self.lift_stations {
            put(&station.id, (&station.device, station.control), &motor);
        }
        for inverter in &self.inverters {
            let limit = Envelope { low: inverter.min_limit.percent(), high: 100.0 };
            let operations = [("limit", limit), ("release", NOTHING)];
            put(&inverter.id, (&inverter.device, inverter.control), &operations);
        }
        for cabinet in &self.lighting {
            let light = Envelope { low: 0.0, high: 100.0 };
            let operations = [("light", light), ("dark", NOTHING)];
            put(&cabinet.id, (&cabinet.device, cabinet.control), &operations);
        }
        for battery in &self.batteries {
            let (low, high) = (-battery.discharge_power.get(), battery.charge_power.get());
            put(
                &battery.id,
                (&battery.device, battery.control),
                &[("power", Envelope { low, high })],
            );
        }
        for charger in &self.chargers {
            let (low, high) = (charger.min_current.get(), charger.max_current.get());
            let operations = [("charge", Envelope { low, high }), ("pause", NOTHING)];
            put(&charger.id, (&charger.device, charger.control), &operations);
        }
        all
    }
}
