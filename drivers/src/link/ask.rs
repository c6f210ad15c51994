//! One question to a device, and whether an answer fits it.

use super::line::Look;
use crate::codec::Raw;
use crate::profile::{Table, WriteFunction};
use std::borrow::Cow;
use std::fmt;
use tokio_modbus::prelude::{ReadCode, ReadDeviceIdentificationResponse};
use tokio_modbus::{Request, Response};

/// One Modbus request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Read so many bits or registers.
    Read {
        /// The table.
        table: Table,
        /// The first, 0-based.
        address: u16,
        /// How many.
        count: u16,
    },
    /// Write to a coil or to holding registers.
    Write {
        /// The first, 0-based.
        address: u16,
        /// What.
        raw: Raw,
        /// With which functions.
        function: WriteFunction,
    },
    /// Read the device's identification, from this object on (functions 43 and 14).
    Identify {
        /// The first object.
        from: u8,
    },
    /// Report the server's id (function 17).
    ReportServer,
}

/// An answer that fits its question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// As many bits as asked for.
    Bits(Vec<bool>),
    /// As many registers as asked for.
    Registers(Vec<u16>),
    /// The write was acknowledged, with its own address and content.
    Written,
    /// What the device says of itself.
    Told(Told),
}

/// What a device says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// Objects of its identification, and the one to go on with when there are more.
    Objects(Vec<(u8, Vec<u8>)>, Option<u8>),
    /// Its server id, whether it runs, and what else it says.
    Server(u8, bool, Vec<u8>),
}

impl Ask {
    /// The request in the client library's words.
    pub(crate) fn request(&self) -> Request<'static> {
        match self {
            Self::Read { table, address, count } => match table {
                Table::Coil => Request::ReadCoils(*address, *count),
                Table::Discrete => Request::ReadDiscreteInputs(*address, *count),
                Table::Holding => Request::ReadHoldingRegisters(*address, *count),
                Table::Input => Request::ReadInputRegisters(*address, *count),
            },
            Self::Identify { from } => Request::ReadDeviceIdentification(ReadCode::Basic, *from),
            Self::ReportServer => Request::ReportServerId,
            Self::Write { address, raw, function } => match (raw, function) {
                (Raw::Bit(bit), WriteFunction::Single) => Request::WriteSingleCoil(*address, *bit),
                (Raw::Bit(bit), WriteFunction::Multiple) => {
                    Request::WriteMultipleCoils(*address, Cow::Owned(vec![*bit]))
                }
                (Raw::Registers(words), function) => match (words.as_slice(), function) {
                    (&[word], WriteFunction::Single) => {
                        Request::WriteSingleRegister(*address, word)
                    }
                    _ => Request::WriteMultipleRegisters(*address, Cow::Owned(words.clone())),
                },
            },
        }
    }

    /// Whether it writes.
    pub(crate) const fn writes(&self) -> bool {
        matches!(self, Self::Write { .. })
    }

    /// What its answer looks like from outside.
    pub(super) fn look(&self) -> Look {
        match self {
            Self::Read { table, count, .. } => {
                let bytes = if table.is_bits() { count.div_ceil(8) } else { count * 2 };
                let function = match table {
                    Table::Coil => 1,
                    Table::Discrete => 2,
                    Table::Holding => 3,
                    Table::Input => 4,
                };
                Look { function, first: bytes, second: 0 }
            }
            Self::Write { address, raw, function } => {
                let (function, second) = match (raw, function) {
                    (Raw::Bit(bit), WriteFunction::Single) => (5, u16::from(*bit)),
                    (Raw::Bit(_), WriteFunction::Multiple) => (15, 1),
                    (Raw::Registers(words), function) => match (words.as_slice(), function) {
                        (&[word], WriteFunction::Single) => (6, word),
                        _ => (16, u16::try_from(words.len()).unwrap_or(u16::MAX)),
                    },
                };
                Look { function, first: *address, second }
            }
            Self::Identify { from } => Look { function: 0x2B, first: u16::from(*from), second: 0 },
            Self::ReportServer => Look { function: 0x11, first: 0, second: 0 },
        }
    }

    /// Harmless reads at the same place whose answers look different from each other.
    pub(super) fn alternatives(&self) -> Vec<Self> {
        let (table, address, count) = match self {
            Self::Read { table, address, count } => (*table, *address, *count),
            Self::Write { address, raw: Raw::Bit(_), .. } => (Table::Coil, *address, 0),
            Self::Write { address, .. } => (Table::Holding, *address, 0),
            Self::Identify { .. } | Self::ReportServer => (Table::Holding, 0, 0),
        };
        let step = if table.is_bits() { 8 } else { 1 };
        let counts = [count + step, count.saturating_sub(step), count + 2 * step, count + 3 * step];
        let longest = if table.is_bits() { 2000 } else { 125 };
        let fits = |count: &u16| {
            (1..=longest).contains(count) && u32::from(address) + u32::from(*count) <= 0x1_0000
        };
        let read = |count| Self::Read { table, address, count };
        counts.into_iter().filter(fits).map(read).collect()
    }

    /// The answer, when the response fits in kind, length, address and content.
    ///
    /// # Errors
    /// What does not fit, in words. The client library checks none of this.
    pub(crate) fn answer(&self, response: Response) -> Result<Answer, String> {
        match (self, response) {
            (Self::Read { table: Table::Coil, count, .. }, Response::ReadCoils(bits))
            | (
                Self::Read { table: Table::Discrete, count, .. },
                Response::ReadDiscreteInputs(bits),
            ) => exact_bits(bits, usize::from(*count)),
            (
                Self::Read { table: Table::Holding, count, .. },
                Response::ReadHoldingRegisters(words),
            )
            | (
                Self::Read { table: Table::Input, count, .. },
                Response::ReadInputRegisters(words),
            ) => {
                if words.len() == usize::from(*count) {
                    return Ok(Answer::Registers(words));
                }
                Err(format!("{} registers instead of {count}", words.len()))
            }
            (Self::Write { address, raw, .. }, response) => written(*address, raw, &response),
            (Self::Identify { .. }, Response::ReadDeviceIdentification(told)) => Ok(objects(told)),
            (Self::ReportServer, Response::ReportServerId(id, runs, more)) => {
                Ok(Answer::Told(Told::Server(id, runs, more)))
            }
            _ => Err("another function's answer".into()),
        }
    }
}

/// Bits come in whole bytes; the padding is cut off.
fn exact_bits(mut bits: Vec<bool>, count: usize) -> Result<Answer, String> {
    if bits.len().div_ceil(8) != count.div_ceil(8) || bits.len() < count {
        return Err(format!("{} bits instead of {count}", bits.len()));
    }
    bits.truncate(count);
    Ok(Answer::Bits(bits))
}

fn objects(told: ReadDeviceIdentificationResponse) -> Answer {
    let next = told.more_follows.then_some(told.next_object_id);
    let objects = told.device_id_objects.into_iter();
    Answer::Told(Told::Objects(objects.map(|one| (one.id, one.value.to_vec())).collect(), next))
}

fn written(address: u16, raw: &Raw, response: &Response) -> Result<Answer, String> {
    let fits = match (raw, response) {
        (Raw::Bit(bit), Response::WriteSingleCoil(at, echo)) => *at == address && echo == bit,
        (Raw::Bit(_), Response::WriteMultipleCoils(at, count)) => *at == address && *count == 1,
        (Raw::Registers(words), Response::WriteSingleRegister(at, echo)) => {
            *at == address && words.as_slice() == [*echo]
        }
        (Raw::Registers(words), Response::WriteMultipleRegisters(at, count)) => {
            *at == address && usize::from(*count) == words.len()
        }
        _ => false,
    };
    if fits { Ok(Answer::Written) } else { Err("the echo differs from what was written".into()) }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { table, address, count } => {
                write!(f, "reading {count} from {} {address}", table.word())
            }
            Self::Identify { .. } => f.write_str("reading the identification"),
            Self::ReportServer => f.write_str("asking for the server id"),
            Self::Write { address, raw: Raw::Bit(_), .. } => write!(f, "writing coil {address}"),
            Self::Write { address, raw: Raw::Registers(words), .. } => {
                write!(f, "writing {} to holding {address}", words.len())
            }
        }
    }
}
