//! The plant as EPANET has it: one steady state per span.

use super::course::{Class, Course, Span};
use super::score::{Outcome, Plant};
use hydraulics::{HydraulicsError, Instant, Moment, Moments};
use std::sync::Arc;

/// EPANET, asked span by span.
pub(super) struct Stepper {
    course: Arc<Course>,
    moments: Moments,
    /// Steady states solved so far.
    pub(super) solved: u64,
}

impl Stepper {
    /// Opens a project.
    pub(super) fn open(course: &Arc<Course>) -> Result<Self, HydraulicsError> {
        let moments = Moments::open(&course.network)?;
        Ok(Self { course: Arc::clone(course), moments, solved: 0 })
    }

    /// The steady state of a class of moments.
    pub(super) fn solve(
        &mut self,
        class: usize,
        speeds: &[f64],
        levels: &[f64],
    ) -> Result<Instant, HydraulicsError> {
        let Class { elapsed_s, demand_factor } = self.course.classes[class];
        self.solved += 1;
        self.moments.solve(&Moment {
            elapsed_s,
            demand_factor,
            pump_speed: speeds,
            tank_level_m: levels,
        })
    }

    fn at(&mut self, span: &Span, speeds: &[f64], volume: &[f64]) -> Option<Instant> {
        let stores = self.course.stores.iter().zip(volume);
        let levels: Vec<f64> = stores.map(|(store, &v)| store.tank.level_m(v)).collect();
        self.solve(span.class, speeds, &levels).ok()
    }

    fn span(&mut self, span: &Span, speeds: &[f64], volume: &mut [f64], sum: &mut Outcome) {
        let Some(mut instant) = self.at(span, speeds, volume) else {
            sum.failed = true;
            return;
        };
        if span.midpoint {
            let flows = instant.tank_inflow_m3s.iter();
            let half = flows.zip(&*volume).map(|(flow, v)| v + 0.5 * span.seconds * flow);
            let half: Vec<f64> = half.collect();
            match self.at(span, speeds, &half) {
                Some(middle) => instant = middle,
                None => sum.failed = true,
            }
        }
        let hours = span.seconds / 3600.0;
        sum.failed |= instant.doubtful;
        let mut power_kw = 0.0;
        for (&watts, price) in instant.pump_power_w.iter().zip(&span.per_kwh) {
            sum.cost += watts / 1e3 * hours * price;
            power_kw += watts / 1e3;
        }
        sum.power_kw = sum.power_kw.max(power_kw);
        let stuck = instant.cannot_lift.iter().filter(|stuck| **stuck).count();
        sum.stuck_h += f64::from(u32::try_from(stuck).unwrap_or(u32::MAX)) * hours;
        sum.missing_m_h += missing(&self.course, &instant) * hours;
        fill(&self.course, &instant.tank_inflow_m3s, span.seconds, volume, sum);
    }
}

/// Pressure missing at the worst node, m.
pub(super) fn missing(course: &Course, instant: &Instant) -> f64 {
    let lacking = |&(junction, floor): &(usize, f64)| floor - instant.pressure_m[junction];
    course.floors.iter().map(lacking).fold(0.0, f64::max)
}

/// Moves volumes by their inflows; what passes a limit is counted, and stays at the tank's own.
pub(super) fn fill(
    course: &Course,
    inflow_m3s: &[f64],
    seconds: f64,
    volume: &mut [f64],
    sum: &mut Outcome,
) {
    for ((store, flow), volume) in course.stores.iter().zip(inflow_m3s).zip(volume) {
        let wanted = *volume + flow * seconds;
        sum.beyond_m3 += (wanted - store.high_m3).max(0.0) + (store.low_m3 - wanted).max(0.0);
        *volume = wanted.clamp(store.tank.volume_min_m3(), store.tank.volume_max_m3());
    }
}

impl Plant for Stepper {
    fn advance(&mut self, t: usize, choice: &[u8], volume: &mut [f64]) -> Outcome {
        let course = Arc::clone(&self.course);
        let speeds = course.speeds_of(choice);
        let mut sum = Outcome::default();
        for span in &course.steps[t] {
            self.span(span, &speeds, volume, &mut sum);
        }
        sum
    }
}
