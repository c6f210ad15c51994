//! A day of the shipped site through the public interface: rules, proposals and the guard, look
//! by look, on tanks that fill and empty. What people rely on: no tank overflows or runs dry, and
//! no motor starts more often than it may.

use policies::guard::{GuardMemory, guard};
use policies::propose::{Circumstances, propose};
use site::command::Setpoint;
use site::plan::Rung;
use site::{AssetId, Mono, Now, PointId, Reason, Sample, Site, Snapshot, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const LOOK: Duration = Duration::from_secs(10);
const LOOKS: usize = 24 * 360;

fn shipped() -> Site {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    let text = std::fs::read_to_string(&path).expect("the example is there");
    site::file::read(&text, &path).expect("it has no findings").site
}

/// Tanks and motors, in shares and looks; simple enough to check by eye.
struct Plant {
    site: Site,
    now: Now,
    memory: GuardMemory,
    levels: BTreeMap<AssetId, f64>,
    running: BTreeMap<AssetId, bool>,
    starts: BTreeMap<AssetId, Vec<usize>>,
    /// Points that cannot be read.
    bad: Vec<PointId>,
}

impl Plant {
    fn new(level: f64) -> Self {
        let site = shipped();
        let utc = "2025-01-15T00:00:00Z".parse().expect("a time");
        let levels = site.tanks.iter().map(|tank| (tank.id.clone(), level)).collect();
        let running = site.pumps.iter().map(|pump| (pump.id.clone(), false)).collect();
        let now = Now { mono: Mono::default(), utc };
        let (memory, starts) = (GuardMemory::default(), BTreeMap::new());
        Self { site, now, memory, levels, running, starts, bad: Vec::new() }
    }

    fn snapshot(&self) -> Snapshot {
        let mut samples = BTreeMap::new();
        let mut put = |point: &PointId, value: Value| {
            let good = Sample::good(value, self.now.mono);
            let bad = Sample::bad(Reason::Timeout, self.now.mono);
            samples.insert(point.clone(), if self.bad.contains(point) { bad } else { good });
        };
        for tank in &self.site.tanks {
            put(&tank.level, Value::Number(self.levels[&tank.id] * tank.height.get()));
        }
        for pump in &self.site.pumps {
            put(&pump.points.running, Value::Flag(self.running[&pump.id]));
            put(&pump.points.remote, Value::Flag(true));
            for quiet in [&pump.points.fault, &pump.points.dry].into_iter().flatten() {
                put(quiet, Value::Flag(false));
            }
        }
        Snapshot::new(self.now, samples)
    }

    fn look(&mut self, look: usize) {
        let snapshot = self.snapshot();
        self.memory.observe(&self.site, &snapshot);
        let proposals =
            propose(&self.site, &snapshot, None, Rung::Rules, &Circumstances::default());
        let allowed = guard(&self.site, &snapshot, &self.memory, &proposals);
        self.memory.commanded(self.now.utc, &allowed.commands);
        for command in allowed.commands.iter().map(site::command::Guarded::get) {
            let run = command.setpoint == Setpoint::Run;
            let was = self.running.insert(command.asset.clone(), run);
            if run && was == Some(false) {
                self.starts.entry(command.asset.clone()).or_default().push(look);
            }
        }
        self.flow();
        self.now = Now { mono: self.now.mono.after(LOOK), utc: self.now.utc + LOOK };
    }

    /// A pump fills its tank in about four hours; consumers empty each tank in about eight.
    fn flow(&mut self) {
        for pump in self.site.pumps.iter().filter(|pump| self.running[&pump.id]) {
            *self.levels.get_mut(&pump.fills).expect("a tank") += 7e-4;
            if let Some(source) = &pump.draws_from {
                *self.levels.get_mut(source).expect("a tank") -= 7e-4;
            }
        }
        self.levels.values_mut().for_each(|level| *level = (*level - 3.5e-4).max(0.0));
    }
}

#[test]
fn a_day_by_the_rules_keeps_tanks_and_motors_within_bounds() {
    for begin in [0.1, 0.5, 0.99] {
        let mut plant = Plant::new(begin);
        for look in 0..LOOKS {
            plant.look(look);
            // Three hours to get there from a bad beginning.
            for (tank, level) in plant.levels.iter().filter(|_| look > 3 * 360) {
                assert!((0.15..=0.97).contains(level), "{tank} at {level} in look {look}");
            }
        }
        for (pump, starts) in &plant.starts {
            assert!(!starts.is_empty(), "{pump} worked");
            let hurried = starts.windows(3).any(|three| three[2] - three[0] < 360);
            assert!(!hurried, "{pump}: more than two starts in an hour: {starts:?}");
        }
    }
}

#[test]
fn a_blind_level_leaves_its_pumps_to_themselves() {
    let mut plant = Plant::new(0.3);
    plant.look(0);
    plant.bad = vec![plant.site.tanks[0].level.clone()];
    let snapshot = plant.snapshot();
    plant.memory.observe(&plant.site, &snapshot);
    let proposals = propose(&plant.site, &snapshot, None, Rung::Rules, &Circumstances::default());
    let allowed = guard(&plant.site, &snapshot, &plant.memory, &proposals);
    assert_eq!(allowed.commands, [], "P1 and P2 fill T1, and P3 draws from it");
}
