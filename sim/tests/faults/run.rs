//! One cell of the matrix: a field that is read and written for some minutes, and what was seen.

use crate::points::{FIRST, Says, misfit};
use crate::stand::{Cell, ELSEWHERE, END, FROM, STRUCK, Stand, TO, UNITS, name, point};
use crate::write::{Writes, writes};
use drivers::{DeviceHealth, LinkHealth};
use site::{Mono, PointId, Snapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often we look.
const LOOK: Duration = Duration::from_millis(100);

/// What was seen in one cell.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Samples that were good when looked at.
    pub(crate) samples: u64,
    /// Good samples that were another point's, or older than they may be.
    pub(crate) wrong: Vec<String>,
    /// The share of looks during the fault at which all points of a unit were good.
    pub(crate) good: BTreeMap<u8, f64>,
    /// The longest time between two answers that brought the first point, from the fault's begin.
    pub(crate) gaps: BTreeMap<u8, Duration>,
    /// When the first point was read on the other links.
    pub(crate) elsewhere: BTreeMap<u8, Vec<Mono>>,
    /// Reads of units on the other links, of all their points: that succeeded and that failed.
    pub(crate) reads_elsewhere: BTreeMap<u8, (u64, u64)>,
    /// After the fault, until all was good for good.
    pub(crate) healed_after: Option<Duration>,
    /// All that was said to be wrong with each unit during the fault.
    pub(crate) errors: BTreeMap<u8, BTreeSet<String>>,
    pub(crate) struck: Option<DeviceHealth>,
    pub(crate) neighbour: Option<DeviceHealth>,
    pub(crate) links: Vec<LinkHealth>,
    /// Requests and attempts to connect during the fault, on the link that is struck.
    pub(crate) requests: u64,
    pub(crate) attempts: usize,
    /// The most connections to one endpoint at the same time.
    pub(crate) open_most: usize,
    pub(crate) pipelined: u64,
    pub(crate) closest: Option<Duration>,
    pub(crate) asked_units: BTreeSet<u8>,
    pub(crate) writes: Writes,
}

/// A whole run: quiet, the fault, quiet again.
pub(crate) async fn run(cell: Cell<'_>) -> Seen {
    let stand = Stand::new(cell);
    let mut watch = Watch::new(&stand);
    let (writes, (), ()) = tokio::join!(writes(&stand), watch.watch(), stand.strike(cell.strike));
    let mut seen = watch.end();
    seen.writes = writes;
    stand.field.stop().await;
    seen
}

struct Watch<'a> {
    stand: &'a Stand,
    seen: Seen,
    looks: f64,
    /// When the first point of each unit was read last.
    read_at: BTreeMap<u8, Mono>,
    points: Vec<(u8, &'static str, Says, PointId)>,
}

impl<'a> Watch<'a> {
    fn new(stand: &'a Stand) -> Watch<'a> {
        let of_unit = |unit: u8| {
            let id = move |it: &str| point(&name(unit), it);
            stand.points.each().iter().map(move |(it, says)| (unit, *it, *says, id(it)))
        };
        let points = UNITS.into_iter().chain(ELSEWHERE).flat_map(of_unit).collect();
        Watch { stand, seen: Seen::default(), looks: 0.0, read_at: BTreeMap::new(), points }
    }

    async fn watch(&mut self) {
        let mut counted = (0, 0);
        loop {
            self.stand.clock.sleep(LOOK).await;
            let now = self.stand.clock.now();
            let since = now.mono.since_start();
            let snapshot = self.stand.field.freeze(now);
            let bad = self.look(&snapshot);
            if since < FROM {
                counted = self.counts();
            } else if since < TO {
                self.during(&bad);
                let (requests, attempts) = self.counts();
                self.seen.requests = requests - counted.0;
                self.seen.attempts = attempts - counted.1;
            } else if !bad.is_empty() {
                self.seen.healed_after = None;
            } else if self.seen.healed_after.is_none() {
                self.seen.healed_after = Some(since - TO);
            }
            if since >= END {
                return;
            }
        }
    }

    /// Requests and attempts to connect so far.
    fn counts(&self) -> (u64, usize) {
        let log = self.stand.road().log();
        (log.requests, log.attempts.len())
    }

    fn during(&mut self, bad: &BTreeSet<u8>) {
        self.looks += 1.0;
        for unit in UNITS {
            let health = self.stand.health(unit);
            *self.seen.good.entry(unit).or_default() += f64::from(u8::from(!bad.contains(&unit)));
            let fresh = health.last_error_at.is_some_and(|at| at.since_start() >= FROM);
            let errors = self.seen.errors.entry(unit).or_default();
            errors.extend(health.last_error.clone().filter(|_| fresh));
            if unit == STRUCK {
                self.seen.struck = Some(health);
            } else {
                self.seen.neighbour = Some(health);
            }
        }
        self.seen.links = self.stand.field.links();
    }

    /// Judges all samples; gives the units of which one is bad.
    fn look(&mut self, snapshot: &Snapshot) -> BTreeSet<u8> {
        let now = snapshot.now.mono;
        let mut bad = BTreeSet::new();
        for (unit, point, says, id) in &self.points {
            let Some(value) = snapshot.number(id) else {
                bad.insert(*unit);
                continue;
            };
            let at = snapshot.sample(id).expect("it has a value").at;
            self.seen.samples += 1;
            if let Some(what) = misfit(*unit, *says, value, (at, now)) {
                self.seen.wrong.push(format!("{id} at {:?} {what}", now.since_start()));
            }
            if *point == FIRST {
                let last = self.read_at.insert(*unit, at).filter(|last| *last != at);
                let (Some(last), true) = (last, at.since_start() >= FROM) else { continue };
                let gap = self.seen.gaps.entry(*unit).or_default();
                *gap = (*gap).max(at.since(last));
                if ELSEWHERE.contains(unit) {
                    self.seen.elsewhere.entry(*unit).or_default().push(at);
                }
            }
        }
        bad
    }

    fn end(mut self) -> Seen {
        for good in self.seen.good.values_mut() {
            *good /= self.looks;
        }
        for unit in ELSEWHERE {
            let health = self.stand.health(unit);
            let reads = (health.reads_ok, health.reads_failed);
            self.seen.reads_elsewhere.insert(unit, reads);
        }
        let roads = self.stand.roads.values();
        self.seen.open_most = roads.map(|road| road.log().open_most).max().unwrap_or_default();
        let log = self.stand.road().log();
        self.seen.pipelined = log.pipelined;
        self.seen.closest = log.closest;
        self.seen.asked_units.clone_from(&log.units);
        drop(log);
        self.seen
    }
}
