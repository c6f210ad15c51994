//! State and history in one SQLite file: what a restart needs, what a chart shows, and what a
//! replay reads.
//!
//! One [`Store`] per file, held by a lock. In each cycle call [`Store::intend`] before the field
//! is written and [`Store::complete`] when the cycle is over. Every error is a value: a caller
//! goes on controlling without history.
//!
//! The store does not decide what the state means, does not ask a clock, and starts no thread.

mod audit;
mod encode;
mod error;
mod lock;
mod open;
mod read;
mod resets;
mod retain;
mod schema;
mod write;

pub use audit::{WRITES_SHOWN_MAX, WriteEnd, WriteEntry, WriteIntent, WriteOutcome};
pub use error::StoreError;
pub use open::Opened;
pub use read::{IMAGES_MAX, Image, READINGS_MAX, RECORDS_MAX, Reading};
pub use resets::{RESETS_SHOWN_MAX, ResetEntry};
pub use retain::FILE_BYTES_MAX;

use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// State and history. Belongs to one caller at a time; a second process is refused.
///
/// Order of calls: [`Store::open`], then per cycle [`Store::intend`] (as often as the field is
/// about to be written) and [`Store::complete`]; [`Store::forget_before`] now and then, and
/// [`Store::end`] at an orderly end. After a [`StoreError::Corrupt`], [`Store::begin_anew`] puts
/// the file aside and goes on with a new one.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    names: Names,
    lock: Option<lock::Lock>,
}

/// What is known of the series, so that a cycle need not ask.
#[derive(Debug, Clone, Default)]
struct Names {
    /// Series number by point name.
    series: BTreeMap<String, i64>,
    /// The last text written, by series number.
    texts: BTreeMap<i64, String>,
}

impl Store {
    /// A store that lives in memory alone, for replays and tests. It is gone when dropped.
    ///
    /// # Errors
    /// [`StoreError::Other`] when SQLite has no memory left.
    pub fn open_in_memory() -> Result<Self, StoreError> {
        let path = PathBuf::from(":memory:");
        let connection = Connection::open_in_memory()
            .map_err(|error| StoreError::sqlite(&path, "open", &error))?;
        schema::create(&connection).map_err(|error| StoreError::sqlite(&path, "create", &error))?;
        Ok(Self { connection, path, names: Names::default(), lock: None })
    }

    /// Where the file is; `:memory:` for a store in memory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn error(&self, doing: &'static str, error: &rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.path, doing, error)
    }
}
