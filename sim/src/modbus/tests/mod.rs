//! Tests of the server: by hand-written bytes, by any split of a stream, and over real streams.

mod codec;
mod faults;
mod functions;
mod links;
mod rtu;
mod tls;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

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

/// A Modbus TCP frame, by hand.
fn adu(transaction: u16, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let mut bytes = transaction.to_be_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes.extend(u16::try_from(pdu.len() + 1).unwrap().to_be_bytes());
    bytes.push(unit);
    bytes.extend(pdu);
    bytes
}

/// Gives bytes to a decoder in pieces of the given lengths, repeated, until all are taken or it
/// breaks off. `take` says how many bytes of a piece it took.
fn in_pieces<E>(
    mut bytes: &[u8],
    pieces: &[usize],
    mut take: impl FnMut(&[u8]) -> ControlFlow<E, usize>,
) -> Option<E> {
    let mut pieces = pieces.iter().cycle();
    while !bytes.is_empty() {
        let piece = (*pieces.next().expect("some pieces")).min(bytes.len());
        match take(&bytes[..piece]) {
            ControlFlow::Continue(taken) => {
                assert!(taken > 0, "the decoder has to make progress");
                bytes = &bytes[taken..];
            }
            ControlFlow::Break(ended) => return Some(ended),
        }
    }
    None
}
