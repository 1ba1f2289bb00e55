//! Standard output: the records of a journal as they come, through the writers of the log files.
//!
//! A thread of its own follows the journal, and holds it: what a slow reader has not taken yet does not leave it, and
//! once that is too much the peers are held back.

mod calls;

use std::cell::RefCell;
use std::io::{self, BufWriter, ErrorKind, Stdout, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::arguments::OutputForm;
use super::status::Failure;
use crate::error::OpError;
use crate::export::{About, FileFormat, Follower, Header, LogWriter, Summary, writer};
use crate::journal::{Direction, Hold, Journal, Record};
use calls::WithCalls;

/// Bytes gathered before the system is called; they don't wait when there is no more.
const BUFFER: usize = 64 * 1024;

/// A follower knows the connections of this many records at most.
const KNOWN: u64 = 1 << 16;

/// The thread that writes.
#[derive(Debug)]
pub(super) struct Output {
    /// Told that there are records, or that no more will come.
    wake: Sender<()>,
    finishing: Arc<AtomicBool>,
    ended: Receiver<io::Result<()>>,
    over: Option<io::Result<()>>,
}

impl Output {
    /// Begins to write what is in `journal`, from its first record on. `wake` is the way to tell it that there is
    /// more, and `wakes` its other end.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(super) fn start(
        form: OutputForm,
        journal: &Arc<Journal>,
        (wake, wakes): (Sender<()>, Receiver<()>),
    ) -> Result<Self, OpError> {
        let (end, ended) = bounded(1);
        let finishing = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&finishing);
        let hold = journal.hold(0);
        let run = move || {
            let outcome = run(form, &hold, &wakes, &told);
            // Nobody waits for this thread any more.
            drop(hold);
            let _ = end.send(outcome);
        };
        let thread = Builder::new().name("output".to_owned()).spawn(run);
        thread.map_err(|error| OpError::io("start", "output thread", &error))?;
        Ok(Self { wake, finishing, ended, over: None })
    }

    /// Where the thread tells that it ended.
    pub(super) fn ended(&self) -> &Receiver<io::Result<()>> {
        &self.ended
    }

    /// It ended, with `outcome`.
    pub(super) fn note_end(&mut self, outcome: io::Result<()>) {
        self.over = Some(outcome);
    }

    /// Whether nobody reads any more.
    pub(super) fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Waits until all that is in the journal is written. A reader that went away is no failure.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.finishing.store(true, Ordering::Release);
        // A full channel holds a wake-up already.
        let _ = self.wake.try_send(());
        let gone = || Err(io::Error::other("the writing thread stopped unexpectedly"));
        let outcome = self.over.take().unwrap_or_else(|| self.ended.recv().unwrap_or_else(|_| gone()));
        match outcome {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::file(&OpError::io("write", "standard output", &error)))
            }
            _ => Ok(()),
        }
    }
}

/// Writes until it is told that no more will come, and all is written.
fn run(form: OutputForm, hold: &Hold, wakes: &Receiver<()>, finishing: &AtomicBool) -> io::Result<()> {
    let out = Shared(Rc::new(RefCell::new(BufWriter::with_capacity(BUFFER, io::stdout()))));
    let mut follower = Follower::new(hold.first());
    loop {
        let more = wakes.recv().is_ok() && !finishing.load(Ordering::Acquire);
        catch_up(form, hold, &mut follower, &out)?;
        out.clone().flush()?;
        if !more {
            return Ok(());
        }
    }
}

/// Writes all that is there.
fn catch_up(form: OutputForm, hold: &Hold, follower: &mut Follower, out: &Shared) -> io::Result<()> {
    // What a writer and a follower remember of connections is for the end of a file, which never comes here.
    let mut records = writer_of(form, out.clone(), hold.journal());
    let mut since = follower.next();
    loop {
        if follower.advance(hold.journal(), &mut *records)? == 0 {
            return Ok(());
        }
        hold.advance(follower.next());
        if follower.next() - since > KNOWN {
            since = follower.next();
            *follower = Follower::new(since);
            records = writer_of(form, out.clone(), hold.journal());
        }
    }
}

fn writer_of(form: OutputForm, out: Shared, journal: &Arc<Journal>) -> Box<dyn LogWriter> {
    match form {
        OutputForm::Text => writer(FileFormat::Text, out),
        OutputForm::Calls => Box::new(WithCalls::new(out, journal)),
        OutputForm::Jsonl => writer(FileFormat::Jsonl, out),
        OutputForm::Raw => Box::new(Raw(out)),
    }
}

/// Standard output, through one buffer for all writers.
#[derive(Clone)]
struct Shared(Rc<RefCell<BufWriter<Stdout>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

/// What came, byte by byte.
struct Raw<W>(W);

impl<W: Write> LogWriter for Raw<W> {
    fn start(&mut self, _header: &Header) -> io::Result<()> {
        Ok(())
    }

    fn record(&mut self, record: &Record, _about: About<'_>) -> io::Result<()> {
        match record.payload() {
            Some((Direction::Received, bytes)) => self.0.write_all(bytes),
            _ => Ok(()),
        }
    }

    fn finish(&mut self, _summary: &Summary) -> io::Result<()> {
        self.0.flush()
    }
}
