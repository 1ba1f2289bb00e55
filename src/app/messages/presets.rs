//! The preset of a protocol that a tab uses, and targets that go into its form.

use super::Messages;
use crate::app::tab::{Kind, SocketTab};
use crate::endpoint::{Endpoint, Scheme};
use crate::form::Form;
use crate::library::Saved;
use crate::library::presets::{self, Preset};

/// A preset that a tab uses.
#[derive(Clone, Debug)]
pub(super) struct InUse {
    pub(super) number: usize,
    pub(super) lines: Vec<Saved>,
}

impl Messages {
    /// The preset that a tab uses.
    pub fn preset(&self, kind: Kind) -> Option<&'static Preset> {
        self.in_use[kind as usize].as_ref().and_then(|in_use| presets::ALL.get(in_use.number))
    }

    /// Its port goes into the form, its line ending into the composer, and its lines are listed.
    pub(super) fn use_preset(&mut self, tab: &mut SocketTab, number: usize) {
        let Some(preset) = presets::ALL.get(number) else { return };
        self.notice = set_port(tab, preset.scheme, &preset.port.to_string()).err();
        tab.composer.set_notation(preset.format, preset.ending);
        self.in_use[tab.kind as usize] = Some(InUse { number, lines: preset.messages() });
    }

    pub(super) fn keep_preset(&mut self, kind: Kind) {
        let (Some(preset), Some(in_use)) = (self.preset(kind), self.in_use[kind as usize].take()) else { return };
        let library = self.edit();
        let kept = in_use.lines.into_iter().try_for_each(|saved| library.add(preset.name, saved).map(|_| ()));
        self.notice = Some(match kept {
            Ok(()) => format!("Saved as the group {}.", preset.name),
            Err(full) => full.to_string(),
        });
    }

    pub(super) fn leave_preset(&mut self, kind: Kind) {
        self.in_use[kind as usize] = None;
    }
}

const OPEN: &str = "A connection is open: its host and port stay as they are.";

/// Puts a port, and where there is none a host, into the form.
fn set_port(tab: &mut SocketTab, scheme: Scheme, port: &str) -> Result<(), String> {
    let open = tab.is_open();
    let (host, field) = match (&mut tab.form, scheme.is_stream()) {
        (Form::Client(_), true) if open => return Err(OPEN.to_owned()),
        (Form::Client(form), true) => (&mut form.host, &mut form.port),
        (Form::Udp(form), false) => (&mut form.target_host, &mut form.target_port),
        (_, true) => return Err("This is for the TCP client tab.".to_owned()),
        (_, false) => return Err("This is for the UDP tab.".to_owned()),
    };
    if host.trim().is_empty() {
        "127.0.0.1".clone_into(host);
    }
    port.clone_into(field);
    Ok(())
}

/// Puts a target into the form.
///
/// # Errors
/// Why it does not fit there, as a sentence.
pub(in crate::app) fn aim(tab: &mut SocketTab, target: &Endpoint) -> Result<(), String> {
    let open = tab.is_open();
    match (&mut tab.form, target.scheme.is_stream()) {
        (Form::Client(_), true) if open => return Err(OPEN.to_owned()),
        (Form::Udp(form), false) if open && form.kind != target.scheme => {
            return Err("Another kind of socket is open: stop it first.".to_owned());
        }
        (Form::Client(form), true) => form.aim(target),
        (Form::Udp(form), false) => form.aim(target),
        (_, true) => return Err("This is for the TCP client tab.".to_owned()),
        (_, false) => return Err("This is for the UDP tab.".to_owned()),
    }
    Ok(())
}
