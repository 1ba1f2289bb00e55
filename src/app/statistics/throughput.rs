//! Bytes a second over the last minute, ten minutes or hour.

use crate::journal::{Count, Direction, Rates, SECONDS_KEPT};

/// How long the plot goes on after the last traffic, in seconds: long enough to see the line fall to zero. Then it
/// stands still, and a window in which nothing happens costs nothing.
const REST: u64 = 5;

/// How much time the plot shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Span {
    /// 60 seconds.
    #[default]
    Minute,
    /// 10 minutes.
    TenMinutes,
    /// The hour that is kept.
    Hour,
}

impl Span {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 3] = [Self::Minute, Self::TenMinutes, Self::Hour];

    /// The words on the control.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "60 s",
            Self::TenMinutes => "10 min",
            Self::Hour => "1 h",
        }
    }

    /// Its length in seconds.
    pub const fn seconds(self) -> u64 {
        match self {
            Self::Minute => 60,
            Self::TenMinutes => 600,
            Self::Hour => SECONDS_KEPT,
        }
    }

    /// The seconds that one point of the plot stands for.
    pub const fn step(self) -> u64 {
        match self {
            Self::Minute | Self::TenMinutes => 1,
            Self::Hour => 10,
        }
    }
}

/// What crossed in the seconds that one point of the plot stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// The number of its first second, from 1970 on.
    pub start: u64,
    /// What came.
    pub received: Count,
    /// What the kernel took.
    pub sent: Count,
}

impl Point {
    /// One direction of it.
    pub const fn of(&self, direction: Direction) -> Count {
        match direction {
            Direction::Received => self.received,
            Direction::Sent => self.sent,
        }
    }
}

/// The points of a plot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Throughput {
    /// The second after the last one shown.
    pub end: u64,
    /// One a step, without gaps, from the first traffic in sight on.
    pub points: Vec<Point>,
}

impl Throughput {
    /// The last `span` before second `now` (that one is not over yet), or before the line came to rest.
    pub(super) fn new(rates: &Rates, span: Span, now: u64) -> Self {
        if rates.last().is_none() {
            return Self { end: now, points: Vec::new() };
        }
        let step = span.step();
        // Only steps that are over are shown: a part of one would look like a fall.
        let end = (now - now % step).min(Self::rest(rates, span));
        let from = end.saturating_sub(span.seconds());
        let mut points: Vec<Point> = Vec::new();
        for second in rates.since(from).take_while(|second| second.number < end) {
            let start = second.number - second.number % step;
            fill(&mut points, start, step);
            if let Some(point) = points.last_mut() {
                point.received.join(second.received);
                point.sent.join(second.sent);
            }
        }
        if let (Some(shown), Some(final_start)) = (points.last(), end.checked_sub(step))
            && shown.start < final_start
        {
            fill(&mut points, final_start, step);
        }
        Self { end, points }
    }

    /// The second from which on the plot stands still, unless there is new traffic.
    pub(super) fn rest(rates: &Rates, span: Span) -> u64 {
        rates.last().map_or(0, |last| (last.number + 1 + REST).next_multiple_of(span.step()))
    }

    /// The point that second `second` is part of.
    pub fn point_at(&self, second: u64) -> Option<&Point> {
        let after = self.points.partition_point(|point| point.start <= second);
        self.points.get(after.checked_sub(1)?)
    }
}

/// Adds empty points until the last one starts at `start`.
fn fill(points: &mut Vec<Point>, start: u64, step: u64) {
    let mut next = points.last().map_or(start, |last| last.start + step);
    while next <= start {
        points.push(Point { start: next, ..Point::default() });
        next += step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Stamp;

    fn rates(seconds: &[(u64, u64)]) -> Rates {
        let mut rates = Rates::default();
        for (second, bytes) in seconds {
            let count = Count { bytes: *bytes, records: 1 };
            rates.add(Stamp::from_nanos(second * 1_000_000_000), Direction::Received, count);
        }
        rates
    }

    fn check(seconds: &[(u64, u64)], span: Span, now: u64, end: u64, expected: &[(u64, u64)]) {
        let plot = Throughput::new(&rates(seconds), span, now);
        let points: Vec<_> = plot.points.iter().map(|point| (point.start, point.received.bytes)).collect();
        assert_eq!((plot.end, points.as_slice()), (end, expected), "{seconds:?} {span:?} at {now}");
    }

    #[test]
    fn silent_seconds_are_zero_and_the_current_one_waits() {
        check(&[], Span::Minute, 9, 9, &[]);
        check(&[(5, 1), (8, 2)], Span::Minute, 9, 9, &[(5, 1), (6, 0), (7, 0), (8, 2)]);
        check(&[(5, 1), (6, 2)], Span::Minute, 6, 6, &[(5, 1)]);
    }

    #[test]
    fn the_line_falls_to_zero_and_rests() {
        let line = [(7, 1), (8, 0), (9, 0), (10, 0), (11, 0), (12, 0)];
        check(&[(7, 1)], Span::Minute, 13, 13, &line);
        check(&[(7, 1)], Span::Minute, 9999, 13, &line);
    }

    #[test]
    fn only_the_span_is_shown() {
        let plot = Throughput::new(&rates(&[(0, 9), (500, 1), (559, 2)]), Span::Minute, 560);
        assert_eq!((plot.points.len(), plot.points[0].start), (60, 500));
        assert_eq!(plot.point_at(559).map(|point| point.received.bytes), Some(2));
        assert_eq!(plot.point_at(100), None);
    }

    #[test]
    fn a_point_of_an_hour_is_ten_seconds() {
        check(&[(95, 1), (99, 1), (100, 1)], Span::Hour, 103, 100, &[(90, 2)]);
        check(&[(95, 1), (99, 1), (100, 1)], Span::Hour, 9999, 110, &[(90, 2), (100, 1)]);
    }
}
