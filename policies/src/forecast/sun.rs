//! Where the sun stands.

use jiff::{Timestamp, tz::TimeZone};
use site::Site;
use solar_positioning::SolarPositions;
use solar_positioning::time::JulianDate;

/// Below this elevation it is night: the end of civil twilight.
const DUSK_DEGREES: f64 = -6.0;
/// Difference of terrestrial and universal time, s. It moves the sun by less than 0.01 degrees.
const DELTA_T_SECONDS: f64 = 69.0;

/// The sun in a site's sky.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sun {
    /// Degrees above the horizon.
    pub elevation: f64,
    /// Degrees clockwise from north.
    pub azimuth: f64,
}

/// The sun's position by the Grena 3 algorithm (0.01 degrees, 2010 to 2110).
#[must_use]
pub fn sun(site: &Site, at: Timestamp) -> Sun {
    let utc = at.to_zoned(TimeZone::UTC);
    let part = |value: i8| u32::try_from(value).unwrap_or_default();
    let date = JulianDate::from_utc(
        i32::from(utc.year()),
        part(utc.month()),
        part(utc.day()),
        part(utc.hour()),
        part(utc.minute()),
        f64::from(utc.second()),
        DELTA_T_SECONDS,
    );
    let location =
        solar_positioning::Location { latitude: site.latitude, longitude: site.longitude };
    let position =
        date.and_then(|date| SolarPositions::grena3().at_from_julian(date, location, 0.0, None));
    // Both can only fail for years and places that a resolved site and a sane clock exclude; a sun
    // below the horizon then means: no PV expected, lighting by its program.
    position.map_or(Sun { elevation: -90.0, azimuth: 0.0 }, |position| Sun {
        elevation: position.elevation_angle(),
        azimuth: position.azimuth(),
    })
}

/// Whether street lighting is wanted: the sun is below the end of civil twilight.
#[must_use]
pub fn is_night(site: &Site, at: Timestamp) -> bool {
    sun(site, at).elevation < DUSK_DEGREES
}

/// The sun's own time at a place: hours since its midnight, 0 to below 24. Noon is when the sun is
/// highest, whatever the clocks show.
#[must_use]
pub fn solar_hour(longitude: f64, at: Timestamp) -> f64 {
    let utc = TimeZone::UTC.to_datetime(at);
    let clock = f64::from(utc.hour()) + f64::from(utc.minute()) / 60.0;
    let clock = clock + f64::from(utc.second()) / 3600.0;
    // The equation of time after Spencer (1971), within a minute.
    let angle = std::f64::consts::TAU * (f64::from(utc.date().day_of_year()) - 1.0) / 365.0;
    let ahead = 0.000_075 + 0.001_868 * angle.cos()
        - 0.032_077 * angle.sin()
        - 0.014_615 * (2.0 * angle).cos()
        - 0.040_849 * (2.0 * angle).sin();
    let ahead = ahead * 12.0 / std::f64::consts::PI;
    (clock + longitude / 15.0 + ahead).rem_euclid(24.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suns_noon_wanders_with_the_year() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        // At Greenwich the sun is late by 14 minutes in February and early by 16 in November.
        for (text, noon) in [("2026-02-11T12:14:00Z", 12.0), ("2026-11-03T11:43:30Z", 12.0)] {
            let hour = solar_hour(0.0, at(text));
            assert!((hour - noon).abs() < 0.02, "{text}: {hour}");
        }
        assert!((solar_hour(15.0, at("2026-04-15T11:00:00Z")) - 12.0).abs() < 0.02);
    }
}
