//! Where opening or saving a small file is: the dialog, a path field, or how it went.

use std::path::PathBuf;

use egui::{Key, Label, RichText, ScrollArea, TextEdit, Ui};

use super::widgets;
use crate::app::asking::{PathField, Report};
use crate::app::exchange::{Exchange, Purpose};

/// How the widgets of one kind of file are called.
pub(super) struct Names {
    /// The path field.
    pub(super) field: &'static str,
    /// The buttons that read and write, as they are shown.
    pub(super) verbs: [&'static str; 2],
    /// What they are of, behind the verb, for who can't see where they stand; may be empty.
    pub(super) of: &'static str,
    /// The button that closes the report.
    pub(super) dismiss: &'static str,
}

/// What a person asked for.
pub(super) enum Asked {
    /// Type the path in the window instead of choosing it in the dialog.
    TypePath,
    /// The path that was typed.
    UsePath(PathBuf),
    /// Close the path field or the report.
    Close,
}

/// Shows it, where there is anything to show.
pub(super) fn show<P: Purpose, T>(ui: &mut Ui, exchange: &mut Exchange<P, T>, names: &Names) -> Option<Asked> {
    let mut asked = None;
    match exchange {
        Exchange::Idle => {}
        Exchange::Busy(..) => drop(ui.weak("Working on the file.")),
        Exchange::Dialog(..) => {
            ui.weak("Choose a file in the dialog.");
            if ui.button("Type a path instead").clicked() {
                asked = Some(Asked::TypePath);
            }
        }
        Exchange::Path(field) => path(ui, field, names, &mut asked),
        Exchange::Over(report) => over(ui, report, names, &mut asked),
    }
    asked
}

/// The same with a line below it.
pub(super) fn show_above<P: Purpose, T>(
    ui: &mut Ui,
    exchange: &mut Exchange<P, T>,
    names: &Names,
) -> Option<Asked> {
    if matches!(exchange, Exchange::Idle) {
        return None;
    }
    let asked = show(ui, exchange, names);
    ui.separator();
    asked
}

fn path<P: Purpose>(ui: &mut Ui, field: &mut PathField<P>, names: &Names, asked: &mut Option<Asked>) {
    ui.add(Label::new(RichText::new(&field.note).small()).wrap().selectable(true));
    let edit = ui.add(TextEdit::singleline(&mut field.path).desired_width(f32::INFINITY));
    widgets::name_field(ui, &edit, names.field);
    let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    ui.horizontal(|ui| {
        let verb = names.verbs[usize::from(field.purpose.writes())];
        let button = ui.button(verb);
        widgets::name(&button, egui::Role::Button, format!("{verb} {}", names.of).trim_end());
        if button.clicked() || entered {
            *asked = Some(Asked::UsePath(field.path.trim().into()));
        }
        if ui.button("Cancel").clicked() {
            *asked = Some(Asked::Close);
        }
    });
}

fn over(ui: &mut Ui, report: &Report, names: &Names, asked: &mut Option<Asked>) {
    let color = if report.failed { ui.visuals().error_fg_color } else { ui.visuals().text_color() };
    ui.add(Label::new(RichText::new(&report.words).small().color(color)).wrap().selectable(true));
    if !report.notes.is_empty() {
        let notes = ScrollArea::vertical().id_salt("file notes").max_height(110.0);
        notes.auto_shrink([false, true]).show(ui, |ui| {
            for note in &report.notes {
                ui.add(Label::new(RichText::new(note).small().color(ui.visuals().warn_fg_color)).wrap());
            }
        });
    }
    let button = ui.button("Dismiss");
    widgets::name(&button, egui::Role::Button, names.dismiss);
    if button.clicked() {
        *asked = Some(Asked::Close);
    }
}
