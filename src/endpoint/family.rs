//! Which families of IP addresses are wanted, where a name may have both.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// The family of the addresses that a name is resolved to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Whatever there is.
    #[default]
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl Family {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Any, Self::V4, Self::V6];

    /// The family of `ip`; an IPv4 address that is written as an IPv6 one (RFC 4291 §2.5.5.2) is IPv4.
    pub fn of(ip: IpAddr) -> Self {
        if ip.to_canonical().is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// Whether `ip` is of it.
    pub fn takes(self, ip: IpAddr) -> bool {
        self == Self::Any || self == Self::of(ip)
    }

    /// Those of `addresses` that are of it, in their order.
    pub fn pick(self, addresses: &[SocketAddr]) -> Vec<SocketAddr> {
        addresses.iter().copied().filter(|address| self.takes(address.ip())).collect()
    }
}

/// `IPv4`, `IPv6`, or `any`.
impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any",
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(family: Family, expected: &[&str]) {
        let addresses = ["[::1]:1", "127.0.0.1:1", "[::ffff:10.0.0.1]:1"];
        let addresses = addresses.map(|text| text.parse().expect("an address"));
        let picked: Vec<_> = family.pick(&addresses).iter().map(ToString::to_string).collect();
        assert_eq!(picked, expected, "{family}");
    }

    #[test]
    fn a_family_takes_its_own() {
        check(Family::Any, &["[::1]:1", "127.0.0.1:1", "[::ffff:10.0.0.1]:1"]);
        check(Family::V4, &["127.0.0.1:1", "[::ffff:10.0.0.1]:1"]);
        check(Family::V6, &["[::1]:1"]);
    }
}
