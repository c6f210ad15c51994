//! What was written to a device's registers, and what orders that makes.

use std::collections::BTreeMap;

use drivers::profile::{Argument, Profile};

use super::encode;

/// Words of the writable points, by place in the profile; a point not yet written holds zeros.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(BTreeMap<usize, Vec<u16>>);

/// An order as the registers have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Order {
    /// Its own argument, for an order that has one.
    pub(crate) argument: Option<f64>,
}

impl Memory {
    /// The words of a point.
    pub(crate) fn words(&self, profile: &Profile, point: usize) -> Vec<u16> {
        let width = usize::from(profile.points[point].encoding.kind.width());
        self.0.get(&point).cloned().unwrap_or_else(|| vec![0; width])
    }

    /// Sets one word and gives whether it changed.
    pub(crate) fn set_word(
        &mut self,
        profile: &Profile,
        point: usize,
        word: usize,
        to: u16,
    ) -> bool {
        let mut words = self.words(profile, point);
        let changed = words[word] != to;
        words[word] = to;
        self.0.insert(point, words);
        changed
    }

    /// Sets a point to a number in the unit used inside. A name the profile lacks is left alone.
    pub(crate) fn set(&mut self, profile: &Profile, name: &str, to: f64) {
        if let Some(point) = place(profile, name) {
            let encoding = &profile.points[point].encoding;
            self.0.insert(point, encode::words(encoding, to));
        }
    }

    /// Sets all words of the point at a place.
    pub(crate) fn set_words(&mut self, point: usize, words: Vec<u16>) {
        self.0.insert(point, words);
    }

    /// The number of a point in the unit used inside.
    pub(crate) fn number(&self, profile: &Profile, name: &str) -> Option<f64> {
        let point = place(profile, name)?;
        Some(encode::number(&profile.points[point].encoding, &self.words(profile, point)))
    }

    /// The order of that name, when the registers hold all of it.
    pub(crate) fn order(&self, profile: &Profile, name: &str) -> Option<Order> {
        let mut order = Order { argument: None };
        for write in &profile.commands.get(name)?.writes {
            let held = self.number(profile, &write.point)?;
            match write.value {
                Argument::Constant(wanted) if (held - wanted).abs() > 1e-9 => return None,
                Argument::Constant(_) => {}
                Argument::Own => order.argument = Some(held),
            }
        }
        Some(order)
    }

    /// Makes the registers hold the order of that name, as a device in local does that shows what
    /// it is doing.
    pub(crate) fn set_order(&mut self, profile: &Profile, name: &str, argument: f64) {
        let Some(command) = profile.commands.get(name) else { return };
        for write in &command.writes {
            let value = match write.value {
                Argument::Constant(value) => value,
                Argument::Own => argument,
            };
            self.set(profile, &write.point, value);
        }
    }
}

/// A point's place in the profile.
pub(crate) fn place(profile: &Profile, name: &str) -> Option<usize> {
    profile.points.iter().position(|point| point.name == name)
}

/// Whether a point belongs to any order of the profile.
pub(crate) fn is_of_an_order(profile: &Profile, point: usize) -> bool {
    let name = &profile.points[point].name;
    profile.commands.values().any(|command| command.writes.iter().any(|w| w.point == *name))
}

/// The point that takes the argument of an order.
pub(crate) fn argument_point<'a>(profile: &'a Profile, order: &str) -> Option<&'a str> {
    let writes = &profile.commands.get(order)?.writes;
    let taking = writes.iter().find(|write| write.value == Argument::Own)?;
    Some(&taking.point)
}
