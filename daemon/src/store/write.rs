//! Writing: the intent before the field is touched, and the cycle when it is over.

use super::encode::{self, Kept};
use super::{Names, Store, StoreError};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};
use serde_json::Value;
use site::command::{Command, Delivery, Outcome};
use site::plan::Plan;
use site::record::CycleRecord;
use std::collections::BTreeMap;
use std::path::Path;

/// What an error says was being done.
const STATE: &str = "store the state";

impl Store {
    /// Says what is about to be written to the field, and has it on disk when it returns. Should
    /// the process die before [`Store::complete`], the next one finds it in
    /// [`Store::interrupted`] and reads the devices back before it decides.
    ///
    /// # Errors
    /// Any but [`StoreError::InUse`] and [`StoreError::OutOfOrder`].
    pub fn intend(&mut self, at: Timestamp, commands: &[Command]) -> Result<(), StoreError> {
        if commands.is_empty() {
            return Ok(());
        }
        let path = &self.path;
        let fault = |error: rusqlite::Error| StoreError::sqlite(path, "store the intent", &error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fault)?;
        for command in commands {
            let body = text(path, "store the intent", command)?;
            // One per asset: however long nothing can be completed, the table stays small.
            transaction
                .prepare_cached("INSERT OR REPLACE INTO intent VALUES (?1, ?2, ?3)")
                .and_then(|mut statement| {
                    statement.execute(params![command.asset.as_str(), encode::instant(at), body])
                })
                .map_err(fault)?;
        }
        transaction.commit().map_err(fault)
    }

    /// Stores a state between two cycles, and has it on disk when it returns: what a person has
    /// entered and was told is taken up.
    ///
    /// # Errors
    /// As [`Store::intend`].
    pub fn remember(&mut self, at: Timestamp, state: &Value, hash: &str) -> Result<(), StoreError> {
        let transaction = self.between_cycles(at, state, hash)?;
        transaction.commit().map_err(|error| StoreError::sqlite(&self.path, STATE, &error))
    }

    /// Stores the state at an orderly end: nothing is being written to the field any more, and
    /// the next process has nothing to ask after.
    ///
    /// # Errors
    /// As [`Store::intend`].
    pub fn end(&mut self, at: Timestamp, state: &Value, hash: &str) -> Result<(), StoreError> {
        let transaction = self.between_cycles(at, state, hash)?;
        let forgotten = transaction.execute("DELETE FROM intent", []);
        let result = forgotten.and_then(|_| transaction.commit());
        result.map_err(|error| StoreError::sqlite(&self.path, STATE, &error))
    }

    fn between_cycles(
        &self,
        at: Timestamp,
        state: &Value,
        hash: &str,
    ) -> Result<Transaction<'_>, StoreError> {
        let fault = |error: rusqlite::Error| StoreError::sqlite(&self.path, STATE, &error);
        let body = text(&self.path, STATE, state)?;
        let transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
                .map_err(fault)?;
        let last = super::read::last_cycle(&transaction).map_err(fault)?.unwrap_or_default();
        let cycle = i64::try_from(last).unwrap_or(i64::MAX);
        put_state(&transaction, (cycle, encode::instant(at)), hash, &body).map_err(fault)?;
        Ok(transaction)
    }

    /// Stores a cycle and the state after it, all or nothing, and has them on disk when it
    /// returns. `hash` is the caller's running hash over its records.
    ///
    /// # Errors
    /// Any but [`StoreError::InUse`]. After an error nothing of this cycle is stored, what was
    /// stored before is whole, and the next cycle may be completed as usual.
    pub fn complete(
        &mut self,
        record: &CycleRecord,
        state: &Value,
        hash: &str,
    ) -> Result<(), StoreError> {
        const DOING: &str = "store the cycle";
        let path = &self.path;
        let fault = |error: rusqlite::Error| StoreError::sqlite(path, DOING, &error);
        let bodies = Bodies {
            record: text(path, DOING, &CycleRecord { plan: None, ..record.clone() })?,
            plan: record.plan.as_ref().map(|plan| text(path, DOING, plan)).transpose()?,
            state: text(path, DOING, state)?,
        };
        let cycle = i64::try_from(record.cycle).map_err(|error| StoreError::Other {
            path: path.clone(),
            doing: DOING,
            why: error.to_string(),
        })?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fault)?;
        if let Some(last) = super::read::last_cycle(&transaction).map_err(fault)?
            && last >= record.cycle
        {
            return Err(StoreError::OutOfOrder { path: path.clone(), cycle: record.cycle, last });
        }
        let work = Work { transaction, cycle, record };
        let learned = work.put(&bodies, hash, &self.names).map_err(fault)?;
        work.transaction.commit().map_err(fault)?;
        self.names.series.extend(learned.series);
        self.names.texts.extend(learned.texts);
        Ok(())
    }
}

fn text<T: serde::Serialize>(
    path: &Path,
    doing: &'static str,
    value: &T,
) -> Result<String, StoreError> {
    encode::json(value).map_err(|why| StoreError::Other { path: path.to_owned(), doing, why })
}

/// What is stored as text, made before the file is locked.
struct Bodies {
    record: String,
    plan: Option<String>,
    state: String,
}

/// One cycle on its way into the file.
struct Work<'a> {
    transaction: Transaction<'a>,
    cycle: i64,
    record: &'a CycleRecord,
}

impl Work<'_> {
    /// Everything, in the order of the cycle's phases. Returns what was learned of the series;
    /// it holds only once the transaction does.
    fn put(&self, bodies: &Bodies, hash: &str, known: &Names) -> rusqlite::Result<Names> {
        let learned = self.put_samples(known)?;
        let plan = match (&self.record.plan, &bodies.plan) {
            (Some(plan), Some(body)) => Some(self.put_plan(plan, body)?),
            _ => None,
        };
        self.put_record(plan, hash, &bodies.record)?;
        self.put_commands()?;
        self.put_verdicts()?;
        self.put_verifications()?;
        put_state(&self.transaction, (self.cycle, self.at()), hash, &bodies.state)?;
        self.transaction.execute("DELETE FROM intent", [])?;
        Ok(learned)
    }

    fn at(&self) -> i64 {
        encode::instant(self.record.snapshot.now.utc)
    }

    fn put_samples(&self, known: &Names) -> rusqlite::Result<Names> {
        let mut learned = Names::default();
        let mut number = self
            .transaction
            .prepare_cached("INSERT OR REPLACE INTO sample VALUES (?1, ?2, ?3, ?4)")?;
        let mut text = self
            .transaction
            .prepare_cached("INSERT OR REPLACE INTO text_sample VALUES (?1, ?2, ?3)")?;
        for (point, sample) in self.record.snapshot.iter() {
            let series = self.series(&point.to_string(), known, &mut learned.series)?;
            match encode::kept(sample) {
                Kept::Number(value, quality) => {
                    number.execute(params![self.at(), series, value, quality])?;
                }
                Kept::Text(now) if known.texts.get(&series).is_some_and(|was| was == now) => {}
                Kept::Text(now) => {
                    text.execute(params![series, self.at(), now])?;
                    learned.texts.insert(series, now.to_owned());
                }
            }
        }
        Ok(learned)
    }

    fn series(
        &self,
        name: &str,
        known: &Names,
        learned: &mut BTreeMap<String, i64>,
    ) -> rusqlite::Result<i64> {
        if let Some(series) = known.series.get(name) {
            return Ok(*series);
        }
        self.transaction.execute("INSERT INTO series (name) VALUES (?1)", [name])?;
        let series = self.transaction.last_insert_rowid();
        learned.insert(name.to_owned(), series);
        Ok(series)
    }

    /// A plan is known by its content: a cycle that goes on with the last plan stores no copy.
    fn put_plan(&self, plan: &Plan, body: &str) -> rusqlite::Result<i64> {
        let hash = blake3::hash(body.as_bytes());
        let known = self
            .transaction
            .query_row("SELECT id FROM plan WHERE hash = ?1", [hash.as_bytes()], |row| row.get(0))
            .optional()?;
        if let Some(id) = known {
            return Ok(id);
        }
        self.transaction.execute(
            "INSERT INTO plan (hash, made_at, expires_at, rung, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                hash.as_bytes(),
                encode::instant(plan.made_at),
                encode::instant(plan.expires_at),
                plan.rung.word(),
                body
            ],
        )?;
        Ok(self.transaction.last_insert_rowid())
    }

    fn put_record(&self, plan: Option<i64>, hash: &str, body: &str) -> rusqlite::Result<()> {
        self.transaction.execute(
            "INSERT INTO cycle VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![self.cycle, self.at(), self.record.rung.word(), plan, hash, body],
        )?;
        Ok(())
    }

    fn put_commands(&self) -> rusqlite::Result<()> {
        let mut statement = self
            .transaction
            .prepare_cached("INSERT INTO command VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
        for (place, command) in (0_i64..).zip(&self.record.commands) {
            let receipts = &self.record.receipts;
            let receipt = receipts.iter().find(|receipt| receipt.asset == command.asset);
            let (delivery, failure) = match receipt.map(|receipt| &receipt.delivery) {
                None => (None, None),
                Some(Delivery::Sent) => (Some("sent"), None),
                Some(Delivery::Unchanged) => (Some("unchanged"), None),
                Some(Delivery::Refreshed) => (Some("refreshed"), None),
                Some(Delivery::Failed(why)) => (Some("failed"), Some(why)),
            };
            statement.execute(params![
                self.cycle,
                place,
                command.asset.as_str(),
                command.device.as_str(),
                command.setpoint.to_string(),
                encode::authority(command.authority),
                delivery,
                failure
            ])?;
        }
        Ok(())
    }

    fn put_verdicts(&self) -> rusqlite::Result<()> {
        let mut statement = self
            .transaction
            .prepare_cached("INSERT INTO verdict VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        let told = |outcome| !matches!(outcome, Outcome::Passed);
        let verdicts = self.record.verdicts.iter().filter(|verdict| told(verdict.outcome));
        for (place, verdict) in (0_i64..).zip(verdicts) {
            statement.execute(params![
                self.cycle,
                place,
                verdict.asset.as_str(),
                verdict.check,
                encode::outcome(verdict.outcome),
                verdict.reason
            ])?;
        }
        Ok(())
    }

    fn put_verifications(&self) -> rusqlite::Result<()> {
        let mut statement =
            self.transaction.prepare_cached("INSERT INTO verification VALUES (?1, ?2, ?3, ?4)")?;
        for (asset, verification) in &self.record.verifications {
            let (word, differs) = encode::verification(verification);
            statement.execute(params![self.cycle, asset.as_str(), word, differs])?;
        }
        Ok(())
    }
}

fn put_state(
    transaction: &Transaction<'_>,
    (cycle, at): (i64, i64),
    hash: &str,
    body: &str,
) -> rusqlite::Result<()> {
    let digest = super::read::digest(cycle, hash, body);
    transaction.execute(
        "INSERT OR REPLACE INTO state VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        params![cycle, at, hash, digest.as_bytes(), body],
    )?;
    Ok(())
}
