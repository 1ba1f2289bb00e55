//! One connection under rules: its frames are put together, and what is to be done waits for its time, in order.

mod switching;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::answers::Answers;
use crate::framing::{Cutter, Ending, Framing};
use crate::responder::{Between, Deed, Fired, Memory};
use switching::Switch;

/// How much may wait behind a pause on one connection: deeds, and bytes of replies with what each deed takes itself.
const DEEDS: usize = 1_024;
const BYTES: usize = 16 << 20;

/// What is due on one connection.
#[derive(Debug)]
pub(super) struct Conversation {
    answers: Arc<Answers>,
    memory: Memory,
    cutter: Cutter,
    /// The frame that has begun; empty where chunks are frames.
    frame: Vec<u8>,
    /// When the frame that has begun ends, if nothing comes.
    gap_at: Option<Instant>,
    /// A length field can't be right: there are no more frames. Then whether that was told.
    lost: Option<bool>,
    waiting: VecDeque<Due>,
    /// The number of the frame that was looked at last, from 1; 0: that the connection was made.
    frames: u64,
    /// That of the deed that was done last.
    doing: u64,
    /// What goes over to TLS.
    switch: Switch,
    /// Pauses among them.
    pauses: usize,
    bytes: usize,
    /// A deed ends the connection: nothing is answered after it.
    ending: bool,
    /// When the first of those is due, where it waits for a time.
    due: Option<Instant>,
    /// What did not fit in since it was last asked for.
    left_out: u64,
}

/// A deed that waits, and what it is an answer to.
#[derive(Debug)]
struct Due {
    deed: Deed,
    /// The number of the frame, and its length.
    frame: u64,
    len: usize,
}

impl Conversation {
    /// A connection that was just made.
    pub(super) fn new(answers: &Arc<Answers>) -> Self {
        Self {
            answers: Arc::clone(answers),
            memory: Memory::default(),
            cutter: Cutter::new(answers.framing()),
            frame: Vec::new(),
            gap_at: None,
            lost: None,
            waiting: VecDeque::new(),
            frames: 0,
            doing: 0,
            switch: Switch::default(),
            pauses: 0,
            bytes: 0,
            ending: false,
            due: None,
            left_out: 0,
        }
    }

    /// Goes on by other rules; those that stay go on counting. The frame that has begun stays, where frames stay the
    /// same.
    pub(super) fn follow(&mut self, answers: &Arc<Answers>) {
        if self.answers.framing() != answers.framing() {
            self.cutter = Cutter::new(answers.framing());
            self.frame = Vec::new();
            (self.gap_at, self.lost) = (None, None);
        }
        self.memory = answers.responder().carry(self.answers.responder(), &self.memory);
        self.answers = Arc::clone(answers);
    }

    /// The connection was made, the `number`th of its session.
    pub(super) fn connected(&mut self, between: &Between, number: u64) {
        let fired = self.answers.responder().connected(&mut self.memory, between, number);
        self.fired(fired, between, b"");
    }

    /// A chunk came.
    pub(super) fn received(&mut self, chunk: &[u8], between: &Between, now: Instant) {
        if self.ending || !self.answers.responder().looks_at_payload() {
            return;
        }
        if self.answers.framing() == Framing::Chunks {
            return self.frame(chunk, between);
        }
        // Taken out, so that each frame may be answered while the chunk is cut.
        let mut cutter = self.cutter.clone();
        let mut from = 0;
        for cut in cutter.push(chunk, between.time) {
            let part = &chunk[from..cut.end];
            from = cut.end;
            match cut.ending {
                Ending::Whole | Ending::TooLong => self.append_and_answer(part, between),
                Ending::BadPrefix | Ending::Unframed => {
                    self.frame = Vec::new();
                    self.lost.get_or_insert(false);
                }
            }
        }
        self.cutter = cutter;
        self.frame.extend_from_slice(&chunk[from..]);
        self.gap_at = match self.answers.framing() {
            Framing::Gap(gap) if !self.frame.is_empty() => Some(now + gap),
            _ => None,
        };
    }

    fn append_and_answer(&mut self, part: &[u8], between: &Between) {
        if self.frame.is_empty() {
            return self.frame(part, between);
        }
        self.frame.extend_from_slice(part);
        let mut frame = std::mem::take(&mut self.frame);
        self.frame(&frame, between);
        frame.clear();
        self.frame = frame;
    }

    /// The frame that has begun is all there will be, because of a pause or the peer's end. One whose announced length
    /// is not there is none.
    pub(super) fn end_frame(&mut self, between: &Between) {
        self.gap_at = None;
        let framing = self.answers.framing();
        let frame = std::mem::take(&mut self.frame);
        self.cutter = Cutter::new(framing);
        if !frame.is_empty() && !matches!(framing, Framing::LengthPrefix(_)) {
            self.frame(&frame, between);
        }
    }

    fn frame(&mut self, frame: &[u8], between: &Between) {
        if self.ending || self.is_left_out(frame) {
            return;
        }
        self.frames += 1;
        let fired = self.answers.responder().payload(&mut self.memory, between, frame);
        self.fired(fired, between, frame);
    }

    fn fired(&mut self, fired: Vec<Fired>, between: &Between, payload: &[u8]) {
        if fired.is_empty() {
            return;
        }
        self.answers.count(&fired, between, payload);
        for deed in fired.into_iter().flat_map(|fired| fired.then) {
            if self.ending {
                return;
            }
            self.ending = matches!(deed, Deed::Close | Deed::Abort);
            let len = size(&deed);
            // What nothing holds up is done as soon as its chunk was looked through.
            let full = (self.is_held() && self.waiting.len() >= DEEDS) || len > BYTES.saturating_sub(self.bytes);
            if full && !self.ending {
                self.left_out += 1;
            } else {
                self.bytes += len;
                self.pauses += usize::from(matches!(deed, Deed::Wait(_)));
                if deed == Deed::StartTls {
                    self.will_switch(payload);
                }
                self.waiting.push_back(Due { deed, frame: self.frames, len: payload.len() });
            }
        }
    }

    /// What is to be done now, the oldest first.
    pub(super) fn next(&mut self, now: Instant) -> Option<Deed> {
        while self.due.is_none_or(|due| due <= now) {
            self.due = None;
            let Due { deed, frame, .. } = self.waiting.pop_front()?;
            self.bytes -= size(&deed);
            self.doing = frame;
            match deed {
                Deed::Wait(pause) => {
                    self.pauses -= 1;
                    self.due = Some(now + pause);
                }
                deed => return Some(deed),
            }
        }
        None
    }

    /// Whether the frame that has begun has ended by a pause.
    pub(super) fn is_gap_over(&self, now: Instant) -> bool {
        self.gap_at.is_some_and(|at| at <= now)
    }

    /// When to look again.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        [self.gap_at, self.due].into_iter().flatten().min()
    }

    /// Whether something is still to be done.
    pub(super) fn is_busy(&self) -> bool {
        !self.waiting.is_empty() || self.due.is_some()
    }

    fn is_held(&self) -> bool {
        self.due.is_some() || self.pauses > 0
    }

    /// Bytes of deeds that wait for their time.
    pub(super) fn waiting(&self) -> usize {
        self.bytes
    }

    /// Nothing of what waits is done any more. Returns how much that was.
    pub(super) fn hush(&mut self) -> usize {
        let left = self.waiting.len() - self.pauses;
        self.waiting.clear();
        (self.pauses, self.bytes, self.due, self.gap_at, self.ending) = (0, 0, None, None, true);
        self.frame = Vec::new();
        left
    }

    /// Whether its frames are lost, once.
    pub(super) fn take_lost(&mut self) -> bool {
        self.lost.as_mut().is_some_and(|told| !std::mem::replace(told, true))
    }

    /// How much was left out since the last call, because too much waited.
    pub(super) fn take_left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }
}

/// The memory that a deed takes while it waits.
fn size(deed: &Deed) -> usize {
    let payload = match deed {
        Deed::Reply(bytes) | Deed::Forward(bytes) => bytes.len(),
        Deed::NoReply(reason) => reason.len(),
        Deed::Wait(_) | Deed::Close | Deed::FinishSending | Deed::Abort | Deed::StartTls => 0,
    };
    size_of::<Due>() + payload
}

#[cfg(test)]
mod tests;
