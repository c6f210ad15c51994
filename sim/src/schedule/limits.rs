//! From options to what the planner and the audit understand.

use super::ScheduleError;
use super::arguments::{End, Question, unknown};
use hydraulics::{EndLevel, Limits, Network, Prices, Schedule};
use policies::scheduling::Problem;

/// The longest schedule: a pass looks at each step of each pump many times.
const STEPS_MAX: u32 = 2000;

/// A question with names resolved.
pub(crate) struct Resolved {
    limits: Limits,
    prices: Prices,
    horizon_s: u32,
}

impl Question {
    /// Resolves names, checks numbers.
    pub(crate) fn resolve(&self, network: &Network) -> Result<Resolved, ScheduleError> {
        let floors: Result<Vec<_>, _> =
            self.min_pressure.iter().map(|text| floor(text, network)).collect();
        let limits = Limits {
            level_margin_m: self.level_margin,
            end_level: match self.end_level {
                End::Start => EndLevel::Start,
                End::Free => EndLevel::Free,
            },
            min_pressure_m: floors?,
            min_pressure_all_m: self.min_pressure_all,
            starts_max: self.max_starts,
            total_starts_max: self.total_starts,
            periodic: self.periodic,
            min_run_s: self.min_run,
            min_stop_s: self.min_stop,
        };
        let prices = self.tariff.clone().map_or(Prices::File, Prices::Clock);
        if self.horizon == 0 {
            return Err(ScheduleError::Input("--horizon 0: write for example 24h".into()));
        }
        if network.pumps().is_empty() {
            let what = "has no pump: there is nothing to schedule";
            return Err(ScheduleError::Input(format!("{} {what}", network.path().display())));
        }
        Ok(Resolved { limits, prices, horizon_s: self.horizon })
    }
}

impl Resolved {
    /// The problem with steps of a length.
    pub(crate) fn problem<'a>(
        &'a self,
        network: &'a Network,
        step_s: u32,
        speeds: &'a [Vec<f64>],
    ) -> Result<Problem<'a>, ScheduleError> {
        let horizon_s = self.horizon_s;
        if step_s == 0 || !horizon_s.is_multiple_of(step_s) {
            let message = format!(
                "a step of {step_s} s does not divide the horizon of {horizon_s} s; \
                 write for example --step 60m --horizon 24h"
            );
            return Err(ScheduleError::Input(message));
        }
        let steps = horizon_s / step_s;
        if steps > STEPS_MAX {
            let message = format!("{steps} steps, at most {STEPS_MAX}; make them longer");
            return Err(ScheduleError::Input(message));
        }
        let steps = usize::try_from(steps).unwrap_or(usize::MAX);
        let (limits, prices) = (&self.limits, &self.prices);
        Ok(Problem { network, step_s, steps, limits, prices, speeds })
    }

    /// The problem that a schedule answers: its own steps, over the horizon asked for.
    pub(crate) fn problem_of<'a>(
        &'a self,
        network: &'a Network,
        schedule: &Schedule,
    ) -> Result<Problem<'a>, ScheduleError> {
        let problem = self.problem(network, schedule.step_s, &[])?;
        let given = schedule.speed.first().map_or(0, Vec::len);
        if given != problem.steps {
            let message = format!(
                "the schedule has {given} steps of {} s, the horizon {}; \
                 give --horizon as long as the schedule",
                schedule.step_s, problem.steps
            );
            return Err(ScheduleError::Input(message));
        }
        Ok(problem)
    }
}

/// A pressure floor, `NODE=METRES`.
fn floor(text: &str, network: &Network) -> Result<(usize, f64), ScheduleError> {
    let wrong = |why: String| {
        let example = "write NODE=METRES, for example n5=20";
        ScheduleError::Input(format!("--min-pressure {text}: {why}; {example}"))
    };
    let (id, metres) = text.split_once('=').ok_or_else(|| wrong("no '='".into()))?;
    let metres = metres.trim().parse::<f64>().ok().filter(|metres| metres.is_finite());
    let metres = metres.ok_or_else(|| wrong("the pressure is no number".into()))?;
    let known = || network.junctions().iter().map(|junction| junction.id.as_str());
    let place = known().position(|known| known == id.trim());
    let place = place.ok_or_else(|| wrong(unknown("junction", id, known())))?;
    Ok((place, metres))
}
