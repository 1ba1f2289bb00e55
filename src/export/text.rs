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

use std::fmt::Write as _;
use std::io::{self, Write};

use super::times::Times;
use super::words::{self, count};
use super::{About, Ends, Header, LogWriter, Role, Summary};
use crate::clock::Stamp;
use crate::endpoint::canonical;
use crate::journal::{Content, Count, Detail, Direction, Record};
use crate::payload;

/// Writes plain text.
#[derive(Debug)]
pub(super) struct Text<W> {
    out: W,
    times: Times,
    line: String,
    records: u64,
    /// What one TCP read or UDP payload is called.
    unit: &'static str,
    received: Count,
    sent: Count,
}

impl<W: Write> Text<W> {
    pub(super) fn new(out: W) -> Self {
        let (line, records, received, sent) = Default::default();
        Self { out, times: Times::local(), line, records, unit: "chunk", received, sent }
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

    fn peer(&mut self, record: &Record, ends: Option<Ends>) {
        if let Content::Detail(Detail::Opened { peer: Some(peer), .. }) = &record.content {
            self.put(format_args!("{}", canonical(*peer)));
            return;
        }
        match ends {
            Some(ends) => self.put(format_args!("{}", ends.peer)),
            None => self.line.push('-'),
        }
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.line.write_fmt(text).expect("a String takes everything");
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
        self.line.push_str(self.times.text(record.time));
        let star = if record.unexpected { '*' } else { ' ' };
        self.put(format_args!("  {:8}{star} ", words::kind(&record.content)));
        self.peer(record, about.ends);
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

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        for loss in summary.losses.sentences() {
            self.comment(&loss)?;
        }
        let all = self.received == summary.received && self.sent == summary.sent;
        let line = format!(
            "{}; received: {}; sent: {}; {}",
            count(self.records, "record"),
            amount(summary.received, self.unit),
            amount(summary.sent, self.unit),
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
