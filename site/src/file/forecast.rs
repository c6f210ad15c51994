//! The forecast's part of the site file: a file with a forecast that others make.

use super::{Context, seconds};
use crate::model::OutsideForecast;
use crate::text::Section;

/// A forecast older than this is not used, s.
const MAX_AGE: u64 = 36 * 3600;
/// One's own forecast passes into the outside one over this time, s.
const BLEND: u64 = 3 * 3600;

pub(super) fn read(section: Option<Section<'_>>, context: &Context<'_>) -> Option<OutsideForecast> {
    let section = section?;
    // The file comes and goes while the daemon runs: that it is missing is no finding.
    let file = section.text("file").map(|text| context.folder.join(text));
    let max_age = seconds(&section, "max_age", MAX_AGE);
    let blend = seconds(&section, "blend", BLEND);
    section.finish();
    Some(OutsideForecast { file: file?, max_age, blend })
}
