//! The line that tries `socket()`.

use egui::{ComboBox, Ui};

use crate::app::LookupAction;
use crate::lookup::{Constant, SocketCall};
use crate::ui::widgets::name_field;

/// Shows the three lists of a call, and its button.
pub(super) fn show(ui: &mut Ui, call: &mut SocketCall, actions: &mut Vec<LookupAction>) {
    ui.horizontal(|ui| {
        ui.label("socket(");
        let before = call.family.clone();
        list(ui, "Family", 128.0, &mut call.family, SocketCall::families());
        if call.family != before {
            // Protocols are those of the family.
            call.protocol = Constant { name: "0".into(), number: 0 };
        }
        ui.label(",");
        list(ui, "Type", 132.0, &mut call.kind, SocketCall::kinds());
        ui.label(",");
        let protocols = SocketCall::protocols(&call.family).map(|protocol| (protocol, ""));
        list(ui, "Protocol", 160.0, &mut call.protocol, protocols);
        ui.label(")");
        let button = ui.button("Try socket()");
        if button.on_hover_text("Calls it once, closes what it gives, and shows the kernel's own answer").clicked()
        {
            actions.push(LookupAction::Try);
        }
    });
}

/// A list of constants with what each is.
fn list(
    ui: &mut Ui,
    name: &str,
    width: f32,
    chosen: &mut Constant,
    offered: impl Iterator<Item = (Constant, &'static str)>,
) {
    let list = ComboBox::from_id_salt(("try", name)).width(width).height(420.0).selected_text(chosen.name.as_ref());
    let list = list.show_ui(ui, |ui| {
        for (offer, what) in offered {
            let is_chosen = *chosen == offer;
            let button = ui.selectable_label(is_chosen, offer.name.as_ref());
            let button = if what.is_empty() { button } else { button.on_hover_text(what) };
            if button.clicked() {
                *chosen = offer;
            }
        }
    });
    name_field(ui, &list.response, name);
}
