use std::net::SocketAddr;

use bytes::Bytes;

use super::*;
use crate::clock::Stamp;
use crate::engine::Act;
use crate::journal::{Detail, How, Limits, Opened, Side, State, Writer};

/// What is in a log, of one connection after the other, at these milliseconds.
enum It {
    Sent(u64, &'static str),
    Came(u64, &'static str),
    Finished(u64, Side),
    Closed(u64, How),
}

fn write(writer: &mut Writer, by: Opened, port: u16, its: &[It]) -> ConnId {
    let at = |ms: u64| Stamp::from_nanos(1_700_000_000_000_000_000 + ms * 1_000_000);
    let (peer, local): (SocketAddr, SocketAddr) = (([127, 0, 0, 1], port).into(), ([127, 0, 0, 1], 8_888).into());
    writer.set_now(at(0));
    let state = if by == Opened::Peer { State::Datagrams } else { State::Connected };
    let conn = writer.open(
        Detail::Opened { by, local: local.into(), peer: Some(peer.into()) },
        peer.into(),
        local.into(),
        state,
    );
    for it in its {
        match it {
            It::Sent(ms, text) => {
                writer.set_now(at(*ms));
                writer.sent(conn, text.as_bytes());
            }
            It::Came(ms, text) => {
                writer.set_now(at(*ms));
                writer.room(text.len())[..text.len()].copy_from_slice(text.as_bytes());
                writer.received(conn, text.len(), false);
            }
            It::Finished(ms, by) => {
                writer.set_now(at(*ms));
                writer.detail(Some(conn), Detail::Finished { by: *by });
            }
            It::Closed(ms, how) => {
                writer.set_now(at(*ms));
                writer.detail(Some(conn), Detail::Closed { how: *how });
                writer.set_state(conn, State::Closed(*how));
            }
        }
    }
    conn
}

fn log(by: Opened, its: &[It]) -> Snapshot {
    let journal = Arc::new(Journal::new(Limits::default()));
    let mut writer = Writer::new(Arc::clone(&journal));
    write(&mut writer, by, 5_001, its);
    drop(writer);
    journal.snapshot()
}

/// A script in words: `+5"a" -"b"` sends a after 5 ms, and expects b.
fn words(script: &crate::engine::Script) -> String {
    let text = |bytes: &Bytes| format!("{:?}", String::from_utf8_lossy(bytes));
    let mut all = Vec::new();
    for turn in &script.turns {
        for next in &turn.moves {
            let act = match &next.act {
                Act::Send(bytes) => text(bytes),
                Act::Finish => "FIN".to_owned(),
                Act::Abort => "RST".to_owned(),
            };
            all.push(format!("+{}{act}", next.after.as_millis()));
        }
        all.extend(turn.expects.iter().map(|piece| format!("-{}", text(piece))));
        all.push(format!("({})", turn.patience.as_millis()));
    }
    if script.they_end {
        all.push("they".to_owned());
    }
    all.join(" ")
}

fn check(by: Opened, its: &[It], role: Role, play: As, expected: &str) {
    let found = conversations(&log(by, its), role, play);
    assert_eq!(found.iter().map(|one| words(&one.script)).collect::<Vec<_>>(), [expected]);
}

#[test]
fn each_side_of_a_conversation_is_a_script() {
    use It::{Came, Closed, Finished, Sent};
    let its = [
        Came(10, "hi"),
        Sent(30, "a"),
        Sent(35, "b"),
        Came(100, "1"),
        Came(250, "2"),
        Closed(300, How::LocalClose),
    ];
    let as_client = r#"-"hi" (10) +20"a" +5"b" -"1" -"2" (150) +50FIN (0)"#;
    check(Opened::Connected, &its, Role::Client, As::Client, as_client);
    let as_server = r#"+10"hi" -"a" -"b" (20) +65"1" +150"2" (0) they"#;
    check(Opened::Connected, &its, Role::Client, As::Server, as_server);
    // In the log of a server the same payload is that of the other side.
    check(Opened::Accepted, &its, Role::Listener, As::Client, r#"+10"hi" -"a" -"b" (20) +65"1" +150"2" (0) they"#);
    let half = [Sent(0, "q"), Finished(1, Side::Local), Came(5, "a"), Closed(6, How::LocalClose)];
    check(Opened::Connected, &half, Role::Client, As::Client, r#"+0"q" +1FIN -"a" (4)"#);
    check(Opened::Connected, &half, Role::Client, As::Server, r#"-"q" (0) +4"a" (0) they"#);
    let reset = [Sent(0, "q"), Closed(6, How::LocalAbort)];
    check(Opened::Connected, &reset, Role::Client, As::Client, r#"+0"q" +6RST (0)"#);
}

#[test]
fn the_client_of_datagrams_is_who_sends_first() {
    use It::{Came, Sent};
    check(Opened::Peer, &[Sent(0, "q"), Came(3, "")], Role::Udp, As::Client, r#"+0"q" -"" (3)"#);
    check(Opened::Peer, &[Sent(0, "q"), Came(3, "a")], Role::Udp, As::Server, r#"-"q" (0) +3"a" (0)"#);
    check(Opened::Peer, &[Came(0, "q"), Sent(3, "a")], Role::Udp, As::Client, r#"+0"q" -"a" (3)"#);
}

fn setup(endpoint: &str, play: As) -> Setup {
    let endpoint = endpoint.parse().expect("an endpoint");
    Setup { play, endpoint, pace: Pace::ORIGINAL, limit: LIMIT, conn: None }
}

#[test]
fn what_can_not_be_played_is_told() {
    let journal = Arc::new(Journal::new(Limits::default()));
    let none = setup("8888", As::Client).prepare(&journal.snapshot(), Role::Client).expect_err("it is empty");
    assert!(none.to_string().contains("no connection"), "{none}");
    let mut writer = Writer::new(Arc::clone(&journal));
    write(&mut writer, Opened::Connected, 5_001, &[It::Sent(0, "a")]);
    let second = write(&mut writer, Opened::Connected, 5_002, &[It::Sent(0, "b")]);
    drop(writer);
    let snapshot = journal.snapshot();
    let several = setup("8888", As::Client).prepare(&snapshot, Role::Client).expect_err("there are two");
    assert!(several.to_string().contains("2 connections"), "{several}");
    let all = setup("0", As::Server).prepare(&snapshot, Role::Client).expect("as server all are played");
    assert_eq!(all.conversations.len(), 2);
    let one = Setup { conn: Some(second), ..setup("8888", As::Client) }.prepare(&snapshot, Role::Client);
    assert_eq!(words(&one.expect("it is there").conversations[0].script), r#"+0"b" (0)"#);
    let other = Setup { conn: Some(ConnId(9)), ..setup("8888", As::Client) }.prepare(&snapshot, Role::Client);
    assert!(other.expect_err("it is not there").to_string().contains("no connection 9"));
    let udp = Setup { conn: Some(second), ..setup("udp://127.0.0.1:9", As::Client) };
    let error = udp.prepare(&snapshot, Role::Client).expect_err("it is TCP");
    assert!(error.to_string().contains("tcp://HOST:PORT"), "{error}");
    let nobody = Setup { conn: Some(second), ..setup("tcp://127.0.0.1:0", As::Client) };
    let error = nobody.prepare(&snapshot, Role::Client).expect_err("port 0");
    assert!(error.to_string().contains("1 to 65535"), "{error}");
}

/// Where a connection was refused, nobody is waited for; the others are played.
#[test]
fn what_was_refused_is_not_played() {
    let journal = Arc::new(Journal::new(Limits::default()));
    let mut writer = Writer::new(Arc::clone(&journal));
    let (peer, local): (SocketAddr, SocketAddr) = (([127, 0, 0, 1], 5_001).into(), ([127, 0, 0, 1], 8_888).into());
    let error = OpError::new("connect", local, "refused");
    let refused = writer.open(Detail::Error(Box::new(error)), peer.into(), local.into(), State::Connected);
    writer.detail(Some(refused), Detail::Closed { how: How::Error });
    // What breaks later was a conversation.
    let played = write(&mut writer, Opened::Accepted, 5_002, &[It::Closed(5, How::Error)]);
    drop(writer);
    let found = conversations(&journal.snapshot(), Role::Listener, As::Server);
    assert_eq!(found.iter().map(|found| found.conn).collect::<Vec<_>>(), [played]);
}
