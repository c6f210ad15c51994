//! A device's registers as they are, without a profile: for commissioning. Reads only; there is no
//! way to write from here.
//!
//! One [`Raw`] is one connection. It asks one thing at a time and, unlike a link of the field, does
//! not back off: somebody sits in front of it and waits.

mod fit;
mod shown;
mod told;

pub use crate::sunspec::ChainedModel;
pub use fit::{Fit, Survey};
pub use shown::{Interpretation, InterpretationError, Order};
pub use told::ServerId;

use crate::clock::Clock;
use crate::connect::Connect;
use crate::error::FieldError;
use crate::link::{Answer, Ask, Wire, seed};
use crate::profile::Table;
use site::model::Endpoint;
use std::sync::Arc;
use std::time::Duration;

/// The most registers of one request; longer reads are split.
const REGISTERS_MAX: u16 = 125;

/// The most bits of one request.
const BITS_MAX: u16 = 2000;

/// A device that closed the connection is given this long before the next attempt.
const REOPEN_PAUSE: Duration = Duration::from_millis(200);

/// Why there is no answer that can be shown. The text is complete.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RawError {
    /// No connection, or it broke before the answer.
    #[error("{0}")]
    Down(String),
    /// The unit did not answer in time.
    #[error("{0}")]
    Silent(String),
    /// The unit answered with a Modbus exception: it is there.
    #[error("{text}")]
    Refused {
        /// The exception's code.
        code: u8,
        /// The exception in words.
        words: String,
        /// All of it.
        text: String,
    },
    /// Something came that is no answer to the question.
    #[error("{0}")]
    Odd(String),
    /// The range ends past the last address, 65535, or is empty.
    #[error("{count} from {address} on do not end at 65535 or before; there is nothing beyond")]
    Beyond {
        /// The first address, 0-based.
        address: u16,
        /// How many.
        count: u16,
    },
}

impl RawError {
    /// Whether some unit answered, if only with a refusal of its own. A gateway that says that
    /// nobody answers behind it (exceptions 0x0A and 0x0B) is not the unit.
    #[must_use]
    pub const fn is_answer(&self) -> bool {
        match self {
            Self::Refused { code, .. } => !matches!(code, 0x0A | 0x0B),
            Self::Odd(_) => true,
            Self::Down(_) | Self::Silent(_) | Self::Beyond { .. } => false,
        }
    }
}

/// What stands in a range of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Of coils or discrete inputs.
    Bits(Vec<bool>),
    /// Of holding or input registers.
    Registers(Vec<u16>),
}

/// A range that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What stands there.
    pub content: Content,
    /// How long the slowest answer took, in real time.
    pub took: Duration,
}

/// One connection, for reading whatever somebody wants to see.
pub struct Raw {
    clock: Clock,
    wire: Wire,
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Raw").field("endpoint", self.wire.endpoint()).finish_non_exhaustive()
    }
}

impl Raw {
    /// A closed connection to `endpoint`.
    #[must_use]
    pub fn new(endpoint: Endpoint, connect: Arc<dyn Connect>, clock: Clock) -> Self {
        let spread = seed(&endpoint.to_string());
        let wire = Wire::new(endpoint, connect, clock.clone(), spread);
        Self { clock, wire }
    }

    /// Opens the connection; every other call does so by itself.
    ///
    /// # Errors
    /// [`RawError::Down`] when nobody is there.
    pub async fn open(&mut self) -> Result<(), RawError> {
        self.renew().await;
        self.wire.open().await.map_err(|error| told(&error))
    }

    /// Reads a range, in as many requests as it takes. `within` is how long each answer may take.
    ///
    /// # Errors
    /// The first trouble; what was read before it is not given.
    pub async fn read(
        &mut self,
        unit: u8,
        table: Table,
        (address, count): (u16, u16),
        within: Duration,
    ) -> Result<Reading, RawError> {
        if count == 0 || u32::from(address) + u32::from(count) > 0x1_0000 {
            return Err(RawError::Beyond { address, count });
        }
        let longest = if table.is_bits() { BITS_MAX } else { REGISTERS_MAX };
        let (mut bits, mut words, mut slowest) = (Vec::new(), Vec::new(), Duration::ZERO);
        let mut done = 0;
        while done < count {
            let length = longest.min(count - done);
            let ask = Ask::Read { table, address: address + done, count: length };
            let (answer, took) = self.ask(unit, within, &ask).await?;
            match answer {
                Answer::Bits(more) if bits.is_empty() => bits = more,
                Answer::Registers(more) if words.is_empty() => words = more,
                Answer::Bits(more) => bits.extend(more),
                Answer::Registers(more) => words.extend(more),
                Answer::Written | Answer::Told(_) => {}
            }
            slowest = slowest.max(took);
            done += length;
        }
        let content = if table.is_bits() { Content::Bits(bits) } else { Content::Registers(words) };
        Ok(Reading { content, took: slowest })
    }

    /// Asks one thing, on a new connection when the last one was lost.
    async fn ask(
        &mut self,
        unit: u8,
        within: Duration,
        ask: &Ask,
    ) -> Result<(Answer, Duration), RawError> {
        self.renew().await;
        self.wire.ask(unit, within, ask).await.map_err(|error| told(&error))
    }

    /// The pauses of a wire are made for a device that is away for hours; what it remembers of
    /// answers that are still owed stays.
    async fn renew(&mut self) {
        if self.wire.retry_at().is_some() {
            self.clock.sleep(REOPEN_PAUSE).await;
            self.wire.hurry();
        }
    }
}

fn told(error: &FieldError) -> RawError {
    let text = error.to_string();
    match error {
        FieldError::Timeout { .. } | FieldError::Silent { .. } => RawError::Silent(text),
        FieldError::Refused { code, words, .. } => {
            RawError::Refused { code: *code, words: words.clone(), text }
        }
        FieldError::WrongAnswer { .. } => RawError::Odd(text),
        _ => RawError::Down(text),
    }
}
