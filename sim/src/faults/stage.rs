//! One run: the simulated field, the daemon as it lives and dies there, and the oracle that looks
//! on. Everything on paused time, so that a run is a function of its plan.

use super::life::{Life, stamp};
use super::oracle::{Moment, Oracle, Scene};
use super::plan::{Event, FaultPlan, FileTrouble, Trouble};
use crate::connect::DuplexConnect;
use crate::field::{SimulatedField, Told, Witness};
use crate::modbus::faults::{FaultEvent, FaultPlan as WirePlan, FaultyConnect, FaultyLine, When};
use crate::world::{World, WorldError};
use drivers::clock::Clock;
use drivers::connect::Connect;
use jiff::SignedDuration;
use regie::control::{Controller, Parts, Policy, Request, Until, WriteWish};
use regie::resident::{STATE_FILE, open_state};
use regie::solver::Solver;
use site::model::Endpoint;
use site::plan::Rung;
use site::units::Power;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often the oracle looks, and when troubles begin and end, s.
pub(super) const TICK_S: u32 = 5;
/// Cycles at the end of a run that must all be good again.
const GOOD_AT_LAST: usize = 5;

/// What came of a run.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) cycles: u64,
    pub(super) faults: BTreeMap<&'static str, u64>,
    pub(super) found: Vec<(u32, &'static str, String)>,
    /// What is not as it should be at the end, in words.
    pub(super) unrecovered: Vec<String>,
    /// Over everything that was seen and done.
    pub(super) hash: String,
}

/// A run in the making.
struct Stage<'a> {
    world: &'a World,
    plan: &'a FaultPlan,
    folder: &'a Path,
    /// The daemon's.
    clock: Clock,
    /// The field's: nobody sets it wrong.
    outside: Clock,
    field: SimulatedField,
    connect: Arc<dyn Connect>,
    life: Option<Life>,
    oracle: Oracle,
    hasher: blake3::Hasher,
    cycles: u64,
    /// Why each of the last cycles was not good; none where it was.
    last: Vec<Option<String>>,
}

/// Plays a plan, with the daemon's file in this folder.
///
/// # Errors
/// When the site cannot be simulated.
pub(super) fn play(world: &World, plan: &FaultPlan, folder: &Path) -> Result<Outcome, WorldError> {
    let runtime = crate::replay::paused();
    let outcome = runtime.block_on(async {
        let mut stage = Stage::set(world, plan, folder)?;
        stage.run().await
    });
    // What a killed daemon left running ends with its runtime.
    runtime.shutdown_background();
    outcome
}

impl<'a> Stage<'a> {
    fn set(world: &'a World, plan: &'a FaultPlan, folder: &'a Path) -> Result<Self, WorldError> {
        let clock = Clock::scaled(plan.start, 1.0);
        let outside = clock.apart();
        let field = world.field(plan.seed, &outside)?;
        let inner = Arc::new(DuplexConnect::new(field.clone()));
        let lines = wires(world, plan);
        let lines = lines
            .into_iter()
            .map(|(endpoint, wire)| (endpoint, FaultyLine::new(wire, outside.clone())));
        let connect = Arc::new(FaultyConnect::new(inner, lines));
        Ok(Self {
            world,
            plan,
            folder,
            clock,
            outside,
            field,
            connect,
            life: None,
            oracle: Oracle::new(),
            hasher: blake3::Hasher::new(),
            cycles: 0,
            last: Vec::new(),
        })
    }

    async fn run(&mut self) -> Result<Outcome, WorldError> {
        let witness = Witness::default();
        self.field.watch(witness.clone());
        self.begin_life()?;
        let cycle_s = u32::try_from(self.world.site().pace.cycle.as_secs()).unwrap_or(60);
        let end_s = self.plan.cycles() * cycle_s;
        let world = self.world;
        let scene = Scene { site: world.site(), profiles: &world.loaded.profiles, plan: self.plan };
        let began = self.outside.now().mono;
        for at in (0..end_s).step_by(usize::try_from(TICK_S).unwrap_or(1)) {
            let tick = began.after(Duration::from_secs(u64::from(at)));
            self.outside.sleep_until(tick).await;
            self.look(&scene, at, &witness);
            self.change(at).await?;
        }
        if let Some(life) = self.life.take() {
            life.kill().await;
        }
        self.look_at_history();
        let mut faults: BTreeMap<&'static str, u64> = BTreeMap::new();
        for event in &self.plan.events {
            *faults.entry(event.trouble.word()).or_default() += 1;
        }
        Ok(Outcome {
            cycles: self.cycles,
            faults,
            found: std::mem::take(&mut self.oracle.found),
            unrecovered: self.unrecovered(),
            hash: self.hasher.finalize().to_hex().to_string(),
        })
    }

    /// Shows the oracle what there is to see.
    fn look(&mut self, scene: &Scene<'_>, at: u32, witness: &Witness) {
        let truth = self.field.truth();
        truth.hash_into(&mut self.hasher);
        let told: Vec<(u32, Told)> = witness.take().into_iter().map(|told| (at, told)).collect();
        for (_, told) in &told {
            self.hasher.update(format!("{told:?}").as_bytes());
        }
        self.oracle.tick(&Moment { scene, at, truth: &truth, told: &told });
        let records = self.life.as_mut().map(Life::records).unwrap_or_default();
        for record in records {
            self.cycles += 1;
            self.hasher.update(&serde_json::to_vec(&record).unwrap_or_default());
            self.oracle.cycle(scene, at, &record);
            let trouble =
                matches!(record.rung, Rung::LastPlan | Rung::Rules | Rung::Release).then(|| {
                    let because = record.because.clone().unwrap_or_default();
                    format!(
                        "cycle {} at {}: {} ({because})",
                        record.cycle,
                        stamp(record.snapshot.now.utc),
                        record.rung.word()
                    )
                });
            self.last.push(trouble);
        }
    }

    /// Begins and ends what is due.
    async fn change(&mut self, at: u32) -> Result<(), WorldError> {
        let plan = self.plan;
        let due = |when: u32| when <= at && when + TICK_S > at;
        // The same trouble may have begun anew meanwhile: it ends with the last of them.
        let goes_on = |ended: &Event| {
            plan.events.iter().any(|event| {
                event.trouble == ended.trouble && event.at_s <= at && event.end_s() > ended.end_s()
            })
        };
        for event in plan.events.iter().filter(|event| due(event.end_s())) {
            if event.for_s > 0 && !goes_on(event) {
                self.end(event).await?;
            }
        }
        for event in plan.events.iter().filter(|event| due(event.at_s)) {
            self.begin(event).await?;
        }
        Ok(())
    }

    async fn begin(&mut self, event: &Event) -> Result<(), WorldError> {
        match &event.trouble {
            // They are in the plans of their links.
            Trouble::Wire { .. } => {}
            Trouble::Device { device, fault } => self.field.set_fault(device, *fault)?,
            Trouble::Reboot { device } => self.field.reboot(device)?,
            Trouble::SetClock { by_s } => self.clock.set(SignedDuration::from_secs(*by_s)),
            Trouble::Suspend => {
                let by = SignedDuration::from_secs(i64::from(event.for_s));
                self.clock.set(by);
                self.outside.set(by);
            }
            Trouble::Stall => self.life.iter().for_each(|life| life.stall(true)),
            Trouble::Kill { wakes, .. } => {
                self.life.iter().for_each(|life| life.kill_after(*wakes));
            }
            Trouble::DiskFull => self.life.iter().for_each(|life| life.fill_disk(true)),
            Trouble::ByHand { point, value } => self.by_hand(point, value),
            Trouble::Limit { direction, kw } => {
                let request = Request::SetLimit {
                    direction: *direction,
                    power: Power::new(kw * 1e3),
                    from: None,
                    until: Until::After(Duration::from_secs(u64::from(event.for_s.max(60)))),
                    author: "grid operator".into(),
                    reason: "a fault run".into(),
                };
                self.hand_in(|desk| async move { drop(desk.ask(request).await) });
            }
        }
        Ok(())
    }

    async fn end(&mut self, event: &Event) -> Result<(), WorldError> {
        match &event.trouble {
            Trouble::Device { device, fault } => self.field.end_fault(device, *fault)?,
            Trouble::SetClock { by_s } => self.clock.set(SignedDuration::from_secs(-*by_s)),
            Trouble::Stall => self.life.iter().for_each(|life| life.stall(false)),
            Trouble::DiskFull => self.life.iter().for_each(|life| life.fill_disk(false)),
            Trouble::Kill { file, .. } => {
                if let Some(life) = self.life.take() {
                    life.kill().await;
                }
                spoil(&self.folder.join(STATE_FILE), *file);
                self.begin_life()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn by_hand(&self, point: &str, value: &str) {
        let wish = WriteWish {
            point: point.to_owned(),
            value: value.to_owned(),
            who: "a fault run".into(),
            reason: "to see what comes of it".into(),
            dry: false,
        };
        self.hand_in(|desk| async move { drop(desk.write(wish).await) });
    }

    fn hand_in<F>(&self, errand: impl FnOnce(regie::control::Desk) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if let Some(life) = &self.life {
            tokio::spawn(errand(life.desk()));
        }
    }

    fn begin_life(&mut self) -> Result<(), WorldError> {
        let site = self.world.site();
        let (store, state) = open_state(self.folder, site, self.clock.now().utc)?;
        let controller = Controller::new(Parts {
            loaded: self.world.loaded.clone(),
            connect: Arc::clone(&self.connect),
            clock: self.clock.clone(),
            store: Some(store),
            state: Some(state),
            policy: Policy::Optimal,
            solver: Solver::in_process(),
        });
        self.life = Some(Life::begin(controller));
        Ok(())
    }

    /// The file must open, and what it remembers be whole.
    fn look_at_history(&mut self) {
        let at = self.plan.cycles();
        match open_state(self.folder, self.world.site(), self.clock.now().utc) {
            Ok((store, _)) => {
                if let Err(error) = store.last_record() {
                    self.oracle.add(at, "history", error.to_string());
                }
            }
            Err(error) => self.oracle.add(at, "history", error.to_string()),
        }
    }

    /// What is wrong with the last cycles.
    fn unrecovered(&self) -> Vec<String> {
        let last = &self.last[self.last.len().saturating_sub(GOOD_AT_LAST)..];
        if last.len() < GOOD_AT_LAST {
            return vec![format!("there were {} cycles in all", last.len())];
        }
        last.iter().flatten().cloned().collect()
    }
}

/// The plan of each link that has one.
fn wires(world: &World, plan: &FaultPlan) -> BTreeMap<Endpoint, WirePlan> {
    let mut wires: BTreeMap<Endpoint, WirePlan> = BTreeMap::new();
    for event in &plan.events {
        let Trouble::Wire { device, alone, fault } = &event.trouble else { continue };
        let Some(device) = world.site().device(device) else { continue };
        let from_ms = u64::from(event.at_s) * 1000;
        let when = When::Between { from_ms, to_ms: u64::from(event.end_s()) * 1000 };
        let unit = alone.then_some(device.unit);
        let spoiled = FaultEvent { when, unit, fault: fault.clone() };
        wires.entry(device.endpoint.clone()).or_default().events.push(spoiled);
    }
    wires
}

/// Does to a file what happens to files. One that is not there is left so.
fn spoil(file: &Path, trouble: FileTrouble) {
    let path = match trouble {
        FileTrouble::Whole => return,
        FileTrouble::TornJournal(_) => PathBuf::from(format!("{}-wal", file.display())),
        FileTrouble::FlippedByte(_) => file.to_owned(),
    };
    let Ok(mut bytes) = fs::read(&path) else { return };
    match trouble {
        FileTrouble::Whole => {}
        FileTrouble::TornJournal(left) => bytes.truncate(bytes.len() * usize::from(left) / 1000),
        FileTrouble::FlippedByte(at) => {
            let at = usize::try_from(at).unwrap_or(0) % bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 0xFF;
            }
        }
    }
    fs::write(&path, bytes).expect("a folder of our own takes files");
}
