//! Nobody is flooded: neither a device with writes nor a record with words.

use super::{Moment, Rule, Scene};
use site::record::CycleRecord;
use std::collections::BTreeMap;

/// Writes to one device within a tick of ten seconds: an order of several registers, a heartbeat,
/// and each of them tried again.
const WRITES_MAX: usize = 24;
/// Verdicts of one cycle for each asset.
const VERDICTS_MAX: usize = 12;

pub(super) struct Bounded;

impl Rule for Bounded {
    fn name(&self) -> &'static str {
        "bounded"
    }

    fn tick(&mut self, moment: &Moment<'_>, found: &mut Vec<String>) {
        let mut writes: BTreeMap<_, usize> = BTreeMap::new();
        for (_, told) in moment.told {
            *writes.entry(&told.device).or_default() += 1;
        }
        for (device, count) in writes.into_iter().filter(|(_, count)| *count > WRITES_MAX) {
            found.push(format!("{device} was written to {count} times within a tick"));
        }
    }

    fn cycle(
        &mut self,
        scene: &Scene<'_>,
        _at: u32,
        record: &CycleRecord,
        found: &mut Vec<String>,
    ) {
        let assets = scene.site.devices.len() + scene.site.motors().count() + 8;
        if record.verdicts.len() > VERDICTS_MAX * assets {
            found.push(format!("{} verdicts in a cycle", record.verdicts.len()));
        }
        if record.commands.len() > assets {
            found.push(format!("{} commands in a cycle", record.commands.len()));
        }
    }
}
