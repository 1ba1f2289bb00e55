//! Look-ups: host names, addresses, services, protocols and this machine's own addresses, each as the socket call that
//! a program would make, with the time it took.
//!
//! The system's resolver blocks, for as long as a name server keeps silent, and nothing can interrupt it. So whatever
//! may wait runs on the [`Pool`], eight threads behind a bounded queue; who asked can lose interest
//! ([`Lookups::cancel`]) without waiting for the thread. Services and protocols are tables in memory: the machine's
//! own files where it has them, an embedded table of IANA's registrations where not.
//!
//! `socket()` itself can be tried: what it gives is closed at once. Nothing else here opens a socket to the network or
//! starts a process; the resolver of the C library does what its configuration says.

mod answer;
mod calls;
mod devices;
mod interfaces;
mod links;
#[cfg(target_os = "linux")]
mod netlink;
mod pool;
mod protocols;
mod query;
mod recognize;
mod resolver;
mod rows;
mod services;
mod trying;
mod watching;

pub use answer::{Answer, answer};
pub use devices::{InterfaceAddress, NetworkInterface};
pub use interfaces::{LocalAddress, local_addresses};
pub use links::{Link, link, links};
pub use pool::Pool;
pub use protocols::{Protocol, Protocols, protocols};
pub use query::{Query, tutorials};
pub use recognize::recognize;
pub use resolver::{host_name, resolve};
pub use rows::{JobId, Lookups, Row, RowState};
pub use services::{Service, Services, service_port, services};
pub use trying::{Constant, SocketCall};
pub use watching::{Change, Interfaces, Known};

use std::io::Read;

/// What is read of a table in `/etc` at most: 4 MiB, six times the longest that a distribution ships.
const FILE_LIMIT: u64 = 4 << 20;

/// The tables that names and numbers are looked up in.
#[derive(Clone, Copy, Debug)]
struct Tables {
    services: &'static Services,
    protocols: &'static Protocols,
}

impl Tables {
    /// Those of this machine.
    fn of_this_machine() -> Self {
        Self { services: services(), protocols: protocols() }
    }

    /// The embedded ones, which are the same on every machine.
    #[cfg(test)]
    fn built_in() -> Self {
        Self { services: services::registered(), protocols: protocols::registered() }
    }
}

/// The text of a table in `/etc`; `None` where there is no such file, or none that can be read.
fn system_file(path: &str) -> Option<String> {
    if cfg!(not(unix)) {
        return None;
    }
    let file = std::fs::File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The words of each line that is more than a comment, as all tables in `/etc` are written.
fn lines_of_words(text: &str) -> impl Iterator<Item = std::str::SplitWhitespace<'_>> {
    text.lines().map(|line| line.split('#').next().unwrap_or_default().split_whitespace())
}
