//! What is wrong with a device.

use crate::modbus::Table;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// In which way a device fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It takes requests and never answers; its neighbours on the link do.
    Silent,
    /// Its link ends all connections and takes none: everything on the link is gone with it.
    Refuse,
    /// Somebody has switched it to local: it answers and follows no orders.
    Local,
    /// It shows for ever what it showed when it was first read after the fault began.
    Stuck,
    /// What it measures reads as "not available", or as not a number; whole numbers without such a
    /// mark are shown as ever.
    Blind,
    /// It acknowledges what is written to it, and does nothing.
    Deaf,
}

/// The faults that one device has now.
#[derive(Debug, Clone, Default)]
pub(super) struct Ailments {
    faults: BTreeSet<Fault>,
    /// What a stuck device shows.
    stuck: BTreeMap<(Table, u16), u16>,
}

impl Ailments {
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    pub(super) fn begin(&mut self, fault: Fault) {
        self.faults.insert(fault);
    }

    pub(super) fn end(&mut self, fault: Fault) {
        self.faults.remove(&fault);
        if fault == Fault::Stuck {
            self.stuck.clear();
        }
    }

    /// What is shown in the place of `words`, which stand from this address on.
    pub(super) fn shown(&mut self, (table, first): (Table, u16), words: Vec<u16>) -> Vec<u16> {
        if !self.has(Fault::Stuck) {
            return words;
        }
        let held = words.into_iter().zip(first..);
        held.map(|(word, address)| *self.stuck.entry((table, address)).or_insert(word)).collect()
    }
}
