//! Who may connect to a server, or send to a UDP socket: lists of networks, and how those who may not are told of
//! without flooding the log.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::endpoint::Address;
use crate::figures;

/// Networks on one list, at most: each one is compared with each newcomer, and over UDP with each datagram.
pub const MOST_NETWORKS: usize = 1_024;

/// After one refusal was told, those that follow are counted for this long, and told together.
const TOGETHER: Duration = Duration::from_secs(10);

/// A network: an address, and how many of its first bits count (CIDR, RFC 4632 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The bits after the prefix are zero.
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// The network of the first `prefix` bits of `address`, at most 32 (IPv4) or 128 (IPv6). One of v4-mapped addresses
    /// is the one of the IPv4 addresses that they stand for.
    fn new(address: IpAddr, prefix: u8) -> Self {
        let address = match address {
            IpAddr::V6(v6) if prefix >= 96 => match v6.to_ipv4_mapped() {
                Some(v4) => return Self::new(v4.into(), prefix - 96),
                None => address,
            },
            _ => address,
        };
        Self { address: first_bits(address, prefix), prefix }
    }

    /// Whether `ip` is in it. It is compared as IPv4 if it is v4-mapped.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.address.is_ipv4() == ip.is_ipv4() && first_bits(ip, self.prefix) == self.address
    }
}

/// `ip` with zeros after its first `prefix` bits.
fn first_bits(ip: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match ip {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = if self.address.is_ipv4() { 32 } else { 128 };
        match self.prefix == whole {
            true => write!(f, "{}", self.address),
            false => write!(f, "{}/{}", self.address, self.prefix),
        }
    }
}

impl FromStr for Network {
    type Err = String;

    /// `192.0.2.0/24`, `2001:db8::/32`, or one address.
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| {
            format!("{text:?} is no network: write an address or a network such as 192.0.2.0/24 or 2001:db8::/32")
        })?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let Some(prefix) = prefix else {
            return Ok(Self::new(address, most));
        };
        let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
        let number = prefix.parse::<u8>().ok().filter(|number| digits && *number <= most);
        let number = number
            .ok_or_else(|| format!("{text:?}: after the slash there is a number of bits from 0 to {most}"))?;
        Ok(Self::new(address, number))
    }
}

/// The networks in `text`: separated by commas, spaces or new lines; after `#` a line is a remark.
///
/// # Errors
///
/// The first that is none, in one sentence; or that there are more than [`MOST_NETWORKS`].
pub fn networks(text: &str) -> Result<Vec<Network>, String> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words = lines.flat_map(|line| line.split([',', ';', ' ', '\t'])).map(str::trim);
    let mut list = Vec::new();
    for word in words.filter(|word| !word.is_empty()) {
        if list.len() == MOST_NETWORKS {
            return Err(format!("a list has at most {} networks", figures::count(MOST_NETWORKS as u64)));
        }
        list.push(word.parse()?);
    }
    Ok(list)
}

/// Who may connect, or send datagrams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// If there are some, everyone else is refused.
    pub allow: Vec<Network>,
    /// These are refused, also when they are allowed.
    pub deny: Vec<Network>,
}

/// Why somebody is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A network of the deny list.
    Denied(Network),
    /// There is an allow list, and it has nobody like that.
    NotAllowed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(network) => write!(f, "{network} is on the deny list"),
            Self::NotAllowed => write!(f, "it is not on the allow list"),
        }
    }
}

impl Access {
    /// Whether `peer` is refused, and why. A Unix socket has no network: it is never refused here.
    pub fn refuses(&self, peer: &Address) -> Option<Refusal> {
        if self.is_open() {
            return None;
        }
        let ip = peer.ip()?;
        if let Some(network) = self.deny.iter().find(|network| network.contains(ip)) {
            return Some(Refusal::Denied(*network));
        }
        let allowed = self.allow.is_empty() || self.allow.iter().any(|network| network.contains(ip));
        (!allowed).then_some(Refusal::NotAllowed)
    }

    /// Whether both lists are empty: everybody may.
    pub fn is_open(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }
}

/// Those who were refused: the first is told at once, those who follow within some seconds by their number.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// Not told yet.
    waiting: u64,
    until: Option<Instant>,
}

impl Refused {
    /// One more. Whether it is told by itself, and when the next ones are told at the latest.
    pub(super) fn one(&mut self, now: Instant) -> Option<Instant> {
        if self.until.is_some() {
            self.waiting += 1;
            return None;
        }
        self.until = Some(now + TOGETHER);
        self.until
    }

    /// How many are to be told now, and when the next are, while they keep coming.
    pub(super) fn due(&mut self, now: Instant) -> Option<(u64, Instant)> {
        let until = self.until.filter(|until| *until <= now)?;
        if self.waiting == 0 {
            self.until = None;
            return None;
        }
        let next = until.max(now) + TOGETHER;
        self.until = Some(next);
        Some((std::mem::take(&mut self.waiting), next))
    }

    /// How many were not told, at the end.
    pub(super) fn rest(&mut self) -> Option<u64> {
        self.until = None;
        Some(std::mem::take(&mut self.waiting)).filter(|rest| *rest > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(network: &str, ip: &str, expected: bool) {
        let network: Network = network.parse().expect("a network");
        assert_eq!(network.contains(ip.parse().expect("an address")), expected, "{ip} in {network}");
    }

    #[test]
    fn addresses_are_in_networks() {
        check("192.0.2.0/24", "192.0.2.255", true);
        check("192.0.2.0/24", "192.0.3.0", false);
        check("192.0.2.77/24", "192.0.2.1", true);
        check("192.0.2.1", "192.0.2.1", true);
        check("192.0.2.1", "192.0.2.2", false);
        check("0.0.0.0/0", "255.255.255.255", true);
        check("0.0.0.0/0", "::1", false);
        check("::/0", "::1", true);
        check("::/0", "192.0.2.1", false);
        check("2001:db8::/32", "2001:db8:ffff::1", true);
        check("2001:db8::/33", "2001:db8:ffff::1", false);
        check("::1/128", "::1", true);
    }

    #[test]
    fn mapped_addresses_compare_as_ipv4() {
        check("127.0.0.0/8", "::ffff:127.0.0.1", true);
        check("::ffff:127.0.0.0/104", "127.9.9.9", true);
        check("::ffff:127.0.0.1", "127.0.0.1", true);
        check("::ffff:127.0.0.1", "::ffff:127.0.0.2", false);
    }

    fn wrong(text: &str, expected: &str) {
        let error = networks(text).expect_err("it is wrong");
        assert!(error.contains(expected), "{text:?}: {error}");
    }

    #[test]
    fn lists_are_read_and_errors_told() {
        let list = networks("10.0.0.0/8, 192.0.2.1\n\n::1 # here\n# all of it: 1.2.3\n").expect("three networks");
        let list: Vec<_> = list.iter().map(ToString::to_string).collect();
        assert_eq!(list, ["10.0.0.0/8", "192.0.2.1", "::1"]);
        assert_eq!(networks(" \n"), Ok(Vec::new()));
        wrong("10.0.0/8", "\"10.0.0/8\" is no network");
        wrong("10.0.0.0/33", "from 0 to 32");
        wrong("::/129", "from 0 to 128");
        wrong("10.0.0.0/+8", "from 0 to 32");
        wrong("10.0.0.0/", "from 0 to 32");
        wrong("example.org", "is no network");
        wrong(&"::1 ".repeat(MOST_NETWORKS + 1), "at most 1,024 networks");
    }

    fn check_access(allow: &str, deny: &str, peer: &str, expected: Option<&str>) {
        let access = Access { allow: networks(allow).expect("a list"), deny: networks(deny).expect("a list") };
        let ip: IpAddr = peer.parse().expect("an address");
        let refusal = access.refuses(&Address::from((ip, 9)));
        assert_eq!(refusal.map(|refusal| refusal.to_string()).as_deref(), expected, "{peer}");
    }

    #[test]
    fn who_may_come() {
        check_access("", "", "192.0.2.1", None);
        check_access("192.0.2.0/24", "", "192.0.2.1", None);
        check_access("192.0.2.0/24", "", "198.51.100.1", Some("it is not on the allow list"));
        check_access("192.0.2.0/24", "192.0.2.1", "192.0.2.1", Some("192.0.2.1 is on the deny list"));
        check_access("", "192.0.2.0/24", "192.0.2.1", Some("192.0.2.0/24 is on the deny list"));
        check_access("", "192.0.2.0/24", "::1", None);
        check_access("127.0.0.1", "", "::ffff:127.0.0.1", None);
    }

    #[test]
    fn a_flood_of_refused_peers_is_a_record_and_a_count() {
        let (mut refused, start) = (Refused::default(), Instant::now());
        assert_eq!(refused.one(start), Some(start + TOGETHER));
        for _ in 0..10_000 {
            assert_eq!(refused.one(start + TOGETHER / 2), None);
        }
        assert_eq!(refused.due(start + TOGETHER / 2), None);
        assert_eq!(refused.due(start + TOGETHER), Some((10_000, start + 2 * TOGETHER)));
        assert_eq!(refused.due(start + 2 * TOGETHER), None);
        assert!(refused.one(start + 2 * TOGETHER).is_some(), "after a pause the next one is told by itself");
        assert_eq!(refused.one(start + 2 * TOGETHER), None);
        assert_eq!(refused.rest(), Some(1));
        assert_eq!(refused.rest(), None);
    }

    proptest! {
        #[test]
        fn a_network_is_what_it_prints(bits: u128, v4: bool, prefix in 0_u8..=128) {
            #[allow(clippy::cast_possible_truncation, reason = "any bits will do")]
            let (ip, prefix) = match v4 {
                true => (IpAddr::from((bits as u32).to_be_bytes()), prefix.min(32)),
                false => (IpAddr::from(bits.to_be_bytes()), prefix),
            };
            let network = Network::new(ip, prefix);
            prop_assert_eq!(network.to_string().parse(), Ok(network));
            prop_assert!(network.contains(ip) || ip.to_canonical() != ip);
        }
    }
}
