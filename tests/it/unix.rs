//! Unix stream sockets (B, C: AF_UNIX): paths from their making to their removal, abstract names, and who connects.

use std::fs;
use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sockscope::endpoint::{Address, Family, UnixName};
use sockscope::engine::{Connect, Destination, Event, Listen, Options, Plan, Target, UnixFile, is_stale};
use sockscope::journal::{ConnId, Detail, Direction};

use crate::bench::{Bench, PATIENCE, Tab, always, reply, rules};

/// A folder for sockets.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

pub(crate) fn named(path: &std::path::Path) -> UnixName {
    UnixName::Path(path.to_str().unwrap().as_bytes().into())
}

pub(crate) fn abstract_name(what: &str) -> UnixName {
    UnixName::Abstract(format!("sockscope-{what}-{}", std::process::id()).into_bytes().into())
}

fn listen(bench: &Bench, name: UnixName, options: Options) -> Tab {
    bench.open(Plan::Listen(Listen { address: Address::Unix(name), options, ..Listen::loopback(0) }))
}

fn connect(bench: &Bench, name: UnixName) -> Tab {
    let options = Options::default();
    bench.open(Plan::Connect(Connect {
        proxy: None,
        to: Destination::Unix(name),
        family: Family::Any,
        local: None,
        limit: PATIENCE,
        options,
    }))
}

/// The address that a session is bound to.
#[track_caller]
pub(crate) fn ready(bench: &Bench, tab: &Tab) -> Address {
    bench.event("Ready", |event| match event {
        Event::Ready { session, local } if *session == tab.session => Some(local.clone()),
        Event::Failed { session, error } if *session == tab.session => panic!("{error}"),
        _ => None,
    })
}

fn patient(stream: UnixStream) -> UnixStream {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The first connection, once it is there.
#[track_caller]
fn first(bench: &Bench, tab: &Tab) -> ConnId {
    bench.wait_for("a connection", || tab.journal.open_connections().first().copied())
}

fn notes(tab: &Tab, conn: Option<ConnId>) -> Vec<String> {
    let note = |detail| match detail {
        Detail::Note(note) => Some(note),
        _ => None,
    };
    tab.details(conn).into_iter().filter_map(note).collect()
}

/// C: a path is answered at, has mode 0600, tells who connects, and is gone after Stop.
#[test]
fn c_a_path_from_its_making_to_its_removal() {
    let (bench, folder) = (Bench::new(), Folder::new());
    let path = folder.at("echo.sock");
    let tab = listen(&bench, named(&path), rules([always([reply("{data}")])]));
    assert_eq!(ready(&bench, &tab), Address::Unix(named(&path)));
    let found = fs::symlink_metadata(&path).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
    let mut one = patient(UnixStream::connect(&path).unwrap());
    one.write_all(b"ping").unwrap();
    let mut back = [0; 4];
    one.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"ping");
    let conn = first(&bench, &tab);
    bench.received(&tab, conn, b"ping");
    let known = tab.journal.connection(conn).unwrap();
    let pid = std::process::id();
    assert_eq!(known.peer, Address::Unix(UnixName::Numbered { conn: conn.0, pid }));
    let about = known.about.expect("who that is");
    let own = rustix::process::getuid().as_raw();
    assert!(about.starts_with(&format!("pid {pid} (")) && about.contains(&format!("uid {own},")), "{about}");
    assert!(notes(&tab, Some(conn)).iter().any(|note| note.contains(&*about)), "a record has it too");
    let mut two = patient(UnixStream::connect(&path).unwrap());
    two.write_all(b"x").unwrap();
    two.read_exact(&mut back[..1]).unwrap();
    let peers = bench.wait_for("two connections", || {
        let peers: Vec<_> = tab.journal.connections(0, 9).iter().map(|it| it.peer.to_string()).collect();
        (peers.len() == 2).then_some(peers)
    });
    assert_ne!(peers[0], peers[1], "two peers without a name are told apart");
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    assert!(!path.exists());
}

/// C: nobody ever finds the path with another mode than 0600, however often it is made.
#[test]
fn c_the_mode_holds_from_the_first_moment() {
    let (bench, folder) = (Bench::new(), Folder::new());
    let path = folder.at("raced.sock");
    let over = Arc::new(AtomicBool::new(false));
    let watch = {
        let (path, over) = (path.clone(), Arc::clone(&over));
        let work = move || {
            let mut seen = 0;
            while !over.load(Ordering::Relaxed) {
                if let Ok(found) = fs::symlink_metadata(&path) {
                    assert_eq!(found.permissions().mode() & 0o777, 0o600);
                    seen += 1;
                }
            }
            seen
        };
        std::thread::Builder::new().name("watch".to_owned()).spawn(work).unwrap()
    };
    for _ in 0..50 {
        let tab = listen(&bench, named(&path), Options::default());
        ready(&bench, &tab);
        bench.stop(&tab);
        bench.over(&tab).unwrap();
    }
    over.store(true, Ordering::Relaxed);
    assert!(watch.join().expect("one mode alone was seen") > 0);
}

/// C: the mode that a person wants, whatever the umask is, and another one while it runs.
#[test]
fn c_the_mode_changes_while_it_listens() {
    let (bench, folder) = (Bench::new(), Folder::new());
    let path = folder.at("wide.sock");
    let unix = |mode| Options { unix: UnixFile { mode, ..UnixFile::default() }, ..Options::default() };
    let tab = listen(&bench, named(&path), unix(0o666));
    ready(&bench, &tab);
    let mode = || fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o666);
    bench.configure(&tab, unix(0o640));
    bench.wait_for("the new mode", || (mode() == 0o640).then_some(()));
    bench.wait_for("a record of it", || notes(&tab, None).iter().any(|note| note.contains("0640")).then_some(()));
}

/// C: a stale path is recognized, stays unless removal is asked for, and is taken over then.
#[test]
fn c_a_stale_path_is_offered_for_removal() {
    let (bench, folder) = (Bench::new(), Folder::new());
    let path = folder.at("stale.sock");
    drop(UnixListener::bind(&path).unwrap());
    let stale = fs::symlink_metadata(&path).unwrap().ino();
    let tab = listen(&bench, named(&path), Options::default());
    let error = bench.over(&tab).unwrap_err();
    assert!(is_stale(&error) && error.is("EADDRINUSE"), "{error}");
    assert_eq!(fs::symlink_metadata(&path).unwrap().ino(), stale);
    let unix = UnixFile { remove_stale: true, ..UnixFile::default() };
    let tab = listen(&bench, named(&path), Options { unix, ..Options::default() });
    ready(&bench, &tab);
    assert!(UnixStream::connect(&path).is_ok());
}

/// C: neither a plain file nor a socket in use is ever touched.
#[test]
fn c_what_is_no_stale_socket_stays() {
    let (bench, folder) = (Bench::new(), Folder::new());
    let unix = UnixFile { remove_stale: true, ..UnixFile::default() };
    let options = || Options { unix, ..Options::default() };
    let file = folder.at("notes.txt");
    fs::write(&file, "precious").unwrap();
    let before = fs::symlink_metadata(&file).unwrap();
    let error = bench.over(&listen(&bench, named(&file), options())).unwrap_err();
    assert!(!is_stale(&error) && error.message.contains("never touched"), "{error}");
    let after = fs::symlink_metadata(&file).unwrap();
    assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    let used = folder.at("used.sock");
    let other = UnixListener::bind(&used).unwrap();
    let error = bench.over(&listen(&bench, named(&used), options())).unwrap_err();
    assert!(!is_stale(&error) && error.message.contains("a running program"), "{error}");
    let client = UnixStream::connect(&used).unwrap();
    let (_, _) = other.accept().unwrap();
    drop(client);
}

/// C: what took the path's place meanwhile is not removed at the end.
#[test]
fn c_only_our_own_path_is_removed() {
    let (bench, folder) = (Bench::new(), Folder::new());
    let path = folder.at("mine.sock");
    let tab = listen(&bench, named(&path), Options::default());
    ready(&bench, &tab);
    fs::rename(&path, folder.at("aside")).unwrap();
    fs::write(&path, "theirs").unwrap();
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"theirs");
}

/// C: an engine that ends removes its paths too.
#[test]
fn c_the_end_of_the_engine_removes_paths() {
    let (bench, folder) = (Bench::new(), Folder::new());
    let path = folder.at("quit.sock");
    let tab = listen(&bench, named(&path), Options::default());
    ready(&bench, &tab);
    let Bench { engine, .. } = bench;
    engine.stop();
    assert!(!path.exists());
}

/// C: an abstract name, both ends; the client sees who serves it.
#[test]
fn c_abstract_names_at_both_ends() {
    let bench = Bench::new();
    let name = abstract_name("both");
    let server = listen(&bench, name.clone(), rules([always([reply("[{data}]")])]));
    ready(&bench, &server);
    let client = connect(&bench, name.clone());
    let conn = bench.connected(&client);
    bench.send(&client, Target::All, "hello").unwrap();
    bench.received(&client, conn, b"[hello]");
    let known = client.journal.connection(conn).unwrap();
    assert_eq!(known.peer, Address::Unix(name.clone()));
    let pid = std::process::id();
    assert!(known.about.unwrap().starts_with(&format!("pid {pid} (")));
    assert_eq!(known.local, Address::Unix(UnixName::Numbered { conn: 0, pid }));
    let UnixName::Abstract(bytes) = &name else { unreachable!("it is abstract") };
    let other = SocketAddr::from_abstract_name(bytes).unwrap();
    let mut plain = patient(UnixStream::connect_addr(&other).unwrap());
    plain.write_all(b"x").unwrap();
    let mut back = [0; 3];
    plain.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"[x]");
}

/// C: 107 bytes fit.
#[test]
fn c_a_path_of_107_bytes_fits() {
    let (bench, folder) = (Bench::new(), Folder::new());
    let base = folder.at("").as_os_str().len();
    let path = folder.at(&"x".repeat(107 - base));
    assert_eq!(path.as_os_str().len(), 107);
    let tab = listen(&bench, named(&path), Options::default());
    ready(&bench, &tab);
    let client = connect(&bench, named(&path));
    let conn = bench.connected(&client);
    bench.send(&client, Target::All, "x").unwrap();
    bench.received(&tab, first(&bench, &tab), b"x");
    assert_eq!(client.payload(conn, Direction::Sent), b"x");
}

/// B: what can't be connected to is explained.
#[test]
fn b_errors_of_connect_are_explained() {
    let (bench, folder) = (Bench::new(), Folder::new());
    let check = |path: PathBuf, code: &str, advice: &str| {
        let error = bench.over(&connect(&bench, named(&path))).unwrap_err();
        let told = error.advice.as_deref().unwrap_or_default();
        assert!(error.is(code) && told.contains(advice), "{error}");
    };
    check(folder.at("nowhere"), "ENOENT", "there is no such path");
    let stale = folder.at("stale");
    drop(UnixListener::bind(&stale).unwrap());
    check(stale, "ECONNREFUSED", "nobody listens there");
    let datagrams = folder.at("datagrams");
    let _socket = std::os::unix::net::UnixDatagram::bind(&datagrams).unwrap();
    check(datagrams, "EPROTOTYPE", "another kind");
}
