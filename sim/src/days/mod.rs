//! Recorded days: what the sun, the weather and the loads of the simulated site do.
//!
//! A [`Recording`] is two files: shares of a rated value in quarter hours (plants and loads), and
//! a mean year of hourly weather. A simulated instant takes its values from both as follows.
//!
//! 1. Both recordings run in standard time all year, and so does the look-up: an instant becomes
//!    local *standard* time, the summer hour taken back, so that the sun stands where it stood.
//! 2. The simulated *local* date, summer time included, chooses one recorded day for all of its
//!    23, 24 or 25 hours: the one of the same weekday whose month and day are nearest
//!    ([`DayShape`]). A summer date therefore runs from 23:00 of the eve to 23:00 of the recorded
//!    day, and the days on which clocks change lose or gain an hour of it at their end.
//! 3. Columns whose name begins with `pv` run straight from one quarter hour to the next, since
//!    the sun does; all others are loads and hold their value.
//! 4. Weather has no weekday: it is that of the same month, day and hour of the mean year.
//!
//! A look-up is arithmetic over tables built when loading; it keeps no memory, so it gives the
//! same whatever was asked before. Holidays are not known: 1 May is the weekday it falls on.

mod calendar;
mod error;
mod profiles;
mod sheet;
#[cfg(test)]
mod tests;
mod weather;

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use calendar::DayShape;
pub use error::DaysError;
pub use profiles::{COLUMNS_MAX, DAYS_MAX, DAYS_MIN, SHARE_MAX};
pub use sheet::FILE_BYTES_MAX;
pub use weather::Weather;

use calendar::LocalInstant;
use profiles::Profiles;
use weather::MeanYear;

/// Recorded plants, loads and weather, ready to be looked up at any instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    profiles: Profiles,
    weather: MeanYear,
}

impl Recording {
    /// Reads both files; a name that ends in `.gz` is decompressed.
    ///
    /// The profiles: a column `time` (RFC 3339; the first row is a midnight whose offset is the
    /// standard time of the place; then every quarter hour once, in order; [`DAYS_MIN`] to
    /// [`DAYS_MAX`] days, an unfinished last one being left out), and 1 to [`COLUMNS_MAX`] columns
    /// of shares of a rated value, 0 to [`SHARE_MAX`]. Labels may change to summer time and back,
    /// with an offset that says so or without: rows are a quarter of an hour apart either way.
    ///
    /// The weather: the columns `month`, `day`, `hour_cet` (1 to 24, the hour that ends then, in
    /// standard time), `air_temperature_c`, `direct_horizontal_w_m2`, `diffuse_horizontal_w_m2`,
    /// `wind_m_s` and `relative_humidity_pct`, in any order, others being left alone; one row for
    /// every hour of a year, with 29 February or without.
    ///
    /// # Errors
    /// The first thing wrong, with file, line and column, and what to do about it.
    pub fn load(profiles: &Path, weather: &Path) -> Result<Recording, DaysError> {
        Ok(Recording { profiles: Profiles::load(profiles)?, weather: MeanYear::load(weather)? })
    }

    /// The names of the profile columns, in the order of the file.
    pub fn columns(&self) -> &[String] {
        self.profiles.columns()
    }

    /// Which recorded day a simulated local date takes.
    pub fn day_shape(&self) -> &DayShape {
        self.profiles.day_shape()
    }

    /// The share of the rated value of `column` at an instant, 0 to [`SHARE_MAX`].
    ///
    /// `None` when there is no such column.
    pub fn profile(&self, column: &str, at: Timestamp, zone: &TimeZone) -> Option<f64> {
        self.profiles.share(column, LocalInstant::new(at, zone))
    }

    /// The weather of the hour an instant falls in.
    pub fn weather(&self, at: Timestamp, zone: &TimeZone) -> Weather {
        self.weather.at(LocalInstant::new(at, zone))
    }
}
