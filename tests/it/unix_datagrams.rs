//! Unix datagram sockets (C: AF_UNIX, SOCK_DGRAM): names and none, full queues, and what can't be answered.

use std::fs;
use std::os::unix::net::UnixDatagram;

use sockscope::endpoint::{Address, UnixName};
use sockscope::engine::{Bind, Command, Options, Plan, Target, Ticket};
use sockscope::journal::{ConnId, Direction};

use crate::bench::{Bench, PATIENCE, Tab, always, reply, rules};
use crate::unix::{Folder, abstract_name, named, ready};

fn bind(bench: &Bench, name: UnixName, options: Options) -> Tab {
    let plan = Bind { address: Address::Unix(name), dual_stack: false, receive_buffer: None, options };
    bench.open(Plan::Bind(plan))
}

fn patient(socket: UnixDatagram) -> UnixDatagram {
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn next(socket: &UnixDatagram) -> Vec<u8> {
    let mut room = vec![0; 1 << 18];
    let len = socket.recv(&mut room).expect("a datagram comes");
    room.truncate(len);
    room
}

#[track_caller]
fn peer(bench: &Bench, tab: &Tab, is: impl Fn(&Address) -> bool) -> ConnId {
    bench.wait_for("a peer", || {
        let open = tab.journal.open_connections();
        open.into_iter().find(|id| tab.journal.connection(*id).is_some_and(|it| is(&it.peer)))
    })
}

/// C: a sender with a name is answered by a rule and by hand; empty datagrams are datagrams; the path goes at the end.
#[test]
fn c_named_senders_are_answered() {
    let (bench, folder) = (Bench::new(), Folder::new());
    let (path, own) = (folder.at("echo"), folder.at("sender"));
    let tab = bind(&bench, named(&path), rules([always([reply("<{data}>")])]));
    assert_eq!(ready(&bench, &tab), Address::Unix(named(&path)));
    let sender = patient(UnixDatagram::bind(&own).unwrap());
    for text in ["one", "", "three"] {
        sender.send_to(text.as_bytes(), &path).unwrap();
        assert_eq!(next(&sender), format!("<{text}>").into_bytes());
    }
    let conn = peer(&bench, &tab, |peer| *peer == Address::Unix(named(&own)));
    bench.wait_for("three records, an empty one among them", || {
        let came = tab.records().into_iter().filter(|record| {
            record.conn == Some(conn) && record.payload().is_some_and(|(way, _)| way == Direction::Received)
        });
        (came.count() == 3).then_some(())
    });
    bench.send(&tab, Target::Connections(vec![conn]), "by hand").unwrap();
    assert_eq!(next(&sender), b"by hand");
    bench.send(&tab, Target::Unix(named(&own)), "").unwrap();
    assert_eq!(next(&sender), b"");
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    assert!(!path.exists());
}

/// C: that a sender without a name can't be answered is said, by the rules and by hand; its process is known.
#[test]
fn c_a_sender_without_a_name_is_explained() {
    let (bench, folder) = (Bench::new(), Folder::new());
    let path = folder.at("echo");
    let tab = bind(&bench, named(&path), rules([always([reply("{data}")])]));
    ready(&bench, &tab);
    UnixDatagram::unbound().unwrap().send_to(b"who am I", &path).unwrap();
    let pid = std::process::id();
    let nameless = Address::Unix(UnixName::Numbered { conn: 0, pid });
    let conn = peer(&bench, &tab, |peer| *peer == nameless);
    bench.received(&tab, conn, b"who am I");
    let error = bench.wait_for("an explanation", || tab.errors().into_iter().next());
    assert!(error.message.contains("not bound to a name"), "{error}");
    let about = tab.journal.connection(conn).unwrap().about.expect("who that is");
    assert!(about.starts_with(&format!("pid {pid} (")), "{about}");
    let error = bench.send(&tab, Target::Connections(vec![conn]), "hello?").unwrap_err();
    assert!(error.message.contains("not bound to a name"), "{error}");
}

/// C: whoever sends descriptors along is known as before, and the descriptors are closed.
#[test]
#[cfg(target_os = "linux")]
fn c_descriptors_that_are_sent_along_hide_nobody() {
    use std::io::IoSlice;
    use std::os::fd::AsRawFd;

    use nix::sys::socket::{ControlMessage, MsgFlags, UnixAddr, sendmsg};

    let (bench, folder) = (Bench::new(), Folder::new());
    let path = folder.at("taker");
    let tab = bind(&bench, named(&path), Options::default());
    ready(&bench, &tab);
    let (sender, to) = (UnixDatagram::unbound().unwrap(), UnixAddr::new(&path).unwrap());
    let (reader, writer) = std::io::pipe().unwrap();
    for descriptors in [&[][..], &[writer.as_raw_fd()], &[writer.as_raw_fd(); 253]] {
        let rights = [ControlMessage::ScmRights(descriptors)];
        let beside = if descriptors.is_empty() { &[][..] } else { &rights };
        sendmsg(sender.as_raw_fd(), &[IoSlice::new(b"x")], beside, MsgFlags::empty(), Some(&to)).unwrap();
    }
    let nameless = Address::Unix(UnixName::Numbered { conn: 0, pid: std::process::id() });
    let conn = peer(&bench, &tab, |peer| *peer == nameless);
    bench.received(&tab, conn, b"xxx");
    bench.wait_for("a word on them", || {
        let told = |text: &str| format!("{:?}", tab.details(Some(conn))).contains(text);
        (told("1 descriptor came with") && told("253 descriptors came with")).then_some(())
    });
    // Nobody holds the pipe any more.
    drop(writer);
    assert_eq!(std::io::Read::read(&mut { reader }, &mut [0]).unwrap(), 0);
}

/// C: abstract names, and one that the system chooses.
#[test]
fn c_abstract_names_and_autobind() {
    let bench = Bench::new();
    let name = abstract_name("datagrams");
    let server = bind(&bench, name.clone(), rules([always([reply("ok")])]));
    ready(&bench, &server);
    let any = bind(&bench, UnixName::Abstract(b""[..].into()), Options::default());
    let Address::Unix(UnixName::Abstract(chosen)) = ready(&bench, &any) else { panic!("a name is chosen") };
    assert_eq!(chosen.len(), 5, "five hexadecimal digits (unix(7))");
    bench.send(&any, Target::Unix(name.clone()), "x").unwrap();
    let conn = peer(&bench, &any, |peer| *peer == Address::Unix(name.clone()));
    bench.received(&any, conn, b"ok");
    let unnamed = bind(&bench, UnixName::Unnamed, Options::default());
    ready(&bench, &unnamed);
    bench.send(&unnamed, Target::Unix(name), "y").unwrap();
    bench.wait_for("an explanation at the server", || {
        server.errors().iter().any(|error| error.message.contains("not bound to a name")).then_some(())
    });
}

/// C: a receiver whose queue is full loses nothing, and holds up nobody else.
#[test]
fn c_a_full_receiver_loses_nothing() {
    const NUMBER: usize = 2_000;
    let (bench, folder) = (Bench::new(), Folder::new());
    let (slow, quick) = (folder.at("slow"), folder.at("quick"));
    let slow_socket = patient(UnixDatagram::bind(&slow).unwrap());
    let quick_socket = patient(UnixDatagram::bind(&quick).unwrap());
    let tab = bind(&bench, named(&folder.at("own")), Options::default());
    ready(&bench, &tab);
    for n in 0..NUMBER {
        let (to, payload) = (Target::Unix(named(&slow)), n.to_string().into());
        let mut command = Command::Send { session: tab.session, to, payload, ticket: Ticket(1_000_000 + n as u64) };
        bench.wait_for("room for a command", || {
            let back = std::mem::replace(&mut command, Command::CancelJob { job: sockscope::engine::JobId(0) });
            bench.engine.command(back).map_err(|back| command = back).ok()
        });
    }
    bench.wait_for("a full queue", || (tab.journal.status().waiting.queued.bytes > 0).then_some(()));
    bench.send(&tab, Target::Unix(named(&quick)), "past it").unwrap();
    assert_eq!(next(&quick_socket), b"past it");
    for n in 0..NUMBER {
        assert_eq!(next(&slow_socket), n.to_string().as_bytes());
    }
    assert!(tab.errors().is_empty(), "{:?}", tab.errors());
}

/// C: large datagrams come whole; one that is too large is refused with the figures.
#[test]
fn c_large_datagrams() {
    let (bench, folder) = (Bench::new(), Folder::new());
    let path = folder.at("large");
    let tab = bind(&bench, named(&path), Options::default());
    ready(&bench, &tab);
    let sender = UnixDatagram::unbound().unwrap();
    let large: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
    sender.send_to(&large, &path).unwrap();
    let conn = peer(&bench, &tab, |_| true);
    bench.received(&tab, conn, &large);
    let own = folder.at("reader");
    let reader = patient(UnixDatagram::bind(&own).unwrap());
    bench.send(&tab, Target::Unix(named(&own)), large.clone()).unwrap();
    assert_eq!(next(&reader), large);
    let error = bench.send(&tab, Target::Unix(named(&own)), vec![0; 8 << 20]).unwrap_err();
    let advice = error.advice.as_deref().unwrap_or_default();
    assert!(error.is("EMSGSIZE") && advice.contains("8,388,608 bytes"), "{error}");
}

/// B: why a datagram can't be sent.
#[test]
fn b_errors_of_sendto_are_explained() {
    let (bench, folder) = (Bench::new(), Folder::new());
    let tab = bind(&bench, UnixName::Unnamed, Options::default());
    ready(&bench, &tab);
    let check = |path: std::path::PathBuf, code: &str, advice: &str| {
        let error = bench.send(&tab, Target::Unix(named(&path)), "x").unwrap_err();
        let told = error.advice.as_deref().unwrap_or_default();
        assert!(error.is(code) && told.contains(advice), "{error}");
    };
    check(folder.at("nowhere"), "ENOENT", "there is no such path");
    let stale = folder.at("stale");
    drop(UnixDatagram::bind(&stale).unwrap());
    assert!(fs::symlink_metadata(&stale).is_ok());
    check(stale, "ECONNREFUSED", "nobody receives there");
    let stream = folder.at("stream");
    let _listener = std::os::unix::net::UnixListener::bind(&stream).unwrap();
    check(stream, "EPROTOTYPE", "another kind");
}
