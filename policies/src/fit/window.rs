//! A stretch of time in which nothing switches and everything is measured: long enough to see how
//! tanks rise or fall.

use crate::water::WaterModel;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::Site;
use site::plan::{Basis, Estimate};
use site::units::Flow;
use std::time::Duration;

/// After a switch the flows settle for this long before anything is learned.
const SETTLE: Duration = Duration::from_secs(120);
/// The shortest window that teaches, s: a minimum run time of 10 minutes less settling.
const SECONDS_MIN: f64 = 420.0;
/// A window ends after this long, s: levels and demand move on.
const SECONDS_MAX: f64 = 900.0;
/// The fewest readings in a window.
const READINGS_MIN: u32 = 5;
/// A longer gap between two readings than this many cycles ends a window.
const GAP_CYCLES: f64 = 3.5;
/// A tank this close to empty or full (share of its height) may spill or run dry unseen.
const NEAR_LIMIT: f64 = 0.01;
/// Noise of a level transmitter from reading to reading, m.
const LEVEL_NOISE: f64 = 0.003;

/// What one cycle shows, when all of it is measured and steady.
pub(super) struct Reading {
    at: Timestamp,
    running: Vec<bool>,
    levels: Vec<f64>,
    volumes: Vec<f64>,
    /// m3 that a level's noise amounts to, per tank.
    noise: Vec<f64>,
    demand: f64,
    demand_measured: bool,
    power_kw: f64,
}

impl Reading {
    /// Takes it; none when a value is missing, held or bad, or a pump has just switched.
    pub(super) fn take(
        site: &Site,
        water: &WaterModel,
        estimate: &Estimate,
        expected_demand: Flow,
    ) -> Option<Self> {
        let measured = estimate.demand.filter(|demand| demand.basis == Basis::Measured);
        let demand = measured.map_or(expected_demand, |demand| demand.value).get();
        let mut reading = Self {
            at: estimate.now.utc,
            running: Vec::new(),
            levels: Vec::new(),
            volumes: Vec::new(),
            noise: Vec::new(),
            demand,
            demand_measured: measured.is_some(),
            power_kw: 0.0,
        };
        for pump in &site.pumps {
            let state = estimate.pumps.get(&pump.id)?;
            if state.in_state_for < SETTLE {
                return None;
            }
            let running = state.running?;
            reading.running.push(running);
            reading.power_kw += if running { state.power?.kw() } else { 0.0 };
        }
        for (k, tank) in site.tanks.iter().enumerate() {
            let level = estimate.tanks.get(&tank.id).copied().flatten()?;
            let share = level.value.get() / tank.height.get();
            let free = (NEAR_LIMIT..=1.0 - NEAR_LIMIT).contains(&share);
            if level.basis != Basis::Measured || !free {
                return None;
            }
            let shape = &water.network.tanks()[water.tanks[k]];
            let (metres, volume) = (level.value.get(), shape.volume_m3(level.value.get()));
            reading.levels.push(metres);
            reading.noise.push((shape.volume_m3(metres + LEVEL_NOISE) - volume).abs());
            reading.volumes.push(volume);
        }
        Some(reading)
    }
}

/// Sums over the readings of a window. Times in s from its start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Window {
    start: Timestamp,
    last: Timestamp,
    running: Vec<bool>,
    demand_measured: bool,
    count: u32,
    time: f64,
    time_squared: f64,
    demand: f64,
    power_kw: f64,
    tanks: Vec<TankSums>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct TankSums {
    level: f64,
    volume: f64,
    volume_time: f64,
    noise: f64,
}

/// Means over a window.
pub(super) struct Seen {
    /// Its last instant.
    pub(super) at: Timestamp,
    /// Its length, s.
    pub(super) seconds: f64,
    /// Which of the site's pumps run.
    pub(super) running: Vec<bool>,
    /// Level per tank, m.
    pub(super) levels: Vec<f64>,
    /// Rise of the stored water and its spread, m3/s per tank.
    pub(super) inflow: Vec<(f64, f64)>,
    /// Demand, m3/s.
    pub(super) demand: f64,
    /// Whether the demand was measured.
    pub(super) demand_measured: bool,
    /// Power of all pumps, kW.
    pub(super) power_kw: f64,
}

impl Window {
    pub(super) fn open(reading: &Reading) -> Self {
        let mut window = Self {
            start: reading.at,
            last: reading.at,
            running: reading.running.clone(),
            demand_measured: reading.demand_measured,
            count: 0,
            time: 0.0,
            time_squared: 0.0,
            demand: 0.0,
            power_kw: 0.0,
            tanks: vec![TankSums::default(); reading.levels.len()],
        };
        window.add(reading);
        window
    }

    /// Whether a reading goes on where this window is.
    pub(super) fn fits(&self, reading: &Reading, cycle: Duration) -> bool {
        let gap = site::time::seconds_between(self.last, reading.at);
        reading.running == self.running
            && reading.demand_measured == self.demand_measured
            && reading.levels.len() == self.tanks.len()
            && gap > 0.0
            && gap <= GAP_CYCLES * cycle.as_secs_f64()
    }

    pub(super) fn add(&mut self, reading: &Reading) {
        let time = site::time::seconds_between(self.start, reading.at);
        self.last = reading.at;
        self.count += 1;
        self.time += time;
        self.time_squared += time * time;
        self.demand += reading.demand;
        self.power_kw += reading.power_kw;
        for (k, sums) in self.tanks.iter_mut().enumerate() {
            sums.level += reading.levels[k];
            sums.volume += reading.volumes[k];
            sums.volume_time += reading.volumes[k] * time;
            sums.noise += reading.noise[k];
        }
    }

    fn seconds(&self) -> f64 {
        site::time::seconds_between(self.start, self.last)
    }

    /// Whether it is time to learn from it and begin another.
    pub(super) fn full(&self) -> bool {
        self.seconds() >= SECONDS_MAX && self.count >= READINGS_MIN
    }

    /// What was seen, when the window is long enough: the rise of each tank's volume by least
    /// squares.
    pub(super) fn seen(self) -> Option<Seen> {
        if self.seconds() < SECONDS_MIN || self.count < READINGS_MIN {
            return None;
        }
        let count = f64::from(self.count);
        let swing = self.time_squared - self.time * self.time / count;
        if swing <= 0.0 {
            return None;
        }
        let rise = |sums: &TankSums| {
            let slope = (sums.volume_time - self.time * sums.volume / count) / swing;
            (slope, sums.noise / count / swing.sqrt())
        };
        Some(Seen {
            at: self.last,
            seconds: self.seconds(),
            levels: self.tanks.iter().map(|sums| sums.level / count).collect(),
            inflow: self.tanks.iter().map(rise).collect(),
            demand: self.demand / count,
            demand_measured: self.demand_measured,
            power_kw: self.power_kw / count,
            running: self.running,
        })
    }
}
