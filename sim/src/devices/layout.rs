//! Which registers a device has, from its profile.

use std::collections::BTreeMap;

use drivers::profile::{Location, Profile, Table as ProfileTable};

use crate::modbus::{Exception, Table};

/// One word of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The point's place in the profile.
    pub(crate) point: usize,
    /// The word's place in the point.
    pub(crate) word: usize,
    /// It may be written.
    pub(crate) writable: bool,
}

/// What there is at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    /// Words of points.
    Points(&'a [Slot]),
    /// Always the same: a register of a SunSpec model that no point names, or a hole that is read
    /// over.
    Fixed(u16),
}

/// The registers of a profile by table and address. Several points share a register only as bits.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    slots: BTreeMap<(Table, u16), Vec<Slot>>,
    chain: BTreeMap<u16, u16>,
    max_gap: u16,
    max_registers: u16,
}

impl Layout {
    pub(crate) fn new(profile: &Profile) -> Self {
        let mut slots: BTreeMap<(Table, u16), Vec<Slot>> = BTreeMap::new();
        for (point, spec) in profile.points.iter().enumerate() {
            let Location::Register { table, address } = spec.location else { continue };
            for word in 0..spec.encoding.kind.width() {
                let slot = Slot { point, word: usize::from(word), writable: spec.access.writes() };
                let address = address.saturating_add(word);
                slots.entry((table_of(table), address)).or_default().push(slot);
            }
        }
        let (max_gap, max_registers) = (profile.max_gap, profile.max_registers);
        Self { slots, chain: BTreeMap::new(), max_gap, max_registers }
    }

    /// With a chain of SunSpec models in the holding registers, behind the points.
    pub(crate) fn with_chain(self, chain: BTreeMap<u16, u16>) -> Self {
        Self { chain, ..self }
    }

    /// What there is at each address from `address` on.
    ///
    /// # Errors
    /// As a device answers: illegal address where it has nothing and no short hole between two
    /// points either, illegal value where more is asked for than it gives at once.
    pub(crate) fn read(
        &self,
        table: Table,
        address: u16,
        count: u16,
    ) -> Result<Vec<Cell<'_>>, Exception> {
        let registers = matches!(table, Table::HoldingRegisters | Table::InputRegisters);
        if registers && count > self.max_registers {
            return Err(Exception::IllegalDataValue);
        }
        self.span(address, count).map(|address| self.at(table, address)).collect()
    }

    /// The slots of each address, all of them writable.
    ///
    /// # Errors
    /// Illegal address where one is not writable.
    pub(crate) fn write(
        &self,
        table: Table,
        address: u16,
        count: usize,
    ) -> Result<Vec<Slot>, Exception> {
        let count = u16::try_from(count).map_err(|_| Exception::IllegalDataValue)?;
        let slot = |address| match self.slots.get(&(table, address)).map(Vec::as_slice) {
            Some([slot]) if slot.writable => Ok(*slot),
            _ => Err(Exception::IllegalDataAddress),
        };
        self.span(address, count).map(slot).collect()
    }

    fn span(&self, address: u16, count: u16) -> impl Iterator<Item = u16> + use<> {
        // The server has checked that the span ends by 65535.
        (0..count).map(move |offset| address.saturating_add(offset))
    }

    fn at(&self, table: Table, address: u16) -> Result<Cell<'_>, Exception> {
        if let Some(slots) = self.slots.get(&(table, address)) {
            return Ok(Cell::Points(slots));
        }
        if let Some(word) = self.chain.get(&address).filter(|_| table == Table::HoldingRegisters) {
            return Ok(Cell::Fixed(*word));
        }
        let before = self.slots.range((table, 0)..(table, address)).next_back();
        let after = self.slots.range((table, address)..=(table, u16::MAX)).next();
        match (before, after) {
            (Some(((_, before), _)), Some(((_, after), _)))
                if after - before - 1 <= self.max_gap =>
            {
                Ok(Cell::Fixed(0))
            }
            _ => Err(Exception::IllegalDataAddress),
        }
    }
}

/// The same table in the server's words.
pub(crate) fn table_of(table: ProfileTable) -> Table {
    match table {
        ProfileTable::Coil => Table::Coils,
        ProfileTable::Discrete => Table::DiscreteInputs,
        ProfileTable::Holding => Table::HoldingRegisters,
        ProfileTable::Input => Table::InputRegisters,
    }
}
