//! Multicast groups: which ones a socket is in, and how it sends to some.
//!
//! Invariant: each membership that was taken is given back once, also when the list changes while the socket is open.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::SockRef;

use super::Datagrams;
use super::socket::Bound;
use super::system;
use crate::engine::calls;
use crate::engine::command::Event;
use crate::engine::reactor::Reactor;
use crate::error::OpError;
use crate::journal::{Call, Detail, Level};
use crate::lookup::{self, Link};

/// Groups that a session may be in at most. Linux grants 20 of IPv4 unless it is told otherwise (ip(7),
/// `igmp_max_memberships`).
pub const MOST_GROUPS: usize = 256;

/// How far what is sent to a group goes unless a person says otherwise: it stays on its network (RFC 1112 §6.1, RFC
/// 3493 §5.2).
const USUAL_TTL: u8 = 1;

/// The multicast settings of a UDP session; they may change while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multicast {
    /// The groups that the socket is to be in, none twice, at most [`MOST_GROUPS`].
    pub groups: Vec<Group>,
    /// Over how many routers what is sent to a group goes, 0…255 (`IP_MULTICAST_TTL`, `IPV6_MULTICAST_HOPS`); `None`:
    /// 1, no router.
    pub ttl: Option<u8>,
    /// Receivers on this machine get it too (`IP_MULTICAST_LOOP`, `IPV6_MULTICAST_LOOP`).
    pub loopback: bool,
    /// The interface through which it leaves (`IP_MULTICAST_IF`, `IPV6_MULTICAST_IF`); `None`: as the routes say.
    pub interface: Option<Link>,
    /// Others may bind the same address and port, and each gets what is sent to a group; set before binding alone.
    pub reuse: bool,
}

impl Default for Multicast {
    fn default() -> Self {
        Self { groups: Vec::new(), ttl: None, loopback: true, interface: None, reuse: false }
    }
}

/// A membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// A multicast address (RFC 5771, RFC 4291 §2.7).
    pub address: IpAddr,
    /// The one sender to be heard (RFC 4607), of the same family; `None`: any.
    pub source: Option<IpAddr>,
    /// Where.
    pub on: On,
}

/// The interfaces on which a group is joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum On {
    /// The one that the system's routes choose.
    #[default]
    Routed,
    /// Each that has an address of the group's family, as long as the list is taken: later ones are not joined.
    Each,
    /// This one.
    Link(Link),
}

/// `239.1.2.3`, `239.1.2.3 on eth0`, `232.1.2.3 on all interfaces from 10.0.0.1`.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)?;
        match &self.on {
            On::Routed => {}
            On::Each => f.write_str(" on all interfaces")?,
            On::Link(link) => write!(f, " on {}", link.name)?,
        }
        self.source.map_or(Ok(()), |source| write!(f, " from {source}"))
    }
}

impl Group {
    /// The same group, on one interface.
    fn at(&self, on: On) -> Self {
        Self { on, ..self.clone() }
    }

    /// The memberships that it takes: one, unless it is meant for each interface.
    fn memberships(&self) -> Vec<Self> {
        match self.on {
            On::Each => {
                let speaking = lookup::links().into_iter().filter(|link| link.speaks(self.address));
                speaking.map(|link| self.at(On::Link(link))).collect()
            }
            _ => vec![self.clone()],
        }
    }

    fn link(&self) -> Option<&Link> {
        match &self.on {
            On::Link(link) => Some(link),
            On::Routed | On::Each => None,
        }
    }

    /// Takes or gives back this membership, and notes the call.
    fn set(&self, socket: &SockRef<'_>, joined: bool) -> std::io::Result<()> {
        let (level, option) = match (self.address, self.source, joined) {
            (IpAddr::V4(_), None, true) => (Level::Ip, "IP_ADD_MEMBERSHIP"),
            (IpAddr::V4(_), None, false) => (Level::Ip, "IP_DROP_MEMBERSHIP"),
            (IpAddr::V4(_), Some(_), true) => (Level::Ip, "IP_ADD_SOURCE_MEMBERSHIP"),
            (IpAddr::V4(_), Some(_), false) => (Level::Ip, "IP_DROP_SOURCE_MEMBERSHIP"),
            (IpAddr::V6(_), None, true) => (Level::Ipv6, "IPV6_ADD_MEMBERSHIP"),
            (IpAddr::V6(_), None, false) => (Level::Ipv6, "IPV6_DROP_MEMBERSHIP"),
            (IpAddr::V6(_), Some(_), true) => (Level::Ipv6, "MCAST_JOIN_SOURCE_GROUP"),
            (IpAddr::V6(_), Some(_), false) => (Level::Ipv6, "MCAST_LEAVE_SOURCE_GROUP"),
        };
        let value = format!("{{{self}}}");
        calls::set(&**socket, level, option, value.as_str(), self.change(socket, joined))
    }

    fn change(&self, socket: &SockRef<'_>, joined: bool) -> std::io::Result<()> {
        let link = self.link();
        match (self.address, self.source) {
            (IpAddr::V4(group), Some(IpAddr::V4(source))) => {
                let at = link.and_then(|link| link.v4).unwrap_or(Ipv4Addr::UNSPECIFIED);
                system::set_source_v4(socket, joined, &source, &group, &at)
            }
            (IpAddr::V4(group), _) => system::set_group_v4(socket, joined, &group, link),
            (IpAddr::V6(group), source) => {
                let index = link.map_or(0, |link| link.index);
                match (source, joined) {
                    (Some(IpAddr::V6(source)), _) => system::set_source_v6(socket, joined, source, group, index),
                    (_, true) => socket.join_multicast_v6(&group, index),
                    (_, false) => socket.leave_multicast_v6(&group, index),
                }
            }
        }
    }
}

/// What the log says of a membership, and the calls behind it.
type Told = (Detail, Vec<Call>);

/// A group that could be joined nowhere.
#[derive(Debug)]
pub(super) struct NotJoined {
    group: Group,
    error: OpError,
}

/// The memberships that a socket has.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    taken: Vec<(Group, Group)>,
}

impl Memberships {
    /// Leaves what is no longer in `now`, and joins what was not in `before`. Returns what happened, in order and each
    /// with its calls, and which groups could be joined nowhere.
    fn follow(&mut self, socket: &SockRef<'_>, before: &[Group], now: &[Group]) -> (Vec<Told>, Vec<NotJoined>) {
        let (mut told, mut failed) = (Vec::new(), Vec::new());
        let (gone, kept): (Vec<_>, _) =
            std::mem::take(&mut self.taken).into_iter().partition(|(asked, _)| !now.contains(asked));
        self.taken = kept;
        for (_, membership) in gone {
            let (left, calls) = calls::during(|| membership.set(socket, false));
            let detail = match left {
                Ok(()) => Detail::Note(format!("left {membership}")),
                Err(error) => Detail::Error(Box::new(OpError::io("leave", &membership, &error))),
            };
            told.push((detail, calls));
        }
        for asked in now.iter().filter(|group| !before.contains(group)) {
            let memberships = asked.memberships();
            let mut last = memberships.is_empty().then(|| {
                let error = OpError::new("join", asked, "no interface has an address of that family");
                told.push((Detail::Error(Box::new(error.clone())), Vec::new()));
                error
            });
            let taken = self.taken.len();
            for membership in memberships {
                let (joined, calls) = calls::during(|| membership.set(socket, true));
                match joined {
                    Ok(()) => {
                        told.push((Detail::Note(format!("joined {membership}")), calls));
                        self.taken.push((asked.clone(), membership));
                    }
                    Err(error) => {
                        let error = OpError::io("join", &membership, &error);
                        told.push((Detail::Error(Box::new(error.clone())), calls));
                        last = Some(error);
                    }
                }
            }
            if let Some(error) = last.filter(|_| self.taken.len() == taken) {
                failed.push(NotJoined { group: asked.clone(), error });
            }
        }
        (told, failed)
    }
}

/// Which families a socket bound to `local` speaks: IPv4, IPv6.
fn families(local: SocketAddr, dual_stack: bool) -> (bool, bool) {
    (local.is_ipv4() || dual_stack, local.is_ipv6())
}

/// Sets how `socket` sends to groups, as far as that has changed.
fn set_sending(bound: &Bound, before: &Multicast, now: &Multicast) -> Vec<OpError> {
    let socket = SockRef::from(&bound.socket);
    let (v4, v6) = families(bound.local, bound.dual_stack);
    let mut errors = Vec::new();
    let mut set = |option, wanted: bool, set: &dyn Fn() -> std::io::Result<()>| {
        if wanted && let Err(error) = set() {
            errors.push(OpError::io("set", option, &error));
        }
    };
    if before.ttl != now.ttl {
        let ttl = u32::from(now.ttl.unwrap_or(USUAL_TTL));
        set("IP_MULTICAST_TTL", v4, &|| socket.set_multicast_ttl_v4(ttl));
        set("IPV6_MULTICAST_HOPS", v6, &|| socket.set_multicast_hops_v6(ttl));
    }
    if before.loopback != now.loopback {
        set("IP_MULTICAST_LOOP", v4, &|| socket.set_multicast_loop_v4(now.loopback));
        set("IPV6_MULTICAST_LOOP", v6, &|| socket.set_multicast_loop_v6(now.loopback));
    }
    if before.interface != now.interface {
        let link = now.interface.as_ref();
        let has = |speaks: fn(&Link) -> bool| link.is_none_or(speaks);
        let address = link.and_then(|link| link.v4).unwrap_or(Ipv4Addr::UNSPECIFIED);
        let index = link.map_or(0, |link| link.index);
        set("IP_MULTICAST_IF", v4 && has(|link| link.v4.is_some()), &|| socket.set_multicast_if_v4(&address));
        set("IPV6_MULTICAST_IF", v6 && has(|link| link.has_v6), &|| socket.set_multicast_if_v6(index));
    }
    errors
}

/// Has the kernel deliver what was sent to the groups of `socket` itself, not to those that any program on this machine
/// joined (ip(7), `IP_MULTICAST_ALL`), so that a group that was left is left. Older systems refuse; then it is as it
/// always was.
pub(super) fn only_own_groups(bound: &Bound) {
    let (v4, v6) = families(bound.local, bound.dual_stack);
    system::only_own_groups(&SockRef::from(&bound.socket), v4, v6);
}

/// Why nothing that is sent to the group comes to a socket bound to `local`, if so: a bound address is a filter, except
/// on Windows.
pub fn unreachable(group: IpAddr, local: IpAddr, dual_stack: bool) -> Option<String> {
    if group.is_ipv4() != local.is_ipv4() && !(group.is_ipv4() && dual_stack) {
        let family = |ip: IpAddr| if ip.is_ipv4() { "IPv4" } else { "IPv6" };
        let all = if group.is_ipv4() { "0.0.0.0" } else { "::" };
        return Some(format!(
            "{group} is {}, and the socket is {}: bind it to {all}, or to * for both",
            family(group),
            family(local)
        ));
    }
    if cfg!(windows) || local.is_unspecified() || local == group {
        return None;
    }
    let all = if local.is_ipv4() { "0.0.0.0" } else { "::" };
    Some(format!("nothing sent to {group} comes to a socket that is bound to {local}: bind it to {all} or {group}"))
}

impl Datagrams {
    /// Sets everything about multicast on a socket that was just bound.
    pub(super) fn open_groups(&mut self) -> Vec<NotJoined> {
        if let Some(bound) = &self.socket {
            let ((), calls) = calls::during(|| only_own_groups(bound));
            calls.into_iter().for_each(|call| self.writer.call_after(None, call));
            let local = bound.local.ip();
            if local.is_multicast() && !self.options.multicast.groups.iter().any(|it| it.address == local) {
                let note = format!("bound to the group {local}: what is sent to it comes once you join it");
                self.writer.detail(None, Detail::Note(note));
            }
        }
        self.follow_groups(&Multicast::default())
    }

    /// Goes on with the present settings, which were `before`. Returns the groups that could not be joined.
    pub(super) fn follow_groups(&mut self, before: &Multicast) -> Vec<NotJoined> {
        let now = &self.options.multicast;
        let Some(bound) = self.socket.as_ref().filter(|_| before != now) else {
            return Vec::new();
        };
        let socket = SockRef::from(&bound.socket);
        let ((), asked) = calls::during(|| {
            if !now.groups.is_empty() {
                system::tell_destinations(&socket, bound.local, bound.dual_stack);
            }
        });
        let errors = set_sending(bound, before, now);
        let (told, failed) = self.memberships.follow(&socket, &before.groups, &now.groups);
        for error in errors {
            self.error(None, error);
        }
        if !told.is_empty() {
            self.writer.calls(asked);
        }
        for (detail, calls) in told {
            self.writer.calls(calls);
            self.writer.detail(None, detail);
        }
        failed
    }
}

impl Datagrams {
    pub(super) fn tell_not_joined(&self, groups: Vec<NotJoined>, reactor: &mut Reactor) {
        for NotJoined { group, error } in groups {
            reactor.events.push(Event::NotJoined { session: self.session, group, error });
        }
    }
}

/// Whether `ip` stands for many.
pub(super) fn is_shared(ip: IpAddr) -> bool {
    ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST)
}

/// The number of the interface that belongs to an IPv6 address whose reach is one link (RFC 4007 §5): without it the
/// address means nothing. 0 for every other address.
pub(super) fn scope_of(ip: Ipv6Addr, index: u32) -> u32 {
    /// Interface-local and link-local (RFC 7346 §2).
    const NARROW: [u8; 2] = [1, 2];
    let is_narrow_group = ip.is_multicast() && NARROW.contains(&(ip.octets()[1] & 0xf));
    if is_narrow_group || ip.is_unicast_link_local() { index } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn check_reach(group: &str, local: &str, dual_stack: bool, reaches: bool) {
        let reason = unreachable(ip(group), ip(local), dual_stack);
        assert_eq!(reason.is_none(), reaches, "{group} at {local}: {reason:?}");
    }

    #[test]
    fn a_group_that_nothing_comes_from_is_refused() {
        check_reach("239.1.2.3", "0.0.0.0", false, true);
        check_reach("239.1.2.3", "239.1.2.3", false, true);
        check_reach("239.1.2.3", "::", true, true);
        check_reach("239.1.2.3", "::", false, false);
        check_reach("239.1.2.3", "239.1.2.4", false, cfg!(windows));
        check_reach("239.1.2.3", "127.0.0.1", false, cfg!(windows));
        check_reach("ff02::1", "::", false, true);
        check_reach("ff02::1", "ff02::1", false, true);
        check_reach("ff02::1", "0.0.0.0", false, false);
        check_reach("ff02::1", "fe80::1", false, cfg!(windows));
    }

    #[test]
    fn narrow_addresses_have_a_scope() {
        let check = |text: &str, expected| assert_eq!(scope_of(text.parse().expect("IPv6"), 7), expected, "{text}");
        check("ff02::1", 7);
        check("ff12::1", 7);
        check("ff01::1", 7);
        check("ff05::1", 0);
        check("ff0e::1", 0);
        check("fe80::1", 7);
        check("2001:db8::1", 0);
    }

    #[test]
    fn memberships_are_taken_and_given_back_once() {
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
        let socket = SockRef::from(&socket);
        let Ok(link) = lookup::link("127.0.0.1") else { return };
        let group = |text| Group { address: ip(text), source: None, on: On::Link(link.clone()) };
        let (a, b) = (group("239.1.2.3"), group("239.1.2.4"));
        let mut memberships = Memberships::default();
        let mut check = |before: &[&Group], now: &[&Group], expected: &[&str]| {
            let owned = |list: &[&Group]| list.iter().copied().cloned().collect::<Vec<_>>();
            let (told, _) = memberships.follow(&socket, &owned(before), &owned(now));
            assert_eq!(told.iter().map(|(detail, _)| detail.words()).collect::<Vec<_>>(), expected);
        };
        let on = &link.name;
        check(&[], &[&a], &[&format!("joined 239.1.2.3 on {on}")]);
        check(&[&a], &[&a, &b], &[&format!("joined 239.1.2.4 on {on}")]);
        check(&[&a, &b], &[&b], &[&format!("left 239.1.2.3 on {on}")]);
        check(&[&b], &[&b], &[]);
        check(&[&b], &[], &[&format!("left 239.1.2.4 on {on}")]);
    }

    #[test]
    fn what_can_not_be_joined_is_told() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let nobody = Link { name: "gone0".into(), index: 99_999, v4: None, has_v6: true, is_loopback: false };
        let group = Group { address: ip("239.1.2.3"), source: None, on: On::Link(nobody) };
        let (told, failed) =
            Memberships::default().follow(&SockRef::from(&socket), &[], std::slice::from_ref(&group));
        let words = told[0].0.words();
        assert!(words.starts_with("join 239.1.2.3 on gone0: "), "{words}");
        assert_eq!((failed.len(), &failed[0].group), (1, &group));
        assert_eq!(failed[0].error.to_string(), words);
    }
}
