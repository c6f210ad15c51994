//! What the sun gives under a clear sky: on the horizontal, and on a tilted plane.
//!
//! The clear sky is that of Ineichen and Perez (A new airmass independent formulation for the
//! Linke turbidity coefficient, Solar Energy 73, 2002), with the air mass of Kasten and Young
//! (1989) and the sun's distance after Spencer (1971). The plane is that of Hay and Davies (1980).

use super::sun::{Sun, sun};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use site::Site;

/// Linke turbidity by month, January first: what is usual over France. Dust and water vapour make
/// it higher in summer. South of the equator the other half of the year is meant.
const TURBIDITY: [f64; 12] = [2.9, 3.2, 3.4, 3.6, 3.8, 3.8, 3.8, 3.8, 3.6, 3.4, 3.2, 3.0];
/// Height above the sea that is assumed, m. At 1000 m a clear sky gives some 3 % more, which is
/// learned as everything else that stays.
const ALTITUDE_M: f64 = 200.0;
/// What the ground reflects.
const ALBEDO: f64 = 0.2;
/// Losses of modules, wiring and inverter together.
const PERFORMANCE: f64 = 0.86;
/// Of radiation that would be a plane's peak power, W/m2.
const STANDARD: f64 = 1000.0;
/// Below this the sun's height does not count: the share of the beam on a plane would grow without
/// bound (cosine of 89 degrees).
const HEIGHT_MIN: f64 = 0.01745;

/// What a clear sky gives, W/m2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Irradiance {
    /// All that falls on the horizontal.
    pub horizontal: f64,
    /// Straight from the sun, on a plane turned to it.
    pub beam: f64,
    /// From the rest of the sky, on the horizontal.
    pub diffuse: f64,
    /// On a plane turned to the sun above the air.
    pub above_air: f64,
}

/// The sun's elevation as it is seen, degrees: the air bends its light (Meeus, at 1013 hPa and
/// 12 degrees Celsius).
#[must_use]
pub fn seen_elevation(elevation: f64) -> f64 {
    /// The sun's half width and the bending at the horizon, degrees: below, nothing is seen.
    const LEAST: f64 = -0.8333;
    if elevation < LEAST {
        return elevation;
    }
    let angle = (elevation + 10.3 / (elevation + 5.11)).to_radians();
    elevation + 1013.25 / 1010.0 * 283.0 / 285.0 * 1.02 / (60.0 * angle.tan())
}

/// The Linke turbidity of a day of the year, with straight lines between the middles of months.
fn turbidity(day_of_year: i16, latitude: f64) -> f64 {
    let half_year = if latitude < 0.0 { 6.0 } else { 0.0 };
    let place = (f64::from(day_of_year) - 15.0) / 30.4375 + half_year;
    let month = place.floor();
    let of = |month: f64| {
        TURBIDITY
            [(0_u8..12).rfind(|m| f64::from(*m) <= month.rem_euclid(12.0)).map_or(0, usize::from)]
    };
    let share = place - month;
    of(month) * (1.0 - share) + of(month + 1.0) * share
}

/// What a clear sky gives: `elevation` as seen, in degrees, the day of the year (1 to 366), the
/// Linke turbidity (2 very clear, 7 hazy), and the height above the sea in m.
#[must_use]
pub fn clear_sky(elevation: f64, day_of_year: i16, turbidity: f64, altitude: f64) -> Irradiance {
    let angle = std::f64::consts::TAU * (f64::from(day_of_year) - 1.0) / 365.0;
    let above_air = 1366.1
        * (1.00011
            + 0.034221 * angle.cos()
            + 0.00128 * angle.sin()
            + 0.000719 * (2.0 * angle).cos()
            + 0.000077 * (2.0 * angle).sin());
    let height = elevation.to_radians().sin();
    if height <= 0.0 {
        return Irradiance { horizontal: 0.0, beam: 0.0, diffuse: 0.0, above_air };
    }
    let air = air_mass(elevation, altitude);
    let (low, high) = ((-altitude / 8000.0).exp(), (-altitude / 1250.0).exp());
    let (factor, rate) = (5.09e-5 * altitude + 0.868, 3.92e-5 * altitude + 0.0387);
    let through = (-rate * air * (low + high * (turbidity - 1.0))).exp();
    let horizontal = factor * above_air * height * through;
    let beam = (0.664 + 0.163 / low) * (-0.09 * air * (turbidity - 1.0)).exp() * above_air;
    let scattered = (0.1 - 0.2 * (-turbidity).exp()) / (0.1 + 0.882 / low);
    let beam = beam.min(horizontal * (1.0 - scattered).max(0.0) / height);
    Irradiance { horizontal, beam, diffuse: horizontal - beam * height, above_air }
}

/// How much air the light passes, as a multiple of straight down at the sea.
fn air_mass(elevation: f64, altitude: f64) -> f64 {
    let height = elevation.to_radians().sin();
    let relative = 1.0 / (height + 0.50572 * (elevation + 6.07995).powf(-1.6364));
    let pressure = ((44_331.514 - altitude) / 11_880.516).powf(1.0 / 0.190_263_2);
    relative * pressure * 100.0 / 101_325.0
}

/// What falls on a plane, W/m2: `sun` with its elevation as seen, `tilt` from the horizontal and
/// `azimuth` clockwise from north, degrees.
#[must_use]
pub fn on_plane(sun: Sun, sky: &Irradiance, tilt: f64, azimuth: f64) -> f64 {
    let (tilt, elevation) = (tilt.to_radians(), sun.elevation.to_radians());
    let turn = (sun.azimuth - azimuth).to_radians();
    let facing = elevation.sin() * tilt.cos() + elevation.cos() * tilt.sin() * turn.cos();
    let facing = facing.max(0.0);
    // The share of the sky's light that comes from around the sun, as much as the beam is left.
    let around = sky.beam / sky.above_air;
    let from_around = around * facing / elevation.sin().max(HEIGHT_MIN);
    let open = (1.0 + tilt.cos()) / 2.0;
    sky.beam * facing
        + sky.diffuse * (from_around + (1.0 - around) * open)
        + sky.horizontal * ALBEDO * (1.0 - open)
}

/// What a plane would give under a clear sky, as a share of its peak power, 0 to 1.2.
#[must_use]
pub fn clear_share(site: &Site, at: Timestamp, tilt: f64, azimuth: f64) -> f64 {
    let true_sun = sun(site, at);
    let seen = Sun { elevation: seen_elevation(true_sun.elevation), ..true_sun };
    if seen.elevation <= 0.0 {
        return 0.0;
    }
    let day = TimeZone::UTC.to_datetime(at).date().day_of_year();
    let sky = clear_sky(seen.elevation, day, turbidity(day, site.latitude), ALTITUDE_M);
    (on_plane(seen, &sky, tilt, azimuth) * PERFORMANCE / STANDARD).clamp(0.0, 1.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(elevation: f64, day: i16) -> f64 {
        let sky = clear_sky(elevation, day, 3.4, ALTITUDE_M);
        let sun = Sun { elevation, azimuth: 180.0 };
        on_plane(sun, &sky, 30.0, 180.0) * PERFORMANCE / STANDARD
    }

    #[test]
    fn noon_is_high_in_june_and_low_in_december() {
        let (june, december) = (share(66.0, 172), share(19.0, 355));
        assert!((0.75..0.95).contains(&june), "{june}");
        assert!((0.4..0.65).contains(&december), "{december}");
        let night = clear_sky(-1.0, 172, 3.4, ALTITUDE_M);
        assert!(night.horizontal.abs() < 1e-9 && night.beam.abs() < 1e-9);
    }

    #[test]
    fn a_low_sun_gives_no_more_than_there_is_above_the_air() {
        for tenth in 1..900_i32 {
            let elevation = f64::from(tenth) / 10.0;
            let sky = clear_sky(elevation, 80, 3.4, ALTITUDE_M);
            assert!(sky.beam <= sky.above_air && sky.diffuse >= -1e-9, "{elevation}: {sky:?}");
            let sun = Sun { elevation, azimuth: 90.0 };
            let plane = on_plane(sun, &sky, 90.0, 90.0);
            assert!(plane.is_finite() && plane <= sky.above_air, "{elevation}: {plane}");
        }
    }

    #[test]
    fn turbidity_goes_round_the_year() {
        assert!((turbidity(15, 47.0) - 2.9).abs() < 0.02);
        assert!((turbidity(15, -33.0) - turbidity(198, 47.0)).abs() < 0.05);
        for day in 1..=366 {
            let step = turbidity(day, 47.0) - turbidity(day % 366 + 1, 47.0);
            assert!(step.abs() < 0.02, "{day}");
        }
    }
}
