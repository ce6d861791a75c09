//! A sweep over one key: latency and cost against its values, a line a transport.

use pushbench_measure::results::{Confidence, PointRecord, StepResult, Summary, Unit as Kind};
use pushbench_measure::verdict::Level;

use super::axes::{
    AXIS_NAME, Axis, EndLabel, Labels, TICK, Whisker, draw_end_labels, draw_no_data, draw_whisker_between,
    draw_y, readable,
};
use super::canvas::{Align, Canvas, Stroke};
use super::font::{self, Type};
use super::frame::surround;
use super::layout::{Point, Rect, panels, side_by_side};
use super::palette::{AXIS, GRID, TEXT};
use super::scale::{Scale, Unit};
use super::swept::{self, Swept};

const LATENCY: &str = "latency_p99_us";

/// A figure of a transport at a value of the key.
#[derive(Clone, Copy)]
struct Mark {
    /// Which of the values.
    at: usize,
    value: f64,
    interval: Option<Confidence>,
    valid: bool,
}

impl Mark {
    fn of(at: usize, result: &StepResult, column: &str) -> Option<Self> {
        let value = result.summary.figure(column).filter(|value| value.is_finite())?;
        let valid = result.validity() < Level::Breach;
        Some(Self { at, value, interval: result.interval(column), valid })
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let ends = self.interval.into_iter().flat_map(|interval| [interval.lo, interval.hi]);
        std::iter::once(self.value).chain(ends)
    }
}

pub(super) fn draw(canvas: &mut Canvas<'_>, swept: &Swept<'_>) {
    let [key] = swept.map.sweep.keys.as_slice() else { return };
    let subtitle = "Hollow: not valid there. No marker: not measured, or too few deliveries for a p99. \
        Values stand in the order of the scenario, evenly.";
    let title = format!("Latency and cost against {}: lower is better", key.key);
    let room = surround(canvas, &title, subtitle, &swept::footer(swept));
    let within = Rect::new(room.left + 96.0, room.top + 64.0, room.right - 260.0, room.bottom - 76.0);
    let plots = panels(within, 2, 120.0, 0.0);
    let heads = ["delivery latency p99 (log)".to_owned(), swept.cost_in_words()];
    for ((plot, head), column) in plots.iter().zip(&heads).zip([LATENCY, swept.column()]) {
        let face = Type::medium(25.0, TEXT);
        let head = font::fit(head, face, plot.width() + 60.0);
        canvas.text((plot.left - 60.0, plot.top - 34.0), Align::Left, face, &head);
        draw_values(canvas, *plot, &key.values);
        let labels = draw_lines(canvas, *plot, swept, column);
        if *plot == plots[1] {
            let column = Rect::new(plot.right, room.top + 20.0, room.right, room.bottom - 20.0);
            draw_end_labels(canvas, *plot, column, &labels);
        }
    }
    canvas.text((within.x(0.5), within.bottom + 58.0), Align::Centre, AXIS_NAME, &key.key);
}

/// Where a value stands: half a step from either edge.
fn x_of(plot: Rect, at: usize, of: usize) -> f64 {
    plot.x((at as f64 + 0.5) / of.max(1) as f64)
}

fn draw_values(canvas: &mut Canvas<'_>, plot: Rect, values: &[String]) {
    canvas.rule((plot.left, plot.bottom), (plot.right, plot.bottom), AXIS, 2.0);
    let width = plot.width() / values.len().max(1) as f64 - 10.0;
    for (at, value) in values.iter().enumerate() {
        let x = x_of(plot, at, values.len());
        canvas.rule((x, plot.top), (x, plot.bottom), GRID, 1.5);
        canvas.text((x, plot.bottom + 26.0), Align::Centre, TICK, &font::fit(value, TICK, width));
    }
}

/// Lines with their markers; returns what stands at their ends.
fn draw_lines(canvas: &mut Canvas<'_>, plot: Rect, swept: &Swept<'_>, column: &str) -> Vec<EndLabel> {
    let lines: Vec<Vec<Mark>> =
        swept.run.transports.iter().map(|transport| marks(swept, &transport.label, column)).collect();
    let all = || lines.iter().flatten().flat_map(Mark::values);
    let scale = if column == LATENCY {
        Scale::log_over(all())
    } else {
        Some(Scale::linear_to(all().fold(0.0, f64::max) * 1.04)).filter(|_| all().next().is_some())
    };
    let Some(scale) = scale else {
        draw_no_data(canvas, plot);
        return Vec::new();
    };
    draw_y(canvas, plot, &Axis::new(scale, unit_of(column), 7), Labels::Shown);
    let values = swept.map.cells.len();
    let place = |at: usize, value: f64| -> Point { (x_of(plot, at, values), plot.y(scale.share(value))) };
    let inks = swept.run.transports.iter().map(|transport| swept.ink(&transport.label));
    for (ink, line) in inks.clone().zip(&lines) {
        let points: Vec<Point> = line.iter().map(|mark| place(mark.at, mark.value)).collect();
        canvas.line(&points, Stroke { color: ink.color, width: 5.0, dash: ink.dash });
    }
    for at in 0..values {
        let of_value = inks.clone().zip(&lines).filter_map(|(ink, line)| {
            let interval = line.iter().find(|mark| mark.at == at)?.interval?;
            Some((place(at, interval.lo), place(at, interval.hi), readable(ink.color)))
        });
        let whiskers: Vec<_> = of_value.collect();
        let spans: Vec<(f64, f64)> = whiskers.iter().map(|(lo, hi, _)| (hi.1, lo.1)).collect();
        for ((lo, hi, color), aside) in whiskers.iter().zip(side_by_side(&spans, 9.0)) {
            let (lo, hi) = ((lo.0 + aside, lo.1), (hi.0 + aside, hi.1));
            draw_whisker_between(canvas, Whisker::Vertical, lo, hi, *color);
        }
    }
    for (ink, line) in inks.clone().zip(&lines) {
        for mark in line {
            let at = place(mark.at, mark.value);
            if mark.valid { canvas.disc(at, 8.0, ink.color) } else { canvas.ring(at, 9.5, ink.color) }
        }
    }
    let labels = swept.run.transports.iter().zip(inks).zip(&lines).map(|((transport, ink), line)| EndLabel {
        at: line.last().map(|mark| place(mark.at, mark.value)),
        name: transport.label.clone(),
        figures: String::new(),
        color: ink.color,
    });
    labels.collect()
}

/// A column of a transport at all points that have it.
fn marks(swept: &Swept<'_>, label: &str, column: &str) -> Vec<Mark> {
    let [key] = swept.map.sweep.keys.as_slice() else { return Vec::new() };
    let of_value = |(at, value): (usize, &String)| {
        let is = |point: &&PointRecord| point.values.iter().any(|(of, has)| *of == key.key && has == value);
        let point = swept.run.scenario.points.iter().find(is)?;
        let result = swept.run.results.iter().find(|result| {
            result.summary.label == label && result.summary.point.as_deref() == Some(&point.name)
        })?;
        Mark::of(at, result, column)
    };
    key.values.iter().enumerate().filter_map(of_value).collect()
}

fn unit_of(column: &str) -> Unit {
    match Summary::unit(column) {
        Kind::Time => Unit::Time,
        Kind::Bytes => Unit::Bytes,
        Kind::Share | Kind::Count => Unit::Count,
    }
}
