//! Trying rules out: what they would do with bytes, and nothing is sent.

use std::net::Ipv4Addr;

use bytes::Bytes;

use crate::app::filter::at_character;
use crate::app::tab::{Progress, SocketTab};
use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::framing::{Cutter, Framing};
use crate::journal::{Direction, Reader};
use crate::payload::{self, Format};
use crate::responder::{Between, Fired, Memory, Responder};

/// The most frames that are tried at once.
const MOST_FRAMES: usize = 20;

/// What the rules are tried with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The bytes that are typed.
    Typed,
    /// The row under the log's cursor.
    Selected,
    /// A new connection.
    Connected,
}

/// The state of trying.
#[derive(Debug, Default)]
pub struct Trial {
    /// What is typed, in the notation of [`Format::Escaped`].
    pub text: String,
    /// Why it can't be tried.
    pub problem: Option<String>,
    /// What came of it.
    pub outcome: Option<Outcome>,
}

/// What the rules would do.
#[derive(Debug)]
pub struct Outcome {
    /// With what, in words.
    pub source: String,
    /// Frame by frame.
    pub tried: Vec<Tried>,
    /// Whether there are more frames than were tried.
    pub more: bool,
    input: Input,
}

/// A frame, or a new connection, and what the rules would do.
#[derive(Debug)]
pub struct Tried {
    /// The frame; `None` for a new connection.
    pub frame: Option<Bytes>,
    /// Whether the frame has its end; what has none is tried as the peer's last words would be.
    pub whole: bool,
    /// The rules that act.
    pub fired: Vec<Fired>,
}

/// What the rules are given.
#[derive(Clone, Debug)]
struct Input {
    /// `None`: a new connection.
    payload: Option<Bytes>,
    /// Whether it is a datagram.
    whole: bool,
    between: Between,
}

impl SocketTab {
    /// Shows what the rules in force would do, on a connection that remembers nothing.
    pub(super) fn try_rules(&mut self, source: Source) {
        let input = match source {
            Source::Typed => self.typed(),
            Source::Selected => self.selected_payload(),
            Source::Connected => Ok(("A new connection".to_owned(), None, self.between())),
        };
        let trial = &mut self.rules.trial;
        (trial.problem, trial.outcome) = match input {
            Err(problem) => (Some(problem), None),
            Ok((source, payload, between)) => {
                let input = Input { payload, whole: self.kind == super::Kind::Udp, between };
                (None, Some(Outcome::new(source, input, self.rules.answers.responder())))
            }
        };
    }

    fn typed(&self) -> Result<(String, Option<Bytes>, Between), String> {
        let text = &self.rules.trial.text;
        let payload = payload::parse(text, Format::Escaped).map_err(|error| at_character(text, &error))?;
        let source = format!("Typed, {}", super::bytes_words(payload.len()));
        Ok((source, Some(payload.into()), self.between()))
    }

    fn selected_payload(&self) -> Result<(String, Option<Bytes>, Between), String> {
        let key = self.log.cursor.ok_or("no row of the log is selected")?;
        let shown = self.log.record(key, &mut Reader::new(&self.journal)).ok_or("this row left the log")?;
        let (direction, payload) = shown.record.payload().ok_or("the selected row has no payload")?;
        let mut between = self.between();
        if let Some(connection) = shown.record.conn.and_then(|conn| self.journal.connection(conn)) {
            (between.peer, between.local) = (connection.peer, connection.local);
        }
        let way = if direction == Direction::Sent { "to" } else { "from" };
        let source = format!("Record {} {way} {}", shown.record.seq, between.peer);
        Ok((source, Some(payload.clone()), between))
    }

    /// The ends that a trial shows: the real ones where they are known.
    fn between(&self) -> Between {
        let loopback = |port| Address::from((Ipv4Addr::LOCALHOST, port));
        let (peer, local) = match &self.progress {
            Progress::Connected { local, peer } => (peer.clone(), local.clone()),
            Progress::Ready(local) => (loopback(50_000), local.clone()),
            _ => (loopback(50_000), loopback(8_888)),
        };
        Between { peer, local, time: Stamp::now() }
    }
}

impl Trial {
    /// Does it again with other rules.
    pub(super) fn rerun(&mut self, responder: &Responder) {
        if let Some(outcome) = &mut self.outcome {
            *outcome = Outcome::new(std::mem::take(&mut outcome.source), outcome.input.clone(), responder);
        }
    }
}

impl Outcome {
    fn new(source: String, input: Input, responder: &Responder) -> Self {
        let mut memory = Memory::default();
        let Some(payload) = &input.payload else {
            let fired = responder.connected(&mut memory, &input.between, 1);
            return Self { source, tried: vec![Tried { frame: None, whole: true, fired }], more: false, input };
        };
        let framing = if input.whole { Framing::Chunks } else { responder.rules().framing };
        let (frames, more) = frames(payload, framing);
        let tried = frames.into_iter().map(|(frame, whole)| {
            let fired = responder.payload(&mut memory, &input.between, &frame);
            Tried { frame: Some(frame), whole, fired }
        });
        Self { source, tried: tried.collect(), more, input }
    }
}

/// The first frames of `payload`, each with whether it has its end, and whether there are more.
fn frames(payload: &Bytes, framing: Framing) -> (Vec<(Bytes, bool)>, bool) {
    let mut cutter = Cutter::new(framing);
    let (mut frames, mut start) = (Vec::new(), 0);
    for cut in cutter.push(payload, Stamp::default()) {
        if frames.len() == MOST_FRAMES {
            return (frames, true);
        }
        frames.push((payload.slice(start..cut.end), true));
        start = cut.end;
    }
    if frames.is_empty() || start < payload.len() {
        let more = frames.len() == MOST_FRAMES;
        if !more {
            // Time alone ends a frame by gaps, and a datagram may be empty.
            frames.push((payload.slice(start..), matches!(framing, Framing::Chunks | Framing::Gap(_))));
        }
        return (frames, more);
    }
    (frames, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(payload: &'static [u8], framing: Framing, expected: &[(&'static [u8], bool)]) {
        let expected: Vec<_> = expected.iter().map(|(frame, whole)| (Bytes::from_static(frame), *whole)).collect();
        assert_eq!(frames(&Bytes::from_static(payload), framing), (expected, false));
    }

    #[test]
    fn what_is_tried_is_cut_into_frames() {
        check(b"a\nb", Framing::Chunks, &[(b"a\nb", true)]);
        check(b"", Framing::Chunks, &[(b"", true)]);
        check(b"a\nb\n", Framing::Line, &[(b"a\n", true), (b"b\n", true)]);
        check(b"a\nb", Framing::Line, &[(b"a\n", true), (b"b", false)]);
        check(b"ab", Framing::Gap(std::time::Duration::from_millis(1)), &[(b"ab", true)]);
    }

    #[test]
    fn not_more_frames_are_tried_than_can_be_read() {
        let (tried, more) = frames(&Bytes::from(vec![b'\n'; 1 << 20]), Framing::Line);
        assert_eq!((tried.len(), more), (MOST_FRAMES, true));
        let (tried, more) = frames(&Bytes::from(vec![b'\n'; MOST_FRAMES]), Framing::Line);
        assert_eq!((tried.len(), more), (MOST_FRAMES, false));
    }
}
