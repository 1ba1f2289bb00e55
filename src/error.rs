//! What went wrong, in a form that a person can act on: the operation, the address, the system's error name, number
//! and sentence, and what to do next.
//!
//! ```text
//! bind 127.0.0.1:80: permission denied (EACCES 13): ports below 1024 need rights; try 8080
//! ```

use std::borrow::Cow;
use std::fmt;
use std::io;

/// A system error by number and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemCode {
    /// `errno` on Unix, the Windows error number there.
    pub number: i32,
    /// The symbolic name, `EACCES`; where the system has none, `os error`.
    pub name: String,
}

impl SystemCode {
    /// The code with this number.
    pub fn of(number: i32) -> Self {
        let (name, _) = describe(number, &io::Error::from_raw_os_error(number));
        Self { number, name }
    }
}

/// An operation that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct OpError {
    /// The call, in the system's own word: `bind`, `connect`, `accept`, `send`, `resolve`, `save` …
    pub op: Cow<'static, str>,
    /// What it was tried on: an address, a name, a path. May be empty.
    pub subject: String,
    /// The system's code, where the system refused; `None` where Sockscope did.
    pub code: Option<SystemCode>,
    /// One sentence without a capital or full stop: `permission denied`.
    pub message: String,
    /// What the person can do next, if there is something.
    pub advice: Option<Box<str>>,
}

impl OpError {
    /// An error that Sockscope itself found.
    pub fn new(op: impl Into<Cow<'static, str>>, subject: impl fmt::Display, message: impl Into<String>) -> Self {
        Self { op: op.into(), subject: subject.to_string(), code: None, message: message.into(), advice: None }
    }

    /// An error that the system returned for `op` on `subject`, with [advice](Self::advice) where there is some.
    pub fn io(op: &'static str, subject: impl fmt::Display, error: &io::Error) -> Self {
        let subject = subject.to_string();
        let Some(number) = error.raw_os_error() else {
            return Self::new(op, subject, lower_first(&error.to_string()));
        };
        let (name, message) = describe(number, error);
        let advice = advice(op, &name, &subject).map(String::into_boxed_str);
        Self { op: op.into(), subject, code: Some(SystemCode { number, name }), message, advice }
    }

    /// The same error with `advice` as what to do next.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into().into_boxed_str());
        self
    }

    /// The same error about `subject`, where it has none yet.
    #[must_use]
    pub fn about(mut self, subject: impl fmt::Display) -> Self {
        if self.subject.is_empty() {
            self.subject = subject.to_string();
        }
        self
    }

    /// Whether the system's code has this symbolic name (`EMFILE`).
    pub fn is(&self, name: &str) -> bool {
        self.code.as_ref().is_some_and(|code| code.name == name)
    }
}

impl fmt::Display for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.op)?;
        if !self.subject.is_empty() {
            write!(f, " {}", self.subject)?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(code) = &self.code {
            write!(f, " ({} {})", code.name, code.number)?;
        }
        if let Some(advice) = &self.advice {
            write!(f, ": {advice}")?;
        }
        Ok(())
    }
}

/// The symbolic name and the sentence of a system error number.
#[cfg(unix)]
fn describe(number: i32, _error: &io::Error) -> (String, String) {
    let errno = nix::errno::Errno::from_raw(number);
    (format!("{errno:?}"), lower_first(errno.desc()))
}

/// The symbolic name and the sentence of a system error number.
#[cfg(not(unix))]
fn describe(_number: i32, error: &io::Error) -> (String, String) {
    let text = error.to_string();
    let sentence = text.split(" (os error").next().unwrap_or(&text);
    ("os error".to_owned(), lower_first(sentence.trim_end_matches('.')))
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    // "I/O error" and "TCP …" stay as they are.
    if chars.clone().next().is_some_and(char::is_lowercase) {
        first.to_lowercase().chain(chars).collect()
    } else {
        text.to_owned()
    }
}

/// What a person can do about a system error, where there is something better than trying again.
fn advice(op: &str, name: &str, subject: &str) -> Option<String> {
    if subject.starts_with("unix:") {
        return unix_advice(op, name).map(str::to_owned);
    }
    let text = match (op, name) {
        ("bind" | "listen", "EADDRINUSE") => {
            "another program, or another tab, has this port: stop it, or choose another port (0 takes a free one)"
        }
        ("bind", "EADDRNOTAVAIL") => "this machine does not have that address: choose one from the list",
        ("bind", "EACCES") => return Some(privileged_port_advice(subject)),
        ("connect", "ECONNREFUSED") => "nothing listens there: check the port, and that the server runs",
        ("send", "ENETUNREACH") if subject.starts_with("255.255.255.255") => {
            "255.255.255.255 leaves by the default route, and there is none: send to the broadcast address of an \
             interface"
        }
        ("send", "ENETUNREACH" | "EADDRNOTAVAIL") if is_group(subject) => {
            "no route leads to that group: choose the interface that groups are sent to through"
        }
        ("connect" | "send", "ENETUNREACH") => {
            "there is no route to that network: check the address and the network"
        }
        ("connect" | "send", "EHOSTUNREACH") => "no answer from that host on its network: check the address",
        ("connect", "EADDRNOTAVAIL") => "the local address does not fit, or no local port is free",
        ("connect", "ETIMEDOUT") => "the host did not answer: a firewall may drop the packets",
        ("send", "ECONNREFUSED") => "nobody is bound to that UDP port",
        ("send", "EMSGSIZE") => "a UDP payload is at most 65,507 bytes over IPv4 (65,527 over IPv6)",
        ("send", "EACCES") => "that is a broadcast address: switch Broadcast on (--broadcast)",
        ("connect" | "send" | "bind", "EINVAL") if subject.contains("[fe80:") && !subject.contains('%') => {
            "a link-local address needs its interface: write fe80::1%eth0"
        }
        ("join", "ENODEV") => "no route leads there, and no interface was chosen: choose one",
        ("join", "EADDRINUSE") => "the socket is in this group there already",
        ("join", "ENOBUFS" | "ENOMEM") => {
            "the system's limit of groups for one socket is reached: an administrator raises it with \
             sysctl net.ipv4.igmp_max_memberships"
        }
        ("join", "EINVAL") => "a group is joined with one source or with any, not both: leave it first",
        ("join" | "leave", "EADDRNOTAVAIL") => "the socket is not in this group there, or the interface is gone",
        ("send", "EPIPE") => "the connection no longer takes bytes: its sending side is finished",
        ("recv", "EAGAIN" | "EWOULDBLOCK") => {
            "nothing has arrived, and a non-blocking recv does not wait for it (EWOULDBLOCK is the same number): a \
             blocking one would wait here"
        }
        ("accept", "EMFILE" | "ENFILE") => {
            "no file descriptor is free: close connections, or raise the limit (ulimit -n)"
        }
        ("setsockopt", _) => return option_advice(name, subject).map(str::to_owned),
        ("read" | "open", "ENOENT" | "ENOTDIR") => "check the path",
        ("read" | "open", "EACCES" | "EPERM") => {
            "this file can't be read: choose another one, or change its permissions"
        }
        ("record", "ENOSPC" | "EDQUOT") => {
            "the disk is full: what was recorded before is whole; free some space or choose another folder, and \
             record again"
        }
        // Whatever else a recording meets, saving may meet too.
        ("record", _) => return advice("save", name, subject),
        ("save", "ENOSPC") => {
            "the disk is full: free some space or choose another folder; the old file is untouched"
        }
        ("save", "EACCES" | "EPERM" | "EROFS") => "this folder can't be written: choose another one",
        ("save", "ENOENT") => "there is no such folder: create it or choose another one",
        ("save", "EISDIR") => "that is a folder: add a file name",
        ("save", "ENOTDIR") => "a part of that path is a file, not a folder: choose another folder",
        ("save", "ENAMETOOLONG") => "the name is too long for this file system: shorten it",
        ("save", "ELOOP") => "symbolic links lead in a circle: choose another name",
        ("save", "EDQUOT") => {
            "your quota on this disk is used up: free some space or choose another folder; the old file is untouched"
        }
        ("save", "EFBIG") => "this file system takes no file as large as that: choose another folder",
        ("save", "EIO") => "the disk reports a fault: choose another one",
        ("save", "EMFILE" | "ENFILE") => {
            "no file descriptor is free: close connections, or raise the limit (ulimit -n)"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// What a person can do when an option of a socket can't be set; `subject` is its name and the value.
fn option_advice(name: &str, subject: &str) -> Option<&'static str> {
    let option = subject.split(' ').next().unwrap_or_default();
    match (name, option) {
        ("EPERM", "SO_BINDTODEVICE") => {
            Some("a socket that has a network interface gets another one only with rights (CAP_NET_RAW)")
        }
        ("EPERM" | "EACCES", _) => Some("this needs rights that Sockscope does not have"),
        ("ENODEV" | "ENXIO", _) => Some("there is no such network interface: lookup lists those of this machine"),
        ("EADDRNOTAVAIL", _) => Some("no network interface has that address"),
        ("EINVAL", "SO_LINGER" | "SO_REUSEPORT" | "TCP_MAXSEG" | "TCP_FASTOPEN") => {
            Some("the socket is in a state that does not allow it: set it before the socket is opened")
        }
        ("EINVAL" | "EDOM", _) => Some("the kernel does not take that value for this socket"),
        ("ENOPROTOOPT" | "EOPNOTSUPP", _) => Some("this kernel does not have that option for this kind of socket"),
        _ => None,
    }
}

/// Whether a socket address is that of a multicast group.
fn is_group(subject: &str) -> bool {
    subject.parse::<std::net::SocketAddr>().is_ok_and(|address| address.ip().is_multicast())
}

/// The same about a Unix socket (unix(7), "ERRORS").
fn unix_advice(op: &str, name: &str) -> Option<&'static str> {
    Some(match (op, name) {
        ("bind", "EADDRINUSE") => "another program, or another tab, has this name: stop it, or choose another name",
        ("bind", "EACCES" | "EPERM" | "EROFS") => "this folder can't be written: choose another one",
        ("bind", "ENOENT") => "there is no such folder: create it or choose another one",
        ("bind" | "connect" | "send", "ENOTDIR") => "a part of that path is a file, not a folder",
        ("bind", "EINVAL") => "this file system, or this system, takes no such name: choose another one",
        ("connect", "ECONNREFUSED") => {
            "nobody listens there: the program that did has ended, or what has this path is no socket"
        }
        ("connect", "EAGAIN") => "the server's backlog is full: it does not accept; try again",
        ("send", "ECONNREFUSED") => {
            "nobody receives there any more: the program that did has ended and left its path behind"
        }
        ("connect" | "send", "ENOENT") => "there is no such path: check it, and that the other program runs",
        ("connect" | "send", "EACCES" | "EPERM") => {
            "this user may not write to that socket: its mode, or that of a folder above it, forbids it"
        }
        ("connect" | "send", "EPROTOTYPE") => {
            "that is a socket of another kind: a stream socket where a datagram socket is meant, or the reverse"
        }
        ("send", "EMSGSIZE") => {
            "a Unix datagram has to fit the send buffer, a little less than SO_SNDBUF: on Linux about 208 KiB unless \
             it was raised"
        }
        ("send", "EPIPE" | "ECONNRESET") => "the other end is closed",
        _ => return None,
    })
}

fn privileged_port_advice(subject: &str) -> String {
    let port = subject.rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
    match port {
        Some(port @ 1..1024) => {
            format!("ports below 1024 need rights; try {}", if port == 80 { 8080 } else { u32::from(port) + 8000 })
        }
        _ => "this system does not let you use that address".to_owned(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn check(op: &'static str, subject: &str, errno: nix::errno::Errno, expected: &str) {
        let error = OpError::io(op, subject, &io::Error::from_raw_os_error(errno as i32));
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn an_error_names_operation_address_code_and_advice() {
        check(
            "bind",
            "127.0.0.1:80",
            nix::errno::Errno::EACCES,
            "bind 127.0.0.1:80: permission denied (EACCES 13): ports below 1024 need rights; try 8080",
        );
        check(
            "connect",
            "127.0.0.1:9",
            nix::errno::Errno::ECONNREFUSED,
            "connect 127.0.0.1:9: connection refused (ECONNREFUSED 111): nothing listens there: check the port, and that the server runs",
        );
    }

    #[test]
    fn an_option_that_can_not_be_set_says_what_it_needs() {
        check(
            "setsockopt",
            "SO_BINDTODEVICE eth0",
            nix::errno::Errno::EPERM,
            "setsockopt SO_BINDTODEVICE eth0: operation not permitted (EPERM 1): a socket that has a network interface \
             gets another one only with rights (CAP_NET_RAW)",
        );
    }

    #[test]
    fn an_error_of_our_own_has_no_code() {
        let error = OpError::new("resolve", "nowhere.invalid", "no such host").advise("check the spelling");
        assert_eq!(error.to_string(), "resolve nowhere.invalid: no such host: check the spelling");
    }
}
