//! Requests and answers as whole messages, without a look at whether they are right: what a server
//! or a client makes of them is theirs to say.

use std::time::Duration;

use super::Framing;
use crate::modbus::rtu::{answer_bytes, request_bytes};

/// What is longer is no message, and passes as it is.
const MESSAGE_BYTES_MAX: usize = 512;
/// The length field of a Modbus TCP header stands here and counts from the byte after it on.
const LENGTH_AT: usize = 4;

/// Which way the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Requests,
    Answers,
}

/// Cuts one direction of a link into messages. Call [`Cutter::handle_bytes`], then
/// [`Cutter::poll_message`] until it gives none; [`Cutter::handle_silence`] gives up what is held.
#[derive(Debug)]
pub(super) struct Cutter {
    framing: Framing,
    side: Side,
    held: Vec<u8>,
}

impl Cutter {
    pub(super) fn new(framing: Framing, side: Side) -> Cutter {
        Cutter { framing, side, held: Vec::new() }
    }

    pub(super) fn handle_bytes(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    pub(super) fn poll_message(&mut self) -> Option<Vec<u8>> {
        let length = match (self.framing, self.side) {
            (Framing::Tcp, _) => tcp_bytes(&self.held),
            (Framing::Rtu(_), Side::Requests) => request_bytes(&self.held),
            (Framing::Rtu(_), Side::Answers) => answer_bytes(&self.held),
        };
        match length {
            Some(length) if length <= self.held.len() => {
                let rest = self.held.split_off(length);
                Some(std::mem::replace(&mut self.held, rest))
            }
            _ if self.held.len() > MESSAGE_BYTES_MAX => self.handle_silence(),
            _ => None,
        }
    }

    /// Everything held, as one message.
    pub(super) fn handle_silence(&mut self) -> Option<Vec<u8>> {
        let held = std::mem::take(&mut self.held);
        (!held.is_empty()).then_some(held)
    }

    /// How long a silence ends what is held; never when nothing is held, or when the framing does
    /// not know silences.
    pub(super) fn gap(&self) -> Option<Duration> {
        match self.framing {
            Framing::Rtu(line) if !self.held.is_empty() => Some(line.gap),
            _ => None,
        }
    }
}

fn tcp_bytes(held: &[u8]) -> Option<usize> {
    let length = held.get(LENGTH_AT..LENGTH_AT + 2)?;
    Some(LENGTH_AT + 2 + usize::from(u16::from_be_bytes([length[0], length[1]])))
}
