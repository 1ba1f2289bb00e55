//! What both panes of the detail share: a list that scrolls to a byte, rows whose characters can be marked and hit,
//! clicks, drags and keys.

use std::ops::Range;
use std::sync::Arc;

use egui::text::{CCursor, LayoutJob};
use egui::{Color32, EventFilter, Galley, Id, PointerButton, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo};

use crate::app::detail::{ByteSelection, DetailView};
use crate::app::find::Find;
use crate::ui::rows::{self, Place};
use crate::ui::theme::{self, ROW};

/// Bytes that stand out in both panes.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    /// Runs of bytes and the color behind them; later ones lie on top.
    pub(super) ranges: Vec<(Range<usize>, Color32)>,
    /// The first bytes of the chunks that the payload came in, after the first chunk; a tick stands before each.
    pub(super) borders: Arc<[usize]>,
}

impl Marks {
    /// The parts of the marked runs that lie within `row`, with their colors.
    pub(super) fn within(&self, row: &Range<usize>) -> impl Iterator<Item = (Range<usize>, Color32)> {
        self.ranges.iter().filter_map(|(range, color)| {
            let part = range.start.max(row.start)..range.end.min(row.end);
            (!part.is_empty()).then_some((part, *color))
        })
    }

    /// The same on top of what was looked for in `bytes`.
    pub(super) fn with_found(
        &self,
        ui: &Ui,
        find: &Find,
        bytes: &[u8],
        row: &Range<usize>,
    ) -> Vec<(Range<usize>, Color32)> {
        let color = theme::highlight(ui.visuals().dark_mode);
        let found = find.ranges_in(bytes, row.clone()).into_iter();
        let found = found.map(|hit| (hit.start.max(row.start)..hit.end.min(row.end), color));
        found.chain(self.within(row)).collect()
    }

    /// The borders that lie within `row`.
    pub(super) fn borders_within(&self, row: &Range<usize>) -> impl Iterator<Item = usize> {
        let place = |offset: usize| self.borders.partition_point(|border| *border < offset);
        self.borders[place(row.start)..place(row.end)].iter().copied()
    }
}

/// The text of a row, laid out.
pub(super) struct Words {
    galley: Arc<Galley>,
    at: Pos2,
    row: Rect,
}

impl Words {
    /// Lays `job` out at the left of `row`.
    pub(super) fn new(ui: &Ui, row: Rect, job: LayoutJob) -> Self {
        let galley = ui.painter().layout_job(job);
        let at = egui::pos2(row.left() + 4.0, row.center().y - galley.size().y / 2.0);
        Self { galley, at, row }
    }

    /// The left edge of a character, counted from 0.
    pub(super) fn left(&self, character: usize) -> f32 {
        self.at.x + self.galley.pos_from_cursor(CCursor::new(character)).min.x
    }

    /// The character of `count` at `x`; the first or the last one beside them.
    pub(super) fn character_at(&self, x: f32, count: usize) -> usize {
        let (mut low, mut high) = (0, count.saturating_sub(1));
        while low < high {
            let middle = low.midpoint(high);
            if x < self.left(middle + 1) { high = middle } else { low = middle + 1 }
        }
        low
    }

    /// The room of some characters.
    pub(super) fn room(&self, characters: Range<usize>) -> Rect {
        Rect::from_x_y_ranges(self.left(characters.start)..=self.left(characters.end), self.row.y_range())
    }

    /// Paints a tick before a character.
    pub(super) fn tick(&self, ui: &Ui, character: usize) {
        let x = self.left(character) - 1.0;
        ui.painter().vline(x, self.row.y_range(), egui::Stroke::new(1.0, ui.visuals().warn_fg_color));
    }

    /// Paints the text, on top of what was painted before.
    pub(super) fn paint(self, ui: &Ui) {
        ui.painter().galley(self.at, self.galley, Color32::PLACEHOLDER);
    }
}

/// A list that was shown.
pub(super) struct List {
    rect: Rect,
    place: Place,
}

impl List {
    /// The row at `y` and its rectangle; also of rows that are out of sight.
    pub(super) fn row_at(&self, y: f32, count: u64) -> (u64, Rect) {
        let down = ((y - self.rect.top() + self.place.pixels) / ROW).floor();
        #[allow(clippy::cast_possible_truncation, reason = "within a screen, or saturates")]
        let row = self.place.row.saturating_add_signed(down as i64).min(count.saturating_sub(1));
        let size = egui::vec2(self.rect.width(), ROW);
        (row, Rect::from_min_size(egui::pos2(self.rect.left(), y), size))
    }
}

/// What a list is to do beside showing its rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scroll {
    /// The row that must come in sight.
    pub(super) reveal: Option<u64>,
    /// More rows will follow: who is at the end stays there.
    pub(super) grows: bool,
}

/// A list that remembers where it is scrolled to, for as long as it shows the same, which `of` tells.
pub(super) fn list<T: Copy + PartialEq + Send + Sync + 'static>(
    ui: &mut Ui,
    name: &str,
    of: T,
    count: u64,
    scroll: Scroll,
    draw: impl FnMut(&mut Ui, u64, Rect),
) -> List {
    let id = ui.make_persistent_id(("place", name));
    let new = (of, Place::default(), false);
    let known = ui.data(|memory| memory.get_temp::<(T, Place, bool)>(id));
    let (_, place, to_end) = known.filter(|(known, ..)| *known == of).unwrap_or(new);
    let visible = (ui.available_height() / ROW).max(1.0);
    let mut rect = ui.available_rect_before_wrap();
    rect.set_right(rect.right() - rows::BAR_WIDTH);
    let points = scroll.reveal.map_or(0.0, |row| place.points_to_show(row, visible));
    let place = if to_end { Place::last(count, visible) } else { place.moved(points, count, visible) };
    let shown = rows::show(ui, name, count, place, draw);
    let beyond = count as f32 > visible;
    let to_end = scroll.grows && beyond && if shown.scrolled { shown.at_end } else { to_end };
    ui.data_mut(|memory| memory.insert_temp(id, (of, shown.place, to_end)));
    List { rect, place: shown.place }
}

/// The bytes at the pointer.
#[derive(Clone, Debug, Default)]
pub(super) struct Hits {
    /// Where the button was pressed.
    pressed: Option<Range<usize>>,
    /// Where the pointer is.
    now: Option<Range<usize>>,
}

/// Finds the bytes at the pointer while a button is used; `hit` tells the bytes at a position.
pub(super) fn hits(ui: &Ui, list: &List, hit: impl Fn(Pos2) -> Option<Range<usize>>) -> Hits {
    let (used, pressed, now) = ui.input(|input| {
        let pointer = &input.pointer;
        let used = pointer.any_down() || pointer.any_released();
        // After the button is released only its last place is known.
        (used, pointer.press_origin().or(pointer.interact_pos()), pointer.interact_pos())
    });
    if !used || !pressed.is_some_and(|pressed| list.rect.contains(pressed)) {
        return Hits::default();
    }
    Hits { pressed: pressed.and_then(&hit), now: now.and_then(&hit) }
}

/// Lets bytes be selected in a pane by clicks and drags.
pub(super) fn select(
    ui: &Ui,
    detail: &mut DetailView,
    list: &List,
    (id, name): (Id, &'static str),
    hits: Hits,
) -> Response {
    let response = ui.interact(list.rect, id, Sense::click_and_drag());
    let before = detail.selection.clone();
    let shift = ui.input(|input| input.modifiers.shift);
    if response.drag_started_by(PointerButton::Primary)
        && let Some(bytes) = hits.pressed
    {
        detail.pick(bytes, shift);
    }
    if let Some(bytes) = hits.now {
        let selected = before.as_ref().is_some_and(|selection| selection.range().contains(&bytes.start));
        if response.dragged_by(PointerButton::Primary) {
            detail.pick(bytes, true);
        } else if response.clicked() {
            detail.pick(bytes, shift);
        } else if response.secondary_clicked() && !selected {
            detail.pick(bytes, false);
        }
    }
    if response.clicked() || response.drag_started() {
        response.request_focus();
    }
    if detail.selection != before {
        detail.reveal = detail.selection.as_ref().map(ByteSelection::cursor);
        ui.ctx().request_repaint();
    }
    if response.has_focus() {
        let escape = detail.selection.is_some();
        let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, escape, tab: false };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
        let stroke = ui.visuals().widgets.hovered.bg_stroke;
        ui.painter().rect_stroke(list.rect, 0.0, stroke, egui::StrokeKind::Inside);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Document, true, name));
    let words = detail.selection.as_ref().map(ByteSelection::words).unwrap_or_default();
    ui.ctx().accesskit_node_builder(id, |node| node.set_value(words.as_str()));
    response
}

/// What a key does in a pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Move by bytes.
    Bytes(isize),
    /// Move by rows.
    Rows(isize),
    /// To the first byte.
    Start,
    /// To the last byte.
    End,
    /// Select all.
    All,
    /// Select nothing.
    Nothing,
    /// Copy what is selected.
    Copy,
}

/// The keys that were pressed while the pane `id` has the focus, with whether the selection grows (Shift). They are
/// taken, so that the log does not move too.
pub(super) fn keys(ui: &Ui, id: Id) -> Vec<(Command, bool)> {
    if !ui.memory(|memory| memory.has_focus(id)) {
        return Vec::new();
    }
    // Escape closes a menu first.
    let menu = egui::Popup::is_any_open(ui.ctx());
    let mut commands = Vec::new();
    ui.input_mut(|input| {
        input.events.retain(|event| match command(event) {
            Some(command) if !(menu && command.0 == Command::Nothing) => {
                commands.push(command);
                false
            }
            _ => true,
        });
    });
    commands
}

fn command(event: &egui::Event) -> Option<(Command, bool)> {
    let (key, modifiers) = match event {
        egui::Event::Copy => return Some((Command::Copy, false)),
        egui::Event::Key { key, pressed: true, modifiers, .. } => (*key, *modifiers),
        _ => return None,
    };
    let does = match key {
        egui::Key::ArrowLeft => Command::Bytes(-1),
        egui::Key::ArrowRight => Command::Bytes(1),
        egui::Key::ArrowUp => Command::Rows(-1),
        egui::Key::ArrowDown => Command::Rows(1),
        egui::Key::Home => Command::Start,
        egui::Key::End => Command::End,
        egui::Key::Escape => Command::Nothing,
        egui::Key::A if modifiers.command => Command::All,
        _ => return None,
    };
    Some((does, modifiers.shift))
}

/// Has a row read out.
pub(super) fn readable(ui: &Ui, rect: Rect, id: impl egui::AsIdSalt, words: &str) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(id), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    response
}
