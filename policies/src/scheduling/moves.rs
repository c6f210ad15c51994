//! Small changes of a schedule.

use super::course::Course;
use rand::{Rng, RngExt};

/// Longest stretch of steps that one move sets.
const STRETCH_MAX: usize = 6;

/// Changes a schedule a little; returns the first step that differs, or none if nothing does.
pub(super) fn change(course: &Course, rng: &mut impl Rng, choices: &mut [u8]) -> Option<usize> {
    let (steps, pumps) = (course.steps.len(), course.pumps());
    let free = &course.free;
    if free.is_empty() {
        return None;
    }
    let pump = free[rng.random_range(0..free.len())];
    match rng.random_range(0..100) {
        0..30 => set(course, rng, choices, pump, 1),
        30..48 => {
            let most = STRETCH_MAX.min(steps);
            let length = rng.random_range(1..=most);
            set(course, rng, choices, pump, length)
        }
        48..66 => {
            let (a, b) = (rng.random_range(0..steps), rng.random_range(0..steps));
            exchange(choices, (a * pumps + pump, b * pumps + pump), pumps)
        }
        66..80 => edge(course, rng, choices, pump),
        80..88 => {
            let other = free[rng.random_range(0..free.len())];
            let t = rng.random_range(0..steps);
            exchange(choices, (t * pumps + pump, t * pumps + other), pumps)
        }
        88..95 => {
            let (a, b) = (rng.random_range(0..steps), rng.random_range(0..steps));
            let changed = free
                .iter()
                .filter_map(|&p| exchange(choices, (a * pumps + p, b * pumps + p), pumps));
            changed.min()
        }
        _ => tails(course, rng, choices),
    }
}

/// Gives a pump another choice for some steps.
fn set(
    course: &Course,
    rng: &mut impl Rng,
    choices: &mut [u8],
    pump: usize,
    length: usize,
) -> Option<usize> {
    let (steps, pumps) = (course.steps.len(), course.pumps());
    let start = rng.random_range(0..=steps - length);
    let known = u8::try_from(course.speeds[pump].len()).unwrap_or(u8::MAX);
    let now = choices[start * pumps + pump];
    let wanted = (now + rng.random_range(1..known.max(2))) % known.max(2);
    let mut first = None;
    for t in start..start + length {
        let choice = &mut choices[t * pumps + pump];
        if *choice != wanted {
            *choice = wanted;
            first = first.or(Some(t));
        }
    }
    first
}

/// Exchanges two choices where both pumps may take them.
fn exchange(choices: &mut [u8], (a, b): (usize, usize), pumps: usize) -> Option<usize> {
    let differ = choices[a] != choices[b];
    choices.swap(a, b);
    differ.then(|| a.min(b) / pumps)
}

/// Moves a change of a pump one step earlier or later.
fn edge(course: &Course, rng: &mut impl Rng, choices: &mut [u8], pump: usize) -> Option<usize> {
    let (steps, pumps) = (course.steps.len(), course.pumps());
    if steps < 2 {
        return None;
    }
    let from = rng.random_range(1..steps);
    let of = |t: usize| choices[t * pumps + pump];
    let t = (from..steps).chain(1..from).find(|&t| of(t) != of(t - 1))?;
    let (into, out_of) = if rng.random::<bool>() { (t - 1, t) } else { (t, t - 1) };
    choices[into * pumps + pump] = of(out_of);
    Some(into)
}

/// Lets two pumps of a station change places from some step on: costs the same, starts differ.
fn tails(course: &Course, rng: &mut impl Rng, choices: &mut [u8]) -> Option<usize> {
    let (steps, pumps) = (course.steps.len(), course.pumps());
    if course.twins.is_empty() {
        return None;
    }
    let (a, b) = course.twins[rng.random_range(0..course.twins.len())];
    let from = rng.random_range(0..steps);
    (from..steps).filter_map(|t| exchange(choices, (t * pumps + a, t * pumps + b), pumps)).min()
}
