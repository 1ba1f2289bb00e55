//! The line for Sockscope's own command line.

use super::shell::line;
use super::{Command, NO_SEQUENCE, Opens, Place, fixed, limits, multicast, opens, tls};
use crate::endpoint::{Host, Scheme};
use crate::form::{Form, ProxyForm, Switches, Through, UdpForm};
use crate::framing::Framing;
use crate::message::Message;
use crate::payload::{self, Encoding, Format, LineEnding};
use crate::profile::Profile;
use crate::responder::notation::{print, print_framing};
use crate::responder::presets::{presets, typed_name};
use crate::responder::{Act, Mode, Rule, Rules, When};

/// The arguments as they gather.
#[derive(Debug, Default)]
pub(super) struct Words {
    words: Vec<String>,
    remarks: Vec<String>,
}

impl Words {
    pub(super) fn flag(&mut self, name: &str, on: bool) {
        if on {
            self.words.push(name.to_owned());
        }
    }

    pub(super) fn value(&mut self, name: &str, value: impl Into<String>) {
        self.words.extend([name.to_owned(), value.into()]);
    }

    pub(super) fn value_unless(&mut self, name: &str, value: &str, usual: &str) {
        if value != usual {
            self.value(name, value);
        }
    }

    /// The value of the flag before, if there is one.
    pub(super) fn value_unless_empty(&mut self, value: &str) {
        if !value.is_empty() {
            self.words.push(value.to_owned());
        }
    }

    pub(super) fn remark(&mut self, remark: &str) {
        self.remarks.push(remark.to_owned());
    }
}

/// The equal line of this program: `sockscope listen …` or `sockscope connect …`.
///
/// A UDP socket that answers by rules listens, another one connects to its target.
pub(super) fn command(profile: &Profile) -> Command {
    let mut words = Words::default();
    words.words.push("sockscope".to_owned());
    let udp = matches!(profile.form, Form::Udp(_));
    let listens = match opens(profile) {
        _ if profile.form.kind().is_unix() => take_unix(&mut words, profile),
        Opens::Listen { at, backlog } => {
            words.value("listen", at.endpoint(tls::scheme(&profile.form)));
            words.value_unless("--backlog", &backlog, "1024");
            true
        }
        Opens::Connect { to, local, limit } => {
            words.value("connect", to.endpoint(tls::scheme(&profile.form)));
            if let Some(local) = local {
                words.value("--local", socket(&local));
            }
            words.value_unless("--limit", &limit, "10");
            false
        }
        Opens::Bind { target, .. } if profile.form.kind() == Scheme::Icmp => {
            let host = target.host.parse().unwrap_or(Host::Name(target.host));
            words.value("connect", format!("{}://{host}", Scheme::Icmp.name()));
            false
        }
        Opens::Bind { at, .. } if profile.rules.list.iter().any(|rule| rule.on) => {
            words.value("listen", at.endpoint(Scheme::Udp));
            true
        }
        Opens::Bind { at, target } => {
            words.value("connect", target.endpoint(Scheme::Udp));
            if at.port != "0" || at.bare() != "127.0.0.1" {
                words.value("--local", socket(&at));
            }
            false
        }
    };
    take_switches(&mut words, &profile.switches, &profile.form);
    limits::take(&mut words, &profile.switches, &profile.form, listens);
    words.words.extend(multicast::flags(profile));
    words.words.extend(tls::sockscope(&profile.form, &profile.switches.tls));
    take_rules(&mut words, &profile.rules, udp, listens);
    take_draft(&mut words, &profile.draft, listens);
    if !profile.sequence.steps.is_empty() {
        words.remarks.push(NO_SEQUENCE.to_owned());
    }
    Command { line: line(words.words.iter().map(String::as_str)), remarks: words.remarks }
}

/// A Unix socket: its name, and the file that a path becomes. Returns whether it listens.
fn take_unix(words: &mut Words, profile: &Profile) -> bool {
    let named = |scheme: Scheme, name: &str| format!("{}:{}", scheme.name(), name.trim());
    let listens = match &profile.form {
        Form::Server(form) => {
            words.value("listen", named(form.kind, &form.path));
            words.value_unless("--backlog", form.backlog.trim(), "1024");
            true
        }
        Form::Client(form) => {
            words.value("connect", named(form.kind, &form.path));
            words.value_unless("--limit", form.limit.trim(), "10");
            return false;
        }
        Form::Udp(form) if form.target_path.trim().is_empty() || profile.rules.list.iter().any(|rule| rule.on) => {
            words.value("listen", named(form.kind, &form.path));
            true
        }
        Form::Udp(form) => {
            words.value("connect", named(form.kind, &form.target_path));
            words.value_unless("--local", form.path.trim(), "@");
            false
        }
    };
    words.value_unless("--mode", profile.switches.unix.mode.trim(), "600");
    words.flag("--remove-stale", profile.switches.unix.remove_stale);
    listens
}

/// `HOST`, `HOST:PORT` or `:PORT`.
fn socket(place: &Place) -> String {
    match (place.host.is_empty(), place.port.is_empty()) {
        (true, _) => format!(":{}", place.port),
        (false, true) if place.is_dual() => "*".to_owned(),
        (false, false) if place.is_dual() => format!("*:{}", place.port),
        (false, true) => place.bare(),
        (false, false) if place.is_v6() => format!("[{}]:{}", place.bare(), place.port),
        (false, false) => format!("{}:{}", place.bare(), place.port),
    }
}

fn take_switches(words: &mut Words, switches: &Switches, form: &Form) {
    words.flag("--once", switches.once && matches!(form, Form::Server(_)));
    words.flag("--keep-open", switches.keep_open);
    words.flag("--broadcast", switches.broadcast && form.kind() == Scheme::Udp);
    if matches!(form, Form::Client(_)) && switches.proxy.through != Through::Nothing {
        take_proxy(words, &switches.proxy);
    }
    for (option, text) in switches.socket_options.typed() {
        words.value("--socket-option", format!("{option}={}", text.trim()));
    }
    words.value_unless("--queue-limit", switches.queue_limit.trim(), "16");
    if let Form::Udp(UdpForm { receive_buffer, .. }) = form {
        words.value_unless("--receive-buffer", receive_buffer.trim(), "4096");
    }
}

/// A proxy without its password, which has no place in a command.
fn take_proxy(words: &mut Words, proxy: &ProxyForm) {
    words.value("--proxy", proxy.to_string());
    words.flag("--proxy-resolve-here", proxy.resolve_here);
    if !proxy.user.is_empty() {
        let remark = "the password is left out: put it into a file, and add --proxy-password-file FILE";
        words.remarks.push(remark.to_owned());
    }
}

/// Rules as a preset, a greeting and a reply, as far as that says all of them.
fn take_rules(words: &mut Words, rules: &Rules, udp: bool, listens: bool) {
    let on: Vec<&Rule> = rules.list.iter().filter(|rule| rule.on).collect();
    if on.is_empty() {
        return;
    }
    let preset = presets().find(|preset| preset.over.works(udp) && (preset.rules)() == *rules);
    if let Some(preset) = preset.filter(|_| listens) {
        return words.value("--preset", typed_name(preset.name));
    }
    let framing = print_framing(rules.framing).filter(|_| rules.mode == Mode::First);
    let mut said = Vec::new();
    for (place, rule) in on.iter().enumerate() {
        match (greeting(rule).filter(|_| place == 0 && listens && !udp), print(rule)) {
            (Some(text), _) => said.push(("--greeting", text)),
            (None, Some(rule)) => said.push(("--reply", rule)),
            (None, None) => break,
        }
    }
    match framing {
        Some(framing) if said.len() == on.len() => {
            said.into_iter().for_each(|(name, text)| words.value(name, text));
            if rules.framing != Framing::Chunks {
                words.value("--framing", framing);
            }
        }
        _ => words.remarks.push("the rules are left out: save the profile, and use sockscope run FILE".to_owned()),
    }
}

/// The text of a rule that does nothing but greet.
fn greeting(rule: &Rule) -> Option<String> {
    match (&rule.when, rule.then.as_slice()) {
        (When::Connected, [Act::Reply(message)]) if rule.limit == 0 => {
            (*message == Message::template(&message.text)).then(|| message.text.clone())
        }
        _ => None,
    }
}

fn take_draft(words: &mut Words, draft: &Message, listens: bool) {
    if draft.text.is_empty() {
        return;
    }
    if listens {
        return words
            .remarks
            .push("what is typed to be sent is left out: type it once somebody is there".to_owned());
    }
    let has_envelope = draft.envelope.length.is_some() || draft.envelope.checksum.is_some();
    if has_envelope {
        match fixed(draft) {
            Some(bytes) => {
                words.value("--send", payload::hex(&bytes));
                words.value("--format", "hex");
            }
            None => words.remarks.push(
                "what is typed to be sent is left out: flags don't say a length or a checksum with variables"
                    .into(),
            ),
        }
        return;
    }
    words.value("--send", draft.text.as_str());
    if draft.format != Format::Text {
        words.value("--format", draft.format.name().to_lowercase());
    }
    if draft.envelope.ending != LineEnding::None {
        words.value("--eol", draft.envelope.ending.name().to_lowercase());
    }
    if draft.encoding != Encoding::Utf8 && draft.format == Format::Text {
        words.value("--encoding", key_of(draft.encoding));
    }
    words.flag("--template", draft.variables);
}

/// The name of an encoding in files and on the command line.
fn key_of(encoding: Encoding) -> String {
    let value = toml::Value::try_from(encoding).ok();
    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
