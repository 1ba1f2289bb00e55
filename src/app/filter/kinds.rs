//! The kinds of records, as a filter tells them apart.

use crate::journal::{Content, Detail, Direction};

/// What a record is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Payload that came.
    Received,
    /// Payload that went.
    Sent,
    /// Something is open now.
    Opened,
    /// One direction is finished (FIN).
    Finished,
    /// Something is closed.
    Closed,
    /// Something failed.
    Error,
    /// The kernel dropped datagrams.
    Dropped,
    /// Anything else that a reader should know.
    Note,
}

impl Kind {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 8] = [
        Self::Received,
        Self::Sent,
        Self::Opened,
        Self::Finished,
        Self::Closed,
        Self::Error,
        Self::Dropped,
        Self::Note,
    ];

    /// The word on the control.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "Received",
            Self::Sent => "Sent",
            Self::Opened => "Opened",
            Self::Finished => "Finished",
            Self::Closed => "Closed",
            Self::Error => "Error",
            Self::Dropped => "Dropped",
            Self::Note => "Note",
        }
    }

    /// The kind of payload that went this way.
    pub(super) const fn of_payload(direction: Direction) -> Self {
        match direction {
            Direction::Received => Self::Received,
            Direction::Sent => Self::Sent,
        }
    }

    /// The kind of a record without payload.
    pub(super) const fn of_detail(detail: &Detail) -> Self {
        match detail {
            Detail::Opened { .. } => Self::Opened,
            Detail::Finished { .. } => Self::Finished,
            Detail::Closed { .. } => Self::Closed,
            Detail::Error(_) => Self::Error,
            Detail::KernelDropped { .. } => Self::Dropped,
            Detail::Note(_) => Self::Note,
        }
    }

    /// The kind of a record.
    pub(super) const fn of(content: &Content) -> Self {
        match content {
            Content::Payload(direction, _) => Self::of_payload(*direction),
            Content::Detail(detail) => Self::of_detail(detail),
        }
    }
}

/// Which kinds are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u8);

impl Default for Kinds {
    /// All of them.
    fn default() -> Self {
        Self(u8::MAX)
    }
}

impl Kinds {
    /// Those of `kinds`.
    pub fn of(kinds: &[Kind]) -> Self {
        Self(kinds.iter().fold(0, |set, kind| set | 1 << *kind as u8))
    }

    /// Whether `kind` is shown.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }

    /// Shows `kind`, or hides it.
    pub const fn set(&mut self, kind: Kind, shown: bool) {
        let bit = 1 << kind as u8;
        self.0 = if shown { self.0 | bit } else { self.0 & !bit };
    }

    /// Those that are in both.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether every kind is shown.
    pub fn is_all(self) -> bool {
        self == Self::default()
    }
}
