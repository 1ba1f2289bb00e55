//! The programs of the tutorials on sockets, A1 to A18 and A23, over TCP, byte for byte: presets play their servers, and
//! the engine their clients against servers of the standard library. Those whose rules are written out are in `rules`,
//! what is seen of them in `rules_page`, A11 in `window`; that a port is free at once is in `quitting`.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use egui::Key;
use sockscope::engine::{Answers, Options, Target};
use sockscope::journal::{ConnId, Detail, Direction, How, Opened, Side, State};
use sockscope::responder::presets;

use crate::bench::{Bench, Tab, loopback, patient, peer, read, read_to_end, server};
use crate::window::{Window, connect};

/// What stands where a test doesn't know the time.
pub(crate) const CTIME: &str = "Sat Nov 21 03:05:00 2026";

/// A server of the tutorials.
#[track_caller]
pub(crate) fn preset(name: &str) -> Options {
    let preset = presets::presets().find(|it| it.name == name).expect("a preset of that name");
    let answers = Answers::default().with(&(preset.rules)()).expect("rules without errors");
    let (keep_open, once) = (preset.keep_open, preset.once);
    Options { answers: Arc::new(answers), keep_open, once, ..Options::default() }
}

/// A client of a server that the test plays.
struct Client {
    bench: Bench,
    tab: Tab,
    conn: ConnId,
    server: TcpStream,
    /// The client's own address.
    local: SocketAddr,
}

impl Client {
    fn connected() -> Self {
        let bench = Bench::new();
        let (listener, address) = server();
        let tab = bench.connect(address, Options::default());
        let (accepted, local) = listener.accept().expect("a client");
        let conn = bench.connected(&tab);
        Self { bench, tab, conn, server: patient(accepted), local }
    }

    /// Sends, and the server receives exactly that.
    #[track_caller]
    fn says(&mut self, text: &str) {
        self.bench.send(&self.tab, Target::All, text).expect("sent");
        assert_eq!(String::from_utf8_lossy(&read(&mut self.server, text.len())), text);
    }

    #[track_caller]
    fn hears(&mut self, text: &str) {
        self.server.write_all(text.as_bytes()).expect("written");
    }

    /// Waits until this was received in all.
    #[track_caller]
    fn received(&self, text: &str) {
        self.bench.received(&self.tab, self.conn, text.as_bytes());
    }

    /// The server closes; that is the last record, and there is no empty one.
    #[track_caller]
    fn left(self) {
        drop(self.server);
        self.bench.over(&self.tab).expect("it ends in order");
        assert_eq!(self.tab.details(Some(self.conn)).last(), Some(&Detail::Closed { how: How::PeerFin }));
        no_empty_records(&self.tab);
    }
}

#[track_caller]
fn no_empty_records(tab: &Tab) {
    assert!(tab.records().iter().all(|it| it.payload().is_none_or(|(_, bytes)| !bytes.is_empty())));
}

/// A1 and A2: nothing is sent, what comes is there to the byte, the peer closed, and one's own port is known.
#[test]
fn a_client_is_welcomed_and_left() {
    let mut client = Client::connected();
    let (local, welcome) = (client.local, format!("Welcome,('127.0.0.1', {})", client.local.port()));
    client.hears(&welcome);
    client.received(&welcome);
    let opened = client.tab.details(Some(client.conn)).swap_remove(0);
    assert!(matches!(opened, Detail::Opened { by: Opened::Connected, local: own, .. } if own == local));
    assert_eq!(client.tab.journal.status().sent.bytes, 0);
    client.left();
}

/// A3 and A4: a line, its answer, the next line; this end leaves.
#[test]
fn lines_and_answers_take_turns() {
    let mut client = Client::connected();
    let mut all = String::new();
    for line in ["hello", "again", "你好"] {
        client.says(line);
        let answer = format!("[{CTIME}] {line}");
        client.hears(&answer);
        all += &answer;
        client.received(&all);
    }
    client.bench.stop(&client.tab);
    assert_eq!(read_to_end(&mut client.server), b"");
}

/// A4: Enter sends, and the arrow keys bring back what was sent.
#[test]
fn enter_sends_and_the_history_comes_back() {
    let listener = TcpListener::bind(loopback(0)).expect("bound");
    let mut window = Window::open();
    window.press("TCP client");
    window.set("Port", &listener.local_addr().expect("bound").port().to_string());
    window.press("Connect");
    let mut server = patient(listener.accept().expect("a client").0);
    window.wait_for("to 127.0.0.1:");
    for line in ["hello", "again"] {
        window.set("Message", line);
        window.harness.key_press(Key::Enter);
        window.harness.run_steps(2);
        assert_eq!(read(&mut server, line.len()), line.as_bytes());
    }
    let keys = [(Key::ArrowUp, "again"), (Key::ArrowUp, "hello"), (Key::ArrowDown, "again"), (Key::ArrowDown, "")];
    for (key, text) in keys {
        window.harness.key_press(key);
        window.harness.run_steps(2);
        assert_eq!(window.value("Message"), text);
    }
    server.write_all(b"back").expect("written");
    window.wait_for(" 4 back");
}

/// A3 and A12: the presets, with text in UTF-8.
#[test]
fn tcp_presets_answer_with_the_time() {
    for (name, before, after) in [("Echo with the time", "[", "] 你好"), ("Time and repr", "at ", REPR)] {
        let bench = Bench::new();
        let (tab, address) = bench.listen(preset(name));
        let mut client = peer(address);
        client.write_all("你好".as_bytes()).expect("written");
        let answer = read(&mut client, before.len() + CTIME.len() + after.len());
        let came = bench.wait_for("its record", || tab.records().into_iter().find(|it| it.payload().is_some()));
        assert_eq!(String::from_utf8_lossy(&answer), format!("{before}{}{after}", came.time.ctime()));
        client.shutdown(Shutdown::Write).expect("finished");
        assert_eq!(read_to_end(&mut client), b"", "the server goes on to the client's end");
    }
}

/// How the answer of A12 and A14 to 你好 ends.
pub(crate) const REPR: &str = r" :b'\xe4\xbd\xa0\xe5\xa5\xbd'";

/// A7: what the loops of server and client go through is named.
#[test]
fn states_are_named() {
    let mut window = Window::open();
    window.wait_for("TCP server: idle");
    window.press("Options");
    window.press("Keep open when the peer finishes");
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    window.wait_for(": connected, nothing received yet, since ");
    client.write_all(b"x").expect("written");
    window.wait_for(": connected, since ");
    client.shutdown(Shutdown::Write).expect("finished");
    window.wait_for(": half closed (by peer), since ");
    window.press("Close");
    window.wait_for(": closed by peer, since ");
    window.press("Stop");
    window.wait_for("TCP server: idle");
}

/// A8: a banner without being asked, then the end.
#[test]
fn a_banner_is_received_up_to_the_end() {
    let mut client = Client::connected();
    for part in ["220 (vsFTPd", " 3.0.3)\r\n"] {
        client.hears(part);
    }
    client.received("220 (vsFTPd 3.0.3)\r\n");
    client.left();
}

/// A8 and A10: two that wait for each other.
#[test]
fn it_is_told_that_nothing_came_yet() {
    let mut window = Window::open();
    let listener = TcpListener::bind(loopback(0)).expect("bound");
    window.press("TCP client");
    window.set("Port", &listener.local_addr().expect("bound").port().to_string());
    window.press("Connect");
    let _silent = listener.accept().expect("a client");
    window.wait_for(": connected, nothing received yet, since ");
}

/// A9: one answer, and the connection stays open.
#[test]
fn a_server_answers_and_never_closes() {
    let mut client = Client::connected();
    client.says("hello");
    client.hears("Hello client");
    client.received("Hello client");
    assert_eq!(client.tab.journal.connection(client.conn).map(|it| it.state), Some(State::Connected));
    client.says("more");
    client.left();
}

/// A9 and A10: who says nothing delays nobody, and gets an answer in the end.
#[test]
fn a_silent_client_delays_nobody() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(preset("Hello client, once"));
    let mut silent = peer(address);
    let conn = bench.conn(&tab, silent.local_addr().expect("bound"));
    for _ in 0..3 {
        let mut client = peer(address);
        client.write_all(b"hello").expect("written");
        assert_eq!(read(&mut client, 12), b"Hello client");
        client.write_all(b"more").expect("written");
    }
    assert_eq!(tab.payload(conn, Direction::Received), b"");
    silent.write_all(b"at last").expect("written");
    assert_eq!(read(&mut silent, 12), b"Hello client");
}

/// A12 and A13: the client of the server that answers as Python prints.
#[test]
fn python_literals_are_received_as_they_are() {
    let mut client = Client::connected();
    client.says("你好");
    client.hears(&format!("at {CTIME}{REPR}"));
    client.received(&format!("at {CTIME}{REPR}"));
    client.left();
}

/// A15 and A16, the server: one client, one answer, both are closed.
#[test]
fn one_shot_serves_one_client() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(preset("One shot: hi"));
    let mut client = peer(address);
    client.write_all(b"hello!").expect("written");
    assert_eq!(read_to_end(&mut client), b"hi");
    drop(client);
    bench.over(&tab).expect("it is over");
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
    // SO_REUSEADDR: the connection that this end closed first doesn't hold the port.
    bench.ready(&bench.open(sockscope::engine::Plan::Listen(sockscope::engine::Listen::loopback(address.port()))));
}

/// A15 and A16, the client.
#[test]
fn hello_is_answered_once() {
    let mut client = Client::connected();
    client.says("hello!");
    client.hears("hi");
    client.received("hi");
    client.left();
}

/// A17: either side ends the talk with `q`; `alex : q` ends nothing.
#[test]
fn either_side_ends_a_talk() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(preset("Chat that ends on q"));
    let (mut one, mut two) = (peer(address), peer(address));
    let conns = [&one, &two].map(|it| bench.conn(&tab, it.local_addr().expect("bound")));
    one.write_all(b"alex : q").expect("written");
    bench.received(&tab, conns[0], b"alex : q");
    bench.send(&tab, Target::Connections(vec![conns[0]]), "一").expect("sent");
    assert_eq!(read(&mut one, 3), "一".as_bytes());
    bench.send(&tab, Target::Connections(vec![conns[1]]), "q").expect("sent");
    assert_eq!(read(&mut two, 1), b"q", "and nothing that was for the other");
    drop(two);
    one.write_all(b"q").expect("written");
    assert_eq!(read_to_end(&mut one), b"");
    let last = |conn| tab.details(Some(conn)).pop();
    bench.wait_for("both ends", || {
        let ends = (last(conns[0])?, last(conns[1])?);
        let expected = (Detail::Closed { how: How::LocalClose }, Detail::Closed { how: How::PeerFin });
        (ends == expected).then_some(())
    });
    // The next client is taken.
    bench.conn(&tab, peer(address).local_addr().expect("bound"));
}

/// A17, the client: it says `q` and leaves, or hears `q` and is left.
#[test]
fn a_talk_is_left_or_ends() {
    let mut client = Client::connected();
    client.says("你好");
    client.hears("q");
    client.received("q");
    client.left();
    let mut client = Client::connected();
    client.says("q");
    client.bench.stop(&client.tab);
    assert_eq!(read_to_end(&mut client.server), b"");
}

/// A18: an end is one record of its own, answered by nothing, also where the connection is kept.
#[test]
fn who_vanishes_leaves_one_record() {
    for keep_open in [false, true] {
        let bench = Bench::new();
        let (tab, address) = bench.listen(Options { keep_open, ..preset("Echo") });
        let mut client = peer(address);
        let conn = bench.conn(&tab, client.local_addr().expect("bound"));
        client.write_all(b"bye").expect("written");
        assert_eq!(read(&mut client, 3), b"bye");
        client.shutdown(Shutdown::Write).expect("finished");
        let end =
            if keep_open { Detail::Finished { by: Side::Peer } } else { Detail::Closed { how: How::PeerFin } };
        bench.detail(&tab, "the end", |_, detail| (*detail == end).then_some(()));
        // Another's answer comes after whatever an endless reader would have done.
        let mut other = peer(address);
        other.write_all(b"next").expect("written");
        assert_eq!(read(&mut other, 4), b"next");
        assert_eq!(tab.details(Some(conn)).len(), 2, "opened, and its end");
        no_empty_records(&tab);
    }
}

/// A23: Stop and Listen on the same port, again and again, with a client each time.
#[test]
fn stop_and_listen_again() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    window.press("Stop");
    window.wait_for("TCP server: idle");
    window.set("Port", &port.to_string());
    for _ in 0..10 {
        window.press("Listen");
        window.wait_for(&format!("TCP server: listening on 127.0.0.1:{port}"));
        let mut client = connect(port);
        // What is still in the backlog when the listener goes is reset by the system.
        window.wait_for(&format!("{} connected to", client.local_addr().expect("an address")));
        window.press("Stop");
        assert_eq!(std::io::Read::read(&mut client, &mut [0; 1]).expect("an end in order"), 0);
        window.wait_for("TCP server: idle");
    }
}
