//! What a record without a packet says, and the names of its kinds.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::endpoint::Address;
use crate::error::{OpError, SystemCode};
use crate::export::words::opened_name;
use crate::journal::{Content, Detail, Direction, How, Opened, Side};

/// What a record without a packet says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    Opened {
        by: String,
        local: Address,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        peer: Option<Address>,
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

impl What {
    /// The same as a remark.
    pub(super) fn of(content: &Content) -> Self {
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
                local: local.canonical(),
                peer: peer.as_ref().map(Address::canonical),
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
            Self::Received { len: 0 } => return Some(Content::Payload(Direction::Received, Bytes::new())),
            Self::Sent { len: 0 } => return Some(Content::Payload(Direction::Sent, Bytes::new())),
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
