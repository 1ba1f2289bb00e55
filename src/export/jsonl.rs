//! `.jsonl`: JSON Lines, everything that is known about a session, and digests that prove it.
//!
//! ```text
//! {"type":"session","format":"sockscope","version":1,"program":…,"role":"listener","endpoint":…,"started":…}
//! {"type":"opened","seq":1,"time":…,"conn":1,"peer":…,"local":…,"by":"accepted"}
//! {"type":"received","seq":2,"time":…,"conn":1,"peer":…,"local":…,"len":2,"hex":"6869","text":"hi"}
//! {"type":"closed","seq":3,"time":…,"conn":1,"peer":…,"local":…,"how":"peer_fin"}
//! {"type":"summary","records":3,…,"complete":true,"connections":[{"conn":1,…,"received":{…,"sha256":…},"sent":…}]}
//! ```
//!
//! A record that a person bookmarked has `"bookmark":true`, and `"note"` where something is written about it. A member
//! that has no value is left out. `seq` is the record's number in the journal; numbers below the first one
//! are of records that left it: a `dropped` line says how many did so because of its limits.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::json::Line;
use super::times::Times;
use super::words::{self, Ends, Losses};
use super::{Header, PROGRAM, RecordWriter};
use crate::clock::Stamp;
use crate::endpoint::canonical;
use crate::error::OpError;
use crate::journal::{ConnId, Content, Count, Detail, Direction, Record, Seq, Snapshot};

/// The version of the form: a reader refuses a higher one.
const VERSION: u64 = 1;

/// The summary is handed on in pieces of about this many bytes: there may be a million UDP peers in it.
const PIECE: usize = 64 * 1024;

/// Writes JSON Lines.
#[derive(Debug)]
pub(super) struct Jsonl<'a, W> {
    out: W,
    snapshot: &'a Snapshot,
    times: Times,
    line: Line,
    tallies: HashMap<ConnId, Tally>,
    records: u64,
    notes: BTreeMap<Seq, String>,
}

/// What was written of one connection.
#[derive(Debug)]
struct Tally {
    /// `"conn":…,"peer":…,"local":…`
    members: Vec<u8>,
    received: Sum,
    sent: Sum,
}

/// What was written of one direction.
#[derive(Debug, Default)]
struct Sum {
    count: Count,
    digest: Sha256,
}

impl<'a, W: Write> Jsonl<'a, W> {
    pub(super) fn new(out: W, snapshot: &'a Snapshot) -> Self {
        let tally = |(id, ends): (ConnId, Ends)| {
            let mut line = Line::default();
            line.number("conn", id.0.into());
            line.text("peer", &ends.peer);
            line.text("local", &ends.local);
            (id, Tally { members: line.members(), received: Sum::default(), sent: Sum::default() })
        };
        let tallies = Ends::all(snapshot).into_iter().map(tally).collect();
        let (times, line) = (Times::utc(), Line::default());
        Self { out, snapshot, times, line, tallies, records: 0, notes: BTreeMap::new() }
    }

    /// The members that tell whose record it is.
    fn connection(&mut self, record: &Record) {
        let tally = record.conn.and_then(|id| self.tallies.get(&id));
        match (&record.content, tally, record.conn) {
            (Content::Detail(Detail::Opened { local, peer, .. }), _, conn) => {
                if let Some(id) = conn {
                    self.line.number("conn", id.0.into());
                }
                if let Some(peer) = peer {
                    self.line.text("peer", &canonical(*peer).to_string());
                }
                self.line.text("local", &canonical(*local).to_string());
            }
            (_, Some(tally), _) => self.line.paste(&tally.members),
            (_, None, Some(id)) => self.line.number("conn", id.0.into()),
            (_, None, None) => {}
        }
    }

    fn payload(&mut self, conn: Option<ConnId>, direction: Direction, bytes: &[u8]) {
        self.line.number("len", bytes.len() as u64);
        self.line.hex("hex", bytes);
        self.line.lossy("text", bytes);
        if let Some(tally) = conn.and_then(|id| self.tallies.get_mut(&id)) {
            match direction {
                Direction::Received => tally.received.add(bytes),
                Direction::Sent => tally.sent.add(bytes),
            }
        }
    }

    fn detail(&mut self, detail: &Detail) {
        let line = &mut self.line;
        match detail {
            Detail::Opened { by, .. } => line.text("by", words::opened_name(*by)),
            Detail::Finished { .. } => line.text("text", &detail.words()),
            Detail::Closed { how } => line.text("how", how.name()),
            Detail::Error(error) => error_members(line, error),
            Detail::KernelDropped { datagrams } => {
                line.text("by", "kernel");
                line.number("datagrams", *datagrams);
            }
            Detail::Note(text) => line.text("text", text),
        }
    }

    /// What was written, and whether it is all there ever was.
    fn totals(&mut self, losses: Losses) {
        let (mut received, mut sent) = (Count::default(), Count::default());
        for tally in self.tallies.values() {
            join(&mut received, tally.received.count);
            join(&mut sent, tally.sent.count);
        }
        let status = self.snapshot.status();
        let line = &mut self.line;
        line.number("records", self.records);
        for (name, total) in [("received", status.received), ("sent", status.sent)] {
            line.open_object(name);
            line.number("bytes", total.bytes);
            line.number("records", total.records);
            line.close_object();
        }
        line.open_object("dropped");
        line.number("records", losses.records);
        line.number("bytes", losses.bytes);
        line.number("datagrams", losses.datagrams);
        line.close_object();
        line.number("cleared", losses.cleared);
        line.flag("complete", received == status.received && sent == status.sent);
    }
}

impl<W: Write> RecordWriter for Jsonl<'_, W> {
    fn start(&mut self, header: &Header) -> io::Result<()> {
        self.notes.clone_from(&header.notes);
        let started = self.snapshot.records().next().map_or_else(Stamp::now, |record| record.time);
        self.line.start("session");
        self.line.text("format", "sockscope");
        self.line.number("version", VERSION);
        self.line.text("program", PROGRAM);
        self.line.text("role", header.role.name());
        self.line.text("endpoint", &header.endpoint);
        self.line.text("started", self.times.text(started));
        self.out.write_all(self.line.end())?;
        let losses = Losses::of(self.snapshot);
        if losses.records > 0 {
            self.line.start("dropped");
            self.line.text("by", "limit");
            self.line.number("records", losses.records);
            self.line.number("bytes", losses.bytes);
            self.out.write_all(self.line.end())?;
        }
        Ok(())
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.line.start(words::kind(&record.content));
        self.line.number("seq", record.seq);
        self.line.text("time", self.times.text(record.time));
        self.connection(record);
        match &record.content {
            Content::Payload(direction, bytes) => self.payload(record.conn, *direction, bytes),
            Content::Detail(detail) => self.detail(detail),
        }
        if record.unexpected {
            self.line.flag("unexpected", true);
        }
        if let Some(note) = self.notes.get(&record.seq) {
            self.line.flag("bookmark", true);
            if !note.is_empty() {
                self.line.text("note", note);
            }
        }
        self.records += 1;
        self.out.write_all(self.line.end())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.line.start("summary");
        self.totals(Losses::of(self.snapshot));
        self.line.open_array("connections");
        for connection in self.snapshot.connections() {
            let Some(tally) = self.tallies.remove(&connection.id) else {
                continue;
            };
            self.line.open_element();
            self.line.paste(&tally.members);
            tally.received.end(&mut self.line, "received", connection.received.count());
            tally.sent.end(&mut self.line, "sent", connection.sent.count());
            self.line.close_object();
            if self.line.len() >= PIECE {
                self.line.drain_to(&mut self.out)?;
            }
        }
        self.line.close_array();
        self.out.write_all(self.line.end())?;
        self.out.flush()
    }
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        self.count.bytes += bytes.len() as u64;
        self.count.records += 1;
        self.digest.update(bytes);
    }

    /// Writes the exact counters of a direction, and what this file has of it with its digest.
    fn end(self, line: &mut Line, name: &str, exact: Count) {
        line.open_object(name);
        line.number("bytes", exact.bytes);
        line.number("records", exact.records);
        line.number("saved", self.count.bytes);
        line.flag("complete", self.count == exact);
        line.hex("sha256", &self.digest.finalize());
        line.close_object();
    }
}

fn join(total: &mut Count, part: Count) {
    total.bytes += part.bytes;
    total.records += part.records;
}

fn error_members(line: &mut Line, error: &OpError) {
    line.text("op", error.op);
    line.text("subject", &error.subject);
    if let Some(code) = &error.code {
        line.integer("errno", code.number.into());
        line.text("code", &code.name);
    }
    line.text("message", &error.message);
    if let Some(advice) = &error.advice {
        line.text("advice", advice);
    }
}
