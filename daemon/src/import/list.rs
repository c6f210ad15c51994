//! A register list as a table: columns are found by their headings.

mod cells;
mod columns;

use super::draft::{Draft, Shape};
use super::numbering::{self, Numbering};
use super::words;
use super::{Group, Journal, Remark};
use crate::cli::render::one_line;
use cells::Address;
use columns::{Column, Columns};
use drivers::profile::{Access, Table};

/// Lines that may stand before the headings.
const PREFACE_MAX: usize = 30;

/// A line of the table.
struct Row {
    line: u64,
    cells: Vec<String>,
}

impl Row {
    fn get(&self, columns: &Columns, column: Column) -> Option<&str> {
        let text = self.cells.get(columns.place(column)?)?.trim();
        let says_nothing = ["", "-", "n/a", "none"].iter().any(|no| text.eq_ignore_ascii_case(no));
        (!says_nothing).then_some(text)
    }
}

/// Reads the table: one device.
pub(super) fn read(
    text: &str,
    numbering: Numbering,
    journal: &mut Journal,
) -> Result<Vec<Group>, Remark> {
    let separator = separator(text);
    let rows = rows(text, separator)?;
    let headings =
        rows.iter().take(PREFACE_MAX).position(|row| Columns::find(&row.cells).is_some());
    let Some((place, columns)) =
        headings.and_then(|place| Some((place, Columns::find(&rows.get(place)?.cells)?)))
    else {
        let text = "no line has headings for addresses and names, such as: name, table, address, \
                    type, scale, unit"
            .to_owned();
        return Err(Remark { line: 1, text });
    };
    let heading = &rows[place];
    for row in &rows[..place] {
        journal.lose(row.line, "stands before the headings");
    }
    for (name, column) in columns.unknown(&heading.cells) {
        let text = format!("the column '{name}' (number {}) is not understood", column + 1);
        journal.lose(heading.line, text);
    }
    let body = &rows[place + 1..];
    let modicon = numbered(body, &columns, numbering, heading.line, journal);
    let mut group = Group {
        line: heading.line,
        device: "device1".to_owned(),
        description: "Taken over from a register list".to_owned(),
        unit: 1,
        ..Group::default()
    };
    let scheme = Scheme { columns: &columns, numbering, modicon };
    for row in body.iter().filter(|row| row.cells.iter().any(|cell| !cell.trim().is_empty())) {
        match scheme.draft(row, journal) {
            Ok(draft) => group.drafts.push(draft),
            Err(why) => {
                let label = row.get(&columns, Column::Name).unwrap_or_default();
                journal.lose(row.line, format!("'{}': {why}", one_line(label)));
            }
        }
    }
    Ok(vec![group])
}

/// The separator that cuts the text into the most cells in the same way.
fn separator(text: &str) -> u8 {
    let count = |separator: char| {
        text.lines().take(PREFACE_MAX).map(|line| line.matches(separator).count()).max()
    };
    let all = [(b';', ';'), (b'\t', '\t'), (b',', ',')];
    // Commas also stand in numbers and sentences, so they come last among equals.
    let best = all.into_iter().rev().max_by_key(|(_, separator)| count(*separator));
    best.map_or(b',', |(byte, _)| byte)
}

fn rows(text: &str, separator: u8) -> Result<Vec<Row>, Remark> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| Remark {
            line: error.position().map_or(0, csv::Position::line),
            text: format!("this is no table: {error}"),
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(Row { line, cells: record.iter().map(str::to_owned).collect() });
    }
    Ok(rows)
}

/// Whether the numbers are Modicon's; what is decided is said.
fn numbered(
    body: &[Row],
    columns: &Columns,
    numbering: Numbering,
    line: u64,
    journal: &mut Journal,
) -> bool {
    let number = |row: &Row| {
        let address = cells::address(row.get(columns, Column::Address)?).ok()?;
        let table = row.get(columns, Column::Table);
        let table = table.and_then(|word| columns.table(word)).map(|(table, _)| table);
        (address.decimal && address.table.is_none()).then_some((address.number, table))
    };
    let numbers: Vec<(u32, Option<Table>)> = body.iter().filter_map(number).collect();
    let modicon = match numbering {
        Numbering::Modicon => true,
        Numbering::Auto => numbering::looks_modicon(&numbers),
        Numbering::Zero | Numbering::One => false,
    };
    let said = match (numbering, modicon) {
        (Numbering::Auto, true) => {
            "the numbers are read as Modicon's: 40001 is holding register 0 on the wire; if they \
             are plain addresses, say --addresses zero"
        }
        (Numbering::Auto, false) if !numbers.is_empty() => {
            "the addresses are taken to count from 0, as on the wire; if the list counts from 1, \
             say --addresses one"
        }
        _ => return modicon,
    };
    journal.note(line, said);
    modicon
}

/// How the rows of one list are read.
struct Scheme<'a> {
    columns: &'a Columns,
    numbering: Numbering,
    modicon: bool,
}

impl Scheme<'_> {
    fn draft(&self, row: &Row, journal: &mut Journal) -> Result<Draft, String> {
        let get = |column| row.get(self.columns, column);
        let written = get(Column::Address).ok_or("it has no address")?;
        let address = cells::address(written)?;
        let stated = get(Column::Table)
            .map(|word| self.columns.table(word).ok_or_else(|| format!("'{word}' is not a table")));
        let stated = stated.transpose()?;
        let (table, first) = self.place(&address, stated.map(|(table, _)| table))?;
        let label = get(Column::Name).or(get(Column::Comment)).unwrap_or(written);
        let shape = self.shape(row, table, &address, journal)?;
        let mut draft = Draft::new(row.line, label, (table, first), shape);
        let plain = address.decimal && address.number == u32::from(first);
        draft.number = (!plain).then(|| one_line(written));
        self.decorate(row, &mut draft, journal);
        let writes = stated.is_some_and(|(_, writes)| writes);
        let access = get(Column::Access).map(cells::access);
        draft.access = match access {
            Some(Some(access)) => access,
            Some(None) => {
                journal.note(row.line, format!("'{label}': its access is not known: only read"));
                Access::Read
            }
            None if writes => Access::ReadWrite,
            None => Access::Read,
        };
        draft.comment = get(Column::Comment).filter(|text| *text != label).map(str::to_owned);
        Ok(draft)
    }

    /// The table, and the address from 0.
    fn place(&self, address: &Address, stated: Option<Table>) -> Result<(Table, u16), String> {
        let number = address.number;
        // 4x0001 says its table, and counts from 1 as Modicon does.
        if let Some(table) = address.table {
            let first = number.checked_sub(1).and_then(|number| u16::try_from(number).ok());
            return Ok((table, first.ok_or("its number is no Modicon number")?));
        }
        if self.modicon && address.decimal {
            let (table, first) =
                numbering::modicon(number).ok_or(format!("{number} is no Modicon number"))?;
            if stated.is_some_and(|stated| stated != table) {
                return Err(format!("{number} is of the table '{}'", table.word()));
            }
            return Ok((table, first));
        }
        let number = if self.numbering == Numbering::One {
            number.checked_sub(1).ok_or("there is no 0 when one counts from one")?
        } else {
            number
        };
        let first = u16::try_from(number).map_err(|_| format!("{number} is above 65535"))?;
        Ok((stated.unwrap_or(Table::Holding), first))
    }

    fn shape(
        &self,
        row: &Row,
        table: Table,
        address: &Address,
        journal: &mut Journal,
    ) -> Result<Shape, String> {
        if table.is_bits() {
            return Ok(Shape::Flag);
        }
        let get = |column| row.get(self.columns, column);
        let bit = get(Column::Bit).map(str::parse::<u8>).transpose();
        let bit = bit.map_err(|_| "its bit is no number")?.or(address.bit);
        if let Some(bit) = bit {
            return if bit < 16 { Ok(Shape::Bit(bit)) } else { Err("a bit is 0 to 15".into()) };
        }
        let count = get(Column::Count).and_then(|text| text.parse::<u16>().ok()).or(address.count);
        let Some(kind) = get(Column::Kind) else {
            let kind = if count == Some(2) { "u32" } else { "u16" };
            journal.note(row.line, format!("it has no type: {kind} is taken"));
            return match count {
                None | Some(1 | 2) => Ok(Shape::Number(kind)),
                Some(count) => Err(format!("{count} registers of no type")),
            };
        };
        let shape = cells::kind(kind, count)?;
        match count {
            Some(count) if count != shape.width() => Err(format!(
                "'{kind}' takes {} registers, and the list says {count}",
                shape.width()
            )),
            _ => Ok(shape),
        }
    }

    /// Order, scale, unit.
    fn decorate(&self, row: &Row, draft: &mut Draft, journal: &mut Journal) {
        let get = |column| row.get(self.columns, column);
        let label = one_line(&draft.label);
        let swapped = get(Column::Kind).filter(|text| text.to_lowercase().contains("swap"));
        if let Some(text) = get(Column::Order).or(swapped.map(|_| "swap")) {
            match words::order(text) {
                Some((low_word_first, swap_bytes)) => {
                    draft.low_word_first = low_word_first && draft.shape.width() > 1;
                    draft.swap_bytes = swap_bytes;
                }
                None => journal.note(row.line, format!("'{label}': order '{text}' is not known")),
            }
        }
        if let Some(text) = get(Column::Scale) {
            match cells::scale(text) {
                Some(scale) if self.columns.divides(scale) => draft.scale = 1.0 / scale,
                Some(scale) => draft.scale = scale,
                None => journal.note(row.line, format!("'{label}': scale '{text}' is not known")),
            }
        }
        if let Some(text) = get(Column::Add) {
            match cells::number(text) {
                Some(add) => draft.add = add,
                None => journal.note(row.line, format!("'{label}': '{text}' cannot be added")),
            }
        }
        if let Some(text) = get(Column::Unit) {
            draft.unit = words::unit(text);
            if draft.unit.is_none() {
                let text = format!("'{label}': the unit '{text}' is not known here: left out");
                journal.note(row.line, text);
            }
        }
    }
}
