//! Limits, timing, and who may connect, as each tool says them.

use super::sockscope::Words;
use super::{Opens, Outline};
use crate::engine::{Access, Network};
use crate::form::{Form, LimitsForm, Switches};
use crate::profile::Profile;

/// What a tool can say of them.
pub(super) struct Sayable {
    /// Seconds without a byte in either direction.
    pub(super) idle: Option<String>,
    /// Seconds without a received byte.
    pub(super) receive: Option<String>,
    /// How many connections, where it is not the usual number.
    pub(super) connections: Option<String>,
    /// Bytes of each `recv`.
    pub(super) read_size: Option<String>,
    /// With commas between them.
    pub(super) allow: Option<String>,
    pub(super) deny: Option<String>,
}

/// What a profile says of them; what no other tool can do goes to `remarks`.
pub(super) fn sayable(profile: &Profile, outline: &Outline, remarks: &mut Vec<String>) -> Sayable {
    let (limits, usual) = (&profile.switches.limits, LimitsForm::default());
    let stream = !matches!(outline.opens, Opens::Bind { .. });
    let size = if limits.emulate { &limits.recv_once } else { &limits.read_size };
    let mut left_out = |on: bool, what: &str| {
        if on {
            remarks.push(format!("{what} is left out"));
        }
    };
    left_out(limits.by_hand, "receiving by hand");
    left_out(limits.reconnect && matches!(outline.opens, Opens::Connect { .. }), "connecting again");
    let (allow, deny) = lists(&profile.switches);
    Sayable {
        idle: seconds(&limits.idle_limit),
        receive: seconds(&limits.receive_limit),
        connections: text(&limits.connections).filter(|number| outline.is_server() && *number != usual.connections),
        read_size: text(size).filter(|_| stream || limits.emulate),
        allow: allow.filter(|_| !matches!(outline.opens, Opens::Connect { .. })),
        deny: deny.filter(|_| !matches!(outline.opens, Opens::Connect { .. })),
    }
}

impl Sayable {
    /// Tells in `remarks` what `tool` does not do.
    pub(super) fn tell(left_out: &[(&Option<String>, &str)], tool: &str, remarks: &mut Vec<String>) {
        for (_, what) in left_out.iter().filter(|(value, _)| value.is_some()) {
            remarks.push(format!("{what} left out: {tool} has no switch for that"));
        }
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A number of seconds as every tool reads it, without an exponent.
fn seconds(text: &str) -> Option<String> {
    text.trim().parse::<f64>().ok().map(|seconds| seconds.to_string())
}

fn lists(switches: &Switches) -> (Option<String>, Option<String>) {
    let Access { allow, deny } = switches.access.lists().unwrap_or_default();
    let joined = |list: Vec<Network>| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    (text(&joined(allow)), text(&joined(deny)))
}

/// As switches of this program.
pub(super) fn take(words: &mut Words, switches: &Switches, form: &Form, listens: bool) {
    let (limits, usual) = (&switches.limits, LimitsForm::default());
    let stream = !matches!(form, Form::Udp(_));
    words.value_unless("--idle-limit", limits.idle_limit.trim(), "");
    words.value_unless("--receive-limit", limits.receive_limit.trim(), "");
    if stream {
        words.value_unless("--read-size", limits.read_size.trim(), "");
    }
    if limits.emulate {
        words.value("--emulate-recv", limits.recv_once.trim());
    }
    if matches!(form, Form::Client(_)) && limits.reconnect {
        // A number belongs to the flag; without one the next flag ends it.
        words.flag("--reconnect", true);
        words.value_unless_empty(limits.reconnect_attempts.trim());
        words.value("--reconnect-delay", limits.reconnect_delay.trim());
        words.value_unless("--reconnect-longest", limits.reconnect_longest.trim(), &usual.reconnect_longest);
    }
    if matches!(form, Form::Server(_)) {
        words.value_unless("--max-connections", limits.connections.trim(), &usual.connections);
    }
    let (allow, deny) = lists(switches);
    match (listens, matches!(form, Form::Client(_))) {
        (true, _) => {
            words.value_unless("--allow", allow.as_deref().unwrap_or_default(), "");
            words.value_unless("--deny", deny.as_deref().unwrap_or_default(), "");
        }
        (false, false) if allow.or(deny).is_some() => {
            words.remark("the lists of who may send are left out: sockscope listen has them");
        }
        (false, _) => {}
    }
    if limits.by_hand {
        words.remark("receiving by hand is left out: save the profile, and use sockscope run FILE, or the window");
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ncat, python, socat, sockscope};
    use crate::form::{AccessForm, LimitsForm, Switches};
    use crate::profile::Profile;

    fn limited(profile: Profile) -> Profile {
        let limits = LimitsForm {
            idle_limit: "30".into(),
            receive_limit: "2.5".into(),
            read_size: "512".into(),
            connections: "50".into(),
            reconnect: true,
            ..LimitsForm::default()
        };
        let access = AccessForm { allow: "127.0.0.0/8\n::1".into(), deny: "127.0.0.9".into() };
        Profile { switches: Switches { limits, access, ..Switches::default() }, ..profile }
    }

    #[test]
    fn a_server_with_limits() {
        let profile = limited(Profile::server());
        let line = sockscope(&profile).expect("a command").line;
        assert_eq!(
            line,
            "sockscope listen tcp://127.0.0.1:0 --idle-limit 30 --receive-limit 2.5 --read-size 512 --max-connections 50 \
             --allow 127.0.0.0/8,::1 --deny 127.0.0.9"
        );
        let made = ncat(&profile).expect("a command");
        let words = "--max-conns 50 --allow 127.0.0.0/8,::1 --deny 127.0.0.9 --idle-timeout 30s";
        assert!(made.line.contains(words), "{}", made.line);
        let made = socat(&profile).expect("a command");
        assert!(made.line.starts_with("socat -T 30 -b 512 TCP4-LISTEN:0,"), "{}", made.line);
        assert!(made.line.contains(",max-children=50"), "{}", made.line);
        assert!(made.remarks.iter().any(|remark| remark.contains("allow list")), "{:?}", made.remarks);
        let made = python(&profile).expect("a command");
        assert!(
            made.line.contains("conn.settimeout(2.5)") && made.line.contains("conn.recv(512)"),
            "{}",
            made.line
        );
    }

    #[test]
    fn a_client_that_connects_again() {
        let profile = limited(Profile::client("::1", 9));
        let line = sockscope(&profile).expect("a command").line;
        assert!(line.ends_with("--read-size 512 --reconnect --reconnect-delay 1"), "{line}");
        for made in [ncat(&profile), socat(&profile), python(&profile)] {
            let remarks = made.expect("a command").remarks;
            assert!(remarks.iter().any(|remark| remark == "connecting again is left out"), "{remarks:?}");
        }
    }

    #[test]
    fn no_limits_no_words() {
        let line = sockscope(&Profile::server()).expect("a command").line;
        assert_eq!(line, "sockscope listen tcp://127.0.0.1:0");
        assert!(!ncat(&Profile::server()).expect("a command").line.contains("max-conns"));
    }
}
