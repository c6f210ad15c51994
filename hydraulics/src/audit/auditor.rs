//! Has EPANET step through a course.

use super::bands::{BAND_STEP_S_MAX, Bands};
use super::course::{Course, Step};
use super::steps::Steps;
use super::{Audit, AuditOptions, Demand, Drive, Schedule, governing_tanks, judge, question};
use crate::engine::{Solved, Stepper, Stopped};
use crate::tank::starting_levels;
use crate::{HydraulicsError, Network};

/// A course that takes this many times more steps than chatter begins at is not followed further.
const GIVE_UP_FACTOR: u32 = 64;

/// A judge that keeps its projects open, for whoever judges many courses. The same question gets
/// the same answer to the last bit, whatever was asked before.
#[derive(Debug)]
pub struct Auditor {
    network: Network,
    /// Without the file's controls; opened when first needed, as the next.
    driven: Option<Stepper>,
    /// With the file's controls.
    controlled: Option<Stepper>,
    governing: Option<Vec<Option<usize>>>,
}

impl Auditor {
    /// A judge of one network. It opens projects in EPANET when it first needs them.
    #[must_use]
    pub fn open(network: &Network) -> Auditor {
        Auditor { network: network.clone(), driven: None, controlled: None, governing: None }
    }

    /// The network it judges.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Judges one course of the pumps.
    ///
    /// # Errors
    /// [`HydraulicsError::WrongCount`], [`HydraulicsError::NoSuch`] and
    /// [`HydraulicsError::BadValue`] for a malformed question, [`HydraulicsError::Scratch`] where
    /// the temporary folder cannot be written when a project is first opened. What EPANET cannot
    /// solve is no error but a fault.
    pub fn audit(
        &mut self,
        drive: &Drive<'_>,
        options: &AuditOptions,
    ) -> Result<Audit, HydraulicsError> {
        let network = self.network.clone();
        question::check(&network, drive, options)?;
        let levels = starting_levels(network.tanks(), options.initial_level_m.as_deref())?;
        let mut pilot = self.pilot(drive)?;
        let stepper = self.stepper(drive)?;
        let steps = prescribed(&network, stepper.report_step_s, drive, options);
        let factored = matches!(options.demand, Demand::Factors { .. });
        stepper.begin(&network, &levels, options.duration_s, factored)?;
        let course = Course::begin(&network, stepper.levels(&network)?);
        let way = Way { network: &network, stepper, steps: &steps, options };
        let course = way.follow(&mut pilot, course)?;
        Ok(judge::judge(&network, options, &steps, course))
    }

    fn pilot<'a>(&mut self, drive: &Drive<'a>) -> Result<Pilot<'a>, HydraulicsError> {
        Ok(match *drive {
            Drive::Schedule(schedule) => Pilot::Schedule(schedule),
            Drive::FileControls => Pilot::File,
            Drive::LevelBands { low, high } => {
                if self.governing.is_none() {
                    self.governing = Some(governing_tanks(&self.network)?);
                }
                let tanks = self.governing.as_deref().unwrap_or_default();
                Pilot::Bands(Bands::new(&self.network, tanks, low, high))
            }
        })
    }

    fn stepper(&mut self, drive: &Drive<'_>) -> Result<&mut Stepper, HydraulicsError> {
        let controls = matches!(drive, Drive::FileControls);
        let place = if controls { &mut self.controlled } else { &mut self.driven };
        match place {
            Some(stepper) => Ok(stepper),
            None => Ok(place.insert(Stepper::open(&self.network, controls)?)),
        }
    }
}

/// The steps that a question prescribes.
fn prescribed(
    network: &Network,
    report_s: u32,
    drive: &Drive<'_>,
    options: &AuditOptions,
) -> Steps {
    let mut steps = Steps::of(network, report_s, options.duration_s);
    match drive {
        Drive::Schedule(schedule) => steps.outer_s.push(schedule.step_s),
        Drive::FileControls => {}
        Drive::LevelBands { .. } => steps.hydraulic_s = steps.hydraulic_s.min(BAND_STEP_S_MAX),
    }
    if let Demand::Factors { step_s, .. } = options.demand {
        steps.outer_s.push(step_s);
    }
    steps
}

/// Who switches the pumps.
enum Pilot<'a> {
    Schedule(&'a Schedule),
    File,
    Bands(Bands),
}

impl Pilot<'_> {
    /// The speeds from a time on at some levels; nothing where EPANET itself switches.
    fn speeds(&mut self, at_s: u32, level_m: &[f64]) -> Option<Vec<f64>> {
        match self {
            Pilot::Schedule(schedule) => {
                let step = place(at_s, schedule.step_s);
                Some(schedule.speed.iter().map(|speeds| speeds[step]).collect())
            }
            Pilot::File => None,
            Pilot::Bands(bands) => Some(bands.speeds(level_m)),
        }
    }

    /// How long the next step may be for its sake, s.
    fn longest_s(&self, network: &Network, level_m: &[f64], solved: &Solved) -> u32 {
        match self {
            Pilot::Schedule(_) | Pilot::File => u32::MAX,
            Pilot::Bands(bands) => bands.until_edge_s(network, level_m, solved),
        }
    }
}

/// Everything that stays the same along a course.
struct Way<'a> {
    network: &'a Network,
    stepper: &'a Stepper,
    steps: &'a Steps,
    options: &'a AuditOptions,
}

impl Way<'_> {
    /// Follows the course to its end, or to where EPANET cannot go on.
    fn follow(&self, pilot: &mut Pilot<'_>, course: Course) -> Result<Course, HydraulicsError> {
        let mut course = course;
        let most = self.steps.most().saturating_mul(GIVE_UP_FACTOR);
        while course.ended_s < self.steps.duration_s {
            if course.hydraulic_steps >= most {
                let steps = course.hydraulic_steps;
                course.stopped = Some(format!("EPANET took {steps} steps; it is not followed on"));
                break;
            }
            if let Err(Stopped(text)) = self.step(pilot, &mut course)? {
                course.stopped = Some(text);
                break;
            }
        }
        Ok(course)
    }

    fn step(
        &self,
        pilot: &mut Pilot<'_>,
        course: &mut Course,
    ) -> Result<Result<(), Stopped>, HydraulicsError> {
        let (network, stepper, at_s) = (self.network, self.stepper, course.ended_s);
        let asked = pilot.speeds(at_s, course.level_m());
        for (pump, &speed) in network.pumps().iter().zip(asked.iter().flatten()) {
            stepper.switch(pump, speed)?;
        }
        if let Demand::Factors { step_s, factor } = &self.options.demand {
            stepper.set_demand_factor(factor[place(at_s, *step_s)])?;
        }
        let solved = match stepper.solve(network)? {
            Ok(solved) => solved,
            Err(stopped) => return Ok(Err(stopped)),
        };
        let speed = match asked {
            Some(speed) => speed,
            None => {
                network.pumps().iter().map(|p| stepper.commanded(p)).collect::<Result<_, _>>()?
            }
        };
        let longest_s = pilot.longest_s(network, course.level_m(), &solved);
        let span_s = match stepper.advance(self.steps.longest_at(at_s).min(longest_s))? {
            Ok(span_s) => span_s,
            Err(stopped) => return Ok(Err(stopped)),
        };
        let level_after_m = stepper.levels(network)?;
        let step = Step { at_s, span_s, solved: &solved, speed, level_after_m };
        course.add(network, &self.options.prices, step);
        Ok(Ok(()))
    }
}

/// Which step of some length a time lies in.
fn place(at_s: u32, step_s: u32) -> usize {
    usize::try_from(at_s / step_s).unwrap_or(usize::MAX)
}
