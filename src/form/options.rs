//! What is typed for socket options, and what it means for the engine.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

use super::address::local_address;
use super::{Errors, Field, Form};
use crate::endpoint::Scheme;
use crate::engine::{
    Bind, Family, Listen, OptionValue, Plan, Role, Setting, SocketKind, SocketOption, Transport, interface_names,
};

/// What is typed for each socket option; one without a text stays as the system makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SocketOptions(BTreeMap<SocketOption, Typed>);

/// What is typed; in a file a number or a switch may stand as one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
struct Typed(String);

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl Visitor<'_> for Texts {
            type Value = Typed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, or true or false")
            }

            fn visit_str<E>(self, text: &str) -> Result<Typed, E> {
                Ok(Typed(text.to_owned()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Typed, E> {
                Ok(Typed(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Typed, E> {
                Ok(Typed(number.to_string()))
            }

            fn visit_bool<E>(self, on: bool) -> Result<Typed, E> {
                Ok(Typed(OptionValue::Switch(on).to_string()))
            }
        }
        deserializer.deserialize_any(Texts)
    }
}

impl SocketOptions {
    /// What is typed for `option`; empty where nothing is.
    pub fn text(&self, option: SocketOption) -> &str {
        self.0.get(&option).map_or("", |typed| &typed.0)
    }

    /// Types `text` for `option`; an empty one leaves it as the system makes it.
    pub fn set(&mut self, option: SocketOption, text: &str) {
        if text.trim().is_empty() {
            self.0.remove(&option);
        } else {
            self.0.insert(option, Typed(text.to_owned()));
        }
    }

    /// All that is typed.
    pub fn typed(&self) -> impl Iterator<Item = (SocketOption, &str)> {
        self.0.iter().map(|(option, typed)| (*option, typed.0.as_str()))
    }

    /// What is to be set on a socket of `kind` before it is opened; errors go to `errors`. Whether an interface is there
    /// is asked too.
    pub(super) fn check(&self, kind: SocketKind, errors: &mut Errors) -> Vec<Setting> {
        let mut settings = Vec::new();
        for (option, text) in self.typed() {
            match setting(option, text, kind, false).and_then(present) {
                Ok(setting) => settings.push(setting),
                Err(reason) => drop(errors.insert(Field::Option(option), reason)),
            }
        }
        settings
    }

    /// What is wrong with it for a socket of `kind`, without asking the system.
    pub(super) fn wrong(&self, kind: SocketKind, errors: &mut Errors) {
        for (option, text) in self.typed() {
            if let Err(reason) = setting(option, text, kind, false) {
                errors.insert(Field::Option(option), reason);
            }
        }
    }

    /// What is typed for `IPV6_V6ONLY`.
    fn only_v6(&self) -> Option<bool> {
        match OptionValue::parse(SocketOption::OnlyV6, self.text(SocketOption::OnlyV6)) {
            Ok(OptionValue::Switch(on)) => Some(on),
            _ => None,
        }
    }
}

/// `NAME=VALUE`, as it stands on the command line.
///
/// # Errors
///
/// Why it is none; a wrong name lists all.
pub fn named(text: &str) -> Result<(SocketOption, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("{text:?} is not NAME=VALUE, such as SO_RCVBUF=65536"))?;
    let option = name.parse()?;
    // An empty one would be no option at all.
    OptionValue::parse(option, value)?;
    Ok((option, value.trim().to_owned()))
}

/// What `text` means for `option` of a socket of `kind`, which is `open` or still to be opened.
///
/// # Errors
///
/// Why it can't be set.
pub fn setting(option: SocketOption, text: &str, kind: SocketKind, open: bool) -> Result<Setting, String> {
    kind.lets_set(option, open).map_err(|reason| format!("{option} can't be set: {reason}"))?;
    Ok(Setting { option, value: OptionValue::parse(option, text)? })
}

/// Refuses an interface that is not there.
///
/// # Errors
///
/// Those that there are.
pub fn present(setting: Setting) -> Result<Setting, String> {
    let OptionValue::Interface(Some(name)) = &setting.value else { return Ok(setting) };
    let names = interface_names();
    // Whoever binds to a device needs no address of it.
    let is_there = setting.option == SocketOption::BindToDevice && is_interface(name);
    match names.contains(name) || is_there {
        true => Ok(setting),
        false => Err(format!("there is no interface {name} with an address: there are {}", names.join(", "))),
    }
}

#[cfg(unix)]
fn is_interface(name: &str) -> bool {
    nix::net::if_::if_nametoindex(name).is_ok()
}

#[cfg(not(unix))]
const fn is_interface(_: &str) -> bool {
    false
}

impl Form {
    /// The kind of socket that the form opens, as far as what is typed tells it.
    pub fn socket_kind(&self, options: &SocketOptions) -> SocketKind {
        let (family, role) = match self {
            Self::Server(form) => (bound(&form.address, options), Role::Listener),
            Self::Client(form) => (reached(&form.host), Role::Connection),
            Self::Udp(form) => (bound(&form.address, options), Role::Datagrams),
        };
        let (family, transport) = match self.kind() {
            Scheme::Tcp | Scheme::Tls => (family, Transport::Tcp),
            Scheme::Udp => (family, Transport::Udp),
            // Whose family is that of the target.
            Scheme::Icmp => (Family::Either, Transport::Icmp),
            Scheme::Unix => (Family::Unix, Transport::UnixStream),
            Scheme::UnixDatagram => (Family::Unix, Transport::UnixDatagram),
        };
        SocketKind { family, transport, role }
    }
}

/// The plan with what is to be set on its sockets.
///
/// # Errors
///
/// Those that there are already, and those of the options.
pub(super) fn add(plan: Result<Plan, Errors>, form: &Form, options: &SocketOptions) -> Result<Plan, Errors> {
    let (plan, mut errors) = match plan {
        Ok(plan) => (Some(plan), Errors::new()),
        Err(errors) => (None, errors),
    };
    let settings = options.check(form.socket_kind(options), &mut errors);
    let Some(mut plan) = plan.filter(|_| errors.is_empty()) else { return Err(errors) };
    // How the engine writes the addresses of its peers depends on it.
    if let (Plan::Listen(Listen { dual_stack, .. }) | Plan::Bind(Bind { dual_stack, .. }), Some(only)) =
        (&mut plan, options.only_v6())
    {
        *dual_stack = !only;
    }
    plan.options_mut().socket_options = settings.into();
    Ok(plan)
}

/// The family of a socket that is bound to `address`.
fn bound(address: &str, options: &SocketOptions) -> Family {
    match (local_address(address), options.only_v6()) {
        (Ok((IpAddr::V4(_), ..)), _) => Family::V4,
        (Ok((IpAddr::V6(_), _, dual)), only) => {
            if only.map_or(dual, |only| !only) {
                Family::Dual
            } else {
                Family::V6
            }
        }
        (Err(_), _) => Family::Either,
    }
}

/// The family of a socket that connects to `host`.
fn reached(host: &str) -> Family {
    match local_address(host) {
        Ok((IpAddr::V4(_), ..)) if !host.trim().is_empty() => Family::V4,
        Ok((IpAddr::V6(_), ..)) => Family::V6,
        _ => Family::Either,
    }
}

#[cfg(test)]
mod tests;
