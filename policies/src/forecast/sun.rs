//! Where the sun stands, and what a clear sky would give on a tilted plane.

use jiff::{Timestamp, tz::TimeZone};
use site::Site;
use solar_positioning::SolarPositions;
use solar_positioning::time::JulianDate;

/// Below this elevation it is night: the end of civil twilight.
const DUSK_DEGREES: f64 = -6.0;
/// Difference of terrestrial and universal time, s. It moves the sun by less than 0.01 degrees.
const DELTA_T_SECONDS: f64 = 69.0;
/// What the ground reflects.
const ALBEDO: f64 = 0.2;
/// Share of clear-sky irradiance that is diffuse.
const DIFFUSE_SHARE: f64 = 0.15;
/// Losses of modules, wiring and inverter together.
const PERFORMANCE: f64 = 0.86;

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

/// What a plane would give under a clear sky, as a share of its peak power.
///
/// Haurwitz' clear-sky model for the horizontal, split into beam and diffuse, turned to the plane.
#[must_use]
pub fn clear_share(sun: Sun, tilt_degrees: f64, azimuth_degrees: f64) -> f64 {
    let height = sun.elevation.to_radians().sin();
    if height <= 0.0 {
        return 0.0;
    }
    let horizontal = 1098.0 * height * (-0.057 / height).exp();
    let (tilt, zenith) = (tilt_degrees.to_radians(), (90.0 - sun.elevation).to_radians());
    let turn = (sun.azimuth - azimuth_degrees).to_radians();
    let incidence = zenith.cos() * tilt.cos() + zenith.sin() * tilt.sin() * turn.cos();
    let beam = horizontal * (1.0 - DIFFUSE_SHARE) / height.max(0.05);
    let on_plane = beam * incidence.max(0.0)
        + horizontal * DIFFUSE_SHARE * (1.0 + tilt.cos()) / 2.0
        + horizontal * ALBEDO * (1.0 - tilt.cos()) / 2.0;
    (on_plane * PERFORMANCE / 1000.0).clamp(0.0, 1.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noon_is_high_in_june_and_low_in_december() {
        let june = clear_share(Sun { elevation: 66.0, azimuth: 180.0 }, 30.0, 180.0);
        let december = clear_share(Sun { elevation: 19.0, azimuth: 180.0 }, 30.0, 180.0);
        assert!((0.7..1.0).contains(&june), "{june}");
        assert!(december < june && december > 0.2, "{december}");
        assert!(clear_share(Sun { elevation: -1.0, azimuth: 180.0 }, 30.0, 180.0) < 1e-9);
    }
}
