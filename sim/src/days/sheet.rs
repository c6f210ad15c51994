//! A CSV file, plain or compressed, read whole, with cells that know where they stand.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use flate2::read::MultiGzDecoder;

use super::DaysError;

/// Most bytes read of one file, before and after decompression; a year of quarter hours in a
/// hundred columns is a third of it.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most of a faulty cell or row that a message repeats, in characters.
const QUOTED_CHARS_MAX: usize = 40;

/// A header and its rows.
pub(super) struct Sheet {
    file: PathBuf,
    header: Vec<String>,
    rows: Vec<StringRecord>,
}

/// One row of a sheet.
#[derive(Clone, Copy)]
pub(super) struct Row<'s> {
    sheet: &'s Sheet,
    record: &'s StringRecord,
}

impl Sheet {
    pub(super) fn read(file: &Path) -> Result<Sheet, DaysError> {
        let text = read_bytes(file)?;
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_slice());
        let fault = |error| row_fault(file, &error);
        let header = reader.headers().map_err(fault)?.iter().map(str::to_owned).collect();
        let rows = reader.records().collect::<Result<_, _>>().map_err(fault)?;
        Ok(Sheet { file: file.to_owned(), header, rows })
    }

    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.rows.iter().map(|record| Row { sheet: self, record })
    }

    /// The place of a column that has to be there.
    pub(super) fn column(&self, name: &str) -> Result<usize, DaysError> {
        self.header.iter().position(|found| found == name).ok_or_else(|| {
            self.header_fault(name, &format!("missing; the header is `{}`", self.header_text()))
        })
    }

    pub(super) fn header_fault(&self, column: &str, wrong: &str) -> DaysError {
        let (file, column) = (self.file.clone(), quoted(column));
        DaysError::Header { file, column, wrong: wrong.to_owned() }
    }

    pub(super) fn incomplete(&self, wrong: String) -> DaysError {
        DaysError::Incomplete { file: self.file.clone(), wrong }
    }

    fn header_text(&self) -> String {
        self.header.join(",").chars().take(4 * QUOTED_CHARS_MAX).collect()
    }
}

impl<'s> Row<'s> {
    /// The text of a cell; every row has as many cells as the header.
    pub(super) fn text(self, column: usize) -> &'s str {
        &self.record[column]
    }

    /// A number within `range`; NaN is in no range.
    pub(super) fn number(
        self,
        column: usize,
        range: std::ops::RangeInclusive<f64>,
    ) -> Result<f64, DaysError> {
        match self.text(column).parse::<f64>() {
            Ok(number) if range.contains(&number) => Ok(number),
            Ok(number) if number.is_finite() => {
                let (low, high) = (range.start(), range.end());
                Err(self.fault(column, &format!("is outside {low} to {high}; correct the value")))
            }
            _ => Err(self.fault(column, "is not a number; give one, or leave the column out")),
        }
    }

    /// A whole number within `range`.
    pub(super) fn whole(
        self,
        column: usize,
        range: std::ops::RangeInclusive<i8>,
    ) -> Result<i8, DaysError> {
        self.text(column).parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let (low, high) = (range.start(), range.end());
            self.fault(column, &format!("is not a whole number from {low} to {high}; correct it"))
        })
    }

    pub(super) fn fault(self, column: usize, wrong: &str) -> DaysError {
        DaysError::Cell {
            file: self.sheet.file.clone(),
            line: self.record.position().map_or(0, csv::Position::line),
            column: quoted(&self.sheet.header[column]),
            found: quoted(self.text(column)),
            wrong: wrong.to_owned(),
        }
    }
}

fn read_bytes(file: &Path) -> Result<Vec<u8>, DaysError> {
    let unreadable =
        |error: io::Error| DaysError::Unreadable { file: file.to_owned(), why: error.to_string() };
    // One byte more than allowed tells a file that is too long from one that just fits.
    let raw = File::open(file).map_err(unreadable)?.take(FILE_BYTES_MAX + 1);
    let compressed = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
    let plain: Box<dyn Read> =
        if compressed { Box::new(MultiGzDecoder::new(raw)) } else { Box::new(raw) };
    let mut bytes = Vec::new();
    let read = plain.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(read).is_ok_and(|read| read <= FILE_BYTES_MAX) {
        Ok(bytes)
    } else {
        Err(DaysError::TooLarge { file: file.to_owned(), bytes_max: FILE_BYTES_MAX })
    }
}

fn row_fault(file: &Path, error: &csv::Error) -> DaysError {
    let why = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells where the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "not UTF-8".to_owned(),
        _ => error.to_string(),
    };
    let line = error.position().map_or(1, csv::Position::line);
    DaysError::Row { file: file.to_owned(), line, why }
}

fn quoted(text: &str) -> String {
    text.chars().take(QUOTED_CHARS_MAX).collect()
}
