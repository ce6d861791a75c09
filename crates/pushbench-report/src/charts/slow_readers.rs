//! Chart 8: what slow readers do to the others. Where a run has several shares of them, the healthy clients' latency against the
//! share; where it has one, both kinds of clients beside each other and what the target did. Only for runs with slow readers.

use pushbench_measure::results::{Confidence, StepResult};
use pushbench_measure::verdict::Level;

use super::axes::{
    AXIS_NAME, Axis, EndLabel, Labels, TICK, Whisker, draw_end_labels, draw_no_data, draw_whisker_between,
    draw_x, draw_x_grid, draw_y, readable,
};
use super::canvas::{Align, Canvas, Stroke};
use super::font::{self, Type};
use super::frame::{Extent, frame};
use super::layout::{Point, Rect, panels};
use super::palette::{Ink, TEXT, tint};
use super::scale::{Scale, Unit};
use super::stacked::{self, Bar, Wording, rows};
use super::view::{Series, View, with_whiskers};
use crate::figures::{P50, P99, Percentile};
use crate::format::{self, grouped};

const TITLE: &str = "What slow readers do to the others: lower and flatter is better";
const SUBTITLE: &str = "Delivery latency of the clients that read as fast as they can. Hollow: not valid.";
const TITLE_ONE: &str = "Slow readers and the others: what each got, and what waited for it";
const SUBTITLE_ONE: &str = "Slow readers are in no other chart. No data: fewer than 1,000 deliveries.";
/// Percentiles, one a plot.
const PERCENTILES: [Percentile; 2] = [P50, P99];

/// One transport against a quantity that varies.
struct Line {
    ink: Ink,
    name: String,
    marks: Vec<Mark>,
}

/// Where one transport stood at one value of that quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mark {
    /// Share of slow readers in percent.
    percent: f64,
    us: f64,
    interval: Option<Confidence>,
    valid: bool,
}

pub(super) fn wanted(view: &View<'_>) -> bool {
    view.run.results.iter().any(|result| percent(result).is_some_and(|percent| percent > 0.0))
}

pub(super) fn draw(canvas: &mut Canvas<'_>, view: &View<'_>) {
    let mut shares: Vec<f64> = view.run.results.iter().filter_map(percent).collect();
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    if shares.len() > 1 { draw_shares(canvas, view, &shares) } else { draw_one(canvas, view) }
}

/// The share of slow readers among the clients, in percent; `None` where the scenario has none.
fn percent(result: &StepResult) -> Option<f64> {
    let (slow, clients) = (result.summary.slow_clients?, result.summary.clients?);
    (clients > 0).then(|| f64::from(slow) / f64::from(clients) * 100.0)
}

/// A percentile of one transport at every share, rising; of several results at one share the first.
fn line(view: &View<'_>, series: &Series<'_>, percentile: Percentile) -> Line {
    let of_label = |result: &&StepResult| result.summary.label == series.label();
    let mut marks: Vec<Mark> = (view.run.results.iter().filter(of_label))
        .filter_map(|result| {
            Some(Mark {
                percent: percent(result)?,
                us: result.summary.figure(percentile.column)?.max(1.0),
                interval: result.interval(percentile.column),
                valid: result.validity() < Level::Breach,
            })
        })
        .collect();
    marks.sort_by(|a, b| a.percent.total_cmp(&b.percent));
    marks.dedup_by_key(|mark| mark.percent);
    Line { ink: series.ink, name: series.label().to_owned(), marks }
}

fn draw_shares(canvas: &mut Canvas<'_>, view: &View<'_>, shares: &[f64]) {
    let room = frame(canvas, view, Extent::AllSteps, TITLE, &with_whiskers(SUBTITLE, view));
    let lines = PERCENTILES.map(|percentile| {
        view.series.iter().map(|series| line(view, series, percentile)).collect::<Vec<_>>()
    });
    let ends = |mark: &Mark| {
        let interval = mark.interval.into_iter().flat_map(|interval| [interval.lo.max(1.0), interval.hi]);
        interval.chain([mark.us]).collect::<Vec<_>>()
    };
    let values = lines.iter().flatten().flat_map(|line| line.marks.iter().flat_map(ends));
    let Some(scale) = Scale::log_over(values) else { return draw_no_data(canvas, room) };
    let y = Axis::new(scale, Unit::Time, 8);
    let x = shares_axis(shares);
    canvas.text(
        (room.left, room.top + 2.0),
        Align::Left,
        AXIS_NAME,
        "delivery latency of healthy clients (log)",
    );
    let left = room.left + y.label_width() + 14.0;
    let within = Rect::new(left, room.top + 66.0, room.right - 345.0, room.bottom - 72.0);
    let plots = panels(within, PERCENTILES.len(), 30.0, 0.0);
    for (at, plot) in plots.iter().enumerate() {
        draw_y(canvas, *plot, &y, if at == 0 { Labels::Shown } else { Labels::Hidden });
        draw_x_grid(canvas, *plot, &x);
        draw_x(canvas, *plot, &x, Labels::Hidden);
        draw_ticks(canvas, *plot, &x);
        let heading = Type::medium(27.0, TEXT);
        canvas.text((plot.left, plot.top - 22.0), Align::Left, heading, PERCENTILES[at].name);
        let place = |percent: f64, us: f64| (plot.x(x.scale.share(percent)), plot.y(scale.share(us)));
        draw_lines(canvas, &lines[at], &place);
    }
    canvas.text(
        (within.x(0.5), within.bottom + 58.0),
        Align::Centre,
        AXIS_NAME,
        "share of slow readers among the clients",
    );
    let last = plots[plots.len() - 1];
    let labels: Vec<EndLabel> =
        lines[plots.len() - 1].iter().map(|line| label(line, last, &x, scale)).collect();
    let column = Rect::new(last.right, room.top + 20.0, room.right, room.bottom - 20.0);
    draw_end_labels(canvas, last, column, &labels);
}

fn draw_lines(canvas: &mut Canvas<'_>, lines: &[Line], place: &impl Fn(f64, f64) -> Point) {
    for Line { ink, marks, .. } in lines {
        let points: Vec<Point> = marks.iter().map(|mark| place(mark.percent, mark.us)).collect();
        canvas.line(&points, Stroke { color: ink.color, width: 5.0, dash: ink.dash });
        for mark in marks {
            if let Some(Confidence { lo, hi }) = mark.interval {
                let ends = (place(mark.percent, lo.max(1.0)), place(mark.percent, hi));
                draw_whisker_between(canvas, Whisker::Vertical, ends.0, ends.1, readable(ink.color));
            }
        }
    }
    // Above all lines.
    for Line { ink, marks, .. } in lines {
        for mark in marks {
            let at = place(mark.percent, mark.us);
            if mark.valid { canvas.disc(at, 8.0, ink.color) } else { canvas.ring(at, 9.5, ink.color) }
        }
    }
}

/// The shares themselves are the ticks.
fn shares_axis(shares: &[f64]) -> Axis {
    let (first, last) = (shares[0], shares[shares.len() - 1]);
    // A little room, so that markers do not stand on the edge.
    let room = (last - first) * 0.05;
    Axis {
        scale: Scale::Linear { low: first - room, high: last + room },
        ticks: shares.iter().map(|percent| (*percent, format::share(percent / 100.0))).collect(),
    }
}

/// The labels of ticks that stand unevenly: each that does not touch the one before.
fn draw_ticks(canvas: &mut Canvas<'_>, plot: Rect, axis: &Axis) {
    let mut free_from = f64::NEG_INFINITY;
    for (value, label) in &axis.ticks {
        let (x, half) = (plot.x(axis.scale.share(*value)), font::width(label, TICK) / 2.0);
        if x - half > free_from {
            canvas.text((x, plot.bottom + 26.0), Align::Centre, TICK, label);
            free_from = x + half + 8.0;
        }
    }
}

/// A transport's name at the end of its line, with what became of the latency from the first share to the last.
fn label(line: &Line, plot: Rect, x: &Axis, scale: Scale) -> EndLabel {
    let ends = line.marks.first().zip(line.marks.last());
    let figures = ends.map_or_else(
        || "no data".to_owned(),
        |(first, last)| {
            let invalid = if last.valid { "" } else { "invalid: " };
            format!("{invalid}{} to {}", format::time_us(first.us), format::time_us(last.us))
        },
    );
    let at =
        line.marks.last().map(|last| (plot.x(x.scale.share(last.percent)), plot.y(scale.share(last.us))));
    EndLabel { at, name: line.name.clone(), figures, color: line.ink.color }
}

/// One of the plots of a run with one share.
struct Part {
    heading: &'static str,
    axis_name: &'static str,
    wording: Wording,
    columns: &'static [&'static str],
}

const COUNT: Wording = Wording { unit: Unit::Count, value: |value| grouped(value as u64) };
const PARTS: [Part; 3] = [
    Part {
        heading: "p99 of each kind",
        axis_name: "delivery latency",
        wording: Wording { unit: Unit::Time, value: format::time_us },
        columns: &["latency_p99_us", "slow_latency_p99_us"],
    },
    Part {
        heading: "waited in the target",
        axis_name: "most bytes at once",
        wording: Wording { unit: Unit::Bytes, value: format::bytes },
        columns: &["target_queued_peak_bytes"],
    },
    Part {
        heading: "events lost, each kind",
        axis_name: "events",
        wording: COUNT,
        columns: &["lost", "slow_lost"],
    },
];

fn draw_one(canvas: &mut Canvas<'_>, view: &View<'_>) {
    let room = frame(canvas, view, Extent::OneStep, TITLE_ONE, &with_whiskers(SUBTITLE_ONE, view));
    let names = stacked::names_of(view);
    let names_width = stacked::names_width(&names, 300.0);
    stacked::draw_legend(canvas, room.left, room.top + 2.0, &["healthy clients, or all", "slow readers"]);
    let (gap, left) = (56.0, room.left + names_width + 16.0);
    let width = (room.right - left - gap * (PARTS.len() - 1) as f64) / PARTS.len() as f64;
    for (at, part) in PARTS.iter().enumerate() {
        let left = left + at as f64 * (width + gap);
        let plot = Rect::new(left, room.top + 84.0, left + width, room.bottom - 72.0);
        if at == 0 {
            stacked::draw_names(canvas, &names, plot, names_width);
            draw_fates(canvas, view, plot, names_width);
        }
        canvas.text((plot.left, plot.top - 26.0), Align::Left, Type::medium(27.0, TEXT), part.heading);
        stacked::draw(canvas, plot, &bars(view, part), part.wording);
        canvas.text((plot.x(0.5), plot.bottom + 58.0), Align::Centre, AXIS_NAME, part.axis_name);
    }
}

/// A bar for each transport and column, the second of a transport in a lighter tint.
fn bars(view: &View<'_>, part: &Part) -> Vec<Bar> {
    let bar = |series: &Series<'_>, at: usize| Bar {
        color: tint(series.ink.color, at),
        parts: vec![series.figure(part.columns[at])],
        interval: series.interval(part.columns[at]),
    };
    view.series.iter().flat_map(|series| (0..part.columns.len()).map(move |at| bar(series, at))).collect()
}

/// Below each name, what the target did to its slow readers.
fn draw_fates(canvas: &mut Canvas<'_>, view: &View<'_>, plot: Rect, room: f64) {
    for (series, row) in view.series.iter().zip(rows(plot, view.series.len())) {
        let said =
            [("cut off", "slow_disconnects"), ("skipped", "slow_skipped"), ("coalesced", "target_coalesced")];
        let words = said.iter().filter_map(|(word, column)| {
            let count = series.figure(column).filter(|count| *count > 0.0)?;
            Some(format!("{word} {}", grouped(count as u64)))
        });
        for (line, words) in words.enumerate() {
            let y = f64::midpoint(row.top, row.bottom) + 30.0 + 26.0 * line as f64;
            canvas.text((plot.left - 16.0, y), Align::Right, TICK, &font::fit(&words, TICK, room.max(200.0)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_told_as_people_say_them_and_none_stands_on_the_edge() {
        let axis = shares_axis(&[0.0, 10.0, 50.0]);
        assert_eq!(
            axis.ticks.iter().map(|(_, label)| label.as_str()).collect::<Vec<_>>(),
            ["0 %", "10 %", "50 %"]
        );
        assert!(axis.ticks.iter().all(|(percent, _)| (0.01..=0.99).contains(&axis.scale.share(*percent))));
    }
}
