//! A conversation goes over to TLS: what came in plain text is not taken for what comes encrypted (RFC 3207 §4.2, the
//! mistake of CVE-2011-0411). Whoever is in between could have put it there.

use super::{Conversation, Cutter, Deed};

/// How a client's first words begin: a record with a handshake, of any length, and a ClientHello in it (RFC 8446 §5.1).
const RECORD: [u8; 2] = [22, 3];
const HELLO: u8 = 1;

/// What a conversation knows of TLS.
#[derive(Debug, Default)]
pub(super) struct Switch {
    /// It begins once this chunk was looked through.
    is_next: bool,
    /// It has begun.
    is_over: bool,
    /// Bytes that were left out.
    left_out: u64,
}

impl Conversation {
    /// A rule switches to TLS because of `frame`: what comes after it is left out, unless that is to wait.
    pub(super) fn will_switch(&mut self, frame: &[u8]) {
        if !self.switch.is_over && !self.is_held() {
            self.switch.is_next = true;
            // A client that did not wait for the answer: its first words are in the same frame.
            self.switch.left_out += hello(frame) as u64;
        }
    }

    /// Whether `frame` is left out: it came in plain text, behind what switches to TLS.
    pub(super) fn is_left_out(&mut self, frame: &[u8]) -> bool {
        if self.switch.is_next {
            self.switch.left_out += frame.len() as u64;
        }
        self.switch.is_next
    }

    /// The switch to TLS is being made: the frame that has begun, and what is to follow of frames before, came in plain
    /// text. What else is to follow of the frame by which it was asked for stays, if it was a rule.
    pub(in crate::engine) fn switch(&mut self, by_rule: bool) {
        self.switch.is_next = false;
        self.switch.is_over = true;
        self.skip(self.frame.len());
        (self.frame, self.cutter) = (Vec::new(), Cutter::new(self.answers.framing()));
        (self.gap_at, self.lost) = (None, None);
        let doing = self.doing;
        let stays = |frame: u64| frame == 0 || (by_rule && frame == doing);
        if !stays(doing) {
            self.due = None;
        }
        let mut counted = 0;
        self.waiting.retain(|due| {
            if !stays(due.frame) && due.frame != counted {
                counted = due.frame;
                self.switch.left_out += due.len as u64;
            }
            stays(due.frame)
        });
        self.bytes = self.waiting.iter().map(|due| super::size(&due.deed)).sum();
        self.pauses = self.waiting.iter().filter(|due| matches!(due.deed, Deed::Wait(_))).count();
        self.ending = self.waiting.iter().any(|due| matches!(due.deed, Deed::Close | Deed::Abort));
    }

    /// There will be no TLS.
    pub(in crate::engine) fn stay_plain(&mut self) {
        self.switch.is_next = false;
    }

    /// `len` bytes more came in plain text.
    pub(in crate::engine) fn skip(&mut self, len: usize) {
        self.switch.left_out += len as u64;
    }

    /// How many bytes were left out since the last call.
    pub(in crate::engine) fn take_skipped(&mut self) -> u64 {
        std::mem::take(&mut self.switch.left_out)
    }
}

/// How many bytes from a client's first words on there are in `frame`.
fn hello(frame: &[u8]) -> usize {
    let is_hello = |at: &usize| frame.get(at + 5) == Some(&HELLO);
    let found = memchr::memmem::find_iter(frame, &RECORD).find(is_hello);
    found.map_or(0, |at| frame.len() - at)
}
