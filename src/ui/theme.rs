//! The look: the only place where colors, sizes and spacings are chosen.

use egui::{Color32, FontFamily, FontId, Margin, Stroke, Style, TextStyle, Theme, Visuals, vec2};

use crate::app::colors::Hue;
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

/// How a color of rows looks in light or dark, on the log's ground or on that of a selected row; it has a contrast of
/// at least 4.5 : 1 to it, and to the ground of what was looked for.
pub(super) fn hue(hue: Hue, dark: bool, selected: bool) -> Color32 {
    let (on_dark, on_selected, on_light) = match hue {
        Hue::Red => ([255, 156, 152], [255, 194, 191], [184, 21, 15]),
        Hue::Orange => ([255, 160, 86], [255, 197, 153], [151, 68, 4]),
        Hue::Gold => ([220, 178, 12], [244, 206, 51], [113, 90, 0]),
        Hue::Lime => ([143, 200, 29], [169, 226, 55], [68, 102, 0]),
        Hue::Green => ([65, 208, 101], [133, 229, 157], [0, 107, 27]),
        Hue::Teal => ([36, 204, 187], [83, 230, 211], [0, 105, 91]),
        Hue::Blue => ([100, 191, 255], [165, 215, 255], [0, 93, 170]),
        Hue::Pink => ([255, 148, 210], [255, 189, 228], [178, 9, 108]),
    };
    let [r, g, b] = match (dark, selected) {
        (true, false) => on_dark,
        (true, true) => on_selected,
        (false, _) => on_light,
    };
    Color32::from_rgb(r, g, b)
}

/// The color of a saved message's mark in light or dark; each has a contrast of at least 3 : 1 to a panel.
pub(super) fn mark(color: crate::library::Color, dark: bool) -> Color32 {
    use crate::library::Color;
    let (on_dark, on_light) = match color {
        Color::Red => ([255, 120, 110], [196, 40, 40]),
        Color::Orange => ([255, 165, 80], [186, 90, 0]),
        Color::Yellow => ([235, 210, 90], [140, 115, 0]),
        Color::Green => ([120, 205, 120], [30, 125, 50]),
        Color::Teal => ([90, 205, 200], [0, 122, 122]),
        Color::Blue => ([115, 175, 255], [25, 95, 200]),
        Color::Purple => ([205, 155, 255], [130, 60, 190]),
        Color::Gray => ([165, 170, 178], [105, 112, 120]),
    };
    let [r, g, b] = if dark { on_dark } else { on_light };
    Color32::from_rgb(r, g, b)
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

#[cfg(test)]
mod tests {
    use egui::Rgba;

    use super::*;
    use crate::library;

    /// Relative luminance (WCAG 2.2).
    fn luminance(color: Color32) -> f32 {
        let linear = Rgba::from(color);
        0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b()
    }

    fn contrast(one: Color32, other: Color32) -> f32 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn marks_stand_out_in_light_and_dark() {
        for dark in [false, true] {
            let visuals = visuals(dark);
            for color in library::Color::ALL {
                for ground in [visuals.panel_fill, visuals.widgets.inactive.weak_bg_fill] {
                    let found = contrast(mark(color, dark), ground);
                    assert!(found >= 3.0, "{} on {ground:?}: {found}", color.name());
                }
            }
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 0.01);
        assert!((contrast(Color32::from_rgb(118, 118, 118), Color32::WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn colors_of_rows_are_readable_on_every_ground() {
        for dark in [false, true] {
            let visuals = visuals(dark);
            let grounds = [
                (visuals.extreme_bg_color, false),
                (visuals.faint_bg_color, false),
                (visuals.selection.bg_fill, true),
                (highlight(dark), false),
                (highlight(dark), true),
            ];
            for (one, (ground, selected)) in
                Hue::ALL.into_iter().flat_map(|hue| grounds.map(|ground| (hue, ground)))
            {
                let contrast = contrast(hue(one, dark, selected), ground);
                assert!(contrast >= 4.5, "{} in {dark} on {ground:?}: {contrast}", one.name());
            }
        }
    }

    #[test]
    fn no_two_colors_of_rows_are_alike() {
        for (dark, selected) in [(false, false), (true, false), (true, true)] {
            let marks = [color(Tone::Mark, dark)].into_iter();
            let all: Vec<_> = Hue::ALL.map(|one| hue(one, dark, selected)).into_iter().chain(marks).collect();
            for (n, one) in all.iter().enumerate() {
                for other in &all[n + 1..] {
                    let apart: i32 = (0..3).map(|part| (i32::from(one[part]) - i32::from(other[part])).abs()).sum();
                    assert!(apart >= 40, "{one:?} and {other:?}");
                }
            }
        }
    }
}
