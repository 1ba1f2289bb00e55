use bytes::Bytes;

use super::*;

const BEGINNING: Beginning =
    Beginning { started: Stamp::from_nanos(5), dropped: Count { bytes: 0, records: 0 }, state: State::Connected };

fn ends(conn: u32) -> (Address, Address) {
    (([10, 0, 0, 1], u16::try_from(conn).expect("a port")).into(), ([127, 0, 0, 1], 1).into())
}

/// A journal of these records, each with a number and a connection (0: none).
fn rebuilt(beginning: Beginning, records: &[(Seq, u32, Content)], told: Option<&Told>) -> Arc<Journal> {
    let mut rebuilder = Rebuilder::new(&Budget::default(), Limits::default(), beginning);
    for (seq, conn, content) in records {
        let known = (*conn != 0).then_some(ConnId(*conn));
        let time = Stamp::from_nanos(100 + seq);
        let record = Record { seq: *seq, time, conn: known, content: content.clone(), unexpected: false };
        rebuilder.push(&record, known.map(|_| ends(*conn))).expect("room");
    }
    rebuilder.finish(told)
}

fn received(text: &'static str) -> Content {
    Content::Payload(Direction::Received, Bytes::from_static(text.as_bytes()))
}

fn closed(how: How) -> Content {
    Content::Detail(Detail::Closed { how })
}

fn opened(by: Opened, conn: u32) -> Content {
    let (peer, local) = ends(conn);
    Content::Detail(Detail::Opened { by, local: local.clone(), peer: Some(peer.clone()) })
}

fn states(journal: &Journal) -> Vec<(u32, State)> {
    journal.connections(0, 100).into_iter().map(|connection| (connection.id.0, connection.state)).collect()
}

#[test]
fn connections_come_in_any_order_and_are_listed_by_number() {
    let journal = rebuilt(
        BEGINNING,
        &[
            (7, 9, received("nine")),
            (8, 3, received("three")),
            (9, 5, received("five")),
            (10, 5, Content::Detail(Detail::Finished { by: Side::Peer })),
            (11, 4, received("")),
            (12, 4, closed(How::PeerReset)),
        ],
        None,
    );
    assert_eq!(
        states(&journal),
        [
            (3, State::Connected),
            (5, State::PeerFinished),
            (9, State::Connected),
            (4, State::Closed(How::PeerReset)),
        ]
    );
    let status = journal.status();
    assert_eq!((status.first, status.end, status.open, status.listed), (7, 13, 3, 4));
    assert_eq!(journal.get(8).expect("a record").content, received("three"));
    let nine = journal.connection(ConnId(9)).expect("known");
    assert_eq!((nine.opened, nine.received.count()), (Stamp::from_nanos(107), Count { bytes: 4, records: 1 }));
}

#[test]
fn peers_are_open_while_their_socket_is() {
    let beginning = Beginning { state: State::Datagrams, ..BEGINNING };
    let peer = [(0, 1, opened(Opened::Peer, 1)), (1, 2, received("x"))];
    let journal = rebuilt(beginning, &peer, None);
    assert_eq!(states(&journal), [(1, State::Datagrams), (2, State::Datagrams)]);
    let over = [&peer[..], &[(2, 0, closed(How::LocalClose))]].concat();
    let journal = rebuilt(beginning, &over, None);
    let state = State::Closed(How::LocalClose);
    assert_eq!(states(&journal), [(2, state), (1, state)], "the newest first");
    assert_eq!(journal.status().open, 0);
}

#[test]
fn what_is_told_is_counted_when_it_can_be_so() {
    let one = Count { bytes: 4, records: 1 };
    let more = Count { bytes: 14, records: 3 };
    let other = Count { bytes: 1, records: 1 };
    let told = |all: Count| {
        let (peer, local) = ends(1);
        let none = Count::default();
        Told {
            received: all,
            dropped: Count { bytes: 20, records: 3 },
            cleared: 4,
            datagrams: 6,
            connections: vec![
                (ConnId(1), peer.clone(), local.clone(), more, none),
                (ConnId(2), peer, local, other, none),
            ],
            ..Told::default()
        }
    };
    let all = Count { bytes: 15, records: 4 };
    let journal = rebuilt(BEGINNING, &[(7, 1, received("four"))], Some(&told(all)));
    let status = journal.status();
    assert_eq!((status.received, status.dropped_records, status.dropped_bytes), (all, 3, 20));
    assert_eq!(status.kernel_dropped, 6);
    assert_eq!(journal.connection(ConnId(1)).expect("known").received.count(), more);
    assert_eq!(journal.connection(ConnId(2)).expect("told of").received.count(), other);
    // Parts that are more than the whole: nothing of it is believed.
    let journal = rebuilt(BEGINNING, &[(7, 1, received("four"))], Some(&told(more)));
    assert_eq!((journal.status().received, journal.status().kernel_dropped), (one, 0));
    assert_eq!(journal.connection(ConnId(2)), None);
}

#[test]
fn a_log_without_records_keeps_its_place() {
    let told = Told { dropped: Count { bytes: 9, records: 2 }, cleared: 3, ..Told::default() };
    let beginning = Beginning { dropped: told.dropped, ..BEGINNING };
    let journal = rebuilt(beginning, &[], Some(&told));
    let snapshot = journal.snapshot();
    assert_eq!((snapshot.first(), snapshot.status().dropped_records), (5, 2));
    let origin = Origin { started: Stamp::from_nanos(5), dropped_later: Count::default() };
    assert_eq!(snapshot.origin(), Some(origin));
}

#[test]
fn numbers_go_on_where_some_are_missing() {
    let mut rebuilder = Rebuilder::new(&Budget::default(), Limits::default(), BEGINNING);
    for (seq, expected) in [(3, 3), (4, 4), (9, 5), (10, 6), (12, 7)] {
        let content = Content::Detail(Detail::Note("x".to_owned()));
        let record = Record { seq, time: Stamp::default(), conn: None, content, unexpected: false };
        assert_eq!(rebuilder.push(&record, None), Ok(expected));
    }
    assert_eq!(rebuilder.skipped(), 5);
}

#[test]
fn a_payload_that_no_block_holds_is_several_records() {
    for direction in [Direction::Received, Direction::Sent] {
        let bytes: Vec<u8> = (0..=250).cycle().take(2 * BLOCK + 7).collect();
        let content = Content::Payload(direction, bytes.clone().into());
        let mut rebuilder = Rebuilder::new(&Budget::default(), Limits::default(), BEGINNING);
        let record = |seq| Record {
            seq,
            time: Stamp::default(),
            conn: Some(ConnId(1)),
            content: content.clone(),
            unexpected: false,
        };
        assert_eq!(rebuilder.push(&record(u64::MAX), Some(ends(1))), Ok(HIGHEST));
        assert_eq!(rebuilder.push(&record(0), Some(ends(1))), Ok(HIGHEST + 3));
        let journal = rebuilder.finish(None);
        assert_eq!(journal.status().end, HIGHEST + 6);
        let all: Vec<u8> =
            journal.snapshot().records().flat_map(|it| it.payload().expect("payload").1.to_vec()).collect();
        assert!(all == [&bytes[..], &bytes].concat());
    }
}
