//! Which requests read which points. Pure.
//!
//! Points are put together into few requests: a new request begins where the gap is not worth
//! reading over, where the answer would be too long, or at a boundary learned from the device. A
//! value is never cut, and a value and its scale factor are always in one request.

use crate::profile::Table;
use std::collections::BTreeSet;

/// The most bits Modbus gives in one answer.
const BITS_MAX: u32 = 2000;

/// Registers that are read together or not at all: a point, with its scale factor when it has
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Block {
    /// The table.
    pub(crate) table: Table,
    /// The first register or bit.
    pub(crate) start: u32,
    /// The one after the last.
    pub(crate) end: u32,
    /// The point's number in its profile.
    pub(crate) point: usize,
    /// Reading it changes it: it gets a request of its own.
    pub(crate) alone: bool,
}

/// One request and the points that its answer serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// The table.
    pub(crate) table: Table,
    /// The first register or bit.
    pub(crate) address: u16,
    /// How many.
    pub(crate) count: u16,
    /// The blocks within, in order.
    pub(crate) blocks: Vec<Block>,
}

/// What a device allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The most registers in one answer.
    pub(crate) max_registers: u16,
    /// Unused registers worth reading over.
    pub(crate) max_gap: u16,
}

/// Boundaries that a device has taught us: no request spans one unless a block does.
pub(crate) type Cuts = BTreeSet<(Table, u32)>;

/// Puts blocks together into requests.
pub(crate) fn requests(blocks: &[Block], limits: Limits, cuts: &Cuts) -> Vec<Request> {
    let mut sorted = blocks.to_vec();
    sorted.sort_unstable();
    let mut groups: Vec<(u32, Vec<Block>)> = Vec::new();
    for block in sorted {
        match groups.last_mut() {
            Some((end, group)) if joins(group, *end, &block, limits, cuts) => {
                *end = block.end.max(*end);
                group.push(block);
            }
            _ => groups.push((block.end, vec![block])),
        }
    }
    groups.into_iter().filter_map(|(end, group)| request(end, group)).collect()
}

/// Whether `block` may be read in the same request as `group`, which ends at `end`.
fn joins(group: &[Block], end: u32, block: &Block, limits: Limits, cuts: &Cuts) -> bool {
    let Some(first) = group.first() else { return false };
    if first.table != block.table || first.alone || block.alone {
        return false;
    }
    let (longest, gap) = if block.table.is_bits() {
        (BITS_MAX, u32::from(limits.max_gap) * 16)
    } else {
        (u32::from(limits.max_registers), u32::from(limits.max_gap))
    };
    // Blocks that overlap cannot be cut apart.
    let cut = block.start >= end
        && cuts.range((block.table, end)..=(block.table, block.start)).next().is_some();
    !cut && block.end.max(end) - first.start <= longest && block.start.saturating_sub(end) <= gap
}

fn request(end: u32, blocks: Vec<Block>) -> Option<Request> {
    let first = blocks.first()?;
    let address = u16::try_from(first.start).ok()?;
    let count = u16::try_from(end - first.start).ok()?;
    Some(Request { table: first.table, address, count, blocks })
}

/// Where to cut a request that the device refused: at its largest hole, or in the middle when it
/// has none. `None` when it cannot be cut.
pub(crate) fn cut(request: &Request) -> Option<(Table, u32)> {
    let start = u32::from(request.address);
    let middle = start + u32::from(request.count) / 2;
    let mut end = start;
    let mut best: Option<(u32, u32, u32)> = None;
    for block in &request.blocks {
        if block.start >= end && block.start > start {
            let candidate =
                (block.start - end, u32::MAX - block.start.abs_diff(middle), block.start);
            best = best.max(Some(candidate));
        }
        end = end.max(block.end);
    }
    best.map(|(_, _, boundary)| (request.table, boundary))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { max_registers: 125, max_gap: 50 };

    fn block(start: u32, width: u32, point: usize) -> Block {
        Block { table: Table::Input, start, end: start + width, point, alone: false }
    }

    fn ranges(requests: &[Request]) -> Vec<(u16, u16)> {
        requests.iter().map(|request| (request.address, request.count)).collect()
    }

    #[test]
    fn near_points_share_a_request_and_far_ones_do_not() {
        let blocks = [block(0, 2, 0), block(52, 2, 1), block(105, 1, 2)];
        let requests = requests(&blocks, LIMITS, &Cuts::new());
        assert_eq!(ranges(&requests), [(0, 54), (105, 1)], "gaps of 50 and 51 registers");
    }

    #[test]
    fn a_long_answer_is_split_between_values() {
        let blocks: Vec<Block> = (0..60u32).map(|i| block(i * 4, 4, 0)).collect();
        let limits = Limits { max_registers: 63, ..LIMITS };
        let requests = requests(&blocks, limits, &Cuts::new());
        assert_eq!(ranges(&requests), [(0, 60), (60, 60), (120, 60), (180, 60)]);
    }

    #[test]
    fn a_point_that_changes_by_reading_is_read_alone() {
        let mut blocks = [block(0, 1, 0), block(1, 1, 1), block(2, 1, 2)];
        blocks[1].alone = true;
        assert_eq!(ranges(&requests(&blocks, LIMITS, &Cuts::new())), [(0, 1), (1, 1), (2, 1)]);
    }

    #[test]
    fn bits_have_their_own_limit_and_tables_never_mix() {
        let bit = |start, table| Block { table, start, end: start + 1, point: 0, alone: false };
        let blocks = [bit(0, Table::Coil), bit(700, Table::Coil), bit(0, Table::Discrete)];
        assert_eq!(ranges(&requests(&blocks, LIMITS, &Cuts::new())), [(0, 701), (0, 1)]);
    }

    #[test]
    fn a_refused_request_is_cut_at_its_largest_hole_and_stays_cut() {
        let blocks = [block(0, 2, 0), block(4, 2, 1), block(30, 2, 2), block(33, 1, 3)];
        let mut cuts = Cuts::new();
        let whole = requests(&blocks, LIMITS, &cuts);
        assert_eq!(ranges(&whole), [(0, 34)]);
        cuts.extend(cut(&whole[0]));
        let halves = requests(&blocks, LIMITS, &cuts);
        assert_eq!(ranges(&halves), [(0, 6), (30, 4)]);
        cuts.extend(cut(&halves[1]));
        assert_eq!(ranges(&requests(&blocks, LIMITS, &cuts)), [(0, 6), (30, 2), (33, 1)]);
    }

    #[test]
    fn a_request_without_holes_is_cut_in_the_middle_and_a_value_never() {
        let blocks: Vec<Block> = (0..4u32).map(|i| block(10 + i * 2, 2, 0)).collect();
        let whole = requests(&blocks, LIMITS, &Cuts::new());
        assert_eq!(cut(&whole[0]), Some((Table::Input, 14)));
        let one = requests(&blocks[..1], LIMITS, &Cuts::new());
        assert_eq!(cut(&one[0]), None);
    }

    #[test]
    fn blocks_that_overlap_are_not_cut_apart() {
        let blocks = [block(46, 3, 0), block(48, 4, 1)];
        let cuts = Cuts::from([(Table::Input, 0), (Table::Input, 48)]);
        assert_eq!(ranges(&requests(&blocks, LIMITS, &cuts)), [(46, 6)]);
    }

    proptest! {
        /// Every point is in exactly one request, whole, and no request is too long.
        #[test]
        fn every_block_is_read_once_and_whole(
            starts in prop::collection::vec((0u32..600, 1u32..5), 1..60),
            max_registers in 8u16..=125,
            max_gap in 0u16..60,
            cut_at in prop::collection::vec(0u32..600, 0..5),
        ) {
            let blocks: Vec<Block> = starts
                .iter()
                .enumerate()
                .map(|(i, &(start, width))| block(start, width, i))
                .collect();
            let cuts: Cuts = cut_at.into_iter().map(|at| (Table::Input, at)).collect();
            let requests = requests(&blocks, Limits { max_registers, max_gap }, &cuts);
            let mut seen = vec![0; blocks.len()];
            for request in &requests {
                prop_assert!(request.count <= max_registers);
                let from = u32::from(request.address);
                let to = from + u32::from(request.count);
                for block in &request.blocks {
                    prop_assert!(from <= block.start && block.end <= to);
                    seen[block.point] += 1;
                }
            }
            prop_assert!(seen.iter().all(|&times| times == 1));
        }
    }
}
