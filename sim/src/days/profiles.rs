//! Shares of a rated value in quarter hours: plants and loads.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::SignedDuration;
use jiff::civil::{DateTime, Time, Weekday};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;

use super::DaysError;
use super::calendar::{DAY_SECONDS, DayShape, LocalInstant};
use super::sheet::{Row, Sheet};

/// Fewest recorded days: one of each weekday.
pub const DAYS_MIN: u16 = 7;
/// Most recorded days: three years.
pub const DAYS_MAX: u16 = 3 * 366;
/// Most columns beside the time.
pub const COLUMNS_MAX: usize = 256;
/// The largest share of a rated value believed: a bright sky behind broken clouds lifts a plant
/// above its rating, but never to half as much again.
pub const SHARE_MAX: f64 = 1.5;

const TIME: &str = "time";
/// Seconds from one row to the next.
const STEP_SECONDS: i64 = 900;
/// Clocks change before four in the morning: to three in most of Europe and America.
const CHANGE_HOUR_MAX: i8 = 3;
const STEPS_IN_DAY: usize = 96;

/// What a column does between two rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    /// Runs straight from one value to the next.
    Straight,
    /// Keeps the value until the next row.
    Held,
}

#[derive(Debug, Clone, PartialEq)]
struct Series {
    between: Between,
    shares: Vec<f64>,
}

/// The profiles of whole recorded days.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Profiles {
    columns: Vec<String>,
    series: BTreeMap<String, Series>,
    days: DayShape,
}

impl Profiles {
    pub(super) fn load(file: &Path) -> Result<Profiles, DaysError> {
        let sheet = Sheet::read(file)?;
        let time = sheet.column(TIME)?;
        let columns = columns(&sheet)?;
        let days = read_days(&sheet, time)?;
        let mut series = BTreeMap::new();
        for (place, name) in sheet.header().iter().enumerate().filter(|(place, _)| *place != time) {
            let shares = sheet.rows().map(|row| row.number(place, 0.0..=SHARE_MAX));
            let mut shares: Vec<f64> = shares.collect::<Result<_, _>>()?;
            // What follows the last whole day has no day to belong to.
            shares.truncate(shares.len() / STEPS_IN_DAY * STEPS_IN_DAY);
            series.insert(name.clone(), Series { between: between(name), shares });
        }
        Ok(Profiles { columns, series, days })
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(super) fn day_shape(&self) -> &DayShape {
        &self.days
    }

    pub(super) fn share(&self, column: &str, at: LocalInstant) -> Option<f64> {
        let series = self.series.get(column)?;
        let rows = series.shares.len();
        let into = i64::from(self.days.number(at.date)) * DAY_SECONDS + at.seconds_into_date();
        // The last row is followed by the first, as the eve of the first day is the last.
        let count = i64::try_from(rows).expect("rows are bounded by DAYS_MAX");
        let row = into.div_euclid(STEP_SECONDS).rem_euclid(count);
        let row = usize::try_from(row).expect("a remainder is not negative");
        let here = series.shares[row];
        if series.between == Between::Held {
            return Some(here);
        }
        let second = i32::try_from(into.rem_euclid(STEP_SECONDS)).expect("below 900");
        let step = f64::from(i32::try_from(STEP_SECONDS).expect("900"));
        let passed = (f64::from(second) + at.second_fraction) / step;
        Some(here + (series.shares[(row + 1) % rows] - here) * passed)
    }
}

fn between(column: &str) -> Between {
    let sunny = column.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("pv"));
    if sunny { Between::Straight } else { Between::Held }
}

/// The names of the columns beside the time: some, not too many, each once.
fn columns(sheet: &Sheet) -> Result<Vec<String>, DaysError> {
    let header = sheet.header();
    for (place, name) in header.iter().enumerate() {
        if name.is_empty() {
            let wrong = "has no name; name it or take it out";
            return Err(sheet.header_fault(&format!("number {}", place + 1), wrong));
        }
        if header[..place].contains(name) {
            return Err(sheet.header_fault(name, "is there twice; rename one of them"));
        }
        if place > COLUMNS_MAX {
            let wrong = format!("is one too many; keep {COLUMNS_MAX} beside the time");
            return Err(sheet.header_fault(name, &wrong));
        }
    }
    let names: Vec<String> = header.iter().filter(|name| *name != TIME).cloned().collect();
    if names.is_empty() {
        return Err(sheet.header_fault(TIME, "stands alone; add a column of shares"));
    }
    Ok(names)
}

/// Checks that the rows are quarter hours without a gap, and counts the whole days among them.
fn read_days(sheet: &Sheet, time: usize) -> Result<DayShape, DaysError> {
    let mut clock: Option<Clock> = None;
    for row in sheet.rows() {
        let (label, offset) = read_label(row, time)?;
        let begun = match clock {
            Some(clock) => clock,
            None if label.time() == Time::midnight() => Clock::new(label, offset),
            None => {
                return Err(row.fault(time, "is not midnight; begin the file with a whole day"));
            }
        };
        clock = Some(begun.after(label, offset).ok_or_else(|| {
            let next = begun.next_label().unwrap_or(begun.next);
            let wrong = format!("does not follow: the next quarter hour is {next}; give each once");
            row.fault(time, &wrong)
        })?);
    }
    let rows = sheet.rows().len();
    let days = u16::try_from(rows / STEPS_IN_DAY).unwrap_or(u16::MAX);
    match clock {
        Some(clock) if (DAYS_MIN..=DAYS_MAX).contains(&days) => {
            Ok(DayShape::new(clock.first.date(), days))
        }
        _ => Err(sheet.incomplete(format!(
            "{rows} rows are not {DAYS_MIN} to {DAYS_MAX} whole days of {STEPS_IN_DAY} quarter \
             hours; give more or fewer days"
        ))),
    }
}

/// What the next row has to be labelled, in the standard time of the first row's offset.
///
/// Quarter hours follow each other whatever their labels say. Some sources label rows with the
/// clocks on the wall, yet with one offset all year: an hour seems to be missing in spring and to
/// come twice in autumn. Such a change is believed where laws put it, in the small hours of a
/// Sunday, and the labels are an hour ahead from spring to autumn; elsewhere rows are missing.
#[derive(Debug, Clone, Copy)]
struct Clock {
    first: DateTime,
    offset: Offset,
    next: DateTime,
    labels_ahead: bool,
}

impl Clock {
    fn new(first: DateTime, offset: Offset) -> Clock {
        Clock { first, offset, next: first, labels_ahead: false }
    }

    fn next_label(self) -> Option<DateTime> {
        let hours = if self.labels_ahead { 1 } else { 0 };
        self.next.checked_add(SignedDuration::from_hours(hours)).ok()
    }

    /// The clock after a row with this label, or `None` when the label does not follow.
    fn after(self, label: DateTime, offset: Offset) -> Option<Clock> {
        let label = self.offset.to_datetime(offset.to_timestamp(label).ok()?);
        let same = self.next_label()? == label;
        let lawful = label.weekday() == Weekday::Sunday && label.hour() <= CHANGE_HOUR_MAX;
        let turned = Clock { labels_ahead: !self.labels_ahead, ..self };
        let changed = lawful && turned.next_label()? == label;
        (same || changed).then_some(())?;
        let next = self.next.checked_add(SignedDuration::from_secs(STEP_SECONDS)).ok()?;
        Some(Clock { next, labels_ahead: self.labels_ahead != changed, ..self })
    }
}

/// What a row is labelled with: a time on the clock of its offset.
fn read_label(row: Row<'_>, column: usize) -> Result<(DateTime, Offset), DaysError> {
    let read = || {
        let pieces = Pieces::parse(row.text(column)).ok()?;
        Some((pieces.date().to_datetime(pieces.time()?), pieces.to_numeric_offset()?))
    };
    read().ok_or_else(|| {
        row.fault(column, "is not a time with an offset; write it like 2016-01-01T00:15:00+01:00")
    })
}
