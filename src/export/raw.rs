//! `.bin`: the bytes of one direction of one connection as they crossed it, and nothing else.
//!
//! The form has no place to say what is missing. So a file of which bytes left the log is refused: whoever feeds it to
//! another program would take it for the whole.

use std::io::{self, Write};

use super::{About, Header, LogWriter, Summary};
use crate::endpoint::Address;
use crate::journal::{ConnId, Direction, Record};

/// Writes bytes.
#[derive(Debug)]
pub(super) struct Raw<W> {
    out: W,
    /// Whose; where none was chosen, the first that has bytes.
    conn: Option<ConnId>,
    chosen: bool,
    peer: Option<Address>,
    direction: Direction,
    bytes: u64,
}

impl<W: Write> Raw<W> {
    pub(super) fn new(out: W, conn: Option<ConnId>, direction: Direction) -> Self {
        Self { out, conn, chosen: conn.is_some(), peer: None, direction, bytes: 0 }
    }

    /// Two connections have bytes, and none was chosen.
    fn several(&self, other: Option<&Address>) -> io::Error {
        let name = |peer: Option<&Address>| peer.map_or_else(|| "another".to_owned(), ToString::to_string);
        refused(format!(
            "a .bin file holds the bytes of one connection, and several {} some ({} and {}): choose one of them",
            self.direction.name(),
            name(self.peer.as_ref()),
            name(other),
        ))
    }
}

fn refused(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

impl<W: Write> LogWriter for Raw<W> {
    fn start(&mut self, _: &Header) -> io::Result<()> {
        Ok(())
    }

    fn record(&mut self, record: &Record, about: About<'_>) -> io::Result<()> {
        let (Some((direction, bytes)), Some(conn)) = (record.payload(), record.conn) else { return Ok(()) };
        if direction != self.direction || bytes.is_empty() {
            return Ok(());
        }
        let peer = about.ends.map(|ends| ends.peer.clone());
        match self.conn {
            Some(own) if own == conn => {}
            Some(_) if self.chosen => return Ok(()),
            Some(_) => return Err(self.several(peer.as_ref())),
            None => (self.conn, self.peer) = (Some(conn), peer),
        }
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let of_all = || match self.direction {
            Direction::Received => summary.received.bytes,
            Direction::Sent => summary.sent.bytes,
        };
        let all = match self.conn {
            Some(conn) => summary.connections.iter().find(|totals| totals.conn == conn).map(|totals| {
                let count = match self.direction {
                    Direction::Received => totals.received,
                    Direction::Sent => totals.sent,
                };
                count.bytes
            }),
            None => Some(of_all()),
        };
        let missing = all.unwrap_or_default().saturating_sub(self.bytes);
        if missing > 0 {
            return Err(refused(format!(
                "{missing} of the bytes {} are no longer in the log, and a .bin file can't say so: save as .jsonl",
                self.direction.name(),
            )));
        }
        self.out.flush()
    }
}
