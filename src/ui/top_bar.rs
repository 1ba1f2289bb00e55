//! The tabs with their states, Open log…, and the settings.

mod settings;

use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::rows::cell;
use super::text;
use super::theme::{self, Tone};
use crate::app::opening::{OpenAction, Opening};
use crate::app::tab::{Progress, SocketTab};
use crate::app::{Action, App, Tab, TabId};

const HEIGHT: f32 = 42.0;

/// Between two tabs.
const GAP: f32 = 4.0;

/// The room of what stands at the right.
const MENUS: f32 = 196.0;

/// The room of the menu of logs that don't fit.
const MORE: f32 = 80.0;

/// The tabs that are always there.
const FIXED: usize = 4;

/// The narrowest tab, as long as some logs may go into the menu instead, and the widest.
const NARROW: f32 = 104.0;
const WIDE: f32 = 240.0;

/// What a tab of the bar shows.
struct Shown {
    tab: Tab,
    name: String,
    state: String,
    tone: Option<Tone>,
    /// It is that of an opened log, which can be closed.
    closes: Option<TabId>,
}

/// Shows the bar.
pub(super) fn show(ui: &mut Ui, app: &mut App, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        let (mut tabs, logs): (Vec<Shown>, Vec<Shown>) = shown(app).partition(|tab| tab.closes.is_none());
        let room = ui.available_width() - MENUS;
        let (width, count) = fit(room, logs.len());
        let (beside, more) = divide(logs, count, app.shown);
        tabs.extend(beside);
        for tab in &tabs {
            button(ui, tab, app.shown == tab.tab, width, actions);
        }
        if !more.is_empty() {
            more_menu(ui, &more, actions);
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            settings::menu(ui, &mut app.settings, actions);
            let busy = matches!(app.openings.at, Opening::Dialog(_) | Opening::Reading(..));
            let open = ui.add_enabled(!busy, egui::Button::new("Open log…"));
            let hint = "A log that was saved: .jsonl, .pcapng. Files can be dropped on the window too";
            if open.on_hover_text(hint).clicked() {
                actions.push(Action::Open(OpenAction::Ask));
            }
        });
    });
}

/// All tabs in order.
fn shown(app: &App) -> impl Iterator<Item = Shown> {
    let (fixed, opened) = (app.sockets.iter().take(FIXED - 1), app.sockets.opened().iter());
    fixed.map(of_socket).chain([of_lookup(app)]).chain(opened.map(of_log))
}

fn of_socket(tab: &SocketTab) -> Shown {
    let tone = match &tab.progress {
        Progress::Idle => None,
        Progress::Starting(_) | Progress::Waiting { .. } | Progress::Stopping => Some(Tone::Warning),
        Progress::Ready(_) | Progress::Connected { .. } => Some(Tone::Good),
        Progress::Failed(_) => Some(Tone::Bad),
    };
    Shown { tab: Tab::Socket(tab.id), name: tab.name().to_owned(), state: tab.title(), tone, closes: None }
}

fn of_lookup(app: &App) -> Shown {
    let (state, tone) = match app.lookup.lookups.pending() {
        0 => ("idle".to_owned(), None),
        pending => (format!("{pending} pending"), Some(Tone::Warning)),
    };
    Shown { tab: Tab::Lookup, name: "Lookup".to_owned(), state, tone, closes: None }
}

fn of_log(tab: &SocketTab) -> Shown {
    let damaged = tab.opened.as_ref().is_some_and(|log| log.read.fault.is_some());
    Shown { tone: damaged.then_some(Tone::Warning), closes: Some(tab.id), ..of_socket(tab) }
}

/// How wide a tab is where there is `room` for all of them, and how many of the opened logs are among them.
fn fit(room: f32, logs: usize) -> (f32, usize) {
    let width = |room: f32, tabs: usize| (room / tabs as f32 - GAP).min(WIDE);
    let all = width(room, FIXED + logs);
    if logs == 0 || all >= NARROW {
        return (all, logs);
    }
    let room = room - MORE;
    let fitting = (1..logs).rev().find(|count| width(room, FIXED + count) >= NARROW);
    let count = fitting.unwrap_or(1);
    // A single log needs no menu.
    if logs == 1 { (all, 1) } else { (width(room, FIXED + count), count) }
}

/// The `count` logs that are shown in the bar, and those in the menu. The one that is shown is in the bar.
fn divide(mut logs: Vec<Shown>, count: usize, shown: Tab) -> (Vec<Shown>, Vec<Shown>) {
    if let Some(place) = logs.iter().position(|log| log.tab == shown).filter(|place| *place >= count) {
        logs[count - 1..=place].rotate_right(1);
    }
    let more = logs.split_off(count);
    (logs, more)
}

/// One tab.
fn button(ui: &mut Ui, tab: &Shown, shown: bool, width: f32, actions: &mut Vec<Action>) {
    let Shown { name, state, tone, .. } = tab;
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::click());
    let dark = ui.visuals().dark_mode;
    ground(ui, rect, shown, response.hovered() || response.has_focus());
    let quiet = theme::color(Tone::Quiet, dark);
    let color = tone.map_or(quiet, |tone| theme::color(tone, dark));
    let (upper, lower) = rect.shrink2(vec2(10.0, 5.0)).split_top_bottom_at_fraction(0.52);
    let right = if tab.closes.is_some() { upper.right() - 14.0 } else { upper.right() };
    title(ui, upper.with_max_x(right), name);
    let dot = pos2(lower.left() + 3.5, lower.center().y);
    match tone {
        Some(_) => ui.painter().circle_filled(dot, 3.5, color),
        None => ui.painter().circle_stroke(dot, 3.0, (1.0, quiet)),
    };
    let words = text::plain(state, theme::small(), color);
    cell(ui, lower, lower.left() + 12.0, lower.right(), words, Align2::LEFT_CENTER);
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, shown, name));
    // The state is a node of its own, so that it can be read and waited for.
    let node = ui.interact(lower, response.id.with("state"), Sense::hover());
    node.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}: {state}")));
    let closed = tab.closes.filter(|_| close_button(ui, rect, &response, name) || response.middle_clicked());
    if let Some(id) = closed {
        actions.push(Action::Close(id));
    } else if response.on_hover_text(format!("{name}: {state}")).clicked() {
        actions.push(Action::Show(tab.tab));
    }
}

/// The name, cut before the number that tells files of the same name apart.
fn title(ui: &Ui, rect: Rect, name: &str) {
    let words = |words: &str| text::plain(words, egui::FontId::proportional(14.0), ui.visuals().text_color());
    let number = name.rfind(" (").filter(|_| name.ends_with(')')).unwrap_or(name.len());
    let (name, number) = name.split_at(number);
    let width = ui.painter().layout_job(words(number)).size().x;
    let (start, shown) = cell(ui, rect, rect.left(), rect.right() - width, words(name), Align2::LEFT_CENTER);
    cell(ui, rect, start.x + shown.size().x, rect.right(), words(number), Align2::LEFT_CENTER);
}

fn ground(ui: &Ui, rect: Rect, shown: bool, looked_at: bool) {
    let visuals = ui.visuals();
    if shown {
        ui.painter().rect_filled(rect, 4.0, visuals.widgets.noninteractive.bg_stroke.color);
        let line = Rect::from_min_max(pos2(rect.left(), rect.bottom() - 3.0), rect.max);
        ui.painter().rect_filled(line, 1.5, visuals.hyperlink_color);
    } else if looked_at {
        ui.painter().rect_filled(rect, 4.0, visuals.faint_bg_color);
    }
}

/// The cross in the upper corner of an opened log's tab; returns whether it was pressed.
fn close_button(ui: &Ui, tab: Rect, response: &egui::Response, name: &str) -> bool {
    let rect = Rect::from_center_size(pos2(tab.right() - 13.0, tab.top() + 14.0), vec2(18.0, 18.0));
    let cross = ui.interact(rect, response.id.with("close"), Sense::click());
    let visuals = ui.visuals();
    let near = cross.hovered() || cross.has_focus();
    if near {
        ui.painter().rect_filled(rect, 4.0, visuals.widgets.hovered.weak_bg_fill);
    }
    let color = if near { visuals.text_color() } else { theme::color(Tone::Quiet, visuals.dark_mode) };
    let font = egui::FontId::proportional(14.0);
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, "×", font, color);
    super::widgets::name(&cross, Role::Button, &format!("Close {name}"));
    cross.on_hover_text("Close this log; the file stays as it is").clicked()
}

/// The logs for which there is no room.
fn more_menu(ui: &mut Ui, more: &[Shown], actions: &mut Vec<Action>) {
    let mut words = egui::RichText::new(format!("+{} more", more.len()));
    if let Some(tone) = told(more) {
        words = words.color(theme::color(tone, ui.visuals().dark_mode));
    }
    let menu = ui.menu_button(words, |ui| {
        ui.set_max_width(320.0);
        egui::ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
            for log in more {
                let state = egui::RichText::new(&log.state);
                let state = match log.tone {
                    Some(tone) => state.color(theme::color(tone, ui.visuals().dark_mode)),
                    None => state.weak(),
                };
                let entry = ui.add(egui::Button::new(&log.name).right_text(state));
                super::widgets::name(&entry, Role::Button, &log.name);
                if entry.clicked() {
                    actions.push(Action::Show(log.tab));
                    ui.close();
                }
            }
        });
    });
    super::widgets::name(&menu.response, Role::Button, "More logs");
    let states = more.iter().filter(|log| log.tone.is_some()).map(|log| format!("\n{}: {}", log.name, log.state));
    menu.response.on_hover_text(format!("More opened logs{}", states.collect::<String>()));
}

/// What the menu has to say: as much as the tabs in it would.
fn told(more: &[Shown]) -> Option<Tone> {
    let tones = || more.iter().filter_map(|log| log.tone);
    tones().find(|tone| *tone == Tone::Bad).or_else(|| tones().next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tab::Kind;

    #[track_caller]
    fn check(window: f32, logs: usize, shown: usize) {
        let room = window - 20.0 - MENUS;
        let (width, count) = fit(room, logs);
        assert_eq!(count, shown, "{window} with {logs} logs");
        let more = if count < logs { MORE } else { 0.0 };
        assert!((FIXED + count) as f32 * (width + GAP) + more <= room + 0.01, "{window} with {logs} logs: {width}");
        assert!(width >= 60.0, "{window} with {logs} logs: {width}");
    }

    #[test]
    fn tabs_shrink_and_then_go_into_a_menu() {
        check(1000.0, 0, 0);
        check(1000.0, 1, 1);
        check(1000.0, 3, 3);
        check(1000.0, 4, 2);
        check(1000.0, 32, 2);
        check(1200.0, 5, 5);
        check(1200.0, 6, 4);
        check(640.0, 1, 1);
        check(640.0, 9, 1);
    }

    #[test]
    fn the_log_that_is_shown_is_in_the_bar() {
        let kinds = [Kind::Server, Kind::Client, Kind::Udp];
        let logs = || -> Vec<Shown> {
            let log = |kind: Kind| Shown {
                tab: kind.into(),
                name: kind.name().to_owned(),
                state: String::new(),
                tone: None,
                closes: Some(kind.into()),
            };
            kinds.into_iter().map(log).collect()
        };
        let names = |logs: &[Shown]| logs.iter().map(|log| log.tab).collect::<Vec<_>>();
        let [one, two, three] = kinds.map(Tab::from);
        for (shown, bar, menu) in [
            (one, [one, two], three),
            (two, [one, two], three),
            (three, [one, three], two),
            (Tab::Lookup, [one, two], three),
        ] {
            let (beside, more) = divide(logs(), 2, shown);
            assert_eq!((names(&beside), names(&more)), (bar.to_vec(), vec![menu]));
        }
    }
}
