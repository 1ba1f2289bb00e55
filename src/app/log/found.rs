//! The numbers of many records, four bytes each.

use std::collections::VecDeque;

use crate::journal::Seq;

/// Numbers in a block.
pub(super) const BLOCK: usize = 64 * 1024;

/// Record numbers in ascending order: how far each is from the first.
#[derive(Debug, Default)]
pub(super) struct Batch {
    base: Seq,
    offsets: Vec<u32>,
}

impl Batch {
    /// Appends `seq`, which is larger than what is in here; returns whether there is room for it.
    pub(super) fn push(&mut self, seq: Seq) -> bool {
        if self.offsets.is_empty() {
            self.base = seq;
        }
        match u32::try_from(seq - self.base) {
            Ok(offset) if self.offsets.len() < BLOCK => self.offsets.push(offset),
            _ => return false,
        }
        true
    }

    fn get(&self, index: usize) -> Option<Seq> {
        self.offsets.get(index).map(|offset| self.base + u64::from(*offset))
    }

    /// How many are less than `seq`.
    fn before(&self, seq: Seq) -> usize {
        self.offsets.partition_point(|offset| self.base + u64::from(*offset) < seq)
    }
}

/// Record numbers in ascending order; the first ones may leave.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// None of them empty; each with how many there ever were before it.
    blocks: VecDeque<(u64, Batch)>,
    /// How many there ever were.
    total: u64,
    /// How many of them left.
    gone: u64,
}

impl Found {
    /// The number in row `row`, counted from 0.
    pub(super) fn get(&self, row: u64) -> Option<Seq> {
        let row = row.checked_add(self.gone)?;
        let after = self.blocks.partition_point(|(start, _)| *start <= row);
        let (start, batch) = self.blocks.get(after.checked_sub(1)?)?;
        batch.get(usize::try_from(row - start).ok()?)
    }

    /// How many are less than `seq`: its row, where it is in here.
    pub(super) fn before(&self, seq: Seq) -> u64 {
        let after = self.blocks.partition_point(|(_, batch)| batch.base < seq);
        let Some((start, batch)) = after.checked_sub(1).and_then(|at| self.blocks.get(at)) else { return 0 };
        (start + batch.before(seq) as u64).saturating_sub(self.gone)
    }

    /// Appends one that is larger than all in here.
    pub(super) fn push(&mut self, seq: Seq) {
        if !self.blocks.back_mut().is_some_and(|(_, last)| last.push(seq)) {
            let mut batch = Batch::default();
            batch.push(seq);
            self.blocks.push_back((self.total, batch));
        }
        self.total += 1;
    }

    /// Appends what another thread found; all of it is larger than what is in here. A full batch is taken as it is.
    pub(super) fn append(&mut self, batch: Batch) {
        if batch.offsets.len() < BLOCK / 2 {
            (0..).map_while(|index| batch.get(index)).for_each(|seq| self.push(seq));
            return;
        }
        let start = self.total;
        self.total += batch.offsets.len() as u64;
        self.blocks.push_back((start, batch));
    }

    /// Forgets those less than `seq`.
    pub(super) fn forget_before(&mut self, seq: Seq) {
        self.gone += self.before(seq);
        while let Some((start, batch)) = self.blocks.front()
            && start + batch.offsets.len() as u64 <= self.gone
        {
            self.blocks.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_too_far_apart_are_in_blocks_of_their_own() {
        let mut found = Found::default();
        for seq in [5, 1 << 33, (1 << 33) + 1] {
            found.push(seq);
        }
        assert_eq!([0, 1, 2, 3].map(|row| found.get(row)), [Some(5), Some(1 << 33), Some((1 << 33) + 1), None]);
        assert_eq!([0, 5, 6, 1 << 34].map(|seq| found.before(seq)), [0, 0, 1, 3]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        /// However the numbers come and go, they are those of a plain Vec.
        #[test]
        fn it_equals_a_plain_vec(steps in prop::collection::vec((0_u8..4, 1_u64..50_000), 1..20)) {
            let (mut found, mut model, mut next) = (Found::default(), Vec::new(), 0);
            for (step, amount) in steps {
                match step {
                    0 => {
                        let gone = model.first().copied().unwrap_or(0) + amount;
                        found.forget_before(gone);
                        model.retain(|seq| *seq >= gone);
                    }
                    1 => {
                        let mut batch = Batch::default();
                        for seq in (next..next + amount).step_by(2) {
                            if batch.push(seq) {
                                model.push(seq);
                            }
                        }
                        found.append(batch);
                        next += amount;
                    }
                    _ => {
                        found.push(next);
                        model.push(next);
                        next += amount;
                    }
                }
            }
            prop_assert_eq!(found.before(Seq::MAX), model.len() as u64);
            for (row, seq) in model.iter().enumerate().step_by(1 + model.len() / 50) {
                prop_assert_eq!(found.get(row as u64), Some(*seq));
                prop_assert_eq!(found.before(*seq), row as u64);
                prop_assert_eq!(found.before(*seq + 1), row as u64 + 1);
            }
            prop_assert_eq!(found.get(model.len() as u64), None);
        }
    }
}
