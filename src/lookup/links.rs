//! This machine's network interfaces, as multicast needs them: by name, by number, and by an address of theirs.

use std::net::{IpAddr, Ipv4Addr};

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its name: `lo`, `eth0`.
    pub name: String,
    /// Its number, from 1 (RFC 3493 §4).
    pub index: u32,
    /// Its first IPv4 address, where it has one.
    pub v4: Option<Ipv4Addr>,
    /// Whether it has an IPv6 address.
    pub has_v6: bool,
    /// Whether it reaches this machine alone.
    pub is_loopback: bool,
}

impl Link {
    /// Whether it has an address of the family of `ip`.
    pub fn speaks(&self, ip: IpAddr) -> bool {
        if ip.is_ipv4() { self.v4.is_some() } else { self.has_v6 }
    }
}

/// The interfaces that have an address, by number. Asks the system each time: they come and go.
pub fn links() -> Vec<Link> {
    gather(if_addrs::get_if_addrs().unwrap_or_default())
}

fn gather(interfaces: Vec<if_addrs::Interface>) -> Vec<Link> {
    let mut links = Vec::<Link>::new();
    for interface in interfaces {
        let (ip, is_loopback) = (interface.ip(), interface.is_loopback());
        let Some(index) = interface.index else { continue };
        let place = links.iter().position(|link| link.index == index).unwrap_or_else(|| {
            links.push(Link { name: interface.name, index, v4: None, has_v6: false, is_loopback });
            links.len() - 1
        });
        match ip {
            IpAddr::V4(ip) => links[place].v4 = links[place].v4.or(Some(ip)),
            IpAddr::V6(_) => links[place].has_v6 = true,
        }
    }
    links.sort_by_key(|link| link.index);
    links
}

/// The interface that a person means: by name, by number, or by one of its addresses.
///
/// # Errors
///
/// A sentence that names those there are.
pub fn link(text: &str) -> Result<Link, String> {
    let links = links();
    let text = text.trim();
    let by_address = || {
        let ip: IpAddr = text.parse().ok()?;
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        interfaces.into_iter().find(|interface| interface.ip() == ip)?.index
    };
    let index = text.parse().ok().or_else(by_address);
    let found = links.iter().find(|link| link.name == text || Some(link.index) == index);
    found.cloned().ok_or_else(|| {
        let names: Vec<_> = links.iter().map(|link| link.name.as_str()).collect();
        format!("{text} is no interface of this machine: it has {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(index: u32, name: &str, ip: &str) -> if_addrs::Interface {
        use if_addrs::{IfAddr, Ifv4Addr, Ifv6Addr};
        let addr = match ip.parse().expect("an address") {
            IpAddr::V4(ip) => IfAddr::V4(Ifv4Addr { ip, netmask: ip, prefixlen: 32, broadcast: None }),
            IpAddr::V6(ip) => IfAddr::V6(Ifv6Addr { ip, netmask: ip, prefixlen: 128, broadcast: None }),
        };
        if_addrs::Interface {
            name: name.to_owned(),
            addr,
            index: Some(index),
            oper_status: if_addrs::IfOperStatus::Up,
            is_p2p: false,
            #[cfg(windows)]
            adapter_name: name.to_owned(),
        }
    }

    #[test]
    fn an_interface_has_all_its_addresses() {
        let links = gather(vec![
            interface(2, "eth0", "fe80::1"),
            interface(1, "lo", "127.0.0.1"),
            interface(2, "eth0", "10.0.0.1"),
            interface(2, "eth0", "10.0.0.2"),
        ]);
        let expected = [("lo", "127.0.0.1", false, true), ("eth0", "10.0.0.1", true, false)];
        for (link, (name, v4, has_v6, is_loopback)) in links.iter().zip(expected) {
            assert_eq!((link.name.as_str(), link.has_v6, link.is_loopback), (name, has_v6, is_loopback));
            assert_eq!(link.v4, v4.parse().ok());
        }
        assert_eq!(links.len(), 2);
    }

    #[test]
    fn a_link_is_found_by_name_number_and_address() {
        let loopback = links().into_iter().find(|link| link.v4 == Some(Ipv4Addr::LOCALHOST)).expect("loopback");
        for text in [loopback.name.clone(), loopback.index.to_string(), "127.0.0.1".to_owned()] {
            assert_eq!(link(&text), Ok(loopback.clone()), "{text}");
        }
        let error = link("no-such-0").expect_err("there is none");
        assert!(error.contains("no-such-0") && error.contains(&loopback.name), "{error}");
        assert!(link("").is_err() && link("0").is_err());
    }
}
