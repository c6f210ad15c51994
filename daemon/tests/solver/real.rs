//! The daemon's own program as a solver.

use crate::processes::{gone, is_there, signal, ticks};
use crate::world::{PATIENCE, asked, moved, own, plan, small};
use policies::optimise::{Held, Hold, Planner};
use regie::solver::{
    Answer, Asked, Failure, MEMORY_BYTES_MAX, Planned, Question, SOLVES_MAX, Solver,
};
use rustix::process::Signal;
use site::AssetId;
use std::sync::Arc;
use std::time::Duration;

/// Plans with memory, one after the other: what a process of its own answers is what would have
/// been answered here, to the last bit.
async fn answers_the_same(name: &str) -> (Asked, Planned, Solver, Solver) {
    let (here, there) = (Solver::in_process(), own());
    let mut first = asked(name, "2026-01-14T05:00:00Z");
    let mut before: Option<Planned> = None;
    for (at, share) in [
        ("2026-01-14T05:00:00Z", 0.6),
        ("2026-01-14T05:01:00Z", 0.599),
        ("2026-01-14T05:12:30.123456789Z", 1.0 / 1.7),
    ] {
        first = moved(&first, at, share);
        let asked = Arc::new(first.clone());
        let planner = before.map_or_else(Planner::default, |planned| planned.planner);
        let expected = plan(&here, &asked, &planner, PATIENCE).await.expect("an answer");
        let found = plan(&there, &asked, &planner, PATIENCE).await.expect("an answer");
        assert!(expected.result.is_ok(), "{name} at {at}: {:?}", expected.result);
        let text = |planned| serde_json::to_string(planned).expect("JSON");
        assert_eq!(text(&expected), text(&found), "{name} at {at}");
        assert_eq!(expected, found);
        before = Some(found);
    }
    assert_eq!(there.starts(), 1, "one process answered all of it");
    (first, before.expect("three plans"), here, there)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pumps_and_tanks_are_planned_the_same_in_both_processes() {
    answers_the_same("val-clair").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batteries_and_feeders_are_planned_the_same_in_both_processes() {
    let (asked, planned, here, there) = answers_the_same("val-soleil").await;
    let until = site::time::add_seconds(asked.estimate.now.utc, 7200.0);
    let hold = Hold { asset: AssetId::new("B200").expect("a name"), held: Held::Off, until };
    let question = || Question::WhatIf {
        planner: Box::new(planned.planner.clone()),
        present: Box::new(planned.result.clone().expect("a plan")),
        hold: hold.clone(),
    };
    let (asked, beside) = (Arc::new(asked), there.beside());
    let expected = here.ask(&asked, question(), PATIENCE).await.expect("an answer");
    assert!(matches!(&expected, Answer::WhatIf(answer) if answer.is_ok()), "{expected:?}");
    let found = beside.ask(&asked, question(), PATIENCE).await.expect("an answer");
    assert_eq!(expected, found);
    // Nobody keeps a process for questions that people may ask.
    gone(beside.process().expect("it was started")).await;
    assert!(is_there(there.process().expect("it was started")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_solves_it_costs_one_answer() {
    let asked = Arc::new(asked("val-clair", "2026-01-14T05:00:00Z"));
    let solver = own();
    let right = plan(&solver, &asked, &Planner::default(), PATIENCE).await.expect("a plan");
    let process = solver.process().expect("it was started");
    let before = ticks(process).expect("it is there");
    let asking = {
        let (solver, asked) = (solver.clone(), Arc::clone(&asked));
        tokio::spawn(async move { plan(&solver, &asked, &Planner::default(), PATIENCE).await })
    };
    while ticks(process).is_some_and(|ticks| ticks < before + 2) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    signal(process, Signal::KILL);
    let failure = asking.await.expect("no panic").expect_err("it was killed");
    assert_eq!(failure, Failure::Died("signal: 9 (SIGKILL)".to_owned()));
    gone(process).await;
    let again = plan(&solver, &asked, &Planner::default(), PATIENCE).await.expect("a plan");
    assert_eq!((again, solver.starts()), (right, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_it_is_killed_when_the_time_is_up() {
    let asked = Arc::new(small());
    let solver = own();
    let right = plan(&solver, &asked, &Planner::default(), PATIENCE).await.expect("a plan");
    let process = solver.process().expect("it was started");
    signal(process, Signal::STOP);
    let limit = Duration::from_secs(1);
    let late = plan(&solver, &asked, &Planner::default(), limit).await;
    assert_eq!(late.expect_err("it stands still"), Failure::Late(limit));
    gone(process).await;
    let again = plan(&solver, &asked, &Planner::default(), PATIENCE).await.expect("a plan");
    assert_eq!((again, solver.starts()), (right, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_two_questions_it_costs_nothing() {
    let asked = Arc::new(small());
    let solver = own();
    let right = plan(&solver, &asked, &Planner::default(), PATIENCE).await.expect("a plan");
    let process = solver.process().expect("it was started");
    signal(process, Signal::KILL);
    // Dead, and there until it is waited for.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let again = plan(&solver, &asked, &Planner::default(), PATIENCE).await.expect("a plan");
    assert_eq!((again, solver.starts()), (right, 2));
    gone(process).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_is_given_up_ends_its_process() {
    let asked = Arc::new(small());
    let solver = own();
    plan(&solver, &asked, &Planner::default(), PATIENCE).await.expect("a plan");
    let process = solver.process().expect("it was started");
    let planner = Planner::default();
    let question = plan(&solver, &asked, &planner, PATIENCE);
    let given_up = tokio::time::timeout(Duration::from_millis(1), question).await;
    assert!(given_up.is_err(), "no plan is made in a millisecond");
    gone(process).await;
    plan(&solver, &asked, &Planner::default(), PATIENCE).await.expect("a plan");
    assert_eq!(solver.starts(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_bounded_and_renewed() {
    let asked = Arc::new(small());
    let solver = own();
    for _ in 0..SOLVES_MAX {
        let planned = plan(&solver, &asked, &Planner::default(), PATIENCE).await;
        assert!(planned.expect("an answer").result.is_ok());
    }
    assert_eq!(solver.starts(), 1);
    let process = solver.process().expect("it was started");
    gone(process).await;
    plan(&solver, &asked, &Planner::default(), PATIENCE).await.expect("an answer");
    assert_eq!(solver.starts(), 2);
    let process = solver.process().expect("it was started");
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).expect("it lives");
    let line = limits.lines().find(|line| line.starts_with("Max address space"));
    let bounds: Vec<&str> = line.expect("a limit").split_whitespace().skip(3).take(2).collect();
    let most = MEMORY_BYTES_MAX.to_string();
    assert_eq!(bounds, [most.as_str(), most.as_str()]);
    assert!(is_there(process));
}
