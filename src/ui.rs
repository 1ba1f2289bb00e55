//! Panels and widgets: they draw state and return what the person asked for. Nothing here opens a socket or a file.

mod bookmarks;
mod colors;
mod composer;
mod detail;
mod exchange;
mod filing;
mod filter;
mod find;
mod fonts;
mod forms;
mod log;
mod lookup;
mod messages;
mod opened;
mod opening;
mod outgoing;
mod peers;
mod profiles;
mod recording;
mod repeating;
mod replaying;
mod rows;
mod rules;
mod save;
mod sequence;
mod socket;
mod statistics;
mod text;
mod theme;
mod top_bar;
mod widgets;

use egui::{CentralPanel, Frame, Margin, Panel, Ui, vec2};

use crate::app::settings::Settings;
use crate::app::tab::{Page, SocketTab};
use crate::app::{Action, App, SocketAction, Tab, TabId};

/// Fonts and input methods, once a window.
pub fn install(context: &egui::Context) {
    fonts::install(context);
}

/// Theme and size.
pub fn apply_settings(context: &egui::Context, settings: &Settings) {
    theme::apply(context, settings);
}

/// The left side with the names of all its pages beside each other, in points.
const NARROWEST: f32 = 324.0;

/// The smallest window in which everything fits, in points.
const SMALLEST: egui::Vec2 = vec2(960.0, 600.0);

/// The largest size at which everything still fits into the window.
pub fn largest_zoom(context: &egui::Context) -> f32 {
    let size = context.content_rect().size() * context.zoom_factor();
    (size / SMALLEST).min_elem().max(1.0)
}

/// Draws the window, and returns what the person asked for.
pub fn show(app: &mut App, ui: &mut Ui) -> Vec<Action> {
    let mut actions = Vec::new();
    let bar = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(10, 6));
    Panel::top("tabs").frame(bar).show(ui, |ui| top_bar::show(ui, app, &mut actions));
    if let Some(banner) = app.banner.clone() {
        show_banner(ui, &banner, &mut actions);
    }
    if opening::is_needed(app) {
        Panel::top("opening").frame(bar).show(ui, |ui| opening::show(ui, app, &mut actions));
    }
    opening::hovering(ui);
    match app.shown {
        Tab::Socket(id) => {
            let mut asked = Vec::new();
            match app.sockets.get_mut(id) {
                Some(tab) if tab.opened.is_some() => {
                    if log_tab(ui, tab, &mut asked) {
                        actions.push(Action::Close(id));
                    }
                }
                _ => socket_tab(ui, app, id, &mut asked),
            }
            actions.extend(asked.into_iter().map(|action| Action::Socket(id, action)));
        }
        Tab::Lookup => {
            let mut asked = Vec::new();
            CentralPanel::default()
                .frame(frame(ui, 10))
                .show(ui, |ui| lookup::show(ui, &mut app.lookup, &mut asked));
            app.lookup.focus = false;
            actions.extend(asked.into_iter().map(Action::Lookup));
        }
    }
    actions
}

fn frame(ui: &Ui, margin: i8) -> Frame {
    Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::same(margin))
}

fn show_banner(ui: &mut Ui, banner: &str, actions: &mut Vec<Action>) {
    let fill = Frame::new().fill(ui.visuals().faint_bg_color).inner_margin(Margin::symmetric(10, 4));
    Panel::top("banner").frame(fill).show(ui, |ui| {
        // The button first: a long sentence takes what is left, and several lines.
        ui.horizontal(|ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button("Dismiss").clicked() {
                    actions.push(Action::DismissBanner);
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    let words = egui::RichText::new(banner).color(ui.visuals().error_fg_color);
                    ui.add(egui::Label::new(words).wrap());
                });
            });
        });
    });
}

fn socket_tab(ui: &mut Ui, app: &mut App, id: TabId, actions: &mut Vec<SocketAction>) {
    let App { sockets, messages, .. } = app;
    let Some(tab) = sockets.get_mut(id) else { return };
    let kind = tab.kind;
    let composer = match tab.composer.multiline {
        true => Panel::bottom("composer of lines").resizable(true).size_range(140.0..=400.0).default_size(170.0),
        false => Panel::bottom("composer").resizable(false).exact_size(104.0),
    };
    messages.refresh(kind);
    messages::keys(ui, messages, actions);
    let left = Panel::left("connection").resizable(true).size_range(NARROWEST..=560.0).default_size(330.0);
    left.frame(frame(ui, 10)).show(ui, |ui| {
        ui.push_id(id, |ui| {
            pages(ui, tab);
            match tab.page {
                Page::Connection => connection(ui, tab, actions),
                Page::Rules => rules::show(ui, tab, actions),
                Page::Messages => messages::show(ui, messages, tab, actions),
                Page::Sequence => sequence::show(ui, tab, actions),
                Page::Socket => socket::show(ui, tab, actions),
            }
        });
    });
    composer.frame(frame(ui, 8).inner_margin(Margin::symmetric(6, 8))).show(ui, |ui| {
        ui.set_min_size(ui.available_size());
        composer::show(ui, tab, actions);
    });
    if messages::has_buttons(messages) {
        Panel::bottom(("buttons", id))
            .frame(frame(ui, 6))
            .show(ui, |ui| messages::buttons(ui, messages, kind, actions));
    }
    messages::naming_dialog(ui, messages, actions);
    if repeating::is_needed(tab) {
        Panel::bottom(("repeat", id)).frame(frame(ui, 6)).show(ui, |ui| repeating::show(ui, tab, actions));
    }
    if filing::is_needed(tab) {
        Panel::bottom(("file", id)).frame(frame(ui, 6)).show(ui, |ui| filing::show(ui, tab, actions));
    }
    if outgoing::is_needed(tab) {
        Panel::bottom(("outgoing", id)).frame(frame(ui, 6)).show(ui, |ui| outgoing::show(ui, tab, actions));
    }
    bookmarks::note_dialog(ui, tab);
    let middle = Frame::new().fill(ui.visuals().extreme_bg_color);
    CentralPanel::default().frame(middle).show(ui, |ui| log_and_detail(ui, tab, middle, actions));
}

/// The tab of an opened log; returns whether it is to be closed.
fn log_tab(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) -> bool {
    let left = Panel::left("connection").resizable(true).size_range(NARROWEST..=560.0).default_size(330.0);
    let close =
        left.frame(frame(ui, 10)).show(ui, |ui| ui.push_id(tab.id, |ui| opened::show(ui, tab, actions)).inner);
    bookmarks::note_dialog(ui, tab);
    let middle = Frame::new().fill(ui.visuals().extreme_bg_color);
    CentralPanel::default().frame(middle).show(ui, |ui| log_and_detail(ui, tab, middle, actions));
    close.inner
}

/// The log with its tools, or the statistics in its place.
fn log_and_detail(ui: &mut Ui, tab: &mut SocketTab, middle: Frame, actions: &mut Vec<SocketAction>) {
    let id = tab.id;
    Panel::top(("log tools", id)).frame(frame(ui, 6)).show(ui, |ui| log::tool_bar(ui, tab));
    if save::is_needed(tab) {
        Panel::top(("save", id)).frame(frame(ui, 6)).show(ui, |ui| save::show(ui, tab, actions));
    }
    if recording::is_needed(tab) {
        Panel::top(("record", id)).frame(frame(ui, 6)).show(ui, |ui| recording::show(ui, tab, actions));
    }
    find::keys(ui, tab);
    if find::is_needed(tab) {
        Panel::top(("find", id)).frame(frame(ui, 6)).show(ui, |ui| find::show(ui, tab));
    }
    let status = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(6, 2));
    Panel::bottom(("status", id)).frame(status).exact_size(32.0).show(ui, |ui| {
        log::status_line(ui, tab, actions);
    });
    if log::has_remarks(tab) {
        Panel::bottom(("remarks", id)).frame(status).show(ui, |ui| log::remark_line(ui, tab));
    }
    if tab.statistics.shown {
        CentralPanel::default().frame(middle).show(ui, |ui| statistics::show(ui, tab));
        return;
    }
    detail_panel(ui, tab, actions);
    CentralPanel::default().frame(middle).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        log::rows(ui, tab, actions);
    });
}

/// Below this width, in points, the names of the pages are small.
const NAMED: f32 = 300.0;

/// What the left side can show.
fn pages(ui: &mut Ui, tab: &mut SocketTab) {
    ui.horizontal_wrapped(|ui| {
        // At the usual width they are on one line.
        (ui.spacing_mut().button_padding.x, ui.spacing_mut().item_spacing.x) = (3.0, 2.0);
        if ui.available_width() < NAMED {
            ui.style_mut().override_text_style = Some(egui::TextStyle::Small);
        }
        for page in Page::ALL {
            ui.selectable_value(&mut tab.page, page, page.name());
        }
    });
    ui.separator();
}

/// The form, and the peers below it.
fn connection(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    // The list of peers keeps room for two of them.
    let form = (ui.available_height() - 170.0).max(160.0);
    egui::ScrollArea::vertical().id_salt("form").max_height(form).show(ui, |ui| {
        profiles::show(ui, tab, actions);
        forms::show(ui, tab, actions);
    });
    ui.separator();
    peers::show(ui, tab, actions);
}

/// The selected row in full, below the rows.
fn detail_panel(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let detail = Frame::new().fill(ui.visuals().extreme_bg_color).inner_margin(Margin::symmetric(6, 4));
    let height = (ui.available_height() * 0.34).clamp(90.0, 260.0);
    // Below their head, rows keep room for seven of them where that can be.
    let most = (ui.available_height() - 8.0 * theme::ROW).max(60.0);
    let panel = Panel::bottom("detail").resizable(true).size_range(60.0..=most).default_size(height);
    panel.frame(detail).show(ui, |ui| {
        // The panel keeps the height that a person gave it, whatever it shows.
        ui.set_min_size(ui.available_size());
        ui.push_id(tab.id, |ui| detail::show(ui, tab, actions));
    });
}
