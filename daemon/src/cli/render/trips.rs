//! Trips and their resets as text.

use super::one_line;
use crate::control::ResetReport;
use crate::status::TripReport;
use crate::store::ResetEntry;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use policies::guard::Trip;
use site::AssetId;

/// What has tripped, and what was reset last.
#[must_use]
pub fn trips(report: &TripReport, zone: &TimeZone) -> String {
    let mut text: String = report.trips.iter().map(|(id, trip)| one(id, trip, zone)).collect();
    if text.is_empty() {
        text.push_str("nothing has tripped\n");
    }
    if !report.resets.is_empty() {
        text.push_str("Reset, the newest first:\n");
        text.extend(report.resets.iter().map(|entry| past(entry, zone)));
    }
    text
}

/// What came of a reset.
#[must_use]
pub fn reset(report: &ResetReport) -> String {
    let (asset, cause) = (&report.asset, report.trip.cause.word());
    match &report.again {
        None => format!("{asset}: {cause} was reset\n"),
        Some(again) => format!(
            "{asset}: {cause} was reset, and it tripped again at once ({}): {}\n",
            again.cause.word(),
            one_line(&again.reason)
        ),
    }
}

fn one(id: &AssetId, trip: &Trip, zone: &TimeZone) -> String {
    let (cause, at, reason) = (trip.cause.word(), at(trip.at, zone), one_line(&trip.reason));
    format!("{id}: {cause} since {at}: {reason}\n    {}\n", trip.end_words(id))
}

fn past(entry: &ResetEntry, zone: &TimeZone) -> String {
    let ResetEntry { who, asset, trip, reason, .. } = entry;
    let (who, reason, seen) = (one_line(who), one_line(reason), one_line(&trip.reason));
    let (at, cause) = (at(entry.at, zone), trip.cause.word());
    format!("  {at} {asset} by {who}: {reason}\n    ({cause}: {seen})\n")
}

fn at(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}
