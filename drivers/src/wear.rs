//! Memory that wears out: how often a day a point of a device may be written. Pure.
//!
//! Call [`Wear::allow`] before a write and [`Wear::handle_written`] after it. One of these belongs
//! to one unit, and its clones count as one, so that the field can tell what its link has written.
//! Whoever keeps [`Wear::today`] over a restart and gives it back by [`Wear::take_up`] gives no
//! point its budget anew.

use crate::profile::{PointSpec, Storage};
use jiff::Timestamp;
use site::Now;
use site::command::Authority;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const DAY_SECONDS: i64 = 86_400;

/// The writes of a point in one day.
#[derive(Debug, Clone, Copy)]
struct Spent {
    /// Days since 1970, UTC.
    day: i64,
    writes: u32,
}

/// A point has had its writes of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Worn {
    /// Its writes a day.
    pub(crate) budget: u32,
    /// When the next day begins.
    pub(crate) free_at: Timestamp,
}

/// What was written today to the points of one unit, by their places in the profile. A clone is the
/// same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wear(Arc<Mutex<BTreeMap<usize, Spent>>>);

impl Wear {
    /// Whether a point may be written now. An interlock may always: a device that is worn out
    /// sooner is better than one that does harm.
    ///
    /// # Errors
    /// When the point has had its writes of the day.
    pub(crate) fn allow(
        &self,
        now: Now,
        (place, point): (usize, &PointSpec),
        authority: Authority,
    ) -> Result<(), Worn> {
        let Storage::Eeprom { writes_per_day: budget } = point.storage else { return Ok(()) };
        let day = day(now.utc);
        // Another day, be it an earlier one after the clock was set back, has its own budget: one
        // that was counted in the future would never end.
        let spent = self.spent().get(&place).copied().filter(|spent| spent.day == day);
        if authority == Authority::Interlock || spent.is_none_or(|spent| spent.writes < budget) {
            return Ok(());
        }
        let begins = (day + 1).saturating_mul(DAY_SECONDS);
        Err(Worn { budget, free_at: Timestamp::from_second(begins).unwrap_or(Timestamp::MAX) })
    }

    /// Notes a write, or one of which nobody knows whether the device carried it out.
    pub(crate) fn handle_written(&self, now: Now, place: usize) {
        let day = day(now.utc);
        let mut all = self.spent();
        let spent = all.entry(place).or_insert(Spent { day, writes: 0 });
        if spent.day != day {
            *spent = Spent { day, writes: 0 };
        }
        spent.writes = spent.writes.saturating_add(1);
    }

    /// The writes of the day of an instant, by place; points that were not written have none.
    pub(crate) fn today(&self, at: Timestamp) -> Vec<(usize, u32)> {
        let day = day(at);
        let all = self.spent();
        let today = all.iter().filter(|(_, spent)| spent.day == day);
        today.map(|(place, spent)| (*place, spent.writes)).collect()
    }

    /// Takes up the writes that a point had on the day of an instant, as counted before a restart.
    pub(crate) fn take_up(&self, at: Timestamp, place: usize, writes: u32) {
        self.spent().insert(place, Spent { day: day(at), writes });
    }

    fn spent(&self) -> MutexGuard<'_, BTreeMap<usize, Spent>> {
        // A count is whole between any two statements above.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Days since 1970, UTC.
fn day(at: Timestamp) -> i64 {
    at.as_second().div_euclid(DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn points() -> Vec<PointSpec> {
        let text = "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\npoints:\n  \
                    kept: {holding: 0, kind: u16, access: read-write, storage: eeprom, \
                    writes_per_day: 3}\n  \
                    other: {holding: 1, kind: u16, access: read-write, storage: eeprom, \
                    writes_per_day: 3}\n  \
                    free: {holding: 2, kind: u16, access: read-write}\n";
        crate::profile::read(text, Path::new("p.yaml")).expect("no findings").points
    }

    fn at(utc: &str) -> Now {
        Now { utc: utc.parse().expect("an instant"), ..Now::default() }
    }

    #[test]
    fn a_point_is_written_so_often_a_day_and_no_more() {
        let points = points();
        let wear = Wear::default();
        let plan = |wear: &Wear, now, place: usize| {
            wear.allow(now, (place, &points[place]), Authority::Plan)
        };
        for hour in 10..13 {
            let now = at(&format!("2026-03-01T{hour}:00:00Z"));
            assert_eq!(plan(&wear, now, 0), Ok(()));
            wear.handle_written(now, 0);
        }
        let late = at("2026-03-01T23:59:59Z");
        let worn = Worn { budget: 3, free_at: at("2026-03-02T00:00:00Z").utc };
        assert_eq!(plan(&wear, late, 0), Err(worn));
        assert_eq!(plan(&wear, late, 1), Ok(()), "each point has its own budget");
        for authority in [Authority::Operator, Authority::External, Authority::Program] {
            assert_eq!(wear.allow(late, (0, &points[0]), authority), Err(worn), "{authority:?}");
        }
        assert_eq!(wear.allow(late, (0, &points[0]), Authority::Interlock), Ok(()));
        let next = at("2026-03-02T00:00:00Z");
        assert_eq!(plan(&wear, next, 0), Ok(()), "a new day, by UTC");
        wear.handle_written(next, 0);
        wear.handle_written(next, 0);
        assert_eq!(plan(&wear, next, 0), Ok(()), "the count began anew");
        wear.handle_written(next, 0);
        assert!(plan(&wear, next, 0).is_err());
    }

    #[test]
    fn what_is_taken_up_counts_on_its_own_day_alone() {
        let points = points();
        let before = Wear::default();
        let morning = at("2026-03-01T10:00:00Z");
        (0..3).for_each(|_| before.handle_written(morning, 0));
        before.handle_written(morning, 1);
        let noon = at("2026-03-01T12:00:00Z");
        assert_eq!(before.today(noon.utc), [(0, 3), (1, 1)]);

        let after = Wear::default();
        for (place, writes) in before.today(noon.utc) {
            after.take_up(noon.utc, place, writes);
        }
        assert!(after.allow(noon, (0, &points[0]), Authority::Plan).is_err());
        assert_eq!(after.allow(noon, (1, &points[1]), Authority::Plan), Ok(()));
        after.handle_written(noon, 1);
        assert_eq!(after.today(noon.utc), [(0, 3), (1, 2)], "it is counted on");
        let next = at("2026-03-02T00:00:00Z");
        assert_eq!(after.allow(next, (0, &points[0]), Authority::Plan), Ok(()));
        assert_eq!(after.today(next.utc), []);
    }

    #[test]
    fn what_does_not_wear_out_is_written_without_end() {
        let points = points();
        let wear = Wear::default();
        let now = at("2026-03-01T10:00:00Z");
        for _ in 0..10_000 {
            wear.handle_written(now, 2);
        }
        assert_eq!(wear.allow(now, (2, &points[2]), Authority::Program), Ok(()));
    }

    #[test]
    fn a_clock_that_was_in_the_future_does_not_lock_a_point() {
        let points = points();
        let wear = Wear::default();
        let future = at("2036-01-01T00:00:00Z");
        (0..3).for_each(|_| wear.handle_written(future, 0));
        assert!(wear.allow(future, (0, &points[0]), Authority::Plan).is_err());
        let now = at("2026-03-01T10:00:00Z");
        assert_eq!(wear.allow(now, (0, &points[0]), Authority::Plan), Ok(()));
    }
}
