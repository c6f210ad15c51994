//! Steady states at times of the file's own patterns, zone by zone.

use crate::engine::{Engine, Guess, Numerics, PumpState};
use crate::error::{at_least, same_count};
use crate::reading::{Reading, pressure_m};
use crate::snapshots::check_speed;
use crate::{HydraulicsError, Network, Warning};

/// A moment of the network's day.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// Time since the file's start, s: it decides demands and the heads of reservoirs. Nothing for
    /// base demands and mean heads, without the file's patterns.
    pub elapsed_s: Option<u64>,
    /// Multiplies every demand; at least 0.
    pub demand_factor: f64,
    /// Speed of each pump: 0 off, 1 nominal.
    pub pump_speed: &'a [f64],
    /// Level of each tank, m above its floor; taken inside the limits by
    /// [`crate::SNAPSHOT_MARGIN_M`].
    pub tank_level_m: &'a [f64],
}

/// The steady state of a moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Instant {
    /// Net flow into each tank, m3/s; positive fills.
    pub tank_inflow_m3s: Vec<f64>,
    /// The same, apart for each zone: flow into each of [`crate::Zone::tanks`], m3/s.
    pub zone_inflow_m3s: Vec<Vec<f64>>,
    /// Electrical power of each pump, W.
    pub pump_power_w: Vec<f64>,
    /// Pressure of each junction, metres of water.
    pub pressure_m: Vec<f64>,
    /// Whether each pump is on and cannot lift: it delivers nothing and would suffer.
    pub cannot_lift: Vec<bool>,
    /// Whether a demand is starved or EPANET found a solution only with statuses frozen.
    pub doubtful: bool,
}

/// A project that answers for one moment after another; each answer depends on its question alone.
#[derive(Debug)]
pub struct Moments {
    network: Network,
    engine: Engine,
    /// Time for which demands and reservoirs stand in the project.
    stands: Option<Option<u64>>,
}

impl Moments {
    /// Opens a project.
    ///
    /// # Errors
    /// [`HydraulicsError::Scratch`] where the temporary folder cannot be written.
    pub fn open(network: &Network) -> Result<Moments, HydraulicsError> {
        let mut engine = network.open(Numerics::File)?;
        engine.start()?;
        Ok(Moments { network: network.clone(), engine, stands: None })
    }

    /// Solves for a moment.
    ///
    /// # Errors
    /// [`HydraulicsError::WrongCount`] and [`HydraulicsError::BadValue`] for a malformed question;
    /// [`HydraulicsError::NotConverged`] where there is no solution. The project stays usable.
    pub fn solve(&mut self, moment: &Moment<'_>) -> Result<Instant, HydraulicsError> {
        same_count("pump speeds", self.network.pumps().len(), moment.pump_speed.len())?;
        same_count("tank levels", self.network.tanks().len(), moment.tank_level_m.len())?;
        at_least(|| "the demand factor".to_owned(), moment.demand_factor, 0.0, "at least 0")?;
        self.go_to(moment.elapsed_s)?;
        self.engine.set_demand_factor(moment.demand_factor)?;
        for (pump, &speed) in self.network.pumps().iter().zip(moment.pump_speed) {
            check_speed(&pump.id, speed)?;
            self.engine.set_pump(pump, speed)?;
        }
        for (tank, &level_m) in self.network.tanks().iter().zip(moment.tank_level_m) {
            let what = || format!("the level of tank {}", tank.id);
            let level_m = at_least(what, level_m, f64::MIN, "a number")?;
            self.engine.set_level(tank, crate::snapshots::inside(tank, level_m))?;
        }
        self.read()
    }

    /// Sets demands and reservoirs to what they are at a time.
    fn go_to(&mut self, elapsed_s: Option<u64>) -> Result<(), HydraulicsError> {
        if self.stands == Some(elapsed_s) {
            return Ok(());
        }
        let network = &self.network;
        for junction in network.junctions().iter().filter(|j| !j.demands.is_empty()) {
            let at = |elapsed_s| network.demand_m3s_at(junction, elapsed_s);
            self.engine.set_demand(junction, elapsed_s.map_or(junction.base_demand_m3s, at))?;
        }
        for reservoir in network.reservoirs() {
            let at = |elapsed_s| network.reservoir_head_m_at(reservoir, elapsed_s);
            self.engine.set_reservoir(reservoir, elapsed_s.map_or(reservoir.head_m, at))?;
        }
        self.stands = Some(elapsed_s);
        Ok(())
    }

    fn read(&self) -> Result<Instant, HydraulicsError> {
        let solved = self.engine.solve(&self.network, Guess::Fresh)?;
        let reading = Reading::of(&self.network, &solved);
        let mut zone_inflow_m3s = Vec::with_capacity(self.network.zones().len());
        for zone in self.network.zones() {
            let mut inflow = vec![0.0; zone.tanks.len()];
            for mouth in &zone.mouths {
                let flow = self.engine.link_flow_m3s(mouth.link)?;
                inflow[mouth.tank] += if mouth.enters { flow } else { -flow };
            }
            zone_inflow_m3s.push(inflow);
        }
        let junctions = self.network.junctions().iter();
        let pressure_m = junctions.map(|junction| pressure_m(&solved, junction)).collect();
        let stuck = |state: &PumpState| *state == PumpState::CannotLift;
        Ok(Instant {
            zone_inflow_m3s,
            pressure_m,
            cannot_lift: solved.pump_state.iter().map(stuck).collect(),
            doubtful: reading
                .warnings
                .iter()
                .any(|w| matches!(w, Warning::Starved | Warning::Unstable)),
            tank_inflow_m3s: reading.tank_inflow_m3s,
            pump_power_w: solved.pump_power_w,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zones_inflows_add_up_to_those_of_the_tanks_in_every_example() {
        for name in ["van_zyl", "Net1", "Net3"] {
            let path = format!("{}/../examples/networks/{name}.inp", env!("CARGO_MANIFEST_DIR"));
            let network = Network::load(path).unwrap();
            let levels: Vec<f64> =
                network.tanks().iter().map(|t| 0.5 * (t.level_min_m + t.level_max_m)).collect();
            let mut moments = Moments::open(&network).unwrap();
            for (elapsed_s, on) in [(0, 1.0), (36_000, 0.0), (72_000, 1.0)] {
                let speeds = vec![on; network.pumps().len()];
                let moment = Moment {
                    elapsed_s: Some(elapsed_s),
                    demand_factor: 1.0,
                    pump_speed: &speeds,
                    tank_level_m: &levels,
                };
                let instant = moments.solve(&moment).unwrap();
                let mut sums = vec![0.0; levels.len()];
                for (zone, inflow) in network.zones().iter().zip(&instant.zone_inflow_m3s) {
                    zone.tanks.iter().zip(inflow).for_each(|(&tank, flow)| sums[tank] += flow);
                }
                for (sum, whole) in sums.iter().zip(&instant.tank_inflow_m3s) {
                    assert!((sum - whole).abs() < 1e-9, "{name}: {sum} and {whole}");
                }
            }
        }
    }
}
