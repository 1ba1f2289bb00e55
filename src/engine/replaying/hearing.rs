//! What comes, compared with what was recorded while it comes: nothing of it is kept.
//!
//! A stream is compared as a stream: how it is chunked doesn't matter. What comes after the end of a turn's answer
//! belongs to the next turns where it is exactly what is to come there (an answer that was faster than in the
//! recording), and else it is too much for this one; so an answer that is longer or shorter than the recorded one puts
//! only its own turn out of step. Datagrams are compared one by one.

use std::sync::Arc;

use super::script::Script;
use crate::journal::Seq;

/// What came in one turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// How many bytes came.
    pub bytes: u64,
    /// How many datagrams, where there are some.
    pub datagrams: u64,
    /// Where they are in the new log.
    pub place: Option<Place>,
    /// The first thing that is not as recorded.
    pub difference: Option<Difference>,
}

/// Where bytes are in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The record in which they begin.
    pub first: Seq,
    /// How many bytes of that come before.
    pub skip: usize,
    /// The record in which they end.
    pub last: Seq,
}

/// Something that is not as recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What.
    pub what: What,
    /// Bytes of this turn's answer before it; for a datagram that is missing, those of the whole ones before it.
    pub at: u64,
    /// In which datagram of the turn, from 0.
    pub datagram: Option<u64>,
}

/// In which way something is different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Another byte came, or a datagram that is shorter or longer.
    Other,
    /// It did not come within the time limit, or before the end.
    Missing,
    /// More came.
    More,
    /// The conversation ended before this turn.
    NotPlayed,
}

/// The listening half of a player.
#[derive(Debug)]
pub(super) struct Hearing {
    script: Arc<Script>,
    /// The turn that what comes next belongs to.
    turn: usize,
    /// The piece of that which is to come.
    piece: usize,
    /// How much of that piece has come; for datagrams the bytes of the pieces before it.
    offset: usize,
    /// Bytes that were looked at already, and are those that are to come.
    sure: usize,
    results: Vec<Heard>,
}

impl Hearing {
    pub(super) fn new(script: Arc<Script>) -> Self {
        let results = vec![Heard::default(); script.turns.len()];
        Self { script, turn: 0, piece: 0, offset: 0, sure: 0, results }
    }

    pub(super) fn results(&self) -> &[Heard] {
        &self.results
    }

    /// The turn that what comes next belongs to.
    pub(super) fn turn(&self) -> usize {
        self.turn
    }

    /// Whether all that is to come in `turn` and before has come, or was given up.
    pub(super) fn has(&self, turn: usize) -> bool {
        self.turn > turn || (self.turn == turn && self.is_complete())
    }

    fn is_complete(&self) -> bool {
        self.script.turns.get(self.turn).is_none_or(|turn| self.piece >= turn.expects.len())
    }

    /// The payload of record `seq` came while `playing` is the turn that is being played.
    pub(super) fn hear(&mut self, bytes: &[u8], seq: Seq, playing: usize) {
        if self.results.is_empty() {
            return;
        }
        if self.script.datagrams {
            self.hear_datagram(bytes, seq, playing);
        } else {
            self.hear_chunk(bytes, seq, playing);
        }
    }

    fn hear_datagram(&mut self, bytes: &[u8], seq: Seq, playing: usize) {
        while self.is_complete() {
            let next = self.next_piece().is_some_and(|next| next == bytes);
            if self.turn + 1 >= self.results.len() || !(self.turn < playing || next) {
                self.more(bytes.len(), seq, 0);
                return;
            }
            self.step_on();
        }
        let expected = &self.script.turns[self.turn].expects[self.piece];
        let same = bytes.iter().zip(expected.iter()).take_while(|(came, right)| came == right).count();
        let differs = bytes.len() != expected.len() || same < bytes.len();
        let len = expected.len();
        if differs {
            self.note(What::Other, (self.offset + same) as u64);
        }
        self.take(bytes.len(), seq, 0);
        (self.piece, self.offset) = (self.piece + 1, self.offset + len);
    }

    fn hear_chunk(&mut self, bytes: &[u8], seq: Seq, playing: usize) {
        let mut at = 0;
        while at < bytes.len() {
            if self.is_complete() {
                let rest = &bytes[at..];
                let goes_on = self.turn < playing || self.sure > 0 || self.comes_next(rest);
                if self.turn + 1 >= self.results.len() || !goes_on {
                    self.more(rest.len(), seq, at);
                    return;
                }
                self.step_on();
                continue;
            }
            at += self.compare(&bytes[at..], seq, at);
        }
        self.sure = 0;
    }

    /// Compares with the rest of the current piece. Returns how many bytes that took.
    fn compare(&mut self, bytes: &[u8], seq: Seq, skip: usize) -> usize {
        let expected = &self.script.turns[self.turn].expects[self.piece][self.offset..];
        let len = expected.len().min(bytes.len());
        let same = bytes.iter().zip(expected).take_while(|(came, right)| came == right).count();
        let whole = len == expected.len();
        if same < len {
            self.note(What::Other, self.results[self.turn].bytes + same as u64);
        }
        if len > 0 {
            self.take(len, seq, skip);
        }
        self.sure = self.sure.saturating_sub(len);
        (self.piece, self.offset) = if whole { (self.piece + 1, 0) } else { (self.piece, self.offset + len) };
        len
    }

    /// Whether `bytes` are exactly what is to come after this turn. What was found is not looked for again.
    fn comes_next(&mut self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        for piece in self.script.turns[self.turn + 1..].iter().flat_map(|turn| &turn.expects) {
            let len = piece.len().min(rest.len());
            if rest[..len] != piece[..len] {
                return false;
            }
            rest = &rest[len..];
            if rest.is_empty() {
                self.sure = bytes.len();
                return true;
            }
        }
        false
    }

    /// The next datagram that is to come after this turn.
    fn next_piece(&self) -> Option<&[u8]> {
        let piece = self.script.turns[self.turn + 1..].iter().flat_map(|turn| &turn.expects).next()?;
        Some(piece)
    }

    fn step_on(&mut self) {
        (self.turn, self.piece, self.offset) = (self.turn + 1, 0, 0);
    }

    fn take(&mut self, len: usize, seq: Seq, skip: usize) {
        let heard = &mut self.results[self.turn];
        heard.bytes += len as u64;
        heard.datagrams += u64::from(self.script.datagrams);
        heard.place.get_or_insert(Place { first: seq, skip, last: seq }).last = seq;
    }

    fn more(&mut self, len: usize, seq: Seq, skip: usize) {
        if self.results[self.turn].difference.is_none() {
            let at = self.script.turns[self.turn].expected();
            self.note(What::More, at);
        }
        self.take(len, seq, skip);
    }

    fn note(&mut self, what: What, at: u64) {
        let datagram = self.script.datagrams.then_some(self.piece as u64);
        self.results[self.turn].difference.get_or_insert(Difference { what, at, datagram });
    }

    /// Nothing more of `turn` is waited for: what has not come of it is missing.
    pub(super) fn give_up(&mut self, turn: usize) {
        while self.turn <= turn && !self.has(turn) {
            if self.is_complete() {
                self.step_on();
                continue;
            }
            let before = match self.script.datagrams {
                true => 0,
                false => self.script.turns[self.turn].expects[..self.piece].iter().map(bytes::Bytes::len).sum(),
            };
            self.note(What::Missing, (before + self.offset) as u64);
            self.piece = self.script.turns[self.turn].expects.len();
            self.offset = 0;
        }
    }

    /// The conversation ended before these turns.
    pub(super) fn not_played(&mut self, turns: std::ops::Range<usize>) {
        for turn in turns {
            let difference = Difference { what: What::NotPlayed, at: 0, datagram: None };
            self.results[turn].difference.get_or_insert(difference);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::Turn;
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    fn script(answers: &[&[&str]], datagrams: bool) -> Arc<Script> {
        let turn = |pieces: &&[&str]| Turn {
            expects: pieces.iter().map(|piece| Bytes::copy_from_slice(piece.as_bytes())).collect(),
            ..Turn::default()
        };
        Arc::new(Script { turns: answers.iter().map(turn).collect(), datagrams, they_end: false })
    }

    /// What each turn has, after these came, each in the turn that was played then.
    fn check(
        answers: &[&[&str]],
        datagrams: bool,
        came: &[(usize, &str)],
        expected: &[(u64, Option<(What, u64)>)],
    ) {
        let mut hearing = Hearing::new(script(answers, datagrams));
        for (seq, (playing, bytes)) in came.iter().enumerate() {
            if *playing > 0 && !hearing.has(*playing - 1) {
                hearing.give_up(*playing - 1);
            }
            hearing.hear(bytes.as_bytes(), seq as u64, *playing);
        }
        hearing.give_up(answers.len() - 1);
        let results = hearing.results().iter();
        let found: Vec<_> =
            results.map(|heard| (heard.bytes, heard.difference.map(|found| (found.what, found.at)))).collect();
        assert_eq!(found, expected, "{came:?}");
    }

    #[test]
    fn chunks_of_a_stream_do_not_matter() {
        let answers: &[&[&str]] = &[&["he", "llo"], &["you"]];
        check(answers, false, &[(0, "hello"), (1, "you")], &[(5, None), (3, None)]);
        check(answers, false, &[(0, "h"), (0, "ell"), (0, "o"), (1, "y"), (1, "ou")], &[(5, None), (3, None)]);
        // Faster than it was recorded.
        check(answers, false, &[(0, "helloyo"), (1, "u")], &[(5, None), (3, None)]);
    }

    #[test]
    fn a_difference_has_its_offset_and_the_next_turn_is_in_step() {
        let answers: &[&[&str]] = &[&["he", "llo"], &["you"]];
        check(answers, false, &[(0, "heLLo"), (1, "you")], &[(5, Some((What::Other, 2))), (3, None)]);
        check(answers, false, &[(0, "hello!"), (1, "you")], &[(6, Some((What::More, 5))), (3, None)]);
        check(answers, false, &[(0, "hell"), (1, "you")], &[(4, Some((What::Missing, 4))), (3, None)]);
        check(answers, false, &[(0, "hello"), (1, "you, too")], &[(5, None), (8, Some((What::More, 3)))]);
        check(answers, false, &[], &[(0, Some((What::Missing, 0))), (0, Some((What::Missing, 0)))]);
    }

    #[test]
    fn datagrams_are_compared_one_by_one() {
        let answers: &[&[&str]] = &[&["a", "bc"], &["d"]];
        check(answers, true, &[(0, "a"), (0, "bc"), (1, "d")], &[(3, None), (1, None)]);
        check(answers, true, &[(0, "ab"), (0, "c"), (1, "d")], &[(3, Some((What::Other, 1))), (1, None)]);
        check(answers, true, &[(0, "a"), (0, "bc"), (0, "d")], &[(3, None), (1, None)]);
        check(answers, true, &[(0, "a"), (0, "bc"), (0, "x"), (1, "d")], &[(4, Some((What::More, 3))), (1, None)]);
        check(answers, true, &[(0, "a"), (1, "d")], &[(1, Some((What::Missing, 1))), (1, None)]);
        check(&[&[""]], true, &[(0, "")], &[(0, None)]);
        check(&[&[""]], true, &[], &[(0, Some((What::Missing, 0)))]);
    }

    proptest! {
        #[test]
        fn what_was_recorded_is_equal_however_it_is_chunked(
            answers in prop::collection::vec(prop::collection::vec("[ab]{1,5}", 0..4), 1..6),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let turns: Vec<Vec<&str>> = answers.iter().map(|turn| turn.iter().map(String::as_str).collect()).collect();
            let turns: Vec<&[&str]> = turns.iter().map(Vec::as_slice).collect();
            let all = answers.concat().concat();
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(all.len() + 1)).collect();
            places.extend([0, all.len()]);
            places.sort_unstable();
            let mut hearing = Hearing::new(script(&turns, false));
            for chunk in places.windows(2) {
                hearing.hear(&all.as_bytes()[chunk[0]..chunk[1]], 0, 0);
            }
            hearing.give_up(answers.len() - 1);
            prop_assert!(hearing.results().iter().all(|heard| heard.difference.is_none()));
            let came: u64 = hearing.results().iter().map(|heard| heard.bytes).sum();
            prop_assert_eq!(came, all.len() as u64);
        }

        #[test]
        fn one_other_byte_is_found_where_it_is(text in "[a-m]{1,40}", at in any::<prop::sample::Index>()) {
            let at = at.index(text.len());
            let mut came = text.clone().into_bytes();
            came[at] = b'z';
            let mut hearing = Hearing::new(script(&[&[&text]], false));
            came.chunks(7).for_each(|chunk| hearing.hear(chunk, 0, 0));
            let difference = hearing.results()[0].difference.expect("there is one");
            prop_assert_eq!((difference.what, difference.at), (What::Other, at as u64));
        }
    }
}
