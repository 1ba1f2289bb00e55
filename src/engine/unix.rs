//! Unix sockets (unix(7)): the file that a bound path is, from its bind to its removal, and who is at the other end.
//!
//! Invariants: nothing but a socket is ever removed; a socket that somebody still has bound is not removed either; and
//! at the end a path is removed only if the file there is the one that was made here.

mod credentials;
mod stale;

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use super::calls::{self, Made};
use super::command::UnixFile;
use crate::endpoint::{Address, UnixName};
use crate::error::OpError;
use crate::journal::{Detail, Writer};

pub(super) use credentials::Credentials;

/// The file of a socket that is bound to a path. Dropping it removes it, if it is still the one that was made.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: Identity,
    mode: u32,
}

/// What tells one file from all others while it is there: its device and its inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    fn of(found: &Metadata) -> Self {
        Self(found.dev(), found.ino())
    }
}

impl SocketFile {
    /// The file that a bind to `path` just made. Its mode is set for good: what the umask took is given back.
    fn of_bound(path: &Path, mode: u32) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        let file = Self { path: path.to_owned(), identity: Identity::of(&found), mode };
        file.write_mode(mode)?;
        Ok(file)
    }

    /// Changes who may connect as a person asks, and records that.
    pub(super) fn follow(&mut self, plan: UnixFile, writer: &mut Writer) {
        if plan.mode == self.mode {
            return;
        }
        writer.detail(
            None,
            match self.set_mode(plan.mode) {
                Ok(()) => Detail::Note(format!("{} has mode {:04o} now", self.path.display(), self.mode)),
                Err(error) => Detail::Error(Box::new(error)),
            },
        );
    }

    /// Changes who may connect.
    ///
    /// # Errors
    ///
    /// Of `chmod`; or where another file has the path by now.
    fn set_mode(&mut self, mode: u32) -> Result<(), OpError> {
        if mode == self.mode {
            return Ok(());
        }
        let subject = Address::Unix(UnixName::Path(self.path.as_os_str().as_bytes().into()));
        self.write_mode(mode).map_err(|error| OpError::io("chmod", subject, &error))?;
        self.mode = mode;
        Ok(())
    }

    fn write_mode(&self, mode: u32) -> io::Result<()> {
        let found = fs::symlink_metadata(&self.path)?;
        if !self.is_ours(&found) {
            return Err(io::Error::other("another file has this path by now: it is left as it is"));
        }
        if found.permissions().mode() & 0o777 == mode {
            return Ok(());
        }
        self.change_mode(mode)
    }

    /// By a descriptor: a symbolic link that someone puts there meanwhile is not followed.
    #[cfg(target_os = "linux")]
    fn change_mode(&self, mode: u32) -> io::Result<()> {
        use std::os::fd::AsRawFd;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = nix::libc::O_PATH | nix::libc::O_NOFOLLOW;
        let file = File::options().read(true).custom_flags(flags).open(&self.path)?;
        if Identity::of(&file.metadata()?) != self.identity {
            return Err(io::Error::other("another file has this path by now: it is left as it is"));
        }
        fs::set_permissions(format!("/proc/self/fd/{}", file.as_raw_fd()), Permissions::from_mode(mode))
    }

    #[cfg(not(target_os = "linux"))]
    fn change_mode(&self, mode: u32) -> io::Result<()> {
        fs::set_permissions(&self.path, Permissions::from_mode(mode))
    }

    fn is_ours(&self, found: &Metadata) -> bool {
        found.file_type().is_socket() && Identity::of(found) == self.identity
    }

    /// What was done, for the log.
    pub(super) fn words(&self) -> String {
        // Connecting takes the right to write (unix(7)).
        let may = |who: u32| self.mode & who != 0;
        let who = match (may(0o200), may(0o020), may(0o002)) {
            (_, _, true) => "everyone on this machine",
            (_, true, false) => "this user and its group",
            (true, false, false) => "this user alone",
            (false, false, false) => "nobody without an administrator's rights",
        };
        format!(
            "{} has mode {:04o} from its first moment: {who} can connect; it is removed at the end",
            self.path.display(),
            self.mode
        )
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // The socket still holds its inode, so no other file can have its number.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| self.is_ours(&found)) {
            // Where it fails the path is stale from now on, and the next bind says so.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A non-blocking Unix socket of `kind`.
///
/// # Errors
///
/// Of `socket`.
pub(super) fn socket(kind: Type, address: &Address) -> Result<Made, OpError> {
    calls::socket(Domain::UNIX, kind, None).map_err(|error| OpError::io("socket", address, &error))
}

/// The name as the system takes it. `op` is what it is for.
///
/// # Errors
///
/// For a socket that is not bound: nobody can be told its name.
pub(super) fn sock_addr(name: &UnixName, op: &'static str) -> Result<SockAddr, OpError> {
    let address = || Address::Unix(name.clone());
    let name = match name {
        UnixName::Path(bytes) => bytes.to_vec(),
        // An empty name has the system choose one (unix(7), "Autobind feature").
        UnixName::Abstract(bytes) if bytes.is_empty() => Vec::new(),
        // An abstract name begins with a zero byte.
        UnixName::Abstract(bytes) => [b"\0", &bytes[..]].concat(),
        UnixName::Unnamed | UnixName::Numbered { .. } => return Err(OpError::new(op, address(), NO_NAME)),
    };
    SockAddr::unix(OsStr::from_bytes(&name)).map_err(|error| OpError::io(op, address(), &error))
}

/// Why nothing can be sent to a socket that is not bound.
pub(super) const NO_NAME: &str = "this socket is not bound to a name, so there is no address to send to (unix(7)): \
    its program has to bind it first, to a path or by autobind";

/// Binds `socket` to `name`, and gives the file that this made, if it made one.
///
/// On Linux a file has the mode of its socket at the moment of its making, so that nobody can connect in between; what
/// the umask takes is given back afterwards. Elsewhere the mode is set before `listen`.
///
/// # Errors
///
/// Of `bind`; one that [is stale](is_stale) when a file is in the way that no socket is bound to any more.
pub(super) fn bind(socket: &Socket, name: &UnixName, plan: UnixFile) -> Result<Option<SocketFile>, OpError> {
    let address = Address::Unix(name.clone());
    let there = sock_addr(name, "bind")?;
    let refused = |error: io::Error| OpError::io("bind", &address, &error);
    let UnixName::Path(bytes) = name else {
        return calls::bound(socket, address.clone(), socket.bind(&there)).map(|()| None).map_err(refused);
    };
    let path = Path::new(OsStr::from_bytes(bytes));
    if let Ok(file) = socket.try_clone().map(OwnedFd::from).map(File::from) {
        // Systems that refuse it get the mode afterwards.
        let _ = file.set_permissions(Permissions::from_mode(plan.mode));
    }
    if let Err(error) = calls::bound(socket, address.clone(), socket.bind(&there)) {
        if error.kind() != io::ErrorKind::AddrInUse {
            return Err(refused(error));
        }
        let stale = stale::look(path, &there).map_err(|found| found.error(&address, &error))?;
        if !plan.remove_stale {
            return Err(stale::error(&address, &error));
        }
        stale.remove(path).map_err(|error| OpError::io("remove", &address, &error))?;
        calls::bound(socket, address.clone(), socket.bind(&there)).map_err(refused)?;
    }
    SocketFile::of_bound(path, plan.mode).map(Some).map_err(|error| OpError::io("chmod", &address, &error))
}

pub use stale::is_stale;

#[cfg(test)]
mod tests;
