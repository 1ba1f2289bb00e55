//! The kinds of socket that a form offers, and a whole endpoint that was put into one of its fields.

use super::Form;
use crate::endpoint::{Endpoint, Host, Location, Scheme};

/// The kinds that a form offers on this system.
pub(super) fn offered(form: &Form) -> &'static [Scheme] {
    match form {
        Form::Server(_) | Form::Client(_) if cfg!(unix) => &[Scheme::Tcp, Scheme::Tls, Scheme::Unix],
        Form::Server(_) | Form::Client(_) => &[Scheme::Tcp, Scheme::Tls],
        Form::Udp(_) if cfg!(unix) => &[Scheme::Udp, Scheme::UnixDatagram, Scheme::Icmp],
        Form::Udp(_) => &[Scheme::Udp],
    }
}

/// Why a form has no such kind.
pub(super) fn refusal(form: &Form) -> String {
    let names: Vec<_> = offered(form).iter().map(|kind| kind.name()).collect();
    format!("{} is no kind of this tab: there are {}", form.kind().name(), names.join(", "))
}

impl Form {
    /// A whole endpoint in a field goes to the fields that it is for, its kind included.
    pub fn take_apart(&mut self) {
        match self {
            Self::Server(form) => form.take_apart(),
            Self::Client(form) => form.take_apart(),
            Self::Udp(form) => {
                form.take_apart();
                form.take_target_apart();
            }
        }
    }
}

/// The endpoint that stands in a host field with its scheme, when it is one of `kinds`.
pub(super) fn whole_endpoint(text: &str, kinds: &[Scheme]) -> Option<Endpoint> {
    let text = text.trim();
    let has_scheme = text.contains("://") || text.starts_with("unix:") || text.starts_with("unix-dgram:");
    let endpoint = text.parse::<Endpoint>().ok().filter(|_| has_scheme)?;
    kinds.contains(&endpoint.scheme).then_some(endpoint)
}

/// What the two fields mean while a whole endpoint stands in the first one.
pub(super) fn host_and_port(host: &str, port: &str, scheme: Scheme) -> (String, String) {
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
    if let Ok(Endpoint { location: Location::Port(its_host, its_port), .. }) = with_scheme.trim().parse() {
        *host = its_host.to_string();
        *port = its_port.to_string();
    }
}
