//! The color rules of a log, in a menu of its tool bar.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{PopupCloseBehavior, Response, Role, Sense, Stroke, StrokeKind, TextEdit, Ui, WidgetInfo, vec2};

use super::{theme, widgets};
use crate::app::colors::{ColorRule, Colors, Hue, MOST_PATTERNS};
use crate::search::{LONGEST, Notation};

/// The side of a swatch, in points.
const SWATCH: f32 = 16.0;

/// What a person asked for in the list of patterns, by the place of the rule.
enum Change {
    Remove(usize),
    Swap(usize, usize),
}

/// The button that shows the rules.
pub(super) fn menu(ui: &mut Ui, colors: &mut Colors) {
    let words = match colors.rules.len() {
        0 => "Colors".to_owned(),
        rules => format!("Colors ({rules})"),
    };
    // It holds a form: fields keep the frames that entries of a menu don't have.
    let stays = MenuConfig::new()
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .style(egui::style::StyleModifier::default());
    let (button, _) = MenuButton::new(words).config(stays).ui(ui, |ui| rules(ui, colors));
    button.on_hover_text("Color rows by peer, by name or by what is in them");
}

fn rules(ui: &mut Ui, colors: &mut Colors) {
    let mut check = |rule: ColorRule, words: &str, help: &str| {
        let mut on = colors.has(&rule);
        if ui.checkbox(&mut on, words).on_hover_text(help).changed() {
            colors.set(rule, on);
        }
    };
    check(ColorRule::Peer, "By peer", "Each peer has a color of its own");
    check(ColorRule::Name, "By name before “:”", "In a chat: alex : hi has the color of alex");
    ui.separator();
    let patterns: Vec<usize> =
        (0..colors.rules.len()).filter(|place| matches!(colors.rules[*place], ColorRule::Pattern { .. })).collect();
    if patterns.len() > 1 {
        ui.weak("The first pattern that matches colors the row.");
    }
    let mut change = None;
    egui::ScrollArea::vertical().max_height(300.0).show(ui, |ui| {
        for (n, place) in patterns.iter().enumerate() {
            let before = n.checked_sub(1).map(|before| patterns[before]);
            change = pattern(ui, colors, n + 1, *place, before).or(change.take());
        }
    });
    match change {
        Some(Change::Remove(place)) => drop(colors.rules.remove(place)),
        Some(Change::Swap(one, other)) => colors.rules.swap(one, other),
        None => {}
    }
    let more = ui.add_enabled(patterns.len() < MOST_PATTERNS, egui::Button::new("Add pattern"));
    if more.on_hover_text("Color rows that contain something").clicked() {
        colors.add_pattern();
    }
}

/// Pattern number `number`, which is rule `place`; the one before it is rule `before`.
fn pattern(ui: &mut Ui, colors: &mut Colors, number: usize, place: usize, before: Option<usize>) -> Option<Change> {
    let mut change = None;
    let problem = colors.problem(place).map(str::to_owned);
    let ColorRule::Pattern { text, notation, color } = &mut colors.rules[place] else { return None };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let ink = match problem {
            Some(_) => ui.visuals().error_fg_color,
            None => theme::hue(*color, ui.visuals().dark_mode, false),
        };
        let edit = TextEdit::singleline(text).hint_text("Text in a row").desired_width(150.0).char_limit(LONGEST);
        let field = ui.add(edit.text_color(ink));
        widgets::name_field(ui, &field, &format!("Color pattern {number}"));
        for one in Notation::ALL {
            let button = ui.selectable_label(*notation == one, one.name());
            let name = format!("Color pattern {number} as {}", one.name());
            button.widget_info(|| WidgetInfo::selected(Role::Button, true, *notation == one, &name));
            if button.clicked() {
                *notation = one;
            }
        }
        for hue in Hue::ALL {
            if swatch(ui, hue, *color == hue, number).clicked() {
                *color = hue;
            }
        }
        let up = ui.add_enabled(before.is_some(), egui::Button::new("Up"));
        widgets::name(&up, Role::Button, &format!("Move color pattern {number} up"));
        if up.clicked() {
            change = before.map(|before| Change::Swap(before, place));
        }
        if widgets::cross(ui, true, &format!("Remove color pattern {number}")).clicked() {
            change = Some(Change::Remove(place));
        }
    });
    if let Some(problem) = problem {
        ui.label(egui::RichText::new(problem).small().color(ui.visuals().error_fg_color));
    }
    change
}

/// A color to be chosen for pattern number `number`.
fn swatch(ui: &mut Ui, hue: Hue, chosen: bool, number: usize) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(SWATCH, SWATCH), Sense::click());
    let name = format!("Color pattern {number} in {}", hue.name());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &name));
    let inside = rect.shrink(if chosen { 3.0 } else { 2.0 });
    ui.painter().rect_filled(inside, 3.0, theme::hue(hue, ui.visuals().dark_mode, false));
    if chosen || response.hovered() || response.has_focus() {
        let stroke = Stroke::new(if chosen { 2.0 } else { 1.0 }, ui.visuals().strong_text_color());
        ui.painter().rect_stroke(rect, 4.0, stroke, StrokeKind::Inside);
    }
    response.on_hover_text(hue.name())
}
