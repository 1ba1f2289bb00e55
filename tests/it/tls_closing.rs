//! Ends of connections while their handshake goes on.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sockscope::engine::tls::{Settings, self_signed};
use sockscope::engine::{Command, Target};
use sockscope::journal::{ConnId, Detail, Direction, How};

use crate::bench::{Bench, Tab, patient, peer, read_to_end, server};
use crate::tls_bench::{Authority, client, own, secure, server_config};

/// Finishes sending, and waits until that was done or noted down.
#[track_caller]
fn finish_sending(bench: &Bench, tab: &Tab, conn: ConnId) {
    bench.command(Command::FinishSending { session: tab.session, to: Target::All });
    let refused =
        bench.send(tab, Target::Connections(vec![conn]), "more").expect_err("the sending side is finished");
    assert!(refused.message.contains("is finished"), "{refused}");
}

fn trusting(authority: &Authority) -> Settings {
    Settings { ca: Some(authority.ca()), ..Settings::default() }
}

fn config(authority: &Authority) -> Arc<ServerConfig> {
    server_config(&authority.issue("server.pem", |_| {}))
}

/// A client with nothing to say, and a server that speaks first: the handshake is done, and then both ends.
#[test]
fn a_client_that_finishes_at_once_hears_what_the_server_says() {
    let (bench, authority) = (Bench::new(), Authority::new());
    let (listener, address) = server();
    let tab = bench.connect(address, secure(&trusting(&authority)));
    let conn = bench.connected(&tab);
    finish_sending(&bench, &tab, conn);
    let accepted = patient(listener.accept().unwrap().0);
    let mut peer = StreamOwned::new(ServerConnection::new(config(&authority)).unwrap(), accepted);
    peer.write_all(b"220 welcome").expect("the handshake is done");
    assert_eq!(peer.read(&mut [0; 9]).expect("close_notify"), 0);
    peer.conn.send_close_notify();
    peer.flush().expect("it is still there");
    peer.sock.shutdown(Shutdown::Write).unwrap();
    bench.over(&tab).expect("in order");
    assert_eq!(tab.payload(conn, Direction::Received), b"220 welcome");
    assert_eq!(tab.details(Some(conn)).last(), Some(&Detail::Closed { how: How::LocalClose }));
    assert_eq!(tab.errors(), []);
}

/// The same at a server whose client has not said hello.
#[test]
fn a_server_that_finishes_before_the_first_words_still_shakes_hands() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(secure(&own()));
    let stream = peer(address);
    let conn = bench.conn(&tab, stream.local_addr().unwrap());
    finish_sending(&bench, &tab, conn);
    let mut peer = crate::tls_bench::over(stream, self_signed().unwrap().pem());
    peer.write_all(b"all the same").expect("the handshake is done");
    assert_eq!(peer.read(&mut [0; 9]).expect("close_notify"), 0);
    bench.received(&tab, conn, b"all the same");
    assert_eq!(tab.errors(), []);
}

/// A close does not wait for a handshake, and what the peer then makes of it is no reset by the peer.
#[test]
fn a_close_in_the_middle_of_a_handshake_is_this_ends() {
    let (bench, authority) = (Bench::new(), Authority::new());
    let (listener, address) = server();
    let tab = bench.connect(address, secure(&trusting(&authority)));
    let conn = bench.connected(&tab);
    let mut accepted = patient(listener.accept().unwrap().0);
    let mut peer = ServerConnection::new(config(&authority)).unwrap();
    while !peer.wants_write() {
        assert!(peer.read_tls(&mut accepted).unwrap() > 0);
        peer.process_new_packets().unwrap();
    }
    bench.command(Command::Close { session: tab.session, to: Target::All });
    read_to_end(&mut accepted);
    while peer.wants_write() {
        peer.write_tls(&mut accepted).unwrap();
    }
    drop(accepted);
    bench.over(&tab).expect("in order");
    assert_eq!(tab.details(Some(conn)).last(), Some(&Detail::Closed { how: How::LocalClose }));
    assert_eq!(tab.errors(), []);
}

/// The same at a server whose client has not said hello: that the client ends then is no mistake of it.
#[test]
fn a_close_before_the_first_words_is_this_ends() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(secure(&own()));
    let mut silent = peer(address);
    let conn = bench.conn(&tab, silent.local_addr().unwrap());
    bench.command(Command::Close { session: tab.session, to: Target::All });
    assert_eq!(read_to_end(&mut silent), b"");
    drop(silent);
    bench.detail(&tab, "its end", |_, detail| matches!(detail, Detail::Closed { .. }).then_some(()));
    assert_eq!(tab.details(Some(conn)).last(), Some(&Detail::Closed { how: How::LocalClose }));
    assert_eq!(tab.errors(), []);
    // Others are served as before.
    let mut next = client(address, self_signed().unwrap().pem());
    next.write_all(b"hello").expect("written");
}
