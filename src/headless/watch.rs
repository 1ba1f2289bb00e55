//! What a run waits for in what comes.

use memchr::memmem::Finder;

use crate::journal::{Content, Detail, Direction, Journal, Seq};

/// Reads on in the journal of one connection, or of one UDP socket.
#[derive(Debug)]
pub(super) struct Watch {
    next: Seq,
    wanted: Option<Finder<'static>>,
    /// Whether a match may go across the border of two records: it may in a stream.
    stream: bool,
    /// The last bytes of the stream, one less than are wanted.
    tail: Vec<u8>,
    /// It came.
    pub(super) found: bool,
    /// The system reported an error.
    pub(super) failed: bool,
}

impl Watch {
    /// Waits for `wanted`, if there is something.
    pub(super) fn new(wanted: Option<&[u8]>, stream: bool) -> Self {
        let wanted = wanted.map(|bytes| Finder::new(bytes).into_owned());
        Self { next: 0, wanted, stream, tail: Vec::new(), found: false, failed: false }
    }

    /// Whether something is waited for.
    pub(super) fn is_wanting(&self) -> bool {
        self.wanted.is_some()
    }

    /// Looks at what came since the last look.
    pub(super) fn look(&mut self, journal: &Journal) {
        while let Some(segment) = journal.slice(self.next) {
            for record in segment.records_from(self.next) {
                match &record.content {
                    Content::Payload(Direction::Received, bytes) => self.came(bytes),
                    Content::Detail(Detail::Error(_)) => self.failed = true,
                    _ => {}
                }
            }
            self.next = segment.end();
        }
    }

    fn came(&mut self, bytes: &[u8]) {
        let Some(wanted) = self.wanted.as_ref().filter(|_| !self.found) else { return };
        let keep = wanted.needle().len().saturating_sub(1);
        if !self.stream || keep == 0 {
            self.found = wanted.find(bytes).is_some();
            return;
        }
        // What begins before these bytes ends within as many of them as are kept.
        self.tail.extend_from_slice(&bytes[..bytes.len().min(keep)]);
        self.found = wanted.find(&self.tail).is_some() || wanted.find(bytes).is_some();
        if bytes.len() > keep {
            self.tail.clear();
            self.tail.extend_from_slice(&bytes[bytes.len() - keep..]);
        } else {
            let more = self.tail.len().saturating_sub(keep);
            self.tail.drain(..more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(wanted: &[u8], stream: bool, chunks: &[&[u8]]) -> bool {
        let mut watch = Watch::new(Some(wanted), stream);
        chunks.iter().for_each(|chunk| watch.came(chunk));
        watch.found
    }

    #[test]
    fn a_stream_has_no_borders_and_datagrams_have() {
        assert!(finds(b"220 ", true, &[b"2", b"2", b"0 ok"]));
        assert!(!finds(b"220 ", false, &[b"2", b"2", b"0 ok"]));
        assert!(!finds(b"220 ", true, &[b"22", b"1 0 ", b"22"]));
    }

    proptest! {
        #[test]
        fn it_finds_what_is_there(wanted in "[ab]{1,4}", text in "[ab]{0,40}", cuts in prop::collection::vec(0usize..6, 0..30)) {
            let (mut rest, mut chunks) = (text.as_bytes(), Vec::new());
            for cut in cuts {
                let (chunk, after) = rest.split_at(cut.min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            chunks.push(rest);
            prop_assert_eq!(finds(wanted.as_bytes(), true, &chunks), text.contains(&wanted));
        }
    }
}
