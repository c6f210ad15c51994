//! What broken limits weigh while searching: from what everything costs, all pumps on, all the
//! time. No weight is a price that anybody pays; a candidate with a broken limit never wins.

use super::course::Course;
use super::score::{Plant, Trace, Weights};

/// A m3 too much or too little weighs this many times what an average m3 costs.
const WATER: f64 = 6.0;
/// Shares of the cost of everything.
const PRESSURE: f64 = 0.02;
const EXCESS: f64 = 0.02;
const FAILURE: f64 = 0.2;
const STUCK: f64 = 0.01;
const START: f64 = 1e-7;

/// The weights, and the cost of everything.
pub(super) fn weigh(course: &Course, plant: &mut impl Plant) -> (Weights, f64) {
    let all = vec![1; course.steps.len() * course.pumps()];
    let nothing = Weights::default();
    let from = (&Trace::default(), 0);
    let score = Trace::default().simulate((course, plant), &all, from, (&nothing, f64::INFINITY));
    let scale = score.map_or(0.0, |score| score.cost).max(1e-3);
    let weights = Weights {
        water: WATER * scale / demand_m3(course).max(1.0),
        pressure: PRESSURE * scale,
        excess: EXCESS * scale,
        failure: FAILURE * scale,
        stuck: STUCK * scale,
        start: START * scale,
    };
    (weights, scale)
}

/// What consumers take over the horizon, m3.
fn demand_m3(course: &Course) -> f64 {
    let network = &course.network;
    let mut sum = 0.0;
    for span in course.steps.iter().flatten() {
        let class = &course.classes[span.class];
        let taken = |j: &hydraulics::Junction| {
            let at = |elapsed_s| network.demand_m3s_at(j, elapsed_s);
            class.elapsed_s.map_or(j.base_demand_m3s, at).max(0.0)
        };
        let taken = network.junctions().iter().map(taken).sum::<f64>();
        sum += taken * class.demand_factor * span.seconds;
    }
    sum
}
