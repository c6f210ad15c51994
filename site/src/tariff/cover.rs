//! Whether a tariff's classes give exactly one price at any time. Nothing is sampled: each date
//! of a century is looked at, and each of its hours from one boundary to the next.

use super::{Tariff, TariffClass};
use crate::holidays::Holidays;
use jiff::ToSpan;
use jiff::civil::{Date, Time, date};
use std::collections::BTreeSet;

/// First date that a tariff must cover.
pub const FIRST_DATE: Date = date(2000, 1, 1);
/// Last date that a tariff must cover.
pub const LAST_DATE: Date = date(2099, 12, 31);
/// Where looking begins, so that a finding names a date that means something to people; what lies
/// before is looked at last.
const LOOK_FROM: Date = date(2026, 1, 1);

/// Where in the calendar something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The first such date that was met; the same is wrong on every date like it.
    pub date: Date,
    /// The colour of the day, when the tariff has colours.
    pub colour: Option<String>,
    /// Begins here, local time.
    pub from: Time,
    /// Ends before this, local time; midnight is the end of the day.
    pub to: Time,
}

impl std::fmt::Display for Stretch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (from, to) = (self.from.strftime("%H:%M"), self.to.strftime("%H:%M"));
        let to = if self.to == Time::midnight() { "24:00".to_owned() } else { to.to_string() };
        write!(f, "from {from} to {to} on {} {}", self.date.strftime("%A"), self.date)?;
        match &self.colour {
            Some(colour) => write!(f, " when the colour is {colour}"),
            None => Ok(()),
        }
    }
}

/// What is wrong with a tariff's classes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TariffError {
    /// No class holds at some time.
    #[error("no class gives a price {0}")]
    Gap(Stretch),
    /// Two classes hold at once.
    #[error("classes '{first}' and '{second}' both give a price {place}")]
    Overlap {
        /// One class.
        first: String,
        /// The other.
        second: String,
        /// Where.
        place: Stretch,
    },
    /// A class names a colour that the tariff does not have.
    #[error("class '{class}' names the colour '{colour}', and the tariff does not have it")]
    Colour {
        /// The class.
        class: String,
        /// The colour.
        colour: String,
    },
}

impl Tariff {
    /// Checks that each minute from 2000 to 2099 has exactly one class under each colour, with
    /// the public holidays that the tariff is used with.
    ///
    /// # Errors
    /// At the first place that has none or two, or at a colour that is not known.
    pub fn covers(&self, holidays: Holidays) -> Result<(), TariffError> {
        let holidays = self.holidays.unwrap_or(holidays);
        let names = self.day_colours.as_ref().map_or(&[][..], |colours| &colours.names);
        for class in &self.classes {
            if let Some(colour) = class.colours.iter().find(|colour| !names.contains(colour)) {
                let (class, colour) = (class.name.clone(), colour.clone());
                return Err(TariffError::Colour { class, colour });
            }
        }
        // Days on which the same classes hold need to be looked at once.
        let mut seen: BTreeSet<Vec<bool>> = BTreeSet::new();
        let later = LOOK_FROM.series(1.day()).take_while(|date| *date <= LAST_DATE);
        let earlier = FIRST_DATE.series(1.day()).take_while(|date| *date < LOOK_FROM);
        for date in later.chain(earlier) {
            let on: Vec<bool> =
                self.classes.iter().map(|class| class.on_date(date, holidays)).collect();
            if seen.contains(&on) {
                continue;
            }
            let holding = self.classes.iter().zip(&on).filter(|(_, on)| **on);
            let holding: Vec<&TariffClass> = holding.map(|(class, _)| class).collect();
            if names.is_empty() {
                day(&holding, date, None)?;
            }
            for colour in names {
                day(&holding, date, Some(colour))?;
            }
            seen.insert(on);
        }
        Ok(())
    }
}

/// Checks one day under one colour: between two boundaries of any class nothing changes.
fn day(classes: &[&TariffClass], date: Date, colour: Option<&str>) -> Result<(), TariffError> {
    let of_colour = || classes.iter().filter(|class| class.on_colour(colour));
    let ends = of_colour().flat_map(|class| &class.hours).flat_map(|hours| [hours.from, hours.to]);
    let mut bounds: Vec<Time> = ends.chain([Time::midnight()]).collect();
    bounds.sort_unstable();
    bounds.dedup();
    let count = |time: Time| of_colour().filter(|class| class.in_hours(time)).count();
    for (i, &from) in bounds.iter().enumerate() {
        let mut holding = of_colour().filter(|class| class.in_hours(from));
        let (first, second) = (holding.next(), holding.next());
        if first.is_some() && second.is_none() {
            continue;
        }
        let same = |time: &Time| (count(*time) == 0) == first.is_none() && count(*time) != 1;
        let to = bounds[i + 1..].iter().find(|time| !same(time));
        let to = to.copied().unwrap_or(Time::midnight());
        let place = Stretch { date, colour: colour.map(str::to_owned), from, to };
        return Err(match (first, second) {
            (Some(first), Some(second)) => {
                let (first, second) = (first.name.clone(), second.name.clone());
                TariffError::Overlap { first, second, place }
            }
            _ => TariffError::Gap(place),
        });
    }
    Ok(())
}
