//! Chart 6: delivery latency second by second, with the phases marked.

use pushbench_measure::results::Interval;

use super::axes::{Axis, draw_no_data};
use super::canvas::{Align, Canvas, Stroke};
use super::font::Type;
use super::frame::{Extent, frame};
use super::layout::{Point, Rect, spread};
use super::palette::{FAINT_TEXT, tint};
use super::scale::{Scale, Unit};
use super::timeline::Timeline;
use super::view::{Series, View, in_words};
use crate::figures;
use crate::format::time_us;

const TITLE: &str = "Delivery latency over time: lower and steadier is better";
const SUBTITLE: &str =
    "p50 and p99 of the events received in each second. Grey: ramp, warm-up and drain, not counted.";
/// Histograms tell microseconds apart; a logarithmic axis has no zero.
const FLOOR_US: f64 = 1.0;

/// A column of `intervals.csv`.
type Column = fn(&Interval) -> Option<u64>;

const P50: Column = |interval| interval.latency_p50_us;
const P99: Column = |interval| interval.latency_p99_us;

pub(super) fn draw(canvas: &mut Canvas<'_>, view: &View<'_>) {
    let room = frame(canvas, view, Extent::OneRound, TITLE, SUBTITLE);
    let all = view
        .series
        .iter()
        .flat_map(|series| stretches(series, P50).into_iter().chain(stretches(series, P99)));
    let Some(scale) = Scale::log_over(all.flatten().flat_map(|(_, us)| [us * 0.9, us * 1.15])) else {
        draw_no_data(canvas, room);
        return;
    };
    let y = Axis::new(scale, Unit::Time, if view.series.len() > 6 { 5 } else { 7 });
    let timeline = Timeline::draw(canvas, view, room, (y, "delivery latency (log)"), 52.0, note);
    for (series, plot) in view.series.iter().zip(&timeline.plots) {
        draw_series(canvas, &timeline, *plot, series);
    }
}

/// The headline figures of the measure phase; where they do not all fit, the last are left out.
fn note(series: &Series<'_>) -> Vec<String> {
    let Some(summary) = series.round_summary() else { return Vec::new() };
    let mut figures = in_words(summary, &[figures::P50, figures::P99]);
    figures.extend(summary.figure("latency_max_us").map(|us| format!("max {}", time_us(us))));
    (1..=figures.len()).rev().map(|count| figures[..count].join(" · ")).collect()
}

fn draw_series(canvas: &mut Canvas<'_>, timeline: &Timeline, plot: Rect, series: &Series<'_>) {
    let (median, tail) = (stretches(series, P50), stretches(series, P99));
    if median.is_empty() && tail.is_empty() {
        timeline.draw_no_data(canvas, plot);
        return;
    }
    let color = series.ink.color;
    // Many seconds to a pixel are told apart by thin lines only.
    let width = if series.intervals().count() > 120 { 2.5 } else { 4.0 };
    let mut ends = Vec::new();
    for (name, lines, stroke) in
        [("p50", &median, Stroke::solid(tint(color, 1), width)), ("p99", &tail, Stroke::solid(color, width))]
    {
        for line in lines {
            let line: Vec<Point> = line.iter().map(|point| timeline.place(plot, *point)).collect();
            canvas.line(&line, stroke);
            if let [only] = line[..] {
                canvas.disc(only, 4.0, stroke.color);
            }
        }
        if let Some(last) = lines.last().and_then(|line| line.last()) {
            ends.push((name, timeline.place(plot, *last).1));
        }
    }
    let wanted: Vec<f64> = ends.iter().map(|(_, y)| *y).collect();
    for ((name, _), y) in ends.iter().zip(spread(&wanted, 26.0, plot.top - 8.0, plot.bottom + 8.0)) {
        canvas.text((plot.right + 8.0, y), Align::Left, Type::regular(22.0, FAINT_TEXT), name);
    }
}

/// A column as points (second, µs), in stretches without a gap: where nothing was received there is no line.
fn stretches(series: &Series<'_>, column: Column) -> Vec<Vec<Point>> {
    let mut stretches: Vec<Vec<Point>> = vec![Vec::new()];
    for interval in series.intervals() {
        match (column(interval), stretches.last_mut()) {
            // A row is about the second that ends at its time.
            (Some(us), Some(stretch)) => stretch.push((interval.t_s - 0.5, (us as f64).max(FLOOR_US))),
            _ => stretches.push(Vec::new()),
        }
    }
    stretches.retain(|stretch| !stretch.is_empty());
    stretches
}
