//! What is typed into a tab's connection form, and what it means: a plan for the engine, or an error at each field
//! that is wrong.

mod address;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::endpoint::{Endpoint, Host, ParseError, Port, Scheme};
use crate::engine::{Answers, Bind, Connect, Listen, Options, Plan, QueueLimit};
use crate::export::Role;
use crate::lookup;
use address::{local_address, socket_address};

pub use address::{exposure, offered_addresses};

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
}

impl Default for Switches {
    fn default() -> Self {
        Self { once: false, keep_open: false, broadcast: false, queue_limit: "16".to_owned() }
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

/// The form of a TCP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerForm {
    /// Local address.
    pub address: String,
    /// Port or service.
    pub port: String,
    /// 0…4096.
    pub backlog: String,
}

impl Default for ServerForm {
    fn default() -> Self {
        Self { address: "127.0.0.1".to_owned(), port: "8888".to_owned(), backlog: "1024".to_owned() }
    }
}

impl ServerForm {
    fn check(&self, switches: &Switches, answers: &Arc<Answers>) -> Result<Plan, Errors> {
        let mut errors = Errors::new();
        let options = switches.check(answers, &mut errors);
        let address = note(&mut errors, Field::Address, local_address(&self.address));
        let port = note(&mut errors, Field::Port, port(&self.port, "tcp"));
        let backlog = note(&mut errors, Field::Backlog, backlog(&self.backlog));
        match (address, port, backlog) {
            (Some((ip, scope, dual_stack)), Some(port), Some(backlog)) if errors.is_empty() => {
                Ok(Plan::Listen(Listen { address: socket_address(ip, scope, port), dual_stack, backlog, options }))
            }
            _ => Err(errors),
        }
    }
}

fn backlog(text: &str) -> Result<u32, String> {
    let backlog = text.trim().parse().ok().filter(|backlog| *backlog <= 4096);
    backlog.ok_or_else(|| "the backlog is a whole number from 0 to 4096".to_owned())
}

/// The form of a TCP client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientForm {
    /// Name or address; a whole endpoint (`tcp://host:port`) is taken apart.
    pub host: String,
    /// Port or service.
    pub port: String,
    /// Local address, may be empty.
    pub local_address: String,
    /// Local port, may be empty.
    pub local_port: String,
    /// Seconds.
    pub limit: String,
}

impl Default for ClientForm {
    fn default() -> Self {
        let (local_address, local_port) = Default::default();
        Self { host: "127.0.0.1".into(), port: "8888".into(), local_address, local_port, limit: "10".into() }
    }
}

impl ClientForm {
    fn check(&self, switches: &Switches, answers: &Arc<Answers>) -> Result<Plan, Errors> {
        let mut errors = Errors::new();
        let options = switches.check(answers, &mut errors);
        let (host, port) = host_and_port(&self.host, &self.port, Scheme::Tcp);
        let host = note(&mut errors, Field::Host, host.parse().map_err(|error: ParseError| error.reason));
        let port = note(&mut errors, Field::Port, remote_port(&port, "tcp"));
        let limit = note(&mut errors, Field::TimeLimit, time_limit(&self.limit));
        let local = self.local(host.as_ref(), &mut errors);
        match (host, port, limit) {
            (Some(host), Some(port), Some(limit)) if errors.is_empty() => {
                Ok(Plan::Connect(Connect { host, port, local, limit, options }))
            }
            _ => Err(errors),
        }
    }

    fn local(&self, host: Option<&Host>, errors: &mut Errors) -> Option<SocketAddr> {
        let (address, given_port) = (self.local_address.trim(), self.local_port.trim());
        if address.is_empty() && given_port.is_empty() {
            return None;
        }
        let port = if given_port.is_empty() { Ok(0) } else { port(given_port, "tcp") };
        let port = note(errors, Field::LocalPort, port)?;
        if address.is_empty() {
            let unspecified = match host {
                Some(Host::Address(IpAddr::V6(_), _)) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
                _ => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            };
            return Some(SocketAddr::new(unspecified, port));
        }
        let (ip, scope, _) = note(errors, Field::LocalAddress, local_address(address))?;
        Some(socket_address(ip, scope, port))
    }
}

/// How long connecting may take, names included, of seconds as typed.
///
/// # Errors
/// A sentence, where that is no number from 0.001 to 3600.
pub fn time_limit(text: &str) -> Result<Duration, String> {
    let seconds = text.trim().parse::<f64>().ok().filter(|seconds| (0.001..=3600.0).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "the time limit is a number of seconds from 0.001 to 3600".to_owned())
}

/// The form of a UDP socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UdpForm {
    /// Local address.
    pub address: String,
    /// Local port or service.
    pub port: String,
    /// To whom Send sends.
    pub target_host: String,
    /// On which port.
    pub target_port: String,
    /// The receive buffer to ask for, in KiB; empty: the system's default.
    pub receive_buffer: String,
}

impl Default for UdpForm {
    fn default() -> Self {
        Self {
            address: "127.0.0.1".to_owned(),
            port: "0".to_owned(),
            target_host: "127.0.0.1".to_owned(),
            target_port: "9000".to_owned(),
            receive_buffer: Bind::RECEIVE_BUFFER.map_or_else(String::new, |bytes| (bytes >> 10).to_string()),
        }
    }
}

impl UdpForm {
    fn check(&self, switches: &Switches, answers: &Arc<Answers>) -> Result<Plan, Errors> {
        let mut errors = Errors::new();
        let options = switches.check(answers, &mut errors);
        let address = note(&mut errors, Field::Address, local_address(&self.address));
        let port = note(&mut errors, Field::Port, port(&self.port, "udp"));
        let buffer = note(&mut errors, Field::ReceiveBuffer, receive_buffer(&self.receive_buffer));
        match (address, port, buffer) {
            (Some((ip, scope, dual_stack)), Some(port), Some(receive_buffer)) if errors.is_empty() => {
                let address = socket_address(ip, scope, port);
                Ok(Plan::Bind(Bind { address, dual_stack, receive_buffer, options }))
            }
            _ => Err(errors),
        }
    }

    /// The target, checked when something is to be sent.
    ///
    /// # Errors
    /// What is wrong with the target's host or port.
    pub fn target(&self) -> Result<(Host, u16), Errors> {
        let mut errors = Errors::new();
        let (host, port) = host_and_port(&self.target_host, &self.target_port, Scheme::Udp);
        let host = note(&mut errors, Field::TargetHost, host.parse().map_err(|error: ParseError| error.reason));
        let port = note(&mut errors, Field::TargetPort, remote_port(&port, "udp"));
        host.zip(port).ok_or(errors)
    }
}

/// Bytes, of KiB as typed.
fn receive_buffer(text: &str) -> Result<Option<u32>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let kib = text.trim().parse::<u32>().ok().filter(|kib| (1..=1 << 20).contains(kib));
    kib.map(|kib| Some(kib << 10)).ok_or_else(|| {
        "the receive buffer is a whole number of KiB from 1 to 1048576; empty is the system's default".to_owned()
    })
}

/// How much may wait to be sent, of MiB as typed.
fn queue_limit(text: &str) -> Result<QueueLimit, String> {
    let mib = text.trim().parse::<f64>().ok().filter(|mib| (0.0625..=1024.0).contains(mib));
    // A whole number of bytes within the range: nothing is cut off or lost.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 64 KiB and 1 GiB")]
    mib.map(|mib| QueueLimit::new((mib * f64::from(1 << 20)) as usize))
        .ok_or_else(|| "the queue limit is a number of MiB from 0.0625 (64 KiB) to 1024".to_owned())
}

/// What the two fields mean while a whole endpoint stands in the first one.
fn host_and_port(host: &str, port: &str, scheme: Scheme) -> (String, String) {
    let (mut host, mut port) = (host.to_owned(), port.to_owned());
    split_endpoint(&mut host, &mut port, scheme);
    (host, port)
}

/// A whole endpoint in a host field goes to both fields.
pub fn split_endpoint(host: &mut String, port: &mut String, scheme: Scheme) {
    if !host.contains(':') || host.parse::<Host>().is_ok() {
        return;
    }
    let with_scheme = if host.contains("://") { host.clone() } else { format!("{}://{host}", scheme.name()) };
    if let Ok(endpoint) = with_scheme.trim().parse::<Endpoint>() {
        *host = endpoint.host.to_string();
        *port = endpoint.port.to_string();
    }
}

impl Plan {
    /// Its endpoint in files, as asked for: `tcp://127.0.0.1:8888`; a port may be 0.
    pub fn endpoint(&self) -> String {
        match self {
            Self::Listen(plan) => format!("tcp://{}", plan.address),
            Self::Connect(plan) => format!("tcp://{}:{}", plan.host, plan.port),
            Self::Bind(plan) => format!("udp://{}", plan.address),
        }
    }

    /// What its session is in files.
    pub const fn role(&self) -> Role {
        match self {
            Self::Listen(_) => Role::Listener,
            Self::Connect(_) => Role::Client,
            Self::Bind(_) => Role::Udp,
        }
    }
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
        match self {
            Self::Server(form) => form.check(switches, answers),
            Self::Client(form) => form.check(switches, answers),
            Self::Udp(form) => form.check(switches, answers),
        }
    }

    /// What is wrong with the numbers in it and in `switches`, by field. Unlike [`check`](Self::check) this looks
    /// nothing up, neither services nor this machine's addresses.
    pub fn wrong_numbers(&self, switches: &Switches) -> Errors {
        let mut errors = Errors::new();
        note(&mut errors, Field::QueueLimit, queue_limit(&switches.queue_limit));
        match self {
            Self::Server(form) => {
                note(&mut errors, Field::Port, spelled_port(&form.port, 0));
                note(&mut errors, Field::Backlog, backlog(&form.backlog));
            }
            Self::Client(form) => {
                let (_, port) = host_and_port(&form.host, &form.port, Scheme::Tcp);
                note(&mut errors, Field::Port, spelled_port(&port, 1));
                if !form.local_port.trim().is_empty() {
                    note(&mut errors, Field::LocalPort, spelled_port(&form.local_port, 0));
                }
                note(&mut errors, Field::TimeLimit, time_limit(&form.limit));
            }
            Self::Udp(form) => {
                let (_, port) = host_and_port(&form.target_host, &form.target_port, Scheme::Udp);
                note(&mut errors, Field::Port, spelled_port(&form.port, 0));
                note(&mut errors, Field::TargetPort, spelled_port(&port, 1));
                note(&mut errors, Field::ReceiveBuffer, receive_buffer(&form.receive_buffer));
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
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

    fn check_address(address: &str, expected: &str, dual: bool) {
        let form = ServerForm { address: address.into(), port: "1".into(), ..ServerForm::default() };
        let Ok(Plan::Listen(listen)) = form.check(&Switches::default(), &Arc::default()) else {
            panic!("{address:?}")
        };
        assert_eq!((listen.address.to_string().as_str(), listen.dual_stack), (expected, dual));
    }

    #[test]
    fn addresses_to_listen_on() {
        check_address("127.0.0.1", "127.0.0.1:1", false);
        check_address("localhost", "127.0.0.1:1", false);
        check_address("", "0.0.0.0:1", false);
        check_address("::", "[::]:1", false);
        check_address("*", "[::]:1", true);
        assert!(exposure("127.0.0.1").is_none() && exposure("localhost").is_none());
        assert!(exposure("").is_some() && exposure("*").is_some() && exposure("192.0.2.1").is_some());
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
