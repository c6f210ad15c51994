//! The highest average import of a billing period: what a demand charge is billed on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::Site;
use site::units::Power;

/// Longest gap between two looks at the meter that is bridged by the earlier value; beyond it the
/// average of the interval is not known and is not counted.
const GAP_SECONDS_MAX: f64 = 120.0;

/// Follows the meter's averaging intervals, which are aligned to the clock.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PeakMeter {
    peak: Option<Power>,
    period_start: Option<Timestamp>,
    interval: Option<Interval>,
    last: Option<(Timestamp, Power)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Interval {
    number: i64,
    watt_seconds: f64,
    seconds: f64,
}

impl PeakMeter {
    /// Highest average import of the present billing period; zero before the first interval ends.
    #[must_use]
    pub fn peak(&self) -> Power {
        self.peak.unwrap_or(Power::ZERO)
    }

    /// Takes a look at the meter: `import` has held since the look before, as far as is known.
    pub fn observe(&mut self, site: &Site, at: Timestamp, import: Option<Power>) {
        let Some(charge) = site.tariff.demand_charge else { return };
        let (start, _) = charge.billing.period(at, &site.zone);
        if self.period_start != Some(start) {
            *self = Self { period_start: Some(start), ..Self::default() };
        }
        let length = i64::try_from(charge.average.as_secs()).unwrap_or(i64::MAX).max(1);
        if let Some((since, power)) = self.last {
            self.add(since, at, power, length);
        }
        self.last = import.map(|power| (at, power));
    }

    /// Spreads a held value over the intervals it touches.
    fn add(&mut self, since: Timestamp, until: Timestamp, power: Power, length: i64) {
        let held = site::time::seconds_between(since, until);
        if !(0.0..=GAP_SECONDS_MAX).contains(&held) {
            self.interval = None;
            return;
        }
        let mut from = since;
        while from < until {
            let number = from.as_second().div_euclid(length);
            let end = Timestamp::from_second((number + 1) * length).unwrap_or(until).min(until);
            let seconds = site::time::seconds_between(from, end);
            let mut interval = match self.interval {
                Some(interval) if interval.number == number => interval,
                _ => Interval { number, watt_seconds: 0.0, seconds: 0.0 },
            };
            interval.watt_seconds += power.get() * seconds;
            interval.seconds += seconds;
            self.interval = Some(interval);
            self.close(interval, length);
            from = end;
        }
    }

    /// An interval counts once it has been seen to its end (nine tenths of it at least).
    fn close(&mut self, interval: Interval, length: i64) {
        #[expect(clippy::cast_precision_loss, reason = "an averaging interval has few seconds")]
        let whole = length as f64;
        if interval.seconds >= 0.9 * whole {
            let average = Power::new(interval.watt_seconds / interval.seconds);
            self.peak = Some(self.peak().max(average));
        }
    }
}
