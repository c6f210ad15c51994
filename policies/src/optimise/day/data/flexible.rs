//! Batteries, chargers, loads that are on or off.

use jiff::Timestamp;
use jiff::civil::Time;
use serde::Serialize;
use site::AssetId;

/// A battery. It takes and gives at most its powers, and both together at most one of them: shares
/// of the two powers add up to no more than one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BatteryData {
    /// Its name.
    pub id: AssetId,
    /// Whether it can be commanded and its charge is known; if not, it takes `power_now_kw` in the
    /// first step and nothing later.
    pub commandable: bool,
    /// Power now, kW, positive when charging.
    pub power_now_kw: f64,
    /// Energy now, kWh.
    pub energy_now_kwh: f64,
    /// Energy when full, kWh.
    pub capacity_kwh: f64,
    /// The most power taken, kW.
    pub charge_kw: f64,
    /// The most power given, kW.
    pub discharge_kw: f64,
    /// Efficiency there and back; each way its square root.
    pub efficiency: f64,
    /// The lowest energy that is wished at the end of each step, kWh.
    pub low_kwh: f64,
    /// The highest, kWh.
    pub high_kwh: f64,
    /// What a kWh below or above them costs, EUR. A battery whose energy now lies between them, and
    /// that is not held, stays between them.
    pub outside_eur_per_kwh_hour: f64,
    /// Energy kept for an outage at the end of each step, kWh; it matters where it is above the
    /// lowest.
    pub reserve_kwh: f64,
    /// What a kWh below it costs, EUR.
    pub reserve_eur_per_kwh_hour: f64,
    /// Wear of a kWh given, EUR.
    pub wear_eur_per_kwh: f64,
    /// What a kWh is worth that is left at the end, EUR.
    pub left_eur_per_kwh: f64,
}

/// A charger with one socket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChargerData {
    /// Its name.
    pub id: AssetId,
    /// Whether it can be commanded; if not, its vehicles charge at once with all their power.
    pub commandable: bool,
    /// Its vehicles. None gets more than it wants.
    pub sessions: Vec<SessionData>,
    /// What a kWh costs that is wanted and not given, EUR.
    pub missing_eur_per_kwh: f64,
    /// What a kWh costs that is left for the time after the horizon, EUR.
    pub after_eur_per_kwh: f64,
}

/// A vehicle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionData {
    /// When it came, or will.
    pub arrival: Timestamp,
    /// When it leaves.
    pub departure: Timestamp,
    /// The most power, kW; in a step of which it is there for a part, that part of it.
    pub power_kw: f64,
    /// Energy wanted, kWh.
    pub wanted_kwh: f64,
    /// Energy that may be left for the time after the horizon, kWh: what the vehicle can take
    /// then until it leaves, and no more than is wanted.
    pub after_kwh: f64,
    /// What a kWh costs per hour from now to the beginning of the step in which it is given.
    pub later_eur_per_kwh_hour: f64,
}

/// What loads that are on or off have in common. One that is not commandable goes on as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SwitchedData {
    /// Its name.
    pub id: AssetId,
    /// Whether it can be commanded.
    pub commandable: bool,
    /// Power when it runs, kW.
    pub rated_kw: f64,
    /// Whether it runs now.
    pub running: bool,
    /// How long it has run or rested, s.
    pub in_state_s: f64,
    /// Once started it runs at least so long, s; within the horizon in whole steps only.
    pub min_run_s: f64,
    /// Once stopped it rests at least so long, s; only what rests now is looked at.
    pub min_stop_s: f64,
    /// Wear of a start, EUR.
    pub start_eur: f64,
}

/// A load that has its hours a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShiftableData {
    /// What it has in common with others.
    pub switched: SwitchedData,
    /// It may run from this local time; equal ends mean the whole day.
    pub from: Time,
    /// It may run until this local time.
    pub to: Time,
    /// How long it is to run in a local day, h. What there is time for after the horizon's end
    /// need not be run within it.
    pub daily_run_h: f64,
    /// How long it has run today, h.
    pub run_today_h: f64,
    /// What an hour costs that is missing at a day's end, EUR.
    pub missing_eur_per_h: f64,
}

/// A lift station.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiftStationData {
    /// What it has in common with others.
    pub switched: SwitchedData,
    /// What it pumps out, m3/h.
    pub flow_m3_per_h: f64,
    /// What flows in, m3/h, `[step]`.
    pub inflow_m3_per_h: Vec<f64>,
    /// Volume of the well, m3.
    pub volume_m3: f64,
    /// What is in it, m3.
    pub volume_now_m3: f64,
    /// The band at the end of each step, m3: lower end.
    pub band_low_m3: f64,
    /// Upper end.
    pub band_high_m3: f64,
    /// What a m3 outside the band costs, EUR.
    pub outside_band_eur_per_m3_hour: f64,
    /// What a m3 costs that overflows, EUR.
    pub overflow_eur_per_m3: f64,
    /// What a m3 costs that the pump would draw and is not there, EUR.
    pub dry_eur_per_m3: f64,
    /// What a m3 costs that is left at the end, EUR.
    pub left_eur_per_m3: f64,
}
