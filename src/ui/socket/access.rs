//! Who may connect to a server, or send to a UDP socket.

use egui::{CollapsingHeader, TextEdit, Ui};

use crate::app::SocketAction;
use crate::app::tab::{Kind, SocketTab};
use crate::form::{Errors, Field};
use crate::ui::widgets::{complaint, labeled};

/// Shows the section, where somebody else begins.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let errors = tab.errors.clone();
    let wrong = errors.keys().any(|field| has(*field));
    // Lists are about networks: a Unix socket has none, and a ping hears from those alone that were asked.
    let fits = tab.kind != Kind::Client && tab.form.kind().is_ip();
    if !fits && !wrong {
        return;
    }
    let title = if tab.kind == Kind::Udp { "Who may send" } else { "Who may connect" };
    let header = CollapsingHeader::new(title).id_salt((tab.id, "access"));
    header.open(wrong.then_some(true)).show_unindented(ui, |ui| {
        let (lists, udp) = (&mut tab.switches.access, tab.kind == Kind::Udp);
        let refused = if udp { "datagrams of others are dropped" } else { "others are reset at once (RST)" };
        list(ui, "Allow", &mut lists.allow, "everybody", (&errors, Field::Allow))
            .on_hover_text(format!("If there are some, {refused}: addresses and networks, one a line"));
        list(ui, "Deny", &mut lists.deny, "nobody", (&errors, Field::Deny))
            .on_hover_text("These are refused, also when they are allowed: addresses and networks, one a line");
        if !udp {
            let hint = "The lists are about newcomers: those who are connected stay, unless you press this";
            ui.add_enabled_ui(tab.is_open() && tab.status.open > 0, |ui| {
                if ui.button("Close those refused").on_hover_text(hint).clicked() {
                    actions.push(SocketAction::CloseRefused);
                }
            });
        }
    });
}

/// Whether a field is in this section, which is open while one of them is wrong.
fn has(field: Field) -> bool {
    matches!(field, Field::Allow | Field::Deny)
}

fn list(
    ui: &mut Ui,
    label: &str,
    text: &mut String,
    hint: &'static str,
    wrong: (&Errors, Field),
) -> egui::Response {
    let error = wrong.0.get(&wrong.1);
    let response = labeled(ui, label, |ui| {
        let mut edit = TextEdit::multiline(text).hint_text(hint).desired_rows(2).desired_width(f32::INFINITY);
        if error.is_some() {
            edit = edit.text_color(ui.visuals().error_fg_color);
        }
        ui.add(edit)
    });
    complaint(ui, error);
    response
}
