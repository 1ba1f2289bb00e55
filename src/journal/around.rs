//! What lies around a chunk in its stream: the bytes before it, and the chunk after it.

use super::connections::State;
use super::record::{Detail, Entry, EntryKind, Seq};
use super::{Inner, Journal};

/// How far is looked, in both directions. The journal is locked meanwhile: these are bounds of time.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Records of any stream.
    pub records: usize,
    /// Bytes before the chunk.
    pub before: usize,
    /// Bytes from its start on.
    pub after: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// The last bytes of the stream before the chunk.
    pub before: Vec<u8>,
    /// How many bytes come before those in the oldest chunk that was reached, and in those after it.
    pub skipped: u64,
    /// The first bytes of the chunk and of what follows it in the stream.
    pub after: Vec<u8>,
    /// How many bytes the chunk has.
    pub len: usize,
    /// The next chunk of the stream, where it was reached.
    pub next: Option<Seq>,
}

/// A run of entries and their payload: a segment, or the tail.
#[derive(Clone, Copy)]
struct Run<'a> {
    first: Seq,
    entries: &'a [Entry],
    payload: &'a [u8],
    details: &'a [Detail],
}

impl<'a> Run<'a> {
    fn bytes(&self, entry: &Entry) -> &'a [u8] {
        &self.payload[entry.start as usize..][..entry.len as usize]
    }

    fn index(&self, seq: Seq) -> usize {
        usize::try_from(seq.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.entries.len())
    }
}

impl Journal {
    /// What lies around chunk `seq` within `reach`: of the same connection, in the same direction. Nothing before a
    /// chunk for which `enough` holds is looked at. `None` where `seq` is no chunk of a stream, or is not held.
    pub fn around(&self, seq: Seq, reach: Reach, enough: impl Fn(&[u8]) -> bool) -> Option<Around> {
        let inner = self.lock();
        let run = inner.run(inner.run_of(seq)).filter(|run| run.first <= seq)?;
        let chunk = *run.entries.get(run.index(seq))?;
        let conn = inner.connections.get(super::ConnId(chunk.conn))?;
        if chunk.kind == EntryKind::Detail || conn.state == State::Datagrams {
            return None;
        }
        let mut around = Around { len: chunk.len as usize, ..Around::default() };
        inner.look_back(seq, &chunk, reach, enough, &mut around);
        inner.look_ahead(seq, &chunk, reach, &mut around);
        Some(around)
    }
}

impl Inner {
    /// Segment number `place`; the tail comes after the last one.
    fn run(&self, place: usize) -> Option<Run<'_>> {
        if let Some(segment) = self.segments.get(place) {
            let (entries, details) = (&segment.entries[..], &segment.details[..]);
            return Some(Run { first: segment.first, entries, payload: &segment.payload, details });
        }
        let Self { tail, .. } = self;
        (place == self.segments.len()).then_some(Run {
            first: tail.first,
            entries: &tail.entries,
            payload: &tail.payload,
            details: &tail.details,
        })
    }

    /// The number of the segment that has record `seq`.
    fn run_of(&self, seq: Seq) -> usize {
        self.segments.partition_point(|segment| segment.end() <= seq)
    }

    fn look_back(
        &self,
        seq: Seq,
        chunk: &Entry,
        reach: Reach,
        enough: impl Fn(&[u8]) -> bool,
        around: &mut Around,
    ) {
        let runs = (0..=self.run_of(seq)).rev().filter_map(|place| self.run(place));
        let entries =
            runs.flat_map(|run| run.entries[..run.index(seq)].iter().rev().map(move |entry| (run, entry)));
        let of_it = entries.take(reach.records).filter(|(_, entry)| entry.conn == chunk.conn);
        let mut parts = Vec::new();
        let mut left = reach.before;
        for (run, entry) in of_it {
            match entry.kind {
                EntryKind::Detail if matches!(run.details[entry.start as usize], Detail::Opened { .. }) => break,
                kind if kind != chunk.kind => continue,
                _ => {}
            }
            let bytes = run.bytes(entry);
            let part = &bytes[bytes.len() - bytes.len().min(left)..];
            left -= part.len();
            around.skipped += (bytes.len() - part.len()) as u64;
            parts.push(part);
            if enough(bytes) {
                break;
            }
        }
        around.before = parts.into_iter().rev().flatten().copied().collect();
    }

    fn look_ahead(&self, seq: Seq, chunk: &Entry, reach: Reach, around: &mut Around) {
        let runs = (self.run_of(seq)..=self.segments.len()).filter_map(|place| self.run(place));
        let entries = runs.flat_map(|run| {
            let from = run.index(seq);
            (run.first + from as u64..).zip(&run.entries[from..]).map(move |(seq, entry)| (run, seq, entry))
        });
        let of_it = entries
            .take(reach.records)
            .filter(|(_, _, entry)| entry.conn == chunk.conn && entry.kind == chunk.kind);
        for (run, at, entry) in of_it {
            if at > seq && around.next.is_none() {
                around.next = Some(at);
            }
            let left = reach.after - around.after.len();
            around.after.extend_from_slice(&run.bytes(entry)[..left.min(entry.len as usize)]);
            if around.next.is_some() && around.after.len() == reach.after {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use super::*;
    use crate::journal::{ConnId, Limits, Opened, Writer};

    const ALL: Reach = Reach { records: 100, before: 100, after: 100 };

    /// A journal with two connections (records 0 and 1) and a UDP peer (record 2).
    fn journal() -> (Arc<Journal>, Writer, [ConnId; 3]) {
        let journal = Arc::new(Journal::new(Limits::default()));
        let mut writer = Writer::new(Arc::clone(&journal));
        let conns = [State::Connected, State::Connected, State::Datagrams].map(|state| {
            let [peer, local] = [9, 1].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
            let by = if state == State::Datagrams { Opened::Peer } else { Opened::Accepted };
            writer.open(
                Detail::Opened { by, local: local.into(), peer: Some(peer.into()) },
                peer.into(),
                local.into(),
                state,
            )
        });
        (journal, writer, conns)
    }

    fn receive(writer: &mut Writer, conn: ConnId, text: &str) {
        writer.room(text.len())[..text.len()].copy_from_slice(text.as_bytes());
        writer.received(conn, text.len(), false);
    }

    #[track_caller]
    fn check(around: Option<Around>, before: &str, skipped: u64, after: &str, next: Option<Seq>) {
        let found = around.expect("a chunk");
        let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(
            (words(&found.before).as_str(), found.skipped, words(&found.after).as_str(), found.next),
            (before, skipped, after, next)
        );
    }

    #[test]
    fn the_stream_around_a_chunk_is_found_within_the_reach() {
        let (journal, mut writer, [one, two, udp]) = journal();
        for text in ["abc", "def", "ghi"] {
            receive(&mut writer, one, text);
            writer.sent(one, b"SENT");
            receive(&mut writer, two, "other");
            receive(&mut writer, udp, "datagram");
        }
        writer.publish(true);
        let never = |_: &[u8]| false;
        check(journal.around(3, ALL, never), "", 0, "abcdefghi", Some(7));
        check(journal.around(7, ALL, never), "abc", 0, "defghi", Some(11));
        check(journal.around(11, ALL, never), "abcdef", 0, "ghi", None);
        check(journal.around(11, Reach { before: 4, after: 2, ..ALL }, never), "cdef", 2, "gh", None);
        check(journal.around(7, Reach { records: 4, ..ALL }, never), "abc", 0, "def", None);
        check(journal.around(7, Reach { records: 3, ..ALL }, never), "", 0, "def", None);
        check(journal.around(11, ALL, |bytes| bytes == b"def"), "def", 0, "ghi", None);
        check(journal.around(4, ALL, never), "", 0, "SENTSENTSENT", Some(8));
        assert_eq!(journal.around(6, ALL, never), None, "a datagram");
        assert_eq!(journal.around(0, ALL, never), None, "no chunk");
        assert_eq!(journal.around(99, ALL, never), None, "not there");
    }

    #[test]
    fn it_goes_on_across_segments() {
        let (journal, mut writer, [one, ..]) = journal();
        for n in 0..10 {
            receive(&mut writer, one, &n.to_string());
            writer.publish(true);
            // A snapshot ends the growing segment.
            journal.snapshot();
        }
        check(journal.around(8, ALL, |_| false), "01234", 0, "56789", Some(9));
        check(journal.around(8, Reach { records: 2, ..ALL }, |_| false), "34", 0, "56", Some(9));
        journal.clear();
        assert_eq!(journal.around(8, ALL, |_| false), None, "it left");
    }
}
