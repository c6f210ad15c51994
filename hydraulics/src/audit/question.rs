//! What an audit is asked.

use super::Prices;
use crate::error::{at_least, same_count};
use crate::snapshots::check_speed;
use crate::{HydraulicsError, Network};

/// Longest span that is audited, s: EPANET's solution is no better for more, and a length written
/// in the wrong unit is refused.
pub const AUDIT_DURATION_S_MAX: u32 = 31 * 86_400;

/// Distance that tanks have to keep from their limits unless a caller says otherwise, m.
pub const LEVEL_MARGIN_M: f64 = 0.01;

/// A schedule: speeds per pump and step.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Length of a step, s; above 0. It need not be the file's hydraulic step: EPANET is made to
    /// stop at every boundary.
    pub step_s: u32,
    /// `speed[pump][step]`, pumps in the network's order: 0 off, 1 nominal (the file's own speed
    /// setting), else multiples of it, at most 3.
    pub speed: Vec<Vec<f64>>,
}

/// What makes the pumps run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Drive<'a> {
    /// A schedule. The file's controls, rules and pump speed patterns are set aside; valves and
    /// pipes stay as the file has them at its start.
    Schedule(&'a Schedule),
    /// The file's own controls, rules and pump speed patterns.
    FileControls,
    /// Every pump by the level of the tank that it fills: on below `low`, off above `high`, both
    /// shares of the way from the lowest level to the highest. Between them a pump stays as it
    /// is, at first as the file has it. Controls are set aside as under a schedule. See
    /// [`super::governing_tanks`].
    LevelBands {
        /// Share below which pumps start; at least 0.
        low: f64,
        /// Share above which they stop; above `low` and at most 1.
        high: f64,
    },
}

/// Where tanks have to stand at the end.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum EndLevel {
    /// At their level at the start, or above.
    #[default]
    Start,
    /// Anywhere.
    Free,
    /// At these levels or above, m above the floor of each tank.
    AtLeast(Vec<f64>),
}

/// What a course has to keep to. Mass balance, steps and negative pressure are always judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Distance from both limits that every tank keeps, m; at least 0.
    pub level_margin_m: f64,
    /// Where tanks have to stand at the end.
    pub end_level: EndLevel,
    /// Lowest pressure allowed at some junctions (index into [`Network::junctions`]), m of water.
    pub min_pressure_m: Vec<(usize, f64)>,
    /// Lowest pressure allowed at every junction with demand, m of water.
    pub min_pressure_all_m: Option<f64>,
    /// Starts allowed to each pump. Running at the start of the course is no start.
    pub starts_max: Option<u32>,
    /// Starts allowed to all pumps together.
    pub total_starts_max: Option<u32>,
    /// Whether the course repeats: then a pump that is off at the end and on at the start starts
    /// once more there, and runs go on across the end.
    pub periodic: bool,
    /// Shortest run of a pump, s. A run that the course's start or end cuts off is not judged,
    /// unless the course repeats.
    pub min_run_s: u32,
    /// Shortest stop of a pump, s, judged in the same way.
    pub min_stop_s: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            level_margin_m: LEVEL_MARGIN_M,
            end_level: EndLevel::Start,
            min_pressure_m: Vec::new(),
            min_pressure_all_m: None,
            starts_max: None,
            total_starts_max: None,
            periodic: false,
            min_run_s: 0,
            min_stop_s: 0,
        }
    }
}

/// What consumers take.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Demand {
    /// The file's demands and patterns.
    #[default]
    File,
    /// Multiples of every junction's base demand, instead of the file's patterns.
    Factors {
        /// How long each factor holds, s; above 0.
        step_s: u32,
        /// The factors from the start on, at least 0; enough of them for the whole course.
        factor: Vec<f64>,
    },
}

/// What an audit is asked besides the course of the pumps.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditOptions {
    /// Length of the course from the file's start, s; the file's own duration does not matter.
    pub duration_s: u32,
    /// Level of each tank at the start, m above its floor; nothing for the file's.
    pub initial_level_m: Option<Vec<f64>>,
    /// What consumers take.
    pub demand: Demand,
    /// What energy costs.
    pub prices: Prices,
    /// What the course has to keep to.
    pub limits: Limits,
    /// Time of day at the start, s after midnight, for the words of faults; nothing for the
    /// file's.
    pub begins_s: Option<u32>,
}

impl Default for AuditOptions {
    /// A day of the file as it is.
    fn default() -> AuditOptions {
        AuditOptions {
            duration_s: 86_400,
            initial_level_m: None,
            demand: Demand::File,
            prices: Prices::File,
            limits: Limits::default(),
            begins_s: None,
        }
    }
}

/// Checks a question; levels and prices are checked where they are used.
pub(super) fn check(
    network: &Network,
    drive: &Drive<'_>,
    options: &AuditOptions,
) -> Result<(), HydraulicsError> {
    let duration_s = options.duration_s;
    if duration_s == 0 || duration_s > AUDIT_DURATION_S_MAX {
        return bad("the duration in seconds", duration_s.into(), "above 0 and at most 31 days");
    }
    match drive {
        Drive::Schedule(schedule) => schedule.check(network, duration_s)?,
        Drive::FileControls => {}
        Drive::LevelBands { low, high } => {
            if !(*low >= 0.0 && *low < 1.0) {
                return bad("the low level band", *low, "a share from 0 to 1");
            }
            if !(*high > *low && *high <= 1.0) {
                return bad("the high level band", *high, "a share above the low band, at most 1");
            }
        }
    }
    options.demand.check(duration_s)?;
    options.limits.check(network)?;
    options.prices.check()
}

fn bad<T>(what: &str, value: f64, wanted: &'static str) -> Result<T, HydraulicsError> {
    Err(HydraulicsError::BadValue { what: what.to_owned(), value, wanted })
}

impl Schedule {
    fn check(&self, network: &Network, duration_s: u32) -> Result<(), HydraulicsError> {
        same_count("pumps in the schedule", network.pumps().len(), self.speed.len())?;
        if self.step_s == 0 || !duration_s.is_multiple_of(self.step_s) {
            let what = "the step of the schedule in seconds";
            return bad(what, self.step_s.into(), "a length that divides the duration");
        }
        let steps = usize::try_from(duration_s / self.step_s).unwrap_or(usize::MAX);
        for (pump, speeds) in network.pumps().iter().zip(&self.speed) {
            same_count("steps of a pump in the schedule", steps, speeds.len())?;
            speeds.iter().try_for_each(|&speed| check_speed(&pump.id, speed))?;
        }
        Ok(())
    }
}

impl Demand {
    fn check(&self, duration_s: u32) -> Result<(), HydraulicsError> {
        let Demand::Factors { step_s, factor } = self else { return Ok(()) };
        if *step_s == 0 {
            return bad("the step of the demand factors in seconds", 0.0, "above 0");
        }
        let wanted = usize::try_from(duration_s.div_ceil(*step_s)).unwrap_or(usize::MAX);
        if factor.len() < wanted {
            same_count("demand factors", wanted, factor.len())?;
        }
        let check = |&factor| at_least(|| "a demand factor".to_owned(), factor, 0.0, "at least 0");
        factor.iter().try_for_each(|factor| check(factor).map(|_| ()))
    }
}

impl Limits {
    fn check(&self, network: &Network) -> Result<(), HydraulicsError> {
        let number = |what: &str, value: f64, least: f64, wanted: &'static str| {
            at_least(|| what.to_owned(), value, least, wanted).map(|_| ())
        };
        number("the level margin in metres", self.level_margin_m, 0.0, "at least 0")?;
        if let EndLevel::AtLeast(levels) = &self.end_level {
            same_count("end levels", network.tanks().len(), levels.len())?;
            let what = "an end level in metres";
            levels.iter().try_for_each(|&level| number(what, level, f64::MIN, "a number"))?;
        }
        let what = "a pressure floor in metres";
        for &(index, floor) in &self.min_pressure_m {
            let count = network.junctions().len();
            if index >= count {
                return Err(HydraulicsError::NoSuch { what: "junction", index, count });
            }
            number(what, floor, f64::MIN, "a number")?;
        }
        let all = self.min_pressure_all_m;
        all.map_or(Ok(()), |floor| number(what, floor, f64::MIN, "a number"))
    }
}
