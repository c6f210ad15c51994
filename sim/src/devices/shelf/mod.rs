//! A device without a plant: the registers of any profile, each point showing what it was last set
//! to. It is for tests and for trying out a profile, and does nothing by itself: what is written to
//! it stays, and is remembered.
//!
//! A profile that names SunSpec models is served as a chain of them, from "SunS" to the end model,
//! each with the length that was published for it.

mod models;
#[cfg(test)]
mod tests;

pub use models::{ServedModel, length_of, models};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use drivers::profile::{Encoding, Kind, Location, PointSpec, Profile};

use super::chain;
use super::encode;
use super::layout::{Layout, table_of};
use crate::modbus::{Exception, Table, Unit};

/// A write as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Coils or holding registers.
    pub table: Table,
    /// The first one, 0-based.
    pub address: u16,
    /// What was written.
    pub values: Vec<u16>,
}

/// Any profile's registers. A clone is the same shelf: a test keeps one to change what the link
/// serves.
#[derive(Debug, Clone)]
pub struct Shelf {
    /// The profile, with every point at a fixed address; points that the device lacks have none.
    profile: Arc<Profile>,
    layout: Arc<Layout>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    cells: BTreeMap<(Table, u16), u16>,
    written: Vec<Written>,
}

impl Shelf {
    /// Serves a profile with all that it names; every point is zero.
    ///
    /// # Panics
    /// When the profile names a SunSpec model that is not known here.
    #[must_use]
    pub fn new(profile: &Profile) -> Shelf {
        Shelf::with_models(profile, &models(profile))
    }

    /// Serves a SunSpec profile with models in this order. Points of models that are not among
    /// them, or past their ends, are not there.
    ///
    /// # Panics
    /// When the models do not fit into the address space.
    #[must_use]
    pub fn with_models(profile: &Profile, models: &[ServedModel]) -> Shelf {
        let mut profile = profile.clone();
        let mut state = State::default();
        if profile.sunspec {
            let holding = |(address, word)| ((Table::HoldingRegisters, address), word);
            state.cells.extend(chain::lay(&mut profile, models).into_iter().map(holding));
        }
        for point in &profile.points {
            for address in addresses(point) {
                state.cells.insert(address, 0);
            }
        }
        let layout = Arc::new(Layout::new(&profile));
        Shelf { profile: Arc::new(profile), layout, state: Arc::new(Mutex::new(state)) }
    }

    /// Whether the device has the point.
    #[must_use]
    pub fn has(&self, point: &str) -> bool {
        self.profile.point(point).is_some_and(|point| addresses(point).next().is_some())
    }

    /// Lets a point show a number, in the unit used inside; 0 or 1 for a bit or a flag. The power
    /// of ten that its scale factor shows at this moment is reckoned with.
    ///
    /// # Panics
    /// When the device has no such point, or it holds a text.
    pub fn set(&self, point: &str, value: f64) {
        let point = self.point(point);
        assert!(!matches!(point.encoding.kind, Kind::Text(_)), "{} holds a text", point.name);
        let words = encode::words(&self.scaled(point), value);
        self.put(point, &words);
    }

    /// Lets a point show a text, cut where its registers end.
    ///
    /// # Panics
    /// When the device has no such point, or it holds no text.
    pub fn set_text(&self, point: &str, text: &str) {
        let point = self.point(point);
        let Kind::Text(registers) = point.encoding.kind else {
            panic!("{} holds no text", point.name)
        };
        self.put(point, &encode::text_words(text, registers));
    }

    /// Lets a point show that it has no value, in the `way`-th way that its profile knows: by a
    /// sentinel; by a float that is not a number; by an empty text. False when there are fewer.
    ///
    /// # Panics
    /// When the device has no such point.
    #[must_use]
    pub fn set_absent(&self, point: &str, way: usize) -> bool {
        let point = self.point(point);
        let mut ways: Vec<Vec<u16>> = Vec::new();
        for &sentinel in &point.encoding.sentinels {
            let only = Encoding { sentinels: vec![sentinel], ..point.encoding.clone() };
            ways.push(encode::absent(&only));
        }
        let pattern = |bits| Encoding { sentinels: vec![bits], ..point.encoding.clone() };
        ways.extend(match point.encoding.kind {
            Kind::F32 => Some(encode::absent(&pattern(u64::from(f32::NAN.to_bits())))),
            Kind::F64 => Some(encode::absent(&pattern(f64::NAN.to_bits()))),
            Kind::Text(registers) => Some(encode::text_words("", registers)),
            _ => None,
        });
        ways.get(way).map(|words| self.put(point, words)).is_some()
    }

    /// The number that a point shows, in the unit used inside.
    ///
    /// # Panics
    /// When the device has no such point.
    #[must_use]
    pub fn number(&self, point: &str) -> f64 {
        let point = self.point(point);
        encode::number(&self.scaled(point), &self.words_of(point))
    }

    /// The words of a point, and where they lie.
    ///
    /// # Panics
    /// When the device has no such point.
    #[must_use]
    pub fn words(&self, point: &str) -> (Table, u16, Vec<u16>) {
        let point = self.point(point);
        let (table, address) = addresses(point).next().expect("asked for above");
        (table, address, self.words_of(point))
    }

    /// The words that a point would have if it showed a number, in the unit used inside.
    ///
    /// # Panics
    /// When the device has no such point.
    #[must_use]
    pub fn words_for(&self, point: &str, value: f64) -> Vec<u16> {
        encode::words(&self.scaled(self.point(point)), value)
    }

    /// Takes all writes since the last time, in their order.
    #[must_use]
    pub fn take_written(&self) -> Vec<Written> {
        std::mem::take(&mut self.state().written)
    }

    fn point(&self, name: &str) -> &PointSpec {
        let found = self.profile.point(name).filter(|point| addresses(point).next().is_some());
        found.unwrap_or_else(|| panic!("a {} has no point '{name}'", self.profile.name))
    }

    /// The encoding with its scale factor reckoned in.
    fn scaled(&self, point: &PointSpec) -> Encoding {
        let mut encoding = point.encoding.clone();
        if let Some(scale) = encoding.scale_point.take() {
            encoding.scale *= 10_f64.powf(self.number(&scale));
        }
        encoding
    }

    fn words_of(&self, point: &PointSpec) -> Vec<u16> {
        let state = self.state();
        addresses(point).map(|address| state.cells[&address]).collect()
    }

    /// Puts words into registers; bits leave their neighbours as they are.
    fn put(&self, point: &PointSpec, words: &[u16]) {
        let mask = match point.encoding.kind {
            Kind::Bit(_) | Kind::BitOf32(_) => encode::words(&point.encoding, 1.0),
            Kind::Bits { count, .. } | Kind::BitsOf32 { count, .. } => {
                encode::words(&point.encoding, 2_f64.powi(i32::from(count)) - 1.0)
            }
            _ => vec![u16::MAX; words.len()],
        };
        let mut state = self.state();
        for (address, (word, mask)) in addresses(point).zip(words.iter().zip(mask)) {
            let cell = state.cells.entry(address).or_default();
            *cell = (*cell & !mask) | (word & mask);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}

impl Unit for Shelf {
    fn read(&mut self, table: Table, address: u16, count: u16) -> Result<Vec<u16>, Exception> {
        let registers = matches!(table, Table::HoldingRegisters | Table::InputRegisters);
        if registers && count > self.profile.max_registers {
            return Err(Exception::IllegalDataValue);
        }
        let state = self.state();
        let one = |address| match state.cells.get(&(table, address)) {
            Some(word) => Ok(*word),
            // A short hole between two points is read over.
            None => self.layout.read(table, address, 1).map(|_| 0),
        };
        // The server has checked that the span ends by 65535.
        (0..count).map(|offset| one(address.saturating_add(offset))).collect()
    }

    fn write(&mut self, table: Table, address: u16, values: &[u16]) -> Result<(), Exception> {
        self.layout.write(table, address, values.len())?;
        let mut state = self.state();
        for (address, value) in (address..=u16::MAX).zip(values) {
            state.cells.insert((table, address), *value);
        }
        state.written.push(Written { table, address, values: values.to_vec() });
        Ok(())
    }
}

/// Where the words of a point lie; nowhere when the device lacks it.
fn addresses(point: &PointSpec) -> impl Iterator<Item = (Table, u16)> + use<> {
    let (first, width) = match point.location {
        Location::Register { table, address } => {
            (Some((table_of(table), address)), point.encoding.kind.width())
        }
        Location::Model { .. } => (None, 0),
    };
    let at = move |word| first.map(|(table, address)| (table, address.saturating_add(word)));
    (0..width).filter_map(at)
}
