//! Whatever a solver's process does wrong, it is said what, the next question has its answer, and
//! the process that did it is gone.

use crate::faulty::{FAULTS, Fault};
use crate::processes::{gone, is_there};
use crate::world::{PATIENCE, plan, small};
use policies::optimise::Planner;
use regie::solver::{Failure, Program, Solver};
use std::sync::Arc;
use std::time::Duration;

/// How long a process that says nothing is waited for.
const SHORT: Duration = Duration::from_secs(5);

/// The reason of each fault, and a part of what is said of it; nothing where it does no harm.
const fn expected(fault: Fault) -> Option<(&'static str, &'static str)> {
    match fault {
        Fault::Nothing | Fault::Prints => None,
        Fault::Garbage => Some(("garbled", "what came is no frame")),
        Fault::Damaged => Some(("garbled", "does not fit its checksum")),
        Fault::Huge => Some(("garbled", "a message of 4294967295 bytes")),
        Fault::NoAnswer => Some(("garbled", "a message cannot be read")),
        Fault::NotANumber => Some(("garbled", "a message cannot be read: invalid type: null")),
        Fault::Cut | Fault::Hangs => Some(("late", "did not answer within 5 s")),
        Fault::Short => Some(("died", "exit status: 0")),
        Fault::Closes => Some(("died", "it closed its connection")),
        Fault::Another => Some(("another", "answered another question")),
        // Its first answer is right; the one that is left over is met by the next question.
        Fault::Twice => None,
        Fault::Absurd => Some(("absurd", "7 is not between 0 and 1")),
        Fault::Exits => Some(("died", "exit status: 3")),
        Fault::Aborts => Some(("died", "signal: 6 (SIGABRT)")),
        Fault::Panics => Some(("died", "exit status: 101")),
        Fault::Hoards => Some(("died", "signal: 6 (SIGABRT)")),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_named_and_over_with_its_process() {
    let asked = Arc::new(small());
    let here = Solver::in_process();
    let right = plan(&here, &asked, &Planner::default(), PATIENCE).await.expect("a plan");
    for fault in FAULTS {
        let solver = fault.solver();
        let ask = |limit| {
            let (solver, asked) = (solver.clone(), Arc::clone(&asked));
            async move { plan(&solver, &asked, &Planner::default(), limit).await }
        };
        assert_eq!(ask(PATIENCE).await.as_ref(), Ok(&right), "{fault:?}: the first");
        let first = solver.process().expect("it was started");
        let second = ask(SHORT).await;
        match (expected(fault), second) {
            (None, second) => assert_eq!(second.as_ref(), Ok(&right), "{fault:?}: the second"),
            (Some((reason, said)), second) => {
                let failure = second.expect_err("a fault");
                assert_eq!(failure.reason(), reason, "{fault:?}: {failure}");
                assert!(failure.to_string().contains(said), "{fault:?}: {failure}");
            }
        }
        let third = ask(PATIENCE).await;
        if fault == Fault::Twice {
            assert_eq!(third, Err(Failure::Another));
        } else {
            assert_eq!(third.as_ref(), Ok(&right), "{fault:?}: the third");
        }
        assert_eq!(ask(PATIENCE).await.as_ref(), Ok(&right), "{fault:?}: the fourth");
        let last = solver.process().expect("it was started");
        let harmless = matches!(fault, Fault::Nothing | Fault::Prints);
        assert_eq!(solver.starts(), if harmless { 1 } else { 2 }, "{fault:?}");
        assert_eq!(first == last, harmless, "{fault:?}");
        if !harmless {
            gone(first).await;
        }
        assert!(is_there(last));
        drop(solver);
        gone(last).await;
    }
}

#[tokio::test]
async fn what_cannot_be_started_is_left_alone_for_a_while() {
    let asked = Arc::new(small());
    for (program, said) in [
        (Program::new("/nowhere/regie", ["solver"]), "No such file or directory"),
        (Program::new("/bin/sh", ["-c", "exit 9"]), "exit status: 9"),
        (
            Program::new(
                "/bin/sh",
                [
                    "-c",
                    "echo 'what a shell may say before it is asked anything' >&0; exec sleep 60",
                ],
            ),
            "no frame",
        ),
        (Program::new("/bin/sh", ["-c", "exec sleep 60"]), "not ready in time"),
    ] {
        let solver = Solver::child(program);
        let planner = Planner::default();
        let ask = || plan(&solver, &asked, &planner, Duration::from_millis(500));
        for _ in 0..2 {
            let failure = ask().await.expect_err("there is no solver");
            let late = matches!(failure, Failure::Late(_)) && said == "not ready in time";
            assert!(late || failure.to_string().contains(said), "{said}: {failure}");
        }
        let starts = solver.starts();
        let failure = ask().await.expect_err("it rests");
        assert!(matches!(&failure, Failure::Resting { times: 2, why } if why.contains(said)));
        assert_eq!((failure.reason(), solver.starts()), ("start", starts), "nothing was tried");
        if let Some(process) = solver.process() {
            gone(process).await;
        }
    }
}
