//! Pumps and tanks.

use jiff::civil::Time;
use serde::Serialize;
use site::AssetId;

/// The water side. What a combination of running pumps does is taken from EPANET around the levels
/// to which the planner's own choice leads: these tables are data here.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaterData {
    /// Stations of equal pumps, which are counted and not named.
    pub stations: Vec<StationData>,
    /// The combinations that can be run: how many pumps of each station.
    pub combinations: Vec<Vec<usize>>,
    /// Power of all pumps together, kW, `[step][combination]`. Between stations it is shared by
    /// rated power times the number of pumps.
    pub power_kw: Vec<Vec<f64>>,
    /// Net flow into each tank, m3/h, `[step][combination][tank]`.
    pub inflow_m3_per_h: Vec<Vec<Vec<f64>>>,
    /// The tanks.
    pub tanks: Vec<TankData>,
    /// What a m3 is worth that is left in a tank at the end, EUR.
    pub left_eur_per_m3: f64,
}

/// Equal pumps in parallel. Its rules are those of its first pump.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StationData {
    /// The pumps.
    pub pumps: Vec<PumpData>,
    /// Rated power of one, kW.
    pub rated_kw: f64,
    /// Once started a pump runs at least so long, s; within the horizon in whole steps only.
    pub min_run_s: f64,
    /// Once stopped it rests at least so long, s; likewise.
    pub min_stop_s: f64,
    /// Starts of a pump in any 60 minutes; likewise.
    pub max_starts_per_hour: u32,
    /// Wear of a start, EUR.
    pub start_eur: f64,
}

/// A pump.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PumpData {
    /// Its name.
    pub id: AssetId,
    /// Whether it can be commanded; if not, it goes on as it is in the first step and rests later.
    pub commandable: bool,
    /// Its own shortest run, s: for the run that it is in now.
    pub min_run_s: f64,
    /// Its own shortest rest, s: for the rest that it is in now.
    pub min_stop_s: f64,
    /// Whether it runs now.
    pub running: bool,
    /// How long it has run or rested, s.
    pub in_state_s: f64,
    /// Starts in the last 60 minutes; all of them count in the first hour.
    pub starts_last_hour: u32,
}

/// A tank. Volumes between bottom and top are physics, all else is a wish at the end of each step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TankData {
    /// Its name.
    pub id: AssetId,
    /// What is in it, m3.
    pub volume_now_m3: f64,
    /// The least, m3.
    pub bottom_m3: f64,
    /// The most, m3.
    pub top_m3: f64,
    /// The band less what the transmitter may be wrong by, m3: lower end.
    pub band_low_m3: f64,
    /// Upper end.
    pub band_high_m3: f64,
    /// What a m3 outside it costs, EUR.
    pub outside_band_eur_per_m3_hour: f64,
    /// The distance from both ends that is wished, m3, `[step]`.
    pub cushion_m3: Vec<f64>,
    /// What a m3 inside that distance costs, EUR.
    pub cushion_eur_per_m3_hour: f64,
    /// A wish for a time of day.
    pub reserve: Option<ReserveData>,
    /// What a m3 of demand costs that cannot be met, EUR, `[step]`.
    pub unmet_eur_per_m3: Vec<f64>,
    /// What a m3 costs that overflows, EUR, `[step]`.
    pub overflow_eur_per_m3: Vec<f64>,
}

/// A wish: at a local time of day, at least so much.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReserveData {
    /// When; it falls due at the end of the step that ends then.
    pub at: Time,
    /// The least, m3.
    pub volume_m3: f64,
    /// What a m3 less costs, EUR.
    pub missing_eur_per_m3: f64,
}
