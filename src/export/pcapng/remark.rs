//! What packets can't say, as comments: `sockscope ` and a JSON object. A person reads them in Wireshark, and the
//! reader restores from them what is not payload.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::format::LONGEST_OPTION;
use crate::endpoint::canonical;
use crate::error::{OpError, SystemCode};
use crate::export::words::opened_name;
use crate::export::{Ends, Header, Losses, Role, Summary, Totals};
use crate::journal::{Content, Count, Detail, Direction, How, Opened, Record, Side};

/// What a comment begins with that is for the reader.
pub(crate) const PREFIX: &str = "sockscope ";

/// What a comment begins with that is a bookmark of the packet's record; a person's note follows.
pub(crate) const BOOKMARK: &str = "bookmark: ";

/// The version of the form: a reader refuses a higher one.
pub(crate) const VERSION: u64 = 1;

/// A text longer than this is cut where the whole would not fit a comment, which takes 65,535 bytes; JSON needs up to
/// six bytes for one.
const LONGEST_TEXT: usize = 8 * 1024;

/// A comment for the reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Remark {
    /// The header of the file.
    Session {
        format: String,
        version: u64,
        program: String,
        role: String,
        endpoint: String,
        /// Nanoseconds since 1970.
        started: u64,
        #[serde(default)]
        missing: Lost,
    },
    /// The next record has this number; else it has that of the one before and 1.
    Next { seq: u64 },
    /// From here on, packets between these ends are of this connection.
    Connection {
        conn: u32,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        peer: Option<SocketAddr>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        local: Option<SocketAddr>,
    },
    /// The record of the packet is a datagram from an unexpected address.
    Unexpected,
    /// A record.
    Record {
        seq: u64,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        conn: Option<u32>,
        what: What,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        bookmark: Option<String>,
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        unexpected: bool,
    },
    /// What crossed a connection.
    Total { conn: u32, peer: SocketAddr, local: SocketAddr, received: Sum, sent: Sum },
    /// The end of the file.
    Summary { records: u64, received: Counted, sent: Counted, dropped: Lost, complete: bool },
}

/// What a record without a packet says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    Opened {
        by: String,
        local: SocketAddr,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        peer: Option<SocketAddr>,
    },
    Finished {
        by: String,
    },
    Closed {
        how: String,
    },
    Error {
        op: String,
        subject: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        errno: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        code: Option<String>,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        advice: Option<String>,
    },
    Dropped {
        datagrams: u64,
    },
    Note {
        text: String,
    },
    /// Payload for which there is no packet: an empty chunk, or what no IP packet can hold.
    Received {
        len: u64,
    },
    /// See `Received`.
    Sent {
        len: u64,
    },
}

/// [`Losses`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lost {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) datagrams: u64,
    #[serde(default)]
    pub(crate) cleared: u64,
}

impl From<Losses> for Lost {
    fn from(losses: Losses) -> Self {
        let Losses { records, bytes, datagrams, cleared } = losses;
        Self { records, bytes, datagrams, cleared }
    }
}

impl From<Lost> for Losses {
    fn from(lost: Lost) -> Self {
        let Lost { records, bytes, datagrams, cleared } = lost;
        Self { records, bytes, datagrams, cleared }
    }
}

/// A [`Count`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) bytes: u64,
    pub(crate) records: u64,
}

impl From<Count> for Counted {
    fn from(count: Count) -> Self {
        Self { bytes: count.bytes, records: count.records }
    }
}

impl From<Counted> for Count {
    fn from(count: Counted) -> Self {
        Self { bytes: count.bytes, records: count.records }
    }
}

/// One direction of a connection: what crossed it, and what of it is in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub(crate) bytes: u64,
    pub(crate) records: u64,
    pub(crate) saved: u64,
    /// In hex.
    pub(crate) sha256: String,
}

impl Sum {
    pub(super) fn new(exact: Count, saved: u64, sha256: [u8; 32]) -> Self {
        Self { bytes: exact.bytes, records: exact.records, saved, sha256: const_hex::encode(sha256) }
    }
}

impl Remark {
    /// Of a file that begins with `header`.
    pub(super) fn session(header: &Header) -> Self {
        Self::Session {
            format: "sockscope".to_owned(),
            version: VERSION,
            program: header.program.clone(),
            role: header.role.name().to_owned(),
            endpoint: header.endpoint.clone(),
            started: header.started.nanos(),
            missing: header.missing.into(),
        }
    }

    /// That of a record without a packet of its own.
    pub(super) fn record(record: &Record, note: Option<&str>) -> Self {
        Self::Record {
            seq: record.seq,
            conn: record.conn.map(|conn| conn.0),
            what: What::of(&record.content),
            bookmark: note.map(str::to_owned),
            unexpected: record.unexpected,
        }
    }

    /// Of a connection and what of it is in the file.
    pub(super) fn total(totals: &Totals, received: Sum, sent: Sum) -> Self {
        let Ends { peer, local } = totals.ends;
        Self::Total { conn: totals.conn.0, peer, local, received, sent }
    }

    /// Of a file with `records` records.
    pub(super) fn summary(records: u64, summary: &Summary, complete: bool) -> Self {
        Self::Summary {
            records,
            received: summary.received.into(),
            sent: summary.sent.into(),
            dropped: summary.losses.into(),
            complete,
        }
    }

    /// As a comment, at most 65,535 bytes: where it would be longer, its texts are cut.
    pub(super) fn text(mut self) -> String {
        let text = self.json();
        if text.len() <= LONGEST_OPTION {
            return text;
        }
        self.cut();
        self.json()
    }

    fn json(&self) -> String {
        let json = serde_json::to_string(self).expect("texts and numbers can be written");
        format!("{PREFIX}{json}")
    }

    /// Cuts whatever comes from outside.
    fn cut(&mut self) {
        match self {
            Self::Session { program, endpoint, .. } => {
                cut(program, LONGEST_TEXT / 2);
                cut(endpoint, LONGEST_TEXT / 2);
            }
            Self::Record { what, bookmark, .. } => {
                if let Some(note) = bookmark {
                    cut(note, LONGEST_TEXT / 4);
                }
                match what {
                    What::Note { text } => cut(text, LONGEST_TEXT),
                    What::Error { op, subject, code, message, advice, .. } => {
                        let texts = [Some(op), Some(subject), code.as_mut(), Some(message), advice.as_mut()];
                        texts.into_iter().flatten().for_each(|text| cut(text, LONGEST_TEXT / 8));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// What a comment says, if it is one for the reader.
    pub(crate) fn parse(comment: &[u8]) -> Option<Self> {
        let json = comment.strip_prefix(PREFIX.as_bytes())?;
        serde_json::from_slice(json).ok()
    }
}

/// At most `longest` bytes of `text`, and a mark where something is missing.
pub(super) fn cut(text: &mut String, longest: usize) {
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest));
        text.push('…');
    }
}

impl What {
    fn of(content: &Content) -> Self {
        match content {
            Content::Payload(Direction::Received, bytes) => Self::Received { len: bytes.len() as u64 },
            Content::Payload(Direction::Sent, bytes) => Self::Sent { len: bytes.len() as u64 },
            Content::Detail(detail) => Self::of_detail(detail),
        }
    }

    fn of_detail(detail: &Detail) -> Self {
        match detail {
            Detail::Opened { by, local, peer } => Self::Opened {
                by: opened_name(*by).to_owned(),
                local: canonical(*local),
                peer: peer.map(canonical),
            },
            Detail::Finished { by } => Self::Finished { by: side_name(*by).to_owned() },
            Detail::Closed { how } => Self::Closed { how: how.name().to_owned() },
            Detail::Error(error) => Self::Error {
                op: error.op.clone().into_owned(),
                subject: error.subject.clone(),
                errno: error.code.as_ref().map(|code| code.number),
                code: error.code.as_ref().map(|code| code.name.clone()),
                message: error.message.clone(),
                advice: error.advice.as_ref().map(ToString::to_string),
            },
            Detail::KernelDropped { datagrams } => Self::Dropped { datagrams: *datagrams },
            Detail::Note(text) => Self::Note { text: text.clone() },
        }
    }

    /// The record's content; `None` where it names something unknown.
    pub(crate) fn content(self) -> Option<Content> {
        let detail = match self {
            Self::Opened { by, local, peer } => Detail::Opened { by: opened(&by)?, local, peer },
            Self::Finished { by } => Detail::Finished { by: side(&by)? },
            Self::Closed { how } => Detail::Closed { how: how_named(&how)? },
            Self::Error { op, subject, errno, code, message, advice } => {
                let code = errno.map(|number| SystemCode { number, name: code.unwrap_or_default() });
                let advice = advice.map(String::into_boxed_str);
                Detail::Error(Box::new(OpError { op: op.into(), subject, code, message, advice }))
            }
            Self::Dropped { datagrams } => Detail::KernelDropped { datagrams },
            Self::Note { text } => Detail::Note(text),
            Self::Received { len: 0 } => return Some(Content::Payload(Direction::Received, bytes::Bytes::new())),
            Self::Sent { len: 0 } => return Some(Content::Payload(Direction::Sent, bytes::Bytes::new())),
            Self::Received { len } => Detail::Note(format!("received {len} bytes that no IP packet can hold")),
            Self::Sent { len } => Detail::Note(format!("sent {len} bytes that no IP packet can hold")),
        };
        Some(Content::Detail(detail))
    }
}

const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Local => "local",
        Side::Peer => "peer",
    }
}

fn side(name: &str) -> Option<Side> {
    [Side::Local, Side::Peer].into_iter().find(|side| side_name(*side) == name)
}

fn opened(name: &str) -> Option<Opened> {
    let all = [Opened::Listening, Opened::Accepted, Opened::Connected, Opened::Bound, Opened::Peer];
    all.into_iter().find(|opened| opened_name(*opened) == name)
}

fn how_named(name: &str) -> Option<How> {
    let all = [How::PeerFin, How::LocalClose, How::PeerReset, How::LocalAbort, How::TimeLimit, How::Error];
    all.into_iter().find(|how| how.name() == name)
}

/// The role that a file names.
pub(crate) fn role(name: &str) -> Option<Role> {
    [Role::Listener, Role::Client, Role::Udp].into_iter().find(|role| role.name() == name)
}
