//! One conversation that is played: what is to be done next, from times and bytes that are handed in; no socket and no
//! clock.
//!
//! Something that is done after an answer waits until as many bytes (or datagrams) of that have come as were recorded,
//! and then for the recorded pause. An answer of which nothing more comes for the time limit is given up; the time that
//! the recorded one took is added to the limit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::hearing::{Heard, Hearing};
use super::script::{Act, Pace, Script};
use crate::journal::Seq;

/// After the last turn, what still comes within this time is told as too much: that is how long is waited where the
/// recording tells of no end.
const SETTLE: Duration = Duration::from_millis(200);

/// What a player needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// That [`Player::act`] is done, and [`Player::acted`] called.
    Act,
    /// To be called at this time, or when something arrives.
    At(Instant),
    /// Nothing: it is over.
    Nothing,
}

/// One conversation.
#[derive(Debug)]
pub(super) struct Player {
    script: Arc<Script>,
    pace: Pace,
    limit: Duration,
    turn: usize,
    /// The next move of the turn.
    step: usize,
    /// When the last thing happened that the recorded times count from.
    since: Instant,
    /// When something came last.
    came: Instant,
    hearing: Hearing,
    /// No more will come.
    finished: bool,
    /// Nothing can be sent any more.
    ended: bool,
    /// This side has finished sending.
    done: bool,
    over: bool,
    trouble: Option<String>,
}

impl Player {
    pub(super) fn new(script: Arc<Script>, pace: Pace, limit: Duration, now: Instant) -> Self {
        let hearing = Hearing::new(Arc::clone(&script));
        let (turn, step, finished, ended, done, over, trouble) = Default::default();
        let (since, came) = (now, now);
        Self { script, pace, limit, turn, step, since, came, hearing, finished, ended, done, over, trouble }
    }

    /// What came in each turn.
    pub(super) fn results(&self) -> &[Heard] {
        self.hearing.results()
    }

    /// Turns before this one change no more.
    pub(super) fn settled(&self) -> usize {
        if self.over { self.script.turns.len() } else { self.turn.min(self.hearing.turn()) }
    }

    /// Turns from this one on have heard nothing yet.
    pub(super) fn heard_up_to(&self) -> usize {
        if self.over { self.script.turns.len() } else { (self.hearing.turn() + 1).min(self.script.turns.len()) }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Whether its connection is gone.
    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Why it could not be played to its end.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// What [`Due::Act`] is about.
    pub(super) fn act(&self) -> Option<&Act> {
        if self.turn >= self.script.turns.len() {
            return Some(&Act::Finish);
        }
        self.script.turns.get(self.turn)?.moves.get(self.step).map(|next| &next.act)
    }

    /// That was done.
    pub(super) fn acted(&mut self, now: Instant) {
        if matches!(self.act(), Some(Act::Finish | Act::Abort)) {
            self.done = true;
        }
        self.step += 1;
        (self.since, self.came) = (now, now);
        // Its end was not recorded, or did not come: enough was waited for it.
        self.over |= self.turn >= self.script.turns.len();
    }

    /// That could not be done: it is over.
    pub(super) fn failed(&mut self, reason: String) {
        self.trouble.get_or_insert(reason);
        self.ended = true;
    }

    /// The payload of record `seq` came.
    pub(super) fn received(&mut self, bytes: &[u8], seq: Seq, now: Instant) {
        if !self.over {
            self.hearing.hear(bytes, seq, self.turn);
            self.came = now;
        }
    }

    /// The other side sends no more.
    pub(super) fn finished(&mut self) {
        self.finished = true;
    }

    /// The connection ended.
    pub(super) fn ended(&mut self) {
        (self.finished, self.ended) = (true, true);
    }

    /// What is to be done at `now`.
    pub(super) fn advance(&mut self, now: Instant) -> Due {
        while !self.over {
            let due = if self.turn >= self.script.turns.len() { self.close(now) } else { self.play(now) };
            if let Some(due) = due {
                return due;
            }
        }
        Due::Nothing
    }

    /// Plays the current turn; `None`: on with the next.
    fn play(&mut self, now: Instant) -> Option<Due> {
        let script = Arc::clone(&self.script);
        let turn = &script.turns[self.turn];
        // Who is gone needs no end.
        let rest = turn.moves.iter().skip(self.step);
        self.step += rest.take_while(|next| self.ended && !matches!(next.act, Act::Send(_))).count();
        if let Some(next) = turn.moves.get(self.step) {
            let at = self.since + self.pace.scale(next.after);
            return match () {
                () if self.ended => self.stop_short(),
                () if at > now => Some(Due::At(at)),
                () => Some(Due::Act),
            };
        }
        let until = self.came.max(self.since) + self.limit + turn.patience;
        if self.hearing.has(self.turn) {
            self.since = self.came.max(self.since);
        } else if self.finished || until <= now {
            self.hearing.give_up(self.turn);
            self.since = now;
        } else {
            return Some(Due::At(until));
        }
        (self.turn, self.step) = (self.turn + 1, 0);
        None
    }

    /// The conversation ended, and there is more to do.
    fn stop_short(&mut self) -> Option<Due> {
        let turns = self.script.turns.len();
        let reason = format!("the connection ended in turn {} of {turns}", self.turn + 1);
        self.trouble.get_or_insert(reason);
        self.hearing.not_played(self.turn..turns);
        self.over = true;
        None
    }

    /// After the last turn: finishes sending, and listens whether more comes.
    fn close(&mut self, now: Instant) -> Option<Due> {
        let waits = if self.script.they_end || self.done { self.limit } else { SETTLE };
        let waits = if self.script.datagrams { SETTLE } else { waits };
        let until = self.came.max(self.since) + waits;
        if !self.finished && until > now {
            return Some(Due::At(until));
        }
        if !(self.ended || self.done || self.script.datagrams) {
            return Some(Due::Act);
        }
        self.over = true;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::{Move, Turn};
    use super::*;
    use bytes::Bytes;

    const LIMIT: Duration = Duration::from_secs(5);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn turn(moves: &[(u64, &str)], expects: &[&str]) -> Turn {
        let bytes = |text: &&str| Bytes::copy_from_slice(text.as_bytes());
        let act = |(after, text): &(u64, &str)| Move { after: ms(*after), act: Act::Send(bytes(text)) };
        let (moves, expects) = (moves.iter().map(act).collect(), expects.iter().map(bytes).collect());
        Turn { moves, expects, patience: Duration::ZERO }
    }

    fn player(turns: Vec<Turn>, pace: Pace, now: Instant) -> Player {
        Player::new(Arc::new(Script { turns, datagrams: false, they_end: true }), pace, LIMIT, now)
    }

    #[track_caller]
    fn sends(player: &mut Player, text: &str, now: Instant) {
        assert_eq!(player.advance(now), Due::Act);
        assert_eq!(player.act(), Some(&Act::Send(Bytes::copy_from_slice(text.as_bytes()))));
        player.acted(now);
    }

    #[test]
    fn the_pauses_are_those_of_the_recording_and_count_from_the_answer() {
        let start = Instant::now();
        let turns = || vec![turn(&[(0, "a"), (40, "b")], &["1"]), turn(&[(100, "c")], &[])];
        for (pace, factor) in [(Pace::ORIGINAL, 1), (Pace::Times(2.0), 2)] {
            let mut player = player(turns(), pace, start);
            sends(&mut player, "a", start);
            let b = start + ms(40) / factor;
            assert_eq!(player.advance(start), Due::At(b));
            sends(&mut player, "b", b);
            assert_eq!(player.advance(b), Due::At(b + LIMIT));
            let came = b + ms(500);
            player.received(b"1", 0, came);
            assert_eq!(player.advance(came), Due::At(came + ms(100) / factor));
            sends(&mut player, "c", came + ms(100));
        }
    }

    #[test]
    fn at_once_waits_for_answers_alone() {
        let start = Instant::now();
        let mut player = player(
            vec![turn(&[(900, "a"), (900, "b")], &["1", "2"]), turn(&[(900, "c")], &[])],
            Pace::AtOnce,
            start,
        );
        sends(&mut player, "a", start);
        sends(&mut player, "b", start);
        player.received(b"1", 0, start);
        assert_eq!(player.advance(start), Due::At(start + LIMIT));
        player.received(b"2", 1, start);
        sends(&mut player, "c", start);
        player.ended();
        assert_eq!(player.advance(start), Due::Nothing);
        assert!(player.results().iter().all(|heard| heard.difference.is_none()));
        assert_eq!(player.trouble(), None);
    }

    #[test]
    fn an_answer_that_does_not_come_is_given_up_and_the_rest_is_played() {
        let start = Instant::now();
        let slow = Turn { patience: ms(3_000), ..turn(&[(0, "a")], &["1"]) };
        let mut player = player(vec![slow, turn(&[(0, "b")], &["2"])], Pace::AtOnce, start);
        sends(&mut player, "a", start);
        let until = start + LIMIT + ms(3_000);
        assert_eq!(player.advance(start), Due::At(until));
        sends(&mut player, "b", until);
        player.received(b"2", 0, until);
        player.ended();
        assert_eq!(player.advance(until), Due::Nothing);
        let missing = |heard: &Heard| heard.difference.map(|found| found.what);
        let found: Vec<_> = player.results().iter().map(missing).collect();
        assert_eq!(found, [Some(super::super::hearing::What::Missing), None]);
    }

    #[test]
    fn who_ends_early_is_told() {
        let start = Instant::now();
        let mut player = player(vec![turn(&[(0, "a")], &["1"]), turn(&[(0, "b")], &["2"])], Pace::AtOnce, start);
        sends(&mut player, "a", start);
        player.received(b"1", 0, start);
        player.ended();
        assert_eq!(player.advance(start), Due::Nothing);
        assert_eq!(player.trouble(), Some("the connection ended in turn 2 of 2"));
        let found: Vec<_> = player.results().iter().map(|heard| heard.difference.is_some()).collect();
        assert_eq!(found, [false, true]);
    }

    #[test]
    fn what_comes_after_the_last_turn_is_too_much() {
        let start = Instant::now();
        let mut player = player(vec![turn(&[(0, "a")], &["1"])], Pace::AtOnce, start);
        sends(&mut player, "a", start);
        player.received(b"1", 0, start);
        assert_eq!(player.advance(start), Due::At(start + LIMIT));
        player.received(b"!", 1, start + ms(10));
        // Its end does not come.
        assert_eq!(player.advance(start + ms(10) + LIMIT), Due::Act);
        assert_eq!(player.act(), Some(&Act::Finish));
        player.acted(start + ms(10) + LIMIT);
        assert_eq!(player.advance(start + ms(10) + LIMIT), Due::Nothing);
        let difference = player.results()[0].difference.expect("more came");
        assert_eq!((difference.what, difference.at), (super::super::hearing::What::More, 1));
    }
}
