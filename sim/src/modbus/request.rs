//! Function code and data to a checked request (application protocol, §6).

use super::{Exception, Table};

/// Most bits in one read (functions 1 and 2).
const READ_BITS_MAX: u16 = 2000;
/// Most registers in one read (functions 3, 4 and 23).
const READ_REGISTERS_MAX: u16 = 125;
/// Most coils in one write (function 15).
const WRITE_COILS_MAX: u16 = 1968;
/// Most registers in one write (function 16).
const WRITE_REGISTERS_MAX: u16 = 123;
/// Most registers written by one write-and-read (function 23).
const READ_WRITE_REGISTERS_MAX: u16 = 121;
/// How function 5 says "on"; "off" is 0 and nothing else is allowed.
const COIL_ON: u16 = 0xFF00;
/// One more than the highest address.
const ADDRESSES: u32 = 0x1_0000;

/// A request whose counts, lengths and addresses have been checked against the specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// Functions 1 to 4.
    Read { table: Table, address: u16, count: u16 },
    /// Functions 5 and 6: one value, answered by the request itself.
    WriteOne { table: Table, address: u16, value: u16 },
    /// Functions 15 and 16.
    WriteMany { table: Table, address: u16, values: Vec<u16> },
    /// Function 22: keep the bits of `and`, set those of `or` that `and` clears.
    Mask { address: u16, and: u16, or: u16 },
    /// Function 23: write first, then read.
    ReadWrite { address: u16, count: u16, write_address: u16, values: Vec<u16> },
}

impl Request {
    /// Reads the data of `function`, checking in the specification's order: the function, the
    /// counts and lengths (exception 3), then the addresses (exception 2).
    pub(super) fn decode(function: u8, data: &[u8]) -> Result<Request, Exception> {
        match function {
            0x01 => read(Table::Coils, data, READ_BITS_MAX),
            0x02 => read(Table::DiscreteInputs, data, READ_BITS_MAX),
            0x03 => read(Table::HoldingRegisters, data, READ_REGISTERS_MAX),
            0x04 => read(Table::InputRegisters, data, READ_REGISTERS_MAX),
            0x05 => write_coil(data),
            0x06 => {
                let [address, value] = words(data)?;
                Ok(Request::WriteOne { table: Table::HoldingRegisters, address, value })
            }
            0x0F => write_coils(data),
            0x10 => write_registers(data),
            0x16 => {
                let [address, and, or] = words(data)?;
                Ok(Request::Mask { address, and, or })
            }
            0x17 => read_write(data),
            _ => Err(Exception::IllegalFunction),
        }
    }
}

fn read(table: Table, data: &[u8], count_max: u16) -> Result<Request, Exception> {
    let [address, count] = words(data)?;
    check_count(count, count_max)?;
    check_span(address, count)?;
    Ok(Request::Read { table, address, count })
}

fn write_coil(data: &[u8]) -> Result<Request, Exception> {
    let [address, wire] = words(data)?;
    let value = match wire {
        COIL_ON => 1,
        0 => 0,
        _ => return Err(Exception::IllegalDataValue),
    };
    Ok(Request::WriteOne { table: Table::Coils, address, value })
}

fn write_coils(data: &[u8]) -> Result<Request, Exception> {
    let ([address, count], packed) = head(data)?;
    check_count(count, WRITE_COILS_MAX)?;
    let packed = counted(packed, usize::from(count).div_ceil(8))?;
    check_span(address, count)?;
    let bit = |n: usize| u16::from(packed[n / 8] >> (n % 8) & 1);
    let values = (0..usize::from(count)).map(bit).collect();
    Ok(Request::WriteMany { table: Table::Coils, address, values })
}

fn write_registers(data: &[u8]) -> Result<Request, Exception> {
    let ([address, count], bytes) = head(data)?;
    check_count(count, WRITE_REGISTERS_MAX)?;
    let values = registers(counted(bytes, usize::from(count) * 2)?);
    check_span(address, count)?;
    Ok(Request::WriteMany { table: Table::HoldingRegisters, address, values })
}

fn read_write(data: &[u8]) -> Result<Request, Exception> {
    let ([address, count, write_address, write_count], bytes) = head(data)?;
    check_count(count, READ_REGISTERS_MAX)?;
    check_count(write_count, READ_WRITE_REGISTERS_MAX)?;
    let values = registers(counted(bytes, usize::from(write_count) * 2)?);
    check_span(address, count)?;
    check_span(write_address, write_count)?;
    Ok(Request::ReadWrite { address, count, write_address, values })
}

fn check_count(count: u16, count_max: u16) -> Result<(), Exception> {
    if (1..=count_max).contains(&count) { Ok(()) } else { Err(Exception::IllegalDataValue) }
}

fn check_span(address: u16, count: u16) -> Result<(), Exception> {
    let end = u32::from(address) + u32::from(count);
    if end <= ADDRESSES { Ok(()) } else { Err(Exception::IllegalDataAddress) }
}

/// The data as exactly `N` words.
fn words<const N: usize>(data: &[u8]) -> Result<[u16; N], Exception> {
    match head(data)? {
        (words, []) => Ok(words),
        _ => Err(Exception::IllegalDataValue),
    }
}

/// The first `N` words of the data, and the rest.
fn head<const N: usize>(data: &[u8]) -> Result<([u16; N], &[u8]), Exception> {
    let (head, rest) = data.split_at_checked(N * 2).ok_or(Exception::IllegalDataValue)?;
    Ok((std::array::from_fn(|n| u16::from_be_bytes([head[2 * n], head[2 * n + 1]])), rest))
}

/// The bytes after a byte count, which has to say `expected` and be right.
fn counted(data: &[u8], expected: usize) -> Result<&[u8], Exception> {
    match data {
        [count, bytes @ ..] if usize::from(*count) == expected && bytes.len() == expected => {
            Ok(bytes)
        }
        _ => Err(Exception::IllegalDataValue),
    }
}

fn registers(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}
