use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;

fn address(text: &str) -> Address {
    Address::Ip(text.parse::<SocketAddr>().expect("an address"))
}

fn call(descriptor: i32, function: Function, outcome: Outcome) -> Call {
    Call { descriptor: Some(descriptor), function, outcome }
}

#[track_caller]
fn check(function: Function, outcome: Outcome, expected: &str) {
    assert_eq!(call(7, function, outcome).to_string(), expected);
}

#[test]
fn a_call_reads_as_a_tracer_prints_it() {
    let local = || address("127.0.0.1:8888");
    check(Function::Bind(local()), Outcome::Done(0), "bind(7, 127.0.0.1:8888) = 0");
    check(Function::Listen(1024), Outcome::Done(0), "listen(7, 1024) = 0");
    let reuse = Function::SetOption(Level::Socket, "SO_REUSEADDR", true.into());
    check(reuse, Outcome::Done(0), "setsockopt(7, SOL_SOCKET, SO_REUSEADDR, 1) = 0");
    let linger = Function::SetOption(Level::Socket, "SO_LINGER", "{onoff=1, linger=0}".into());
    check(linger, Outcome::Done(0), "setsockopt(7, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}) = 0");
    let peer = Some(address("[::ffff:127.0.0.1]:52403"));
    let accept = Function::Accept { flags: 0, peer };
    check(accept, Outcome::Done(9), "accept(7) = 9, [::ffff:127.0.0.1]:52403");
    check(Function::Receive(65536), Outcome::Done(6), "recv(7, 65536) = 6");
    check(Function::Send(6), Outcome::Done(6), "send(7, 6) = 6");
    check(Function::SendTo(3, local()), Outcome::Done(3), "sendto(7, 3, 127.0.0.1:8888) = 3");
    check(Function::ShutdownWrite, Outcome::Done(0), "shutdown(7, SHUT_WR) = 0");
    check(Function::Close, Outcome::Done(0), "close(7) = 0");
    check(Function::Close, Outcome::Untold, "close(7) = ?");
    check(Function::LocalName(Some(local())), Outcome::Done(0), "getsockname(7) = 0, 127.0.0.1:8888");
    check(Function::Other("chmod", "0600".into()), Outcome::Done(0), "chmod(7, 0600) = 0");
}

#[test]
fn one_of_several_datagrams_says_which_it_is() {
    check(Function::ReceiveMany { room: 32, part: 1 }, Outcome::Done(1), "recvmmsg(7, 32) = 1");
    let second = Function::ReceiveMany { room: 32, part: 2 };
    check(second, Outcome::Done(3), "recvmmsg(7, 32) = 3, of which this is number 2");
}

#[cfg(target_os = "linux")]
#[test]
fn numbers_of_the_system_have_their_names() {
    use nix::libc;

    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let socket = Function::Socket { domain: libc::AF_INET, kind, protocol: libc::IPPROTO_TCP };
    let made = Call { descriptor: None, function: socket, outcome: Outcome::Done(7) };
    assert_eq!(made.to_string(), "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_TCP) = 7");
    let unix = Function::Socket { domain: libc::AF_UNIX, kind: libc::SOCK_DGRAM, protocol: 0 };
    let refused = Call { descriptor: None, function: unix, outcome: Outcome::Failed(libc::EMFILE) };
    assert_eq!(refused.to_string(), "socket(AF_UNIX, SOCK_DGRAM, 0) = -1 EMFILE");
    let accept = Function::Accept { flags: libc::SOCK_CLOEXEC, peer: None };
    check(accept, Outcome::Failed(libc::EMFILE), "accept4(7, SOCK_CLOEXEC) = -1 EMFILE");
    let connect = || Function::Connect(address("127.0.0.1:80"));
    check(connect(), Outcome::Failed(libc::EINPROGRESS), "connect(7, 127.0.0.1:80) = -1 EINPROGRESS");
    let error = |number: i32| Function::GetOption(Level::Socket, "SO_ERROR", number.into());
    check(error(0), Outcome::Done(0), "getsockopt(7, SOL_SOCKET, SO_ERROR) = 0, 0");
    let refused = "getsockopt(7, SOL_SOCKET, SO_ERROR) = 0, ECONNREFUSED";
    check(error(libc::ECONNREFUSED), Outcome::Done(0), refused);
    check(
        Function::ReceiveError(libc::ECONNREFUSED),
        Outcome::Done(0),
        "recvmsg(7, MSG_ERRQUEUE) = 0, ECONNREFUSED",
    );
}

#[track_caller]
fn explained(function: Function, outcome: Outcome, part: &str, manual: &str) {
    let Explanation { words, manual: page } = call(7, function, outcome).explain();
    assert!(words.contains(part), "{words}");
    assert_eq!(page, manual);
}

#[test]
fn an_explanation_says_what_came_of_the_call() {
    explained(Function::Receive(100), Outcome::Done(0), "(FIN)", "recv(2)");
    explained(Function::Receive(100), Outcome::Done(100), "there may be more", "recv(2)");
    explained(Function::Receive(100), Outcome::Done(7), "how the peer divided it", "recv(2)");
    explained(Function::Send(100), Outcome::Done(7), "room for these only", "send(2)");
    explained(Function::Send(100), Outcome::Done(100), "the kernel alone knows", "send(2)");
    explained(Function::Listen(1_024), Outcome::Done(0), "up to 1,024 finished ones", "listen(2)");
    explained(Function::Bind(address("127.0.0.1:0")), Outcome::Done(0), "a free port", "bind(2)");
    let option = |name| Function::SetOption(Level::Socket, name, 1.into());
    explained(option("SO_REUSEADDR"), Outcome::Done(0), "TIME-WAIT", "socket(7)");
    explained(option("IPV6_V6ONLY"), Outcome::Done(0), "IPv4", "ipv6(7)");
}

#[cfg(unix)]
#[test]
fn a_refusal_is_explained_by_the_system() {
    use nix::libc;

    let connect = || Function::Connect(address("127.0.0.1:80"));
    explained(connect(), Outcome::Failed(libc::EINPROGRESS), "does not wait", "connect(2)");
    explained(connect(), Outcome::Failed(libc::ENETUNREACH), "refused: network is unreachable", "connect(2)");
    let error = Function::GetOption(Level::Socket, "SO_ERROR", libc::ECONNREFUSED.into());
    explained(error, Outcome::Done(0), "connection refused", "socket(7)");
}

#[test]
fn every_call_of_every_outcome_is_explained() {
    let functions = [
        Function::Socket { domain: 2, kind: 1, protocol: 6 },
        Function::SetOption(Level::Socket, "SO_LINGER", 1.into()),
        Function::GetOption(Level::Ip, "IP_TTL", 64.into()),
        Function::Accept { flags: 0, peer: None },
        Function::LocalName(None),
        Function::PeerName(None),
        Function::ReceiveFrom(1, None),
        Function::ReceiveMany { room: 1, part: 1 },
        Function::Peek,
        Function::ReceiveMessage(6),
        Function::ReceiveError(0),
        Function::ShutdownWrite,
        Function::Close,
        Function::Other("mystery", "".into()),
    ];
    for function in functions {
        for outcome in [Outcome::Done(0), Outcome::Failed(1), Outcome::Untold] {
            let explained = call(7, function.clone(), outcome).explain();
            assert!(explained.words.len() > 10 && explained.manual.ends_with(')'), "{function:?} {explained:?}");
        }
    }
}

fn transfer() -> impl Strategy<Value = Transfer> {
    let size = || 1..=1usize << 20;
    prop_oneof![
        Just(Transfer::None),
        Just(Transfer::SendTo),
        size().prop_map(Transfer::Receive),
        size().prop_map(Transfer::Send),
        size().prop_map(Transfer::ReceiveFrom),
        (0..=127usize, 0..=127usize, 0..64usize).prop_map(|(room, came, part)| Transfer::ReceiveMany {
            room,
            came,
            part
        }),
    ]
}

proptest! {
    /// What is packed into three bytes comes out again.
    #[test]
    fn marks_keep_what_they_are_made_of(unexpected: bool, transfer in transfer()) {
        let marks = Marks::new(unexpected, transfer);
        prop_assert_eq!((marks.is_unexpected(), marks.transfer()), (unexpected, transfer));
        prop_assert_eq!(marks.has_transfer(), transfer != Transfer::None);
    }
}

#[test]
fn what_does_not_fit_is_not_shown_wrong() {
    for transfer in [
        Transfer::Receive(0),
        Transfer::Receive((1 << 20) + 1),
        Transfer::Send(usize::MAX),
        Transfer::ReceiveMany { room: 128, came: 1, part: 0 },
        Transfer::ReceiveMany { room: 100, came: 100, part: 64 },
    ] {
        let marks = Marks::new(true, transfer);
        assert_eq!((marks.transfer(), marks.is_unexpected()), (Transfer::None, true), "{transfer:?}");
    }
}

#[test]
fn a_transfer_is_told_by_its_record_and_its_connection() {
    let peer = || Some(address("127.0.0.1:9"));
    let words = |transfer: Transfer| transfer.call(Some(9), 6, peer()).map(|call| call.to_string());
    assert_eq!(words(Transfer::None), None);
    assert_eq!(words(Transfer::Receive(65536)).as_deref(), Some("recv(9, 65536) = 6"));
    assert_eq!(words(Transfer::Send(100)).as_deref(), Some("send(9, 100) = 6"));
    assert_eq!(words(Transfer::SendTo).as_deref(), Some("sendto(9, 6, 127.0.0.1:9) = 6"));
    assert_eq!(words(Transfer::ReceiveFrom(7)).as_deref(), Some("recvfrom(9, 7) = 6, 127.0.0.1:9"));
    let many = Transfer::ReceiveMany { room: 32, came: 2, part: 1 };
    assert_eq!(words(many).as_deref(), Some("recvmmsg(9, 32) = 2, of which this is number 2"));
    let unknown = Transfer::Receive(1).call(None, 1, None).expect("a call");
    assert_eq!(unknown.to_string(), "recv(?, 1) = 1");
}

#[test]
fn listed_calls_keep_their_records() {
    let close = || call(7, Function::Close, Outcome::Done(0));
    let words = |listed: &Listed, index| listed.of(index).map(ToString::to_string).collect::<Vec<_>>();
    let mut listed = Listed::default();
    listed.push(1, call(7, Function::ShutdownWrite, Outcome::Done(0)));
    listed.push(1, close());
    listed.push(4, call(8, Function::Other("x", "text".into()), Outcome::Done(0)));
    assert_eq!(words(&listed, 0), [""; 0]);
    assert_eq!(words(&listed, 1), ["shutdown(7, SHUT_WR) = 0", "close(7) = 0"]);
    assert_eq!((listed.of(4).len(), listed.of(5).len(), listed.of(usize::MAX).len()), (1, 0, 0));
    assert_eq!(listed.held(), 3 * size_of::<(u32, Call)>() + 4);
    let copy = listed.copy_from(2);
    assert_eq!((words(&copy, 2), copy.held()), (words(&listed, 4), size_of::<(u32, Call)>() + 4));
    let mut all = Listed::default();
    all.push(0, close());
    all.append(listed, 10);
    assert_eq!((all.of(0).len(), all.of(11).len(), all.of(14).len()), (1, 2, 1));
}
