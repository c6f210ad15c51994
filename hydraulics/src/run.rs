//! The network in time.
//!
//! EPANET's own stepping rounds to whole seconds, snaps tanks to their limits within a second's
//! flow, cannot go on from the middle, and counts time in a number that ends. So a run takes only
//! steady states from EPANET and integrates the tanks itself: levels hold for a step, as in EPANET,
//! and where a tank would pass a limit the step is cut exactly there. This makes no water, costs
//! the same, and can go on for as many steps as anybody likes. While a tank is held full or empty
//! EPANET sees it exactly at that limit, which is what closes its inlet or outlet there.

use crate::engine::{self, Engine, Guess, Numerics, Solved};
use crate::error::{at_least, same_count};
use crate::reading::{Reading, pressure_m};
use crate::snapshots::check_speed;
use crate::stepped::{Stepped, Stored, Sum, TankLimit};
use crate::tank::starting_levels;
use crate::{HydraulicsError, Network, Warning};
use std::collections::BTreeMap;

/// Longest step, s: within a step levels are taken as constant.
pub const STEP_S_MAX: f64 = 86_400.0;

/// Most steady states in one step. Tanks at their limits open and close every minute or so; more
/// than this is chatter of a tiny tank and would only cost time.
pub const SUBSTEPS_MAX: usize = 256;

/// How a run differs from the file: a twin's truth is perturbed against what planners are told.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOptions {
    /// Level of each tank at the start, m above its floor; nothing for the file's.
    pub initial_level_m: Option<Vec<f64>>,
    /// Multiplies the roughness coefficient of every pipe, in the sense of the file's own formula:
    /// above 1 is smoother with Hazen-Williams, rougher with the others. Above 0.
    pub roughness_factor: f64,
    /// Multiplies each pump's lift at every flow (for a pump of constant power, its power);
    /// above 0. Nothing for 1 throughout.
    pub pump_head_factor: Option<Vec<f64>>,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        RunOptions { initial_level_m: None, roughness_factor: 1.0, pump_head_factor: None }
    }
}

/// A network in time. Set pumps and demands, then [`Run::step`]; again and again. At the start all
/// pumps are off and demands are at their base. The same calls give the same results to the last
/// bit.
#[derive(Debug)]
pub struct Run {
    network: Network,
    engine: Engine,
    /// Water in each tank, m3, and whether that is exactly a limit.
    stored: Vec<Stored>,
    elapsed_s: f64,
    solved: Option<Solved>,
    /// Junctions whose emitter was set, by their place, with the file's own coefficient in the
    /// file's units.
    emitters: BTreeMap<usize, f64>,
}

impl Run {
    /// Opens a run.
    ///
    /// # Errors
    /// [`HydraulicsError::WrongCount`] and [`HydraulicsError::BadValue`] for malformed options,
    /// [`HydraulicsError::Scratch`] where the temporary folder cannot be written.
    pub fn start(network: &Network, options: &RunOptions) -> Result<Run, HydraulicsError> {
        let levels = starting_levels(network.tanks(), options.initial_level_m.as_deref())?;
        let mut engine = network.open(Numerics::Fine)?;
        perturb(&engine, network, options)?;
        engine.start()?;
        let mut run = Run {
            network: network.clone(),
            engine,
            stored: Vec::new(),
            elapsed_s: 0.0,
            solved: None,
            emitters: BTreeMap::new(),
        };
        run.restart(&levels)?;
        Ok(run)
    }

    /// Goes back to the start with new levels, m above the floors: all pumps off, demands at their
    /// base, reservoirs and emitters as in the file. Much cheaper than another run, and with the
    /// same results.
    ///
    /// # Errors
    /// [`HydraulicsError::WrongCount`] and [`HydraulicsError::BadValue`] for malformed levels.
    pub fn restart(&mut self, level_m: &[f64]) -> Result<(), HydraulicsError> {
        let levels = starting_levels(self.network.tanks(), Some(level_m))?;
        let pairs = self.network.tanks().iter().zip(levels);
        let stored = pairs.map(|(tank, level)| Stored::begin(tank, tank.volume_m3(level)));
        self.stored = stored.collect();
        self.elapsed_s = 0.0;
        self.solved = None;
        for pump in self.network.pumps() {
            self.engine.set_pump(pump, 0.0)?;
        }
        for reservoir in self.network.reservoirs() {
            self.engine.set_reservoir(reservoir, reservoir.head_m)?;
        }
        for (place, coefficient) in std::mem::take(&mut self.emitters) {
            self.engine.set_emitter_file(&self.network.junctions()[place], coefficient)?;
        }
        self.set_demand_factor(1.0)
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Time since the start, s.
    #[must_use]
    pub fn elapsed_s(&self) -> f64 {
        self.elapsed_s
    }

    /// Level of each tank now, m above its floor.
    #[must_use]
    pub fn tank_level_m(&self) -> Vec<f64> {
        let pairs = self.network.tanks().iter().zip(&self.stored);
        pairs.map(|(tank, stored)| stored.level_m(tank)).collect()
    }

    /// Water in each tank now, m3.
    #[must_use]
    pub fn tank_volume_m3(&self) -> Vec<f64> {
        self.stored.iter().map(|stored| stored.volume_m3).collect()
    }

    /// Pressure of each junction in the last steady state, metres of water; nothing before the
    /// first step.
    #[must_use]
    pub fn junction_pressure_m(&self) -> Option<Vec<f64>> {
        let solved = self.solved.as_ref()?;
        let junctions = self.network.junctions().iter();
        Some(junctions.map(|junction| pressure_m(solved, junction)).collect())
    }

    /// Switches a pump: 0 is off, 1 its nominal speed.
    ///
    /// # Errors
    /// [`HydraulicsError::NoSuch`] and [`HydraulicsError::BadValue`].
    pub fn set_pump(&mut self, index: usize, speed: f64) -> Result<(), HydraulicsError> {
        let pump = pick("pump", self.network.pumps(), index)?;
        check_speed(&pump.id, speed)?;
        self.engine.set_pump(pump, speed)
    }

    /// Sets what a junction takes from now on, m3/s; negative for an inflow.
    ///
    /// # Errors
    /// [`HydraulicsError::NoSuch`] and [`HydraulicsError::BadValue`].
    pub fn set_demand(&mut self, index: usize, demand_m3s: f64) -> Result<(), HydraulicsError> {
        let junction = pick("junction", self.network.junctions(), index)?;
        let what = || format!("the demand of junction {}", junction.id);
        at_least(what, demand_m3s, f64::MIN, "a number")?;
        self.engine.set_demand(junction, demand_m3s)
    }

    /// Sets the demand of every junction to a multiple of its base demand.
    ///
    /// # Errors
    /// [`HydraulicsError::BadValue`] unless the factor is a number and at least 0.
    pub fn set_demand_factor(&mut self, factor: f64) -> Result<(), HydraulicsError> {
        at_least(|| "the demand factor".to_owned(), factor, 0.0, "at least 0")?;
        for junction in self.network.junctions() {
            self.engine.set_demand(junction, junction.base_demand_m3s * factor)?;
        }
        Ok(())
    }

    /// Sets the head of a reservoir from now on, m.
    ///
    /// # Errors
    /// [`HydraulicsError::NoSuch`] and [`HydraulicsError::BadValue`].
    pub fn set_reservoir_head(&mut self, index: usize, head_m: f64) -> Result<(), HydraulicsError> {
        let reservoir = pick("reservoir", self.network.reservoirs(), index)?;
        let what = || format!("the head of reservoir {}", reservoir.id);
        at_least(what, head_m, f64::MIN, "a number")?;
        self.engine.set_reservoir(reservoir, head_m)
    }

    /// Opens an emitter at a junction from now on, as a leak: it lets out
    /// `coefficient * pressure ^ exponent`, in m3/s with the pressure in metres of water. 0 closes
    /// it. What the file has as an emitter at this junction is replaced. Nothing flows in where
    /// the pressure is negative; that then holds for all emitters of the network.
    ///
    /// # Errors
    /// [`HydraulicsError::NoSuch`]; [`HydraulicsError::BadValue`] unless the coefficient is a
    /// number and at least 0.
    pub fn set_emitter(&mut self, index: usize, coefficient: f64) -> Result<(), HydraulicsError> {
        let junction = pick("junction", self.network.junctions(), index)?;
        let what = || format!("the emitter coefficient of junction {}", junction.id);
        at_least(what, coefficient, 0.0, "at least 0")?;
        if !self.emitters.contains_key(&index) {
            self.emitters.insert(index, self.engine.emitter_file(junction)?);
        }
        self.engine.set_emitter(junction, coefficient)
    }

    /// The exponent of all emitters: the file's `Emitter Exponent`, 0.5 where it has none.
    ///
    /// # Errors
    /// [`HydraulicsError::Engine`] where EPANET does not tell.
    pub fn emitter_exponent(&self) -> Result<f64, HydraulicsError> {
        self.engine.emitter_exponent()
    }

    /// Flow through the emitters that were set, in the last steady state, m3/s.
    fn leak_m3s(&self) -> Result<f64, HydraulicsError> {
        let junctions = self.emitters.keys().map(|&place| &self.network.junctions()[place]);
        junctions.map(|junction| self.engine.emitter_flow_m3s(junction)).sum()
    }

    /// Goes on by some seconds. Levels hold for the step (explicit Euler), so choose it short
    /// against the time in which a level changes noticeably: an hour as EPANET's users do, a
    /// minute to be exact.
    ///
    /// # Errors
    /// [`HydraulicsError::BadValue`] unless the step is above 0 and at most [`STEP_S_MAX`];
    /// [`HydraulicsError::NotConverged`] where there is no solution. After an error the run stands
    /// where it stood before the step.
    pub fn step(&mut self, seconds: f64) -> Result<Stepped, HydraulicsError> {
        if !(seconds > 0.0 && seconds <= STEP_S_MAX) {
            let what = "the step in seconds".to_owned();
            let wanted = "above 0 and at most a day";
            return Err(HydraulicsError::BadValue { what, value: seconds, wanted });
        }
        let mut stored = self.stored.clone();
        let mut sum = Sum::new(&self.network, &stored, seconds);
        let mut left_s = seconds;
        let mut latest = None;
        while left_s > 0.0 {
            let fresh = self.solved.is_none() && latest.is_none();
            let solved = self.solve(&stored, fresh)?;
            let reading = Reading::of(&self.network, &solved);
            let inflow_m3s = reading.tank_inflow_m3s.clone();
            let cut_s = self.until_change_s(&stored, &inflow_m3s).filter(|&cut_s| cut_s < left_s);
            let chatter = cut_s.is_some() && sum.substeps + 1 == SUBSTEPS_MAX;
            let cut_s = cut_s.filter(|_| !chatter);
            let span_s = cut_s.unwrap_or(left_s);
            sum.add(&solved, reading, span_s);
            sum.leak_m3 += self.leak_m3s()? * span_s;
            if chatter {
                sum.warnings.push(Warning::TankChatter);
            }
            sum.volumes.overflow_m3 += self.fill(&mut stored, &inflow_m3s, span_s);
            sum.touch(&stored);
            left_s = cut_s.map_or(0.0, |cut_s| left_s - cut_s);
            latest = Some(solved);
        }
        self.solved = latest;
        self.stored = stored;
        self.elapsed_s += seconds;
        Ok(sum.finish(&self.network, &self.stored))
    }

    fn solve(&self, stored: &[Stored], fresh: bool) -> Result<Solved, HydraulicsError> {
        for (tank, stored) in self.network.tanks().iter().zip(stored) {
            match stored.limit {
                TankLimit::Free => self.engine.set_level(tank, stored.level_m(tank))?,
                limit => self.engine.set_level_limit(tank, limit == TankLimit::Full)?,
            }
        }
        if fresh {
            return self.engine.solve(&self.network, Guess::Fresh);
        }
        let warm = self.engine.solve(&self.network, Guess::LastFlows);
        match warm {
            // The last flows may be a bad guess after a great change.
            Err(HydraulicsError::NotConverged { .. }) => {
                self.engine.solve(&self.network, Guess::Fresh)
            }
            answered => answered,
        }
    }

    /// Seconds until the first tank's limit takes hold or lets go; nothing if none does.
    fn until_change_s(&self, stored: &[Stored], inflow_m3s: &[f64]) -> Option<f64> {
        let tanks = self.network.tanks().iter().zip(stored).zip(inflow_m3s);
        let times =
            tanks.filter_map(|((tank, stored), &inflow)| stored.until_change_s(tank, inflow));
        times.min_by(f64::total_cmp)
    }

    /// Moves the water of a sub-step; returns what did not fit, m3. What is taken from an empty
    /// tank comes from nowhere and shows in the mass balance.
    fn fill(&self, stored: &mut [Stored], inflow_m3s: &[f64], span_s: f64) -> f64 {
        let mut spilled = 0.0;
        for ((tank, stored), inflow) in self.network.tanks().iter().zip(stored).zip(inflow_m3s) {
            let wanted_m3 = stored.volume_m3 + inflow * span_s;
            *stored = stored.moved(tank, wanted_m3);
            spilled += (wanted_m3 - tank.volume_max_m3()).max(0.0);
        }
        spilled
    }
}

/// The element at an index.
fn pick<'a, T>(what: &'static str, list: &'a [T], index: usize) -> Result<&'a T, HydraulicsError> {
    list.get(index).ok_or(HydraulicsError::NoSuch { what, index, count: list.len() })
}

fn perturb(
    engine: &Engine,
    network: &Network,
    options: &RunOptions,
) -> Result<(), HydraulicsError> {
    let factor =
        |what: &dyn Fn() -> String, value| at_least(what, value, f64::MIN_POSITIVE, "above 0");
    let roughness = factor(&|| "the roughness factor".to_owned(), options.roughness_factor)?;
    if !is_one(roughness) {
        engine::scale_roughness(engine, roughness)?;
    }
    let Some(factors) = &options.pump_head_factor else {
        return Ok(());
    };
    same_count("pump head factors", network.pumps().len(), factors.len())?;
    for (pump, &value) in network.pumps().iter().zip(factors) {
        let value = factor(&|| format!("the head factor of pump {}", pump.id), value)?;
        if !is_one(value) {
            engine::scale_pump(engine, pump, value)?;
        }
    }
    Ok(())
}

/// Whether a factor changes nothing.
#[expect(clippy::float_cmp, reason = "1 is what callers write for no change")]
fn is_one(factor: f64) -> bool {
    factor == 1.0
}
