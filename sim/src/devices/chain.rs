//! The SunSpec models of a profile laid out in holding registers: a chain from "SunS" to the end
//! model, each model with the length that it states.

use std::collections::BTreeMap;

use drivers::profile::{Location, Profile, Table};

use super::shelf::ServedModel;
use super::sunspec_map::{BASE, END, MARKER};

/// What registers of a model hold that no point of the profile names.
const UNNAMED: u16 = 0xFFFF;

/// Registers of a model before those that its length counts: its id and that length.
const HEADER: u16 = 2;

/// Gives every point in one of these models its address, and returns the registers of the chain,
/// those that no point names included. Points of models that are not among them, or past their
/// ends, keep their place in a model and are nowhere.
///
/// # Panics
/// When the models do not fit into the address space.
pub(super) fn lay(profile: &mut Profile, models: &[ServedModel]) -> BTreeMap<u16, u16> {
    let mut registers = BTreeMap::new();
    let mut next = BASE;
    let mut put = |words: &[u16]| {
        let first = next;
        for word in words {
            registers.insert(next, *word);
            next = next.checked_add(1).expect("the models fit into the address space");
        }
        first
    };
    put(&MARKER);
    for model in models {
        let mut words = vec![UNNAMED; usize::from(model.length + HEADER)];
        words[..2].copy_from_slice(&[model.id, model.length]);
        let first = put(&words);
        for point in &mut profile.points {
            let width = point.encoding.kind.width();
            match point.location {
                Location::Model { model: named, offset }
                    if named == model.named && offset + width <= model.length + HEADER =>
                {
                    let (table, address) = (Table::Holding, first + offset);
                    point.location = Location::Register { table, address };
                }
                _ => {}
            }
        }
    }
    put(&[END, 0]);
    registers
}
