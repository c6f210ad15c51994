//! Reading: the state after a restart, series for charts, records for a replay.

use super::{Names, Store, StoreError, encode};
use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;
use site::command::Command;
use site::plan::Plan;
use site::record::CycleRecord;
use site::{PointId, Quality};
use std::collections::BTreeMap;

/// The most readings one call returns: a point read every minute for two months.
pub const READINGS_MAX: usize = 100_000;

/// The most records one call returns. A record takes some 22 kB, so that is 33 MB: a day of
/// cycles of one minute, and a spare hour for the day that has 25.
pub const RECORDS_MAX: usize = 1_500;

/// The most images one call returns: six hours of cycles of five seconds.
pub const IMAGES_MAX: usize = 5_000;

/// One reading of a series: when, the value (none when there is none), and how good it is.
pub type Reading = (Timestamp, Option<f64>, Quality);

/// All points that were kept in one cycle: what they read, and how good it is.
pub type Image = BTreeMap<PointId, (Option<f64>, Quality)>;

/// The state as stored, not yet believed.
pub(super) struct StoredState {
    cycle: i64,
    hash: String,
    digest: Vec<u8>,
    body: String,
}

impl StoredState {
    /// The state, when it is what was written.
    pub(super) fn checked(self) -> Result<Value, String> {
        if digest(self.cycle, &self.hash, &self.body).as_bytes().as_slice() != self.digest {
            return Err("the state does not match its own digest".to_owned());
        }
        serde_json::from_str(&self.body).map_err(|error| format!("the state is not JSON: {error}"))
    }
}

/// Over everything a restart believes. SQLite finds damage to its pages, not to what is in them.
pub(super) fn digest(cycle: i64, hash: &str, body: &str) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&cycle.to_le_bytes());
    hasher.update(hash.as_bytes());
    hasher.update(&[0]);
    hasher.update(body.as_bytes());
    hasher.finalize()
}

pub(super) fn state(connection: &Connection) -> rusqlite::Result<Option<StoredState>> {
    let read = |row: &Row<'_>| {
        Ok(StoredState {
            cycle: row.get(0)?,
            hash: row.get(1)?,
            digest: row.get(2)?,
            body: row.get(3)?,
        })
    };
    connection
        .query_row("SELECT cycle, hash, digest, body FROM state WHERE id = 1", [], read)
        .optional()
}

pub(super) fn names(connection: &Connection) -> rusqlite::Result<Names> {
    let mut names = Names::default();
    let mut series = connection.prepare("SELECT name, id FROM series")?;
    for row in series.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
        let (name, id) = row?;
        names.series.insert(name, id);
    }
    let mut texts = connection.prepare(
        "SELECT series, value FROM text_sample AS text
         WHERE ts = (SELECT max(ts) FROM text_sample WHERE series = text.series)",
    )?;
    for row in texts.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
        let (id, text) = row?;
        names.texts.insert(id, text);
    }
    Ok(names)
}

pub(super) fn last_cycle(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    let last: Option<i64> =
        connection.query_row("SELECT max(cycle) FROM cycle", [], |row| row.get(0))?;
    Ok(last.and_then(|cycle| u64::try_from(cycle).ok()))
}

fn odd(column: usize, why: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, why.into())
}

fn reading(row: &Row<'_>) -> rusqlite::Result<Reading> {
    let number: i64 = row.get(2)?;
    let quality =
        encode::quality(number).ok_or_else(|| odd(2, format!("{number} is no quality")))?;
    Ok((encode::timestamp(row.get(0)?), row.get(1)?, quality))
}

/// A record as stored: its number, its body, and its plan's body.
type StoredRecord = (i64, String, Option<String>);

fn stored_record(row: &Row<'_>) -> rusqlite::Result<StoredRecord> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

impl Store {
    /// The record of the last completed cycle, with its plan.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when it was written by another version; [`StoreError::Corrupt`]
    /// or [`StoreError::Other`] when the file cannot be read.
    pub fn last_record(&self) -> Result<Option<CycleRecord>, StoreError> {
        let sql = "SELECT cycle, cycle.body, plan.body FROM cycle
                   LEFT JOIN plan ON plan.id = cycle.plan ORDER BY cycle DESC LIMIT 1";
        let stored = self
            .connection
            .query_row(sql, [], stored_record)
            .optional()
            .map_err(|error| self.error("read the last record", &error))?;
        stored.map(|stored| self.record(&stored)).transpose()
    }

    /// The number of the last completed cycle. Number on from here, even when the state could not
    /// be understood.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Other`] when the file cannot be read.
    pub fn last_cycle(&self) -> Result<Option<u64>, StoreError> {
        last_cycle(&self.connection).map_err(|error| self.error("read the last cycle", &error))
    }

    /// When the last completed cycle was frozen.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Other`] when the file cannot be read.
    pub fn last_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let last: rusqlite::Result<Option<i64>> =
            self.connection.query_row("SELECT max(ts) FROM cycle", [], |row| row.get(0));
        let last = last.map_err(|error| self.error("read the last cycle", &error))?;
        Ok(last.map(encode::timestamp))
    }

    /// The records of the cycles frozen from `from` (included) to `to` (excluded), in the order
    /// of the cycles, at most `limit` and [`RECORDS_MAX`]; ask again from the last one for more.
    ///
    /// # Errors
    /// As [`Store::last_record`].
    pub fn records(
        &self,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<CycleRecord>, StoreError> {
        let limit = i64::try_from(limit.min(RECORDS_MAX)).unwrap_or(i64::MAX);
        let read = || -> rusqlite::Result<Vec<StoredRecord>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT cycle, cycle.body, plan.body FROM cycle
                 LEFT JOIN plan ON plan.id = cycle.plan
                 WHERE ts >= ?1 AND ts < ?2 ORDER BY cycle LIMIT ?3",
            )?;
            let bounds = params![encode::instant(from), encode::instant(to), limit];
            statement.query_map(bounds, stored_record)?.collect()
        };
        let stored = read().map_err(|error| self.error("read records", &error))?;
        stored.iter().map(|stored| self.record(stored)).collect()
    }

    /// The readings of a point from `from` (included) to `to` (excluded), one per cycle, oldest
    /// first, at most [`READINGS_MAX`]. Flags are 0 and 1; texts are in [`Store::text`]. A point
    /// that was never seen has none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Other`] when the file cannot be read.
    pub fn samples(
        &self,
        point: &PointId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Reading>, StoreError> {
        let Some(series) = self.names.series.get(&point.to_string()) else {
            return Ok(Vec::new());
        };
        let limit = i64::try_from(READINGS_MAX).unwrap_or(i64::MAX);
        let read = || -> rusqlite::Result<Vec<Reading>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT ts, value, quality FROM sample
                 WHERE ts >= ?1 AND ts < ?2 AND series = ?3 ORDER BY ts LIMIT ?4",
            )?;
            let bounds = params![encode::instant(from), encode::instant(to), series, limit];
            statement.query_map(bounds, reading)?.collect()
        };
        read().map_err(|error| self.error("read samples", &error))
    }

    /// The images from `from` (included) to `to` (excluded), one per cycle, oldest first, at most
    /// [`IMAGES_MAX`]; ask again from the last one for more. Flags are 0 and 1; texts are in
    /// [`Store::text`].
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Other`] when the file cannot be read.
    pub fn images(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Timestamp, Image)>, StoreError> {
        let points: BTreeMap<i64, PointId> = (self.names.series.iter())
            .filter_map(|(name, id)| Some((*id, PointId::try_from(name.clone()).ok()?)))
            .collect();
        let read = || -> rusqlite::Result<Vec<(Timestamp, Image)>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT ts, value, quality, series FROM sample
                 WHERE ts >= ?1 AND ts < ?2 ORDER BY ts, series",
            )?;
            let mut rows = statement.query(params![encode::instant(from), encode::instant(to)])?;
            let mut images: Vec<(Timestamp, Image)> = Vec::new();
            while let Some(row) = rows.next()? {
                let (at, value, quality) = reading(row)?;
                if images.last().is_none_or(|(last, _)| *last != at) {
                    if images.len() == IMAGES_MAX {
                        break;
                    }
                    images.push((at, Image::new()));
                }
                if let (Some((_, image)), Some(point)) =
                    (images.last_mut(), points.get(&row.get(3)?))
                {
                    image.insert(point.clone(), (value, quality));
                }
            }
            Ok(images)
        };
        read().map_err(|error| self.error("read samples", &error))
    }

    /// When the first cycle that is still kept was frozen.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Other`] when the file cannot be read.
    pub fn first_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let first: rusqlite::Result<Option<i64>> =
            self.connection.query_row("SELECT min(ts) FROM cycle", [], |row| row.get(0));
        let first = first.map_err(|error| self.error("read the first cycle", &error))?;
        Ok(first.map(encode::timestamp))
    }

    /// The text a point had at `at` as far as known, and since when: the last change up to then.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Other`] when the file cannot be read.
    pub fn text(
        &self,
        point: &PointId,
        at: Timestamp,
    ) -> Result<Option<(Timestamp, String)>, StoreError> {
        let Some(series) = self.names.series.get(&point.to_string()) else {
            return Ok(None);
        };
        let sql = "SELECT ts, value FROM text_sample WHERE series = ?1 AND ts <= ?2
                   ORDER BY ts DESC LIMIT 1";
        self.connection
            .query_row(sql, params![series, encode::instant(at)], |row| {
                Ok((encode::timestamp(row.get(0)?), row.get(1)?))
            })
            .optional()
            .map_err(|error| self.error("read a text", &error))
    }

    /// Commands that were about to be written when the process before this one ended, and when:
    /// the field may or may not have them. Empty after a completed cycle.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Other`] when the file cannot be read.
    pub fn interrupted(&self) -> Result<Vec<(Timestamp, Command)>, StoreError> {
        let read = || -> rusqlite::Result<Vec<(Timestamp, Command)>> {
            let mut statement =
                self.connection.prepare("SELECT ts, command FROM intent ORDER BY asset")?;
            let rows = statement.query_map([], |row| {
                let body: String = row.get(1)?;
                let command =
                    serde_json::from_str(&body).map_err(|error| odd(1, error.to_string()))?;
                Ok((encode::timestamp(row.get(0)?), command))
            })?;
            rows.collect()
        };
        read().map_err(|error| self.error("read the intents", &error))
    }

    fn record(&self, (cycle, body, plan): &StoredRecord) -> Result<CycleRecord, StoreError> {
        let unreadable = |error: serde_json::Error| StoreError::Unreadable {
            path: self.path.clone(),
            cycle: u64::try_from(*cycle).unwrap_or(0),
            why: error.to_string(),
        };
        let mut record: CycleRecord = serde_json::from_str(body).map_err(unreadable)?;
        if let Some(plan) = plan {
            record.plan = Some(serde_json::from_str::<Plan>(plan).map_err(unreadable)?);
        }
        Ok(record)
    }
}
