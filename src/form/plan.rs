//! What files say of a plan.

use std::net::IpAddr;

use crate::endpoint::{Address, Scheme};
use crate::engine::{Destination, Plan};
use crate::export::Role;

impl Plan {
    /// Its endpoint in files, as asked for: `tcp://127.0.0.1:8888`; a port may be 0.
    pub fn endpoint(&self) -> String {
        match self {
            Self::Listen(plan) => named(Scheme::Tcp, &plan.address),
            Self::Connect(plan) => match &plan.to {
                to @ Destination::Port(..) => format!("tcp://{to}"),
                to @ Destination::Unix(_) => to.to_string(),
            },
            Self::Bind(plan) => named(Scheme::Udp, &plan.address),
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

/// An address as an endpoint.
fn named(scheme: Scheme, address: &Address) -> String {
    match address {
        Address::Unix(name) if scheme == Scheme::Udp => format!("{}:{name}", Scheme::UnixDatagram.name()),
        Address::Unix(_) => address.to_string(),
        // No port: ICMP echo.
        Address::Host(IpAddr::V6(_), _) => format!("{}://[{address}]", Scheme::Icmp.name()),
        Address::Host(..) => format!("{}://{address}", Scheme::Icmp.name()),
        Address::Ip(_) => format!("{}://{address}", scheme.name()),
    }
}
