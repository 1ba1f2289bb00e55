//! The same session as a command: for Sockscope's own command line, ncat, socat and Python.
//!
//! Each is made from an outline: what a tool without rules can do of a profile. What a line can't say is told in
//! its remarks, so that nobody takes it for the whole.

mod limits;
pub mod lookup;
mod multicast;
mod ncat;
mod options;
mod python;
mod shell;
mod socat;
mod sockscope;
mod tls;
mod unix;

use super::Profile;
use crate::clock::Stamp;
use crate::endpoint::{Address, Endpoint, Family, Host, Port, Scheme};
use crate::engine::{Answers, Setting};
use crate::form::{self, ClientForm, Form, MulticastForm, ProxyForm, ServerForm, Through, TlsForm, UdpForm};
use crate::message::Message;
use crate::responder::{Act, Pattern, Rules, Test, When};
use crate::template::Values;

/// A command to paste into a shell (POSIX).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// The line; that of Python has several.
    pub line: String,
    /// What it does not do, one sentence each.
    pub remarks: Vec<String>,
}

/// The equal line of ncat, of the Nmap project.
///
/// # Errors
/// Why there is no such command: a field is wrong, or a text would be taken for something else.
pub fn ncat(profile: &Profile) -> Result<Command, String> {
    no_echo(profile)?;
    other(profile, unix::Tool::Ncat, ncat::command)
}

/// The equal program of Python 3 (3.8 or later).
///
/// # Errors
/// Why there is no such command: a field is wrong, or a text would be taken for something else.
pub fn python(profile: &Profile) -> Result<Command, String> {
    no_echo(profile)?;
    other(profile, unix::Tool::Python, python::command)
}

/// The equal line of socat.
///
/// # Errors
/// Why there is no such command: a field is wrong, or a text would be taken for something else.
pub fn socat(profile: &Profile) -> Result<Command, String> {
    no_echo(profile)?;
    other(profile, unix::Tool::Socat, socat::command)
}

/// The equal line of Sockscope.
///
/// # Errors
/// Why there is no such command: a field is wrong, or a text would be taken for something else.
pub fn sockscope(profile: &Profile) -> Result<Command, String> {
    if profile.form.kind().is_unix() {
        unix::opens(profile)?;
        return refuse_control(sockscope::command(profile));
    }
    checked(profile, sockscope::command)
}

/// That of another program.
fn other(profile: &Profile, tool: unix::Tool, make: fn(&Profile) -> Command) -> Result<Command, String> {
    if profile.form.kind().is_unix() { unix::command(profile, tool) } else { checked(profile, make) }
}

/// ICMP echo is nothing that other tools of this kind do.
fn no_echo(profile: &Profile) -> Result<(), String> {
    match profile.form.kind() {
        Scheme::Icmp => Err("this tool sends no echo requests: ping does".to_owned()),
        _ => Ok(()),
    }
}

/// Makes a command only of a profile that could be started, and none that a tool or a terminal takes for something
/// else: a profile may come from anyone.
///
/// # Errors
/// A sentence: a field is wrong, a host has characters that names of hosts don't have, or a text has control characters.
fn checked(profile: &Profile, make: fn(&Profile) -> Command) -> Result<Command, String> {
    let answers = Answers::default().into();
    if let Some((_, reason)) =
        profile.form.check(&profile.switches, &answers).err().and_then(|all| all.into_iter().next())
    {
        return Err(reason);
    }
    let hosts = match opens(profile) {
        Opens::Listen { at, .. } => vec![at.bare()],
        Opens::Connect { to, local, .. } => {
            [Some(to), local].into_iter().flatten().map(|place| place.bare()).collect()
        }
        Opens::Bind { at, target } => vec![at.bare(), target.bare()],
    };
    let proxy = Some(&profile.switches.proxy).filter(|proxy| proxy.through != Through::Nothing);
    let hosts: Vec<_> = hosts.into_iter().chain(proxy.map(|proxy| proxy.host.trim().to_owned())).collect();
    let is_strange = |c: char| !(c.is_alphanumeric() || "._-:%".contains(c));
    if let Some(host) = hosts.iter().find(|host| host.starts_with('-') || host.contains(is_strange)) {
        return Err(format!("{host:?} is no host that can stand in a command"));
    }
    refuse_control(make(profile))
}

/// A command that a terminal takes as it is.
fn refuse_control(command: Command) -> Result<Command, String> {
    if command.line.contains(|c: char| c.is_control() && c != '\n') {
        return Err(
            "a text has control characters, which a terminal takes for keys: write them as \\xHH".to_owned()
        );
    }
    Ok(command)
}

/// An address as typed, and a port or the name of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    host: String,
    port: String,
}

/// What is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Opens {
    /// A TCP server.
    Listen { at: Place, backlog: String },
    /// A TCP client.
    Connect { to: Place, local: Option<Place>, limit: String },
    /// A UDP socket.
    Bind { at: Place, target: Place },
}

/// What a tool without rules can do of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outline {
    opens: Opens,
    /// What each new connection is sent.
    greeting: Option<Vec<u8>>,
    /// The connection is closed after that.
    closes: bool,
    /// What comes goes back.
    echoes: bool,
    /// What is sent at once.
    message: Option<Vec<u8>>,
    once: bool,
    broadcast: bool,
    /// What is set on its sockets.
    settings: Vec<Setting>,
    family: Family,
    multicast: MulticastForm,
    /// How it speaks TLS, if it does.
    tls: Option<TlsForm>,
    /// What a client connects through.
    proxy: Option<ProxyForm>,
    remarks: Vec<String>,
}

impl Outline {
    fn of(profile: &Profile) -> Self {
        let mut outline = Self {
            opens: opens(profile),
            greeting: None,
            closes: false,
            echoes: false,
            message: None,
            once: profile.switches.once,
            broadcast: profile.switches.broadcast,
            settings: options::settings(profile),
            family: profile.switches.ip.family,
            multicast: multicast::of(profile),
            tls: tls::of(profile),
            proxy: Some(profile.switches.proxy.clone())
                .filter(|proxy| matches!(profile.form, Form::Client(_)) && proxy.through != Through::Nothing),
            remarks: Vec::new(),
        };
        outline.take_rules(&profile.rules);
        outline.take_draft(&profile.draft);
        if !profile.sequence.steps.is_empty() {
            outline.remarks.push(NO_SEQUENCE.to_owned());
        }
        outline
    }

    /// Says that the line goes straight to the host.
    fn leave_proxy_out(&mut self) {
        if self.proxy.is_some() {
            self.remarks.push("the proxy is left out: this line connects without one".to_owned());
        }
    }

    fn is_server(&self) -> bool {
        matches!(self.opens, Opens::Listen { .. })
    }

    fn take_rules(&mut self, rules: &Rules) {
        let mut left_out = 0;
        for rule in rules.list.iter().filter(|rule| rule.on) {
            match (&rule.when, rule.then.as_slice()) {
                _ if rule.limit > 0 => left_out += 1,
                (When::Connected, [Act::Reply(message), rest @ ..])
                    if self.greeting.is_none() && matches!(rest, [] | [Act::Close]) =>
                {
                    self.greeting = fixed(message);
                    self.closes = self.greeting.is_some() && !rest.is_empty();
                    left_out += usize::from(self.greeting.is_none());
                }
                (When::Payload(Pattern { test: Test::Any, .. }), [Act::Reply(message)])
                    if *message == Message::template("{data}") =>
                {
                    self.echoes = true;
                }
                // Nothing is answered anyway.
                (When::Payload(Pattern { test: Test::Any, .. }), []) => {}
                _ => left_out += 1,
            }
        }
        if left_out > 0 {
            let rules = if left_out == 1 { "1 rule is".to_owned() } else { format!("{left_out} rules are") };
            self.remarks.push(format!("{rules} left out: this tool has none"));
        }
    }

    fn take_draft(&mut self, draft: &Message) {
        if draft.text.is_empty() {
            return;
        }
        if self.is_server() {
            return self
                .remarks
                .push("what is typed to be sent is left out: a server waits for clients first".into());
        }
        self.message = fixed(draft);
        if self.message.is_none() {
            self.remarks.push("what is typed to be sent is left out: it has variables, or an error".into());
        }
    }
}

/// What is said of a sequence that a line can't hold.
const NO_SEQUENCE: &str = "the sequence is left out: save the profile, and use sockscope run FILE";

/// What is opened; `::` that takes both families is `*`.
fn opens(profile: &Profile) -> Opens {
    let is_both = |host: &str| !profile.switches.ip.v6_only && matches!(host, "::" | "[::]");
    let place = |host: &str, port: &str| {
        let host = if is_both(host.trim()) { "*" } else { host.trim() };
        Place { host: host.to_owned(), port: port.trim().to_owned() }
    };
    match &profile.form {
        Form::Server(ServerForm { address, port, backlog, .. }) => {
            Opens::Listen { at: place(address, port), backlog: backlog.trim().to_owned() }
        }
        Form::Client(ClientForm { host, port, local_address, local_port, limit, .. }) => {
            let to = split(host, port, Scheme::Tcp);
            let local = place(local_address, local_port);
            let local = Some(local).filter(|local| !local.host.is_empty() || !local.port.is_empty());
            Opens::Connect { to, local, limit: limit.trim().to_owned() }
        }
        Form::Udp(UdpForm { address, port, target_host, target_port, .. }) => {
            Opens::Bind { at: place(address, port), target: split(target_host, target_port, Scheme::Udp) }
        }
    }
}

/// Host and port, also where a whole endpoint stands in the field of the host.
fn split(host: &str, port: &str, scheme: Scheme) -> Place {
    let (mut host, mut port) = (host.trim().to_owned(), port.trim().to_owned());
    form::split_endpoint(&mut host, &mut port, scheme);
    Place { host, port }
}

/// The bytes of a message that is the same each time.
fn fixed(message: &Message) -> Option<Vec<u8>> {
    let prepared = message.prepare().ok().filter(crate::message::Prepared::is_fixed)?;
    let nobody = &Address::NOWHERE;
    let values =
        Values { peer: nobody, local: nobody, payload: b"", number: 1, time: Stamp::from_nanos(0), captures: &[] };
    prepared.render(&values).ok().map(|bytes| bytes.to_vec())
}

impl Place {
    /// The host without brackets; nothing is all IPv4 addresses.
    fn bare(&self) -> String {
        match self.host.parse::<Host>() {
            _ if self.is_dual() => "::".to_owned(),
            _ if self.host.is_empty() => "0.0.0.0".to_owned(),
            Ok(host) => host.query(),
            Err(_) => self.host.clone(),
        }
    }

    /// All addresses of both families.
    fn is_dual(&self) -> bool {
        self.host == "*"
    }

    /// Whether it is an IPv6 address.
    fn is_v6(&self) -> bool {
        self.bare().contains(':')
    }

    /// As an endpoint of Sockscope.
    fn endpoint(&self, scheme: Scheme) -> String {
        let host = if self.is_dual() { Ok(Host::Name("*".to_owned())) } else { self.bare().parse::<Host>() };
        match (host, self.port.parse::<Port>()) {
            (Ok(host), Ok(port)) => Endpoint::new(scheme, host, port).to_string(),
            _ => format!("{}://{}:{}", scheme.name(), self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests;
