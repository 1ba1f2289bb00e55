//! What is at a path, with real files in a folder of their own.

use std::os::unix::net::{UnixDatagram, UnixListener};
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::engine::command::UnixFile;

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("sockscope-unix-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    fn at(&self, name: &str) -> (PathBuf, UnixName) {
        let path = self.0.join(name);
        let name = UnixName::Path(path.as_os_str().as_bytes().into());
        (path, name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn try_bind(name: &UnixName, plan: UnixFile) -> Result<(Socket, Option<SocketFile>), OpError> {
    let socket = socket(Type::STREAM, &Address::Unix(name.clone()))?;
    let file = bind(&socket, name, plan)?;
    Ok((socket.kept(), file))
}

fn check_refused(name: &UnixName, expected: &str) {
    let plan = UnixFile { remove_stale: true, ..UnixFile::default() };
    let error = try_bind(name, plan).expect_err("it is refused").to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_file_has_its_mode_and_goes_with_its_socket() {
    let folder = Folder::new();
    for mode in [0o600, 0o666, 0o660, 0o777] {
        let (path, name) = folder.at("mode.sock");
        let (_socket, file) = try_bind(&name, UnixFile { mode, ..UnixFile::default() }).expect("bound");
        assert_eq!(fs::symlink_metadata(&path).expect("there").permissions().mode() & 0o777, mode);
        let mut file = file.expect("a file");
        file.set_mode(0o640).expect("changed");
        assert_eq!(fs::symlink_metadata(&path).expect("there").permissions().mode() & 0o777, 0o640);
        drop(file);
        assert!(!path.exists());
    }
}

#[test]
fn who_can_connect_is_told_by_the_right_to_write() {
    let folder = Folder::new();
    let (_, name) = folder.at("words.sock");
    let expected = [
        (0o600, "this user alone"),
        (0o644, "this user alone"),
        (0o660, "this user and its group"),
        (0o602, "everyone on this machine"),
        (0o444, "nobody without an administrator's rights"),
    ];
    for (mode, who) in expected {
        let (_socket, file) = try_bind(&name, UnixFile { mode, ..UnixFile::default() }).expect("bound");
        let words = file.expect("a file").words();
        assert!(words.contains(&format!("mode {mode:04o} from its first moment: {who} can connect")), "{words}");
    }
}

#[test]
fn what_took_its_place_is_not_removed_with_it() {
    let folder = Folder::new();
    let (path, name) = folder.at("moved.sock");
    let (_socket, file) = try_bind(&name, UnixFile::default()).expect("bound");
    fs::rename(&path, folder.0.join("elsewhere")).expect("moved");
    let other = UnixListener::bind(&path).expect("another one");
    let mut file = file.expect("a file");
    assert!(file.set_mode(0o666).expect_err("another file").message.contains("another file"));
    drop(file);
    assert!(path.exists());
    drop(other);
}

#[test]
fn a_stale_socket_is_known_and_removed_when_asked_to() {
    let folder = Folder::new();
    let (path, name) = folder.at("stale.sock");
    drop(UnixListener::bind(&path).expect("bound"));
    let error = try_bind(&name, UnixFile::default()).expect_err("in the way");
    assert!(is_stale(&error), "{error}");
    assert!(path.exists(), "nobody asked to remove it");
    let plan = UnixFile { remove_stale: true, ..UnixFile::default() };
    let bound = try_bind(&name, plan).expect("removed and bound");
    assert_eq!(fs::read_dir(&folder.0).expect("a folder").count(), 1, "nothing is left beside it");
    drop(bound);
    assert!(!path.exists());
}

#[test]
fn what_is_used_or_no_socket_stays() {
    let folder = Folder::new();
    let (path, name) = folder.at("listener");
    let listener = UnixListener::bind(&path).expect("bound");
    listener.set_nonblocking(true).expect("set");
    check_refused(&name, "a running program has this path");
    assert_eq!(listener.accept().expect_err("nobody came").kind(), io::ErrorKind::WouldBlock);
    let (path, name) = folder.at("datagrams");
    let _datagrams = UnixDatagram::bind(&path).expect("bound");
    check_refused(&name, "a running program has this path");
    let (path, name) = folder.at("bound, and not listening yet");
    let early = socket(Type::STREAM, &Address::NOWHERE).expect("a socket");
    early.bind(&SockAddr::unix(&path).expect("a path")).expect("bound");
    check_refused(&name, "a running program has this path");
    let (path, name) = folder.at("file");
    fs::write(&path, "precious").expect("written");
    let before = fs::symlink_metadata(&path).expect("there").ino();
    check_refused(&name, "no socket: it is never touched");
    assert_eq!(fs::read(&path).expect("read"), b"precious");
    assert_eq!(fs::symlink_metadata(&path).expect("there").ino(), before);
    let (link, name) = folder.at("link");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    check_refused(&name, "no socket: it is never touched");
}

#[test]
fn what_another_program_put_there_meanwhile_goes_back() {
    let folder = Folder::new();
    let (path, name) = folder.at("raced.sock");
    drop(UnixListener::bind(&path).expect("bound"));
    let there = sock_addr(&name, "bind").expect("a path");
    let stale = stale::look(&path, &there).expect("stale");
    // It keeps its inode, so that the new one has another.
    fs::hard_link(&path, folder.0.join("kept")).expect("a link");
    fs::remove_file(&path).expect("removed");
    let other = UnixListener::bind(&path).expect("another program");
    let inode = fs::symlink_metadata(&path).expect("there").ino();
    assert!(stale.remove(&path).is_err());
    assert_eq!(fs::symlink_metadata(&path).expect("there").ino(), inode);
    assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    assert_eq!(fs::read_dir(&folder.0).expect("a folder").count(), 2, "nothing is left beside it");
    drop(other);
}

#[test]
fn folders_are_explained() {
    let folder = Folder::new();
    let (_, name) = folder.at("nowhere/x.sock");
    check_refused(&name, "there is no such folder");
}

#[cfg(target_os = "linux")]
#[test]
fn names_of_107_bytes_are_bound_and_found() {
    let long = UnixName::Abstract(format!("{:0107}", std::process::id()).into_bytes().into());
    let (socket, file) = try_bind(&long, UnixFile::default()).expect("bound");
    assert!(file.is_none());
    let local = socket.local_addr().expect("its name");
    assert_eq!(local.as_abstract_namespace().map(<[u8]>::len), Some(107));
    check_refused(&long, "another program, or another tab, has this name");
}
