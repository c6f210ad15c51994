//! A range of registers, as they are.

use super::{ProbeArguments, Range};
use drivers::profile::Table;
use drivers::raw::{Content, Raw, RawError};
use serde::Serialize;

/// What stands in a range.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Look {
    /// The device.
    pub address: String,
    /// The Modbus unit.
    pub unit: u8,
    /// The table.
    pub table: &'static str,
    /// The first register or bit, 0-based as on the wire.
    pub first: u16,
    /// What was typed counts from 1; so do the numbers shown.
    pub from_one: bool,
    /// The registers, when it is a table of registers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub registers: Vec<u16>,
    /// The bits, when it is a table of bits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bits: Vec<bool>,
    /// How long the slowest answer took, in milliseconds.
    pub milliseconds: f64,
    /// What the registers were taken for.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Shown>,
    /// Another order, in which the first value looks like a measured one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its first register, 0-based.
    pub address: u16,
    /// The value, or "no value".
    pub value: String,
}

pub(super) async fn look(
    raw: &mut Raw,
    arguments: &ProbeArguments,
    range: Range,
) -> Result<Look, RawError> {
    let Range { table, first, count } = range;
    let beyond = RawError::Beyond { address: first, count };
    let first = if arguments.from_one { first.checked_sub(1).ok_or(beyond)? } else { first };
    let reading = raw.read(arguments.unit, table, (first, count), arguments.timeout).await?;
    let mut look = Look {
        address: arguments.address.to_string(),
        unit: arguments.unit,
        table: table.word(),
        first,
        from_one: arguments.from_one,
        registers: Vec::new(),
        bits: Vec::new(),
        milliseconds: reading.took.as_secs_f64() * 1e3,
        kind: None,
        values: Vec::new(),
        hint: None,
    };
    match reading.content {
        Content::Bits(bits) => look.bits = bits,
        Content::Registers(registers) => {
            if let Some(kind) = &arguments.kind {
                let address =
                    |place| first.saturating_add(u16::try_from(place).unwrap_or(u16::MAX));
                let values = kind.values(&registers).into_iter();
                look.values =
                    values.map(|(place, value)| Shown { address: address(place), value }).collect();
                look.kind = Some(kind.to_string());
                look.hint = kind.hint(&registers).map(|(order, value)| {
                    format!("the first does not look measured; with {order}: {value}")
                });
            }
            look.registers = registers;
        }
    }
    Ok(look)
}

impl Look {
    /// The table's first digit in Modicon's numbering of registers.
    pub(super) fn modicon(&self) -> u8 {
        match self.table {
            word if word == Table::Coil.word() => 0,
            word if word == Table::Discrete.word() => 1,
            word if word == Table::Input.word() => 3,
            _ => 4,
        }
    }
}
