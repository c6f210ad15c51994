//! A generator for outages, as its panel shows it. Nobody but people start it.

/// Power at full load, in W, for its thirst.
const FULL_W: f64 = 60e3;
/// Share of the tank that an hour without load and an hour at full load take.
const IDLE_PER_H: f64 = 0.02;
const FULL_PER_H: f64 = 0.12;

/// One generator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Genset {
    /// Its motor runs.
    pub(crate) running: bool,
    /// Share of its tank that is full, 0 to 1.
    pub(crate) fuel: f64,
}

impl Default for Genset {
    /// It stands, with most of its fuel.
    fn default() -> Self {
        Self { running: false, fuel: 0.86 }
    }
}

impl Genset {
    /// Burns fuel for some seconds at a power in W; without fuel it stops.
    pub(crate) fn step(&mut self, seconds: f64, watts: f64) {
        if self.running {
            let per_h = IDLE_PER_H + (FULL_PER_H - IDLE_PER_H) * watts / FULL_W;
            self.fuel = (self.fuel - per_h * seconds / 3600.0).max(0.0);
            self.running = self.fuel > 0.0;
        }
    }
}
