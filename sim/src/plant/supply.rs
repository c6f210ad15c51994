//! Buildings, and the point of common coupling with its meter.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use site::model::SimulatedLoad;

use super::chance::{Chance, Wander};
use crate::days::Recording;

/// Noise of a load about its recorded quarter hour, as a share of its rating.
const LOAD_DEVIATION: f64 = 0.02;
/// Over how long a load's noise is forgotten, in s.
const LOAD_CORRELATION_S: f64 = 60.0;
/// Voltage of the low-voltage side without load, in V, and its fall: where no network is declared.
const VOLTAGE_V: f64 = 232.0;
const VOLTAGE_FALL_V_PER_W: f64 = 1.2e-5;
/// Power factor of the whole site.
const POWER_FACTOR: f64 = 0.97;
/// Spread of the grid's frequency, in Hz, and over how long it is forgotten, in s.
const FREQUENCY_DEVIATION_HZ: f64 = 0.015;
const FREQUENCY_CORRELATION_S: f64 = 60.0;

/// A building that follows a recorded column.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    column: String,
    rated_w: f64,
    noise: Wander,
    /// Active power, in W.
    pub(crate) power_w: f64,
}

impl Load {
    pub(crate) fn new(chance: Chance, load: &SimulatedLoad, step_s: f64) -> Self {
        Self {
            column: load.profile.clone(),
            rated_w: load.rated_power.get(),
            noise: Wander::new(chance, LOAD_CORRELATION_S, step_s),
            power_w: 0.0,
        }
    }

    pub(crate) fn look(&mut self, at: Timestamp, recording: &Recording, zone: &TimeZone) {
        let share = recording.profile(&self.column, at, zone);
        let share = share.expect("the columns were checked when the plant was made");
        let noise = LOAD_DEVIATION * self.noise.now();
        self.power_w = ((share + noise) * self.rated_w).max(0.0);
    }

    pub(crate) fn step(&mut self, at: Timestamp, recording: &Recording, zone: &TimeZone) {
        self.noise.step();
        self.look(at, recording, zone);
    }
}

/// Error of the meter, as one standard deviation: of class 1.
const METER_DEVIATION: f64 = 0.004;
/// The steps in which the meter shows power, in W, and energy, in Wh.
const POWER_STEP_W: f64 = 10.0;
const ENERGY_STEP_WH: f64 = 10.0;

/// The meter at the point of common coupling.
#[derive(Debug, Clone)]
pub(crate) struct Coupling {
    frequency: Wander,
    gain: f64,
    /// Active power, in W; import positive.
    pub(crate) power_w: f64,
    /// Imported since the start, in J.
    pub(crate) import_j: f64,
    /// Exported since the start, in J.
    pub(crate) export_j: f64,
    /// Voltage of each phase as the network has it, in V; none where no network is declared.
    network_v: Option<f64>,
}

impl Coupling {
    pub(crate) fn new(chance: Chance, mut meter: Chance, step_s: f64) -> Self {
        let frequency = Wander::new(chance, FREQUENCY_CORRELATION_S, step_s);
        let gain = meter.factor(METER_DEVIATION);
        Self { frequency, gain, power_w: 0.0, import_j: 0.0, export_j: 0.0, network_v: None }
    }

    /// Counts some seconds at a power in W, with the voltage that the network has there, in V.
    pub(crate) fn step(&mut self, (power_w, volts): (f64, Option<f64>), seconds: f64) {
        self.frequency.step();
        (self.power_w, self.network_v) = (power_w, volts);
        self.import_j += power_w.max(0.0) * seconds;
        self.export_j += (-power_w).max(0.0) * seconds;
    }

    /// The power that the meter shows, in W.
    pub(crate) fn shown_w(&self) -> f64 {
        (self.power_w * self.gain / POWER_STEP_W).round() * POWER_STEP_W
    }

    /// Import and export that the meter shows, in Wh, after what it showed at the start.
    pub(crate) fn shown_wh(&self, (import_wh, export_wh): (f64, f64)) -> (f64, f64) {
        let steps = |before_wh: f64, counted_j: f64| {
            let shown = before_wh + counted_j / 3600.0 * self.gain;
            (shown / ENERGY_STEP_WH).floor() * ENERGY_STEP_WH
        };
        (steps(import_wh, self.import_j), steps(export_wh, self.export_j))
    }

    /// Voltage of each phase, in V.
    pub(crate) fn voltage_v(&self) -> f64 {
        self.network_v.unwrap_or(VOLTAGE_V - VOLTAGE_FALL_V_PER_W * self.power_w)
    }

    /// Current of each phase, in A, without a sign.
    pub(crate) fn current_a(&self) -> f64 {
        self.power_w.abs() / (3.0 * self.voltage_v() * POWER_FACTOR)
    }

    /// Frequency, in Hz.
    pub(crate) fn frequency_hz(&self) -> f64 {
        50.0 + FREQUENCY_DEVIATION_HZ * self.frequency.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_of_class_1_shows_steps_and_its_counters_agree_with_its_power() {
        for seed in 0..50 {
            let chance = |name| Chance::new(seed, name);
            let mut coupling = Coupling::new(chance("grid"), chance("meter"), 10.0);
            (0..8640).for_each(|_| coupling.step((123_456.0, None), 10.0));
            let shown = coupling.shown_w();
            assert!((shown / 123_456.0 - 1.0).abs() < 0.01, "{shown}");
            assert!((shown / 10.0 - (shown / 10.0).round()).abs() < 1e-9, "tens of W: {shown}");
            let (import, export) = coupling.shown_wh((5e6, 7.0));
            assert!((import - 5e6 - shown * 24.0).abs() < 10.0 + 5.0 * 24.0, "{import}");
            assert!(export.abs() < 1e-9, "not yet ten Wh");
        }
    }
}
