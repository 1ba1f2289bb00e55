//! What Linux tells of its interfaces: a look at all of them, and then each change (rtnetlink(7)).
//!
//! Invariants: what was lost because nobody read in time (`ENOBUFS`) is found by another look at all of them; nothing
//! that comes can cause a panic or an endless loop; the thread ends with its handle.

mod message;

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, getsockname, recvfrom, send,
    socket,
};

use super::devices::Links;
use super::watching::{Board, Wake};
use crate::error::OpError;
use message::{Dump, Message, messages};

/// Groups of news (rtnetlink(7)): interfaces, IPv4 and IPv6 addresses.
const GROUPS: u32 = 0x1 | 0x10 | 0x100;

/// Space for what one call gives: the kernel makes pieces of 32 KiB at most for who has that much.
const ROOM: usize = 64 * 1024;

const NEWS: Token = Token(0);
const STOP: Token = Token(1);

/// The thread that watches; dropping it ends it.
pub(super) struct Watch {
    stop: Arc<AtomicBool>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// When the system gives no socket, poll or thread.
    pub(super) fn start(board: Board, wake: Wake) -> Result<Self, OpError> {
        let failed = |error: io::Error| OpError::io("watch", "interfaces", &error);
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)
            .map_err(|error| failed(error.into()))?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, GROUPS)).map_err(|error| failed(error.into()))?;
        let port = getsockname::<NetlinkAddr>(socket.as_raw_fd()).map_err(|error| failed(error.into()))?.pid();
        let poll = Poll::new().map_err(failed)?;
        let descriptor = socket.as_raw_fd();
        poll.registry().register(&mut SourceFd(&descriptor), NEWS, Interest::READABLE).map_err(failed)?;
        let waker = Waker::new(poll.registry(), STOP).map_err(failed)?;
        let stop = Arc::new(AtomicBool::new(false));
        let watching = Watching {
            socket,
            poll,
            stop: Arc::clone(&stop),
            links: Links::default(),
            look: None,
            again: false,
            port,
            number: 0,
        };
        let run = move || {
            if let Err(error) = watching.run(&board, &wake) {
                board.fail(OpError::io("watch", "interfaces", &error));
            }
            wake();
        };
        let thread = Builder::new().name("netlink".to_owned()).spawn(run).map_err(failed)?;
        Ok(Self { stop, waker, thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // It fails only when the system is out of memory; then the thread ends with the process.
        if self.waker.wake().is_ok()
            && let Some(thread) = self.thread.take()
        {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

/// A look at everything that is under way: first the interfaces come, then their addresses.
struct Look {
    links: Links,
    asked: Dump,
}

/// The thread's belongings.
struct Watching {
    socket: OwnedFd,
    poll: Poll,
    stop: Arc<AtomicBool>,
    links: Links,
    look: Option<Look>,
    /// What is known is not whole: all is to be looked at anew.
    again: bool,
    /// Of this socket: what else has another one is about a change.
    port: u32,
    /// Of the last question: answers to earlier ones are ignored.
    number: u32,
}

impl Watching {
    fn run(mut self, board: &Board, wake: &Wake) -> io::Result<()> {
        let mut events = Events::with_capacity(4);
        let mut room = vec![0; ROOM];
        // At the first look there is nothing to compare with.
        let mut is_first = true;
        self.look_at_all()?;
        while !self.stop.load(Ordering::Acquire) {
            let (is_whole, changes) = self.read(&mut room)?;
            if is_whole || !changes.is_empty() {
                let changes = if std::mem::take(&mut is_first) { Vec::new() } else { changes };
                board.show(self.links.all(), changes);
                wake();
            }
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads what waits. Returns whether a look at everything came to its end, and what changed.
    fn read(&mut self, room: &mut [u8]) -> io::Result<(bool, Vec<String>)> {
        let (mut is_whole, mut changes) = (false, Vec::new());
        while !self.stop.load(Ordering::Acquire) {
            match recvfrom::<NetlinkAddr>(self.socket.as_raw_fd(), room) {
                // Only the kernel has the number 0: what other programs send is nothing to go by.
                Ok((_, Some(from))) if from.pid() != 0 => {}
                Ok((len, _)) => {
                    for message in messages(&room[..len]) {
                        is_whole |= self.take(message, &mut changes)?;
                    }
                }
                // Only now: while an answer is coming, or no room is left for one, the kernel takes no question.
                Err(Errno::EAGAIN) if std::mem::take(&mut self.again) => self.look_at_all()?,
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                // News were lost because too many came at once.
                Err(Errno::ENOBUFS) => self.again = true,
                Err(error) => return Err(error.into()),
            }
        }
        Ok((is_whole, changes))
    }

    /// Takes one message in. Returns whether it ends a look at everything.
    fn take(&mut self, message: Message, changes: &mut Vec<String>) -> io::Result<bool> {
        match message {
            // What happens during a look is in it, or comes after it.
            Message::News { number, port, news } => match &mut self.look {
                Some(look) if port != self.port || number == self.number => drop(look.links.take(news)),
                None if port != self.port => changes.extend(self.links.take(news)),
                // The rest of an answer to a question that was given up.
                _ => {}
            },
            Message::Interrupted { number } if number == self.number => self.again = true,
            Message::Failed { number, error } if number == self.number && error != 0 => {
                if [Errno::EBUSY, Errno::ENOBUFS].contains(&Errno::from_raw(error)) {
                    self.again = true;
                    return Ok(false);
                }
                return Err(io::Error::from_raw_os_error(error));
            }
            Message::Done { number } if number == self.number => {
                let Some(mut look) = self.look.take() else { return Ok(false) };
                if look.asked == Dump::Links {
                    look.asked = Dump::Addresses;
                    self.look = Some(look);
                    self.ask(Dump::Addresses)?;
                    return Ok(false);
                }
                changes.extend(self.links.replace(look.links));
                return Ok(true);
            }
            _ => {}
        }
        Ok(false)
    }

    /// Begins to look at everything anew.
    fn look_at_all(&mut self) -> io::Result<()> {
        self.look = Some(Look { links: Links::default(), asked: Dump::Links });
        self.ask(Dump::Links)
    }

    fn ask(&mut self, what: Dump) -> io::Result<()> {
        self.number = self.number.wrapping_add(1).max(1);
        let request = what.request(self.number);
        send(self.socket.as_raw_fd(), &request, MsgFlags::empty())?;
        Ok(())
    }
}
