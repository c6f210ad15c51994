//! The text of an outside forecast: comma-separated values, a header first.

use jiff::Timestamp;
use policies::forecast::outside::{Given, Outside, OutsideError, Row, Subject};
use site::Site;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The most rows that are read: a year of quarters of an hour.
const ROWS_MAX: usize = 36_000;
/// What a column's name ends with when it is a spread.
const SPREAD: &str = "_spread";

/// Why a file is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is not there, or cannot be read.
    #[error("the outside forecast '{}' cannot be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// A line is wrong.
    #[error("{}:{line}: {what}; correct the file", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, the header is 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// The rows make no forecast.
    #[error("the outside forecast '{}': {error}", path.display())]
    Rows {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: OutsideError,
    },
}

/// A column: what it is about, its unit as a factor to the base unit, and whether it is a spread.
#[derive(Debug, Clone, PartialEq)]
struct Column {
    subject: Subject,
    factor: f64,
    spread: bool,
}

/// Reads the text of a forecast: `start` (RFC 3339), and columns such as `PV1_kW`,
/// `base_load_kW`, `demand_m3h`, with `_spread` behind for spreads. Nothing in a cell is nothing
/// given.
///
/// # Errors
/// At the first line that is wrong.
pub fn parse(site: &Site, path: &Path, text: &str) -> Result<Outside, FileError> {
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let wrong = |line: u64, what: String| FileError::Line { path: path.to_owned(), line, what };
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        wrong(line, format!("this is no row of comma-separated values ({error})"))
    };
    let header = reader.headers().map_err(broken)?.clone();
    let columns = columns(site, &header).map_err(|what| wrong(1, what))?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        if rows.len() == ROWS_MAX {
            return Err(wrong(line, format!("there are more than {ROWS_MAX} rows")));
        }
        rows.push(row(&columns, &record).map_err(|what| wrong(line, what))?);
    }
    Outside::new(rows).map_err(|error| FileError::Rows { path: path.to_owned(), error })
}

/// The columns after `start`; each once, and no spread without its value.
fn columns(site: &Site, header: &csv::StringRecord) -> Result<Vec<Column>, String> {
    let mut names = header.iter();
    if names.next() != Some("start") {
        return Err("the first column is not 'start'".to_owned());
    }
    let mut columns: Vec<Column> = Vec::new();
    for name in names {
        let column = column(site, name)?;
        let same =
            |other: &&Column| other.subject == column.subject && other.spread == column.spread;
        if columns.iter().find(same).is_some() {
            return Err(format!("column '{name}' says again what an earlier one says"));
        }
        columns.push(column);
    }
    for spread in columns.iter().filter(|column| column.spread) {
        if !columns.iter().any(|other| !other.spread && other.subject == spread.subject) {
            return Err("a spread has no column with its value".to_owned());
        }
    }
    if columns.is_empty() { Err("there is no column but 'start'".to_owned()) } else { Ok(columns) }
}

fn column(site: &Site, name: &str) -> Result<Column, String> {
    let (value, spread) = name.strip_suffix(SPREAD).map_or((name, false), |value| (value, true));
    if value == "demand_m3h" {
        return Ok(Column { subject: Subject::Demand, factor: 1.0 / 3600.0, spread });
    }
    let unit = |end: &str, factor: f64| Some((value.strip_suffix(end)?, factor));
    let Some((of, factor)) = unit("_kW", 1e3).or_else(|| unit("_W", 1.0)) else {
        return Err(format!(
            "column '{name}' has no unit; write base_load_kW, demand_m3h, or an inverter's name \
             with _kW or _W, and _spread behind it for a spread"
        ));
    };
    let inverter = || site.inverters.iter().find(|inverter| inverter.id.as_str() == of);
    let subject = match of {
        "base_load" => Subject::BaseLoad,
        _ => {
            Subject::Inverter(inverter().map(|inverter| inverter.id.clone()).ok_or_else(|| {
                let known: Vec<&str> = site.inverters.iter().map(|i| i.id.as_str()).collect();
                format!(
                    "column '{name}': the site has no inverter '{of}', it has: {}",
                    known.join(", ")
                )
            })?)
        }
    };
    Ok(Column { subject, factor, spread })
}

fn row(columns: &[Column], record: &csv::StringRecord) -> Result<Row, String> {
    let mut cells = record.iter();
    let text = cells.next().unwrap_or_default();
    let start = text.parse::<Timestamp>().map_err(|_| {
        format!("'{text}' is not an instant; write it as 2026-01-15T06:00:00Z or with an offset")
    })?;
    let mut values = BTreeMap::new();
    let mut spreads = BTreeMap::new();
    for (column, cell) in columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
        let number = cell.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
        let number =
            number.ok_or_else(|| format!("'{cell}' is not a number from 0 on"))? * column.factor;
        let series = if column.spread { &mut spreads } else { &mut values };
        series.insert(column.subject.clone(), number);
    }
    let given = |(subject, value): (Subject, f64)| {
        let spread = spreads.get(&subject).copied();
        (subject, Given { value, spread })
    };
    Ok(Row { start, given: values.into_iter().map(given).collect() })
}
