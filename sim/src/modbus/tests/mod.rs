//! Tests of the server: by hand-written bytes, by any split of a stream, and over real streams.

mod codec;
mod faults;
mod functions;
mod links;
mod rtu;
mod tls;

use std::collections::BTreeMap;

use super::{Exception, Table, Unit};

/// A unit that has just the addresses it was given, and keeps what is written.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Registers {
    values: BTreeMap<(Table, u16), u16>,
    /// Answered to every request, when set.
    refusal: Option<Exception>,
    /// Values left out of every read: a device that breaks its word.
    left_out: usize,
}

impl Registers {
    fn with(mut self, table: Table, address: u16, values: &[u16]) -> Registers {
        self.values
            .extend((address..=u16::MAX).zip(values).map(|(at, value)| ((table, at), *value)));
        self
    }

    fn at(&self, table: Table, address: u16) -> u16 {
        self.values[&(table, address)]
    }
}

/// What the server promises its units.
fn assert_span(address: u16, count: usize) {
    assert!(count > 0 && usize::from(address) + count <= 0x1_0000, "{count} from {address}");
}

impl Unit for Registers {
    fn read(&mut self, table: Table, address: u16, count: u16) -> Result<Vec<u16>, Exception> {
        assert_span(address, usize::from(count));
        self.refusal.map_or(Ok(()), Err)?;
        let spots = (address..=u16::MAX).take(usize::from(count));
        let values: Option<Vec<u16>> =
            spots.map(|at| self.values.get(&(table, at)).copied()).collect();
        let mut values = values.ok_or(Exception::IllegalDataAddress)?;
        values.truncate(values.len().saturating_sub(self.left_out));
        Ok(values)
    }

    fn write(&mut self, table: Table, address: u16, values: &[u16]) -> Result<(), Exception> {
        assert_span(address, values.len());
        self.refusal.map_or(Ok(()), Err)?;
        let spots = (address..=u16::MAX).zip(values).map(|(at, value)| ((table, at), *value));
        let spots: Vec<_> = spots.collect();
        if spots.iter().any(|(at, _)| !self.values.contains_key(at)) {
            return Err(Exception::IllegalDataAddress);
        }
        self.values.extend(spots);
        Ok(())
    }
}
