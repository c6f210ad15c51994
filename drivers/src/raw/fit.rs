//! What a SunSpec device has, and which built-in profiles could serve it.

use super::told::text;
use super::{Content, Raw, RawError};
use crate::profile::{self, Access, Location, Profile, Table};
use crate::sunspec::{COMMON, ChainedModel, Discovery, Found, Models, SERIAL};
use std::path::Path;
use std::time::Duration;

/// Where model 1 keeps its texts: offset and registers.
const MAKER: (u16, u16) = (2, 16);
const MODEL: (u16, u16) = (18, 16);
const VERSION: (u16, u16) = (42, 8);

/// What a SunSpec device says it has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survey {
    /// Where the marker stands, 0-based.
    pub base: u16,
    /// The chain of models, in the order of the device.
    pub models: Vec<ChainedModel>,
    /// Who made it; none when the device does not say.
    pub maker: Option<String>,
    /// What it is called.
    pub model: Option<String>,
    /// The version of its firmware.
    pub version: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// Built-in profiles that could serve it, the best fitting first.
    pub fits: Vec<Fit>,
}

/// A built-in profile, and how much of it a device has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The profile's name.
    pub profile: String,
    /// Points that the device has.
    pub found: usize,
    /// Points that the profile names.
    pub of: usize,
    /// Whether every command of the profile finds its points.
    pub commands: bool,
}

impl Raw {
    /// Looks for SunSpec: the marker at its three usual places, and the chain of models.
    ///
    /// # Errors
    /// When the unit is silent. That nothing is found at a place is no error; a device without a
    /// marker gives none.
    pub async fn survey(&mut self, unit: u8, within: Duration) -> Result<Option<Survey>, RawError> {
        let mut discovery = Discovery::new();
        while let Some(address) = discovery.poll_read() {
            match self.holding(unit, (address, 2), within).await? {
                Some(words) => discovery.handle_answer(Found::Registers(&words)),
                None => discovery.handle_answer(Found::IllegalAddress),
            }
        }
        let Some((base, models)) = discovery.into_chain() else { return Ok(None) };
        let known = Models::new(&models);
        let mut survey = Survey { base, models, fits: fits(&known), ..Survey::default() };
        for (place, (offset, width)) in [
            (&mut survey.maker, MAKER),
            (&mut survey.model, MODEL),
            (&mut survey.version, VERSION),
            (&mut survey.serial, SERIAL),
        ] {
            let Some(address) = known.address(COMMON, offset, width) else { continue };
            let words = self.holding(unit, (address, width), within).await?;
            *place = words.map(|words| text(&bytes(&words))).filter(|text| !text.is_empty());
        }
        Ok(Some(survey))
    }

    /// Holding registers; none when the device refuses them.
    async fn holding(
        &mut self,
        unit: u8,
        range: (u16, u16),
        within: Duration,
    ) -> Result<Option<Vec<u16>>, RawError> {
        match self.read(unit, Table::Holding, range, within).await {
            Ok(reading) => match reading.content {
                Content::Registers(words) => Ok(Some(words)),
                Content::Bits(_) => Ok(None),
            },
            Err(error) if error.is_answer() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn bytes(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The built-in SunSpec profiles of which a device has at least half the points, model 1 aside:
/// every device has that.
fn fits(models: &Models) -> Vec<Fit> {
    let mut fits: Vec<Fit> = profile::builtin_names()
        .into_iter()
        .filter_map(|name| profile::read(profile::builtin(name)?, Path::new(name)).ok())
        .filter(|profile| profile.sunspec)
        .map(|profile| fit(&profile, models))
        .filter(|fit| fit.found > 0 && fit.found * 2 >= fit.of)
        .collect();
    // Of two that fit as well, the one for any maker's device comes first.
    fits.sort_by_key(|fit| {
        let share = std::cmp::Reverse(fit.found * 1000 / fit.of.max(1));
        (share, !fit.profile.starts_with("sunspec-"), fit.profile.clone())
    });
    fits
}

fn fit(profile: &Profile, models: &Models) -> Fit {
    let has = |point: &profile::PointSpec| match point.location {
        Location::Model { model, offset } => {
            models.address(model, offset, point.encoding.kind.width()).is_some()
        }
        Location::Register { .. } => true,
    };
    // Whether a device has what lies outside of the models cannot be seen from them.
    let own = |point: &&profile::PointSpec| {
        matches!(point.location, Location::Model { model, .. } if model != COMMON)
            && point.access != Access::Write
    };
    let points: Vec<bool> = profile.points.iter().filter(own).map(has).collect();
    let mut written = profile.commands.values().flat_map(|command| &command.writes);
    let commands = written.all(|write| profile.point(&write.point).is_some_and(has));
    Fit {
        profile: profile.name.clone(),
        found: points.iter().filter(|found| **found).count(),
        of: points.len(),
        commands,
    }
}
