//! The form of a socket for datagrams.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::address::{Families, socket_address};
use super::kind::{host_and_port, split_endpoint, whole_endpoint};
use super::{Errors, Field, Switches, note, port, remote_port, spelled_port, unix};
use crate::endpoint::{Address, Endpoint, Host, Location, ParseError, Scheme};
use crate::engine::{Answers, Bind, Options, Plan, SessionLimits, Target, echo_refusal};

const KINDS: &[Scheme] = &[Scheme::Udp, Scheme::UnixDatagram, Scheme::Icmp];

/// The form of a socket for datagrams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UdpForm {
    /// UDP, a Unix datagram socket, or ICMP echo.
    pub kind: Scheme,
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
    /// The own name of a Unix socket: a path, or `@` and a name; may be empty.
    pub path: String,
    /// The name of the Unix socket that Send sends to.
    pub target_path: String,
}

impl Default for UdpForm {
    fn default() -> Self {
        Self {
            kind: Scheme::Udp,
            path: String::new(),
            target_path: String::new(),
            address: "127.0.0.1".to_owned(),
            port: "0".to_owned(),
            target_host: "127.0.0.1".to_owned(),
            target_port: "9000".to_owned(),
            receive_buffer: Bind::RECEIVE_BUFFER.map_or_else(String::new, |bytes| (bytes >> 10).to_string()),
        }
    }
}

impl UdpForm {
    pub(super) fn check(&self, switches: &Switches, answers: &Arc<Answers>) -> Result<Plan, Errors> {
        let mut errors = Errors::new();
        let mut options = switches.check(answers, &mut errors);
        if self.kind != Scheme::Udp {
            refuse_limits(&options.limits, self.kind, &mut errors);
        }
        if self.kind == Scheme::UnixDatagram {
            let name = note(&mut errors, Field::Path, unix::name(&self.path, unix::For::Binding));
            let buffer = note(&mut errors, Field::ReceiveBuffer, receive_buffer(&self.receive_buffer));
            return match (name, buffer) {
                (Some(name), Some(receive_buffer)) if errors.is_empty() => {
                    let address = Address::Unix(name);
                    Ok(Plan::Bind(Bind { address, dual_stack: false, receive_buffer, options }))
                }
                _ => Err(errors),
            };
        }
        if self.kind == Scheme::Icmp {
            return echoes(options, errors);
        }
        let address = note(&mut errors, Field::Address, switches.ip.local_address(&self.address));
        let local = address.map(|(ip, _, dual_stack)| (ip, dual_stack));
        options.multicast = switches.multicast.check(local, &mut errors);
        let port = note(&mut errors, Field::Port, port(&self.port, "udp"));
        let buffer = note(&mut errors, Field::ReceiveBuffer, receive_buffer(&self.receive_buffer));
        match (address, port, buffer) {
            (Some((ip, scope, dual_stack)), Some(port), Some(receive_buffer)) if errors.is_empty() => {
                let address = socket_address(ip, scope, port).into();
                Ok(Plan::Bind(Bind { address, dual_stack, receive_buffer, options }))
            }
            _ => Err(errors),
        }
    }

    pub(super) fn wrong_numbers(&self, errors: &mut Errors) {
        note(errors, Field::ReceiveBuffer, receive_buffer(&self.receive_buffer));
        if self.kind == Scheme::UnixDatagram {
            note(errors, Field::Path, unix::name(&self.path, unix::For::Binding));
            if !self.target_path.trim().is_empty() {
                note(errors, Field::TargetPath, unix::name(&self.target_path, unix::For::Sending));
            }
        }
        if self.kind != Scheme::Udp {
            return;
        }
        let (_, port) = host_and_port(&self.target_host, &self.target_port, Scheme::Udp);
        note(errors, Field::Port, spelled_port(&self.port, 0));
        note(errors, Field::TargetPort, spelled_port(&port, 1));
    }

    /// The address that it binds, and whether that is dual-stack, as far as it can be told.
    pub fn local(&self, families: Families) -> Option<(IpAddr, bool)> {
        let (ip, _, dual_stack) = families.local_address(&self.address).ok()?;
        Some((ip, dual_stack))
    }

    /// One that is bound to `endpoint`.
    pub fn at(endpoint: &Endpoint) -> Self {
        let mut form = Self { kind: endpoint.scheme, ..Self::default() };
        match &endpoint.location {
            Location::Port(host, port) => (form.address, form.port) = (host.query(), port.to_string()),
            Location::Unix(name) => form.path = name.to_string(),
            Location::Host(host) => form.address = host.query(),
        }
        form
    }

    /// One that sends to `endpoint`.
    pub fn to(endpoint: &Endpoint) -> Self {
        let mut form = Self { kind: endpoint.scheme, ..Self::default() };
        match &endpoint.location {
            Location::Port(host, port) => (form.target_host, form.target_port) = (host.query(), port.to_string()),
            Location::Unix(name) => form.target_path = name.to_string(),
            Location::Host(host) => form.target_host = host.query(),
        }
        form
    }

    /// Has it send to `endpoint`; what is not said by that stays.
    pub fn aim(&mut self, endpoint: &Endpoint) {
        let its = Self::to(endpoint);
        (self.kind, self.target_host) = (its.kind, its.target_host);
        match its.kind {
            Scheme::UnixDatagram => self.target_path = its.target_path,
            Scheme::Udp => self.target_port = its.target_port,
            _ => {}
        }
    }

    /// A whole endpoint in the field of the own address goes to the fields that it is for.
    pub fn take_apart(&mut self) {
        let Some(endpoint) = whole_endpoint(&self.address, KINDS) else { return };
        let its = Self::at(&endpoint);
        (self.kind, self.address) = (its.kind, its.address);
        match its.kind {
            Scheme::UnixDatagram => self.path = its.path,
            Scheme::Udp => self.port = its.port,
            _ => {}
        }
    }

    /// A whole endpoint in the field of the target goes to the fields that it is for.
    pub fn take_target_apart(&mut self) {
        let Some(endpoint) = whole_endpoint(&self.target_host, KINDS) else {
            return split_endpoint(&mut self.target_host, &mut self.target_port, Scheme::Udp);
        };
        self.aim(&endpoint);
    }

    /// To whom it sends, checked when something is to be sent.
    ///
    /// # Errors
    /// What is wrong with the target.
    pub fn destination(&self) -> Result<Target, Errors> {
        if self.kind == Scheme::UnixDatagram {
            let name = unix::name(&self.target_path, unix::For::Sending);
            return name.map(Target::Unix).map_err(|reason| Errors::from([(Field::TargetPath, reason)]));
        }
        self.target().map(|(host, port)| Target::Address(host, port))
    }

    /// The target of a UDP socket.
    ///
    /// # Errors
    /// What is wrong with the target's host or port; ICMP has no ports, and 0 in its place.
    pub fn target(&self) -> Result<(Host, u16), Errors> {
        let mut errors = Errors::new();
        if self.kind == Scheme::Icmp {
            let host = self.target_host.parse().map_err(|error: ParseError| error.reason);
            return note(&mut errors, Field::TargetHost, host).map(|host| (host, 0)).ok_or(errors);
        }
        let (host, port) = host_and_port(&self.target_host, &self.target_port, Scheme::Udp);
        let host = note(&mut errors, Field::TargetHost, host.parse().map_err(|error: ParseError| error.reason));
        let port = note(&mut errors, Field::TargetPort, remote_port(&port, "udp"));
        host.zip(port).ok_or(errors)
    }
}

/// Only UDP sockets have limits for silence, and are received by hand: what would do nothing is refused.
fn refuse_limits(limits: &SessionLimits, kind: Scheme, errors: &mut Errors) {
    let asked = [
        (limits.idle.is_some(), Field::IdleLimit),
        (limits.receive.is_some(), Field::ReceiveLimit),
        (limits.recv_once.is_some(), Field::RecvOnce),
        (limits.by_hand, Field::Kind),
    ];
    for (_, field) in asked.into_iter().filter(|(is, _)| *is) {
        let kind = kind.words();
        let reason = match field {
            Field::Kind => format!("{kind} is not received by hand: switch that off on page Socket, or choose UDP"),
            _ => format!("there is no such limit for {kind}: leave it empty, or choose UDP"),
        };
        errors.insert(field, reason);
    }
}

/// A session of ICMP echo: it is for both families, and chooses its own address by the target's.
fn echoes(options: Options, mut errors: Errors) -> Result<Plan, Errors> {
    if let Some(refusal) = echo_refusal() {
        errors.insert(Field::Kind, refusal);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let address = Address::Host(Ipv4Addr::UNSPECIFIED.into(), 0);
    Ok(Plan::Bind(Bind { address, dual_stack: true, receive_buffer: None, options }))
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
