//! What is typed into a tab's connection form, and what it means: a plan for the engine, or an error at each field
//! that is wrong.

mod access;
mod address;
mod client;
mod datagrams;
mod kind;
mod limits;
mod multicast;
mod options;
mod plan;
mod proxy;
mod server;
mod tls;
mod unix;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::endpoint::{Port, Scheme};
use crate::engine::{Answers, Multicast, Options, Plan, QueueLimit, SocketOption};
use crate::lookup;

pub use access::AccessForm;
pub use address::{Families, exposure, offered_addresses, offered_targets, target_remark};
pub use client::{ClientForm, time_limit};
pub use datagrams::UdpForm;
pub use kind::split_endpoint;
pub use limits::LimitsForm;
pub use multicast::{GroupForm, MulticastForm};
pub use options::{SocketOptions, named, present, setting};
pub use proxy::{ProxyForm, Through};
pub use server::ServerForm;
pub use tls::TlsForm;
pub use unix::{ABSTRACT_EXPOSURE, UnixSwitches};

/// The fields that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are those on the screen")]
pub enum Field {
    Address,
    Port,
    Backlog,
    Host,
    LocalAddress,
    LocalPort,
    TimeLimit,
    TargetHost,
    TargetPort,
    ReceiveBuffer,
    QueueLimit,
    Kind,
    Path,
    TargetPath,
    IdleLimit,
    ReceiveLimit,
    ReadSize,
    RecvOnce,
    Connections,
    ReconnectDelay,
    ReconnectLongest,
    ReconnectAttempts,
    Allow,
    Deny,
    Option(SocketOption),
    MulticastTtl,
    MulticastInterface,
    /// By its place in the list, from 0.
    Group(usize),
    TlsCa,
    TlsServerName,
    TlsAlpn,
    TlsCertificate,
    TlsKey,
    TlsClientCerts,
    TlsKeyLog,
    Mode,
    ProxyKind,
    ProxyHost,
    ProxyPort,
    ProxyUser,
}

impl Field {
    /// Whether it stands in the form itself; the others are on the page *Socket*.
    pub const fn is_of_form(self) -> bool {
        matches!(
            self,
            Self::Address
                | Self::Port
                | Self::Backlog
                | Self::Host
                | Self::LocalAddress
                | Self::LocalPort
                | Self::TimeLimit
                | Self::TargetHost
                | Self::TargetPort
                | Self::ReceiveBuffer
                | Self::QueueLimit
                | Self::Kind
                | Self::Path
                | Self::TargetPath
        )
    }
}

/// What is wrong, by field.
pub type Errors = BTreeMap<Field, String>;

/// The switches of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Switches {
    /// Stop listening after one client.
    pub once: bool,
    /// Keep a connection open when its peer has finished sending.
    pub keep_open: bool,
    /// Allow broadcast targets.
    pub broadcast: bool,
    /// How much may wait to be sent, in MiB.
    pub queue_limit: String,
    /// Limits and timing.
    pub limits: LimitsForm,
    /// Who may connect.
    pub access: AccessForm,
    /// What is set on its sockets.
    pub socket_options: SocketOptions,
    /// IPv4, IPv6 or both.
    pub ip: Families,
    /// Groups (UDP).
    pub multicast: MulticastForm,
    /// How it speaks TLS, if it does.
    pub tls: TlsForm,
    /// The file of a Unix socket.
    pub unix: UnixSwitches,
    /// The proxy that a client connects through.
    pub proxy: ProxyForm,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            once: false,
            keep_open: false,
            broadcast: false,
            queue_limit: "16".to_owned(),
            socket_options: SocketOptions::default(),
            ip: Families::default(),
            multicast: MulticastForm::default(),
            limits: LimitsForm::default(),
            access: AccessForm::default(),
            tls: TlsForm::default(),
            unix: UnixSwitches::default(),
            proxy: ProxyForm::default(),
        }
    }
}

impl Switches {
    /// The engine's options; errors go to `errors`.
    fn check(&self, answers: &Arc<Answers>, errors: &mut Errors) -> Options {
        Options {
            answers: Arc::clone(answers),
            keep_open: self.keep_open,
            once: self.once,
            broadcast: self.broadcast,
            queue_limit: note(errors, Field::QueueLimit, queue_limit(&self.queue_limit)).unwrap_or_default(),
            limits: self.limits.check(errors),
            access: Arc::new(self.access.check(errors)),
            // Which of them fit is told by the form: they follow once the rest is right.
            socket_options: Arc::default(),
            multicast: Multicast::default(),
            secure: false,
            tls: self.tls.check(errors),
            unix: self.unix.check(errors),
        }
    }
}

/// Keeps an error under its field, and the value where there is none.
fn note<T>(errors: &mut Errors, field: Field, result: Result<T, String>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            errors.insert(field, error);
            None
        }
    }
}

/// A port by number or service name.
fn port(text: &str, protocol: &str) -> Result<u16, String> {
    match text.parse::<Port>().map_err(|error| error.reason)? {
        Port::Number(number) => Ok(number),
        Port::Service(name) => lookup::service_port(&name, protocol).map_err(|error| error.to_string()),
    }
}

/// A port that something can be sent to.
fn remote_port(text: &str, protocol: &str) -> Result<u16, String> {
    match port(text, protocol)? {
        0 => Err(NO_PORT.to_owned()),
        port => Ok(port),
    }
}

/// What is wrong with 0 as the port of somebody else.
const NO_PORT: &str = "0 is not a port that anyone can listen on: use 1 to 65535";

/// Whether a port is written as one and is not below `least`; whether a service of that name exists is not asked.
fn spelled_port(text: &str, least: u16) -> Result<(), String> {
    match text.parse::<Port>().map_err(|error| error.reason)? {
        Port::Number(number) if number < least => Err(NO_PORT.to_owned()),
        _ => Ok(()),
    }
}

/// How much may wait to be sent, of MiB as typed.
fn queue_limit(text: &str) -> Result<QueueLimit, String> {
    let mib = text.trim().parse::<f64>().ok().filter(|mib| (0.0625..=1024.0).contains(mib));
    // A whole number of bytes within the range: nothing is cut off or lost.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 64 KiB and 1 GiB")]
    mib.map(|mib| QueueLimit::new((mib * f64::from(1 << 20)) as usize))
        .ok_or_else(|| "the queue limit is a number of MiB from 0.0625 (64 KiB) to 1024".to_owned())
}

/// The form of a socket tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// TCP server.
    Server(ServerForm),
    /// TCP client.
    Client(ClientForm),
    /// UDP.
    Udp(UdpForm),
}

impl Form {
    /// The plan that the form describes.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn check(&self, switches: &Switches, answers: &Arc<Answers>) -> Result<Plan, Errors> {
        let plan = match self {
            Self::Server(form) => form.check(switches, answers),
            Self::Client(form) => form.check(switches, answers),
            Self::Udp(form) => form.check(switches, answers),
        };
        tls::secure(self.kind(), options::add(plan, self, &switches.socket_options)?)
    }

    /// What kind of socket it opens.
    pub const fn kind(&self) -> Scheme {
        match self {
            Self::Server(form) => form.kind,
            Self::Client(form) => form.kind,
            Self::Udp(form) => form.kind,
        }
    }

    /// The own name of a Unix socket, as typed.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Server(form) => Some(&*form.path),
            Self::Client(_) => None,
            Self::Udp(form) => Some(&*form.path),
        }
        .map(str::trim)
        .filter(|path| self.kind().is_unix() && !path.is_empty())
    }

    /// The kinds of socket that this form can open, those of this system alone.
    pub fn kinds(&self) -> &'static [Scheme] {
        kind::offered(self)
    }

    /// What is wrong with the numbers in it and in `switches`, by field. Unlike [`check`](Self::check) this looks
    /// nothing up, neither services nor this machine's addresses.
    pub fn wrong_numbers(&self, switches: &Switches) -> Errors {
        let mut errors = Errors::new();
        note(&mut errors, Field::QueueLimit, queue_limit(&switches.queue_limit));
        switches.limits.check(&mut errors);
        switches.access.check(&mut errors);
        switches.multicast.check_spelling(&mut errors);
        switches.unix.check(&mut errors);
        if !self.kinds().contains(&self.kind()) {
            errors.insert(Field::Kind, kind::refusal(self));
        }
        match self {
            Self::Server(form) => form.wrong_numbers(&mut errors),
            Self::Client(form) => {
                switches.proxy.wrong_numbers(&mut errors);
                form.wrong_numbers(&mut errors);
            }
            Self::Udp(form) => form.wrong_numbers(&mut errors),
        }
        switches.socket_options.wrong(self.socket_kind(&switches.socket_options), &mut errors);
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::kind::split_endpoint;
    use super::*;

    fn wrong(form: &Form) -> Vec<Field> {
        form.check(&Switches::default(), &Arc::default())
            .err()
            .map(|errors| errors.into_keys().collect())
            .unwrap_or_default()
    }

    fn check_port(port: &str, ok: bool) {
        let form = Form::Server(ServerForm { port: port.into(), ..ServerForm::default() });
        assert_eq!(wrong(&form), if ok { vec![] } else { vec![Field::Port] }, "{port:?}");
    }

    #[test]
    fn a_wrong_port_is_an_error_at_its_field() {
        check_port("0", true);
        check_port("http", true);
        check_port("65536", false);
        check_port("-1", false);
        check_port("80.5", false);
        check_port("8 8", false);
        check_port("no-such-service", false);
        check_port("", false);
    }

    #[test]
    fn every_wrong_field_has_its_error() {
        let form = Form::Client(ClientForm {
            host: String::new(),
            port: "0".into(),
            limit: "soon".into(),
            ..ClientForm::default()
        });
        assert_eq!(wrong(&form), [Field::Port, Field::Host, Field::TimeLimit]);
    }

    fn check_address_with(v6_only: bool, address: &str, expected: &str, dual: bool) {
        let form = ServerForm { address: address.into(), port: "1".into(), ..ServerForm::default() };
        let switches = Switches { ip: Families { v6_only, ..Families::default() }, ..Switches::default() };
        let Ok(Plan::Listen(listen)) = form.check(&switches, &Arc::default()) else { panic!("{address:?}") };
        assert_eq!((listen.address.to_string().as_str(), listen.dual_stack), (expected, dual));
    }

    fn check_address(address: &str, expected: &str, dual: bool) {
        check_address_with(true, address, expected, dual);
    }

    #[test]
    fn addresses_to_listen_on() {
        check_address("127.0.0.1", "127.0.0.1:1", false);
        check_address("localhost", "127.0.0.1:1", false);
        check_address("", "0.0.0.0:1", false);
        check_address("::", "[::]:1", false);
        check_address("*", "[::]:1", true);
        check_address_with(false, "::", "[::]:1", true);
        check_address_with(false, "*", "[::]:1", true);
        check_address_with(false, "::1", "[::1]:1", false);
        check_address_with(false, "", "0.0.0.0:1", false);
        check_address("::ffff:127.0.0.1", "127.0.0.1:1", false);
        assert!(exposure("127.0.0.1").is_none() && exposure("localhost").is_none());
        assert!(exposure("").is_some() && exposure("*").is_some() && exposure("192.0.2.1").is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_pasted_unix_endpoint_sets_the_kind_and_the_path() {
        let mut form = UdpForm { address: "unix-dgram:/run/x".into(), ..UdpForm::default() };
        form.take_apart();
        assert_eq!((form.kind, form.path.as_str()), (Scheme::UnixDatagram, "/run/x"));
        assert_eq!(wrong(&Form::Udp(form.clone())), []);
        form.target_host = "unix-dgram:@name".into();
        form.take_target_apart();
        assert_eq!(form.target_path, "@name");
        assert!(matches!(form.destination(), Ok(crate::engine::Target::Unix(_))));
        form.target_path = format!("@{}", "x".repeat(108));
        assert!(form.destination().is_err_and(|errors| errors.contains_key(&Field::TargetPath)));
    }

    #[test]
    fn a_pasted_endpoint_fills_both_fields() {
        let (mut host, mut port) = ("tcp://example.org:8080".to_owned(), String::new());
        split_endpoint(&mut host, &mut port, Scheme::Tcp);
        assert_eq!((host.as_str(), port.as_str()), ("example.org", "8080"));
        let (mut host, mut port) = ("::1".to_owned(), "9".to_owned());
        split_endpoint(&mut host, &mut port, Scheme::Tcp);
        assert_eq!((host.as_str(), port.as_str()), ("::1", "9"));
    }
}
