//! Devices that go silent, or are switched to local, under the whole daemon: nothing is invented
//! for them, nothing is planned with them, everybody is told, and all is well again when they are.
//! Time is paused, so that the hours cost what their solves cost.

mod common;
#[path = "common/field.rs"]
mod field;

use common::world;
use field::field_of;
use regie::cli::render;
use regie::control::{Controller, Parts, Policy};
use regie::solver::Solver;
use regie::status::Status;
use regie_sim::connect::DuplexConnect;
use regie_sim::field::{Fault, SimulatedField};
use regie_sim::world::World;
use site::command::{Outcome, Verification};
use site::plan::{Basis, Rung};
use site::record::CycleRecord;
use site::{AssetId, DeviceId, Quality, Reason};
use std::sync::Arc;
use std::time::Duration;

/// A winter morning in the cheap hours: the tanks are at 40 % and the plan wants the pumps.
const START: &str = "2026-01-15T03:00:00Z";

/// The age at which a sample turns bad, as the shipped site says it: three polls.
const MAX_AGE: Duration = Duration::from_secs(30);

/// How long a level that was measured may stand for one that is missing.
const HOLD: Duration = Duration::from_secs(300);

/// The daemon on the simulated field, on paused time.
struct Bench {
    world: World,
    field: SimulatedField,
    controller: Controller,
}

impl Bench {
    fn new() -> Self {
        let mut world = world();
        // Bounded in nodes; on a busy machine no limit in seconds may decide.
        world.change_site(|site| site.pace.solve = Duration::from_secs(300));
        let (field, clock) = field_of(&world, START, 1.0);
        let controller = Controller::new(Parts {
            loaded: world.loaded.clone(),
            connect: Arc::new(DuplexConnect::new(field.clone())),
            clock,
            store: None,
            state: None,
            policy: Policy::Optimal,
            solver: Solver::in_process(),
        });
        Self { world, field, controller }
    }

    async fn cycle(&mut self) -> CycleRecord {
        self.controller.next_cycle().await
    }

    /// Runs so many cycles and gives the last one.
    async fn cycles(&mut self, count: u32) -> CycleRecord {
        for _ in 1..count {
            self.cycle().await;
        }
        self.cycle().await
    }

    /// Runs until a cycle is as wished, at most so many.
    async fn until(
        &mut self,
        what: &str,
        most: u32,
        holds: impl Fn(&CycleRecord) -> bool,
    ) -> CycleRecord {
        for _ in 0..most {
            let record = self.cycle().await;
            if holds(&record) {
                return record;
            }
        }
        panic!("{what}: not within {most} cycles");
    }

    fn break_it(&self, name: &str, fault: Fault) {
        self.field.set_fault(&device(name), fault).expect("the site has it");
    }

    fn mend(&self, name: &str) {
        self.field.clear_fault(&device(name)).expect("the site has it");
    }

    fn status(&self) -> Status {
        self.controller.view().borrow().status.clone()
    }

    /// The devices of which a point could not be read in a record. An inverter that sleeps by
    /// night says itself that it has no power to show.
    fn bad_devices(&self, record: &CycleRecord) -> Vec<String> {
        let devices = self.world.site().devices.iter();
        let bad = devices.filter(|device| {
            record.snapshot.of_device(&device.id).any(|(_, sample)| {
                !matches!(sample.quality(), Quality::Good | Quality::Bad(Reason::NotAvailable))
            })
        });
        bad.map(|device| device.id.to_string()).collect()
    }
}

fn device(name: &str) -> DeviceId {
    DeviceId::new(name).expect("a name")
}

fn asset(name: &str) -> AssetId {
    AssetId::new(name).expect("a name")
}

fn is_commanded(record: &CycleRecord, name: &str) -> bool {
    record.commands.iter().any(|command| command.asset == asset(name))
}

/// Whether the plan counts on a pump in any step.
fn is_planned(record: &CycleRecord, name: &str) -> bool {
    let plan = record.plan.as_ref().expect("a plan");
    plan.pumps[&asset(name)].iter().any(|share| share.get() > 1e-9)
}

fn is_well(record: &CycleRecord) -> bool {
    record.rung == Rung::Optimal && record.because.is_none()
}

/// The words of a block by the guard, when it blocked an asset.
fn block<'a>(record: &'a CycleRecord, name: &str) -> Option<&'a str> {
    let blocked =
        |v: &&site::command::Verdict| v.asset == asset(name) && v.outcome == Outcome::Blocked;
    record.verdicts.iter().find(blocked).map(|verdict| verdict.reason.as_str())
}

#[tokio::test(start_paused = true)]
async fn a_silent_pump_is_known_to_be_gone_and_not_counted_on() {
    let mut bench = Bench::new();
    let before = bench.cycles(6).await;
    assert!(is_well(&before), "{:?}: {:?}", before.rung, before.because);
    assert!(is_planned(&before, "P2") && is_commanded(&before, "P2"), "it is worth something");
    assert_eq!(bench.bad_devices(&before), [""; 0]);

    bench.break_it("pump2", Fault::Silent);
    let lost = bench
        .until("pump2 turns bad", 3, |r| {
            !r.snapshot.of_device(&device("pump2")).all(|(_, sample)| sample.is_good())
        })
        .await;
    let age = lost.snapshot.now.mono.since(before.snapshot.now.mono);
    assert!(age <= MAX_AGE + bench.world.site().pace.cycle, "{age:?}");
    for record in [lost, bench.cycles(30).await] {
        assert_eq!(bench.bad_devices(&record), ["pump2"], "the others stay good");
        let pump = &record.estimate.pumps[&asset("P2")];
        assert_eq!((pump.running, pump.power), (None, None), "not zero: unknown");
        assert_eq!(pump.unavailable.as_deref(), Some("pump2.running: no answer"));
        assert!(record.rung <= Rung::Relaxed, "{:?}: {:?}", record.rung, record.because);
        assert!(!is_planned(&record, "P2") && is_planned(&record, "P1"));
        assert!(!is_commanded(&record, "P2") && is_commanded(&record, "P1"));
        assert_eq!(
            block(&record, "P2"),
            Some("pump2.remote is not good (no answer): the switch may stand on local")
        );
    }
    for (point, sample) in bench.cycle().await.snapshot.of_device(&device("pump2")) {
        let gone = matches!(sample.quality(), Quality::Bad(_)) && sample.value().is_none();
        assert!(gone, "{point}, read slowly or not: {sample:?}");
    }
    let screen = render::status(&bench.status());
    assert!(screen.contains("\n  pump2 at tcp://127.0.0.1:15102: "), "{screen}");
    let line = screen.lines().find(|line| line.starts_with("  P2 ")).expect("a line");
    assert!(line.contains("unknown") && line.contains("pump2.running: no a"), "{screen}");

    bench.mend("pump2");
    let well = bench.until("pump2 is back", 30, |r| is_well(r) && is_planned(r, "P2")).await;
    assert_eq!(bench.bad_devices(&well), [""; 0]);
    assert!(is_commanded(&well, "P2"));
}

#[tokio::test(start_paused = true)]
async fn a_level_is_held_for_a_while_and_then_unknown() {
    let mut bench = Bench::new();
    let before = bench.cycles(6).await;
    bench.break_it("level1", Fault::Silent);
    let held = bench
        .until("the level is held", 3, |record| {
            let level = record.estimate.tanks[&asset("T1")];
            level.is_some_and(|level| level.basis == Basis::Held)
        })
        .await;
    assert_eq!(bench.bad_devices(&held), ["level1"], "level2 hangs on the same link");
    for pump in ["P1", "P2"] {
        let reason = block(&held, pump).expect("nothing is written from a level that is not seen");
        assert!(reason.starts_with("not good: level1.level (no answer)"), "{reason}");
        assert!(!is_commanded(&held, pump));
    }
    let unknown = bench
        .until("the level is unknown", 8, |record| record.estimate.tanks[&asset("T1")].is_none())
        .await;
    let since = unknown.snapshot.now.mono.since(before.snapshot.now.mono);
    assert!(since > HOLD && since <= HOLD + MAX_AGE + Duration::from_secs(90), "{since:?}");
    assert_eq!(unknown.rung, Rung::LastPlan);
    assert_eq!(unknown.because.as_deref(), Some("the level of T1 is unknown"));

    let expired = bench.until("the last plan ends", 31, |r| r.rung != Rung::LastPlan).await;
    assert_eq!((expired.rung, expired.plan.is_none()), (Rung::Rules, true));
    assert_eq!(expired.because.as_deref(), Some("the level of T1 is unknown"));
    for pump in ["P1", "P2", "P3"] {
        assert!(!is_commanded(&expired, pump), "{pump} moves water of T1");
    }
    assert!(is_commanded(&expired, "L1"), "the streets do not hang on a tank");
    let screen = render::status(&bench.status());
    assert!(screen.contains("rules: the level of T1 is unknown"), "{screen}");
    assert!(screen.contains("T1            -      - [????"), "{screen}");

    bench.mend("level1");
    let well = bench.until("all is well again", 30, is_well).await;
    let level = well.estimate.tanks[&asset("T1")].expect("measured");
    assert_eq!(level.basis, Basis::Measured);
    let truth = bench.field.truth().tanks[&asset("T1")].level.get();
    assert!((level.value.get() - truth).abs() < 0.05, "{level:?}, in truth {truth} m");
}

#[tokio::test(start_paused = true)]
async fn whoever_stands_at_a_pump_comes_first() {
    let mut bench = Bench::new();
    let before = bench.cycles(6).await;
    assert!(is_commanded(&before, "P1"));
    bench.break_it("pump1", Fault::Local);
    // The cycle in hand may have begun before the switch was turned.
    bench.cycle().await;
    for _ in 0..30 {
        let record = bench.cycle().await;
        assert!(!is_commanded(&record, "P1"));
        assert!(!record.receipts.iter().any(|receipt| receipt.asset == asset("P1")));
        let why = "pump1.remote says local: the switch on site rules";
        assert_eq!(block(&record, "P1"), Some(why));
        let plan = record.plan.as_ref().expect("a plan");
        let (now, later) = plan.pumps[&asset("P1")].split_first().expect("there are steps");
        let runs = record.estimate.pumps[&asset("P1")].running;
        assert_eq!(Some(now.get() > 0.5), runs, "what it does now is reckoned with");
        assert!(later.iter().all(|share| share.get() < 1e-9), "and not counted on: {later:?}");
        assert!(is_planned(&record, "P2"));
        let pump = &record.estimate.pumps[&asset("P1")];
        assert_eq!(pump.unavailable.as_deref(), Some("switched to local at the device"));
    }
    let screen = render::status(&bench.status());
    let line = screen.lines().find(|line| line.starts_with("  P1 ")).expect("a line");
    assert!(line.contains("switched to local"), "{screen}");
    bench.mend("pump1");
    let told = |record: &CycleRecord| {
        let verification = record.verifications.get(&asset("P1"));
        is_commanded(record, "P1") && verification == Some(&Verification::Confirmed)
    };
    bench.until("P1 does what it is told", 30, told).await;
}
