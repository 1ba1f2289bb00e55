//! Which records the log shows.

use std::collections::HashMap;

use crate::journal::{ConnId, Content, Direction, Journal, Record};

/// The longest text of a filter, in characters.
pub const LONGEST_FILTER: usize = 512;

/// Connections whose match a filter remembers.
const PEERS_KNOWN: usize = 100_000;

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
            Self::All => "Direction",
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
    /// A part of the peer's address, `127.0.` or `:80`; a whole address and port is that peer alone.
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
    whole_peer: Option<std::net::SocketAddr>,
    text: Option<regex::bytes::Regex>,
    /// Whether a connection's peer matches: looked up once a connection.
    peers: HashMap<ConnId, bool>,
}

impl Matcher {
    /// Prepares `filter`.
    pub fn new(filter: &Filter) -> Self {
        let text = (!filter.text.is_empty()).then(|| {
            let text: String = filter.text.chars().take(LONGEST_FILTER).collect();
            regex::bytes::RegexBuilder::new(&regex::escape(&text))
                .case_insensitive(!filter.text.chars().any(char::is_uppercase))
                .size_limit(64 << 20)
                .build()
                .expect("an escaped text of at most LONGEST_FILTER characters is a small regex")
        });
        let peer = filter.peer.trim().to_owned();
        Self { ways: filter.ways, whole_peer: peer.parse().ok(), peer, text, peers: HashMap::new() }
    }

    /// Whether `record` of `journal` passes.
    pub fn admits(&mut self, record: &Record, journal: &Journal) -> bool {
        self.ways.admits(&record.content) && self.admits_text(record) && self.admits_peer(record.conn, journal)
    }

    fn admits_text(&self, record: &Record) -> bool {
        let Some(text) = &self.text else { return true };
        match &record.content {
            Content::Payload(_, bytes) => text.is_match(bytes),
            Content::Detail(_) => text.is_match(record.words().as_bytes()),
        }
    }

    fn admits_peer(&mut self, conn: Option<ConnId>, journal: &Journal) -> bool {
        if self.peer.is_empty() {
            return true;
        }
        let Some(id) = conn else { return false };
        if self.peers.len() > PEERS_KNOWN {
            self.peers.clear();
        }
        *self.peers.entry(id).or_insert_with(|| {
            journal.connection(id).is_some_and(|known| match self.whole_peer {
                Some(whole) => known.peer == whole,
                None => known.peer.to_string().contains(&self.peer),
            })
        })
    }
}
