//! Batteries, sessions, wells and limits from outside, a line each.

use super::{UNKNOWN, kilowatts, local, one_line, printable};
use crate::status::{AssetDetails, AssetKind, AssetStatus, LimitStatus, SessionStatus, Status};
use jiff::tz::TimeZone;
use site::AssetId;
use site::plan::Basis;

/// Sessions that are shown one by one.
const SESSIONS_SHOWN: usize = 8;

/// What an asset's setting in force is, short.
pub(super) fn setting(asset: &AssetStatus) -> String {
    let AssetDetails { setting_watts, setting_amperes, .. } = asset.details;
    match (asset.setting_ratio, setting_watts, setting_amperes) {
        (Some(ratio), _, _) => format!("{:.0} %", ratio * 100.0),
        (_, Some(watts), _) => format!("{:.1} kW", watts / 1e3 + 0.0),
        (_, _, Some(amperes)) => format!("{amperes:.0} A"),
        _ => UNKNOWN.to_owned(),
    }
}

/// Lines below the assets: what is stored, wanted, and to be kept.
pub(super) fn energy(status: &Status) -> Vec<String> {
    let mut lines = Vec::new();
    for (id, asset) in &status.assets {
        lines.extend(stored(id, asset));
    }
    let sessions: Vec<String> =
        status.assets.iter().filter_map(|(id, asset)| session(status, id, asset)).collect();
    let more = sessions.len().saturating_sub(SESSIONS_SHOWN);
    lines.extend(sessions.into_iter().take(SESSIONS_SHOWN));
    if more > 0 {
        lines.push(format!("Session {more} more"));
    }
    if let Some(generator) = &status.grid.generator {
        lines.push(format!("Outage  {generator} runs: only what it carries may draw power"));
    }
    let zone = status.zone();
    lines.extend(status.grid.limits.iter().map(|l| format!("Limit   {}", words(l, &zone))));
    lines
}

fn stored(id: &AssetId, asset: &AssetStatus) -> Option<String> {
    let details = &asset.details;
    let percent =
        |share: Option<f64>| share.map_or(UNKNOWN.to_owned(), |s| format!("{:.0} %", 100.0 * s));
    let hours = |seconds: Option<f64>| {
        seconds.map_or(UNKNOWN.to_owned(), |seconds| format!("{:.1} h", seconds / 3600.0))
    };
    match asset.kind {
        AssetKind::Battery => Some(format!("Stored  {id}: {}", percent(details.charge_ratio))),
        AssetKind::LiftStation => Some(format!("Well    {id}: {}", percent(details.level_ratio))),
        AssetKind::Shiftable => Some(format!(
            "Today   {id}: has run {} of {}",
            hours(details.run_today_seconds),
            hours(details.daily_run_seconds)
        )),
        _ => None,
    }
}

fn session(status: &Status, id: &AssetId, asset: &AssetStatus) -> Option<String> {
    let SessionStatus { departure, wanted_watthours, basis, .. } = asset.details.session?;
    let wanted = wanted_watthours / 1e3;
    let known = match basis {
        Basis::Measured => "as it says",
        Basis::Held => "as known before",
        Basis::Modelled => "as booked",
        Basis::Outside => "as forecast by others",
        Basis::Default => "as usual",
    };
    let until = local(departure, &status.zone());
    Some(format!("Session {id}: {wanted:.1} kWh until {until}, {known}"))
}

/// All limits from outside, one line each.
#[must_use]
pub fn limits(limits: &[LimitStatus], zone: &TimeZone) -> String {
    if limits.is_empty() {
        return "no limit from outside is in force or to come\n".to_owned();
    }
    limits.iter().map(|limit| format!("{}\n", words(limit, zone))).collect()
}

fn words(limit: &LimitStatus, zone: &TimeZone) -> String {
    let number = limit.id.map_or("from the device".to_owned(), |id| format!("number {id}"));
    let from = match limit.in_force {
        true => String::new(),
        false => format!("from {} ", local(limit.from, zone)),
    };
    printable(&format!(
        "{}: {} at most {} {from}until {}; {}: {}",
        number,
        limit.direction.word(),
        kilowatts(limit.watts),
        local(limit.until, zone),
        one_line(&limit.author),
        one_line(&limit.reason)
    ))
}
