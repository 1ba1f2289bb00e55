//! What files say of a plan.

use super::address::exposure_of;
use crate::endpoint::{Address, Scheme};
use crate::engine::{Destination, Options, Plan};
use crate::export::Role;

impl Plan {
    /// Its endpoint in files, as asked for: `tcp://127.0.0.1:8888`; a port may be 0.
    pub fn endpoint(&self) -> String {
        match self {
            Self::Listen(plan) => plan.address.endpoint(stream(&plan.options)),
            Self::Connect(plan) => match &plan.to {
                to @ Destination::Port(..) => format!("{}://{to}", stream(&plan.options).name()),
                to @ Destination::Unix(_) => to.to_string(),
            },
            Self::Bind(plan) => plan.address.endpoint(Scheme::Udp),
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

    /// What its local address means for who can reach it, when that is more than this machine.
    pub fn exposure(&self) -> Option<&'static str> {
        let (address, dual_stack) = match self {
            Self::Listen(plan) => (&plan.address, plan.dual_stack),
            Self::Bind(plan) => (&plan.address, plan.dual_stack),
            Self::Connect(_) => return None,
        };
        match address {
            Address::Ip(address) => exposure_of(address.ip(), dual_stack),
            Address::Host(..) | Address::Unix(_) => None,
        }
    }
}

/// The scheme of connections over TCP.
const fn stream(options: &Options) -> Scheme {
    if options.secure { Scheme::Tls } else { Scheme::Tcp }
}
