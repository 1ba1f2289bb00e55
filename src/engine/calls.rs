//! Notes the calls to the system for the records that they lead to.
//!
//! Setting a socket up takes several calls, deep below whoever writes the record: they are noted here, on the thread
//! that makes them, while somebody [gathers](during) them; otherwise a note costs nothing and is gone. The calls that
//! move payload don't come through here: they are [`Transfer`](crate::journal::Transfer)s.

use std::cell::RefCell;
use std::io;
use std::ops::Deref;
#[cfg(unix)]
use std::os::fd::{AsRawFd, IntoRawFd};
#[cfg(windows)]
use std::os::windows::io::{AsRawSocket as AsRawFd, IntoRawSocket as IntoRawFd};

use socket2::{Domain, Protocol, Socket, Type};

use super::stream::{Listening, Stream};
use crate::endpoint::Address;
use crate::journal::{Call, Function, Level, Outcome, Value, Writer};

/// Calls that are gathered for one record at most.
const MOST: usize = 64;

thread_local! {
    /// What was noted since somebody gathers; `None` while nobody does.
    static NOTED: RefCell<Option<Vec<Call>>> = const { RefCell::new(None) };
}

/// Runs `work`, and returns with its result the calls that were noted meanwhile.
pub(super) fn during<T>(work: impl FnOnce() -> T) -> (T, Vec<Call>) {
    let outer = NOTED.replace(Some(Vec::new()));
    let result = work();
    (result, NOTED.replace(outer).unwrap_or_default())
}

/// Runs `work`; the calls that are noted meanwhile lead to the next record of `writer`.
pub(super) fn noting<T>(writer: &mut Writer, work: impl FnOnce() -> T) -> T {
    let (result, calls) = during(work);
    writer.calls(calls);
    result
}

/// Notes a call, if somebody gathers.
pub(super) fn note(call: Call) {
    NOTED.with_borrow_mut(|noted| {
        if let Some(noted) = noted
            && noted.len() < MOST
        {
            noted.push(call);
        }
    });
}

/// The descriptor of a socket; on Windows its handle.
#[allow(clippy::useless_conversion, reason = "a handle has 64 bits on Windows")]
pub(super) fn descriptor(socket: &impl AsRawFd) -> i32 {
    #[cfg(unix)]
    return socket.as_raw_fd();
    #[cfg(windows)]
    i32::try_from(socket.as_raw_socket()).unwrap_or(-1)
}

/// A call on `socket`, with its result.
pub(super) fn call<T>(socket: &impl AsRawFd, function: Function, result: &io::Result<T>) -> Call {
    Call { descriptor: Some(descriptor(socket)), function, outcome: outcome(result.as_ref(), |_| 0) }
}

/// A call that returned a number.
pub(super) fn counted(socket: &impl AsRawFd, function: Function, result: Result<usize, &io::Error>) -> Call {
    let outcome = outcome(result, |count| i32::try_from(count).unwrap_or(i32::MAX));
    Call { descriptor: Some(descriptor(socket)), function, outcome }
}

/// A size as the kernel takes it.
pub(super) fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn outcome<T>(result: Result<T, &io::Error>, number: impl FnOnce(T) -> i32) -> Outcome {
    match result {
        Ok(value) => Outcome::Done(number(value)),
        Err(error) => error.raw_os_error().map_or(Outcome::Untold, Outcome::Failed),
    }
}

/// Notes that an option was set, and passes on the result.
pub(super) fn set<T>(
    socket: &impl AsRawFd,
    level: Level,
    option: &'static str,
    value: impl Into<Value>,
    result: io::Result<T>,
) -> io::Result<T> {
    note(call(socket, Function::SetOption(level, option, value.into()), &result));
    result
}

/// Notes that an option was read, and passes on what it gave.
pub(super) fn get<T: Copy + Into<Value>>(
    socket: &impl AsRawFd,
    level: Level,
    option: &'static str,
    result: io::Result<T>,
) -> io::Result<T> {
    let value = result.as_ref().map_or(Value::Number(0), |value| (*value).into());
    note(call(socket, Function::GetOption(level, option, value), &result));
    result
}

/// Notes what `function` came to, and passes it on.
pub(super) fn noted<T>(socket: &impl AsRawFd, function: Function, result: io::Result<T>) -> io::Result<T> {
    note(call(socket, function, &result));
    result
}

/// Notes getsockname(2), and passes on what it gave.
pub(super) fn local<T>(
    socket: &impl AsRawFd,
    result: io::Result<T>,
    address: impl FnOnce(&T) -> Address,
) -> io::Result<T> {
    let name = result.as_ref().ok().map(address);
    noted(socket, Function::LocalName(name), result)
}

/// Notes the question for the error that waits at a socket, and passes on the answer.
pub(super) fn pending(
    socket: &impl AsRawFd,
    result: io::Result<Option<io::Error>>,
) -> io::Result<Option<io::Error>> {
    let number = match &result {
        Ok(Some(error)) => error.raw_os_error().unwrap_or(0),
        _ => 0,
    };
    noted(socket, Function::GetOption(Level::Socket, "SO_ERROR", number.into()), result)
}

/// A socket that is being set up: where that fails, it is closed, and that is noted too.
#[derive(Debug)]
pub(super) struct Made(Option<Socket>);

impl Made {
    /// It is set up: whoever has it closes it.
    pub(super) fn kept(mut self) -> Socket {
        self.0.take().expect("it is taken once: this consumes it")
    }
}

impl Deref for Made {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        self.0.as_ref().expect("it is taken by `kept` alone, which consumes it")
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if let Some(socket) = self.0.take() {
            note(close(socket));
        }
    }
}

/// Whether socket(2) and accept4(2) take flags.
const FLAGS: bool = cfg!(target_os = "linux");

/// A socket on which no call waits.
///
/// # Errors
///
/// Of `socket`.
pub(super) fn socket(domain: Domain, kind: Type, protocol: Option<Protocol>) -> io::Result<Made> {
    #[cfg(target_os = "linux")]
    let kind = kind.nonblocking().cloexec();
    let made = Socket::new(domain, kind, protocol);
    let function =
        Function::Socket { domain: domain.into(), kind: kind.into(), protocol: protocol.map_or(0, i32::from) };
    note(Call { descriptor: None, function, outcome: outcome(made.as_ref(), descriptor) });
    let socket = Made(Some(made?));
    if !FLAGS {
        let set = Function::Other(if cfg!(unix) { "fcntl" } else { "ioctl" }, "O_NONBLOCK".into());
        noted(&*socket, set, socket.set_nonblocking(true))?;
    }
    Ok(socket)
}

/// Notes bind(2) to `address`, and passes on the result.
pub(super) fn bound(socket: &Socket, address: impl Into<Address>, result: io::Result<()>) -> io::Result<()> {
    noted(socket, Function::Bind(address.into()), result)
}

/// The call that accepted a connection, or did not.
pub(super) fn accepted(listener: &Listening, result: &io::Result<(Stream, Address)>) -> Call {
    #[cfg(target_os = "linux")]
    let flags = nix::libc::SOCK_CLOEXEC | nix::libc::SOCK_NONBLOCK;
    #[cfg(not(target_os = "linux"))]
    let flags = 0;
    let peer = result.as_ref().ok().map(|(_, peer)| peer.clone());
    let outcome = outcome(result.as_ref(), |(stream, _)| descriptor(stream));
    Call { descriptor: Some(descriptor(listener)), function: Function::Accept { flags, peer }, outcome }
}

/// The call that sent a datagram, or did not.
pub(super) fn sent_to(
    socket: &impl AsRawFd,
    to: impl Into<Address>,
    len: usize,
    result: Result<usize, &io::Error>,
) -> Call {
    counted(socket, Function::SendTo(size(len), to.into()), result)
}

/// Closes a socket, and tells of the call.
pub(super) fn close(socket: impl AsRawFd + IntoRawFd) -> Call {
    let descriptor = Some(descriptor(&socket));
    #[cfg(unix)]
    let outcome = match nix::unistd::close(socket) {
        Ok(()) => Outcome::Done(0),
        Err(error) => Outcome::Failed(error as i32),
    };
    #[cfg(not(unix))]
    let outcome = {
        drop(socket);
        Outcome::Untold
    };
    Call { descriptor, function: Function::Close, outcome }
}
