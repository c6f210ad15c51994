//! Units whose values say where they belong and when they were told.

use crate::points::{INPUTS_FROM, LIMIT_AT, place, ticks};
use drivers::Clock;
use regie_sim::modbus::{Exception, Table, Unit};
use std::sync::{Arc, Mutex, MutexGuard};

/// What a unit remembers.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) limit: u16,
    /// Values that it acknowledged, in order.
    pub(crate) acknowledged: Vec<u16>,
    /// It acknowledges writes and does nothing.
    pub(crate) ignores: bool,
}

/// A unit. A clone is the same one.
#[derive(Debug, Clone)]
pub(crate) struct Telling {
    number: u8,
    clock: Clock,
    memory: Arc<Mutex<Memory>>,
}

impl Telling {
    pub(crate) fn new(number: u8, clock: &Clock) -> Telling {
        Telling { number, clock: clock.clone(), memory: Arc::default() }
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().expect("no test panics while holding it")
    }

    /// What a register holds; those of all points, whichever of them are read.
    fn word(&self, table: Table, address: u16, limit: u16) -> Result<u16, Exception> {
        match (table, address) {
            (Table::HoldingRegisters, 0 | 10 | 100 | 200 | 400 | 401) => {
                Ok(place(self.number, address))
            }
            (Table::InputRegisters, 0) => Ok(place(self.number, INPUTS_FROM)),
            (Table::HoldingRegisters, 1 | 101) | (Table::InputRegisters, 1) => {
                Ok(ticks(self.clock.now().mono))
            }
            (Table::HoldingRegisters, LIMIT_AT) => Ok(limit),
            _ => Err(Exception::IllegalDataAddress),
        }
    }
}

impl Unit for Telling {
    fn read(&mut self, table: Table, address: u16, count: u16) -> Result<Vec<u16>, Exception> {
        let limit = self.memory().limit;
        (address..address + count).map(|at| self.word(table, at, limit)).collect()
    }

    fn write(&mut self, table: Table, address: u16, values: &[u16]) -> Result<(), Exception> {
        let mut memory = self.memory();
        match (table, address, values) {
            (Table::HoldingRegisters, LIMIT_AT, [value]) => {
                memory.acknowledged.push(*value);
                if !memory.ignores {
                    memory.limit = *value;
                }
                Ok(())
            }
            _ => Err(Exception::IllegalDataAddress),
        }
    }
}
