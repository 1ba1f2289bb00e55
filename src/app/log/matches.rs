//! The rows that pass a filter. Few new records are looked at in the frame that shows them; many are looked at by a
//! thread, so that neither typing nor scrolling waits for a search.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use super::found::{Batch, Found};
use crate::app::filter::Matcher;
use crate::app::wake::Wake;
use crate::journal::{Journal, Seq};

/// The part of its budget that a frame uses before it leaves the rest to a thread.
const PART_HERE: u32 = 4;

/// How often the thread hands over what it found, and sees that nobody wants it any more.
const EVERY: Duration = Duration::from_millis(10);

/// Batches that wait to be taken; the thread waits when there are more.
const WAITING: usize = 16;

/// The records that pass a filter, in order.
#[derive(Debug)]
pub(in crate::app) struct Matches {
    found: Found,
    /// The first that was not yet looked at.
    next: Seq,
    /// Here, or with the thread.
    matcher: Option<Matcher>,
    thread: Option<Receiver<Progress>>,
}

/// What the thread did since it last said so.
struct Progress {
    batch: Batch,
    next: Seq,
    /// At its end it gives the matcher back.
    matcher: Option<Matcher>,
}

impl Matches {
    /// Nothing looked at yet, from record `first` on.
    pub(super) fn new(matcher: Matcher, first: Seq) -> Self {
        Self { found: Found::default(), next: first, matcher: Some(matcher), thread: None }
    }

    /// How many of the records before `seq` are known to pass: its row, where it passes too.
    pub(super) fn before(&self, seq: Seq) -> u64 {
        self.found.before(seq)
    }

    /// The record in row `row`.
    pub(super) fn seq_at(&self, row: u64) -> Option<Seq> {
        self.found.get(row)
    }

    /// The first record that was not yet looked at.
    pub(super) fn reached(&self) -> Seq {
        self.next
    }

    /// Forgets the records before those `held`, takes over what the thread found, and has those looked at: here for a
    /// part of `budget`. Returns whether the next frame must go on; the thread asks for a frame by `wake`.
    pub(super) fn advance(
        &mut self,
        journal: &Arc<Journal>,
        held: Range<Seq>,
        budget: Duration,
        wake: &Wake,
    ) -> bool {
        self.take_over();
        self.found.forget_before(held.start);
        self.next = self.next.max(held.start);
        if !self.look(journal, held.end, budget / PART_HERE) {
            return false;
        }
        if self.matcher.is_some() && !self.start_thread(journal, held.end, wake) {
            return self.look(journal, held.end, budget);
        }
        false
    }

    fn take_over(&mut self) {
        let Some(thread) = &self.thread else { return };
        loop {
            match thread.try_recv() {
                Ok(progress) => {
                    self.found.append(progress.batch);
                    self.next = self.next.max(progress.next);
                    if progress.matcher.is_some() {
                        self.matcher = progress.matcher;
                        self.thread = None;
                        return;
                    }
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            }
        }
    }

    /// Looks at records before `end` for at most `budget`; returns whether there are more.
    fn look(&mut self, journal: &Journal, end: Seq, budget: Duration) -> bool {
        let Some(matcher) = &mut self.matcher else { return true };
        let deadline = Instant::now() + budget;
        while self.next < end
            && let Some(slice) = journal.slice(self.next)
        {
            while self.next < slice.end() {
                let found = &mut self.found;
                self.next = matcher.run(&slice, self.next, journal, |seq| found.push(seq));
                if Instant::now() >= deadline {
                    return self.next < end;
                }
            }
        }
        false
    }

    /// Has a thread look at the records before `end`; returns whether there is one.
    fn start_thread(&mut self, journal: &Arc<Journal>, end: Seq, wake: &Wake) -> bool {
        let (give, take) = bounded::<Matcher>(1);
        let (tell, thread) = bounded(WAITING);
        let search = Search { journal: Arc::clone(journal), next: self.next, end, tell, wake: wake.clone() };
        let run = move || {
            if let Ok(matcher) = take.recv() {
                search.run(matcher);
            }
        };
        if std::thread::Builder::new().name("search".into()).spawn(run).is_err() {
            return false;
        }
        if let Some(matcher) = self.matcher.take() {
            // It waits for this, and there is room for one.
            let _ = give.send(matcher);
        }
        self.thread = Some(thread);
        true
    }
}

/// A search on its thread. It ends early when nobody takes what it finds any more.
struct Search {
    journal: Arc<Journal>,
    next: Seq,
    end: Seq,
    tell: Sender<Progress>,
    wake: Wake,
}

impl Search {
    fn run(mut self, mut matcher: Matcher) {
        let mut batch = Batch::default();
        let mut told = Instant::now();
        while self.next < self.end
            && let Some(slice) = self.journal.slice(self.next)
        {
            while self.next < slice.end() {
                let (mut full, tell) = (Vec::new(), &self.tell);
                self.next = matcher.run(&slice, self.next, &self.journal, |seq| {
                    if !batch.push(seq) {
                        full.push(std::mem::take(&mut batch));
                        batch.push(seq);
                    }
                });
                if full.is_empty() && told.elapsed() < EVERY {
                    continue;
                }
                full.push(std::mem::take(&mut batch));
                let next = self.next;
                let mut progress = full.into_iter().map(|batch| Progress { batch, next, matcher: None });
                if progress.any(|progress| tell.send(progress).is_err()) {
                    return;
                }
                self.wake.soon();
                told = Instant::now();
            }
        }
        let _ = self.tell.send(Progress { batch, next: self.next, matcher: Some(matcher) });
        self.wake.now();
    }
}
