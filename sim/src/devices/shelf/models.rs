//! The SunSpec models that a shelf serves, with the lengths that were published for them.

use drivers::profile::{Location, PointSpec, Profile};

/// Inputs that model 160 is served with, unless told otherwise.
const INPUTS: u16 = 4;

/// Published lengths: registers after a model's own id and length.
const LENGTHS: [(&[u16], u16); 15] = [
    (&[1], 66),
    (&[101, 102, 103], 50),
    (&[111, 112, 113], 60),
    (&[120], 26),
    (&[121], 30),
    (&[122], 44),
    (&[123, 124], 24),
    (&[160], 8 + 20 * INPUTS),
    (&[201, 202, 203, 204], 105),
    (&[211, 212, 213, 214], 124),
    (&[701], 153),
    (&[702], 50),
    (&[703], 17),
    (&[704], 65),
    (&[713, 715], 7),
];

/// How a model that a profile names is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServedModel {
    /// The model that the profile names.
    pub named: u16,
    /// The id that the device gives it: another one of the same layout, or the same.
    pub id: u16,
    /// The length that the device states, and has.
    pub length: u16,
}

/// The models of a profile in the order of their numbers, as published.
///
/// # Panics
/// When one of them is not known here.
#[must_use]
pub fn models(profile: &Profile) -> Vec<ServedModel> {
    let mut named: Vec<u16> = profile.points.iter().filter_map(model_of).collect();
    named.sort_unstable();
    named.dedup();
    let served = |named| {
        let length = length_of(named).unwrap_or_else(|| panic!("model {named} is not known here"));
        ServedModel { named, id: named, length }
    };
    named.into_iter().map(served).collect()
}

/// The published length of a model; model 160 with four inputs.
#[must_use]
pub fn length_of(model: u16) -> Option<u16> {
    let known = LENGTHS.iter().find(|(known, _)| known.contains(&model));
    known.map(|(_, length)| *length)
}

fn model_of(point: &PointSpec) -> Option<u16> {
    match point.location {
        Location::Model { model, .. } => Some(model),
        Location::Register { .. } => None,
    }
}
