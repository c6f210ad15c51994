//! Units whose values say where they belong and when they were told.

use drivers::Clock;
use drivers::profile::{self, Profile};
use regie_sim::modbus::{Exception, Table, Unit};
use site::Mono;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Points far apart, so that each is a question of its own. Three answers of two registers and two
/// of one look alike from outside: the worst case for lines without transaction numbers.
const PROFILE: &str = "
profile: telling
version: 1
description: values that say where they belong
first_address: 0
max_gap: 0
points:
  a: {holding: 0, kind: u32}
  b: {holding: 100, kind: u32}
  c: {input: 0, kind: u32}
  d: {holding: 200, kind: u16}
  limit: {holding: 300, kind: u16, access: read-write, write_function: single}
commands:
  limit:
    write: [{point: limit, value: percent}]
    confirm: [{point: limit, equals: percent, tolerance: 0.5}]
    settle: 1 s
";

/// The points with a place and an instant, by the number of their place.
pub(crate) const STAMPED: [(&str, u16); 3] = [("a", 0), ("b", 100), ("c", 500)];
/// The point with a place alone, one register wide like the limit.
pub(crate) const PLAIN: (&str, u16) = ("d", 200);
/// The point that is written.
pub(crate) const LIMIT: &str = "limit";
const LIMIT_AT: u16 = 300;
/// Inputs are counted from here on, to tell them from holding registers.
const INPUTS_FROM: u16 = 500;
/// The grain of the instants.
pub(crate) const TICK: Duration = Duration::from_millis(100);

pub(crate) fn telling() -> Arc<Profile> {
    let read = profile::read(PROFILE, Path::new("telling.yaml"));
    Arc::new(read.unwrap_or_else(|findings| panic!("{findings:?}")))
}

/// The place of a register, as its value says it: different for all points of up to 200 units.
pub(crate) fn place(unit: u8, address: u16) -> u16 {
    u16::from(unit).wrapping_mul(1000).wrapping_add(address)
}

/// Where a stamped value belongs, and when it was told.
pub(crate) fn read_stamp(value: f64) -> (u16, Mono) {
    #[expect(clippy::cast_possible_truncation, reason = "two registers make 32 bits")]
    #[expect(clippy::cast_sign_loss, reason = "an unsigned point")]
    let bits = value as u32;
    let [high, more, low, least] = bits.to_be_bytes();
    let ticks = u32::from(u16::from_be_bytes([low, least]));
    (u16::from_be_bytes([high, more]), Mono::new(TICK * ticks))
}

/// What a unit remembers.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) limit: u16,
    /// Values that it acknowledged, in order.
    pub(crate) acknowledged: Vec<u16>,
    /// It acknowledges writes and does nothing.
    pub(crate) ignores: bool,
    /// Questions to it, of any kind.
    pub(crate) asked: u64,
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

    fn word(&self, table: Table, address: u16, limit: u16) -> Result<u16, Exception> {
        let ticks = self.clock.now().mono.since_start().as_millis() / TICK.as_millis();
        match (table, address) {
            (Table::HoldingRegisters, 0 | 100 | 200) => Ok(place(self.number, address)),
            (Table::InputRegisters, 0) => Ok(place(self.number, INPUTS_FROM)),
            (Table::HoldingRegisters, 1 | 101) | (Table::InputRegisters, 1) => {
                Ok(u16::try_from(ticks).expect("a run is shorter than two hours"))
            }
            (Table::HoldingRegisters, LIMIT_AT) => Ok(limit),
            _ => Err(Exception::IllegalDataAddress),
        }
    }
}

impl Unit for Telling {
    fn read(&mut self, table: Table, address: u16, count: u16) -> Result<Vec<u16>, Exception> {
        let mut memory = self.memory();
        memory.asked += 1;
        (address..address + count).map(|at| self.word(table, at, memory.limit)).collect()
    }

    fn write(&mut self, table: Table, address: u16, values: &[u16]) -> Result<(), Exception> {
        let mut memory = self.memory();
        memory.asked += 1;
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
