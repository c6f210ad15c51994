//! What the instruments say instead of the truth. Rounding to registers comes later, in the
//! devices.

use super::chance::Chance;

/// Zero error of a level transmitter, as one standard deviation, in m.
const LEVEL_OFFSET_M: f64 = 0.01;
/// Noise of a level transmitter, as one standard deviation, in m: waves and electronics.
const LEVEL_NOISE_M: f64 = 0.002;
/// Gain error of a flow meter, as one standard deviation.
const FLOW_GAIN: f64 = 0.01;

/// A level transmitter.
#[derive(Debug, Clone)]
pub(crate) struct LevelTransmitter {
    chance: Chance,
    offset_m: f64,
    /// What it says, in m.
    pub(crate) level_m: f64,
}

impl LevelTransmitter {
    pub(crate) fn new(mut chance: Chance) -> Self {
        let offset_m = chance.bounded(LEVEL_OFFSET_M);
        Self { chance, offset_m, level_m: 0.0 }
    }

    /// Measures a level in m, with what the transmitter has drifted since, in m.
    pub(crate) fn step(&mut self, level_m: f64, drift_m: f64) {
        let noise = self.chance.bounded(LEVEL_NOISE_M);
        self.level_m = (level_m + self.offset_m + drift_m + noise).max(0.0);
    }
}

/// A flow meter with its totaliser.
#[derive(Debug, Clone)]
pub(crate) struct FlowTransmitter {
    gain: f64,
    /// What it says, in m3/s.
    pub(crate) flow_m3s: f64,
    /// What it has counted, in m3; forward flow only.
    pub(crate) total_m3: f64,
}

impl FlowTransmitter {
    pub(crate) fn new(mut chance: Chance) -> Self {
        let gain = chance.factor(FLOW_GAIN);
        let total_m3 = chance.between(1e4, 1e6).round();
        Self { gain, flow_m3s: 0.0, total_m3 }
    }

    /// Measures a flow in m3/s for some seconds.
    pub(crate) fn step(&mut self, flow_m3s: f64, seconds: f64) {
        self.flow_m3s = flow_m3s * self.gain;
        self.total_m3 += self.flow_m3s.max(0.0) * seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruments_stray_within_their_class() {
        for seed in 0..50 {
            let mut level = LevelTransmitter::new(Chance::new(seed, "level"));
            level.step(2.0, 0.0);
            assert!((level.level_m - 2.0).abs() <= 0.024 + 1e-12);
            level.step(0.0, -0.1);
            assert!(level.level_m >= 0.0, "no transmitter shows less than empty");
            let mut flow = FlowTransmitter::new(Chance::new(seed, "flow"));
            let before = flow.total_m3;
            flow.step(0.1, 100.0);
            assert!((flow.flow_m3s / 0.1 - 1.0).abs() <= 0.02 + 1e-12);
            assert!((flow.total_m3 - before - 10.0).abs() < 0.3);
            flow.step(-0.1, 100.0);
            assert!((flow.total_m3 - before - 10.0).abs() < 0.3, "backflow is not counted back");
        }
    }
}
