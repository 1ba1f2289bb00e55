//! How connections end, as both ends see it.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use socket2::SockRef;
use sockscope::engine::{Command, Options, Target};
use sockscope::journal::{ConnId, Detail, How, Side, State};
use sockscope::responder::Act;

use crate::bench::{Bench, PATIENCE, Tab, always, peer, read, read_to_end, reply, rules, stalled};

struct Pair {
    bench: Bench,
    tab: Tab,
    client: TcpStream,
    conn: ConnId,
}

fn pair(options: Options) -> Pair {
    let bench = Bench::new();
    let (tab, address) = bench.listen(options);
    let client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    Pair { bench, tab, client, conn }
}

impl Pair {
    #[track_caller]
    fn state(&self, expected: State) {
        self.bench.wait_for("a state", || {
            (self.tab.journal.connection(self.conn).unwrap().state == expected).then_some(())
        });
    }

    /// What was recorded about the connection after its opening.
    #[track_caller]
    fn details(&self, expected: &[Detail]) {
        assert_eq!(self.tab.details(Some(self.conn))[1..], *expected);
    }

    fn one(&self) -> Target {
        Target::Connections(vec![self.conn])
    }
}

const fn closed(how: How) -> Detail {
    Detail::Closed { how }
}

#[test]
fn the_peers_fin_closes() {
    let mut pair = pair(Options::default());
    pair.client.write_all(b"last words").unwrap();
    pair.client.shutdown(Shutdown::Write).unwrap();
    pair.state(State::Closed(How::PeerFin));
    pair.details(&[closed(How::PeerFin)]);
    pair.bench.received(&pair.tab, pair.conn, b"last words");
    assert_eq!(read_to_end(&mut pair.client), b"");
}

#[test]
fn the_peers_rst_is_told_apart() {
    let mut pair = pair(Options::default());
    pair.client.write_all(b"x").unwrap();
    pair.bench.received(&pair.tab, pair.conn, b"x");
    SockRef::from(&pair.client).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(std::mem::replace(&mut pair.client, TcpStream::connect(pair.bench.ready(&pair.tab)).unwrap()));
    pair.state(State::Closed(How::PeerReset));
    pair.details(&[closed(How::PeerReset)]);
}

#[test]
fn a_kept_connection_is_answered_after_the_peers_fin() {
    let mut pair = pair(Options { keep_open: true, ..Options::default() });
    pair.client.shutdown(Shutdown::Write).unwrap();
    pair.state(State::PeerFinished);
    pair.bench.send(&pair.tab, Target::All, "still here").unwrap();
    assert_eq!(read(&mut pair.client, 10), b"still here");
    pair.bench.command(Command::FinishSending { session: pair.tab.session, to: pair.one() });
    assert_eq!(read_to_end(&mut pair.client), b"");
    pair.state(State::Closed(How::PeerFin));
    pair.details(&[Detail::Finished { by: Side::Peer }, closed(How::PeerFin)]);
}

#[test]
fn a_kept_connection_notices_a_reset() {
    let mut pair = pair(Options { keep_open: true, ..Options::default() });
    pair.client.shutdown(Shutdown::Write).unwrap();
    pair.state(State::PeerFinished);
    SockRef::from(&pair.client).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(std::mem::replace(&mut pair.client, TcpStream::connect(pair.bench.ready(&pair.tab)).unwrap()));
    pair.state(State::Closed(How::PeerReset));
}

#[test]
fn finishing_first_still_receives() {
    let mut pair = pair(Options::default());
    pair.bench.send(&pair.tab, Target::All, "question").unwrap();
    pair.bench.command(Command::FinishSending { session: pair.tab.session, to: Target::All });
    assert_eq!(read_to_end(&mut pair.client), b"question");
    pair.state(State::SendingFinished);
    let refused = pair.bench.send(&pair.tab, pair.one(), "more").unwrap_err();
    assert!(refused.message.contains("is finished"), "{refused}");
    pair.client.write_all(b"answer").unwrap();
    pair.client.shutdown(Shutdown::Write).unwrap();
    pair.state(State::Closed(How::LocalClose));
    pair.bench.received(&pair.tab, pair.conn, b"answer");
    pair.details(&[Detail::Finished { by: Side::Local }, closed(How::LocalClose)]);
}

#[test]
fn closing_sends_what_is_queued_and_records_what_still_comes() {
    let mut pair = pair(Options::default());
    let payload = vec![b'q'; 8 << 20];
    pair.bench.send(&pair.tab, Target::All, payload.clone()).unwrap();
    pair.bench.command(Command::Close { session: pair.tab.session, to: pair.one() });
    pair.state(State::Closing);
    pair.client.write_all(b"unread").unwrap();
    assert!(read_to_end(&mut pair.client) == payload);
    pair.client.write_all(b" late").unwrap();
    pair.client.shutdown(Shutdown::Write).unwrap();
    pair.state(State::Closed(How::LocalClose));
    pair.bench.received(&pair.tab, pair.conn, b"unread late");
    pair.details(&[closed(How::LocalClose)]);
}

#[test]
fn closing_does_not_wait_for_a_peer_that_stays() {
    let mut pair = pair(Options::default());
    pair.bench.command(Command::Close { session: pair.tab.session, to: Target::All });
    assert_eq!(read_to_end(&mut pair.client), b"");
    pair.state(State::Closed(How::LocalClose));
}

#[test]
fn an_abort_is_a_reset_and_says_what_was_lost() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let client = stalled(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    let mut pair = Pair { bench, tab, client, conn };
    // More than the kernel takes for a peer that doesn't read.
    for _ in 0..14 {
        pair.bench.send(&pair.tab, Target::All, vec![0; 1 << 20]).unwrap();
    }
    pair.bench.command(Command::Abort { session: pair.tab.session, to: Target::All });
    pair.state(State::Closed(How::LocalAbort));
    let mut sink = Vec::new();
    let error = pair.client.read_to_end(&mut sink).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let sent = pair.tab.journal.connection(pair.conn).unwrap().sent.bytes;
    let lost = (14 << 20) - sent;
    assert!(lost > 0);
    let note =
        Detail::Note(format!("{} bytes that were queued could not be sent", sockscope::figures::count(lost)));
    pair.details(&[note, closed(How::LocalAbort)]);
}

/// Closing a socket with unread input sends RST, and the peer loses the last answer (measured elsewhere: 200 of 200).
#[test]
fn the_last_answer_is_never_lost() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(rules([always([reply("bye"), Act::Close])]));
    let lost = (0..200).filter(|_| !gets_the_answer(address)).count();
    assert_eq!(lost, 0, "of 200");
    assert_eq!(tab.errors(), []);
}

fn gets_the_answer(address: SocketAddr) -> bool {
    let mut client = peer(address);
    let mut answer = Vec::new();
    // The server answers the first of these, and has the others unread when it closes.
    let asked = (0..10).try_for_each(|_| client.write_all(&[b'?'; 20_000]));
    asked.is_ok() && client.read_to_end(&mut answer).is_ok() && answer == b"bye"
}

#[test]
fn two_directions_are_finished_by_whoever_is_first() {
    let mut pair = pair(Options { keep_open: true, ..Options::default() });
    pair.bench.command(Command::FinishSending { session: pair.tab.session, to: Target::All });
    pair.state(State::SendingFinished);
    pair.client.shutdown(Shutdown::Write).unwrap();
    pair.state(State::Closed(How::LocalClose));
    assert_eq!(read_to_end(&mut pair.client), b"");
    pair.client.set_read_timeout(Some(PATIENCE)).unwrap();
}
