//! Which records the log shows.

use std::collections::HashMap;

use crate::journal::{ConnId, Content, Detail, Direction, Journal, Record};

/// Which way, in the log's filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ways {
    /// Every row.
    #[default]
    All,
    /// Payload that came.
    Received,
    /// Payload that went.
    Sent,
    /// Rows without payload: opened, closed, errors, notes.
    Events,
}

impl Ways {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 4] = [Self::All, Self::Received, Self::Sent, Self::Events];

    /// The words on the control.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "All rows",
            Self::Received => "Received",
            Self::Sent => "Sent",
            Self::Events => "Events",
        }
    }

    fn admits(self, content: &Content) -> bool {
        match (self, content) {
            (Self::All, _) | (Self::Events, Content::Detail(_)) => true,
            (Self::Received, Content::Payload(direction, _)) => *direction == Direction::Received,
            (Self::Sent, Content::Payload(direction, _)) => *direction == Direction::Sent,
            _ => false,
        }
    }
}

/// What a person asked to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Which way.
    pub ways: Ways,
    /// A part of the peer's address, `127.0.0.1:5` or `:80`.
    pub peer: String,
    /// A part of the payload or of an event's words; small letters match capitals too.
    pub text: String,
}

impl Filter {
    /// Whether every record passes.
    pub fn is_empty(&self) -> bool {
        self.ways == Ways::All && self.peer.trim().is_empty() && self.text.is_empty()
    }
}

/// A filter made ready for many records.
#[derive(Debug)]
pub struct Matcher {
    ways: Ways,
    peer: String,
    text: Option<regex::bytes::Regex>,
    /// Whether a connection's peer matches: looked up once a connection.
    peers: HashMap<ConnId, bool>,
}

impl Matcher {
    /// Prepares `filter`.
    pub fn new(filter: &Filter) -> Self {
        let text = (!filter.text.is_empty()).then(|| {
            regex::bytes::RegexBuilder::new(&regex::escape(&filter.text))
                .case_insensitive(!filter.text.chars().any(char::is_uppercase))
                .size_limit(64 << 20)
                .build()
                .ok()
        });
        Self { ways: filter.ways, peer: filter.peer.trim().to_owned(), text: text.flatten(), peers: HashMap::new() }
    }

    /// Whether `record` of `journal` passes.
    pub fn admits(&mut self, record: &Record, journal: &Journal) -> bool {
        self.ways.admits(&record.content) && self.admits_text(record) && self.admits_peer(record.conn, journal)
    }

    fn admits_text(&self, record: &Record) -> bool {
        let Some(text) = &self.text else { return true };
        match &record.content {
            Content::Payload(_, bytes) => text.is_match(bytes),
            Content::Detail(detail) => text.is_match(words(detail).as_bytes()),
        }
    }

    fn admits_peer(&mut self, conn: Option<ConnId>, journal: &Journal) -> bool {
        if self.peer.is_empty() {
            return true;
        }
        let Some(id) = conn else { return false };
        *self.peers.entry(id).or_insert_with(|| {
            journal.connection(id).is_some_and(|connection| connection.peer.to_string().contains(&self.peer))
        })
    }
}

/// What a row without payload says.
pub fn words(detail: &Detail) -> String {
    use crate::journal::{Opened, Side};
    match detail {
        Detail::Opened { by, local, peer } => match (by, peer) {
            (Opened::Listening, _) => format!("listening on {local}"),
            (Opened::Accepted, Some(peer)) => format!("{peer} connected to {local}"),
            (Opened::Connected, Some(peer)) => format!("connected to {peer} from {local}"),
            (Opened::Bound, _) => format!("bound to {local}"),
            (Opened::Peer, Some(peer)) => format!("{peer} is a new peer"),
            (_, None) => format!("open at {local}"),
        },
        Detail::Finished { by: Side::Local } => "finished sending (FIN)".to_owned(),
        Detail::Finished { by: Side::Peer } => "the peer finished sending (FIN)".to_owned(),
        Detail::Closed { how } => format!("closed {}", how.words()),
        Detail::Error(error) => error.to_string(),
        Detail::KernelDropped { datagrams: 1 } => {
            "the kernel dropped 1 datagram: the receive buffer was full".to_owned()
        }
        Detail::KernelDropped { datagrams } => {
            format!("the kernel dropped {datagrams} datagrams: the receive buffer was full")
        }
        Detail::Note(text) => text.clone(),
    }
}

/// The kind of a record in one word, for the log's second column.
pub fn kind(content: &Content) -> &'static str {
    match content {
        Content::Payload(Direction::Received, _) => "received",
        Content::Payload(Direction::Sent, _) => "sent",
        Content::Detail(detail) => match detail {
            Detail::Opened { .. } => "opened",
            Detail::Finished { .. } => "finished",
            Detail::Closed { .. } => "closed",
            Detail::Error(_) => "error",
            Detail::KernelDropped { .. } => "dropped",
            Detail::Note(_) => "note",
        },
    }
}
