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
//! that has no value is left out. A `note` that the program wrote where one end finished sending has `"by"`. `seq` is
//! the record's number in the journal; numbers below the first one are of records that left it, or that came before a
//! recording began: a `dropped` line says how many did so because of its limits, and `"cleared"` in the session line how
//! many others there were.

use std::io::{self, Write};

use bytes::Bytes;
use rustc_hash::FxHashMap;

use super::json::Line;
use super::sums::Sums;
use super::times::Times;
use super::words;
use super::{About, Ends, Header, LogWriter, Summary};
use crate::error::OpError;
use crate::journal::{ConnId, Content, Count, Detail, Direction, Record, Side};

/// The version of the form: a reader refuses a higher one.
const VERSION: u64 = 1;

/// The summary is handed on in pieces of about this many bytes: there may be a million UDP peers in it.
const PIECE: usize = 64 * 1024;

/// Writes JSON Lines.
#[derive(Debug)]
pub(super) struct Jsonl<W> {
    out: W,
    times: Times,
    line: Line,
    tallies: FxHashMap<ConnId, Tally>,
    sums: Sums,
    records: u64,
    /// Records before the first one that nothing counts.
    cleared: u64,
}

/// What was written of one connection.
#[derive(Debug)]
struct Tally {
    /// `"conn":…,"peer":…,"local":…`
    members: Box<[u8]>,
    /// Its start was written: so was what crossed it first.
    opened: bool,
    received: Count,
    sent: Count,
}

impl Tally {
    fn new(conn: ConnId, ends: &Ends) -> Self {
        let mut line = Line::default();
        line.number("conn", conn.0.into());
        line.text("peer", &ends.peer.to_string());
        line.text("local", &ends.local.to_string());
        Self { members: line.members(), opened: false, received: Count::default(), sent: Count::default() }
    }
}

impl<W: Write> Jsonl<W> {
    pub(super) fn new(out: W) -> Self {
        let (times, line) = (Times::utc(), Line::default());
        let (tallies, sums) = Default::default();
        Self { out, times, line, tallies, sums, records: 0, cleared: 0 }
    }

    /// The members that tell whose record it is.
    fn connection(&mut self, record: &Record, ends: Option<&Ends>) {
        if let (Some(conn), Some(ends)) = (record.conn, ends) {
            let tally = self.tallies.entry(conn).or_insert_with(|| Tally::new(conn, ends));
            tally.opened |= matches!(record.content, Content::Detail(Detail::Opened { .. }));
            return self.line.paste(&tally.members);
        }
        if let Some(id) = record.conn {
            self.line.number("conn", id.0.into());
        }
        if let Content::Detail(Detail::Opened { local, peer, .. }) = &record.content {
            if let Some(peer) = peer {
                self.line.text("peer", &peer.canonical().to_string());
            }
            self.line.text("local", &local.canonical().to_string());
        }
    }

    fn payload(
        &mut self,
        record: &Record,
        ends: Option<&Ends>,
        direction: Direction,
        bytes: &Bytes,
    ) -> io::Result<()> {
        if let (Some(conn), Some(ends)) = (record.conn, ends) {
            let tally = self.tallies.entry(conn).or_insert_with(|| Tally::new(conn, ends));
            self.line.paste(&tally.members);
            let count = match direction {
                Direction::Received => &mut tally.received,
                Direction::Sent => &mut tally.sent,
            };
            count.bytes += bytes.len() as u64;
            count.records += 1;
            self.sums.add(conn, direction, bytes)?;
        } else {
            self.connection(record, ends);
        }
        self.line.payload(bytes);
        Ok(())
    }

    fn detail(&mut self, detail: &Detail) {
        let line = &mut self.line;
        match detail {
            Detail::Opened { by, .. } => line.text("by", words::opened_name(*by)),
            Detail::Finished { by } => {
                line.text("by", if *by == Side::Peer { "peer" } else { "local" });
                line.text("text", &detail.words());
            }
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
    fn totals(&mut self, summary: &Summary) {
        let (mut received, mut sent) = (Count::default(), Count::default());
        for tally in self.tallies.values() {
            received.join(tally.received);
            sent.join(tally.sent);
        }
        let line = &mut self.line;
        line.number("records", self.records);
        for (name, total) in [("received", summary.received), ("sent", summary.sent)] {
            line.open_object(name);
            line.number("bytes", total.bytes);
            line.number("records", total.records);
            line.close_object();
        }
        line.open_object("dropped");
        line.number("records", summary.losses.records);
        line.number("bytes", summary.losses.bytes);
        line.number("datagrams", summary.losses.datagrams);
        line.close_object();
        line.number("cleared", summary.losses.cleared);
        line.flag("complete", summary.is_all(received, sent));
    }
}

impl<W: Write> LogWriter for Jsonl<W> {
    fn start(&mut self, header: &Header) -> io::Result<()> {
        self.line.start("session");
        self.line.text("format", "sockscope");
        self.line.number("version", VERSION);
        self.line.text("program", &header.program);
        self.line.text("role", header.role.name());
        self.line.text("endpoint", &header.endpoint);
        self.line.plain("started", self.times.text(header.started));
        self.cleared = header.missing.cleared;
        if self.cleared > 0 {
            self.line.number("cleared", self.cleared);
        }
        self.out.write_all(self.line.end())?;
        if header.missing.records > 0 {
            self.line.start("dropped");
            self.line.text("by", "limit");
            self.line.number("records", header.missing.records);
            self.line.number("bytes", header.missing.bytes);
            self.out.write_all(self.line.end())?;
        }
        Ok(())
    }

    fn record(&mut self, record: &Record, about: About<'_>) -> io::Result<()> {
        self.line.start_record(words::kind(&record.content), record.seq, self.times.text(record.time));
        match &record.content {
            Content::Payload(direction, bytes) => self.payload(record, about.ends, *direction, bytes)?,
            Content::Detail(detail) => {
                self.connection(record, about.ends);
                self.detail(detail);
            }
        }
        if record.unexpected {
            self.line.flag("unexpected", true);
        }
        if let Some(note) = about.note {
            self.line.flag("bookmark", true);
            if !note.is_empty() {
                self.line.text("note", note);
            }
        }
        self.records += 1;
        self.out.write_all(self.line.end())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.line.start("summary");
        self.totals(summary);
        self.line.open_array("connections");
        let mut sums = self.sums.finish()?;
        for totals in &summary.connections {
            let tally = self.tallies.remove(&totals.conn);
            let tally = tally.unwrap_or_else(|| Tally::new(totals.conn, &totals.ends));
            self.line.open_element();
            self.line.paste(&tally.members);
            let whole = tally.opened || self.cleared == 0;
            let mut end = |name, direction, saved, exact| {
                let complete = whole && saved == exact;
                direction_totals(&mut self.line, name, saved, exact, complete, &sums.take(totals.conn, direction));
            };
            end("received", Direction::Received, tally.received, totals.received);
            end("sent", Direction::Sent, tally.sent, totals.sent);
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

/// What this file has of a direction, and the exact counters, with the digest of the former. It is `complete` when
/// that is all that ever crossed, or came since the file began.
fn direction_totals(line: &mut Line, name: &str, saved: Count, exact: Count, complete: bool, digest: &[u8; 32]) {
    line.open_object(name);
    line.number("bytes", exact.bytes);
    line.number("records", exact.records);
    line.number("saved", saved.bytes);
    line.flag("complete", complete);
    line.hex("sha256", digest);
    line.close_object();
}

fn error_members(line: &mut Line, error: &OpError) {
    line.text("op", &error.op);
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
