//! Socket options: their names and levels, which of them fit which socket, what may be typed for them, and how they
//! are set and read.
//!
//! Invariants: what does not fit a kind of socket is refused before the kernel is asked; what the kernel made of a
//! value is read back, never assumed.

mod asking;
mod catalog;
mod fits;
mod kernel;
#[cfg(target_os = "linux")]
mod linux;
mod table;
mod tcp_info;
mod value;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) use asking::{Asked, inspect, prepare, prepare_open, read, record_taken, refuse, set, stop_lingering};
pub use catalog::{About, Moment, Shape, Unit};
pub use fits::{Family, Role, SocketKind, Transport};
pub use table::{OptionRow, OptionTable};
pub use tcp_info::{TcpInfo, TcpState};
pub use value::{OptionValue, interface_names};

/// A socket option by its name in the system's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each has its name and its sentence in the catalog")]
pub enum SocketOption {
    ReuseAddress,
    ReusePort,
    KeepAlive,
    KeepIdle,
    KeepInterval,
    KeepCount,
    Broadcast,
    Linger,
    ReceiveBuffer,
    SendBuffer,
    BindToDevice,
    NoDelay,
    MaxSegment,
    UserTimeout,
    QuickAck,
    FastOpen,
    Ttl,
    TypeOfService,
    MulticastTtl,
    MulticastLoop,
    MulticastInterface,
    OnlyV6,
    UnicastHops,
    TrafficClass,
    MulticastHopsV6,
    MulticastLoopV6,
    MulticastInterfaceV6,
    Error,
    Type,
    Domain,
    Protocol,
    AcceptsConnections,
    ReceiveLowWater,
}

/// An option and what it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Which.
    pub option: SocketOption,
    /// To what.
    pub value: OptionValue,
}

/// Which sockets of a session a command is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionsOf {
    /// The listener, the UDP socket, or a client's only connection.
    Session,
    /// These connections.
    Connections(Vec<crate::journal::ConnId>),
}

impl SocketOption {
    /// Those of all systems, in the order of a table.
    pub fn all() -> impl Iterator<Item = Self> {
        catalog::ALL.iter().map(|about| about.option)
    }

    /// Those that this system has, in the order of a table.
    pub fn offered() -> impl Iterator<Item = Self> {
        Self::all().filter(|option| option.is_offered())
    }

    /// What is known of it.
    pub fn about(self) -> &'static About {
        // The catalog has all of them, in the order in which they are declared: a test holds that.
        &catalog::ALL[self as usize]
    }

    /// `SO_RCVBUF`.
    pub fn name(self) -> &'static str {
        self.about().name
    }

    /// Whether it can only be read.
    pub fn is_read_only(self) -> bool {
        self.about().moment == Moment::Never
    }

    /// Whether this system has it. Elsewhere than on Linux only those are offered that every system has.
    pub fn is_offered(self) -> bool {
        cfg!(target_os = "linux") || self.about().everywhere
    }
}

impl fmt::Display for SocketOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SocketOption {
    type Err = String;

    /// By name, in any case. The error lists all names.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        Self::offered().find(|option| option.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
            let all: Vec<_> = Self::offered().map(Self::name).collect();
            let given: String = text.chars().take(60).collect();
            format!("there is no socket option {given:?}: there are {}", all.join(", "))
        })
    }
}

impl Serialize for SocketOption {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for SocketOption {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        // A file may come from another system: its row says then that this one does not have it.
        let known = Self::all().find(|option| option.name() == name);
        known.map_or_else(|| name.parse(), Ok).map_err(serde::de::Error::custom)
    }
}

impl Setting {
    /// `setsockopt SO_RCVBUF 65536`, and what the kernel made of it where that is something else.
    pub(super) fn told(&self, now: Option<&OptionValue>) -> String {
        let asked = format!("setsockopt {} {}", self.option, self.value);
        match now {
            Some(now) if *now != self.value => format!("{asked}: the kernel made {now} of it"),
            _ => asked,
        }
    }
}

#[cfg(test)]
mod tests;
