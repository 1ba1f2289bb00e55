//! What comes back: answers, and reports of the network.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::figures::ms;
use super::packet::{self, Heard, Number};
use super::{Echoes, host_of};
use crate::clock::Stamp;
use crate::engine::reactor::Reactor;
use crate::error::OpError;
use crate::journal::ConnId;

/// Space for any datagram with its header.
const ROOM: usize = 1 << 16;

/// Datagrams that one turn looks at for each family: a raw socket gets those of others too.
const SHARE: usize = 256;

impl Echoes {
    /// Takes what has come. Returns how many bytes that were.
    pub(super) fn hear(&mut self, reactor: &mut Reactor) -> usize {
        let (mut moved, mut room) = (0, Vec::new());
        for at in 0..self.sides.len() {
            if self.sides[at].readable {
                room.resize(ROOM, 0);
                moved += self.hear_side(at, &mut room, reactor);
            }
        }
        moved
    }

    fn hear_side(&mut self, at: usize, room: &mut [u8], reactor: &mut Reactor) -> usize {
        let mut moved = 0;
        for _ in 0..SHARE {
            self.drain_errors(at);
            let side = &mut self.sides[at];
            match side.socket.recv_from(room) {
                Ok((len, from)) => {
                    moved += len;
                    let (v6, identifier) = (side.v6, side.identifier);
                    match packet::parse(v6, side.has_header(), &room[..len]) {
                        Some(Heard::Answer { number, payload, hops }) if number.identifier == identifier => {
                            self.answered(from, number, payload, hops, reactor);
                        }
                        Some(Heard::Refused { to, number, kind, code }) if number.identifier == identifier => {
                            self.refused(to, Some(from.ip()), number, kind, code);
                        }
                        // Somebody else's, or about something else.
                        _ => {}
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    side.readable = false;
                    return moved;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // What the network reported is in the error queue, or in a datagram of its own.
                Err(_) => {}
            }
        }
        reactor.again(self.key());
        moved
    }

    /// The reports of the network in the socket's error queue.
    fn drain_errors(&mut self, at: usize) {
        #[cfg(target_os = "linux")]
        while self.sides[at].has_errors() {
            let side = &self.sides[at];
            let (v6, identifier) = (side.v6, side.identifier);
            match super::errors::next(&side.socket, v6) {
                // The kernel keeps the identifier of its own sockets to itself in reports.
                Some(Some(Heard::Refused { to, number, kind, code }))
                    if [0, identifier].contains(&number.identifier) =>
                {
                    self.refused(to, None, number, kind, code);
                }
                Some(_) => {}
                None => return,
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = at;
    }

    fn answered(
        &mut self,
        from: SocketAddr,
        number: Number,
        payload: &[u8],
        hops: Option<u8>,
        reactor: &mut Reactor,
    ) {
        let now = Instant::now();
        let address = without_port(from);
        // A broadcast is answered by hosts that were not asked by their own address.
        let known = self.by_address.get(&address).copied();
        let Some(conn) = known.or_else(|| self.host(address).ok()) else { return };
        let open = self.asked.take(conn, number.sequence);
        reactor.jobs.received(self.session, conn, payload);
        self.writer.set_now(Stamp::now());
        self.writer.room(payload.len())[..payload.len()].copy_from_slice(payload);
        self.writer.received(conn, payload.len(), open.is_none());
        let hops = hops.map_or_else(String::new, |hops| format!(", {hops} hops left"));
        let note = match open {
            Some(open) => {
                let took = now.saturating_duration_since(open.at);
                if let Some(host) = self.hosts.get_mut(&conn) {
                    host.figures.answered(took);
                }
                let differs = if open.is_same(payload) { "" } else { ": but it is not what was sent" };
                format!("answer to request {} after {} ms{hops}{differs}", number.sequence, ms(took))
            }
            None => format!(
                "an answer to request {} that nobody waits for: late, or a second one{hops}",
                number.sequence
            ),
        };
        self.note(Some(conn), note);
    }

    /// The network has reported about a request to `to`; `by` is the router or host that did, where that is known.
    fn refused(&mut self, to: IpAddr, by: Option<IpAddr>, number: Number, kind: u8, code: u8) {
        let Some((address, conn)) = self.known(to) else { return };
        // A report may come twice, or be forged: only what waits is refused.
        if self.asked.take(conn, number.sequence).is_none() {
            return;
        }
        if let Some(host) = self.hosts.get_mut(&conn) {
            host.figures.refused += 1;
        }
        let (words, advice) = packet::meaning(to.is_ipv6(), kind, code);
        let by = by.map_or_else(String::new, |by| format!(", says {by}"));
        let message = format!("request {}: {words} (type {kind}, code {code}){by}", number.sequence);
        let error = OpError::new("send", host_of(address), message);
        self.error(Some(conn), advice.map_or(error.clone(), |advice| error.advise(advice)));
    }

    /// The host with this address, whatever its scope.
    fn known(&self, ip: IpAddr) -> Option<(SocketAddr, ConnId)> {
        let first = SocketAddr::new(ip, 0);
        let (address, conn) = self.by_address.range(first..).next()?;
        (address.ip() == ip).then_some((*address, *conn))
    }
}

/// Raw sockets put a protocol where UDP has a port.
fn without_port(mut from: SocketAddr) -> SocketAddr {
    from.set_port(0);
    match from {
        SocketAddr::V6(v6) if !v6.ip().is_unicast_link_local() => SocketAddr::new((*v6.ip()).into(), 0),
        other => other,
    }
}
