//! A path that is in use: by whom, and whether what is there may go.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use socket2::{SockAddr, Type};

use super::Identity;
use crate::endpoint::Address;
use crate::error::OpError;

/// What is said of a socket whose program is gone.
const STALE: &str = "the path is that of a socket to which nothing is bound any more: its program ended without \
    removing it";

/// Whether `error` says that a stale socket is in the way, which may be removed.
pub fn is_stale(error: &OpError) -> bool {
    error.is("EADDRINUSE") && error.message == STALE
}

/// That a stale socket is in the way.
pub(super) fn error(address: &Address, cause: &io::Error) -> OpError {
    let error = OpError { message: STALE.to_owned(), ..OpError::io("bind", address, cause) };
    error.advise("remove it and go on (--remove-stale), or choose another path")
}

/// What is in the way and stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Something that is no socket.
    NoSocket,
    /// A socket that a program has bound.
    InUse,
    /// A socket of which nothing can be found out.
    Unknown,
}

impl Found {
    /// Why the bind failed, in words.
    pub(super) fn error(self, address: &Address, cause: &io::Error) -> OpError {
        let (message, advice) = match self {
            Self::NoSocket => (
                "there is something at this path that is no socket: it is never touched",
                "choose another path, or move what is there away",
            ),
            Self::InUse => (
                "a running program has this path: it is not touched",
                "stop that program (ss -xlp shows it), or choose another path",
            ),
            Self::Unknown => (
                "a socket has this path, and whether a program still uses it can't be found out: it is not touched",
                "choose another path, or remove it yourself if you know that nothing uses it",
            ),
        };
        OpError { message: message.to_owned(), ..OpError::io("bind", address, cause) }.advise(advice)
    }
}

/// A socket to which nothing is bound any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stale(Identity);

/// Finds out what is at `path`, which is `there` for the system.
///
/// A datagram socket that connects disturbs nobody: a listener does not see it, and what the system says about it tells
/// all. ECONNREFUSED: no socket is bound to this file. EPROTOTYPE: one is, of another type; also one that is bound and
/// does not listen yet, for which a stream socket would get ECONNREFUSED.
///
/// # Errors
///
/// What is there, when it has to stay.
pub(super) fn look(path: &Path, there: &SockAddr) -> Result<Stale, Found> {
    let Ok(found) = fs::symlink_metadata(path) else { return Err(Found::Unknown) };
    if !found.file_type().is_socket() {
        return Err(Found::NoSocket);
    }
    let address = Address::NOWHERE;
    let Ok(probe) = super::socket(Type::DGRAM, &address) else { return Err(Found::Unknown) };
    match probe.connect(there) {
        Err(error) if error.raw_os_error() == Some(Errno::ECONNREFUSED as i32) => Ok(Stale(Identity::of(&found))),
        Err(error) if error.raw_os_error() == Some(Errno::EPROTOTYPE as i32) => Err(Found::InUse),
        // It is a datagram socket that is connected to somebody else.
        Err(error) if error.raw_os_error() == Some(Errno::EPERM as i32) => Err(Found::InUse),
        Ok(()) => Err(Found::InUse),
        Err(_) => Err(Found::Unknown),
    }
}

impl Stale {
    /// Removes it. It is moved aside first, and looked at again there: should another program have put its own in its
    /// place since it was looked at, that is not lost but goes back.
    ///
    /// # Errors
    ///
    /// Of `rename` and `unlink`; when something else is there by now.
    pub(super) fn remove(self, path: &Path) -> io::Result<()> {
        let aside = aside(path);
        match fs::rename(path, &aside) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            moved => moved?,
        }
        let is_same = match SockAddr::unix(&aside) {
            Ok(there) => look(&aside, &there).is_ok_and(|Self(identity)| identity == self.0),
            // Too long a path for a socket: what is known of the file has to do.
            Err(_) => fs::symlink_metadata(&aside)
                .is_ok_and(|found| found.file_type().is_socket() && Identity::of(&found) == self.0),
        };
        if is_same {
            return fs::remove_file(&aside);
        }
        // A link never takes the place of a file.
        fs::hard_link(&aside, path)?;
        fs::remove_file(&aside)?;
        Err(io::Error::other("another program put something there meanwhile: it is not touched"))
    }
}

/// A name beside `path` that nobody has.
fn aside(path: &Path) -> PathBuf {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    path.with_file_name(format!(".{:x}-{now:x}", std::process::id()))
}
