//! Limits from outside: what people enter for the grid's operator, and what the grid's operator
//! writes to a device of its own. Pure: they are set, seen and forgotten by whoever calls.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::external::{Direction, ExternalLimit};
use site::time::{add_seconds, seconds_between};
use site::units::Power;
use site::{PointId, Reason, Site, Snapshot};
use std::collections::BTreeMap;

/// The most limits that are kept at once.
pub const LIMITS_MAX: usize = 32;
/// The longest time that a limit may last, or lie ahead, s: seven days.
pub const LASTING_MAX: f64 = 7.0 * 86_400.0;
/// The largest power of a limit, W. Above it nothing is limited.
pub const POWER_MAX: f64 = 1e9;
/// The most characters of an author or a reason.
pub const WORDS_MAX: usize = 200;
/// A limit at a device says not how long it will stand: the plan reckons with it for the hours that
/// are decisions, s.
const REMOTE_LASTS: f64 = 7200.0;
/// A limit at a device that cannot be read any more holds for so long, s.
const REMOTE_HOLD: f64 = 900.0;

/// Why a limit is not taken up.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LimitError {
    /// The power is below zero, or beyond every connection.
    #[error("{kw} kW is no limit: name the most that may flow, from 0 kW upwards")]
    Power {
        /// As given, kW.
        kw: f64,
    },
    /// It ends before it begins, or has ended.
    #[error("the limit ends at {until}, which is not after {from}")]
    Over {
        /// When it begins, at the earliest now.
        from: Timestamp,
        /// When it ends.
        until: Timestamp,
    },
    /// It lasts too long, or lies too far ahead.
    #[error("the limit ends at {until}, more than 7 days from now: enter it again later")]
    TooLong {
        /// When it ends.
        until: Timestamp,
    },
    /// Author or reason is empty, too long, or not text.
    #[error("'{what}' must be 1 to {WORDS_MAX} characters of text")]
    Words {
        /// Which of the two.
        what: &'static str,
    },
    /// There is no room for another one.
    #[error("{LIMITS_MAX} limits are kept already: clear one that is no longer needed")]
    TooMany,
    /// There is no limit of this number.
    #[error("there is no limit number {id}")]
    Unknown {
        /// The number.
        id: u64,
    },
}

/// A limit that somebody entered, with the number by which it can be cleared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Its number; never used again.
    pub id: u64,
    /// The limit.
    pub limit: ExternalLimit,
}

/// A limit read from a device.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Remote {
    power: Power,
    since: Timestamp,
    seen: Timestamp,
}

/// All limits from outside, kept over restarts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    orders: Vec<Order>,
    next: u64,
    remote: BTreeMap<Direction, Remote>,
}

impl Limits {
    /// Takes up a limit, and gives it a number.
    ///
    /// # Errors
    /// When it is none, or there is no room; nothing has changed then.
    pub fn set(&mut self, now: Timestamp, limit: ExternalLimit) -> Result<Order, LimitError> {
        check(now, &limit)?;
        self.forget(now);
        if self.orders.len() >= LIMITS_MAX {
            return Err(LimitError::TooMany);
        }
        self.next += 1;
        let order = Order { id: self.next, limit };
        self.orders.push(order.clone());
        Ok(order)
    }

    /// Clears a limit that somebody entered.
    ///
    /// # Errors
    /// When there is none of this number.
    pub fn clear(&mut self, id: u64) -> Result<Order, LimitError> {
        let place = self.orders.iter().position(|order| order.id == id);
        place.map(|place| self.orders.remove(place)).ok_or(LimitError::Unknown { id })
    }

    /// Clears all limits that somebody entered.
    pub fn clear_all(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }

    /// Reads the limits at the grid operator's device, and forgets what is over. A point that says
    /// "not available" limits nothing; one that cannot be read holds its limit for a while.
    pub fn observe(&mut self, site: &Site, snapshot: &Snapshot) {
        let now = snapshot.now.utc;
        self.forget(now);
        let points = site.grid.remote_limit.as_ref();
        let off = points.and_then(|points| points.active.as_ref());
        let off = off.is_some_and(|active| snapshot.flag(active) == Some(false));
        for direction in [Direction::Import, Direction::Export] {
            let point = points.and_then(|points| match direction {
                Direction::Import => points.import.as_ref(),
                Direction::Export => points.export.as_ref(),
            });
            match point {
                Some(point) if !off => self.see(direction, point, snapshot),
                _ => {
                    self.remote.remove(&direction);
                }
            }
        }
    }

    fn see(&mut self, direction: Direction, point: &PointId, snapshot: &Snapshot) {
        let now = snapshot.now.utc;
        if let Some(watts) = snapshot.number(point) {
            let power = Power::new(watts.clamp(0.0, POWER_MAX));
            let held = self.remote.get(&direction).filter(|held| held.power == power);
            let since = held.map_or(now, |held| held.since);
            self.remote.insert(direction, Remote { power, since, seen: now });
            return;
        }
        let gone = snapshot.trouble(point) == Some(Reason::NotAvailable);
        let old = |held: &Remote| !(0.0..=REMOTE_HOLD).contains(&seconds_between(held.seen, now));
        if gone || self.remote.get(&direction).is_some_and(old) {
            self.remote.remove(&direction);
        }
    }

    fn forget(&mut self, now: Timestamp) {
        self.orders.retain(|order| now < order.limit.until);
    }

    /// What was entered and is not over, in the order of entry.
    pub fn orders(&self, now: Timestamp) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(move |order| now < order.limit.until)
    }

    /// Limits read from a device, as they stand.
    pub fn remote(&self, now: Timestamp) -> impl Iterator<Item = ExternalLimit> {
        self.remote.iter().map(move |(direction, held)| ExternalLimit {
            direction: *direction,
            power: held.power,
            from: held.since.min(now),
            until: add_seconds(now, REMOTE_LASTS),
            author: "the grid's device".to_owned(),
            reason: "read from the site's remote limit".to_owned(),
        })
    }

    /// All limits in force or to come.
    #[must_use]
    pub fn all(&self, now: Timestamp) -> Vec<ExternalLimit> {
        self.orders(now).map(|order| order.limit.clone()).chain(self.remote(now)).collect()
    }
}

fn check(now: Timestamp, limit: &ExternalLimit) -> Result<(), LimitError> {
    let ExternalLimit { power, from, until, .. } = limit;
    if !(0.0..=POWER_MAX).contains(&power.get()) {
        return Err(LimitError::Power { kw: power.kw() });
    }
    let begins = (*from).max(now);
    if *until <= begins {
        return Err(LimitError::Over { from: begins, until: *until });
    }
    if seconds_between(now, *until) > LASTING_MAX {
        return Err(LimitError::TooLong { until: *until });
    }
    for (what, words) in [("author", &limit.author), ("reason", &limit.reason)] {
        let plain = !words.trim().is_empty() && !words.chars().any(char::is_control);
        if !plain || words.chars().count() > WORDS_MAX {
            return Err(LimitError::Words { what });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
