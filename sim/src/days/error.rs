//! What can be wrong with recorded days.

use std::path::PathBuf;

use thiserror::Error;

/// Why recorded days were refused. All but the first are faults of the file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DaysError {
    /// The file could not be opened, read or decompressed.
    #[error("{}: cannot be read: {why}; check the path, the permissions and that a name ending \
             in .gz is a gzip file", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The file is longer than is read, before or after decompression.
    #[error("{}: longer than {bytes_max} bytes; give a file with fewer columns or days",
            file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The most that is read, in bytes.
        bytes_max: u64,
    },
    /// A row is not CSV in UTF-8, or has another number of cells than the header.
    #[error("{} line {line}: {why}; correct this row", file.display())]
    Row {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What the reader said.
        why: String,
    },
    /// The header lacks a column, repeats one, or has too many.
    #[error("{} line 1, column {column}: {wrong}", file.display())]
    Header {
        /// The file.
        file: PathBuf,
        /// The column meant.
        column: String,
        /// What is wrong and what to do.
        wrong: String,
    },
    /// A cell does not hold what its column has to hold.
    #[error("{} line {line}, column {column}: `{found}` {wrong}", file.display())]
    Cell {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// What the cell holds.
        found: String,
        /// What is wrong and what to do.
        wrong: String,
    },
    /// Rows are missing: the file does not cover the time it has to.
    #[error("{}: {wrong}", file.display())]
    Incomplete {
        /// The file.
        file: PathBuf,
        /// What is missing and what to do.
        wrong: String,
    },
}
