//! The section *Proxy* of a client.

use egui::{TextEdit, Ui};

use crate::app::tab::SocketTab;
use crate::form::{Field, Through};
use crate::ui::widgets::{complaint, field, labeled, name_field};

/// Shows the proxy that is connected through; a running session can't change it.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab) {
    let open = tab.is_open();
    let is_used = tab.switches.proxy.through != Through::Nothing;
    let shown = egui::CollapsingHeader::new("Proxy").id_salt((tab.id, "proxy")).default_open(is_used);
    shown.show_unindented(ui, |ui| ui.add_enabled_ui(!open, |ui| fields(ui, tab)));
}

fn fields(ui: &mut Ui, tab: &mut SocketTab) {
    let errors = &tab.errors;
    let proxy = &mut tab.switches.proxy;
    labeled(ui, "Through", |ui| {
        let list = egui::ComboBox::from_id_salt("through").width(ui.available_width());
        let list = list.selected_text(proxy.through.words()).show_ui(ui, |ui| {
            for offer in Through::ALL {
                ui.selectable_value(&mut proxy.through, offer, offer.words());
            }
        });
        name_field(ui, &list.response, "Through");
        list.response.on_hover_text("Whom the TCP connection goes to, which then connects to the host above")
    });
    complaint(ui, errors.get(&Field::ProxyKind));
    if proxy.through == Through::Nothing {
        return;
    }
    let host = field(ui, "Proxy host", &mut proxy.host, "name or address", errors.get(&Field::ProxyHost));
    let pasted = |event: &egui::Event| matches!(event, egui::Event::Paste(_));
    if host.lost_focus() || (host.changed() && ui.input(|input| input.events.iter().any(pasted))) {
        proxy.take_apart();
    }
    host.on_hover_text("A whole socks5://user@host:port or http://host:port can be pasted");
    field(ui, "Proxy port", &mut proxy.port, "number or service", errors.get(&Field::ProxyPort));
    field(ui, "User", &mut proxy.user, "none", errors.get(&Field::ProxyUser));
    labeled(ui, "Password", |ui| {
        let edit = TextEdit::singleline(proxy.password.text_mut()).password(true).hint_text("none");
        ui.add(edit.desired_width(f32::INFINITY))
    })
    .on_hover_text("Kept until Sockscope ends, and written nowhere: no settings, profile, log or command has it");
    ui.checkbox(&mut proxy.resolve_here, "Resolve the name here")
        .on_hover_text("Off: the proxy gets the name of the host and resolves it; on: it gets the address");
}
