//! The thread that has the system take what was written, while the next records become lines: each of the two takes
//! about as long as the other.

use std::io::{self, ErrorKind};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::disk::Place;

/// Blocks that may wait for the system.
const WAITING: usize = 3;

/// What the thread is to do, one after the other.
#[derive(Debug)]
enum Order {
    Take(Vec<u8>),
    Appear,
    Cut(u64),
    Remove,
    Sync,
}

/// What came of an order.
#[derive(Debug)]
struct Done {
    outcome: io::Result<()>,
    /// Bytes of the file that the system has.
    written: u64,
    /// The block, to be filled again.
    block: Option<Vec<u8>>,
}

/// A file whose bytes the system takes on a thread of its own.
pub(super) struct Taker {
    orders: Option<Sender<Order>>,
    done: Receiver<Done>,
    thread: Option<JoinHandle<()>>,
    /// Orders that are not done.
    waiting: usize,
    written: u64,
    empty: Vec<Vec<u8>>,
}

impl Taker {
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(mut place: Box<dyn Place>) -> io::Result<Self> {
        let (sender, orders) = bounded(WAITING);
        let (results, done) = bounded(WAITING);
        let run = move || follow(&mut *place, &orders, &results);
        let thread = thread::Builder::new().name("disk".to_owned()).spawn(run)?;
        let (orders, thread) = (Some(sender), Some(thread));
        Ok(Self { orders, done, thread, waiting: 0, written: 0, empty: Vec::new() })
    }

    /// Bytes that the system has, as far as it is known here.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Whether the system has everything that it was given.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting == 0
    }

    /// Has `block` taken after those before it, and returns an empty one.
    ///
    /// # Errors
    /// Those of the system, about this block or one before it.
    pub(super) fn give(&mut self, block: Vec<u8>) -> io::Result<Vec<u8>> {
        self.order(Order::Take(block))?;
        self.look()?;
        Ok(self.empty.pop().unwrap_or_default())
    }

    /// Looks what came of earlier orders, without waiting for any.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn look(&mut self) -> io::Result<()> {
        while let Ok(done) = self.done.try_recv() {
            self.hear(done)?;
        }
        Ok(())
    }

    /// Waits until all orders are done.
    ///
    /// # Errors
    /// Those of the system; what is left is still waited for when this is called again.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        while self.waiting > 0 {
            self.wait()?;
        }
        Ok(())
    }

    /// [`Place::appear`], after everything that was given.
    pub(super) fn appear(&mut self) -> io::Result<()> {
        self.order(Order::Appear)?;
        self.settle()
    }

    /// [`Place::sync`], after everything that was given.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.order(Order::Sync)?;
        self.settle()
    }

    /// [`Place::cut`], after everything that was given.
    pub(super) fn cut(&mut self, len: u64) -> io::Result<()> {
        self.order(Order::Cut(len))?;
        self.settle()
    }

    /// [`Place::remove`], after everything that was given.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        self.order(Order::Remove)?;
        self.settle()
    }

    fn order(&mut self, order: Order) -> io::Result<()> {
        while self.waiting >= WAITING {
            self.wait()?;
        }
        let orders = self.orders.as_ref().ok_or_else(stopped)?;
        orders.send(order).map_err(|_| stopped())?;
        self.waiting += 1;
        Ok(())
    }

    fn wait(&mut self) -> io::Result<()> {
        let done = self.done.recv().map_err(|_| {
            self.waiting = 0;
            stopped()
        })?;
        self.hear(done)
    }

    fn hear(&mut self, done: Done) -> io::Result<()> {
        self.waiting -= 1;
        self.written = done.written;
        self.empty.extend(done.block);
        done.outcome
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        // Without orders the thread comes to its end, and the file is closed.
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn stopped() -> io::Error {
    io::Error::other("the thread that writes stopped unexpectedly")
}

fn follow(place: &mut dyn Place, orders: &Receiver<Order>, results: &Sender<Done>) {
    let (mut written, mut failed) = (0, false);
    for order in orders {
        let mut block = None;
        let outcome = match order {
            Order::Take(mut bytes) => {
                // After a fault nothing more is written: it would not follow what is there.
                let taken = if failed { Ok(()) } else { take(place, &mut written, &bytes) };
                bytes.clear();
                block = Some(bytes);
                taken
            }
            // What does not even begin takes no other file's place.
            Order::Appear if failed => Ok(()),
            Order::Appear => place.appear(),
            Order::Cut(len) => place.cut(len),
            Order::Remove => place.remove(),
            Order::Sync => place.sync(),
        };
        failed |= outcome.is_err();
        if results.send(Done { outcome, written, block }).is_err() {
            return;
        }
    }
}

/// Has the system take `bytes`, and counts in `written` what it took.
fn take(place: &mut dyn Place, written: &mut u64, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match place.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(taken) => {
                *written += taken as u64;
                bytes = &bytes[taken..];
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
