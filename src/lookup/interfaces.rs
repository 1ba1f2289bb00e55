//! This machine's own addresses, for the list that a listener chooses from.

use std::net::{IpAddr, Ipv4Addr};

use if_addrs::IfAddr;

/// An address of a network interface of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalAddress {
    /// The interface's name: `lo`, `eth0`.
    pub name: String,
    /// The address.
    pub ip: IpAddr,
    /// The number of the interface for a link-local IPv6 address (RFC 4007), which means nothing without it; else 0.
    pub scope: u32,
    /// The address that reaches everyone on that network, where it has one (IPv4 only).
    pub broadcast: Option<Ipv4Addr>,
}

impl LocalAddress {
    fn new(interface: if_addrs::Interface) -> Self {
        let (scope, broadcast) = match &interface.addr {
            IfAddr::V4(v4) => (0, v4.broadcast),
            IfAddr::V6(v6) if v6.ip.is_unicast_link_local() => (interface.index.unwrap_or(0), None),
            IfAddr::V6(_) => (0, None),
        };
        Self { ip: interface.ip(), name: interface.name, scope, broadcast }
    }

    /// Loopback first, then IPv4 before IPv6, then by interface.
    fn order(&self) -> (bool, bool, &str, IpAddr) {
        (!self.ip.is_loopback(), self.ip.is_ipv6(), &self.name, self.ip)
    }
}

/// The addresses of all interfaces, loopback first. Loopback alone where the system does not tell.
pub fn local_addresses() -> Vec<LocalAddress> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<_> = interfaces.into_iter().map(LocalAddress::new).collect();
    addresses.sort_by(|a, b| a.order().cmp(&b.order()));
    addresses.dedup();
    if addresses.is_empty() {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        addresses.push(LocalAddress { name: "loopback".to_owned(), ip, scope: 0, broadcast: None });
    }
    addresses
}

/// All interfaces as far as the system tells without being watched: names, numbers and addresses.
#[cfg(not(target_os = "linux"))]
pub(super) fn snapshot() -> Vec<super::NetworkInterface> {
    let mut links = std::collections::BTreeMap::<String, super::NetworkInterface>::new();
    for interface in if_addrs::get_if_addrs().unwrap_or_default() {
        let (ip, prefix, broadcast) = match &interface.addr {
            IfAddr::V4(v4) => (IpAddr::V4(v4.ip), v4.prefixlen, v4.broadcast),
            IfAddr::V6(v6) => (IpAddr::V6(v6.ip), v6.prefixlen, None),
        };
        let is_up = interface.oper_status == if_addrs::IfOperStatus::Up;
        let link = links.entry(interface.name.clone()).or_insert_with(|| super::NetworkInterface {
            index: interface.index.unwrap_or(0),
            name: interface.name.clone(),
            state: if is_up { "up" } else { "down" }.to_owned(),
            ..super::NetworkInterface::default()
        });
        let address = super::InterfaceAddress { ip, prefix, scope: String::new(), flags: Vec::new(), broadcast };
        link.addresses.push(address);
        link.addresses.sort();
    }
    links.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, ip: &str, broadcast: Option<Ipv4Addr>) -> if_addrs::Interface {
        let addr = match ip.parse().expect("an address") {
            IpAddr::V4(ip) => {
                IfAddr::V4(if_addrs::Ifv4Addr { ip, netmask: Ipv4Addr::BROADCAST, prefixlen: 32, broadcast })
            }
            IpAddr::V6(ip) => IfAddr::V6(if_addrs::Ifv6Addr { ip, netmask: ip, prefixlen: 128, broadcast: None }),
        };
        let oper_status = if_addrs::IfOperStatus::Up;
        if_addrs::Interface {
            name: name.to_owned(),
            addr,
            index: Some(7),
            oper_status,
            is_p2p: false,
            #[cfg(windows)]
            adapter_name: name.to_owned(),
        }
    }

    fn check(ip: &str, expected: (u32, Option<Ipv4Addr>)) {
        let broadcast = Some(Ipv4Addr::new(10, 0, 0, 255));
        let address = LocalAddress::new(interface("eth0", ip, broadcast));
        assert_eq!((address.scope, address.broadcast), expected, "{ip}");
        assert_eq!(address.ip.to_string(), ip);
    }

    #[test]
    fn only_link_local_addresses_have_a_scope() {
        check("10.0.0.1", (0, Some(Ipv4Addr::new(10, 0, 0, 255))));
        check("2001:db8::1", (0, None));
        check("fe80::1", (7, None));
        check("febf::1", (7, None));
    }

    #[test]
    fn loopback_comes_first() {
        let ips = ["fe80::1", "10.0.0.1", "::1", "2001:db8::1", "127.0.0.1"];
        let mut addresses = ips.map(|ip| LocalAddress::new(interface("x", ip, None)));
        addresses.sort_by(|a, b| a.order().cmp(&b.order()));
        let sorted = addresses.map(|address| address.ip.to_string());
        assert_eq!(sorted, ["127.0.0.1", "::1", "10.0.0.1", "2001:db8::1", "fe80::1"]);
    }

    #[test]
    fn this_machine_has_a_loopback_address() {
        let addresses = local_addresses();
        assert!(addresses[0].ip.is_loopback(), "{addresses:?}");
        assert!(!addresses[0].name.is_empty());
    }
}
