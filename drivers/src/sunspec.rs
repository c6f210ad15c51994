//! Where a SunSpec device keeps its models. Pure: requests out, answers in.
//!
//! Call [`Discovery::poll_read`], read those holding registers, hand the answer to
//! [`Discovery::handle_answer`], and go on until there is nothing left to read.

use std::collections::BTreeMap;

/// Where the marker may stand, in the order tried.
const BASES: [u16; 3] = [40_000, 0, 50_000];

/// "SunS".
const MARKER: [u16; 2] = [0x5375, 0x6E53];

/// The id that ends the chain.
const END: u16 = 0xFFFF;

/// The most models of one device: the largest known list has fewer than 30.
const MODELS_MAX: usize = 64;

/// Models of one layout, which differ in the phases that they serve: inverters and meters, with
/// whole numbers and with floats.
const ALIKE: [&[u16]; 4] =
    [&[103, 102, 101], &[113, 112, 111], &[203, 204, 202, 201], &[213, 214, 212, 211]];

/// The model that says who the device is.
pub(crate) const COMMON: u16 = 1;

/// Where model 1 keeps the serial number: offset and registers.
pub(crate) const SERIAL: (u16, u16) = (50, 16);

/// One model of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainedModel {
    /// Its number.
    pub id: u16,
    /// Where its id register stands, 0-based.
    pub address: u16,
    /// Its registers after id and length.
    pub length: u16,
}

/// The models of one device: where the id register of each is, and its length.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Models(BTreeMap<u16, (u16, u16)>);

impl Models {
    /// Those of a chain. The first model of a kind is the device itself; others may be its strings.
    pub(crate) fn new(chain: &[ChainedModel]) -> Self {
        let mut models = BTreeMap::new();
        for model in chain {
            models.entry(model.id).or_insert((model.address, model.length));
        }
        Self(models)
    }

    /// The address of a value of `width` registers at `offset` from the id register of a model;
    /// `None` when the device lacks the model, or its model is too short.
    ///
    /// Models of one layout stand for each other: a profile that names one of them serves a
    /// device that has another. The named one comes first. A repeated block is addressed by its
    /// offset; a device with fewer of them has a shorter model.
    pub(crate) fn address(&self, model: u16, offset: u16, width: u16) -> Option<u16> {
        let group = ALIKE.iter().find(|group| group.contains(&model));
        let alike = group.copied().unwrap_or_default();
        let named = std::iter::once(&model).chain(alike);
        let &(base, length) = named.into_iter().find_map(|model| self.0.get(model))?;
        let end = u32::from(offset) + u32::from(width);
        if end > u32::from(length) + 2 { None } else { base.checked_add(offset) }
    }
}

/// What the answer to a read was.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found<'a> {
    /// Registers.
    Registers(&'a [u16]),
    /// The device has nothing at that address.
    IllegalAddress,
}

/// Walks from the marker along the chain of models.
#[derive(Debug)]
pub(crate) struct Discovery {
    step: Step,
    base: Option<u16>,
    chain: Vec<ChainedModel>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Looking for the marker at this base.
    Marker(usize),
    /// Reading a model's id and length at this address.
    Model(u16),
    /// The chain has ended.
    Done,
    /// No marker was found.
    Nowhere,
}

impl Discovery {
    pub(crate) fn new() -> Self {
        Self { step: Step::Marker(0), base: None, chain: Vec::new() }
    }

    /// The next two holding registers to read; `None` when the walk has ended.
    pub(crate) fn poll_read(&self) -> Option<u16> {
        match self.step {
            Step::Marker(base) => BASES.get(base).copied(),
            Step::Model(address) => Some(address),
            Step::Done | Step::Nowhere => None,
        }
    }

    /// Takes the answer to the last [`Discovery::poll_read`].
    pub(crate) fn handle_answer(&mut self, found: Found<'_>) {
        self.step = match (self.step, found) {
            (Step::Marker(base), Found::Registers(words)) if words == MARKER => {
                self.base = Some(BASES[base]);
                Step::Model(BASES[base] + 2)
            }
            (Step::Marker(base), _) if base + 1 < BASES.len() => Step::Marker(base + 1),
            (Step::Marker(_), _) => Step::Nowhere,
            // Some devices end the chain with an illegal address instead of an end model.
            (Step::Model(_), Found::IllegalAddress) => Step::Done,
            (Step::Model(address), Found::Registers(words)) => self.model(address, words),
            (step, _) => step,
        };
    }

    fn model(&mut self, address: u16, words: &[u16]) -> Step {
        let &[id, length] = words else { return Step::Done };
        if id == END || length == 0 || self.chain.len() == MODELS_MAX {
            return Step::Done;
        }
        self.chain.push(ChainedModel { id, address, length });
        let next = address.checked_add(2).and_then(|next| next.checked_add(length));
        next.map_or(Step::Done, Step::Model)
    }

    /// Where the marker stands, 0-based, and the models behind it in the order of the device, once
    /// there is nothing left to read; `None` when no marker was found.
    pub(crate) fn into_chain(self) -> Option<(u16, Vec<ChainedModel>)> {
        matches!(self.step, Step::Done).then_some((self.base?, self.chain))
    }

    /// The models, once there is nothing left to read; `None` when no marker was found.
    pub(crate) fn into_models(self) -> Option<Models> {
        self.into_chain().map(|(_, chain)| Models::new(&chain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Walks over a device whose registers are given by `read`.
    fn walk(read: impl Fn(u16) -> Option<[u16; 2]>) -> (Option<Models>, usize) {
        let mut discovery = Discovery::new();
        let mut reads = 0;
        while let Some(address) = discovery.poll_read() {
            reads += 1;
            assert!(reads < 100, "the walk must end");
            match read(address) {
                Some(words) => discovery.handle_answer(Found::Registers(&words)),
                None => discovery.handle_answer(Found::IllegalAddress),
            }
        }
        (discovery.into_models(), reads)
    }

    #[test]
    fn the_chain_is_walked_from_whichever_base() {
        for base in BASES {
            let read = |address: u16| match address.checked_sub(base)? {
                0 => Some(MARKER),
                2 => Some([1, 66]),
                70 => Some([103, 50]),
                122 => Some([END, 0]),
                _ => None,
            };
            let (models, _) = walk(read);
            let models = models.expect("a marker");
            assert_eq!(models.address(103, 14, 1), Some(base + 70 + 14));
            assert_eq!(models.address(1, 50, 16), Some(base + 2 + 50));
        }
    }

    #[test]
    fn a_missing_model_is_nowhere_and_never_register_zero() {
        let read = |address: u16| match address {
            40_000 => Some(MARKER),
            40_002 => Some([123, 10]),
            _ => None,
        };
        let (models, _) = walk(read);
        let models = models.expect("a chain may end with an illegal address");
        assert_eq!(models.address(121, 2, 1), None);
        assert_eq!(models.address(123, 11, 1), Some(40_013), "the last register of the model");
        assert_eq!(models.address(123, 12, 1), None, "past its end");
    }

    #[test]
    fn hostile_chains_end() {
        let endless = |address: u16| match address {
            40_000 => Some(MARKER),
            _ => Some([7, 1]),
        };
        let (models, reads) = walk(endless);
        assert!(models.is_some() && reads <= MODELS_MAX + 2);
        let long = |address: u16| match address {
            40_000 => Some(MARKER),
            _ => Some([7, 0xFFFE]),
        };
        assert!(walk(long).0.is_some(), "a length past the end of the address space");
        assert_eq!(walk(|_| None), (None, 3), "no marker anywhere");
        assert_eq!(walk(|_| Some([0, 0])).0, None);
    }

    #[test]
    fn models_of_one_layout_stand_for_each_other() {
        for group in ALIKE {
            for &served in group {
                let read = |address: u16| match address {
                    40_000 => Some(MARKER),
                    40_002 => Some([served, 50]),
                    _ => None,
                };
                let models = walk(read).0.expect("a chain");
                for &named in group {
                    assert_eq!(models.address(named, 14, 1), Some(40_016), "{named} by {served}");
                }
                let foreign = ALIKE.iter().filter(|other| **other != group);
                for &other in foreign.copied().flatten() {
                    assert_eq!(models.address(other, 14, 1), None, "{other} by {served}");
                }
            }
        }
    }

    #[test]
    fn the_named_model_is_preferred_to_others_of_its_layout() {
        let read = |address: u16| match address {
            40_000 => Some(MARKER),
            40_002 => Some([101, 50]),
            40_054 => Some([103, 50]),
            _ => None,
        };
        let models = walk(read).0.expect("a chain");
        assert_eq!(models.address(103, 14, 1), Some(40_068));
        assert_eq!(models.address(101, 14, 1), Some(40_016));
        assert_eq!(models.address(102, 14, 1), Some(40_068), "the first of the layout");
    }

    #[test]
    fn blocks_that_a_device_does_not_repeat_are_nowhere() {
        let read = |address: u16| match address {
            40_000 => Some(MARKER),
            // Eight registers and two inputs of twenty each.
            40_002 => Some([160, 48]),
            40_052 => Some([END, 0]),
            _ => None,
        };
        let models = walk(read).0.expect("a chain");
        let power = |input: u16| models.address(160, 10 + 20 * (input - 1) + 11, 1);
        assert_eq!([1, 2, 3, 4].map(power), [Some(40_023), Some(40_043), None, None]);
    }

    #[test]
    fn model_1_comes_with_and_without_its_pad() {
        for length in [65, 66] {
            let next = 40_004 + length;
            let read = |address: u16| match address {
                40_000 => Some(MARKER),
                40_002 => Some([1, length]),
                _ if address == next => Some([103, 50]),
                _ if address == next + 52 => Some([END, 0]),
                _ => None,
            };
            let models = walk(read).0.expect("a chain");
            assert_eq!(models.address(103, 14, 1), Some(next + 14));
            assert_eq!(models.address(1, 50, 16), Some(40_052));
        }
    }

    proptest! {
        /// Whatever the registers hold, the walk ends, and no value lies outside its model.
        #[test]
        fn wrong_ids_and_lengths_lead_nowhere_but_to_an_end(
            ids in prop::collection::vec((prop::sample::select(vec![1u16, 101, 160, 213, 704]),
                any::<u16>()), 1..8),
            model in prop::sample::select(vec![1u16, 103, 160, 203, 213, 704]),
            offset in 2u16..2000,
            width in 1u16..17,
        ) {
            let read = |address: u16| match address {
                40_000 => Some(MARKER),
                _ => {
                    let (id, length) = ids[usize::from(address) % ids.len()];
                    Some([id, length % 300])
                }
            };
            let (models, reads) = walk(read);
            prop_assert!(reads <= MODELS_MAX + 2);
            let models = models.expect("a marker");
            if let Some(address) = models.address(model, offset, width) {
                let inside = models.0.values().any(|&(base, length)| {
                    let end = u32::from(base) + u32::from(length) + 2;
                    base.checked_add(offset) == Some(address)
                        && u32::from(address) + u32::from(width) <= end
                });
                prop_assert!(inside);
            }
        }
    }
}
