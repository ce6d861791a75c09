//! Chart 4: sockets by TCP state over time, on both sides.

use plotters::style::RGBColor;
use pushbench_measure::results::Interval;

use super::axes::{Axis, draw_legend, draw_no_data};
use super::canvas::{Canvas, Stroke};
use super::frame::{Extent, frame};
use super::layout::{Point, Rect};
use super::palette::{FAINT_TEXT, NEUTRAL, tint};
use super::scale::{Scale, Unit};
use super::timeline::Timeline;
use super::view::{Series, View};
use crate::format::grouped;

const TITLE: &str = "Sockets by state over time: lower and flatter is better";
const SUBTITLE: &str = "TIME_WAIT holds a closed connection's port for a minute. What lives between two looks is missed. \
    Grey: ramp, warm-up, drain.";

/// So that a line at the top does not touch the note above the plot.
const HEADROOM: f64 = 1.08;

/// By how much the dot at a line's open end is wider than the line, on each side.
const END: f64 = 3.5;

/// A state, or several, of one side or both.
#[derive(Clone, Copy)]
struct Line {
    words: &'static str,
    count: fn(&Interval) -> Option<u32>,
    stroke: fn(RGBColor) -> Stroke,
}

/// In the order of drawing: what is drawn later lies on top. The two sides of ESTABLISHED are mostly equal, so
/// the target's is a broad pale band around the clients' line.
const LINES: [Line; 5] = [
    Line {
        words: "ESTABLISHED, target",
        count: |i| i.target_established,
        stroke: |color| Stroke::solid(tint(color, 3), 11.0),
    },
    Line {
        words: "ESTABLISHED, clients",
        count: |i| i.client_established,
        stroke: |color| Stroke::solid(color, 4.0),
    },
    Line {
        words: "opening and closing",
        count: in_between,
        stroke: |_| Stroke::solid(tint(FAINT_TEXT, 1), 2.5),
    },
    Line {
        words: "TIME_WAIT, clients",
        count: |i| i.client_time_wait,
        stroke: |_| Stroke { color: NEUTRAL, width: 3.5, dash: &[5.0, 6.0] },
    },
    Line {
        words: "TIME_WAIT, target",
        count: |i| i.target_time_wait,
        stroke: |_| Stroke::solid(NEUTRAL, 4.0),
    },
];

/// Every other state, both sides; `None` where nothing of it was measured.
fn in_between(interval: &Interval) -> Option<u32> {
    let states = [
        interval.client_opening,
        interval.client_closing,
        interval.client_close_wait,
        interval.target_opening,
        interval.target_closing,
        interval.target_close_wait,
    ];
    let mut measured = states.into_iter().flatten().peekable();
    measured.peek()?;
    Some(measured.sum())
}

pub(super) fn draw(canvas: &mut Canvas<'_>, view: &View<'_>) {
    let room = frame(canvas, view, Extent::OneRound, TITLE, SUBTITLE);
    let counts = view.series.iter().flat_map(|series| LINES.iter().filter_map(|line| peak(series, line)));
    let Some(largest) = counts.max() else {
        draw_no_data(canvas, room);
        return;
    };
    let legend: Vec<(Stroke, &str)> =
        LINES.iter().map(|line| ((line.stroke)(RGBColor(120, 120, 120)), line.words)).collect();
    draw_legend(canvas, (room.left, room.top - 26.0), &legend);
    let ticks = if view.series.len() > 6 { 4 } else { 6 };
    let y = Axis::new(Scale::linear_to(f64::from(largest.max(1)) * HEADROOM), Unit::Count, ticks);
    let timeline =
        Timeline::draw(canvas, view, Rect { top: room.top + 14.0, ..room }, (y, "sockets"), 8.0, |series| {
            let of = |line: &Line| peak(series, line);
            note(view.step, of(&LINES[0]).max(of(&LINES[1])), of(&LINES[3]).max(of(&LINES[4])))
        });
    for (series, plot) in view.series.iter().zip(&timeline.plots) {
        if LINES.iter().all(|line| points(series, line).next().is_none()) {
            timeline.draw_no_data(canvas, *plot);
        }
        // A state that never occurred is in the note; its line would only cover the axis.
        for line in LINES.iter().filter(|line| peak(series, line) > Some(0)) {
            let points: Vec<Point> = points(series, line).map(|point| timeline.place(*plot, point)).collect();
            let stroke = (line.stroke)(series.ink.color);
            canvas.line(&points, stroke);
            for end in open_ends(&points, rows(series).map(|t_s| timeline.place(*plot, (t_s, 0.0)).0)) {
                canvas.disc(end, stroke.width / 2.0 + END, stroke.color);
            }
        }
    }
}

/// The peaks of the states that matter, in wordings from long to short.
///
/// Sockets are counted now and then. Where fewer than one a client were found open while others were closed, most
/// lived and died between two looks: the peak is what was seen, not how many there were.
fn note(clients: u32, established: Option<u32>, waiting: Option<u32>) -> Vec<String> {
    if established.or(waiting).is_none() {
        return Vec::new();
    }
    let (established, waiting) = (established.unwrap_or(0), waiting.unwrap_or(0));
    let [open, closed] = [established, waiting].map(|count| grouped(count.into()));
    if established < clients && waiting > 0 {
        vec![
            format!("peak: {closed} TIME_WAIT, {open} established at a look (each is open only briefly)"),
            format!("peak: {closed} TIME_WAIT, {open} open at a look"),
            format!("peak: {closed} TIME_WAIT"),
        ]
    } else {
        vec![format!("peak: {open} established, {closed} TIME_WAIT")]
    }
}

fn peak(series: &Series<'_>, line: &Line) -> Option<u32> {
    series.intervals().filter_map(line.count).max()
}

/// Seconds against counts. Dumps may be rarer than rows: a row without one is passed over, not a gap.
fn points<'a>(series: &Series<'a>, line: &'a Line) -> impl Iterator<Item = Point> + use<'a> {
    series.intervals().filter_map(|interval| Some((interval.t_s, f64::from((line.count)(interval)?))))
}

/// Times of the first and the last row.
fn rows(series: &Series<'_>) -> [f64; 2] {
    let times = || series.intervals().map(|interval| interval.t_s);
    [times().fold(f64::INFINITY, f64::min), times().fold(f64::NEG_INFINITY, f64::max)]
}

/// Ends of a line at which rows go on: nobody looked there, which does not mean that there were no sockets.
fn open_ends(points: &[Point], [first_row, last_row]: [f64; 2]) -> Vec<Point> {
    match *points {
        [first, .., last] => {
            let ends = [(first, first_row < first.0), (last, last.0 < last_row)];
            ends.into_iter().filter_map(|(end, is_open)| is_open.then_some(end)).collect()
        }
        // A single look is no line.
        _ => points.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_that_a_look_misses_are_not_said_to_be_absent() {
        let first = |established, waiting| note(400, established, waiting).into_iter().next();
        let table = [
            (Some(400), Some(0), "peak: 400 established, 0 TIME_WAIT"),
            (Some(400), Some(7), "peak: 400 established, 7 TIME_WAIT"),
            (Some(390), Some(0), "peak: 390 established, 0 TIME_WAIT"),
            (
                Some(4),
                Some(11_531),
                "peak: 11,531 TIME_WAIT, 4 established at a look (each is open only briefly)",
            ),
        ];
        for (established, waiting, expected) in table {
            assert_eq!(first(established, waiting).as_deref(), Some(expected));
        }
        assert_eq!(first(None, None), None);
    }

    #[test]
    fn a_line_ends_in_dots_only_where_rows_go_on_without_a_look() {
        let (first, last) = ((0.0, 600.0), (9.0, 500.0));
        let line = [first, (5.0, 600.0), last];
        let table = [
            (&line[..], [0.0, 9.0], &[][..]),
            (&line, [-1.0, 9.0], &[first]),
            (&line, [0.0, 10.0], &[last]),
            (&line, [-1.0, 10.0], &[first, last]),
            (&line[..1], [-1.0, 10.0], &[first]),
            (&line[..1], [0.0, 0.0], &[first]),
            (&[], [0.0, 9.0], &[]),
        ];
        for (points, rows, ends) in table {
            assert_eq!(open_ends(points, rows), ends, "{points:?} in {rows:?}");
        }
    }
}
