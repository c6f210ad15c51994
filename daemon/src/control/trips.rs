//! Trips of the guard: told when they come and go, shown, and reset by a person, on record.

use super::Controller;
use super::desk::{Desk, Errand};
use crate::status::TripReport;
use crate::store::ResetEntry;
use policies::guard::Trip;
use serde::{Deserialize, Serialize};
use site::AssetId;
use std::collections::BTreeMap;

/// The longest name of somebody who resets, in characters.
const WHO_MAX: usize = 64;
/// The longest reason, in characters.
const REASON_MAX: usize = 200;
/// Resets that are shown.
const RESETS_SHOWN: usize = 20;

/// What somebody wants to reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetWish {
    /// The asset.
    pub asset: AssetId,
    /// Who wants it.
    pub who: String,
    /// Why: what was found and done.
    pub reason: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResetReport {
    /// The asset.
    pub asset: AssetId,
    /// The trip that was reset.
    pub trip: Trip,
    /// The trip that holds it again at once; null when it is free.
    pub again: Option<Trip>,
}

/// Why nothing was reset.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TripError {
    /// Who or why is missing, too long, or no line of text.
    #[error("'{what}' must be one line of 1 to {most} characters")]
    Words {
        /// Which of the two.
        what: &'static str,
        /// Its greatest length.
        most: usize,
    },
    /// The asset has not tripped, or there is none of this name.
    #[error("{asset} has not tripped")]
    NotTripped {
        /// As asked.
        asset: AssetId,
        /// What has.
        tripped: Vec<AssetId>,
    },
    /// It could not be put on record, and was not reset.
    #[error("it could not be put on record, and was not reset: {0}")]
    Disk(String),
    /// The daemon is too busy, or stopping.
    #[error("the daemon does not answer its desk now: it is busy, or stopping")]
    Busy,
}

impl Desk {
    /// The trips that hold, and the last resets.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn trips(&self) -> Result<TripReport, TripError> {
        self.hand_in(super::desk::PATIENCE, TripError::Busy, Errand::Trips).await
    }

    /// Hands in a reset and waits for its answer; what is granted is on record.
    ///
    /// # Errors
    /// When nothing was reset; after [`TripError::Busy`] it may still be: look at [`Desk::trips`].
    pub async fn reset_trip(&self, wish: ResetWish) -> Result<ResetReport, TripError> {
        let errand = |reply| Errand::Reset(Box::new(wish), reply);
        self.hand_in(super::desk::WRITE_PATIENCE, TripError::Busy, errand).await
    }
}

impl Controller {
    /// The trips that hold now.
    pub(super) fn tripped(&self) -> BTreeMap<AssetId, Trip> {
        self.state.guard.trips().map(|(id, trip)| (id.clone(), trip.clone())).collect()
    }

    /// Tells and counts the trips that came since then, and tells those that ended by themselves.
    pub(super) fn watch_trips(&mut self, before: &BTreeMap<AssetId, Trip>) {
        for (asset, trip) in self.state.guard.trips() {
            if before.get(asset) != Some(trip) {
                let (cause, reason, restarts_left) =
                    (trip.cause.word(), &trip.reason, trip.restarts_left);
                tracing::error!(%asset, cause, restarts_left, "tripped: {reason}");
                *self.tally.guard.trips.entry(trip.cause).or_default() += 1;
            }
        }
        for (asset, trip) in before {
            if self.state.guard.trip(asset).is_none() {
                tracing::warn!(%asset, cause = trip.cause.word(), "the trip ended by itself");
            }
        }
    }

    pub(super) fn trip_report(&self) -> Result<TripReport, TripError> {
        let resets = self.history.resets(RESETS_SHOWN).map_err(TripError::Disk)?;
        Ok(TripReport { trips: self.tripped(), resets })
    }

    /// On record first, then reset, then looked at once: what still causes it trips it again.
    pub(super) async fn reset(&mut self, wish: &ResetWish) -> Result<ResetReport, TripError> {
        for (what, text, most) in
            [("who", &wish.who, WHO_MAX), ("reason", &wish.reason, REASON_MAX)]
        {
            let plain = !text.trim().is_empty() && !text.chars().any(char::is_control);
            if !plain || text.chars().count() > most {
                return Err(TripError::Words { what, most });
            }
        }
        let ResetWish { asset, who, reason } = wish.clone();
        let Some(trip) = self.state.guard.trip(&asset).cloned() else {
            return Err(TripError::NotTripped {
                asset,
                tripped: self.tripped().into_keys().collect(),
            });
        };
        let at = self.clock.now().utc;
        let entry = ResetEntry { at, who, asset, trip, reason };
        self.history.reset(&entry).map_err(TripError::Disk)?;
        let before = self.state.guard.clone();
        self.state.guard.reset_trip(&entry.asset);
        let state = self.remembered();
        if let Err(why) = self.history.remember(at, &state, &self.state.hash) {
            self.state.guard = before;
            return Err(TripError::Disk(why));
        }
        let ResetEntry { who, asset, trip, reason, .. } = entry;
        tracing::warn!(%asset, cause = trip.cause.word(), who, reason, "a trip was reset");
        self.tick().await;
        let again = self.state.guard.trip(&asset).cloned();
        Ok(ResetReport { asset, trip, again })
    }
}
