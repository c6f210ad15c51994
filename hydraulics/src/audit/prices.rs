//! What energy costs at which time.

use super::ClockTariff;
use crate::{HydraulicsError, Network};

/// What energy costs.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Prices {
    /// The file's: a pump's own price and pattern before the global ones, price patterns from the
    /// pattern start on, and the file's demand charge.
    #[default]
    File,
    /// A tariff by the time of day, for every pump. It overrides all prices of the file, its
    /// demand charge too.
    Clock(ClockTariff),
}

impl Prices {
    /// Mean price of a kWh for a pump over a span after the start, exactly; for a span of no
    /// length the price at that moment. Times in seconds; the time of day is the file's clock
    /// start and what has elapsed. Nothing where there is no such pump, no price, or the span is
    /// not one.
    #[must_use]
    pub fn mean_per_kwh(
        &self,
        network: &Network,
        pump: usize,
        elapsed_s: f64,
        seconds: f64,
    ) -> Option<f64> {
        let mut sum = 0.0;
        let mut last = None;
        self.each_piece(network, pump, (elapsed_s, seconds), |piece_s, per_kwh| {
            sum += per_kwh * piece_s;
            // One piece has its own price, to the last bit.
            last = Some(if piece_s < seconds { sum / seconds } else { per_kwh });
        });
        last
    }

    /// Cuts a span (its begin and its length, s) where the price changes, and hands over the
    /// length and price of each piece. Nothing is handed over where there is no price.
    pub(super) fn each_piece(
        &self,
        network: &Network,
        pump: usize,
        (elapsed_s, seconds): (f64, f64),
        mut each: impl FnMut(f64, f64),
    ) {
        let sound = elapsed_s >= 0.0 && seconds >= 0.0 && (elapsed_s + seconds).is_finite();
        if !sound || pump >= network.pumps().len() {
            return;
        }
        let mut done_s = 0.0;
        while let Some((per_kwh, holds_s)) = self.at(network, pump, elapsed_s + done_s) {
            let piece_s = holds_s.max(LEAST_PIECE_S).min(seconds - done_s);
            each(piece_s, per_kwh);
            done_s += piece_s;
            if done_s >= seconds {
                return;
            }
        }
    }

    /// The price at a moment, and for how long it still holds, s.
    fn at(&self, network: &Network, pump: usize, elapsed_s: f64) -> Option<(f64, f64)> {
        let times = network.times();
        match self {
            Prices::Clock(tariff) => {
                let clock_s = (elapsed_s + f64::from(times.clock_start_s)).rem_euclid(DAY_S);
                Some(tariff.at(clock_s))
            }
            Prices::File => {
                let price = network.pumps()[pump].price.as_ref()?;
                let Some(pattern) = price.pattern.and_then(|index| network.patterns().get(index))
                else {
                    return Some((price.per_kwh, f64::INFINITY));
                };
                let step_s = f64::from(times.pattern_step_s);
                let in_pattern_s = elapsed_s + f64::from(times.pattern_start_s);
                let period = (in_pattern_s / step_s).floor();
                let factor = pattern.multipliers[cyclic(period, pattern.multipliers.len())];
                Some((price.per_kwh * factor, (period + 1.0) * step_s - in_pattern_s))
            }
        }
    }

    pub(super) fn check(&self) -> Result<(), HydraulicsError> {
        match self {
            Prices::File => Ok(()),
            Prices::Clock(tariff) => tariff.check(),
        }
    }

    /// The charge for the highest power, the currency's unit a kW.
    pub(super) fn demand_charge_per_kw(&self, network: &Network) -> Option<f64> {
        match self {
            Prices::File => network.demand_charge_per_kw(),
            Prices::Clock(_) => None,
        }
    }
}

pub(super) const DAY_S: f64 = 86_400.0;

/// Rounding may leave a moment just before a change of price; the next piece begins after it, s.
const LEAST_PIECE_S: f64 = 1e-6;

/// The place in a list that repeats, of a whole number at least 0.
#[expect(clippy::cast_possible_truncation, reason = "the remainder is below the list's length")]
#[expect(clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "both are small and >= 0")]
fn cyclic(number: f64, length: usize) -> usize {
    (number % length as f64) as usize
}
