//! Small pieces that several panels use.

use egui::{Color32, Response, Role, TextEdit, Ui, WidgetInfo};

use super::theme;

/// Gives a field without a visible label its accessible name.
pub(super) fn name_field(ui: &Ui, response: &Response, name: &str) {
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
}

/// Gives a widget whose words are no name an accessible one.
pub(super) fn name(response: &Response, role: Role, name: &str) {
    let name = name.to_owned();
    response.widget_info(move || WidgetInfo::labeled(role, true, &name));
}

/// A quiet button that removes or closes something; it keeps its place while it is not `shown`.
pub(super) fn cross(ui: &mut Ui, shown: bool, meaning: &str) -> Response {
    ui.scope(|ui| {
        ui.spacing_mut().button_padding.x = 5.0;
        let button = ui.add_visible(shown, egui::Button::new("×").frame_when_inactive(false));
        name(&button, Role::Button, meaning);
        button
    })
    .inner
}

/// A labeled text field of a form, with its error below it.
pub(super) fn field(
    ui: &mut Ui,
    label: &str,
    value: &mut String,
    hint: &'static str,
    error: Option<&String>,
) -> Response {
    let response = labeled(ui, label, |ui| {
        let mut edit = TextEdit::singleline(value).hint_text(hint).desired_width(f32::INFINITY);
        if error.is_some() {
            edit = edit.text_color(ui.visuals().error_fg_color);
        }
        ui.add(edit)
    });
    complaint(ui, error);
    response
}

/// A label in the form's first column and whatever `add` adds in the second, named by the label.
pub(super) fn labeled(ui: &mut Ui, label: &str, add: impl FnOnce(&mut Ui) -> Response) -> Response {
    ui.horizontal(|ui| {
        let label = column(ui, label);
        add(ui).labelled_by(label.id)
    })
    .inner
}

/// A label in the form's first column.
pub(super) fn column(ui: &mut Ui, label: &str) -> Response {
    let space = egui::vec2(theme::LABEL_WIDTH, ui.spacing().interact_size.y);
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let label = ui.allocate_ui_with_layout(space, layout, |ui| {
        ui.set_min_width(theme::LABEL_WIDTH);
        ui.label(label)
    });
    label.inner
}

/// An error in the form's second column.
pub(super) fn complaint(ui: &mut Ui, error: Option<&String>) {
    if let Some(error) = error {
        remark(ui, error, ui.visuals().error_fg_color);
    }
}

/// A remark in the form's second column.
pub(super) fn remark(ui: &mut Ui, words: &str, color: Color32) {
    ui.horizontal_top(|ui| {
        ui.add_space(theme::LABEL_WIDTH + ui.spacing().item_spacing.x);
        ui.add(egui::Label::new(egui::RichText::new(words).small().color(color)).wrap());
    });
}

/// The main button of a form.
pub(super) fn main_button(ui: &mut Ui, label: &str) -> bool {
    let fill = ui.visuals().selection.bg_fill;
    let text = egui::RichText::new(label).color(ui.visuals().selection.stroke.color);
    ui.add(egui::Button::new(text).fill(fill).min_size(egui::vec2(96.0, 28.0))).clicked()
}
