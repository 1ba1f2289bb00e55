//! What the window opens with, where the command line says so. Nothing is started.

use super::tab::Kind;
use super::{App, Tab};
use crate::endpoint::{Endpoint, Scheme};
use crate::form::Form;
use crate::headless::Ready;
use crate::profile::{self, Profile};

impl App {
    /// Fills in the tab of an endpoint or a profile, and shows it. What is wrong with a profile is told in the banner.
    pub fn ready(&mut self, ready: &Ready) {
        if let Some(endpoint) = &ready.endpoint {
            self.fill_in(endpoint);
        }
        match ready.profile.as_deref().map(profile::load) {
            None => {}
            Some(Ok(profile)) => self.lay_out(profile),
            Some(Err(error)) => self.banner = Some(error.to_string()),
        }
    }

    /// The tab from which `endpoint` can be talked to.
    fn fill_in(&mut self, endpoint: &Endpoint) {
        let (host, port) = (endpoint.host.to_string(), endpoint.port.to_string());
        let kind = if endpoint.scheme == Scheme::Udp { Kind::Udp } else { Kind::Client };
        match &mut self.socket(kind).form {
            Form::Client(form) => (form.host, form.port) = (host, port),
            Form::Udp(form) => (form.target_host, form.target_port) = (host, port),
            Form::Server(_) => {}
        }
        self.shown = Tab::Socket(kind);
    }

    /// The tab of a profile's kind.
    fn lay_out(&mut self, profile: Profile) {
        let kind = match &profile.form {
            Form::Server(_) => Kind::Server,
            Form::Client(_) => Kind::Client,
            Form::Udp(_) => Kind::Udp,
        };
        let tab = self.socket(kind);
        (tab.form, tab.switches) = (profile.form, profile.switches);
        tab.rules.set(profile.rules);
        self.shown = Tab::Socket(kind);
    }
}
