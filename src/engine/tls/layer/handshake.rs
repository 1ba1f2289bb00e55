//! Ciphertext is handed to `rustls`, and what came of it is put into words.

use std::io::Write;
use std::sync::Arc;

use rustls::server::{Accepted, ClientHello};
use rustls::{Connection, Error, ProtocolVersion};

use super::super::{ClientCerts, Role, certificate, refusal, words};
use super::{Layer, Phase};
use crate::error::OpError;
use crate::payload;

/// The most protocols that a sentence names.
const NAMED: usize = 12;

impl Layer {
    /// Hands on what was read.
    pub(super) fn feed(&mut self, socket: &mut impl Write) {
        if !std::mem::replace(&mut self.begun, true)
            && let Err(error) = self.check_first()
        {
            self.failed = Some(error);
            return;
        }
        let fed = match &mut self.phase {
            Phase::Hello(_) => self.hello(socket),
            Phase::Going(_) => self.go_on(socket),
        };
        if let Err(error) = fed {
            self.failed.get_or_insert(error);
        }
    }

    /// The client's first words.
    fn hello(&mut self, socket: &mut impl Write) -> Result<(), OpError> {
        let Phase::Hello(acceptor) = &mut self.phase else {
            return Ok(());
        };
        let mut rest = &self.incoming[self.taken..];
        let before = rest.len();
        let read = acceptor.read_tls(&mut rest);
        self.taken += before - rest.len();
        if !matches!(read, Ok(1..)) {
            return Err(OpError::new("start TLS", "", "the client's first words have no end"));
        }
        match acceptor.accept() {
            Ok(None) => Ok(()),
            Ok(Some(accepted)) => self.accepted(accepted, socket),
            Err((error, mut alert)) => {
                // The connection ends either way.
                let _ = alert.write(socket);
                Err(words::error(&self.role, &error, &[], true))
            }
        }
    }

    fn accepted(&mut self, accepted: Accepted, socket: &mut impl Write) -> Result<(), OpError> {
        self.notes.push(asks_for(&accepted.client_hello()));
        let (config, watch) = self.tls.server()?;
        self.watch = Some(Arc::clone(watch));
        match accepted.into_connection(Arc::clone(config)) {
            Ok(mut connection) => {
                connection.set_buffer_limit(None);
                self.phase = Phase::Going(Box::new(Connection::Server(connection)));
                // What came with the first words is there already.
                self.process(socket)
            }
            Err((error, mut alert)) => {
                let _ = alert.write(socket);
                Err(words::error(&self.role, &error, &[], true))
            }
        }
    }

    /// Everything after that.
    fn go_on(&mut self, socket: &mut impl Write) -> Result<(), OpError> {
        let Phase::Going(connection) = &mut self.phase else {
            return Ok(());
        };
        let mut rest = &self.incoming[self.taken..];
        match connection.read_tls(&mut rest) {
            // What follows a close_notify is nothing (RFC 8446 §6.1).
            Ok(0) => self.taken = self.incoming.len(),
            Ok(read) => self.taken += read,
            Err(error) => return Err(OpError::io("receive", "", &error)),
        }
        self.process(socket)
    }

    fn process(&mut self, socket: &mut impl Write) -> Result<(), OpError> {
        let Phase::Going(connection) = &mut self.phase else {
            return Ok(());
        };
        let processed = connection.process_new_packets();
        // A handshake takes several turns, and others go on between them.
        let seen = self.watch.as_ref().map(|watch| watch.take()).unwrap_or_default();
        if !seen.chain.is_empty() {
            self.seen = seen;
        }
        match processed {
            Ok(_) => {
                if self.until.is_some() && !connection.is_handshaking() {
                    self.until = None;
                    self.tell_done();
                }
                Ok(())
            }
            Err(error) => {
                // The alert that says why; the connection ends whether or not it leaves.
                while connection.wants_write() && matches!(connection.write_tls(socket), Ok(1..)) {}
                Err(self.refused(&error))
            }
        }
    }

    /// Why it can't go on, and what the peer showed.
    fn refused(&mut self, error: &Error) -> OpError {
        let seen = std::mem::take(&mut self.seen);
        let whose = words::other(&self.role);
        self.notes.extend(certificate::chain(&format!("the {whose}'s"), &seen.chain));
        words::error(&self.role, error, &seen.chain, self.until.is_some())
    }

    /// Records what was agreed, and who the peer is.
    fn tell_done(&mut self) {
        let Phase::Going(connection) = &self.phase else {
            return;
        };
        let seen = std::mem::take(&mut self.seen);
        self.notes.push(agreed(connection));
        let whose = words::other(&self.role);
        self.notes.extend(certificate::chain(&format!("the {whose}'s"), &seen.chain));
        let settings = &self.tls.settings;
        match (&self.role, seen.unchecked) {
            (Role::Client(host), result) if !settings.verify => {
                let name = settings.server_name.as_deref().unwrap_or(host);
                let would = match result {
                    Some(Ok(())) => "; it would have passed".to_owned(),
                    Some(Err(error)) => {
                        format!("; it would have been refused: {}", refusal::words(whose, &error, &seen.chain).0)
                    }
                    None => String::new(),
                };
                self.notes
                    .push(format!("the server was NOT checked to be {name}: verification is switched off{would}"));
            }
            (Role::Client(host), _) => {
                let name = settings.server_name.as_deref().unwrap_or(host);
                let origin = self.tls.anchors.as_ref().map_or("this system", |anchors| &anchors.origin);
                self.notes.push(format!("the server was checked to be {name}: {origin} trusts its certificate"));
            }
            (Role::Server, _) if settings.client_certs == ClientCerts::None => {}
            (Role::Server, _) if seen.chain.is_empty() => {
                self.notes.push("the client showed no certificate".to_owned());
            }
            (Role::Server, _) => {
                let origin = self.tls.anchors.as_ref().map_or("this system", |anchors| &anchors.origin);
                self.notes.push(format!("the client was checked: {origin} trusts its certificate"));
            }
        }
        if let Some(log) = &self.tls.key_log {
            self.notes.push(log.take_failure().map_or_else(|| log.note(), |error| error.to_string()));
        }
    }
}

/// What the client's first words ask for.
fn asks_for(hello: &ClientHello<'_>) -> String {
    let name = match hello.server_name() {
        Some(name) => format!("for {name} (SNI)"),
        None => "for no name (no SNI)".to_owned(),
    };
    let Some(protocols) = hello.alpn() else {
        return format!("the client asks {name}, and offers no protocol (no ALPN)");
    };
    let protocols: Vec<_> = protocols.map(payload::escape).collect();
    let more = if protocols.len() > NAMED { ", …" } else { "" };
    let named = protocols.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    format!("the client asks {name}, and offers {named}{more} (ALPN)")
}

/// Version, cipher suite, key exchange and protocol.
fn agreed(connection: &Connection) -> String {
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    };
    // The registry's name (RFC 8446 §B.4) has no version in it.
    let suite = connection
        .negotiated_cipher_suite()
        .map_or_else(String::new, |suite| format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1));
    let exchange = connection
        .negotiated_key_exchange_group()
        .map_or_else(String::new, |group| format!(", key exchange {:?}", group.name()));
    let protocol = match connection.alpn_protocol() {
        Some(protocol) => format!("protocol {} (ALPN)", payload::escape(protocol)),
        None => "no protocol agreed (ALPN)".to_owned(),
    };
    format!("{version} is on: {suite}{exchange}, {protocol}")
}
