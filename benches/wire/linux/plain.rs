//! The plain loops: what a receiver costs that records nothing.

use std::io::{self, ErrorKind, IoSliceMut, Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Receiver;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, recvmmsg};
use slab::Slab;

use crate::linux::cpu;

fn spawn<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    std::thread::Builder::new().name("plain".into()).spawn(run).unwrap()
}

/// Takes connections one after the other and throws away what comes, by blocking calls. Returns its address, and its CPU time for each connection.
///
/// It lives as long as Sockscope's I/O thread does, so that the system places both alike.
pub(super) fn discard() -> (SocketAddr, Receiver<Duration>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, times) = crossbeam_channel::bounded(1);
    let receive = move || {
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let (mut stream, _) = listener.accept().unwrap();
            let began = cpu::of_this_thread();
            while stream.read(&mut buffer).unwrap() > 0 {}
            drop(stream);
            if sender.send(cpu::of_this_thread() - began).is_err() {
                return;
            }
        }
    };
    spawn(receive);
    (address, times)
}

/// What a mio server does with what it reads.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Then {
    /// Nothing.
    Discard,
    /// Sends it back.
    Echo,
    /// Sends it back once and closes.
    EchoOnce,
}

/// A mio server that records nothing.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    stop: Arc<AtomicBool>,
    pub(super) received: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(then: Then) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        // The backlog of the standard library is 128; ours is larger.
        nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::new(1024).unwrap()).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, received) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (asked, counter) = (Arc::clone(&stop), Arc::clone(&received));
        let listener = mio::net::TcpListener::from_std(listener);
        let thread = spawn(move || Loop::new(listener, then, counter).run(&asked));
        Self { address, stop, received, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It looks at least every tenth of a second.
        self.thread.take().unwrap().join().unwrap();
    }
}

const LISTENER: Token = Token(usize::MAX);

struct Loop {
    poll: Poll,
    listener: mio::net::TcpListener,
    streams: Slab<(TcpStream, Vec<u8>)>,
    then: Then,
    received: Arc<AtomicU64>,
    buffer: Vec<u8>,
}

impl Loop {
    fn new(mut listener: mio::net::TcpListener, then: Then, received: Arc<AtomicU64>) -> Self {
        let poll = Poll::new().unwrap();
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE).unwrap();
        Self { poll, listener, streams: Slab::new(), then, received, buffer: vec![0; 256 * 1024] }
    }

    fn run(&mut self, stop: &AtomicBool) {
        let mut events = Events::with_capacity(1024);
        while !stop.load(Ordering::Relaxed) {
            self.poll.poll(&mut events, Some(Duration::from_millis(100))).unwrap();
            for event in &events {
                if event.token() == LISTENER {
                    self.accept();
                } else if self.serve(event.token().0) {
                    self.streams.remove(event.token().0);
                }
            }
        }
    }

    fn accept(&mut self) {
        while let Ok((mut stream, _)) = self.listener.accept() {
            let place = self.streams.vacant_entry();
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(place.key()), interest).unwrap();
            place.insert((stream, Vec::new()));
        }
    }

    /// Returns whether the connection is over.
    fn serve(&mut self, key: usize) -> bool {
        let Some((stream, waiting)) = self.streams.get_mut(key) else { return false };
        loop {
            if !waiting.is_empty() {
                match stream.write(waiting) {
                    Ok(written) => drop(waiting.drain(..written)),
                    Err(error) => return error.kind() != ErrorKind::WouldBlock,
                }
                continue;
            }
            match stream.read(&mut self.buffer) {
                Ok(0) => return true,
                Ok(read) => {
                    self.received.fetch_add(read as u64, Ordering::Relaxed);
                    if self.then != Then::Discard {
                        let written = match stream.write(&self.buffer[..read]) {
                            Ok(written) => written,
                            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                            Err(_) => return true,
                        };
                        waiting.extend_from_slice(&self.buffer[written..read]);
                    }
                    if self.then == Then::EchoOnce {
                        let _ = stream.shutdown(std::net::Shutdown::Write);
                        return true;
                    }
                }
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
    }
}

/// A receiver of datagrams by `recvmmsg` that throws them away; how many came.
pub(super) struct Datagrams {
    pub(super) address: SocketAddr,
    thread: JoinHandle<u64>,
}

impl Datagrams {
    /// `buffer`: what is asked for; `None` leaves the system's default.
    pub(super) fn start(buffer: Option<usize>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Some(buffer) = buffer {
            socket2::SockRef::from(&socket).set_recv_buffer_size(buffer).unwrap();
        }
        let address = socket.local_addr().unwrap();
        let thread = spawn(move || receive(&socket).unwrap());
        Self { address, thread }
    }

    /// How many came. It ends at a datagram of one byte.
    pub(super) fn count(self) -> u64 {
        let waker = UdpSocket::bind("127.0.0.1:0").unwrap();
        while !self.thread.is_finished() {
            waker.send_to(b"x", self.address).unwrap();
            std::thread::yield_now();
        }
        self.thread.join().unwrap()
    }
}

fn receive(socket: &UdpSocket) -> io::Result<u64> {
    let mut space = vec![[0u8; 2048]; 32];
    let mut count = 0;
    loop {
        let mut parts: Vec<_> = space.iter_mut().map(|slot| [IoSliceMut::new(slot)]).collect();
        let mut headers = MultiHeaders::<SockaddrIn>::preallocate(32, None);
        let flags = MsgFlags::MSG_WAITFORONE;
        for message in recvmmsg(socket.as_raw_fd(), &mut headers, parts.iter_mut(), flags, None)? {
            if message.bytes == 1 {
                return Ok(count);
            }
            count += 1;
        }
    }
}
