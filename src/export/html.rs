//! `.html`: the log as a page that looks like the window, for who has no Sockscope.
//!
//! The page is one file: it loads nothing, runs nothing, and says so to the browser (Content-Security-Policy). Payload
//! is shown in the notation of the text log, which can be read back, with a mark for what is no printable character; a
//! row shows at most [`SHOWN`] characters of it. Rows stand in tables of [`ROWS`], of which a browser lays out those on
//! the screen only: so a page of a million rows opens.

use std::io::{self, Write};

use rustc_hash::FxHashMap;

use super::block::Block;
use super::times::Times;
use super::words;
use super::{About, Header, LogWriter, Summary, Totals};
use crate::clock;
use crate::figures::{self, counted};
use crate::journal::{ConnId, Content, Count, Detail, Direction, How, Record};
use crate::payload;
use crate::payload::visible::{self, Span, Spans};

/// Characters of a payload that a row shows.
const SHOWN: usize = 1_000;

/// Rows of a table.
const ROWS: u64 = 500;

/// The looks.
const STYLE: &str = include_str!("../../assets/sockscope-log.css");

const HEAD: &str = "<table><tr><th>Time<th>What<th>Peer<th>Length<th>Payload";

/// Writes a page.
#[derive(Debug)]
pub(super) struct Html<W> {
    out: W,
    times: Times,
    row: Block,
    peers: FxHashMap<ConnId, Box<str>>,
    records: u64,
    received: Count,
    sent: Count,
}

impl<W: Write> Html<W> {
    pub(super) fn new(out: W) -> Self {
        let (row, peers, records, received, sent) = Default::default();
        Self { out, times: Times::local(), row, peers, records, received, sent }
    }

    fn hand_on(&mut self) -> io::Result<()> {
        self.out.write_all(self.row.written())?;
        self.row.clear();
        Ok(())
    }

    /// An element without others in it; `text` may be foreign.
    fn element(&mut self, start: &str, text: &str, end: &str) {
        self.row.put(start.as_bytes());
        escape(&mut self.row, &payload::escape(text.as_bytes()));
        self.row.put(end.as_bytes());
        self.row.put(b"\n");
    }

    /// A paragraph, which needs no end.
    fn paragraph(&mut self, start: &str, text: &str) {
        self.element(start, text, "");
    }

    fn peer(&mut self, record: &Record, about: About<'_>) {
        if record.unexpected {
            self.row.put(b"<span class=x title=\"from an unexpected address\">! </span>");
        }
        match (about.ends, record.conn, &record.content) {
            (Some(ends), Some(conn), _) => {
                let peer = || ends.peer.to_string().into_boxed_str();
                self.row.put(self.peers.entry(conn).or_insert_with(peer).as_bytes());
            }
            (Some(ends), None, _) => self.row.print(format_args!("{}", ends.peer)),
            (None, _, Content::Detail(Detail::Opened { peer: Some(peer), .. })) => {
                self.row.print(format_args!("{}", peer.canonical()));
            }
            _ => {}
        }
    }

    fn content(&mut self, record: &Record) {
        match &record.content {
            Content::Payload(direction, bytes) => {
                let total = match direction {
                    Direction::Received => &mut self.received,
                    Direction::Sent => &mut self.sent,
                };
                total.join(Count { bytes: bytes.len() as u64, records: 1 });
                self.row.put(figures::count(bytes.len() as u64).as_bytes());
                self.row.put(b"<td>");
                start_of(&mut self.row, bytes);
            }
            Content::Detail(_) => {
                self.row.put(b"<td>");
                foreign(&mut self.row, record.words().as_bytes());
            }
        }
    }

    /// What crossed each connection.
    fn totals(&mut self, connections: &[Totals]) -> io::Result<()> {
        self.row.put(b"<table class=t><tr><th>Connection<th>Received<th>Records<th>Sent<th>Records\n");
        for totals in connections {
            self.row.print(format_args!("<tr><td>{} and {}", totals.ends.peer, totals.ends.local));
            for total in [totals.received, totals.sent] {
                let (bytes, records) = (figures::count(total.bytes), figures::count(total.records));
                self.row.print(format_args!("<td>{bytes}<td>{records}"));
            }
            self.row.put(b"\n");
            self.hand_on()?;
        }
        self.row.put(b"</table>\n");
        Ok(())
    }
}

impl<W: Write> LogWriter for Html<W> {
    fn start(&mut self, header: &Header) -> io::Result<()> {
        self.row.put(b"<!DOCTYPE html>\n<html lang=en><meta charset=utf-8>\n");
        let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
        self.row.print(format_args!("<meta http-equiv=Content-Security-Policy content=\"{policy}\">\n"));
        self.row.put(b"<meta name=viewport content=\"width=device-width\">\n");
        let title = format!("{} {}", header.role.name(), header.endpoint);
        self.element("<title>", &title, "</title>");
        self.row.print(format_args!("<style>\n{STYLE}</style>\n"));
        self.element("<h1>", &title, "</h1>");
        let offset = header.started.timestamp().to_zoned(clock::zone()).strftime("%:z").to_string();
        let times = format!("{}; times are local (UTC{offset})", header.program);
        self.paragraph("<p>", &times);
        let shown = figures::count(SHOWN as u64);
        let rows = format!(
            "A row shows at most {shown} characters of a payload, in escaped form (\\n \\r \\t \\0 \\\\ \\xHH \\u{{...}}). "
        );
        // Written by this program, and not to be escaped.
        self.row.put(b"<p>");
        escape(&mut self.row, &rows);
        self.row.put(b"<a href=#totals>Totals</a>\n");
        for sentence in header.missing.sentences() {
            self.paragraph("<p class=w>", &sentence);
        }
        self.hand_on()
    }

    fn record(&mut self, record: &Record, about: About<'_>) -> io::Result<()> {
        if self.records.is_multiple_of(ROWS) {
            self.row.put(if self.records == 0 { b"<section>" } else { b"</table></section>\n<section>" });
            self.row.put(HEAD.as_bytes());
            self.row.put(b"\n");
        }
        self.records += 1;
        self.row.print(format_args!("<tr class={} id=r{}><td>", class(&record.content), record.seq));
        self.row.put(self.times.text(record.time));
        self.row.put(b"<td>");
        self.row.put(mark(&record.content).as_bytes());
        self.row.put(words::kind(&record.content).as_bytes());
        self.row.put(b"<td>");
        self.peer(record, about);
        self.row.put(b"<td>");
        self.content(record);
        if let Some(note) = about.note {
            self.row.put("<mark>★ ".as_bytes());
            foreign(&mut self.row, note.as_bytes());
            self.row.put(b"</mark>");
        }
        self.row.put(b"\n");
        self.hand_on()
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        if self.records > 0 {
            self.row.put(b"</table></section>\n");
        }
        let total = |of: Count| format!("{} in {}", counted(of.bytes, "byte"), counted(of.records, "record"));
        let all = summary.is_all(self.received, self.sent);
        let here = if all { "All of it is in this page." } else { "Not all of it is in this page." };
        let (received, sent) = (total(summary.received), total(summary.sent));
        let line = format!("{}. Received: {received}. Sent: {sent}. {here}", counted(self.records, "record"));
        self.paragraph("<p id=totals>", &line);
        for sentence in summary.losses.sentences() {
            self.paragraph("<p class=w>", &sentence);
        }
        if !summary.connections.is_empty() {
            self.totals(&summary.connections)?;
        }
        self.hand_on()?;
        self.out.flush()
    }
}

/// The colors of a row, as the window has them.
const fn class(content: &Content) -> char {
    match content {
        Content::Payload(Direction::Received, _) => 'r',
        Content::Payload(Direction::Sent, _) => 's',
        Content::Detail(Detail::Opened { .. }) => 'o',
        Content::Detail(Detail::Closed { how: How::PeerReset | How::TimeLimit | How::Error }) => 'w',
        Content::Detail(Detail::KernelDropped { .. }) => 'w',
        Content::Detail(Detail::Error(_)) => 'b',
        Content::Detail(_) => 'q',
    }
}

/// Which way payload went, for who sees no colors.
const fn mark(content: &Content) -> &'static str {
    match content {
        Content::Payload(Direction::Received, _) => "← ",
        Content::Payload(Direction::Sent, _) => "→ ",
        Content::Detail(_) => "",
    }
}

/// The start of a payload.
fn start_of(row: &mut Block, bytes: &[u8]) {
    if spans(row, bytes, SHOWN) < bytes.len() {
        row.put("…".as_bytes());
    }
}

/// Foreign words, whole.
fn foreign(row: &mut Block, bytes: &[u8]) {
    spans(row, bytes, usize::MAX);
}

/// Writes `most` characters of foreign `bytes` in the notation of [`payload::escape`], which is that of the text log,
/// with escapes in a color of their own. Returns of how many bytes.
fn spans(row: &mut Block, bytes: &[u8], most: usize) -> usize {
    let Spans { spans, shown } = visible::spans(bytes, most);
    for span in &spans {
        match span {
            Span::Text(text) => {
                for (place, part) in text.split('\\').enumerate() {
                    if place > 0 {
                        mark_as_escape(row, "\\\\");
                    }
                    escape(row, part);
                }
            }
            Span::Mark(mark) => mark_as_escape(row, mark),
        }
    }
    shown
}

fn mark_as_escape(row: &mut Block, escaped: &str) {
    row.put(b"<i>");
    escape(row, escaped);
    row.put(b"</i>");
}

/// Writes `text` so that it is text, in an element or a quoted attribute.
fn escape(row: &mut Block, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'')) {
        row.put(&rest[..at]);
        row.put(match rest[at] {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'"' => b"&quot;",
            _ => b"&#39;",
        });
        rest = &rest[at + 1..];
    }
    row.put(rest);
}
