//! The form of a server of connections.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::address::socket_address;
use super::kind::whole_endpoint;
use super::limits::room;
use super::{Errors, Field, Switches, note, port, spelled_port, unix};
use crate::endpoint::{Address, Endpoint, Location, Scheme};
use crate::engine::{Answers, Listen, Plan};

const KINDS: &[Scheme] = &[Scheme::Tcp, Scheme::Tls, Scheme::Unix];

/// The form of a TCP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerForm {
    /// TCP, TLS or a Unix stream socket.
    pub kind: Scheme,
    /// Local address.
    pub address: String,
    /// Port or service.
    pub port: String,
    /// 0…4096.
    pub backlog: String,
    /// The name of a Unix socket: a path, or `@` and a name.
    pub path: String,
}

impl Default for ServerForm {
    fn default() -> Self {
        Self {
            kind: Scheme::Tcp,
            address: "127.0.0.1".to_owned(),
            port: "8888".to_owned(),
            backlog: "1024".to_owned(),
            path: String::new(),
        }
    }
}

impl ServerForm {
    pub(super) fn check(&self, switches: &Switches, answers: &Arc<Answers>) -> Result<Plan, Errors> {
        let mut errors = Errors::new();
        let options = switches.check(answers, &mut errors);
        note(&mut errors, Field::Connections, room(&options.limits));
        let backlog = note(&mut errors, Field::Backlog, backlog(&self.backlog));
        if self.kind == Scheme::Unix {
            let name = note(&mut errors, Field::Path, unix::name(&self.path, unix::For::Listening));
            return match (name, backlog) {
                (Some(name), Some(backlog)) if errors.is_empty() => {
                    Ok(Plan::Listen(Listen { address: Address::Unix(name), dual_stack: false, backlog, options }))
                }
                _ => Err(errors),
            };
        }
        let address = note(&mut errors, Field::Address, switches.ip.local_address(&self.address));
        let port = note(&mut errors, Field::Port, port(&self.port, "tcp"));
        match (address, port, backlog) {
            (Some((ip, scope, dual_stack)), Some(port), Some(backlog)) if errors.is_empty() => {
                let address = socket_address(ip, scope, port).into();
                Ok(Plan::Listen(Listen { address, dual_stack, backlog, options }))
            }
            _ => Err(errors),
        }
    }

    pub(super) fn wrong_numbers(&self, errors: &mut Errors) {
        if self.kind != Scheme::Unix {
            note(errors, Field::Port, spelled_port(&self.port, 0));
        }
        note(errors, Field::Backlog, backlog(&self.backlog));
        if self.kind == Scheme::Unix && !self.path.trim().is_empty() {
            note(errors, Field::Path, unix::name(&self.path, unix::For::Listening));
        }
    }

    /// One that listens at `endpoint`.
    pub fn at(endpoint: &Endpoint) -> Self {
        let mut form = Self { kind: endpoint.scheme, ..Self::default() };
        match &endpoint.location {
            Location::Port(host, port) => (form.address, form.port) = (host.query(), port.to_string()),
            Location::Unix(name) => form.path = name.to_string(),
            Location::Host(host) => form.address = host.query(),
        }
        form
    }

    /// A whole endpoint in the field of the address goes to the fields that it is for.
    pub fn take_apart(&mut self) {
        let Some(endpoint) = whole_endpoint(&self.address, KINDS) else { return };
        let its = Self::at(&endpoint);
        (self.kind, self.address) = (its.kind, its.address);
        match its.kind {
            Scheme::Unix => self.path = its.path,
            _ => self.port = its.port,
        }
    }
}

fn backlog(text: &str) -> Result<u32, String> {
    let backlog = text.trim().parse().ok().filter(|backlog| *backlog <= 4096);
    backlog.ok_or_else(|| "the backlog is a whole number from 0 to 4096".to_owned())
}
