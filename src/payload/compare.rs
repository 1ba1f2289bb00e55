//! Two payloads side by side: which bytes differ, place by place or [aligned](Alignment).

use std::time::Instant;

use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

/// Payloads up to this many bytes can be aligned.
pub const LARGEST_ALIGNED: usize = 64 * 1024;

/// Counted between two looks at the clock.
const STEP: usize = 64 * 1024;

/// A pair of bytes that stand side by side, by their offsets; `None` where a payload has nothing to set beside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// The byte of the first payload.
    pub left: Option<usize>,
    /// The byte of the second.
    pub right: Option<usize>,
}

impl Pair {
    /// Whether the two differ, or one is missing.
    pub fn differs(self, left: &[u8], right: &[u8]) -> bool {
        let byte = |bytes: &[u8], offset: Option<usize>| offset.and_then(|offset| bytes.get(offset)).copied();
        byte(left, self.left) != byte(right, self.right)
    }
}

/// How two payloads are set side by side so that inserted and missing bytes do not shift what follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alignment {
    pairs: Vec<Pair>,
    /// The runs of pairs that differ: starts and ends.
    runs: Vec<(usize, usize)>,
}

impl Alignment {
    /// Aligns two payloads of at most [`LARGEST_ALIGNED`] bytes. At `deadline` it goes on with a rougher comparison:
    /// then more bytes differ than need be.
    pub fn new(left: &[u8], right: &[u8], deadline: Instant) -> Self {
        let mut alignment = Self::default();
        for step in capture_diff_slices_deadline(Algorithm::Myers, left, right, Some(deadline)) {
            let (tag, left, right) = step.as_tag_tuple();
            let start = alignment.pairs.len();
            let pair = |n: usize| Pair { left: left.clone().nth(n), right: right.clone().nth(n) };
            alignment.pairs.extend((0..left.len().max(right.len())).map(pair));
            if tag != DiffTag::Equal {
                alignment.runs.push((start, alignment.pairs.len()));
            }
        }
        alignment
    }
}

/// Two payloads and how they are set side by side.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    /// The first payload.
    pub left: &'a [u8],
    /// The second.
    pub right: &'a [u8],
    /// `None`: by their offsets.
    pub alignment: Option<&'a Alignment>,
}

impl Comparison<'_> {
    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.alignment.map_or(self.left.len().max(self.right.len()), |alignment| alignment.pairs.len())
    }

    /// Whether both payloads are empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pair at `place`; of nothing beyond the end.
    pub fn pair(&self, place: usize) -> Pair {
        match self.alignment {
            Some(alignment) => alignment.pairs.get(place).copied().unwrap_or_default(),
            None => Pair {
                left: (place < self.left.len()).then_some(place),
                right: (place < self.right.len()).then_some(place),
            },
        }
    }

    /// Where the first run of differing pairs starts that starts at `from` or later.
    pub fn next(&self, from: usize) -> Option<usize> {
        if let Some(alignment) = self.alignment {
            let place = alignment.runs.partition_point(|(start, _)| *start < from);
            return alignment.runs.get(place).map(|(start, _)| *start);
        }
        // Inside a run the search starts behind it.
        let inside = from > 0 && self.differs(from - 1) && self.differs(from);
        let from = if inside { self.equal_from(from)? } else { from };
        self.differing_from(from)
    }

    /// Where the last run of differing pairs starts that starts before `from`.
    pub fn previous(&self, from: usize) -> Option<usize> {
        if let Some(alignment) = self.alignment {
            let place = alignment.runs.partition_point(|(start, _)| *start < from).checked_sub(1)?;
            return alignment.runs.get(place).map(|(start, _)| *start);
        }
        let both = self.left.len().min(self.right.len());
        let beyond = from > both && self.len() > both;
        let last = match beyond {
            true => both,
            false => {
                let (left, right) = (self.left.get(..from.min(both))?, self.right.get(..from.min(both))?);
                let differing = left.iter().zip(right).rposition(|(left, right)| left != right);
                differing?
            }
        };
        let equal = self.left[..last].iter().zip(&self.right[..last]).rposition(|(left, right)| left == right);
        Some(equal.map_or(0, |equal| equal + 1))
    }

    fn differs(&self, place: usize) -> bool {
        place < self.len() && self.pair(place).differs(self.left, self.right)
    }

    /// The first pair from `from` on that differs, by offsets.
    fn differing_from(&self, from: usize) -> Option<usize> {
        let both = self.left.len().min(self.right.len());
        let start = from.min(both);
        let (left, right) = (&self.left[start..both], &self.right[start..both]);
        // Whole stretches at memory speed first.
        let same = left.chunks(STEP).zip(right.chunks(STEP)).take_while(|(left, right)| left == right).count();
        let skipped = (same * STEP).min(left.len());
        let place = left[skipped..].iter().zip(&right[skipped..]).position(|(left, right)| left != right);
        let place = place.map_or(both, |place| start + skipped + place).max(from);
        (place < self.len()).then_some(place)
    }

    /// The first pair from `from` on that is equal, by offsets.
    fn equal_from(&self, from: usize) -> Option<usize> {
        let (left, right) = (self.left.get(from..)?, self.right.get(from..)?);
        left.iter().zip(right).position(|(left, right)| left == right).map(|place| from + place)
    }
}

/// Counts the pairs that differ, a few milliseconds at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counting {
    /// How many differ among those looked at.
    pub differing: usize,
    next: usize,
}

impl Counting {
    /// Goes on until `deadline`, always with the same comparison. Returns whether it is through.
    pub fn advance(&mut self, comparison: &Comparison<'_>, deadline: Instant) -> bool {
        if let Some(alignment) = comparison.alignment {
            self.differing = alignment.runs.iter().map(|(start, end)| end - start).sum();
            return true;
        }
        let both = comparison.left.len().min(comparison.right.len());
        while self.next < both {
            let end = both.min(self.next + STEP);
            let (left, right) = (&comparison.left[self.next..end], &comparison.right[self.next..end]);
            self.differing += left.iter().zip(right).filter(|(left, right)| left != right).count();
            self.next = end;
            if self.next < both && Instant::now() >= deadline {
                return false;
            }
        }
        self.differing += comparison.len() - self.next;
        self.next = comparison.len();
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use proptest::prelude::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    /// The starts of all runs, onward and back, and how many pairs differ.
    fn look(comparison: Comparison<'_>) -> (Vec<usize>, usize) {
        let mut counting = Counting::default();
        assert!(counting.advance(&comparison, soon()));
        let runs: Vec<_> = std::iter::successors(comparison.next(0), |at| comparison.next(at + 1)).collect();
        let last = comparison.previous(comparison.len());
        let mut back: Vec<_> = std::iter::successors(last, |at| comparison.previous(*at)).collect();
        back.reverse();
        assert_eq!(runs, back, "{comparison:?}");
        (runs, counting.differing)
    }

    #[track_caller]
    fn check(left: &[u8], right: &[u8], runs: &[usize], differing: usize) {
        assert_eq!(look(Comparison { left, right, alignment: None }), (runs.to_vec(), differing));
    }

    #[track_caller]
    fn check_aligned(left: &[u8], right: &[u8], runs: &[usize], differing: usize) {
        let alignment = Alignment::new(left, right, soon());
        assert_eq!(look(Comparison { left, right, alignment: Some(&alignment) }), (runs.to_vec(), differing));
    }

    #[test]
    fn place_by_place() {
        check(b"", b"", &[], 0);
        check(b"same", b"same", &[], 0);
        check(b"abcdef", b"aXXdeY", &[1, 5], 3);
        check(b"abc", b"abcdef", &[3], 3);
        check(b"Xbc", b"abcdef", &[0, 3], 4);
        check(b"abX", b"abcdef", &[2], 4);
        check(b"", b"x", &[0], 1);
    }

    #[test]
    fn aligned_an_insertion_is_all_that_differs() {
        check_aligned(b"hello world", b"hello brave world", &[6], 6);
        check_aligned(b"same", b"same", &[], 0);
        check_aligned(b"", b"abc", &[0], 3);
        check_aligned(b"abc", b"aXc", &[1], 1);
    }

    #[test]
    fn what_is_hopeless_to_align_ends_at_the_deadline() {
        let noise = |seed: usize| -> Vec<u8> {
            (0..LARGEST_ALIGNED).map(|n| (n + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0]).collect()
        };
        let (left, right) = (noise(1), noise(77_777));
        let alignment = Alignment::new(&left, &right, Instant::now());
        let comparison = Comparison { left: &left, right: &right, alignment: Some(&alignment) };
        assert!(comparison.len() >= left.len());
    }

    proptest! {
        #[test]
        fn every_byte_has_its_place_and_runs_are_what_differs(
            left in prop::collection::vec(0_u8..4, 0..40),
            right in prop::collection::vec(0_u8..4, 0..40),
            aligned: bool,
        ) {
            let alignment = Alignment::new(&left, &right, soon());
            let alignment = aligned.then_some(&alignment);
            let comparison = Comparison { left: &left, right: &right, alignment };
            let pairs: Vec<_> = (0..comparison.len()).map(|place| comparison.pair(place)).collect();
            prop_assert!(pairs.iter().filter_map(|pair| pair.left).eq(0..left.len()));
            prop_assert!(pairs.iter().filter_map(|pair| pair.right).eq(0..right.len()));
            let (runs, differing) = look(comparison);
            if alignment.is_none() {
                let differs: Vec<_> = pairs.iter().map(|pair| pair.differs(&left, &right)).collect();
                prop_assert_eq!(differs.iter().filter(|differs| **differs).count(), differing);
                let starts: Vec<_> = (0..differs.len())
                    .filter(|&at| differs[at] && (at == 0 || !differs[at - 1]))
                    .collect();
                prop_assert_eq!(starts, runs);
            }
        }
    }
}
