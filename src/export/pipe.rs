//! Two threads for one file: this one makes the bytes, the other one has the system take them.
//!
//! Handing bytes to the system costs as much as making them; side by side a file is written in the time of the longer
//! of the two.

use std::fs::File;
use std::io::{self, Write};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Halt;

/// Bytes gathered before the system is called.
pub(super) const BLOCK: usize = 256 * 1024;

/// Blocks that may wait for the system.
const WAITING: usize = 3;

/// Gathers bytes in blocks for the other thread.
#[derive(Debug)]
pub(super) struct Pipe {
    block: Vec<u8>,
    bytes: u64,
    full: Sender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
}

/// Has `produce` write to `file` from where it stands. Returns how many bytes that were; all of them were taken by the
/// system, none is synced.
pub(super) fn through(file: &mut File, produce: impl FnOnce(&mut Pipe) -> Result<(), Halt>) -> Result<u64, Halt> {
    let (full, blocks) = bounded(WAITING);
    let (emptied, empty) = bounded(WAITING + 1);
    thread::scope(|scope| {
        let disk = thread::Builder::new()
            .name("disk".to_owned())
            .spawn_scoped(scope, move || write_all(file, &blocks, &emptied))?;
        let mut pipe = Pipe { block: Vec::with_capacity(BLOCK), bytes: 0, full, empty };
        let produced = produce(&mut pipe).and_then(|()| Ok(pipe.flush()?));
        let bytes = pipe.bytes;
        // Without a sender the other thread comes to its end.
        drop(pipe);
        let taken =
            disk.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread stopped unexpectedly")));
        match (produced, taken) {
            (Err(Halt::Canceled), _) => Err(Halt::Canceled),
            // The reason why nothing more could be handed on.
            (_, Err(error)) => Err(Halt::Io(error)),
            (produced, Ok(())) => produced.map(|()| bytes),
        }
    })
}

fn write_all(file: &mut File, blocks: &Receiver<Vec<u8>>, emptied: &Sender<Vec<u8>>) -> io::Result<()> {
    for mut block in blocks {
        file.write_all(&block)?;
        block.clear();
        // At the end nobody wants it back.
        let _ = emptied.try_send(block);
    }
    Ok(())
}

impl Pipe {
    fn hand_on(&mut self) -> io::Result<()> {
        let next = self.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(BLOCK));
        let block = std::mem::replace(&mut self.block, next);
        self.full.send(block).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK {
            self.hand_on()?;
        }
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.block.is_empty() { Ok(()) } else { self.hand_on() }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};

    use super::*;

    #[test]
    fn every_byte_arrives_in_order() {
        let mut file = tempfile::tempfile().expect("a file");
        let part: Vec<u8> = (0..=250).collect();
        let parts = 5 * BLOCK / part.len();
        let written = through(&mut file, |out| {
            for _ in 0..parts {
                out.write_all(&part)?;
            }
            Ok(())
        });
        assert_eq!(written.expect("written"), (parts * part.len()) as u64);
        let mut read = Vec::new();
        file.rewind().expect("rewound");
        file.read_to_end(&mut read).expect("read");
        assert!(read.chunks(part.len()).all(|chunk| chunk == part));
        assert_eq!(read.len(), parts * part.len());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_system_says_comes_back() {
        for bytes in [1, 8 * BLOCK] {
            let mut full = File::options().write(true).open("/dev/full").expect("it is always there");
            let outcome = through(&mut full, |out| Ok(out.write_all(&vec![0; bytes])?));
            assert!(matches!(outcome, Err(Halt::Io(error)) if error.raw_os_error() == Some(28)), "{bytes}");
        }
    }
}
