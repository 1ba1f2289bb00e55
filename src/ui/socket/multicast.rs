//! The section *Multicast*: the groups of a UDP socket, joined and left at any time, and how it sends to some.

use egui::{Label, RichText, Ui};

use crate::app::tab::SocketTab;
use crate::endpoint::Scheme;
use crate::form::{Field, Form, GroupForm};
use crate::ui::widgets::{complaint, cross, field};

/// Shows it, where the tab has a UDP socket.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab) {
    if !matches!(&tab.form, Form::Udp(form) if form.kind == Scheme::Udp) {
        return;
    }
    let is_used = !tab.switches.multicast.groups.is_empty();
    let header = egui::CollapsingHeader::new("Multicast").id_salt((tab.id, "multicast")).default_open(is_used);
    header.show_unindented(ui, |ui| {
        groups(ui, tab);
        entry(ui, tab);
        sending(ui, tab);
    });
}

/// The list, each group with its cross.
fn groups(ui: &mut Ui, tab: &mut SocketTab) {
    let (open, local) = (tab.is_open(), local(tab));
    let mut left = None;
    for (row, group) in tab.switches.multicast.groups.iter().enumerate() {
        let words = group.check(local).map_or_else(|_| group.to_string(), |group| group.to_string());
        let failed = tab.not_joined.contains(&words);
        ui.horizontal(|ui| {
            if cross(ui, true, &format!("Leave {words}")).clicked() {
                left = Some((row, words.clone()));
            }
            let (state, color) = match (open, failed) {
                (false, _) => ("joined at Bind", ui.visuals().weak_text_color()),
                (true, false) => ("joined", ui.visuals().weak_text_color()),
                (true, true) => ("not joined: the log says why", ui.visuals().error_fg_color),
            };
            ui.vertical(|ui| {
                ui.add(Label::new(RichText::new(&words).monospace()).wrap());
                ui.label(RichText::new(state).small().color(color));
            });
        });
        complaint(ui, tab.errors.get(&Field::Group(row)));
    }
    if let Some((row, words)) = left {
        tab.switches.multicast.groups.remove(row);
        tab.not_joined.retain(|failed| *failed != words);
    }
}

/// Where a person types the next group.
fn entry(ui: &mut Ui, tab: &mut SocketTab) {
    let id = ui.scope_id().with((tab.id, "group"));
    let mut typed: GroupForm = ui.data_mut(|memory| memory.get_temp(id)).unwrap_or_default();
    let checked = typed.check(local(tab)).err();
    let [of_group, of_interface, of_source] = errors(&typed, local(tab));
    field(ui, "Group", &mut typed.group, "239.1.2.3, or ff02::1234", of_group.as_ref())
        .on_hover_text("A multicast address: 224.0.0.0 to 239.255.255.255, or ff00:: and up");
    field(ui, "Interface", &mut typed.interface, "as the routes say", of_interface.as_ref())
        .on_hover_text("Where to join it: the name, number or address of an interface, or * for each");
    field(ui, "Source", &mut typed.source, "any", of_source.as_ref())
        .on_hover_text("The one sender to be heard (source-specific multicast); empty: any");
    let (open, known) = (tab.is_open(), tab.switches.multicast.groups.contains(&typed));
    let join = ui.add_enabled(checked.is_none() && !known, egui::Button::new("Join"));
    let hint = if open { "Join it now" } else { "Join it when the socket is bound" };
    if join.on_hover_text(hint).on_disabled_hover_text("A group that is not in the list is needed").clicked() {
        tab.switches.multicast.groups.push(std::mem::take(&mut typed));
    }
    ui.data_mut(|memory| memory.insert_temp(id, typed));
}

/// What is wrong with the group, its interface, its source: the first of them that is. Nothing is wrong with what was not
/// yet begun.
fn errors(typed: &GroupForm, local: Option<(std::net::IpAddr, bool)>) -> [Option<String>; 3] {
    if typed.group.trim().is_empty() {
        return [None, None, None];
    }
    let anywhere = GroupForm { interface: String::new(), source: String::new(), ..typed.clone() };
    let of_anyone = GroupForm { source: String::new(), ..typed.clone() };
    let check = |group: &GroupForm| group.check(local).err();
    match (check(&anywhere), check(&of_anyone), check(typed)) {
        (Some(wrong), ..) => [Some(wrong), None, None],
        (None, Some(wrong), _) => [None, Some(wrong), None],
        (None, None, wrong) => [None, None, wrong],
    }
}

/// How what is sent to a group goes.
fn sending(ui: &mut Ui, tab: &mut SocketTab) {
    let open = tab.is_open();
    let (multicast, errors) = (&mut tab.switches.multicast, &tab.errors);
    field(ui, "TTL", &mut multicast.ttl, "1: no router", errors.get(&Field::MulticastTtl)).on_hover_text(
        "Over how many routers what is sent to a group goes, 0 to 255 (IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS)",
    );
    let error = errors.get(&Field::MulticastInterface);
    field(ui, "Send through", &mut multicast.interface, "as the routes say", error).on_hover_text(
        "The interface through which it leaves: name, number or address (IP_MULTICAST_IF, IPV6_MULTICAST_IF)",
    );
    ui.checkbox(&mut multicast.loopback, "Also to this machine")
        .on_hover_text("What is sent to a group comes to receivers on this machine too (IP_MULTICAST_LOOP)");
    ui.add_enabled(!open, egui::Checkbox::new(&mut multicast.reuse, "Share the port")).on_hover_text(
        "Other programs may bind the same port, and each gets what is sent to a group (SO_REUSEADDR, SO_REUSEPORT)",
    );
}

/// The address that the socket is bound to, or is to be.
fn local(tab: &SocketTab) -> Option<(std::net::IpAddr, bool)> {
    match &tab.form {
        Form::Udp(form) => form.local(tab.switches.ip),
        Form::Server(_) | Form::Client(_) => None,
    }
}
