//! What people wrote by hand: said before the field is written, completed after.

use super::{Store, StoreError, encode};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use site::command::Verdict;
use site::{AssetId, PointId};

/// The most writes by hand that are kept: ten a day for a quarter of a century.
const WRITES_KEPT_MAX: i64 = 100_000;

/// The most entries one call returns.
pub const WRITES_SHOWN_MAX: usize = 1_000;

/// A write by hand, as it was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteIntent {
    /// When (site time).
    pub at: Timestamp,
    /// Who, as the command line told.
    pub who: String,
    /// Which point.
    pub point: PointId,
    /// The asset whose command writes it.
    pub asset: AssetId,
    /// What the point read before, in words.
    pub old: String,
    /// What was asked for, in words.
    pub new: String,
    /// What that means as a command, in words.
    pub setpoint: String,
    /// Why; empty when nothing was said.
    pub reason: String,
}

/// How a write by hand ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteEnd {
    /// The device acknowledged it.
    Written,
    /// The device had been told the same before.
    Unchanged,
    /// The guard did not let it through.
    Blocked,
    /// The device did not acknowledge it.
    Failed,
}

impl WriteEnd {
    /// In words, for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Unchanged => "unchanged",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
        }
    }

    fn find(word: &str) -> Option<Self> {
        let all = [Self::Written, Self::Unchanged, Self::Blocked, Self::Failed];
        all.into_iter().find(|end| end.word() == word)
    }
}

/// What became of a write by hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteOutcome {
    /// When that was known (site time).
    pub at: Timestamp,
    /// How it ended.
    pub end: WriteEnd,
    /// What the guard let through, in words; none when it blocked.
    pub told: Option<String>,
    /// What the guard said.
    pub verdicts: Vec<Verdict>,
    /// What the device said, when it did not acknowledge.
    pub failure: Option<String>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteEntry {
    /// Its number.
    pub id: u64,
    /// What was asked for.
    #[serde(flatten)]
    pub intent: WriteIntent,
    /// What became of it; none when the process ended in between: the field may or may not have it.
    pub outcome: Option<WriteOutcome>,
    /// Whether the field showed it afterwards, in a word; none while that is not known.
    pub verification: Option<String>,
}

impl Store {
    /// Says what somebody is about to write by hand, and has it on disk when it returns; its
    /// number.
    ///
    /// # Errors
    /// Any but [`StoreError::InUse`] and [`StoreError::OutOfOrder`]. What is not on disk must not
    /// be written.
    pub fn begin_write(&mut self, intent: &WriteIntent) -> Result<u64, StoreError> {
        const DOING: &str = "store a write by hand";
        let put = || -> rusqlite::Result<i64> {
            let transaction = self.connection.unchecked_transaction()?;
            transaction.execute(
                "INSERT INTO operator_write (ts, who, point, asset, old, new, setpoint, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    encode::instant(intent.at),
                    intent.who,
                    intent.point.to_string(),
                    intent.asset.as_str(),
                    intent.old,
                    intent.new,
                    intent.setpoint,
                    intent.reason
                ],
            )?;
            let id = transaction.last_insert_rowid();
            transaction
                .execute("DELETE FROM operator_write WHERE id <= ?1", [id - WRITES_KEPT_MAX])?;
            transaction.commit()?;
            Ok(id)
        };
        let id = put().map_err(|error| self.error(DOING, &error))?;
        Ok(u64::try_from(id).unwrap_or_default())
    }

    /// Completes an entry with what became of it.
    ///
    /// # Errors
    /// As [`Store::begin_write`].
    pub fn end_write(&mut self, id: u64, outcome: &WriteOutcome) -> Result<(), StoreError> {
        const DOING: &str = "store what became of a write by hand";
        let verdicts = encode::json(&outcome.verdicts).map_err(|why| StoreError::Other {
            path: self.path.clone(),
            doing: DOING,
            why,
        })?;
        let put = self.connection.execute(
            "UPDATE operator_write SET ended = ?2, outcome = ?3, told = ?4, verdicts = ?5,
                 failure = ?6 WHERE id = ?1",
            params![
                i64::try_from(id).unwrap_or(i64::MAX),
                encode::instant(outcome.at),
                outcome.end.word(),
                outcome.told,
                verdicts,
                outcome.failure
            ],
        );
        put.map(drop).map_err(|error| self.error(DOING, &error))
    }

    /// Notes whether the field showed what was written.
    ///
    /// # Errors
    /// As [`Store::begin_write`].
    pub fn verify_write(&mut self, id: u64, word: &str) -> Result<(), StoreError> {
        let put = self.connection.execute(
            "UPDATE operator_write SET verification = ?2 WHERE id = ?1",
            params![i64::try_from(id).unwrap_or(i64::MAX), word],
        );
        put.map(drop).map_err(|error| self.error("store a verification", &error))
    }

    /// The last writes by hand, the newest first, at most `limit` and [`WRITES_SHOWN_MAX`]. A
    /// history from before there were any has none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Other`] when the file cannot be read.
    pub fn writes(&self, limit: usize) -> Result<Vec<WriteEntry>, StoreError> {
        let limit = i64::try_from(limit.min(WRITES_SHOWN_MAX)).unwrap_or(i64::MAX);
        let read = || -> rusqlite::Result<Vec<WriteEntry>> {
            let known = "SELECT 1 FROM sqlite_schema WHERE name = 'operator_write'";
            if self.connection.query_row(known, [], |_| Ok(())).optional()?.is_none() {
                return Ok(Vec::new());
            }
            let mut statement = self.connection.prepare(
                "SELECT id, ts, who, point, asset, old, new, setpoint, reason, ended, outcome,
                     told, verdicts, failure, verification
                 FROM operator_write ORDER BY id DESC LIMIT ?1",
            )?;
            statement.query_map([limit], entry)?.collect()
        };
        read().map_err(|error| self.error("read the writes by hand", &error))
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<WriteEntry> {
    let odd = |column, why: String| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(column, kind, why.into())
    };
    let point = PointId::try_from(row.get::<_, String>(3)?);
    let asset = AssetId::new(&row.get::<_, String>(4)?);
    let intent = WriteIntent {
        at: encode::timestamp(row.get(1)?),
        who: row.get(2)?,
        point: point.map_err(|error| odd(3, error.to_string()))?,
        asset: asset.map_err(|error| odd(4, error.to_string()))?,
        old: row.get(5)?,
        new: row.get(6)?,
        setpoint: row.get(7)?,
        reason: row.get(8)?,
    };
    let ended: (Option<i64>, Option<String>) = (row.get(9)?, row.get(10)?);
    let outcome = match ended {
        (Some(at), Some(word)) => {
            let end = WriteEnd::find(&word).ok_or_else(|| odd(10, format!("'{word}'")))?;
            let verdicts: String = row.get(12)?;
            let verdicts =
                serde_json::from_str(&verdicts).map_err(|error| odd(12, error.to_string()))?;
            let (told, failure) = (row.get(11)?, row.get(13)?);
            Some(WriteOutcome { at: encode::timestamp(at), end, told, verdicts, failure })
        }
        _ => None,
    };
    let id: i64 = row.get(0)?;
    let id = u64::try_from(id).unwrap_or_default();
    Ok(WriteEntry { id, intent, outcome, verification: row.get(14)? })
}
