//! A client that connects through a proxy: its addresses are the proxy's, and a handshake comes before its connection.

use std::net::SocketAddr;

use super::limits::Seconds;
use super::{Client, Phase};
use crate::endpoint::{Address, Host};
use crate::engine::command::{Destination, Event};
use crate::engine::proxy::{Handshake, Outcome, Tunnel};
use crate::engine::reactor::{Key, Part, Reactor};
use crate::engine::stream::Stream;
use crate::error::OpError;
use crate::journal::{Detail, How};

impl Client {
    /// Resolves what is to be resolved here, and goes for the proxy.
    pub(super) fn start_proxied(&mut self, target: &Host, port: u16, reactor: &mut Reactor) {
        let here = self.plan.proxy.as_ref().is_some_and(|proxy| proxy.resolve_here);
        if !here || target.with_port(port).is_some() {
            return self.go_for_proxy(reactor);
        }
        self.resolve(target, port, reactor);
        if let Phase::Resolving(query) = self.phase {
            self.phase = Phase::ResolvingTarget(query);
        }
    }

    /// The target has an address, which the proxy gets.
    pub(super) fn target_resolved(&mut self, address: SocketAddr, reactor: &mut Reactor) {
        self.writer
            .detail(None, Detail::Note(format!("{} is {address}: the proxy gets this address", self.plan.to)));
        self.plan.resolved = Some(address);
        self.go_for_proxy(reactor);
    }

    /// What the proxy is asked for.
    fn target(&self) -> Destination {
        match self.plan.resolved {
            Some(address) => {
                let scope = if let SocketAddr::V6(v6) = address { v6.scope_id() } else { 0 };
                Destination::Port(Host::Address(address.ip(), scope), address.port())
            }
            None => self.plan.to.clone(),
        }
    }

    fn go_for_proxy(&mut self, reactor: &mut Reactor) {
        let Some(proxy) = &self.plan.proxy else { return };
        let (host, port) = (proxy.host.clone(), proxy.port);
        match host.with_port(port) {
            Some(address) => self.race(&[address], reactor),
            None => self.resolve(&host, port, reactor),
        }
    }

    /// Whose name the resolver is asked for.
    pub(super) fn asked(&self) -> String {
        match (&self.phase, &self.plan.proxy) {
            (Phase::ResolvingTarget(_), _) | (_, None) => self.plan.to.host(),
            (_, Some(proxy)) => proxy.host.to_string(),
        }
    }

    /// Whom a connection leads to, when its peer is a proxy.
    pub(super) fn way(&self) -> Option<String> {
        let proxy = self.plan.proxy.as_ref()?;
        Some(format!("{} through the proxy {proxy}", self.target()))
    }

    /// What the TCP connection goes to.
    pub(super) fn goal(&self) -> String {
        self.plan.proxy.as_ref().map_or_else(|| self.plan.to.to_string(), ToString::to_string)
    }

    /// Says of an error that it is about the way to the proxy, if there is one.
    pub(super) fn of_proxy(&self, mut error: OpError) -> OpError {
        if self.plan.proxy.is_some() {
            error.op = "connect to the proxy".into();
        }
        error
    }

    /// There is a TCP connection: the one that is wanted, or one to the proxy.
    pub(super) fn reached(&mut self, stream: Stream, peer: Address, reactor: &mut Reactor) {
        let Some(proxy) = &self.plan.proxy else {
            return self.connected(stream, peer, reactor);
        };
        let note =
            format!("connected to the proxy {peer} ({}): it is asked for {}", proxy.kind.words(), self.target());
        self.writer.detail(None, Detail::Note(note));
        if let Err(error) = self.begin_tunnel(stream, peer, reactor) {
            self.record(&error);
            return self.fail(error);
        }
        self.check_tunnel(reactor);
    }

    fn begin_tunnel(&mut self, mut stream: Stream, peer: Address, reactor: &mut Reactor) -> Result<(), OpError> {
        let target = self.target();
        let (Some(proxy), Destination::Port(host, port)) = (&self.plan.proxy, &target) else {
            return Err(OpError::new(
                "connect through the proxy to",
                &self.plan.to,
                "a proxy connects to a host and a port",
            ));
        };
        let handshake = Handshake::new(proxy, host, *port)?;
        let key = Key { session: self.session, part: Part::Socket };
        let token = reactor.register(&mut stream, key).map_err(|error| OpError::io("connect", &peer, &error))?;
        self.phase = Phase::Tunneling(Tunnel { stream, token, peer, handshake });
        Ok(())
    }

    /// Goes on with the handshake; when it is done the connection is the session's.
    pub(super) fn check_tunnel(&mut self, reactor: &mut Reactor) {
        let Phase::Tunneling(tunnel) = &mut self.phase else {
            return;
        };
        let outcome = tunnel.serve();
        for note in tunnel.handshake.take_notes() {
            self.writer.detail(None, Detail::Note(note));
        }
        match outcome {
            Outcome::Waiting => {}
            Outcome::Again => reactor.again(Key { session: self.session, part: Part::Socket }),
            Outcome::Through => {
                let over = Phase::Over(Event::Stopped { session: self.session });
                if let Phase::Tunneling(mut tunnel) = std::mem::replace(&mut self.phase, over) {
                    reactor.release(&mut tunnel.stream, tunnel.token);
                    self.connected(tunnel.stream, tunnel.peer, reactor);
                }
            }
            Outcome::Failed(error) => {
                self.drop_tunnel(reactor);
                self.record(&error);
                self.writer.detail(None, Detail::Closed { how: How::LocalClose });
                self.fail(error);
            }
        }
    }

    /// Ends a handshake that takes too long, if there is one, and records why.
    pub(super) fn late_tunnel(&mut self, reactor: &mut Reactor) -> Option<OpError> {
        let peer = self.drop_tunnel(reactor)?;
        let message = format!("the proxy {peer} gave no answer within {}", Seconds(self.plan.limit));
        let error = OpError::new("connect through the proxy to", &self.plan.to, message)
            .advise("the target may be silent, or the proxy is of another kind");
        self.record(&error);
        Some(error)
    }

    /// Ends a handshake, if there is one. Returns the address of the proxy.
    pub(super) fn drop_tunnel(&mut self, reactor: &mut Reactor) -> Option<Address> {
        let Phase::Tunneling(tunnel) = &mut self.phase else { return None };
        let peer = tunnel.peer.clone();
        reactor.release(&mut tunnel.stream, tunnel.token);
        self.phase = Phase::Over(Event::Stopped { session: self.session });
        Some(peer)
    }
}
