//! Captures read back: what Sockscope wrote, record by record, and those of others as far as their packets go.
//!
//! Of a foreign capture (pcapng, or classic pcap of either byte order and resolution; Ethernet with VLAN tags, raw IP,
//! Linux cooked, loopback) TCP is put together by direction, and UDP is datagrams. What is missing is said in a note at
//! its place; what can't be read, fragments among it, is counted and said at the end.
//!
//! Nothing in a file is trusted. A block has at most 16 MiB; there are at most 1,000,000 connections; what comes out of
//! order waits in at most 1 MiB a direction, and 64 MiB together.

mod blocks;
mod capture;
mod flow;
mod foreign;
mod own;
mod packet;
mod source;
mod stream;

use std::collections::VecDeque;
use std::io::Read;

use bytes::{Bytes, BytesMut};

use super::{Fault, Item, LogReader};
use crate::clock::Stamp;
use crate::export::pcapng::remark::Remark;
use capture::{Block, Capture, Packet};
use foreign::Foreign;
use own::Own;

/// A file with more connections is refused, or those beyond are left out.
const CONNECTIONS: usize = 1_000_000;

/// What waits to be given out.
type Items = VecDeque<Item>;

/// Payload is copied to pieces of memory of this size, which the records in them share.
const PIECE: usize = 64 * 1024;

/// Memory for payload: one allocation for many records.
#[derive(Debug, Default)]
struct Arena(BytesMut);

impl Arena {
    fn copy(&mut self, bytes: &[u8]) -> Bytes {
        if bytes.len() > PIECE / 4 {
            return Bytes::copy_from_slice(bytes);
        }
        if self.0.capacity() < bytes.len() {
            self.0 = BytesMut::with_capacity(PIECE);
        }
        self.0.extend_from_slice(bytes);
        self.0.split().freeze()
    }
}

/// Whose capture it is.
#[derive(Debug)]
enum Kind {
    /// Nothing is read yet.
    Unknown,
    Own(Box<Own>),
    Foreign(Box<Foreign>),
}

/// Reads a capture.
#[derive(Debug)]
pub struct Reader<R> {
    capture: Capture<R>,
    kind: Kind,
    items: Items,
    /// No more blocks are read; what is to be told after the last item.
    end: Option<Option<Fault>>,
}

impl<R: Read> Reader<R> {
    /// A reader of what `read` has from here on. It needs no buffer.
    pub fn new(read: R) -> Self {
        Self { capture: Capture::new(read), kind: Kind::Unknown, items: Items::new(), end: None }
    }

    /// Reads one block; `false` at the end.
    fn advance(&mut self) -> Result<bool, Fault> {
        match self.capture.next()? {
            None => return self.finish().map(|()| false),
            Some(Block::Section { program, comments }) => self.section(program, &comments)?,
            Some(Block::Packet { packet, comments }) => self.packet(&packet, &comments)?,
            Some(Block::Comments(time, comments)) => self.comments(time, &comments)?,
        }
        Ok(true)
    }

    fn section(&mut self, program: Option<String>, comments: &[Vec<u8>]) -> Result<(), Fault> {
        let session = comments.iter().find_map(|comment| match Remark::parse(comment) {
            Some(session @ Remark::Session { .. }) => Some(session),
            _ => None,
        });
        match (&self.kind, session) {
            (Kind::Unknown, Some(session)) => {
                let (own, header) = Own::new(session).map_err(|reason| self.capture.fault(reason))?;
                self.items.push_back(Item::Header(header));
                self.kind = Kind::Own(Box::new(own));
            }
            (Kind::Unknown, None) => self.kind = Kind::Foreign(Box::new(Foreign::new(program))),
            (Kind::Own(_), _) => {
                return Err(self.capture.fault("another section begins here: only the first one is read"));
            }
            // Captures one behind the other are one.
            (Kind::Foreign(_), _) => {}
        }
        Ok(())
    }

    fn packet(&mut self, found: &Packet, comments: &[Vec<u8>]) -> Result<(), Fault> {
        let bytes = &self.capture.bytes()[found.range.clone()];
        let parsed = packet::parse(found.link, bytes);
        let parsed =
            parsed.map(|carried| packet::Carried { direction: found.direction.or(carried.direction), ..carried });
        match &mut self.kind {
            Kind::Own(own) => match parsed {
                Ok(carried) => own.packet(found.time, comments, &carried, &mut self.items),
                Err(_) => Err("a packet is damaged: it is not one that Sockscope writes".to_owned()),
            }
            .map_err(|reason| self.capture.fault(reason)),
            other => {
                // A classic capture has no section.
                if matches!(other, Kind::Unknown) {
                    *other = Kind::Foreign(Box::new(Foreign::new(None)));
                }
                let Kind::Foreign(foreign) = other else { return Ok(()) };
                match parsed {
                    Ok(carried) => foreign.packet(found.time, &carried, &mut self.items),
                    Err(why) => foreign.leave_out(why),
                }
                Ok(())
            }
        }
    }

    fn comments(&mut self, time: Stamp, comments: &[Vec<u8>]) -> Result<(), Fault> {
        match &mut self.kind {
            Kind::Own(own) => {
                own.comments(time, comments, &mut self.items).map_err(|reason| self.capture.fault(reason))
            }
            _ => Ok(()),
        }
    }

    /// There are no more blocks.
    fn finish(&mut self) -> Result<(), Fault> {
        match &mut self.kind {
            Kind::Own(own) if !own.is_over() => Err(self.capture.torn("the log: it has no summary")),
            Kind::Unknown => {
                self.kind = Kind::Foreign(Box::new(Foreign::new(None)));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What is left of what was read, once no more comes. `false` where nothing is.
    fn flush(&mut self) -> bool {
        match &mut self.kind {
            Kind::Unknown => false,
            Kind::Own(own) => {
                own.flush(&mut self.items);
                !self.items.is_empty()
            }
            Kind::Foreign(foreign) => foreign.finish(&mut self.items),
        }
    }
}

impl<R: Read> LogReader for Reader<R> {
    fn next(&mut self) -> Result<Option<Item>, Fault> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Ok(Some(item));
            }
            if let Some(fault) = &mut self.end {
                let fault = fault.take();
                if !self.flush() {
                    return fault.map_or(Ok(None), Err);
                }
                self.end = Some(fault);
                continue;
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => self.end = Some(None),
                Err(fault) => self.end = Some(Some(fault)),
            }
        }
    }

    fn read(&self) -> u64 {
        self.capture.read()
    }
}

#[cfg(test)]
mod tests;
