//! The tabs with their states, and the settings.

use egui::{Align2, PopupCloseBehavior, Role, Sense, Ui, WidgetInfo, vec2};

use super::text;
use super::theme::{self, Tone};
use crate::app::settings::{MEMORY_MIB, RECORDS, SMALLEST_ZOOM, Settings, Theme};
use crate::app::tab::Progress;
use crate::app::{Action, App, Tab};

const HEIGHT: f32 = 42.0;

/// The width that the bar needs at least, in points.
pub(super) const NARROWEST: f32 = 640.0;

/// Shows the bar.
pub(super) fn show(ui: &mut Ui, app: &mut App, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let menu = 110.0;
        let tabs: Vec<Tab> = app.sockets.iter().map(|tab| Tab::Socket(tab.id)).chain([Tab::Lookup]).collect();
        let width = ((ui.available_width() - menu) / tabs.len() as f32).clamp(80.0, 240.0);
        for tab in tabs {
            let (name, state, tone) = words(app, tab);
            if button(ui, &name, &state, tone, app.shown == tab, width) {
                actions.push(Action::Show(tab));
            }
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            settings(ui, &mut app.settings, actions);
        });
    });
}

/// The name of a tab, its state, and the state's tone.
fn words(app: &App, tab: Tab) -> (String, String, Option<Tone>) {
    match tab {
        Tab::Socket(id) => {
            let Some(tab) = app.sockets.get(id) else { return Default::default() };
            let tone = match &tab.progress {
                Progress::Idle => None,
                Progress::Starting(_) | Progress::Stopping => Some(Tone::Warning),
                Progress::Ready(_) | Progress::Connected { .. } => Some(Tone::Good),
                Progress::Failed(_) => Some(Tone::Bad),
            };
            (tab.kind.name().to_owned(), tab.title(), tone)
        }
        Tab::Lookup => {
            let (state, tone) = match app.lookup.lookups.pending() {
                0 => ("idle".to_owned(), None),
                pending => (format!("{pending} pending"), Some(Tone::Warning)),
            };
            ("Lookup".to_owned(), state, tone)
        }
    }
}

fn button(ui: &mut Ui, name: &str, state: &str, tone: Option<Tone>, shown: bool, width: f32) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::click());
    let dark = ui.visuals().dark_mode;
    let visuals = ui.visuals();
    if shown {
        ui.painter().rect_filled(rect, 4.0, visuals.widgets.noninteractive.bg_stroke.color);
        let line = egui::Rect::from_min_max(egui::pos2(rect.left(), rect.bottom() - 3.0), rect.max);
        ui.painter().rect_filled(line, 1.5, visuals.hyperlink_color);
    } else if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 4.0, visuals.faint_bg_color);
    }
    let quiet = theme::color(Tone::Quiet, dark);
    let color = tone.map_or(quiet, |tone| theme::color(tone, dark));
    let (upper, lower) = rect.shrink2(vec2(10.0, 5.0)).split_top_bottom_at_fraction(0.52);
    let title = text::plain(name, egui::FontId::proportional(14.0), visuals.text_color());
    super::rows::cell(ui, upper, upper.left(), upper.right(), title, Align2::LEFT_CENTER);
    let dot = egui::pos2(lower.left() + 3.5, lower.center().y);
    match tone {
        Some(_) => ui.painter().circle_filled(dot, 3.5, color),
        None => ui.painter().circle_stroke(dot, 3.0, (1.0, quiet)),
    };
    let words = text::plain(state, theme::small(), color);
    super::rows::cell(ui, lower, lower.left() + 12.0, lower.right(), words, Align2::LEFT_CENTER);
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, shown, name));
    // The state is a node of its own, so that it can be read and waited for.
    let node = ui.interact(lower, response.id.with("state"), Sense::hover());
    node.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{}: {state}", name)));
    response.on_hover_text(format!("{}: {state}", name)).clicked()
}

fn settings(ui: &mut Ui, settings: &mut Settings, actions: &mut Vec<Action>) {
    let mut changed = false;
    let menu = egui::containers::menu::MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    egui::containers::menu::MenuButton::new("Settings").config(menu).ui(ui, |ui| {
        ui.set_min_width(230.0);
        ui.horizontal(|ui| {
            ui.label("Theme");
            for theme in Theme::ALL {
                changed |= ui.selectable_value(&mut settings.theme, theme, theme.name()).changed();
            }
        });
        ui.horizontal(|ui| {
            ui.label(format!("Size {:.0} %", settings.zoom * 100.0));
            let largest = super::largest_zoom(ui.ctx());
            // Buttons: a value that is dragged would move under the pointer as it changes.
            for (label, zoom) in [("Smaller", settings.zoom / 1.1), ("100 %", 1.0), ("Larger", settings.zoom * 1.1)]
            {
                if ui.button(label).clicked() {
                    settings.zoom = zoom.clamp(SMALLEST_ZOOM, largest);
                    changed = true;
                }
            }
        });
        ui.weak("Also Ctrl with +, − and 0.");
        changed |= limit(ui, "Memory of a tab's log", &mut settings.memory_mib, MEMORY_MIB, " MiB");
        changed |= limit(ui, "Records of a tab's log", &mut settings.records, RECORDS, "");
        changed |= limit(ui, "Memory of all logs", &mut settings.all_memory_mib, MEMORY_MIB, " MiB");
        changed |= ui
            .checkbox(&mut settings.always_digest, "Keep every digest")
            .on_hover_text(
                "Statistics show the SHA-256 of what crossed each connection. More than about 1 GB/s can't be digested \
                 as it comes: with this, TCP peers are held back then; without it, the digest is given up.",
            )
            .changed();
        ui.weak("Beyond a limit the oldest records leave the view; they are counted.");
        ui.separator();
        ui.weak(concat!("Sockscope ", env!("CARGO_PKG_VERSION")));
    });
    if changed {
        actions.push(Action::SettingsChanged);
    }
}

/// One limit of the logs; returns whether it was changed.
fn limit(
    ui: &mut Ui,
    name: &str,
    value: &mut u64,
    range: std::ops::RangeInclusive<u64>,
    unit: &'static str,
) -> bool {
    ui.horizontal(|ui| {
        let label = ui.label(name);
        let value = egui::DragValue::new(value).range(range).suffix(unit).update_while_editing(false);
        is_settled(&ui.add(value).labelled_by(label.id))
    })
    .inner
}

/// Whether a value that may be dragged is as it is meant: records that a limit drops on the way don't come back.
fn is_settled(value: &egui::Response) -> bool {
    value.drag_stopped() || value.lost_focus() || (value.changed() && !value.dragged() && !value.has_focus())
}
