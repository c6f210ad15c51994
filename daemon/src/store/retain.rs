//! The limits of the history: how large the file may grow, and what is forgotten.

use super::{Store, StoreError, encode};
use jiff::{Timestamp, ToSpan};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

/// The largest file. The example's cycles take some 35 MB a day, 13 GB a year, when nothing is
/// forgotten; at this size writing stops with [`StoreError::Full`] while the disk still has room
/// for others.
pub const FILE_BYTES_MAX: u64 = 16 << 30;

/// History forgotten in one call. More would make a cycle late.
const FORGOTTEN_HOURS_MAX: i64 = 24;

/// Pages given back to the disk in one call: some 100 MB.
const PAGES_FREED_MAX: u32 = 25_000;

/// Holds the file of this connection to so many bytes, or to what it has when that is more.
pub(super) fn limit(connection: &Connection, bytes: u64) -> rusqlite::Result<()> {
    let page: u32 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let pages = (bytes.min(FILE_BYTES_MAX) / u64::from(page.max(512))).max(1);
    connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
}

/// Everything older than `?1`, save what still holds: the last text of each point, the last
/// cycle, and plans that a remaining cycle stands on.
const FORGET: [&str; 4] = [
    "DELETE FROM sample WHERE ts < ?1",
    "DELETE FROM text_sample AS text WHERE ts < ?1 AND ts < (
        SELECT max(ts) FROM text_sample WHERE series = text.series AND ts < ?1)",
    "DELETE FROM cycle WHERE ts < ?1 AND cycle < (SELECT max(cycle) FROM cycle)",
    "DELETE FROM plan WHERE made_at < ?1 AND NOT EXISTS (
        SELECT 1 FROM cycle WHERE cycle.plan = plan.id)",
];

const OLDEST: &str = "
    SELECT min(ts) FROM (
        SELECT min(ts) AS ts FROM sample
        UNION ALL
        SELECT min(ts) FROM cycle WHERE cycle < (SELECT max(cycle) FROM cycle))";

/// Gives free pages back to the disk, one per row of an answer that must be read to its end.
fn free(connection: &Connection) -> rusqlite::Result<()> {
    let sql = format!("PRAGMA incremental_vacuum({PAGES_FREED_MAX})");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

impl Store {
    /// Forgets history older than `at`, at most a day of it, so that a cycle is never late
    /// because of it. Returns the number of rows forgotten; call again at a later cycle until it
    /// is zero. The last cycle and the state stay, however old.
    ///
    /// # Errors
    /// Any but [`StoreError::InUse`] and [`StoreError::OutOfOrder`].
    pub fn forget_before(&mut self, at: Timestamp) -> Result<u64, StoreError> {
        let path = &self.path;
        let fault = |error: rusqlite::Error| StoreError::sqlite(path, "forget", &error);
        let oldest: Option<Option<i64>> =
            self.connection.query_row(OLDEST, [], |row| row.get(0)).optional().map_err(fault)?;
        let Some(oldest) = oldest.flatten().map(encode::timestamp) else {
            return Ok(0);
        };
        let a_day_on = oldest.checked_add(FORGOTTEN_HOURS_MAX.hours()).unwrap_or(at);
        let before = encode::instant(at.min(a_day_on));
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fault)?;
        let mut forgotten = 0;
        for statement in FORGET {
            forgotten += transaction.execute(statement, [before]).map_err(fault)?;
        }
        transaction.commit().map_err(fault)?;
        if forgotten > 0 {
            free(&self.connection).map_err(fault)?;
        }
        Ok(u64::try_from(forgotten).unwrap_or(u64::MAX))
    }

    /// Holds the file to `bytes` (at most [`FILE_BYTES_MAX`]) until it is opened again: for a
    /// small disk. At the limit, writing says [`StoreError::Full`] until something is forgotten.
    ///
    /// # Errors
    /// [`StoreError::Other`] when SQLite refuses.
    pub fn limit_bytes(&mut self, bytes: u64) -> Result<(), StoreError> {
        limit(&self.connection, bytes).map_err(|error| self.error("limit the file", &error))
    }

    /// Size of the history in bytes, the journal not counted.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Other`] when the file cannot be read.
    pub fn size_bytes(&self) -> Result<u64, StoreError> {
        let size = |name: &str| -> rusqlite::Result<u32> {
            self.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
        };
        size("page_count")
            .and_then(|pages| Ok(u64::from(pages) * u64::from(size("page_size")?)))
            .map_err(|error| self.error("measure the file", &error))
    }
}
