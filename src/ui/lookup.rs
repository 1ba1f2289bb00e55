//! The lookup tab: one field, and a table of what was asked and answered.

mod interfaces;
mod trying;

use egui::{Align2, Key, Role, Sense, TextEdit, Ui, WidgetInfo};

use super::rows;
use super::text;
use super::theme::{self, ROW, Tone};
use super::widgets::main_button;
use crate::app::profiles::Tool;
use crate::app::{LookupAction, LookupTab};
use crate::lookup::{Row, RowState};

/// Shows the tab.
pub(super) fn show(ui: &mut Ui, tab: &mut LookupTab, actions: &mut Vec<LookupAction>) {
    ui.horizontal(|ui| {
        for (shows, words) in [(false, "Look-ups"), (true, "Interfaces")] {
            if ui.selectable_label(tab.shows_interfaces == shows, words).clicked() {
                actions.push(LookupAction::Interfaces(shows));
            }
        }
    });
    if tab.shows_interfaces {
        if let Some(failure) = &tab.failure {
            ui.colored_label(ui.visuals().error_fg_color, failure);
        }
        return interfaces::show(ui, tab);
    }
    look_ups(ui, tab, actions);
}

/// The look-ups: the field, the buttons, and the answers.
fn look_ups(ui: &mut Ui, tab: &mut LookupTab, actions: &mut Vec<LookupAction>) {
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        let label = ui.label("Name, address, port or service");
        let edit =
            TextEdit::singleline(&mut tab.text).hint_text("localhost, 127.0.0.1, 80, http, udp, example.org:443");
        let field = ui.add(edit.desired_width(360.0)).labelled_by(label.id);
        if field.changed() {
            (tab.failure, tab.notice) = (None, None);
        }
        if tab.focus {
            field.request_focus();
        }
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if main_button(ui, "Look up") || entered {
            actions.push(LookupAction::Start);
            field.request_focus();
        }
    });
    if let Some(failure) = &tab.failure {
        ui.colored_label(ui.visuals().error_fg_color, failure);
    }
    tools(ui, tab, actions);
    if let Some(notice) = &tab.notice {
        ui.add(egui::Label::new(egui::RichText::new(notice).small()).wrap());
    }
    trying::show(ui, &mut tab.trying, actions);
    ui.add_space(4.0);
    table(ui, tab, actions);
}

/// The buttons above the table.
fn tools(ui: &mut Ui, tab: &LookupTab, actions: &mut Vec<LookupAction>) {
    ui.horizontal_wrapped(|ui| {
        if ui
            .button("Run the tutorials' list")
            .on_hover_text("Every look-up of the socket tutorials, in order")
            .clicked()
        {
            actions.push(LookupAction::Tutorials);
        }
        ui.add_enabled_ui(tab.lookups.pending() > 0, |ui| {
            if ui.button("Cancel all").clicked() {
                actions.push(LookupAction::CancelAll);
            }
        });
        ui.add_enabled_ui(!tab.lookups.rows().is_empty(), |ui| {
            if ui.button("Copy table").clicked() {
                actions.push(LookupAction::Copy);
            }
            if ui.button("Clear").clicked() {
                actions.push(LookupAction::Clear);
            }
        });
        ui.add_enabled_ui(tab.has_something(), |ui| {
            let menu = ui.menu_button("Copy as command", |ui| {
                for tool in [Tool::Sockscope, Tool::Python] {
                    let entry = ui.button(tool.name());
                    super::widgets::name(&entry, Role::Button, &format!("Copy as {}", tool.name()));
                    if entry.clicked() {
                        actions.push(LookupAction::CopyAs(tool));
                        ui.close();
                    }
                }
            });
            menu.response
                .on_hover_text("The same look-up in a terminal: what is typed, or else what is in the table");
        });
    });
}

/// One line of the table: a look-up may have several values.
struct Line<'a> {
    row: &'a Row,
    /// Which value; the first line of a row carries the call and the time.
    value: usize,
}

fn table(ui: &mut Ui, tab: &LookupTab, actions: &mut Vec<LookupAction>) {
    let (call, took) = (0.0, (ui.available_width() * 0.42).clamp(280.0, 520.0));
    let result = took + 90.0;
    let (head, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), ROW), Sense::hover());
    let heading = |left: f32, right: f32, words: &str, align| {
        let job = text::plain(words, theme::small(), ui.visuals().weak_text_color());
        rows::cell(ui, head, head.left() + left + 6.0, head.left() + right, job, align);
    };
    heading(call, took, "Call", Align2::LEFT_CENTER);
    heading(took, result - 14.0, "ms", Align2::RIGHT_CENTER);
    heading(result, head.width(), "Result", Align2::LEFT_CENTER);
    let lines: Vec<_> = tab.lookups.rows().iter().flat_map(lines_of).collect();
    if lines.is_empty() {
        ui.centered_and_justified(|ui| ui.weak("Type a name, an address, a port or a service, and press Enter."));
        return;
    }
    let id = ui.make_persistent_id("lookup place");
    let count = lines.len() as u64;
    let (at_end, place) =
        ui.data(|memory| memory.get_temp::<(bool, rows::Place)>(id)).unwrap_or((true, rows::Place::default()));
    // New answers come in at the end, and are shown to whoever is there.
    let place = if at_end { rows::Place::last(count, ui.available_height() / ROW) } else { place };
    let shown = rows::show(ui, "Look-ups", count, place, |ui, n, rect| {
        let Some(line) = usize::try_from(n).ok().and_then(|n| lines.get(n)) else { return };
        draw(ui, line, rect, (took, result), actions);
    });
    ui.data_mut(|memory| memory.insert_temp(id, (shown.at_end, shown.place)));
}

fn lines_of(row: &Row) -> impl Iterator<Item = Line<'_>> {
    let values = match &row.state {
        RowState::Done(answer) => answer.outcome.as_ref().map_or(1, |values| values.len().max(1)),
        _ => 1,
    };
    (0..values).map(move |value| Line { row, value })
}

fn draw(
    ui: &mut Ui,
    line: &Line<'_>,
    rect: egui::Rect,
    (took, result): (f32, f32),
    actions: &mut Vec<LookupAction>,
) {
    let dark = ui.visuals().dark_mode;
    let normal = ui.visuals().text_color();
    let (words, tone, milliseconds) = match &line.row.state {
        RowState::Pending => ("waiting for the system's resolver".to_owned(), Some(Tone::Quiet), None),
        RowState::Canceled => ("canceled".to_owned(), Some(Tone::Quiet), None),
        RowState::Done(answer) => {
            let took = Some(answer.took.as_secs_f64() * 1e3);
            match &answer.outcome {
                Ok(values) => (values.get(line.value).cloned().unwrap_or_default(), None, took),
                Err(error) => (error.to_string(), Some(Tone::Bad), took),
            }
        }
    };
    let color = tone.map_or(normal, |tone| theme::color(tone, dark));
    let call = line.row.query.call();
    let response = ui.interact(rect, ui.scope_id().with((line.row.id, line.value)), Sense::click());
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, ui.visuals().faint_bg_color);
    }
    let put = |left: f32, right: f32, words: String, color, align| {
        let job = text::plain(words, theme::mono(), color);
        rows::cell(ui, rect, rect.left() + left, rect.left() + right, job, align);
    };
    if line.value == 0 {
        put(6.0, took, call.clone(), normal, Align2::LEFT_CENTER);
        if let Some(milliseconds) = milliseconds {
            let quiet = theme::color(Tone::Quiet, dark);
            put(took, result - 14.0, format!("{milliseconds:.3}"), quiet, Align2::RIGHT_CENTER);
        }
    }
    let pending = matches!(line.row.state, RowState::Pending);
    let end = rect.width() - if pending { 80.0 } else { 6.0 };
    put(result + 6.0, end, words.clone(), color, Align2::LEFT_CENTER);
    let name = format!("{call}: {words}");
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &name));
    let response = response.on_hover_ui_at_pointer(|ui| {
        ui.add(egui::Label::new(&words).wrap());
    });
    response.context_menu(|ui| {
        for (label, text) in [("Copy result", &words), ("Copy call", &call)] {
            if ui.button(label).clicked() {
                ui.copy_text(text.clone());
                ui.close();
            }
        }
    });
    if pending {
        let button = egui::Rect::from_min_max(egui::pos2(rect.right() - 70.0, rect.top()), rect.max);
        if ui.put(button, egui::Button::new("Cancel").small()).clicked() {
            actions.push(LookupAction::Cancel(line.row.id));
        }
    }
}
