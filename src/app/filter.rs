//! Which records the log shows: what a person typed, and what is wrong with it.

mod kinds;
mod length;
mod matcher;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use matcher::Beside;

use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::endpoint::ParseError;
use crate::moment::Moment;
use crate::payload::{self, Encoding};
use crate::search::{Notation, Pattern};

pub use kinds::{Kind, Kinds};
pub use matcher::Matcher;

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

    fn kinds(self) -> Kinds {
        let mut events = Kinds::default();
        events.set(Kind::Received, false);
        events.set(Kind::Sent, false);
        match self {
            Self::All => Kinds::default(),
            Self::Received => Kinds::of(&[Kind::Received]),
            Self::Sent => Kinds::of(&[Kind::Sent]),
            Self::Events => events,
        }
    }
}

/// What a person asked to see. A row is shown when everything here holds for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Which way.
    pub ways: Ways,
    /// A part of the peer's address, `127.0.` or `:80`; a whole address and port is that peer alone.
    pub peer: String,
    /// A part of the payload or of an event's words.
    pub text: String,
    /// How the text is written.
    pub notation: Notation,
    /// Which kinds.
    pub kinds: Kinds,
    /// Bytes of payload: `64`, `>1000`, `10-20`.
    pub length: String,
    /// The earliest time, as [`Moment`] reads it.
    pub from: String,
    /// The latest.
    pub to: String,
}

/// The fields in which something may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// [`Filter::text`].
    Text,
    /// [`Filter::length`].
    Length,
    /// [`Filter::from`].
    From,
    /// [`Filter::to`].
    To,
}

impl Field {
    /// The accessible name of the field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "Filter text",
            Self::Length => "Length",
            Self::From => "From",
            Self::To => "To",
        }
    }
}

/// What is wrong in a filter, in words with the position: `character 3: unclosed group`.
pub type Problems = BTreeMap<Field, String>;

impl Filter {
    /// Whether every record passes.
    pub fn is_empty(&self) -> bool {
        self.ways == Ways::All && self.peer.trim().is_empty() && self.text.is_empty() && self.more() == 0
    }

    /// How many of the fields in the second line of the tool bar are set.
    pub fn more(&self) -> usize {
        let typed = [&self.length, &self.from, &self.to].into_iter().filter(|text| !text.trim().is_empty()).count();
        typed + usize::from(!self.kinds.is_all())
    }

    /// Makes it ready for many records, whose text is in `encoding`. `now` is the present, for times without a date.
    ///
    /// # Errors
    /// What is wrong in each field.
    pub fn matcher(&self, now: Stamp, encoding: Encoding) -> Result<Matcher, Problems> {
        let mut problems = Problems::new();
        let parse = |text: &str| Pattern::parse_in(encoding, self.notation, text);
        let pattern = checked(&mut problems, Field::Text, &self.text, parse);
        let length = checked(&mut problems, Field::Length, &self.length, length::parse);
        let from = checked(&mut problems, Field::From, &self.from, moment).map(|moment| moment.before(now).start);
        let to = checked(&mut problems, Field::To, &self.to, moment);
        let to = to.map(|to| from.map_or_else(|| to.on_day_of(now), |from| to.after(from)).end);
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            problems.insert(Field::To, "this is before the time in From".to_owned());
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let peer = self.peer.trim().to_owned();
        let (kinds, peers) = (self.ways.kinds().and(self.kinds), HashMap::new());
        let beside = Beside {
            kinds,
            length,
            from,
            to,
            whole_peer: peer.parse::<SocketAddr>().ok().map(Address::Ip),
            peer,
            peers,
        };
        Ok(Matcher { beside, pattern, found: None })
    }
}

fn moment(text: &str) -> Result<Option<Moment>, ParseError> {
    if text.trim().is_empty() { Ok(None) } else { text.parse().map(Some) }
}

/// What `read` makes of a field; an error goes to the problems.
fn checked<T>(
    problems: &mut Problems,
    field: Field,
    text: &str,
    read: impl FnOnce(&str) -> Result<Option<T>, ParseError>,
) -> Option<T> {
    match read(text) {
        Ok(value) => value,
        Err(error) => {
            problems.insert(field, at_character(text, &error));
            None
        }
    }
}

/// An error in a field of one line: `character 3: unclosed group`.
pub fn at_character(text: &str, error: &ParseError) -> String {
    format!("character {}: {}", payload::column(text, error.position), error.reason)
}
