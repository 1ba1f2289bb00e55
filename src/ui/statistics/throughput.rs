//! The plot of bytes a second. A click chooses a point; from there it goes to its rows.

use egui::{Align, Button, Label, Layout, Rect, Response, RichText, Role, Sense, Ui, WidgetInfo, vec2};
use egui_plot::{GridMark, HoverPosition, Line, PlotBounds, PlotPoint, PlotPoints, PlotResponse, VLine};

use super::clock;
use crate::app::statistics::{Point, Span, Throughput};
use crate::app::tab::SocketTab;
use crate::figures;
use crate::journal::Direction;
use crate::ui::theme::{self, Tone};

const HEAD: f32 = 24.0;

/// Below this width the heading says less, and the foot has two lines, in points.
const NARROW: f32 = 420.0;

/// The width of the line is no sign, but leaves both to be seen where they are one upon the other.
const WAYS: [(Direction, Tone, &str, f32); 2] =
    [(Direction::Received, Tone::Received, "received", 3.0), (Direction::Sent, Tone::Sent, "sent", 1.5)];

/// The width of the labels at the left, in points.
const RATES: f32 = 64.0;

/// The height of a line of words, in points.
const LINE: f32 = 18.0;

/// The least distance of two times below the plot, in points.
const LABEL: f32 = 84.0;

/// Shows heading, plot, and the chosen point.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab) {
    ui.spacing_mut().item_spacing.y = 2.0;
    let narrow = ui.available_width() < NARROW;
    ui.horizontal(|ui| {
        ui.set_height(HEAD);
        if !narrow {
            ui.strong("Throughput");
        }
        legend(ui);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            for span in Span::ALL.into_iter().rev() {
                let name = RichText::new(span.name()).small();
                ui.selectable_value(&mut tab.statistics.choice.span, span, name);
            }
        });
    });
    let foot_height = if narrow { HEAD + LINE } else { HEAD };
    let height = ui.available_height() - foot_height - 4.0;
    let clicked = plot(ui, tab, height);
    if let Some(second) = clicked {
        let point = tab.statistics.view.throughput.point_at(second);
        tab.statistics.point = point.map(|point| point.start);
    }
    let words = ui.horizontal(|ui| {
        ui.set_height(HEAD);
        let words = buttons(ui, tab);
        if !narrow {
            ui.add(Label::new(words.clone()).truncate());
        }
        words
    });
    if narrow {
        ui.add(Label::new(words.inner).truncate());
    }
}

fn legend(ui: &mut Ui) {
    for (_, tone, name, _) in WAYS {
        let color = theme::color(tone, ui.visuals().dark_mode);
        let (rect, _) = ui.allocate_exact_size(vec2(14.0, HEAD), Sense::hover());
        let line = Rect::from_center_size(rect.center(), vec2(14.0, 3.0));
        ui.painter().rect_filled(line, 1.0, color);
        ui.label(RichText::new(name).small().color(color));
    }
}

/// Draws the plot; returns the second that was clicked.
fn plot(ui: &mut Ui, tab: &SocketTab, height: f32) -> Option<u64> {
    let statistics = &tab.statistics;
    let (throughput, span) = (&statistics.view.throughput, statistics.choice.span);
    let dark = ui.visuals().dark_mode;
    let lines = WAYS.map(|(way, tone, name, width)| {
        Line::new(name, points(throughput, span, way)).color(theme::color(tone, dark)).width(width)
    });
    let (top, step) = scale(throughput, span);
    let (left, right) = sides(throughput, span);
    // Room above, so that the uppermost label is not at the edge.
    let bounds = PlotBounds::from_min_max([left as f64, 0.0], [right as f64, top as f64 * 1.08]);
    let every = time_step(right - left, (ui.available_width() - RATES) / LABEL);
    let chosen = statistics.chosen().map(|point| VLine::new("chosen", middle(&point, span)));
    let chosen = chosen.map(|line| line.color(theme::color(Tone::Warning, dark)).allow_hover(false));
    let shown = super::still_plot(("throughput", tab.id), height, Sense::click())
        .grid_color(ui.visuals().widgets.noninteractive.bg_stroke.color)
        .grid_fade(0.0)
        .y_axis_min_width(RATES)
        .x_grid_spacer(move |_| times(left, right, every))
        .y_grid_spacer(move |_| marks(0, top, step))
        .x_axis_formatter(|mark, _| clock(second(mark.value)))
        .y_axis_formatter(|mark, _| figures::size(second(mark.value)) + "/s")
        .label_formatter(hover)
        .show(ui, move |plot| {
            plot.set_plot_bounds(bounds);
            lines.into_iter().for_each(|line| plot.line(line));
            if let Some(line) = chosen {
                plot.vline(line);
            }
        });
    name(&shown.response, throughput);
    clicked_second(&shown)
}

fn name(response: &Response, throughput: &Throughput) {
    let seconds = throughput.points.len();
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Throughput plot of {seconds} points")));
}

fn clicked_second<R>(shown: &PlotResponse<R>) -> Option<u64> {
    let at = shown.response.interact_pointer_pos().filter(|_| shown.response.clicked())?;
    Some(second(shown.transform.value_from_position(at).x))
}

/// The middles of the points, in seconds and bytes a second.
fn points(throughput: &Throughput, span: Span, way: Direction) -> PlotPoints<'static> {
    let at = |point: &Point| [middle(point, span), point.of(way).bytes as f64 / span.step() as f64];
    throughput.points.iter().map(at).collect()
}

fn middle(point: &Point, span: Span) -> f64 {
    point.start as f64 + span.step() as f64 / 2.0
}

/// The upper end of the plot and the distance of its lines, in bytes a second: a power of two, as the units are.
fn scale(throughput: &Throughput, span: Span) -> (u64, u64) {
    let most = throughput.points.iter().flat_map(|point| [point.received.bytes, point.sent.bytes]).max();
    let most = most.unwrap_or(0) / span.step();
    let step = (most / 4).max(4).next_power_of_two();
    ((most / step + 1) * step, step)
}

fn marks(first: u64, last: u64, step: u64) -> Vec<GridMark> {
    let step_size = step as f64;
    (0..=(last - first) / step).map(|n| GridMark { value: (first + n * step) as f64, step_size }).collect()
}

/// The first second in sight, and the one after the last: the plot begins with the first traffic of the span, and is
/// a minute wide at least.
fn sides(throughput: &Throughput, span: Span) -> (u64, u64) {
    let first = throughput.points.first().map_or(throughput.end, |point| point.start);
    let left = first.saturating_sub(1).max(throughput.end.saturating_sub(span.seconds()));
    (left, throughput.end.max(left + Span::Minute.seconds()))
}

/// How many seconds lie between the times below a plot of `seconds` with room for `labels` of them.
fn time_step(seconds: u64, labels: f32) -> u64 {
    const STEPS: [u64; 9] = [5, 10, 20, 30, 60, 120, 300, 600, 1_200];
    let fits = |step: &u64| seconds as f32 / *step as f32 <= labels;
    STEPS.into_iter().find(fits).unwrap_or(1_800)
}

/// Marks at round times of day, none at the very sides: there is no room for their labels.
fn times(left: u64, right: u64, step: u64) -> Vec<GridMark> {
    let side = (right - left) / 10;
    let (left, right) = (left + side, right - side);
    let first = left.next_multiple_of(step);
    if first > right { Vec::new() } else { marks(first, right, step) }
}

/// A place on an axis as a whole number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates at both ends")]
fn second(value: f64) -> u64 {
    value.floor() as u64
}

fn hover(position: &HoverPosition<'_>) -> Option<String> {
    match position {
        HoverPosition::NearDataPoint { plot_name, position: PlotPoint { x, y }, .. } => {
            Some(format!("{}\n{plot_name} {}/s", clock(second(*x)), figures::size(second(*y))))
        }
        HoverPosition::Elsewhere { .. } => None,
    }
}

/// The buttons of the foot; returns the chosen point in words.
fn buttons(ui: &mut Ui, tab: &mut SocketTab) -> RichText {
    let throughput = &tab.statistics.view.throughput;
    let busiest = throughput.points.iter().max_by_key(|point| point.received.bytes + point.sent.bytes);
    let busiest = busiest.map(|point| point.start);
    let button = ui.add_enabled(busiest.is_some(), Button::new("Peak").small());
    if button.on_hover_text("Choose the busiest point in sight").clicked() {
        tab.statistics.point = busiest;
    }
    let chosen = tab.statistics.chosen();
    let show = ui.add_enabled(chosen.is_some(), Button::new("Show rows").small());
    if let Some(point) = chosen
        && show.on_hover_text("Show the log from this time on").clicked()
    {
        tab.go_to_second(point.start);
    }
    match chosen {
        Some(point) => RichText::new(words(&point)).small(),
        None if busiest.is_some() => RichText::new("Click into the plot to choose a point.").small().weak(),
        None => RichText::new("No traffic yet.").small().weak(),
    }
}

fn words(point: &Point) -> String {
    let amount = |way: Direction| {
        let count = point.of(way);
        format!("{} {} ({})", way.name(), figures::size(count.bytes), figures::count(count.records))
    };
    format!("{}: {}, {}", clock(point.start), amount(Direction::Received), amount(Direction::Sent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Count;

    fn plot(end: u64, points: &[(u64, u64)]) -> Throughput {
        let point = |(start, bytes): &(u64, u64)| {
            let received = Count { bytes: *bytes, records: 1 };
            Point { start: *start, received, ..Point::default() }
        };
        Throughput { end, points: points.iter().map(point).collect() }
    }

    #[test]
    fn a_young_plot_grows_from_the_left_and_an_old_one_moves_on() {
        let check = |end, first, span, expected| assert_eq!(sides(&plot(end, &[(first, 1)]), span), expected);
        check(5, 0, Span::Minute, (0, 60));
        check(25, 20, Span::Minute, (19, 79));
        check(25, 20, Span::Hour, (19, 79));
        check(300, 240, Span::Minute, (240, 300));
        check(300, 20, Span::Hour, (19, 300));
        assert_eq!(sides(&plot(7, &[]), Span::Minute), (6, 66));
    }

    #[test]
    fn lines_are_at_powers_of_two() {
        let check = |bytes, expected| assert_eq!(scale(&plot(1, &[(0, bytes)]), Span::Minute), expected);
        check(0, (4, 4));
        check(1_000, (1_024, 256));
        check(1_024, (1_280, 256));
        check(270_000, (393_216, 131_072));
    }

    #[test]
    fn times_are_round() {
        for step in [5, 20, 60, 600] {
            let seconds = times(100, 5_000, step).into_iter().map(|mark| second(mark.value));
            assert!(seconds.into_iter().all(|second| second.is_multiple_of(step)));
        }
        assert_eq!(time_step(60, 4.0), 20);
        assert_eq!(time_step(3_600, 1.0), 1_800);
    }
}
