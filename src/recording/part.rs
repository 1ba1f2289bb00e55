//! One file of a recording: whole by itself, from its session line to its summary.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::disk::Place;
use super::out::{Handle, Out};
use super::{Plan, Rotation};
use crate::clock::Stamp;
use crate::export::{self, Follower, Header, LogWriter, Losses};
use crate::journal::{Journal, Seq, Snapshot};

/// The system gets what was recorded at least this often.
const HAND_OVER: Duration = Duration::from_millis(100);

/// What a file's summary tells of each connection is kept in memory: after this many of them comes the next file.
const CONNECTIONS: usize = 65_536;

/// A file that is being written.
pub(super) struct Part {
    pub(super) path: PathBuf,
    writer: Box<dyn LogWriter>,
    out: Rc<RefCell<Out>>,
    follower: Follower,
    rotation: Rotation,
    opened: Instant,
    handed_over: Instant,
    records: u64,
}

impl Part {
    /// Begins a file with what comes before record `first`.
    pub(super) fn begin(path: PathBuf, place: Box<dyn Place>, plan: &Plan, first: Seq) -> io::Result<Self> {
        let out = Rc::new(RefCell::new(Out::new(place)?));
        let mut writer = export::writer(plan.format, Handle(Rc::clone(&out)));
        let missing = Losses { cleared: first, ..Losses::default() };
        let header = Header { started: Stamp::now(), missing, ..plan.header.clone() };
        let begun = writer.start(&header).and_then(|()| {
            out.borrow_mut().mark();
            out.borrow_mut().appear()
        });
        if let Err(error) = begun {
            out.borrow_mut().remove();
            return Err(error);
        }
        let (rotation, now) = (plan.rotation, Instant::now());
        let follower = Follower::new(first);
        Ok(Self { path, writer, out, follower, rotation, opened: now, handed_over: now, records: 0 })
    }

    /// The record that comes next.
    pub(super) fn next(&self) -> Seq {
        self.follower.next()
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> u64 {
        self.out.borrow().len()
    }

    /// Writes what comes next in `journal`, a segment at most, until the file is full. Returns how many records.
    pub(super) fn take(&mut self, journal: &Journal) -> io::Result<u64> {
        let Self { writer, out, follower, rotation, .. } = self;
        let written = follower.advance_while(journal, &mut **writer, &mut |follower| {
            out.borrow_mut().mark();
            !is_full(&out.borrow(), follower, *rotation)
        })?;
        self.records += written;
        if self.handed_over.elapsed() >= HAND_OVER {
            self.hand_over()?;
        }
        Ok(written)
    }

    /// The same with what is left.
    pub(super) fn take_rest(&mut self, rest: &Snapshot) -> io::Result<u64> {
        let Self { writer, out, follower, rotation, .. } = self;
        let written = follower.advance_in(rest, &mut **writer, &mut |follower| {
            out.borrow_mut().mark();
            !is_full(&out.borrow(), follower, *rotation)
        })?;
        self.records += written;
        Ok(written)
    }

    /// Whether what comes next belongs to another file.
    pub(super) fn is_full(&self) -> bool {
        self.records > 0 && is_full(&self.out.borrow(), &self.follower, self.rotation)
    }

    /// Whether it is so old that it is to be finished.
    pub(super) fn is_old(&self) -> bool {
        self.records > 0 && self.rotation.every.is_some_and(|every| self.opened.elapsed() >= every)
    }

    /// In how much time there is something to do here, though no record comes.
    pub(super) fn sleep(&self) -> Option<Duration> {
        let dirty = self.out.borrow().is_dirty();
        let hand_over = dirty.then(|| HAND_OVER.saturating_sub(self.handed_over.elapsed()));
        let every = self.rotation.every.filter(|_| self.records > 0);
        let old = every.map(|every| every.saturating_sub(self.opened.elapsed()));
        [hand_over, old].into_iter().flatten().min()
    }

    /// Gives the system what was gathered, when it is time to.
    pub(super) fn hand_over_in_time(&mut self) -> io::Result<()> {
        let due = self.handed_over.elapsed() >= HAND_OVER && self.out.borrow().is_dirty();
        if due { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> io::Result<()> {
        self.out.borrow_mut().hand_over()?;
        self.handed_over = Instant::now();
        Ok(())
    }

    /// Writes the summary of what is in the file.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.writer.finish(&self.follower.summary())?;
        let mut out = self.out.borrow_mut();
        out.mark();
        out.hand_over()
    }

    /// Waits until the file is on the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.out.borrow_mut().sync()
    }

    /// Leaves the file with what is whole in it.
    pub(super) fn give_up(&mut self) {
        self.out.borrow_mut().give_up();
    }
}

fn is_full(out: &Out, follower: &Follower, rotation: Rotation) -> bool {
    rotation.bytes.is_some_and(|bytes| out.len() >= bytes) || follower.connections() >= CONNECTIONS
}
