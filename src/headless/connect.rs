//! `sockscope connect`.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::time::Duration;

use crossbeam_channel::bounded;

use super::arguments::{ConnectArguments, placed};
use super::conversation::{Notation, Repeating, Talk};
use super::recipients::Recipients;
use super::status::Failure;
use super::{forms, presets, recorder};
use crate::endpoint::{Family, Host, Scheme};
use crate::engine::{Repeat, Target};
use crate::error::OpError;
use crate::form::{ClientForm, Errors, Form, Switches, Through, UdpForm, split_endpoint, time_limit};
use crate::lookup::{Pool, resolve};
use crate::message::{Message, Prepared};
use crate::payload::{self, Format};

/// How long datagrams are received when all is sent, unless a person says otherwise.
pub(super) const WAIT: Duration = Duration::from_secs(1);

/// The time from one send to the next, unless a person says otherwise.
const EVERY: f64 = 1_000.0;

/// What is to be done.
///
/// # Errors
///
/// What is wrong with the arguments; over UDP also a name that has no address.
pub(super) fn talk(mut arguments: ConnectArguments) -> Result<Talk, Failure> {
    let udp = !arguments.endpoint.scheme.is_stream();
    if arguments.endpoint.scheme == Scheme::Unix && arguments.local.is_some() {
        return Err(Failure::usage("--local: a Unix stream socket that connects has no name of its own here"));
    }
    if arguments.common.tls.save_cert.is_some() {
        return Err(Failure::usage(
            "--save-cert: a client has no self-signed certificate: sockscope listen saves one",
        ));
    }
    let (notation, mut opening) = payloads(&arguments)?;
    if arguments.endpoint.scheme == Scheme::Icmp && opening.is_empty() && !arguments.stdin {
        // Without a payload the usual one goes.
        opening.push_back(prepare("--send", &Message::default())?);
    }
    let repeat = repeating(&arguments, &mut opening)?;
    let until = arguments.until.take().map(|text| pattern(&text, &notation)).transpose()?;
    let sends = !opening.is_empty() || repeat.is_some();
    let (form, recipients) = match udp {
        true => datagrams(&arguments)?,
        false => (Form::Client(client(&arguments)), Recipients::All),
    };
    if udp && arguments.reconnect.is_on() {
        return Err(Failure::usage("--reconnect: over UDP nobody connects, so there is nothing to connect again"));
    }
    let proxy = arguments.proxy.form()?;
    if udp && proxy.through != Through::Nothing {
        return Err(Failure::usage("--proxy: datagrams go through no proxy"));
    }
    let common = arguments.common;
    let limits = arguments.reconnect.limits(common.limits.form());
    let switches = Switches { limits, proxy, ..forms::switches(&common) };
    let plan = forms::plan(&form, &switches, &forms::rules(&common, None))?;
    let wait = arguments.wait.map(|ms| Duration::from_millis(ms.into()));
    Ok(Talk {
        plan,
        is_client: true,
        recipients,
        notation,
        opening,
        repeat,
        reads_input: arguments.stdin || !sends,
        until,
        wait: if udp { Some(wait.unwrap_or(WAIT)) } else { wait },
        output: common.calls.form(Some(common.output))?.unwrap_or_default(),
        show_options: common.options.show_options,
        record: recorder::Asked::of(&common)?,
        save: common.save,
    })
}

/// How payload is written, and what is sent first.
fn payloads(arguments: &ConnectArguments) -> Result<(Notation, VecDeque<Prepared>), Failure> {
    let preset = arguments.preset.as_deref().map(presets::protocol).transpose()?;
    let common = &arguments.common;
    let notation = Notation {
        format: common.format.or(preset.map(|preset| preset.format)).unwrap_or_default(),
        encoding: common.encoding,
        variables: common.template,
        ending: common.eol.or(preset.map(|preset| preset.ending)),
    };
    let mut opening = VecDeque::new();
    if let Some(preset) = preset {
        for name in &arguments.line {
            opening.push_back(prepare("--line", &presets::line(preset, name)?.message)?);
        }
    }
    for text in &arguments.send {
        opening.push_back(prepare("--send", &notation.message(text))?);
    }
    Ok((notation, opening))
}

fn prepare(option: &str, message: &Message) -> Result<Prepared, Failure> {
    let text = &message.text;
    message.prepare().map_err(|error| Failure::usage(format_args!("{option} {text:?}: {}", placed(text, &error))))
}

/// What is to be sent again and again; it leaves `opening`.
fn repeating(arguments: &ConnectArguments, opening: &mut VecDeque<Prepared>) -> Result<Option<Repeating>, Failure> {
    if arguments.repeat.is_none() && arguments.every.is_none() {
        return Ok(None);
    }
    let every = Duration::try_from_secs_f64(arguments.every.unwrap_or(EVERY) / 1e3).ok();
    let every = every.filter(|every| Repeat::EVERY.contains(every));
    let every = every
        .ok_or_else(|| Failure::usage("--every: a number of milliseconds from 1 to 86400000, which is a day"))?;
    match (opening.pop_back(), opening.is_empty()) {
        (Some(message), true) => {
            Ok(Some(Repeating { message, every, times: arguments.repeat.and_then(NonZeroU64::new) }))
        }
        _ => Err(Failure::usage("--repeat and --every: one payload is repeated: give --send or --line once")),
    }
}

/// The bytes that have to come: in the notation of payload, but text has escapes.
fn pattern(text: &str, notation: &Notation) -> Result<Vec<u8>, Failure> {
    let bytes = match notation.format {
        Format::Text => {
            let characters = payload::parse(text, Format::Escaped);
            characters.and_then(|bytes| match String::from_utf8(bytes) {
                Ok(text) => payload::parse_in(&text, Format::Text, notation.encoding),
                Err(bytes) => Ok(bytes.into_bytes()),
            })
        }
        format => payload::parse(text, format),
    };
    match bytes {
        Ok(bytes) if bytes.is_empty() => Err(Failure::usage("--until: something to wait for is needed")),
        Ok(bytes) => Ok(bytes),
        Err(error) => Err(Failure::usage(format_args!("--until {text:?}: {}", placed(text, &error)))),
    }
}

/// The local address and port of `--local`; both may be empty.
fn local(arguments: &ConnectArguments) -> (String, String) {
    let text = arguments.local.clone().unwrap_or_default();
    if let Some(port) = text.strip_prefix(':').filter(|port| !port.contains(':')) {
        return (String::new(), port.to_owned());
    }
    let (mut host, mut port) = (text, String::new());
    split_endpoint(&mut host, &mut port, Scheme::Tcp);
    (host, port)
}

fn client(arguments: &ConnectArguments) -> ClientForm {
    let (local_address, local_port) = local(arguments);
    let limit = arguments.limit.clone();
    ClientForm { local_address, local_port, limit, ..ClientForm::to(&arguments.endpoint) }
}

/// A socket from which the peer can be reached, and the peer.
fn datagrams(arguments: &ConnectArguments) -> Result<(Form, Recipients), Failure> {
    // Where an address stands there is nothing to wait for, and a mistake is one anyway.
    let limit = time_limit(&arguments.limit).map_err(|reason| Failure::usage(format_args!("--limit: {reason}")))?;
    let receive_buffer = arguments.common.receive_buffer.clone();
    let mut form = UdpForm { receive_buffer, ..UdpForm::to(&arguments.endpoint) };
    let wrong = |errors: Errors| {
        Failure::usage(
            errors.into_values().map(|reason| format!("ENDPOINT: {reason}")).collect::<Vec<_>>().join("; "),
        )
    };
    if form.kind == Scheme::UnixDatagram {
        // Without a name it could not be answered.
        form.path = arguments.local.clone().unwrap_or_else(|| own_name().to_owned());
        return match form.destination().map_err(wrong)? {
            Target::Unix(name) => Ok((Form::Udp(form), Recipients::Unix(name))),
            _ => Err(Failure::usage("ENDPOINT: the name of a Unix socket is needed")),
        };
    }
    let (host, port) = form.target().map_err(wrong)?;
    // The family of the socket follows the address.
    let families = arguments.common.multicast.families();
    let host = match host {
        Host::Name(_) => resolved(host, port, families.family, limit)?,
        address @ Host::Address(..) => {
            families.wanted(address).map_err(|reason| Failure::usage(format_args!("ENDPOINT: {reason}")))?
        }
    };
    let (address, own_port) = local(arguments);
    form.port = if own_port.is_empty() { "0".to_owned() } else { own_port };
    form.address = match (&host, arguments.local.is_some() && !address.is_empty()) {
        (_, true) => address,
        (Host::Address(ip, _), false) if ip.is_loopback() => ip.to_string(),
        (Host::Address(IpAddr::V6(_), _), false) => "::".to_owned(),
        _ => "0.0.0.0".to_owned(),
    };
    Ok((Form::Udp(form), Recipients::Address(host, port)))
}

/// The own name of a Unix datagram socket, unless a person says another one: on Linux the system chooses it.
const fn own_name() -> &'static str {
    if cfg!(target_os = "linux") { "@" } else { "" }
}

/// The first address of a name.
fn resolved(host: Host, port: u16, family: Family, limit: Duration) -> Result<Host, Failure> {
    let (answer, answered) = bounded(1);
    let asked = host.clone();
    let ask = move || drop(answer.send(resolve(&asked, port)));
    let failed = |error: OpError| Failure::network(&error);
    Pool::new().run(ask).map_err(failed)?;
    let silent = |_| failed(OpError::new("resolve", &host, "no answer within the time limit"));
    let addresses = answered.recv_timeout(limit).map_err(silent)?.map_err(failed)?;
    let lacks = || match family {
        Family::Any => failed(OpError::new("resolve", &host, "the name has no address")),
        family => failed(OpError::new("resolve", &host, format!("the name has no {family} address"))),
    };
    let first = addresses.into_iter().find(|address| family.takes(address.ip())).ok_or_else(lacks)?;
    Ok(match first {
        std::net::SocketAddr::V6(v6) => Host::Address(first.ip(), v6.scope_id()),
        std::net::SocketAddr::V4(_) => Host::Address(first.ip(), 0),
    })
}
