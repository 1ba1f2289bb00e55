//! The view of the network interfaces: what there is, and below it each change with its time.

use egui::{Align2, Role, Sense, Ui, WidgetInfo};

use crate::app::LookupTab;
use crate::lookup::{Change, Interfaces, Known, NetworkInterface};
use crate::ui::theme::{self, ROW, Tone};
use crate::ui::{rows, text};

/// Where the columns begin: name, state, addresses, hardware address.
const COLUMNS: [f32; 4] = [6.0, 130.0, 330.0, 660.0];

/// Shows what is known.
pub(super) fn show(ui: &mut Ui, tab: &LookupTab) {
    let Some(interfaces) = &tab.interfaces else { return };
    let (links, changes, changed, failure) = interfaces
        .read(|known: &Known| (known.links.clone(), known.changes.clone(), known.changed, known.failure.clone()));
    if let Some(error) = failure {
        ui.colored_label(ui.visuals().error_fg_color, error.to_string());
    }
    heading(ui);
    let height = (ui.available_height() * 0.62).max(ROW * 3.0);
    ui.allocate_ui(egui::vec2(ui.available_width(), height), |ui| {
        let lines: Vec<_> = links.iter().flat_map(lines_of).collect();
        list(ui, "Interfaces", lines.len(), |ui, at, rect| draw_line(ui, &lines[at], rect));
    });
    ui.separator();
    if !Interfaces::LIVE {
        ui.weak("This system does not tell of changes: this is how it was when the view was opened.");
        return;
    }
    ui.weak(if changed == 0 { "No change so far. Changes are shown as they happen." } else { "Changes" });
    list(ui, "Changes", changes.len(), |ui, at, rect| draw_change(ui, &changes[at], rect));
}

/// A list that begins at its start, and stays where it is scrolled to.
fn list(ui: &mut Ui, name: &str, count: usize, mut draw: impl FnMut(&mut Ui, usize, egui::Rect)) {
    let id = ui.make_persistent_id(("interfaces", name));
    let is_log = name == "Changes";
    let (at_end, place) =
        ui.data(|memory| memory.get_temp::<(bool, rows::Place)>(id)).unwrap_or((true, rows::Place::default()));
    let count = count as u64;
    // News come in at the end, and are shown to whoever is there.
    let place = if is_log && at_end { rows::Place::last(count, ui.available_height() / ROW) } else { place };
    let shown = rows::show(ui, name, count, place, |ui, n, rect| {
        if let Ok(at) = usize::try_from(n) {
            draw(ui, at, rect);
        }
    });
    ui.data_mut(|memory| memory.insert_temp(id, (shown.at_end, shown.place)));
}

fn heading(ui: &mut Ui) {
    let (head, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), ROW), Sense::hover());
    for (at, words) in ["Interface", "State, MTU", "Address", "Hardware address, flags"].into_iter().enumerate() {
        let job = text::plain(words, theme::small(), ui.visuals().weak_text_color());
        rows::cell(ui, head, head.left() + COLUMNS[at], head.left() + end(at, head), job, Align2::LEFT_CENTER);
    }
}

/// Where a column ends.
fn end(at: usize, rect: egui::Rect) -> f32 {
    COLUMNS.get(at + 1).map_or(rect.width() - 6.0, |next| next - 8.0)
}

/// One line: an interface may have several addresses.
struct Line<'a> {
    link: &'a NetworkInterface,
    address: usize,
}

fn lines_of(link: &NetworkInterface) -> impl Iterator<Item = Line<'_>> {
    (0..link.addresses.len().max(1)).map(move |address| Line { link, address })
}

fn draw_line(ui: &mut Ui, line: &Line<'_>, rect: egui::Rect) {
    let link = line.link;
    let address = link.addresses.get(line.address).map(crate::lookup::InterfaceAddress::words).unwrap_or_default();
    let is_first = line.address == 0;
    let mtu = if link.mtu > 0 { format!(", {}", link.mtu) } else { String::new() };
    let cells = [
        if is_first { format!("{} ({})", link.name, link.index) } else { String::new() },
        if is_first { format!("{}{mtu}", link.state) } else { String::new() },
        address,
        if is_first { format!("{} {}", link.mac, link.flags.join(" ")).trim().to_owned() } else { String::new() },
    ];
    let tone = if link.state == "up" { Tone::Good } else { Tone::Quiet };
    for (at, words) in cells.into_iter().enumerate() {
        let color = if at == 1 { theme::color(tone, ui.visuals().dark_mode) } else { ui.visuals().text_color() };
        let job = text::plain(words, theme::mono(), color);
        rows::cell(ui, rect, rect.left() + COLUMNS[at], rect.left() + end(at, rect), job, Align2::LEFT_CENTER);
    }
    explain(ui, rect, (link.index, line.address), &link.words());
}

fn draw_change(ui: &mut Ui, change: &Change, rect: egui::Rect) {
    let time = text::plain(change.at.time_of_day(), theme::mono(), ui.visuals().weak_text_color());
    rows::cell(ui, rect, rect.left() + 6.0, rect.left() + 122.0, time, Align2::LEFT_CENTER);
    let words = text::plain(change.words.as_str(), theme::mono(), ui.visuals().text_color());
    rows::cell(ui, rect, rect.left() + 130.0, rect.right() - 6.0, words, Align2::LEFT_CENTER);
    explain(ui, rect, (change.at.nanos(), rect.top().to_bits()), &change.words);
}

/// Names a row, shows all of it on hover, and copies it.
fn explain(ui: &mut Ui, rect: egui::Rect, id: impl std::hash::Hash + std::fmt::Debug, words: &str) {
    let response = ui.interact(rect, ui.scope_id().with(id), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    let response = response.on_hover_ui_at_pointer(|ui| {
        ui.add(egui::Label::new(words).wrap());
    });
    response.context_menu(|ui| {
        if ui.button("Copy").clicked() {
            ui.copy_text(words.to_owned());
            ui.close();
        }
    });
}
