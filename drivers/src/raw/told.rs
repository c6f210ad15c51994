//! What a device says of itself when it is asked.

use super::{Raw, RawError};
use crate::link::{Answer, Ask, Told};
use std::time::Duration;

/// Requests for one identification: the three basic objects come in one, or one by one.
const ROUNDS_MAX: usize = 8;

/// The longest text of one object that is kept.
const TEXT_MAX: usize = 128;

/// What function 17 tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerId {
    /// The id, whatever the maker means by it.
    pub id: u8,
    /// Its run indicator is on.
    pub runs: bool,
    /// What else it says, as text; empty when nothing can be read.
    pub more: String,
}

impl Raw {
    /// The basic objects of the device's identification (functions 43 and 14), by number: 0 is the
    /// maker's name, 1 the product code, 2 the revision. Empty when the device names none.
    ///
    /// # Errors
    /// When it does not answer, or does not know the function; most devices do not.
    pub async fn identity(
        &mut self,
        unit: u8,
        within: Duration,
    ) -> Result<Vec<(u8, String)>, RawError> {
        let (mut objects, mut from) = (Vec::new(), 0);
        for _ in 0..ROUNDS_MAX {
            let (answer, _) = self.ask(unit, within, &Ask::Identify { from }).await?;
            let Answer::Told(Told::Objects(more, next)) = answer else { break };
            objects.extend(more.into_iter().map(|(number, bytes)| (number, text(&bytes))));
            match next {
                Some(next) if next > from => from = next,
                _ => break,
            }
        }
        Ok(objects)
    }

    /// What the device says to function 17.
    ///
    /// # Errors
    /// As [`Raw::identity`].
    pub async fn server_id(&mut self, unit: u8, within: Duration) -> Result<ServerId, RawError> {
        match self.ask(unit, within, &Ask::ReportServer).await? {
            (Answer::Told(Told::Server(id, runs, more)), _) => {
                Ok(ServerId { id, runs, more: text(&more) })
            }
            _ => Err(RawError::Odd("another function's answer".into())),
        }
    }
}

/// The printable part of some bytes: no device writes to a terminal.
pub(super) fn text(bytes: &[u8]) -> String {
    let kept = bytes.iter().take(TEXT_MAX).take_while(|byte| **byte != 0);
    let printable = |byte: &u8| if (0x20..0x7F).contains(byte) { char::from(*byte) } else { '?' };
    kept.map(printable).collect::<String>().trim().to_owned()
}
