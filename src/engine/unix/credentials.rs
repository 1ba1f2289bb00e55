//! Who is at the other end of a Unix socket, as the kernel tells it: nobody can lie about that.

/// A process and its user (unix(7), `SO_PEERCRED`, `SCM_CREDENTIALS`): at the moment when it connected, listened, or sent
/// a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Credentials {
    /// Its number; 0 for one of another PID namespace.
    pub(in crate::engine) pid: u32,
    pub(in crate::engine) uid: u32,
    pub(in crate::engine) gid: u32,
}

impl Credentials {
    /// Those of whoever is at the other end of a connected socket.
    #[cfg(target_os = "linux")]
    pub(in crate::engine) fn of_peer(socket: &(impl std::os::fd::AsFd + std::os::fd::AsRawFd)) -> Option<Self> {
        use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

        use crate::engine::calls;
        use crate::journal::{Function, Level, Value};

        let told = getsockopt(socket, PeerCredentials).map(Self::from).map_err(std::io::Error::from);
        let shown = told.as_ref().map_or_else(
            |_| String::new(),
            |told| format!("{{pid={}, uid={}, gid={}}}", told.pid, told.uid, told.gid),
        );
        let value = Value::Words(shown.into_boxed_str());
        calls::noted(socket, Function::GetOption(Level::Socket, "SO_PEERCRED", value), told).ok()
    }

    /// Those of whoever is at the other end of a connected socket; here the system does not tell.
    #[cfg(not(target_os = "linux"))]
    pub(in crate::engine) fn of_peer(_: &impl std::os::fd::AsFd) -> Option<Self> {
        None
    }

    /// The name of its program, as far as `/proc` tells (proc_pid_comm(5)); the process chose it itself.
    fn program(&self) -> Option<String> {
        if self.pid == 0 {
            return None;
        }
        let name = std::fs::read(format!("/proc/{}/comm", self.pid)).ok()?;
        let name = name.strip_suffix(b"\n").unwrap_or(&name);
        Some(name.escape_ascii().to_string()).filter(|name| !name.is_empty())
    }

    /// In words: `pid 1234 (socat), uid 1000, gid 1000`.
    pub(in crate::engine) fn words(&self) -> String {
        let program = self.program().map_or_else(String::new, |name| format!(" ({name})"));
        match self.pid {
            0 => format!("a process of another PID namespace, uid {}, gid {}", self.uid, self.gid),
            pid => format!("pid {pid}{program}, uid {}, gid {}", self.uid, self.gid),
        }
    }
}

#[cfg(target_os = "linux")]
impl From<nix::sys::socket::UnixCredentials> for Credentials {
    fn from(told: nix::sys::socket::UnixCredentials) -> Self {
        Self { pid: u32::try_from(told.pid()).unwrap_or(0), uid: told.uid(), gid: told.gid() }
    }
}
