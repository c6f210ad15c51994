//! What energy costs and when. A tariff is data: price classes by date, month, day, colour and
//! local hours, spot prices, feed-in, charges on the highest average power of a billing period,
//! and subscribed powers with what is paid above them.
//!
//! Two questions are kept apart. What is *billed* is known afterwards ([`Tariff::price_at`]);
//! what is *expected* depends on when it is asked ([`Tariff::expected_at`]): tomorrow's colour
//! and tomorrow's spot prices are published at a time of their own.

mod calendar;
mod class;
mod colour;
mod cover;
mod data;
mod power;
mod spot;
#[cfg(test)]
mod tests;

pub use calendar::Calendar;
pub use class::{Hours, TariffClass};
pub use colour::DayColours;
pub use cover::{FIRST_DATE, LAST_DATE, Stretch, TariffError};
pub use data::{DATA_BYTES_MAX, DataKind};
pub(crate) use data::{read_colours, read_prices};
pub use power::{Billing, DemandCharge, Overrun, PerClass, Subscribed};
use serde::{Deserialize, Serialize};
pub use spot::{Spot, SpotPrice, SpotPrices, SpotSource};

use crate::holidays::Holidays;
use crate::plan::Step;
use crate::time::seconds_between;
use crate::units::{Power, Price, Ratio};
use jiff::Timestamp;

/// How far [`Tariff::next_change`] looks ahead, s.
const CHANGE_WITHIN: i64 = 2 * 86_400;
/// Spot prices over a step are averaged over pieces of this length, s: it divides every market
/// interval in use.
const PIECE: i64 = 300;

/// What an exported kWh earns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum FeedIn {
    /// Always the same.
    Fixed(Price),
    /// The market's price times `factor`, and `add`.
    Spot {
        /// A share of the market's price.
        factor: Ratio,
        /// Added to it; a fee is negative.
        add: Price,
    },
}

/// A site's tariff.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tariff {
    /// Its name, when it has one.
    pub name: Option<String>,
    /// Price classes; together they cover each minute exactly once.
    pub classes: Vec<TariffClass>,
    /// Whose public holidays count, when the tariff says so; otherwise the site's do.
    pub holidays: Option<Holidays>,
    /// Colours of days, when it has them.
    pub day_colours: Option<DayColours>,
    /// Spot prices, when it has them. Prices of the classes are then added to them.
    pub spot: Option<Spot>,
    /// What an exported kWh earns.
    pub feed_in: FeedIn,
    /// Charges on power.
    pub demand_charges: Vec<DemandCharge>,
    /// Subscribed powers, when it has them.
    pub subscribed: Option<Subscribed>,
}

/// What a kWh costs and earns at some time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Priced<'a> {
    /// Name of the price class.
    pub class: &'a str,
    /// Price of imported energy.
    pub price: Price,
    /// What exported energy earns.
    pub feed_in: Price,
    /// A colour or a spot price behind it is not known, and assumed.
    pub assumed: bool,
}

impl Tariff {
    /// One price at all times, nothing for exports, no charge on power.
    #[must_use]
    pub fn flat(price: Price) -> Self {
        Self {
            name: None,
            classes: vec![TariffClass::always("flat", price)],
            holidays: None,
            day_colours: None,
            spot: None,
            feed_in: FeedIn::Fixed(Price::ZERO),
            demand_charges: Vec::new(),
            subscribed: None,
        }
    }

    /// What is billed at an instant: all that colour and price files say counts.
    ///
    /// # Panics
    /// When no class holds: a resolved tariff has passed [`Tariff::covers`]. So does every method
    /// below that looks for a price.
    #[must_use]
    pub fn price_at(&self, at: Timestamp, calendar: Calendar<'_>) -> Priced<'_> {
        self.priced(at, None, calendar)
    }

    /// What can be expected for an instant by somebody who asks at `seen_from`: colours and spot
    /// prices that were not published by then are assumed.
    #[must_use]
    pub fn expected_at(
        &self,
        at: Timestamp,
        seen_from: Timestamp,
        calendar: Calendar<'_>,
    ) -> Priced<'_> {
        self.priced(at, Some(seen_from), calendar)
    }

    /// What can be expected for a step: the class at its start, and the mean of its prices where
    /// they follow the market.
    #[must_use]
    pub fn expected_over(
        &self,
        step: &Step,
        seen_from: Timestamp,
        calendar: Calendar<'_>,
    ) -> Priced<'_> {
        let mut whole = self.expected_at(step.start, seen_from, calendar);
        if self.spot.is_none() {
            return whole;
        }
        let (mut price, mut feed_in, mut seconds) = (0.0, 0.0, 0.0);
        let mut from = step.start;
        while from < step.end {
            let next = (from.as_second().div_euclid(PIECE) + 1) * PIECE;
            let to = Timestamp::from_second(next).unwrap_or(step.end).min(step.end);
            let part = self.expected_at(from, seen_from, calendar);
            let length = seconds_between(from, to);
            price += part.price.get() * length;
            feed_in += part.feed_in.get() * length;
            seconds += length;
            whole.assumed |= part.assumed;
            from = to;
        }
        if seconds > 0.0 {
            (whole.price, whole.feed_in) =
                (Price::new(price / seconds), Price::new(feed_in / seconds));
        }
        whole
    }

    fn priced(
        &self,
        at: Timestamp,
        seen_from: Option<Timestamp>,
        calendar: Calendar<'_>,
    ) -> Priced<'_> {
        let (class, colour_assumed) = self.class_seen(at, seen_from, calendar);
        let market = self.spot.as_ref().map(|spot| spot.market_at(at, seen_from, calendar));
        let price = match (&self.spot, market) {
            (Some(spot), Some((market, _))) => spot.paid(market) + class.price,
            _ => class.price,
        };
        let feed_in = match (self.feed_in, market) {
            (FeedIn::Spot { factor, add }, Some((market, _))) => market * factor.get() + add,
            (FeedIn::Spot { add, .. }, None) => add,
            (FeedIn::Fixed(price), _) => price,
        };
        let assumed = colour_assumed || market.is_some_and(|(_, assumed)| assumed);
        Priced { class: &class.name, price, feed_in, assumed }
    }

    /// The class that holds, and whether the colour behind it is assumed.
    fn class_seen(
        &self,
        at: Timestamp,
        seen_from: Option<Timestamp>,
        calendar: Calendar<'_>,
    ) -> (&TariffClass, bool) {
        let local = calendar.local(at);
        let holidays = self.holidays.unwrap_or(calendar.holidays);
        let colour = self.day_colours.as_ref().map(|c| c.colour_at(at, seen_from, calendar));
        let name = colour.map(|(name, _)| name);
        let holding = self.classes.iter().find(|class| {
            class.in_hours(local.time())
                && class.on_colour(name)
                && class.on_date(local.date(), holidays)
        });
        let class = holding.expect("a resolved tariff covers every minute");
        // Where the colour does not matter, nothing is assumed.
        (class, colour.is_some_and(|(_, assumed)| assumed) && !class.colours.is_empty())
    }

    /// The first instant after `at` at which the class changes, as expected at `seen_from`;
    /// within two days (a flat tariff has none, and gives the end of that search).
    #[must_use]
    pub fn next_change(
        &self,
        at: Timestamp,
        seen_from: Timestamp,
        calendar: Calendar<'_>,
    ) -> Timestamp {
        let class = self.expected_at(at, seen_from, calendar).class;
        let end = Timestamp::from_second(at.as_second() + CHANGE_WITHIN).unwrap_or(at);
        let mut next = self.next_boundary(at, calendar);
        while next < end {
            if self.expected_at(next, seen_from, calendar).class != class {
                return next;
            }
            next = self.next_boundary(next, calendar);
        }
        end
    }

    /// The first instant after `at` at which anything about the price may change: class, colour,
    /// date, market interval, or the clocks.
    #[must_use]
    pub fn next_boundary(&self, at: Timestamp, calendar: Calendar<'_>) -> Timestamp {
        let hours = self.classes.iter().flat_map(|class| &class.hours);
        let colours = self.day_colours.iter().map(|colours| colours.day_begins);
        let times = hours.flat_map(|hours| [hours.from, hours.to]).chain(colours);
        let next = calendar.next_of(times, at);
        let Some(spot) = &self.spot else { return next };
        let hour = (at.as_second().div_euclid(3600) + 1) * 3600;
        let market = match spot.prices.at(at) {
            Some(known) => known.end,
            // What is assumed repeats known intervals, at their own places in the hour.
            None => Timestamp::from_second((at.as_second().div_euclid(PIECE) + 1) * PIECE)
                .unwrap_or(next),
        };
        next.min(market).min(Timestamp::from_second(hour).unwrap_or(next))
    }

    /// The power subscribed in a class; none when nothing is subscribed there.
    #[must_use]
    pub fn subscribed_in(&self, class: &str) -> Option<Power> {
        self.subscribed.as_ref()?.power.of(class)
    }

    /// The highest price of a kWh, as far as is known.
    #[must_use]
    pub fn dearest(&self) -> Price {
        let class = self.classes.iter().map(|class| class.price);
        let class = class.reduce(Price::max).unwrap_or(Price::ZERO);
        let spot = self.spot.as_ref().map_or(Price::ZERO, Spot::dearest);
        let feed_in = match (self.feed_in, &self.spot) {
            (FeedIn::Fixed(price), _) => price,
            (FeedIn::Spot { .. }, _) => Price::ZERO,
        };
        feed_in.max(class + spot)
    }

    /// Bills power over periods of so many days from `start` instead of calendar months: what a
    /// replay uses.
    pub fn bill_over(&mut self, start: Timestamp, days: u16) {
        let billing = Billing::Fixed { start, days };
        self.demand_charges.iter_mut().for_each(|charge| charge.billing = billing);
        if let Some(subscribed) = &mut self.subscribed {
            subscribed.billing = billing;
        }
    }
}
