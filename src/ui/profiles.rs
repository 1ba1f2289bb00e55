//! The menu of profiles at the top of a connection's page, and where opening or saving one is.

use egui::Ui;

use super::exchange::{self, Asked, Names};
use super::widgets;
use crate::app::SocketAction;
use crate::app::profiles::{ProfileAction, Tool};
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
    asked.extend(exchange::show_above(ui, &mut tab.profiles.exchange, &NAMES).map(|asked| match asked {
        Asked::TypePath => ProfileAction::TypePath,
        Asked::UsePath(path) => ProfileAction::UsePath(path),
        Asked::Close => ProfileAction::Close,
    }));
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

const NAMES: Names =
    Names { field: "Path of the profile", verbs: ["Open", "Save"], of: "this profile", dismiss: "Dismiss" };
