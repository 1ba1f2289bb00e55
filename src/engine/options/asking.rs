//! What commands ask of the options of a session's sockets, and what is set by itself: before `bind`, after `accept`
//! and `connect`, and before `close`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, SockRef};

use super::fits::{Role, SocketKind};
use super::{OptionValue, OptionsOf, Setting, SocketOption, kernel, table};
use crate::engine::calls;
use crate::engine::command::{Event, SessionId};
use crate::engine::reactor::Reactor;
use crate::engine::session::{OVER, Session};
use crate::error::OpError;
use crate::journal::{ConnId, Detail, Function, Level, Opened, Value};

/// A socket of a session.
pub(in crate::engine) struct Asked<'a> {
    /// Its connection, where it is one.
    pub(in crate::engine) conn: Option<ConnId>,
    /// The socket itself.
    pub(in crate::engine) socket: SockRef<'a>,
    /// What it is for.
    pub(in crate::engine) role: Role,
}

/// Sets what is to be set before `bind` or `connect`; sentences for the log go to `told`. What does not fit the family
/// that a name turned out to have is left out. How long a connection lingers is set once it is one
/// ([`prepare_open`]): whatever is given up before is closed at once.
///
/// # Errors
///
/// Of `setsockopt`: a socket that is not as it was asked for is not opened.
pub(in crate::engine) fn prepare(
    socket: &SockRef<'_>,
    role: Role,
    settings: &[Setting],
    told: &mut Vec<String>,
) -> Result<(), OpError> {
    for setting in settings.iter().filter(|setting| !waits(setting.option, role)) {
        // What comes first may change the kind: IPV6_V6ONLY.
        let kind = SocketKind::of(socket, role).map_err(|error| OpError::io("getsockopt", "", &error))?;
        match kind.lets_set(setting.option, false) {
            Ok(()) => {
                let now = apply(socket, setting)?;
                told.push(setting.told(now.as_ref()));
            }
            Err(reason) => told.push(format!("{} is left out: {reason}", setting.option)),
        }
    }
    Ok(())
}

/// Whether an option is set once there is a connection.
fn waits(option: SocketOption, role: Role) -> bool {
    option == SocketOption::Linger && role == Role::Connection
}

/// Sets on a connection what it does not have yet: an accepted one what it does not get from its listener. Returns
/// sentences for the log, and what failed.
pub(in crate::engine) fn prepare_open(
    socket: &SockRef<'_>,
    by: Opened,
    settings: &[Setting],
) -> Vec<Result<String, OpError>> {
    let own = settings.iter().filter(|setting| match by {
        Opened::Accepted => !setting.option.about().inherited,
        _ => waits(setting.option, Role::Connection),
    });
    let mut own = own.peekable();
    if own.peek().is_none() {
        return Vec::new();
    }
    let Ok(kind) = SocketKind::of(socket, Role::Connection) else { return Vec::new() };
    own.filter(|setting| kind.takes(setting.option).is_ok())
        .map(|setting| apply(socket, setting).map(|now| setting.told(now.as_ref())))
        .collect()
}

/// Switches `SO_LINGER` off where it has seconds, before `close`: close(2) waits for them even on a non-blocking socket,
/// and the I/O thread with it (Linux). Returns the seconds.
pub(in crate::engine) fn stop_lingering(socket: &SockRef<'_>) -> Option<u64> {
    let lingers = socket.linger();
    let time = lingers.as_ref().ok().copied().flatten();
    calls::note(calls::call(&**socket, Function::GetOption(Level::Socket, "SO_LINGER", linger(time)), &lingers));
    let time = time.filter(|time| *time > Duration::ZERO)?;
    calls::set(&**socket, Level::Socket, "SO_LINGER", linger(None), socket.set_linger(None)).ok()?;
    Some(time.as_secs())
}

/// `SO_LINGER` as it is shown among calls.
fn linger(time: Option<Duration>) -> Value {
    let words = format!("{{onoff={}, linger={}}}", u8::from(time.is_some()), time.unwrap_or_default().as_secs());
    Value::Words(words.into())
}

/// Sets an option, and reads it back.
fn apply(socket: &SockRef<'_>, setting: &Setting) -> Result<Option<OptionValue>, OpError> {
    let Setting { option, value } = setting;
    let (level, name) = (Level::named(option.about().level), option.about().name);
    let set = kernel::set(socket, *option, value);
    let asked = match value {
        OptionValue::Linger(time) => linger(time.map(|seconds| Duration::from_secs(seconds.into()))),
        value => value.to_string().as_str().into(),
    };
    calls::set(&**socket, level, name, asked, set)
        .map_err(|error| OpError::io("setsockopt", format_args!("{option} {value}"), &error))?;
    let now = kernel::get(socket, *option);
    let words = now.as_ref().map_or_else(|_| String::new(), ToString::to_string);
    calls::note(calls::call(&**socket, Function::GetOption(level, name, words.as_str().into()), &now));
    Ok(now.ok())
}

/// Obeys [`Command::SetOption`](crate::engine::Command::SetOption).
pub(in crate::engine) fn set(
    id: SessionId,
    session: &mut dyn Session,
    of: &OptionsOf,
    setting: &Setting,
    reactor: &mut Reactor,
) {
    let mut answer = Err(gone(setting));
    for (place, conn) in places(of).into_iter().enumerate() {
        let ((at, done), calls) = calls::during(|| match session.sockets(conn).as_slice() {
            [] => (None, Err(gone(setting))),
            all @ [first, ..] => (first.conn, set_all(all, setting)),
        });
        let detail = match &done {
            Ok(now) => Detail::Note(setting.told(now.as_ref())),
            Err(error) => Detail::Error(Box::new(error.clone())),
        };
        session.writer().calls(calls);
        session.writer().detail(at, detail);
        let done = done.map(|now| now.unwrap_or_else(|| setting.value.clone()));
        // One that failed is what a person has to know.
        if place == 0 || (answer.is_ok() && done.is_err()) {
            answer = done;
        }
    }
    reactor.events.push(Event::OptionSet { session: id, of: of.clone(), option: setting.option, now: answer });
}

/// Answers a command for a session that is over.
pub(in crate::engine) fn refuse(id: SessionId, of: OptionsOf, setting: &Setting, reactor: &mut Reactor) {
    let now = Err(gone(setting));
    reactor.events.push(Event::OptionSet { session: id, of, option: setting.option, now });
}

/// Sets it on all of `sockets` that can have it.
fn set_all(sockets: &[Asked<'_>], setting: &Setting) -> Result<Option<OptionValue>, OpError> {
    let fits = |asked: &&Asked<'_>| {
        SocketKind::of(&asked.socket, asked.role).is_ok_and(|kind| kind.takes(setting.option).is_ok())
    };
    let fitting: Vec<_> = sockets.iter().filter(fits).collect();
    let mut now = None;
    for asked in if fitting.is_empty() { sockets.iter().take(1).collect() } else { fitting } {
        now = set_one(asked, setting)?;
    }
    Ok(now)
}

fn set_one(asked: &Asked<'_>, setting: &Setting) -> Result<Option<OptionValue>, OpError> {
    let subject = || format!("{} {}", setting.option, setting.value);
    let kind =
        SocketKind::of(&asked.socket, asked.role).map_err(|error| OpError::io("setsockopt", subject(), &error))?;
    kind.lets_set(setting.option, true).map_err(|reason| OpError::new("setsockopt", subject(), reason))?;
    apply(&asked.socket, setting)
}

fn places(of: &OptionsOf) -> Vec<Option<ConnId>> {
    match of {
        OptionsOf::Session => vec![None],
        OptionsOf::Connections(conns) => conns.iter().copied().map(Some).collect(),
    }
}

fn gone(setting: &Setting) -> OpError {
    OpError::new("setsockopt", format_args!("{} {}", setting.option, setting.value), OVER)
}

/// Obeys [`Command::ReadOptions`](crate::engine::Command::ReadOptions).
pub(in crate::engine) fn read(
    id: SessionId,
    session: &mut dyn Session,
    conn: Option<ConnId>,
    record: bool,
    reactor: &mut Reactor,
) {
    let asked = session.socket(conn).map(|asked| (asked.conn, table::read(&asked.socket, asked.role)));
    let table = match asked {
        None => Err(OpError::new("getsockopt", "", OVER)),
        Some((_, Err(error))) => Err(error),
        Some((at, Ok((table, taken)))) => {
            if record {
                for row in &table.rows {
                    session.writer().detail(at, Detail::Note(row.told()));
                }
            }
            if let Some(error) = taken {
                session.broken(at, &error, reactor);
            }
            Ok(Arc::new(table))
        }
    };
    reactor.events.push(Event::OptionsRead { session: id, conn, table });
}

/// Obeys [`Command::Inspect`](crate::engine::Command::Inspect).
pub(in crate::engine) fn inspect(id: SessionId, session: &dyn Session, conn: ConnId, reactor: &mut Reactor) {
    let info = match session.socket(Some(conn)) {
        Some(asked) => tcp_info(&asked.socket),
        None => Err(OpError::new("getsockopt", "TCP_INFO", OVER)),
    };
    reactor.events.push(Event::Inspected { session: id, conn, info: info.map(Box::new) });
}

#[cfg(target_os = "linux")]
fn tcp_info(socket: &SockRef<'_>) -> Result<super::TcpInfo, OpError> {
    let error = |error: &io::Error| OpError::io("getsockopt", "TCP_INFO", error);
    let is_unix = socket.local_addr().is_ok_and(|local| local.domain() == Domain::UNIX);
    if is_unix {
        return Err(OpError::new("getsockopt", "TCP_INFO", "a Unix socket has none"));
    }
    let bytes = super::linux::tcp_info(socket).map_err(|cause| error(&cause))?;
    super::TcpInfo::parse(&bytes).ok_or_else(|| error(&io::ErrorKind::UnexpectedEof.into()))
}

#[cfg(not(target_os = "linux"))]
fn tcp_info(_: &SockRef<'_>) -> Result<super::TcpInfo, OpError> {
    Err(OpError::new("getsockopt", "TCP_INFO", "this system does not have it"))
}

/// Records an error that reading `SO_ERROR` took from a socket.
pub(in crate::engine) fn record_taken(
    session: &mut (impl Session + ?Sized),
    conn: Option<ConnId>,
    error: &io::Error,
) {
    let error = OpError::io("getsockopt", SocketOption::Error, error);
    session.writer().detail(conn, Detail::Error(Box::new(error)));
}
