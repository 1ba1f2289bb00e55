//! The bars above the rows: what is to be found, and where to go.

use egui::{Id, Key, Modifiers, TextEdit, Ui};

use super::{filter, widgets};
use crate::app::find::Step;
use crate::app::tab::SocketTab;
use crate::search::LONGEST;

/// The keys that open and close the bars, and go from match to match: Ctrl+F, Ctrl+G, F3, Escape.
pub(super) fn keys(ui: &Ui, tab: &mut SocketTab) {
    let popup = egui::Popup::is_any_open(ui.ctx());
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    let (find, go) = (pressed(Modifiers::COMMAND, Key::F), pressed(Modifiers::COMMAND, Key::G));
    let back = pressed(Modifiers::SHIFT, Key::F3);
    let on = pressed(Modifiers::NONE, Key::F3);
    if find || go || back || on {
        // What is found and gone to is a row of the log.
        tab.statistics.shown = false;
    }
    if find {
        show_find(tab);
    }
    if go {
        show_jump(tab);
    }
    if back || on {
        tab.jump.close();
        tab.find.step(if back { Step::Previous } else { Step::Next });
    }
    if is_needed(tab) && !popup && pressed(Modifiers::NONE, Key::Escape) {
        tab.find.close();
        tab.jump.close();
    }
}

/// One bar at a time: the rows keep their room.
fn show_find(tab: &mut SocketTab) {
    tab.jump.close();
    tab.find.show();
}

fn show_jump(tab: &mut SocketTab) {
    tab.find.close();
    tab.jump.show();
}

/// The buttons that open and close the bars.
pub(super) fn switches(ui: &mut Ui, tab: &mut SocketTab) {
    if ui.selectable_label(tab.find.open, "Find").on_hover_text("Ctrl+F").clicked() {
        if tab.find.open { tab.find.close() } else { show_find(tab) }
    }
    if ui.selectable_label(tab.jump.open, "Go to").on_hover_text("Ctrl+G").clicked() {
        if tab.jump.open { tab.jump.close() } else { show_jump(tab) }
    }
}

/// Whether one of the bars is shown.
pub(super) fn is_needed(tab: &SocketTab) -> bool {
    !tab.statistics.shown && (tab.find.open || tab.jump.open)
}

/// The bar that is open.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab) {
    if tab.find.open {
        find_bar(ui, tab);
    }
    if tab.jump.open {
        jump_bar(ui, tab);
    }
}

fn find_bar(ui: &mut Ui, tab: &mut SocketTab) {
    ui.horizontal_wrapped(|ui| {
        let id = ui.make_persistent_id("find field");
        // Taken before the field sees them, so that it stays the one that is typed in.
        if let Some(step) = entered(ui, id) {
            tab.find.step(step);
        }
        let (text, wrong) = (&mut tab.find.text, tab.find.problem.is_some());
        field(ui, id, "Find", "Find in these rows", text, wrong, &mut tab.find.focus);
        filter::notation(ui, "Find as", &mut tab.find.notation);
        if ui.button("Previous").on_hover_text("Shift+F3").clicked() {
            tab.find.step(Step::Previous);
        }
        if ui.button("Next").on_hover_text("F3 or Enter").clicked() {
            tab.find.step(Step::Next);
        }
        ui.weak(tab.find.words(&tab.log));
        if close(ui, "Close find") {
            tab.find.close();
        }
    });
    problem(ui, tab.find.problem.as_ref());
}

fn jump_bar(ui: &mut Ui, tab: &mut SocketTab) {
    ui.horizontal_wrapped(|ui| {
        let id = ui.make_persistent_id("jump field");
        let mut go = entered(ui, id).is_some();
        let (text, wrong) = (&mut tab.jump.text, tab.jump.problem.is_some());
        let field = field(ui, id, "Record or time", "Record number or time", text, wrong, &mut tab.jump.focus);
        field.on_hover_text("7654321, 14:03:07.5 or 2026-11-21 14:03:07");
        go |= ui.button("Go").clicked();
        if go {
            tab.jump.go(&mut tab.log, &tab.journal);
        }
        if ui.button("Start").on_hover_text("The oldest row").clicked() {
            tab.jump.start(&mut tab.log);
        }
        if ui.button("End").on_hover_text("The newest row").clicked() {
            tab.jump.end(&mut tab.log);
        }
        if let Some(remark) = &tab.jump.remark {
            ui.weak(remark);
        }
        if close(ui, "Close go to") {
            tab.jump.close();
        }
    });
    problem(ui, tab.jump.problem.as_ref());
}

/// Whether Enter was pressed in the field `id`, with Shift for the way back.
fn entered(ui: &Ui, id: Id) -> Option<Step> {
    if !ui.memory(|memory| memory.has_focus(id)) {
        return None;
    }
    ui.input_mut(|input| {
        if input.consume_key(Modifiers::SHIFT, Key::Enter) {
            Some(Step::Previous)
        } else {
            input.consume_key(Modifiers::NONE, Key::Enter).then_some(Step::Next)
        }
    })
}

fn field(
    ui: &mut Ui,
    id: Id,
    name: &str,
    hint: &'static str,
    text: &mut String,
    wrong: bool,
    focus: &mut bool,
) -> egui::Response {
    let mut edit = TextEdit::singleline(text).id(id).hint_text(hint).desired_width(200.0).char_limit(LONGEST);
    if wrong {
        edit = edit.text_color(ui.visuals().error_fg_color);
    }
    let mut shown = edit.show(ui);
    if std::mem::take(focus) {
        shown.response.request_focus();
        // What was typed before is replaced by typing.
        let end = egui::text::CCursor::new(text.chars().count());
        let all = egui::text::CCursorRange::two(egui::text::CCursor::new(0), end);
        shown.state.cursor.set_char_range(Some(all));
        shown.state.store(ui.ctx(), id);
    }
    widgets::name_field(ui, &shown.response, name);
    shown.response.response
}

fn close(ui: &mut Ui, name: &str) -> bool {
    widgets::cross(ui, true, name).on_hover_text("Escape").clicked()
}

fn problem(ui: &mut Ui, problem: Option<&String>) {
    if let Some(problem) = problem {
        let words = egui::RichText::new(problem).small().color(ui.visuals().error_fg_color);
        ui.add(egui::Label::new(words).wrap());
    }
}
