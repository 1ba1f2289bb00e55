//! Standard input, line by line.

use std::io::{self, BufRead, Read};
use std::thread::Builder;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::error::OpError;

/// Lines that wait to be sent.
const WAITING: usize = 16;

/// Where lines are sent as they are, one that is longer than this goes in pieces: as much as fits into a datagram.
const PIECE: usize = 65_507;

/// The longest line in another notation: 1 MiB, as a frame.
const LONGEST: usize = 1 << 20;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A line without its ending, or a piece of one.
    Line {
        /// From 1.
        number: u64,
        bytes: Vec<u8>,
        /// LF or CRLF; nothing at the end of the input, and of a piece.
        ending: &'static [u8],
    },
    /// A line that is too long to be read; it is left out.
    TooLong(u64),
    /// There is no more; for the reason, where there is one.
    End(Option<String>),
}

/// Begins to read. With `pieces` long lines come in pieces, else they are left out.
///
/// # Errors
///
/// When the system gives no thread.
pub(super) fn start(pieces: bool) -> Result<Receiver<Item>, OpError> {
    let (items, received) = bounded(WAITING);
    let run = move || {
        let end = read(&mut io::stdin().lock(), pieces, &items);
        let _ = items.send(Item::End(end.err().map(|error| error.to_string())));
    };
    let thread = Builder::new().name("input".to_owned()).spawn(run);
    thread.map_err(|error| OpError::io("start", "input thread", &error))?;
    Ok(received)
}

/// Reads until the end, or until nobody wants more.
fn read(input: &mut impl BufRead, pieces: bool, items: &Sender<Item>) -> io::Result<()> {
    let limit = if pieces { PIECE } else { LONGEST };
    let mut number = 1;
    loop {
        let mut bytes = Vec::new();
        input.take(limit as u64).read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let is_cut = bytes.len() == limit && !bytes.ends_with(b"\n");
        let item = match is_cut && !pieces {
            true => {
                skip_line(input)?;
                Item::TooLong(number)
            }
            false => {
                let ending = take_ending(&mut bytes);
                Item::Line { number, bytes, ending }
            }
        };
        number += u64::from(!(is_cut && pieces));
        if items.send(item).is_err() {
            return Ok(());
        }
    }
}

fn take_ending(bytes: &mut Vec<u8>) -> &'static [u8] {
    let ending: &[u8] = match bytes.as_slice() {
        [.., b'\r', b'\n'] => b"\r\n",
        [.., b'\n'] => b"\n",
        _ => b"",
    };
    bytes.truncate(bytes.len() - ending.len());
    ending
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let piece = input.fill_buf()?;
        let feed = memchr::memchr(b'\n', piece);
        let (taken, over) = feed.map_or((piece.len(), piece.is_empty()), |feed| (feed + 1, true));
        input.consume(taken);
        if over {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &[u8], pieces: bool, expected: &[Item]) {
        let (items, received) = bounded(100);
        read(&mut &*input, pieces, &items).expect("memory can be read");
        assert_eq!(received.try_iter().collect::<Vec<_>>(), expected);
    }

    fn line(number: u64, bytes: &[u8], ending: &'static [u8]) -> Item {
        Item::Line { number, bytes: bytes.to_vec(), ending }
    }

    #[test]
    fn lines_keep_their_endings() {
        check(b"", true, &[]);
        check(b"a\r\n\nb", true, &[line(1, b"a", b"\r\n"), line(2, b"", b"\n"), line(3, b"b", b"")]);
    }

    #[test]
    fn long_lines_come_in_pieces_or_not_at_all() {
        let mut long = vec![b'x'; 2 * LONGEST];
        long.extend(b"\nnext\n");
        check(&long, false, &[Item::TooLong(1), line(2, b"next", b"\n")]);
        let mut two = vec![b'x'; PIECE + 1];
        two.extend(b"\nnext");
        check(&two, true, &[line(1, &[b'x'; PIECE], b""), line(1, b"x", b"\n"), line(2, b"next", b"")]);
    }
}
