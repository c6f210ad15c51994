//! Prices that change with the market: known a day ahead, and guessed beyond.

use super::Calendar;
use crate::units::{Price, Ratio};
use jiff::civil::Time;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Days tried before giving up the search for the same hour of a known day. There are no gaps
/// between known prices, so two would do.
const DAYS_TRIED: usize = 3;
/// Older intervals that are kept beside newer ones: a month of quarter hours.
const KEPT_MAX: usize = 31 * 96;

/// Where spot prices come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpotSource {
    /// A file.
    File(PathBuf),
    /// An address that is asked from time to time; the last good answer is kept in a file.
    Url(String),
}

/// One market interval and its price.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpotPrice {
    /// First instant.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
    /// The market's price; it may be negative.
    pub price: Price,
}

/// Known prices: in order of time, without overlap and without gaps.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SpotPrices(pub(crate) Vec<SpotPrice>);

impl SpotPrices {
    /// The prices, in order of time.
    #[must_use]
    pub fn intervals(&self) -> &[SpotPrice] {
        &self.0
    }

    /// These prices and newer ones: what is newer counts, and what went before is kept as far as
    /// it joins without a gap.
    #[must_use]
    pub fn continued_by(&self, newer: &Self) -> Self {
        let Some(first) = newer.0.first() else { return self.clone() };
        let before = self.0.partition_point(|interval| interval.end <= first.start);
        let joins = self.0[..before].last().is_some_and(|last| last.end == first.start);
        let old = if joins { &self.0[before.saturating_sub(KEPT_MAX)..before] } else { &[] };
        Self(old.iter().chain(&newer.0).copied().collect())
    }

    /// As a table that the reader of spot prices takes.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = "start,end,price_eur_per_kwh\n".to_owned();
        for SpotPrice { start, end, price } in &self.0 {
            text.push_str(&format!("{start},{end},{}\n", price.get()));
        }
        text
    }

    /// The interval that contains an instant.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Option<SpotPrice> {
        let after = self.0.partition_point(|interval| interval.start <= at);
        self.0[..after].last().copied().filter(|interval| at < interval.end)
    }
}

/// A tariff's spot prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// Where they come from.
    pub source: SpotSource,
    /// The market's price is multiplied by this.
    pub factor: Ratio,
    /// And this is added.
    pub add: Price,
    /// Prices of a local date are published at this local time of the day before.
    pub known_from: Time,
    /// The market's price while none is known at all.
    pub assume: Price,
    /// Known prices.
    pub prices: SpotPrices,
}

impl Spot {
    /// The market's price at an instant, and whether it is assumed: beyond what is known (or was
    /// published by `seen_from`), the same hour of the last known day stands in.
    #[must_use]
    pub fn market_at(
        &self,
        at: Timestamp,
        seen_from: Option<Timestamp>,
        calendar: Calendar<'_>,
    ) -> (Price, bool) {
        let local = calendar.local(at);
        let published =
            seen_from.is_none_or(|seen| calendar.eve_of(local.date(), self.known_from) <= seen);
        if let Some(known) = self.prices.at(at).filter(|_| published) {
            return (known.price, false);
        }
        let (Some(first), Some(last)) = (self.prices.0.first(), self.prices.0.last()) else {
            return (self.assume, true);
        };
        let mut last_day = calendar.local(last.start).date();
        if let Some(seen) = seen_from {
            let seen = calendar.local(seen);
            let days = i64::from(seen.time() >= self.known_from);
            last_day = last_day.min(seen.date().saturating_add(days.days()));
        }
        let first_day = calendar.local(first.start).date();
        // Backwards from the last known day; where all that is known lies ahead, forwards.
        let (from, pace) =
            if at < first.start { (first_day, 1_i64) } else { (local.date().min(last_day), -1) };
        let days = from.series(pace.days()).take(DAYS_TRIED);
        let mut same_hour = days.filter(|day| *day <= last_day).filter_map(|day| {
            let instant = calendar.instant(day.to_datetime(local.time()))?;
            self.prices.at(instant)
        });
        (same_hour.next().map_or(self.assume, |known| known.price), true)
    }

    /// What is paid for a kWh at a market price, before what price classes add.
    #[must_use]
    pub fn paid(&self, market: Price) -> Price {
        market * self.factor.get() + self.add
    }

    /// The highest price that may have to be paid, as far as is known.
    #[must_use]
    pub fn dearest(&self) -> Price {
        let prices = self.prices.0.iter().map(|known| known.price);
        self.paid(prices.fold(self.assume, Price::max))
    }
}
