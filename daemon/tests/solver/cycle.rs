//! What befalls the solver within the cycle: a rung, and never a cycle.

use crate::faulty::Fault;
use crate::processes::{gone, signal};
use crate::still::{Still, commune};
use crate::world::own;
use drivers::clock::Clock;
use regie::control::{Controller, Parts, Policy};
use regie::metrics;
use regie::solver::Solver;
use rustix::process::Signal;
use site::plan::Rung;
use site::record::CycleRecord;
use std::sync::Arc;
use std::time::Duration;

/// A commune on real time, with a cycle of four seconds, in which plans are waited for three. It
/// has no pumps: a plan takes milliseconds.
fn controller(solver: Solver) -> Controller {
    let mut loaded = commune();
    let mut site = (*loaded.site).clone();
    (site.pumps, site.tanks, site.water) = (Vec::new(), Vec::new(), None);
    site.districts = Vec::new();
    site.pace.solve = Duration::from_secs(1);
    (loaded.site, loaded.water) = (Arc::new(site), None);
    Controller::new(Parts {
        loaded,
        connect: Arc::new(Still),
        clock: Clock::scaled("2026-01-14T21:00:00Z".parse().expect("a time"), 1.0),
        store: None,
        state: None,
        policy: Policy::Optimal,
        solver,
    })
}

/// Cycles until one acts upon a plan.
async fn planned(controller: &mut Controller) -> CycleRecord {
    for _ in 0..4 {
        let record = controller.next_cycle().await;
        if record.rung <= Rung::Relaxed {
            return record;
        }
    }
    panic!("no plan within four cycles");
}

fn failures(controller: &Controller, reason: &str) -> u64 {
    let status = controller.view().borrow().status.clone();
    let page = metrics::render(&status);
    let line = format!("regie_solver_failures_total{{reason=\"{reason}\",site=\"val-clair\"}} ");
    let count = page.lines().find_map(|found| found.strip_prefix(&line)).expect("a series");
    let shown = status.solver.failures_by_reason.get(reason).copied().unwrap_or(0);
    assert_eq!(count.parse(), Ok(shown));
    shown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_solver_that_hangs_or_dies_costs_one_rung_and_no_cycle() {
    let solver = own();
    let mut controller = controller(solver.clone());
    let before = planned(&mut controller).await;

    let hung = solver.process().expect("it was started");
    signal(hung, Signal::STOP);
    let record = controller.next_cycle().await;
    assert_eq!(record.rung, Rung::LastPlan);
    let because = record.because.expect("a reason");
    assert_eq!(because, "the optimiser did not answer within 3 s");
    assert_eq!(record.plan, before.plan, "what was planned before holds on");
    assert_eq!(failures(&controller, "late"), 1);
    gone(hung).await;
    assert!(planned(&mut controller).await.rung <= Rung::Relaxed);

    // Stopped first, so that it is surely killed before it has answered.
    let killed = solver.process().expect("another one");
    assert_ne!(killed, hung);
    signal(killed, Signal::STOP);
    let (record, ()) = tokio::join!(controller.next_cycle(), async {
        tokio::time::sleep(Duration::from_millis(5500)).await;
        signal(killed, Signal::KILL);
    });
    assert_eq!(record.rung, Rung::LastPlan);
    let because = record.because.expect("a reason");
    assert!(because.contains("ended while it was asked (signal: 9 (SIGKILL))"), "{because}");
    assert_eq!(failures(&controller, "died"), 1);
    gone(killed).await;
    assert!(planned(&mut controller).await.rung <= Rung::Relaxed);

    let status = controller.view().borrow().status.clone();
    assert_eq!((status.overruns, status.solver.failures, status.solver.starts), (0, 2, 3));
    assert_eq!(status.rungs.get(&Rung::LastPlan), Some(&2));
    controller.stop().await;
    drop(solver);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_makes_no_sense_costs_one_rung_and_no_cycle() {
    let mut controller = controller(Fault::Absurd.solver());
    let before = controller.next_cycle().await;
    assert_eq!(before.rung, Rung::Release, "it observes first");
    let record = controller.next_cycle().await;
    // Nothing was in force before: the rules decide.
    assert_eq!(record.rung, Rung::Rules);
    let because = record.because.expect("a reason");
    assert!(because.contains("plan makes no sense: lighting of L1: 7 is not"), "{because}");
    assert_eq!(failures(&controller, "absurd"), 1);
    assert!(controller.next_cycle().await.rung <= Rung::Relaxed);
    assert_eq!(controller.view().borrow().status.overruns, 0);
    controller.stop().await;
}
