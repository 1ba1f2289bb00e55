//! `.pcapng` (draft-ietf-opsawg-pcapng) for Wireshark and everything else that reads captures.
//!
//! Sockscope records what sockets give and take, so the headers are synthesized; the file says so in a comment. What is
//! in it:
//!
//! | record | in the file |
//! |---|---|
//! | TCP chunk | segments of at most 65,535 bytes, the last with PSH; the other end acknowledges every MiB |
//! | UDP datagram | a packet, byte for byte, also an empty one |
//! | opened, finished, closed | SYN, SYN and ACK, ACK; FIN; FIN or RST, with the record as a comment of the first of them |
//! | anything else | statistics of the interface with the record as a comment; in words also at the next packet |
//! | bookmark | a comment of the packet |
//!
//! The session is one interface of raw IP with stamps of nanoseconds; every packet has its direction. A connection
//! whose start is not in the log gets its handshake before its first record. One between an IPv4 and an IPv6 address
//! becomes IPv6, where the former is `::ffff:a.b.c.d`.
//!
//! Comments that begin with `sockscope {` are for [`crate::import`], and hold what packets can't: numbers, kinds,
//! totals and digests. What is not kept: texts beyond 8 KiB in notes, 1 KiB in errors and 2 KiB in the bookmarks of
//! such records, where a record does not fit the 65,535 bytes of a comment, and payload that no IP packet can hold.

mod block;
mod checksum;
pub(crate) mod format;
mod headers;
pub(crate) mod remark;
mod sums;
mod tcp;

use std::collections::HashMap;
use std::io::{self, Write};

use bytes::Bytes;
use rustc_hash::FxHashMap;

use super::{About, Ends, Header, LogWriter, Role, Summary};
use crate::clock::Stamp;
use crate::journal::{ConnId, Content, Count, Detail, Direction, How, Opened, Record, Seq, Side};
use block::{Blocks, Drops};
use headers::Headers;
pub(crate) use headers::Route;
use remark::{BOOKMARK, Remark, Sum};
use sums::Sums;
use tcp::{Tcp, Wire, flag};

/// Totals of connections are written in blocks of about this many bytes.
const PIECE: usize = 64 * 1024;

/// What the file says to people before anything else.
const ABOUT: &str = "The IP, TCP and UDP headers in this file are synthesized: Sockscope records what sockets give and \
    take, not what crosses a wire. Payload, its order, direction, time and addresses are as recorded. A TCP chunk is a \
    run of segments that ends with PSH; handshakes, acknowledgments, sequence numbers, window and hop limit are made \
    up; FIN and RST stand where the log has them. Comments that begin with \"sockscope {\" hold what packets can't.";

/// Writes pcapng.
#[derive(Debug)]
pub(super) struct Pcapng<W> {
    blocks: Blocks<W>,
    role: Role,
    flows: FxHashMap<ConnId, Flow>,
    /// Each route has a place in `holders`. Peers choose their addresses: this table's hashes can't be foreseen.
    slots: HashMap<Route, u32>,
    /// The connection to which the packets of a route belong at present.
    holders: Vec<ConnId>,
    sums: Sums,
    records: u64,
    /// The number that a reader expects next.
    next: Seq,
    /// Datagrams that the kernel dropped, as far as records say so.
    kernel_dropped: u64,
}

/// A connection or UDP peer.
#[derive(Debug)]
struct Flow {
    ends: Option<Ends>,
    headers: Headers,
    slot: u32,
    tcp: Tcp,
    received: Count,
    sent: Count,
}

impl<W: Write> Pcapng<W> {
    pub(super) fn new(out: W) -> Self {
        let (flows, slots, holders, sums) = Default::default();
        let (records, next, kernel_dropped) = (0, 0, 0);
        let blocks = Blocks::new(out);
        Self { blocks, role: Role::Listener, flows, slots, holders, sums, records, next, kernel_dropped }
    }

    /// The flow of a connection that packets of its route belong to from now on: where they did not, a comment of the
    /// next block says so.
    fn claim(&mut self, conn: ConnId, ends: Option<Ends>) -> &mut Flow {
        let Self { blocks, flows, slots, holders, .. } = self;
        let flow = flows.entry(conn).or_insert_with(|| {
            let route = Route::of(ends, conn);
            let slot = *slots.entry(route).or_insert_with(|| {
                // No connection has this number.
                holders.push(ConnId(0));
                u32::try_from(holders.len() - 1).expect("there are as many connections at most")
            });
            let (tcp, headers) = (Tcp::new(conn), Headers::new(route));
            Flow { ends, headers, slot, tcp, received: Count::default(), sent: Count::default() }
        });
        let holder = &mut holders[flow.slot as usize];
        if *holder != conn {
            *holder = conn;
            let (peer, local) = flow.ends.map(|ends| (ends.peer, ends.local)).unzip();
            blocks.remark(Remark::Connection { conn: conn.0, peer, local });
        }
        flow
    }

    /// The handshake of a connection that has none yet, or whose end was seen.
    fn handshake(&mut self, conn: ConnId, by: Direction, time: Stamp) -> io::Result<()> {
        let Some(flow) = self.flows.get_mut(&conn) else { return Ok(()) };
        flow.tcp.handshake(&mut Wire { blocks: &mut self.blocks, headers: &flow.headers, time }, by)
    }

    /// Whose packet comes first in this session's connections.
    fn opener(&self) -> Direction {
        if self.role == Role::Client { Direction::Sent } else { Direction::Received }
    }

    fn payload(
        &mut self,
        record: &Record,
        (conn, direction, bytes): (ConnId, Direction, &Bytes),
        about: About<'_>,
    ) -> io::Result<()> {
        let (is_udp, opener) = (self.role == Role::Udp, self.opener());
        let flow = self.claim(conn, about.ends);
        if if is_udp { bytes.len() > flow.headers.route.longest_datagram() } else { bytes.is_empty() } {
            if bytes.is_empty() {
                flow.count(direction, 0);
            }
            return self.apart(record, about);
        }
        flow.count(direction, bytes.len());
        let must_open = !is_udp && (!flow.tcp.is_open() || flow.tcp.is_finished(direction));
        if must_open {
            self.handshake(conn, opener, record.time)?;
        }
        self.comments(record, about);
        self.sums.add(conn, direction, bytes)?;
        let Some(flow) = self.flows.get_mut(&conn) else { return Ok(()) };
        let wire = &mut Wire { blocks: &mut self.blocks, headers: &flow.headers, time: record.time };
        if !is_udp {
            return flow.tcp.chunk(wire, direction, bytes);
        }
        let headers = flow.headers.udp(direction, bytes);
        wire.blocks.packet(record.time, flag(direction), headers.bytes(), bytes)
    }

    /// What a packet can't say of the record that it is.
    fn comments(&mut self, record: &Record, about: About<'_>) {
        if record.seq != self.next {
            self.blocks.remark(Remark::Next { seq: record.seq });
        }
        self.next = record.seq.wrapping_add(1);
        if record.unexpected {
            self.blocks.remark(Remark::Unexpected);
        }
        if let Some(note) = about.note {
            self.blocks.comment(&format!("{BOOKMARK}{note}"));
        }
    }

    /// The record as a comment of the next block.
    fn remark(&mut self, record: &Record, about: About<'_>) {
        self.next = record.seq.wrapping_add(1);
        self.blocks.remark(Remark::record(record, about.note));
    }

    /// A record that has no packet.
    fn apart(&mut self, record: &Record, about: About<'_>) -> io::Result<()> {
        self.remark(record, about);
        let drops = match &record.content {
            Content::Detail(Detail::KernelDropped { datagrams }) => {
                self.kernel_dropped = self.kernel_dropped.saturating_add(*datagrams);
                Some(Drops { system: self.kernel_dropped, log: 0 })
            }
            _ => None,
        };
        self.blocks.statistics(record.time, drops)?;
        let words = record.words();
        if !words.is_empty() {
            self.blocks.tell(match about.ends {
                Some(ends) => format!("{}: {words}", ends.peer),
                None => words,
            });
        }
        Ok(())
    }

    /// What happened to a TCP connection, with packets where there are some.
    fn event(&mut self, record: &Record, conn: ConnId, detail: &Detail, about: About<'_>) -> io::Result<()> {
        let opener = self.opener();
        let tcp = self.claim(conn, about.ends).tcp;
        let time = record.time;
        if let Detail::Opened { by: by @ (Opened::Accepted | Opened::Connected), .. } = detail
            && !tcp.is_open()
        {
            self.remark(record, about);
            let by = if *by == Opened::Connected { Direction::Sent } else { Direction::Received };
            return self.handshake(conn, by, time);
        }
        let directions = ending(detail);
        if !tcp.was_opened() && !directions.is_empty() {
            self.handshake(conn, opener, time)?;
        }
        let Some(flow) = self.flows.get(&conn) else { return Ok(()) };
        let reset = matches!(detail, Detail::Closed { how: How::PeerReset | How::LocalAbort });
        let has_packets =
            flow.tcp.is_open() && directions.iter().any(|direction| reset || !flow.tcp.is_finished(*direction));
        if has_packets {
            self.remark(record, about);
        } else {
            self.apart(record, about)?;
        }
        let Some(flow) = self.flows.get_mut(&conn) else { return Ok(()) };
        let wire = &mut Wire { blocks: &mut self.blocks, headers: &flow.headers, time };
        if has_packets {
            for direction in directions {
                if reset { flow.tcp.reset(wire, *direction)? } else { flow.tcp.finish(wire, *direction)? }
            }
        }
        if matches!(detail, Detail::Closed { .. }) {
            flow.tcp.close();
        }
        Ok(())
    }

    /// Totals and digests of each connection.
    fn totals(&mut self, summary: &Summary) -> io::Result<bool> {
        let mut sums = self.sums.finish()?;
        let (mut received, mut sent) = (Count::default(), Count::default());
        for flow in self.flows.values() {
            received.join(flow.received);
            sent.join(flow.sent);
        }
        for totals in &summary.connections {
            let saved = self.flows.get(&totals.conn).map_or((0, 0), |flow| (flow.received.bytes, flow.sent.bytes));
            let conn = totals.conn;
            let received = Sum::new(totals.received, saved.0, sums.take(conn, Direction::Received));
            let sent = Sum::new(totals.sent, saved.1, sums.take(conn, Direction::Sent));
            self.blocks.remark(Remark::total(totals, received, sent));
            if self.blocks.comments_exceed(PIECE) {
                self.blocks.statistics(self.blocks.last(), None)?;
            }
        }
        Ok(received == summary.received && sent == summary.sent)
    }
}

/// The directions that are over with this, in order.
fn ending(detail: &Detail) -> &'static [Direction] {
    match detail {
        Detail::Finished { by: Side::Local } => &[Direction::Sent],
        Detail::Finished { by: Side::Peer } => &[Direction::Received],
        Detail::Closed { how: How::PeerFin } => &[Direction::Received, Direction::Sent],
        Detail::Closed { how: How::LocalClose | How::LocalAbort } => &[Direction::Sent],
        Detail::Closed { how: How::PeerReset } => &[Direction::Received],
        _ => &[],
    }
}

impl Flow {
    fn count(&mut self, direction: Direction, bytes: usize) {
        let count = match direction {
            Direction::Received => &mut self.received,
            Direction::Sent => &mut self.sent,
        };
        count.bytes += bytes as u64;
        count.records += 1;
    }
}

impl<W: Write> LogWriter for Pcapng<W> {
    fn start(&mut self, header: &Header) -> io::Result<()> {
        self.role = header.role;
        self.blocks.comment(ABOUT);
        self.blocks.remark(Remark::session(header));
        self.blocks.start(&header.program, &header.endpoint)
    }

    fn record(&mut self, record: &Record, about: About<'_>) -> io::Result<()> {
        self.records += 1;
        match (&record.content, record.conn) {
            (Content::Payload(direction, bytes), Some(conn)) => {
                self.payload(record, (conn, *direction, bytes), about)
            }
            (Content::Detail(detail), Some(conn)) if self.role != Role::Udp => {
                self.event(record, conn, detail, about)
            }
            (_, Some(conn)) => {
                self.claim(conn, about.ends);
                self.apart(record, about)
            }
            (_, None) => self.apart(record, about),
        }
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let complete = self.totals(summary)?;
        self.blocks.remark(Remark::summary(self.records, summary, complete));
        let losses = summary.losses;
        for loss in losses.sentences() {
            self.blocks.comment(&loss);
        }
        self.blocks.finish(Drops { system: losses.datagrams, log: losses.records })
    }
}

#[cfg(test)]
mod tests;
