//! One request to one answer, against one unit.

use super::request::Request;
use super::{Exception, Table, Unit};

/// Set in the function code of an answer that carries an exception.
const EXCEPTION_BIT: u8 = 0x80;

/// Does what a request asks of `unit` and gives the answer's function code and data.
///
/// Never fails: what cannot be done is answered by an exception, and a unit that gives another
/// number of values than asked for by exception 4. An empty request, which no [`super::Decoder`]
/// yields, is answered like function 0.
pub fn respond(unit: &mut dyn Unit, pdu: &[u8]) -> Vec<u8> {
    let (function, data) = pdu.split_first().map_or((0, [].as_slice()), |(f, data)| (*f, data));
    match Request::decode(function, data).and_then(|request| perform(unit, request, data)) {
        Ok(answer) => [vec![function], answer].concat(),
        Err(exception) => refuse(function, exception),
    }
}

/// The answer that refuses `function`.
pub(super) fn refuse(function: u8, exception: Exception) -> Vec<u8> {
    vec![function | EXCEPTION_BIT, exception as u8]
}

/// The data of the answer; `data` is that of the request, which writes repeat.
fn perform(unit: &mut dyn Unit, request: Request, data: &[u8]) -> Result<Vec<u8>, Exception> {
    match request {
        Request::Read { table, address, count } => {
            let values = read(unit, table, address, count)?;
            Ok(match table {
                Table::Coils | Table::DiscreteInputs => bits_data(&values),
                Table::HoldingRegisters | Table::InputRegisters => registers_data(&values),
            })
        }
        Request::WriteOne { table, address, value } => {
            unit.write(table, address, &[value])?;
            Ok(data.to_vec())
        }
        Request::WriteMany { table, address, values } => {
            unit.write(table, address, &values)?;
            Ok(data[..4].to_vec())
        }
        Request::Mask { address, and, or } => {
            let values = read(unit, Table::HoldingRegisters, address, 1)?;
            let masked = (values[0] & and) | (or & !and);
            unit.write(Table::HoldingRegisters, address, &[masked])?;
            Ok(data.to_vec())
        }
        Request::ReadWrite { address, count, write_address, values } => {
            unit.write(Table::HoldingRegisters, write_address, &values)?;
            Ok(registers_data(&read(unit, Table::HoldingRegisters, address, count)?))
        }
    }
}

/// Reads and holds the unit to its word about the number of values.
fn read(
    unit: &mut dyn Unit,
    table: Table,
    address: u16,
    count: u16,
) -> Result<Vec<u16>, Exception> {
    let values = unit.read(table, address, count)?;
    if values.len() == usize::from(count) {
        Ok(values)
    } else {
        Err(Exception::ServerDeviceFailure)
    }
}

/// A byte count and the bits, the first in the lowest bit of the first byte.
fn bits_data(values: &[u16]) -> Vec<u8> {
    let pack = |bits: &[u16]| {
        bits.iter().enumerate().fold(0u8, |byte, (n, &bit)| byte | (u8::from(bit != 0) << n))
    };
    with_count(values.chunks(8).map(pack).collect())
}

/// A byte count and the registers, each with its high byte first.
fn registers_data(values: &[u16]) -> Vec<u8> {
    with_count(values.iter().flat_map(|value| value.to_be_bytes()).collect())
}

fn with_count(bytes: Vec<u8>) -> Vec<u8> {
    let count = u8::try_from(bytes.len()).expect("at most 250 bytes: request counts are checked");
    [vec![count], bytes].concat()
}
