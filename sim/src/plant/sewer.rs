//! What flows into a well: the water that the commune uses, an hour later and evened out on its way
//! through the sewer, and rain.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use site::Site;
use site::time::seconds_between;

use super::chance::{Chance, Wander};
use crate::days::Recording;

/// Water used comes to the well so much later.
const LAG: SignedDuration = SignedDuration::from_mins(60);
/// How much of the use's swing about its mean is left.
const SWING: f64 = 0.7;
/// Where no profile of use is known: factors by local hour.
const USUAL: [f64; 24] = [
    0.45, 0.40, 0.38, 0.40, 0.55, 0.90, 1.45, 1.75, 1.55, 1.25, 1.10, 1.10, 1.20, 1.15, 1.00, 0.95,
    1.00, 1.20, 1.50, 1.60, 1.30, 0.95, 0.70, 0.55,
];
/// Noise, as one standard deviation, and over how long it is forgotten, in s.
const NOISE: f64 = 0.12;
const NOISE_S: f64 = 600.0;
/// A day is wet when its relative humidity is above this on average, in per cent.
const WET_ABOVE_PCT: f64 = 85.0;
/// How often it rains on a wet day and on another one.
const RAINS: (f64, f64) = (0.45, 0.06);
/// Rain lasts between these, in h, and adds between these at its height, as multiples of the mean
/// inflow.
const RAIN_HOURS: (f64, f64) = (1.0, 5.0);
const RAIN_ADDS: (f64, f64) = (0.3, 1.8);
/// The sewer fills within so many seconds, and runs dry with this time constant, in s.
const RISE_S: f64 = 1200.0;
const FALL_S: f64 = 5400.0;
/// The inflow never exceeds this share of what the pump lifts: whoever sized it knew the sewer.
const COPED_WITH: f64 = 0.85;

/// Rain on one day.
#[derive(Debug, Clone, Copy)]
struct Rain {
    from: Timestamp,
    lasts_s: f64,
    adds: f64,
}

/// The sewer above one well.
#[derive(Debug, Clone)]
pub(crate) struct Sewer {
    seed: u64,
    name: String,
    zone: TimeZone,
    profile: [f64; 24],
    mean_m3s: f64,
    most_m3s: f64,
    noise: Wander,
    /// Rain of the dates last asked for; a memory, not a state.
    known: Vec<(Date, Option<Rain>)>,
    /// Inflow now, in m3/s.
    pub(crate) inflow_m3s: f64,
}

impl Sewer {
    pub(crate) fn new(site: &Site, station: usize, seed: u64, step_s: f64) -> Self {
        let asset = &site.lift_stations[station];
        let name = format!("sewer {}", asset.id);
        let mut chance = Chance::new(seed, &name);
        let mean_m3s = asset.inflow.get() * chance.factor(site.simulation.mismatch.get());
        let used = site.water.as_ref().map_or(USUAL, |water| water.demand_profile);
        let mean = used.iter().sum::<f64>() / 24.0;
        let profile = used.map(|factor| 1.0 + SWING * (factor / mean - 1.0));
        Self {
            seed,
            zone: site.zone.clone(),
            profile,
            mean_m3s,
            most_m3s: COPED_WITH * asset.flow.get(),
            noise: Wander::new(Chance::new(seed, &format!("{name} noise")), NOISE_S, step_s),
            name,
            known: Vec::new(),
            inflow_m3s: 0.0,
        }
    }

    /// Moves on by one step, to an instant.
    pub(crate) fn step(&mut self, at: Timestamp, recording: &Recording) {
        self.noise.step();
        self.look(at, recording);
    }

    /// Looks at an instant.
    pub(crate) fn look(&mut self, at: Timestamp, recording: &Recording) {
        let rain = self.rain(at, recording);
        let noise = 1.0 + NOISE * self.noise.now();
        let inflow = self.mean_m3s * (self.use_at(at) * noise + rain);
        self.inflow_m3s = inflow.clamp(0.0, self.most_m3s);
    }

    /// The use that arrives now: straight lines between the middles of the hours.
    fn use_at(&self, at: Timestamp) -> f64 {
        let used = at.checked_sub(LAG).unwrap_or(at);
        let local = self.zone.to_datetime(used);
        let minutes = i32::from(local.hour()) * 60 + i32::from(local.minute()) - 30;
        let minutes = minutes.rem_euclid(24 * 60);
        let hour = usize::try_from(minutes / 60).expect("a remainder is not negative");
        let share = f64::from(minutes % 60) / 60.0;
        self.profile[hour] * (1.0 - share) + self.profile[(hour + 1) % 24] * share
    }

    /// What rain adds now, as a multiple of the mean.
    fn rain(&mut self, at: Timestamp, recording: &Recording) -> f64 {
        let date = self.zone.to_datetime(at).date();
        let eve = date.checked_sub(1.day()).unwrap_or(date);
        [eve, date]
            .into_iter()
            .filter_map(|date| self.of_day(date, recording))
            .map(|rain| {
                let since = seconds_between(rain.from, at);
                let rise = (since / RISE_S).clamp(0.0, 1.0);
                let fall = (-(since - rain.lasts_s).max(0.0) / FALL_S).exp();
                rain.adds * rise * fall
            })
            .sum()
    }

    fn of_day(&mut self, date: Date, recording: &Recording) -> Option<Rain> {
        if let Some((_, rain)) = self.known.iter().find(|(known, _)| *known == date) {
            return *rain;
        }
        let mut chance = Chance::new(self.seed, &format!("{} rain of {date}", self.name));
        let begins = self.zone.to_timestamp(date.at(0, 0, 0, 0));
        let begins = begins.expect("simulated days lie within the calendar");
        let humid = |hour: u8| {
            let at = site::time::add_seconds(begins, f64::from(hour) * 3600.0);
            recording.weather(at, &self.zone).relative_humidity_pct
        };
        let wet = (0..24).map(humid).sum::<f64>() / 24.0 > WET_ABOVE_PCT;
        let rains = chance.happens(if wet { RAINS.0 } else { RAINS.1 });
        let from = site::time::add_seconds(begins, chance.between(0.0, 86_400.0).round());
        let lasts_s = chance.between(RAIN_HOURS.0, RAIN_HOURS.1) * 3600.0;
        let adds = chance.between(RAIN_ADDS.0, RAIN_ADDS.1);
        let rain = rains.then_some(Rain { from, lasts_s, adds });
        if self.known.len() == 3 {
            self.known.remove(0);
        }
        self.known.push((date, rain));
        rain
    }
}
