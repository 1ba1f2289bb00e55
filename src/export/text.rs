//! `.txt`: one record a line, for people.
//!
//! ```text
//! # sockscope 0.1.0
//! # listener tcp://127.0.0.1:8888
//! # saved at 2026-11-21 03:06:00.000; times are local (UTC+01:00)
//! # time, kind, peer, payload bytes, payload in escaped form (\n \r \t \0 \\ \xHH \u{...}) or what happened
//! 2026-11-21 03:05:00.120  opened    127.0.0.1:52403  -  accepted on 127.0.0.1:8888
//! 2026-11-21 03:05:00.123  received  127.0.0.1:52403  5  hello
//! # 2 records; received: 5 bytes in 1 chunk; sent: 0 bytes in 0 chunks; all of it is in this file
//! ```
//!
//! What is not there is `-`. A star after the kind marks a datagram from an unexpected address.

use std::io::{self, Write};

use rustc_hash::FxHashMap;

use super::block::Block;
use super::escaped::Escaped;
use super::times::Times;
use super::words;
use super::{About, Ends, Header, LogWriter, Role, Summary};
use crate::clock::Stamp;
use crate::figures::counted;
use crate::journal::{ConnId, Content, Count, Detail, Direction, Record};

/// Writes plain text.
#[derive(Debug)]
pub(super) struct Text<W> {
    out: W,
    times: Times,
    line: Block,
    /// The other end of each connection, printed once for many records.
    peers: FxHashMap<ConnId, Box<str>>,
    records: u64,
    /// What one TCP read or UDP payload is called.
    unit: &'static str,
    received: Count,
    sent: Count,
}

impl<W: Write> Text<W> {
    pub(super) fn new(out: W) -> Self {
        let (line, peers, records, received, sent) = Default::default();
        Self { out, times: Times::local(), line, peers, records, unit: "chunk", received, sent }
    }

    /// A line of the header or the end. `text` may hold foreign text.
    fn comment(&mut self, text: &str) -> io::Result<()> {
        self.line.clear();
        self.line.put(b"# ");
        self.line.escape(Escaped::default(), text.as_bytes());
        self.end_line()
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.line.put(b"\n");
        self.out.write_all(self.line.written())
    }

    fn peer(&mut self, record: &Record, ends: Option<&Ends>) {
        if let Content::Detail(Detail::Opened { peer: Some(peer), .. }) = &record.content {
            return self.line.print(format_args!("{}", peer.canonical()));
        }
        match (ends, record.conn) {
            (Some(ends), Some(conn)) => {
                let peer = || ends.peer.to_string().into_boxed_str();
                self.line.put(self.peers.entry(conn).or_insert_with(peer).as_bytes());
            }
            (Some(ends), None) => self.line.print(format_args!("{}", ends.peer)),
            (None, _) => self.line.put(b"-"),
        }
    }
}

impl<W: Write> LogWriter for Text<W> {
    fn start(&mut self, header: &Header) -> io::Result<()> {
        if header.role == Role::Udp {
            self.unit = "datagram";
        }
        self.comment(&header.program)?;
        self.comment(&format!("{} {}", header.role.name(), header.endpoint))?;
        let offset = jiff::Zoned::now().strftime("%:z").to_string();
        self.comment(&format!("saved at {}; times are local (UTC{offset})", Stamp::now().date_and_time()))?;
        let columns = "# time, kind (* from an unexpected address), peer, payload bytes, payload in escaped form \
                       (\\n \\r \\t \\0 \\\\ \\xHH \\u{...}) or what happened\n";
        self.out.write_all(columns.as_bytes())
    }

    fn record(&mut self, record: &Record, about: About<'_>) -> io::Result<()> {
        self.records += 1;
        self.line.clear();
        self.line.put(self.times.text(record.time));
        let kind = words::kind(&record.content).as_bytes();
        // In a column of eight, a star in the ninth.
        self.line.put(b"  ");
        self.line.put(kind);
        self.line.put(&b"        "[kind.len()..]);
        self.line.put(if record.unexpected { b"* " } else { b"  " });
        self.peer(record, about.ends);
        match &record.content {
            Content::Payload(direction, bytes) => {
                let total = match direction {
                    Direction::Received => &mut self.received,
                    Direction::Sent => &mut self.sent,
                };
                total.bytes += bytes.len() as u64;
                total.records += 1;
                self.line.put(b"  ");
                self.line.decimal(bytes.len() as u64);
                self.line.put(b"  ");
                self.line.escape(Escaped::default(), bytes);
            }
            Content::Detail(_) => {
                self.line.put(b"  -  ");
                self.line.escape(Escaped::default(), record.words().as_bytes());
            }
        }
        self.end_line()
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        for loss in summary.losses.sentences() {
            self.comment(&loss)?;
        }
        let all = summary.is_all(self.received, self.sent);
        let line = format!(
            "{}; received: {}; sent: {}; {}",
            counted(self.records, "record"),
            amount(summary.received, self.unit),
            amount(summary.sent, self.unit),
            if all { "all of it is in this file" } else { "not all of it is in this file" },
        );
        self.comment(&line)?;
        self.out.flush()
    }
}

fn amount(total: Count, unit: &str) -> String {
    format!("{} in {}", counted(total.bytes, "byte"), counted(total.records, unit))
}
