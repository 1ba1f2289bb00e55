//! The socket of a session with Unix datagrams, and what one call of it brings.

use std::io;
use std::time::Instant;

use mio::Token;
use mio::net::UnixDatagram;
use socket2::{SockRef, Type};

use crate::endpoint::{Address, UnixName};
use crate::engine::calls;
use crate::engine::command::{Bind, SessionId};
use crate::engine::options::{Role, prepare};
use crate::engine::reactor::{Key, Part, Reactor, Readiness};
use crate::engine::stream;
use crate::engine::udp::socket::{ERRORS, PAUSE, receive_buffer};
use crate::engine::unix::{self, Credentials, SocketFile};
use crate::error::OpError;
use crate::figures;
use crate::journal::{Call, Function, Level};

/// The longest datagram that is received whole. A send buffer of this size takes an administrator.
const LONGEST: usize = 64 << 20;

/// Space that stays for the next datagram: the send buffers of most systems allow no longer one.
const KEPT: usize = 256 << 10;

/// The socket itself, as long as it is open.
#[derive(Debug)]
pub(super) struct Bound {
    /// The file of its path. It goes first: while the socket is there no other file has the same inode.
    pub(super) file: Option<SocketFile>,
    pub(super) socket: UnixDatagram,
    pub(super) token: Token,
    pub(super) local: UnixName,
    pub(super) ready: Readiness,
    /// Errors in a row, and when reading goes on after too many.
    pub(super) errors: usize,
    pub(super) paused_until: Option<Instant>,
    room: Vec<u8>,
    /// What the kernel granted, in words.
    buffer: String,
}

/// A datagram that was received.
#[derive(Debug)]
pub(super) struct Arrived {
    /// Its sender; one without a name is known by its process.
    pub(super) from: UnixName,
    /// Who that is, where the kernel tells.
    pub(super) told: Option<Credentials>,
    /// How long it was, if that is more than was received.
    pub(super) cut: Option<usize>,
    /// How many descriptors came with it; they were closed.
    pub(super) descriptors: usize,
    /// The calls that took it.
    pub(super) calls: Vec<Call>,
}

/// What came beside the bytes of a datagram.
#[cfg(target_os = "linux")]
#[derive(Default)]
struct Beside {
    told: Option<Credentials>,
    descriptors: usize,
}

/// Descriptors that one datagram can bring (`SCM_MAX_FD`, unix(7)).
#[cfg(target_os = "linux")]
const DESCRIPTORS: usize = 253;

/// What its options became goes to `told`.
pub(super) fn bind(
    session: SessionId,
    plan: &Bind,
    told: &mut Vec<String>,
    reactor: &mut Reactor,
) -> Result<Bound, OpError> {
    let Address::Unix(name) = &plan.address else {
        return Err(OpError::new("bind", &plan.address, "no Unix socket can be bound there"));
    };
    let socket = unix::socket(Type::DGRAM, &plan.address)?;
    let error = |error: &io::Error| OpError::io("bind", &plan.address, error);
    if let Some(bytes) = plan.receive_buffer {
        // Asking for more than is allowed is no error on most systems, and a smaller buffer works too.
        let asked = socket.set_recv_buffer_size(bytes as usize);
        let _ = calls::set(&*socket, Level::Socket, "SO_RCVBUF", bytes as usize, asked);
    }
    prepare(&SockRef::from(&*socket), Role::Datagrams, &plan.options.socket_options, told)?;
    let granted = calls::get(&*socket, Level::Socket, "SO_RCVBUF", socket.recv_buffer_size())
        .map_err(|cause| error(&cause))?;
    let mut file = None;
    if *name != UnixName::Unnamed {
        tell_senders(&socket);
        file = unix::bind(&socket, name, plan.options.unix)?;
    }
    let mut socket = UnixDatagram::from_std(socket.kept().into());
    let local = socket.local_addr().map(|address| stream::unix::address(&address));
    let local = match calls::local(&socket, local, Clone::clone).map_err(|told| error(&told))? {
        Address::Unix(UnixName::Unnamed) => UnixName::Numbered { conn: 0, pid: std::process::id() },
        Address::Unix(name) => name,
        Address::Ip(_) | Address::Host(..) => UnixName::Unnamed,
    };
    let key = Key { session, part: Part::Socket };
    let token = reactor.register(&mut socket, key).map_err(|told| error(&told))?;
    reactor.again(key);
    let buffer = receive_buffer(plan.receive_buffer, granted);
    let (errors, paused_until, room) = Default::default();
    let ready = Readiness::UNKNOWN;
    Ok(Bound { file, socket, token, local, ready, errors, paused_until, room, buffer })
}

/// Has the kernel tell of each datagram who sent it. A socket without a name would get one by that (unix(7),
/// `SO_PASSCRED`).
#[cfg(target_os = "linux")]
fn tell_senders(socket: &socket2::Socket) {
    use nix::sys::socket::{setsockopt, sockopt::PassCred};
    // Without it senders that have no name can't be told apart; everything else works.
    let told = setsockopt(socket, PassCred, &true).map_err(io::Error::from);
    let _ = calls::set(socket, Level::Socket, "SO_PASSCRED", true, told);
}

#[cfg(not(target_os = "linux"))]
fn tell_senders(_: &socket2::Socket) {}

impl Bound {
    /// Removes its path and closes it. Returns the call.
    pub(super) fn close(self) -> Call {
        drop(self.file);
        calls::close(self.socket)
    }

    /// Its own address.
    pub(super) fn address(&self) -> Address {
        Address::Unix(self.local.clone())
    }

    /// What is told when it is open.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = vec![self.buffer.clone()];
        notes.extend(self.file.as_ref().map(SocketFile::words));
        if !self.local.is_bound() {
            notes.push(
                "this socket is not bound to a name: nobody can answer it; a path, or @ for a name that the system \
                 chooses, changes that"
                    .to_owned(),
            );
        }
        notes
    }

    /// Whether there is something to read, as far as is known.
    pub(super) fn may_read(&self, now: Instant) -> bool {
        self.ready.readable && self.paused_until.is_none_or(|until| until <= now)
    }

    /// Counts an error in a row. Returns when reading goes on, if there were too many.
    pub(super) fn failed(&mut self, now: Instant) -> Option<Instant> {
        self.errors += 1;
        if self.errors < ERRORS {
            return None;
        }
        self.errors = 0;
        self.paused_until = Some(now + PAUSE);
        self.paused_until
    }

    /// Sends one datagram, whole or not at all.
    ///
    /// # Errors
    ///
    /// Of `sendto`; `WouldBlock` when the receiver's queue or this socket's buffer is full.
    pub(super) fn send_to(&self, payload: &[u8], to: &UnixName) -> io::Result<usize> {
        let to = unix::sock_addr(to, "send").map_err(|error| io::Error::other(error.message))?;
        SockRef::from(&self.socket).send_to(payload, &to)
    }

    /// What is known about too long a datagram: the send buffer, in bytes.
    pub(super) fn send_buffer(&self) -> String {
        let bytes = SockRef::from(&self.socket).send_buffer_size().unwrap_or(0);
        figures::count(bytes as u64)
    }

    /// Receives one datagram. It stands at the front of what is given back.
    ///
    /// # Errors
    ///
    /// Of `recvmsg`.
    pub(super) fn receive(&mut self) -> io::Result<(Arrived, &[u8])> {
        let (arrived, got) = self.take_next()?;
        Ok((arrived, &self.room[..got]))
    }

    #[cfg(target_os = "linux")]
    fn take_next(&mut self) -> io::Result<(Arrived, usize)> {
        let (len, from) = self.next()?;
        self.make_room(len.min(LONGEST));
        let (got, Beside { told, descriptors }) = take(&self.socket, &mut self.room)?;
        let from = match (from, &told) {
            (UnixName::Unnamed, Some(told)) => UnixName::Numbered { conn: 0, pid: told.pid },
            (name, _) => name,
        };
        let room = calls::size(self.room.len());
        let calls = vec![
            calls::counted(&self.socket, Function::Peek, Ok(len)),
            calls::counted(&self.socket, Function::ReceiveMessage(room), Ok(got)),
        ];
        Ok((Arrived { from, told, cut: (len > got).then_some(len), descriptors, calls }, got))
    }

    /// Elsewhere the system tells neither the length nor who that is: there is space for what its buffers take.
    #[cfg(not(target_os = "linux"))]
    fn take_next(&mut self) -> io::Result<(Arrived, usize)> {
        self.make_room(KEPT);
        let (got, from) = self.socket.recv_from(&mut self.room)?;
        let from = match stream::unix::address(&from) {
            Address::Unix(name) => name,
            Address::Ip(_) | Address::Host(..) => UnixName::Unnamed,
        };
        let sender = Some(Address::Unix(from.clone()));
        let call = Function::ReceiveFrom(calls::size(self.room.len()), sender);
        let calls = vec![calls::counted(&self.socket, call, Ok(got))];
        Ok((Arrived { from, told: None, cut: None, descriptors: 0, calls }, got))
    }

    fn make_room(&mut self, room: usize) {
        if self.room.len() > KEPT.max(room) {
            self.room = Vec::new();
        }
        if self.room.len() < room {
            self.room.resize(room.max(4096), 0);
        }
    }

    /// The space of what was received, while it is worked on.
    pub(super) fn take_room(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.room)
    }

    /// Gives it back.
    pub(super) fn give_room(&mut self, room: Vec<u8>) {
        self.room = room;
    }

    /// The length of the next datagram, which stays where it is, and its sender.
    #[cfg(target_os = "linux")]
    fn next(&self) -> io::Result<(usize, UnixName)> {
        use nix::libc::{MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC};
        let flags = MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT;
        let (len, from) = SockRef::from(&self.socket).recv_from_with_flags(&mut [], flags)?;
        Ok((len, name(&from)))
    }
}

/// A sender's name. One without has no address at all.
#[cfg(target_os = "linux")]
fn name(address: &socket2::SockAddr) -> UnixName {
    use std::os::unix::ffi::OsStrExt;
    match (address.as_pathname(), address.as_abstract_namespace()) {
        (Some(path), _) if !path.as_os_str().is_empty() => UnixName::Path(path.as_os_str().as_bytes().into()),
        (_, Some(name)) => UnixName::Abstract(name.into()),
        _ => UnixName::Unnamed,
    }
}

/// Takes the datagram whose sender and length are known: how much of it fits, and what came beside it.
#[cfg(target_os = "linux")]
fn take(socket: &UnixDatagram, room: &mut [u8]) -> io::Result<(usize, Beside)> {
    use std::io::IoSliceMut;
    use std::os::fd::{AsRawFd, RawFd};

    use nix::sys::socket::{ControlMessageOwned, MsgFlags, UnixCredentials, recvmsg};
    use nix::unistd::close;

    // There is space for all that can come: what finds none would hide the credentials too.
    let mut control = nix::cmsg_space!(UnixCredentials, [RawFd; DESCRIPTORS]);
    let mut parts = [IoSliceMut::new(room)];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
    // Its own reading of addresses panics at a sender that has none.
    let came = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let mut beside = Beside::default();
    for control in came.cmsgs().into_iter().flatten() {
        match control {
            ControlMessageOwned::ScmCredentials(told) => beside.told = Some(Credentials::from(told)),
            ControlMessageOwned::ScmRights(descriptors) => {
                beside.descriptors += descriptors.len();
                // They are ours now, and nobody's else: one that can't be closed is gone already.
                for descriptor in descriptors {
                    let _ = close(descriptor);
                }
            }
            _ => {}
        }
    }
    Ok((came.bytes, beside))
}
