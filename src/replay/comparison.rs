//! What came, beside what was recorded.

use std::ops::Range;
use std::sync::Arc;

use super::Conversation;
use crate::endpoint::Address;
use crate::engine::{Act, Difference, Heard, Talk, Turn};
use crate::journal::{ConnId, Direction, Journal, Reader};

/// A replay beside its recording. What was recorded is shared with the log, what came is read from the new journal
/// when it is asked for.
#[derive(Clone, Debug)]
pub struct Comparison {
    conversations: Vec<Conversation>,
    talks: Vec<Arc<Talk>>,
    journal: Arc<Journal>,
}

/// One turn of a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// The conversation, from 0.
    pub conversation: usize,
    /// Its turn, from 0.
    pub number: usize,
    /// What was recorded.
    pub turn: &'a Turn,
    /// What came; `None` where nobody came.
    pub heard: Option<&'a Heard>,
    /// It is over, and what came changes no more.
    pub settled: bool,
    /// Bytes of the conversation's recorded answers before this turn.
    pub before: u64,
}

impl Compared<'_> {
    /// Bytes that were sent.
    pub fn sent(&self) -> u64 {
        let sent = |act: &Act| if let Act::Send(bytes) = act { bytes.len() as u64 } else { 0 };
        self.turn.moves.iter().map(|next| sent(&next.act)).sum()
    }

    /// The first thing that is not as recorded.
    pub fn difference(&self) -> Option<Difference> {
        self.heard.and_then(|heard| heard.difference)
    }

    /// Where that is in all that was recorded of the other side, in bytes.
    pub fn offset(&self) -> Option<u64> {
        self.difference().map(|difference| self.before + difference.at)
    }
}

impl Comparison {
    pub(super) fn new(conversations: Vec<Conversation>, talks: Vec<Arc<Talk>>, journal: Arc<Journal>) -> Self {
        Self { conversations, talks, journal }
    }

    /// What was played.
    pub fn conversations(&self) -> &[Conversation] {
        &self.conversations
    }

    /// The connection or peer of a conversation in the new log, with its address; `None` where nobody came.
    pub fn new_conn(&self, conversation: usize) -> Option<(ConnId, Option<Address>)> {
        let conn = self.talks.get(conversation)?.conn?;
        Some((conn, self.journal.connection(conn).map(|known| known.peer)))
    }

    /// Why a conversation could not be played to its end.
    pub fn trouble(&self, conversation: usize) -> Option<&str> {
        self.talks.get(conversation)?.trouble.as_deref()
    }

    /// All turns, conversation by conversation.
    pub fn turns(&self) -> impl Iterator<Item = Compared<'_>> {
        (0..self.conversations.len()).flat_map(|conversation| self.turns_of(conversation))
    }

    /// The turns of one conversation, by its place in [`conversations`](Self::conversations).
    pub fn turns_of(&self, conversation: usize) -> impl Iterator<Item = Compared<'_>> {
        let turns = self.conversations.get(conversation).map_or(&[][..], |recorded| &recorded.script.turns);
        let talk = self.talks.get(conversation);
        let mut before = 0;
        turns.iter().enumerate().map(move |(number, turn)| {
            let heard = talk.filter(|talk| talk.conn.is_some() || talk.settled > 0);
            let heard = heard.and_then(|talk| talk.heard.get(number));
            let settled = talk.is_some_and(|talk| number < talk.settled);
            let compared = Compared { conversation, number, turn, heard, settled, before };
            before += turn.expected();
            compared
        })
    }

    /// The turns whose answers are not as recorded.
    pub fn differences(&self) -> impl Iterator<Item = Compared<'_>> {
        self.turns().filter(|turn| turn.difference().is_some())
    }

    /// Whether everything was played, and all that came is as recorded.
    pub fn is_equal(&self) -> bool {
        self.turns().all(|turn| turn.settled && turn.difference().is_none())
            && self.talks.len() == self.conversations.len()
            && self.talks.iter().all(|talk| talk.trouble.is_none())
    }

    /// A part of the recorded answer of a turn.
    pub fn recorded(&self, turn: &Compared<'_>, range: Range<u64>) -> Vec<u8> {
        window(turn.turn.expects.iter().map(|piece| &piece[..]), range)
    }

    /// A part of what came in a turn; less, where the new log does not hold it any more.
    pub fn came(&self, turn: &Compared<'_>, range: Range<u64>) -> Vec<u8> {
        let conn = self.talks.get(turn.conversation).and_then(|talk| talk.conn);
        let Some((conn, heard)) = conn.zip(turn.heard) else { return Vec::new() };
        let Some(place) = heard.place else { return Vec::new() };
        let range = range.start.min(heard.bytes)..range.end.min(heard.bytes);
        let (skip, mut reader) = (place.skip as u64, Reader::new(&self.journal));
        let (mut at, mut found) = (0, Vec::new());
        let range = range.start + skip..range.end + skip;
        for seq in place.first..=place.last {
            let record = reader.get(seq).filter(|record| record.conn == Some(conn));
            let Some((Direction::Received, bytes)) = record.as_ref().and_then(|record| record.payload()) else {
                continue;
            };
            take(bytes, &mut at, &range, &mut found);
            if at >= range.end {
                break;
            }
        }
        found
    }
}

/// What lies in `range` of pieces that follow each other.
fn window<'a>(pieces: impl Iterator<Item = &'a [u8]>, range: Range<u64>) -> Vec<u8> {
    let (mut at, mut found) = (0, Vec::new());
    for piece in pieces {
        take(piece, &mut at, &range, &mut found);
        if at >= range.end {
            break;
        }
    }
    found
}

/// Takes what of `piece`, which begins at `at`, lies in `range`.
fn take(piece: &[u8], at: &mut u64, range: &Range<u64>, found: &mut Vec<u8>) {
    let len = piece.len() as u64;
    let within = |place: u64| usize::try_from(place.saturating_sub(*at).min(len)).unwrap_or(piece.len());
    found.extend_from_slice(&piece[within(range.start)..within(range.end.max(range.start))]);
    *at += len;
}
