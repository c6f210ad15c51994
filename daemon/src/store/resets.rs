//! Trips that people reset: who, when, which, and why.

use super::{Store, StoreError, encode};
use jiff::Timestamp;
use policies::guard::Trip;
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use site::AssetId;

/// The most resets that are kept: ten a day for a quarter of a century.
const RESETS_KEPT_MAX: i64 = 100_000;

/// The most entries one call returns.
pub const RESETS_SHOWN_MAX: usize = 1_000;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetEntry {
    /// When (site time).
    pub at: Timestamp,
    /// Who, as the command line told.
    pub who: String,
    /// The asset.
    pub asset: AssetId,
    /// The trip that was reset.
    pub trip: Trip,
    /// Why.
    pub reason: String,
}

impl Store {
    /// Says what somebody is about to reset, and has it on disk when it returns.
    ///
    /// # Errors
    /// Any but [`StoreError::InUse`] and [`StoreError::OutOfOrder`]. What is not on disk must not
    /// be reset.
    pub fn reset(&mut self, entry: &ResetEntry) -> Result<(), StoreError> {
        const DOING: &str = "store the reset of a trip";
        let trip = encode::json(&entry.trip).map_err(|why| StoreError::Other {
            path: self.path.clone(),
            doing: DOING,
            why,
        })?;
        let put = || -> rusqlite::Result<()> {
            let transaction = self.connection.unchecked_transaction()?;
            transaction.execute(
                "INSERT INTO trip_reset (ts, who, asset, trip, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    encode::instant(entry.at),
                    entry.who,
                    entry.asset.as_str(),
                    trip,
                    entry.reason
                ],
            )?;
            let id = transaction.last_insert_rowid();
            transaction.execute("DELETE FROM trip_reset WHERE id <= ?1", [id - RESETS_KEPT_MAX])?;
            transaction.commit()
        };
        put().map_err(|error| self.error(DOING, &error))
    }

    /// The last resets, the newest first, at most `limit` and [`RESETS_SHOWN_MAX`]. A history from
    /// before there were any has none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Other`] when the file cannot be read.
    pub fn resets(&self, limit: usize) -> Result<Vec<ResetEntry>, StoreError> {
        let limit = i64::try_from(limit.min(RESETS_SHOWN_MAX)).unwrap_or(i64::MAX);
        let read = || -> rusqlite::Result<Vec<ResetEntry>> {
            let known = "SELECT 1 FROM sqlite_schema WHERE name = 'trip_reset'";
            if self.connection.query_row(known, [], |_| Ok(())).optional()?.is_none() {
                return Ok(Vec::new());
            }
            let mut statement = self.connection.prepare(
                "SELECT ts, who, asset, trip, reason FROM trip_reset ORDER BY id DESC LIMIT ?1",
            )?;
            statement.query_map([limit], entry)?.collect()
        };
        read().map_err(|error| self.error("read the resets of trips", &error))
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<ResetEntry> {
    let odd = |column, why: String| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(column, kind, why.into())
    };
    let asset = AssetId::new(&row.get::<_, String>(2)?);
    let trip = serde_json::from_str(&row.get::<_, String>(3)?);
    Ok(ResetEntry {
        at: encode::timestamp(row.get(0)?),
        who: row.get(1)?,
        asset: asset.map_err(|error| odd(2, error.to_string()))?,
        trip: trip.map_err(|error| odd(3, error.to_string()))?,
        reason: row.get(4)?,
    })
}
