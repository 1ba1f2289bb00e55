//! A filter made ready for many records.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use super::kinds::{Kind, Kinds};
use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::journal::{ConnId, Content, Head, Journal, Record, Segment, Seq, What};
use crate::search::Pattern;

/// Connections whose match a filter remembers.
const PEERS_KNOWN: usize = 100_000;

/// Records that are looked at before somebody may stop the search: a few hundred microseconds.
const RUN_RECORDS: usize = 4096;

/// Bytes of payload in them.
const RUN_BYTES: usize = 128 * 1024;

/// A filter made ready for many records.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    pub(super) beside: Beside,
    pub(super) pattern: Option<Pattern>,
    /// A second pattern that must match too: what is to be found among the rows of a filter.
    pub(super) found: Option<Pattern>,
}

/// Everything but the text.
#[derive(Clone, Debug, Default)]
pub(super) struct Beside {
    pub(super) kinds: Kinds,
    pub(super) length: Option<RangeInclusive<u64>>,
    pub(super) from: Option<Stamp>,
    /// The first moment after it.
    pub(super) to: Option<Stamp>,
    pub(super) peer: String,
    pub(super) whole_peer: Option<Address>,
    /// Whether a connection's peer matches: looked up once a connection.
    pub(super) peers: HashMap<ConnId, bool>,
}

impl Matcher {
    /// This filter, and `found` in every row.
    #[must_use]
    pub fn finding(&self, found: Pattern) -> Self {
        Self { found: Some(found), ..self.clone() }
    }

    /// The text that every row has.
    pub fn pattern(&self) -> Option<&Pattern> {
        self.pattern.as_ref()
    }

    /// Whether `record` of `journal` passes: for rows that are put together from several records.
    pub fn admits(&mut self, record: &Record, journal: &Journal) -> bool {
        let kind = Kind::of(&record.content);
        let length = record.payload().map(|(_, bytes)| bytes.len());
        self.beside.admits(kind, length, record.time, record.conn, journal)
            && has_text(record, [&self.found, &self.pattern])
    }

    /// Looks at some records of `segment` from `seq` on and tells `pass` those that pass; returns the first that was
    /// not looked at. The text is searched in the payload of all of them at once.
    pub fn run(&mut self, segment: &Segment, seq: Seq, journal: &Journal, mut pass: impl FnMut(Seq)) -> Seq {
        let Self { beside, pattern, found } = self;
        let (lead, also) = if found.is_some() { (&*found, &*pattern) } else { (&*pattern, &None) };
        let payload = segment.payload();
        if let Some(lead) = lead
            && lead.can_skip()
            && segment.is_payload_only()
        {
            return by_hits(segment, seq, lead, |head, bytes| {
                let passes = beside.admits_head(head, journal)
                    && also.as_ref().is_none_or(|pattern| pattern.is_match(bytes));
                if passes {
                    pass(head.seq);
                }
            });
        }
        let run = Run::of(segment, seq);
        let mut sweep = lead.as_ref().map(|pattern| pattern.sweep(&payload[..run.bytes]));
        for head in segment.heads_from(seq).take(run.records) {
            let passes = beside.admits_head(&head, journal)
                && match head.what {
                    What::Payload(_, place) => {
                        sweep.as_mut().is_none_or(|sweep| sweep.is_match(place.clone()))
                            && also.as_ref().is_none_or(|pattern| pattern.is_match(&payload[place]))
                    }
                    What::Detail(_) => segment.get(head.seq).is_some_and(|record| has_text(&record, [lead, also])),
                };
            if passes {
                pass(head.seq);
            }
        }
        run.end
    }
}

/// Whether the payload or the words of `record` have everything that is looked for.
fn has_text(record: &Record, patterns: [&Option<Pattern>; 2]) -> bool {
    let all = |bytes: &[u8]| patterns.into_iter().flatten().all(|pattern| pattern.is_match(bytes));
    match &record.content {
        Content::Payload(_, bytes) => all(bytes),
        Content::Detail(_) => patterns.iter().all(|pattern| pattern.is_none()) || all(record.words().as_bytes()),
    }
}

/// Looks at some records of `segment`, all of which have payload, from `seq` on: only at those where `pattern` may be
/// found. Tells `hit` those that have it, and returns the first record that was not looked at.
fn by_hits(segment: &Segment, seq: Seq, pattern: &Pattern, mut hit: impl FnMut(&Head<'_>, &[u8])) -> Seq {
    let Some(Head { what: What::Payload(_, first), .. }) = segment.heads_from(seq).next() else {
        return segment.end();
    };
    // Up to a border of records; one that is longer is looked at as a whole.
    let (end, next) = match segment.head_at(first.end.max(first.start + RUN_BYTES)) {
        Some(Head { seq, what: What::Payload(_, place), .. }) => (place.start, seq),
        _ => (segment.payload().len(), segment.end()),
    };
    let payload = &segment.payload()[..end];
    let mut sweep = pattern.sweep(payload);
    let mut at = first.start;
    while let Some(offset) = sweep.seek(at)
        && let Some(head) = segment.head_at(offset)
        && let What::Payload(_, place) = &head.what
    {
        at = place.end;
        if sweep.is_match(place.clone()) {
            hit(&head, &payload[place.clone()]);
        }
    }
    next
}

impl Beside {
    fn admits_head(&mut self, head: &Head<'_>, journal: &Journal) -> bool {
        let (kind, length) = match &head.what {
            What::Payload(direction, place) => (Kind::of_payload(*direction), Some(place.len())),
            What::Detail(detail) => (Kind::of_detail(detail), None),
        };
        self.admits(kind, length, head.time, head.conn, journal)
    }

    fn admits(
        &mut self,
        kind: Kind,
        length: Option<usize>,
        time: Stamp,
        conn: Option<ConnId>,
        journal: &Journal,
    ) -> bool {
        self.kinds.has(kind)
            && self.length.as_ref().is_none_or(|range| length.is_some_and(|len| range.contains(&(len as u64))))
            && self.from.is_none_or(|from| time >= from)
            && self.to.is_none_or(|to| time < to)
            && self.admits_peer(conn, journal)
    }

    fn admits_peer(&mut self, conn: Option<ConnId>, journal: &Journal) -> bool {
        if self.peer.is_empty() {
            return true;
        }
        let Some(id) = conn else { return false };
        if self.peers.len() > PEERS_KNOWN {
            self.peers.clear();
        }
        let (whole, part) = (&self.whole_peer, &self.peer);
        *self.peers.entry(id).or_insert_with(|| {
            journal.connection(id).is_some_and(|known| match whole {
                Some(whole) => known.peer == *whole,
                None => known.peer.to_string().contains(part),
            })
        })
    }
}

/// Records that are looked at together.
struct Run {
    records: usize,
    /// Where their payload ends in the segment's.
    bytes: usize,
    /// The record after them.
    end: Seq,
}

impl Run {
    fn of(segment: &Segment, seq: Seq) -> Self {
        let mut run = Self { records: 0, bytes: 0, end: seq.max(segment.first()) };
        let mut start = None;
        for head in segment.heads_from(seq).take(RUN_RECORDS) {
            if let What::Payload(_, place) = head.what {
                let start = *start.get_or_insert(place.start);
                if place.end - start > RUN_BYTES && run.records > 0 {
                    break;
                }
                run.bytes = place.end;
            }
            run.records += 1;
            run.end = head.seq + 1;
        }
        run
    }
}
