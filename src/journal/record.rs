//! What a record says: an entry of 24 bytes beside its payload, or beside a detail for the rows that carry none.

use bytes::Bytes;

use super::calls::Marks;
use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::error::OpError;

/// The number of a record in its journal: from 0, in order, never reused.
pub type Seq = u64;

/// The number of a connection (or of a UDP peer) in its journal: from 1, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u32);

/// Which way payload went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From here to the peer.
    Sent,
    /// From the peer to here.
    Received,
}

impl Direction {
    /// `sent` or `received`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
        }
    }
}

/// Who did something to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This program.
    Local,
    /// The other end.
    Peer,
}

/// How a connection or a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The peer finished first (FIN), and everything was delivered.
    PeerFin,
    /// This end closed it, in order (FIN).
    LocalClose,
    /// The peer aborted it (RST).
    PeerReset,
    /// This end aborted it (RST).
    LocalAbort,
    /// A time limit passed.
    TimeLimit,
    /// The system reported an error; the record before says which.
    Error,
}

impl How {
    /// The name in files: `peer_fin`, `local_close` …
    pub const fn name(self) -> &'static str {
        match self {
            Self::PeerFin => "peer_fin",
            Self::LocalClose => "local_close",
            Self::PeerReset => "peer_reset",
            Self::LocalAbort => "local_abort",
            Self::TimeLimit => "time_limit",
            Self::Error => "error",
        }
    }

    /// The words in the log.
    pub const fn words(self) -> &'static str {
        match self {
            Self::PeerFin => "by the peer (FIN)",
            Self::LocalClose => "from here (FIN)",
            Self::PeerReset => "by the peer (RST)",
            Self::LocalAbort => "from here (RST)",
            Self::TimeLimit => "by the time limit",
            Self::Error => "by an error",
        }
    }
}

/// How something came to be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// A TCP listener.
    Listening,
    /// A connection that a peer made.
    Accepted,
    /// A connection made from here.
    Connected,
    /// A UDP socket.
    Bound,
    /// A UDP peer, at its first datagram in either direction.
    Peer,
}

/// What a record without payload says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Something is open now.
    Opened {
        /// In which way.
        by: Opened,
        /// This end's address.
        local: Address,
        /// The other end's, where there is one.
        peer: Option<Address>,
    },
    /// One direction of a connection is finished (FIN), the other may go on.
    Finished {
        /// Who will send no more.
        by: Side,
    },
    /// A connection, a listener or a UDP socket is closed.
    Closed {
        /// By whom and how.
        how: How,
    },
    /// Something failed.
    Error(Box<OpError>),
    /// The kernel dropped datagrams before this point because the receive buffer was full.
    KernelDropped {
        /// How many since the last such record.
        datagrams: u64,
    },
    /// Anything else that a reader should know, in one sentence.
    Note(String),
}

impl Detail {
    /// Bytes of the texts in it.
    pub(super) fn texts(&self) -> usize {
        match self {
            Self::Error(error) => {
                let code = error.code.as_ref().map_or(0, |code| code.name.len());
                let advice = error.advice.as_ref().map_or(0, |advice| advice.len());
                error.op.len() + error.subject.len() + error.message.len() + code + advice
            }
            Self::Note(text) => text.len(),
            _ => 0,
        }
    }

    /// What happened, in one sentence without a capital or full stop: the same in the window and in files. It may
    /// hold foreign text: names, paths, messages of the system.
    pub fn words(&self) -> String {
        match self {
            Self::Opened { by, local, peer } => match (by, peer) {
                (Opened::Listening, _) => format!("listening on {local}"),
                (Opened::Bound, _) => format!("bound to {local}"),
                (Opened::Accepted, Some(peer)) => format!("{peer} connected to {local}"),
                (Opened::Connected, Some(peer)) => format!("connected to {peer} from {local}"),
                (Opened::Peer, Some(peer)) => format!("{peer} is a new peer"),
                (Opened::Accepted | Opened::Connected | Opened::Peer, None) => format!("open at {local}"),
            },
            Self::Finished { by: Side::Local } => "finished sending (FIN)".to_owned(),
            Self::Finished { by: Side::Peer } => "the peer finished sending (FIN)".to_owned(),
            Self::Closed { how } => format!("closed {}", how.words()),
            Self::Error(error) => error.to_string(),
            Self::KernelDropped { datagrams: 1 } => {
                "the kernel dropped 1 datagram: the receive buffer was full".to_owned()
            }
            Self::KernelDropped { datagrams } => {
                format!("the kernel dropped {datagrams} datagrams: the receive buffer was full")
            }
            Self::Note(text) => text.clone(),
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Bytes that the kernel took, or that it gave: one TCP read or write is one chunk, one UDP datagram one payload.
    Payload(Direction, Bytes),
    /// Everything else.
    Detail(Detail),
}

impl Content {
    /// The kind of record in one word, for the log's second column.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Payload(direction, _) => direction.name(),
            Self::Detail(Detail::Opened { .. }) => "opened",
            Self::Detail(Detail::Finished { .. }) => "finished",
            Self::Detail(Detail::Closed { .. }) => "closed",
            Self::Detail(Detail::Error(_)) => "error",
            Self::Detail(Detail::KernelDropped { .. }) => "dropped",
            Self::Detail(Detail::Note(_)) => "note",
        }
    }
}

/// One row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub seq: Seq,
    /// When: for what came, the clock reading of the I/O turn; for what was sent, one after the system took it.
    pub time: Stamp,
    /// The connection or UDP peer that it belongs to; `None` for the listener or socket itself.
    pub conn: Option<ConnId>,
    /// What happened.
    pub content: Content,
    /// A UDP datagram from an address that was never sent to while others were (COVERAGE A6).
    pub unexpected: bool,
}

impl Record {
    /// What happened, as [`Detail::words`]; empty for payload. A session's own socket has no FIN: when the record
    /// belongs to no connection, its end is told in other words.
    pub fn words(&self) -> String {
        match (&self.content, self.conn) {
            (Content::Payload(..), _) => String::new(),
            (Content::Detail(Detail::Closed { how: How::LocalClose }), None) => {
                "stopped: the address is free again".to_owned()
            }
            (Content::Detail(Detail::Closed { how: How::TimeLimit }), None) => {
                "given up at the time limit".to_owned()
            }
            (Content::Detail(detail), _) => detail.words(),
        }
    }

    /// The direction and bytes, for a record that has some.
    pub fn payload(&self) -> Option<(Direction, &Bytes)> {
        match &self.content {
            Content::Payload(direction, bytes) => Some((*direction, bytes)),
            Content::Detail(_) => None,
        }
    }
}

/// The stored form of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) time: Stamp,
    /// Where the payload starts in its segment, or the index of the detail.
    pub(super) start: u32,
    /// Payload bytes; 0 for details.
    pub(super) len: u32,
    /// 0: none.
    pub(super) conn: u32,
    pub(super) kind: EntryKind,
    /// Whether it was unexpected, and the call that moved its payload.
    pub(super) marks: Marks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    Received,
    Sent,
    Detail,
}

const _: () = assert!(size_of::<Entry>() == 24);
