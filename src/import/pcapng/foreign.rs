//! A capture of somebody else: sessions as far as its packets show them.
//!
//! A connection belongs to the server's side: whoever got the SYN, else who has the lower port, else who was written
//! to first. Where packets say which way they went, this end is the one that they say. A connection is open once its
//! SYN was answered; one that was refused, given up or never answered is an error and closed, and never was open.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use super::super::Item;
use super::flow::{Flow, Given};
use super::packet::{Carried, Other, Transport};
use super::{Arena, CONNECTIONS, Items};
use crate::clock::Stamp;
use crate::endpoint::canonical;
use crate::export::pcapng::format::{ACK, SYN};
use crate::export::{Ends, Header, Losses, Role};
use crate::figures::counted;
use crate::journal::{ConnId, Content, Detail, Direction, Opened, Record, Seq};

/// Bytes that all connections together hold while something before them is missing.
const HELD: usize = 64 << 20;

/// Both ends of a flow, the smaller one first, and whether it is UDP.
type Key = (SocketAddr, SocketAddr, bool);

/// What was left out, and how often.
#[derive(Debug, Default)]
struct LeftOut {
    link: u64,
    protocol: u64,
    fragments: u64,
    damaged: u64,
    connections: u64,
    late: u64,
}

/// Finds the sessions in a capture.
#[derive(Debug)]
pub(super) struct Foreign {
    program: String,
    has_header: bool,
    /// Whoever is in the capture chose the addresses: this table's hashes can't be foreseen.
    keys: HashMap<Key, usize>,
    flows: Vec<Flow>,
    held: usize,
    left_out: LeftOut,
    arena: Arena,
    next: Seq,
    last: Stamp,
    given: Vec<Given>,
    /// The flows that were ended after the last packet.
    ended: usize,
    is_over: bool,
}

impl Foreign {
    /// Of a capture that this program wrote.
    pub(super) fn new(program: Option<String>) -> Self {
        let program = program.unwrap_or_else(|| "a program that is not known".to_owned());
        let (keys, flows, left_out, arena, given) = Default::default();
        let (has_header, held, next, last) = (false, 0, 0, Stamp::default());
        Self {
            program,
            has_header,
            keys,
            flows,
            held,
            left_out,
            arena,
            next,
            last,
            given,
            ended: 0,
            is_over: false,
        }
    }

    /// A packet that carries neither TCP nor UDP.
    pub(super) fn leave_out(&mut self, other: Other) {
        *match other {
            Other::Link => &mut self.left_out.link,
            Other::Protocol => &mut self.left_out.protocol,
            Other::Fragment => &mut self.left_out.fragments,
            Other::Damaged => &mut self.left_out.damaged,
        } += 1;
    }

    /// A segment or a datagram.
    pub(super) fn packet(&mut self, time: Stamp, carried: &Carried<'_>, items: &mut Items) {
        self.last = time;
        let carried = &Carried { from: canonical(carried.from), to: canonical(carried.to), ..*carried };
        let Some(place) = self.find(carried, items) else { return };
        let flow = &mut self.flows[place];
        let before = flow.cost();
        match carried.transport {
            Transport::Udp => flow.datagram(carried, &mut self.arena, &mut self.given),
            Transport::Tcp { seq, ack, flags } => {
                if !flow.segment((seq, ack, flags), carried, &mut self.arena, &mut self.given) {
                    self.left_out.late += 1;
                }
                self.held = self.held + flow.cost() - before;
                if self.held > HELD {
                    let before = flow.cost();
                    flow.pass(&mut self.given);
                    self.held = self.held + flow.cost() - before;
                }
            }
        }
        self.give(place, time, items);
    }

    /// The flow of a packet; `None` where it begins none.
    fn find(&mut self, carried: &Carried<'_>, items: &mut Items) -> Option<usize> {
        let is_udp = carried.transport == Transport::Udp;
        let key = (carried.from.min(carried.to), carried.from.max(carried.to), is_udp);
        let old = self.keys.get(&key).copied();
        let opens = match carried.transport {
            Transport::Udp => false,
            Transport::Tcp { seq, flags, .. } => {
                flags & (SYN | ACK) == SYN && old.is_none_or(|old| self.flows[old].opens_anew(carried.from, seq))
            }
        };
        match old {
            Some(old) if !opens => return Some(old),
            // An acknowledgment, or the end of something that was not seen.
            None if !is_udp && carried.len == 0 && carried_flags(carried) & SYN == 0 => return None,
            _ => {}
        }
        if self.flows.len() >= CONNECTIONS {
            self.left_out.connections += 1;
            return None;
        }
        if let Some(old) = old {
            self.end(old, items);
        }
        let (ends, by) = roles(carried);
        self.header(carried, &ends, by, items);
        let conn = ConnId(u32::try_from(self.flows.len()).unwrap_or(u32::MAX - 1) + 1);
        let ends = ends.clone();
        let flow = if opens { Flow::asking(conn, ends, by) } else { Flow::new(conn, ends) };
        if is_udp {
            self.given.push(flow.opened(by));
        } else if !opens {
            let note = "the start of this connection is not in the capture".to_owned();
            self.given.push(Given::Detail(Detail::Note(note)));
        }
        self.flows.push(flow);
        let place = self.flows.len() - 1;
        self.keys.insert(key, place);
        self.give(place, self.last, items);
        Some(place)
    }

    fn header(&mut self, carried: &Carried<'_>, ends: &Ends, by: Opened, items: &mut Items) {
        if self.has_header {
            return;
        }
        let (role, endpoint) = match (carried.transport, by) {
            (Transport::Udp, _) => (Role::Udp, format!("udp://{}", ends.local)),
            (_, Opened::Connected) => (Role::Client, format!("tcp://{}", ends.peer)),
            _ => (Role::Listener, format!("tcp://{}", ends.local)),
        };
        self.push_header(role, endpoint, items);
    }

    fn push_header(&mut self, role: Role, endpoint: String, items: &mut Items) {
        self.has_header = true;
        let (program, started, missing) = (self.program.clone(), self.last, Losses::default());
        let notes = BTreeMap::new();
        items.push_back(Item::Header(Header { program, role, endpoint, started, missing, notes }));
    }

    /// Gives out what a flow gave as records.
    fn give(&mut self, place: usize, time: Stamp, items: &mut Items) {
        let (conn, ends) = (self.flows[place].conn(), self.flows[place].ends());
        for given in self.given.drain(..) {
            let content = match given {
                Given::Payload(direction, bytes) => Content::Payload(direction, bytes),
                Given::Detail(detail) => Content::Detail(detail),
            };
            let record = Record { seq: self.next, time, conn: Some(conn), content, unexpected: false };
            self.next += 1;
            items.push_back(Item::Record { record, ends: Some(ends.clone()), note: None });
        }
    }

    fn end(&mut self, place: usize, items: &mut Items) {
        let before = self.flows[place].cost();
        self.flows[place].end(&mut self.given);
        self.held = self.held + self.flows[place].cost() - before;
        self.give(place, self.last, items);
    }

    /// After the last packet: gives out what was held, a flow at a time. `false` at the end.
    pub(super) fn finish(&mut self, items: &mut Items) -> bool {
        while self.ended < self.flows.len() && items.is_empty() {
            self.end(self.ended, items);
            self.ended += 1;
        }
        if !items.is_empty() {
            return true;
        }
        if self.is_over {
            return false;
        }
        self.is_over = true;
        if !self.has_header {
            self.push_header(Role::Listener, "a capture without TCP and UDP".to_owned(), items);
        }
        for text in self.left_out.sentences() {
            let content = Content::Detail(Detail::Note(text));
            let record = Record { seq: self.next, time: self.last, conn: None, content, unexpected: false };
            self.next += 1;
            items.push_back(Item::Record { record, ends: None, note: None });
        }
        !items.is_empty()
    }
}

fn carried_flags(carried: &Carried<'_>) -> u8 {
    match carried.transport {
        Transport::Tcp { flags, .. } => flags,
        Transport::Udp => 0,
    }
}

/// Which end of a new flow is this one, and how it came to be open.
fn roles(carried: &Carried<'_>) -> (Ends, Opened) {
    let Carried { from, to, .. } = *carried;
    let is_udp = carried.transport == Transport::Udp;
    // The answer to a SYN that was not captured.
    const ANSWER: u8 = SYN | ACK;
    let to_server = match carried_flags(carried) & ANSWER {
        SYN => true,
        ANSWER => false,
        _ => from.port() >= to.port(),
    };
    let local_is_to = match carried.direction {
        Some(direction) => direction == Direction::Received,
        None => to_server,
    };
    let (peer, local) = if local_is_to { (from, to) } else { (to, from) };
    let by = match (is_udp, local_is_to == to_server) {
        (true, _) => Opened::Peer,
        (false, true) => Opened::Accepted,
        (false, false) => Opened::Connected,
    };
    (Ends { peer: peer.into(), local: local.into() }, by)
}

impl LeftOut {
    fn sentences(&self) -> impl Iterator<Item = String> {
        let all = [
            (self.link, "of a link layer that is not known here"),
            (self.protocol, "with neither TCP nor UDP"),
            (self.fragments, "that are fragments: they are not put together here"),
            (self.damaged, "whose headers are damaged or not captured"),
            (self.connections, "beyond the first 1,000,000 connections"),
            (self.late, "that came after a connection was closed"),
        ];
        all.into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("left out: {} {what}", counted(count, "packet")))
    }
}
