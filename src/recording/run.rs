//! The thread of a recording.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, after, never, select};

use super::disk::Disk;
use super::names::numbered;
use super::part::Part;
use super::{Plan, Recorded, Shared, Wake};
use crate::error::OpError;
use crate::journal::{Hold, Seq, Snapshot};

/// Progress wakes the face at most this often.
const WAKE_EVERY: Duration = Duration::from_millis(100);

/// Names of the next file that are tried before giving up, because there are files of these names.
const NAMES: u64 = 100_000;

/// What the thread does.
pub(super) struct Job {
    disk: Box<dyn Disk>,
    plan: Plan,
    hold: Arc<Hold>,
    orders: Receiver<Snapshot>,
    shared: Arc<Shared>,
    wake: Wake,
    woken: Instant,
    /// There are figures that the face was not told of.
    untold: bool,
    /// The number in the name of the file that is being written.
    number: u64,
    /// Bytes of the files before it.
    bytes: u64,
}

/// What failed, and at which file.
struct Failed(PathBuf, io::Error);

impl Job {
    pub(super) fn new(
        disk: Box<dyn Disk>,
        plan: Plan,
        hold: Arc<Hold>,
        orders: Receiver<Snapshot>,
        shared: Arc<Shared>,
        wake: Wake,
    ) -> Self {
        Self { disk, plan, hold, orders, shared, wake, woken: Instant::now(), untold: false, number: 0, bytes: 0 }
    }

    /// Records until it is stopped or something fails. Whatever happens, the journal is let go.
    pub(super) fn run(mut self) -> Result<Recorded, OpError> {
        let recorded = self.open(self.hold.first()).and_then(|mut part| {
            self.record(&mut part).map_err(|error| {
                // First of all: nobody is to wait for a disk that failed.
                self.hold.let_go();
                part.give_up();
                self.tell(&part, 0);
                Failed(part.path, error)
            })
        });
        self.hold.let_go();
        recorded.map_err(|Failed(path, error)| failed(&path, &error))
    }

    fn record(&mut self, part: &mut Part) -> io::Result<Recorded> {
        loop {
            if let Ok(rest) = self.orders.try_recv() {
                return self.finish(part, &rest);
            }
            if part.is_old() || (part.is_full() && self.hold.journal().status().end > part.next()) {
                part.finish()?;
                self.go_on(part)?;
            }
            let written = if part.is_full() { 0 } else { part.take(self.hold.journal())? };
            if written > 0 {
                self.hold.advance(part.next());
                self.tell(part, written);
                continue;
            }
            part.hand_over_in_time()?;
            self.wake_in_time();
            if let Some(rest) = self.wait(part) {
                return self.finish(part, &rest);
            }
        }
    }

    /// Sleeps until there is something to do. Returns what is left to be written when it is told to stop.
    fn wait(&self, part: &Part) -> Option<Snapshot> {
        let tell = self.untold.then(|| WAKE_EVERY.saturating_sub(self.woken.elapsed()));
        let alarm = [part.sleep(), tell].into_iter().flatten().min().map_or_else(never, after);
        select! {
            recv(self.orders) -> rest => Some(rest.unwrap_or_else(|_| self.hold.end())),
            recv(self.hold.news()) -> _ => None,
            recv(alarm) -> _ => None,
        }
    }

    /// Writes what is left, and ends the last file.
    fn finish(&mut self, part: &mut Part, rest: &Snapshot) -> io::Result<Recorded> {
        while rest.records_from(part.next()).next().is_some() {
            if part.is_full() {
                part.finish()?;
                self.go_on(part)?;
            }
            let written = part.take_rest(rest)?;
            self.tell(part, written);
        }
        part.finish()?;
        part.sync()?;
        self.tell(part, 0);
        let (files, records) = (&self.shared.files, &self.shared.records);
        Ok(Recorded {
            path: self.plan.path.clone(),
            files: files.load(Ordering::Relaxed),
            records: records.load(Ordering::Relaxed),
            bytes: self.bytes + part.len(),
        })
    }

    /// Goes on in the next file; `part` is finished.
    fn go_on(&mut self, part: &mut Part) -> io::Result<()> {
        part.sync()?;
        let next = self.open(part.next()).map_err(|Failed(path, error)| {
            part.path = path;
            error
        })?;
        self.bytes += part.len();
        *part = next;
        Ok(())
    }

    /// Begins the next file, whose name nothing has yet.
    fn open(&mut self, first: Seq) -> Result<Part, Failed> {
        let is_first = self.number == 0;
        for _ in 0..NAMES {
            self.number += 1;
            let path = numbered(&self.plan.path, self.number);
            let place = match self.disk.create(&path, is_first) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists && !is_first => continue,
                created => created.map_err(|error| Failed(path.clone(), error))?,
            };
            let part = Part::begin(path.clone(), place, &self.plan, first);
            let part = part.map_err(|error| Failed(path.clone(), error))?;
            *self.shared.path.lock().unwrap_or_else(PoisonError::into_inner) = path;
            self.shared.files.fetch_add(1, Ordering::Relaxed);
            return Ok(part);
        }
        Err(Failed(self.plan.path.clone(), ErrorKind::AlreadyExists.into()))
    }

    /// Brings the figures up to date, and wakes the face now and then.
    fn tell(&mut self, part: &Part, written: u64) {
        self.shared.records.fetch_add(written, Ordering::Relaxed);
        self.shared.bytes.store(self.bytes + part.len(), Ordering::Relaxed);
        self.untold = true;
        self.wake_in_time();
    }

    fn wake_in_time(&mut self) {
        if self.untold && self.woken.elapsed() >= WAKE_EVERY {
            (self.untold, self.woken) = (false, Instant::now());
            (self.wake)();
        }
    }
}

fn failed(path: &std::path::Path, error: &io::Error) -> OpError {
    if error.kind() == ErrorKind::AlreadyExists {
        return OpError::new("record", path.display(), "there is a file of that name")
            .advise("choose another name");
    }
    OpError::io("record", path.display(), error)
}
