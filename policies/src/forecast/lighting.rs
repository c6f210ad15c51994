//! What a lighting program wants at an instant: dusk and dawn from the sun, the rest from the
//! local clock.

use super::sun::is_night;
use jiff::civil::Time;
use jiff::{Timestamp, ToSpan};
use site::Site;
use site::asset::{Lighting, ProgramLine, ProgramStart};
use site::plan::LightingWindow;
use site::units::Ratio;

/// A night is never longer than this where programs by dusk and dawn make sense.
const NIGHT_HOURS_MAX: f64 = 18.0;

/// The line of the night's program in force at `at`; none by day, and none while an order has the
/// lamps off.
#[must_use]
pub fn line_at<'a>(site: &Site, lighting: &'a Lighting, at: Timestamp) -> Option<&'a ProgramLine> {
    if !is_night(site, at) || lighting.extinct(at, &site.zone, site.holidays).is_some() {
        return None;
    }
    let program = lighting.program_at(at, &site.zone, site.holidays);
    let begun = |line: &'a ProgramLine| match line.from {
        ProgramStart::Dusk => None,
        ProgramStart::Clock(time) => {
            let hours = hours_since(site, time, at)?;
            let start = site::time::add_seconds(at, -hours * 3600.0);
            let this_night = hours < NIGHT_HOURS_MAX && is_night(site, start);
            this_night.then_some((hours, line))
        }
    };
    let clocked = program.iter().filter_map(begun);
    let latest = clocked.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, line)| line);
    latest.or_else(|| program.iter().find(|line| line.from == ProgramStart::Dusk))
}

/// Hours since the local clock last showed `time`.
fn hours_since(site: &Site, time: Time, at: Timestamp) -> Option<f64> {
    let local = at.to_zoned(site.zone.clone());
    let today = local.with().time(time).build().ok()?;
    let start = if today.timestamp() <= at { today } else { today.checked_sub(1.day()).ok()? };
    Some(site::time::seconds_between(start.timestamp(), at) / 3600.0)
}

/// What is wanted and allowed at one instant: an override, then the orders of extinction, then the
/// program of the night.
#[must_use]
pub fn window_at(site: &Site, lighting: &Lighting, at: Timestamp) -> LightingWindow {
    if let Some(order) = lighting.override_at(at, &site.zone) {
        return LightingWindow { level: order.level, may_dim_to: order.level };
    }
    line_at(site, lighting, at)
        .map_or(LightingWindow { level: Ratio::ZERO, may_dim_to: Ratio::ZERO }, |line| {
            LightingWindow { level: line.level, may_dim_to: line.may_dim_to }
        })
}
