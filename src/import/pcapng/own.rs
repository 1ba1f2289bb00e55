//! A file that Sockscope wrote: records as they were, from packets and comments.

use std::collections::{BTreeMap, HashMap};

use bytes::{Bytes, BytesMut};
use rustc_hash::FxHashMap;

use super::super::{Claims, Item, Side, Sum};
use super::packet::{Carried, Transport};
use super::{Arena, CONNECTIONS, Items};
use crate::clock::Stamp;
use crate::export::pcapng::Route;
use crate::export::pcapng::format::PSH;
use crate::export::pcapng::remark::{self, BOOKMARK, Counted, Lost, Remark};
use crate::export::{Ends, Header, Summary, Totals};
use crate::journal::{ConnId, Content, Count, Direction, Record, Seq};

/// Segments are joined up to this many bytes, eight blocks of the journal.
const LONGEST_CHUNK: usize = 16 << 20;

/// A chunk whose last segment did not come yet.
#[derive(Debug)]
struct Chunk {
    conn: ConnId,
    direction: Direction,
    record: Start,
    bytes: BytesMut,
}

/// What is known of a record before its payload.
#[derive(Debug)]
struct Start {
    seq: Seq,
    time: Stamp,
    unexpected: bool,
    note: Option<String>,
}

/// Restores the records of one file.
#[derive(Debug)]
pub(super) struct Own {
    next: Seq,
    /// The connection to which packets of a route belong at present. Whoever wrote the file chose the addresses.
    routes: HashMap<Route, ConnId>,
    /// The last one that was looked up: most packets follow one of their own.
    recent: Option<(Route, ConnId)>,
    ends: FxHashMap<ConnId, Option<Ends>>,
    last: u32,
    chunk: Option<Chunk>,
    claims: Claims,
    arena: Arena,
    is_over: bool,
}

impl Own {
    /// The header that `session` is, and what reads on; an error says why this file can't be read.
    pub(super) fn new(session: Remark) -> Result<(Self, Header), String> {
        let Remark::Session { version, program, role, endpoint, started, missing, .. } = session else {
            return Err("this file has no session".to_owned());
        };
        if version > remark::VERSION {
            return Err(format!("this is version {version} of the form: a newer Sockscope reads it"));
        }
        let role = remark::role(&role).ok_or_else(|| format!("the role {role:?} is not known"))?;
        let started = Stamp::from_nanos(started);
        let header = Header { program, role, endpoint, started, missing: missing.into(), notes: BTreeMap::new() };
        let (routes, ends, claims, arena) = Default::default();
        Ok((
            Self { next: 0, routes, recent: None, ends, last: 0, chunk: None, claims, arena, is_over: false },
            header,
        ))
    }

    /// Whether everything up to the summary was there.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Comments without a packet.
    pub(super) fn comments(&mut self, time: Stamp, comments: &[Vec<u8>], items: &mut Items) -> Result<(), String> {
        let mut start = self.start(time);
        comments.iter().try_for_each(|comment| self.comment(&mut start, comment, items))
    }

    /// A packet with its comments.
    pub(super) fn packet(
        &mut self,
        time: Stamp,
        comments: &[Vec<u8>],
        carried: &Carried<'_>,
        items: &mut Items,
    ) -> Result<(), String> {
        let mut start = self.start(time);
        for comment in comments {
            self.comment(&mut start, comment, items)?;
        }
        let is_end = match carried.transport {
            // Handshakes and acknowledgments are no records.
            Transport::Tcp { .. } if carried.len == 0 => return Ok(()),
            Transport::Tcp { flags, .. } => flags & PSH != 0,
            Transport::Udp => true,
        };
        if carried.payload.len() < carried.len {
            return Err(format!("a packet was cut from {} to {} bytes", carried.len, carried.payload.len()));
        }
        let (conn, direction) = self.whose(carried)?;
        if comments.is_empty() && self.join(conn, direction, carried.payload) {
            if is_end {
                self.flush(items);
            }
            return Ok(());
        }
        self.flush(items);
        start.seq = self.next;
        self.go_on(start.seq)?;
        if is_end {
            let payload = self.arena.copy(carried.payload);
            self.push(start, conn, direction, payload, items);
        } else {
            self.chunk = Some(Chunk { conn, direction, record: start, bytes: BytesMut::from(carried.payload) });
        }
        Ok(())
    }

    /// Adds a segment to the chunk that it continues; `false` where it begins one.
    fn join(&mut self, conn: ConnId, direction: Direction, payload: &[u8]) -> bool {
        let Some(chunk) = &mut self.chunk else { return false };
        let fits = chunk.bytes.len() + payload.len() <= LONGEST_CHUNK;
        let continues = fits && chunk.conn == conn && chunk.direction == direction;
        if continues {
            chunk.bytes.extend_from_slice(payload);
        }
        continues
    }

    fn start(&self, time: Stamp) -> Start {
        Start { seq: self.next, time, unexpected: false, note: None }
    }

    /// Gives out a chunk whose end did not come.
    pub(super) fn flush(&mut self, items: &mut Items) {
        if let Some(Chunk { conn, direction, record, bytes }) = self.chunk.take() {
            self.push(record, conn, direction, bytes.freeze(), items);
        }
    }

    fn push(&mut self, start: Start, conn: ConnId, direction: Direction, payload: Bytes, items: &mut Items) {
        let Start { seq, time, unexpected, note } = start;
        let content = Content::Payload(direction, payload);
        let ends = self.ends.get(&conn).cloned().flatten();
        items.push_back(Item::Record {
            record: Record { seq, time, conn: Some(conn), content, unexpected },
            ends,
            note,
        });
    }

    /// The connection of a packet, and its direction.
    fn whose(&mut self, carried: &Carried<'_>) -> Result<(ConnId, Direction), String> {
        let received = Route { peer: carried.from, local: carried.to };
        let sent = Route { peer: carried.to, local: carried.from };
        let direction = match carried.direction {
            Some(direction) => direction,
            // Somebody took the flags away.
            None if self.routes.contains_key(&sent) => Direction::Sent,
            None => Direction::Received,
        };
        let route = if direction == Direction::Sent { sent } else { received };
        if let Some((_, conn)) = self.recent.filter(|(recent, _)| *recent == route) {
            return Ok((conn, direction));
        }
        if let Some(conn) = self.routes.get(&route) {
            self.recent = Some((route, *conn));
            return Ok((*conn, direction));
        }
        let conn = ConnId(self.last.checked_add(1).ok_or("there is no number left for a connection")?);
        self.connection(conn, Some(Ends { peer: route.peer.into(), local: route.local.into() }))?;
        // Its addresses are those of the packet, whatever others they may stand for.
        self.routes.insert(route, conn);
        Ok((conn, direction))
    }

    /// From here on, packets between these ends are of this connection.
    fn connection(&mut self, conn: ConnId, ends: Option<Ends>) -> Result<(), String> {
        if conn.0 == 0 {
            return Err("a connection can't have the number 0".to_owned());
        }
        if self.ends.len() >= CONNECTIONS && !self.ends.contains_key(&conn) {
            return Err(format!("there are more than {CONNECTIONS} connections"));
        }
        let route = Route::of(ends.as_ref(), conn);
        if self.routes.len() >= CONNECTIONS && !self.routes.contains_key(&route) {
            return Err(format!("there are packets between more than {CONNECTIONS} pairs of addresses"));
        }
        self.recent = None;
        self.last = self.last.max(conn.0);
        self.ends.insert(conn, ends);
        self.routes.insert(route, conn);
        Ok(())
    }

    fn comment(&mut self, start: &mut Start, comment: &[u8], items: &mut Items) -> Result<(), String> {
        if let Some(note) = comment.strip_prefix(BOOKMARK.as_bytes()) {
            start.note = Some(String::from_utf8_lossy(note).into_owned());
        }
        let Some(remark) = Remark::parse(comment) else { return Ok(()) };
        match remark {
            Remark::Session { .. } => {}
            Remark::Next { seq } => {
                self.flush(items);
                self.ascend(seq)?;
                self.next = seq;
            }
            Remark::Unexpected => start.unexpected = true,
            Remark::Connection { conn, peer, local } => {
                self.flush(items);
                let (conn, ends) = (ConnId(conn), peer.zip(local).map(|(peer, local)| Ends { peer, local }));
                self.connection(conn, ends)?;
            }
            Remark::Record { seq, conn, what, bookmark, unexpected } => {
                self.flush(items);
                let content = what.content().ok_or("a record says something that is not known")?;
                self.ascend(seq)?;
                self.go_on(seq)?;
                let conn = conn.map(ConnId);
                let ends = conn.and_then(|conn| self.ends.get(&conn).cloned().flatten());
                let record = Record { seq, time: start.time, conn, content, unexpected };
                items.push_back(Item::Record { record, ends, note: bookmark });
            }
            Remark::Total { conn, peer, local, received, sent } => {
                let (conn, ends) = (ConnId(conn), Ends { peer, local });
                self.total(conn, ends, &received, &sent)?;
            }
            Remark::Summary { records, received, sent, dropped, complete } => {
                self.flush(items);
                self.summary(records, (received, sent), dropped, complete, items);
            }
        }
        Ok(())
    }

    /// Refuses a record with this number where later ones came already.
    fn ascend(&self, seq: Seq) -> Result<(), String> {
        if seq >= self.next {
            return Ok(());
        }
        Err(format!(
            "record {seq} comes where record {} or a later one is due: numbers ascend, so this file is damaged, or put \
             together from others",
            self.next
        ))
    }

    /// Record `seq` is there: what comes next has at least the number after it.
    fn go_on(&mut self, seq: Seq) -> Result<(), String> {
        self.next = seq.checked_add(1).ok_or("a record has the highest number that there is: none can follow")?;
        Ok(())
    }

    fn total(
        &mut self,
        conn: ConnId,
        ends: Ends,
        received: &remark::Sum,
        sent: &remark::Sum,
    ) -> Result<(), String> {
        if self.claims.summary.connections.len() >= CONNECTIONS {
            return Err(format!("there are more than {CONNECTIONS} connections"));
        }
        for (side, sum) in [(Side::Received, received), (Side::Sent, sent)] {
            let sha256 = const_hex::decode_to_array(&sum.sha256)
                .map_err(|_| format!("{:?} is no SHA-256 in hex", sum.sha256.get(..80).unwrap_or(&sum.sha256)))?;
            self.claims.sums.insert((conn, side), Sum { saved: sum.saved, sha256 });
        }
        let count = |sum: &remark::Sum| Count { bytes: sum.bytes, records: sum.records };
        let (received, sent) = (count(received), count(sent));
        self.claims.summary.connections.push(Totals { conn, ends, received, sent });
        Ok(())
    }

    fn summary(
        &mut self,
        records: u64,
        totals: (Counted, Counted),
        dropped: Lost,
        complete: bool,
        items: &mut Items,
    ) {
        if self.is_over {
            return;
        }
        self.is_over = true;
        let Claims { summary, sums, .. } = std::mem::take(&mut self.claims);
        let (received, sent) = (totals.0.into(), totals.1.into());
        let summary = Summary { received, sent, losses: dropped.into(), ..summary };
        items.push_back(Item::Claims(Claims { records, summary, complete, sums }));
    }
}
