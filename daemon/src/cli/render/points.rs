//! Points: one row for each.

use super::{one_line, printable};
use crate::status::{PointStatus, PointsStatus};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A row for each point: value, quality with the reason, and how old the reading is.
#[must_use]
pub fn points(status: &PointsStatus) -> String {
    let zone = TimeZone::get(&status.time_zone).unwrap_or(TimeZone::UTC);
    let at = status.at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
    let good = status.points.iter().filter(|point| point.quality == "good").count();
    let all = status.points.len();
    let mut text = format!("{} at {at}: {good} of {all} points are good\n", status.site);
    let rows: Vec<[String; 4]> = status.points.iter().map(|point| row(point, status.at)).collect();
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2)];
    for [name, value, quality, age] in &rows {
        let line = format!(
            "  {name:<0$}  {value:>1$}  {quality:<2$}  {age}",
            widths[0], widths[1], widths[2]
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn row(point: &PointStatus, now: Timestamp) -> [String; 4] {
    let quality = match &point.because {
        None => point.quality.clone(),
        Some(because) => format!("{}: {because}", point.quality),
    };
    let age = point.read_at.map_or(String::new(), |at| age(now, at));
    [printable(&point.point.to_string()), one_line(&point.words()), one_line(&quality), age]
}

/// How long ago, in the unit that fits.
fn age(now: Timestamp, at: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs_f64().max(0.0);
    match seconds {
        ..10.0 => format!("{seconds:.1} s"),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}
