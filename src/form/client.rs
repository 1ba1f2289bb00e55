//! The form of a client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::address::{local_address, socket_address};
use super::kind::{host_and_port, split_endpoint, whole_endpoint};
use super::{Errors, Field, Switches, Through, note, port, remote_port, spelled_port, unix};
use crate::endpoint::{Endpoint, Family, Host, Location, ParseError, Scheme};
use crate::engine::{Answers, Connect, Destination, Plan};

const KINDS: &[Scheme] = &[Scheme::Tcp, Scheme::Tls, Scheme::Unix];

/// The form of a TCP client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientForm {
    /// TCP, TLS or a Unix stream socket.
    pub kind: Scheme,
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
    /// The name of a Unix socket: a path, or `@` and a name.
    pub path: String,
}

impl Default for ClientForm {
    fn default() -> Self {
        Self {
            kind: Scheme::Tcp,
            host: "127.0.0.1".to_owned(),
            port: "8888".to_owned(),
            local_address: String::new(),
            local_port: String::new(),
            limit: "10".to_owned(),
            path: String::new(),
        }
    }
}

impl ClientForm {
    pub(super) fn check(&self, switches: &Switches, answers: &Arc<Answers>) -> Result<Plan, Errors> {
        let mut errors = Errors::new();
        let options = switches.check(answers, &mut errors);
        let limit = note(&mut errors, Field::TimeLimit, time_limit(&self.limit));
        let proxy = switches.proxy.check(&mut errors);
        if self.kind == Scheme::Unix {
            if switches.proxy.through != Through::Nothing {
                let reason = "a Unix socket is on this machine: no proxy leads there";
                errors.insert(Field::ProxyKind, reason.to_owned());
            }
            let name = note(&mut errors, Field::Path, unix::name(&self.path, unix::For::Sending));
            return match (name, limit) {
                (Some(name), Some(limit)) if errors.is_empty() => Ok(Plan::Connect(Connect {
                    to: Destination::Unix(name),
                    family: Family::Any,
                    local: None,
                    proxy,
                    limit,
                    options,
                })),
                _ => Err(errors),
            };
        }
        let (host, port) = host_and_port(&self.host, &self.port, Scheme::Tcp);
        let host = host.parse().map_err(|error: ParseError| error.reason);
        let host = note(&mut errors, Field::Host, host.and_then(|host| switches.ip.wanted(host)));
        let port = note(&mut errors, Field::Port, remote_port(&port, "tcp"));
        let local = self.local(host.as_ref(), &mut errors);
        match (host, port, limit) {
            (Some(host), Some(port), Some(limit)) if errors.is_empty() => Ok(Plan::Connect(Connect {
                to: Destination::Port(host, port),
                family: switches.ip.family,
                local,
                proxy,
                limit,
                options,
            })),
            _ => Err(errors),
        }
    }

    pub(super) fn wrong_numbers(&self, errors: &mut Errors) {
        note(errors, Field::TimeLimit, time_limit(&self.limit));
        if self.kind == Scheme::Unix {
            if !self.path.trim().is_empty() {
                note(errors, Field::Path, unix::name(&self.path, unix::For::Sending));
            }
            return;
        }
        let (_, port) = host_and_port(&self.host, &self.port, Scheme::Tcp);
        note(errors, Field::Port, spelled_port(&port, 1));
        if !self.local_port.trim().is_empty() {
            note(errors, Field::LocalPort, spelled_port(&self.local_port, 0));
        }
    }

    /// One that connects to `endpoint`.
    pub fn to(endpoint: &Endpoint) -> Self {
        let mut form = Self { kind: endpoint.scheme, ..Self::default() };
        match &endpoint.location {
            Location::Port(host, port) => (form.host, form.port) = (host.query(), port.to_string()),
            Location::Unix(name) => form.path = name.to_string(),
            Location::Host(host) => form.host = host.query(),
        }
        form
    }

    /// Has it connect to `endpoint`; what is not said by that stays.
    pub fn aim(&mut self, endpoint: &Endpoint) {
        let its = Self::to(endpoint);
        (self.kind, self.host) = (its.kind, its.host);
        match its.kind {
            Scheme::Unix => self.path = its.path,
            _ => self.port = its.port,
        }
    }

    /// A whole endpoint in the field of the host goes to the fields that it is for.
    pub fn take_apart(&mut self) {
        let Some(endpoint) = whole_endpoint(&self.host, KINDS) else {
            return split_endpoint(&mut self.host, &mut self.port, Scheme::Tcp);
        };
        self.aim(&endpoint);
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
