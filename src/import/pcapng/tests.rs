use std::collections::BTreeMap;

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::endpoint::Address;
use crate::export::{self, About, Ends, FileFormat, Losses, Role, Summary, Totals};
use crate::import::{Claims, Side, Sum};
use crate::journal::{ConnId, Content, Count, Detail, Direction, How, Opened, Record};

mod foreign;

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

/// Everything that a reader gives, and why it ended.
pub(super) fn read(bytes: &[u8]) -> (Vec<Item>, Option<Fault>) {
    let mut reader = Reader::new(bytes);
    let mut items = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(item)) => items.push(item),
            Ok(None) => {
                assert_eq!(reader.read(), bytes.len() as u64);
                return (items, None);
            }
            Err(fault) => {
                assert!(matches!(reader.next(), Ok(None)), "nothing comes after a fault");
                return (items, Some(fault));
            }
        }
    }
}

/// A log that is made up.
#[derive(Clone, Debug, Default)]
struct Log {
    records: Vec<(Record, Option<Ends>, Option<String>)>,
    ends: BTreeMap<ConnId, Ends>,
}

impl Log {
    fn add(&mut self, seq: u64, conn: Option<u32>, content: Content, note: Option<String>, unexpected: bool) {
        let conn = conn.map(ConnId);
        let ends = conn.map(|conn| self.ends[&conn].clone());
        let time = Stamp::from_nanos(u64::MAX - 5_000_000_000 + seq * 3);
        self.records.push((Record { seq, time, conn, content, unexpected }, ends, note));
    }

    fn sums(&self) -> BTreeMap<(ConnId, Side), (Count, Sha256)> {
        let mut sums = BTreeMap::<_, (Count, Sha256)>::new();
        for (record, ..) in &self.records {
            if let (Some((direction, bytes)), Some(conn)) = (record.payload(), record.conn) {
                let (count, digest) = sums.entry((conn, direction.into())).or_default();
                *count = Count { bytes: count.bytes + bytes.len() as u64, records: count.records + 1 };
                digest.update(bytes);
            }
        }
        sums
    }

    fn claims(&self) -> Claims {
        let sums = self.sums();
        let of = |conn: &ConnId, side| sums.get(&(*conn, side)).cloned().unwrap_or_default();
        let mut summary = Summary { losses: Losses { datagrams: 7, ..Losses::default() }, ..Summary::default() };
        let mut all = BTreeMap::new();
        for (conn, ends) in &self.ends {
            let (received, sent) = (of(conn, Side::Received), of(conn, Side::Sent));
            summary.received = join(summary.received, received.0);
            summary.sent = join(summary.sent, sent.0);
            summary.connections.push(Totals {
                conn: *conn,
                ends: ends.clone(),
                received: received.0,
                sent: sent.0,
            });
            for (side, (count, digest)) in [(Side::Received, received), (Side::Sent, sent)] {
                all.insert((*conn, side), Sum { saved: count.bytes, sha256: digest.finalize().into() });
            }
        }
        Claims { records: self.records.len() as u64, summary, complete: true, sums: all }
    }

    fn written(&self, role: Role) -> (export::Header, Vec<u8>) {
        let header = export::Header::new(role, "tcp://127.0.0.1:8888");
        let mut out = Vec::new();
        let mut writer = export::writer(FileFormat::Pcapng, &mut out);
        writer.start(&header).expect("a Vec takes everything");
        for (record, ends, note) in &self.records {
            writer
                .record(record, About { ends: ends.as_ref(), note: note.as_deref() })
                .expect("a Vec takes everything");
        }
        writer.finish(&self.claims().summary).expect("a Vec takes everything");
        drop(writer);
        (header, out)
    }
}

fn join(a: Count, b: Count) -> Count {
    Count { bytes: a.bytes + b.bytes, records: a.records + b.records }
}

fn detail() -> impl Strategy<Value = Detail> {
    let error = |(op, subject, number): (String, String, Option<i32>)| {
        let mut error = crate::error::OpError::new(op, subject, "no \"luck\"");
        error.code = number.map(|number| crate::error::SystemCode { number, name: "ELUCK".to_owned() });
        Detail::Error(Box::new(error))
    };
    let hows = [How::PeerFin, How::LocalClose, How::PeerReset, How::LocalAbort, How::TimeLimit, How::Error];
    prop_oneof![
        ".{0,40}".prop_map(Detail::Note),
        any::<(String, String, Option<i32>)>().prop_map(error),
        (0..1000u64).prop_map(|datagrams| Detail::KernelDropped { datagrams }),
        prop::sample::select(hows.to_vec()).prop_map(|how| Detail::Closed { how }),
        prop::sample::select(vec![crate::journal::Side::Local, crate::journal::Side::Peer])
            .prop_map(|by| Detail::Finished { by }),
        prop::sample::select(vec![
            Opened::Listening,
            Opened::Accepted,
            Opened::Connected,
            Opened::Bound,
            Opened::Peer
        ])
        .prop_map(|by| Detail::Opened {
            by,
            local: address("127.0.0.1:8"),
            peer: Some(address("[::1]:9"))
        }),
    ]
}

fn content() -> impl Strategy<Value = Content> {
    let len = prop_oneof![8 => 0..100usize, 1 => 4090..4100usize, 1 => Just(65_507usize)];
    let direction = prop::sample::select(vec![Direction::Sent, Direction::Received]);
    prop_oneof![
        4 => (direction.clone(), len, any::<u8>())
            .prop_map(|(direction, len, byte)| Content::Payload(direction, Bytes::from(vec![byte; len]))),
        1 => detail().prop_map(Content::Detail),
    ]
}

/// Logs with connections between all kinds of ends, some of them the same.
fn log() -> impl Strategy<Value = Log> {
    let note = prop::option::weighted(0.2, any::<String>());
    let record = (prop::option::weighted(0.9, 1..6u32), content(), note, any::<bool>(), 0..3u64);
    prop::collection::vec(record, 0..40).prop_map(|records| {
        let ends = [
            ("127.0.0.1:9", "127.0.0.1:8888"),
            ("127.0.0.1:9", "127.0.0.1:8888"),
            ("[fe80::1%3]:9", "[fe80::2%3]:8888"),
            ("127.0.0.1:9", "[::1]:8888"),
            ("[2001:db8::1]:0", "[::]:1"),
        ];
        let mut log = Log::default();
        for (number, (peer, local)) in (1..).zip(ends) {
            log.ends.insert(ConnId(number), Ends { peer: address(peer), local: address(local) });
        }
        let mut seq = 0;
        for (conn, content, note, unexpected, skipped) in records {
            // Payload is always of a connection.
            let conn = conn.or(matches!(content, Content::Payload(..)).then_some(1));
            seq += skipped;
            log.add(seq, conn, content, note, unexpected);
            seq += 1;
        }
        log
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(log in log(), role in prop::sample::select(vec![Role::Listener, Role::Client, Role::Udp])) {
        let (header, bytes) = log.written(role);
        let (items, fault) = read(&bytes);
        prop_assert_eq!(fault, None);
        let mut expected = vec![Item::Header(header)];
        expected.extend(log.records.iter().cloned().map(|(record, ends, note)| Item::Record { record, ends, note }));
        expected.push(Item::Claims(log.claims()));
        prop_assert_eq!(items.len(), expected.len());
        for (item, expected) in items.into_iter().zip(expected) {
            prop_assert_eq!(item, expected);
        }
    }

    /// Wherever a file ends, what is before it was read, and it is said that it is torn.
    #[test]
    fn a_torn_file_is_read_up_to_its_end(log in log(), place in any::<prop::sample::Index>()) {
        let (_, bytes) = log.written(Role::Listener);
        let (all, _) = read(&bytes);
        let end = place.index(bytes.len());
        let (items, fault) = read(&bytes[..end]);
        let fault = fault.expect("it is not whole");
        prop_assert!(end < 4 || fault.torn, "{}", fault);
        prop_assert!(items.len() < all.len());
        // The last one may be the beginning of a chunk.
        let whole = items.len().saturating_sub(1);
        prop_assert_eq!(&items[..whole], &all[..whole]);
    }

    #[test]
    fn no_damage_makes_it_panic(
        log in log(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..10),
    ) {
        let (_, mut bytes) = log.written(Role::Listener);
        for (place, byte) in damages {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let _ = read(&bytes);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }
}

#[test]
fn a_large_chunk_is_one_record_again() {
    let mut log = Log::default();
    log.ends.insert(ConnId(1), Ends { peer: address("127.0.0.1:9"), local: address("127.0.0.1:8888") });
    let chunk: Vec<u8> = (0..2_000_000u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
    for seq in 0..3 {
        log.add(seq, Some(1), Content::Payload(Direction::Received, Bytes::from(chunk.clone())), None, false);
    }
    let (_, bytes) = log.written(Role::Listener);
    let (items, fault) = read(&bytes);
    assert_eq!(fault, None);
    let lengths = items.iter().filter_map(|item| match item {
        Item::Record { record, .. } => record.payload().map(|(_, bytes)| bytes.len()),
        _ => None,
    });
    assert_eq!(lengths.collect::<Vec<_>>(), [chunk.len(); 3]);
    assert_eq!(items.last(), Some(&Item::Claims(log.claims())));
}

#[test]
fn payload_that_no_packet_holds_is_told() {
    let mut log = Log::default();
    log.ends.insert(ConnId(1), Ends { peer: address("127.0.0.1:9"), local: address("127.0.0.1:8888") });
    let content = Content::Payload(Direction::Sent, Bytes::from(vec![0; 65_508]));
    log.add(0, Some(1), content, None, false);
    log.add(1, Some(1), Content::Detail(Detail::Note("\u{1}".repeat(70_000))), None, false);
    let (items, fault) = read(&log.written(Role::Udp).1);
    assert_eq!(fault, None);
    let texts: Vec<_> = items
        .iter()
        .filter_map(|item| match item {
            Item::Record { record, .. } => Some(record.words()),
            _ => None,
        })
        .collect();
    assert_eq!(texts[0], "sent 65508 bytes that no IP packet can hold");
    assert_eq!(texts[1], format!("{}…", "\u{1}".repeat(8192)));
    let Some(Item::Claims(claims)) = items.last() else { panic!("no claims") };
    assert!(!claims.complete);
}

/// Records of two files in one, or in another order, are not taken for one log.
#[test]
fn numbers_that_descend_are_a_fault() {
    fn check(contents: [Content; 2], seqs: [u64; 2], told: &str) {
        let mut log = Log::default();
        log.ends.insert(ConnId(1), Ends { peer: address("127.0.0.1:9"), local: address("127.0.0.1:8888") });
        for (seq, content) in seqs.into_iter().zip(contents) {
            log.add(seq, Some(1), content, None, false);
        }
        let (items, fault) = read(&log.written(Role::Listener).1);
        let fault = fault.expect("a fault");
        assert!(fault.reason.contains(told) && !fault.torn, "{fault}");
        let seqs_read: Vec<_> = items
            .iter()
            .filter_map(|item| match item {
                Item::Record { record, .. } => Some(record.seq),
                _ => None,
            })
            .collect();
        assert_eq!(seqs_read, seqs[..1], "what came before is whole");
    }
    let payload = || Content::Payload(Direction::Received, Bytes::from_static(b"hi"));
    let note = || Content::Detail(Detail::Note("a note".to_owned()));
    let together = "numbers ascend, so this file is damaged, or put together from others";
    check([payload(), payload()], [7, 3], together);
    check([note(), note()], [7, 3], "record 3 comes where record 8 or a later one is due");
    check([note(), payload()], [7, 3], together);
    check([payload(), note()], [7, 7], together);
}

/// A damaged copy of a small file is a fault at a place, or at least not the same.
#[test]
fn a_damaged_file_is_refused_at_its_place() {
    fn check(bytes: &[u8], place: u64, reason: &str) {
        let (_, fault) = read(bytes);
        let fault = fault.expect("damaged");
        assert_eq!((fault.place, fault.torn), (crate::import::Place::Byte(place), false), "{fault}");
        assert!(fault.reason.contains(reason), "{fault}");
    }
    let (_, bytes) = Log::default().written(Role::Listener);
    let first = u32::from_le_bytes(bytes[4..8].try_into().expect("4 bytes")) as usize;
    let with = |at: usize, change: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + change.len()].copy_from_slice(change);
        bytes
    };
    check(b"", 0, "shorter than 4 bytes");
    check(b"%PDF-1.4", 0, "neither pcapng nor pcap");
    check(&with(8, &[0; 4]), 8, "byte order");
    check(&with(12, &[2]), 12, "version 2 of pcapng");
    check(&with(4, &[13, 0, 0, 0]), 4, "can't have 13 bytes");
    check(&with(first + 4, &[0, 0, 0, 2]), first as u64 + 4, "can't have 33554432 bytes");
    check(&with(first - 4, &[1]), first as u64 - 4, "ends with another length");
    check(&with(26, &[255, 255]), 26, "longer than what is left");
    let version = memchr::memmem::find(&bytes, b"\"version\":1").expect("a version") + 10;
    check(&with(version, b"7"), 0, "version 7 of the form");
    let interface = with(first, &[0x77]);
    check(&interface, first as u64 + u64::from(bytes[first + 4]) + 8, "interface 0, and there are 0");
}
