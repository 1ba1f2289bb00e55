//! The section with the calls to the system behind the selected record.

use egui::Ui;

use crate::app::log::Key;
use crate::app::tab::SocketTab;
use crate::journal::Call;
use crate::ui::log::calls::explanation;

/// The most of the detail that the calls of a row with payload take when they are unfolded.
const SHARE: f32 = 0.5;

/// The calls in full, each with its explanation.
pub(super) fn section(ui: &mut Ui, tab: &SocketTab, key: Key) {
    ui.separator();
    let calls = tab.calls_of(key);
    ui.strong("Socket calls");
    if calls.is_empty() {
        ui.weak(none(tab));
    }
    for call in &calls {
        explanation(ui, call);
    }
}

/// The same above a payload: one line that unfolds.
pub(super) fn folded(ui: &mut Ui, tab: &SocketTab, key: Key) {
    let calls = tab.calls_of(key);
    let room = ui.available_height() * SHARE;
    let title = egui::RichText::new(title(tab, &calls)).small().weak();
    egui::CollapsingHeader::new(title).id_salt(("socket calls", tab.id)).show_unindented(ui, |ui| {
        egui::ScrollArea::vertical()
            .id_salt("socket calls")
            .max_height(room)
            .auto_shrink([false, true])
            .show(ui, |ui| calls.iter().for_each(|call| explanation(ui, call)));
    });
}

fn title(tab: &SocketTab, calls: &[Call]) -> String {
    match calls {
        [] => format!("Socket calls: {}", none(tab)),
        [call] => format!("Socket calls: {call}"),
        [first, ..] => format!("Socket calls: {first} and {} more", calls.len() - 1),
    }
}

/// Why there are no calls.
fn none(tab: &SocketTab) -> &'static str {
    match tab.no_calls() {
        Some(_) => "a file has none in it",
        None => "no call belongs to this row",
    }
}
