//! The last line: what the file says of itself. It may be longer than memory should be: its connections are read one
//! by one.

use std::io::Read;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::object::{self, Wrong, number};
use super::record::{address, connection};
use super::{CONNECTIONS, Fault, Lines, Parser, TORN};
use crate::export::{Ends, Losses, Summary, Totals};
use crate::import::{Claims, Side, Sum};
use crate::journal::{ConnId, Count};

/// How the line begins.
pub(super) const START: &[u8] = b"{\"type\":\"summary\",";

/// Where the connections begin.
const LIST: &[u8] = b"\"connections\":[";

/// What comes before the connections, one of them, and what comes after them, have at most this many bytes each.
const PART: usize = 64 * 1024;

#[derive(Deserialize)]
struct Head {
    records: u64,
    received: Amount,
    sent: Amount,
    dropped: Dropped,
    cleared: u64,
    complete: bool,
    connections: Vec<Entry>,
}

#[derive(Clone, Copy, Deserialize)]
struct Amount {
    bytes: u64,
    records: u64,
}

#[derive(Deserialize)]
struct Dropped {
    records: u64,
    bytes: u64,
    datagrams: u64,
}

#[derive(Deserialize)]
struct Entry {
    conn: u64,
    peer: String,
    local: String,
    received: Direction,
    sent: Direction,
}

#[derive(Deserialize)]
struct Direction {
    bytes: u64,
    records: u64,
    saved: u64,
    complete: bool,
    sha256: String,
}

/// The summary on a line of ordinary length.
pub(super) fn of_line(line: &[u8], parser: &Parser) -> Result<Claims, Wrong> {
    let head: Head = object::read(line)?;
    let (mut claims, entries) = begin(line, head)?;
    for entry in entries {
        add(&mut claims, line, &entry, parser)?;
    }
    Ok(claims)
}

/// The summary that comes next; `None`, with nothing taken, where it is not in the usual order.
pub(super) fn read<R: Read>(lines: &mut Lines<R>, parser: &Parser) -> Result<Option<Claims>, Fault> {
    let ahead = lines.ahead(PART)?;
    let ahead = &ahead[..ahead.len().min(PART)];
    let line = memchr::memchr(b'\n', ahead).map_or(ahead, |end| &ahead[..end]);
    let Some(place) = memchr::memmem::find(line, LIST) else { return Ok(None) };
    let len = place + LIST.len();
    let mut head = line[..len].to_vec();
    head.extend_from_slice(b"]}");
    let begun = object::read::<Head>(&head).and_then(|read| begin(&head, read));
    let (mut claims, _) = begun.map_err(|wrong| lines.fault_ahead(wrong.column, wrong.reason))?;
    lines.take(len);
    while let Some(len) = element(lines)? {
        let text = &lines.ahead(len)?[..len];
        let added = object::read::<Entry>(text).and_then(|entry| add(&mut claims, text, &entry, parser));
        added.map_err(|wrong| lines.fault_ahead(wrong.column, wrong.reason))?;
        lines.take(len);
    }
    end(lines)?;
    Ok(Some(claims))
}

/// Takes a comma, or the end of the list, and finds out how long the next element is; `None` after the last one.
fn element<R: Read>(lines: &mut Lines<R>) -> Result<Option<usize>, Fault> {
    let ahead = lines.ahead(PART)?;
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut escaped = false;
    for (place, byte) in ahead.iter().take(PART).enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b',' if depth == 0 && place == 0 => {}
            b']' if depth == 0 => {
                lines.take(place + 1);
                return Ok(None);
            }
            b'{' => depth += 1,
            b'}' if depth == 1 => {
                let comma = usize::from(ahead.first() == Some(&b','));
                lines.take(comma);
                return Ok(Some(place + 1 - comma));
            }
            b'}' if depth > 1 => depth -= 1,
            _ if depth > 0 && *byte != b'\n' => {}
            _ => return Err(lines.fault_ahead(place + 1, "a list of objects is expected here")),
        }
    }
    let len = ahead.len();
    if len < PART {
        return Err(Fault { torn: true, ..lines.fault_ahead(len.max(1), TORN) });
    }
    Err(lines.fault_ahead(1, format!("a connection takes more than {} KiB here", PART >> 10)))
}

/// The rest of the line, after the connections.
fn end<R: Read>(lines: &mut Lines<R>) -> Result<(), Fault> {
    let ahead = lines.ahead(PART)?;
    let ahead = &ahead[..ahead.len().min(PART)];
    let (rest, used) = match memchr::memchr(b'\n', ahead) {
        Some(end) => (&ahead[..end], end + 1),
        None if ahead.len() < PART => (ahead, ahead.len()),
        None => return Err(lines.fault_ahead(1, "the summary does not end")),
    };
    let is_last = used == rest.len();
    let object = [b"{\"connections\":[]".as_slice(), rest].concat();
    match serde_json::from_slice::<IgnoredAny>(&object) {
        Ok(_) => {
            lines.next()?;
            Ok(())
        }
        Err(_) if is_last => Err(Fault { torn: true, ..lines.fault_ahead(1, TORN) }),
        Err(_) => Err(lines.fault_ahead(1, "the summary ends with }")),
    }
}

fn begin(line: &[u8], head: Head) -> Result<(Claims, Vec<Entry>), Wrong> {
    let dropped = |name, amount| number(line, name, amount);
    let losses = Losses {
        records: dropped("dropped", head.dropped.records)?,
        bytes: dropped("dropped", head.dropped.bytes)?,
        datagrams: dropped("dropped", head.dropped.datagrams)?,
        cleared: number(line, "cleared", head.cleared)?,
    };
    let received = amount(line, "received", head.received.bytes, head.received.records)?;
    let sent = amount(line, "sent", head.sent.bytes, head.sent.records)?;
    let summary = Summary { received, sent, losses, connections: Vec::new() };
    let records = number(line, "records", head.records)?;
    Ok((Claims { records, summary, complete: head.complete, ..Claims::default() }, head.connections))
}

fn amount(line: &[u8], name: &str, bytes: u64, records: u64) -> Result<Count, Wrong> {
    Ok(Count { bytes: number(line, name, bytes)?, records: number(line, name, records)? })
}

fn add(claims: &mut Claims, line: &[u8], entry: &Entry, parser: &Parser) -> Result<(), Wrong> {
    let conn = connection(line, entry.conn)?;
    let ends = Ends { peer: address(line, "peer", &entry.peer)?, local: address(line, "local", &entry.local)? };
    let known = parser.known.get(&conn).map(|known| known.as_ref().map(|known| &known.ends));
    if known.is_some_and(|known| known != Some(&ends)) {
        let reason = format!("the records of connection {} have other ends", conn.0);
        return Err(Wrong::member(line, "conn", reason));
    }
    if claims.summary.connections.len() >= CONNECTIONS {
        return Err(Wrong::member(line, "conn", format!("a log has at most {CONNECTIONS} connections")));
    }
    if let Some(last) = claims.summary.connections.last().filter(|last| last.conn >= conn) {
        let reason = format!("connection {} comes after connection {}: numbers ascend", conn.0, last.conn.0);
        return Err(Wrong::member(line, "conn", reason));
    }
    let received = direction(claims, line, (conn, Side::Received), &entry.received)?;
    let sent = direction(claims, line, (conn, Side::Sent), &entry.sent)?;
    claims.summary.connections.push(Totals { conn, ends, received, sent });
    Ok(())
}

fn direction(claims: &mut Claims, line: &[u8], key: (ConnId, Side), told: &Direction) -> Result<Count, Wrong> {
    let name = match key.1 {
        Side::Received => "received",
        Side::Sent => "sent",
    };
    let count = amount(line, name, told.bytes, told.records)?;
    let saved = number(line, name, told.saved)?;
    if saved > count.bytes || (told.complete && saved != count.bytes) {
        return Err(Wrong::member(line, name, "bytes, saved and complete contradict each other"));
    }
    let mut sha256 = [0; 32];
    if told.sha256.len() != 64 || const_hex::decode_to_slice(&told.sha256, &mut sha256).is_err() {
        return Err(Wrong::member(line, name, "a SHA-256 has 64 hexadecimal digits"));
    }
    claims.sums.insert(key, Sum { saved, sha256 });
    Ok(count)
}
