//! Multicast groups as a person types them, and how to send to some.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Errors, Field, note};
use crate::endpoint::Family;
use crate::engine::{Group, MOST_GROUPS, Multicast, On, unreachable};
use crate::lookup::{self, Link};

/// The multicast settings of a UDP socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MulticastForm {
    /// Over how many routers what is sent to a group goes, 0…255; empty: none, which is 1.
    pub ttl: String,
    /// Receivers on this machine get it too.
    pub loopback: bool,
    /// The interface through which it leaves: name, number or address; empty: as the routes say.
    pub interface: String,
    /// Several programs may bind the same port, and each gets what is sent to a group.
    pub reuse: bool,
    /// The groups that the socket is in.
    pub groups: Vec<GroupForm>,
}

impl Default for MulticastForm {
    fn default() -> Self {
        let (ttl, interface, reuse, groups) = Default::default();
        Self { ttl, loopback: true, interface, reuse, groups }
    }
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupForm {
    /// Its address.
    pub group: String,
    /// The one sender to be heard; empty: any.
    pub source: String,
    /// Name, number or address of an interface; `*`: each; empty: as the routes say.
    pub interface: String,
}

/// The words for each interface.
const EACH: [&str; 2] = ["*", "all"];

impl MulticastForm {
    /// The engine's settings for a socket that is bound to `local`, with `dual_stack`; what is wrong goes to `errors`.
    pub(super) fn check(&self, local: Option<(IpAddr, bool)>, errors: &mut Errors) -> Multicast {
        let mut groups = Vec::new();
        for (row, typed) in self.groups.iter().enumerate() {
            let group = match row {
                MOST_GROUPS.. => Err(too_many()),
                _ => typed.check(local).and_then(|group| fits(group, &groups)),
            };
            groups.extend(note(errors, Field::Group(row), group).filter(|group| !groups.contains(group)));
        }
        let interface = note(errors, Field::MulticastInterface, self.interface(local)).flatten();
        let ttl = note(errors, Field::MulticastTtl, ttl(&self.ttl)).flatten();
        Multicast { groups, ttl, loopback: self.loopback, interface, reuse: self.reuse }
    }

    /// What is wrong with how it is written; nothing is looked up.
    pub(super) fn check_spelling(&self, errors: &mut Errors) {
        note(errors, Field::MulticastTtl, ttl(&self.ttl));
        for (row, typed) in self.groups.iter().enumerate().take(MOST_GROUPS) {
            note(errors, Field::Group(row), typed.addresses());
        }
        if self.groups.len() > MOST_GROUPS {
            errors.insert(Field::Group(MOST_GROUPS), too_many());
        }
    }

    fn interface(&self, local: Option<(IpAddr, bool)>) -> Result<Option<Link>, String> {
        if self.interface.trim().is_empty() {
            return Ok(None);
        }
        let link = lookup::link(&self.interface)?;
        match local {
            Some((ip, dual_stack)) if !link.speaks(ip) && !(dual_stack && link.v4.is_some()) => {
                Err(has_no_address(&link, ip))
            }
            _ => Ok(Some(link)),
        }
    }
}

/// `group`, unless the socket is in it in another way: the system would forget one of the two (RFC 3678 §4.1.3).
fn fits(group: Group, others: &[Group]) -> Result<Group, String> {
    let is_same = |other: &&Group| other.address == group.address && other.on == group.on;
    if others.iter().filter(is_same).any(|other| other.source.is_some() != group.source.is_some()) {
        return Err(format!(
            "{} is in the list already: a group is heard from any source, or from some",
            group.address
        ));
    }
    Ok(group)
}

fn too_many() -> String {
    format!("a socket is in at most {MOST_GROUPS} groups")
}

fn has_no_address(link: &Link, like: IpAddr) -> String {
    format!("{} has no {} address", link.name, Family::of(like))
}

fn ttl(text: &str) -> Result<Option<u8>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let number = text.trim().parse().map(Some);
    number.map_err(|_| "the TTL is a whole number from 0 to 255: over how many routers it goes".to_owned())
}

impl GroupForm {
    /// The group, for a socket that is bound to `local`, with `dual_stack`; `None`: not known, or nowhere yet.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong, or why nothing would come.
    pub fn check(&self, local: Option<(IpAddr, bool)>) -> Result<Group, String> {
        let (address, source) = self.addresses()?;
        if let Some(reason) = local.and_then(|(local, dual_stack)| unreachable(address, local, dual_stack)) {
            return Err(reason);
        }
        let on = match self.interface_text() {
            "" => On::Routed,
            text if EACH.contains(&text) => On::Each,
            text => {
                let link = lookup::link(text)?;
                if !link.speaks(address) {
                    return Err(has_no_address(&link, address));
                }
                On::Link(link)
            }
        };
        Ok(Group { address, source, on })
    }

    /// The interface, which may also stand in the address as its scope: `ff02::1%eth0`.
    fn interface_text(&self) -> &str {
        match (self.interface.trim(), self.group.split_once('%')) {
            ("", Some((_, scope))) => scope.trim(),
            (interface, _) => interface,
        }
    }

    /// Group and source, if they are what they should be.
    fn addresses(&self) -> Result<(IpAddr, Option<IpAddr>), String> {
        let text = self.group.split('%').next().unwrap_or_default().trim();
        if text.is_empty() {
            return Err("a group is needed: an address such as 239.1.2.3 or ff02::1234".to_owned());
        }
        let wrong = |text: &str| format!("{text} is not an address");
        let group: IpAddr = text.trim_matches(['[', ']']).parse().map_err(|_| wrong(text))?;
        if !group.is_multicast() {
            let those = "groups are 224.0.0.0 to 239.255.255.255, and ff00:: and up";
            return Err(format!("{group} is not a multicast address: {those}"));
        }
        let text = self.source.trim();
        if text.is_empty() {
            return Ok((group, None));
        }
        let source: IpAddr = text.trim_matches(['[', ']']).parse().map_err(|_| wrong(text))?;
        if source.is_multicast() || source.is_unspecified() {
            return Err(format!("{source} sends nothing: the source is the address of one machine"));
        }
        if source.is_ipv4() != group.is_ipv4() {
            let (is, other) = (Family::of(source), Family::of(group));
            return Err(format!("the source {source} is {is}, and the group is {other}"));
        }
        if source.is_ipv6() && cfg!(not(target_os = "linux")) {
            return Err("one source of an IPv6 group can be chosen on Linux alone".to_owned());
        }
        Ok((group, Some(source)))
    }
}

/// `GROUP[,source=S][@INTERFACE]`, as on the command line.
impl fmt::Display for GroupForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.group.trim())?;
        if !self.source.trim().is_empty() {
            write!(f, ",source={}", self.source.trim())?;
        }
        if !self.interface.trim().is_empty() {
            write!(f, "@{}", self.interface.trim())?;
        }
        Ok(())
    }
}

impl FromStr for GroupForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rest, interface) = text.split_once('@').unwrap_or((text, ""));
        if text.contains('@') && interface.trim().is_empty() {
            return Err("an interface is needed after @: eth0, or * for each".to_owned());
        }
        let (group, source) = match rest.split_once(',') {
            None => (rest, ""),
            Some((group, option)) => match option.trim().split_once('=') {
                Some(("source", source)) if !source.trim().is_empty() => (group, source),
                _ => return Err(format!("{option:?} is not source=ADDRESS: write GROUP,source=ADDRESS@INTERFACE")),
            },
        };
        let owned = |text: &str| text.trim().to_owned();
        let form = Self { group: owned(group), source: owned(source), interface: owned(interface) };
        form.addresses()?;
        Ok(form)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANYWHERE: Option<(IpAddr, bool)> = None;

    fn form(group: &str, source: &str, interface: &str) -> GroupForm {
        GroupForm { group: group.into(), source: source.into(), interface: interface.into() }
    }

    fn check(typed: &GroupForm, expected: Result<&str, &str>) {
        match (typed.check(ANYWHERE), expected) {
            (Ok(group), Ok(expected)) => assert_eq!(group.to_string(), expected),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{error}"),
            (found, expected) => panic!("{typed:?}: {found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn groups_as_typed() {
        check(&form("239.1.2.3", "", ""), Ok("239.1.2.3"));
        check(&form(" ff02::1234 ", "", "*"), Ok("ff02::1234 on all interfaces"));
        check(&form("[ff02::1234]", "", ""), Ok("ff02::1234"));
        check(&form("232.1.2.3", "10.0.0.1", "all"), Ok("232.1.2.3 on all interfaces from 10.0.0.1"));
        check(&form("", "", ""), Err("a group is needed"));
        check(&form("10.0.0.1", "", ""), Err("10.0.0.1 is not a multicast address"));
        check(&form("fe80::1", "", ""), Err("not a multicast address"));
        check(&form("239.1.2", "", ""), Err("239.1.2 is not an address"));
        check(&form("239.1.2.3", "fe80::1", ""), Err("the source fe80::1 is IPv6, and the group is IPv4"));
        check(&form("239.1.2.3", "224.0.0.1", ""), Err("sends nothing"));
        check(&form("239.1.2.3", "nobody", ""), Err("nobody is not an address"));
        check(&form("239.1.2.3", "", "no-such-0"), Err("no-such-0 is no interface"));
        check(&form("ff02::1%no-such-0", "", ""), Err("no-such-0 is no interface"));
    }

    #[test]
    fn an_interface_by_name_number_or_address() {
        let link = lookup::link("127.0.0.1").expect("loopback");
        let expected = format!("239.1.2.3 on {}", link.name);
        for interface in [link.name.clone(), link.index.to_string(), "127.0.0.1".to_owned()] {
            check(&form("239.1.2.3", "", &interface), Ok(&expected));
        }
    }

    #[test]
    fn a_group_fits_its_socket() {
        let typed = form("239.1.2.3", "", "");
        let at = |text: &str, dual_stack| typed.check(Some((text.parse().expect("an address"), dual_stack)));
        assert!(at("0.0.0.0", false).is_ok() && at("::", true).is_ok());
        assert!(at("::", false).is_err_and(|error| error.contains("the socket is IPv6")));
    }

    #[test]
    fn errors_are_at_their_fields() {
        let multicast = MulticastForm {
            ttl: "256".into(),
            interface: "no-such-0".into(),
            groups: vec![form("239.1.2.3", "", ""), form("1.2.3.4", "", "")],
            ..MulticastForm::default()
        };
        let mut errors = Errors::new();
        let checked = multicast.check(ANYWHERE, &mut errors);
        let fields: Vec<_> = errors.into_keys().collect();
        assert_eq!(fields, [Field::MulticastTtl, Field::MulticastInterface, Field::Group(1)]);
        assert_eq!(checked.groups.len(), 1);
    }

    #[test]
    fn the_list_is_bounded_and_none_is_there_twice() {
        let groups: Vec<_> =
            (0..=MOST_GROUPS).map(|n| form(&format!("239.1.{}.{}", n / 256, n % 256), "", "")).collect();
        let mut errors = Errors::new();
        let multicast = MulticastForm { groups, ..MulticastForm::default() };
        assert_eq!(multicast.check(ANYWHERE, &mut errors).groups.len(), MOST_GROUPS);
        assert_eq!(errors.into_keys().collect::<Vec<_>>(), [Field::Group(MOST_GROUPS)]);
        let twice = vec![form("239.1.2.3", "", ""), form("239.1.2.3 ", "", "")];
        let multicast = MulticastForm { groups: twice, ..MulticastForm::default() };
        assert_eq!(multicast.check(ANYWHERE, &mut Errors::new()).groups.len(), 1);
    }

    #[test]
    fn any_source_and_one_do_not_go_together() {
        let check = |second: GroupForm, expected: usize| {
            let groups = vec![form("232.1.2.3", "10.0.0.1", ""), second];
            let mut errors = Errors::new();
            MulticastForm { groups, ..MulticastForm::default() }.check(ANYWHERE, &mut errors);
            assert_eq!(errors.len(), expected, "{errors:?}");
        };
        check(form("232.1.2.3", "", ""), 1);
        check(form("232.1.2.3", "10.0.0.2", ""), 0);
        check(form("232.1.2.3", "", "*"), 0);
        check(form("232.1.2.4", "", ""), 0);
    }

    fn check_word(text: &str, expected: Result<GroupForm, &str>) {
        match (text.parse::<GroupForm>(), expected) {
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{error}"),
            (found, expected) => assert_eq!(found, expected.map_err(str::to_owned), "{text}"),
        }
    }

    #[test]
    fn groups_on_the_command_line() {
        check_word("239.1.2.3", Ok(form("239.1.2.3", "", "")));
        check_word("239.1.2.3@eth0", Ok(form("239.1.2.3", "", "eth0")));
        check_word("232.1.2.3,source=10.0.0.1@*", Ok(form("232.1.2.3", "10.0.0.1", "*")));
        check_word("ff02::1%eth0", Ok(form("ff02::1%eth0", "", "")));
        check_word("239.1.2.3@", Err("after @"));
        check_word("239.1.2.3,from=1", Err("source=ADDRESS"));
        check_word("239.1.2.3,source=", Err("source=ADDRESS"));
        check_word("10.0.0.1@eth0", Err("not a multicast address"));
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_duals(low: [u8; 3], source: Option<std::net::Ipv4Addr>, interface in "(eth[0-9]|\\*|)") {
            let source = source.filter(|ip| !ip.is_multicast() && !ip.is_unspecified());
            let group = format!("239.{}.{}.{}", low[0], low[1], low[2]);
            let form = form(&group, &source.map(|ip| ip.to_string()).unwrap_or_default(), &interface);
            prop_assert_eq!(form.to_string().parse(), Ok(form));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = text.parse::<GroupForm>();
        }
    }
}
