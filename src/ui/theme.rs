//! The look: the only place where colors, sizes and spacings are chosen.

use egui::{Color32, FontFamily, FontId, Margin, Stroke, Style, TextStyle, Theme, Visuals, vec2};

use crate::app::settings::{self, Settings};
use crate::journal::{Content, Detail, Direction, How};

/// The height of a row of the log and of other lists, in points.
pub(super) const ROW: f32 = 20.0;

/// Space between groups of controls.
pub(super) const GAP: f32 = 10.0;

/// The width of the column of labels in a form.
pub(super) const LABEL_WIDTH: f32 = 92.0;

/// What a color means. A color is never the only sign: each of these stands beside a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Payload that came.
    Received,
    /// Payload that went.
    Sent,
    /// Something opened or works.
    Good,
    /// Something to look at.
    Warning,
    /// Something failed.
    Bad,
    /// A mark for a byte that can't be shown.
    Mark,
    /// Less important.
    Quiet,
}

/// The color of `tone` in light or dark; each has a contrast of at least 4.5 : 1 to the log's ground.
pub(super) fn color(tone: Tone, dark: bool) -> Color32 {
    let (on_dark, on_light) = match tone {
        Tone::Received => ([122, 190, 255], [0, 92, 175]),
        Tone::Sent => ([126, 211, 160], [10, 110, 62]),
        Tone::Good => ([126, 211, 160], [10, 110, 62]),
        Tone::Warning => ([240, 190, 90], [140, 84, 0]),
        Tone::Bad => ([255, 138, 128], [184, 28, 28]),
        Tone::Mark => ([196, 160, 255], [112, 60, 180]),
        Tone::Quiet => ([150, 158, 168], [98, 106, 116]),
    };
    let [r, g, b] = if dark { on_dark } else { on_light };
    Color32::from_rgb(r, g, b)
}

/// The ground of what was looked for; every tone keeps its contrast on it.
pub(super) fn highlight(dark: bool) -> Color32 {
    if dark { Color32::from_rgb(84, 66, 0) } else { Color32::from_rgb(255, 226, 120) }
}

/// The tone of a row.
pub(super) fn tone_of(content: &Content) -> Tone {
    match content {
        Content::Payload(Direction::Received, _) => Tone::Received,
        Content::Payload(Direction::Sent, _) => Tone::Sent,
        Content::Detail(Detail::Opened { .. }) => Tone::Good,
        Content::Detail(Detail::Closed { how: How::PeerReset | How::TimeLimit | How::Error }) => Tone::Warning,
        Content::Detail(Detail::KernelDropped { .. }) => Tone::Warning,
        Content::Detail(Detail::Error(_)) => Tone::Bad,
        Content::Detail(_) => Tone::Quiet,
    }
}

/// The font of payload, addresses and numbers.
pub(super) fn mono() -> FontId {
    FontId::new(13.0, FontFamily::Monospace)
}

/// The same beside secondary words.
pub(super) fn mono_small() -> FontId {
    FontId::new(12.0, FontFamily::Monospace)
}

/// The font of secondary words.
pub(super) fn small() -> FontId {
    FontId::new(12.0, FontFamily::Proportional)
}

/// Applies theme and size.
pub(super) fn apply(context: &egui::Context, settings: &Settings) {
    context.set_theme(match settings.theme {
        settings::Theme::System => egui::ThemePreference::System,
        settings::Theme::Light => egui::ThemePreference::Light,
        settings::Theme::Dark => egui::ThemePreference::Dark,
    });
    context.set_zoom_factor(settings.zoom);
    context.style_mut_of(Theme::Dark, |style| shape(style, true));
    context.style_mut_of(Theme::Light, |style| shape(style, false));
}

fn shape(style: &mut Style, dark: bool) {
    style.visuals = visuals(dark);
    style.animation_time = 0.0;
    style.text_styles.insert(TextStyle::Body, FontId::new(14.0, FontFamily::Proportional));
    style.text_styles.insert(TextStyle::Button, FontId::new(14.0, FontFamily::Proportional));
    style.text_styles.insert(TextStyle::Small, small());
    style.text_styles.insert(TextStyle::Heading, FontId::new(15.0, FontFamily::Proportional));
    style.text_styles.insert(TextStyle::Monospace, mono());
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 6.0);
    spacing.button_padding = vec2(10.0, 3.0);
    spacing.interact_size = vec2(40.0, 24.0);
    spacing.window_margin = Margin::same(12);
    spacing.menu_margin = Margin::same(6);
    spacing.combo_width = 60.0;
    spacing.scroll = egui::style::ScrollStyle::solid();
}

fn visuals(dark: bool) -> Visuals {
    let mut visuals = if dark { Visuals::dark() } else { Visuals::light() };
    let gray = |on_dark: u8, on_light: u8| Color32::from_gray(if dark { on_dark } else { on_light });
    let accent = if dark { Color32::from_rgb(38, 92, 128) } else { Color32::from_rgb(190, 222, 245) };
    let strong = if dark { Color32::from_rgb(120, 195, 245) } else { Color32::from_rgb(0, 96, 160) };
    visuals.panel_fill = if dark { Color32::from_rgb(30, 33, 37) } else { Color32::from_rgb(244, 245, 247) };
    visuals.window_fill = if dark { Color32::from_rgb(38, 41, 46) } else { Color32::from_rgb(252, 252, 253) };
    visuals.extreme_bg_color = if dark { Color32::from_rgb(20, 22, 25) } else { Color32::WHITE };
    visuals.text_edit_bg_color = Some(visuals.extreme_bg_color);
    visuals.faint_bg_color = if dark { Color32::from_rgb(36, 39, 44) } else { Color32::from_rgb(236, 239, 243) };
    visuals.selection.bg_fill = accent;
    visuals.selection.stroke = Stroke::new(1.0, if dark { Color32::WHITE } else { Color32::from_rgb(0, 50, 90) });
    visuals.hyperlink_color = strong;
    visuals.error_fg_color = color(Tone::Bad, dark);
    visuals.warn_fg_color = color(Tone::Warning, dark);
    visuals.weak_text_color = Some(color(Tone::Quiet, dark));
    // A blinking cursor would repaint an idle window twice a second.
    visuals.text_cursor.blink = false;
    let widgets = &mut visuals.widgets;
    widgets.noninteractive.fg_stroke.color = gray(222, 34);
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, gray(58, 214));
    widgets.inactive.fg_stroke.color = gray(228, 30);
    widgets.inactive.weak_bg_fill = gray(56, 226);
    widgets.inactive.bg_fill = gray(56, 226);
    widgets.inactive.bg_stroke = Stroke::new(1.0, gray(78, 196));
    widgets.hovered.weak_bg_fill = gray(68, 214);
    widgets.hovered.bg_stroke = Stroke::new(1.0, strong);
    widgets.active.bg_stroke = Stroke::new(1.0, strong);
    widgets.hovered.expansion = 0.0;
    widgets.active.expansion = 0.0;
    widgets.active.weak_bg_fill = gray(78, 204);
    widgets.active.bg_fill = gray(78, 204);
    widgets.active.fg_stroke.color = gray(240, 20);
    widgets.open.weak_bg_fill = gray(64, 218);
    visuals
}
