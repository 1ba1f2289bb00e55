//! A UDP session served by hand: time passes when a test says so.

use std::time::Duration;

use mio::Poll;

use super::socket::{ERRORS, PAUSE};
use super::*;
use crate::endpoint::Host;
use crate::engine::reactor;
use crate::figures;
use crate::journal::{Content, Limits};

struct Played {
    datagrams: Datagrams,
    reactor: Reactor,
    events: crossbeam_channel::Receiver<Event>,
    journal: Arc<Journal>,
    _poll: Poll,
}

fn played(options: Options) -> Played {
    let (mut reactor, poll, events) = reactor::played::reactor();
    let journal = Arc::new(Journal::new(Limits::default()));
    let plan = Bind {
        address: ([127, 0, 0, 1], 0).into(),
        dual_stack: false,
        receive_buffer: Bind::RECEIVE_BUFFER,
        options,
    };
    let datagrams = Datagrams::open(SessionId(1), Arc::clone(&journal), plan, &mut reactor);
    Played { datagrams, reactor, events, journal, _poll: poll }
}

impl Played {
    fn later(&mut self, time: Duration) {
        self.reactor.now += time;
        self.datagrams.serve(Part::Socket, &mut self.reactor);
    }

    fn send_to_name(&mut self, ticket: u64) {
        let to = Target::Address(Host::Name("localhost".to_owned()), 9);
        self.datagrams.send(to, Bytes::from_static(b"x"), Ticket(ticket), &mut self.reactor);
    }

    /// The answers to Send so far: the ticket, and the error if there was one.
    fn answers(&mut self) -> Vec<(u64, Option<String>)> {
        self.reactor.events.flush();
        let answer = |event| match event {
            Event::SendQueued { ticket, .. } => Some((ticket.0, None)),
            Event::SendFailed { ticket, error, .. } => Some((ticket.0, Some(error.to_string()))),
            _ => None,
        };
        self.events.try_iter().filter_map(answer).collect()
    }

    /// The errors and notes so far.
    fn told(&mut self) -> Vec<String> {
        self.datagrams.writer.publish(true);
        let text = |content| match content {
            Content::Detail(Detail::Error(error)) => Some(error.to_string()),
            Content::Detail(Detail::Note(note)) => Some(note),
            _ => None,
        };
        self.journal.snapshot().records().filter_map(|record| text(record.content)).collect()
    }
}

#[test]
fn a_name_that_takes_too_long_is_given_up() {
    let mut it = played(Options::default());
    it.send_to_name(1);
    it.send_to_name(2);
    it.later(Duration::from_millis(9_999));
    assert_eq!(it.answers(), []);
    it.later(Duration::from_millis(1));
    let error = "resolve localhost: no answer within 10 s: \
                 the name server keeps silent: check the network, or send to an address";
    assert_eq!(it.answers(), [(1, Some(error.to_owned())), (2, Some(error.to_owned()))]);
    assert_eq!(it.told()[1..], [error], "one record a name");
}

#[test]
fn everything_is_answered_once_at_stop_and_after_it() {
    let mut it = played(Options::default());
    it.send_to_name(1);
    it.datagrams.stop(&mut it.reactor);
    it.send_to_name(2);
    let closed = "send: the socket was closed before this was sent".to_owned();
    let over = "send: nothing is open: it was stopped, or it ended".to_owned();
    assert_eq!(it.answers(), [(1, Some(closed)), (2, Some(over))]);
    it.later(Duration::from_secs(11));
    assert_eq!(it.answers(), []);
}

#[test]
fn errors_in_a_row_pause_reading_and_lose_nothing() {
    let mut it = played(Options::default());
    let now = it.reactor.now;
    let bound = it.datagrams.socket.as_mut().expect("it is bound");
    for _ in 1..ERRORS {
        assert_eq!(bound.failed(now), None);
        assert!(bound.may_read(now));
    }
    assert_eq!(bound.failed(now), Some(now + PAUSE));
    assert!(bound.ready.readable && !bound.may_read(now) && bound.may_read(now + PAUSE));
    assert_eq!(bound.failed(now + PAUSE), None, "the next row starts");
}

#[test]
fn replies_that_still_wait_at_stop_are_counted() {
    let mut it = played(Options::default());
    it.datagrams.socket.as_mut().expect("it is bound").ready.writable = false;
    for _ in 0..3 {
        it.datagrams.send_reply(SocketAddr::from(([127, 0, 0, 1], 9)), Bytes::from_static(b"x"));
    }
    it.datagrams.stop(&mut it.reactor);
    assert_eq!(it.told()[1..], ["3 replies were not sent: the socket was closed before"]);
}

#[cfg(target_os = "linux")]
#[test]
fn the_kernels_bookkeeping_is_not_taken_for_room() {
    let text = receive_buffer(Bind::RECEIVE_BUFFER, 8 << 20);
    let (asked, granted) = (figures::size(4 << 20), figures::size(8 << 20));
    let expected = format!(
        "receive buffer: asked for {asked}, the kernel grants {granted}, its own bookkeeping included (socket(7))"
    );
    assert_eq!(text, expected);
}
