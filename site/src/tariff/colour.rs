//! Days with a colour: the supplier says the day before which of a few prices holds tomorrow.
//! Tempo has three colours; days of a mobile peak, and of EJP, are two colours.

use super::Calendar;
use jiff::civil::{Date, Time};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The colours of a tariff, and of each day as far as it is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DayColours {
    /// Names of the colours.
    pub names: Vec<String>,
    /// The colour of a day of which nothing is known, as an index into `names`.
    pub assume: usize,
    /// A date's colour holds from this local time to the same time of the next date.
    pub day_begins: Time,
    /// A date's colour is published at this local time of the day before.
    pub known_from: Time,
    /// The file with the colours of the days; none when every day has the assumed one.
    pub file: Option<PathBuf>,
    /// Colours by date, as indices into `names`.
    pub days: BTreeMap<Date, usize>,
}

impl DayColours {
    /// The date whose colour holds at an instant.
    #[must_use]
    pub fn date_at(&self, at: Timestamp, calendar: Calendar<'_>) -> Date {
        let local = calendar.local(at);
        if local.time() >= self.day_begins {
            return local.date();
        }
        local.date().checked_sub(1.day()).unwrap_or(local.date())
    }

    /// The colour at an instant, and whether it is assumed. With `seen_from`, only what was
    /// published by then counts; without, all that the file says.
    #[must_use]
    pub fn colour_at(
        &self,
        at: Timestamp,
        seen_from: Option<Timestamp>,
        calendar: Calendar<'_>,
    ) -> (&str, bool) {
        let date = self.date_at(at, calendar);
        let published = seen_from.is_none_or(|seen| calendar.eve_of(date, self.known_from) <= seen);
        let known = self.days.get(&date).filter(|_| published);
        (&self.names[*known.unwrap_or(&self.assume)], known.is_none())
    }
}
