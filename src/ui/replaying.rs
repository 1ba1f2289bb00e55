//! The page on which an opened log plays again: what is played against whom, and how each turn went.

use egui::{
    Align2, Button, ComboBox, DragValue, Label, ProgressBar, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo,
};

use super::theme::{self, ROW, Tone};
use super::widgets::{self, field, labeled, main_button};
use super::{rows, text};
use crate::app::SocketAction;
use crate::app::opened::OpenedLog;
use crate::app::replaying::{ReplayAction, Replaying, Speed, TurnRow, Verdict, turns};
use crate::engine::{Pace, ReplayFigures, What};
use crate::export::Header;
use crate::figures;
use crate::journal::{ConnId, Connection, Journal};
use crate::replay::{As, LIMITS};

/// Connections that are offered.
const OFFERED: usize = 500;

/// Shows it.
pub(super) fn show(ui: &mut Ui, log: &mut OpenedLog, journal: &Journal, actions: &mut Vec<SocketAction>) {
    let mut asked = Vec::new();
    let OpenedLog { replay, read, .. } = log;
    let running = replay.is_running();
    ui.add_enabled_ui(!running, |ui| form(ui, replay, &read.header, journal));
    ui.add_space(4.0);
    // Each has an id of its own: a click on Stop that comes too late is no start.
    ui.push_id(running, |ui| {
        ui.horizontal(|ui| {
            if running {
                let button = ui.add(Button::new("Stop").min_size(egui::vec2(96.0, 28.0)));
                widgets::name(&button, Role::Button, "Stop replay");
                if button.clicked() {
                    asked.push(ReplayAction::Stop);
                }
            } else if main_button(ui, "Start replay") {
                asked.push(ReplayAction::Start);
            }
        });
    });
    if let Some(failure) = &replay.failure {
        let words = RichText::new(failure).color(ui.visuals().error_fg_color);
        ui.add(Label::new(words).wrap().selectable(true));
    }
    if let Some(figures) = replay.figures() {
        outcome(ui, replay, &figures, running);
        list(ui, replay, running, &mut asked);
    }
    let asked = asked.into_iter().map(crate::app::opened::OpenedAction::Replay);
    actions.extend(asked.map(SocketAction::Opened));
}

/// What is played, against whom, and how fast.
fn form(ui: &mut Ui, replay: &mut Replaying, header: &Header, journal: &Journal) {
    ui.horizontal(|ui| {
        widgets::column(ui, "Play the");
        for play in As::ALL {
            let words = format!("As {}", play.name());
            let hint = match play {
                As::Client => "Connects, and sends what the client sent",
                As::Server => "Listens, and sends what the server sent",
            };
            let button = ui.selectable_label(replay.play == play, play.name()).on_hover_text(hint);
            widgets::name(&button, Role::Button, &words);
            if button.clicked() {
                replay.set_play(play, header);
            }
        }
    });
    field(ui, "Endpoint", &mut replay.endpoint, "tcp://127.0.0.1:8888", None).on_hover_text(match replay.play {
        As::Client => "Whom to connect or to send to",
        As::Server => "Where to listen",
    });
    labeled(ui, "Pace", |ui| {
        let combo = ComboBox::from_id_salt("pace").width(120.0).selected_text(replay.speed.name());
        let combo = combo.show_ui(ui, |ui| {
            for speed in Speed::ALL {
                ui.selectable_value(&mut replay.speed, speed, speed.name());
            }
        });
        if replay.speed == Speed::Factor {
            let factor = DragValue::new(&mut replay.factor).range(Pace::FACTORS).max_decimals(2).prefix("× ");
            let factor = ui.add(factor);
            widgets::name_field(ui, &factor, "Times as fast");
        }
        combo.response
    });
    connection(ui, replay, journal);
    labeled(ui, "Time limit", |ui| {
        let range = LIMITS.start().as_secs_f64()..=LIMITS.end().as_secs_f64();
        ui.add(DragValue::new(&mut replay.limit).range(range).max_decimals(3).suffix(" s"))
            .on_hover_text("How long nothing of an answer may come before the next turn is played")
    });
}

/// Which of the recorded connections.
fn connection(ui: &mut Ui, replay: &mut Replaying, journal: &Journal) {
    let all = match replay.play {
        As::Client => "the only one",
        As::Server => "all of them",
    };
    let known = |id: ConnId| journal.connection(id).map_or_else(|| id.0.to_string(), |known| peer_words(&known));
    let chosen = replay.conn.map_or_else(|| all.to_owned(), known);
    labeled(ui, "Connection", |ui| {
        let combo = ComboBox::from_id_salt("conn").width(ui.available_width()).truncate();
        let combo = combo.selected_text(chosen).show_ui(ui, |ui| {
            ui.selectable_value(&mut replay.conn, None, all);
            for connection in journal.connections(0, OFFERED) {
                ui.selectable_value(&mut replay.conn, Some(connection.id), peer_words(&connection));
            }
        });
        combo.response
    });
}

fn peer_words(connection: &Connection) -> String {
    format!("{}: {}", connection.id.0, connection.peer)
}

/// How it went so far, or at all.
fn outcome(ui: &mut Ui, replay: &Replaying, figures: &ReplayFigures, running: bool) {
    let dark = ui.visuals().dark_mode;
    let (all, different) = (turns(figures.turns), turns(figures.different));
    if running {
        #[allow(clippy::cast_precision_loss, reason = "a bar on the screen needs no more than 24 bits")]
        let part = figures.played as f32 / figures.turns.max(1) as f32;
        ui.add(ProgressBar::new(part).desired_height(8.0));
        let played = figures::count(figures.played as u64);
        ui.add(Label::new(format!("{played} of {all} played, {different} different")).wrap());
    } else {
        let (words, tone) = if replay.results.equal {
            (format!("All as recorded: {all}"), Tone::Good)
        } else if figures.different > 0 {
            (format!("Different: {different} of {}", figures::count(figures.turns as u64)), Tone::Bad)
        } else if figures.played == 0 {
            // Why is told above.
            ("Nothing was played".to_owned(), Tone::Warning)
        } else {
            (format!("Not played to its end: {} of {all}", figures::count(figures.played as u64)), Tone::Warning)
        };
        ui.add(Label::new(RichText::new(words).color(theme::color(tone, dark)).strong()).wrap());
    }
    let unexpected = (figures.unexpected > 0).then(|| {
        format!("connections that the log does not have, and that nothing was played on: {}", figures.unexpected)
    });
    for trouble in replay.results.troubles.iter().chain(&unexpected) {
        let words = RichText::new(trouble).small().color(ui.visuals().warn_fg_color);
        ui.add(Label::new(words).wrap().selectable(true));
    }
}

/// The turns.
fn list(ui: &mut Ui, replay: &mut Replaying, running: bool, asked: &mut Vec<ReplayAction>) {
    let results = &replay.results;
    if results.rows.is_empty() {
        return;
    }
    ui.checkbox(&mut replay.only_different, "Only what is different");
    let count = if replay.only_different { results.different.len() } else { results.rows.len() };
    let several = results.rows.last().is_some_and(|row| row.conversation > 0);
    let chosen = replay.chosen.as_ref().map(|chosen| (chosen.row.conversation, chosen.row.number));
    let list = ScrollArea::vertical().id_salt("turns").auto_shrink([false, false]);
    ui.spacing_mut().item_spacing.y = 0.0;
    list.show_rows(ui, ROW, count, |ui, range| {
        for place in range {
            let at = if replay.only_different { results.different[place] } else { place };
            let Some(row) = results.rows.get(at) else { continue };
            // What nobody waits for any more was not played.
            let over = !running && row.verdict == Verdict::Waiting;
            let verdict = if over { ("not played".to_owned(), Tone::Warning) } else { verdict(row) };
            if turn(ui, row, verdict, several, chosen == Some((row.conversation, row.number))) {
                asked.push(ReplayAction::Choose(at));
            }
        }
    });
}

/// One turn; returns whether it was pressed.
fn turn(ui: &mut Ui, row: &TurnRow, (words, tone): (String, Tone), several: bool, chosen: bool) -> bool {
    let (rect, response) = ui.allocate_exact_size(egui::vec2(ui.available_width(), ROW), Sense::click());
    if chosen {
        ui.painter().rect_filled(rect, 3.0, ui.visuals().selection.bg_fill);
    } else if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 3.0, ui.visuals().faint_bg_color);
    }
    let dark = ui.visuals().dark_mode;
    let number = match several {
        true => format!("{}.{}", row.conversation + 1, row.number + 1),
        false => (row.number + 1).to_string(),
    };
    let quiet = theme::color(Tone::Quiet, dark);
    let cell = |left: f32, right: f32, words: &str, color, align| {
        let job = text::plain(words, theme::small(), color);
        rows::cell(ui, rect, rect.left() + left, right, job, align);
    };
    let played = if row.verdict == Verdict::Waiting { "send" } else { "sent" };
    let sent = format!("{played} {}", figures::size(row.sent));
    cell(0.0, rect.left() + 40.0, &number, quiet, Align2::RIGHT_CENTER);
    cell(50.0, rect.left() + 130.0, &sent, ui.visuals().text_color(), Align2::LEFT_CENTER);
    cell(132.0, rect.right() - 4.0, &words, theme::color(tone, dark), Align2::LEFT_CENTER);
    let read = format!("Turn {number}: {sent}, {words}");
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &read));
    response.on_hover_text(format!("{read}\nPress to see both side by side")).clicked()
}

fn verdict(row: &TurnRow) -> (String, Tone) {
    let expected = figures::size(row.expected);
    let (what, at) = match row.verdict {
        Verdict::Waiting => return (format!("waits for {expected}"), Tone::Quiet),
        Verdict::Same if row.expected == 0 => return ("nothing came, as recorded".to_owned(), Tone::Good),
        Verdict::Same => return (format!("{expected} as recorded"), Tone::Good),
        Verdict::Different(what, at) => (what, figures::count(at)),
    };
    let words = match what {
        What::Other => format!("differs at byte {at}"),
        What::Missing => format!("missing from byte {at}"),
        What::More => format!("more from byte {at}"),
        What::NotPlayed => return ("not played".to_owned(), Tone::Warning),
    };
    (words, Tone::Bad)
}
