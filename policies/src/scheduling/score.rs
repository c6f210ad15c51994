//! What a schedule costs and which limits it breaks, simulated by one plant or another.

use super::course::Course;

/// A schedule: the choice of each pump in each step, `[step * pumps + pump]`; 0 is off.
pub(super) type Choices = Vec<u8>;

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Outcome {
    /// Price of its energy.
    pub(super) cost: f64,
    /// Highest power, kW.
    pub(super) power_kw: f64,
    /// Water beyond the tanks' limits, m3.
    pub(super) beyond_m3: f64,
    /// Pressure missing, m times hours, at the worst node of each zone.
    pub(super) missing_m_h: f64,
    /// Hours in which a pump ran without being able to lift.
    pub(super) stuck_h: f64,
    /// There was no hydraulic solution.
    pub(super) failed: bool,
}

/// Something that moves the tanks through a step.
pub(super) trait Plant {
    /// Moves `volume` (m3 per tank) through step `t` with a choice for each pump.
    fn advance(&mut self, t: usize, choice: &[u8], volume: &mut [f64]) -> Outcome;
}

/// What a whole schedule did.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Score {
    pub(super) cost: f64,
    pub(super) beyond_m3: f64,
    pub(super) missing_m_h: f64,
    pub(super) stuck_h: f64,
    pub(super) failed: u32,
    /// Starts beyond what is allowed, and steps of too short runs and stops.
    pub(super) excess: u32,
    /// All starts.
    pub(super) starts: u32,
}

/// Violations below these count as none: they are below what the insets leave.
const WATER_TOLERANCE_M3: f64 = 1e-7;
const PRESSURE_TOLERANCE: f64 = 1e-7;

impl Score {
    /// Whether no limit is broken.
    pub(super) fn feasible(&self) -> bool {
        self.beyond_m3 <= WATER_TOLERANCE_M3
            && self.missing_m_h <= PRESSURE_TOLERANCE
            && self.failed == 0
            && self.excess == 0
    }
}

/// What violations weigh while searching.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Weights {
    /// Per m3.
    pub(super) water: f64,
    /// Per metre and hour.
    pub(super) pressure: f64,
    /// Per excess start.
    pub(super) excess: f64,
    /// Per step without solution.
    pub(super) failure: f64,
    /// Per hour of a pump that cannot lift.
    pub(super) stuck: f64,
    /// Per start, so that of two equal schedules the calmer is taken.
    pub(super) start: f64,
}

impl Weights {
    pub(super) fn objective(&self, score: &Score) -> f64 {
        score.cost
            + self.water * score.beyond_m3
            + self.pressure * score.missing_m_h
            + self.stuck * score.stuck_h
            + self.excess * f64::from(score.excess)
            + self.failure * f64::from(score.failed)
            + self.start * f64::from(score.starts)
    }

    fn of_step(&self, outcome: &Outcome) -> f64 {
        outcome.cost
            + self.water * outcome.beyond_m3
            + self.pressure * outcome.missing_m_h
            + self.stuck * outcome.stuck_h
            + if outcome.failed { self.failure } else { 0.0 }
    }
}

/// A simulated schedule: what is needed to change it and simulate only what follows.
#[derive(Debug, Clone, Default)]
pub(super) struct Trace {
    /// Volumes before each step and at the end: `[step * tanks + tank]`.
    pub(super) volume: Vec<f64>,
    pub(super) outcomes: Vec<Outcome>,
}

impl Trace {
    /// Simulates from step `from` on, taking the beginning from `before`. Gives up (and says no
    /// score) once the objective is sure to be above `ceiling`.
    pub(super) fn simulate(
        &mut self,
        (course, plant): (&Course, &mut impl Plant),
        choices: &[u8],
        (before, from): (&Trace, usize),
        (weights, ceiling): (&Weights, f64),
    ) -> Option<Score> {
        let (steps, pumps, tanks) = (course.steps.len(), course.pumps(), course.stores.len());
        self.volume.resize((steps + 1) * tanks, 0.0);
        self.outcomes.resize(steps, Outcome::default());
        if from > 0 {
            let known = (from + 1) * tanks;
            self.volume[..known].copy_from_slice(&before.volume[..known]);
            self.outcomes[..from].copy_from_slice(&before.outcomes[..from]);
        } else {
            self.volume[..tanks].copy_from_slice(&course.start());
        }
        let counted = switching(course, choices);
        let mut sum = weights.excess * f64::from(counted.1) + weights.start * f64::from(counted.0);
        sum += self.outcomes[..from].iter().map(|outcome| weights.of_step(outcome)).sum::<f64>();
        for t in from..steps {
            if sum > ceiling {
                return None;
            }
            let (done, rest) = self.volume.split_at_mut((t + 1) * tanks);
            rest[..tanks].copy_from_slice(&done[t * tanks..]);
            let choice = &choices[t * pumps..(t + 1) * pumps];
            self.outcomes[t] = plant.advance(t, choice, &mut rest[..tanks]);
            sum += weights.of_step(&self.outcomes[t]);
        }
        let score = self.score(course, counted);
        (weights.objective(&score) <= ceiling).then_some(score)
    }

    fn score(&self, course: &Course, (starts, excess): (u32, u32)) -> Score {
        let mut score = Score { starts, excess, ..Score::default() };
        let mut peak_kw: f64 = 0.0;
        for outcome in &self.outcomes {
            score.cost += outcome.cost;
            score.beyond_m3 += outcome.beyond_m3;
            score.missing_m_h += outcome.missing_m_h;
            score.stuck_h += outcome.stuck_h;
            score.failed += u32::from(outcome.failed);
            peak_kw = peak_kw.max(outcome.power_kw);
        }
        score.cost += course.per_peak_kw * peak_kw;
        let tanks = course.stores.len();
        let end = &self.volume[course.steps.len() * tanks..];
        for (store, volume) in course.stores.iter().zip(end) {
            score.beyond_m3 += (store.end_m3 - volume).max(0.0);
        }
        score
    }
}

/// All starts, and what of the switching is not allowed: starts beyond the limits, and runs and
/// stops that are too short, one for each begun [`SHORT_S`] that is missing.
pub(super) fn switching(course: &Course, choices: &[u8]) -> (u32, u32) {
    let (mut all, mut excess) = (0, 0);
    for p in 0..course.pumps() {
        let (starts, short) = of_pump(course, choices, p);
        excess += short + course.starts_max.map_or(0, |most| starts.saturating_sub(most));
        all += starts;
    }
    excess += course.total_starts_max.map_or(0, |most| all.saturating_sub(most));
    (all, excess)
}

/// Starts of a pump, and what its runs and stops are too short. What lasts beyond the end is not
/// judged, unless the schedule repeats: then it goes on at the beginning.
fn of_pump(course: &Course, choices: &[u8], p: usize) -> (u32, u32) {
    let (steps, pumps) = (course.steps.len(), course.pumps());
    let on = |t: usize| choices[t * pumps + p] > 0;
    let (mut starts, mut excess) = (0, 0);
    let known = if course.periodic { Some((on(steps - 1), 0.0)) } else { course.before[p] };
    let mut was = known.map_or_else(|| on(0), |(on, _)| on);
    // Where nobody knows the state before, the first run or stop has no least length.
    let mut since_s = course.before[p].map_or(f64::NEG_INFINITY, |(_, seconds)| -seconds);
    let mut first_s = None;
    let mut change = |was: bool, lasted_s: f64| {
        let least_s = if was { course.min_run_s[p] } else { course.min_stop_s[p] };
        excess += short(least_s - lasted_s);
    };
    for t in 0..steps {
        if on(t) == was {
            continue;
        }
        change(was, course.begins_s[t] - since_s);
        starts += u32::from(on(t));
        (was, since_s) = (on(t), course.begins_s[t]);
        first_s = first_s.or(Some(since_s));
    }
    if let (true, Some(first_s)) = (course.periodic, first_s) {
        let end_s = f64::from(course.step_s) * f64::from(u32::try_from(steps).unwrap_or(u32::MAX));
        change(was, end_s + first_s - since_s);
    }
    (starts, excess)
}

/// A run or stop that is too short by this much weighs like one start too many, s.
const SHORT_S: f64 = 900.0;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above 0 and small")]
fn short(missing_s: f64) -> u32 {
    if missing_s > 1e-6 { (missing_s / SHORT_S).ceil() as u32 } else { 0 }
}
