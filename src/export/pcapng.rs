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
//! becomes IPv6, where the former is `::ffff:a.b.c.d`. The ends of Unix sockets have stand-ins (RFC 5737): 192.0.2.1 and
//! 198.51.100.0/24, with a port for each peer.
//!
//! Comments that begin with `sockscope {` are for [`crate::import`], and hold what packets can't: numbers, kinds,
//! totals and digests. What is not kept: texts beyond 8 KiB in notes, 1 KiB in errors and 2 KiB in the bookmarks of
//! such records, where a record does not fit the 65,535 bytes of a comment, and payload that no IP packet can hold.

mod annotated;
mod block;
mod checksum;
mod flows;
pub(crate) mod format;
mod headers;
pub(crate) mod remark;
mod tcp;

use std::io::{self, Write};

use bytes::Bytes;

use super::sums::Sums;
use super::{About, Header, LogWriter, Role, Summary};
use crate::journal::{ConnId, Content, Detail, Direction, How, Opened, Record, Side};
use annotated::Annotated;
use block::Drops;
use flows::{Flow, Flows};
pub(crate) use headers::Route;
use remark::{Remark, Sum};
use tcp::{Wire, flag};

/// Totals of connections are written in blocks of about this many bytes.
const PIECE: usize = 64 * 1024;

/// What the file says to people before anything else.
const ABOUT: &str = "The IP, TCP and UDP headers in this file are synthesized: Sockscope records what sockets give and \
    take, not what crosses a wire. Payload, its order, direction, time and addresses are as recorded. A TCP chunk is a \
    run of segments that ends with PSH; handshakes, acknowledgments, sequence numbers, window and hop limit are made \
    up; FIN and RST stand where the log has them. Unix sockets have no IP addresses: 192.0.2.1 stands for this end and \
    198.51.100.0/24 for the others, with a port for each, and the comment at the first packet of each has its real name. \
    Comments that begin with \"sockscope {\" hold what packets can't.";

/// Writes pcapng.
#[derive(Debug)]
pub(super) struct Pcapng<W> {
    file: Annotated<W>,
    role: Role,
    flows: Flows,
    sums: Sums,
    records: u64,
}

impl<W: Write> Pcapng<W> {
    pub(super) fn new(out: W) -> Self {
        let (flows, sums, records) = Default::default();
        Self { file: Annotated::new(out), role: Role::Listener, flows, sums, records }
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
        let flow = self.flows.claim(conn, about.ends, &mut self.file);
        let is_too_long = is_udp && bytes.len() > flow.headers.route.longest_datagram();
        if !is_too_long {
            flow.count(direction, bytes.len());
        }
        // No segment is empty.
        if is_too_long || (!is_udp && bytes.is_empty()) {
            return self.file.apart(record, about);
        }
        self.sums.add(conn, direction, bytes)?;
        let Flow { headers, tcp, .. } = flow;
        if !is_udp && (!tcp.is_open() || tcp.is_finished(direction)) {
            let blocks = &mut self.file.blocks;
            tcp.handshake(&mut Wire { blocks, headers, time: record.time }, opener)?;
        }
        self.file.comment(record, about);
        let blocks = &mut self.file.blocks;
        if is_udp {
            return blocks.packet(record.time, flag(direction), headers.udp(direction, bytes).bytes(), bytes);
        }
        tcp.chunk(&mut Wire { blocks, headers, time: record.time }, direction, bytes)
    }

    /// What happened to a TCP connection, with packets where there are some.
    fn event(&mut self, record: &Record, conn: ConnId, detail: &Detail, about: About<'_>) -> io::Result<()> {
        let (opener, time) = (self.opener(), record.time);
        let Flow { headers, tcp, .. } = self.flows.claim(conn, about.ends, &mut self.file);
        if let Detail::Opened { by: by @ (Opened::Accepted | Opened::Connected), .. } = detail
            && !tcp.is_open()
        {
            self.file.remark(record, about);
            let by = if *by == Opened::Connected { Direction::Sent } else { Direction::Received };
            return tcp.handshake(&mut Wire { blocks: &mut self.file.blocks, headers, time }, by);
        }
        let directions = ending(detail);
        if !tcp.was_opened() && !directions.is_empty() {
            tcp.handshake(&mut Wire { blocks: &mut self.file.blocks, headers, time }, opener)?;
        }
        let reset = matches!(detail, Detail::Closed { how: How::PeerReset | How::LocalAbort });
        let is_new = |direction: &Direction| reset || !tcp.is_finished(*direction);
        if tcp.is_open() && directions.iter().any(is_new) {
            self.file.remark(record, about);
            let wire = &mut Wire { blocks: &mut self.file.blocks, headers, time };
            for direction in directions {
                if reset { tcp.reset(wire, *direction)? } else { tcp.finish(wire, *direction)? }
            }
        } else {
            self.file.apart(record, about)?;
        }
        if matches!(detail, Detail::Closed { .. }) {
            tcp.close();
        }
        Ok(())
    }

    /// Totals and digests of each connection. Returns whether they are all there ever was.
    fn totals(&mut self, summary: &Summary) -> io::Result<bool> {
        let mut sums = self.sums.finish()?;
        for totals in &summary.connections {
            let conn = totals.conn;
            let saved = self.flows.get(conn).map_or((0, 0), |flow| (flow.received.bytes, flow.sent.bytes));
            let received = Sum::new(totals.received, saved.0, sums.take(conn, Direction::Received));
            let sent = Sum::new(totals.sent, saved.1, sums.take(conn, Direction::Sent));
            self.file.blocks.remark(Remark::total(totals, received, sent));
            if self.file.blocks.comments_exceed(PIECE) {
                self.file.blocks.statistics(self.file.blocks.last(), None)?;
            }
        }
        let (received, sent) = self.flows.totals();
        Ok(summary.is_all(received, sent))
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

impl<W: Write> LogWriter for Pcapng<W> {
    fn start(&mut self, header: &Header) -> io::Result<()> {
        self.role = header.role;
        let blocks = &mut self.file.blocks;
        blocks.comment(ABOUT);
        blocks.remark(Remark::session(header));
        blocks.start(&header.program, &header.endpoint)
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
                self.flows.claim(conn, about.ends, &mut self.file);
                self.file.apart(record, about)
            }
            (_, None) => self.file.apart(record, about),
        }
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let complete = self.totals(summary)?;
        let (blocks, losses) = (&mut self.file.blocks, summary.losses);
        blocks.remark(Remark::summary(self.records, summary, complete));
        for loss in losses.sentences() {
            blocks.comment(&loss);
        }
        blocks.finish(Drops { system: losses.datagrams, log: losses.records })
    }
}
