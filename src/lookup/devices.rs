//! The network interfaces of this machine with their addresses, and what changes between two looks at them. Whoever
//! asks the system is elsewhere.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// Interfaces, and addresses of one of them, that are kept at most.
const MOST: usize = 4_096;

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkInterface {
    /// Its number, from 1 on; 0 where the system does not tell.
    pub index: u32,
    /// `lo`, `eth0`.
    pub name: String,
    /// Whether it can carry something now: `up`, `down`, or in the system's words why not (RFC 2863 §3.1.14).
    pub state: String,
    /// `UP`, `LOOPBACK` …, as the system has them (netdevice(7)).
    pub flags: Vec<&'static str>,
    /// The largest datagram that it carries in one piece, in bytes; 0 where the system does not tell.
    pub mtu: u32,
    /// Its hardware address, `02:00:00:00:00:01`; empty where it has none.
    pub mac: String,
    /// Its addresses, IPv4 first.
    pub addresses: Vec<InterfaceAddress>,
}

/// An address of an interface.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InterfaceAddress {
    /// The address.
    pub ip: IpAddr,
    /// Bits that it shares with its network.
    pub prefix: u8,
    /// How far it is known: `global`, `site`, `link`, `host`; empty where the system does not tell.
    pub scope: String,
    /// `permanent`, `tentative` …
    pub flags: Vec<&'static str>,
    /// The address that reaches everyone on that network, where there is one.
    pub broadcast: Option<Ipv4Addr>,
}

impl InterfaceAddress {
    /// `10.0.0.1/24 global permanent`.
    pub fn words(&self) -> String {
        let mut words = format!("{}/{}", self.ip, self.prefix);
        for word in std::iter::once(self.scope.as_str()).chain(self.flags.iter().copied()) {
            if !word.is_empty() {
                words.push(' ');
                words.push_str(word);
            }
        }
        words
    }
}

impl NetworkInterface {
    /// All of it in a line: `eth0 (2): up, MTU 1500, 02:00:00:00:00:01, UP BROADCAST; 10.0.0.1/24 global`.
    pub fn words(&self) -> String {
        let mut words = format!("{} ({}): {}", self.name, self.index, self.state);
        if self.mtu > 0 {
            words.push_str(&format!(", MTU {}", self.mtu));
        }
        if !self.mac.is_empty() {
            words.push_str(&format!(", {}", self.mac));
        }
        if !self.flags.is_empty() {
            words.push_str(&format!(", {}", self.flags.join(" ")));
        }
        for address in &self.addresses {
            words.push_str(&format!("; {}", address.words()));
        }
        words
    }
}

/// What the system says of one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux tells of changes"))]
pub(super) enum News {
    /// It is there; its addresses are told apart.
    Link(NetworkInterface),
    /// It is gone.
    LinkGone(u32),
    /// It has an address.
    Address(u32, InterfaceAddress),
    /// It has an address no more.
    AddressGone(u32, InterfaceAddress),
}

/// All interfaces, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Links(BTreeMap<u32, NetworkInterface>);

#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux tells of changes"))]
impl Links {
    /// All of them.
    pub(super) fn all(&self) -> Vec<NetworkInterface> {
        self.0.values().cloned().collect()
    }

    /// Takes news in. Returns what changed, in sentences.
    pub(super) fn take(&mut self, news: News) -> Vec<String> {
        match news {
            News::Link(link) => self.link(link),
            News::LinkGone(index) => {
                self.0.remove(&index).map(|link| format!("{} was removed", link.name)).into_iter().collect()
            }
            News::Address(index, address) => self.address(index, address),
            News::AddressGone(index, address) => {
                let Some(link) = self.0.get_mut(&index) else { return Vec::new() };
                let before = link.addresses.len();
                link.addresses.retain(|known| (known.ip, known.prefix) != (address.ip, address.prefix));
                let is_gone = link.addresses.len() < before;
                is_gone
                    .then(|| format!("{}: {}/{} was removed", link.name, address.ip, address.prefix))
                    .into_iter()
                    .collect()
            }
        }
    }

    fn link(&mut self, mut link: NetworkInterface) -> Vec<String> {
        let Some(known) = self.0.get_mut(&link.index) else {
            if self.0.len() >= MOST {
                return Vec::new();
            }
            let told = format!("{} was added: {}", link.name, link.state);
            self.0.insert(link.index, link);
            return vec![told];
        };
        link.addresses = std::mem::take(&mut known.addresses);
        let before = std::mem::replace(known, link);
        changes(&before, known)
    }

    fn address(&mut self, index: u32, address: InterfaceAddress) -> Vec<String> {
        let Some(link) = self.0.get_mut(&index) else { return Vec::new() };
        let is_same = |known: &&mut InterfaceAddress| (known.ip, known.prefix) == (address.ip, address.prefix);
        if let Some(known) = link.addresses.iter_mut().find(is_same) {
            if *known == address {
                return Vec::new();
            }
            let told = format!("{}: {} is now {}", link.name, known.words(), address.words());
            *known = address;
            return vec![told];
        }
        if link.addresses.len() >= MOST {
            return Vec::new();
        }
        let told = format!("{}: {} was added", link.name, address.words());
        link.addresses.push(address);
        link.addresses.sort();
        vec![told]
    }

    /// Puts a fresh look at all of them in the place of what was known. Returns what changed, in sentences.
    pub(super) fn replace(&mut self, fresh: Self) -> Vec<String> {
        let mut told = Vec::new();
        for (index, before) in &self.0 {
            match fresh.0.get(index) {
                None => told.push(format!("{} was removed", before.name)),
                Some(link) => {
                    told.extend(changes(before, link));
                    let gone = before.addresses.iter().filter(|address| !link.addresses.contains(address));
                    told.extend(gone.map(|address| format!("{}: {} was removed", link.name, address.words())));
                    let new = link.addresses.iter().filter(|address| !before.addresses.contains(address));
                    told.extend(new.map(|address| format!("{}: {} was added", link.name, address.words())));
                }
            }
        }
        let new = fresh.0.iter().filter(|(index, _)| !self.0.contains_key(index));
        told.extend(new.map(|(_, link)| format!("{} was added: {}", link.name, link.state)));
        *self = fresh;
        told
    }
}

/// What is different of an interface beside its addresses.
fn changes(before: &NetworkInterface, now: &NetworkInterface) -> Vec<String> {
    let mut told = Vec::new();
    let name = &now.name;
    if before.name != *name {
        told.push(format!("{} is called {name} now", before.name));
    }
    if before.state != now.state {
        told.push(format!("{name} is {}", now.state));
    }
    if before.mtu != now.mtu {
        told.push(format!("{name}: the MTU is {}, and was {}", now.mtu, before.mtu));
    }
    if before.mac != now.mac {
        told.push(format!("{name}: the hardware address is {}, and was {}", now.mac, before.mac));
    }
    let new: Vec<_> = now.flags.iter().filter(|flag| !before.flags.contains(flag)).copied().collect();
    let gone: Vec<_> = before.flags.iter().filter(|flag| !now.flags.contains(flag)).copied().collect();
    if !new.is_empty() {
        told.push(format!("{name} has {}", new.join(" ")));
    }
    if !gone.is_empty() {
        told.push(format!("{name} has no {} any more", gone.join(" ")));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u32, name: &str, state: &str) -> NetworkInterface {
        NetworkInterface {
            index,
            name: name.to_owned(),
            state: state.to_owned(),
            mtu: 1500,
            ..NetworkInterface::default()
        }
    }

    fn address(ip: &str) -> InterfaceAddress {
        let ip = ip.parse().expect("an address");
        InterfaceAddress { ip, prefix: 24, scope: "global".to_owned(), flags: vec!["permanent"], broadcast: None }
    }

    fn check(links: &mut Links, news: News, expected: &[&str]) {
        assert_eq!(links.take(news), expected);
    }

    #[test]
    fn each_change_is_a_sentence() {
        let mut links = Links::default();
        check(&mut links, News::Link(link(2, "eth0", "down")), &["eth0 was added: down"]);
        check(&mut links, News::Link(link(2, "eth0", "down")), &[]);
        let up = NetworkInterface { flags: vec!["UP"], mtu: 9000, ..link(2, "lan", "up") };
        let told = ["eth0 is called lan now", "lan is up", "lan: the MTU is 9000, and was 1500", "lan has UP"];
        check(&mut links, News::Link(up), &told);
        check(&mut links, News::Address(2, address("10.0.0.1")), &["lan: 10.0.0.1/24 global permanent was added"]);
        check(&mut links, News::Address(2, address("10.0.0.1")), &[]);
        check(&mut links, News::Address(9, address("10.0.0.1")), &[]);
        let kept = NetworkInterface { flags: vec!["UP"], mtu: 9000, ..link(2, "lan", "down") };
        check(&mut links, News::Link(kept), &["lan is down"]);
        assert_eq!(links.all()[0].addresses, [address("10.0.0.1")], "a link's news say nothing of its addresses");
        check(&mut links, News::AddressGone(2, address("10.0.0.1")), &["lan: 10.0.0.1/24 was removed"]);
        check(&mut links, News::AddressGone(2, address("10.0.0.1")), &[]);
        check(&mut links, News::LinkGone(2), &["lan was removed"]);
        check(&mut links, News::LinkGone(2), &[]);
    }

    #[test]
    fn a_fresh_look_tells_what_was_missed() {
        let mut before = Links::default();
        for news in [
            News::Link(link(1, "lo", "up")),
            News::Link(link(2, "eth0", "up")),
            News::Address(1, address("127.0.0.1")),
        ] {
            before.take(news);
        }
        let mut fresh = Links::default();
        for news in [
            News::Link(link(1, "lo", "down")),
            News::Link(link(3, "tun0", "up")),
            News::Address(1, address("127.0.0.2")),
        ] {
            fresh.take(news);
        }
        let expected = [
            "lo is down",
            "lo: 127.0.0.1/24 global permanent was removed",
            "lo: 127.0.0.2/24 global permanent was added",
            "eth0 was removed",
            "tun0 was added: up",
        ];
        assert_eq!(before.replace(fresh.clone()), expected);
        assert_eq!(before.replace(fresh), [""; 0]);
    }
}
