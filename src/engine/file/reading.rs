//! Reading a file ahead, on a thread of its own: a disk may take its time, and so may whoever writes to a pipe.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded};
use mio::Waker;

use crate::error::OpError;

/// Bytes that are read at a time, about.
const BLOCK: usize = 256 << 10;

/// Blocks that may wait to be sent, beside the one that is being read.
const BLOCKS: usize = 4;

/// What the thread tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// How many bytes there will be; `None`: nobody knows.
    Size(Option<u64>),
    /// The next ones: whole chunks but for the last piece of a file, or what a pipe gave at a time.
    Bytes(Bytes),
    /// That was all, or it could not be read on.
    End(Result<(), OpError>),
}

/// A file that is being read. Dropping this ends the thread with its next piece; one that waits for a pipe ends when
/// the pipe does, at the latest with the program.
#[derive(Debug)]
pub(super) struct Reading {
    pieces: Receiver<Piece>,
    called: Arc<AtomicBool>,
}

/// Where the pieces go.
struct Out {
    pieces: Sender<Piece>,
    called: Arc<AtomicBool>,
    waker: Arc<Waker>,
}

impl Reading {
    /// Starts to read `path` in multiples of `chunk` bytes, and has `waker` tell of each piece.
    ///
    /// # Errors
    ///
    /// When the system has no room for a thread.
    pub(super) fn start(path: PathBuf, chunk: usize, waker: Arc<Waker>) -> Result<Self, OpError> {
        let (sender, pieces) = bounded(BLOCKS);
        let called = Arc::new(AtomicBool::new(false));
        let out = Out { pieces: sender, called: Arc::clone(&called), waker };
        let error = |error| OpError::io("read", path.display(), &error);
        let thread = std::thread::Builder::new().name("file".to_owned());
        let from = path.clone();
        thread.spawn(move || drop(read(&from, chunk, &out))).map_err(error)?;
        Ok(Self { pieces, called })
    }

    /// Whether there may be a new piece since the last call.
    pub(super) fn is_called(&self) -> bool {
        self.called.swap(false, Ordering::AcqRel)
    }

    /// The next piece, if it is there.
    pub(super) fn next(&self) -> Option<Piece> {
        self.pieces.try_recv().ok()
    }
}

/// Nobody wants the rest.
struct Unwanted;

impl Out {
    fn put(&self, piece: Piece) -> Result<(), Unwanted> {
        self.pieces.send(piece).map_err(|_| Unwanted)?;
        self.called.store(true, Ordering::Release);
        // It fails only when the system is out of memory; the next piece is told of then.
        let _ = self.waker.wake();
        Ok(())
    }
}

/// Reads until the end, or until nobody wants the rest.
fn read(path: &Path, chunk: usize, out: &Out) -> Result<(), Unwanted> {
    let end = match open(path) {
        Ok((file, metadata)) => read_all(path, file, &metadata, chunk, out)?,
        Err(error) => Err(OpError::io("read", path.display(), &error)),
    };
    out.put(Piece::End(end))
}

fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::other("that is a folder: choose a file in it"));
    }
    Ok((file, metadata))
}

fn read_all(
    path: &Path,
    mut file: File,
    metadata: &Metadata,
    chunk: usize,
    out: &Out,
) -> Result<Result<(), OpError>, Unwanted> {
    // What the kernel makes up while it is read has no size before (proc(5)).
    let size = Some(metadata.len()).filter(|len| metadata.is_file() && *len > 0);
    out.put(Piece::Size(size))?;
    let block = (BLOCK / chunk).max(1) * chunk;
    let mut left = size;
    loop {
        let wanted = left.map_or(block, |left| usize::try_from(left).map_or(block, |left| left.min(block)));
        match next_block(&mut file, wanted, metadata.is_file()) {
            Ok(bytes) if bytes.is_empty() => break,
            Ok(bytes) => {
                left = left.map(|left| left.saturating_sub(bytes.len() as u64));
                out.put(Piece::Bytes(bytes.into()))?;
            }
            Err(error) => return Ok(Err(OpError::io("read", path.display(), &error))),
        }
    }
    let changed = |now: &Metadata| now.len() != metadata.len() || now.modified().ok() != metadata.modified().ok();
    if left.is_some_and(|left| left > 0) || (size.is_some() && file.metadata().is_ok_and(|now| changed(&now))) {
        let message = "the file was changed while it was sent: the peer has a part of each content";
        return Ok(Err(OpError::new("read", path.display(), message)));
    }
    Ok(Ok(()))
}

/// Up to `wanted` bytes: all of them where a file has them, what is there where a pipe gives what it has. None: the
/// end.
fn next_block(file: &mut File, wanted: usize, whole: bool) -> io::Result<Vec<u8>> {
    if whole {
        let mut bytes = Vec::with_capacity(wanted);
        file.take(wanted as u64).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    let mut bytes = vec![0; wanted];
    loop {
        match file.read(&mut bytes) {
            Ok(len) => {
                bytes.truncate(len);
                return Ok(bytes);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(path: &Path, chunk: usize) -> Vec<Piece> {
        let poll = mio::Poll::new().expect("a poll");
        let waker = Arc::new(Waker::new(poll.registry(), mio::Token(0)).expect("a waker"));
        let reading = Reading::start(path.to_owned(), chunk, waker).expect("a thread");
        reading.pieces.iter().collect()
    }

    #[test]
    fn a_file_comes_in_multiples_of_its_chunks() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let bytes: Vec<u8> = (0..600_001_u32).map(|n| n.to_le_bytes()[0]).collect();
        std::fs::write(&path, &bytes).expect("written");
        let pieces = pieces(&path, 1_000);
        assert_eq!(pieces.first(), Some(&Piece::Size(Some(600_001))));
        assert_eq!(pieces.last(), Some(&Piece::End(Ok(()))));
        let blocks: Vec<_> = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Bytes(bytes) => Some(bytes.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(blocks.iter().map(Bytes::len).collect::<Vec<_>>(), [262_000, 262_000, 76_001]);
        assert!(blocks.concat() == bytes);
    }

    fn check(path: &Path, expected: &str) {
        let found = pieces(path, 10).pop();
        let Some(Piece::End(Err(error))) = found else { panic!("{found:?}") };
        assert_eq!(error.to_string(), format!("read {}: {expected}", path.display()));
    }

    #[test]
    #[cfg(unix)]
    fn what_can_not_be_read_says_why() {
        let folder = tempfile::tempdir().expect("a folder");
        check(&folder.path().join("nothing"), "no such file or directory (ENOENT 2): check the path");
        check(folder.path(), "that is a folder: choose a file in it");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_file_without_a_size_is_read_to_its_end() {
        let pieces = pieces(Path::new("/proc/self/status"), 100);
        assert_eq!(pieces.first(), Some(&Piece::Size(None)));
        assert!(matches!(&pieces[1], Piece::Bytes(bytes) if bytes.starts_with(b"Name:")), "{pieces:?}");
        assert_eq!(pieces.last(), Some(&Piece::End(Ok(()))));
    }
}
