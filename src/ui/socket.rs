//! The page *Socket*: what a session's socket is beside its address, a section for each subject.

mod access;
mod info;
mod limits;
mod multicast;
mod options;
mod proxy;
mod tls;
mod unix;

use egui::{Label, RichText, Ui};

use crate::app::SocketAction;
use crate::app::tab::{Kind, SocketTab};
use crate::endpoint::Scheme;

/// Says on the page of the form what is wrong here: it keeps the session from being opened, or a change from being made.
pub(super) fn hint_at_errors(ui: &mut Ui, tab: &SocketTab) {
    let here = tab.errors.iter().filter(|(field, _)| !field.is_of_form()).map(|(_, reason)| reason);
    let mut reasons = here.chain(tab.options.failures.values().filter(|_| !tab.is_open()));
    if let Some(reason) = reasons.next() {
        let force = if tab.is_open() { "Not in force yet. " } else { "" };
        let words = RichText::new(format!("{force}Page Socket: {reason}")).small();
        ui.add(Label::new(words.color(ui.visuals().error_fg_color)).wrap());
    }
}

/// Says on the page of the form that the server of a client is not checked.
pub(super) fn warn_of_unchecked(ui: &mut Ui, tab: &SocketTab) {
    if tab.kind == Kind::Client && tab.form.kind() == Scheme::Tls && tab.switches.tls.no_verify {
        let words = "The server is not checked: anybody may be at the other end (page Socket, TLS)";
        let words = RichText::new(words).small().color(ui.visuals().error_fg_color);
        ui.add(Label::new(words).wrap());
    }
}

/// Shows the sections that fit the kind of socket.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let before = tab.switches.clone();
    egui::ScrollArea::vertical().id_salt("socket").show(ui, |ui| sections(ui, tab, actions));
    if tab.switches != before && tab.is_open() {
        actions.push(SocketAction::Configure);
    }
}

/// One after the other: each is a collapsible part that shows its fields, and their errors.
fn sections(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    ui.label(RichText::new(tab.form.kind().words()).strong());
    if tab.kind == Kind::Client {
        proxy::show(ui, tab);
    }
    options::section(ui, tab, actions);
    info::section(ui, tab, actions);
    multicast::show(ui, tab);
    limits::show(ui, tab);
    access::show(ui, tab, actions);
    tls::show(ui, tab, actions);
    unix::show(ui, tab);
}
