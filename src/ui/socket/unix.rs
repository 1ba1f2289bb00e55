//! The section of Unix sockets: the file that a path becomes.

use egui::Ui;

use crate::app::tab::SocketTab;
use crate::form::{Field, Form};
use crate::ui::widgets::{field, remark};

/// Shows the section for a socket that is bound to a path.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab) {
    let is_file = tab.form.path().is_none_or(|path| !path.starts_with('@'));
    let wrong = tab.errors.contains_key(&Field::Mode);
    if !tab.form.kind().is_unix() || matches!(tab.form, Form::Client(_)) || !(is_file || wrong) {
        return;
    }
    egui::CollapsingHeader::new("File of the path").id_salt((tab.id, "unix")).default_open(true).show_unindented(
        ui,
        |ui| {
            let unix = &mut tab.switches.unix;
            field(ui, "Mode", &mut unix.mode, "octal, 600", tab.errors.get(&Field::Mode)).on_hover_text(
                "Who may connect: the file's permissions, in octal. It has them from its first moment. 600 is this user \
                 alone, 660 its group too, 666 everyone on this machine. May be changed while it runs",
            );
            if let Some(words) = unix.exposure() {
                remark(ui, words, ui.visuals().warn_fg_color);
            }
            ui.checkbox(&mut unix.remove_stale, "Remove a stale socket").on_hover_text(
                "Where a socket is in the way to which no program is bound any more, remove it and go on. A file that is \
                 no socket, or one that is in use, is never touched",
            );
            ui.weak("The file is removed at the end, if it is still the one that was made.");
        },
    );
}
