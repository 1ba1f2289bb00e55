//! Local addresses as a person types them, and those that there are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::endpoint::Host;
use crate::lookup;

/// A local address as typed: `*` is all addresses of both families, nothing is all IPv4 addresses.
pub(super) fn local_address(text: &str) -> Result<(IpAddr, u32, bool), String> {
    match text.trim() {
        "*" => return Ok((IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0, true)),
        "" => return Ok((IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0, false)),
        // RFC 6761 §6.3: always loopback, no look-up needed.
        "localhost" => return Ok((IpAddr::V4(Ipv4Addr::LOCALHOST), 0, false)),
        _ => {}
    }
    match text.parse::<Host>().map_err(|error| error.reason)? {
        Host::Address(ip, scope) => Ok((ip, scope, false)),
        Host::Name(name) => match scoped(&name) {
            Some((ip, scope)) => Ok((ip, scope, false)),
            None => Err(format!("{name} is not an address: choose one of this machine's from the list")),
        },
    }
}

/// An address with an interface name as its scope, `fe80::1%eth0`.
fn scoped(text: &str) -> Option<(IpAddr, u32)> {
    let (ip, name) = text.split_once('%')?;
    let ip = ip.parse().ok()?;
    let mut addresses = lookup::local_addresses().into_iter();
    addresses.find(|address| address.name == name && address.ip == ip).map(|address| (ip, address.scope))
}

pub(super) fn socket_address(ip: IpAddr, scope: u32, port: u16) -> SocketAddr {
    match ip {
        IpAddr::V6(ip) => std::net::SocketAddrV6::new(ip, port, 0, scope).into(),
        IpAddr::V4(_) => SocketAddr::new(ip, port),
    }
}

/// What a local address means for who can reach it, when that is more than this machine.
pub fn exposure(address: &str) -> Option<&'static str> {
    let (ip, _, dual) = local_address(address).ok()?;
    match ip {
        _ if dual => Some("All addresses, IPv4 and IPv6: everyone who reaches this machine can connect."),
        IpAddr::V4(ip) if ip.is_unspecified() => {
            Some("All IPv4 addresses: everyone who reaches this machine can connect.")
        }
        IpAddr::V6(ip) if ip.is_unspecified() => {
            Some("All IPv6 addresses: everyone who reaches this machine can connect.")
        }
        ip if ip.is_loopback() => None,
        _ => Some("Not loopback: other machines on this network can connect."),
    }
}

/// The addresses offered for listening: text for the field, and what it is.
pub fn offered_addresses() -> Vec<(String, String)> {
    let mut offered = Vec::new();
    for address in lookup::local_addresses() {
        let text = match address.ip {
            IpAddr::V6(ip) if address.scope != 0 => format!("{ip}%{}", address.scope),
            ip => ip.to_string(),
        };
        let what = if address.ip.is_loopback() { "this machine only".to_owned() } else { address.name };
        if !offered.iter().any(|(known, _)| *known == text) {
            offered.push((text, what));
        }
    }
    offered.push(("0.0.0.0".to_owned(), "all IPv4 addresses".to_owned()));
    offered.push(("::".to_owned(), "all IPv6 addresses".to_owned()));
    offered.push(("*".to_owned(), "all, IPv4 and IPv6 (dual stack)".to_owned()));
    offered
}
