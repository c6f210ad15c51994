//! What people read in a terminal: plain text, no colour, one word per thing.

mod districts;
mod energy;
mod findings;
mod forecast;
mod plan;
mod points;
mod status;
mod tariff;
mod trips;
mod what_if;
mod writes;

pub use districts::districts;
pub use energy::limits;
pub use findings::findings;
pub use forecast::backtest;
pub use plan::plan;
pub use points::points;
pub use status::status;
pub use tariff::tariff;
pub use trips::{reset, trips};
pub use what_if::counterfactual;
pub use writes::{expected, writes, written};

use crate::http::Explanation;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Why an asset does what it does: the daemon's words, line by line.
#[must_use]
pub fn explanation(explanation: &Explanation) -> String {
    explanation.explanation.lines().fold(String::new(), |mut text, line| {
        text.push_str(&printable(line));
        text.push('\n');
        text
    })
}

/// Columns as wide as their widest cell; text (the second and the fourth) to the left, the others
/// to the right.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let left = matches!(column, 1 | 3);
            if left { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Day and time in a zone.
pub(super) fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %H:%M").to_string()
}

/// What stands where something is unknown.
const UNKNOWN: &str = "-";

/// Cut to so many characters, with a mark where something is missing.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// No control character reaches the terminal; columns stay where they are.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// One line of text, whatever came in: a line break in a device's words must not break the
/// screen.
pub(crate) fn one_line(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Power for people: kilowatts with one digit.
fn kilowatts(watts: f64) -> String {
    format!("{:.1} kW", watts / 1e3 + 0.0)
}
