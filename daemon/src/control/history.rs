//! State and history on disk, for a controller that goes on whatever the disk does.

use crate::store::{
    FILE_BYTES_MAX, Opened, ResetEntry, Store, StoreError, WriteEntry, WriteIntent, WriteOutcome,
};
use jiff::Timestamp;
use site::command::Command;
use site::record::CycleRecord;

/// History older than this is forgotten, s: 90 days, about 3 GB for a commune of 60 points.
const KEEP_SECONDS: f64 = 90.0 * 86_400.0;

/// The store, when there is one. A disk that fails degrades the history, never the control.
pub(super) struct History {
    store: Option<Store>,
    degraded: bool,
}

impl History {
    pub(super) const fn new(store: Option<Store>) -> Self {
        Self { store, degraded: false }
    }

    /// Puts on disk what is about to be written to the field.
    pub(super) fn intend(&mut self, at: Timestamp, commands: &[Command]) {
        let result = self.store.as_mut().map_or(Ok(()), |store| store.intend(at, commands));
        self.judge(at, result);
    }

    /// Puts a state on disk between two cycles. Without a store there is nothing to survive.
    ///
    /// # Errors
    /// In words, when the disk fails: what was asked for must not be acknowledged then.
    pub(super) fn remember(
        &mut self,
        at: Timestamp,
        state: &serde_json::Value,
        hash: &str,
    ) -> Result<(), String> {
        let Some(store) = &mut self.store else { return Ok(()) };
        store.remember(at, state, hash).map_err(|error| error.to_string())
    }

    /// Puts the state on disk at an orderly end.
    pub(super) fn end(mut self, at: Timestamp, state: &serde_json::Value, hash: &str) {
        let result = self.store.as_mut().map_or(Ok(()), |store| store.end(at, state, hash));
        self.judge(at, result);
    }

    /// Puts on disk what somebody is about to write by hand; its number.
    ///
    /// # Errors
    /// In words, when the disk fails or nothing is kept: then it must not be written.
    pub(super) fn begin_write(&mut self, intent: &WriteIntent) -> Result<u64, String> {
        let store = self.store.as_mut().ok_or("no history is kept here")?;
        store.begin_write(intent).map_err(|error| error.to_string())
    }

    /// Completes that entry. The field has it already: a disk that fails now is only said.
    pub(super) fn end_write(&mut self, id: u64, outcome: &WriteOutcome) {
        let at = outcome.at;
        let result = self.store.as_mut().map_or(Ok(()), |store| store.end_write(id, outcome));
        self.judge(at, result);
    }

    /// Notes whether the field showed what was written by hand.
    pub(super) fn verify_write(&mut self, at: Timestamp, id: u64, word: &str) {
        let result = self.store.as_mut().map_or(Ok(()), |store| store.verify_write(id, word));
        self.judge(at, result);
    }

    /// The last writes by hand, the newest first.
    ///
    /// # Errors
    /// In words, when the disk fails.
    pub(super) fn writes(&self, limit: usize) -> Result<Vec<WriteEntry>, String> {
        let Some(store) = &self.store else { return Ok(Vec::new()) };
        store.writes(limit).map_err(|error| error.to_string())
    }

    /// Puts on disk what somebody is about to reset. Without a store there is nothing to survive.
    ///
    /// # Errors
    /// In words, when the disk fails: then it must not be reset.
    pub(super) fn reset(&mut self, entry: &ResetEntry) -> Result<(), String> {
        let Some(store) = &mut self.store else { return Ok(()) };
        store.reset(entry).map_err(|error| error.to_string())
    }

    /// The last resets, the newest first.
    ///
    /// # Errors
    /// In words, when the disk fails.
    pub(super) fn resets(&self, limit: usize) -> Result<Vec<ResetEntry>, String> {
        let Some(store) = &self.store else { return Ok(Vec::new()) };
        store.resets(limit).map_err(|error| error.to_string())
    }

    /// Puts a completed cycle and the state on disk, and forgets what is too old.
    pub(super) fn complete(&mut self, record: &CycleRecord, state: &serde_json::Value, hash: &str) {
        let at = record.snapshot.now.utc;
        let Some(store) = &mut self.store else { return };
        let result = store.complete(record, state, hash).and_then(|()| {
            store.forget_before(site::time::add_seconds(at, -KEEP_SECONDS)).map(|_| ())
        });
        self.judge(at, result);
    }

    /// Holds the file to so many bytes; none is the most that it ever may have.
    pub(super) fn limit(&mut self, at: Timestamp, bytes: Option<u64>) {
        let bytes = bytes.unwrap_or(FILE_BYTES_MAX);
        let result = self.store.as_mut().map_or(Ok(()), |store| store.limit_bytes(bytes));
        self.judge(at, result);
    }

    fn judge(&mut self, at: Timestamp, result: Result<(), StoreError>) {
        match result {
            Ok(()) if self.degraded => {
                self.degraded = false;
                tracing::info!("history is kept again");
            }
            Ok(()) => {}
            Err(StoreError::Corrupt { .. }) => self.begin_anew(at),
            // Said once, not at every cycle.
            Err(error) if !self.degraded => {
                self.degraded = true;
                tracing::error!(%error, "history degraded; control goes on without it");
            }
            Err(_) => {}
        }
    }

    fn begin_anew(&mut self, at: Timestamp) {
        let Some(store) = self.store.take() else { return };
        match store.begin_anew(at, "it was found damaged while running") {
            Ok(opened) => {
                if let Some(notice) = opened.notice() {
                    tracing::error!("{notice}");
                }
                let Opened { store, .. } = opened;
                self.store = Some(store);
            }
            Err(error) => {
                self.degraded = true;
                tracing::error!(%error, "history is lost; control goes on without it");
            }
        }
    }
}
