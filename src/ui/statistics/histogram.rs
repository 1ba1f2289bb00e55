//! How many exchanges took how long, in logarithmic classes. A press on a bar lists its exchanges alone.

use egui::{Align, Layout, Rect, RichText, Role, Sense, Ui, WidgetInfo, pos2};
use egui_plot::{Bar, BarChart, GridMark, PlotBounds, PlotPoint, PlotTransform};

use super::exchanges::{class_words, edge};
use crate::app::statistics::{CLASSES, Summary, class_start};
use crate::app::tab::SocketTab;
use crate::figures;
use crate::ui::theme::{self, ROW, Tone};

/// The least number of classes in sight, so that one bar is no wall.
const LEAST: usize = 8;

/// The least distance of two labels below the bars, in points.
const LABEL: f32 = 64.0;

/// Shows it, and takes note of the class that is pressed.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab) {
    ui.spacing_mut().item_spacing.y = 0.0;
    title(ui, tab);
    let Some(summary) = &tab.statistics.view.summary else { return };
    let chosen = tab.statistics.choice.class;
    let classes = in_sight(summary);
    let transform = bars(ui, tab, summary, classes.clone(), chosen);
    let mut pressed = None;
    for (n, class) in classes.enumerate() {
        let count = summary.classes[class];
        if count > 0 && column(ui, &transform, n, class, count, chosen == Some(class)) {
            pressed = Some(class);
        }
    }
    if let Some(class) = pressed {
        tab.statistics.choice.class = Some(class).filter(|class| chosen != Some(*class));
    }
}

fn title(ui: &mut Ui, tab: &mut SocketTab) {
    ui.horizontal(|ui| {
        ui.set_height(ROW);
        let words = match tab.statistics.choice.class {
            None => "Press a bar to list its exchanges alone.".to_owned(),
            Some(class) => format!("Listed: {}", class_words(class)),
        };
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if tab.statistics.choice.class.is_some() && ui.small_button("List all").clicked() {
                tab.statistics.choice.class = None;
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(egui::Label::new(RichText::new(words).small().weak()).truncate());
            });
        });
    });
}

/// The classes that have some, and around them as many as make [`LEAST`].
fn in_sight(summary: &Summary) -> std::ops::Range<usize> {
    let used = summary.used_classes();
    let more = LEAST.saturating_sub(used.len());
    let start = used.start.saturating_sub(more / 2);
    let end = (start + used.len().max(LEAST)).min(CLASSES);
    end.saturating_sub(used.len().max(LEAST)).min(used.start)..end
}

/// Draws the bars.
fn bars(
    ui: &mut Ui,
    tab: &SocketTab,
    summary: &Summary,
    classes: std::ops::Range<usize>,
    chosen: Option<usize>,
) -> PlotTransform {
    let most = f64::from(summary.classes.iter().copied().max().unwrap_or(0).max(1));
    let dark = ui.visuals().dark_mode;
    let bar = |(n, class): (usize, usize)| {
        let count = f64::from(summary.classes[class]);
        // One of a hundred thousand is still to be seen.
        let height = if count > 0.0 { count.max(most * 0.012) } else { 0.0 };
        let tone = if chosen == Some(class) { Tone::Warning } else { Tone::Quiet };
        Bar::new(n as f64 + 0.5, height).width(0.86).fill(theme::color(tone, dark))
    };
    let chart = BarChart::new("exchanges", classes.clone().enumerate().map(bar).collect()).allow_hover(false);
    let count = classes.len();
    let every = ((LABEL * count as f32) / (ui.available_width() - 60.0).max(1.0)).ceil().max(1.0);
    let first = classes.start;
    let grid = ui.visuals().widgets.noninteractive.bg_stroke.color;
    let shown = super::still_plot(("answers", tab.id), ui.available_height(), Sense::hover())
        .show_grid([false, true])
        .grid_color(grid)
        .grid_fade(0.0)
        .y_axis_min_width(40.0)
        .y_grid_spacer(move |_| counts(most))
        .x_grid_spacer(move |_| edges(count, f64::from(every)))
        .x_axis_formatter(move |mark, _| label(first, mark.value))
        // The zero would stand in the first label below the bars.
        .y_axis_formatter(|mark, _| whole(mark.value).filter(|n| *n > 0).map(figures::count).unwrap_or_default())
        .show(ui, move |plot| {
            plot.set_plot_bounds(PlotBounds::from_min_max([0.0, 0.0], [count as f64, most * 1.08]));
            plot.bar_chart(chart);
        });
    shown.response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Histogram of the times to answer"));
    shown.transform
}

fn edges(count: usize, every: f64) -> Vec<GridMark> {
    let mark = |n: usize| GridMark { value: n as f64 * every, step_size: every };
    (0..=count).map(mark).take_while(|mark| mark.value < count as f64).collect()
}

/// Marks at whole numbers, 1, 2 or 5 times a power of ten apart, at most five of them.
fn counts(most: f64) -> Vec<GridMark> {
    let steps = (0..10).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)));
    let step_size = steps.into_iter().find(|step| most / step <= 5.0).unwrap_or(most);
    let marks = (0..=5).map(|n| GridMark { value: f64::from(n) * step_size, step_size });
    marks.take_while(|mark| mark.value <= most).collect()
}

fn label(first: usize, value: f64) -> String {
    let class = whole(value).and_then(|n| usize::try_from(n).ok()).map(|n| first + n);
    match class {
        Some(0) => "0".to_owned(),
        Some(class) => class_start(class).map_or_else(String::new, edge),
        None => String::new(),
    }
}

/// `value`, if it is a whole number and not negative.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is whole and not negative")]
fn whole(value: f64) -> Option<u64> {
    (value >= 0.0 && value.fract().abs() < 1e-6).then_some(value.round() as u64)
}

/// A column of the histogram, to be pressed from top to bottom; returns whether it was.
fn column(ui: &Ui, transform: &PlotTransform, n: usize, class: usize, count: u32, chosen: bool) -> bool {
    let frame = transform.frame();
    let x = |value: f64| transform.position_from_point(&PlotPoint::new(value, 0.0)).x;
    let rect = Rect::from_min_max(pos2(x(n as f64), frame.top()), pos2(x(n as f64 + 1.0), frame.bottom()));
    let count = u64::from(count);
    let name = format!("{}: {}", class_words(class), exchanges(count));
    let response = ui.interact(rect, ui.scope_id().with(("class", class)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &name));
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, ui.visuals().text_color().gamma_multiply(0.08));
    }
    response.on_hover_text(name).clicked()
}

fn exchanges(count: u64) -> String {
    format!("{} {}", figures::count(count), if count == 1 { "exchange" } else { "exchanges" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn check(millis: &[u64], expected: std::ops::Range<usize>) {
        let summary = Summary::of(millis.iter().copied().map(Duration::from_millis)).expect("some");
        assert_eq!(in_sight(&summary), expected, "{millis:?}");
    }

    #[test]
    fn few_lines_at_round_counts() {
        let check = |most, expected| assert_eq!(counts(most)[1].value.to_string(), expected);
        check(1.0, "1");
        check(5.0, "1");
        check(998.0, "200");
        check(1_100.0, "500");
    }

    #[test]
    fn all_that_is_used_is_in_sight() {
        check(&[0], 0..8);
        check(&[1], 7..15);
        check(&[1, 1_000], 10..20);
        check(&[9_999_999_999], 21..29);
        check(&[0, 9_999_999_999], 0..29);
    }
}
