//! `.txt`: one record a line, for people.
//!
//! ```text
//! # sockscope 0.1.0
//! # listener tcp://127.0.0.1:8888
//! # saved at 2026-11-21 03:06:00.000; times are local (UTC+01:00)
//! # 2 records
//! # time, kind, peer, payload bytes, payload in escaped form (\n \r \t \0 \\ \xHH \u{...}) or what happened
//! 2026-11-21 03:05:00.120  opened    127.0.0.1:52403  -  accepted on 127.0.0.1:8888
//! 2026-11-21 03:05:00.123  received  127.0.0.1:52403  5  hello
//! # received: 5 bytes in 1 chunk; sent: 0 bytes in 0 chunks; all of it is in this file
//! ```
//!
//! What is not there is `-`. A star after the kind marks a datagram from an unexpected address.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::times::Times;
use super::words::{self, Ends, Losses, count};
use super::{Header, PROGRAM, RecordWriter, Role};
use crate::clock::Stamp;
use crate::endpoint::canonical;
use crate::journal::{ConnId, Content, Count, Detail, Direction, Record, Snapshot};
use crate::payload;

/// Writes plain text.
#[derive(Debug)]
pub(super) struct Text<'a, W> {
    out: W,
    snapshot: &'a Snapshot,
    times: Times,
    ends: HashMap<ConnId, Ends>,
    line: String,
    /// What one TCP read or UDP payload is called.
    unit: &'static str,
    received: Count,
    sent: Count,
}

impl<'a, W: Write> Text<'a, W> {
    pub(super) fn new(out: W, snapshot: &'a Snapshot) -> Self {
        let (line, received, sent) = Default::default();
        let ends = Ends::all(snapshot);
        Self { out, snapshot, times: Times::local(), ends, line, unit: "chunk", received, sent }
    }

    /// A line of the header or the end. `text` may hold foreign text.
    fn comment(&mut self, text: &str) -> io::Result<()> {
        self.line.clear();
        self.line.push_str("# ");
        escape(text.as_bytes(), &mut self.line);
        self.end_line()
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())
    }

    fn peer(&mut self, record: &Record) {
        if let Content::Detail(Detail::Opened { peer: Some(peer), .. }) = &record.content {
            self.put(format_args!("{}", canonical(*peer)));
            return;
        }
        let ends = record.conn.and_then(|id| self.ends.get(&id));
        self.line.push_str(ends.map_or("-", |ends| &ends.peer));
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.line.write_fmt(text).expect("a String takes everything");
    }
}

impl<W: Write> RecordWriter for Text<'_, W> {
    fn start(&mut self, header: &Header) -> io::Result<()> {
        if header.role == Role::Udp {
            self.unit = "datagram";
        }
        self.comment(PROGRAM)?;
        self.comment(&format!("{} {}", header.role.name(), header.endpoint))?;
        let offset = jiff::Zoned::now().strftime("%:z").to_string();
        self.comment(&format!("saved at {}; times are local (UTC{offset})", Stamp::now().date_and_time()))?;
        self.comment(&count(self.snapshot.len(), "record"))?;
        for loss in Losses::of(self.snapshot).sentences() {
            self.comment(&loss)?;
        }
        let columns = "# time, kind (* from an unexpected address), peer, payload bytes, payload in escaped form \
                       (\\n \\r \\t \\0 \\\\ \\xHH \\u{...}) or what happened\n";
        self.out.write_all(columns.as_bytes())
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.line.clear();
        self.line.push_str(self.times.text(record.time));
        let star = if record.unexpected { '*' } else { ' ' };
        self.put(format_args!("  {:8}{star} ", words::kind(&record.content)));
        self.peer(record);
        match &record.content {
            Content::Payload(direction, bytes) => {
                let total = match direction {
                    Direction::Received => &mut self.received,
                    Direction::Sent => &mut self.sent,
                };
                total.bytes += bytes.len() as u64;
                total.records += 1;
                self.put(format_args!("  {}  ", bytes.len()));
                escape(bytes, &mut self.line);
            }
            Content::Detail(_) => {
                self.line.push_str("  -  ");
                escape(record.words().as_bytes(), &mut self.line);
            }
        }
        self.end_line()
    }

    fn finish(&mut self) -> io::Result<()> {
        let status = self.snapshot.status();
        let all = self.received == status.received && self.sent == status.sent;
        let line = format!(
            "received: {}; sent: {}; {}",
            amount(status.received, self.unit),
            amount(status.sent, self.unit),
            if all { "all of it is in this file" } else { "not all of it is in this file" },
        );
        self.comment(&line)?;
        self.out.flush()
    }
}

fn amount(total: Count, unit: &str) -> String {
    format!("{} in {}", count(total.bytes, "byte"), count(total.records, unit))
}

fn escape(bytes: &[u8], line: &mut String) {
    payload::escape_into(bytes, line).expect("a String takes everything");
}
