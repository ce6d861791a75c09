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
const SUBTITLE: &str =
    "TIME_WAIT holds a closed connection's port for a minute. Grey: ramp, warm-up and drain.";

/// So that a line at the top does not touch the note above the plot.
const HEADROOM: f64 = 1.08;

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
    let room = frame(canvas, view, Extent::OneStep, TITLE, SUBTITLE);
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
        Timeline::draw(canvas, view, Rect { top: room.top + 14.0, ..room }, (y, "sockets"), 8.0, note);
    for (series, plot) in view.series.iter().zip(&timeline.plots) {
        if LINES.iter().all(|line| points(series, line).next().is_none()) {
            draw_no_data(canvas, *plot);
        }
        // A state that never occurred is in the note; its line would only cover the axis.
        for line in LINES.iter().filter(|line| peak(series, line) > Some(0)) {
            let points: Vec<Point> = points(series, line).map(|point| timeline.place(*plot, point)).collect();
            canvas.line(&points, (line.stroke)(series.ink.color));
        }
    }
}

/// The peaks of the states that matter.
fn note(series: &Series<'_>) -> Vec<String> {
    let of = |line: &Line| peak(series, line);
    let (established, waiting) = (of(&LINES[0]).max(of(&LINES[1])), of(&LINES[3]).max(of(&LINES[4])));
    match (established, waiting) {
        (None, None) => Vec::new(),
        (established, waiting) => vec![format!(
            "peak: {} established, {} TIME_WAIT",
            grouped(established.unwrap_or(0).into()),
            grouped(waiting.unwrap_or(0).into())
        )],
    }
}

fn peak(series: &Series<'_>, line: &Line) -> Option<u32> {
    series.intervals().filter_map(line.count).max()
}

/// Seconds against counts. Dumps may be rarer than rows: a row without one is passed over, not a gap.
fn points<'a>(series: &Series<'a>, line: &'a Line) -> impl Iterator<Item = Point> + use<'a> {
    series.intervals().filter_map(|interval| Some((interval.t_s, f64::from((line.count)(interval)?))))
}
