//! SHA-256 of what is written of each connection and direction, on a thread beside the one that writes: a digest takes
//! longer than all the rest.

use std::io;
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded};
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use crate::journal::{ConnId, Direction};

/// Payload up to this many bytes is copied, and joined to what came before; of more, the block that holds it is shared.
const COPY_AT_MOST: usize = 4 * 1024;

/// A batch is handed on at this many bytes.
const BATCH_BYTES: usize = 1 << 20;

/// A batch is handed on at this many runs.
const BATCH_RUNS: usize = 8 * 1024;

/// Batches that wait: with one being filled and one being digested, 4 MiB.
const WAITING: usize = 2;

type Digests = FxHashMap<(ConnId, bool), Sha256>;

/// Payload of one direction of one connection, one piece after the other.
#[derive(Debug)]
struct Run {
    conn: ConnId,
    is_sent: bool,
    bytes: Held,
}

/// Where a run's bytes are.
#[derive(Debug)]
enum Held {
    /// So many of those that were copied.
    Copied(usize),
    Shared(Bytes),
}

#[derive(Debug, Default)]
struct Batch {
    runs: Vec<Run>,
    copied: Vec<u8>,
    bytes: usize,
}

impl Batch {
    fn push(&mut self, conn: ConnId, is_sent: bool, payload: &Bytes) {
        self.bytes += payload.len();
        if payload.len() > COPY_AT_MOST {
            self.runs.push(Run { conn, is_sent, bytes: Held::Shared(payload.clone()) });
            return;
        }
        self.copied.extend_from_slice(payload);
        match self.runs.last_mut() {
            Some(Run { conn: last, is_sent: side, bytes: Held::Copied(len) })
                if *last == conn && *side == is_sent =>
            {
                *len += payload.len();
            }
            _ => self.runs.push(Run { conn, is_sent, bytes: Held::Copied(payload.len()) }),
        }
    }

    fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES || self.runs.len() >= BATCH_RUNS
    }

    /// Digests everything in it, and is empty again.
    fn digest(&mut self, digests: &mut Digests) {
        let mut copied = self.copied.as_slice();
        for run in self.runs.drain(..) {
            let digest = digests.entry((run.conn, run.is_sent)).or_default();
            match run.bytes {
                Held::Copied(len) => {
                    let (bytes, rest) = copied.split_at(len);
                    digest.update(bytes);
                    copied = rest;
                }
                Held::Shared(bytes) => digest.update(&bytes),
            }
        }
        self.copied.clear();
        self.bytes = 0;
    }
}

/// The thread, and the batches that go to it and come back empty.
#[derive(Debug)]
struct Worker {
    full: Sender<Batch>,
    empty: Receiver<Batch>,
    thread: JoinHandle<Digests>,
}

impl Worker {
    fn start() -> io::Result<Self> {
        let (full, batches) = bounded::<Batch>(WAITING);
        let (back, empty) = bounded(WAITING + 1);
        let thread = thread::Builder::new().name("sums".to_owned()).spawn(move || {
            let mut digests = Digests::default();
            for mut batch in batches {
                batch.digest(&mut digests);
                // When nobody takes it back, another one is made.
                let _ = back.try_send(batch);
            }
            digests
        })?;
        Ok(Self { full, empty, thread })
    }
}

/// Digests of everything that was added.
#[derive(Debug, Default)]
pub(super) struct Sums {
    batch: Batch,
    /// Started with the first full batch: a small file needs none.
    worker: Option<Worker>,
}

impl Sums {
    /// Adds payload that follows what was added before.
    pub(super) fn add(&mut self, conn: ConnId, direction: Direction, payload: &Bytes) -> io::Result<()> {
        self.batch.push(conn, direction == Direction::Sent, payload);
        if self.batch.is_full() { self.hand_on() } else { Ok(()) }
    }

    fn hand_on(&mut self) -> io::Result<()> {
        let worker = match &mut self.worker {
            Some(worker) => worker,
            none => none.insert(Worker::start()?),
        };
        let empty = worker.empty.try_recv().unwrap_or_default();
        worker.full.send(std::mem::replace(&mut self.batch, empty)).map_err(|_| stopped())
    }

    /// The digests of everything; from now on it is empty.
    pub(super) fn finish(&mut self) -> io::Result<Finished> {
        let mut digests = Digests::default();
        if let Some(Worker { full, thread, .. }) = self.worker.take() {
            drop(full);
            digests = thread.join().map_err(|_| stopped())?;
        }
        self.batch.digest(&mut digests);
        Ok(Finished(digests))
    }
}

fn stopped() -> io::Error {
    io::Error::other("the thread that digests stopped unexpectedly")
}

/// The digests, to be taken one by one.
#[derive(Debug)]
pub(super) struct Finished(Digests);

impl Finished {
    /// That of one direction of a connection; where there was no payload, that of no bytes.
    pub(super) fn take(&mut self, conn: ConnId, direction: Direction) -> [u8; 32] {
        self.0.remove(&(conn, direction == Direction::Sent)).unwrap_or_default().finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small and large pieces of three connections in turn, `rounds` of them.
    fn check(rounds: usize) {
        let (mut sums, mut expected) = (Sums::default(), FxHashMap::<(u32, bool), Sha256>::default());
        for n in 0..rounds {
            for (conn, len) in [(1, 64), (2, 5000), (3, n % 70), (1, 1)] {
                let is_sent = n % 3 == 0;
                let payload = Bytes::from(vec![u8::try_from(n % 251).expect("a byte"); len]);
                let direction = if is_sent { Direction::Sent } else { Direction::Received };
                sums.add(ConnId(conn), direction, &payload).expect("a thread");
                expected.entry((conn, is_sent)).or_default().update(&payload);
            }
        }
        let mut finished = sums.finish().expect("digests");
        for ((conn, is_sent), digest) in expected {
            let direction = if is_sent { Direction::Sent } else { Direction::Received };
            let digest: [u8; 32] = digest.finalize().into();
            assert_eq!(finished.take(ConnId(conn), direction), digest);
        }
        let none: [u8; 32] = Sha256::digest(b"").into();
        assert_eq!(finished.take(ConnId(9), Direction::Sent), none);
    }

    #[test]
    fn digests_are_those_of_all_pieces_with_and_without_a_thread() {
        check(3);
        check(2000);
    }
}
