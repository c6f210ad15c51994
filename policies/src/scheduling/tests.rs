//! The parts of a search against each other and against the audit.

use super::candidate;
use super::course::{Course, Inset};
use super::score::{Choices, Plant, Score, Trace, Weights, switching};
use super::stepper::Stepper;
use super::tables::Tables;
use super::{Problem, SPEEDS, Search, moves, range, sampled, speeds_of_file, weigh};
use hydraulics::{Applied, Audit, Auditor, Drive, Limits, Network, Prices, Reason, Schedule};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// A question that owns what a [`Problem`] borrows.
struct Question {
    network: Network,
    limits: Limits,
    prices: Prices,
    speeds: Vec<Vec<f64>>,
    step_s: u32,
    steps: usize,
}

impl Question {
    fn of(path: &str) -> Self {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let network = Network::load(format!("{root}/{path}")).unwrap();
        let speeds = speeds_of_file(&network);
        let (limits, prices) = (Limits::default(), Prices::File);
        Self { network, limits, prices, speeds, step_s: 3600, steps: 24 }
    }

    fn van_zyl() -> Self {
        Self::of("examples/networks/van_zyl.inp")
    }

    fn problem(&self) -> Problem<'_> {
        let Self { network, limits, prices, speeds, step_s, steps } = self;
        Problem { network, step_s: *step_s, steps: *steps, limits, prices, speeds }
    }

    fn course(&self, inset: Inset) -> Arc<Course> {
        Arc::new(Course::new(&self.problem(), inset))
    }

    fn audit(&self, schedule: &Schedule) -> Audit {
        let mut auditor = Auditor::open(&self.network);
        auditor.audit(&Drive::Schedule(schedule), &self.problem().audit()).unwrap()
    }
}

/// A schedule of the van Zyl network that costs 340.72 a day.
const KNOWN: [&str; 3] =
    ["100100001101010001111111", "100100101110110001111111", "000000101011101111111111"];

fn known() -> Choices {
    let on = |pump: &&str, t: usize| u8::from(pump.as_bytes()[t] == b'1');
    (0..24).flat_map(|t| KNOWN.iter().map(move |pump| on(pump, t))).collect()
}

/// Simulates without a ceiling.
fn simulate(course: &Course, plant: &mut impl Plant, choices: &[u8]) -> (Score, Trace) {
    let mut trace = Trace::default();
    let (nothing, weights) = (Trace::default(), Weights::default());
    let score = trace.simulate((course, plant), choices, (&nothing, 0), (&weights, f64::INFINITY));
    (score.unwrap(), trace)
}

/// Random volumes well inside the tanks.
fn volumes(course: &Course, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let volume = |store: &super::course::Store| {
        store.low_m3 + (store.high_m3 - store.low_m3) * rng.random_range(0.2..0.8)
    };
    course.stores.iter().map(volume).collect()
}

#[test]
fn tables_agree_with_epanet_wherever_the_search_comes_by() {
    let question = Question::van_zyl();
    let course = question.course(Inset::NONE);
    let mut tables = Tables::open(&course).unwrap();
    let mut stepper = Stepper::open(&course).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    // All demand of the busiest hour, m3: the flow that errors are measured against.
    let scale_m3 = 0.150 * 1.71 * 3600.0;
    let mut errors = Vec::new();
    for _ in 0..400 {
        let t = rng.random_range(0..24);
        let choice: Vec<u8> = (0..3).map(|_| rng.random_range(0..2)).collect();
        let before = volumes(&course, &mut rng);
        let (mut ours, mut theirs) = (before.clone(), before.clone());
        let looked_up = tables.advance(t, &choice, &mut ours);
        let solved = stepper.advance(t, &choice, &mut theirs);
        errors.extend(ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs() / scale_m3));
        let (cost, wanted) = (looked_up.cost, solved.cost);
        assert!((cost - wanted).abs() < 1e-2 * wanted.max(1.0), "{cost} {wanted} {choice:?}");
        assert!(!looked_up.failed && !solved.failed);
    }
    // Between two points of which one has the check valve closed, straight lines cut a corner.
    let corners = errors.iter().filter(|error| **error > 1e-3).count();
    let worst = errors.iter().copied().fold(0.0, f64::max);
    let mean = errors.iter().sum::<f64>() / 800.0;
    println!("mean {mean:.1e}, worst {worst:.1e}, {corners} of 800 above 1e-3");
    assert!(corners <= 16 && worst < 1e-2 && mean < 3e-4, "{corners} {worst} {mean}");
    assert!(tables.solved() > 100 && stepper.solved == 400);
}

#[test]
fn zones_with_more_tanks_are_close_enough_to_search_by() {
    // Net3 has three tanks in one zone, tabulated as a star.
    let mut question = Question::of("examples/networks/Net3.inp");
    question.prices = Prices::Clock("22:00-06:00=0.08,else=0.20".parse().unwrap());
    let course = question.course(Inset::NONE);
    let mut tables = Tables::open(&course).unwrap();
    let mut stepper = Stepper::open(&course).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (mut error_m3, mut moved_m3) = (0.0, 0.0);
    for _ in 0..100 {
        let t = rng.random_range(0..24);
        let choice: Vec<u8> = (0..2).map(|_| rng.random_range(0..2)).collect();
        let before = volumes(&course, &mut rng);
        let (mut ours, mut theirs) = (before.clone(), before.clone());
        tables.advance(t, &choice, &mut ours);
        stepper.advance(t, &choice, &mut theirs);
        for (k, before) in before.iter().enumerate() {
            error_m3 += (ours[k] - theirs[k]).abs();
            moved_m3 += (theirs[k] - before).abs();
        }
    }
    assert!(error_m3 < 0.05 * moved_m3, "{error_m3} of {moved_m3} m3");
}

/// A few choices turned over: near enough to the known schedule to be interesting.
fn turned_over() -> impl Strategy<Value = Choices> {
    proptest::collection::vec(0..72_usize, 0..6).prop_map(|places| {
        let mut choices = known();
        places.into_iter().for_each(|place| choices[place] = 1 - choices[place]);
        choices
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn a_score_says_what_the_audit_says(choices in turned_over()) {
        let question = Question::van_zyl();
        let course = question.course(Inset::NONE);
        let mut stepper = Stepper::open(&course).unwrap();
        let (score, _) = simulate(&course, &mut stepper, &choices);
        let audit = question.audit(&candidate::schedule(&course, &choices));
        prop_assert_eq!(score.starts, audit.total_starts());
        // Where tanks stand at their limits EPANET closes pipes, and nothing is comparable.
        if !audit.has(Reason::TankAtLimit) {
            let cost = audit.cost.unwrap();
            prop_assert!((score.cost - cost).abs() < 1e-3 * cost, "{} {cost}", score.cost);
        }
        if score.feasible() != audit.feasible() {
            let near = audit.faults.iter().all(|fault| fault.excess < 0.01);
            prop_assert!(score.beyond_m3 < 0.5 && near, "{:?} {:?}", score, audit.faults);
        }
    }

    #[test]
    fn starts_and_run_lengths_are_counted_as_the_audit_counts(
        on in proptest::collection::vec(0..2_u8, 24),
        periodic: bool,
        starts_max in 0..6_u32,
        min_run in 1..4_u32,
        min_stop in 1..4_u32,
    ) {
        let mut question = Question::van_zyl();
        question.limits = Limits {
            starts_max: Some(starts_max),
            min_run_s: 3600 * min_run,
            min_stop_s: 3600 * min_stop,
            periodic,
            ..Limits::default()
        };
        let course = question.course(Inset::NONE);
        let choices: Choices = on.iter().flat_map(|&on| [on, 0, 0]).collect();
        let (starts, excess) = switching(&course, &choices);
        let audit = question.audit(&candidate::schedule(&course, &choices));
        prop_assert_eq!(starts, audit.total_starts());
        let reasons = [Reason::Starts, Reason::MinRun, Reason::MinStop];
        let judged = reasons.iter().any(|reason| audit.has(*reason));
        prop_assert_eq!(excess > 0, judged, "{:?}, excess {}, {:?}", on, excess, audit.faults);
    }

    #[test]
    fn a_move_says_where_it_begins(seed: u64) {
        let question = Question::van_zyl();
        let course = question.course(Inset::NONE);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut choices = known();
        for _ in 0..200 {
            let before = choices.clone();
            let first = moves::change(&course, &mut rng, &mut choices);
            let differ = before.iter().zip(&choices).position(|(a, b)| a != b);
            prop_assert_eq!(first, differ.map(|place| place / course.pumps()));
        }
    }
}

#[test]
fn simulating_what_follows_a_change_is_simulating_all() {
    let question = Question::van_zyl();
    let course = question.course(Inset::FIRST);
    let mut tables = Tables::open(&course).unwrap();
    let (weights, scale) = weigh::weigh(&course, &mut tables);
    assert!(weights.water > 0.0 && scale > 500.0, "{scale}");
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut choices = known();
    let (_, mut here) = simulate(&course, &mut tables, &choices);
    let mut later = 0;
    for _ in 0..300 {
        let Some(from) = moves::change(&course, &mut rng, &mut choices) else { continue };
        later += u32::from(from > 0);
        let mut there = Trace::default();
        let limits = (&weights, f64::INFINITY);
        let part = there.simulate((&course, &mut tables), &choices, (&here, from), limits);
        let mut anew = Trace::default();
        let all = anew.simulate((&course, &mut tables), &choices, (&Trace::default(), 0), limits);
        assert_eq!(part, all);
        assert_eq!((&there.volume, &there.outcomes), (&anew.volume, &anew.outcomes));
        here = there;
    }
    assert!(later > 200, "{later}");
}

#[test]
fn a_ceiling_hides_what_is_above_it_and_nothing_else() {
    let question = Question::van_zyl();
    let course = question.course(Inset::NONE);
    let mut tables = Tables::open(&course).unwrap();
    let choices = known();
    let (score, _) = simulate(&course, &mut tables, &choices);
    let weights = Weights::default();
    for (ceiling, seen) in [(score.cost - 1e-6, false), (score.cost + 1e-6, true), (0.0, false)] {
        let from = (&Trace::default(), 0);
        let seen_now = Trace::default()
            .simulate((&course, &mut tables), &choices, from, (&weights, ceiling))
            .is_some();
        assert_eq!(seen_now, seen, "{ceiling}");
    }
}

#[test]
fn the_same_seed_finds_the_same_and_another_seed_another() {
    let question = Question::van_zyl();
    let search = |seed| {
        let mut search = Search::new(&question.problem(), seed).unwrap();
        let explored = search.explore(None, 6_000, &|| false);
        search.polish(&explored, 100, &|| false)
    };
    let (one, same, other) = (search(7), search(7), search(8));
    assert_eq!(one.choices, same.choices);
    assert_eq!(one.score, same.score);
    assert_ne!(one.choices, other.choices);
}

#[test]
fn a_search_stops_when_it_is_told_to() {
    let question = Question::van_zyl();
    let mut search = Search::new(&question.problem(), 1).unwrap();
    let stopped = search.explore(None, u32::MAX, &|| true);
    let all = vec![1; 72];
    assert_eq!(stopped.choices, all, "nothing was tried");
    assert!(!stopped.feasible(), "all pumps on overfill the tanks");
}

#[test]
fn a_schedule_survives_being_a_candidate() {
    let question = Question::van_zyl();
    let course = question.course(Inset::NONE);
    let schedule = candidate::schedule(&course, &known());
    assert_eq!(candidate::choices(&course, &schedule), known());
    let mut search = Search::new(&question.problem(), 1).unwrap();
    let adopted = search.adopt(&schedule);
    assert_eq!(search.schedule(&adopted), schedule);
    assert!((adopted.cost() - 340.72).abs() < 0.01, "{}", adopted.cost());
    assert!(adopted.feasible());
    let nothing = search.adopt(&Schedule { speed: vec![vec![0.0; 24]; 3], ..schedule });
    assert!(adopted.better_than(&nothing) && !nothing.better_than(&adopted));
}

#[test]
fn wider_insets_keep_further_away_from_the_limits() {
    let question = Question::van_zyl();
    let course = |inset| question.course(inset);
    let (first, wider) = (course(Inset::FIRST), course(Inset::FIRST.wider()));
    for (first, wider) in first.stores.iter().zip(&wider.stores) {
        assert!(wider.low_m3 > first.low_m3 && wider.high_m3 < first.high_m3);
        assert!(wider.end_m3 > first.end_m3 && wider.low_m3 < wider.high_m3);
    }
    let lowest = |course: &Course| course.floors.iter().map(|(_, m)| *m).fold(f64::MAX, f64::min);
    assert!(lowest(&wider) > lowest(&first));
}

#[test]
fn speeds_near_to_a_drives_are_taken_for_them() {
    let mut question = Question::van_zyl();
    question.speeds = vec![vec![1.0], range(0.7, 1.0), vec![1.0]];
    let course = question.course(Inset::NONE);
    let mut speed = vec![vec![0.0; 24]; 3];
    (speed[0][0], speed[1][0], speed[1][1], speed[1][2]) = (0.9, 0.76, 0.1, 2.0);
    let choices = candidate::choices(&course, &Schedule { step_s: 3600, speed });
    assert_eq!(choices[..3], [1, 2, 0]);
    assert_eq!((choices[4], choices[7]), (1, SPEEDS));
    let back = candidate::schedule(&course, &choices);
    assert_eq!((back.speed[1][0], back.speed[1][1], back.speed[1][2]), (0.75, 0.7, 1.0));
}

#[test]
fn a_step_counts_as_on_if_the_pump_was_on_for_half_of_it() {
    let question = Question::van_zyl();
    let on = |from_s, on: [f64; 3]| Applied { from_s, speed: on.to_vec() };
    let applied = [
        on(0, [1.0, 0.0, 0.0]),
        on(1700, [0.0, 1.0, 0.0]),
        on(5400, [0.0, 0.0, 0.0]),
        on(82_800, [0.0, 0.0, 0.9]),
    ];
    let schedule = sampled(&question.problem(), &applied);
    let row = |p: usize| -> String {
        schedule.speed[p].iter().map(|speed| if *speed > 0.0 { '1' } else { '0' }).collect()
    };
    assert_eq!(row(0), "000000000000000000000000", "1700 s are less than half an hour");
    assert_eq!(row(1), "110000000000000000000000", "1900 s, and 1800 s");
    assert_eq!(row(2), "000000000000000000000001", "to the end");
    assert_eq!(schedule.step_s, 3600);
}

#[test]
fn a_pattern_of_speeds_makes_a_pump_variable() {
    let question = Question::of("sim/tests/networks/variable_speed.inp");
    let [variable, fixed] = &question.speeds[..] else { panic!("{:?}", question.speeds) };
    assert_eq!(fixed, &[1.0]);
    assert_eq!(variable.len(), usize::from(SPEEDS));
    assert!((variable[0] - 0.92).abs() < 1e-12 && (variable[6] - 1.0).abs() < 1e-12);
    assert!(variable.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(Question::van_zyl().speeds, vec![vec![1.0]; 3]);
}

#[test]
fn steps_are_cut_where_patterns_and_prices_change() {
    let mut question = Question::of("sim/tests/networks/us_start_7.inp");
    let course = question.course(Inset::NONE);
    assert!(course.steps.iter().all(|spans| spans.len() == 2), "half hours");
    // A clock's tariff is on the clock (3 am at the start), the file's on its patterns.
    question.prices = Prices::Clock("03:00-04:30=0.1,else=0.3".parse().unwrap());
    let course = question.course(Inset::NONE);
    let price = |t: usize, part: usize| course.steps[t][part].per_kwh[0];
    let seen = [price(0, 0), price(1, 0), price(1, 1), price(2, 0)];
    for (seen, wanted) in seen.iter().zip([0.1, 0.1, 0.3, 0.3]) {
        assert!((seen - wanted).abs() < 1e-12, "{seen} {wanted}");
    }
    // Spans of equal demand share a class; patterns of 48 half hours have at most as many.
    assert!(course.classes.len() <= 48 && course.classes.len() > 10, "{}", course.classes.len());
}
