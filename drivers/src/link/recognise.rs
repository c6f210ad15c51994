//! Making sure, after each connect, that the device is the one we think it is.

use super::Link;
use super::ask::{Answer, Ask};
use super::unit::Identity;
use crate::error::FieldError;
use crate::profile::Table;
use crate::sunspec::{COMMON, Discovery, Found, SERIAL};
use site::{Reason, Sample};

impl Link {
    /// Opens the link, and recognises a SunSpec device after each connect: where its models are,
    /// and whether its serial number is still the same. Other devices cannot say who they are.
    pub(super) async fn recognise(&mut self, unit: usize) -> Result<(), FieldError> {
        self.wire.open().await?;
        if self.is_recognised(unit) {
            return Ok(());
        }
        let opened = self.wire.opened();
        // Once per connection: in boxes, so that every link's task is not as large as they are.
        if !Box::pin(self.same_device(unit)).await? {
            Box::pin(self.discover(unit)).await?;
        }
        // A connection that was replaced on the way is not recognised yet.
        self.units[unit].recognised_on = Some(opened);
        Ok(())
    }

    /// Whether the device on the present connection is known to be the right one.
    pub(super) fn is_recognised(&self, unit: usize) -> bool {
        let state = &self.units[unit];
        !state.profile.sunspec || state.recognised_on == Some(self.wire.opened())
    }

    /// Whether the serial number still stands where it stood. False when it was never read.
    async fn same_device(&mut self, unit: usize) -> Result<bool, FieldError> {
        let Some(Identity { address, words }) = self.units[unit].identity.clone() else {
            return Ok(false);
        };
        match self.holding(unit, address, SERIAL.1).await? {
            Some(found) if found == words => Ok(true),
            // It may be another one, or the same with its models in other places.
            _ => Ok(false),
        }
    }

    async fn discover(&mut self, unit: usize) -> Result<(), FieldError> {
        let mut discovery = Discovery::new();
        while let Some(address) = discovery.poll_read() {
            match self.holding(unit, address, 2).await? {
                Some(words) => discovery.handle_answer(Found::Registers(&words)),
                None => discovery.handle_answer(Found::IllegalAddress),
            }
        }
        let number = self.units[unit].device.unit;
        let models = discovery.into_models().ok_or(FieldError::NotSunSpec(number))?;
        let (offset, width) = SERIAL;
        if let Some(address) = models.address(COMMON, offset, width)
            && let Some(words) = self.holding(unit, address, width).await?
        {
            let state = &mut self.units[unit];
            match &state.identity {
                Some(first) if first.words != words => {
                    let (found, expected) = (text(&words), text(&first.words));
                    return Err(FieldError::AnotherDevice { unit: number, found, expected });
                }
                _ => state.identity = Some(Identity { address, words }),
            }
        }
        let at = self.clock.now().mono;
        let state = &mut self.units[unit];
        state.resolve(&models);
        let absent = |point| (point, Sample::bad(Reason::NotAvailable, at));
        state.image.handle_samples(state.lacking().map(absent));
        Ok(())
    }

    /// Holding registers, or nothing when the device has none there.
    async fn holding(
        &mut self,
        unit: usize,
        address: u16,
        count: u16,
    ) -> Result<Option<Vec<u16>>, FieldError> {
        let ask = Ask::Read { table: Table::Holding, address, count };
        let outcome = self.ask_unnoted(unit, &ask).await;
        // Nothing at a usual place is no trouble: it is how a device says where it ends.
        if let Err(FieldError::Refused { code: 0x02 | 0x03, .. }) = outcome {
            return Ok(None);
        }
        self.note(unit, &ask, &outcome);
        match outcome? {
            (Answer::Registers(words), _) => Ok(Some(words)),
            _ => Ok(None),
        }
    }
}

/// A serial number for people.
fn text(words: &[u16]) -> String {
    let bytes = words.iter().flat_map(|word| word.to_be_bytes()).take_while(|&byte| byte != 0);
    bytes.map(|byte| if byte.is_ascii_graphic() { char::from(byte) } else { '?' }).collect()
}
