//! The engine: the one I/O thread that owns every socket, and the handle through which the faces drive it.
//!
//! A thin loop (`io_loop`) around state machines that hold no socket and read no clock (`lifecycle`, `outbox`,
//! `accepting`, `answering`, `limits`, `access`, `timers`, `tls`, the handshakes of `proxy`, and `drops`, `pace`,
//! `peers`, `sends` of UDP). Commands go in and events come out over bounded channels; the I/O thread blocks on
//! neither, and on nothing else but its poll.
//!
//! While a journal is [held back](crate::journal::Journal::is_held_back), its session reads, accepts and sends nothing:
//! what has something to do is parked until the reader that is behind has caught up and wakes the poll. Commands and
//! timers are served as ever.

mod accepting;
mod access;
mod alarm;
mod answering;
mod answers;
mod calls;
mod client;
mod command;
mod connection;
mod connections;
mod events;
mod file;
mod io_loop;
mod jobs;
mod lifecycle;
mod limits;
mod listener;
mod options;
mod outbox;
mod ping;
mod proxy;
mod reactor;
mod repeat;
mod replaying;
mod resolving;
mod running;
mod session;
mod sockets;
mod stream;
mod timers;
pub mod tls;
mod transport;
mod udp;
#[cfg(unix)]
mod unix;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use mio::{Poll, Waker};

pub use access::{Access, MOST_NETWORKS, Network, Refusal, networks};
pub use answers::{Answers, LastMatch};
pub use command::{
    Bind, Command, Connect, Destination, Event, JobId, Listen, Options, Plan, SessionId, Target, Task, Ticket,
    UnixFile,
};
pub use file::{FileFigures, FileProgress, SendFile};
pub use jobs::JobEnd;
pub use limits::{Reconnect, SessionLimits, room_for};
pub use options::{
    About, Family, Moment, OptionRow, OptionTable, OptionValue, OptionsOf, Role, Setting, Shape, SocketKind,
    SocketOption, TcpInfo, TcpState, Transport, Unit, interface_names,
};
pub use outbox::QueueLimit;
pub use ping::echo_refusal;
pub use proxy::{Login, Proxy, ProxyKind, Secret};
pub use repeat::{IntervalFigures, Repeat, RepeatFigures, RepeatProgress};
pub use replaying::{
    Act, Difference, Heard, Move, Pace, Place, Replay, ReplayFigures, ReplayProgress, Script, Talk, Turn, What,
};
pub use running::{RunSequence, Runs, SequenceFigures, SequenceProgress, StepFailure};
pub use udp::groups::{Group, MOST_GROUPS, Multicast, On, unreachable};

#[cfg(unix)]
pub use unix::is_stale;

use crate::error::OpError;
use crate::lookup::Pool;
use alarm::Alarm;
use events::Events;
use io_loop::{ALARM, IoLoop, WAKE};
use reactor::Reactor;
use resolving::Resolver;

/// Commands, events and answers of the resolver that may wait in their channel.
const CHANNEL: usize = 1_024;

/// How long [`Engine::stop`] waits for the thread: its own limit, and time to close what is left.
const JOIN: Duration = Duration::from_millis(950);

/// The handle of the engine. Dropping it closes every session in order, within a second.
pub struct Engine {
    commands: Sender<Command>,
    events: Receiver<Event>,
    quit: Arc<AtomicBool>,
    waker: Arc<Waker>,
    thread: Option<JoinHandle<()>>,
    /// Disconnected when the thread ends.
    ended: Receiver<()>,
}

/// What a turn of the I/O thread brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Records: to be shown soon.
    Records,
    /// Events, and maybe records: a person may be waiting for them.
    Events,
}

/// What the I/O thread calls to be looked at. It must not block.
pub type Wake = Arc<dyn Fn(News) + Send + Sync>;

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts the I/O thread. It calls `wake` once after each turn that published records or events; names are
    /// resolved by `pool`. The limit of open sockets is raised as far as the system lets this process.
    ///
    /// # Errors
    ///
    /// When the system has no room for a poll or a thread.
    pub fn start(pool: Pool, wake: Wake) -> Result<Self, OpError> {
        raise_descriptor_limit();
        let error = |error: io::Error| OpError::io("start", "I/O thread", &error);
        let poll = Poll::new().map_err(error)?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE).map_err(error)?);
        let registry = poll.registry().try_clone().map_err(error)?;
        let (commands, commands_in) = bounded(CHANNEL);
        let (events_out, events) = bounded(CHANNEL);
        let (answers_out, answers) = bounded(CHANNEL);
        let (ending, ended) = bounded(0);
        let quit = Arc::new(AtomicBool::new(false));
        let resolver = Resolver::new(pool, answers_out, Arc::clone(&waker));
        let io_loop = IoLoop {
            alarm: Alarm::new(poll.registry(), ALARM),
            poll,
            reactor: Reactor::new(registry, Events::new(events_out), resolver),
            commands: commands_in,
            answers,
            quit: Arc::clone(&quit),
            wake,
            sessions: BTreeMap::new(),
            quit_by: None,
            publish_by: None,
        };
        let run = move || {
            let _ending: Sender<()> = ending;
            come_first();
            io_loop.run();
        };
        let thread = Builder::new().name("io".to_owned()).spawn(run).map_err(error)?;
        Ok(Self { commands, events, quit, waker, thread: Some(thread), ended })
    }

    /// Hands a command over.
    ///
    /// # Errors
    ///
    /// Gives the command back when 1,024 wait already or the thread is gone: nothing typed is lost.
    #[expect(clippy::result_large_err, reason = "the command comes back as it was")]
    pub fn command(&self, command: Command) -> Result<(), Command> {
        self.commands.try_send(command).map_err(crossbeam_channel::TrySendError::into_inner)?;
        // It fails only when the system is out of memory; the next turn takes the command then.
        let _ = self.waker.wake();
        Ok(())
    }

    /// Whether the I/O thread still runs: it does until [`Engine::stop`], unless it panicked.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Begins to close every session in order, without waiting for it.
    pub fn quit(&self) {
        self.quit.store(true, Ordering::Release);
        let _ = self.waker.wake();
    }

    /// Waits, at most a second, until the thread has ended after [`Engine::quit`].
    pub fn wait(&self) {
        // Nothing is ever sent: this ends when the thread drops its end.
        let _ = self.ended.recv_timeout(JOIN);
    }

    /// What ends every session in order from another thread, and waits for that at most a second.
    pub fn ender(&self) -> impl Fn() + Send + 'static {
        let (quit, waker, ended) = (Arc::clone(&self.quit), Arc::clone(&self.waker), self.ended.clone());
        move || {
            quit.store(true, Ordering::Release);
            let _ = waker.wake();
            // Nothing is ever sent: this ends when the thread drops its end.
            let _ = ended.recv_timeout(JOIN);
        }
    }

    /// What the engine tells; each event follows the records that it is about.
    pub fn events(&self) -> &Receiver<Event> {
        &self.events
    }

    /// Closes every session in order, those that don't end in time with RST, and waits for the thread: at most a
    /// second.
    pub fn stop(mut self) {
        self.quit_and_join();
    }

    fn quit_and_join(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        self.quit();
        self.wait();
        if thread.is_finished()
            || self.ended.recv_timeout(Duration::ZERO).is_err_and(|error| error.is_disconnected())
        {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.quit_and_join();
    }
}

/// A thousand clients need a thousand descriptors, and shells allow 1,024.
/// Lets the I/O thread run before the threads that draw, where the system allows that: what waits in a receive buffer
/// is lost when it is full. On Linux this is about the calling thread alone (setpriority(2), notes).
fn come_first() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, -10);
}

fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        // Where it fails the old limit holds, and `accept` tells when it is reached.
        let _ = rlimit::increase_nofile_limit(u64::MAX);
    }
}

/// Whether `error` says that a stale Unix socket is in the way: here there are none.
#[cfg(not(unix))]
pub fn is_stale(_: &OpError) -> bool {
    false
}
