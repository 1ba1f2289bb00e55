//! The calls to the system behind a record: what was asked, and what came of it.
//!
//! They are noted where they are made, with the arguments that they were made with and the result that they had;
//! nothing here is worked out afterwards. The one call that moved a payload is three bytes of the record's entry
//! ([`Transfer`]); calls behind other records are listed beside their details, and leave with them.

mod explain;
mod transfer;
mod words;

use std::net::{IpAddr, SocketAddr};

use super::{ConnId, Connection, Journal, Reader, Segment, Seq};
use crate::endpoint::Address;

pub use explain::{Explanation, option_words};
pub(super) use transfer::Marks;
pub use transfer::Transfer;

/// A call to the system, as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The descriptor that it was made on (a socket's handle on Windows); `None` for `socket`, which gives one.
    pub descriptor: Option<i32>,
    /// Which call, with its arguments and what it gave beside its result.
    pub function: Function,
    /// What it returned.
    pub outcome: Outcome,
}

/// A function of the system, with the arguments after the descriptor. Constants are the system's own numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Function {
    /// socket(2).
    Socket {
        /// `AF_INET` …
        domain: i32,
        /// `SOCK_STREAM` …, with flags.
        kind: i32,
        /// `IPPROTO_TCP` …; 0: the only one there is.
        protocol: i32,
    },
    /// setsockopt(2).
    SetOption(Level, &'static str, Value),
    /// getsockopt(2), and the value that it gave.
    GetOption(Level, &'static str, Value),
    /// bind(2).
    Bind(Address),
    /// listen(2) with this backlog.
    Listen(i32),
    /// accept(2), or accept4(2) where there are flags; and the peer that it gave.
    Accept {
        /// `SOCK_CLOEXEC` …; 0: accept(2).
        flags: i32,
        /// Whose connection it is.
        peer: Option<Address>,
    },
    /// connect(2).
    Connect(Address),
    /// getsockname(2), and what it gave.
    LocalName(Option<Address>),
    /// getpeername(2), and what it gave.
    PeerName(Option<Address>),
    /// recv(2) with room for this many bytes.
    Receive(u32),
    /// send(2) of this many bytes.
    Send(u32),
    /// recvfrom(2) with room for this many bytes, and the sender.
    ReceiveFrom(u32, Option<Address>),
    /// sendto(2) of this many bytes.
    SendTo(u32, Address),
    /// recvmmsg(2).
    ReceiveMany {
        /// How many datagrams it could take.
        room: u32,
        /// Which of those that came this record is, from 1.
        part: u32,
    },
    /// recvfrom(2) with `MSG_PEEK` and `MSG_TRUNC`: how long the next datagram is, which stays where it is.
    Peek,
    /// recvmsg(2) with room for this many bytes.
    ReceiveMessage(u32),
    /// recvmsg(2) from the socket's error queue, and the error that it gave: 0 for none.
    ReceiveError(i32),
    /// shutdown(2) of the sending half.
    ShutdownWrite,
    /// close(2).
    Close,
    /// Any other, with its arguments as they are shown, without the descriptor.
    Other(&'static str, Box<str>),
}

/// What a call returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This.
    Done(i32),
    /// -1, and this number in `errno`.
    Failed(i32),
    /// The system's result did not get as far as here.
    Untold,
}

/// To which layer an option belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `SOL_SOCKET`, socket(7).
    Socket,
    /// `IPPROTO_IP`, ip(7).
    Ip,
    /// `IPPROTO_IPV6`, ipv6(7).
    Ipv6,
    /// `IPPROTO_TCP`, tcp(7).
    Tcp,
    /// `IPPROTO_UDP`, udp(7).
    Udp,
}

impl Level {
    /// The level of this name in the system's headers; [`Level::Socket`] for one that is not known here.
    pub fn named(name: &str) -> Self {
        match name.trim_start_matches("SOL_").trim_start_matches("IPPROTO_") {
            "IP" => Self::Ip,
            "IPV6" => Self::Ipv6,
            "TCP" => Self::Tcp,
            "UDP" => Self::Udp,
            _ => Self::Socket,
        }
    }
}

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number, or a switch as 0 and 1.
    Number(i32),
    /// Anything else, as it is shown.
    Words(Box<str>),
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(on: bool) -> Self {
        Self::Number(on.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(i32::try_from(number).unwrap_or(i32::MAX))
    }
}

impl From<&str> for Value {
    fn from(words: &str) -> Self {
        Self::Words(words.into())
    }
}

impl Call {
    /// Bytes of the texts in it.
    fn texts(&self) -> usize {
        match &self.function {
            Function::SetOption(_, _, Value::Words(words))
            | Function::GetOption(_, _, Value::Words(words))
            | Function::Other(_, words) => words.len(),
            _ => 0,
        }
    }
}

impl Segment {
    /// How many calls are behind record `seq`.
    pub fn calls_of(&self, seq: Seq) -> usize {
        self.noted(seq).map_or(0, |(noted, entry)| noted.len() + usize::from(entry.marks.has_transfer()))
    }
}

impl Journal {
    /// The calls behind record `seq` of `segment`, in the order in which they were made. Records of a file have none.
    pub fn calls(&self, segment: &Segment, seq: Seq) -> Vec<Call> {
        let Some((noted, entry)) = segment.noted(seq) else { return Vec::new() };
        let moved = entry.marks.has_transfer().then(|| {
            let connection = self.connection(ConnId(entry.conn));
            let descriptor = connection.as_ref().and_then(|connection| connection.descriptor);
            entry.marks.transfer().call(descriptor, entry.len, connection.as_ref().map(wire_peer))
        });
        noted.cloned().chain(moved.flatten()).collect()
    }
}

impl Reader<'_> {
    /// How many calls are behind record `seq`, as long as it is held.
    pub fn count_calls(&mut self, seq: Seq) -> usize {
        self.find(seq).map_or(0, |slice| slice.calls_of(seq))
    }

    /// The calls behind record `seq`, in the order in which they were made, as long as it is held.
    pub fn calls(&mut self, seq: Seq) -> Vec<Call> {
        let journal = self.journal();
        self.find(seq).map_or_else(Vec::new, |slice| journal.calls(slice, seq))
    }
}

/// The other end in the words of this end's socket: one of IPv6 knows IPv4 peers as mapped (RFC 4291 §2.5.5.2).
fn wire_peer(connection: &Connection) -> Address {
    match (&connection.local, &connection.peer) {
        (Address::Ip(SocketAddr::V6(_)), Address::Ip(SocketAddr::V4(peer))) => {
            Address::from((IpAddr::V6(peer.ip().to_ipv6_mapped()), peer.port()))
        }
        (_, peer) => peer.clone(),
    }
}

/// The calls of some consecutive records, those of earlier records first.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    /// Each with the index of the record that it belongs to.
    list: Vec<(u32, Call)>,
    /// Bytes of the texts in them.
    texts: usize,
}

impl Listed {
    /// Appends a call of record `index`, which is the last one or comes after it.
    pub(super) fn push(&mut self, index: usize, call: Call) {
        let index = u32::try_from(index).expect("a segment has fewer than 2^32 records");
        self.texts += call.texts();
        self.list.push((index, call));
    }

    /// Those of record `index`, in the order in which they were made.
    pub(super) fn of(&self, index: usize) -> impl ExactSizeIterator<Item = &Call> {
        let place = |index: usize| self.list.partition_point(|(of, _)| (*of as usize) < index);
        self.list[place(index)..place(index.saturating_add(1))].iter().map(|(_, call)| call)
    }

    /// Appends those of `later`, whose records begin at `base` here.
    pub(super) fn append(&mut self, later: Self, base: usize) {
        self.texts += later.texts;
        let base = u32::try_from(base).expect("a segment has fewer than 2^32 records");
        self.list.extend(later.list.into_iter().map(|(index, call)| (index + base, call)));
    }

    /// A copy of those of record `from` and all after it, which is index 0 there.
    pub(super) fn copy_from(&self, from: usize) -> Self {
        let mut copy = Self::default();
        let place = self.list.partition_point(|(of, _)| (*of as usize) < from);
        for (index, call) in &self.list[place..] {
            copy.push(*index as usize - from, call.clone());
        }
        copy
    }

    /// Lets go of memory that is not used.
    pub(super) fn shrink(&mut self) {
        self.list.shrink_to_fit();
    }

    /// Bytes that they take in memory.
    pub(super) fn held(&self) -> usize {
        self.list.len() * size_of::<(u32, Call)>() + self.texts
    }
}

// Five of them are noted of a connection that comes and goes.
const _: () = assert!(size_of::<(u32, Call)>() <= 72);

#[cfg(test)]
mod tests;
