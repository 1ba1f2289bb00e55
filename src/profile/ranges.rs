//! The numbers of a profile that have a range, and where they stand in the file.

use crate::form::{Field, Form, TlsForm};
use crate::framing::{Framing, LARGEST_OFFSET, LONGEST as LONGEST_FRAME};
use crate::responder::{Act, LONGEST_WAIT, MOST_RULES, Rules};
use crate::sequence::{LONGEST, MOST_STEPS, Sequence, Step};

use super::{MOST_RUNS, Profile};

/// The keys of forms and switches that are numbers, though a person types them as text.
pub(super) const NUMBERS: [&str; 16] = [
    "ttl",
    "port",
    "backlog",
    "local_port",
    "limit",
    "target_port",
    "receive_buffer",
    "queue_limit",
    "idle_limit",
    "receive_limit",
    "read_size",
    "recv_once",
    "connections",
    "reconnect_delay",
    "reconnect_longest",
    "reconnect_attempts",
];

/// The longest pause that ends a frame, in seconds: a day.
const LONGEST_GAP: u64 = 24 * 60 * 60;

/// A step on the way to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// In a table.
    Name(&'static str),
    /// In a list, from 0.
    At(usize),
}

/// A number that is out of its range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OutOfRange {
    pub(super) path: Vec<Key>,
    pub(super) reason: String,
}

impl OutOfRange {
    fn new(path: impl Into<Vec<Key>>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    /// Where, in words: `rules list 3 then 1 wait`, counted from 1.
    pub(super) fn words(&self) -> String {
        let word = |key: &Key| match key {
            Key::Name(name) => (*name).to_owned(),
            Key::At(place) => (place + 1).to_string(),
        };
        self.path.iter().map(word).collect::<Vec<_>>().join(" ")
    }
}

/// The first of them.
pub(super) fn first_wrong(profile: &Profile) -> Option<OutOfRange> {
    let log = || framing(&profile.framing, &[Key::Name("log"), Key::Name("framing")]);
    form(profile)
        .or_else(|| run(profile))
        .or_else(log)
        .or_else(|| rules(&profile.rules))
        .or_else(|| sequence(&profile.sequence))
}

fn form(profile: &Profile) -> Option<OutOfRange> {
    let (field, reason) = profile.form.wrong_numbers(&profile.switches).into_iter().next()?;
    Some(OutOfRange::new(place(&profile.form, field), reason))
}

/// Where a field is, in words.
pub(super) fn words(form: &Form, field: Field) -> String {
    OutOfRange::new(place(form, field), "").words()
}

/// The key of a field in `switches.limits` or `switches.access`.
fn limit_key(field: Field) -> Option<(&'static str, &'static str)> {
    let key = match field {
        Field::IdleLimit => "idle_limit",
        Field::ReceiveLimit => "receive_limit",
        Field::ReadSize => "read_size",
        Field::RecvOnce => "recv_once",
        Field::Connections => "connections",
        Field::ReconnectDelay => "reconnect_delay",
        Field::ReconnectLongest => "reconnect_longest",
        Field::ReconnectAttempts => "reconnect_attempts",
        Field::Allow => return Some(("access", "allow")),
        Field::Deny => return Some(("access", "deny")),
        _ => return None,
    };
    Some(("limits", key))
}

fn place(form: &Form, field: Field) -> Vec<Key> {
    if let Some((table, key)) = limit_key(field) {
        return vec![Key::Name("switches"), Key::Name(table), Key::Name(key)];
    }
    if let Some(path) = multicast(field) {
        return path;
    }
    // None of them is a number.
    if TlsForm::FIELDS.contains(&field) {
        return vec![Key::Name("switches"), Key::Name("tls")];
    }
    let table = match (form, field) {
        (_, Field::Option(option)) => {
            return vec![Key::Name("switches"), Key::Name("socket_options"), Key::Name(option.name())];
        }
        (_, Field::QueueLimit | Field::Mode) => "switches",
        (_, Field::ProxyKind | Field::ProxyHost | Field::ProxyPort | Field::ProxyUser) => "proxy",
        (Form::Server(_), _) => "server",
        (Form::Client(_), _) => "client",
        (Form::Udp(_), _) => "udp",
    };
    let key = match field {
        Field::Address => "address",
        Field::Port => "port",
        Field::Backlog => "backlog",
        Field::Host => "host",
        Field::LocalAddress => "local_address",
        Field::LocalPort => "local_port",
        Field::TimeLimit => "limit",
        Field::TargetHost => "target_host",
        Field::TargetPort => "target_port",
        Field::ReceiveBuffer => "receive_buffer",
        Field::QueueLimit => "queue_limit",
        // They have said where they are.
        Field::MulticastTtl | Field::MulticastInterface | Field::Group(_) => "multicast",
        Field::TlsCa
        | Field::TlsServerName
        | Field::TlsAlpn
        | Field::TlsCertificate
        | Field::TlsKey
        | Field::TlsClientCerts
        | Field::TlsKeyLog => "tls",
        Field::Kind => "kind",
        Field::Path => "path",
        Field::TargetPath => "target_path",
        Field::Option(option) => option.name(),
        Field::Mode => return vec![Key::Name(table), Key::Name("unix"), Key::Name("mode")],
        Field::ProxyKind => "through",
        Field::ProxyHost => "host",
        Field::ProxyPort => "port",
        Field::ProxyUser => "user",
        // These have a table of their own.
        field => limit_key(field).map_or("", |(_, key)| key),
    };
    let part_of_switches = (table == "proxy").then_some(Key::Name("switches"));
    part_of_switches.into_iter().chain([Key::Name(table), Key::Name(key)]).collect()
}

/// Where a field of the multicast settings is.
fn multicast(field: Field) -> Option<Vec<Key>> {
    let names = |names: &[&'static str]| names.iter().map(|name| Key::Name(name)).collect::<Vec<_>>();
    match field {
        Field::MulticastTtl => Some(names(&["switches", "multicast", "ttl"])),
        Field::MulticastInterface => Some(names(&["switches", "multicast", "interface"])),
        Field::Group(row) => {
            let mut path = names(&["switches", "multicast", "groups"]);
            path.push(Key::At(row));
            Some(path)
        }
        _ => None,
    }
}

fn run(profile: &Profile) -> Option<OutOfRange> {
    let schedule = profile.schedule;
    if !(1..=MOST_RUNS).contains(&schedule.times) {
        let reason = format!("a sequence runs 1 to {MOST_RUNS} times");
        return Some(OutOfRange::new([Key::Name("run"), Key::Name("times")], reason));
    }
    let reason = format!("a pause is at most {LONGEST} ms, a day");
    (schedule.pause > LONGEST).then(|| OutOfRange::new([Key::Name("run"), Key::Name("pause")], reason))
}

fn framing(framing: &Framing, at: &[Key]) -> Option<OutOfRange> {
    let told = |keys: &[&'static str], reason: String| {
        let keys = keys.iter().map(|key| Key::Name(key));
        Some(OutOfRange::new(at.iter().copied().chain(keys).collect::<Vec<_>>(), reason))
    };
    match framing {
        Framing::Fixed(size) if size.get() as usize > LONGEST_FRAME => {
            told(&["fixed"], format!("a frame has at most {LONGEST_FRAME} bytes"))
        }
        Framing::LengthPrefix(prefix) if prefix.offset > LARGEST_OFFSET => told(
            &["length-prefix", "offset"],
            format!("a length field begins at most {LARGEST_OFFSET} bytes after the start of its frame"),
        ),
        Framing::Gap(gap) if gap.as_secs() > LONGEST_GAP => {
            told(&["gap", "secs"], format!("a gap is at most {LONGEST_GAP} seconds, a day"))
        }
        _ => None,
    }
}

fn rules(rules: &Rules) -> Option<OutOfRange> {
    if let Some(wrong) = framing(&rules.framing, &[Key::Name("rules"), Key::Name("framing")]) {
        return Some(wrong);
    }
    let list = [Key::Name("rules"), Key::Name("list")];
    if rules.list.len() > MOST_RULES {
        let path = [list[0], list[1], Key::At(MOST_RULES)];
        return Some(OutOfRange::new(path, format!("a session has at most {MOST_RULES} rules")));
    }
    let acts = rules
        .list
        .iter()
        .enumerate()
        .flat_map(|(at, rule)| rule.then.iter().enumerate().map(move |(act, then)| (at, act, then)));
    let is_long = |act: &Act| matches!(act, Act::Wait(ms) if *ms > LONGEST_WAIT);
    let (rule, act, _) = acts.into_iter().find(|(_, _, act)| is_long(act))?;
    let path = [list[0], list[1], Key::At(rule), Key::Name("then"), Key::At(act), Key::Name("wait")];
    Some(OutOfRange::new(path, format!("a wait is at most {LONGEST_WAIT} ms, an hour")))
}

fn sequence(sequence: &Sequence) -> Option<OutOfRange> {
    let steps = [Key::Name("sequence"), Key::Name("steps")];
    if sequence.steps.len() > MOST_STEPS {
        let path = [steps[0], steps[1], Key::At(MOST_STEPS)];
        return Some(OutOfRange::new(path, format!("a sequence has at most {MOST_STEPS} steps")));
    }
    sequence.steps.iter().enumerate().find_map(|(at, step)| {
        let (key, ms) = match step {
            Step::Wait { ms } => ("ms", *ms),
            Step::Expect(expect) => ("limit", expect.limit),
            Step::Send(_) | Step::StartTls | Step::Close => return None,
        };
        let path = [steps[0], steps[1], Key::At(at), Key::Name(key)];
        (ms > LONGEST).then(|| OutOfRange::new(path, format!("this is at most {LONGEST} ms, a day")))
    })
}
