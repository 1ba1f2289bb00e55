//! The socket of a connection, of whatever family: what a connection needs of it, and nothing more.

use std::io::{self, Read, Write};
use std::net::Shutdown;
#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, RawFd};

use mio::event::Source;
use mio::net::TcpStream;
#[cfg(unix)]
use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use socket2::SockRef;

use super::calls;
use crate::endpoint::Address;
use crate::journal::{Function, Level};

/// A connected stream socket.
#[derive(Debug)]
pub(super) enum Stream {
    /// TCP.
    Tcp(TcpStream),
    /// A Unix stream socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

/// Does the same with a stream of any family.
macro_rules! each {
    ($stream:expr, $it:ident => $what:expr) => {
        match $stream {
            Stream::Tcp($it) => $what,
            #[cfg(unix)]
            Stream::Unix($it) => $what,
        }
    };
}

impl Stream {
    /// This end's address.
    ///
    /// # Errors
    ///
    /// Of `getsockname`.
    pub(super) fn local(&self) -> io::Result<Address> {
        let local = match self {
            Self::Tcp(stream) => stream.local_addr().map(Address::Ip),
            #[cfg(unix)]
            Self::Unix(stream) => stream.local_addr().map(|address| unix::address(&address)),
        };
        calls::local(self, local, Clone::clone)
    }

    /// The other end's address: an error while it is not connected.
    ///
    /// # Errors
    ///
    /// Of `getpeername`.
    pub(super) fn peer(&self) -> io::Result<Address> {
        let peer = match self {
            Self::Tcp(stream) => stream.peer_addr().map(Address::Ip),
            #[cfg(unix)]
            Self::Unix(stream) => stream.peer_addr().map(|address| unix::address(&address)),
        };
        calls::noted(self, Function::PeerName(peer.as_ref().ok().cloned()), peer)
    }

    /// Who is at the other end, where the kernel tells.
    #[cfg(unix)]
    pub(super) fn credentials(&self) -> Option<super::unix::Credentials> {
        match self {
            Self::Tcp(_) => None,
            Self::Unix(stream) => super::unix::Credentials::of_peer(stream),
        }
    }

    /// The error that waits at the socket (`SO_ERROR`).
    ///
    /// # Errors
    ///
    /// Of `getsockopt`.
    pub(super) fn take_error(&self) -> io::Result<Option<io::Error>> {
        calls::pending(self, each!(self, stream => stream.take_error()))
    }

    /// Sends FIN, or what is the same between Unix sockets.
    ///
    /// # Errors
    ///
    /// Of `shutdown`.
    pub(super) fn shutdown_write(&self) -> io::Result<()> {
        calls::noted(self, Function::ShutdownWrite, each!(self, stream => stream.shutdown(Shutdown::Write)))
    }

    /// The socket, for its options.
    pub(super) fn socket(&self) -> SockRef<'_> {
        each!(self, stream => SockRef::from(stream))
    }

    /// Makes the next close an abort: RST instead of FIN (socket(7), `SO_LINGER` with zero). A Unix socket has no RST;
    /// its peer finds out by what it did not read.
    pub(super) fn abort_on_close(&self) {
        if let Self::Tcp(stream) = self {
            // It fails only for a connection that is gone already.
            let set = SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO));
            let _ = calls::set(stream, Level::Socket, "SO_LINGER", "{onoff=1, linger=0}", set);
        }
    }
}

#[cfg(unix)]
impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        each!(self, stream => stream.as_raw_fd())
    }
}

#[cfg(unix)]
impl IntoRawFd for Stream {
    fn into_raw_fd(self) -> RawFd {
        each!(self, stream => stream.into_raw_fd())
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsRawSocket for Stream {
    fn as_raw_socket(&self) -> std::os::windows::io::RawSocket {
        each!(self, stream => stream.as_raw_socket())
    }
}

#[cfg(windows)]
impl std::os::windows::io::IntoRawSocket for Stream {
    fn into_raw_socket(self) -> std::os::windows::io::RawSocket {
        each!(self, stream => stream.into_raw_socket())
    }
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        each!(self, stream => stream.read(room))
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        each!(self, stream => stream.write(bytes))
    }

    fn write_vectored(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        each!(self, stream => stream.write_vectored(parts))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Source for Stream {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        each!(self, stream => stream.register(registry, token, interests))
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        each!(self, stream => stream.reregister(registry, token, interests))
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        each!(self, stream => stream.deregister(registry))
    }
}

#[cfg(unix)]
impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        each!(self, stream => stream.as_fd())
    }
}

#[cfg(unix)]
impl AsFd for Listening {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(_, listener) => listener.as_fd(),
        }
    }
}

/// Unix sockets, where there are some.
#[cfg(unix)]
pub(super) mod unix {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::SocketAddr;

    use crate::endpoint::{Address, UnixName};

    /// The address as the log shows it.
    pub(in crate::engine) fn address(address: &SocketAddr) -> Address {
        if let Some(path) = address.as_pathname() {
            return Address::Unix(UnixName::Path(path.as_os_str().as_bytes().into()));
        }
        Address::Unix(abstract_name(address).unwrap_or(UnixName::Unnamed))
    }

    #[cfg(target_os = "linux")]
    fn abstract_name(address: &SocketAddr) -> Option<UnixName> {
        use std::os::linux::net::SocketAddrExt;
        address.as_abstract_name().map(|name| UnixName::Abstract(name.into()))
    }

    #[cfg(not(target_os = "linux"))]
    fn abstract_name(_: &SocketAddr) -> Option<UnixName> {
        None
    }
}

/// A listening socket.
#[derive(Debug)]
pub(super) enum Listening {
    /// TCP.
    Tcp(mio::net::TcpListener),
    /// A Unix stream socket, and the file of its path, which goes before the socket does.
    #[cfg(unix)]
    Unix(Option<super::unix::SocketFile>, mio::net::UnixListener),
}

impl Listening {
    /// Takes a client that waits, and its address.
    ///
    /// # Errors
    ///
    /// Of `accept`.
    pub(super) fn accept(&self) -> io::Result<(Stream, Address)> {
        match self {
            Self::Tcp(listener) => listener.accept().map(|(stream, peer)| (Stream::Tcp(stream), peer.into())),
            #[cfg(unix)]
            Self::Unix(_, listener) => {
                listener.accept().map(|(stream, peer)| (Stream::Unix(stream), unix::address(&peer)))
            }
        }
    }
}

impl Listening {
    /// The socket, for its options.
    pub(super) fn socket(&self) -> SockRef<'_> {
        match self {
            Self::Tcp(listener) => SockRef::from(listener),
            #[cfg(unix)]
            Self::Unix(_, listener) => SockRef::from(listener),
        }
    }

    /// The file of its path.
    #[cfg(unix)]
    pub(super) fn file(&mut self) -> Option<&mut super::unix::SocketFile> {
        match self {
            Self::Tcp(_) => None,
            Self::Unix(file, _) => file.as_mut(),
        }
    }
}

#[cfg(unix)]
impl AsRawFd for Listening {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Self::Tcp(listener) => listener.as_raw_fd(),
            Self::Unix(_, listener) => listener.as_raw_fd(),
        }
    }
}

#[cfg(unix)]
impl IntoRawFd for Listening {
    fn into_raw_fd(self) -> RawFd {
        match self {
            Self::Tcp(listener) => listener.into_raw_fd(),
            Self::Unix(_, listener) => listener.into_raw_fd(),
        }
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsRawSocket for Listening {
    fn as_raw_socket(&self) -> std::os::windows::io::RawSocket {
        match self {
            Self::Tcp(listener) => listener.as_raw_socket(),
        }
    }
}

#[cfg(windows)]
impl std::os::windows::io::IntoRawSocket for Listening {
    fn into_raw_socket(self) -> std::os::windows::io::RawSocket {
        match self {
            Self::Tcp(listener) => listener.into_raw_socket(),
        }
    }
}

impl Source for Listening {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.register(registry, token, interests),
            #[cfg(unix)]
            Self::Unix(_, listener) => listener.register(registry, token, interests),
        }
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.reregister(registry, token, interests),
            #[cfg(unix)]
            Self::Unix(_, listener) => listener.reregister(registry, token, interests),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.deregister(registry),
            #[cfg(unix)]
            Self::Unix(_, listener) => listener.deregister(registry),
        }
    }
}
