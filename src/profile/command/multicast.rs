//! Groups and families in commands: what each tool can say of them.

use super::{Opens, Outline};
use crate::endpoint::{Family, Scheme};
use crate::form::{Form, GroupForm, MulticastForm};
use crate::profile::Profile;

/// The multicast settings, where the session has some.
pub(super) fn of(profile: &Profile) -> MulticastForm {
    match profile.form {
        Form::Udp(_) if profile.form.kind() == Scheme::Udp => profile.switches.multicast.clone(),
        _ => MulticastForm::default(),
    }
}

/// The flags of Sockscope.
pub(super) fn flags(profile: &Profile) -> Vec<String> {
    let multicast = of(profile);
    let mut words = Vec::new();
    let mut value = |name: &str, value: &str| words.extend([name.to_owned(), value.to_owned()]);
    multicast.groups.iter().for_each(|group| value("--join", &group.to_string()));
    for (name, text) in [("--multicast-ttl", &multicast.ttl), ("--multicast-interface", &multicast.interface)] {
        if !text.trim().is_empty() {
            value(name, text.trim());
        }
    }
    let switches = [("--no-multicast-loop", !multicast.loopback), ("--reuse", multicast.reuse)];
    words.extend(switches.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned()));
    words.extend(family_flag(profile).map(str::to_owned));
    words
}

/// `-4` or `-6`, of Sockscope and ncat, where a client takes one family alone.
pub(super) fn family_flag(profile: &Profile) -> Option<&'static str> {
    match (&profile.form, profile.switches.ip.family) {
        (Form::Client(form), Family::V4) if form.kind != Scheme::Unix => Some("-4"),
        (Form::Client(form), Family::V6) if form.kind != Scheme::Unix => Some("-6"),
        _ => None,
    }
}

/// The address of a group without its scope, and its interface.
fn parts(group: &GroupForm) -> (&str, &str) {
    let (address, scope) = group.group.split_once('%').unwrap_or((&group.group, ""));
    let interface = if group.interface.trim().is_empty() { scope } else { &group.interface };
    (address.trim().trim_matches(['[', ']']), interface.trim())
}

fn is_each(interface: &str) -> bool {
    matches!(interface, "*" | "all")
}

/// The options of socat(1).
pub(super) fn socat(outline: &Outline, remarks: &mut Vec<String>) -> String {
    let multicast = &outline.multicast;
    let mut options = String::new();
    for group in &multicast.groups {
        let (address, interface) = parts(group);
        if is_each(interface) || !group.source.trim().is_empty() {
            remarks.push(format!("the group {group} is left out: socat has one interface and any source"));
            continue;
        }
        options += &match (address.contains(':'), interface) {
            (true, "") => format!(",ipv6-join-group=[{address}]:0"),
            (true, interface) => format!(",ipv6-join-group=[{address}]:{interface}"),
            (false, "") => format!(",ip-add-membership={address}:0.0.0.0"),
            (false, interface) => format!(",ip-add-membership={address}:{interface}"),
        };
    }
    if !multicast.ttl.trim().is_empty() {
        options += &format!(",ip-multicast-ttl={}", multicast.ttl.trim());
    }
    if !multicast.loopback {
        options += ",ip-multicast-loop=0";
    }
    if !multicast.interface.trim().is_empty() {
        remarks.push("the interface that groups are sent to through is left out: socat takes its address".into());
    }
    if multicast.reuse && !options.contains("reuseport") {
        options += ",reuseport";
    }
    options
}

/// What ncat leaves out.
pub(super) fn ncat(outline: &Outline, remarks: &mut Vec<String>) {
    let usual = MulticastForm { reuse: outline.multicast.reuse, ..MulticastForm::default() };
    if matches!(outline.opens, Opens::Bind { .. }) && outline.multicast != usual {
        remarks.push("ncat joins no groups, and has no settings for sending to some".to_owned());
    }
}

/// The lines of Python that go before `bind`.
pub(super) fn python_before(multicast: &MulticastForm) -> Vec<String> {
    let mut lines = Vec::new();
    if multicast.reuse {
        lines.push("sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)".to_owned());
        lines.push("sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)".to_owned());
    }
    lines
}

/// The lines of Python that go behind `bind`, for a socket of this family; they need `struct`.
pub(super) fn python_after(outline: &Outline, is_v6: bool, remarks: &mut Vec<String>) -> Vec<String> {
    let multicast = &outline.multicast;
    let (level, ttl, loopback) = match is_v6 {
        true => ("IPPROTO_IPV6", "IPV6_MULTICAST_HOPS", "IPV6_MULTICAST_LOOP"),
        false => ("IPPROTO_IP", "IP_MULTICAST_TTL", "IP_MULTICAST_LOOP"),
    };
    let mut lines = Vec::new();
    if !multicast.ttl.trim().is_empty() {
        lines.push(format!("sock.setsockopt(socket.{level}, socket.{ttl}, {})", multicast.ttl.trim()));
    }
    if !multicast.loopback {
        lines.push(format!("sock.setsockopt(socket.{level}, socket.{loopback}, 0)"));
    }
    if !multicast.interface.trim().is_empty() {
        remarks.push("the interface that groups are sent to through is left out".to_owned());
    }
    for group in &multicast.groups {
        let (address, interface) = parts(group);
        if is_each(interface) || !group.source.trim().is_empty() {
            remarks.push(format!("the group {group} is left out: it has a source, or each interface"));
            continue;
        }
        let index = match (interface, interface.parse::<u32>()) {
            ("", _) => "0".to_owned(),
            (_, Ok(index)) => index.to_string(),
            (name, Err(_)) => format!("socket.if_nametoindex(\"{}\")", name.escape_default()),
        };
        let is_v6 = address.contains(':');
        let (family, level, option, pack) = match is_v6 {
            true => ("AF_INET6", "IPPROTO_IPV6", "IPV6_JOIN_GROUP", format!("struct.pack(\"@I\", {index})")),
            // struct ip_mreqn: no address, and the number of the interface (ip(7)).
            false => ("AF_INET", "IPPROTO_IP", "IP_ADD_MEMBERSHIP", format!("struct.pack(\"@ii\", 0, {index})")),
        };
        let membership = format!("socket.inet_pton(socket.{family}, \"{address}\") + {pack}");
        lines.push(format!("sock.setsockopt(socket.{level}, socket.{option}, {membership})"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use crate::endpoint::Family;
    use crate::form::{ClientForm, Form, GroupForm, UdpForm};
    use crate::profile::Profile;
    use crate::profile::command::{ncat, python, socat, sockscope};

    fn receiver(groups: &[&str], address: &str) -> Profile {
        let form = UdpForm { address: address.into(), port: "9001".into(), ..UdpForm::default() };
        let mut profile = Profile::new(Form::Udp(form));
        let multicast = &mut profile.switches.multicast;
        multicast.groups = groups.iter().map(|text| text.parse::<GroupForm>().expect("a group")).collect();
        (multicast.ttl, multicast.loopback, multicast.reuse) = ("4".into(), false, true);
        profile
    }

    #[test]
    fn each_tool_says_what_it_can_of_groups() {
        let v4 = receiver(&["239.1.2.3", "232.1.2.3,source=10.0.0.1"], "0.0.0.0");
        let line = sockscope(&v4).expect("a command").line;
        let flags =
            "--join 239.1.2.3 --join 232.1.2.3,source=10.0.0.1 --multicast-ttl 4 --no-multicast-loop --reuse";
        assert!(line.ends_with(flags), "{line}");
        let made = socat(&v4).expect("a command");
        let options = ",ip-add-membership=239.1.2.3:0.0.0.0,ip-multicast-ttl=4,ip-multicast-loop=0,reuseport STDIO";
        assert!(made.line.ends_with(options), "{}", made.line);
        assert!(made.remarks.iter().any(|remark| remark.contains("232.1.2.3")), "{made:?}");
        let made = python(&v4).expect("a program");
        assert!(made.line.contains("socket.IP_ADD_MEMBERSHIP, socket.inet_pton(socket.AF_INET, \"239.1.2.3\")"));
        assert!(ncat(&v4).expect("a command").remarks.iter().any(|remark| remark.contains("groups")));
    }

    #[test]
    fn ipv6_groups_have_their_own_options() {
        let v6 = receiver(&["ff02::1234"], "::");
        let line = socat(&v6).expect("a command").line;
        assert!(line.contains(",ipv6-join-group=[ff02::1234]:0,"), "{line}");
        let line = python(&v6).expect("a program").line;
        assert!(
            line.contains("socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, \"ff02::1234\")"),
            "{line}"
        );
        assert!(line.contains("socket.IPV6_MULTICAST_HOPS, 4"), "{line}");
    }

    #[test]
    fn one_family_and_both() {
        let mut profile =
            Profile::new(Form::Client(ClientForm { host: "localhost".into(), ..ClientForm::default() }));
        profile.switches.ip.family = Family::V6;
        assert!(sockscope(&profile).expect("a command").line.contains(" -6"));
        assert!(ncat(&profile).expect("a command").line.contains(" -6 "));
        assert!(socat(&profile).expect("a command").line.contains("TCP6:localhost"));
        assert_eq!(python(&profile).expect("a program").remarks.len(), 1);
        let mut dual = receiver(&[], "::");
        dual.switches.ip.v6_only = false;
        assert!(sockscope(&dual).expect("a command").line.contains("--local '*:9001'"));
        assert!(socat(&dual).expect("a command").line.contains(",ipv6only=0"));
    }
}
