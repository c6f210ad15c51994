//! Simulated annealing: changes are tried, better ones kept, worse ones sometimes too.

use super::course::Course;
use super::moves;
use super::score::{Choices, Plant, Score, Trace, Weights};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// How long and how boldly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Changes tried.
    pub(super) moves: u32,
    /// Temperature at the beginning and at the end, in the currency of the cost.
    pub(super) hot: f64,
    pub(super) cold: f64,
}

/// A schedule with its score.
#[derive(Debug, Clone)]
pub(super) struct Scored {
    pub(super) choices: Choices,
    pub(super) score: Score,
    pub(super) objective: f64,
}

/// How often the caller is asked whether to stop, in moves.
const STOP_EVERY: u32 = 32;

/// Anneals from a schedule; returns the best one met.
pub(super) fn anneal<P: Plant>(
    (course, plant): (&Course, &mut P),
    start: &[u8],
    effort: &Effort,
    weights: &Weights,
    rng: &mut ChaCha8Rng,
    stop: &dyn Fn() -> bool,
) -> Scored {
    let mut here = Trace::default();
    let score =
        here.simulate((course, plant), start, (&Trace::default(), 0), (weights, f64::INFINITY));
    let score = score.unwrap_or_default();
    let mut now = Scored { choices: start.to_vec(), score, objective: weights.objective(&score) };
    let mut best = now.clone();
    let mut trial = now.choices.clone();
    let mut there = Trace::default();
    let cooling = (effort.cold / effort.hot).ln();
    for step in 0..effort.moves {
        if step % STOP_EVERY == 0 && stop() {
            break;
        }
        let progress = f64::from(step) / f64::from(effort.moves.max(1));
        let temperature = effort.hot * (cooling * progress).exp();
        trial.copy_from_slice(&now.choices);
        let Some(from) = moves::change(course, rng, &mut trial) else { continue };
        if !course.allows(&trial) {
            continue;
        }
        let luck: f64 = rng.random::<f64>().max(1e-300);
        let ceiling = now.objective - temperature * luck.ln();
        let score = there.simulate((course, plant), &trial, (&here, from), (weights, ceiling));
        let Some(score) = score else { continue };
        std::mem::swap(&mut here, &mut there);
        std::mem::swap(&mut now.choices, &mut trial);
        (now.score, now.objective) = (score, weights.objective(&score));
        if now.objective < best.objective {
            best.clone_from(&now);
        }
    }
    best
}
