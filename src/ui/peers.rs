//! The list of connections, or of UDP peers: two lines each, to be selected as the target of Send.

use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::text;
use super::theme::{self, Tone};
use crate::app::SocketAction;
use crate::app::statistics::Of;
use crate::app::tab::{End, Kind, SocketTab};
use crate::endpoint::Scheme;
use crate::figures;
use crate::journal::{Connection, State};

const ROW: f32 = 40.0;

/// Shows the list in the space that is left.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    heading(ui, tab);
    if tab.status.listed == 0 {
        if tab.kind == Kind::Udp {
            receive_now(ui, tab, actions);
        }
        ui.weak(match tab.kind {
            _ if tab.opened.is_some() => "No peer in this log.",
            Kind::Server => "No client yet.",
            Kind::Client => "No connection yet.",
            Kind::Udp => "Nobody heard from yet.",
        });
        return;
    }
    if tab.kind != Kind::Udp && tab.opened.is_none() {
        buttons(ui, tab, actions);
    }
    receive_now(ui, tab, actions);
    ui.add_space(2.0);
    let journal = std::sync::Arc::clone(&tab.journal);
    egui::ScrollArea::vertical().id_salt("peers").auto_shrink([false, false]).show_rows(
        ui,
        ROW - ui.spacing().item_spacing.y,
        tab.status.listed,
        |ui, range| {
            for connection in journal.connections(range.start, range.len()) {
                row(ui, tab, &connection);
            }
        },
    );
}

fn heading(ui: &mut Ui, tab: &mut SocketTab) {
    ui.horizontal(|ui| {
        let title = match tab.kind {
            Kind::Server => "Clients",
            Kind::Client => "Connections",
            Kind::Udp => "Peers",
        };
        ui.strong(title);
        let selected = tab.selection.conns.len();
        let words = match selected {
            0 if tab.opened.is_some() => figures::count(tab.status.listed as u64) + " in this log",
            _ if tab.opened.is_some() => format!("{selected} selected"),
            0 if tab.kind == Kind::Udp => figures::count(tab.status.open as u64) + " known",
            0 => figures::count(tab.status.open as u64) + " open",
            // Those that closed are none of the open ones.
            _ if tab.targets.iter().filter(|it| !it.state.is_closed()).count() < selected => {
                format!("{selected} selected")
            }
            _ => format!("{selected} of {} selected", figures::count(tab.status.open as u64)),
        };
        ui.weak(words);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let all = match tab.kind {
                _ if tab.opened.is_some() => ("All", "Statistics are those of all peers"),
                Kind::Udp => ("To the target", "Send goes to the target above, not to a selected peer"),
                _ => ("All", "Send and the buttons below go to all that are open"),
            };
            if ui.selectable_label(selected == 0, all.0).on_hover_text(all.1).clicked() {
                tab.selection.conns.clear();
                tab.composer.failure = None;
            }
        });
    });
}

fn buttons(ui: &mut Ui, tab: &SocketTab, actions: &mut Vec<SocketAction>) {
    let enabled = tab.is_open() && tab.status.open > 0;
    ui.horizontal(|ui| {
        ui.add_enabled_ui(enabled, |ui| {
            let entries = [
                ("Finish sending", End::FinishSending, "Half-close: send FIN, go on receiving"),
                ("Close", End::Close, "Send what waits, then FIN; drain; close"),
                ("Abort", End::Abort, "Send RST at once; what waits is lost"),
            ];
            for (label, how, hint) in entries {
                if ui.button(label).on_hover_text(hint).clicked() {
                    actions.push(SocketAction::End(how));
                }
            }
        });
    });
    let hint = "Switch to TLS (STARTTLS) once what waits is sent: as the server of those who connected here, as the \
                client of those connected to";
    let button = egui::Button::new("Start TLS");
    if tab.form.kind() != Scheme::Tls && ui.add_enabled(enabled, button).on_hover_text(hint).clicked() {
        actions.push(SocketAction::StartTls);
    }
}

/// While nothing is received by itself, the button that receives.
fn receive_now(ui: &mut Ui, tab: &SocketTab, actions: &mut Vec<SocketAction>) {
    if !tab.switches.limits.by_hand || tab.opened.is_some() {
        return;
    }
    ui.horizontal(|ui| {
        let hint = "One recv that does not wait, on those selected, or all: what it gave is recorded, EAGAIN too";
        ui.add_enabled_ui(tab.is_open(), |ui| {
            if ui.button("Receive now").on_hover_text(hint).clicked() {
                actions.push(SocketAction::ReceiveNow);
            }
        });
        ui.weak("receiving by hand");
    });
}

fn row(ui: &mut Ui, tab: &mut SocketTab, connection: &Connection) {
    let size = vec2(ui.available_width(), ROW - ui.spacing().item_spacing.y);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let open = !connection.state.is_closed();
    let selected = tab.selection.conns.contains(&connection.id);
    if selected {
        ui.painter().rect_filled(rect, 4.0, ui.visuals().selection.bg_fill);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 4.0, ui.visuals().faint_bg_color);
    }
    draw(ui, rect.shrink2(vec2(6.0, 1.0)), connection);
    let peer = connection.peer.to_string();
    // Nothing is sent to a peer of an opened log: there each can be selected.
    let selects = open || selected || tab.opened.is_some();
    response.widget_info(|| WidgetInfo::selected(Role::Button, selects || tab.statistics.shown, selected, &peer));
    // What is painted is a node of its own, so that it can be read.
    let node = ui.interact(rect.shrink(2.0), response.id.with("state"), Sense::hover());
    node.widget_info(|| WidgetInfo::labeled(Role::Label, true, summary(connection)));
    let response = response.on_hover_text(tooltip(connection));
    if response.clicked() && selects {
        tab.composer.failure = None;
        let several = ui.input(|input| input.modifiers.command || input.modifiers.shift);
        let conns = &mut tab.selection.conns;
        let was_alone = selected && conns.len() == 1;
        if !several {
            conns.clear();
        }
        if !(several && selected || was_alone) {
            conns.insert(connection.id);
        } else {
            conns.remove(&connection.id);
        }
    }
    if response.clicked() && !selects && tab.statistics.shown {
        tab.statistics.of = Of::One(connection.id);
    }
    response.context_menu(|ui| {
        if ui.button("Show only this peer").clicked() {
            tab.log.filter.peer = peer.clone();
            ui.close();
        }
        if ui.button("Statistics of this peer").clicked() {
            tab.statistics.of = Of::One(connection.id);
            tab.statistics.shown = true;
            ui.close();
        }
        if ui.button("Copy address").clicked() {
            ui.copy_text(peer.clone());
            ui.close();
        }
    });
}

fn tone(state: State) -> Tone {
    match state {
        State::Connected | State::Datagrams => Tone::Good,
        State::SendingFinished | State::PeerFinished | State::Closing => Tone::Warning,
        State::Closed(_) => Tone::Quiet,
    }
}

fn draw(ui: &Ui, rect: Rect, connection: &Connection) {
    let dark = ui.visuals().dark_mode;
    let quiet = theme::color(Tone::Quiet, dark);
    let normal = if connection.state.is_closed() { quiet } else { ui.visuals().text_color() };
    let upper = Rect::from_min_max(rect.min, pos2(rect.right(), rect.center().y));
    let lower = Rect::from_min_max(pos2(rect.left(), rect.center().y), rect.max);
    // The address is what tells them apart: the state is cut where both don't fit.
    let peer = text::plain(connection.peer.to_string(), theme::mono(), normal);
    let width = ui.painter().layout_job(peer.clone()).size().x;
    super::rows::cell(ui, upper, rect.left(), rect.right(), peer, Align2::LEFT_CENTER);
    let state = text::plain(words(connection), theme::small(), theme::color(tone(connection.state), dark));
    super::rows::cell(ui, upper, rect.left() + width + 8.0, rect.right(), state, Align2::RIGHT_CENTER);
    let line = text::plain(traffic_line(connection), theme::small(), quiet);
    super::rows::cell(ui, lower, rect.left(), rect.right(), line, Align2::LEFT_CENTER);
}

/// The row in words.
fn summary(connection: &Connection) -> String {
    format!("{}: {}, since {}", connection.peer, words(connection), traffic_line(connection))
}

/// Since when, and what crossed it.
fn traffic_line(connection: &Connection) -> String {
    let traffic = |way: &str, count: crate::journal::Tally| {
        format!("{way} {} ({})", figures::size(count.bytes), figures::count(count.records))
    };
    let since = connection.opened.time_of_day();
    let mut line =
        format!("{}   {}   {}", &since[..8], traffic("in", connection.received), traffic("out", connection.sent));
    if let Some(words) = connection.queued.words() {
        line += &format!("   {words}");
    }
    if connection.unread > 0 {
        line += &format!("   {} wait in the kernel", figures::size(connection.unread));
    }
    line
}

fn words(connection: &Connection) -> &'static str {
    match connection.state {
        State::Connected if connection.received.records == 0 => "connected, nothing received yet",
        State::Datagrams if connection.received.records == 0 => "sent to",
        state => state.words(),
    }
}

fn tooltip(connection: &Connection) -> String {
    let count = figures::count;
    let about = connection.about.as_deref().map_or_else(String::new, |about| format!("\n{about}"));
    let mut text = format!(
        "{} ({}){about}\nthis end {}\nsince {}\nreceived {} bytes in {} records\nsent {} bytes in {} records\n{} bytes wait to be sent",
        connection.peer,
        words(connection),
        connection.local,
        connection.opened.date_and_time(),
        count(connection.received.bytes),
        count(connection.received.records),
        count(connection.sent.bytes),
        count(connection.sent.records),
        count(connection.queued.bytes),
    );
    if let Some(descriptor) = connection.descriptor.filter(|_| !connection.state.is_closed()) {
        text += &format!("\nfile descriptor {descriptor}");
    }
    if connection.unread > 0 {
        text += &format!("\n{} bytes wait in the kernel's receive buffer", count(connection.unread));
    }
    text
}
