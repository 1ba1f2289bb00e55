//! The menu of profiles at the top of a connection's page, and where opening or saving one is.

use egui::{Label, RichText, ScrollArea, TextEdit, Ui};

use super::widgets;
use crate::app::SocketAction;
use crate::app::asking::{PathField, Report};
use crate::app::profiles::{Exchange, ProfileAction, Purpose, Tool};
use crate::app::tab::SocketTab;

/// Shows it.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let mut asked = Vec::new();
    ui.horizontal(|ui| {
        menu(ui, tab, &mut asked);
        if tab.profiles.can_undo() {
            let undo = ui.button("Undo").on_hover_text("Bring back what was here before the profile was opened");
            widgets::name(&undo, egui::Role::Button, "Undo profile");
            if undo.clicked() {
                asked.push(ProfileAction::Undo);
            }
        }
    });
    exchange(ui, &mut tab.profiles.exchange, &mut asked);
    actions.extend(asked.into_iter().map(SocketAction::Profile));
}

fn menu(ui: &mut Ui, tab: &SocketTab, asked: &mut Vec<ProfileAction>) {
    let menu = ui.menu_button("Profile", |ui| {
        ui.set_min_width(170.0);
        ui.add_enabled_ui(!tab.profiles.exchange.is_busy(), |ui| {
            for (name, action) in [("Open profile…", ProfileAction::Open), ("Save profile…", ProfileAction::Save)]
            {
                if ui.button(name).clicked() {
                    asked.push(action);
                    ui.close();
                }
            }
        });
        ui.separator();
        ui.menu_button("Copy as command", |ui| {
            for tool in Tool::ALL {
                let entry = ui.button(tool.name());
                widgets::name(&entry, egui::Role::Button, &format!("Copy as {}", tool.name()));
                if entry.clicked() {
                    asked.push(ProfileAction::Copy(tool));
                    ui.close();
                }
            }
        });
    });
    menu.response.on_hover_text("What is set up here as one file, or as a command of a terminal");
}

/// Where opening or saving is.
fn exchange(ui: &mut Ui, exchange: &mut Exchange, asked: &mut Vec<ProfileAction>) {
    match exchange {
        Exchange::Idle => return,
        Exchange::Busy(..) => drop(ui.weak("Working on the file.")),
        Exchange::Dialog(..) => {
            ui.weak("Choose a file in the dialog.");
            if ui.button("Type a path instead").clicked() {
                asked.push(ProfileAction::TypePath);
            }
        }
        Exchange::Path(field) => path(ui, field, asked),
        Exchange::Over(report) => over(ui, report, asked),
    }
    ui.separator();
}

fn path(ui: &mut Ui, field: &mut PathField<Purpose>, asked: &mut Vec<ProfileAction>) {
    ui.add(Label::new(RichText::new(&field.note).small()).wrap().selectable(true));
    let edit = ui.add(TextEdit::singleline(&mut field.path).desired_width(f32::INFINITY));
    widgets::name_field(ui, &edit, "Path of the profile");
    let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    ui.horizontal(|ui| {
        let verb = if field.purpose == Purpose::Open { "Open" } else { "Save" };
        let button = ui.button(verb);
        widgets::name(&button, egui::Role::Button, &format!("{verb} this profile"));
        if button.clicked() || entered {
            asked.push(ProfileAction::UsePath(field.path.trim().into()));
        }
        if ui.button("Cancel").clicked() {
            asked.push(ProfileAction::Close);
        }
    });
}

fn over(ui: &mut Ui, report: &Report, asked: &mut Vec<ProfileAction>) {
    let color = if report.failed { ui.visuals().error_fg_color } else { ui.visuals().text_color() };
    ui.add(Label::new(RichText::new(&report.words).small().color(color)).wrap().selectable(true));
    if !report.notes.is_empty() {
        let notes = ScrollArea::vertical().id_salt("profile notes").max_height(100.0);
        notes.auto_shrink([false, true]).show(ui, |ui| {
            for note in &report.notes {
                ui.add(Label::new(RichText::new(note).small().color(ui.visuals().warn_fg_color)).wrap());
            }
        });
    }
    if ui.button("Dismiss").clicked() {
        asked.push(ProfileAction::Close);
    }
}
