//! Chart 1: how delivery latency grows with the number of clients, or of a search with the rate. Only for runs with several
//! steps, and for searches.

use super::axes::{
    AXIS_NAME, Axis, EndLabel, Labels, Whisker, draw_end_labels, draw_no_data, draw_whisker_between, draw_x,
    draw_x_grid, draw_y, readable,
};
use super::canvas::{Align, Canvas, Stroke};
use super::font::{self, Type};
use super::frame::{Extent, frame};
use super::layout::{Point, Rect, panels, side_by_side};
use super::palette::{ALARM, FAINT_TEXT, Ink, PAPER, TEXT};
use super::scale::{Scale, Unit};
use super::view::{Series, View, with_whiskers};
use crate::capacity::{self as search, Varied};
use crate::figures::{P50, P99, P999, Percentile};
use crate::format::{short_count, time_us, without_trailing_zeros};
use plotters::style::RGBColor;
use pushbench_measure::results::{Confidence, StepResult};
use pushbench_measure::verdict::Level;
use std::collections::BTreeMap;

const SUBTITLE: &str = "Thin line, ~: fewer than 10/(1−p) publishes behind it. No line: too few deliveries. \
    Hollow: not valid there.";

/// Percentiles, one a plot, with their columns in the summary.
const PERCENTILES: [Percentile; 3] = [P50, P99, P999];

/// A measured step of one transport.
#[derive(Clone, Copy)]
struct Step {
    /// Clients, or a rate.
    load: f64,
    us: f64,
    interval: Option<Confidence>,
    valid: bool,
    /// Whether enough publishes stand behind it.
    sure: bool,
}

impl Step {
    /// What the axis must reach.
    fn values(&self) -> impl Iterator<Item = f64> {
        let ends = self.interval.into_iter().flat_map(|interval| [interval.lo.max(1.0), interval.hi]);
        std::iter::once(self.us).chain(ends)
    }
}

pub(super) fn wanted(view: &View<'_>) -> bool {
    view.has_steps() || !view.run.capacity.is_empty()
}

/// What a step is a number of.
fn varied(view: &View<'_>) -> Varied {
    Varied::of(view.run).unwrap_or(Varied::Clients)
}

fn title(varied: Varied) -> String {
    let load = match varied {
        Varied::Clients => "the number of clients",
        Varied::Events => "the rate of events",
        Varied::Asks => "the rate of asks",
        Varied::Messages => "the rate of messages",
    };
    format!("Delivery latency against {load}: lower and flatter is better")
}

pub(super) fn draw(canvas: &mut Canvas<'_>, view: &View<'_>) {
    let varied = varied(view);
    let room = frame(canvas, view, Extent::AllSteps, &title(varied), &with_whiskers(SUBTITLE, view));
    let all: Vec<Step> = (view.series.iter())
        .flat_map(|series| PERCENTILES.iter().flat_map(|percentile| steps(view, series, *percentile)))
        .collect();
    let limits = limits(view);
    let limits_us = limits.iter().map(|limit| limit.us).filter(|_| !all.is_empty());
    let Some(scale) = Scale::log_over(all.iter().flat_map(Step::values).chain(limits_us)) else {
        draw_no_data(canvas, room);
        return;
    };
    let y = Axis::new(scale, Unit::Time, 8);
    let x = if view.run.capacity.is_empty() { steps_axis(&loads(view)) } else { search_axis(&loads(view)) };
    canvas.text((room.left, room.top + 2.0), Align::Left, AXIS_NAME, "delivery latency (log)");
    let left = room.left + y.label_width() + 14.0;
    let within = Rect::new(left, room.top + 66.0, room.right - 290.0, room.bottom - 72.0);
    let plots = panels(within, PERCENTILES.len(), 30.0, 0.0);
    for (at, (percentile, plot)) in PERCENTILES.iter().zip(&plots).enumerate() {
        draw_y(canvas, *plot, &y, if at == 0 { Labels::Shown } else { Labels::Hidden });
        draw_x_grid(canvas, *plot, &x);
        draw_x(canvas, *plot, &x, Labels::Shown);
        canvas.text((plot.left, plot.top - 22.0), Align::Left, Type::medium(27.0, TEXT), percentile.name);
        if *percentile == P99 {
            draw_limits(canvas, *plot, scale, &limits);
        }
        draw_lines(canvas, *plot, view, *percentile, (&x, scale));
    }
    canvas.text(
        (within.x(0.5), within.bottom + 58.0),
        Align::Centre,
        AXIS_NAME,
        &format!("{} (log)", varied.name()),
    );
    let labels: Vec<EndLabel> =
        view.series.iter().map(|series| label(view, series, &plots, (&x, scale))).collect();
    let last = plots[plots.len() - 1];
    let column = Rect::new(last.right, room.top + 20.0, room.right, room.bottom - 20.0);
    draw_end_labels(canvas, last, column, &labels);
}

/// The lines of one percentile, and its markers.
fn draw_lines(
    canvas: &mut Canvas<'_>,
    plot: Rect,
    view: &View<'_>,
    percentile: Percentile,
    (x, y): (&Axis, Scale),
) {
    let lines: Vec<(Ink, Vec<Step>)> =
        view.series.iter().map(|series| (series.ink, steps(view, series, percentile))).collect();
    if lines.iter().all(|(_, line)| line.is_empty()) {
        let (text, face) = ("too few deliveries", Type::regular(22.0, FAINT_TEXT));
        let (x, y, half) = (plot.x(0.5), plot.y(0.5), font::width(text, face) / 2.0 + 8.0);
        // Grid lines stop for the words.
        canvas.fill(Rect::new(x - half, y - 16.0, x + half, y + 16.0), PAPER);
        canvas.text((x, y), Align::Centre, face, text);
    }
    let place = |step: &Step| (plot.x(x.scale.share(step.load)), plot.y(y.share(step.us)));
    for (ink, line) in &lines {
        for stretch in stretches(line) {
            let points: Vec<Point> = stretch.iter().map(place).collect();
            let width = if is_sure(stretch) { 5.0 } else { 2.5 };
            canvas.line(&points, Stroke { color: ink.color, width, dash: ink.dash });
        }
    }
    for load in loads(view) {
        draw_whiskers(canvas, &lines, load, &place);
    }
    // Markers lie above all lines, hollow ones above all: they are the ones to be seen.
    for (ink, line) in &lines {
        for step in line.iter().filter(|step| step.valid) {
            // Smaller where a whisker is to be seen behind it.
            let radius = if step.interval.is_some() { 6.0 } else { 8.0 };
            canvas.disc(place(step), radius, ink.color);
        }
    }
    for (ink, line) in &lines {
        line.iter().filter(|step| !step.valid).for_each(|step| canvas.ring(place(step), 9.5, ink.color));
    }
}

/// The intervals of one step, beside each other where they would overlap.
fn draw_whiskers(
    canvas: &mut Canvas<'_>,
    lines: &[(Ink, Vec<Step>)],
    load: f64,
    place: &impl Fn(&Step) -> Point,
) {
    const APART: f64 = 9.0;
    let of_line = |(ink, line): &(Ink, Vec<Step>)| {
        let step = *line.iter().find(|step| step.load.total_cmp(&load).is_eq())?;
        let end = |us: f64| place(&Step { us: us.max(1.0), ..step });
        let interval = step.interval?;
        Some((end(interval.lo), end(interval.hi), readable(ink.color)))
    };
    let whiskers: Vec<_> = lines.iter().filter_map(of_line).collect();
    let spans: Vec<(f64, f64)> = whiskers.iter().map(|(lo, hi, _)| (hi.1, lo.1)).collect();
    for ((lo, hi, color), aside) in whiskers.iter().zip(side_by_side(&spans, APART)) {
        draw_whisker_between(canvas, Whisker::Vertical, (lo.0 + aside, lo.1), (hi.0 + aside, hi.1), *color);
    }
}

/// A line cut where it turns thin or thick; neighbours share the point between them.
fn stretches(line: &[Step]) -> Vec<&[Step]> {
    let mut stretches = Vec::new();
    let mut from = 0;
    for at in 1..line.len() {
        let changes = at + 1 == line.len() || is_sure(&line[at - 1..=at]) != is_sure(&line[at..=at + 1]);
        if changes {
            stretches.push(&line[from..=at]);
            from = at;
        }
    }
    stretches
}

/// A line is as sure as the less sure of its ends.
fn is_sure(stretch: &[Step]) -> bool {
    stretch.iter().all(|step| step.sure)
}

fn steps(view: &View<'_>, series: &Series<'_>, percentile: Percentile) -> Vec<Step> {
    let measured = loads(view).into_iter();
    measured
        .filter_map(|load| {
            let result = result_at(view, series.label(), load)?;
            let us = result.summary.figure(percentile.column)?.max(1.0);
            let sure = percentile.is_sure(&result.summary);
            let interval = result.interval(percentile.column);
            Some(Step { load, us, interval, valid: result.validity() < Level::Breach, sure })
        })
        .collect()
}

/// What was measured at, ascending.
fn loads(view: &View<'_>) -> Vec<f64> {
    if view.run.capacity.is_empty() {
        return view.folder.measured_steps().into_iter().map(f64::from).collect();
    }
    let results = view.run.results.iter();
    let mut loads: Vec<f64> = results.filter_map(|result| search::value_of(view.run, result)).collect();
    loads.sort_by(f64::total_cmp);
    loads.dedup();
    loads
}

/// What a transport showed there.
fn result_at<'a>(view: &View<'a>, label: &str, load: f64) -> Option<&'a StepResult> {
    if varied(view) == Varied::Clients {
        return view.folder.result(label, load as u32);
    }
    let is_there = |result: &&StepResult| {
        result.summary.label == label && search::value_of(view.run, result) == Some(load)
    };
    view.run.results.iter().find(is_there)
}

/// From the first to the last with a little room, so that markers do not stand on the edge.
fn scale_of(loads: &[f64]) -> Scale {
    let (first, last) = (loads.first().copied().unwrap_or(1.0), loads.last().copied().unwrap_or(10.0));
    if last > first {
        let room = (last / first).powf(0.06);
        Scale::Log { low: first / room, high: last * room }
    } else {
        Scale::Log { low: first / 3.0, high: first * 3.0 }
    }
}

/// The steps themselves are the ticks.
fn steps_axis(steps: &[f64]) -> Axis {
    let ticks = steps.iter().map(|step| (*step, short_count(*step))).collect();
    Axis { scale: scale_of(steps), ticks }
}

/// What a search tried are no round numbers, and many.
fn search_axis(loads: &[f64]) -> Axis {
    Axis::new(scale_of(loads), Unit::Count, 6)
}

/// An upper limit on p99.
struct Limit {
    us: f64,
    /// Those that must keep it, where others have another: their colours take turns along the line.
    of: Vec<(String, RGBColor)>,
}

/// The limit that all transports have in common, or those that there are, lowest first.
fn limits(view: &View<'_>) -> Vec<Limit> {
    let setup = &view.run.scenario.setup;
    if let Some(us) = setup.latency_p99_limit_us {
        return vec![Limit { us: us as f64, of: Vec::new() }];
    }
    let mut limits: BTreeMap<u64, Limit> = BTreeMap::new();
    for series in &view.series {
        let Some(us) = setup.latency_p99_limit_of(series.label()) else { continue };
        let limit = limits.entry(us).or_insert(Limit { us: us as f64, of: Vec::new() });
        limit.of.push((series.label().to_owned(), series.ink.color));
    }
    limits.into_values().collect()
}

/// Strokes of a limit's line, and the gaps between them, in pixels.
const LIMIT_DASH: (f64, f64) = (12.0, 7.0);

fn draw_limits(canvas: &mut Canvas<'_>, plot: Rect, scale: Scale, limits: &[Limit]) {
    for (number, limit) in limits.iter().enumerate() {
        let y = plot.y(scale.share(limit.us));
        let colors = if limit.of.is_empty() { vec![ALARM] } else { limit.of.iter().map(|of| of.1).collect() };
        let (stroke, gap) = LIMIT_DASH;
        let strokes = (plot.width() / (stroke + gap)).ceil() as usize;
        for (at, color) in (0..strokes).zip(colors.iter().cycle()) {
            let from = plot.left + at as f64 * (stroke + gap);
            let to = (from + stroke).min(plot.right);
            canvas.line(&[(from, y), (to, y)], Stroke::solid(*color, 2.5));
        }
        let names: Vec<&str> = limit.of.iter().map(|(label, _)| label.as_str()).collect();
        let text = match names.as_slice() {
            [] => format!("limit {}", time_us(limit.us)),
            names => format!("limit {} {}", without_trailing_zeros(&time_us(limit.us)), names.join(", ")),
        };
        let color = if colors.len() > 1 { FAINT_TEXT } else { readable(colors[0]) };
        let face = Type::regular(22.0, color);
        let text = font::fit(&text, face, plot.width() - 16.0);
        // Above the line, unless it lies at the upper edge, or another limit may be close above it.
        let lowest_of_several = number == 0 && limits.len() > 1;
        let beside = if lowest_of_several || y - plot.top <= 40.0 { y + 20.0 } else { y - 18.0 };
        canvas.text((plot.left + 8.0, beside), Align::Left, face, &text);
    }
}

/// A transport's name at the end of its line in the last plot that has one.
fn label(view: &View<'_>, series: &Series<'_>, plots: &[Rect], (x, y): (&Axis, Scale)) -> EndLabel {
    let end = plots.iter().zip(&PERCENTILES).rev().find_map(|(plot, percentile)| {
        let last = *steps(view, series, *percentile).last()?;
        let at = (plot.x(x.scale.share(last.load)), plot.y(y.share(last.us)));
        if let Some(found) = view.run.capacity.iter().find(|record| record.label == series.label()) {
            let word = if search::is_known(found) { "bears" } else { "capacity" };
            // Beside the plots there is no room for the unit, which the axis names.
            return Some((at, format!("{word} {}", varied(view).bare_answer(found))));
        }
        let result = result_at(view, series.label(), last.load)?;
        let figure = percentile.of(&result.summary)?;
        // The end of a line that is not valid must not look like the best or the worst of all.
        let invalid = if last.valid { "" } else { "invalid: " };
        Some((at, format!("{invalid}{} {figure}", percentile.name)))
    });
    let edge = plots[plots.len() - 1];
    let Some((at, figures)) = end else {
        return EndLabel {
            at: None,
            name: series.label().to_owned(),
            figures: "no data".to_owned(),
            color: series.ink.color,
        };
    };
    // A line that ends in an earlier plot gets its name at its height, without a leader across the plots.
    let at = if at.0 < edge.left { (edge.right, at.1) } else { at };
    EndLabel { at: Some(at), name: series.label().to_owned(), figures, color: series.ink.color }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(sure: &str) -> Vec<Step> {
        let step = |letter| Step { load: 1.0, us: 1.0, interval: None, valid: true, sure: letter == 's' };
        sure.chars().map(step).collect()
    }

    #[test]
    fn a_line_is_thick_only_between_steps_that_are_both_sure() {
        let table = [
            ("", ""),
            ("s", ""),
            ("ss", "2s"),
            ("sss", "3s"),
            ("ssu", "2s 2u"),
            ("usss", "2u 3s"),
            ("sus", "3u"),
            ("ssuss", "2s 3u 2s"),
            ("uuu", "3u"),
        ];
        for (steps, expected) in table {
            let line = line(steps);
            let words = stretches(&line)
                .into_iter()
                .map(|stretch| format!("{}{}", stretch.len(), if is_sure(stretch) { "s" } else { "u" }));
            assert_eq!(words.collect::<Vec<_>>().join(" "), expected, "{steps}");
        }
    }
}
