//! Faults of a link, as bytes and as data.
//!
//! A [`FaultPlan`] lists what goes wrong and when; it can be written down, read back and made from
//! a seed by others. [`wrap`] puts it between a client and any stream that leads to a server, ours
//! or somebody else's: the bytes of each exchange, a request and its answer, pass through it and
//! are spoiled as the plan says. The same plan, requests and instants give the same bytes.
//!
//! It never changes what a device is or does: that is [`crate::field::Fault`]'s.

mod carry;
mod connect;
mod cut;
mod line;
mod spoil;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use site::model::Endpoint;

pub use carry::{carry, wrap};
pub use connect::FaultyConnect;
pub use line::FaultyLine;

use super::RtuLine;

/// How the bytes of a link are framed, and so where an answer begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Modbus TCP, also within TLS.
    Tcp,
    /// Serial frames, over whatever.
    Rtu(RtuLine),
}

impl From<&Endpoint> for Framing {
    /// How the bytes of a link are framed that is opened at this address.
    fn from(endpoint: &Endpoint) -> Framing {
        match endpoint {
            Endpoint::Tcp { .. } | Endpoint::Tls { .. } => Framing::Tcp,
            Endpoint::RtuOverTcp { .. } => Framing::Rtu(RtuLine::over_tcp()),
            Endpoint::Serial { line, .. } => Framing::Rtu(RtuLine::serial(line.baud)),
        }
    }
}

/// What goes wrong on one link. Of several faults that apply to an exchange the first counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// The faults.
    pub events: Vec<FaultEvent>,
}

impl FaultPlan {
    /// One fault for all exchanges of a span.
    #[must_use]
    pub fn one(when: When, fault: WireFault) -> FaultPlan {
        FaultPlan { events: vec![FaultEvent { when, unit: None, fault }] }
    }

    /// The fault of an exchange, if it has one: the `nth` of the link (from 0), begun `since` the
    /// link's start, with this unit.
    #[must_use]
    pub fn fault(&self, nth: u64, since: Duration, unit: u8) -> Option<&WireFault> {
        let applies = |event: &&FaultEvent| {
            event.when.holds(nth, since) && event.unit.is_none_or(|it| it == unit)
        };
        self.events.iter().find(applies).map(|event| &event.fault)
    }
}

/// One fault, when it is there, and for which unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultEvent {
    /// Which exchanges have it.
    pub when: When,
    /// The unit asked; none for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<u8>,
    /// What goes wrong.
    pub fault: WireFault,
}

/// Which exchanges of a link have a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum When {
    /// So many exchanges, counted over the link's life and all its connections.
    Exchanges {
        /// The first, from 0.
        from: u64,
        /// How many.
        count: u64,
    },
    /// Those whose request comes in a span of time after the link's start, on the clock of the
    /// simulation.
    Between {
        /// Its begin, ms.
        from_ms: u64,
        /// Its end, which no longer belongs to it, ms.
        to_ms: u64,
    },
}

impl When {
    /// The `nth` exchange alone, from 0.
    #[must_use]
    pub fn nth(nth: u64) -> When {
        When::Exchanges { from: nth, count: 1 }
    }

    /// Every exchange.
    #[must_use]
    pub fn always() -> When {
        When::Exchanges { from: 0, count: u64::MAX }
    }

    fn holds(self, nth: u64, since: Duration) -> bool {
        match self {
            When::Exchanges { from, count } => nth.checked_sub(from).is_some_and(|n| n < count),
            When::Between { from_ms, to_ms } => {
                (Duration::from_millis(from_ms)..Duration::from_millis(to_ms)).contains(&since)
            }
        }
    }
}

/// What goes wrong with one exchange.
///
/// Checksums and lengths are made right again after a change, so that each fault is just what it
/// says. What a framing does not have (a transaction and a length on serial frames, a checksum over
/// TCP) cannot go wrong there: such a fault lets the answer pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WireFault {
    /// The request is lost: nothing is done and nothing is answered.
    LoseRequest,
    /// The answer is lost: what was asked has been done.
    LoseAnswer,
    /// The answer comes so much later, and with it all that follow.
    Delay {
        /// How much, ms.
        ms: u64,
    },
    /// The answer waits until the next request has come and goes before its answer.
    UntilNextRequest,
    /// The answer goes after the next one.
    SwapWithNext,
    /// The answer comes twice.
    Duplicate,
    /// Only so many bytes of the answer come.
    Truncate {
        /// How many.
        bytes: usize,
    },
    /// The answer comes byte by byte.
    Drip {
        /// The pause before each byte after the first, ms; at 0 each byte is a write of its own.
        gap_ms: u64,
    },
    /// The answer has another transaction number.
    Transaction {
        /// What is added to it.
        add: u16,
    },
    /// The answer comes from another unit.
    Unit {
        /// What is added to its number.
        add: u8,
    },
    /// The answer is to another function.
    Function {
        /// Its code.
        code: u8,
    },
    /// The answer to a read has more or fewer registers, or bytes of bits, than asked for, and says
    /// so in its own byte count.
    Registers {
        /// How many more; fewer when negative.
        more: i8,
    },
    /// The length in the header of a Modbus TCP answer is another than the answer's.
    HeaderLength {
        /// What it says.
        length: u16,
    },
    /// The answer is an exception, and the device was not asked.
    Exception {
        /// Its code, of which a device may send any.
        code: u8,
    },
    /// The checksum of a serial answer is wrong.
    Checksum,
    /// One bit of the answer is the other, anywhere in it and without a checksum made right.
    FlipBit {
        /// Which, counted over the whole frame and beginning anew at its end.
        bit: usize,
    },
    /// Bytes of nobody come before the answer.
    NoiseBefore {
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Bytes of nobody come after the answer.
    NoiseAfter {
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The request comes back before the answer, as some adapters for RS-485 have it.
    Echo,
    /// The connection is gone and nobody was told: nothing passes any more, in either direction.
    HalfOpen,
    /// The connection is closed after so many bytes of the answer.
    Close {
        /// How many; 0 is before answering.
        after_bytes: usize,
    },
}
