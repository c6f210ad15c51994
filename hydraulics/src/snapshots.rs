//! Steady states, for tables.

use crate::engine::{Engine, Guess, Numerics};
use crate::error::{at_least, same_count};
use crate::reading::Reading;
use crate::{HydraulicsError, LowestPressure, Network, Tank, Warning};

/// How far inside its limits a tank is taken to be, m. EPANET closes the inlet of a full tank and
/// the outlet of an empty one, and then a snapshot says nothing about what flows when there is
/// room again. A millimetre changes flows less than the network is known.
pub const SNAPSHOT_MARGIN_M: f64 = 1e-3;

/// An operating point.
#[derive(Debug, Clone, Copy)]
pub struct Operating<'a> {
    /// Speed of each pump: 0 off, 1 nominal.
    pub pump_speed: &'a [f64],
    /// Level of each tank, m above its floor. Levels beyond a limit, or within
    /// [`SNAPSHOT_MARGIN_M`] of it, are taken as that far inside.
    pub tank_level_m: &'a [f64],
    /// Multiplies the base demand of every junction; at least 0.
    pub demand_factor: f64,
}

/// The steady state at an operating point.
#[derive(Debug, Clone, PartialEq)]
pub struct Steady {
    /// Net flow into each tank, m3/s; positive fills.
    pub tank_inflow_m3s: Vec<f64>,
    /// What each reservoir gives, m3/s; negative where water flows back.
    pub reservoir_supply_m3s: Vec<f64>,
    /// Flow of each pump, m3/s.
    pub pump_flow_m3s: Vec<f64>,
    /// Electrical power of each pump, W.
    pub pump_power_w: Vec<f64>,
    /// What the junctions take, m3/s.
    pub delivered_m3s: f64,
    /// Lowest pressure where water is taken; nothing in a network without demand.
    pub lowest_pressure: Option<LowestPressure>,
    /// What to mistrust.
    pub warnings: Vec<Warning>,
}

impl Steady {
    /// Electrical power of all pumps, W.
    #[must_use]
    pub fn power_w(&self) -> f64 {
        self.pump_power_w.iter().sum()
    }
}

/// A project that answers for one operating point after another. The answer depends only on the
/// network and the operating point, not on earlier questions, so tables may be filled in any order
/// and by several threads, each with its own `Snapshots`.
#[derive(Debug)]
pub struct Snapshots {
    network: Network,
    engine: Engine,
}

impl Snapshots {
    /// Opens a project.
    ///
    /// # Errors
    /// [`HydraulicsError::Scratch`] where the temporary folder cannot be written.
    pub fn open(network: &Network) -> Result<Snapshots, HydraulicsError> {
        let mut engine = network.open(Numerics::Fine)?;
        engine.start()?;
        Ok(Snapshots { network: network.clone(), engine })
    }

    /// The network it answers for.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Solves for an operating point.
    ///
    /// # Errors
    /// [`HydraulicsError::WrongCount`] and [`HydraulicsError::BadValue`] for a malformed question;
    /// [`HydraulicsError::NotConverged`] where there is no solution. The project stays usable.
    pub fn solve(&mut self, operating: &Operating<'_>) -> Result<Steady, HydraulicsError> {
        operating.check(&self.network)?;
        let pumps = self.network.pumps();
        for (pump, &speed) in pumps.iter().zip(operating.pump_speed) {
            self.engine.set_pump(pump, speed)?;
        }
        for (tank, &level_m) in self.network.tanks().iter().zip(operating.tank_level_m) {
            self.engine.set_level(tank, inside(tank, level_m))?;
        }
        self.engine.set_demand_factor(operating.demand_factor)?;
        let solved = self.engine.solve(&self.network, Guess::Fresh)?;
        let reading = Reading::of(&self.network, &solved);
        Ok(Steady {
            tank_inflow_m3s: reading.tank_inflow_m3s,
            reservoir_supply_m3s: reading.reservoir_supply_m3s,
            pump_flow_m3s: solved.pump_flow_m3s,
            pump_power_w: solved.pump_power_w,
            delivered_m3s: reading.delivered_m3s,
            lowest_pressure: reading.lowest_pressure,
            warnings: reading.warnings,
        })
    }
}

/// The level, kept a margin inside the limits. Every tank has room for two margins.
pub(crate) fn inside(tank: &Tank, level_m: f64) -> f64 {
    level_m.clamp(tank.level_min_m + SNAPSHOT_MARGIN_M, tank.level_max_m - SNAPSHOT_MARGIN_M)
}

impl Operating<'_> {
    fn check(&self, network: &Network) -> Result<(), HydraulicsError> {
        same_count("pump speeds", network.pumps().len(), self.pump_speed.len())?;
        same_count("tank levels", network.tanks().len(), self.tank_level_m.len())?;
        for (pump, &speed) in network.pumps().iter().zip(self.pump_speed) {
            check_speed(&pump.id, speed)?;
        }
        for (tank, &level) in network.tanks().iter().zip(self.tank_level_m) {
            at_least(|| format!("the level of tank {}", tank.id), level, f64::MIN, "a number")?;
        }
        at_least(|| "the demand factor".to_owned(), self.demand_factor, 0.0, "at least 0")?;
        Ok(())
    }
}

/// Fastest a pump may be asked to turn, as a multiple of its nominal speed: more is a mistake in
/// the caller's units.
const SPEED_MAX: f64 = 3.0;

/// Checks the speed of a pump.
pub(crate) fn check_speed(pump: &str, speed: f64) -> Result<(), HydraulicsError> {
    if (0.0..=SPEED_MAX).contains(&speed) {
        return Ok(());
    }
    Err(HydraulicsError::BadValue {
        what: format!("the speed of pump {pump}"),
        value: speed,
        wanted: "between 0 (off) and 3 times nominal",
    })
}
