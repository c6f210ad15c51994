//! Daylight as a photocell sees it: from the sun's height and from how much of it the recorded
//! weather lets through.

use jiff::Timestamp;

use crate::days::Weather;

/// It is dark below this, in lux.
const DARK_BELOW_LUX: f64 = 20.0;
/// It is light again above this, in lux: twice as much, so that a cloud does not switch lamps.
const LIGHT_ABOVE_LUX: f64 = 40.0;
/// The sky's clearness is judged while the sun stands higher than this, in degrees.
const JUDGED_ABOVE_DEG: f64 = 8.0;
/// Light that the thickest clouds let through, as a share.
const OVERCAST_SHARE: f64 = 0.35;

/// The sky over the site: keeps the last clearness seen by day for the twilight after it.
#[derive(Debug, Clone)]
pub(crate) struct Sky {
    latitude_deg: f64,
    longitude_deg: f64,
    clearness: f64,
    /// Light on the ground, in lux.
    pub(crate) lux: f64,
}

impl Sky {
    pub(crate) fn new(latitude_deg: f64, longitude_deg: f64) -> Self {
        Self { latitude_deg, longitude_deg, clearness: 0.7, lux: 0.0 }
    }

    /// Looks at an instant.
    pub(crate) fn look(&mut self, at: Timestamp, weather: &Weather) {
        let height = sun_height_deg(at, self.latitude_deg, self.longitude_deg);
        if height > JUDGED_ABOVE_DEG {
            let clear = 1050.0 * height.to_radians().sin();
            self.clearness = (weather.global_horizontal_w_m2() / clear).clamp(0.0, 1.0);
        }
        let share = OVERCAST_SHARE + (1.0 - OVERCAST_SHARE) * self.clearness;
        self.lux = clear_sky_lux(height) * share;
    }
}

/// A photocell with a threshold of its own.
#[derive(Debug, Clone)]
pub(crate) struct Photocell {
    /// Its threshold as a multiple of the usual one.
    factor: f64,
    /// Whether it sees darkness.
    pub(crate) dark: bool,
}

impl Photocell {
    pub(crate) fn new(factor: f64) -> Self {
        Self { factor, dark: false }
    }

    pub(crate) fn look(&mut self, lux: f64) {
        let threshold = if self.dark { LIGHT_ABOVE_LUX } else { DARK_BELOW_LUX };
        self.dark = lux < threshold * self.factor;
    }
}

/// Light of a clear sky in lux by the sun's height in degrees: a tenth every 2.7 degrees below the
/// horizon (560 lux at sunset, 3 at the end of civil twilight), then the disc itself.
fn clear_sky_lux(height_deg: f64) -> f64 {
    if height_deg <= 0.0 {
        return 10_f64.powf(2.75 + 0.37 * height_deg.max(-18.0));
    }
    562.0 + 115_000.0 * height_deg.to_radians().sin().powf(1.2)
}

/// Height of the sun's centre in degrees, from the usual series for the declination and the
/// equation of time (good to half a degree).
pub(crate) fn sun_height_deg(at: Timestamp, latitude_deg: f64, longitude_deg: f64) -> f64 {
    let since_2000 = at.as_second() - 946_728_000;
    let days = since_2000.div_euclid(86_400);
    let second = i32::try_from(since_2000.rem_euclid(86_400)).expect("below a day");
    // 2000-01-01 12:00 UTC is where the series begin, so the second counts from noon.
    let from_noon_h = f64::from(second) / 3600.0;
    let days =
        f64::from(i32::try_from(days).expect("the calendar is shorter")) + from_noon_h / 24.0;
    let anomaly = (357.529 + 0.985_600_28 * days).to_radians();
    let mean = 280.459 + 0.985_647_36 * days;
    let longitude = mean + 1.915 * anomaly.sin() + 0.020 * (2.0 * anomaly).sin();
    let longitude = longitude.to_radians();
    let tilt = 23.439_f64.to_radians();
    let declination = (tilt.sin() * longitude.sin()).asin();
    let ascension = (tilt.cos() * longitude.sin()).atan2(longitude.cos());
    let ahead_deg = (mean - ascension.to_degrees() + 180.0).rem_euclid(360.0) - 180.0;
    let hour_angle = (15.0 * from_noon_h + longitude_deg + ahead_deg).to_radians();
    let latitude = latitude_deg.to_radians();
    let sine =
        latitude.sin() * declination.sin() + latitude.cos() * declination.cos() * hour_angle.cos();
    sine.asin().to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn height(at: &str) -> f64 {
        sun_height_deg(at.parse().unwrap(), 48.0, 0.0)
    }

    #[test]
    fn the_sun_stands_where_the_almanac_says() {
        // Highest at the solstices: 90 - 48 +- 23.44; the sun is 1.7 min late in June, 1.8 early.
        assert!((height("2026-06-21T12:02:00Z") - 65.4).abs() < 0.3);
        assert!((height("2026-12-21T11:58:00Z") - 18.6).abs() < 0.3);
        // Equinox: sunrise at six, true time (the sun is 7.5 min late).
        assert!(height("2026-03-20T06:07:30Z").abs() < 0.4);
        assert!(height("2026-06-21T00:00:00Z") < -10.0);
    }

    #[test]
    fn it_grows_dark_once_in_the_evening_whatever_passes() {
        let mut cell = Photocell::new(1.0);
        let mut seen = Vec::new();
        for lux in [100.0, 30.0, 19.0, 30.0, 39.0, 15.0, 41.0, 30.0] {
            cell.look(lux);
            seen.push(cell.dark);
        }
        assert_eq!(seen, [false, false, true, true, true, true, false, false]);
    }

    #[test]
    fn twilight_falls_by_a_tenth_every_three_degrees() {
        assert!((clear_sky_lux(-6.0) - 3.4).abs() < 0.2);
        assert!((clear_sky_lux(0.0) - 562.0).abs() < 1.0);
        assert!(clear_sky_lux(-40.0) < 0.01);
        assert!(clear_sky_lux(60.0) > 90_000.0);
    }
}
