//! Characters that cross the border between two chunks: each is shown whole in the row in which it begins, and the
//! row after begins behind it. Bytes and files know nothing of that.
//!
//! What lies around a chunk is looked for among few records, and remembered for the rows in sight.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use crate::journal::{Journal, Reach, Record, Seq};
use crate::payload::{Before, Encoding, LOOK_AHEAD, LOOK_BACK};

/// Records that are looked at before and after a chunk: other connections may have many between two of one.
const RECORDS: usize = 1024;

/// Chunks that are remembered; then it starts anew.
const KNOWN: usize = 10_000;

/// Where the text of a row begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// Bytes at its start that the row of an earlier chunk shows.
    pub skipped: usize,
    /// Bytes of the chunks after it that belong to its last character.
    borrowed: Few,
}

impl Edges {
    /// The bytes of later chunks that belong to its last character.
    pub fn borrowed(&self) -> &[u8] {
        self.borrowed.bytes()
    }
}

/// A few bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Few {
    bytes: [u8; LOOK_AHEAD],
    len: usize,
}

impl Few {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn extend(&mut self, more: &[u8]) {
        let room = &mut self.bytes[self.len..];
        let taken = more.len().min(room.len());
        room[..taken].copy_from_slice(&more[..taken]);
        self.len += taken;
    }
}

/// What is known of a chunk.
#[derive(Clone, Copy, Debug, Default)]
struct Joint {
    /// Its first bytes, which belong to a character that began before it.
    head: Few,
    /// Whether it has no others.
    whole: bool,
    /// The next chunk of its stream.
    next: Option<Seq>,
}

/// The borders of the chunks in sight.
#[derive(Debug, Default)]
pub(super) struct Joints {
    known: RefCell<(Encoding, FxHashMap<Seq, Joint>)>,
}

impl Joints {
    /// Where the text of `record` begins and ends.
    pub(super) fn edges(&self, encoding: Encoding, record: &Record, journal: &Journal) -> Edges {
        let none = Edges::default();
        let Some((_, bytes)) = record.payload().filter(|(_, bytes)| !bytes.is_empty()) else { return none };
        let (first, last) = (bytes[0], bytes[bytes.len() - 1]);
        let plain = !matches!(first, 0x80..=0xbf) && last.is_ascii();
        if encoding == Encoding::Latin1 || (encoding == Encoding::Utf8 && plain) {
            return none;
        }
        let mut joint = self.joint(encoding, record.seq, journal);
        let mut edges = Edges { skipped: joint.head.len, borrowed: Few::default() };
        if joint.whole {
            return edges;
        }
        while let Some(next) = joint.next {
            joint = self.joint(encoding, next, journal);
            edges.borrowed.extend(joint.head.bytes());
            if !joint.whole || joint.head.len == 0 {
                break;
            }
        }
        edges
    }

    fn joint(&self, encoding: Encoding, seq: Seq, journal: &Journal) -> Joint {
        let (of, known) = &mut *self.known.borrow_mut();
        if *of != encoding || known.len() >= KNOWN {
            known.clear();
            *of = encoding;
        }
        if let Some(joint) = known.get(&seq) {
            return *joint;
        }
        let reach = Reach { records: RECORDS, before: LOOK_BACK, after: LOOK_AHEAD };
        let around = journal.around(seq, reach, |chunk| encoding.tells_after(chunk)).unwrap_or_default();
        let before = Before { bytes: &around.before, skipped: around.skipped };
        let crossing = encoding.crossing(before, &around.after);
        let mut head = Few::default();
        head.extend(&around.after[..crossing.bytes.min(around.len)]);
        let joint = Joint { head, whole: head.len == around.len, next: around.next };
        if crossing.sure && joint.next.is_some() {
            known.insert(seq, joint);
        }
        joint
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use proptest::prelude::*;

    use crate::app::log::{LogView, Shown};
    use crate::app::wake::Wake;
    use crate::journal::{ConnId, Detail, Direction, Journal, Limits, Opened, Reader, State, Writer};
    use crate::payload::{self, Encoding};

    struct Log {
        journal: Arc<Journal>,
        writer: Writer,
        view: LogView,
    }

    impl Log {
        fn new(encoding: Encoding) -> Self {
            let journal = Arc::new(Journal::new(Limits::default()));
            let writer = Writer::new(Arc::clone(&journal));
            Self { journal, writer, view: LogView { encoding, ..LogView::default() } }
        }

        fn open(&mut self, state: State) -> ConnId {
            let [peer, local] = [9, 1].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
            let opened = Detail::Opened { by: Opened::Accepted, local: local.into(), peer: Some(peer.into()) };
            self.writer.open(opened, peer.into(), local.into(), state)
        }

        fn receive(&mut self, conn: ConnId, bytes: &[u8]) {
            self.writer.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
            self.writer.received(conn, bytes.len(), false);
        }

        /// The texts of the rows of one direction of a connection.
        fn texts(&mut self, conn: ConnId, direction: Direction) -> Vec<String> {
            self.writer.publish(true);
            let wake = Wake::new(egui::Context::default());
            self.view.advance(&self.journal, &self.journal.status(), Duration::from_secs(60), &wake);
            let mut reader = Reader::new(&self.journal);
            let rows = (0..self.view.rows()).filter_map(|row| self.view.key_at(row));
            let shown: Vec<_> = rows.filter_map(|key| self.view.preview(key, &mut reader)).collect();
            let of_it = |shown: &&Shown| {
                shown.record.conn == Some(conn) && shown.record.payload().is_some_and(|(its, _)| its == direction)
            };
            let text = |shown: &Shown| {
                assert_eq!(shown.text(usize::MAX).len(), shown.text_len());
                payload::text(self.view.encoding, &shown.text(usize::MAX))
            };
            shown.iter().filter(of_it).map(text).collect()
        }
    }

    #[test]
    fn a_character_is_shown_where_it_begins_as_soon_as_it_is_whole() {
        let mut log = Log::new(Encoding::Utf8);
        let (one, other) = (log.open(State::Connected), log.open(State::Connected));
        let bytes = "你好".as_bytes();
        log.receive(one, &bytes[..1]);
        assert_eq!(log.texts(one, Direction::Received), [r"\xe4"]);
        log.receive(other, b"x\xbd");
        log.writer.sent(one, b"\xa0");
        log.receive(one, &bytes[1..2]);
        assert_eq!(log.texts(one, Direction::Received), [r"\xe4", r"\xbd"]);
        log.receive(one, &bytes[2..5]);
        assert_eq!(log.texts(one, Direction::Received), ["你", "", r"\xe5\xa5"]);
        log.receive(one, &bytes[5..]);
        assert_eq!(log.texts(one, Direction::Received), ["你", "", "好", ""]);
        assert_eq!(log.texts(one, Direction::Sent), [r"\xa0"]);
        assert_eq!(log.texts(other, Direction::Received), [r"x\xbd"]);
    }

    #[test]
    fn datagrams_are_whole_as_they_are() {
        let mut log = Log::new(Encoding::Utf8);
        let peer = log.open(State::Datagrams);
        log.receive(peer, b"\xe4");
        log.receive(peer, b"\xbd\xa0");
        assert_eq!(log.texts(peer, Direction::Received), [r"\xe4", r"\xbd\xa0"]);
    }

    #[test]
    fn all_rows_are_read_anew_in_another_encoding() {
        let mut log = Log::new(Encoding::Gbk);
        let conn = log.open(State::Connected);
        for byte in b"\xcc\xab\xb0\xd7: hi" {
            log.receive(conn, &[*byte]);
        }
        assert_eq!(log.texts(conn, Direction::Received), ["太", "", "白", "", ":", " ", "h", "i"]);
        log.view.encoding = Encoding::Latin1;
        assert_eq!(log.texts(conn, Direction::Received), ["Ì", "«", "°", "×", ":", " ", "h", "i"]);
        log.view.encoding = Encoding::Gb18030;
        assert_eq!(log.texts(conn, Direction::Received), ["太", "", "白", "", ":", " ", "h", "i"]);
    }

    #[test]
    fn so_far_apart_they_are_not_joined() {
        let mut log = Log::new(Encoding::Utf8);
        let (one, other) = (log.open(State::Connected), log.open(State::Connected));
        log.receive(one, b"\xe4");
        (0..super::RECORDS).for_each(|_| log.receive(other, b"x"));
        log.receive(one, b"\xbd\xa0");
        assert_eq!(log.texts(one, Direction::Received), [r"\xe4", r"\xbd\xa0"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn however_streams_are_cut_their_rows_show_their_text(
            texts in prop::array::uniform2(r"[a-z0-9 \n你好世界太白テスト。é𝄞]{0,40}"),
            pieces in prop::collection::vec((0_usize..2, 1_usize..5, any::<bool>()), 0..200),
        ) {
            let mut log = Log::new(Encoding::Utf8);
            let conns = [log.open(State::Connected), log.open(State::Connected)];
            let mut rest = [texts[0].as_bytes(), texts[1].as_bytes()];
            let last = [(0, usize::MAX, false), (1, usize::MAX, false)];
            for (which, len, publish) in pieces.into_iter().chain(last) {
                let (now, later) = rest[which].split_at(len.min(rest[which].len()));
                rest[which] = later;
                if !now.is_empty() {
                    log.receive(conns[which], now);
                }
                if publish {
                    log.texts(conns[which], Direction::Received);
                }
            }
            for (conn, text) in conns.into_iter().zip(&texts) {
                prop_assert_eq!(&log.texts(conn, Direction::Received).concat(), text);
            }
        }
    }
}
