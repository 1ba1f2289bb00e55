//! To whom lines of standard input go.

use std::net::IpAddr;

use super::arguments::placed;
use crate::endpoint::{Address, Endpoint, Host, Location, Port, UnixName, canonical};
use crate::engine::Target;
use crate::journal::{ConnId, Connection, Journal};

/// One peer of a listener, as a person names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// By its number, as `conn` in JSON Lines.
    Number(u32),
    /// By its address alone.
    Address(IpAddr),
    /// By its address and port; for UDP nothing need have come from there.
    Exact(Host, u16),
    /// A Unix socket by its name; for datagrams nothing need have come from there.
    Unix(UnixName),
}

/// Reads a peer: `2`, `127.0.0.1`, `127.0.0.1:50612`, `[::1]:50612`.
pub(super) fn peer(text: &str) -> Result<Peer, String> {
    if let Ok(number) = text.parse() {
        return Ok(Peer::Number(number));
    }
    if let Ok(address) = text.parse() {
        return Ok(Peer::Address(address));
    }
    if let Some(name) = text.strip_prefix("unix:").or_else(|| text.strip_prefix("unix-dgram:")) {
        return name.parse().map(Peer::Unix).map_err(|error| placed(name, &error));
    }
    let bare = text.strip_prefix("udp://").or_else(|| text.strip_prefix("tcp://")).unwrap_or(text);
    let Endpoint { location, .. } = bare.parse().map_err(|error| placed(bare, &error))?;
    match location {
        Location::Port(host, Port::Number(port @ 1..)) => Ok(Peer::Exact(host, port)),
        _ => Err("a peer has a port from 1 to 65535".to_owned()),
    }
}

/// Those who get what is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recipients {
    /// All who are connected, or were heard from.
    All,
    /// One of those who are connected.
    One(Peer),
    /// An address, over UDP.
    Address(Host, u16),
    /// A Unix datagram socket.
    Unix(UnixName),
}

impl Recipients {
    /// Those of a listener.
    pub(super) fn of(to: Option<Peer>, udp: bool) -> Self {
        match to {
            None => Self::All,
            Some(Peer::Exact(host, port)) if udp => Self::Address(host, port),
            Some(Peer::Unix(name)) if udp && name.is_bound() => Self::Unix(name),
            Some(peer) => Self::One(peer),
        }
    }

    /// Those who are there now; `None` while there is nobody.
    pub(super) fn target(&self, journal: &Journal) -> Option<Target> {
        match self {
            Self::All => (journal.status().open > 0).then_some(Target::All),
            Self::Address(host, port) => Some(Target::Address(host.clone(), *port)),
            Self::Unix(name) => Some(Target::Unix(name.clone())),
            Self::One(peer) => {
                let conns = self.connections(journal).into_iter().filter(|it| peer.is(it));
                let conns: Vec<_> = conns.map(|it| it.id).collect();
                (!conns.is_empty()).then_some(Target::Connections(conns))
            }
        }
    }

    /// The open connections, or UDP peers.
    fn connections(&self, journal: &Journal) -> Vec<Connection> {
        let known = |conn: ConnId| journal.connection(conn);
        let open = journal.open_connections().into_iter().filter_map(known);
        open.filter(|it| it.state.takes_payload()).collect()
    }

    /// The connections of `target` one by one; none for an address that nothing came from or went to.
    pub(super) fn each(&self, journal: &Journal, target: &Target) -> Vec<Connection> {
        let address = |host: &Host, port: u16| host.with_port(port).map(canonical);
        let mut all = self.connections(journal);
        all.retain(|it| match target {
            Target::All => true,
            Target::Connections(conns) => conns.contains(&it.id),
            Target::Unix(name) => it.peer == Address::Unix(name.clone()),
            Target::Address(host, port) => {
                address(host, *port).is_some() && address(host, *port) == it.peer.canonical().socket()
            }
        });
        all
    }
}

impl Peer {
    fn is(&self, connection: &Connection) -> bool {
        let peer = connection.peer.canonical();
        match self {
            Self::Number(number) => connection.id.0 == *number,
            Self::Address(address) => peer.ip() == Some(*address),
            Self::Unix(name) => peer == Address::Unix(name.clone()),
            Self::Exact(host, port) => host.with_port(*port).is_some_and(|address| peer == canonical(address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_a_number_or_an_address() {
        assert_eq!(peer("2"), Ok(Peer::Number(2)));
        assert_eq!(peer("::1"), Ok(Peer::Address("::1".parse().expect("an address"))));
        let host = Host::Address("127.0.0.1".parse().expect("an address"), 0);
        assert_eq!(peer("udp://127.0.0.1:9"), Ok(Peer::Exact(host, 9)));
        assert!(peer("127.0.0.1:0").is_err() && peer("127.0.0.1:65536").is_err() && peer("").is_err());
    }
}
