//! The tables beside a tariff: colours of days, and spot prices. Text in, values or findings out.

use super::{SpotPrice, SpotPrices, SpotSource, Tariff};
use crate::text::{Finding, Findings, Place};
use crate::units::Price;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;

/// The largest table that is read: ten years of quarter hours need about the same.
pub const DATA_BYTES_MAX: usize = 16 << 20;
/// The longest market interval. Where the next one begins later, prices are missing.
const INTERVAL_MAX: SignedDuration = SignedDuration::from_hours(24);
/// The length of a single price's interval: nothing tells it.
const INTERVAL_ALONE: SignedDuration = SignedDuration::from_hours(1);
/// Findings in one table before reading ends: the rest is likely to be the same.
const FINDINGS_MAX: usize = 20;

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataKind {
    /// Colours of days.
    Colours,
    /// Spot prices.
    Prices,
}

impl Tariff {
    /// The files that its tables come from. What comes from an address is not among them.
    #[must_use]
    pub fn data_files(&self) -> Vec<(DataKind, &Path)> {
        let colours = self.day_colours.as_ref().and_then(|colours| colours.file.as_deref());
        let prices = self.spot.as_ref().and_then(|spot| match &spot.source {
            SpotSource::File(path) => Some(path.as_path()),
            SpotSource::Url(_) => None,
        });
        let colours = colours.map(|path| (DataKind::Colours, path));
        colours.into_iter().chain(prices.map(|path| (DataKind::Prices, path))).collect()
    }

    /// The same tariff with a newer table, which stands in a file called `origin`.
    ///
    /// # Errors
    /// All findings in the table; the tariff stays as it was.
    pub fn renewed(&self, kind: DataKind, text: &str, origin: &Path) -> Result<Self, Vec<Finding>> {
        let mut tariff = self.clone();
        let findings = Findings::new(origin);
        match kind {
            DataKind::Colours => {
                if let Some(colours) = &mut tariff.day_colours {
                    colours.days = read_colours(text, &colours.names, &findings);
                }
            }
            DataKind::Prices => {
                if let Some(spot) = &mut tariff.spot {
                    spot.prices = read_prices(text, &findings);
                }
            }
        }
        if findings.is_empty() { Ok(tariff) } else { Err(findings.into_sorted()) }
    }
}

/// Reads `date,colour` lines.
pub(crate) fn read_colours(
    text: &str,
    names: &[String],
    findings: &Findings,
) -> BTreeMap<Date, usize> {
    let mut days = BTreeMap::new();
    let Some(table) = Table::open(text, findings) else { return days };
    let (Some(date), Some(colour)) = (table.column("date"), table.column("colour")) else {
        let help = "begin the file with a line 'date,colour'";
        findings.add(
            "wrong-table",
            table.header,
            "the columns 'date' and 'colour' are missing",
            help,
        );
        return days;
    };
    table.rows(|row| {
        let (date, place) = row.cell(date);
        let Ok(date) = date.parse::<Date>() else {
            let message = format!("'{date}' is not a date; write 2026-01-15");
            return findings.add("wrong-date", place, message, "");
        };
        let (colour, place) = row.cell(colour);
        let Some(index) = names.iter().position(|name| name == colour) else {
            let message = format!("'{colour}' is not a colour of this tariff");
            let help = format!("it has: {}", names.join(", "));
            return findings.add("unknown-colour", place, message, help);
        };
        if days.insert(date, index).is_some_and(|before| before != index) {
            let message = format!("{date} has two colours");
            findings.add("wrong-table", place, message, "keep one of the two lines");
        }
    });
    days
}

/// Reads lines of `start`, a price in EUR/MWh or EUR/kWh by its column's name, and perhaps `end`.
/// Without `end` an interval lasts until the next one begins.
pub(crate) fn read_prices(text: &str, findings: &Findings) -> SpotPrices {
    let Some(table) = Table::open(text, findings) else { return SpotPrices::default() };
    let price = table.names.iter().enumerate().find_map(|(i, name)| Some((i, factor(name)?)));
    let (Some(start), Some((price, factor))) = (table.column("start"), price) else {
        let message = "the columns 'start' and 'price_eur_per_mwh' (or kwh) are missing";
        findings.add("wrong-table", table.header, message, "begin the file with a line of names");
        return SpotPrices::default();
    };
    let end = table.column("end");
    let mut rows: Vec<Row> = Vec::new();
    table.rows(|row| {
        let (Some(start), place) = (instant(row, start, findings), row.place) else { return };
        let end = match end {
            Some(end) => match instant(row, end, findings) {
                Some(end) => Some(end),
                None => return,
            },
            None => None,
        };
        let (text, at) = row.cell(price);
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        let Some(number) = number else {
            let message = format!("'{text}' is not a price");
            return findings.add("wrong-table", at, message, "write a number with a point");
        };
        rows.push(Row { start, end, price: Price::new(number * factor), place });
    });
    if rows.is_empty() && findings.is_empty() {
        let help = "add a line for each interval";
        findings.add("wrong-table", table.header, "there are no prices in the file", help);
    }
    joined(&rows, findings)
}

/// A price as written.
struct Row {
    start: Timestamp,
    end: Option<Timestamp>,
    price: Price,
    place: Place,
}

/// Puts intervals end to end; gaps and overlaps are findings.
fn joined(rows: &[Row], findings: &Findings) -> SpotPrices {
    let length = |i: usize| rows.get(i + 1).map(|next| next.start.duration_since(rows[i].start));
    let mut prices: Vec<SpotPrice> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        if findings.len() >= FINDINGS_MAX {
            break;
        }
        let before = i.checked_sub(1).and_then(length);
        let usual = before.unwrap_or(INTERVAL_ALONE);
        let reach = length(i).unwrap_or(usual);
        let end = row.end.unwrap_or_else(|| row.start.saturating_add(reach).unwrap_or(row.start));
        // Where lengths change (from hours to quarters), the next ones have the new length too.
        let alone = before.is_some_and(|before| reach > before)
            && length(i + 1).is_some_and(|after| reach > after);
        let next = rows.get(i + 1);
        let place = next.map_or(row.place, |next| next.place);
        if end <= row.start || next.is_some_and(|next| next.start < end) {
            let message = format!("the price from {} overlaps the one before it", shown(next, row));
            let help = "order the lines by time, and keep one line for each interval";
            findings.add("price-overlap", place, message, help);
        } else if next.is_some_and(|next| next.start > end) || reach > INTERVAL_MAX || alone {
            let message = format!("prices are missing before {}", shown(next, row));
            let help = "add the lines that are missing; a day's prices come together";
            findings.add("price-gap", place, message, help);
        }
        prices.push(SpotPrice { start: row.start, end, price: row.price });
    }
    SpotPrices(prices)
}

fn shown(next: Option<&Row>, row: &Row) -> Timestamp {
    next.map_or(row.start, |next| next.start)
}

fn instant(row: &Line<'_>, column: usize, findings: &Findings) -> Option<Timestamp> {
    let (text, place) = row.cell(column);
    let read = text.parse::<Timestamp>().ok();
    if read.is_none() {
        let message = format!("'{text}' is not an instant with its offset");
        findings.add("wrong-time", place, message, "write 2026-01-15T13:00:00+01:00");
    }
    read
}

/// The factor to EUR/kWh that a column's name says; none when it is not a column of prices.
fn factor(name: &str) -> Option<f64> {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase().replace("per", "");
    if letters.ends_with("eurmwh") {
        return Some(1e-3);
    }
    letters.ends_with("eurkwh").then_some(1.0)
}

/// A table of values separated by commas or semicolons. Lines that begin with # are remarks.
struct Table<'a> {
    text: &'a str,
    names: Vec<&'a str>,
    header: Place,
    findings: &'a Findings,
}

/// One of its lines.
struct Line<'a> {
    text: &'a str,
    place: Place,
}

impl<'a> Table<'a> {
    fn open(text: &'a str, findings: &'a Findings) -> Option<Self> {
        let start = Place { line: 1, column: 1 };
        if text.len() > DATA_BYTES_MAX {
            let message = format!("the file is longer than {DATA_BYTES_MAX} bytes");
            findings.add("file-too-large", start, message, "keep the last years only");
            return None;
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut table = Self { text, names: Vec::new(), header: start, findings };
        let header = table.lines().next();
        if let Some(header) = header {
            table.header = header.place;
            table.names = header.text.split(SEPARATORS).map(str::trim).collect();
        }
        Some(table)
    }

    fn lines(&self) -> impl Iterator<Item = Line<'a>> + use<'a> {
        let filled = |text: &str| !text.trim().is_empty() && !text.starts_with('#');
        let lines = self.text.lines().zip(1_u64..);
        lines
            .filter(move |(text, _)| filled(text))
            .map(|(text, line)| Line { text, place: Place { line, column: 1 } })
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known.eq_ignore_ascii_case(name))
    }

    fn rows(&self, mut read: impl FnMut(&Line<'a>)) {
        for line in self.lines().skip(1) {
            if self.findings.len() >= FINDINGS_MAX {
                return;
            }
            read(&line);
        }
    }
}

/// What stands between two values.
const SEPARATORS: [char; 2] = [',', ';'];

impl<'a> Line<'a> {
    /// A value and its place; a value that is missing is empty.
    fn cell(&self, column: usize) -> (&'a str, Place) {
        let mut at = 1;
        for (i, cell) in self.text.split(SEPARATORS).enumerate() {
            if i == column {
                return (cell.trim(), Place { line: self.place.line, column: at });
            }
            at += u64::try_from(cell.chars().count()).unwrap_or(0) + 1;
        }
        ("", Place { line: self.place.line, column: at })
    }
}
