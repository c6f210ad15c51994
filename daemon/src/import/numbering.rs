//! Where a list's addresses begin, and what its numbers say of the table.

use drivers::profile::Table;

/// Where addresses begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Numbering {
    /// See from the numbers: 40001 and its like are Modicon's, others count from 0
    #[default]
    Auto,
    /// From 0, as on the wire
    Zero,
    /// From 1
    One,
    /// Modicon's: 1 coils, 10001 discrete inputs, 30001 input and 40001 holding registers
    Modicon,
}

/// A number as Modicon's: the table, and the address from 0. Five digits, or six for all addresses.
pub(super) fn modicon(number: u32) -> Option<(Table, u16)> {
    let (table, rest) = match number {
        1..=9_999 => (Table::Coil, number),
        10_001..=19_999 => (Table::Discrete, number - 10_000),
        30_001..=39_999 => (Table::Input, number - 30_000),
        40_001..=49_999 => (Table::Holding, number - 40_000),
        100_001..=165_536 => (Table::Discrete, number - 100_000),
        300_001..=365_536 => (Table::Input, number - 300_000),
        400_001..=465_536 => (Table::Holding, number - 400_000),
        _ => return None,
    };
    Some((table, u16::try_from(rest - 1).ok()?))
}

/// Whether numbers, each with the table that the list names for it, can all be Modicon's, and at
/// least one of them says so by being above 10000.
pub(super) fn looks_modicon(numbers: &[(u32, Option<Table>)]) -> bool {
    let fits = |(number, table): &(u32, Option<Table>)| {
        modicon(*number).is_some_and(|(found, _)| table.is_none_or(|table| table == found))
    };
    // Small numbers alone are coils in Modicon's counting, and anything in everybody else's.
    let large = numbers.iter().any(|(number, _)| *number > 10_000);
    large && numbers.iter().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modicons_numbers_are_told_from_plain_ones() {
        assert_eq!(modicon(40_001), Some((Table::Holding, 0)));
        assert_eq!(modicon(30_100), Some((Table::Input, 99)));
        assert_eq!(modicon(400_001), Some((Table::Holding, 0)));
        assert_eq!(modicon(465_536), Some((Table::Holding, 65_535)));
        assert_eq!((modicon(0), modicon(40_000), modicon(50_000)), (None, None, None));
        let holding = |numbers: &[u32]| {
            looks_modicon(&numbers.iter().map(|n| (*n, Some(Table::Holding))).collect::<Vec<_>>())
        };
        assert!(holding(&[40_001, 40_117]));
        assert!(!holding(&[40_000, 40_069]), "SunSpec's base is a plain address");
        assert!(!holding(&[32_080, 32_089]), "holding registers are no 3x numbers");
        assert!(!holding(&[1, 2, 3]), "small numbers say nothing");
        assert!(looks_modicon(&[(30_001, None), (40_001, None), (5, None)]));
    }
}
