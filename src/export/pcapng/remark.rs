//! What packets can't say, as comments: `sockscope ` and a JSON object. A person reads them in Wireshark, and the
//! reader restores from them what is not payload.

mod what;

use serde::{Deserialize, Serialize};

use super::format::LONGEST_OPTION;
use crate::endpoint::Address;
use crate::export::{Ends, Header, Losses, Role, Summary, Totals};
use crate::journal::{Count, Record};
pub(crate) use what::What;

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
        peer: Option<Address>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        local: Option<Address>,
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
    Total { conn: u32, peer: Address, local: Address, received: Sum, sent: Sum },
    /// The end of the file.
    Summary { records: u64, received: Counted, sent: Counted, dropped: Lost, complete: bool },
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
        let Ends { peer, local } = totals.ends.clone();
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

/// The role that a file names.
pub(crate) fn role(name: &str) -> Option<Role> {
    [Role::Listener, Role::Client, Role::Udp].into_iter().find(|role| role.name() == name)
}
