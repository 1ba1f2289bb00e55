//! Local addresses as a person types them, and those that there are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::GroupForm;
use crate::endpoint::{Family, Host};
use crate::lookup;

/// Which families of IP addresses a session uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Families {
    /// Which of a name's addresses a client tries.
    pub family: Family,
    /// A socket that is bound to `::` takes IPv6 alone (`IPV6_V6ONLY`); `*` takes both anyway.
    pub v6_only: bool,
}

impl Default for Families {
    fn default() -> Self {
        Self { family: Family::Any, v6_only: true }
    }
}

impl Families {
    /// A local address as typed, the number of its scope, and whether it is dual-stack.
    pub(super) fn local_address(self, text: &str) -> Result<(IpAddr, u32, bool), String> {
        let (ip, scope, dual_stack) = local_address(text)?;
        Ok((ip, scope, dual_stack || (!self.v6_only && ip == IpAddr::V6(Ipv6Addr::UNSPECIFIED))))
    }

    /// What a local address means for who can reach it, as [`exposure`] does for the address alone.
    pub fn exposure(self, address: &str) -> Option<&'static str> {
        match self.local_address(address) {
            Ok((_, _, true)) => exposure("*"),
            _ => exposure(address),
        }
    }

    /// `host`, unless it is an address of a family that is not wanted.
    ///
    /// # Errors
    ///
    /// A sentence with both families.
    pub fn wanted(self, host: Host) -> Result<Host, String> {
        match &host {
            Host::Address(ip, _) if !self.family.takes(*ip) => {
                Err(format!("{host} is {}, and {} alone is asked for", Family::of(*ip), self.family))
            }
            _ => Ok(host),
        }
    }
}

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
        Host::Address(ip, scope) => Ok((ip.to_canonical(), scope, false)),
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
    let (ip, _, dual_stack) = local_address(address).ok()?;
    exposure_of(ip, dual_stack)
}

/// The same of an address that is known.
pub(super) fn exposure_of(ip: IpAddr, dual_stack: bool) -> Option<&'static str> {
    match ip {
        _ if dual_stack => Some("All addresses, IPv4 and IPv6: everyone who reaches this machine can connect."),
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

/// What can be sent to beside single machines: text for the field, and what it is. The broadcast address of each
/// network, everyone on the nearest one, and the groups that the socket is in.
pub fn offered_targets(groups: &[GroupForm]) -> Vec<(String, String)> {
    let mut offered = Vec::new();
    for group in groups {
        offered.push((group.group.trim().to_owned(), "a group that you are in".to_owned()));
    }
    for address in lookup::local_addresses() {
        if let Some(broadcast) = address.broadcast.filter(|ip| !ip.is_loopback() && IpAddr::V4(*ip) != address.ip) {
            offered.push((broadcast.to_string(), format!("everyone on the network of {}", address.name)));
        }
    }
    offered.push(("255.255.255.255".to_owned(), "everyone on the nearest network".to_owned()));
    offered.push(("224.0.0.1".to_owned(), "the group of all IPv4 hosts".to_owned()));
    for link in lookup::links().into_iter().filter(|link| link.has_v6 && !link.is_loopback) {
        offered.push((format!("ff02::1%{}", link.name), format!("all IPv6 hosts on {}", link.name)));
    }
    let mut known = std::collections::HashSet::new();
    offered.retain(|(text, _)| known.insert(text.clone()));
    offered
}

/// What a target means for who gets it, when that is more than one machine; `broadcast`: whether that is switched on.
pub fn target_remark(host: &str, broadcast: bool) -> Option<String> {
    let Host::Address(ip, scope) = host.split('%').next()?.parse::<Host>().ok()? else { return None };
    let is_on = if broadcast { "" } else { " Switch Broadcast on, or the system refuses (EACCES)." };
    if ip == IpAddr::V4(Ipv4Addr::BROADCAST) {
        let where_to = "Everyone on one network: it leaves by the default route, and no router passes it on.";
        return Some(format!("{where_to}{is_on}"));
    }
    if ip.is_multicast() {
        let lacks = ip.is_ipv6() && scope == 0 && !host.contains('%') && is_narrow(ip);
        let hint = if lacks { " Its interface is missing: write ff02::1%eth0." } else { "" };
        return Some(format!("Everyone who joined this group.{hint}"));
    }
    let mut addresses = lookup::local_addresses().into_iter();
    let network = addresses.find(|own| own.broadcast.map(IpAddr::V4) == Some(ip) && own.ip != ip)?;
    Some(format!("Everyone on the network of {}.{is_on}", network.name))
}

/// Whether an IPv6 group reaches one link or one machine alone (RFC 7346 §2).
fn is_narrow(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(v6) if matches!(v6.octets()[1] & 0xf, 1 | 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_for_many_are_explained() {
        let check = |host, broadcast, expected: &str| {
            assert_eq!(target_remark(host, broadcast).unwrap_or_default(), expected, "{host}");
        };
        let everyone = "Everyone on one network: it leaves by the default route, and no router passes it on.";
        check("255.255.255.255", true, everyone);
        check(
            "255.255.255.255",
            false,
            &format!("{everyone} Switch Broadcast on, or the system refuses (EACCES)."),
        );
        check("239.1.2.3", false, "Everyone who joined this group.");
        check("ff02::1", false, "Everyone who joined this group. Its interface is missing: write ff02::1%eth0.");
        check("ff02::1%lo", false, "Everyone who joined this group.");
        check("[ff05::1]", false, "Everyone who joined this group.");
        check("127.0.0.1", false, "");
        check("localhost", false, "");
        check("", false, "");
    }

    #[test]
    fn groups_and_broadcast_addresses_are_offered_once() {
        let group = GroupForm { group: "224.0.0.1".into(), ..GroupForm::default() };
        let offered = offered_targets(&[group.clone(), group]);
        let texts: Vec<_> = offered.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(texts[0], "224.0.0.1");
        assert_eq!(texts.iter().filter(|text| **text == "224.0.0.1").count(), 1);
        assert!(texts.contains(&"255.255.255.255") && !texts.contains(&"127.255.255.255"));
    }

    #[test]
    fn who_can_reach_it_is_told() {
        let both = Families { v6_only: false, ..Families::default() };
        assert_eq!(both.exposure("::"), exposure("*"));
        assert_ne!(Families::default().exposure("::"), exposure("*"));
        assert_eq!((both.exposure("::1"), both.exposure("nonsense")), (None, None));
    }

    #[test]
    fn an_address_of_the_wrong_family_is_refused() {
        let check = |family, host: &str, expected: Option<&str>| {
            let families = Families { family, ..Families::default() };
            let error = families.wanted(host.parse().expect("a host")).err();
            assert_eq!(error.as_deref(), expected, "{host}");
        };
        check(Family::V6, "127.0.0.1", Some("127.0.0.1 is IPv4, and IPv6 alone is asked for"));
        check(Family::V4, "::1", Some("[::1] is IPv6, and IPv4 alone is asked for"));
        check(Family::V6, "localhost", None);
        check(Family::Any, "::1", None);
    }
}
