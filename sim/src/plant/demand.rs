//! What the consumers really take. None of it is told to the daemon: the site file's profile is a
//! first guess about it, and the truth strays from that guess by seed.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use site::Site;

use super::chance::{Chance, Wander};
use crate::days::Recording;
use crate::perturb::Perturbation;

/// Over how long the noise is forgotten, in s: taps and machines run for about this long.
const NOISE_CORRELATION_S: f64 = 900.0;
/// Spread of a whole day's demand about its season, as one standard deviation.
const DAY_DEVIATION: f64 = 0.04;
/// More demand for each kelvin of the day's mean air temperature above [`WATERING_FROM_C`].
const WATERING_PER_K: f64 = 0.012;
/// Gardens are watered on days warmer than this, in degrees Celsius.
const WATERING_FROM_C: f64 = 15.0;
/// How much later the morning of a weekend is, in hours.
const WEEKEND_LATER_H: f64 = 1.5;
/// How much of a weekday's swing about its mean is left at a weekend.
const WEEKEND_SWING: f64 = 0.85;
/// Demand never falls below this factor of its base: leaks never close.
const FACTOR_MIN: f64 = 0.05;
/// Days whose level is remembered; three are in use at a time.
const DAYS_KNOWN_MAX: usize = 4;

/// The consumers of the network.
#[derive(Debug, Clone)]
pub(crate) struct Demand {
    seed: u64,
    zone: TimeZone,
    weekday: [f64; 24],
    weekend: [f64; 24],
    noise: Wander,
    noise_deviation: f64,
    perturbed: f64,
    /// Level of the days last asked for; a memory, not a state: it can be computed again.
    known: Vec<(Date, f64)>,
}

/// How demand strays from its description.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strays {
    /// Of each hour's factor, as one standard deviation.
    pub(crate) shape: f64,
    /// From minute to minute, as one standard deviation.
    pub(crate) noise: f64,
    /// Factor on everything, on purpose.
    pub(crate) level: f64,
}

impl Demand {
    /// The consumers of a site's network.
    pub(crate) fn of_site(
        site: &Site,
        water: &site::model::Water,
        (seed, perturbation): (u64, &Perturbation),
        step_s: f64,
    ) -> Self {
        let strays = Strays {
            shape: site.simulation.mismatch.get(),
            noise: site.simulation.demand_noise.get(),
            level: perturbation.demand,
        };
        Self::new(seed, &site.zone, &water.demand_profile, strays, step_s)
    }

    pub(crate) fn new(
        seed: u64,
        zone: &TimeZone,
        profile: &[f64; 24],
        strays: Strays,
        step_s: f64,
    ) -> Self {
        let perturbed = |name: &str, shape: [f64; 24]| {
            let mut chance = Chance::new(seed, name);
            shape.map(|factor| factor * chance.factor(strays.shape))
        };
        Self {
            seed,
            zone: zone.clone(),
            weekday: perturbed("demand weekday", *profile),
            weekend: perturbed("demand weekend", weekend(profile)),
            noise: Wander::new(Chance::new(seed, "demand noise"), NOISE_CORRELATION_S, step_s),
            noise_deviation: strays.noise,
            perturbed: strays.level,
            known: Vec::new(),
        }
    }

    /// Moves the noise by one step and gives the factor of the base demand at an instant.
    pub(crate) fn step(&mut self, at: Timestamp, recording: &Recording) -> f64 {
        let local = self.zone.to_datetime(at);
        let (date, time) = (local.date(), local.time());
        let hour = f64::from(time.hour())
            + f64::from(time.minute()) / 60.0
            + f64::from(time.second()) / 3600.0;
        let level = self.level(date, hour, recording);
        let noise = 1.0 + self.noise_deviation * self.noise.step();
        (self.shape(date, hour) * level * noise * self.perturbed).max(FACTOR_MIN)
    }

    /// The day's course: straight lines between the middles of the hours.
    fn shape(&self, date: Date, hour: f64) -> f64 {
        let from_middle = hour - 0.5;
        let first = from_middle.floor();
        let factor = |whole: f64| match whole {
            before if before < 0.0 => self.of(near(date, -1))[23],
            after if after > 23.0 => self.of(near(date, 1))[0],
            hour => self.of(date)[whole_hour(hour)],
        };
        let share = from_middle - first;
        factor(first) * (1.0 - share) + factor(first + 1.0) * share
    }

    fn of(&self, date: Date) -> &[f64; 24] {
        match date.weekday() {
            Weekday::Saturday | Weekday::Sunday => &self.weekend,
            _ => &self.weekday,
        }
    }

    /// The level of the season and of the day: straight lines from noon to noon.
    fn level(&mut self, date: Date, hour: f64, recording: &Recording) -> f64 {
        let (eve, share) =
            if hour < 12.0 { (near(date, -1), hour + 12.0) } else { (date, hour - 12.0) };
        let share = share / 24.0;
        let (before, after) =
            (self.day_level(eve, recording), self.day_level(near(eve, 1), recording));
        before * (1.0 - share) + after * share
    }

    fn day_level(&mut self, date: Date, recording: &Recording) -> f64 {
        if let Some((_, level)) = self.known.iter().find(|(known, _)| *known == date) {
            return *level;
        }
        let mut chance = Chance::new(self.seed, &format!("demand of {date}"));
        let level = self.season(date, recording) * chance.factor(DAY_DEVIATION);
        if self.known.len() == DAYS_KNOWN_MAX {
            self.known.remove(0);
        }
        self.known.push((date, level));
        level
    }

    fn season(&self, date: Date, recording: &Recording) -> f64 {
        let warmth = |hour: i8| {
            let at = self.zone.to_timestamp(date.at(hour, 0, 0, 0));
            let at = at.expect("simulated days lie within the calendar");
            recording.weather(at, &self.zone).air_temperature_c
        };
        let mean = (0..24).map(warmth).sum::<f64>() / 24.0;
        1.0 + WATERING_PER_K * (mean - WATERING_FROM_C).max(0.0)
    }
}

/// A date some days away.
fn near(date: Date, days: i64) -> Date {
    date.checked_add(Span::new().days(days)).expect("simulated days lie within the calendar")
}

/// An hour as an index.
fn whole_hour(hour: f64) -> usize {
    (0..24_u8).rfind(|h| f64::from(*h) <= hour).map_or(0, usize::from)
}

/// A weekend's course from a weekday's: the morning later, everything flatter.
fn weekend(weekday: &[f64; 24]) -> [f64; 24] {
    let mean = weekday.iter().sum::<f64>() / 24.0;
    let mut shape = [0.0; 24];
    for (hour, factor) in (0_u8..24).map(f64::from).zip(&mut shape) {
        let earlier = (hour - later(hour)).max(0.0);
        let (first, share) = (whole_hour(earlier), earlier - earlier.floor());
        let there = weekday[first] * (1.0 - share) + weekday[(first + 1) % 24] * share;
        *factor = mean + WEEKEND_SWING * (there - mean);
    }
    shape
}

/// By how many hours an hour of a weekend lags: nothing at night, all of it in the morning.
fn later(hour: f64) -> f64 {
    let rise = (hour - 3.0) / 3.0;
    let fall = (15.0 - hour) / 5.0;
    WEEKEND_LATER_H * rise.min(fall).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: [f64; 24] = [
        0.62, 0.62, 0.67, 0.76, 0.91, 1.10, 1.48, 1.71, 1.48, 1.02, 0.73, 0.55, 0.49, 0.55, 0.73,
        1.02, 1.36, 1.53, 1.53, 1.36, 1.10, 0.91, 0.76, 0.67,
    ];

    fn demand(shape: f64) -> Demand {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        Demand::new(1, &zone, &PROFILE, Strays { shape, noise: 0.0, level: 1.0 }, 10.0)
    }

    fn highest(shape: &[f64]) -> usize {
        (0..shape.len()).max_by(|a, b| shape[*a].total_cmp(&shape[*b])).unwrap()
    }

    #[test]
    fn a_weekend_morning_is_later_and_flatter() {
        let shape = weekend(&PROFILE);
        let (weekday_peak, weekend_peak) = (highest(&PROFILE[..13]), highest(&shape[..13]));
        assert_eq!(weekday_peak, 7);
        assert!((8..=9).contains(&weekend_peak), "{shape:?}");
        assert!(shape[weekend_peak] < PROFILE[weekday_peak] - 0.05);
        assert!(shape[12] > PROFILE[12], "the trough is flatter too");
    }

    #[test]
    fn the_course_passes_through_the_hours_and_does_not_jump_at_midnight() {
        let demand = demand(0.0);
        let monday = Date::constant(2026, 3, 2);
        assert!((demand.shape(monday, 7.5) - 1.71).abs() < 1e-9);
        assert!((demand.shape(monday, 8.0) - (1.71 + 1.48) / 2.0).abs() < 1e-9);
        let sunday = near(monday, -1);
        assert!((demand.shape(sunday, 23.9999) - demand.shape(monday, 0.0)).abs() < 1e-3);
    }

    #[test]
    fn the_truth_strays_from_the_description() {
        let (told, truth) = (demand(0.0), demand(0.03));
        let strayed = told.weekday.iter().zip(&truth.weekday).map(|(a, b)| (b / a - 1.0).abs());
        let strayed: Vec<f64> = strayed.collect();
        assert!(strayed.iter().all(|share| *share <= 0.06 + 1e-12));
        assert!(strayed.iter().filter(|share| **share > 0.005).count() > 12);
    }
}
