//! Writing while things go wrong: what is claimed is held against what the units have.

use crate::stand::{END, FROM, STRUCK, Stand, TO, UNITS, limit, name};
use site::command::{Command, Delivery, Guarded, Verification};
use std::time::Duration;

/// A cycle, and how many have the same setpoints.
const CYCLE: Duration = Duration::from_secs(5);
const CYCLES_EACH: u16 = 3;
/// No new setpoints from here on, so that the last ones arrive, and none comes twice.
const LAST: Duration = Duration::from_secs(135);

/// What became of writes.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    /// Claims that were not true, and writes that nobody asked for.
    pub(crate) wrong: Vec<String>,
    /// Of the struck unit during the fault: writes that were acknowledged and that failed.
    pub(crate) sent: u32,
    pub(crate) failed: u32,
    /// Why they failed.
    pub(crate) failures: Vec<String>,
    /// Of the struck unit: the most mismatches in a row.
    pub(crate) mismatches: u32,
    /// Of the struck unit: how often it was told the same setpoint, at most.
    pub(crate) told_most: usize,
    /// Units that did not have at the end what they were told last, or were not known to.
    pub(crate) unlike: Vec<u8>,
}

/// The limit of a unit in a cycle, in per cent: it says whose it is.
fn percent(unit: u8, cycle: u16) -> u16 {
    u16::from(unit) * 10 + cycle / CYCLES_EACH % 10
}

fn commands(cycle: u16) -> Vec<Guarded<Command>> {
    UNITS.iter().map(|unit| limit(&name(*unit), percent(*unit, cycle))).collect()
}

/// Writes each cycle until the end.
pub(crate) async fn writes(stand: &Stand) -> Writes {
    let mut writes = Writes::default();
    let mut written = 0;
    loop {
        let now = stand.clock.now();
        let next = now.mono.after(CYCLE);
        let since = now.mono.since_start();
        let cycle = u16::try_from(since.min(LAST).as_secs() / CYCLE.as_secs()).expect("minutes");
        if since > Duration::ZERO {
            writes.verify(stand, written);
        }
        written = cycle;
        writes.write(stand, cycle).await;
        if next.since_start() >= END {
            stand.until(END).await;
            writes.end(stand, written);
            return writes;
        }
        stand.clock.sleep_until(next).await;
    }
}

impl Writes {
    async fn write(&mut self, stand: &Stand, cycle: u16) {
        let told = |unit: u8| stand.units[&unit].memory().acknowledged.clone();
        let before = UNITS.map(|unit| told(unit).len());
        let began = stand.clock.now();
        let receipts = stand.field.write(began, &commands(cycle)).await;
        for ((unit, before), receipt) in UNITS.into_iter().zip(before).zip(receipts) {
            let new = told(unit)[before..].to_vec();
            let wanted = percent(unit, cycle);
            let claim = match receipt.delivery {
                Delivery::Sent => new == [wanted],
                // It may have been carried out without our knowing, once.
                Delivery::Failed(_) => new.is_empty() || new == [wanted],
                Delivery::Unchanged | Delivery::Refreshed => new.is_empty(),
            };
            if !claim {
                let delivery = &receipt.delivery;
                self.wrong.push(format!("unit {unit}, {wanted} %: {delivery:?} and {new:?}"));
            }
            if unit == STRUCK && (FROM..TO).contains(&began.mono.since_start()) {
                match receipt.delivery {
                    Delivery::Sent => self.sent += 1,
                    Delivery::Failed(why) => {
                        self.failed += 1;
                        self.failures.push(why);
                    }
                    Delivery::Unchanged | Delivery::Refreshed => {}
                }
            }
        }
    }

    /// Compares what the drivers say of a cycle's commands with what the units have; gives the
    /// units whose commands are confirmed.
    fn verify(&mut self, stand: &Stand, cycle: u16) -> Vec<u8> {
        let commands = commands(cycle);
        let verified = stand.field.verify(&stand.field.freeze(stand.clock.now()), &commands);
        let mut confirmed = Vec::new();
        for (unit, command) in UNITS.into_iter().zip(&commands) {
            let has = stand.units[&unit].memory().limit;
            match &verified[&command.get().asset] {
                Verification::Confirmed => {
                    confirmed.push(unit);
                    if has != percent(unit, cycle) {
                        self.wrong.push(format!("unit {unit}: confirmed, and it has {has} %"));
                    }
                }
                Verification::Mismatch(times) if unit == STRUCK => {
                    self.mismatches = self.mismatches.max(*times);
                }
                _ => {}
            }
        }
        confirmed
    }

    fn end(&mut self, stand: &Stand, cycle: u16) {
        let confirmed = self.verify(stand, cycle);
        let obeys = |unit: &u8| {
            confirmed.contains(unit) && stand.units[unit].memory().limit == percent(*unit, cycle)
        };
        self.unlike = UNITS.into_iter().filter(|unit| !obeys(unit)).collect();
        let memory = stand.units[&STRUCK].memory();
        let values = &memory.acknowledged;
        let times = |wanted: &u16| values.iter().filter(|value| *value == wanted).count();
        self.told_most = values.iter().map(times).max().unwrap_or_default();
    }
}
