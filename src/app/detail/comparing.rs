//! Two rows side by side: counting their differences by a budget, aligning them on a thread of its own.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use crossbeam_channel::{Receiver, TryRecvError, bounded};

use crate::app::log::Key;
use crate::payload::compare::{Alignment, Comparison, Counting, LARGEST_ALIGNED};

/// After this time aligning goes on in a rougher way.
const ALIGN_TIME: Duration = Duration::from_secs(1);

/// Two rows that are compared.
#[derive(Debug)]
pub struct Comparing {
    /// The row on the left: the older one.
    pub left: Key,
    /// The row on the right.
    pub right: Key,
    /// Whether inserted and missing bytes are to shift what follows back into place.
    pub align: bool,
    /// The pair that was last jumped to.
    pub place: Option<usize>,
    /// Whether that pair must be scrolled to.
    pub reveal: bool,
    counting: (bool, Counting),
    aligning: Aligning,
    /// The lengths of the two payloads: a frame may grow.
    lengths: (usize, usize),
    /// Those that were, or are being, aligned.
    aligned: (usize, usize),
}

#[derive(Debug, Default)]
enum Aligning {
    #[default]
    Not,
    Under(Receiver<Alignment>),
    Done(Arc<Alignment>),
    /// The system gave no thread.
    Failed,
}

impl Comparing {
    /// Compares two rows, the older one on the left.
    pub fn new(one: Key, other: Key) -> Self {
        Self {
            left: one.min(other),
            right: one.max(other),
            align: false,
            place: None,
            reveal: false,
            counting: (false, Counting::default()),
            aligning: Aligning::Not,
            lengths: (0, 0),
            aligned: (0, 0),
        }
    }

    /// Whether payloads of these lengths can be aligned.
    pub fn can_align(left: usize, right: usize) -> bool {
        left <= LARGEST_ALIGNED && right <= LARGEST_ALIGNED
    }

    /// Goes on with what is under way, and starts to align where that is wanted; `wake` is called when that is done.
    pub fn look(&mut self, left: &Bytes, right: &Bytes, wake: impl FnOnce() + Send + 'static) {
        let lengths = (left.len(), right.len());
        if self.lengths != lengths {
            (self.lengths, self.counting.1) = (lengths, Counting::default());
        }
        self.align &= Self::can_align(left.len(), right.len());
        if let Aligning::Under(outcome) = &self.aligning {
            match outcome.try_recv() {
                Ok(alignment) => self.aligning = Aligning::Done(Arc::new(alignment)),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => self.aligning = Aligning::Failed,
            }
        }
        // One that grew is aligned anew, when the thread before has ended.
        let stale = matches!(self.aligning, Aligning::Done(_)) && self.aligned != lengths;
        if self.align && (stale || matches!(self.aligning, Aligning::Not)) {
            (self.aligning, self.aligned) = (start(left.clone(), right.clone(), wake), lengths);
        }
    }

    /// How the two are set side by side now; `None`: by their offsets.
    pub fn alignment(&self) -> Option<Arc<Alignment>> {
        match &self.aligning {
            Aligning::Done(alignment) if self.align && self.aligned == self.lengths => Some(Arc::clone(alignment)),
            _ => None,
        }
    }

    /// Counts the pairs that differ until `deadline`: how many so far, and whether that is all.
    pub fn count(&mut self, comparison: &Comparison<'_>, deadline: Instant) -> (usize, bool) {
        let aligned = comparison.alignment.is_some();
        if self.counting.0 != aligned {
            self.counting = (aligned, Counting::default());
            self.place = None;
        }
        let complete = self.counting.1.advance(comparison, deadline);
        (self.counting.1.differing, complete)
    }

    /// What keeps the two from being aligned, in a few words.
    pub fn remark(&self) -> Option<&'static str> {
        match &self.aligning {
            Aligning::Under(_) if self.align => Some("aligning"),
            Aligning::Failed if self.align => Some("not aligned: the system gives no thread"),
            _ => None,
        }
    }

    /// Jumps to the next run of differing pairs, or to the one before; round at the ends.
    pub fn jump(&mut self, comparison: &Comparison<'_>, onward: bool) {
        let found = match (onward, self.place) {
            (true, Some(place)) => comparison.next(place + 1).or_else(|| comparison.next(0)),
            (true, None) => comparison.next(0),
            (false, Some(place)) => comparison.previous(place).or_else(|| comparison.previous(comparison.len())),
            (false, None) => comparison.previous(comparison.len()),
        };
        (self.place, self.reveal) = (found, found.is_some());
    }
}

fn start(left: Bytes, right: Bytes, wake: impl FnOnce() + Send + 'static) -> Aligning {
    let (done, outcome) = bounded(1);
    let work = move || {
        let alignment = Alignment::new(&left, &right, Instant::now() + ALIGN_TIME);
        // Nobody listens when the comparison was closed meanwhile.
        let _ = done.send(alignment);
        wake();
    };
    match thread::Builder::new().name("align".to_owned()).spawn(work) {
        Ok(_) => Aligning::Under(outcome),
        Err(_) => Aligning::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumping_goes_round() {
        let comparison = Comparison { left: b"aXcXe", right: b"abcde", alignment: None };
        let mut comparing = Comparing::new(Key::record(7), Key { seq: 3, part: 1 });
        assert_eq!((comparing.left.seq, comparing.right.seq), (3, 7));
        let mut jump = |onward| {
            comparing.jump(&comparison, onward);
            comparing.place
        };
        assert_eq!([jump(true), jump(true), jump(true), jump(false)], [Some(1), Some(3), Some(1), Some(3)]);
    }

    #[test]
    fn aligning_is_done_elsewhere_and_comes_back() {
        let (left, right) = (Bytes::from_static(b"hello world"), Bytes::from_static(b"hello brave world"));
        let mut comparing = Comparing::new(Key::record(0), Key::record(1));
        comparing.align = true;
        let (woken, waits) = bounded(1);
        comparing.look(&left, &right, move || woken.send(()).expect("someone waits"));
        waits.recv().expect("it ends");
        comparing.look(&left, &right, || ());
        let alignment = comparing.alignment().expect("aligned");
        let comparison = Comparison { left: &left, right: &right, alignment: Some(&alignment) };
        assert_eq!(comparing.count(&comparison, Instant::now()), (6, true));
        // A frame grows: what was counted and aligned does not hold any more, and is not shown.
        let right = Bytes::from_static(b"hello brave new world");
        let (woken, waits) = bounded(1);
        comparing.look(&left, &right, move || woken.send(()).expect("someone waits"));
        assert!(comparing.alignment().is_none());
        let comparison = Comparison { left: &left, right: &right, alignment: None };
        assert_eq!(comparing.count(&comparison, Instant::now()), (15, true));
        waits.recv().expect("it ends");
        comparing.look(&left, &right, || ());
        let alignment = comparing.alignment().expect("aligned anew");
        let comparison = Comparison { left: &left, right: &right, alignment: Some(&alignment) };
        assert_eq!(comparing.count(&comparison, Instant::now()), (10, true));
    }
}
