//! A unit with some of each table, and a look into it.

use regie_sim::modbus::{Bus, Exception, Table, Unit, UnknownUnit};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A unit whose addresses hold zeros until they are set. A clone is the same unit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<BTreeMap<(Table, u16), u16>>>);

impl Memory {
    /// Addresses 0 to 199 of each table.
    pub(crate) fn new() -> Memory {
        let memory = Memory::default();
        for table in
            [Table::Coils, Table::DiscreteInputs, Table::HoldingRegisters, Table::InputRegisters]
        {
            memory.set(table, 0, &[0; 200]);
        }
        memory
    }

    /// A bus with this unit at number 1.
    pub(crate) fn bus(&self) -> Bus {
        let bus = Bus::new(UnknownUnit::GatewayTargetFailed);
        bus.insert(1, self.clone());
        bus
    }

    pub(crate) fn set(&self, table: Table, address: u16, values: &[u16]) {
        let spots = (address..=u16::MAX).zip(values).map(|(at, value)| ((table, at), *value));
        self.0.lock().expect("no test panics while holding it").extend(spots);
    }

    pub(crate) fn get(&self, table: Table, address: u16, count: u16) -> Option<Vec<u16>> {
        let values = self.0.lock().expect("no test panics while holding it");
        (address..address + count).map(|at| values.get(&(table, at)).copied()).collect()
    }
}

impl Unit for Memory {
    fn read(&mut self, table: Table, address: u16, count: u16) -> Result<Vec<u16>, Exception> {
        self.get(table, address, count).ok_or(Exception::IllegalDataAddress)
    }

    fn write(&mut self, table: Table, address: u16, values: &[u16]) -> Result<(), Exception> {
        let count = u16::try_from(values.len()).expect("a request is short");
        self.get(table, address, count).ok_or(Exception::IllegalDataAddress)?;
        self.set(table, address, values);
        Ok(())
    }
}
