//! The rows of a list as scrolling sees them: how many there are, how much room there is, and how tall each one is.
//!
//! Where all are equally tall everything is computed; where they are not, the few rows on the way are measured one by
//! one, so a list of millions costs no more than what is in sight of it.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "points become rows here: the values are whole, not negative and within a screen, or saturate"
)]

use super::{Place, ROW};

/// Rows that are measured one by one at most, to get from one place to another.
const STEPS: u64 = 4_096;

/// How tall a row is, in points, by its number.
pub(in crate::ui) type Height<'a> = &'a mut dyn FnMut(u64) -> f32;

/// Rows in a room.
pub(in crate::ui) struct List<'a> {
    /// How many there are.
    pub(in crate::ui) rows: u64,
    /// The height of the room, in points.
    pub(in crate::ui) room: f32,
    /// How tall each is; `None`: all of them as one line.
    pub(in crate::ui) height: Option<Height<'a>>,
}

impl List<'_> {
    /// How many rows of one line fit.
    pub(super) fn visible(&self) -> f32 {
        (self.room / ROW).max(1.0)
    }

    /// How tall row `row` is.
    pub(super) fn height_of(&mut self, row: u64) -> f32 {
        self.height.as_mut().map_or(ROW, |height| height(row))
    }

    /// The place at which the last row is just in sight.
    pub(in crate::ui) fn last(&mut self) -> Place {
        if self.height.is_none() {
            return Place::last(self.rows, self.visible());
        }
        let (mut row, mut total) = (self.rows, 0.0);
        while row > 0 && total < self.room {
            row -= 1;
            total += self.height_of(row);
        }
        Place { row, pixels: (total - self.room).max(0.0) }
    }

    /// The place `points` further down (up, when negative) than `from`.
    pub(in crate::ui) fn moved(&mut self, from: Place, points: f32) -> Place {
        if self.height.is_none() {
            return from.moved(points, self.rows, self.visible());
        }
        let last = self.last();
        let (mut row, mut pixels) = (from.row.min(self.rows), from.pixels + points);
        for _ in 0..STEPS {
            if pixels < 0.0 && row > 0 {
                row -= 1;
                pixels += self.height_of(row);
            } else if pixels > 0.0 && row < last.row {
                let height = self.height_of(row);
                if pixels < height {
                    break;
                }
                pixels -= height;
                row += 1;
            } else {
                break;
            }
        }
        // What is further away than that is as good as the end.
        let place = match pixels {
            ..0.0 => Place::default(),
            _ if row < last.row && pixels >= self.height_of(row) => last,
            _ => Place { row, pixels },
        };
        if place.is_past(last) { last } else { place }
    }

    /// By how many points to move from `place` so that `row` is wholly in sight: 0 where it is, `None` where it is too
    /// far away for points.
    pub(in crate::ui) fn points_to_show(&mut self, place: Place, row: u64) -> Option<f32> {
        if self.height.is_none() {
            return Some(place.points_to_show(row, self.visible()));
        }
        let between = if row < place.row { row..place.row } else { place.row..row };
        if between.end - between.start > STEPS {
            return None;
        }
        let distance: f32 = between.map(|row| self.height_of(row)).sum();
        let top = if row < place.row { -distance } else { distance } - place.pixels;
        let below = (top + self.height_of(row) - self.room).max(0.0);
        // The upper end of a row that is taller than the room.
        Some(if top < 0.0 { top } else { below.min(top) })
    }

    /// The place that shows `row` with rows around it: `place`, where it does.
    pub(in crate::ui) fn revealing(&mut self, place: Place, row: u64) -> Place {
        if self.height.is_none() {
            return place.revealing(row, self.rows, self.visible());
        }
        if self.points_to_show(place, row) == Some(0.0) {
            return place;
        }
        let above = -self.room / 3.0;
        self.moved(Place { row, pixels: 0.0 }, above)
    }

    /// The number of rows that are above the room when the last one is in sight, as a fraction.
    pub(super) fn hidden(&mut self) -> f64 {
        if self.height.is_none() {
            return self.rows as f64 - f64::from(self.visible());
        }
        let last = self.last();
        self.position(last)
    }

    /// A place as a number of rows.
    pub(super) fn position(&mut self, place: Place) -> f64 {
        let height = if place.row < self.rows { self.height_of(place.row) } else { ROW };
        place.row as f64 + f64::from(place.pixels / height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every third row has two more lines.
    fn height(row: u64) -> f32 {
        if row.is_multiple_of(3) { 3.0 * ROW } else { ROW }
    }

    #[track_caller]
    fn check(rows: u64, room: f32, from: (u64, f32), points: f32, to: (u64, f32)) {
        let mut list = List { rows, room, height: Some(&mut height) };
        let place = list.moved(Place { row: from.0, pixels: from.1 }, points);
        assert_eq!((place.row, place.pixels), to, "{rows} rows, {points} points from {from:?}");
    }

    #[test]
    fn rows_of_several_heights_scroll_by_points() {
        for base in [0, 3_000_000, 30_000_000_000] {
            let rows = base + 3_000;
            check(rows, 200.0, (base, 0.0), 1.0, (base, 1.0));
            check(rows, 200.0, (base, 0.0), 3.0 * ROW, (base + 1, 0.0));
            check(rows, 200.0, (base, 59.0), 1.0, (base + 1, 0.0));
            check(rows, 200.0, (base + 1, 0.0), 5.0 * ROW, (base + 4, 0.0));
            check(rows, 200.0, (base + 4, 0.0), -5.0 * ROW, (base + 1, 0.0));
            check(rows, 200.0, (base + 4, 5.0), -10.0, (base + 3, 3.0 * ROW - 5.0));
        }
    }

    #[test]
    fn scrolling_stops_at_both_ends_however_far_it_goes() {
        // The last three rows: 60 + 20 + 20 points.
        check(30, 100.0, (0, 0.0), 1e12, (27, 0.0));
        check(30, 90.0, (0, 0.0), 1e12, (27, 10.0));
        check(3_000_000, 90.0, (0, 0.0), 1e12, (2_999_997, 10.0));
        check(3_000_000, 90.0, (2_999_997, 0.0), -1e12, (0, 0.0));
        check(3, 200.0, (0, 0.0), 50.0, (0, 0.0));
        check(0, 200.0, (0, 0.0), 50.0, (0, 0.0));
    }

    #[test]
    fn one_height_gives_what_is_computed() {
        let mut even = |_: u64| ROW;
        for (row, pixels, points) in [(0, 0.0, 30.0), (50, 5.0, -30.0), (80, 0.0, 1e6), (3, 5.0, -1e6)] {
            let from = Place { row, pixels };
            let computed = from.moved(points, 100, 10.5);
            let measured = List { rows: 100, room: 10.5 * ROW, height: Some(&mut even) }.moved(from, points);
            assert_eq!(measured, computed, "{points} from {from:?}");
        }
    }

    #[track_caller]
    fn shows(from: (u64, f32), row: u64, points: Option<f32>) {
        let mut list = List { rows: 30_000, room: 100.0, height: Some(&mut height) };
        let place = Place { row: from.0, pixels: from.1 };
        assert_eq!(list.points_to_show(place, row), points, "row {row} from {from:?}");
        let shown = list.revealing(place, row);
        assert_eq!(list.points_to_show(shown, row), Some(0.0), "row {row} at {shown:?}");
    }

    #[test]
    fn a_row_is_brought_into_sight_whole() {
        shows((3, 0.0), 4, Some(0.0));
        shows((3, 0.0), 5, Some(0.0));
        shows((3, 0.0), 6, Some(60.0));
        shows((3, 5.0), 3, Some(-5.0));
        shows((3, 5.0), 2, Some(-25.0));
        shows((3, 0.0), 20_000, None);
    }
}
