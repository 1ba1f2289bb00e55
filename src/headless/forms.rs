//! What is written on the command line, put into the form of a session: its check gives the plan, and the errors.

use std::sync::Arc;

use super::arguments::Common;
use super::status::Failure;
use crate::endpoint::Scheme;
use crate::engine::{Answers, Plan};
use crate::form::{Field, Form, ProxyForm, Switches};
use crate::responder::{Mode, RuleError, Rules};

/// The switches.
pub(super) fn switches(common: &Common) -> Switches {
    Switches {
        proxy: ProxyForm::default(),
        once: false,
        keep_open: common.keep_open,
        broadcast: common.broadcast,
        queue_limit: common.queue_limit.clone(),
        socket_options: common.options.socket_options(),
        ip: common.multicast.families(),
        multicast: common.multicast.form(),
        unix: common.unix.switches(),
        limits: common.limits.form(),
        tls: common.tls.form(),
        ..Switches::default()
    }
}

/// The plan of a form.
///
/// # Errors
///
/// What is wrong, with the name of the option; rules that can't be right.
pub(super) fn plan(form: &Form, switches: &Switches, rules: &Rules) -> Result<Plan, Failure> {
    if let Some((options, kinds)) = unsuited(form.kind(), switches) {
        let kind = form.kind().words();
        return Err(Failure::usage(format!("{options}: that does nothing for {kind}; it is for {kinds}")));
    }
    let answers = Answers::default()
        .with(rules)
        .map_err(|errors| Failure::usage(errors.first().map_or_else(String::new, rule_error)))?;
    form.check(switches, &Arc::new(answers)).map_err(|errors| {
        let lines: Vec<_> = errors.iter().map(|(field, reason)| format!("{}: {reason}", option(*field))).collect();
        Failure::usage(lines.join("\nsockscope: "))
    })
}

/// The options that were given and that sockets of `kind` have no use for, and what they are for.
fn unsuited(kind: Scheme, switches: &Switches) -> Option<(&'static str, &'static str)> {
    let usual = Switches::default();
    let given = [
        (switches.access != usual.access, kind.is_ip(), "--allow, --deny", "TCP, TLS and UDP"),
        (switches.broadcast, matches!(kind, Scheme::Udp | Scheme::Icmp), "--broadcast", "UDP and ICMP echo"),
        (switches.multicast != usual.multicast, kind == Scheme::Udp, "--join, --multicast-ttl, --reuse …", "UDP"),
        (switches.unix != usual.unix, kind.is_unix(), "--mode, --remove-stale", "Unix sockets"),
    ];
    given.into_iter().find(|(is, fits, ..)| *is && !fits).map(|(_, _, options, kinds)| (options, kinds))
}

fn rule_error(error: &RuleError) -> String {
    format!("rule {}: {}", error.rule + 1, error.error.reason)
}

/// The rules of `--reply` and `--framing`, before those of `preset`.
pub(super) fn rules(common: &Common, preset: Option<Rules>) -> Rules {
    let preset = preset.unwrap_or_else(|| Rules { mode: Mode::First, ..Rules::default() });
    let mut list = common.reply.clone();
    list.extend(preset.list);
    Rules { mode: preset.mode, framing: common.framing.unwrap_or(preset.framing), list }
}

/// Where a field stands on the command line.
fn option(field: Field) -> &'static str {
    match field {
        Field::Address
        | Field::Port
        | Field::Host
        | Field::TargetHost
        | Field::TargetPort
        | Field::Kind
        | Field::Path
        | Field::TargetPath => "ENDPOINT",
        Field::Backlog => "--backlog",
        Field::LocalAddress | Field::LocalPort => "--local",
        Field::TimeLimit => "--limit",
        Field::ReceiveBuffer => "--receive-buffer",
        Field::QueueLimit => "--queue-limit",
        Field::IdleLimit => "--idle-limit",
        Field::ReceiveLimit => "--receive-limit",
        Field::ReadSize => "--read-size",
        Field::RecvOnce => "--emulate-recv",
        Field::Connections => "--max-connections",
        Field::ReconnectDelay | Field::ReconnectLongest => "--reconnect-delay",
        Field::ReconnectAttempts => "--reconnect",
        Field::Allow => "--allow",
        Field::Deny => "--deny",
        Field::Option(_) => "--socket-option",
        Field::MulticastTtl => "--multicast-ttl",
        Field::MulticastInterface => "--multicast-interface",
        Field::Group(_) => "--join",
        Field::TlsCa => "--ca",
        Field::TlsServerName => "--server-name",
        Field::TlsAlpn => "--alpn",
        Field::TlsCertificate => "--cert",
        Field::TlsKey => "--key",
        Field::TlsClientCerts => "--client-certs",
        Field::TlsKeyLog => "--key-log",
        Field::Mode => "--mode",
        Field::ProxyKind | Field::ProxyHost | Field::ProxyPort | Field::ProxyUser => "--proxy",
    }
}
